"""Routes of the Bricqs dialect, under `/api/v1/gamify/`.

A participant id may hold slashes, dots and line breaks: it reaches as far as the last of the fixed words after it.
"""

from django.urls import re_path

from gamify.dialects.bricqs.points import ParticipantPointsViewSet, PointsViewSet

PARTICIPANT = r"participants/(?P<participant_id>[\s\S]+)"

urlpatterns = [
    re_path(r"^points/award\Z", PointsViewSet.as_view({"post": "award"})),
    re_path(r"^points/deduct\Z", PointsViewSet.as_view({"post": "deduct"})),
    re_path(r"^points/award-batch\Z", PointsViewSet.as_view({"post": "award_batch"})),
    re_path(rf"^{PARTICIPANT}/points/transactions\Z", ParticipantPointsViewSet.as_view({"get": "transactions"})),
    re_path(rf"^{PARTICIPANT}/points\Z", ParticipantPointsViewSet.as_view({"get": "balance"})),
]
