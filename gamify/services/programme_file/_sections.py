"""The sections of a programme file, in the order in which they are applied."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model

from engagements.models import Engagement
from engagements.origins import parse_origins
from gamify.errors import DomainError, InvalidInput
from gamify.models import Badge, PointsSystem, RewardRule, Tier
from gamify.services.definitions import (
    save_badge,
    save_engagement,
    save_points_system,
    save_reward_rule,
    save_tier,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of definition: which fields of it are in the file, and by which one an item is recognised."""

    name: str
    # How a sentence calls one of them.
    noun: str
    model: type[Any]
    identity: str
    fields: tuple[str, ...]
    save: Callable[[Any], Any]
    # Fields that refer to another definition of the tenant: its model, and the field by which the file calls it.
    references: Mapping[str, tuple[type[Any], str]] = field(default_factory=dict)
    # Fields that can be spelt in several ways, and what makes one of them all; it raises ValueError.
    spelling: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    # A field that is unique within a tenant and may be exchanged between two of its items.
    exchangeable: str | None = None

    def export(self, tenant_id: UUID) -> list[dict[str, Any]]:
        rows = self.model.objects.filter(tenant_id=tenant_id).order_by(self.identity)
        return [{name: self._to_json(row, name) for name in (self.identity, *self.fields)} for row in rows]

    def apply(self, tenant_id: UUID, items: Sequence[dict[str, Any]]) -> list[str]:
        """Raises InvalidInput with paths into the file."""
        rows = {getattr(row, self.identity): row for row in self.model.objects.filter(tenant_id=tenant_id)}
        self._refuse_repeated(items)
        self._make_room(tenant_id, rows, items)
        changes = []
        for index, item in enumerate(items):
            row = rows.get(item[self.identity])
            new = row is None
            row = row or self.model(tenant_id=tenant_id, **{self.identity: item[self.identity]})
            try:
                differences = self._change(row, item)
                if not new and not differences:
                    continue
                self.save(row)
            except DomainError as error:
                raise self._located(error, index) from error
            what = "made" if new else ", ".join(differences)
            changes.append(f"{self.noun} {item[self.identity]}: {what}.")
        return changes

    def _change(self, row: Model, item: dict[str, Any]) -> list[str]:
        """Set the fields that the item names, and say which of them that changed. Raises InvalidInput."""
        differences = []
        for name in self.fields:
            if name in item:
                before = self._to_json(row, name)
                setattr(row, name, self._from_json(row, name, item[name]))
                after = self._to_json(row, name)
                if not _same(before, after):
                    differences.append(f"{name} {before!r} → {after!r}")
        return differences

    def _to_json(self, row: Model, name: str) -> Any:
        value = getattr(row, name)
        if name in self.references:
            return value and getattr(value, self.references[name][1])
        if isinstance(value, datetime):
            return value.isoformat()
        return float(value) if isinstance(value, Decimal) else value

    def _from_json(self, row: Any, name: str, value: Any) -> Any:
        # As the database would give it back.
        if name in self.references and value is not None:
            model, identity = self.references[name]
            found = model.objects.filter(tenant_id=row.tenant_id, **{identity: value}).first()
            if found is None:
                raise InvalidInput(((name, f"There is no {value!r}."),))
            return found
        column: Any = row._meta.get_field(name)
        try:
            kept = column.to_python(str(value) if isinstance(value, float) else value)
            return kept if kept is None or name not in self.spelling else self.spelling[name](kept)
        except ValidationError as error:
            raise InvalidInput(((name, " ".join(error.messages)),)) from error
        except ValueError as error:
            raise InvalidInput(((name, str(error)),)) from error

    def _refuse_repeated(self, items: Sequence[dict[str, Any]]) -> None:
        seen: set[str] = set()
        for index, item in enumerate(items):
            if item[self.identity] in seen:
                raise InvalidInput(((f"{self.name}[{index}].{self.identity}", "Stands there twice."),))
            seen.add(item[self.identity])

    def _make_room(self, tenant_id: UUID, rows: dict[str, Any], items: Sequence[dict[str, Any]]) -> None:
        # Two items that exchange their levels would meet half-way; those that move step aside first.
        if self.exchangeable is None:
            return
        for index, item in enumerate(items):
            row = rows.get(item[self.identity])
            if row and self.exchangeable in item and getattr(row, self.exchangeable) != item[self.exchangeable]:
                self.model.objects.filter(pk=row.pk).update(**{self.exchangeable: 2**31 - 1 - index})

    def _located(self, error: DomainError, index: int) -> InvalidInput:
        if isinstance(error, InvalidInput):
            return InvalidInput(tuple((f"{self.name}[{index}].{path}", message) for path, message in error.errors))
        facts = ", ".join(f"{name} {value}" for name, value in vars(error).items())
        return InvalidInput(((f"{self.name}[{index}]", f"{type(error).__name__}: {facts}."),))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("Is out of range.") from error


def _same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON; in Python, true is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


ALL = (
    Section(
        "points_systems",
        "points system",
        PointsSystem,
        "key",
        (
            "name",
            "description",
            "badge_url",
            "burn_order",
            "expiry_policy",
            "expiry_periods",
            "notice_days",
            "max_points",
        ),
        save_points_system,
    ),
    Section(
        "badges",
        "badge",
        Badge,
        "code",
        ("name", "description", "icon_url", "criteria_type", "criteria_config", "is_active"),
        save_badge,
    ),
    Section(
        "tiers",
        "tier",
        Tier,
        "code",
        (
            "name",
            "description",
            "level",
            "criteria_type",
            "criteria_config",
            "benefits",
            "point_multiplier",
            "icon_url",
            "color",
            "badge_url",
            "is_active",
            "award_type",
        ),
        save_tier,
        exchangeable="level",
    ),
    Section(
        "reward_rules",
        "reward rule",
        RewardRule,
        "event_type",
        (
            "name",
            "description",
            "points",
            "points_system",
            "starts_at",
            "ends_at",
            "cap_count",
            "cap_period",
            "is_active",
        ),
        save_reward_rule,
        references={"points_system": (PointsSystem, "key")},
    ),
    Section(
        "engagements",
        "engagement",
        Engagement,
        "name",
        ("status", "starts_at", "ends_at", "points_system", "currency_name", "allowed_origins"),
        save_engagement,
        references={"points_system": (PointsSystem, "key")},
        spelling={"starts_at": _in_utc, "ends_at": _in_utc, "allowed_origins": parse_origins},
    ),
)
