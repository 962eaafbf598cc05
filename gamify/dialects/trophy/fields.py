"""Fields of the Trophy endpoints: numbers that may be fractions, days, moments."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Decimals that are kept of a number; there are none of any more in what people count.
DECIMALS = 20


@extend_schema_field({"type": "number"})
class NumberField(serializers.Field):  # type: ignore[type-arg]
    """A JSON number, as it was written; `"5"` is none, nor is `true`. Rendered as an integer where it is one."""

    default_error_messages = {"invalid": "Must be a number.", "too_large": "Must be from -{most} to {most}."}

    def __init__(self, *, most: int = 10**15, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if type(data) not in (int, float):
            self.fail("invalid")
        if abs(data) > self.most:
            self.fail("too_large", most=self.most)
        # The shortest text that means this float is what was written.
        value = Decimal(repr(data))
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        return round(value, DECIMALS) if exponent < -DECIMALS else value

    def to_representation(self, value: Any) -> int | float:
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else float(number)


class DayField(serializers.DateField):
    """YYYY-MM-DD and nothing else."""

    default_error_messages = {"invalid": "Must be a date: YYYY-MM-DD.", "range": "Must be from {first} to {last}."}

    def __init__(self, *, first: date = date.min, last: date = date.max, **kwargs: Any) -> None:
        self.first, self.last = first, last
        super().__init__(**kwargs)

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid")
        day = super().to_internal_value(value)
        if not self.first <= day <= self.last:
            self.fail("range", first=self.first, last=self.last)
        return day


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(serializers.Field):  # type: ignore[type-arg]
    """ISO 8601 in UTC, with a Z; out of a datetime, or of the text that answers keep."""

    def to_representation(self, value: datetime | str) -> str:
        text = value if isinstance(value, str) else value.isoformat()
        return text.replace("+00:00", "Z")
