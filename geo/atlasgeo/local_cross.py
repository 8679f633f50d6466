"""Local Moran of two variables, and of rates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .clusters import local_table
from .draws import Seed, rows_of
from .global_result import centred
from .hotspots import Convention, cross_statistic, draws_for, local_moran, quadrants_of, rules_for
from .lagged import Lagged
from .local_test import Alternative, Inference
from .rate_scores import rate_scores
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["local_moran_bivariate", "local_moran_rate"]

Floats = NDArray[np.float64]


def local_moran_bivariate(
    x: pd.Series[Any],
    y: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
    convention: Convention = "spdep",
) -> pd.DataFrame:
    """Return the bivariate local Moran of every unit: its x against its neighbours' y.

    I_i = zx_i sum_j w_ij zy_j / sqrt(m2x m2y), m2 = sum z^2 / n (Anselin, Syabri and Smirnov 2002). The null
    model holds x_i and draws the neighbours' y from the other units; x and y of the same unit are not asked
    whether they go together, so a significant unit says nothing about correlation in place. A unit that
    lacks either value is left out. The quadrant is that of x and the lag of y.

    Parameters, columns, errors, warnings and cost as in `hotspots.local_moran`; esda and GeoDa divide by n -
    1.
    """
    rules = rules_for(alternative, correction, alpha, inference, convention)
    aligned = align([x, y], w)
    one, around = centred(aligned.columns[0]), Lagged(aligned.columns[1], rows_of(aligned.weights))
    second = float(np.sqrt((one**2).sum() * (around.z**2).sum())) / max(
        aligned.n - (convention != "spdep"), 1
    )
    draws = draws_for(around.rows, rules, permutations, seed)
    local = cross_statistic(one / (second or 1.0), around, draws)
    quadrant = quadrants_of(one, around.lag)
    local = replace(local, label=quadrant, quadrant=quadrant, island_statistic=0.0)
    return local_table(aligned, local, rules)


def local_moran_rate(
    events: pd.Series[Any],
    base: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
    convention: Convention = "spdep",
) -> pd.DataFrame:
    """Return the local Moran of rates that are standardised for the size of their base.

    Rates of small places vary more: events and base become the scores of Assuncao and Reis (1999)
    (`rate_scores.rate_scores`), and local Moran's I is that of the scores. Units with base 0 are missing.
    Everything else as in `hotspots.local_moran`.
    """
    return local_moran(
        rate_scores(events, base),
        w,
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        correction=correction,
        alpha=alpha,
        inference=inference,
        convention=convention,
    )
