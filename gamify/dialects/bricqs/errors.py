"""What Bricqs answers to each refusal: status, code and a sentence that tells the caller what to do."""

from gamify import errors
from gamify.http.errors import ErrorTable, Refusal

_INVALID_KEY: dict[str, str] = {
    "unknown": "This API key is not known here. Check that it is complete and meant for this server.",
    "revoked": "This API key was revoked. Ask your operator for a new one.",
    "expired": "This API key has expired. Ask your operator for a new one.",
}

TABLE: ErrorTable = {
    errors.CredentialsMissing: lambda e: Refusal(
        401, "unauthorized", "The X-API-Key header is missing. Send the key that your operator issued."
    ),
    errors.CredentialsInvalid: lambda e: Refusal(401, "unauthorized", _INVALID_KEY[e.reason]),
    # Never seen: the view looks the key up and tries again.
    errors.CallerOutdated: lambda e: Refusal(503, "busy", "Retry.", headers={"Retry-After": "1"}),
    errors.TenantDisabled: lambda e: Refusal(403, "forbidden", "This tenant is disabled."),
    errors.ScopeMissing: lambda e: Refusal(403, "forbidden", f"This key lacks the scope: {' or '.join(e.accepted)}."),
    errors.InvalidInput: lambda e: Refusal(
        422, "validation_error", " ".join(f"{name}: {message}" for name, message in e.errors), errors=e.errors
    ),
    errors.IdempotencyKeyInvalid: lambda e: Refusal(
        400,
        "IDEMPOTENCY_KEY_INVALID",
        "The Idempotency-Key header must be 1 to 255 characters out of A-Z a-z 0-9 _ - : and the full stop.",
    ),
    errors.IdempotencyKeyMismatch: lambda e: Refusal(
        400,
        "IDEMPOTENCY_KEY_MISMATCH",
        "The Idempotency-Key header and idempotency_key in the body differ. Send one of them, or both alike.",
    ),
    errors.IdempotencyKeyReused: lambda e: Refusal(
        409,
        "IDEMPOTENCY_KEY_REUSED",
        "This idempotency key was used for another request. Repeat that request to the letter, or use a new key.",
    ),
    errors.RateLimitExceeded: lambda e: Refusal(
        429,
        "RATE_LIMIT_PARTICIPANT_EXCEEDED",
        f"This participant has had its {e.limit} writes of this {e.window_seconds}-second window."
        f" Retry in {e.retry_after_seconds} seconds.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.InsufficientPoints: lambda e: Refusal(
        400,
        "insufficient_points",
        f"Insufficient points. Available: {e.available}, requested: {e.requested}",
    ),
    errors.PointsCapReached: lambda e: Refusal(
        400,
        "points_cap_reached",
        f"The participant has all the points that this points system lets anybody have: {e.max_points}.",
    ),
    errors.TierNotFound: lambda e: Refusal(404, "tier_not_found", f"There is no such tier here: {e.tier}."),
    errors.TierCodeConflict: lambda e: Refusal(
        400, "tier_code_conflict", f"Another tier already has the code {e.code!r}. Codes are unique, and never change."
    ),
    errors.TierLevelConflict: lambda e: Refusal(
        400, "tier_level_conflict", f"Another tier already has the level {e.level}. Levels are unique."
    ),
    errors.TierAssignConflict: lambda e: Refusal(
        409,
        "TIER_ASSIGN_CONFLICT",
        "Other writes to this participant got in between. Nothing was done; retry with the same idempotency key.",
    ),
    errors.EngagementNotFound: lambda e: Refusal(
        404, "engagement_not_found", f"There is no such engagement here: {e.engagement}."
    ),
    errors.EngagementEnded: lambda e: Refusal(
        409, "engagement_ended", "This engagement has ended; no sessions can be opened in it."
    ),
    errors.EngagementNameConflict: lambda e: Refusal(
        400, "engagement_name_conflict", f"Another engagement already has the name {e.name!r}."
    ),
    # One sentence for all that can be wrong with a session, so that nothing can be found out by asking.
    errors.SessionInvalid: lambda e: Refusal(
        401, "unauthorized", "The session is not valid. Ask your server to open a new one for this engagement."
    ),
    errors.SessionNotFound: lambda e: Refusal(404, "session_not_found", "There is no such session in this engagement."),
    errors.AddressLimited: lambda e: Refusal(
        429,
        "RATE_LIMIT_ADDRESS_EXCEEDED",
        f"Too many calls from your address. Retry in {e.retry_after_seconds} seconds.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.BadgeCodeConflict: lambda e: Refusal(
        400, "badge_code_conflict", f"Another badge already has the code {e.code!r}."
    ),
    errors.RewardRuleNotFound: lambda e: Refusal(
        404, "reward_rule_not_found", f"There is no reward rule here that is in force for {e.event_type!r}."
    ),
    errors.RewardCapReached: lambda e: Refusal(
        429,
        "reward_cap_reached",
        f"The participant has had the reward for {e.event_type!r} as often as its rule allows: {e.cap_count}.",
        headers={"Retry-After": str(e.retry_after_seconds)} if e.retry_after_seconds is not None else {},
    ),
    errors.RewardRuleConflict: lambda e: Refusal(
        400, "reward_rule_conflict", f"Another reward rule is for {e.event_type!r} already."
    ),
    errors.ParticipantNotFound: lambda e: Refusal(
        404, "participant_not_found", f"There is no such participant here: {e.participant}."
    ),
    errors.PointsSystemNotFound: lambda e: Refusal(
        404, "points_system_not_found", f"There is no such points system here: {e.system}."
    ),
    errors.MetricNotFound: lambda e: Refusal(404, "metric_not_found", f"There is no such metric here: {e.metric}."),
    errors.BoostNotFound: lambda e: Refusal(404, "boost_not_found", f"There is no such boost here: {e.boost}."),
    errors.Busy: lambda e: Refusal(
        503,
        "busy",
        "The participant is busy with other writes. Nothing was done; retry with the same idempotency key.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.Unavailable: lambda e: Refusal(
        503,
        "unavailable",
        "The service is not available for the moment. Retry with the same idempotency key: nothing is done twice.",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
}
