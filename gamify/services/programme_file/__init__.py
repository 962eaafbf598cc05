"""A programme as a file: a tenant's whole configuration as JSON, to be exported, kept in version control and applied.

What the file leaves out is left alone, whole sections and single fields; `"is_active": false` deactivates. The format
is that of `schema.json`.
"""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from django.db import transaction

from gamify.errors import InvalidInput
from gamify.services.definitions import move_on
from gamify.services.programme_file import _sections as sections
from tenants.models import Tenant

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def export(tenant: Tenant) -> dict[str, Any]:
    """All of the tenant's configuration, as `apply` takes it."""
    return {section.name: section.export(tenant.id) for section in sections.ALL}


def apply(tenant: Tenant, programme: Any, *, dry_run: bool = False) -> list[str]:
    """Make the tenant's configuration equal to `programme`, in one transaction, and say what that changed, a sentence
    each. Applying it again changes nothing.

    Raises InvalidInput, naming the paths of what is wrong; nothing is changed then.
    """
    _check_form(programme)
    with transaction.atomic():
        # Waits for other changes of the same tenant's rules, and keeps them waiting.
        move_on(tenant.id)
        changes = [
            change for section in sections.ALL for change in section.apply(tenant.id, programme.get(section.name, []))
        ]
        if dry_run or not changes:
            transaction.set_rollback(True)
    return changes


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text())
    return loaded


def _check_form(programme: Any) -> None:
    errors = sorted(
        jsonschema.Draft202012Validator(schema()).iter_errors(programme), key=lambda error: list(error.path)
    )
    if errors:
        raise InvalidInput(tuple((_path(error.absolute_path) or "the file", f"{error.message}.") for error in errors))
    if unstorable := tuple(_unstorable(programme)):
        raise InvalidInput(unstorable)


def _unstorable(value: Any, *path: str | int) -> Iterator[tuple[str, str]]:
    """What a file can say, and no schema forbids, but no database keeps."""
    if isinstance(value, str) and _NO_TEXT.search(value):
        yield _path(path), "Must not contain NUL characters or lone surrogates."
    elif isinstance(value, float) and not math.isfinite(value):
        yield _path(path), f"{value} is no JSON number."
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _unstorable(name, *path)
            yield from _unstorable(child, *path, name)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unstorable(child, *path, index)


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
