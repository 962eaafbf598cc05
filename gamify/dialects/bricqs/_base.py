"""What all Bricqs endpoints do alike: error bodies, rate headers, idempotency keys."""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from gamify.dialects.bricqs.errors import TABLE
from gamify.errors import IdempotencyKeyInvalid, IdempotencyKeyMismatch
from gamify.http.errors import ErrorTable, Refusal
from gamify.http.fields import EXTERNAL_ID_LENGTH_MAX, path_id
from gamify.http.views import DialectViewSet
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Result
from tenants.rates import Rate, Window
from tenants.refs import write_rate

PARTICIPANT_ID_LENGTH_MAX = EXTERNAL_ID_LENGTH_MAX
REPLAYED_HEADER = "Idempotent-Replayed"

_KEY_PATTERN = re.compile(r"[A-Za-z0-9_\-:.]{1,255}", re.ASCII)


class BricqsViewSet(DialectViewSet):
    errors: ClassVar[ErrorTable] = TABLE
    # The write cap's window of the participant that the call was about, once it was looked at.
    window: Window | None = None

    def render_refusal(self, refusal: Refusal) -> Response:
        body: dict[str, Any] = {"detail": refusal.detail, "code": refusal.code}
        if refusal.errors:
            body["errors"] = [{"field": field, "message": message} for field, message in refusal.errors]
        return Response(body, status=refusal.status)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        assert isinstance(response, Response)
        # Who was not let in sees the installation's rate, which says nothing of any tenant.
        window = self.window or untouched(self.tenant.write_rate if self.caller else write_rate(None), self.now)
        response["X-RateLimit-Limit"] = str(window.rate.limit)
        response["X-RateLimit-Remaining"] = str(window.remaining)
        response["X-RateLimit-Reset"] = str(int(window.resets_at.timestamp()))
        return response

    def reply(self, result: Result, output: type[Serializer[Any]]) -> Response:
        """The answer to an operation on one participant."""
        self.window = result.window
        if result.error:
            raise result.error
        headers = {REPLAYED_HEADER: "true"} if result.replayed else None
        return Response(self.write(output, result.outcome), headers=headers)

    def page(self, rows: QuerySet[Any], output: type[Serializer[Any]], *, page: int, page_size: int) -> Response:
        """A page of definitions, of which there are few."""
        pages = Paginator(rows, page_size)
        found = pages.page(page) if page <= pages.num_pages else []
        return Response(
            {
                "items": [self.write(output, row) for row in found],
                "total": pages.count,
                "page": page,
                "page_size": page_size,
            }
        )

    def header_key(self) -> str | None:
        """The Idempotency-Key header. Raises IdempotencyKeyInvalid."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not _KEY_PATTERN.fullmatch(key):
            raise IdempotencyKeyInvalid
        return key


def untouched(rate: Rate, now: datetime) -> Window:
    """What a call shows that got as far as no participant: a window that nothing was taken from."""
    return Window.at(rate, now, started_at=None, used=0)


def one_key(header: str | None, body: str | None) -> IdempotencyKey | None:
    """The key of a call that may carry it twice. Raises IdempotencyKeyMismatch."""
    if header is not None and body is not None and header != body:
        raise IdempotencyKeyMismatch
    key = body if header is None else header
    return None if key is None else IdempotencyKey(key)


def path_participant(participant_id: str) -> str:
    """The participant id of a path. Raises InvalidInput."""
    return path_id(participant_id, field="participant_id")
