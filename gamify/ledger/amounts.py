"""Amounts: the one place where points are multiplied, and so rounded."""

from decimal import ROUND_FLOOR, Decimal


def multiplied(amount: int, multiplier: Decimal | None) -> int:
    """`amount` times `multiplier`, rounded down: what a programme promises is never exceeded by a fraction."""
    if multiplier is None:
        return amount
    return int((amount * multiplier).to_integral_value(rounding=ROUND_FLOOR))


def capped(amount: int, *, balance: int, most: int | None) -> int:
    """As much of `amount` as may be added to `balance`, where nobody may have more than `most`."""
    return amount if most is None else max(0, min(amount, most - balance))
