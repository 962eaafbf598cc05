"""Outputs of the Trophy endpoints: what the published clients require, to the letter of their models."""

from typing import Any, ClassVar

from rest_framework import serializers

from gamify.dialects.trophy.fields import MomentField, NumberField
from gamify.http.fields import AttributesField

# ruff: noqa: N815 - names are as the wire has them


class Sparse(serializers.Serializer[Any]):
    """Leaves out those of its `optional` members that are null."""

    optional: ClassVar[frozenset[str]] = frozenset()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {name: value for name, value in shown.items() if value is not None or name not in self.optional}


class PairOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    value = serializers.CharField()


class PairsField(serializers.ListField):
    """Texts by key, as a list of pairs."""

    child = PairOutput()

    def to_representation(self, value: Any) -> list[Any]:
        return [{"key": key, "value": text} for key, text in dict(value).items()]


class TriggerOutput(Sparse):
    """Members beside these depend on the type."""

    id = serializers.CharField()
    type = serializers.CharField()
    points = serializers.IntegerField()
    status = serializers.CharField()
    metricId = serializers.CharField(source="metric_id", required=False)
    metricName = serializers.CharField(source="metric_name", required=False)
    metricThreshold = serializers.IntegerField(source="threshold", required=False)
    achievementId = serializers.CharField(source="badge_id", required=False)
    achievementName = serializers.CharField(source="badge_name", required=False)
    streakLengthThreshold = serializers.IntegerField(source="streak_length", required=False)
    timeUnit = serializers.CharField(source="time_unit", required=False)
    timeInterval = serializers.IntegerField(source="time_interval", required=False)
    userAttributes = PairsField(source="user_attributes")
    eventAttributes = PairsField(source="event_attributes", required=False)
    created = MomentField(source="created_at")
    updated = MomentField(source="updated_at")

    optional = frozenset(
        (
            "metricId",
            "metricName",
            "metricThreshold",
            "achievementId",
            "achievementName",
            "streakLengthThreshold",
            "timeUnit",
            "timeInterval",
        )
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if shown["type"] != "metric":
            del shown["eventAttributes"]
        return shown


class BoostOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField(help_text="active, scheduled or finished.")
    start = serializers.CharField()
    end = serializers.CharField(allow_null=True)
    multiplier = NumberField()
    rounding = serializers.CharField()


class LevelOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    badgeUrl = serializers.CharField(source="badge_url", allow_null=True)
    points = serializers.IntegerField()


class AwardOutput(Sparse):
    id = serializers.CharField()
    awarded = serializers.IntegerField()
    date = MomentField()
    total = serializers.IntegerField(help_text="The user's points after it.")
    trigger = TriggerOutput(required=False, help_text="Not of awards that were asked for, in another dialect.")
    boosts = BoostOutput(many=True)

    optional = frozenset(("trigger",))


class SystemOutput(Sparse):
    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    badgeUrl = serializers.CharField(source="badge_url", allow_null=True)
    maxPoints = serializers.IntegerField(source="max_points", allow_null=True)


class UserPointsOutput(SystemOutput):
    total = serializers.IntegerField()
    level = LevelOutput(allow_null=True)
    awards = AwardOutput(many=True, help_text="The newest first.")


class EventPointsOutput(SystemOutput):
    total = serializers.IntegerField()
    added = serializers.IntegerField()
    level = LevelOutput(required=False, help_text="Only where the event changed it.")
    awards = AwardOutput(many=True)

    optional = frozenset(("level",))


class AchievementOutput(serializers.Serializer[Any]):
    """A badge. `trigger` is always `api`: its criteria are ours."""

    id = serializers.CharField()
    key = serializers.CharField(source="code")
    name = serializers.CharField()
    trigger = serializers.CharField(default="api", read_only=True)
    description = serializers.CharField(allow_null=True)
    badgeUrl = serializers.CharField(source="icon_url", allow_null=True)
    userAttributes = PairsField(default=[], read_only=True)
    achievedAt = MomentField(source="achieved_at")


class StreakOutput(serializers.Serializer[Any]):
    length = serializers.IntegerField()
    frequency = serializers.CharField()
    extended = serializers.BooleanField()
    started = serializers.CharField(allow_null=True)
    periodStart = serializers.CharField(source="period_start")
    periodEnd = serializers.CharField(source="period_end")
    expires = serializers.CharField(allow_null=True)


class MetricEventOutput(serializers.Serializer[Any]):
    eventId = serializers.CharField(source="event_id")
    metricId = serializers.CharField(source="metric_id")
    total = NumberField(help_text="The user's new total of the metric.")
    achievements = AchievementOutput(many=True)
    currentStreak = StreakOutput(source="streak")
    points = serializers.DictField(child=EventPointsOutput(), help_text="By the key of the points system.")


class MetricEventReplyOutput(MetricEventOutput):
    """With what is about the call, not about the event."""

    leaderboards = serializers.DictField(help_text="Always empty.")
    idempotencyKey = serializers.CharField(required=False)
    idempotentReplayed = serializers.BooleanField(required=False)


class UserOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    tz = serializers.CharField(source="time_zone", allow_null=True)
    subscribeToEmails = serializers.BooleanField(source="subscribe_to_emails")
    attributes = AttributesField()
    control = serializers.BooleanField(default=False, read_only=True)
    deviceTokens = serializers.ListField(source="device_tokens", child=serializers.CharField())
    created = MomentField(source="created_at")
    updated = MomentField(source="updated_at")


class StepOutput(serializers.Serializer[Any]):
    date = serializers.DateField(help_text="The first day of the period.")
    total = serializers.IntegerField()
    change = serializers.IntegerField()


class SystemWithTriggersOutput(SystemOutput):
    triggers = TriggerOutput(many=True)


class AtLevelOutput(serializers.Serializer[Any]):
    level = LevelOutput()
    users = serializers.IntegerField()


class RangeOutput(serializers.Serializer[Any]):
    to = serializers.IntegerField(source="end")
    users = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        # "from" is no name in Python.
        return {"from": serializers.IntegerField(source="start"), **super().get_fields()}


class OwnedBoostOutput(BoostOutput):
    userId = serializers.CharField(source="participant", allow_null=True)


class IssueOutput(serializers.Serializer[Any]):
    """What is wrong with one item, in the words of old clients (level, reason) and of new ones."""

    userId = serializers.CharField(allow_null=True)
    level = serializers.CharField()
    reason = serializers.CharField()
    severity = serializers.CharField()
    message = serializers.CharField()
    index = serializers.IntegerField()


class EndIssueOutput(IssueOutput):
    id = serializers.CharField()
    boostId = serializers.CharField()


class BoostsMadeOutput(serializers.Serializer[Any]):
    created = OwnedBoostOutput(many=True)
    issues = IssueOutput(many=True)


class IdOutput(serializers.Serializer[Any]):
    id = serializers.CharField()


class BoostsEndedOutput(serializers.Serializer[Any]):
    deleted = IdOutput(many=True)
    archivedCount = serializers.IntegerField()
    issues = EndIssueOutput(many=True)


class BadgeOutput(serializers.Serializer[Any]):
    url = serializers.CharField()


class AdminSystemOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    status = serializers.CharField(help_text="Always active.")
    badge = BadgeOutput(allow_null=True)
    maxPoints = serializers.IntegerField(allow_null=True)


class ErrorOutput(serializers.Serializer[Any]):
    error = serializers.CharField(help_text="A sentence that says what is wrong and what to do.")
