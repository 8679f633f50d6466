"""Aggregation: the parts of a node become its score.

Parts have the shape (parts, ..., units), weights (parts, ...): whatever stands between (draws) is handled at
once. A missing part is NaN; the weights of the others are rescaled to sum to one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from childatlas.measures.normalise import Array
from childatlas.measures.recipe_parts import Aggregation

__all__ = [
    "POSITIVE_ONLY",
    "RELATIVE",
    "aggregate",
    "compensation",
    "coverage_of",
    "score_and_coverage",
]

POSITIVE_ONLY = frozenset({"geometric", "harmonic", "generalised"})
RELATIVE = frozenset({"copeland", "wroclaw"})  # the score of a unit depends on the other units

_TIE = 1e-9


def coverage_of(parts: Array, weights: Array) -> Array:
    """Return the share of the weight of `parts` that is not missing, shape (..., units)."""
    w = weights[..., None]
    total = w.sum(axis=0)
    present = np.where(np.isnan(parts), 0.0, w).sum(axis=0)
    return np.asarray(np.divide(present, total, out=np.zeros(present.shape), where=total > 0))


def aggregate(parts: Array, weights: Array, how: Aggregation, *, worst_is_high: bool = False) -> Array:
    """Return the score of a node from its parts.

    Parameters
    ----------
    parts : array (parts, ..., units)
        Normalised and oriented; NaN is missing.
    weights : array (parts, ...)
        Not negative; rescaled to sum to one over the parts present.
    how : Aggregation
    worst_is_high : bool
        True for an index of deprivation; decides which end Mazziotta-Pareto, Wroclaw and OWA punish.

    Returns
    -------
    array (..., units)
        NaN where no part is present, or a mean is undefined (zero or negative parts under a geometric,
        harmonic or generalised mean).

    Notes
    -----
    Means: sum w x; exp(sum w ln x); 1 / sum(w / x); (sum w x^p)^(1/p). Mazziotta-Pareto (2016): M +- S x
    cv, S the sample standard deviation across parts (sum w (x - M)^2 / (1 - sum w^2)), on parts with mean
    100, sd 10. Copeland: wins less losses over weighted pairwise majorities. Wroclaw (Hellwig 1968):
    distance d to the ideal unit over its mean + 2 sd, taken from 1 for well-being. Ordered weighted
    averaging: Yager (1996), with importances, weights Q(c_j) - Q(c_j-1) at the cumulated weights c from
    best to worst.
    """
    return score_and_coverage(parts, weights, how, worst_is_high=worst_is_high)[0]


def score_and_coverage(
    parts: Array, weights: Array, how: Aggregation, *, worst_is_high: bool = False
) -> tuple[Array, Array | None]:
    """Return the score of a node as `aggregate` does, and the coverage of its parts, None where full."""
    missing = np.isnan(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        if not missing.any():
            total = weights.sum(axis=0)[..., None]
            score = _score(parts, weights[..., None], total, how, worst_is_high)
            return np.where((total > 0) & np.isfinite(score), score, np.nan), None
        shares = np.where(missing, 0.0, weights[..., None])
        total = shares.sum(axis=0)
        filled = np.where(missing, 1.0 if how.method in POSITIVE_ONLY else 0.0, parts)
        score = _score(filled, shares, total, how, worst_is_high)
        declared = weights.sum(axis=0)[..., None]
        coverage = np.where(declared > 0, total / declared, 0.0)
    return np.where((total > 0) & np.isfinite(score), score, np.nan), coverage


def _score(x: Array, w: Array, total: Array, how: Aggregation, worst_is_high: bool) -> Array:
    """Return the score of complete parts; sums are divided by the total weight, other formulas get shares."""
    total = np.where(total > 0, total, np.nan)
    power = _powers(how)
    if power == 1:
        return _weighted_sum(x, w) / total
    if power is not None:
        return _power(x, w, total, power)
    return _FORMULAS[how.method](x, w / total, how, worst_is_high)


def _powers(how: Aggregation) -> float | None:
    """Return the power of a mean, None for what is no power mean."""
    if how.method == "generalised":
        return 1.0 if how.power is None else how.power
    return {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}.get(how.method)


Formula = Callable[[Array, Array, Aggregation, bool], Array]


def _weighted_sum(x: Array, w: Array) -> Array:
    """Return sum w x over the first axis, part by part: no array of all the products is ever made."""
    total = w[0] * x[0]
    for weight, value in zip(w[1:], x[1:], strict=True):
        total += weight * value
    return np.asarray(total)


def _power(x: Array, w: Array, total: Array, power: float) -> Array:
    if (x <= 0).any():
        x = np.where((w > 0) & (x <= 0), np.nan, np.where(w > 0, x, 1.0))
    if power == 0:
        return np.asarray(np.exp(_weighted_sum(np.log(x), w) / total))
    if power == -1:
        return np.asarray(total / _weighted_sum(1 / x, w))
    return np.asarray((_weighted_sum(x**power, w) / total) ** (1 / power))


def _mazziotta_pareto(x: Array, w: Array, how: Aggregation, worst_is_high: bool) -> Array:
    mean = (w * x).sum(axis=0)
    freedom = 1 - (w**2).sum(axis=0)
    spread = (w * (x - mean) ** 2).sum(axis=0)
    variance = np.where(freedom > _TIE, spread / np.where(freedom > _TIE, freedom, 1.0), 0.0)
    pole = how.pole or ("positive" if worst_is_high else "negative")
    penalty = variance / np.where(mean > 0, mean, np.nan)  # S x cv = S^2 / M
    return np.asarray(mean + penalty if pole == "positive" else mean - penalty)


def _wroclaw(x: Array, w: Array, how: Aggregation, worst_is_high: bool) -> Array:  # noqa: ARG001
    x, w = np.broadcast_arrays(x, w)
    seen = np.where(w > 0, x, np.nan)
    ends = np.fmin if worst_is_high else np.fmax
    ideal = ends.reduce(seen, axis=-1, keepdims=True)
    spread = _spread(seen)
    apart = np.where(w > 0, (x - ideal) / spread, 0.0)
    distance = np.sqrt((w * np.where(np.isfinite(apart), apart, 0.0) ** 2).sum(axis=0))
    distance = np.where(w.sum(axis=0) > 0, distance, np.nan)
    n = (~np.isnan(distance)).sum(axis=-1, keepdims=True)
    mean = np.nansum(distance, axis=-1, keepdims=True) / n
    sd = np.sqrt(np.nansum((distance - mean) ** 2, axis=-1, keepdims=True) / (n - 1))
    relative = distance / (mean + 2 * sd)
    return np.asarray(relative if worst_is_high else 1 - relative)


def _spread(x: Array) -> Array:
    """Return the sample standard deviation over units, 1 where there is none."""
    n = (~np.isnan(x)).sum(axis=-1, keepdims=True)
    mean = np.nansum(x, axis=-1, keepdims=True) / n
    sd = np.sqrt(np.nansum((x - mean) ** 2, axis=-1, keepdims=True) / (n - 1))
    return np.where(np.isfinite(sd) & (sd > 0), sd, 1.0)


def _copeland(x: Array, w: Array, how: Aggregation, worst_is_high: bool) -> Array:  # noqa: ARG001
    x, w = np.broadcast_arrays(x, w)
    units = x.shape[-1]
    balance = np.zeros((*x.shape[1:], units))
    for value, weight in zip(x, w, strict=True):
        gap = value[..., :, None] - value[..., None, :]
        both = np.minimum(weight[..., :, None], weight[..., None, :])
        balance += both * np.sign(np.where(np.abs(gap) > _TIE * np.abs(value).max(initial=1.0), gap, 0.0))
    wins = np.sign(np.where(np.abs(balance) > _TIE, balance, 0.0)).sum(axis=-1)
    return np.asarray(np.where(np.isfinite(w).all(axis=0), wins, np.nan))


def _owa(x: Array, w: Array, how: Aggregation, worst_is_high: bool) -> Array:
    x, w = np.broadcast_arrays(x, w)
    goodness = np.where(w > 0, -x if worst_is_high else x, -np.inf)
    order = np.argsort(-goodness, axis=0, kind="stable")
    values = np.take_along_axis(x, order, axis=0)
    upto = np.clip(np.cumsum(np.take_along_axis(w, order, axis=0), axis=0), 0.0, 1.0)
    reached = _quantifier(upto, how)
    own = np.diff(reached, axis=0, prepend=np.zeros((1, *reached.shape[1:])))
    return np.asarray((own * values).sum(axis=0))


def _quantifier(upto: Array, how: Aggregation) -> Array:
    """Return Q(c): a power, or the line through the cumulated order weights (best part first)."""
    if how.order_weights is None:
        return np.asarray(upto ** float(how.power or 1.0))
    steps = np.concatenate([[0.0], np.cumsum(how.order_weights[::-1])])
    return np.asarray(np.interp(upto, np.linspace(0, 1, len(steps)), steps / steps[-1]))


_FORMULAS: dict[str, Formula] = {
    "mazziotta-pareto": _mazziotta_pareto,
    "wroclaw": _wroclaw,
    "copeland": _copeland,
    "owa": _owa,
}


def compensation(parts: Array, weights: Array, how: Aggregation, *, worst_is_high: bool = False) -> Array:
    """Return per unit how far a good part makes up for a bad one: 1 fully, 0 not at all.

    The degree is (score - worst) / (arithmetic mean - worst), clipped to 0..1 and NaN where all parts are
    equal; it is measured on the units' real profiles, not read off the formula. An aggregation whose
    scores are not on the scale of the parts (Copeland, Wroclaw) has none: all NaN.
    """
    if how.method in RELATIVE:
        return np.full(parts.shape[1:], np.nan)
    mean = aggregate(parts, weights, Aggregation(), worst_is_high=worst_is_high)
    score = aggregate(parts, weights, how, worst_is_high=worst_is_high)
    used = np.where(weights[..., None] > 0, parts, np.nan)
    worst = (np.fmax if worst_is_high else np.fmin).reduce(used, axis=0)
    span = mean - worst
    with np.errstate(divide="ignore", invalid="ignore"):
        degree = (score - worst) / np.where(np.abs(span) > _TIE * np.abs(mean), span, np.nan)
    return np.asarray(np.clip(degree, 0.0, 1.0))
