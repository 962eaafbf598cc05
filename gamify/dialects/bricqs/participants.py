"""Bricqs participants API: say who somebody is, ahead of any points or beside them; and all that is known of one."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.bricqs import _participant_docs as docs
from gamify.dialects.bricqs._base import BricqsViewSet, path_participant
from gamify.dialects.bricqs._tier_rendering import held_badges, held_tier
from gamify.dialects.bricqs.participant_serializers import HoldingOutput, ParticipantChangeInput, ParticipantInput
from gamify.http.fields import instant
from gamify.queries import full_profiles
from gamify.services import participants
from gamify.services.participants import Identify


class ParticipantViewSet(BricqsViewSet):
    @docs.upsert
    def upsert(self, request: Request) -> Response:
        fields = self.read(ParticipantInput, request.data)
        participant = fields.pop("participant_id")
        self._identify(Identify(participant, _known(fields)))
        return self._participant(participant, status=201)

    @docs.retrieve
    def retrieve(self, request: Request, participant_id: str) -> Response:
        return self._participant(path_participant(participant_id))

    @docs.update
    def partial_update(self, request: Request, participant_id: str) -> Response:
        participant = path_participant(participant_id)
        fields = self.read(ParticipantChangeInput, request.data)
        self._identify(Identify(participant, _known(fields), must_exist=True))
        return self._participant(participant)

    def _identify(self, item: Identify) -> None:
        result = participants.identify(tenant=self.tenant, item=item, now=self.now)
        self.window = result.window
        if result.error:
            raise result.error

    def _participant(self, participant: str, status: int = 200) -> Response:
        found = full_profiles.full_profile(tenant=self.tenant, participant=participant, now=self.now)
        profile = found.profile
        self.window = profile.window
        body = {
            "participant_id": participant,
            "display_name": profile.name,
            "avatar_url": profile.avatar_url,
            "email": profile.email,
            "time_zone": profile.time_zone,
            "attributes": profile.attributes,
            "points": self.write(HoldingOutput, found.points),
            "tier": held_tier(found.tier),
            "badges": held_badges(found.badges),
            # Of APIs that have no counterpart here.
            "streaks": None,
            "rewards_claimed": 0,
            "total_events": 0,
            "is_active": True,
            "created_at": instant(profile.created_at),
            "updated_at": instant(profile.updated_at),
        }
        return Response(body, status=status)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """As a profile has it: no attributes are an empty object there."""
    return fields | ({"attributes": fields["attributes"] or {}} if "attributes" in fields else {})
