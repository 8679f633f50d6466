"""Normalisation: raw figures on one scale, oriented so that more is more of what the index measures.

Arrays have units on the last axis; whatever stands before it (indicators, draws) is handled at once. Each
formula is written for one vector and lifts by broadcasting. Missing values are NaN and stay so. Where a
formula would divide by zero the whole vector becomes NaN, which the caller reports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.recipe_parts import Normalisation

__all__ = ["Array", "fixed_reference", "normalise", "rank_least"]

Array = NDArray[np.float64]

_EPSILON = 1e-12
_IMD_RATE = 23.0  # English Indices of Deprivation 2019, technical report, section 3.7


def normalise(values: Array, how: Normalisation, *, sign: Array | float = 1.0) -> Array:
    """Return `values` normalised along the last axis.

    Parameters
    ----------
    values : array (..., units)
        NaN is missing.
    how : Normalisation
    sign : float or array that broadcasts to `values`
        +1 where a high figure raises the index, -1 where it lowers it.

    Returns
    -------
    array of the same shape
        NaN where missing, and for a vector whose normalisation would divide by zero.

    Notes
    -----
    Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), chapter 5; exponential rank:
    X = -23 ln(1 - R (1 - exp(-100/23))) with R the rank over n, English Indices of Deprivation.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        out = _FORMULAS[how.method](values, how, np.asarray(sign, dtype=float))
    return np.where(np.isfinite(out), out, np.nan)


def _least(x: Array) -> Array:
    return np.asarray(np.fmin.reduce(x, axis=-1, keepdims=True))


def _greatest(x: Array) -> Array:
    return np.asarray(np.fmax.reduce(x, axis=-1, keepdims=True))


def _safe(span: Array, size: Array | float) -> Array:
    """Return `span`, NaN where it is zero up to rounding of numbers of that `size`."""
    return np.where(np.abs(span) > _EPSILON * np.abs(size), span, np.nan)


def _to_scale(share: Array, how: Normalisation) -> Array:
    low, high = how.scale
    return np.asarray(low + (high - low) * share)


def _as_is(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001 - one signature for all formulas
    return np.asarray(sign * x)


def _min_max(x: Array, how: Normalisation, sign: Array) -> Array:
    y = sign * x
    low, high = _least(y), _greatest(y)
    return _to_scale((y - low) / _safe(high - low, np.maximum(np.abs(low), np.abs(high))), how)


def _z_score(x: Array, how: Normalisation, sign: Array) -> Array:
    if how.mean is not None and how.sd is not None:
        return np.asarray(how.centre + how.spread * sign * (x - how.mean) / how.sd)
    present = ~np.isnan(x)
    n, complete = present.sum(axis=-1, keepdims=True), bool(present.all())
    deviation = x - (x if complete else np.where(present, x, 0.0)).sum(axis=-1, keepdims=True) / n
    square = deviation * deviation
    sd = np.sqrt(
        (square if complete else np.where(present, square, 0.0)).sum(axis=-1, keepdims=True) / (n - 1)
    )
    return np.asarray(
        how.centre
        + how.spread * sign * deviation / _safe(sd, np.fmax.reduce(np.abs(x), axis=-1, keepdims=True))
    )


def rank_least(x: Array) -> Array:
    """Return ascending ranks along the last axis, 1 for the least, ties at their least rank, NaN for NaN."""
    order = np.argsort(x, axis=-1)
    inner = np.take_along_axis(x, order, axis=-1)
    starts = np.ones(x.shape, dtype=bool)
    starts[..., 1:] = inner[..., 1:] != inner[..., :-1]
    places = np.arange(1, x.shape[-1] + 1)
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=-1).astype(float)
    ranks = np.empty(x.shape)
    np.put_along_axis(ranks, order, first, axis=-1)
    return np.where(np.isnan(x), np.nan, ranks)


def _count(x: Array) -> Array:
    return np.asarray((~np.isnan(x)).sum(axis=-1, keepdims=True), dtype=float)


