"""What GamifyHost answers to each refusal. Status and sentence are on the wire; the code is for us alone.

The sentences of its documents are kept to the letter: clients are known to compare them.
"""

from gamify import errors
from gamify.http.errors import ErrorTable, Refusal


def _credentials(error: errors.CredentialsInvalid) -> Refusal:
    if error.reason == "revoked":
        return Refusal(403, "forbidden", "API key has been revoked")
    return Refusal(401, "unauthorized", "Invalid API key")


def _cap(error: errors.RewardCapReached) -> Refusal:
    seconds = error.retry_after_seconds
    return Refusal(
        429,
        "reward_cap_reached",
        f"Reward cap reached — this event type is rewarded {error.cap_count} times per user"
        + ("" if seconds is None else f"; the next time in {seconds} seconds"),
        headers={} if seconds is None else {"Retry-After": str(seconds)},
    )


def _limited(error: errors.RateLimitExceeded | errors.AddressLimited) -> Refusal:
    return Refusal(
        429,
        "rate_limited",
        f"Too many requests — retry in {error.retry_after_seconds} seconds",
        headers={"Retry-After": str(error.retry_after_seconds)},
    )


TABLE: ErrorTable = {
    errors.CredentialsMissing: lambda e: Refusal(401, "unauthorized", "Missing X-API-Key / X-API-Secret header"),
    errors.CredentialsInvalid: _credentials,
    errors.TenantDisabled: lambda e: Refusal(403, "forbidden", "This account is disabled"),
    errors.ScopeMissing: lambda e: Refusal(403, "forbidden", f"API key lacks the scope {' or '.join(e.accepted)}"),
    errors.InvalidInput: lambda e: Refusal(
        400,
        "validation_error",
        "Validation error — " + " ".join(f"{name}: {message}" for name, message in e.errors),
        errors=e.errors,
    ),
    errors.RewardRuleNotFound: lambda e: Refusal(404, "reward_rule_not_found", "No reward rule found for event type"),
    errors.ParticipantNotFound: lambda e: Refusal(404, "user_not_found", "User not found"),
    errors.IdempotencyKeyReused: lambda e: Refusal(
        409, "duplicate_reference", "Duplicate reference — points already awarded for this reference"
    ),
    errors.RewardCapReached: _cap,
    errors.PointsCapReached: lambda e: Refusal(
        422, "points_cap_reached", f"User already has the most points that anybody can have: {e.max_points}"
    ),
    errors.Busy: lambda e: Refusal(
        503,
        "busy",
        "The user is busy with other writes — nothing was awarded, retry with the same reference",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.Unavailable: lambda e: Refusal(
        503,
        "unavailable",
        "The service cannot be reached for a moment — retry with the same reference",
        headers={"Retry-After": str(e.retry_after_seconds)},
    ),
    errors.AddressLimited: _limited,
    # No call of this dialect leads to what follows; should one ever, this is what it says.
    errors.RateLimitExceeded: _limited,
    errors.InsufficientPoints: lambda e: Refusal(400, "insufficient_points", "Insufficient points"),
    errors.IdempotencyKeyInvalid: lambda e: Refusal(400, "reference_invalid", "Invalid reference"),
    errors.IdempotencyKeyMismatch: lambda e: Refusal(400, "reference_mismatch", "Two references that differ"),
    errors.RewardRuleConflict: lambda e: Refusal(409, "conflict", "Another reward rule is for this event type"),
    errors.TierNotFound: lambda e: Refusal(404, "not_found", "Tier not found"),
    errors.TierCodeConflict: lambda e: Refusal(409, "conflict", "Another tier has this code"),
    errors.TierLevelConflict: lambda e: Refusal(409, "conflict", "Another tier has this level"),
    errors.TierAssignConflict: lambda e: Refusal(409, "conflict", "Other writes got in between"),
    errors.BadgeCodeConflict: lambda e: Refusal(409, "conflict", "Another badge has this code"),
    errors.EngagementNotFound: lambda e: Refusal(404, "not_found", "Engagement not found"),
    errors.EngagementEnded: lambda e: Refusal(409, "conflict", "The engagement has ended"),
    errors.EngagementNameConflict: lambda e: Refusal(409, "conflict", "Another engagement has this name"),
    errors.PointsSystemNotFound: lambda e: Refusal(404, "not_found", "Points system not found"),
    errors.MetricNotFound: lambda e: Refusal(404, "not_found", "Metric not found"),
    errors.BoostNotFound: lambda e: Refusal(404, "not_found", "Boost not found"),
    errors.SessionNotFound: lambda e: Refusal(404, "not_found", "Session not found"),
    errors.CallerOutdated: lambda e: Refusal(503, "busy", "Retry", headers={"Retry-After": "1"}),
    errors.SessionInvalid: lambda e: Refusal(401, "unauthorized", "Invalid session"),
}
