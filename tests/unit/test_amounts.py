from decimal import Decimal

import pytest

from gamify.ledger.amounts import multiplied


@pytest.mark.parametrize(
    ("amount", "multiplier", "expected"),
    [
        (100, None, 100),
        (100, "1", 100),
        (3, "1.5", 4),
        (1, "1.9999", 1),
        (10, "1.1", 11),
        (9, "1.1", 9),
        # Where binary fractions would give 114 and 28.
        (100, "1.15", 115),
        (20, "1.45", 29),
        (1_000_000, "1000", 10**9),
        (10**15, "1.0001", 1_000_100_000_000_000),
    ],
)
def test_rounds_down_exactly(amount: int, multiplier: str | None, expected: int) -> None:
    product = multiplied(amount, None if multiplier is None else Decimal(multiplier))
    assert (product, type(product)) == (expected, int)
