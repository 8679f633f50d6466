"""Global statistics of one variable: is there spatial autocorrelation on the whole map.

Conventions, all functions alike: weights are used as given, self-weights left out; islands count in n;
missing values take their unit out and standardised rows are standardised again. z is positive for positive
autocorrelation (Geary's z has the sign of R's spdep, opposite to esda's), and `alternative` "greater" means
positive autocorrelation; both p_norm and p_sim have that tail. p_sim = (1 + #{T* >= T}) / (P + 1) over whole
permutations (`shuffles.simulate`), doubled and cut at 1 where two-sided; n! <= P enumerates them all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .draws import Seed
from .errors import AnalysisError
from .global_result import (
    ASSUMPTIONS,
    NO_NEIGHBOURS,
    NO_VARIATION,
    Assumption,
    GlobalResult,
    Moments,
    Sums,
    centred,
    check_permutations,
    conclude,
    kurtosis_of,
    moran_moments,
    sums_of,
)
from .local_test import Alternative, known
from .shuffles import Simulated, Statistic, simulate
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["GlobalResult", "cross_product", "global_geary", "global_getis_ord", "global_moran"]

Floats = NDArray[np.float64]


def global_moran(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    assumption: Assumption = "randomisation",
) -> GlobalResult:
    """Return Moran's I of the whole map.

    I = (n / S0) sum_ij w_ij z_i z_j / sum_i z_i^2, z centred values (Moran 1950; Cliff and Ord 1981, p. 17).
    No units. Under the null every arrangement of the values over the units is equally likely
    (`randomisation`), or the values are independent normal draws (`normal`).

    Parameters
    ----------
    values : pandas.Series
        Indexed by unit code.
    w : libpysal.graph.Graph
    permutations : int
        P; 0 leaves p_sim missing.
    seed : int
    alternative : {"two-sided", "greater", "less"}
        ``greater`` is positive autocorrelation.
    assumption : {"randomisation", "normal"}
        Null model of the variance.

    Raises
    ------
    AnalysisError
        Codes do not match, values are infinite, or a word is unknown.

    Notes
    -----
    O(P L / 2) for L links, a symmetric graph assumed. All values equal: `note` says "no variation", p is 1.
    """
    count = check_permutations(permutations)
    aligned = align([values], w)
    z, s = centred(aligned.columns[0]), sums_of(aligned.weights)
    moments = moran_moments(aligned.n, s, assumption=assumption, kurtosis=kurtosis_of(z))
    square = float(z @ z)
    note = _note(square, s)
    if note:
        return conclude(
            "Moran's I", aligned, moments, math.nan, alternative=alternative, assumption=assumption, note=note
        )
    product = cross_product(aligned.weights)
    scale = aligned.n / (s.s0 * square)

    def statistic(parts: tuple[Floats, ...]) -> Floats:
        return scale * product(parts)

    return conclude(
        "Moran's I",
        aligned,
        moments,
        _simulated(statistic, (z,), count, seed),
        alternative=alternative,
        assumption=assumption,
    )


def global_geary(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    assumption: Assumption = "randomisation",
) -> GlobalResult:
    """Return Geary's C of the whole map.

    C = (n - 1) sum_ij w_ij (x_i - x_j)^2 / (2 S0 sum_i z_i^2) (Geary 1954; Cliff and Ord 1981, p. 17): below
    1 where neighbours are alike. z and both p turn the sign, so that z > 0 and ``greater`` mean positive
    autocorrelation. Parameters, errors and cost as in `global_moran`.
    """
    count = check_permutations(permutations)
    aligned = align([values], w)
    z, s, n = centred(aligned.columns[0]), sums_of(aligned.weights), aligned.n
    moments = _geary_moments(n, s, assumption=assumption, kurtosis=kurtosis_of(z))
    square = float(z @ z)
    note = _note(square, s)
    if note:
        return conclude(
            "Geary's C", aligned, moments, math.nan, alternative=alternative, assumption=assumption, note=note
        )
    product, scale = cross_product(aligned.weights), (n - 1) / (2 * s.s0 * square)
    ends = _ends(aligned.weights)

    def statistic(parts: tuple[Floats, ...]) -> Floats:
        (x,) = parts
        return np.asarray(scale * (np.einsum("i,ib,ib->b", ends, x, x) - 2 * product(parts)))

    return conclude(
        "Geary's C",
        aligned,
        moments,
        _simulated(statistic, (z,), count, seed),
        alternative=alternative,
        assumption=assumption,
        sign=-1,
    )


def global_getis_ord(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    assumption: Assumption = "randomisation",
) -> GlobalResult:
    """Return Getis and Ord's general G of the whole map.

    G = sum_ij w_ij x_i x_j / sum_{i != j} x_i x_j (Getis and Ord 1992, equation 5): above its expectation
    S0 / (n (n - 1)) where high values stand together. Values must not be negative; there is no normal variant
    of its variance. Parameters and cost as in `global_moran`.

    Raises
    ------
    AnalysisError
        Also for negative values, or for ``assumption="normal"``.
    """
    known(assumption, ASSUMPTIONS, "assumption")
    if assumption == "normal":
        raise AnalysisError(
            "the general G has no variance under normality", fix='use assumption="randomisation"'
        )
    count = check_permutations(permutations)
    aligned = align([values], w)
    x, s, n = aligned.columns[0], sums_of(aligned.weights), aligned.n
    if x.size and x.min() < 0:
        raise AnalysisError(
            "the general G needs values of zero or more",
            found=f"{int((x < 0).sum())} negative values",
            fix="use global_moran, or a variable with a natural zero",
        )
    z = centred(x)
    pairs = float(x.sum() ** 2 - (x**2).sum())
    note = _note(float(z @ z), s)
    if note or pairs <= 0:
        note = note or "no two units have a value above zero"
        empty = Moments(s.s0 / (n * (n - 1)) if n > 1 else math.nan, math.nan)
        return conclude(
            "General G", aligned, empty, math.nan, alternative=alternative, assumption=assumption, note=note
        )
    product = cross_product(aligned.weights)

    def statistic(parts: tuple[Floats, ...]) -> Floats:
        return product(parts) / pairs

    return conclude(
        "General G",
        aligned,
        _general_g_moments(float(x.mean()), z, aligned.weights, pairs),
        _simulated(statistic, (x,), count, seed),
        alternative=alternative,
        assumption=assumption,
    )


def cross_product(w: sparse.csr_array) -> Statistic:
    """Return the function that gives sum_ij w_ij x_i x_j for each column; half the links suffice."""
    upper = sparse.csr_array(sparse.triu(w + w.T, k=1))

    def product(parts: tuple[Floats, ...]) -> Floats:
        (x,) = parts
        return np.asarray(np.einsum("ib,ib->b", upper @ x, x), dtype=np.float64)

    return product


def _simulated(
    statistic: Statistic, columns: tuple[Floats, ...], count: int, seed: Seed
) -> Simulated | float:
    """Return the statistic with its permutations, or alone if none were asked for."""
    if count == 0:
        return float(statistic(tuple(column[:, None] for column in columns))[0])
    return simulate(statistic, columns, permutations=count, seed=seed)


def _note(square: float, s: Sums) -> str:
    """Return why there is no statistic, or nothing."""
    if s.s0 == 0:
        return NO_NEIGHBOURS
    return "" if square > 0 else NO_VARIATION


def _ends(w: sparse.csr_array) -> Floats:
    """Return the sum of each unit's row and column."""
    return np.asarray(w.sum(axis=1), dtype=np.float64) + np.asarray(w.sum(axis=0), dtype=np.float64)


