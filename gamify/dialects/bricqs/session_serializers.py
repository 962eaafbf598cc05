"""Inputs and outputs of the Bricqs session and engagement endpoints, one each."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from engagements.origins import ORIGINS_MAX
from gamify.dialects.bricqs._base import PARTICIPANT_ID_LENGTH_MAX
from gamify.dialects.bricqs.serializers import JSON_INTEGER
from gamify.http.fields import InstantField, StrictCharField, StrictChoiceField, StrictIntegerField
from gamify.services.sessions import TTL_SECONDS_DEFAULT, TTL_SECONDS_MAX

LIMIT_MAX = 100


class SessionInput(serializers.Serializer[Any]):
    session_id = StrictCharField(max_length=255, help_text="What your server got when it opened the session.")
    engagement_id = StrictCharField(max_length=255)


class SessionPageInput(SessionInput):
    limit = StrictIntegerField(min_value=1, max_value=LIMIT_MAX, default=20, help_text=JSON_INTEGER)
    offset = StrictIntegerField(min_value=0, default=0, help_text=JSON_INTEGER)


class SessionBalanceOutput(serializers.Serializer[Any]):
    available_points = serializers.IntegerField(help_text="What can be spent.")
    total_points = serializers.IntegerField(help_text="Lifetime earnings: spending never lowers them.")
    currency_name = serializers.CharField()
    last_earned_at = serializers.CharField(allow_null=True)


class SessionTransactionOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    type = serializers.CharField(help_text="award, bonus, redemption or expiry.")
    amount = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)
    activity_id = serializers.CharField(required=False, help_text="Only where there is one.")
    created_at = serializers.CharField()


class SessionTransactionsOutput(serializers.Serializer[Any]):
    transactions = SessionTransactionOutput(many=True)
    total = serializers.IntegerField()
    has_more = serializers.BooleanField()


class StartSessionInput(serializers.Serializer[Any]):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX, help_text="Your participant identifier.")
    ttl_seconds = StrictIntegerField(
        min_value=1,
        max_value=TTL_SECONDS_MAX,
        required=False,
        allow_null=True,
        help_text=f"How long the session lives; {TTL_SECONDS_DEFAULT} without it. {JSON_INTEGER}",
    )


class StartedSessionOutput(serializers.Serializer[Any]):
    session_id = serializers.CharField(help_text="A secret, shown this once. For the participant's browser only.")
    engagement_id = serializers.CharField()
    participant_id = serializers.CharField(source="participant")
    expires_at = serializers.CharField()


class EngagementChangeInput(serializers.Serializer[Any]):
    name = StrictCharField(max_length=100, required=False)
    status = StrictChoiceField(["active", "ended"], required=False)
    starts_at = InstantField(required=False, allow_null=True)
    ends_at = InstantField(required=False, allow_null=True)
    points_system = StrictCharField(
        max_length=50, required=False, allow_null=True, help_text="Key of its own points system; null: the default one."
    )
    currency_name = StrictCharField(max_length=100, required=False, allow_blank=True)
    allowed_origins = serializers.ListField(
        child=StrictCharField(max_length=255),
        max_length=ORIGINS_MAX,
        required=False,
        help_text="Web pages that may ask for points in a session, such as https://play.example.com.",
    )


class EngagementInput(EngagementChangeInput):
    name = StrictCharField(max_length=100)


class EngagementOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    points_system = serializers.CharField(source="points_system.key", default=None, allow_null=True)
    currency_name = serializers.CharField()
    allowed_origins = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


# One object, although the action is called `list`.
@extend_schema_serializer(many=False)
class EngagementsOutput(serializers.Serializer[Any]):
    items = EngagementOutput(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
