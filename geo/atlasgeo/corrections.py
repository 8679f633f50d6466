"""Many tests at once: p-values adjusted for their number, and the number of permutations that can show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import AnalysisError

__all__ = ["CORRECTIONS", "STEP_UP", "Correction", "adjust_p", "permutations_needed", "strictest"]

Floats = NDArray[np.float64]
STEP_UP: Final = ("fdr", "by")
Correction = Literal["fdr", "by", "bonferroni", "sidak", "none"]


def adjust_p(p: ArrayLike, *, correction: Correction | str = "fdr") -> Floats:
    """Return the p-values adjusted for the number of tests; missing ones stay missing and do not count.

    Parameters
    ----------
    p : array of float
        Raw p-values, in any order; NaN marks a test that was not made.
    correction : {"fdr", "by", "bonferroni", "sidak", "none"}
        ``fdr``: Benjamini and Hochberg (1995), p m / rank, made monotone. ``by``: Benjamini and Yekutieli
        (2001), the same times 1 + 1/2 + ... + 1/m. ``bonferroni``: p m. ``sidak``: 1 - (1 - p)^m.
        ``none``: p.

    Returns
    -------
    array of float
        Of the same shape, in [0, 1]. O(m log m).

    Raises
    ------
    AnalysisError
        Another word for the correction, or a p outside [0, 1].

    Notes
    -----
    Benjamini and Hochberg's rule holds the false discovery rate under independence and under positive
    regression dependence. Neighbouring local statistics share values and two-sided tests are not positively
    dependent: no proof covers this case, though Caldas de Castro and Singer (2006, Geographical Analysis 38)
    found it to hold in practice.
    ``by`` holds under any dependence, at the price of power.
    """
    method = _method(correction)
    raw = np.asarray(p, dtype=np.float64)
    there = ~np.isnan(raw)
    known = raw[there]
    if known.size and (known.min() < 0 or known.max() > 1):
        raise AnalysisError("p-values lie outside [0, 1]", found=f"{known.min()} to {known.max()}")
    adjusted = np.full(raw.shape, np.nan)
    adjusted[there] = np.minimum(method(known), 1.0) if known.size else known
    return adjusted


def strictest(alpha: float, tests: int, *, correction: Correction | str = "fdr") -> float:
    """Return the p that one unit alone has to reach to survive the correction among so many tests."""
    _method(correction)
    if tests < 1 or correction == "none":
        return alpha
    if correction == "sidak":
        return -math.expm1(math.log1p(-alpha) / tests)
    harmonic = _harmonic(tests) if correction == "by" else 1.0
    return alpha / (tests * harmonic)


def permutations_needed(
    alpha: float, tests: int, *, correction: Correction | str = "fdr", tails: int = 2
) -> int:
    """Return the least P whose smallest p, tails / (P + 1), reaches the strictest threshold."""
    bar = strictest(alpha, tests, correction=correction)
    needed = math.ceil(tails / bar * (1 - 1e-12)) - 1
    return max(needed, 1)


def _step_up(p: Floats, factor: float) -> Floats:
    """Return p m factor / rank, made monotone from the largest down."""
    order = np.argsort(p)[::-1]
    ranks = np.arange(p.size, 0, -1)
    stepped = np.minimum.accumulate(p[order] * (p.size * factor) / ranks)
    back = np.empty_like(stepped)
    back[order] = stepped
    return back


def _harmonic(m: int) -> float:
    """Return 1 + 1/2 + ... + 1/m."""
    return float(np.sum(1.0 / np.arange(1, m + 1)))


def _sidak(p: Floats) -> Floats:
    """Return 1 - (1 - p)^m without losing small p."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(p.size * np.log1p(-p)))


CORRECTIONS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "fdr": lambda p: _step_up(p, 1.0),
    "by": lambda p: _step_up(p, _harmonic(p.size)),
    "bonferroni": lambda p: p * p.size,
    "sidak": _sidak,
    "none": lambda p: p.copy(),
}


def _method(correction: str) -> Callable[[Floats], Floats]:
    """Return the rule of that name."""
    if correction not in CORRECTIONS:
        raise AnalysisError("unknown correction", found=correction, expected=", ".join(CORRECTIONS))
    return CORRECTIONS[correction]
