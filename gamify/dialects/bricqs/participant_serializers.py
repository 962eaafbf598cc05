"""Inputs and outputs of the Bricqs participants endpoints."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gamify.dialects.bricqs._base import PARTICIPANT_ID_LENGTH_MAX
from gamify.dialects.bricqs.tier_serializers import HeldBadgeOutput, HeldTierOutput
from gamify.http.fields import ObjectField, StrictCharField, TimeZoneField


class ParticipantChangeInput(serializers.Serializer[Any]):
    display_name = StrictCharField(source="name", max_length=255, required=False, allow_null=True, allow_blank=True)
    avatar_url = StrictCharField(max_length=500, required=False, allow_null=True, allow_blank=True)
    attributes = ObjectField(
        required=False,
        allow_null=True,
        help_text="Your own, any JSON, at most 100 members. Replaces those of before entirely.",
    )
    email = StrictCharField(max_length=320, required=False, allow_null=True, help_text="An addition of ours.")
    time_zone = TimeZoneField(
        max_length=50,
        required=False,
        allow_null=True,
        help_text="Where the participant's days begin and end, such as Europe/Vienna; null: in UTC, but for the caps of"
        " reward rules, which then follow the tenant's zone. An addition of ours.",
    )


class ParticipantInput(ParticipantChangeInput):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX, help_text="Your participant identifier.")


class HoldingOutput(serializers.Serializer[Any]):
    balance = serializers.IntegerField()
    total_earned = serializers.IntegerField()
    total_spent = serializers.IntegerField()


@extend_schema_field({"type": "null"})
class NullField(serializers.ReadOnlyField):
    """Always null."""


class ParticipantOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    display_name = serializers.CharField(allow_null=True)
    avatar_url = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(allow_null=True)
    attributes = ObjectField()
    points = HoldingOutput(help_text="In the default points system.")
    tier = HeldTierOutput(allow_null=True)
    badges = HeldBadgeOutput(many=True, help_text="The oldest first.")
    streaks = NullField(help_text="Always null.")
    rewards_claimed = serializers.IntegerField(help_text="Always 0.")
    total_events = serializers.IntegerField(help_text="Always 0.")
    is_active = serializers.BooleanField(help_text="Always true.")
    created_at = serializers.CharField()
    updated_at = serializers.CharField()
