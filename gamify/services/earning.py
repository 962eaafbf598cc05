"""Change what earns points by itself: metrics, triggers, levels, boosts. Like all rules: see `definitions`."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from gamify.errors import InvalidInput
from gamify.models import Boost, Level, Metric, Trigger, TriggerType
from gamify.models.boosts import MULTIPLIER_DECIMALS
from gamify.services.definitions import save_and_move_on

LEVEL_POINTS_MAX = 10**15
ATTRIBUTES_MAX = 20
MULTIPLIER_LIMIT = 100

# What a trigger of each type must say, beside what it may; whatever is not here is of other types.
_REQUIRED = {
    TriggerType.METRIC: ("metric", "threshold"),
    TriggerType.ACHIEVEMENT: ("badge",),
    TriggerType.STREAK: ("streak_length",),
    TriggerType.TIME: ("time_unit", "time_interval"),
    TriggerType.USER_CREATION: (),
}
_OPTIONAL = {TriggerType.METRIC: ("event_attributes",), TriggerType.STREAK: ("streak_frequency",)}
_OF_SOME_TYPE = (*(name for names in _REQUIRED.values() for name in names), "event_attributes", "streak_frequency")


def save_metric(metric: Metric) -> Metric:
    """Create or change a metric. Raises InvalidInput."""
    _check_fields(metric)
    return save_and_move_on(metric, metric_key_unique=_taken("metric"))


def save_trigger(trigger: Trigger) -> Trigger:
    """Create or change a trigger. Raises InvalidInput."""
    _check_fields(trigger)
    type = TriggerType(trigger.type)
    for name in _REQUIRED[type]:
        if getattr(trigger, name) is None:
            raise InvalidInput(((name, f"A trigger of the type {type} needs it."),))
    for name in _OF_SOME_TYPE:
        if getattr(trigger, name) and name not in (*_REQUIRED[type], *_OPTIONAL.get(type, ())):
            raise InvalidInput(((name, f"A trigger of the type {type} has none."),))
    for name in ("user_attributes", "event_attributes"):
        check_attributes(name, getattr(trigger, name))
    for name in ("points_system", "metric", "badge"):
        _check_tenant(trigger, name)
    before = Trigger.objects.filter(pk=trigger.pk).first()
    if before and _pays_for_other_time(before, trigger):
        trigger.active_since = timezone.now()
    return save_and_move_on(trigger)


def _pays_for_other_time(before: Trigger, after: Trigger) -> bool:
    """Whether the time that passed so far was time in which it paid nothing, or by other intervals. What an interval is
    worth, and to whom, is what holds when it is paid."""
    if after.is_active and not before.is_active:
        return True
    return any(getattr(before, name) != getattr(after, name) for name in ("type", "time_unit", "time_interval"))


def save_level(level: Level) -> Level:
    """Create or change a level. Raises InvalidInput."""
    _check_fields(level)
    if not 0 <= level.points <= LEVEL_POINTS_MAX:
        raise InvalidInput((("points", f"Must be from 0 to {LEVEL_POINTS_MAX}."),))
    _check_tenant(level, "points_system")
    return save_and_move_on(level, level_key_unique=_taken("level of this points system"))


def save_boost(boost: Boost) -> Boost:
    """Create or change a boost for everybody. Raises InvalidInput."""
    _check_fields(boost)
    check_terms(boost)
    _check_tenant(boost, "points_system")
    return save_and_move_on(boost)


def check_terms(boost: Any) -> None:
    """What holds for global and for personal boosts. Raises InvalidInput."""
    if not 0 < boost.multiplier < MULTIPLIER_LIMIT or boost.multiplier == Decimal(1):
        raise InvalidInput((("multiplier", f"Must be greater than 0, less than {MULTIPLIER_LIMIT}, and not 1."),))
    if boost.multiplier != round(boost.multiplier, MULTIPLIER_DECIMALS):
        raise InvalidInput((("multiplier", f"Must have at most {MULTIPLIER_DECIMALS} decimals."),))
    if boost.end is not None and boost.end < boost.start:
        raise InvalidInput((("end", "Must not be before start."),))


def check_attributes(name: str, attributes: Any) -> None:
    """Raises InvalidInput where it is not a small mapping of text to text."""
    is_one = isinstance(attributes, dict) and all(isinstance(value, str) for value in attributes.values())
    if not is_one or len(attributes) > ATTRIBUTES_MAX:
        raise InvalidInput(((name, f"Must be an object of up to {ATTRIBUTES_MAX} texts."),))


def _taken(what: str) -> InvalidInput:
    return InvalidInput((("key", f"Another {what} already has this key."),))


def _check_fields(definition: models.Model) -> None:
    """What the database would refuse in another way, or round. Raises InvalidInput."""
    foreign = [field.name for field in definition._meta.concrete_fields if field.is_relation]
    try:
        definition.clean_fields(exclude=foreign)
    except ValidationError as error:
        raise InvalidInput(
            tuple((name, " ".join(messages)) for name, messages in error.message_dict.items())
        ) from error


def _check_tenant(definition: Any, name: str) -> None:
    other = getattr(definition, name)
    if other is not None and other.tenant_id != definition.tenant_id:
        raise InvalidInput(((name, "There is no such thing here."),))
