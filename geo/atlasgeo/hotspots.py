"""Local statistics: where on the map do like values stand together.

How our numbers stand to those of other tools:

=============  ==========================  ===========================  ===========================
.              atlasgeo, as R's spdep      esda                         GeoDa
=============  ==========================  ===========================  ===========================
Moran's I_i    z_i lag_i / (sum z^2 / n)   z_i lag_i / (sum z^2 /       as esda
                                           (n - 1)): ours (n - 1) / n
Gi and Gi*     z of Getis and Ord (1996)   the same z                   sum w x / sum x
Geary's c_i    sum w (z_i - z_j)^2 /       divides by sum z^2 / n:      as ours
               (sum z^2 / (n - 1))         ours (n - 1) / n
moments        conditional (Sokal, Oden    total and conditional        none
               and Thomson 1998)
p              two-sided unless asked      tail that the data chose     tail that the data chose
ties           both sides, within 1e-9     decided by rounding          decided by rounding
few draws      enumerated                  drawn with repeats           drawn with repeats
=============  ==========================  ===========================  ===========================

``convention="esda"`` and ``"geoda"`` give the scale and the tail of those tools (their tail only where
`alternative` is left two-sided); the default is ``"spdep"``. geo/statistics.md has one table for all
statistics, with the reasons.

Shared by all functions. The null model is conditional permutation: the unit's own value stays, those of its
neighbours are drawn from the other n - 1. p_hi = (#{T* >= T} + 1) / (P + 1), p_lo likewise; ``greater`` is
p_hi, ``less`` p_lo, ``two-sided`` min(1, 2 min(p_hi, p_lo)). Where C(n - 1, k) <= P every draw is enumerated
and the p is exact. Draws are made over units sorted by code and shared by all units. `p_floor` is the p of
the most extreme neighbourhood that the unit could have; where it exceeds alpha the cluster reads "cannot be
significant". `cluster` uses the adjusted p; a label whose raw p alone is at most alpha stands in
`suggestive`. Benjamini and Hochberg's correction is not guaranteed under the dependence of neighbouring
statistics (`corrections.adjust_p`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import columns as col
from .clusters import Labels, Local, Rules, label, labels, local_table
from .draws import Rows, Seed, SharedDraws, draw_shared, rows_of
from .lagged import Lagged
from .local_test import Alternative, Counter, Inference, known, sum_moments, sum_test
from .moments import weight_sums
from .permutation import count_tails
from .values import Aligned, align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = [
    "CONVENTIONS",
    "Convention",
    "cross_statistic",
    "draws_for",
    "getis_ord",
    "local_moran",
    "quadrants_of",
    "rules_for",
    "self_weights",
    "sides_of",
    "standardised",
]

Floats = NDArray[np.float64]
Convention = Literal["spdep", "esda", "geoda"]
CONVENTIONS: Final = ("spdep", "esda", "geoda")


def local_moran(
    values: pd.Series[Any],
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
    """Return local Moran's I of every unit, its inference and the cluster it belongs to.

    I_i = z_i sum_j w_ij z_j / m2, z centred values, m2 = sum z^2 / n (Anselin 1995, equation 12); no units.
    Expectation and variance hold z_i and draw the neighbours from the others (Sokal, Oden and Thomson 1998).

    Parameters
    ----------
    values : pandas.Series
        Indexed by unit code, in any order; missing values take their unit out.
    w : libpysal.graph.Graph
        Any rows of weights; used as given, self-weights left out.
    permutations : int
        P.
    seed : int
    alternative : {"two-sided", "greater", "less"}
        Tail of I_i: ``greater`` looks for like values beside each other, ``less`` for outliers.
    correction : {"fdr", "by", "bonferroni", "sidak", "none"}
        See `corrections.adjust_p`.
    alpha : float
    inference : {"permutation", "analytical"}
        Analytical: normal tails with the conditional moments.
    convention : {"spdep", "esda", "geoda"}
        Scale and tail; see the table above.

    Returns
    -------
    pandas.DataFrame
        On values.index: statistic, expected, variance, z, p, p_floor, p_adjusted, quadrant (of value and
        lag), cluster, suggestive. Islands have statistic 0 and nothing else, missing units nothing.

    Raises
    ------
    AnalysisError
        Codes that `values` or `w` lack, repeated codes, infinite values, unknown words.

    Warns
    -----
    AtlasWarning
        P cannot reach the threshold of the correction; the message names the P that could.

    Notes
    -----
    O(c P log P + n log P + P k) for rows of equal weights with c different numbers of neighbours; O(n P k)
    for others.
    """
    rules = rules_for(alternative, correction, alpha, inference, convention)
    aligned = align([values], w)
    x = aligned.columns[0]
    field = Lagged(x, rows_of(aligned.weights))
    second = float((field.z**2).sum()) / max(aligned.n - (convention != "spdep"), 1)
    draws = draws_for(field.rows, rules, permutations, seed)
    local = cross_statistic(field.z / (second or 1.0), field, draws)
    quadrant = quadrants_of(field.z, field.lag)
    return local_table(
        aligned, replace(local, label=quadrant, quadrant=quadrant, island_statistic=0.0), rules
    )


def getis_ord(
    values: pd.Series[Any],
    w: Graph,
    *,
    star: bool = True,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
    convention: Convention = "spdep",
) -> pd.DataFrame:
    """Return Gi* (or Gi) of every unit, its inference, and whether it is a hot or a cold spot.

    The statistic is the z of Getis and Ord (1996, equations 14.2 and 14.3; Ord and Getis 1995): (sum_j w_ij
    x_j - W_i mean) / (s sqrt((m sum_j w_ij^2 - W_i^2) / (m - 1))). Gi leaves the unit out of sums, mean and
    s and m = n - 1; Gi* takes it in and m = n, with its own weight or, where the graph has none, the largest
    of its row.

    Expectation and variance are those of the statistic under conditional permutation, so that those of Gi
    are 0 and 1, and z = (statistic - expected) / sqrt(variance) of Gi* equals that of Gi. A hot spot is
    significant with statistic and z above zero, a cold spot with both below; where a Gi* of one sign is
    significant for neighbours of the other, it is neither.

    Parameters, other columns, errors, warnings and cost as in `local_moran`; there is no quadrant.

    Parameters
    ----------
    star : bool
        Gi* if true, else Gi.
    """
    rules = rules_for(alternative, correction, alpha, inference, convention)
    aligned = align([values], w)
    field = Lagged(aligned.columns[0], rows_of(aligned.weights))
    own = self_weights(aligned, field.rows) if star else np.zeros(aligned.n)
    factor, constant = _ratio(field, own) if convention == "geoda" else standardised(field, own, star=star)
    draws = draws_for(field.rows, rules, permutations, seed)
    local = cross_statistic(factor, field, draws, constant=constant)
    middle = 1 / max(aligned.n - (not star), 1) if convention == "geoda" else 0.0
    return local_table(aligned, replace(local, label=sides_of(local, middle)), rules)


def draws_for(rows: Rows, rules: Rules, permutations: int, seed: Seed) -> SharedDraws | None:
    """Return the shared draws, or None for analytical inference."""
    return draw_shared(rows, permutations, seed) if rules.inference == "permutation" else None


def cross_statistic(
    factor: Floats,
    field: Lagged,
    draws: SharedDraws | None,
    *,
    constant: Floats | float = 0.0,
    count: Counter = count_tails,
) -> Local:
    """Return factor_i sum_j w_ij (x_j - mean) + constant_i with its conditional moments and tails.

    Every local statistic that is linear in its neighbours' values has this form: Moran's, Gi, Gi*, the
    bivariate and the rate Moran differ in the factor alone. Its labels are empty. `count` counts the draws.
    """
    rows = field.rows
    mean, variance = sum_moments(field.z, rows)
    return Local(
        statistic=factor * field.lag + constant,
        expected=factor * mean + constant,
        variance=factor**2 * variance,
        test=sum_test(draws, field.x, rows, count=count).turned(factor < 0),
        island=rows.counts == 0,
        label=np.full(rows.n, label(col.NOT_SIGNIFICANT), dtype=np.int8),
    )


def quadrants_of(z: Floats, lag: Floats) -> Labels:
    """Return High-High, Low-Low, High-Low or Low-High by the signs of value and lag; zero counts as low."""
    words = (col.LOW_LOW, col.LOW_HIGH, col.HIGH_LOW, col.HIGH_HIGH)
    places = np.array([label(word) for word in words], dtype=np.int8)
    return places.take(2 * (z > 0) + (lag > 0))


def rules_for(
    alternative: Alternative, correction: str, alpha: float, inference: Inference, convention: Convention
) -> Rules:
    """Return the rules, with the tail of the tool that `convention` names."""
    known(convention, CONVENTIONS, "convention")
    return Rules(alternative, correction, alpha, inference, folded=convention != "spdep")


def self_weights(aligned: Aligned, rows: Rows) -> Floats:
    """Return the graph's own self-weights, else the largest weight of each row."""
    largest = np.zeros(rows.n)
    filled = np.flatnonzero(rows.counts)
    if filled.size:
        largest[filled] = np.maximum.reduceat(rows.matrix.data, rows.matrix.indptr[:-1][filled])
    return np.where(aligned.own != 0, aligned.own, largest)