def _rank(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001
    return rank_least(sign * x)


def _borda(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001
    return rank_least(sign * x) - 1


def _percentile_rank(x: Array, how: Normalisation, sign: Array) -> Array:
    return _to_scale((rank_least(sign * x) - 1) / (_count(x) - 1), how)


def _exponential_rank(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001
    share = rank_least(sign * x) / _count(x)
    return np.asarray(-_IMD_RATE * np.log(1 - share * (1 - np.exp(-100 / _IMD_RATE))))


def _posts(x: Array, how: Normalisation) -> tuple[Array, Array]:
    """Return the low and high end: fixed ones, percentiles, or the least and greatest value."""
    low, high = _least(x), _greatest(x)
    if how.percentiles is not None:
        low, high = np.nanpercentile(x, how.percentiles, axis=-1, keepdims=True)
    if how.low is not None:
        low = np.full_like(low, how.low)
    if how.high is not None:
        high = np.full_like(high, how.high)
    return low, high


def _bounded(share: Array, how: Normalisation, *, clip: bool) -> Array:
    if how.clip if how.clip is not None else clip:
        share = np.clip(share, 0.0, 1.0)
    return _to_scale(share, how)


def _goalposts(x: Array, how: Normalisation, sign: Array) -> Array:
    low, high = _posts(x, how)
    share = (x - low) / _safe(high - low, np.maximum(np.abs(low), np.abs(high)))
    return _bounded(np.where(sign > 0, share, 1 - share), how, clip=True)


def _distance_to_best(x: Array, how: Normalisation, sign: Array) -> Array:
    low, high = _posts(x, how)
    away = np.where(sign > 0, high - x, x - low)
    return _bounded(1 - away / _safe(high - low, np.maximum(np.abs(low), np.abs(high))), how, clip=False)


def _distance_to_target(x: Array, how: Normalisation, sign: Array) -> Array:
    low, high = _posts(x, how)
    target = np.asarray(how.target, dtype=float)
    worst = np.where(sign > 0, low, high)
    return _bounded(
        (x - worst) / _safe(target - worst, np.maximum(np.abs(target), np.abs(worst))), how, clip=False
    )


def _ratio_to_best(x: Array, how: Normalisation, sign: Array) -> Array:
    low, high = _posts(x, how)
    rising, falling = x / np.where(high > 0, high, np.nan), np.where(low > 0, low, np.nan) / x
    return _to_scale(np.where(sign > 0, rising, falling), how)


_FORMULAS: dict[str, Callable[[Array, Normalisation, Array], Array]] = {
    "none": _as_is,
    "min-max": _min_max,
    "z-score": _z_score,
    "rank": _rank,
    "percentile-rank": _percentile_rank,
    "borda": _borda,
    "goalposts": _goalposts,
    "distance-to-target": _distance_to_target,
    "distance-to-best": _distance_to_best,
    "ratio-to-best": _ratio_to_best,
    "exponential-rank": _exponential_rank,
}


def fixed_reference(values: Array, how: Normalisation) -> Normalisation:
    """Return `how` with its reference fixed at what the pooled `values` of one indicator give.

    Scores of several years then mean the same: the least and greatest value of all years (or their
    percentiles) become goalposts, mean and standard deviation of all years those of every z-score.

    Raises
    ------
    ValueError
        If the method compares units within a year (ranks) and has no reference to fix.
    """
    flat = values[~np.isnan(values)]
    if how.method in {"rank", "percentile-rank", "borda", "exponential-rank"}:
        raise ValueError(f"{how.method} compares units within one year and cannot be fixed over several")
    if how.method == "none" or flat.size == 0:
        return how
    if how.method == "z-score":
        if how.mean is not None or flat.size < 2 or np.ptp(flat) == 0:
            return how
        return how.model_copy(update={"mean": float(flat.mean()), "sd": float(flat.std(ddof=1))})
    low, high = (float(v.item()) for v in _posts(flat, how))
    if low >= high:
        return how
    if how.method == "min-max":
        return Normalisation(method="goalposts", low=low, high=high, clip=False, scale=how.scale)
    fixed: dict[str, Any] = {"low": low, "high": high, "percentiles": None}
    return how.model_copy(update=fixed)
