"""Serializer fields that take a JSON type as what it is: `"100"` is no number, `5` no string, `true` neither."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gamify.errors import InvalidInput
from gamify.models.participants import EXTERNAL_ID_LENGTH_MAX as EXTERNAL_ID_LENGTH_MAX
from gamify.queries.filters import BOOLEANS
from tenants import zones

OBJECT_BYTES_MAX = 64 * 1024
BIGINT_MAX = 2**63 - 1

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}"
    r"(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_DIGITS = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def path_id(text: str, *, field: str) -> str:
    """The id of a participant, out of a path. Raises InvalidInput."""
    if len(text) > EXTERNAL_ID_LENGTH_MAX:
        raise InvalidInput(((field, f"Must be 1 to {EXTERNAL_ID_LENGTH_MAX} characters."),))
    if "\0" in text:
        raise InvalidInput(((field, "Must not contain NUL characters."),))
    return text


def instant(moment: datetime) -> str:
    """A moment as the documents write it: ISO 8601 in UTC, with a Z."""
    return moment.isoformat().replace("+00:00", "Z")


class StrictIntegerField(serializers.IntegerField):
    default_error_messages = {"invalid": "Must be an integer.", "too_large": "Must fit into 64 bits."}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        if abs(data) > BIGINT_MAX:
            self.fail("too_large")
        return data


class StrictBooleanField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class QueryIntegerField(serializers.IntegerField):
    """An integer of a query string: decimal digits and nothing else."""

    default_error_messages = {"invalid": "Must be an integer."}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _DIGITS.fullmatch(data):
            self.fail("invalid")
        return int(data)


@extend_schema_field({"type": "boolean"})
class QueryBooleanField(serializers.Field[bool, str, bool, Any]):
    """true or false in a query string."""

    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if data not in BOOLEANS:
            self.fail("invalid")
        return BOOLEANS[data]


class StrictCharField(serializers.CharField):
    """A string to the character: nothing is trimmed. NUL and lone surrogates are refused by the base class."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictChoiceField(serializers.ChoiceField):
    """One of some strings."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"Must be one of: {', '.join(map(str, self.choices))}.")
        return data


class TimeZoneField(StrictCharField):
    """A name of the IANA database."""

    default_error_messages = {"unknown": "Must be a time zone of the IANA database, such as Europe/Vienna."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in zones.names():
            self.fail("unknown")
        return name


class MultiplierField(serializers.DecimalField):
    """A JSON number from 1 to 1000, with at most four decimals."""

    default_error_messages = {"invalid": "Must be a number."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=8, decimal_places=4, min_value=Decimal(1), max_value=Decimal(1000), **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)

    def to_representation(self, value: Any) -> Any:
        return float(value)


class InstantField(serializers.DateTimeField):
    """A moment in ISO 8601; without an offset it is taken as UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
        moment = super().to_internal_value(value)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow", timezone=UTC)


@extend_schema_field({"type": "object", "additionalProperties": True})
class ObjectField(serializers.Field):  # type: ignore[type-arg]
    """A JSON object, stored and returned as it is."""

    default_error_messages = {
        "not_an_object": "Must be an object.",
        "too_large": f"Must not be larger than {OBJECT_BYTES_MAX} bytes of JSON.",
        "invalid_text": "Must not contain NUL characters or lone surrogates.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        text = json.dumps(data, ensure_ascii=False)
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            self.fail("invalid_text")
        if "\\u0000" in text and _holds_nul(data):
            self.fail("invalid_text")
        if size > OBJECT_BYTES_MAX:
            self.fail("too_large")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class AttributesField(ObjectField):
    """A JSON object of texts."""

    default_error_messages = {"not_text": "Must hold strings only."}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        attributes = super().to_internal_value(data)
        if not all(isinstance(value, str) for value in attributes.values()):
            self.fail("not_text")
        return attributes


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _holds_nul(child) for name, child in value.items())
    return isinstance(value, list) and any(_holds_nul(child) for child in value)
