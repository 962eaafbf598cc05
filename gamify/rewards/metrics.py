"""Metrics: how often a total passes a threshold."""

from decimal import ROUND_FLOOR, Context, Decimal, localcontext

# Totals are exact: as many digits as the column has.
EXACT = Context(prec=60)


def added(total: Decimal, value: Decimal) -> Decimal:
    with localcontext(EXACT):
        return total + value


def crossings(before: Decimal, after: Decimal, threshold: int) -> int:
    """How many multiples of `threshold` lie above `before` and not above `after`; none where the total fell."""
    with localcontext(EXACT):
        return max(0, _multiples(after, threshold) - _multiples(before, threshold))


def _multiples(total: Decimal, threshold: int) -> int:
    return int((total / threshold).to_integral_value(rounding=ROUND_FLOOR))
