"""Global statistics of two variables and of rates: bivariate Moran, Lee's L, Moran of rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .autocorrelation import global_moran
from .draws import Seed
from .global_result import (
    NO_NEIGHBOURS,
    NO_VARIATION,
    Assumption,
    GlobalResult,
    Moments,
    centred,
    check_permutations,
    conclude,
    sums_of,
)
from .local_test import Alternative
from .mantel import pair_moments
from .rate_scores import rate_scores
from .shuffles import Simulated, simulate
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["global_lee", "global_moran_bivariate", "global_moran_rate"]

Floats = NDArray[np.float64]


def global_moran_bivariate(
    x: pd.Series[Any],
    y: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
) -> GlobalResult:
    """Return the bivariate Moran's I: x of the units against y of their neighbours.

    I = (n / S0) sum_ij w_ij zx_i zy_j / sqrt(sum zx^2 sum zy^2) (Wartenberg 1985; Anselin, Syabri and Smirnov
    2002). The null model holds x where it is and permutes y, as GeoDa and esda do; expectation 0 and variance
    sum (c - mean c)^2 sum zy^2 / (n - 1), c = W'zx, are exact for it. It does not ask whether x and y go
    together in the same unit; see `global_lee`. Units that lack a value are left out. Other parameters as in
    `autocorrelation.global_moran`. O(n P), one dense product.
    """
    count = check_permutations(permutations)
    aligned = align([x, y], w)
    one, other, s = centred(aligned.columns[0]), centred(aligned.columns[1]), sums_of(aligned.weights)
    size = math.sqrt(float(one @ one) * float(other @ other))
    note = NO_NEIGHBOURS if s.s0 == 0 else ("" if size > 0 else NO_VARIATION)
    if note:
        empty = Moments(0.0, math.nan)
        return _conclude("bivariate Moran's I", aligned, empty, math.nan, alternative=alternative, note=note)
    pull = np.asarray(aligned.weights.T @ one) * (aligned.n / (s.s0 * size))

    def statistic(parts: tuple[Floats, ...]) -> Floats:
        return np.asarray(pull @ parts[0], dtype=np.float64)

    variance = float(((pull - pull.mean()) ** 2).sum() * (other @ other)) / max(aligned.n - 1, 1)
    found: Simulated | float = float(pull @ other)
    if count:
        found = simulate(statistic, (other,), permutations=count, seed=seed)
    return _conclude("bivariate Moran's I", aligned, Moments(0.0, variance), found, alternative=alternative)


def global_lee(
    x: pd.Series[Any],
    y: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
) -> GlobalResult:
    """Return Lee's L: do smoothed x and smoothed y go together.

    L = n / sum_i (sum_j w_ij)^2 . sum_i (Wzx)_i (Wzy)_i / sqrt(sum zx^2 sum zy^2) (Lee 2001, equation 18).
    No units. The null model permutes the pairs (x, y) together, which keeps their correlation r in place;
    expectation and variance are exact for it (Lee 2004; `mantel.pair_moments`). Weights as given,
    self-weights left out. Other parameters, tails and errors as in `autocorrelation.global_moran`. O(P L) for
    L links.
    """
    count = check_permutations(permutations)
    aligned = align([x, y], w)
    one, other, s = centred(aligned.columns[0]), centred(aligned.columns[1]), sums_of(aligned.weights)
    size, n, matrix = math.sqrt(float(one @ one) * float(other @ other)), aligned.n, aligned.weights
    note = NO_NEIGHBOURS if s.s0 == 0 else ("" if size > 0 else NO_VARIATION)
    if note:
        return _conclude(
            "Lee's L", aligned, Moments(math.nan, math.nan), math.nan, alternative=alternative, note=note
        )
    total = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    scale = n / (float(total @ total) * size)

    def statistic(parts: tuple[Floats, ...]) -> Floats:
        return np.asarray(scale * np.einsum("ib,ib->b", matrix @ parts[0], matrix @ parts[1]))

    mean, variance = pair_moments(one, other, sparse.csr_array(matrix.T @ matrix))
    found: Simulated | float = float(statistic((one[:, None], other[:, None]))[0])
    if count:
        found = simulate(statistic, (one, other), permutations=count, seed=seed)
    moments = Moments(scale * mean, scale**2 * variance)
    return _conclude("Lee's L", aligned, moments, found, alternative=alternative)


def global_moran_rate(
    events: pd.Series[Any],
    base: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    assumption: Assumption = "randomisation",
) -> GlobalResult:
    """Return Moran's I of rates that are standardised for the size of their base.

    Events and base become the scores of Assuncao and Reis (1999) (`rate_scores.rate_scores`); everything
    else as in `autocorrelation.global_moran`. Units with base 0 are left out.
    """
    return global_moran(
        rate_scores(events, base),
        w,
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        assumption=assumption,
    )


def _conclude(
    name: str,
    aligned: Any,
    moments: Moments,
    found: Simulated | float,
    *,
    alternative: Alternative,
    note: str = "",
) -> GlobalResult:
    """Return the result; these statistics know randomisation alone."""
    return conclude(
        name, aligned, moments, found, alternative=alternative, assumption="randomisation", note=note
    )
