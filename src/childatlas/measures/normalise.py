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
_PLACE_BITS = 12
_BELOW_SIGN = np.int64(0x7FFF_FFFF_FFFF_FFFF)
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
    infinite = np.isinf(out)
    return np.where(infinite, np.nan, out) if infinite.any() else out


def _least(x: Array) -> Array:
    return np.asarray(np.fmin.reduce(x, axis=-1, keepdims=True))


def _greatest(x: Array) -> Array:
    return np.asarray(np.fmax.reduce(x, axis=-1, keepdims=True))


def _safe(span: Array, size: Array | float) -> Array:
    """Return `span`, NaN where it is zero up to rounding of numbers of that `size`."""
    return np.where(np.abs(span) > _EPSILON * np.abs(size), span, np.nan)


def _to_scale(share: Array, how: Normalisation) -> Array:
    """Return shares of 0 to 1 on the scale; the array is the caller's own and is changed in place."""
    low, high = how.scale
    share *= high - low
    if low:
        share += low
    return share


def _as_is(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001 - one signature for all formulas
    return np.asarray(sign * x)


def _min_max(x: Array, how: Normalisation, sign: Array) -> Array:
    low, high = _least(x), _greatest(x)
    worst, best = np.where(sign > 0, low, high), np.where(sign > 0, high, low)
    share = x - worst  # in place from here: this runs over every figure of every draw
    share /= _safe(best - worst, np.maximum(np.abs(low), np.abs(high)))
    return _to_scale(np.asarray(share), how)


def _z_score(x: Array, how: Normalisation, sign: Array) -> Array:
    if how.mean is not None and how.sd is not None:
        return np.asarray(how.centre + how.spread * sign * (x - how.mean) / how.sd)
    missing = np.isnan(x)
    gaps = bool(missing.any())
    n = x.shape[-1] - missing.sum(axis=-1, keepdims=True) if gaps else np.array(float(x.shape[-1]))
    z = np.where(missing, 0.0, x)
    size = np.abs(z).max(axis=-1, keepdims=True, initial=0.0)
    z -= z.sum(axis=-1, keepdims=True) / n
    if gaps:
        z[missing] = 0.0
    sd = np.sqrt(np.einsum("...u,...u->...", z, z)[..., None] / (n - 1))
    z *= how.spread * sign / _safe(sd, size)
    z += how.centre
    if gaps:
        z[missing] = np.nan
    return z


def rank_least(x: Array) -> Array:
    """Return ascending ranks along the last axis, 1 for the least, ties at their least rank, NaN for NaN.

    The place of each value rides in the last bits of its sort key, so that one sort of whole numbers does
    what sorting indices and gathering would: values that agree in all but those bits (12 of 53 for 4,096
    values) count as ties.
    """
    n = x.shape[-1]
    if x.size == 0:
        return np.empty(x.shape)
    bits = max(1, (n - 1).bit_length())
    missing = np.isnan(x)
    if bits > _PLACE_BITS:
        order = np.argsort(x, axis=-1)
        inner = np.take_along_axis(x, order, axis=-1)
        distinct = inner[..., 1:] != inner[..., :-1]
    else:
        mask = np.int64((1 << bits) - 1)
        keys = _one_of_each(x, missing).view(np.int64)
        keys ^= (keys >> 63) & _BELOW_SIGN  # now ordered as the numbers are, NaN last
        keys &= ~mask
        keys |= np.arange(n, dtype=np.int64)
        keys.sort(axis=-1)
        order = keys & mask
        keys >>= bits
        distinct = keys[..., 1:] != keys[..., :-1]
    ranks = np.empty(x.shape)
    flat = order.reshape(-1, n)
    flat += np.arange(flat.shape[0], dtype=flat.dtype)[:, None] * n
    ranks.reshape(-1)[flat] = _places(distinct.reshape(len(flat), n - 1), n)
    if missing.any():
        ranks[missing] = np.nan
    return ranks


def _one_of_each(x: Array, missing: NDArray[np.bool_]) -> Array:
    """Return a copy in which there is one zero and one NaN, and not those with a minus as well."""
    y: Array = np.ascontiguousarray(x, dtype=np.float64) + 0.0
    if missing.any():
        y[missing] = np.nan
    return y


def _places(distinct: NDArray[np.bool_], n: int) -> Array:
    """Return the rank at each place of a sorted vector: its place, or that of the first of its ties."""
    places = np.arange(1.0, n + 1)
    if distinct.all():
        return places
    firsts = np.ones((len(distinct), n))
    firsts[:, 1:] = np.where(distinct, places[1:], 0.0)
    return np.asarray(np.maximum.accumulate(firsts, axis=-1))


def _count(x: Array) -> Array:
    return np.asarray((~np.isnan(x)).sum(axis=-1, keepdims=True), dtype=float)


def _rank(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001
    return rank_least(sign * x)


def _borda(x: Array, how: Normalisation, sign: Array) -> Array:  # noqa: ARG001
    return rank_least(sign * x) - 1


def _percentile_rank(x: Array, how: Normalisation, sign: Array) -> Array:
    share = rank_least(sign * x)
    share -= 1
    share /= _count(x) - 1
    return _to_scale(share, how)


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
