"""Weights that make a sample meet known margins, stratum by stratum, changing them as little as they must."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["rake_weights"]

Floats: TypeAlias = NDArray[np.float64]
_MOST = 4.0  # a weight may grow or shrink by this factor


def rake_weights(weight: Floats, excess: Floats, total: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return weights that sum to `total` and make columns of `excess` sum to 0, and which columns they met.

    Parameters
    ----------
    weight : array, rows
        Positive.
    excess : array, rows x margins
        Value less target where the row counts for the margin, 0 elsewhere.
    total : float

    Returns
    -------
    weights : array
        All positive.
    met : array of bool, margins
        A margin that the sample cannot reach (no case at all, or only by factors over 4) is left out.

    Notes
    -----
    Raking: w exp(x b), b by Newton's method (Deville and Sarndal 1992, JASA 87, case 2).
    """
    met: NDArray[np.bool_] = np.any(excess > 0, axis=0) & np.any(excess < 0, axis=0)
    base = weight * total / weight.sum()
    while met.any():
        factor = _solve(base, excess[:, met])
        if factor is not None:
            result = base * factor
            return result * total / result.sum(), met
        places = np.flatnonzero(met)
        pull = np.abs(base @ excess[:, places]) / np.sqrt(
            (base[:, None] * excess[:, places] ** 2).sum(axis=0)
        )
        met[places[np.argmax(pull)]] = False  # give up the margin that is furthest off
    return base, met


def _solve(weight: Floats, excess: Floats) -> Floats | None:
    """Return the factors, or None where there is no moderate solution."""
    slope = np.zeros(excess.shape[1])
    scale = weight.sum()
    for _ in range(60):
        factor = np.exp(np.clip(excess @ slope, -20, 20))
        gap = (weight * factor) @ excess
        if np.abs(gap).max() <= 1e-12 * scale:
            spread = factor / np.average(factor, weights=weight)
            return factor if spread.max() <= _MOST and spread.min() >= 1 / _MOST else None
        curve = excess.T @ (excess * (weight * factor)[:, None])
        try:
            step = np.linalg.solve(curve, gap)
        except np.linalg.LinAlgError:
            return None
        slope = slope - step * min(1.0, 2.0 / max(np.abs(excess @ step).max(), 1e-12))
    return None
