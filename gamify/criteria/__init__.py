"""Criteria of tiers and badges: one file per `criteria_type`. A new type is a new file here; nothing else changes."""

import sys

from gamify.criteria._base import BadConfig as BadConfig
from gamify.criteria._base import Criterion as Criterion
from gamify.criteria._base import Setting as Setting
from gamify.criteria._base import Standing as Standing
from gamify.criteria._base import Threshold as Threshold
from gamify.criteria._base import earned_in as earned_in
from gamify.criteria._base import registry as registry
from gamify.plugins import discover

discover(sys.modules[__name__])


def types_for(use: str) -> list[str]:
    """The criteria types that a "tier" or a "badge" can have."""
    return [name for name in registry if use in of_type(name).uses]


def parse(criteria_type: str, config: dict[str, object]) -> Criterion:
    """The criterion that `config` describes. Raises BadConfig, naming the key that cannot be read."""
    return of_type(criteria_type).parse(config)


def of_type(criteria_type: str) -> type[Criterion]:
    """The plug-in of a criteria type that was checked to exist."""
    found = registry.get(criteria_type)
    assert found is not None, f"unknown criteria_type {criteria_type!r}: to be refused before it gets here"
    return found
