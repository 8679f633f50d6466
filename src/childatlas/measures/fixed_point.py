"""Sums that do not depend on their order: amounts as whole multiples of a power of two."""

from __future__ import annotations

import math

__all__ = ["BITS", "power_for"]

BITS = 62  # of a signed 64-bit number, for the largest amount


def power_for(largest: float) -> float:
    """Return the power of two that brings amounts up to `largest` just under 2**62.

    Multiplying by it is exact; what rounding to a whole number then loses is 2**-63 of the largest amount,
    less than adding floats does. Amounts that are all 0 are left as they are.
    """
    if not largest > 0 or not math.isfinite(largest):
        return 1.0
    return math.ldexp(1.0, min(BITS - math.frexp(largest)[1], 1000))
