"""The API reference of the Bricqs session and engagement endpoints."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from gamify.dialects.bricqs import session_serializers as io
from gamify.dialects.bricqs._docs import endpoint
from gamify.dialects.bricqs._tier_docs import ADMIN_READ, ADMIN_WRITE
from gamify.dialects.bricqs.serializers import PageInput

SESSION = (
    "unauthorized",
    "malformed_json",
    "validation_error",
    "body_too_large",
    "unsupported_media_type",
)
ENGAGEMENT_ID = OpenApiParameter("engagement_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.STR, OpenApiParameter.PATH)

_ENGAGEMENT_ID = "550e8400-e29b-41d4-a716-446655440000"
_SESSION = {"session_id": "sess_4c9d0b1e6f7a48d29a3b5c6d7e8f9012", "engagement_id": _ENGAGEMENT_ID}
_ENGAGEMENT = {
    "id": _ENGAGEMENT_ID,
    "name": "Summer quiz",
    "status": "active",
    "starts_at": "2026-06-01T00:00:00Z",
    "ends_at": "2026-09-01T00:00:00Z",
    "points_system": None,
    "currency_name": "Stars",
    "allowed_origins": ["https://play.example.com"],
    "created_at": "2026-05-01T08:00:00Z",
}
_NEW = {"name": "Summer quiz", "currency_name": "Stars", "allowed_origins": ["https://play.example.com"]}
_ONE_ANSWER = (
    " A session that is unknown, expired, ended, of another engagement or of a disabled tenant gets one and the same"
    " 401. Pages of the engagement's allowed origins may read the answer, and no others."
)

balance = endpoint(
    tag="Session points",
    summary="Balance of the session's participant",
    description="No key: the session is the credential. A participant that was never seen has zeros. A credit past its"
    " `expires_at` is never counted, swept or not." + _ONE_ANSWER,
    request=io.SessionInput,
    request_example=_SESSION,
    success=io.SessionBalanceOutput,
    errors=SESSION,
    example={
        "available_points": 350,
        "total_points": 500,
        "currency_name": "Points",
        "last_earned_at": "2026-04-10T14:30:00Z",
    },
    is_public=True,
)
transactions = endpoint(
    tag="Session points",
    summary="Ledger of the session's participant",
    description="Newest first. An engagement without a points system of its own shows the tenant's wallet."
    + _ONE_ANSWER,
    request=io.SessionPageInput,
    request_example={**_SESSION, "limit": 10, "offset": 0},
    success=io.SessionTransactionsOutput,
    errors=SESSION,
    example={
        "transactions": [
            {
                "id": "01929b1e-7b7e-7d0a-8f3c-2f6f0a1b2c3d",
                "type": "award",
                "amount": 100,
                "reason": "Quiz completed",
                "activity_id": "quiz_1",
                "created_at": "2026-04-10T14:30:00Z",
            }
        ],
        "total": 1,
        "has_more": False,
    },
    is_public=True,
)
start = endpoint(
    tag="Engagements",
    summary="Open a session",
    description="For your server, on behalf of a participant of yours, who then sees balance and ledger with the"
    " session's id and nothing else. The id is shown this once.",
    request=io.StartSessionInput,
    request_example={"participant_id": "user_123", "ttl_seconds": 3600},
    success=io.StartedSessionOutput,
    success_status=201,
    errors=(
        *("unauthorized", "forbidden", "malformed_json", "validation_error", "body_too_large"),
        *("unsupported_media_type", "engagement_not_found", "engagement_ended"),
    ),
    example={**_SESSION, "participant_id": "user_123", "expires_at": "2026-04-10T15:30:00Z"},
    parameters=[ENGAGEMENT_ID],
)
end = endpoint(
    tag="Engagements",
    summary="End a session",
    description="It is refused from the next call on. Repeating it changes nothing.",
    success=None,
    success_status=204,
    errors=("unauthorized", "forbidden", "engagement_not_found", "session_not_found"),
    parameters=[ENGAGEMENT_ID, SESSION_ID],
)
engagement_list = endpoint(
    tag="Engagements",
    summary="List engagements",
    description="By name.",
    success=io.EngagementsOutput,
    errors=ADMIN_READ,
    example={"items": [_ENGAGEMENT], "total": 1, "page": 1, "page_size": 50},
    parameters=[PageInput],
)
engagement_create = endpoint(
    tag="Engagements",
    summary="Make an engagement",
    description="With a points system of its own it has its own wallet; without one it shares the tenant's.",
    request=io.EngagementInput,
    request_example=_NEW,
    success=io.EngagementOutput,
    success_status=201,
    errors=(*ADMIN_WRITE, "engagement_name_conflict"),
    example=_ENGAGEMENT,
)
engagement_get = endpoint(
    tag="Engagements",
    summary="One engagement",
    description="Another tenant's engagement is not found.",
    success=io.EngagementOutput,
    errors=(*ADMIN_READ, "engagement_not_found"),
    example=_ENGAGEMENT,
    parameters=[ENGAGEMENT_ID],
)
engagement_update = endpoint(
    tag="Engagements",
    summary="Change an engagement",
    description="Only the fields given change. An ended one takes no awards and opens no sessions; what was earned in"
    " it can still be spent.",
    request=io.EngagementChangeInput,
    request_example={"status": "ended"},
    success=io.EngagementOutput,
    errors=(*ADMIN_WRITE, "engagement_not_found", "engagement_name_conflict"),
    example={**_ENGAGEMENT, "status": "ended"},
    parameters=[ENGAGEMENT_ID],
)
