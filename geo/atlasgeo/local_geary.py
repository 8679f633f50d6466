"""Local Geary: how much does each unit differ from its neighbours, in one variable or in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from . import columns as col
from .clusters import ALIKE, NEGATIVE, OTHER_POSITIVE, Labels, Local, labels, local_table
from .draws import Rows, Seed, SharedDraws, rows_of
from .errors import AnalysisError
from .global_result import centred
from .hotspots import Convention, draws_for, quadrants_of, rules_for
from .lagged import lag_of
from .local_test import Alternative, Inference, LocalTest, normal_tails
from .moments import weight_sums
from .permutation import count_tails
from .questions import Question, p_value
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["local_geary", "local_geary_multivariate"]

Floats = NDArray[np.float64]
NEARLY = 1e-9
MOST_COMPARED = 2_000  # units up to which every pair is looked at for the least p


def local_geary(
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
    """Return local Geary's c of every unit, its inference, and in which way it is like its neighbours.

    c_i = sum_j w_ij (x_i - x_j)^2 / s^2 (Anselin 1995, 2019): small where the unit is like its neighbours.
    s^2 is the sample variance, as in spdep and GeoDa; ``convention="esda"`` divides by n. The null model
    holds x_i and draws the neighbours from the others; expectation and variance are those of that model.
    `alternative` speaks of c itself: ``less`` looks for likeness.

    The quadrant is that of local Moran. A significant unit below expectation is High-High, Low-Low, or
    "other positive" where value and lag lie on different sides of the mean; above it is "negative".

    Parameters, other columns, errors and warnings as in `hotspots.local_moran`. Above 2,000 units
    `p_floor` is the least p that the draws can show, whatever ties. O(n P) for rows of equal weights: sums of
    z and of z^2 of each draw serve all units.
    """
    return _geary(
        [values],
        w,
        (alternative, correction, alpha, inference, convention),
        permutations=permutations,
        seed=seed,
    )


def local_geary_multivariate(
    variables: pd.DataFrame,
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
    """Return the multivariate local Geary of every unit: the mean of its local Geary over the variables.

    c_i = (1 / m) sum_v sum_j w_ij (z_iv - z_jv)^2, z standardised columns (Anselin 2019). A draw moves all
    variables of a unit together. A unit that lacks one variable is left out. Labels are "positive" and
    "negative"; there is no quadrant.

    Parameters
    ----------
    variables : pandas.DataFrame
        One column a variable, indexed by unit code.

    Others as in `local_geary`. O(n P m).
    """
    if not isinstance(variables, pd.DataFrame) or variables.shape[1] < 1:
        raise AnalysisError("variables must be a DataFrame with a column a variable")
    return _geary(
        [variables.iloc[:, i] for i in range(variables.shape[1])],
        w,
        (alternative, correction, alpha, inference, convention),
        permutations=permutations,
        seed=seed,
    )


def _geary(
    columns: Sequence[pd.Series[Any]],
    w: Graph,
    how: tuple[Alternative, str, float, Inference, Convention],
    *,
    permutations: int,
    seed: Seed,
) -> pd.DataFrame:
    """Return the table of local Geary over some variables."""
    rules = rules_for(*how)
    aligned = align(columns, w)
    rows = rows_of(aligned.weights)
    z = np.column_stack([_scaled(x, how[4]) for x in aligned.columns])
    statistic = _observed(z, rows)
    expected, variance = _moments(z, rows)
    blur = max(_rounding(x) for x in aligned.columns)
    draws = draws_for(rows, rules, permutations, seed)
    test = _test(draws, z, rows, (statistic, expected, variance), blur=blur)
    quadrant = quadrants_of(z[:, 0], lag_of(z[:, 0], rows)) if z.shape[1] == 1 else None
    local = Local(
        statistic=statistic,
        expected=expected,
        variance=variance,
        test=test,
        island=rows.counts == 0,
        label=_kinds(statistic < expected, quadrant),
        quadrant=quadrant,
    )
    return local_table(aligned, local, rules)


def _scaled(x: Floats, convention: Convention) -> Floats:
    """Return standardised values; zeros where they do not vary."""
    z = centred(x)
    square = float((z**2).sum())
    freedom = x.size if convention == "esda" else x.size - 1
    return z * np.sqrt(freedom / square) if square > 0 else z


def _rounding(x: Floats) -> float:
    """Return what rounding of the values as they came can do to a standardised value."""
    spread = float(centred(x).std()) if x.size else 0.0
    return 4 * float(np.finfo(np.float64).eps) * float(np.median(np.abs(x))) / spread if spread > 0 else 0.0


def _observed(z: Floats, rows: Rows) -> Floats:
    """Return the weighted mean squared differences, one by one, so that no large terms cancel."""
    matrix = rows.matrix
    focal = np.repeat(np.arange(rows.n), rows.counts)
    gaps = ((z[focal] - z[matrix.indices]) ** 2).mean(axis=1)
    return np.asarray(np.bincount(focal, weights=matrix.data * gaps, minlength=rows.n), dtype=np.float64)


def _moments(z: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Return mean and variance of the statistic under conditional permutation.

    g_ij = mean over variables of (z_iv - z_jv)^2 has g_ii = 0, so its sums over the others are sums over all;
    they follow from the cross-moments of (sum_v z_v^2, z_1, ..., z_m).
    """
    n, m = z.shape
    if n < 2:
        return np.full(n, np.nan), np.zeros(n)
    features = np.column_stack([(z**2).mean(axis=1), z])
    factors = np.column_stack([np.ones(n), -2 * z / m])
    constant = features[:, 0]
    sums, cross = features.sum(axis=0), features.T @ features
    first = factors @ sums + n * constant
    linear = factors @ sums
    second = np.einsum("if,fg,ig->i", factors, cross, factors) + 2 * constant * linear + n * constant**2
    mean = first / (n - 1)
    spread = second / (n - 1) - mean**2
    total, squares = weight_sums(rows)
    shape = (n - 1) * squares - total**2
    moving = (shape > 1e-12 * n * squares) & (spread > 1e-11 * second / (n - 1))
    return total * mean, np.where(moving, spread * shape / max(n - 2, 1), 0.0)


