"""Trophy: the application API at `/v1`, the admin API at `/admin-api/v1`. Contracts: its published clients."""

from gamify.dialects.trophy._base import TrophyViewSet as TrophyViewSet
