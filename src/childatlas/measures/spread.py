"""How unequal groups are: each measure once, as a formula on vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

__all__ = ["MEASURES", "ORDERED", "Groups", "relative_ranks"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups as the measures see them.

    Attributes
    ----------
    share : array
        Share of the population in each group, adding to 1.
    favourable : bool
        Whether more of the value is better.
    position : array or None
        Place of each group from worst off (0) to best off; None where the groups have no order.
    reference : int or None
        The group that others are compared with.
    scale : float or None
        The value that means everybody (1 or 100), None where values are not shares.
    epsilon : float
        Aversion to inequality, of Atkinson's measure.
    people : array or None
        People of each group, for a grouped logit on whole people; None to fit it to the shares as they are.
    """

    share: Floats
    favourable: bool
    position: NDArray[np.intp] | None
    reference: int | None
    scale: float | None
    epsilon: float
    people: Floats | None = None

    def mean(self, y: Floats) -> float:
        """Return the population mean."""
        return float(self.share @ y)

    def best(self, y: Floats) -> float:
        """Return the value of the best performing group."""
        return float(y.max() if self.favourable else y.min())

    def compared(self, y: Floats) -> tuple[float, float]:
        """Return (better, worse): ends of the order, else the reference (or best) and the worst."""
        if self.position is not None:
            return float(y[self.position.argmax()]), float(y[self.position.argmin()])
        worst = float(y.min() if self.favourable else y.max())
        return self.target(y), worst

    def target(self, y: Floats) -> float:
        """Return what all could reach: the reference, else the best-off group, else the best value."""
        if self.reference is not None:
            return float(y[self.reference])
        if self.position is not None:
            return float(y[self.position.argmax()])
        return self.best(y)


def relative_ranks(share: Floats, position: NDArray[np.intp]) -> Floats:
    """Return the midpoint of each group's range in the cumulative population, worst off first."""
    order = np.argsort(position, kind="stable")
    ends = np.cumsum(share[order])
    ranks = np.empty_like(share)
    ranks[order] = ends - share[order] / 2
    return ranks


def _difference(y: Floats, g: Groups) -> float:
    better, worse = g.compared(y)
    return better - worse if g.favourable else worse - better


def _ratio(y: Floats, g: Groups) -> float:
    better, worse = g.compared(y)
    top, bottom = (better, worse) if g.favourable else (worse, better)
    return top / bottom if bottom > 0 else np.nan


def _aci(y: Floats, g: Groups) -> float:
    if g.position is None:
        return np.nan
    return float(np.sum(g.share * (2 * relative_ranks(g.share, g.position) - 1) * y))


def _rci(y: Floats, g: Groups) -> float:
    return _per_mean(_aci(y, g), y, g)


def _per_mean(value: float, y: Floats, g: Groups) -> float:
    mean = g.mean(y)
    return value / mean if mean != 0 else np.nan


def _ends_of_fit(y: Floats, g: Groups) -> tuple[float, float]:
    """Return the fitted values at rank 1 and rank 0: grouped logit for shares, else least squares."""
    if g.position is None:
        return np.nan, np.nan
    x = relative_ranks(g.share, g.position)
    if g.scale is None or not ((y > 0) & (y < g.scale)).any():
        slope = np.sum(g.share * (x - 0.5) * y) / np.sum(g.share * (x - 0.5) ** 2) if len(y) > 1 else np.nan
        mean = g.mean(y)
        return float(mean + slope / 2), float(mean - slope / 2)
    p, weight = y / g.scale, g.share
    if g.people is not None:
        # Whole people: those concerned and all, each rounded up, as the WHO tools count them.
        whole = np.ceil(g.people - 1e-9)
        p, weight = np.ceil(g.people * p - 1e-9) / whole, whole / whole.sum()
        x = relative_ranks(weight, g.position)
    intercept, slope = _grouped_logit(x, p, weight)
    return g.scale / (1 + np.exp(-intercept - slope)), g.scale / (1 + np.exp(-intercept))


def _grouped_logit(x: Floats, p: Floats, weight: Floats) -> tuple[float, float]:
    """Return intercept and slope of a binomial logit with population weights, by Newton's method."""
    design = np.column_stack([np.ones_like(x), x])
    beta = np.array([np.log(np.clip(weight @ p, 1e-12, 1) / np.clip(1 - weight @ p, 1e-12, 1)), 0.0])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (weight * (p - fitted)))
        except np.linalg.LinAlgError:
            return np.nan, np.nan
        beta = beta + step
        if np.abs(step).max() < 1e-13 * max(1.0, np.abs(beta).max()):
            break
    return float(beta[0]), float(beta[1])


