"""How unequally a distribution is spread: each measure once, with the influence of every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.influence import density_at, expected_distance, middle

__all__ = ["MEASURES", "Incomes", "build_measures", "entropy"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Incomes:
    """Incomes and the share of all people that each stands for."""

    y: Floats
    share: Floats

    @property
    def mean(self) -> float:
        """The mean income."""
        return float(self.share @ self.y)


Measure: TypeAlias = Callable[[Incomes], tuple[float, Floats]]


def _undefined(d: Incomes) -> tuple[float, Floats]:
    return float("nan"), np.zeros(len(d.y))


def _per_mean(top: float, pull: Floats, d: Incomes) -> tuple[float, Floats]:
    """Return top / mean and its influence."""
    mean = d.mean
    return top / mean, pull / mean - top * (d.y - mean) / mean**2


def entropy(alpha: float) -> Measure:
    """Return the generalised entropy of one parameter: 0 the mean log deviation, 1 Theil's index."""

    def measure(d: Incomes) -> tuple[float, Floats]:
        if d.mean <= 0 or (d.y < 0).any() or (alpha <= 0 and (d.y == 0).any()):
            return _undefined(d)
        each = np.where(d.y > 0, d.y, 1.0)
        if alpha == 0:
            logs = np.log(each)
            value = np.log(d.mean) - d.share @ logs
            return float(value), (d.y - d.mean) / d.mean - (logs - d.share @ logs)
        if alpha == 1:
            held = d.y * np.log(each)
            ratio, pull = _per_mean(float(d.share @ held), held - d.share @ held, d)
            return ratio - float(np.log(d.mean)), pull - (d.y - d.mean) / d.mean
        relative = d.y / d.mean
        power = relative**alpha
        value = float(d.share @ power)
        scale = alpha * (alpha - 1)
        return (value - 1) / scale, (power - value - alpha * value * (relative - 1)) / scale

    return measure


def _atkinson(epsilon: float) -> Measure:
    def measure(d: Incomes) -> tuple[float, Floats]:
        if d.mean <= 0 or (d.y < 0).any():
            return _undefined(d)
        if epsilon >= 1 and (d.y == 0).any():
            return 1.0, np.zeros(len(d.y))
        relative = d.y / d.mean
        if epsilon == 1:
            logs = np.log(relative)
            level = float(np.exp(d.share @ logs))
            return 1 - level, -level * (logs - d.share @ logs - (relative - 1))
        power = relative ** (1 - epsilon)
        total = float(d.share @ power)
        level = total ** (1 / (1 - epsilon))
        return 1 - level, -level * ((power - total) / total / (1 - epsilon) - (relative - 1))

    return measure


def _gini(d: Incomes) -> tuple[float, Floats]:
    if d.mean <= 0 or (d.y < 0).any():
        return _undefined(d)
    far = expected_distance(d.y, d.y, d.share)
    pairs = float(d.share @ far)
    return _per_mean(pairs / 2, far - pairs, d)


def _held_by_bottom(d: Incomes, part: float) -> tuple[float, Floats]:
    """Return the income of the bottom `part` of people per person of all; no density is needed."""
    cut = middle(d.y, d.share, part)
    short = np.maximum(cut - d.y, 0.0)
    lacking = float(d.share @ short)
    return part * cut - lacking, lacking - short


def _top_over_bottom(top: float, bottom: float) -> Measure:
    def measure(d: Incomes) -> tuple[float, Floats]:
        below, pull_below = _held_by_bottom(d, bottom)
        rest, pull_rest = _held_by_bottom(d, 1 - top)
        if (d.y < 0).any() or below <= 0:
            return _undefined(d)
        above, pull_above = d.mean - rest, d.y - d.mean - pull_rest
        return above / below, pull_above / below - above * pull_below / below**2

    return measure


def _wolfson(d: Incomes) -> tuple[float, Floats]:
    """Return (1 - 2 L(1/2) - G) mean / median; its influence needs the density at the median."""
    median = middle(d.y, d.share, 0.5)
    if d.mean <= 0 or (d.y < 0).any() or median <= 0:
        return _undefined(d)
    far = expected_distance(d.y, d.y, d.share)
    pairs = float(d.share @ far)
    held, pull_held = _held_by_bottom(d, 0.5)
    top = d.mean - 2 * held - pairs / 2
    pull = d.y - d.mean - 2 * pull_held - (far - pairs)
    height = density_at(median, d.y, d.share)
    moved = (0.5 - (d.y <= median)) / height if height > 0 else np.zeros(len(d.y))
    return top / median, pull / median - top * (moved - d.share @ moved) / median**2


MEASURES: dict[str, Measure] = {
    "gini": _gini,
    "theil": entropy(1.0),
    "mld": entropy(0.0),
    "palma": _top_over_bottom(0.1, 0.4),
    "s80s20": _top_over_bottom(0.2, 0.2),
    "wolfson": _wolfson,
}


def build_measures(epsilons: tuple[float, ...], alphas: tuple[float, ...]) -> dict[str, Measure]:
    """Return all measures by name, with ``atkinson(e)`` and ``ge(a)`` for each parameter."""
    atkinson = {f"atkinson({e:g})": _atkinson(e) for e in epsilons}
    return {**MEASURES, **atkinson, **{f"ge({a:g})": entropy(a) for a in alphas}}
