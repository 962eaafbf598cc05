"""Who would move, as rows of a page."""

from collections.abc import Iterable
from dataclasses import dataclass

from gamify.admin._look import colour
from gamify.queries.programme import TierRule
from gamify.services.reevaluation import Move


@dataclass(frozen=True, slots=True)
class MoveRow:
    from_name: str
    from_colour: str
    to_name: str
    to_colour: str
    is_up: bool
    participants: int


def rows_of(moves: Iterable[Move]) -> list[MoveRow]:
    return [
        MoveRow(
            *_named(move.from_tier),
            *_named(move.to_tier),
            _level(move.to_tier) > _level(move.from_tier),
            move.participants,
        )
        for move in moves
    ]


def _named(tier: TierRule | None) -> tuple[str, str]:
    return (tier.name, colour(tier.color)) if tier else ("No tier", colour(None))


def _level(tier: TierRule | None) -> int:
    return tier.level if tier else 0
