"""Inputs and outputs of the Bricqs tier, badge and fact endpoints, one each."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from gamify.dialects.bricqs._base import PARTICIPANT_ID_LENGTH_MAX
from gamify.dialects.bricqs.serializers import JSON_INTEGER
from gamify.http.fields import (
    MultiplierField,
    ObjectField,
    QueryIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from gamify.services.definitions import LEVEL_MAX

FACTS_PER_PAGE_MAX = 1000


class AssignInput(serializers.Serializer[Any]):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX)
    tier_code = StrictCharField(max_length=50, help_text="Code of an active tier.")
    reason = StrictCharField(max_length=500, required=False, allow_null=True, allow_blank=True)
    idempotency_key = StrictCharField(
        max_length=255, required=False, allow_null=True, help_text="Legacy. Prefer the Idempotency-Key header."
    )


class ReleaseInput(serializers.Serializer[Any]):
    participant_id = StrictCharField(max_length=PARTICIPANT_ID_LENGTH_MAX)
    reason = StrictCharField(max_length=500, required=False, allow_null=True, allow_blank=True)
    idempotency_key = StrictCharField(max_length=255, required=False, allow_null=True)


class PlacementOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField(source="participant")
    tier_code = serializers.CharField(allow_null=True)
    tier_name = serializers.CharField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    previous_tier_code = serializers.CharField(allow_null=True)


class NextTierOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    points_required = serializers.IntegerField(allow_null=True)
    points_remaining = serializers.IntegerField(allow_null=True)


class HeldTierOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    level = serializers.IntegerField()
    color = serializers.CharField(allow_null=True)
    achieved_at = serializers.CharField(allow_null=True)
    next_tier = NextTierOutput(allow_null=True)


class PastTierOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    achieved_at = serializers.CharField()


class TierStateOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    current_tier = HeldTierOutput(allow_null=True)
    next_tier = NextTierOutput(allow_null=True)
    tier_history = PastTierOutput(many=True)


class HeldBadgeOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    icon_url = serializers.CharField(allow_null=True)
    unlocked_at = serializers.CharField()


class BadgesOutput(serializers.Serializer[Any]):
    participant_id = serializers.CharField()
    badges = HeldBadgeOutput(many=True)


class TierFields(serializers.Serializer[Any]):
    """What a tier is made of, all of it optional."""

    name = StrictCharField(max_length=100, required=False)
    description = StrictCharField(max_length=5000, required=False, allow_null=True, allow_blank=True)
    level = StrictIntegerField(min_value=1, max_value=LEVEL_MAX, required=False, help_text=JSON_INTEGER)
    criteria_type = StrictCharField(max_length=50, required=False)
    criteria_config = ObjectField(
        required=False,
        help_text="What `criteria_type` asks for. An automatic `points` tier without `min_points` is never picked by"
        " the evaluator.",
    )
    benefits = ObjectField(required=False)
    point_multiplier = MultiplierField(required=False, allow_null=True)
    icon_url = StrictCharField(max_length=2000, required=False, allow_null=True, allow_blank=True)
    color = StrictCharField(max_length=20, required=False, allow_null=True, allow_blank=True)
    badge_url = StrictCharField(max_length=2000, required=False, allow_null=True, allow_blank=True)
    award_type = StrictCharField(max_length=10, required=False)


class TierChangeInput(TierFields):
    """A partial update: only what is given is changed. The code never is."""

    is_active = StrictBooleanField(required=False)

    # The document types them Optional, but a tier is never without: null changes them no more than leaving them out.
    NEVER_NULL = ("name", "level", "criteria_type", "criteria_config", "benefits", "award_type", "is_active")

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for name in self.NEVER_NULL:
            fields[name].allow_null = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attrs.items() if value is not None or name not in self.NEVER_NULL}


class TierInput(TierFields):
    code = StrictCharField(max_length=50)
    name = StrictCharField(max_length=100)
    level = StrictIntegerField(min_value=1, max_value=LEVEL_MAX, help_text=JSON_INTEGER)


class PreviewInput(TierChangeInput):
    """A change of the tier `tier_id`, or, without one, a new tier."""

    tier_id = serializers.UUIDField(required=False, allow_null=True)
    code = StrictCharField(max_length=50, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs.get("tier_id") is None and "level" not in attrs:
            raise serializers.ValidationError({"level": "A new tier needs a level."})
        return attrs


class TierOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    tenant_id = serializers.UUIDField()
    engagement_id = serializers.SerializerMethodField()
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    level = serializers.IntegerField()
    criteria_type = serializers.CharField()
    criteria_config = ObjectField()
    benefits = ObjectField()
    point_multiplier = MultiplierField(allow_null=True)
    icon_url = serializers.CharField(allow_null=True)
    color = serializers.CharField(allow_null=True)
    badge_url = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    award_type = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_engagement_id(self, tier: Any) -> str | None:
        """Tiers of this endpoint are global."""
        return None


# One object, although the action is called `list`.
@extend_schema_serializer(many=False)
class TierListOutput(serializers.Serializer[Any]):
    items = TierOutput(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()


class MoveOutput(serializers.Serializer[Any]):
    to = serializers.CharField(allow_null=True)
    participants = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language.
        return {"from": serializers.CharField(allow_null=True), **super().get_fields()}


class PreviewOutput(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    moves = MoveOutput(many=True)


class FactsInput(serializers.Serializer[Any]):
    after = StrictCharField(required=False, max_length=100, help_text="A position; the answer begins behind it.")
    limit = QueryIntegerField(min_value=1, max_value=FACTS_PER_PAGE_MAX, default=100)


class FactOutput(serializers.Serializer[Any]):
    position = serializers.CharField()
    id = serializers.UUIDField()
    type = serializers.CharField()
    created_at = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        # `data` is an attribute of every serializer.
        return {**super().get_fields(), "data": ObjectField()}


# One object, although the action is called `list`.
@extend_schema_serializer(many=False)
class FactsOutput(serializers.Serializer[Any]):
    facts = FactOutput(many=True)
    next = serializers.CharField(allow_null=True)
    has_more = serializers.BooleanField()


class MessageOutput(serializers.Serializer[Any]):
    message = serializers.CharField()
