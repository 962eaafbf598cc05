"""`points`: lifetime points earned reach `min_points`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from gamify.criteria._base import POINTS_MAX, Criterion, Standing, Threshold, read, registry, whole_number


@registry.register("points")
@dataclass(frozen=True)
class Points(Criterion):
    # None, which is allowed, means that nobody gets there by points.
    min_points: int | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "min_points")
        if "min_points" not in config:
            return cls(None)
        return cls(whole_number(config, "min_points", at_least=0, at_most=POINTS_MAX))

    def holds(self, standing: Standing) -> bool:
        return self.min_points is not None and standing.total_earned >= self.min_points

    def threshold(self) -> Threshold | None:
        return None if self.min_points is None else Threshold("total_earned", self.min_points)

    def points_required(self) -> int | None:
        return self.min_points
