"""`points_in_window`: points earned in the last `days` days reach `min_points`. What was reached can be lost again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from gamify.criteria._base import (
    POINTS_MAX,
    Criterion,
    Setting,
    Standing,
    Threshold,
    earned_in,
    read,
    registry,
    whole_number,
)

DAYS_MAX = 3660


@registry.register("points_in_window")
@dataclass(frozen=True)
class PointsInWindow(Criterion):
    label: ClassVar[str] = "Points earned in the last days"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("min_points", "Points needed", "Earned within the days below. What was reached can be lost again."),
        Setting("days", "Within days", "How many days back points count, such as 365."),
    )
    is_lifetime: ClassVar[bool] = False

    min_points: int
    days: int

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "min_points", "days")
        return cls(
            whole_number(config, "min_points", at_least=1, at_most=POINTS_MAX),
            whole_number(config, "days", at_least=1, at_most=DAYS_MAX),
        )

    def holds(self, standing: Standing) -> bool:
        return standing.earned_in_days.get(self.days, 0) >= self.min_points

    def threshold(self) -> Threshold | None:
        return Threshold(earned_in(self.days), self.min_points)

    def describe(self) -> str:
        return f"{self.min_points:,} points earned in {self.days:,} days"

    @property
    def window_days(self) -> int | None:
        return self.days

    def points_required(self) -> int | None:
        return self.min_points

    def points_so_far(self, standing: Standing) -> int:
        return standing.earned_in_days.get(self.days, 0)
