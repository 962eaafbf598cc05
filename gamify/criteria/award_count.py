"""`award_count`: at least `min_awards` awards were received."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from gamify.criteria._base import Criterion, Setting, Standing, Threshold, read, registry, whole_number


@registry.register("award_count")
@dataclass(frozen=True)
class AwardCount(Criterion):
    label: ClassVar[str] = "Number of awards received"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("min_awards", "Awards needed", "How many times points must have been awarded, however many each."),
    )
    uses: ClassVar[frozenset[str]] = frozenset({"badge"})

    min_awards: int

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "min_awards")
        return cls(whole_number(config, "min_awards", at_least=1, at_most=10**9))

    def holds(self, standing: Standing) -> bool:
        return standing.award_count >= self.min_awards

    def threshold(self) -> Threshold | None:
        return Threshold("award_count", self.min_awards)

    def describe(self) -> str:
        return f"{self.min_awards:,} awards received"
