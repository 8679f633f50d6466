"""Importance: how far an indicator really moves the index, against the weight it was given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from childatlas.measures.index_result import IndexResult
from childatlas.measures.normalise import Array

__all__ = ["first_order_effect", "importance"]

_BANDWIDTHS = np.geomspace(0.15, 3.0, 14)


def importance(index: IndexResult) -> pd.DataFrame:
    """Return the first-order effect of each indicator on the index beside its nominal weight.

    Returns
    -------
    DataFrame
        Indexed by indicator: ``nominal`` (effective weight by the recipe, scaled to one over those that
        vary), ``linear`` (squared correlation with the index), ``first_order`` (share of the variance of
        the index that knowing the indicator takes away), ``realised`` (first order scaled to one),
        ``ratio`` (realised / nominal).

    Notes
    -----
    Paruolo, Saisana and Saltelli (2013), "Ratings and rankings: voodoo or science?", J. R. Stat. Soc. A
    176, 609-634: S_i = V(E(y | x_i)) / V(y), the regression curve by local linear smoothing, its bandwidth
    by leave-one-out.
    """
    rows = {}
    for i in index.normalised:
        both = pd.concat([index.normalised[i], index.scores], axis=1).dropna().to_numpy(float)
        rows[i] = _effects(both[:, 0], both[:, 1])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["linear", "first_order"])
    nominal = index.weights.where(table["first_order"].notna())
    table.insert(0, "nominal", nominal / nominal.sum())
    table["realised"] = table["first_order"] / table["first_order"].sum()
    table["ratio"] = table["realised"] / table["nominal"].where(table["nominal"] > 0)
    return table


def _effects(x: Array, y: Array) -> tuple[float, float]:
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), float("nan")
    return float(np.corrcoef(x, y)[0, 1] ** 2), first_order_effect(x, y)


def first_order_effect(x: Array, y: Array) -> float:
    """Return V(E(y | x)) / V(y), the curve being a local linear fit with a Gaussian kernel.

    The bandwidth (in standard deviations of x) is the one with the least leave-one-out error; a straight
    line competes with the curves, so that a linear relation gets its squared correlation.
    """
    z = (x - x.mean()) / x.std()
    fits = [_local_linear(z, y, width) for width in _BANDWIDTHS]
    fits.append(_local_linear(z, y, np.inf))
    best = min(fits, key=lambda fit: fit[1])
    return float(np.clip(np.var(best[0]) / np.var(y), 0.0, 1.0))


def _local_linear(z: Array, y: Array, width: float) -> tuple[Array, float]:
    """Return fitted values and the mean squared leave-one-out error (infinite where a point stands alone)."""
    gap = z[None, :] - z[:, None]
    kernel = np.exp(-0.5 * (gap / width) ** 2) if np.isfinite(width) else np.ones_like(gap)
    s0, s1, s2 = kernel.sum(axis=1), (kernel * gap).sum(axis=1), (kernel * gap**2).sum(axis=1)
    below = s0 * s2 - s1**2
    if (below < 1e-10 * s0**2).any():
        return y, np.inf
    smoother = kernel * (s2[:, None] - s1[:, None] * gap) / below[:, None]
    leverage = np.diag(smoother)
    if (leverage > 1 - 1e-6).any():
        return y, np.inf
    fitted = smoother @ y
    return fitted, float((((y - fitted) / (1 - leverage)) ** 2).mean())