def _geary_moments(n: int, s: Sums, *, assumption: str, kurtosis: float) -> Moments:
    """Return expectation and variance of Geary's C (Cliff and Ord 1981, equations 1.40 to 1.43)."""
    known(assumption, ASSUMPTIONS, "assumption")
    if s.s0 == 0 or n < 3:
        return Moments(1.0, math.nan)
    if assumption == "normal":
        return Moments(1.0, ((2 * s.s1 + s.s2) * (n - 1) - 4 * s.s0**2) / (2 * (n + 1) * s.s0**2))
    if n < 4:
        return Moments(1.0, math.nan)
    first = (n - 1) * s.s1 * (n * n - 3 * n + 3 - (n - 1) * kurtosis)
    second = 0.25 * (n - 1) * s.s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * kurtosis)
    third = s.s0**2 * (n * n - 3 - (n - 1) ** 2 * kurtosis)
    return Moments(1.0, (first - second + third) / (n * (n - 2) * (n - 3) * s.s0**2))


def _general_g_moments(mean: float, z: Floats, w: sparse.csr_array, pairs: float) -> Moments:
    """Return expectation and variance of G under randomisation.

    With x = mean + z the numerator is S0 mean^2 + mean sum d_i z_i + z'Wz, d the sums of row and column; its
    variance follows from those of both random parts and their covariance. Equal to Getis and Ord (1992),
    equation 7, without its differences of large numbers.
    """
    n, s, ends = z.size, sums_of(w), _ends(w)
    expected = s.s0 / (n * (n - 1))
    if n < 4:
        return Moments(expected, math.nan)
    second, third = float((z**2).mean()), float((z**3).mean())
    moran = moran_moments(n, s, assumption="randomisation", kurtosis=kurtosis_of(z))
    squares = float(ends @ ends)
    of_product = moran.variance * (s.s0 * second) ** 2
    of_ends = (squares - 4 * s.s0**2 / n) * second * n / (n - 1)
    together = -third / (n - 1) * squares + 2 * third / ((n - 1) * (n - 2)) * (2 * s.s0**2 - squares)
    return Moments(expected, (of_product + mean**2 * of_ends + 2 * mean * together) / pairs**2)
