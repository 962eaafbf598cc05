"""What all Trophy endpoints do alike: error bodies, ids in paths, idempotency keys."""

from dataclasses import replace
from typing import ClassVar

from rest_framework.response import Response

from gamify.dialects.trophy.errors import TABLE
from gamify.errors import DomainError, IdempotencyKeyInvalid, PointsSystemNotFound
from gamify.http.errors import ErrorTable, Refusal
from gamify.http.views import DialectViewSet
from gamify.queries import programme
from gamify.queries.programme import System

KEY_LENGTH_MAX = 255


class TrophyViewSet(DialectViewSet):
    errors: ClassVar[ErrorTable] = TABLE
    # Actions of which the clients know no 422.
    without_422: ClassVar[frozenset[str]] = frozenset()

    def refusal(self, error: DomainError) -> Refusal:
        refusal = super().refusal(error)
        if refusal.status == 422 and getattr(self, "action", None) in self.without_422:
            return replace(refusal, status=400)
        return refusal

    def render_refusal(self, refusal: Refusal) -> Response:
        # Nothing else, or the clients could not read it.
        return Response({"error": refusal.detail}, status=refusal.status)

    def header_key(self) -> str | None:
        """The Idempotency-Key header. Raises IdempotencyKeyInvalid."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not (1 <= len(key) <= KEY_LENGTH_MAX and "\0" not in key):
            raise IdempotencyKeyInvalid
        return key

    def system(self, key: str) -> System:
        """A points system by its key, or, as the admin API calls it, by its id. Raises PointsSystemNotFound."""
        systems = programme.of(self.tenant).systems.values()
        found = next((system for system in systems if key in (str(system.id), system.key)), None)
        if found is None:
            raise PointsSystemNotFound(key)
        return found
