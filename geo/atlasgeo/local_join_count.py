"""Local join counts: is a unit that has a property surrounded by others that have it; exact p-values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from . import columns as col
from .clusters import APART, JOINED, Rules, labels, local_table
from .draws import Rows, Seed, rows_of
from .errors import AnalysisError
from .hotspots import cross_statistic, draws_for, rules_for
from .lagged import Lagged
from .local_test import Alternative, Inference, LocalTest
from .moments import weight_sums
from .values import Aligned, align, numbers_of, quiet_series

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["local_colocation", "local_join_count", "local_join_count_bivariate", "local_quantile"]

Floats = NDArray[np.float64]


def local_join_count(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
) -> pd.DataFrame:
    """Return for every unit with value 1 its weighted number of neighbours with value 1, and its inference.

    JC_i = x_i sum_j w_ij x_j (Anselin and Li 2019); use binary neighbours for counts. Under conditional
    permutation the number of ones among k neighbours is hypergeometric, so rows of equal weights have exact
    p-values and `permutations` and `seed` serve only rows of unequal weights. Units with value 0 have
    statistic 0, p 1 and no z. A significant unit is "joined" (more ones around it than chance) or "apart"
    (fewer).

    Parameters
    ----------
    values : pandas.Series
        0 and 1, or booleans, by unit code; missing values take their unit out.

    Others, the columns and warnings as in `hotspots.local_moran`, without a quadrant. GeoDa and esda look at
    the upper tail alone: ``alternative="greater"``.

    Raises
    ------
    AnalysisError
        Other values than 0 and 1; otherwise as `hotspots.local_moran`.
    """
    rules = rules_for(alternative, correction, alpha, inference, "spdep")
    aligned = align([_flags(values)], w)
    x = aligned.columns[0]
    return _joins(aligned, (x, x), rules, permutations=permutations, seed=seed)


def local_join_count_bivariate(
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
) -> pd.DataFrame:
    """Return for units with x alone (x 1, y 0) their weighted number of neighbours with y alone (y 1, x 0).

    BJC_i = x_i (1 - y_i) sum_j w_ij y_j (1 - x_j): both properties never meet in one unit (Anselin and Li
    2019). Everything else as in `local_join_count`.
    """
    rules = rules_for(alternative, correction, alpha, inference, "spdep")
    aligned = align([_flags(x), _flags(y)], w)
    one, other = aligned.columns
    return _joins(
        aligned, (one * (1 - other), other * (1 - one)), rules, permutations=permutations, seed=seed
    )


def local_colocation(
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
) -> pd.DataFrame:
    """Return for units with both x and y their weighted number of neighbours with both.

    CLC_i = x_i y_i sum_j w_ij x_j y_j (Anselin and Li 2019). Everything else as in `local_join_count`.
    """
    rules = rules_for(alternative, correction, alpha, inference, "spdep")
    aligned = align([_flags(x), _flags(y)], w)
    both = aligned.columns[0] * aligned.columns[1]
    return _joins(aligned, (both, both), rules, permutations=permutations, seed=seed)


def local_quantile(
    values: pd.Series[Any],
    w: Graph,
    *,
    classes: int = 5,
    which: int = 5,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
    inference: Inference = "permutation",
) -> pd.DataFrame:
    """Return the local join count of the units in one quantile class: a LISA that no outlier moves.

    The values are cut into `classes` of equal number at the quantiles of the known values; units in class
    `which` (1 is lowest) have the property (Anselin 2019, quantile LISA). Equal values share the lower class.
    Everything else as in `local_join_count`.

    Raises
    ------
    AnalysisError
        `which` is not one of the classes; otherwise as `local_join_count`.
    """
    if not (isinstance(classes, int) and classes >= 2 and isinstance(which, int) and 1 <= which <= classes):
        raise AnalysisError("no such quantile class", found=f"{which} of {classes}")
    series = pd.Series(numbers_of(values), index=quiet_series(values).index)
    edges = series.quantile(np.arange(1, classes) / classes).to_numpy()
    place = np.searchsorted(edges, series.to_numpy(), side="left") + 1
    flags = pd.Series(np.where(series.isna(), np.nan, place == which), index=series.index)
    return local_join_count(
        flags,
        w,
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        correction=correction,
        alpha=alpha,
        inference=inference,
    )


def _flags(values: object) -> pd.Series[Any]:
    """Return 0 and 1 as floats; other values are refused."""
    series = quiet_series(values)
    known = series.dropna()
    if not known.isin([0, 1]).all():
        raise AnalysisError(
            "local join counts need 0 and 1",
            found=", ".join(str(v) for v in known[~known.isin([0, 1])].unique()[:5]),
            fix="turn the values into a yes or no first, or use local_quantile",
        )
    return series.astype(float)


def _joins(
    aligned: Aligned, sides: tuple[Floats, Floats], rules: Rules, *, permutations: int, seed: Seed
) -> pd.DataFrame:
    """Return the table of units on one side and their neighbours on the other."""
    own, around = sides
    rows = rows_of(aligned.weights)
    mean = float(around.mean()) if around.size else 0.0
    constant = own * weight_sums(rows)[0] * mean
    exact = rules.inference == "permutation"
    draws = None if exact and rows.uniform.all() else draws_for(rows, rules, permutations, seed)
    local = cross_statistic(own, Lagged(around, rows), draws, constant=constant)
    if exact:
        local = replace(local, test=_with_exact(local.test, around, rows))
    more = local.statistic > local.expected
    label = labels(((more & (own > 0), JOINED), (own > 0, APART)), otherwise=col.NOT_SIGNIFICANT, n=aligned.n)
    return local_table(aligned, replace(local, label=label), rules)


def _with_exact(test: LocalTest, around: Floats, rows: Rows) -> LocalTest:
    """Return the test with hypergeometric tails for rows of equal weights."""
    ones = np.rint(around.sum() - around).astype(np.intp)
    found = np.rint(np.asarray(rows.matrix @ around) / np.where(rows.weight == 0, 1, rows.weight)).astype(
        np.intp
    )
    parts = [part.copy() for part in (test.high, test.low, test.floor_high, test.floor_low, test.step)]
    for k in np.unique(rows.counts[rows.uniform]):
        for m in np.unique(ones):
            here = np.flatnonzero(rows.uniform & (rows.counts == k) & (ones == m))
            if not here.size:
                continue
            upper, lower = _hypergeometric(rows.n - 1, int(m), int(k))
            least, most = max(0, int(k) - (rows.n - 1 - int(m))), min(int(k), int(m))
            down = rows.weight[here] < 0
            tails = (upper[found[here]], lower[found[here]], upper[most], lower[least])
            for place, (straight, turned) in enumerate(
                ((tails[0], tails[1]), (tails[1], tails[0]), (tails[2], tails[3]), (tails[3], tails[2]))
            ):
                parts[place][here] = np.where(down, turned, straight)
            parts[4][here] = 0.0
    return LocalTest(*parts)


def _hypergeometric(population: int, ones: int, k: int) -> tuple[Floats, Floats]:
    """Return P(X >= x) and P(X <= x) for x = 0..k ones among k drawn from the population."""
    x = np.arange(k + 1)

    def choose(n: int, r: NDArray[np.intp]) -> Floats:
        inside = (r >= 0) & (r <= n)
        safe = np.where(inside, r, 0)
        log = special.gammaln(n + 1) - special.gammaln(safe + 1) - special.gammaln(n - safe + 1)
        return np.where(inside, log, -np.inf)

    chance = np.exp(
        choose(ones, x) + choose(population - ones, k - x) - choose(population, np.full(k + 1, k))
    )
    chance /= chance.sum()
    upper = np.minimum(np.cumsum(chance[::-1])[::-1], 1.0)
    return upper, np.minimum(np.cumsum(chance), 1.0)
