"""What every global statistic shares: the result, the sums of the weights, the conclusion."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from .errors import AnalysisError
from .local_test import ALTERNATIVES, known
from .moments import bulk, typical_size
from .shuffles import Simulated, global_p
from .values import Aligned

__all__ = [
    "ASSUMPTIONS",
    "NO_DATA",
    "NO_NEIGHBOURS",
    "NO_VARIATION",
    "GlobalResult",
    "Moments",
    "Sums",
    "centred",
    "check_permutations",
    "conclude",
    "kurtosis_of",
    "moran_moments",
    "sums_of",
]

Floats = NDArray[np.float64]
Assumption = Literal["randomisation", "normal"]
ASSUMPTIONS = ("randomisation", "normal")
NO_DATA = "no data: no unit has a value"
NO_VARIATION = "no variation: all values are equal"
NO_NEIGHBOURS = "no neighbours: no unit is joined to another"


@dataclass(frozen=True, eq=False)
class GlobalResult:
    """A global statistic and its inference.

    Attributes
    ----------
    name : str
    statistic, expected, variance : float
    z : float
        Standard deviations above chance; positive for positive autocorrelation, Geary's too.
    p_norm, p_sim : float
        By the normal distribution, and by permutation; both have the tail of `alternative`.
    n : int
        Units with a value, islands among them.
    permutations : int
        P, or n! where all were enumerated; 0 if none were asked for.
    alternative, assumption : str
    islands : tuple
        Codes of units without neighbours. They count in n and add nothing to the sum over neighbours.
    components : int
        Number of separate parts of the graph, islands included.
    note : str
        Why a figure is missing, as "no variation"; else empty.
    table : pandas.DataFrame or None
        Join counts: one row a pair of categories.
    """

    name: str
    statistic: float
    expected: float
    variance: float
    z: float
    p_norm: float
    p_sim: float
    n: int
    permutations: int
    alternative: str
    assumption: str
    islands: tuple[Any, ...] = ()
    components: int = 1
    note: str = ""
    table: pd.DataFrame | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Sums:
    """Sums of the weights that the analytical moments need (Cliff and Ord 1981, p. 19).

    Attributes
    ----------
    s0, s1, s2 : float
        sum w_ij; half the sum of (w_ij + w_ji)^2; sum of (w_i. + w_.i)^2.
    """

    s0: float
    s1: float
    s2: float


@dataclass(frozen=True)
class Moments:
    """Expectation and variance under one null model."""

    expected: float
    variance: float


def sums_of(w: sparse.csr_array) -> Sums:
    """Return S0, S1 and S2 of a matrix without a diagonal."""
    both = w + w.T
    ends = np.asarray(w.sum(axis=1), dtype=np.float64) + np.asarray(w.sum(axis=0), dtype=np.float64)
    return Sums(float(w.sum()), float((both.data**2).sum() / 2), float((ends**2).sum()))


def moran_moments(n: int, s: Sums, *, assumption: str, kurtosis: float) -> Moments:
    """Return expectation and variance of Moran's I (Cliff and Ord 1981, equations 1.36 to 1.39)."""
    known(assumption, ASSUMPTIONS, "assumption")
    expected = -1 / (n - 1) if n > 1 else math.nan
    if s.s0 == 0 or n < 3:
        return Moments(expected, math.nan)
    if assumption == "normal":
        second = (n * n * s.s1 - n * s.s2 + 3 * s.s0**2) / (s.s0**2 * (n * n - 1))
        return Moments(expected, second - expected**2)
    if n < 4:
        return Moments(expected, math.nan)
    first = n * ((n * n - 3 * n + 3) * s.s1 - n * s.s2 + 3 * s.s0**2)
    last = kurtosis * ((n * n - n) * s.s1 - 2 * n * s.s2 + 6 * s.s0**2)
    second = (first - last) / ((n - 1) * (n - 2) * (n - 3) * s.s0**2)
    return Moments(expected, second - expected**2)


def kurtosis_of(z: Floats) -> float:
    """Return the fourth moment over the squared second one, of centred values."""
    second = float((z**2).mean()) if z.size else 0.0
    return float((z**4).mean()) / second**2 if second > 0 else math.nan


def centred(x: Floats) -> Floats:
    """Return values less their mean; exact zeros where a value is the mean up to rounding."""
    if not x.size or np.ptp(x) <= 1e-12 * float(np.abs(x).max()):
        return np.zeros_like(x)
    middle = float(np.median(bulk(x)))
    shifted = x - middle
    z = shifted - shifted.mean()
    noise = 1e-12 * typical_size(x) + 4 * np.finfo(np.float64).eps * (
        abs(middle) + abs(float(shifted.mean()))
    )
    return np.where(np.abs(z) <= noise, 0.0, z)


def conclude(
    name: str,
    aligned: Aligned,
    moments: Moments,
    simulated: Simulated | float,
    *,
    alternative: str,
    assumption: str,
    sign: int = 1,
    note: str = "",
    table: pd.DataFrame | None = None,
) -> GlobalResult:
    """Return the result: z and both p in the direction of `alternative`.

    `sign` is -1 for statistics that fall as autocorrelation rises. With a note the p are 1 and z is missing;
    without data the p are missing too.
    """
    if not aligned.n:
        note = NO_DATA
    known(alternative, ALTERNATIVES, "alternative")
    observed = simulated.observed if isinstance(simulated, Simulated) else simulated
    z = math.nan
    if not note and moments.variance > 0:
        z = sign * (observed - moments.expected) / math.sqrt(moments.variance)
    noted = math.nan if note == NO_DATA else 1.0
    p_sim = noted if note else math.nan
    if isinstance(simulated, Simulated):
        turned = Simulated(sign * observed, sign * simulated.values, simulated.exact)
        p_sim = noted if note else global_p(turned, alternative)
    count = simulated.values.size if isinstance(simulated, Simulated) else 0
    return GlobalResult(
        name=name,
        statistic=observed,
        expected=moments.expected,
        variance=moments.variance,
        z=z,
        p_norm=noted if note else _normal_p(z, alternative),
        p_sim=p_sim,
        n=aligned.n,
        permutations=count,
        alternative=alternative,
        assumption=assumption,
        islands=tuple(aligned.islands),
        components=_components(aligned),
        note=note,
        table=table,
    )


def _normal_p(z: float, alternative: str) -> float:
    """Return the tail of the normal distribution beyond z."""
    if alternative == "greater":
        return float(special.ndtr(-z))
    if alternative == "less":
        return float(special.ndtr(z))
    return float(2 * special.ndtr(-abs(z)))


def _components(aligned: Aligned) -> int:
    """Return the number of separate parts of the graph."""
    if not aligned.n:
        return 0
    return int(sparse.csgraph.connected_components(aligned.weights, directed=False, return_labels=False))


def check_permutations(permutations: object) -> int:
    """Return the number of permutations; zero asks for analytical inference alone."""
    if isinstance(permutations, bool) or not isinstance(permutations, int | np.integer) or permutations < 0:
        raise AnalysisError("permutations must be a whole number, zero or more", found=permutations)
    return int(permutations)
