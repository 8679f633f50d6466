"""Join counts: do units of the same category stand beside each other more often than chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

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
    check_permutations,
    conclude,
    sums_of,
)
from .local_test import Alternative, known, one_p
from .shuffles import Simulated, Statistic, global_p, simulate
from .values import align, quiet_series

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["global_join_counts"]

Floats = NDArray[np.float64]
MOST_CATEGORIES = 50


def global_join_counts(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    assumption: Assumption = "randomisation",
) -> GlobalResult:
    """Return the join counts of a map of categories, with one row a pair of categories in `.table`.

    A join of i and j counts (w_ij + w_ji) / 2, so binary symmetric neighbours count each pair once (Cliff
    and Ord 1981, pp. 19-20). For 0/1 or yes/no values `.statistic` is the joins between two ones (BB); for
    other categories it is all joins between units of the same category.

    Parameters
    ----------
    values : pandas.Series
        Categories by unit code: 0/1, booleans, or any words or whole numbers; missing stays missing.
    w : libpysal.graph.Graph
        Binary neighbours give counts of pairs.
    permutations, seed, alternative
        As in `global_moran`; ``greater`` is more joins of the same category.
    assumption : {"randomisation", "normal"}
        ``randomisation`` keeps the number of units in each category (nonfree sampling); ``normal`` draws each
        unit's category anew with the observed shares (free sampling).

    Returns
    -------
    GlobalResult
        `.table` has the columns first, second, joins, expected, variance, z, p_norm, p_sim: every pair of
        categories, then "same" and "different" in total. In the table z > 0 says more such joins than chance.

    Raises
    ------
    AnalysisError
        Values that are no categories; otherwise as `global_moran`.
    """
    known(assumption, ASSUMPTIONS, "assumption")
    count = check_permutations(permutations)
    codes, names = _categories(quiet_series(values))
    aligned = align([codes], w)
    colour = aligned.columns[0].astype(np.intp)
    sizes = np.bincount(colour, minlength=len(names)).astype(np.float64)
    s = sums_of(aligned.weights)
    pairs = [(a, b) for a in range(len(names)) for b in range(a, len(names))]
    half = sparse.csr_array(sparse.triu(aligned.weights + aligned.weights.T, k=1)) / 2
    note = NO_NEIGHBOURS if s.s0 == 0 else ("" if (sizes > 0).sum() > 1 else NO_VARIATION)
    moments = _all_moments(pairs, sizes, s, assumption)
    kinds: list[tuple[int, int] | str] = [*pairs, "same", "different"]
    simulated = [_simulated(kind, colour, half, (count, seed)) for kind in kinds]
    table = _table(names, pairs, moments, simulated, alternative)
    at = pairs.index((1, 1)) if names == [0, 1] else len(pairs)
    name = "Join count of ones" if at < len(pairs) else "Joins of the same category"
    return conclude(
        name,
        aligned,
        moments[at],
        simulated[at],
        alternative=alternative,
        assumption=assumption,
        note=note,
        table=table,
    )


def _categories(values: pd.Series[Any]) -> tuple[pd.Series[Any], list[Any]]:
    """Return category numbers by unit code, and the categories in order."""
    known_values = values.dropna()
    if pd.api.types.is_float_dtype(known_values.dtype) and not (known_values % 1 == 0).all():
        raise AnalysisError(
            "join counts need categories",
            found="numbers with decimals",
            expected="0/1, booleans, words or whole numbers",
            fix="cut the values into classes first",
        )
    if pd.api.types.is_bool_dtype(known_values.dtype):
        known_values = known_values.astype(int)
    number, names = pd.factorize(known_values, sort=True)
    if len(names) > MOST_CATEGORIES:
        raise AnalysisError(
            "too many categories for join counts",
            found=len(names),
            expected=f"at most {MOST_CATEGORIES}",
            fix="cut the values into classes first",
        )
    if set(names) <= {0, 1}:  # a map of ones alone, or of noughts alone, still has both categories
        number, names = known_values.to_numpy(dtype=np.int64), pd.Index([0, 1])
    codes = pd.Series(number.astype(float), index=known_values.index).reindex(values.index)
    return codes, [name.item() if isinstance(name, np.generic) else name for name in names]


def _all_moments(pairs: list[tuple[int, int]], sizes: Floats, s: Sums, assumption: str) -> list[Moments]:
    """Return moments of every pair, then of all same-category joins and of all others."""
    single = _free if assumption == "normal" else _nonfree
    moments = [single(sizes, s, pair) for pair in pairs]
    same = [moments[i] for i, (a, b) in enumerate(pairs) if a == b]
    expected = sum(moment.expected for moment in same)
    crossed = sum(_covariance(sizes, s, (a, b), assumption) for a, b in pairs if a != b)
    variance = sum(moment.variance for moment in same) + 2 * crossed
    return [*moments, Moments(expected, variance), Moments(s.s0 / 2 - expected, variance)]


def _falling(n: float, k: int) -> float:
    """Return n (n - 1) ... with k factors."""
    return math.prod(n - i for i in range(k))


def _nonfree(sizes: Floats, s: Sums, pair: tuple[int, int]) -> Moments:
    """Return moments with the number in each category kept (Cliff and Ord 1981, equations 1.27 to 1.30)."""
    n, a, b = float(sizes.sum()), float(sizes[pair[0]]), float(sizes[pair[1]])
    if n < 2:
        return Moments(math.nan, math.nan)
    two = (_falling(a, 2) if pair[0] == pair[1] else 2 * a * b) / _falling(n, 2)
    expected = s.s0 / 2 * two + 0.0  # no minus zero where a category is empty
    if n < 4:
        return Moments(expected, math.nan)
    if pair[0] == pair[1]:
        chances = (two, _falling(a, 3) / _falling(n, 3), _falling(a, 4) / _falling(n, 4))
    else:
        chances = (
            two,
            a * b * (a + b - 2) / _falling(n, 3),
            4 * _falling(a, 2) * _falling(b, 2) / _falling(n, 4),
        )
    return Moments(expected, _spread(s, chances, expected))


def _free(sizes: Floats, s: Sums, pair: tuple[int, int]) -> Moments:
    """Return moments with each unit's category drawn anew (Cliff and Ord 1981, equations 1.24 to 1.26)."""
    n = float(sizes.sum())
    if n < 2:
        return Moments(math.nan, math.nan)
    a, b = float(sizes[pair[0]] / n), float(sizes[pair[1]] / n)
    chances = (a**2, a**3, a**4) if pair[0] == pair[1] else (2 * a * b, a * b * (a + b), 4 * a**2 * b**2)
    expected = s.s0 / 2 * chances[0]
    return Moments(expected, _spread(s, chances, expected))


