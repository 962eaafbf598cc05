"""Inputs and outputs of the GamifyHost endpoints."""

# ruff: noqa: N815 - names are as the wire has them

from typing import Any

from rest_framework import serializers

from gamify.http.fields import EXTERNAL_ID_LENGTH_MAX, ObjectField, QueryIntegerField, StrictCharField

LIMIT_MAX = 100


class RewardEventInput(serializers.Serializer[Any]):
    userId = StrictCharField(max_length=EXTERNAL_ID_LENGTH_MAX, help_text="The user's ID in your system.")
    eventType = StrictCharField(
        max_length=255, help_text="Must match a configured reward rule (e.g. signup, purchase, referral)."
    )
    displayName = StrictCharField(
        max_length=255,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Kept with the user. Absent or null leaves it as it is.",
    )
    email = StrictCharField(
        max_length=320,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Kept with the user. Absent or null leaves it as it is.",
    )
    metadata = ObjectField(required=False, allow_null=True, help_text="Stored with the ledger entry.")
    reference = StrictCharField(
        max_length=255,
        required=False,
        allow_null=True,
        help_text="Idempotency key: duplicate references for the same event type are rejected. They do not expire.",
    )


class EventOutput(serializers.Serializer[Any]):
    ledgerId = serializers.UUIDField()
    userId = serializers.CharField()
    eventType = serializers.CharField()
    pointsAwarded = serializers.IntegerField(
        help_text="What was credited: the rule's points, times what the user's tier and the boosts in force grant."
    )
    userBalance = serializers.IntegerField()
    reference = serializers.CharField(allow_null=True)
    createdAt = serializers.DateTimeField()


class UserBalanceInput(serializers.Serializer[Any]):
    pointsSystem = StrictCharField(
        max_length=50, required=False, help_text="Key of a points system; without it, the default one. Ours."
    )


class UserBalanceOutput(serializers.Serializer[Any]):
    userId = serializers.CharField()
    totalPoints = serializers.IntegerField(help_text="What the user can spend now.")
    displayName = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    metadata = ObjectField(help_text="The user's attributes.")
    createdAt = serializers.DateTimeField()


class UserHistoryInput(UserBalanceInput):
    page = QueryIntegerField(min_value=1, default=1)
    limit = QueryIntegerField(min_value=1, max_value=LIMIT_MAX, default=20)


class UserHistoryLine(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    eventType = serializers.CharField(
        help_text="Of what was not awarded here: what its caller called it, or award, deduct or expire."
    )
    points = serializers.IntegerField(help_text="Negative where points were spent or expired.")
    reference = serializers.CharField(allow_null=True)
    metadata = ObjectField(allow_null=True)
    createdAt = serializers.DateTimeField()
