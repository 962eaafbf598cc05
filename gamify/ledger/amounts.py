"""Amounts: the one place where points are multiplied, and so rounded."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

# No single credit is larger, and nobody ever earns more, whatever was multiplied: both fit into 64 bits.
AMOUNT_MAX = 10**16
EARNED_MAX = 9 * 10**18

_ROUNDING = {"down": ROUND_FLOOR, "up": ROUND_CEILING, "nearest": ROUND_HALF_UP}
# Enough digits for a product of many boosts to be exact as far as it can matter. One that is too large for any
# Decimal is infinite, and cut like every other.
_CONTEXT = Context(prec=200, Emax=999_999, Emin=-999_999, traps=[])


def multiplied(amount: int, multiplier: Decimal | None, rounding: str = "down") -> int:
    """`amount` times `multiplier`, rounded down: what a programme promises is never exceeded by a fraction.

    Unless a boost says otherwise: "up", or "nearest", halves up. Never more than AMOUNT_MAX.
    """
    if multiplier is None:
        return min(amount, AMOUNT_MAX)
    exact = min(_CONTEXT.multiply(Decimal(amount), multiplier), Decimal(AMOUNT_MAX))
    return int(exact.to_integral_value(rounding=_ROUNDING[rounding]))


def capped(amount: int, *, balance: int, most: int | None, earned: int = 0) -> int:
    """As much of `amount` as may be added to `balance`, where nobody may have more than `most`, nor earn more than
    EARNED_MAX."""
    room = EARNED_MAX - earned
    return max(0, min(amount, room if most is None else min(room, most - balance)))
