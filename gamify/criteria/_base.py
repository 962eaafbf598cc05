"""What a criterion is: a question about a participant's standing, asked of one in memory or of all in the database."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from gamify.plugins import Registry


@dataclass(slots=True)
class Standing:
    """What criteria may look at, and must not change. All numbers are those of the tenant's default points system."""

    total_earned: int = 0
    award_count: int = 0
    # Earned in the last so many days, for the numbers of days that the programme asks for.
    earned_in_days: Mapping[int, int] = field(default_factory=dict)
    badges: frozenset[str] = frozenset()
    tier_level: int | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a `criteria_config`, for a form that asks people for it. `parse` stays the judge of what it may be."""

    key: str
    label: str
    help: str
    # "number", or "badges": a choice of the tenant's badges, kept as a list of their codes.
    kind: str = "number"
    at_least: int = 1
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Threshold:
    """Whether an amount has reached so many. `amount`: "total_earned", "award_count", or `earned_in(days)`."""

    amount: str
    at_least: int


def earned_in(days: int) -> str:
    return f"earned_in_{days}_days"


class BadConfig(Exception):
    """A `criteria_config` that its type cannot read: which key, and what it should be."""

    def __init__(self, key: str, message: str) -> None:
        self.key, self.message = key, message
        super().__init__(f"{key}: {message}")


class Criterion(ABC):
    """One criteria type. Its instances are criteria of that type, made out of a `criteria_config`."""

    # What a form calls it, and what it asks for. Without settings, a form asks for the `criteria_config` as JSON.
    label: ClassVar[str] = ""
    settings: ClassVar[tuple[Setting, ...]] = ()
    # What it can be used for: "tier", "badge".
    uses: ClassVar[frozenset[str]] = frozenset({"tier", "badge"})
    # Once true, true for ever: a tier held by it is never lost again.
    is_lifetime: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        """Raises BadConfig."""

    @abstractmethod
    def holds(self, standing: Standing) -> bool: ...

    @abstractmethod
    def threshold(self) -> Threshold | None:
        """All that the answer depends on, as a question that gamify/queries/standings.py asks of everybody at once.

        None where it depends on no amount: on badges or tiers, which evaluation itself hands out, or on nothing.
        """

    def describe(self) -> str:
        """What it takes, as a phrase for people."""
        return self.label

    @property
    def can_hold(self) -> bool:
        """Whether anybody can ever meet it."""
        return True

    @property
    def badge_codes(self) -> frozenset[str]:
        """The badges that it asks for."""
        return frozenset()

    @property
    def window_days(self) -> int | None:
        """The window that `Standing.earned_in_days` must know of."""
        return None

    def points_required(self) -> int | None:
        """For progress towards it, where it is about points."""
        return None

    def points_so_far(self, standing: Standing) -> int:
        return standing.total_earned


registry: Registry[type[Criterion]] = Registry("criteria_type")


def read(config: Mapping[str, Any], *known: str) -> None:
    """Refuse keys that nobody reads: a mistyped one would otherwise make a tier that nobody reaches."""
    for key in config:
        if key not in known:
            raise BadConfig(key, f"is not a setting of this criteria_type; it reads: {', '.join(known)}.")


def whole_number(config: Mapping[str, Any], key: str, *, at_least: int, at_most: int) -> int:
    value = config.get(key)
    if type(value) is not int or not at_least <= value <= at_most:
        raise BadConfig(key, f"must be an integer from {at_least} to {at_most}.")
    return value


POINTS_MAX = 10**15
