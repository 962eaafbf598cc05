"""What the reference of all Bricqs endpoints shares: error codes, parameters, headers, how one is put together."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

F = TypeVar("F", bound=Callable[..., Any])


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class Error(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="A sentence that says what is wrong and what to do.")
    code = serializers.CharField(help_text="Stable; decide by this one.")
    # A field, in spite of the name, which serializers also use for their own.
    errors: Any = FieldError(many=True, required=False, help_text="With validation_error only: one for each field.")


# When each code fires. The order within a status is the order in which they are checked.
WHEN = {
    "unauthorized": "X-API-Key header missing, invalid, expired, or revoked.",
    "forbidden": "Tenant is disabled, or, of an admin endpoint, the key lacks the admin or gamify:admin scope.",
    "IDEMPOTENCY_KEY_INVALID": "Idempotency-Key header is empty, longer than 255 chars, or contains characters"
    " outside [A-Za-z0-9_\\-:.].",
    "malformed_json": "The body is not valid JSON.",
    "validation_error": "A field or parameter is missing, of the wrong type or out of range; `errors` names each.",
    "IDEMPOTENCY_KEY_MISMATCH": "Both the Idempotency-Key header AND a body idempotency_key were provided and they"
    " differ.",
    "IDEMPOTENCY_KEY_REUSED": "The key was used before with another payload.",
    "RATE_LIMIT_PARTICIPANT_EXCEEDED": "Per-participant write rate cap exceeded. The Retry-After response header"
    " tells you when to retry.",
    "insufficient_points": "Available balance is below the requested amount.",
    "points_cap_reached": "The points system has a maximum, and the participant has reached it.",
    "body_too_large": "The body is larger than MAX_BODY_BYTES.",
    "unsupported_media_type": "The Content-Type is not application/json.",
    "tier_not_found": "No such tier exists for the tenant; to be assigned, it must be active.",
    "tier_code_conflict": "Another tier definition already uses that code for this tenant.",
    "tier_level_conflict": "Another tier definition already uses that level for this tenant.",
    "engagement_not_found": "No such engagement exists for the tenant.",
    "session_not_found": "There is no such session in this engagement.",
    "engagement_ended": "The engagement has ended: no sessions can be opened in it.",
    "engagement_name_conflict": "Another engagement already has that name for this tenant.",
    "RATE_LIMIT_ADDRESS_EXCEEDED": "Too many calls from one address with a session, or with keys that are refused. The"
    " Retry-After header tells when to retry.",
    "participant_not_found": "Nobody of that id was ever seen.",
    "points_system_not_found": "No such points system exists for the tenant.",
    "metric_not_found": "No such metric exists for the tenant.",
    "boost_not_found": "No such boost exists for the tenant.",
    "badge_code_conflict": "Another badge already uses that code for this tenant.",
    "reward_rule_not_found": "No reward rule that is in force is for events of that type.",
    "reward_cap_reached": "The participant has had the reward as often as its rule allows.",
    "reward_rule_conflict": "Another reward rule is for events of that type already.",
    "TIER_ASSIGN_CONFLICT": "Concurrent modification raced the assignment. Retry the call (the Idempotency-Key keeps"
    " the retry safe).",
    "busy": "The participant's lock could not be had in time. Retry with the same key.",
    "unavailable": "The database cannot be reached, or cannot write. Retry with the same key.",
}
STATUS = {
    "unauthorized": 401,
    "forbidden": 403,
    "tier_not_found": 404,
    "engagement_not_found": 404,
    "session_not_found": 404,
    "reward_rule_not_found": 404,
    "participant_not_found": 404,
    "points_system_not_found": 404,
    "metric_not_found": 404,
    "boost_not_found": 404,
    "IDEMPOTENCY_KEY_REUSED": 409,
    "engagement_ended": 409,
    "RATE_LIMIT_ADDRESS_EXCEEDED": 429,
    "TIER_ASSIGN_CONFLICT": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "validation_error": 422,
    "RATE_LIMIT_PARTICIPANT_EXCEEDED": 429,
    "reward_cap_reached": 429,
    "busy": 503,
    "unavailable": 503,
}  # every other code is a 400
READ = ("unauthorized", "forbidden", "validation_error")
WRITE = (
    "unauthorized",
    "forbidden",
    "IDEMPOTENCY_KEY_INVALID",
    "unsupported_media_type",
    "body_too_large",
    "malformed_json",
    "validation_error",
    "IDEMPOTENCY_KEY_MISMATCH",
    "IDEMPOTENCY_KEY_REUSED",
    "RATE_LIMIT_PARTICIPANT_EXCEEDED",
    "busy",
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 chars matching `^[A-Za-z0-9_\\-:.]{1,255}$`. Recommended for every call. Descriptive keys"
    ' ("order-ord_abc") give clean audit trails. Keys are shared by all operations of a tenant and do not expire.'
    " A refused call (insufficient points, validation, rate limit) uses no key up.",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200],
    description="`true` where the answer is the original one of an earlier call with the same key, whatever the balance"
    " is now.",
)
RATE_HEADERS = [
    OpenApiParameter(name, OpenApiTypes.INT, OpenApiParameter.HEADER, response=True, description=text)
    for name, text in (
        ("X-RateLimit-Limit", "Writes per participant and window. Who is not let in sees the installation's default."),
        (
            "X-RateLimit-Remaining",
            "Writes left to this participant in the current window; all of them where the call got as far as nobody.",
        ),
        ("X-RateLimit-Reset", "When the window ends, in unix seconds."),
    )
]
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    response=[429, 503],
    description="Seconds to wait.",
)
PARTICIPANT = OpenApiParameter(
    "participant_id",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="Your participant identifier. 1 to 255 characters, percent-encoded.",
)


def endpoint(
    *,
    summary: str,
    description: str,
    success: Any,
    errors: Sequence[str],
    example: dict[str, Any] | None = None,
    request: Any = None,
    request_example: dict[str, Any] | None = None,
    parameters: Sequence[Any] = (),
    success_status: int = 200,
    tag: str = "Points",
    is_public: bool = False,
) -> Callable[[F], F]:
    """One operation of the reference, complete with its refusals."""
    examples = []
    if example:
        examples.append(OpenApiExample("Response", example, response_only=True, status_codes=[str(success_status)]))
    if request_example:
        examples.append(OpenApiExample("Request", request_example, request_only=True))
    by_status: dict[int, list[str]] = {}
    for code in ("RATE_LIMIT_ADDRESS_EXCEEDED", *errors, "unavailable"):
        by_status.setdefault(STATUS.get(code, 400), []).append(code)
    replies: dict[int, Any] = {success_status: success}
    for status, codes in sorted(by_status.items()):
        replies[status] = OpenApiResponse(Error, "\n".join(f"- `{code}`: {WHEN[code]}" for code in codes))
    return extend_schema(
        tags=[tag],
        summary=summary,
        description=description,
        request=request,
        responses=replies,
        examples=examples,
        parameters=[*parameters, RETRY_AFTER, *RATE_HEADERS],
        auth=[] if is_public else None,
    )
