"""The ledger's tables: accounts, their immutable entries, lots, and which lot paid for what.

All are keyed by participant first, so that they can be distributed by it, and written only by `gamify.ledger.store`.
Rows that are written at the rate of awards carry no foreign key to a points system: each check of one would lock the
same parent row from every transaction at once. What hangs on an account carries none to its participant either: the
account has one, and to check it again for each row was a tenth of what a sweep asks of PostgreSQL. `verify_ledger`
proves what those keys would.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from gamify.models.participants import Participant
from gamify.models.points import PointsSystem


class Account(models.Model):
    """What one participant has in one points system. Its fields say what else must be read to change it."""

    pk = models.CompositePrimaryKey("participant_id", "points_system_id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    points_system = models.ForeignKey(PointsSystem, on_delete=models.PROTECT, related_name="+", db_index=False)
    balance = models.BigIntegerField()
    total_earned = models.BigIntegerField()
    total_spent = models.BigIntegerField()
    total_expired = models.BigIntegerField()
    # How much of the balance is in lots. The rest, which expires at once or never, is one number and not a list.
    lot_balance = models.BigIntegerField()
    # No lot with anything left expires before this. Null: none expires at all.
    next_expires_at = models.DateTimeField(null=True)
    # Entries are numbered densely from 1, so this is also how many there are.
    last_sequence = models.BigIntegerField()
    last_hash = models.BinaryField()
    last_earned_at = models.DateTimeField(null=True)
    award_count = models.BigIntegerField()
    # When what is in no lot expires, unless something happens before. Null: never.
    rest_expires_at = models.DateTimeField(null=True)
    # Of which such moment the fact points.expiring_soon told. Awards neither read nor write it: once they have moved
    # the moment, it is of another.
    rest_noticed_for = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(balance=F("total_earned") - F("total_spent") - F("total_expired")),
                name="account_balance_is_sum_of_totals",
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0) & Q(total_earned__gte=0) & Q(total_spent__gte=0) & Q(total_expired__gte=0),
                name="account_never_negative",
            ),
            models.CheckConstraint(
                condition=Q(lot_balance__gte=0) & Q(lot_balance__lte=F("balance")),
                name="account_lots_within_balance",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The sweep: accounts in which nothing happened for too long. Notices: those in which it soon will be so.
            models.Index(
                fields=["points_system", "rest_expires_at"],
                condition=Q(rest_expires_at__isnull=False),
                name="account_rest_by_expiry",
            ),
        ]


class EntryKind(models.TextChoices):
    AWARD = "award"
    DEDUCT = "deduct"
    EXPIRE = "expire"


class Entry(models.Model):
    """One change of one account, written once. A trigger refuses UPDATE and DELETE; the chain proves it."""

    pk = models.CompositePrimaryKey("participant_id", "points_system_id", "sequence")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    points_system = models.ForeignKey(
        PointsSystem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    sequence = models.BigIntegerField()
    id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    reason = models.CharField(max_length=500, null=True)
    # JSON as text, exactly as it was hashed: PostgreSQL's own JSON types would rewrite numbers.
    metadata = models.TextField(null=True)
    explanation = models.TextField(null=True)
    operation_id = models.UUIDField(null=True)
    # What the caller says it was for and calls it: an engagement, one of its activities, a "bonus", a "redemption".
    engagement_id = models.UUIDField(null=True)
    activity_id = models.CharField(max_length=255, null=True)
    transaction_type = models.CharField(max_length=20, null=True)
    created_at = models.DateTimeField()
    # When the lot that this award made expires: the lot's row can change, this cannot.
    expires_at = models.DateTimeField(null=True)
    hash = models.BinaryField()

    class Meta:
        verbose_name_plural = "entries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=(Q(kind="award") & Q(amount__gt=0)) | (Q(kind__in=("deduct", "expire")) & Q(amount__lt=0)),
                name="entry_sign_follows_kind",
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1) & Q(balance_after__gte=0), name="entry_never_negative"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(kind="award"), name="entry_expiry_of_awards_only"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What was earned since a moment: criteria over the last so many days.
            models.Index(
                fields=["participant", "points_system", "created_at"],
                include=["amount"],
                condition=Q(kind="award"),
                name="entry_awards_by_time",
            ),
        ]


class Lot(models.Model):
    """What is left of a credit that must be told apart from the rest of the balance; numbered like its entry.

    Once nothing is left the row goes: entries and consumptions tell the rest, and verify_ledger proves it from them.
    So no index needs to look at `remaining`, and taking a part of a lot changes none.
    """

    pk = models.CompositePrimaryKey("participant_id", "points_system_id", "sequence")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    points_system = models.ForeignKey(
        PointsSystem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    sequence = models.BigIntegerField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    # Null only in systems that burn the oldest credit first, where every credit is a lot.
    expires_at = models.DateTimeField(null=True)
    # When the fact points.expiring_soon was written, once.
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(remaining__gt=0) & Q(remaining__lte=F("amount")),
                name="lot_remaining_within_amount",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Burning and lazy expiry: the lots of one account.
            models.Index(
                fields=["participant", "points_system", "expires_at", "sequence"],
                name="lot_by_account",
            ),
            # The sweep: the lots that are due, of everyone.
            models.Index(
                fields=["points_system", "expires_at"],
                condition=Q(expires_at__isnull=False),
                name="lot_by_expiry",
            ),
            # Notices: the lots that expire soon and of which nobody was told.
            models.Index(
                fields=["points_system", "expires_at"],
                condition=Q(expires_at__isnull=False) & Q(noticed_at__isnull=True),
                name="lot_unnoticed_by_expiry",
            ),
        ]


class Consumption(models.Model):
    """How much of which lot (its credit) went into which deduct or expiry (the debit)."""

    pk = models.CompositePrimaryKey("participant_id", "points_system_id", "debit_sequence", "credit_sequence")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    points_system = models.ForeignKey(
        PointsSystem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    debit_sequence = models.BigIntegerField()
    credit_sequence = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="consumption_positive"),
            models.CheckConstraint(
                condition=Q(credit_sequence__lt=F("debit_sequence")), name="consumption_after_credit"
            ),
        ]
