"""Attributes of participants: any JSON by name, and their texts, which are all that rules and some callers know."""

import json
from collections.abc import Mapping
from typing import Any


def as_text(value: Any) -> str:
    """An attribute as text: one that is none, as its JSON. summaries.py says the same in SQL."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in attributes.items()}


def matches(wanted: Mapping[str, str], attributes: Mapping[str, Any]) -> bool:
    """Whether `attributes` have all that is `wanted`."""
    return all(name in attributes and as_text(attributes[name]) == text for name, text in wanted.items())


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """To the letter: 1, 1.0 and true are one in Python, and three in JSON."""
    return json.dumps(dict(one)) == json.dumps(dict(other))
