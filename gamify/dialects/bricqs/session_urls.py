"""Routes of the Bricqs dialect outside of `/api/v1/gamify/`: sessions, and what they show. Under `/api/v1/`."""

from django.urls import re_path

from gamify.dialects.bricqs.engagements import EngagementViewSet, SessionViewSet
from gamify.dialects.bricqs.sessions import SessionPointsViewSet

ENGAGEMENT = r"engagements/(?P<engagement_id>[^/]+)"

urlpatterns = [
    re_path(r"^points/balance\Z", SessionPointsViewSet.as_view({"post": "balance"})),
    re_path(r"^points/transactions\Z", SessionPointsViewSet.as_view({"post": "transactions"})),
    re_path(r"^engagements\Z", EngagementViewSet.as_view({"get": "list", "post": "create"})),
    re_path(rf"^{ENGAGEMENT}\Z", EngagementViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
    re_path(rf"^{ENGAGEMENT}/sessions\Z", SessionViewSet.as_view({"post": "create"})),
    re_path(rf"^{ENGAGEMENT}/sessions/(?P<session_id>[^/]+)\Z", SessionViewSet.as_view({"delete": "destroy"})),
]
