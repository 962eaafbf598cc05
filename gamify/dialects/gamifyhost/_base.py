"""What all GamifyHost endpoints do alike: the envelope, and the header that the key comes in."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.gamifyhost.errors import TABLE
from gamify.http.authentication import ApiKeyAuthentication
from gamify.http.errors import ErrorTable, Refusal
from gamify.http.views import DialectViewSet


class ApiSecretAuthentication(ApiKeyAuthentication):
    """`X-API-Secret`, or `X-API-Key`, which their own refusal names too."""

    header = "X-API-Secret"

    def raw_key(self, request: Request) -> str | None:
        return request.headers.get("X-API-Secret") or request.headers.get("X-API-Key")


class GamifyHostViewSet(DialectViewSet):
    authentication_classes = [ApiSecretAuthentication]
    errors: ClassVar[ErrorTable] = TABLE

    def render_refusal(self, refusal: Refusal) -> Response:
        body: dict[str, Any] = {"message": refusal.detail, "code": refusal.status, "status": "error"}
        if refusal.errors:
            body["meta"] = {"errors": [{"field": name, "message": message} for name, message in refusal.errors]}
        return Response(body, status=refusal.status)

    def reply(self, message: str, data: Any, **meta: int) -> Response:
        body = {"message": message, "code": 200, "status": "success", "data": data}
        return Response(body | ({"meta": meta} if meta else {}))
