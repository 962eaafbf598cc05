"""Bricqs session points API: what a participant's browser asks with its session, without a key."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from engagements import cors
from gamify.dialects.bricqs import _session_docs as docs
from gamify.dialects.bricqs._base import BricqsViewSet, untouched
from gamify.dialects.bricqs.serializers import instant
from gamify.dialects.bricqs.session_serializers import SessionBalanceOutput, SessionInput, SessionPageInput
from gamify.errors import AddressLimited
from gamify.queries import points as reads
from gamify.queries.points import LedgerEntry
from gamify.services import sessions
from gamify.services.sessions import SessionView
from tenants import addresses

# What callers did not name themselves, in the words of the document.
TYPES = {"award": "award", "deduct": "redemption", "expire": "expiry"}


class SessionPointsViewSet(BricqsViewSet):
    authentication_classes: Any = []

    def admit(self, request: Request) -> None:
        """The session is in the body, which is not read yet; until then there is only the address to go by."""
        wait = addresses.seconds_to_wait(request._request, group="session", rate=settings.SESSION_CALL_RATE)
        if wait is not None:
            raise AddressLimited(wait)

    @docs.balance
    def balance(self, request: Request) -> Response:
        session = self._session(self.read(SessionInput, request.data))
        found = reads.balance(
            tenant=session.tenant, participant=session.participant, system=session.system, now=self.now
        )
        self.window = found.window
        body = {
            "available_points": found.balance,
            "total_points": found.total_earned,
            "currency_name": session.currency_name,
            "last_earned_at": found.last_earned_at and instant(found.last_earned_at),
        }
        return Response(self.write(SessionBalanceOutput, body))

    @docs.transactions
    def transactions(self, request: Request) -> Response:
        body = self.read(SessionPageInput, request.data)
        session = self._session(body)
        page = reads.transactions(
            tenant=session.tenant,
            participant=session.participant,
            system=session.system,
            offset=body["offset"],
            limit=body["limit"],
            now=self.now,
        )
        self.window = page.window
        return Response(
            {
                "transactions": [_line(entry) for entry in page.entries],
                "total": page.total,
                "has_more": body["offset"] + len(page.entries) < page.total,
            }
        )

    def _session(self, body: dict[str, Any]) -> SessionView:
        """Raises SessionInvalid."""
        session = sessions.resolve(session_id=body["session_id"], engagement_id=body["engagement_id"], now=self.now)
        self.note_tenant(session.tenant)
        self.window = untouched(session.tenant.write_rate, self.now)
        cors.admit(self.request._request, session.allowed_origins)
        return session

    def get_authenticate_header(self, request: Request) -> str:
        # A 401 must name a scheme; a browser asks nobody for a password because of this one.
        return 'Session realm="points"'


def _line(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "type": TYPES.get(entry.transaction_type or entry.kind, entry.transaction_type),
        "amount": entry.amount,
        "reason": entry.reason,
        **({"activity_id": entry.activity_id} if entry.activity_id is not None else {}),
        "created_at": instant(entry.created_at),
    }
