"""What Trophy's clients are answered to each refusal: a status that they know, and a sentence.

They know 400, 401, 404 and 422, and repeat 408, 409, 429 and 5xx at once: what repeating cannot help is none of these.
"""

from collections.abc import Callable
from typing import Any

from gamify import errors
from gamify.http.errors import ErrorTable, Refusal

_INVALID_KEY: dict[str, str] = {
    "unknown": "This API key is not known here. Check that it is complete and meant for this server.",
    "revoked": "This API key was revoked. Ask your operator for a new one.",
    "expired": "This API key has expired. Ask your operator for a new one.",
}


def _says(status: int, code: str, sentence: str) -> Callable[[Any], Refusal]:
    """A refusal whose sentence names the error's own facts."""
    return lambda error: Refusal(status, code, sentence.format(error=error))


TABLE: ErrorTable = {
    errors.CredentialsMissing: _says(401, "unauthorized", "The X-API-KEY header is missing."),
    errors.CredentialsInvalid: lambda e: Refusal(401, "unauthorized", _INVALID_KEY[e.reason]),
    errors.TenantDisabled: _says(403, "forbidden", "This tenant is disabled."),
    errors.ScopeMissing: lambda e: Refusal(403, "forbidden", f"This key lacks the scope: {' or '.join(e.accepted)}."),
    errors.InvalidInput: lambda e: Refusal(
        422, "invalid", " ".join(f"{name}: {message}" for name, message in e.errors)
    ),
    errors.ParticipantNotFound: _says(404, "user_not_found", "There is no user {error.participant!r} here."),
    errors.PointsSystemNotFound: _says(404, "system_not_found", "There is no points system {error.system!r} here."),
    errors.BoostNotFound: _says(404, "boost_not_found", "There is no boost {error.boost!r} here."),
    # Not 404: on events, clients do not know that.
    errors.MetricNotFound: _says(422, "metric_not_found", "There is no active metric {error.metric!r} here."),
    errors.IdempotencyKeyInvalid: _says(400, "key_invalid", "The Idempotency-Key header must be 1 to 255 characters."),
    errors.Busy: lambda e: Refusal(
        503,
        "busy",
        "The user is busy with other writes. Nothing was done; retry with the same idempotency key.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.Unavailable: lambda e: Refusal(
        503,
        "unavailable",
        "The service cannot be reached for a moment. Retry with the same idempotency key.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.AddressLimited: lambda e: Refusal(
        429,
        "address_limited",
        f"Too many calls from your address. Retry in {e.retry_after_seconds} seconds.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.IdempotencyKeyReused: _says(
        422,
        "key_reused",
        "The idempotency key was used for something else. Repeat that call as it was, or use a new key.",
    ),
    # What no call of this dialect comes to.
    errors.RateLimitExceeded: lambda e: Refusal(
        429,
        "rate_limited",
        f"This user has had its {e.limit} writes of this {e.window_seconds}-second window.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.IdempotencyKeyMismatch: _says(422, "key_mismatch", "There are two idempotency keys."),
    errors.InsufficientPoints: _says(
        422, "insufficient_points", "The user has {error.available} points, not {error.requested}."
    ),
    errors.PointsCapReached: _says(422, "points_cap_reached", "Nobody can have more than {error.max_points} points."),
    errors.TierNotFound: _says(404, "tier_not_found", "There is no tier {error.tier!r} here."),
    errors.TierCodeConflict: _says(422, "tier_code_conflict", "Another tier has the code {error.code!r}."),
    errors.TierLevelConflict: _says(422, "tier_level_conflict", "Another tier has the level {error.level}."),
    errors.TierAssignConflict: _says(503, "busy", "Other writes got in between. Nothing was done; retry."),
    errors.EngagementNotFound: _says(404, "engagement_not_found", "There is no engagement {error.engagement!r} here."),
    errors.EngagementEnded: _says(422, "engagement_ended", "This engagement has ended."),
    errors.EngagementNameConflict: _says(422, "name_conflict", "Another engagement has the name {error.name!r}."),
    errors.SessionInvalid: _says(401, "unauthorized", "The session is not valid."),
    errors.SessionNotFound: _says(404, "session_not_found", "There is no such session."),
    errors.CallerOutdated: lambda e: Refusal(503, "busy", "Retry.", headers={"Retry-After": "1"}),
    errors.RewardRuleNotFound: _says(404, "rule_not_found", "There is no reward rule for {error.event_type!r}."),
    errors.RewardCapReached: lambda e: Refusal(
        422,
        "cap_reached",
        f"The reward for {e.event_type!r} was given often enough.",
        headers={"Retry-After": str(e.retry_after_seconds)} if e.retry_after_seconds is not None else {},
    ),
    errors.RewardRuleConflict: _says(422, "rule_conflict", "Another reward rule is for {error.event_type!r}."),
    errors.BadgeCodeConflict: _says(422, "badge_code_conflict", "Another badge has the code {error.code!r}."),
}
