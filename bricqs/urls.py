"""Every route: the dialects, the API reference, health, and the console."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import Resolver404, include, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from bricqs import health
from bricqs.metrics import metrics
from gamify.dialects.trophy import TrophyViewSet
from gamify.http.errors import Refusal
from gamify.http.views import DialectViewSet


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/admin/"):
        return TemplateResponse(
            request, "console/not_found.html", admin.site.each_context(request), status=404
        ).render()
    detail = f"There is no route {request.path!r}. The API reference is at /api/docs/."
    return _refused(request, Refusal(404, "not_found", detail))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself refuses before any view is called, such as a Host that ALLOWED_HOSTS does not list."""
    detail = "The request could not be read. If it names the right host, add that to ALLOWED_HOSTS."
    return _refused(request, Refusal(400, "bad_request", detail))


def server_error(request: HttpRequest) -> HttpResponse:
    detail = "Something went wrong here; the log says what. Retry with the same idempotency key."
    return _refused(request, Refusal(500, "internal_error", detail))


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """In the words of the dialect whose route it is."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        view = not_found
    dialect = getattr(view, "dialect", None) or getattr(view, "cls", None)
    if isinstance(dialect, type) and issubclass(dialect, DialectViewSet):
        return JsonResponse(dialect().render_refusal(refusal).data, status=refusal.status)
    return JsonResponse({"detail": refusal.detail, "code": refusal.code}, status=refusal.status)


def trophy_not_found(request: HttpRequest) -> HttpResponse:
    return not_found(request)


# So that `_refused` words it as this dialect does.
trophy_not_found.dialect = TrophyViewSet  # type: ignore[attr-defined]

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
    re_path(r"^api/", csrf_exempt(not_found)),
    re_path(r"^(?:v1|admin-api)(?:/|\Z)", csrf_exempt(trophy_not_found)),
]
