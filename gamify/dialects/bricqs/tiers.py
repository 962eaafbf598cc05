"""Bricqs tiers API for participants: where one stands, assigning, releasing; and the badges held."""

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.bricqs import _tier_docs as docs
from gamify.dialects.bricqs._base import BricqsViewSet, one_key, path_participant
from gamify.dialects.bricqs._tier_rendering import held_badges, held_tier, next_tier
from gamify.dialects.bricqs.serializers import instant
from gamify.dialects.bricqs.tier_serializers import AssignInput, PlacementOutput, ReleaseInput
from gamify.queries import tiers as reads
from gamify.services import tiers
from gamify.services.tiers import Assign, Release


class ParticipantTierViewSet(BricqsViewSet):
    @docs.tier_state
    def tier(self, request: Request, participant_id: str) -> Response:
        state = reads.tier_state(tenant=self.tenant, participant=path_participant(participant_id), now=self.now)
        self.window = state.window
        return Response(
            {
                "participant_id": state.participant,
                "current_tier": held_tier(state.current_tier),
                "next_tier": next_tier(state.next_tier),
                "tier_history": [
                    {"code": past.code, "name": past.name, "achieved_at": instant(past.achieved_at)}
                    for past in state.tier_history
                ],
            }
        )

    @docs.badges
    def badges(self, request: Request, participant_id: str) -> Response:
        participant = path_participant(participant_id)
        held = reads.badges(tenant_id=self.tenant.id, participant=participant)
        self.window = reads.write_window(tenant=self.tenant, participant=participant, now=self.now)
        return Response({"participant_id": participant, "badges": held_badges(held)})


class TierViewSet(BricqsViewSet):
    @docs.assign
    def assign(self, request: Request) -> Response:
        header = self.header_key()
        body = self.read(AssignInput, request.data)
        item = Assign(
            participant=body["participant_id"],
            tier_code=body["tier_code"],
            reason=body.get("reason"),
            key=one_key(header, body.get("idempotency_key")),
        )
        return self.reply(tiers.assign(tenant=self.tenant, item=item, now=self.now), PlacementOutput)

    @docs.release
    def release(self, request: Request) -> Response:
        header = self.header_key()
        body = self.read(ReleaseInput, request.data)
        item = Release(
            participant=body["participant_id"],
            reason=body.get("reason"),
            key=one_key(header, body.get("idempotency_key")),
        )
        return self.reply(tiers.release(tenant=self.tenant, item=item, now=self.now), PlacementOutput)
