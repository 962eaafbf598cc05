"""Bricqs engagements: their definitions, and the sessions that an integrator's server opens in them."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.bricqs import _session_docs as docs
from gamify.dialects.bricqs._base import BricqsViewSet
from gamify.dialects.bricqs.serializers import PageInput, instant
from gamify.dialects.bricqs.session_serializers import (
    EngagementChangeInput,
    EngagementInput,
    EngagementOutput,
    StartSessionInput,
)
from gamify.queries import engagements as reads
from gamify.services import definitions, sessions
from tenants.scopes import ADMIN, GAMIFY_ADMIN


class SessionViewSet(BricqsViewSet):
    @docs.start
    def create(self, request: Request, engagement_id: str) -> Response:
        body = self.read(StartSessionInput, request.data)
        session = sessions.start(
            tenant=self.tenant,
            engagement_id=engagement_id,
            participant=body["participant_id"],
            ttl_seconds=body.get("ttl_seconds") or sessions.TTL_SECONDS_DEFAULT,
            now=self.now,
        )
        return Response(
            {
                "session_id": session.session_id,
                "engagement_id": str(session.engagement_id),
                "participant_id": session.participant,
                "expires_at": instant(session.expires_at),
            },
            status=201,
            headers={"Cache-Control": "no-store"},
        )

    @docs.end
    def destroy(self, request: Request, engagement_id: str, session_id: str) -> Response:
        sessions.end(tenant=self.tenant, engagement_id=engagement_id, session_id=session_id, now=self.now)
        return Response(status=204)


class EngagementViewSet(BricqsViewSet):
    scopes_accepted: ClassVar[tuple[str, ...]] = (ADMIN, GAMIFY_ADMIN)

    @docs.engagement_list
    def list(self, request: Request) -> Response:
        query = self.read(PageInput, request.query_params.dict())
        return self.page(reads.all_of(self.tenant.id), EngagementOutput, **query)

    @docs.engagement_create
    def create(self, request: Request) -> Response:
        fields = self.read(EngagementInput, request.data)
        engagement = definitions.create_engagement(tenant_id=self.tenant.id, fields=fields)
        return Response(self.write(EngagementOutput, engagement), status=201)

    @docs.engagement_get
    def retrieve(self, request: Request, engagement_id: str) -> Response:
        engagement = reads.one(tenant_id=self.tenant.id, engagement_id=engagement_id)
        return Response(self.write(EngagementOutput, engagement))

    @docs.engagement_update
    def partial_update(self, request: Request, engagement_id: str) -> Response:
        engagement = reads.one(tenant_id=self.tenant.id, engagement_id=engagement_id)
        fields = self.read(EngagementChangeInput, request.data)
        engagement = definitions.update_engagement(tenant_id=self.tenant.id, engagement_id=engagement.id, fields=fields)
        return Response(self.write(EngagementOutput, engagement))
