"""Local spatial heteroscedasticity: where are neighbourhoods more, or less, uneven than elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from .clusters import EVEN, UNEVEN, labels, local_table
from .draws import Seed, rows_of
from .errors import AnalysisError
from .hotspots import cross_statistic, draws_for, rules_for
from .lagged import Lagged
from .local_test import Alternative, Inference, LocalTest
from .moments import weight_sums
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["local_heteroscedasticity"]

Floats = NDArray[np.float64]


def local_heteroscedasticity(
    values: pd.Series[Any],
    w: Graph,
    *,
    power: float = 2.0,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
) -> pd.DataFrame:
    """Return LOSH, the local spatial heteroscedasticity of every unit (Ord and Getis 2012).

    H_i = sum_j w_ij |e_j|^a / (W_i h), e_j the distance of x_j from the weighted mean of its own neighbours,
    h the mean of |e|^a over all units, a = `power`. 1 is average; above it the neighbourhood is uneven.
    Weights are used as given, self-weights included: Ord and Getis let each unit count in its own mean
    (`w.assign_self_weight()`). Units without neighbours have no mean and no H, and count nowhere.

    Parameters
    ----------
    power : float
        2 gives a variance, 1 absolute deviations.
    inference : {"permutation", "analytical"}
        Permutation draws the |e|^a of the neighbours from the other units, as in Xu, Mei and Yan (2014) but
        without repeats. Analytical: 2 H / V is chi-squared with 2 / V degrees of freedom, V the variance of
        Ord and Getis (2012, equation 8); only for `power` 2. Its expectation is 1.

    Others, columns and warnings as in `hotspots.local_moran`, without a quadrant; a significant unit is
    "uneven" or "even".

    Raises
    ------
    AnalysisError
        `power` not above zero, or other than 2 for analytical inference; otherwise as `hotspots.local_moran`.
    """
    if not power > 0 or (inference == "analytical" and power != 2):
        raise AnalysisError("no such power", found=power, expected="above zero; 2 for analytical inference")
    rules = rules_for(alternative, correction, alpha, inference, "spdep")
    aligned = align([values], w)
    x, rows = aligned.columns[0], rows_of(aligned.weights)
    total = weight_sums(rows)[0] + aligned.own
    lonely = (rows.counts == 0) | (total == 0)
    safe = np.where(lonely, 1.0, total)
    middle = x - (x.mean() if x.size else 0.0)
    gaps = np.abs(middle - (rows.matrix @ middle + aligned.own * middle) / safe) ** power
    gaps = np.where(lonely, 0.0, gaps)
    typical = float(gaps[~lonely].mean()) if (~lonely).any() else 0.0
    factor = 1 / (safe * typical) if typical > 0 else np.zeros(aligned.n)
    constant = factor * (weight_sums(rows)[0] * (gaps.mean() if gaps.size else 0.0) + aligned.own * gaps)
    draws = draws_for(rows, rules, permutations, seed)
    local = replace(cross_statistic(factor, Lagged(gaps, rows), draws, constant=constant), island=lonely)
    if inference == "analytical" and typical > 0:
        squares = weight_sums(rows)[1] + aligned.own**2
        spread = float((gaps**2).mean()) - float(gaps.mean()) ** 2
        variance = factor**2 * spread * (aligned.n * squares - total**2) / max(aligned.n - 1, 1)
        local = replace(
            local,
            expected=np.ones(aligned.n),
            variance=variance,
            test=_chi_squared(local.statistic, variance),
        )
    more = local.statistic > local.expected
    label = labels(((more, UNEVEN),), otherwise=EVEN, n=aligned.n)
    return local_table(aligned, replace(local, label=label), rules)


def _chi_squared(statistic: Floats, variance: Floats) -> LocalTest:
    """Return the tails of the chi-squared approximation."""
    safe = np.where(variance > 0, variance, 1.0)
    upper = np.asarray(special.gammaincc(1 / safe, statistic / safe), dtype=np.float64)
    none = np.zeros_like(upper)
    return LocalTest(upper, 1 - upper, none, none, none)
