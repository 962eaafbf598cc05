"""Every route: the dialects, the API reference, health, and the console."""

import re

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import Resolver404, include, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from bricqs import health
from bricqs.console_middleware import CONSOLE
from bricqs.metrics import metrics
from gamify.dialects.trophy import TrophyViewSet
from gamify.http.errors import Refusal
from gamify.http.views import DialectViewSet

TROPHY = re.compile(r"/(?:v1|admin-api)(?:/|\Z)")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith(CONSOLE):
        return TemplateResponse(
            request, "console/not_found.html", admin.site.each_context(request), status=404
        ).render()
    detail = f"There is no route {request.path!r}. The API reference is at /api/docs/."
    return _refused(request, Refusal(404, "not_found", detail))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself refuses before any view is called, such as a Host that ALLOWED_HOSTS does not list."""
    if request.path.startswith(CONSOLE):
        return _console_fault(request, 400, "This request could not be read")
    detail = "The request could not be read. If it names the right host, add that to ALLOWED_HOSTS."
    return _refused(request, Refusal(400, "bad_request", detail))


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(CONSOLE):
        return _console_fault(request, 500, "Something went wrong here")
    detail = "Something went wrong here; the log says what. Retry with the same idempotency key."
    return _refused(request, Refusal(500, "internal_error", detail))


def _console_fault(request: HttpRequest, status: int, what: str) -> HttpResponse:
    # Nothing in it asks the database, which may be what is wrong.
    return HttpResponse(render_to_string("console/fault.html", {"what": what, "status": status}), status=status)


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """In the words of the dialect whose route it is."""
    if dialect := _dialect_of(request.path_info):
        return JsonResponse(dialect().render_refusal(refusal).data, status=refusal.status)
    return JsonResponse({"detail": refusal.detail, "code": refusal.code}, status=refusal.status)


def _dialect_of(path: str) -> type[DialectViewSet] | None:
    try:
        view = getattr(resolve(path).func, "cls", None)
    except Resolver404:
        view = None
    if isinstance(view, type) and issubclass(view, DialectViewSet):
        return view
    # Of the two dialects that share /v1, the one whose clients can read nothing else.
    return TrophyViewSet if TROPHY.match(path) else None


handler400 = bad_request
handler404 = not_found
handler500 = server_error

# Without OPTIONS, to which the page of the reference, being a template, has no answer.
READ_ONLY = ["get", "head"]

urlpatterns = [
    path("healthz", csrf_exempt(health.healthz)),
    path("readyz", csrf_exempt(health.readyz)),
    path("metrics", csrf_exempt(metrics)),
    path("api/v1/gamify/", include("gamify.dialects.bricqs.urls")),
    path("api/v1/", include("gamify.dialects.bricqs.session_urls")),
    # Its routes end in words of their own; the other dialect under the same base takes what is left.
    path("v1/", include("gamify.dialects.gamifyhost.urls")),
    path("v1/", include("gamify.dialects.trophy.urls")),
    path("admin-api/v1/", include("gamify.dialects.trophy.admin_urls")),
    path("api/schema/", SpectacularAPIView.as_view(http_method_names=READ_ONLY), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema", http_method_names=READ_ONLY), name="docs"),
    path("admin/", admin.site.urls),
    # Before Django's own pages for DEBUG and for missing CSRF tokens: whoever calls an API gets JSON.
    re_path(r"^(?:api|v1|admin-api)(?:/|\Z)", csrf_exempt(not_found)),
]
