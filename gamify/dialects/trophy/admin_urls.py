"""Routes of Trophy's admin API, under `/admin-api/v1/`."""

from django.urls import re_path

from gamify.dialects.trophy.boosts import BoostViewSet, SystemViewSet

urlpatterns = [
    re_path(r"^points\Z", SystemViewSet.as_view({"get": "list"})),
    re_path(r"^points/boosts\Z", BoostViewSet.as_view({"post": "create_for_users", "delete": "end_many"})),
    re_path(r"^points/boosts/(?P<id>[^/]+)\Z", BoostViewSet.as_view({"delete": "end"})),
    re_path(
        r"^points/(?P<system_id>[^/]+)/boosts\Z",
        BoostViewSet.as_view({"get": "list", "post": "create", "delete": "end_in_system"}),
    ),
]
