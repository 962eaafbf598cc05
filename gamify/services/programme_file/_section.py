"""How a section of a programme file is exported and applied: rows of one model, recognised by some fields."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model

from gamify.errors import (
    BadgeCodeConflict,
    DomainError,
    EngagementNameConflict,
    InvalidInput,
    RewardRuleConflict,
    TierCodeConflict,
    TierLevelConflict,
)

# Of the refusals of `save`, those that say of a field that another definition has the same.
_TAKEN: Mapping[type[DomainError], str] = {
    TierCodeConflict: "code",
    TierLevelConflict: "level",
    BadgeCodeConflict: "code",
    RewardRuleConflict: "event_type",
    EngagementNameConflict: "name",
}


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
    # Further fields by which an item is recognised, where one is not enough. What it leaves out is as in a new row.
    also_by: tuple[str, ...] = ()

    def export(self, tenant_id: UUID) -> list[dict[str, Any]]:
        names = (self.identity, *self.also_by, *self.fields)
        return [{name: self._to_json(row, name) for name in names} for row in self._rows(tenant_id).values()]

    def apply(self, tenant_id: UUID, items: Sequence[dict[str, Any]]) -> list[str]:
        """Raises InvalidInput with paths into the file."""
        rows = self._rows(tenant_id)
        self._refuse_repeated(items)
        self._make_room(tenant_id, rows, items)
        changes = []
        for index, item in enumerate(items):
            row = rows.get(self._key_of_item(item))
            new = row is None
            try:
                row = row or self._new(tenant_id, item)
                differences = self._change(row, item)
                if not new and not differences:
                    continue
                self.save(row)
            except DomainError as error:
                raise self._located(error, index) from error
            what = "made" if new else ", ".join(differences)
            changes.append(f"{self.noun} {self._called(item)}: {what}.")
        return changes

    def _rows(self, tenant_id: UUID) -> dict[str, Any]:
        """The tenant's, by what an item is recognised by. Of several alike, such as a boost that was ended and made
        again, the newest that counts."""
        order = ("pk",) if self.also_by else (self.identity,)
        found: dict[str, Any] = {}
        for row in self.model.objects.filter(tenant_id=tenant_id).select_related(*self.references).order_by(*order):
            key = self._key_of_row(row)
            if key not in found or row.is_active:
                found[key] = row
        return found

    def _new(self, tenant_id: UUID, item: dict[str, Any]) -> Any:
        """Raises InvalidInput."""
        row = self.model(tenant_id=tenant_id)
        for name in (self.identity, *self.also_by):
            if name in item:
                setattr(row, name, self._from_json(row, name, item[name]))
        return row

    def _key_of_row(self, row: Any) -> str:
        return _key([self._to_json(row, name) for name in (self.identity, *self.also_by)])

    def _key_of_item(self, item: dict[str, Any]) -> str:
        fresh = self.model()
        return _key([item[name] if name in item else getattr(fresh, name) for name in (self.identity, *self.also_by)])

    def _called(self, item: dict[str, Any]) -> str:
        """How a sentence calls an item."""
        return " ".join(str(item[name]) for name in (self.identity, *self.also_by) if item.get(name))

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
        if isinstance(value, date):
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
        try:
            column: Any = row._meta.get_field(name)
        except FieldDoesNotExist:
            # A property, such as is_active where there are more than two states.
            return value
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
            key = self._key_of_item(item)
            if key in seen:
                raise InvalidInput(((f"{self.name}[{index}].{self.identity}", "Stands there twice."),))
            seen.add(key)

    def _make_room(self, tenant_id: UUID, rows: dict[str, Any], items: Sequence[dict[str, Any]]) -> None:
        # Two items that exchange their levels would meet half-way; those that move step aside first.
        if self.exchangeable is None:
            return
        for index, item in enumerate(items):
            row = rows.get(self._key_of_item(item))
            if row and self.exchangeable in item and getattr(row, self.exchangeable) != item[self.exchangeable]:
                self.model.objects.filter(pk=row.pk).update(**{self.exchangeable: 2**31 - 1 - index})

    def _located(self, error: DomainError, index: int) -> InvalidInput:
        if isinstance(error, InvalidInput):
            return InvalidInput(tuple((f"{self.name}[{index}].{path}", message) for path, message in error.errors))
        return InvalidInput(((f"{self.name}[{index}].{_TAKEN[type(error)]}", "Another one already has this."),))


def _key(values: list[Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON; in Python, true is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
