"""The API reference of the Bricqs participants endpoints."""

from gamify.dialects.bricqs import participant_serializers as io
from gamify.dialects.bricqs._docs import PARTICIPANT, READ, endpoint

WRITE = ("unauthorized", "forbidden", "malformed_json", "validation_error", "body_too_large", "unsupported_media_type")

_SAID = {
    "display_name": "Alice",
    "avatar_url": "https://cdn.example.com/avatars/alice.png",
    "attributes": {"plan": "premium", "age": 30, "interests": ["running", "chess"]},
}
_CONSTANTS = (
    " `streaks` is always null, `rewards_claimed` and `total_events` are always 0 and `is_active` is always true: the"
    " streaks, rewards and events of Bricqs's other APIs have no counterpart here."
)
_EXAMPLE = {
    "participant_id": "user_123",
    **_SAID,
    "email": "alice@example.com",
    "time_zone": "Europe/Vienna",
    "points": {"balance": 1500, "total_earned": 5000, "total_spent": 3500},
    "tier": {
        "code": "gold",
        "name": "Gold",
        "level": 3,
        "color": "#FFD700",
        "achieved_at": "2026-02-01T10:00:00Z",
        "next_tier": {"code": "platinum", "name": "Platinum", "points_required": 10000, "points_remaining": 5000},
    },
    "badges": [
        {
            "code": "first_purchase",
            "name": "First purchase",
            "description": None,
            "icon_url": None,
            "unlocked_at": "2026-01-12T10:00:00Z",
        }
    ],
    "streaks": None,
    "rewards_claimed": 0,
    "total_events": 0,
    "is_active": True,
    "created_at": "2026-01-10T08:00:00Z",
    "updated_at": "2026-02-12T15:30:00Z",
}

upsert = endpoint(
    summary="Create or update a participant",
    description="Changes the fields given and no others; null clears one. Safe to repeat. Takes nothing off the write"
    " cap. Participants need not be created before they are awarded points. The answer is the full profile, as that of"
    " `GET`." + _CONSTANTS,
    request=io.ParticipantInput,
    success=io.ParticipantOutput,
    success_status=201,
    errors=(*WRITE, "busy"),
    request_example={"participant_id": "user_123", **_SAID},
    example=_EXAMPLE,
    tag="Participants",
)

retrieve = endpoint(
    summary="One participant",
    description="Whoever was seen before, be it that only points are known of it. `points`, `tier` and `badges` are"
    " what `/points`, `/tier` (its `current_tier`) and `/badges` answer." + _CONSTANTS,
    success=io.ParticipantOutput,
    errors=(*READ, "participant_not_found"),
    parameters=[PARTICIPANT],
    example=_EXAMPLE,
    tag="Participants",
)

update = endpoint(
    summary="Update a participant",
    description="As creating one, but for a participant that was seen before." + _CONSTANTS,
    request=io.ParticipantChangeInput,
    success=io.ParticipantOutput,
    errors=(*WRITE, "participant_not_found", "busy"),
    parameters=[PARTICIPANT],
    request_example={"time_zone": "Europe/Vienna"},
    example=_EXAMPLE,
    tag="Participants",
)
