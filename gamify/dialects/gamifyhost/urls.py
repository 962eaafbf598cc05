"""Routes of the GamifyHost dialect, under `/v1/`, which it shares with Trophy's.

A user's id may hold slashes, dots and line breaks: it reaches as far as the fixed word that ends the path.
"""

from django.http import HttpRequest, JsonResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from gamify.dialects.gamifyhost.points import AwardViewSet, UserViewSet


@csrf_exempt
def not_found(request: HttpRequest) -> JsonResponse:
    body = {"message": "Route not found; the API reference is at /api/docs/", "code": 404, "status": "error"}
    return JsonResponse(body, status=404)


USER = r"users/(?P<user_id>[\s\S]+)"

urlpatterns = [
    re_path(r"^points/award\Z", AwardViewSet.as_view({"post": "award"})),
    re_path(rf"^{USER}/balance\Z", UserViewSet.as_view({"get": "balance"})),
    re_path(rf"^{USER}/history\Z", UserViewSet.as_view({"get": "history"})),
    # What misses these by a slash or an empty id is meant for this dialect, and told so in its own words.
    re_path(r"^points/award/\Z", not_found),
    re_path(r"^users//(?:balance|history)\Z", not_found),
    re_path(r"^users/[\s\S]+/(?:balance|history)/\Z", not_found),
]
