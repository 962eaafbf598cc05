"""The API reference of the Bricqs tier, badge and fact endpoints."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from gamify.dialects.bricqs import tier_serializers as io
from gamify.dialects.bricqs._docs import IDEMPOTENCY_KEY, PARTICIPANT, READ, REPLAYED, WRITE, endpoint
from gamify.dialects.bricqs.serializers import PageInput

ASSIGN = (*(code for code in WRITE if code != "busy"), "tier_not_found", "TIER_ASSIGN_CONFLICT")
ADMIN_READ = ("unauthorized", "forbidden", "validation_error")
ADMIN_WRITE = (*ADMIN_READ, "malformed_json", "body_too_large", "unsupported_media_type")
TIER_ID = OpenApiParameter("tier_id", OpenApiTypes.UUID, OpenApiParameter.PATH)

_PLACEMENT = {
    "participant_id": "user_42",
    "tier_code": "platinum",
    "tier_name": "Platinum",
    "level": 4,
    "previous_tier_code": "gold",
}
_TIER = {
    "id": "01929b1e-7b7e-7d0a-8f3c-2f6f0a1b2c3d",
    "tenant_id": "01929b1e-0000-7d0a-8f3c-2f6f0a1b2c3d",
    "engagement_id": None,
    "code": "gold",
    "name": "Gold",
    "description": "Premium status with extra benefits.",
    "level": 3,
    "criteria_type": "points",
    "criteria_config": {"min_points": 5000},
    "benefits": {"support_sla_hours": 4, "discount_pct": 10},
    "point_multiplier": 1.5,
    "icon_url": "https://cdn.example.com/tiers/gold.png",
    "color": "#FFD700",
    "badge_url": None,
    "is_active": True,
    "award_type": "automatic",
    "created_at": "2026-01-10T08:00:00Z",
    "updated_at": "2026-02-12T15:30:00Z",
}
_NEW_TIER = {
    "code": "platinum",
    "name": "Platinum",
    "level": 4,
    "criteria_type": "points",
    "criteria_config": {"min_points": 10000},
    "benefits": {"support_sla_hours": 1, "discount_pct": 15, "exclusive_access": True},
    "color": "#E5E4E2",
}
_NEXT = {"code": "platinum", "name": "Platinum", "points_required": 10000, "points_remaining": 8500}

tier_state = endpoint(
    tag="Tiers",
    summary="Current tier, next tier, history",
    description="`next_tier` is null at the top; its points are null where reaching it is not a matter of points."
    " `current_tier` carries the same `next_tier`. A participant that was never seen has no tier yet; asking creates"
    " nothing.",
    success=io.TierStateOutput,
    errors=READ,
    parameters=[PARTICIPANT],
    example={
        "participant_id": "user_42",
        "current_tier": {
            "code": "gold",
            "name": "Gold",
            "level": 3,
            "color": "#FFD700",
            "achieved_at": "2026-02-01T10:00:00Z",
            "next_tier": _NEXT,
        },
        "next_tier": _NEXT,
        "tier_history": [{"code": "gold", "name": "Gold", "achieved_at": "2026-02-01T10:00:00Z"}],
    },
)

badges = endpoint(
    tag="Tiers",
    summary="Badges held",
    description="Every badge that the participant unlocked, the oldest first. One that was never seen has none; asking"
    " creates nothing.",
    success=io.BadgesOutput,
    errors=READ,
    parameters=[PARTICIPANT],
    example={
        "participant_id": "user_42",
        "badges": [
            {
                "code": "first_purchase",
                "name": "First purchase",
                "description": None,
                "icon_url": None,
                "unlocked_at": "2026-01-01T10:00:00Z",
            }
        ],
    },
)

assign = endpoint(
    tag="Tiers",
    summary="Assign a tier by hand",
    description="Pins the participant to the tier: automatic evaluation leaves it there until it is released.",
    request=io.AssignInput,
    success=io.PlacementOutput,
    errors=ASSIGN,
    parameters=[IDEMPOTENCY_KEY, REPLAYED],
    request_example={
        "participant_id": "user_42",
        "tier_code": "platinum",
        "reason": "Enterprise contract signed (Q2 2026)",
    },
    example=_PLACEMENT,
)

release = endpoint(
    tag="Tiers",
    summary="Release an assigned tier",
    description="Ends the pin and evaluates again: the participant goes to the highest tier that it qualifies for, or"
    " to none, in which case the tier's fields are null. An extension of ours.",
    request=io.ReleaseInput,
    success=io.PlacementOutput,
    errors=[code for code in ASSIGN if code != "tier_not_found"],
    parameters=[IDEMPOTENCY_KEY, REPLAYED],
    request_example={"participant_id": "user_42", "reason": "Contract ended"},
    example={**_PLACEMENT, "tier_code": "gold", "tier_name": "Gold", "level": 3, "previous_tier_code": "platinum"},
)

tier_list = endpoint(
    tag="Tier definitions",
    summary="List tier definitions",
    description="By level. Needs the scope `admin` or `gamify:admin`, as all of these.",
    success=io.TierListOutput,
    errors=ADMIN_READ,
    parameters=[
        PageInput,
        OpenApiParameter("is_active", OpenApiTypes.BOOL, description="Only those that match."),
        OpenApiParameter("award_type", OpenApiTypes.STR, enum=["automatic", "manual"]),
    ],
    example={"items": [_TIER], "total": 4, "page": 1, "page_size": 50},
)

tier_create = endpoint(
    tag="Tier definitions",
    summary="Create a tier definition",
    description="`criteria_type` is one of points, points_in_window, badges. `engagement_id` is ignored.",
    request=io.TierInput,
    success=io.TierOutput,
    success_status=201,
    errors=(*ADMIN_WRITE, "tier_code_conflict", "tier_level_conflict"),
    request_example=_NEW_TIER,
    example={**_TIER, **_NEW_TIER},
)

tier_get = endpoint(
    tag="Tier definitions",
    summary="Get one tier definition",
    description="As in the list.",
    success=io.TierOutput,
    errors=(*ADMIN_READ, "tier_not_found"),
    parameters=[TIER_ID],
    example=_TIER,
)

tier_update = endpoint(
    tag="Tier definitions",
    summary="Update a tier definition",
    description="Only what is given is changed; `criteria_config` and `benefits` are replaced entirely.",
    request=io.TierChangeInput,
    success=io.TierOutput,
    errors=(*ADMIN_WRITE, "tier_level_conflict", "tier_not_found"),
    parameters=[TIER_ID],
    request_example={"criteria_config": {"min_points": 6000}},
    example={**_TIER, "criteria_config": {"min_points": 6000}},
)

tier_delete = endpoint(
    tag="Tier definitions",
    summary="Deactivate a tier definition",
    description="Soft delete: who holds the tier keeps it; the evaluator stops picking it.",
    success=io.MessageOutput,
    errors=(*ADMIN_READ, "tier_not_found"),
    parameters=[TIER_ID],
    example={"message": "Tier deactivated"},
)

tier_preview = endpoint(
    tag="Tier definitions",
    summary="Preview a change",
    description="Who would move from which tier to which if the definition (of `tier_id`, or, without one, of a new"
    " tier) were saved as given and everybody evaluated. Exact; writes nothing. An extension of ours.",
    request=io.PreviewInput,
    success=io.PreviewOutput,
    errors=(*ADMIN_WRITE, "tier_level_conflict", "tier_not_found"),
    request_example={"tier_id": _TIER["id"], "criteria_config": {"min_points": 4000}},
    example={"total": 120, "moves": [{"from": "silver", "to": "gold", "participants": 120}]},
)

facts = endpoint(
    tag="Facts",
    summary="Read the stream of facts",
    description="What happened, in an order that nothing is ever inserted into: send `next` as `after` to go on. Types:"
    " points.awarded, points.deducted, points.expired, points.expiring_soon, tier.changed, badge.unlocked. `type` can"
    " be repeated. points.expiring_soon tells what will be lost and when, the points system's `notice_days` before:"
    " once for each credit that expires, and each time inactivity is about to take the rest.",
    success=io.FactsOutput,
    errors=ADMIN_READ,
    parameters=[io.FactsInput, OpenApiParameter("type", OpenApiTypes.STR, many=True)],
    example={
        "facts": [
            {
                "position": "812-01929b1e7b7e7d0a8f3c2f6f0a1b2c3d",
                "id": "01929b1e-7b7e-7d0a-8f3c-2f6f0a1b2c3d",
                "type": "tier.changed",
                "created_at": "2026-02-01T10:00:00Z",
                "data": {
                    "participant_id": "user_42",
                    "cause": "award",
                    "reason": "Purchase completed",
                    "previous": {"code": "silver", "name": "Silver", "level": 2},
                    "new": {"code": "gold", "name": "Gold", "level": 3},
                },
            }
        ],
        "next": "812-01929b1e7b7e7d0a8f3c2f6f0a1b2c3d",
        "has_more": False,
    },
)