def standardised(field: Lagged, own: Floats, *, star: bool) -> tuple[Floats, Floats]:
    """Return factor and constant that make the sum over neighbours the z of Getis and Ord."""
    z, rows, n = field.z, field.rows, field.rows.n
    if not star:
        mean, variance = sum_moments(z, rows)
        factor = 1 / np.sqrt(np.where(variance > 0, variance, np.nan))
        return factor, -factor * mean
    total, squares = weight_sums(rows)
    total, squares = total + own, squares + own**2
    shape = n * squares - total**2
    spread = float((z**2).mean()) if n else 0.0
    moving = (shape > 1e-12 * n * squares) & (spread > 0)
    factor = 1 / np.sqrt(np.where(moving, spread * shape / max(n - 1, 1), np.nan))
    return factor, factor * own * z


def _ratio(field: Lagged, own: Floats) -> tuple[Floats, Floats]:
    """Return factor and constant that make the sum over neighbours GeoDa's share of the total."""
    x, weight = field.x, weight_sums(field.rows)[0]
    total = np.where(own == 0, x.sum() - x, x.sum()) * np.where(weight + own == 0, 1.0, weight + own)
    factor = 1 / np.where(total == 0, np.nan, total)
    mean = float(x.mean()) if x.size else 0.0
    return factor, factor * (weight * mean + own * x)


def sides_of(local: Local, middle: Floats | float) -> Labels:
    """Return hot spot or cold spot where statistic and conditional z point the same way."""
    up = (local.statistic > middle) & (local.statistic > local.expected)
    down = (local.statistic < middle) & (local.statistic < local.expected)
    return labels(((up, col.HOT_SPOT), (down, col.COLD_SPOT)), otherwise=col.NOT_SIGNIFICANT, n=up.size)
