"""Trophy points systems: their triggers, levels and boosts, and who has how many."""

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.trophy import _docs as docs
from gamify.dialects.trophy._base import TrophyViewSet
from gamify.dialects.trophy.inputs import BoostsInput, RangesInput
from gamify.dialects.trophy.outputs import (
    AtLevelOutput,
    BoostOutput,
    LevelOutput,
    RangeOutput,
    SystemWithTriggersOutput,
)
from gamify.errors import InvalidInput
from gamify.queries import boosts, programme, summaries
from gamify.queries.earning import boost_json


class PointsViewSet(TrophyViewSet):
    @docs.system
    def retrieve(self, request: Request, key: str) -> Response:
        system = self.system(key)
        triggers = programme.of(self.tenant).earning.triggers
        shown = {
            "id": str(system.id),
            "key": system.key,
            "name": system.name,
            "description": system.description,
            "badge_url": system.badge_url,
            "max_points": system.max_points,
            "triggers": [trigger.as_json() for trigger in triggers if trigger.system_id == system.id],
        }
        return Response(self.write(SystemWithTriggersOutput, shown))

    @docs.boosts
    def boosts(self, request: Request, key: str) -> Response:
        query, system = self.read(BoostsInput, request.query_params.dict()), self.system(key)
        today = self.now.date()
        found = boosts.of_everybody(
            tenant=self.tenant, system=system, include_finished=query["includeFinished"], today=today
        )
        return Response([self.write(BoostOutput, boost_json(boost, today)) for boost in found])

    @docs.levels
    def levels(self, request: Request, key: str) -> Response:
        levels = programme.of(self.tenant).earning.levels.get(self.system(key).id, ())
        return Response([self.write(LevelOutput, level.as_json()) for level in levels])

    @docs.level_summary
    def level_summary(self, request: Request, key: str) -> Response:
        found = summaries.by_level(tenant=self.tenant, system=self.system(key), now=self.now)
        lines = [{"level": each.level.as_json(), "users": each.users} for each in found]
        return Response([self.write(AtLevelOutput, line) for line in lines])

    @docs.summary
    def summary(self, request: Request, key: str) -> Response:
        query, system = self.read(RangesInput, request.query_params.dict()), self.system(key)
        attributes = _attributes(query.get("userAttributes"))
        found = summaries.by_range(tenant=self.tenant, system=system, attributes=attributes, now=self.now)
        return Response([self.write(RangeOutput, each) for each in found])


def _attributes(text: str | None) -> dict[str, str]:
    """`plan:pro,region:eu`. Raises InvalidInput."""
    pairs = [pair.partition(":") for pair in text.split(",")] if text else []
    if not all(key and colon for key, colon, _ in pairs):
        raise InvalidInput((("userAttributes", "Must be attribute:value,attribute:value."),))
    return {key: value for key, _, value in pairs}
