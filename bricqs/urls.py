"""Every route: the dialects, the API reference, health, and the console."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from bricqs import health


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/admin/"):
        return TemplateResponse(
            request, "console/not_found.html", admin.site.each_context(request), status=404
        ).render()
    detail = f"There is no route {request.path!r}. The API reference is at /api/docs/."
    return JsonResponse({"detail": detail, "code": "not_found"}, status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself refuses before any view is called, such as a Host that ALLOWED_HOSTS does not list."""
    detail = "The request could not be read. If it names the right host, add that to ALLOWED_HOSTS."
    return JsonResponse({"detail": detail, "code": "bad_request"}, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    detail = "Something went wrong here; the log says what. Retry with the same idempotency key."
    return JsonResponse({"detail": detail, "code": "internal_error"}, status=500)


handler400 = bad_request
handler404 = not_found
handler500 = server_error

# Without OPTIONS, to which the page of the reference, being a template, has no answer.
READ_ONLY = ["get", "head"]

urlpatterns = [
    path("healthz", csrf_exempt(health.healthz)),
    path("readyz", csrf_exempt(health.readyz)),
    path("api/v1/gamify/", include("gamify.dialects.bricqs.urls")),
    path("api/schema/", SpectacularAPIView.as_view(http_method_names=READ_ONLY), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema", http_method_names=READ_ONLY), name="docs"),
    path("admin/", admin.site.urls),
    # Before Django's own pages for DEBUG and for missing CSRF tokens: whoever calls an API gets JSON.
    re_path(r"^api/", csrf_exempt(not_found)),
]
