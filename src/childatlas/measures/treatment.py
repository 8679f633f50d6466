"""Treatment of outliers: learned on the figures, applied as a fixed transformation, reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from childatlas.measures.normalise import Array
from childatlas.measures.recipe_parts import Treatment

__all__ = ["Transformation", "learn_treatment", "shape_of"]


@dataclass(frozen=True)
class Transformation:
    """A monotone transformation of one indicator.

    Attributes
    ----------
    kind : {"none", "winsorise", "log", "box-cox"}
    low, high : float
        Caps of a winsorised indicator.
    shift, mirror, power : float
        y = f(mirror x value + shift), f the logarithm or the Box-Cox transformation with `power`.
    enough : bool
        False where skewness and kurtosis still exceed their limits.
    """

    kind: Literal["none", "winsorise", "log", "box-cox"] = "none"
    low: float = -np.inf
    high: float = np.inf
    shift: float = 0.0
    mirror: float = 1.0
    power: float = 0.0
    enough: bool = True

    def apply(self, values: Array) -> Array:
        """Return the transformed values; order is kept, so direction is too."""
        if self.kind == "none":
            return values
        if self.kind == "winsorise":
            return np.clip(values, self.low, self.high)
        positive = np.maximum(self.mirror * values + self.shift, np.finfo(float).tiny)
        if self.kind == "log" or self.power == 0:
            return np.asarray(self.mirror * np.log(positive))
        return np.asarray(self.mirror * (positive**self.power - 1) / self.power)


def shape_of(values: Array) -> tuple[float, float]:
    """Return sample-adjusted skewness and excess kurtosis (G1, G2 of Joanes and Gill 1998)."""
    from scipy import stats

    x = values[~np.isnan(values)]
    if x.size < 4 or np.ptp(x) <= 1e-12 * np.abs(x).max(initial=0.0):
        return np.nan, np.nan
    return float(stats.skew(x, bias=False)), float(stats.kurtosis(x, bias=False))


def learn_treatment(values: Array, how: Treatment) -> Transformation:
    """Return the transformation that `how` asks for on one indicator's values.

    Notes
    -----
    An indicator is treated where |skewness| > `skewness` and kurtosis > `kurtosis` (OECD/JRC practice: 2
    and 3.5), or `always`. Winsorising moves the farthest values on the side of the skew to the next one,
    one more at a time, until it is inside; where `most` do not do, nothing is moved and `enough` is False
    (as COINr). The logarithm is that of x - min + 0.01 x range, mirrored for a left skew.
    """
    if how.method == "none" or not (_outside(values, how) or how.always):
        return Transformation()
    return {"winsorise": _winsorise, "log": _log, "box-cox": _box_cox, "auto": _auto}[how.method](values, how)


def _outside(values: Array, how: Treatment) -> bool:
    skew, kurtosis = shape_of(values)
    return abs(skew) > how.skewness and kurtosis > how.kurtosis


def _winsorise(values: Array, how: Treatment) -> Transformation:
    x = np.sort(values[~np.isnan(values)])
    right = shape_of(x)[0] >= 0
    for moved in range(1, min(how.most, x.size - 1) + 1):
        caps = {"high": float(x[-1 - moved])} if right else {"low": float(x[moved])}
        trial = Transformation("winsorise", **caps)  # type: ignore[arg-type] # only floats are in caps
        if not _outside(trial.apply(values), how):
            return trial
    return Transformation(enough=False)


def _mirrored(values: Array) -> tuple[float, float]:
    """Return the sign that turns a left skew into a right one, and the shift to positive values."""
    mirror = -1.0 if shape_of(values)[0] < 0 else 1.0
    y = mirror * values[~np.isnan(values)]
    return mirror, float(0.01 * np.ptp(y) - y.min())


def _log(values: Array, how: Treatment) -> Transformation:
    if not np.nanmax(values) > np.nanmin(values):
        return Transformation(enough=False)
    mirror, shift = _mirrored(values)
    done = Transformation("log", mirror=mirror, shift=shift)
    return replace(done, enough=not _outside(done.apply(values), how))


def _box_cox(values: Array, how: Treatment) -> Transformation:
    from scipy import stats

    if not np.nanmax(values) > np.nanmin(values):
        return Transformation(enough=False)
    mirror, shift = _mirrored(values)
    y = mirror * values[~np.isnan(values)] + shift
    power = float(stats.boxcox_normmax(y, method="mle"))
    done = Transformation("box-cox", mirror=mirror, shift=shift, power=power)
    return replace(done, enough=not _outside(done.apply(values), how))


def _auto(values: Array, how: Treatment) -> Transformation:
    first = _winsorise(values, how)
    return first if first.enough else _log(values, how)
