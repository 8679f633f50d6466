"""Places on small charts: shares of a length between 0 and 1, and the numbers beside an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Scale", "scale_of", "ticks"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A range of numbers laid on a length of 1."""

    low: float
    high: float
    reverse: bool = False

    def flipped(self) -> Scale:
        """Return the scale with its ends changed: its high end at 0."""
        return Scale(self.low, self.high, reverse=not self.reverse)

    def at(self, value: float | None) -> float | None:
        """Return the place of `value`, from 0 to 1, or None where there is none."""
        if value is None or not math.isfinite(value):
            return None
        width = self.high - self.low
        share = 0.5 if width <= 0 else (value - self.low) / width
        share = 1.0 - share if self.reverse else share
        return round(min(max(share, 0.0), 1.0), 4)


def scale_of(values: Iterable[float | None], *, zero: bool = False) -> Scale:
    """Return the scale that holds the finite `values`, and zero where asked."""
    finite = [float(v) for v in values if v is not None and math.isfinite(v)]
    if not finite:
        return Scale(0.0, 1.0)
    low, high = min(finite), max(finite)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return Scale(low, high)


def ticks(scale: Scale, *, most: int = 4) -> list[float]:
    """Return at most `most` + 1 round numbers inside the scale, one unit of 1, 2, 2.5 or 5 apart."""
    width = scale.high - scale.low
    if width <= 0:
        return [scale.low]
    power = 10.0 ** math.floor(math.log10(width / most))
    step = next(power * s for s in _STEPS if width / (power * s) <= most + 1e-9)
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]
