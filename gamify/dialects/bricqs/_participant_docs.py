"""The API reference of the Bricqs participants endpoints."""

from gamify.dialects.bricqs import participant_serializers as io
from gamify.dialects.bricqs._docs import PARTICIPANT, READ, RETRY_AFTER, endpoint

WRITE = ("unauthorized", "forbidden", "malformed_json", "validation_error", "body_too_large", "unsupported_media_type")

_SAID = {
    "name": "Alice",
    "email": "alice@example.com",
    "time_zone": "Europe/Vienna",
    "attributes": {"plan": "premium"},
}
_EXAMPLE = {
    "participant_id": "user_123",
    **_SAID,
    "created_at": "2026-01-10T08:00:00Z",
    "updated_at": "2026-02-12T15:30:00Z",
}

upsert = endpoint(
    summary="Create or update a participant",
    description="Changes the fields given and no others; null clears one. Safe to repeat. Takes nothing off the write"
    " cap. Participants need not be created before they are awarded points.",
    request=io.ParticipantInput,
    success=io.ParticipantOutput,
    success_status=201,
    errors=(*WRITE, "busy"),
    parameters=[RETRY_AFTER],
    request_example={"participant_id": "user_123", **_SAID},
    example=_EXAMPLE,
    tag="Participants",
)

retrieve = endpoint(
    summary="One participant",
    description="Whoever was seen before, be it that only points are known of it.",
    success=io.ParticipantOutput,
    errors=(*READ, "participant_not_found"),
    parameters=[PARTICIPANT],
    example=_EXAMPLE,
    tag="Participants",
)

update = endpoint(
    summary="Update a participant",
    description="As creating one, but for a participant that was seen before.",
    request=io.ParticipantChangeInput,
    success=io.ParticipantOutput,
    errors=(*WRITE, "participant_not_found", "busy"),
    parameters=[PARTICIPANT, RETRY_AFTER],
    request_example={"time_zone": "Europe/Vienna"},
    example=_EXAMPLE,
    tag="Participants",
)
