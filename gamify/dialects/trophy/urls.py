"""Routes of Trophy's application API, under `/v1/`.

A user id may hold slashes, dots and line breaks: it reaches as far as the last of the fixed words after it. So whatever
else lives under `/v1/users/` comes before these.
"""

from django.urls import re_path

from gamify.dialects.trophy.boosts import BoostViewSet
from gamify.dialects.trophy.metrics import MetricViewSet
from gamify.dialects.trophy.points import PointsViewSet
from gamify.dialects.trophy.users import UserPointsViewSet, UserViewSet

USER = r"users/(?P<id>[\s\S]+)"
SYSTEM = r"points/(?P<key>[^/]+)"

urlpatterns = [
    re_path(r"^metrics/(?P<key>[\s\S]+)/event\Z", MetricViewSet.as_view({"post": "event"})),
    re_path(r"^users\Z", UserViewSet.as_view({"post": "create"})),
    re_path(rf"^{USER}/{SYSTEM}/boosts\Z", UserPointsViewSet.as_view({"get": "boosts"})),
    re_path(rf"^{USER}/{SYSTEM}/event-summary\Z", UserPointsViewSet.as_view({"get": "event_summary"})),
    re_path(rf"^{USER}/{SYSTEM}\Z", UserPointsViewSet.as_view({"get": "points"})),
    re_path(
        rf"^{USER}\Z",
        UserViewSet.as_view({"get": "retrieve", "put": "update", "patch": "partial_update"}),
    ),
    re_path(r"^points/boosts\Z", BoostViewSet.as_view({"post": "create_for_users"})),
    re_path(rf"^{SYSTEM}/boosts\Z", PointsViewSet.as_view({"get": "boosts"})),
    re_path(rf"^{SYSTEM}/levels\Z", PointsViewSet.as_view({"get": "levels"})),
    re_path(rf"^{SYSTEM}/level-summary\Z", PointsViewSet.as_view({"get": "level_summary"})),
    re_path(rf"^{SYSTEM}/summary\Z", PointsViewSet.as_view({"get": "summary"})),
    re_path(rf"^{SYSTEM}\Z", PointsViewSet.as_view({"get": "retrieve"})),
]
