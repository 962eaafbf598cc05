"""A JSON object as lines that people can write: `Free shipping: yes`, one to a line."""

import json
import re
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

SEPARATOR = ": "
# As JSON writes it: behind an odd number of backslashes it is no backslash and a text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class LinesField(forms.Field):
    """What JSON itself would read (numbers, true, lists) is kept as that, anything else as text."""

    widget = UnfoldAdminExpandableTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return to_lines(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for line in re.split(r"\r\n|\r|\n", str(value or "")):
            if not line.strip():
                continue
            name, separator, text = _split(line.strip())
            if not separator or name is None:
                raise forms.ValidationError(f"“{line.strip()}” has no colon: write a name, a colon, and what it is.")
            if name in found:
                raise forms.ValidationError(f"“{name}” stands there twice.")
            found[name] = _read(text)
        return storable(found)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True


def storable(value: dict[str, Any]) -> dict[str, Any]:
    """Raises ValidationError for what PostgreSQL's JSON has no place for: infinity, NUL, half a character."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        text = None
    if text is None or _NUL.search(text):
        raise forms.ValidationError("There is a number or a character in it that cannot be kept.")
    return value


def to_lines(value: dict[str, Any]) -> str:
    return "\n".join(f"{_name(name)}{SEPARATOR}{_write(item)}" for name, item in value.items())


def _split(line: str) -> tuple[str | None, str, str]:
    if line.startswith('"'):
        # A name in quotation marks may hold anything, a colon too.
        try:
            name, end = json.JSONDecoder().raw_decode(line)
        except ValueError:
            return None, "", ""
        _, separator, text = line[end:].partition(":")
        return name, separator, text.strip()
    name, separator, text = line.partition(":")
    return name.strip() or None, separator, text.strip()


def _name(name: str) -> str:
    is_plain = name and name == name.strip() and not any(sign in name for sign in ':"\r\n')
    return name if is_plain and name.isprintable() else json.dumps(name)


def _write(item: Any) -> str:
    is_plain = isinstance(item, str) and item == item.strip() and item.isprintable() and _read(item) == item
    return item if is_plain else json.dumps(item, ensure_ascii=False)


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text