def _spread(s: Sums, chances: tuple[float, float, float], expected: float) -> float:
    """Return the variance from the chances that joins sharing two, one and no unit both count."""
    two, three, four = chances
    second = s.s1 * two + (s.s2 - 2 * s.s1) * three + (s.s0**2 + s.s1 - s.s2) * four
    return second / 4 - expected**2


def _covariance(sizes: Floats, s: Sums, pair: tuple[int, int], assumption: str) -> float:
    """Return the covariance of the same-category joins of two categories: their joins share no unit."""
    n, a, b = float(sizes.sum()), float(sizes[pair[0]]), float(sizes[pair[1]])
    if n < 4:
        return math.nan
    if assumption == "normal":
        two, four = (a / n) ** 2 * (b / n) ** 2, (a / n) ** 2 * (b / n) ** 2
    else:
        two = _falling(a, 2) * _falling(b, 2) / _falling(n, 2) ** 2
        four = _falling(a, 2) * _falling(b, 2) / _falling(n, 4)
    return ((s.s0**2 + s.s1 - s.s2) * four - s.s0**2 * two) / 4


def _simulated(
    kind: tuple[int, int] | str, colour: NDArray[np.intp], half: sparse.csr_array, draws: tuple[int, Seed]
) -> Simulated | float:
    """Return the joins of one kind under permutation."""
    columns, statistic = _joins(kind, colour, half)
    count, seed = draws
    if count == 0 or not colour.size:
        return float(statistic(tuple(column[:, None] for column in columns))[0]) if colour.size else math.nan
    return simulate(statistic, columns, permutations=count, seed=seed)


def _joins(
    kind: tuple[int, int] | str, colour: NDArray[np.intp], half: sparse.csr_array
) -> tuple[tuple[Floats, ...], Statistic]:
    """Return the columns that are permuted and the function that counts joins of one kind in them."""

    def of_colours(parts: tuple[Floats, ...]) -> Floats:
        total = np.zeros(parts[0].shape[1])
        for part in parts:
            total += np.einsum("ib,ib->b", half @ part, part)
        return total

    def of_pair(parts: tuple[Floats, ...]) -> Floats:
        first, second = parts
        lag = half @ second + half.T @ second
        return np.asarray(np.einsum("ib,ib->b", lag, first), dtype=np.float64)

    everything = float(half.sum())
    if isinstance(kind, tuple):
        flags = tuple((colour == k).astype(np.float64) for k in dict.fromkeys(kind))
        return flags, of_colours if len(flags) == 1 else of_pair
    flags = tuple((colour == k).astype(np.float64) for k in np.unique(colour))
    return flags, of_colours if kind == "same" else lambda parts: everything - of_colours(parts)


def _table(
    names: list[Any],
    pairs: list[tuple[int, int]],
    moments: list[Moments],
    simulated: list[Simulated | float],
    alternative: str,
) -> pd.DataFrame:
    """Return the table of pairs."""
    labels = [*((names[a], names[b]) for a, b in pairs), ("same", "same"), ("different", "different")]
    rows = []
    for (first, second), moment, found in zip(labels, moments, simulated, strict=True):
        joins = found.observed if isinstance(found, Simulated) else found
        z = (joins - moment.expected) / math.sqrt(moment.variance) if moment.variance > 0 else math.nan
        upper, lower = np.asarray(special.ndtr(-z)), np.asarray(special.ndtr(z))
        p_norm = float(one_p(upper, lower, alternative))  # type: ignore[arg-type]
        p_sim = global_p(found, alternative) if isinstance(found, Simulated) else math.nan
        rows.append((first, second, joins, moment.expected, moment.variance, z, p_norm, p_sim))
    header = ["first", "second", "joins", "expected", "variance", "z", "p_norm", "p_sim"]
    return pd.DataFrame(rows, columns=header)
