"""Routes of the Bricqs dialect, under `/api/v1/gamify/`.

A participant id may hold slashes, dots and line breaks: it reaches as far as the last of the fixed words after it.
"""

from django.urls import re_path

from gamify.dialects.bricqs.participants import ParticipantViewSet
from gamify.dialects.bricqs.points import ParticipantPointsViewSet, PointsViewSet
from gamify.dialects.bricqs.tier_admin import FactViewSet, TierAdminViewSet
from gamify.dialects.bricqs.tiers import ParticipantTierViewSet, TierViewSet

PARTICIPANT = r"participants/(?P<participant_id>[\s\S]+)"

urlpatterns = [
    re_path(r"^points/award\Z", PointsViewSet.as_view({"post": "award"})),
    re_path(r"^points/deduct\Z", PointsViewSet.as_view({"post": "deduct"})),
    re_path(r"^points/award-batch\Z", PointsViewSet.as_view({"post": "award_batch"})),
    re_path(rf"^{PARTICIPANT}/points/transactions\Z", ParticipantPointsViewSet.as_view({"get": "transactions"})),
    re_path(r"^tiers/assign\Z", TierViewSet.as_view({"post": "assign"})),
    re_path(r"^tiers/release\Z", TierViewSet.as_view({"post": "release"})),
    re_path(r"^admin/tiers\Z", TierAdminViewSet.as_view({"get": "list", "post": "create"})),
    re_path(r"^admin/tiers/preview\Z", TierAdminViewSet.as_view({"post": "preview"})),
    re_path(
        r"^admin/tiers/(?P<tier_id>[^/]+)\Z",
        TierAdminViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    re_path(r"^facts\Z", FactViewSet.as_view({"get": "list"})),
    re_path(rf"^{PARTICIPANT}/tier\Z", ParticipantTierViewSet.as_view({"get": "tier"})),
    re_path(rf"^{PARTICIPANT}/badges\Z", ParticipantTierViewSet.as_view({"get": "badges"})),
    re_path(rf"^{PARTICIPANT}/points/expiring\Z", ParticipantPointsViewSet.as_view({"get": "expiring"})),
    re_path(rf"^{PARTICIPANT}/points\Z", ParticipantPointsViewSet.as_view({"get": "balance"})),
    re_path(r"^participants\Z", ParticipantViewSet.as_view({"post": "upsert"})),
    # Last: whatever follows may be an id.
    re_path(rf"^{PARTICIPANT}\Z", ParticipantViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
]
