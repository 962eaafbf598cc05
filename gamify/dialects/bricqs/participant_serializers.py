"""Inputs and outputs of the Bricqs participants endpoints."""

from typing import Any

from rest_framework import serializers

from gamify.dialects.bricqs._base import PARTICIPANT_ID_LENGTH_MAX
from gamify.http.fields import AttributesField, StrictCharField, TimeZoneField


class ParticipantChangeInput(serializers.Serializer[Any]):
    name = StrictCharField(max_length=255, required=False, allow_null=True)
    email = StrictCharField(max_length=320, required=False, allow_null=True)
    time_zone = TimeZoneField(
        max_length=50,
        required=False,
        allow_null=True,
        help_text="Where the participant's days begin and end, such as Europe/Vienna; null: in the tenant's zone.",
    )
    attributes = AttributesField(
        required=False, allow_null=True, help_text="Your own, as strings. Replaces those of before entirely."
    )


class ParticipantInput(ParticipantChangeInput):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX, help_text="Your participant identifier.")


class ParticipantOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(allow_null=True)
    attributes = AttributesField()
    created_at = serializers.CharField()
    updated_at = serializers.CharField()
