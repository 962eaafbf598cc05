"""Amounts: the one place where points are multiplied, and so rounded."""

from decimal import ROUND_FLOOR, Decimal


def multiplied(amount: int, multiplier: Decimal | None) -> int:
    """`amount` times `multiplier`, rounded down: what a programme promises is never exceeded by a fraction."""
    if multiplier is None:
        return amount
    return int((amount * multiplier).to_integral_value(rounding=ROUND_FLOOR))
