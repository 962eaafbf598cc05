"""`badges`: every badge of `codes` is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from gamify.criteria._base import BadConfig, Criterion, Setting, Standing, Threshold, read, registry

CODES_MAX = 100


@registry.register("badges")
@dataclass(frozen=True)
class Badges(Criterion):
    label: ClassVar[str] = "Badges held"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("codes", "Badges needed", "Every one of them must have been unlocked.", kind="badges"),
    )

    codes: frozenset[str]

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        read(config, "codes")
        codes = config.get("codes")
        if not isinstance(codes, list) or not 1 <= len(codes) <= CODES_MAX or not all(_is_code(code) for code in codes):
            raise BadConfig("codes", f"must be a list of 1 to {CODES_MAX} badge codes.")
        return cls(frozenset(codes))

    def holds(self, standing: Standing) -> bool:
        return self.codes <= standing.badges

    def threshold(self) -> Threshold | None:
        return None

    def describe(self) -> str:
        return f"Badges held: {', '.join(sorted(self.codes))}"

    @property
    def badge_codes(self) -> frozenset[str]:
        return self.codes


def _is_code(code: Any) -> bool:
    return isinstance(code, str) and 1 <= len(code) <= 50