def _sii(y: Floats, g: Groups) -> float:
    top, bottom = _ends_of_fit(y, g)
    return top - bottom if g.favourable else bottom - top


def _rii(y: Floats, g: Groups) -> float:
    top, bottom = _ends_of_fit(y, g)
    over, under = (top, bottom) if g.favourable else (bottom, top)
    return over / under if under > 0 else np.nan


def _bgv(y: Floats, g: Groups) -> float:
    return float(g.share @ (y - g.mean(y)) ** 2)


def _bgsd(y: Floats, g: Groups) -> float:
    return float(np.sqrt(_bgv(y, g)))


def _cov(y: Floats, g: Groups) -> float:
    return 100 * _per_mean(_bgsd(y, g), y, g)


def _distance(weighted: bool, base: Callable[[Floats, Groups], float]) -> Callable[[Floats, Groups], float]:
    """Return the mean distance of groups from `base`, weighted by population or each group once."""

    def measure(y: Floats, g: Groups) -> float:
        far = np.abs(y - base(y, g))
        return float(g.share @ far if weighted else far.mean())

    return measure


def _mean_of(y: Floats, g: Groups) -> float:
    return g.mean(y)


def _best_of(y: Floats, g: Groups) -> float:
    return g.best(y)


def _reference_of(y: Floats, g: Groups) -> float:
    return float(y[g.reference]) if g.reference is not None else np.nan


def _index_of_disparity(weighted: bool) -> Callable[[Floats, Groups], float]:
    distance = _distance(weighted, _mean_of)
    return lambda y, g: 100 * _per_mean(distance(y, g), y, g)


def _theil(y: Floats, g: Groups) -> float:
    mean = g.mean(y)
    if mean <= 0 or (y < 0).any():
        return np.nan
    return float(g.share @ xlogy(y / mean, y / mean))


def _mld(y: Floats, g: Groups) -> float:
    mean = g.mean(y)
    if mean <= 0 or (y[g.share > 0] <= 0).any():
        return np.nan
    return float(-g.share @ np.log(np.where(y > 0, y, 1.0) / mean))


def _par(y: Floats, g: Groups) -> float:
    gain = g.target(y) - g.mean(y)
    return max(gain, 0.0) if g.favourable else min(gain, 0.0)


def _paf(y: Floats, g: Groups) -> float:
    return 100 * _per_mean(_par(y, g), y, g)


def _gini(y: Floats, g: Groups) -> float:
    if (y < 0).any():
        return np.nan
    order = np.argsort(y, kind="stable")
    share, mass = g.share[order], (g.share * y)[order]
    before = np.concatenate([[0.0], np.cumsum(mass)])
    area = np.sum(share * (before[1:] + before[:-1]))
    return float(1 - area / before[-1]) if before[-1] > 0 else np.nan


def _atkinson(y: Floats, g: Groups) -> float:
    mean = g.mean(y)
    if mean <= 0 or (y < 0).any():
        return np.nan
    if g.epsilon == 1:
        return float(1 - np.exp(g.share @ np.log(y)) / mean) if (y > 0).all() else 1.0
    if g.epsilon > 1 and (y == 0).any():
        return 1.0
    power = 1 - g.epsilon
    return float(1 - (g.share @ y**power) ** (1 / power) / mean)


def _palma(y: Floats, g: Groups) -> float:
    """Return the share of the total held by the top tenth over that of the bottom two fifths."""
    if (y < 0).any():
        return np.nan
    order = np.argsort(y, kind="stable")
    people = np.concatenate([[0.0], np.cumsum(g.share[order])])
    held = np.concatenate([[0.0], np.cumsum((g.share * y)[order])])
    low, high = np.interp([0.4, 0.9], people, held)
    return float((held[-1] - high) / low) if low > 0 else np.nan


MEASURES: dict[str, Callable[[Floats, Groups], Any]] = {
    "difference": _difference,
    "ratio": _ratio,
    "aci": _aci,
    "rci": _rci,
    "sii": _sii,
    "rii": _rii,
    "bgv": _bgv,
    "bgsd": _bgsd,
    "cov": _cov,
    "mdmu": _distance(False, _mean_of),
    "mdmw": _distance(True, _mean_of),
    "mdbu": _distance(False, _best_of),
    "mdbw": _distance(True, _best_of),
    "mdru": _distance(False, _reference_of),
    "mdrw": _distance(True, _reference_of),
    "idisu": _index_of_disparity(False),
    "idisw": _index_of_disparity(True),
    "theil": _theil,
    "mld": _mld,
    "par": _par,
    "paf": _paf,
    "gini": _gini,
    "atkinson": _atkinson,
    "palma": _palma,
}
ORDERED = ("aci", "rci", "sii", "rii")
