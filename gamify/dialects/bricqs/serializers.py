"""Inputs and outputs of the Bricqs endpoints, one each."""

from typing import Any

from rest_framework import serializers

from gamify.dialects.bricqs._base import PARTICIPANT_ID_LENGTH_MAX
from gamify.http.fields import (
    InstantField,
    ObjectField,
    QueryIntegerField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
)
from gamify.http.fields import instant as instant
from gamify.services.points import BATCH_SIZE_MAX as BATCH_SIZE_MAX

AMOUNT_MAX = 1_000_000
PAGE_SIZE_MAX = 100
WITHIN_DAYS_MAX = 3650
JSON_INTEGER = 'A JSON integer: `"100"`, `100.5` and `true` are 422.'


class PointsInput(serializers.Serializer[Any]):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX, help_text="Your participant identifier.")
    amount = StrictIntegerField(min_value=1, max_value=AMOUNT_MAX, help_text=JSON_INTEGER)
    reason = StrictCharField(
        max_length=500, required=False, allow_null=True, allow_blank=True, help_text="Free-form audit note."
    )
    metadata = ObjectField(
        required=False,
        allow_null=True,
        help_text="Stored alongside the transaction and returned by the transactions endpoint.",
    )
    idempotency_key = StrictCharField(
        max_length=255,
        required=False,
        allow_null=True,
        help_text="Legacy. Prefer the Idempotency-Key header.",
    )
    points_system = StrictCharField(
        max_length=50, required=False, allow_null=True, help_text="Key of a points system; without it, the default one."
    )
    engagement_id = StrictCharField(
        max_length=36,
        required=False,
        allow_null=True,
        help_text="The engagement that it belongs to. Where that has its own points system, it goes there.",
    )
    activity_id = StrictCharField(
        max_length=255, required=False, allow_null=True, help_text="The activity of the engagement, as you call it."
    )


class DeductInput(PointsInput):
    transaction_type = StrictChoiceField(["deduct", "redemption"], required=False, allow_null=True)


class CreditInput(PointsInput):
    transaction_type = StrictChoiceField(["award", "bonus"], required=False, allow_null=True)


class AwardInput(CreditInput):
    expires_at = InstantField(
        required=False,
        allow_null=True,
        help_text="When set, the credit expires at this moment, which must be in the future: from then on it is neither"
        " spendable nor counted in a balance, swept or not.",
    )


class BatchItemInput(CreditInput):
    """As an award, minus `expires_at`: it is ignored here, like every unknown member."""


class BatchInput(serializers.Serializer[Any]):
    # The items are read one by one, so that a bad one fails alone.
    awards = serializers.ListField(min_length=1, max_length=BATCH_SIZE_MAX)


class TierUpgradeOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    level = serializers.IntegerField()
    previous_code = serializers.CharField(allow_null=True)
    previous_level = serializers.IntegerField(allow_null=True)


class PointsOutput(serializers.Serializer[Any]):
    transaction_id = serializers.CharField()
    participant_id = serializers.CharField(source="participant")
    amount = serializers.IntegerField()
    new_balance = serializers.IntegerField()
    tier_upgrade = TierUpgradeOutput(allow_null=True)
    badges_unlocked = serializers.ListField(child=serializers.CharField())


class BatchItemOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField(allow_null=True)
    transaction_id = serializers.CharField(allow_null=True)
    new_balance = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)


class BatchOutput(serializers.Serializer[Any]):
    processed = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = BatchItemOutput(many=True)


class BalanceOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField(source="participant")
    balance = serializers.IntegerField()
    total_earned = serializers.IntegerField()
    total_spent = serializers.IntegerField()


class SystemInput(serializers.Serializer[Any]):
    points_system = StrictCharField(
        max_length=50, required=False, help_text="Key of a points system; without it, the default one."
    )


class PageInput(serializers.Serializer[Any]):
    page = QueryIntegerField(min_value=1, default=1, help_text="1-indexed page number.")
    page_size = QueryIntegerField(min_value=1, max_value=PAGE_SIZE_MAX, default=50, help_text="Items per page.")


class TransactionsInput(PageInput, SystemInput):
    pass


class TransactionOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    amount = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)
    transaction_type = serializers.CharField()
    created_at = serializers.CharField()
    metadata = ObjectField(allow_null=True)


class TransactionsOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    transactions = TransactionOutput(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()


class ExpiringInput(SystemInput):
    within_days = QueryIntegerField(min_value=1, max_value=WITHIN_DAYS_MAX, default=30, help_text="How far to look.")


class ExpiringLine(serializers.Serializer[Any]):
    amount = serializers.IntegerField()
    expires_at = serializers.CharField()


class ExpiringOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    within_days = serializers.IntegerField()
    total = serializers.IntegerField()
    expiring = ExpiringLine(many=True)
