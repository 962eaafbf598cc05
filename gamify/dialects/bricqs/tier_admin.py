"""Bricqs admin API: tier definitions, previews of their changes, and the stream of facts."""

import json
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.bricqs import _tier_docs as docs
from gamify.dialects.bricqs._base import BricqsViewSet
from gamify.dialects.bricqs.serializers import PageInput, instant
from gamify.dialects.bricqs.tier_serializers import FactsInput, PreviewInput, TierChangeInput, TierInput, TierOutput
from gamify.errors import InvalidInput
from gamify.queries import facts
from gamify.queries import tiers as reads
from gamify.queries.filters import TierFilter
from gamify.services import definitions, reevaluation
from tenants.scopes import ADMIN, GAMIFY_ADMIN


class AdminViewSet(BricqsViewSet):
    scopes_accepted: ClassVar[tuple[str, ...]] = (ADMIN, GAMIFY_ADMIN)


class TierAdminViewSet(AdminViewSet):
    @docs.tier_list
    def list(self, request: Request) -> Response:
        query = self.read(PageInput, request.query_params.dict())
        chosen = TierFilter(request.query_params, reads.definitions(self.tenant.id))
        if complaints := chosen.complaints():
            raise InvalidInput(complaints)
        return self.page(chosen.qs, TierOutput, **query)

    @docs.tier_create
    def create(self, request: Request) -> Response:
        fields = self.read(TierInput, request.data)
        tier = definitions.create_tier(tenant_id=self.tenant.id, fields=fields)
        return Response(self.write(TierOutput, tier), status=201)

    @docs.tier_get
    def retrieve(self, request: Request, tier_id: str) -> Response:
        return Response(self.write(TierOutput, reads.definition(tenant_id=self.tenant.id, tier_id=tier_id)))

    @docs.tier_update
    def partial_update(self, request: Request, tier_id: str) -> Response:
        tier = reads.definition(tenant_id=self.tenant.id, tier_id=tier_id)
        fields = self.read(TierChangeInput, request.data)
        tier = definitions.update_tier(tenant_id=self.tenant.id, tier_id=tier.id, fields=fields)
        return Response(self.write(TierOutput, tier))

    @docs.tier_delete
    def destroy(self, request: Request, tier_id: str) -> Response:
        tier = reads.definition(tenant_id=self.tenant.id, tier_id=tier_id)
        definitions.deactivate_tier(tenant_id=self.tenant.id, tier_id=tier.id)
        return Response({"message": "Tier deactivated"})

    @docs.tier_preview
    def preview(self, request: Request) -> Response:
        fields = self.read(PreviewInput, request.data)
        tier_id = fields.pop("tier_id", None)
        moves = reevaluation.preview(tenant_id=self.tenant.id, tier_id=tier_id, fields=fields, now=self.now)
        return Response(
            {
                "total": sum(move.participants for move in moves),
                "moves": [
                    {
                        "from": move.from_tier and move.from_tier.code,
                        "to": move.to_tier and move.to_tier.code,
                        "participants": move.participants,
                    }
                    for move in moves
                ],
            }
        )


class FactViewSet(AdminViewSet):
    @docs.facts
    def list(self, request: Request) -> Response:
        query = self.read(FactsInput, request.query_params.dict())
        types = request.query_params.getlist("type") or None
        # One more than asked for tells whether there are more.
        found = facts.page(tenant_id=self.tenant.id, after=query.get("after"), types=types, limit=query["limit"] + 1)
        page = found[: query["limit"]]
        lines: list[dict[str, Any]] = [
            {
                "position": fact.position,
                "id": str(fact.id),
                "type": fact.type,
                "created_at": instant(fact.created_at),
                "data": json.loads(fact.data),
            }
            for fact in page
        ]
        return Response(
            {
                "facts": lines,
                "next": page[-1].position if page else query.get("after"),
                "has_more": len(found) > len(page),
            }
        )
