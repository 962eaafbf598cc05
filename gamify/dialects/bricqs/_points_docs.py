"""The API reference of the Bricqs points endpoints, with the documents' own examples."""

from typing import Any

from rest_framework import serializers

from gamify.dialects.bricqs import serializers as io
from gamify.dialects.bricqs._docs import IDEMPOTENCY_KEY, PARTICIPANT, READ, REPLAYED, WRITE, endpoint

award = endpoint(
    summary="Award points to a participant",
    description="Credits a participant, who is created on the first interaction. Safe to retry via the Idempotency-Key"
    " header: a second call with the same key returns the original transaction without double-awarding. `amount` of"
    " the answer is what was credited: after multipliers and boosts, rounded once, which is down unless a boost says"
    " otherwise, and cut to the points system's maximum.",
    request=io.AwardInput,
    success=io.PointsOutput,
    errors=(*WRITE, "points_cap_reached"),
    parameters=[IDEMPOTENCY_KEY, REPLAYED],
    request_example={
        "participant_id": "user_123",
        "amount": 100,
        "reason": "Purchase completed",
        "metadata": {"order_id": "ord_abc", "amount_usd": 49.99},
    },
    example={
        "transaction_id": "a1b2c3d4-e5f6-...",
        "participant_id": "user_123",
        "amount": 100,
        "new_balance": 1500,
        "tier_upgrade": {
            "code": "gold",
            "name": "Gold Tier",
            "level": 3,
            "previous_code": "silver",
            "previous_level": 2,
        },
        "badges_unlocked": ["first_purchase"],
    },
)

deduct = endpoint(
    summary="Deduct points from a participant",
    description="Debits a participant's available balance (e.g. reward redemption). Credits are used up by"
    " `expires_at`, soonest first, the oldest of those that expire together; then those that never expire. A points"
    " system can be set to the oldest credit first instead (`burn_order`). A credit past its `expires_at` is never"
    " spendable, swept or not. A participant that was never seen has `insufficient_points` with `Available: 0`."
    " `tier_upgrade` is always null and `badges_unlocked` always empty: tiers follow lifetime earnings.",
    request=io.DeductInput,
    success=io.PointsOutput,
    errors=(*WRITE, "insufficient_points"),
    parameters=[IDEMPOTENCY_KEY, REPLAYED],
    request_example={"participant_id": "user_123", "amount": 50, "reason": "Reward redemption"},
    example={
        "transaction_id": "b7c8d9e0-...",
        "participant_id": "user_123",
        "amount": 50,
        "new_balance": 1450,
        "tier_upgrade": None,
        "badges_unlocked": [],
    },
)


class _BatchRequest(serializers.Serializer[Any]):
    awards = serializers.ListField(child=io.BatchItemInput(), min_length=1, max_length=io.BATCH_SIZE_MAX)


award_batch = endpoint(
    summary="Award points to up to 100 participants",
    description="Each item is processed independently; an individual failure does not roll back the rest and appears in"
    " `results[].error` as `code: sentence`. An Idempotency-Key covers the whole batch, and an item without a key of"
    " its own gets one derived from it: a retry repeats the items that succeeded and tries again those that failed."
    " `expires_at` is not taken here and ignored.",
    request=_BatchRequest,
    success=io.BatchOutput,
    errors=[code for code in WRITE if code not in ("IDEMPOTENCY_KEY_MISMATCH", "RATE_LIMIT_PARTICIPANT_EXCEEDED")],
    parameters=[IDEMPOTENCY_KEY, REPLAYED],
    request_example={
        "awards": [
            {"participant_id": "user_1", "amount": 100, "reason": "Weekly bonus"},
            {"participant_id": "user_2", "amount": 100, "reason": "Weekly bonus"},
            {"participant_id": "user_3", "amount": 50, "reason": "Referral bonus"},
        ]
    },
    example={
        "processed": 3,
        "failed": 0,
        "results": [
            {"participant_id": "user_1", "transaction_id": "...", "new_balance": 500, "error": None},
            {"participant_id": "user_2", "transaction_id": "...", "new_balance": 350, "error": None},
            {"participant_id": "user_3", "transaction_id": "...", "new_balance": 200, "error": None},
        ],
    },
)

balance = endpoint(
    summary="Balance and lifetime totals",
    description="`total_earned` is never decremented; only `balance` moves on deduct and on expiry. `total_spent`"
    " leaves expiry out. A credit past its `expires_at` is never counted, swept or not. A participant that was never"
    " seen has zeros; asking creates nothing.",
    success=io.BalanceOutput,
    errors=READ,
    parameters=[PARTICIPANT, io.SystemInput],
    example={"participant_id": "user_123", "balance": 1500, "total_earned": 5000, "total_spent": 3500},
)

transactions = endpoint(
    summary="Ledger of one participant, newest first",
    description="Awards, deductions and expiries. A page of any depth costs the same. A participant that was never seen"
    " has no entries; asking creates nothing.",
    success=io.TransactionsOutput,
    errors=READ,
    parameters=[PARTICIPANT, io.TransactionsInput],
    example={
        "participant_id": "user_123",
        "transactions": [
            {
                "id": "txn_abc",
                "amount": 100,
                "reason": "Purchase completed",
                "transaction_type": "award",
                "created_at": "2026-02-14T10:00:00Z",
                "metadata": {"order_id": "ord_abc", "amount_usd": 49.99},
            },
            {
                "id": "txn_xyz",
                "amount": -50,
                "reason": "Reward redemption",
                "transaction_type": "deduct",
                "created_at": "2026-02-13T18:22:00Z",
                "metadata": None,
            },
        ],
        "total": 156,
        "page": 1,
        "page_size": 20,
    },
)

expiring = endpoint(
    summary="Points that expire soon",
    description="What will be lost within `within_days`, and when, soonest first, unless it is used before."
    " A participant that was never seen has nothing to lose; asking creates nothing. An extension of ours.",
    success=io.ExpiringOutput,
    errors=READ,
    parameters=[PARTICIPANT, io.ExpiringInput],
    example={
        "participant_id": "user_123",
        "within_days": 30,
        "total": 150,
        "expiring": [{"amount": 150, "expires_at": "2026-03-01T00:00:00Z"}],
    },
)
