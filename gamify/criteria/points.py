"""`points`: lifetime points earned reach `min_points`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from gamify.criteria._base import POINTS_MAX, Criterion, Setting, Standing, Threshold, read, registry, whole_number


@registry.register("points")
@dataclass(frozen=True)
class Points(Criterion):
    label: ClassVar[str] = "Points earned in a lifetime"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "min_points",
            "Points needed",
            "All points ever earned count, spent or not. Empty: nobody gets there by points.",
            at_least=0,
            is_required=False,
        ),
    )

    # None, which is allowed, means that nobody gets there by points.
    min_points: int | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "min_points")
        if "min_points" not in config:
            return cls(None)
        return cls(whole_number(config, "min_points", at_least=0, at_most=POINTS_MAX))

    @property
    def can_hold(self) -> bool:
        return self.min_points is not None

    def holds(self, standing: Standing) -> bool:
        return self.min_points is not None and standing.total_earned >= self.min_points

    def threshold(self) -> Threshold | None:
        return None if self.min_points is None else Threshold("total_earned", self.min_points)

    def describe(self) -> str:
        return "Never by points" if self.min_points is None else f"{self.min_points:,} points earned in a lifetime"

    def points_required(self) -> int | None:
        return self.min_points
