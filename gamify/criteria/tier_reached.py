"""`tier_reached`: a tier of `level` or higher is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from gamify.criteria._base import Criterion, Setting, Standing, Threshold, read, registry, whole_number

# Of tiers. Above it those step aside that exchange their levels.
LEVEL_MAX = 2_000_000_000


@registry.register("tier_reached")
@dataclass(frozen=True)
class TierReached(Criterion):
    label: ClassVar[str] = "Tier reached"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("level", "Level needed", "The level of the lowest tier that is enough; higher ones are, too."),
    )
    uses: ClassVar[frozenset[str]] = frozenset({"badge"})

    level: int

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "level")
        return cls(whole_number(config, "level", at_least=1, at_most=LEVEL_MAX))

    def holds(self, standing: Standing) -> bool:
        return standing.tier_level is not None and standing.tier_level >= self.level

    def threshold(self) -> Threshold | None:
        return None

    def describe(self) -> str:
        return f"A tier of level {self.level:,} or higher"
