"""An entry's explanation, in words."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gamify.admin._participant_actions import operator_of
from gamify.queries.people import Line

KINDS = {"award": "Award", "deduct": "Deduct", "expire": "Expired"}
PARTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Told:
    kind: str
    title: str
    # How the amount came about, and what else is known: short sentences.
    notes: list[str]


def line(line: Line, tenant_id: UUID) -> Told:
    entry = line.entry
    notes = _calculation(line)
    if line.paid_by:
        parts = [f"{amount:,} of {at:%Y-%m-%d}" for amount, at in line.paid_by[:PARTS_SHOWN]]
        more = len(line.paid_by) - PARTS_SHOWN
        notes.append("Out of points earned: " + ", ".join(parts) + (f" and {more} more" if more > 0 else ""))
    if operator := operator_of(entry, line.metadata, tenant_id):
        notes.append(f"In the console, by {operator}")
    else:
        notes += [f"{name}: {_short(value)}" if name else _short(value) for name, value in line.metadata.items()]
    return Told(KINDS.get(entry.kind, entry.kind), entry.reason or KINDS.get(entry.kind, entry.kind), notes)


def _calculation(line: Line) -> list[str]:
    """What it was times what, and for which reasons, and a note for each other thing that is known."""
    rest = dict(line.explanation)
    if "base" not in rest:
        return [_told(name, value) for name, value in rest.items()]
    told = f"{rest.pop('base'):,}"
    tier, granted = rest.pop("tier", None), rest.pop("multiplier", None)
    if granted:
        told += f" × {_plain(granted)}" + (f" for tier {tier}" if tier else "")
    for boost in rest.pop("boosts", []):
        told += f" × {_plain(boost['multiplier'])} for {line.names.get(boost['id'], 'a boost')}"
    if rest.pop("rounding", None) and "×" in told:
        told += ", rounded"
    most = rest.pop("max_points", None)
    notes = [told, *([f"Cut to the most that anybody can have: {most:,}"] if most else [])]
    if rest.pop("trigger", None):
        notes.append("Paid by a trigger")
    return notes + [_told(name, value) for name, value in rest.items()]


def _told(name: str, value: Any) -> str:
    return f"{name.replace('_', ' ').capitalize()}: {_short(value)}"


def _plain(number: Any) -> str:
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(item)}" for name, item in value.items())
    text = str(value)
    return text if len(text) <= 120 else text[:119] + "…"
