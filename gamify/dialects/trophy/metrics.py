"""Trophy metric events."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.trophy import _docs as docs
from gamify.dialects.trophy._base import TrophyViewSet
from gamify.dialects.trophy.inputs import MetricEventInput
from gamify.dialects.trophy.outputs import MetricEventOutput
from gamify.dialects.trophy.users import known
from gamify.services import events
from gamify.services.events import Event


class MetricViewSet(TrophyViewSet):
    confirming_actions = frozenset({"event"})

    @docs.event
    def event(self, request: Request, key: str) -> Response:
        idempotency_key = self.header_key()
        body = self.read(MetricEventInput, request.data)
        user = body["user"]["id"]
        item = Event(
            participant=user,
            metric=key,
            value=body["value"],
            attributes=body.get("attributes") or {},
            known=known(body["user"]),
            key=events.event_key(idempotency_key, participant=user, metric=key) if idempotency_key else None,
        )
        result = events.record(tenant=self.tenant, item=item, now=self.now)
        if result.error:
            raise result.error
        reply: dict[str, Any] = {**self.write(MetricEventOutput, result.outcome), "leaderboards": {}}
        if idempotency_key is not None:
            reply |= {"idempotencyKey": idempotency_key, "idempotentReplayed": result.replayed}
        return Response(reply, status=202 if result.replayed else 201)
