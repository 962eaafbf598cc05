"""Inputs of the Trophy endpoints, one each. What is not known is ignored, as newer clients may send more."""

# ruff: noqa: N815 - names are as the wire has them

from datetime import date
from typing import Any

from rest_framework import serializers

from gamify.dialects.trophy.fields import DayField, NumberField
from gamify.http.fields import (
    EXTERNAL_ID_LENGTH_MAX,
    AttributesField,
    QueryBooleanField,
    QueryIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    TimeZoneField,
)
from gamify.services.boosts import BOOSTS_MAX

SYSTEM_BOOSTS_MAX = 100
IDS_MAX = 100
DEVICE_TOKENS_MAX = 100
SKIP_MAX = 1_000_000


# Days that have neighbours, in every calendar.
_BOUNDS: dict[str, Any] = {"first": date(1900, 1, 1), "last": date(2999, 12, 31)}


class UserChangeInput(serializers.Serializer[Any]):
    email = StrictCharField(max_length=320, required=False, allow_null=True)
    name = StrictCharField(max_length=255, required=False, allow_null=True)
    tz = TimeZoneField(source="time_zone", required=False, allow_null=True, help_text="Where the user's days begin.")
    deviceTokens = serializers.ListField(
        source="device_tokens",
        child=StrictCharField(max_length=500),
        max_length=DEVICE_TOKENS_MAX,
        required=False,
        allow_null=True,
    )
    subscribeToEmails = StrictBooleanField(
        source="subscribe_to_emails", required=False, allow_null=True, help_text="Kept; nothing is sent from here."
    )
    attributes = AttributesField(required=False, allow_null=True, help_text="Added to those that are there.")


class UserInput(UserChangeInput):
    id = StrictCharField(max_length=EXTERNAL_ID_LENGTH_MAX, help_text="The user's id in your database.")


class MetricEventInput(serializers.Serializer[Any]):
    user = UserInput(help_text="Who did it; made, or changed, along the way.")
    value = NumberField(help_text="What is added to the user's total; fractions and negative numbers too.")
    attributes = AttributesField(required=False, allow_null=True, help_text="What triggers may ask for.")


class AwardsInput(serializers.Serializer[Any]):
    awards = QueryIntegerField(min_value=1, max_value=100, default=10, help_text="How many of the last awards.")


class SummaryInput(serializers.Serializer[Any]):
    aggregation = StrictChoiceField(["daily", "weekly", "monthly"])
    startDate = DayField(help_text="The first day, in the user's time zone.", **_BOUNDS)
    endDate = DayField(help_text="The last day; at most 400 days after the first.", **_BOUNDS)


class BoostsInput(serializers.Serializer[Any]):
    includeFinished = QueryBooleanField(default=False)


class RangesInput(serializers.Serializer[Any]):
    userAttributes = StrictCharField(
        required=False,
        max_length=2_000,
        allow_blank=True,
        help_text="Only users who have all of these: `plan:pro,region:eu`.",
    )


class SkipInput(serializers.Serializer[Any]):
    limit = QueryIntegerField(min_value=1, max_value=100, default=10)
    skip = QueryIntegerField(min_value=0, max_value=SKIP_MAX, default=0)


class BoostInput(serializers.Serializer[Any]):
    """Without `userId`, of a single points system, it is everybody's."""

    userId = StrictCharField(source="participant", max_length=EXTERNAL_ID_LENGTH_MAX, required=False, allow_null=True)
    name = StrictCharField(max_length=255)
    start = DayField(help_text="The first day, in each user's time zone.")
    end = DayField(required=False, allow_null=True, help_text="The last day. null: there is none.")
    multiplier = NumberField(help_text="Greater than 0, less than 100, not 1; at most six decimals.")
    rounding = StrictChoiceField(["down", "up", "nearest"], required=False, allow_null=True)


class UserBoostInput(BoostInput):
    userId = StrictCharField(source="participant", max_length=EXTERNAL_ID_LENGTH_MAX)


class BoostsForUsersInput(serializers.Serializer[Any]):
    systemKey = StrictCharField(max_length=100)
    # The boosts are read one by one, so that a bad one fails alone.
    boosts = serializers.ListField(max_length=BOOSTS_MAX)