def _test(
    draws: SharedDraws | None,
    z: Floats,
    rows: Rows,
    moments: tuple[Floats, Floats, Floats],
    *,
    blur: float,
) -> LocalTest:
    """Return the tails: two sums a draw, z and z^2, give the statistic of every unit."""
    statistic, expected, variance = moments
    n, m = z.shape
    ends = _extremes(z, rows) if n <= MOST_COMPARED else None
    if draws is None:
        high, low = normal_tails(statistic, expected, variance)
        up, down = np.zeros(n), np.zeros(n)
        if ends is not None:
            up = normal_tails(ends[0], expected, variance)[0]
            down = normal_tails(ends[1], expected, variance)[1]
        return LocalTest(high, low, up, down, np.zeros(n))
    features = np.column_stack([(z**2).mean(axis=1), z])
    factors = np.column_stack([np.ones(n), -2 * z / m])
    scale = np.where(rows.uniform & (rows.weight != 0), rows.weight, 1.0)
    total = weight_sums(rows)[0]
    target = (statistic - total * features[:, 0]) / scale
    size = np.abs(sparse.csr_array(rows.matrix) @ features[:, 0]) / np.abs(scale)
    reach = np.abs(total / scale) * (1 + features[:, 0])
    heaviest = np.abs(np.where(rows.uniform, 1.0, rows.weight))
    blurred = 4 * blur * heaviest * rows.counts * (1 + np.sqrt(features[:, 0]))
    slack = NEARLY * heaviest + 1e-14 * (size + reach) + blurred
    questions = [Question(target, slack)]
    if ends is not None:
        one, other = ((end - total * features[:, 0]) / scale for end in ends)
        questions += [
            Question(np.maximum(one, other), slack, "high"),
            Question(np.minimum(one, other), slack, "low"),
        ]
    here, *edges = count_tails(draws, features, questions, coefficients=factors)
    step = p_value(np.where(here.exact, 1, 0), here)
    up, down = (p_value(edges[0].high, here), p_value(edges[1].low, here)) if edges else (step, step)
    found = LocalTest(
        p_value(here.high, here), p_value(here.low, here), up, down, np.where(here.exact, 0.0, step)
    )
    return found.turned(rows.uniform & (rows.weight < 0))


def _extremes(z: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Return the largest and the least statistic that each row could have: weights matched with gaps."""
    largest, least = np.zeros(rows.n), np.zeros(rows.n)
    for i in np.flatnonzero(rows.counts):
        gaps = np.sort(((np.delete(z, i, axis=0) - z[i]) ** 2).mean(axis=1))
        weights = rows.matrix.data[rows.matrix.indptr[i] : rows.matrix.indptr[i + 1]]
        largest[i], least[i] = _matched(weights, gaps), -_matched(-weights, gaps)
    return largest, least


def _matched(weights: Floats, gaps: Floats) -> float:
    """Return the largest sum: positive weights on the widest gaps, negative ones on the narrowest."""
    up, down = np.sort(weights[weights > 0]), np.sort(weights[weights < 0])
    return float(up @ gaps[gaps.size - up.size :] + down @ gaps[: down.size])


def _kinds(alike: NDArray[np.bool_], quadrant: Labels | None) -> Labels:
    """Return what a significant unit is called."""
    if quadrant is None:
        return labels(((alike, ALIKE),), otherwise=NEGATIVE, n=alike.size)
    same = [
        (alike & (quadrant == labels((), otherwise=word, n=1)[0]), word)
        for word in (col.HIGH_HIGH, col.LOW_LOW)
    ]
    return labels((*same, (alike, OTHER_POSITIVE)), otherwise=NEGATIVE, n=alike.size)
