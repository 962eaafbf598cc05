"""Reading request bodies: strictly, so that what is stored is what was sent."""

import json
import math
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

# Deeper than any sensible payload, and well inside what the interpreter's stack takes.
NESTING_MAX = 100


class StrictJSONParser(BaseParser):  # type: ignore[misc, unused-ignore]
    """JSON as RFC 8259 has it: UTF-8, no NaN, no repeated member names, no nesting without end."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        request: Request = (parser_context or {})["request"]
        # `body` refuses what is over DATA_UPLOAD_MAX_MEMORY_SIZE before it reads it.
        raw = request._request.body
        try:
            value = json.loads(
                raw.decode(),
                parse_float=_finite_float,
                parse_constant=_refuse_constant,
                object_pairs_hook=_object_of_distinct_names,
            )
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {_reason(error)}.") from error
        if _depth_exceeds(value, NESTING_MAX):
            raise ParseError(f"The body is nested more than {NESTING_MAX} levels deep.")
        return value


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _object_of_distinct_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member name is repeated within one object")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error)


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
