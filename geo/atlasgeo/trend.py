"""Mann-Kendall: does a short series rise or fall, with ties, gaps and the exact small-sample distribution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import AnalysisError, DataError

__all__ = ["LEAST_STEPS", "Trend", "mann_kendall", "trends"]

Floats = NDArray[np.float64]
Inference = Literal["auto", "exact", "normal"]
Alternative = Literal["two-sided", "greater", "less"]

# With four steps the least two-sided p is 2/24: no series of fewer than five can show a trend at 0.05.
LEAST_STEPS: Final = 5
_EXACT_UP_TO: Final = 40
_TIE: Final = 1e-9


@dataclass(frozen=True)
class Trend:
    """Result of a Mann-Kendall test.

    Attributes
    ----------
    s : int
        Pairs of steps that rise minus pairs that fall.
    variance : float
        Variance of `s` under no trend, with ties.
    z : float
        Normal score with continuity correction; NaN where the variance is 0.
    p : float
        p-value in the tail asked for; NaN with fewer than two observed steps.
    tau : float
        Kendall's tau-b of value and time, in [-1, 1]; NaN where all values are equal.
    slope : float
        Sen's slope: the median change per unit of time.
    n : int
        Observed steps.
    inference : {"exact", "normal"}
        Where `p` comes from.
    """

    s: int
    variance: float
    z: float
    p: float
    tau: float
    slope: float
    n: int
    inference: str


def mann_kendall(
    values: pd.Series | ArrayLike,
    *,
    times: ArrayLike | None = None,
    inference: Inference = "auto",
    alternative: Alternative = "two-sided",
) -> Trend:
    r"""Return the Mann-Kendall test of a monotone trend in one series.

    :math:`S = \sum_{i<j} \mathrm{sign}(x_j - x_i)`. Null model: every order of the
    observed values is equally likely.

    Parameters
    ----------
    values : Series or array
        In order of time. Missing values are left out; the test needs the order of the rest, not the gaps.
    times : array, optional
        Time of each value, strictly rising, for Sen's slope. A Series with a numeric index brings its own,
        else steps are one apart.
    inference : {"auto", "exact", "normal"}
        `exact` counts the orders of the tied values; `normal` uses `z`; `auto` is exact up to 40 steps.
    alternative : {"two-sided", "greater", "less"}
        `greater` = rising. Two-sided p is min(1, 2 min(p_hi, p_lo)).

    Returns
    -------
    Trend

    Raises
    ------
    DataError
        A value is infinite.
    AnalysisError
        Times do not rise, or have another length; the inference or alternative is unknown.

    Notes
    -----
    Mann (1945), Econometrica 13; Kendall (1975), Rank Correlation Methods, chapter 4 (variance with ties);
    slope of Sen (1968). The exact distribution with ties of sizes t is the Gaussian multinomial coefficient
    [n]!/([t1]! [t2]! ...). Values within 1e-9 of the scale are ties. Cost: O(n^2), exact O(n^3).
    """
    numbers = np.asarray(values, dtype=float)
    clock = _times(values, times, len(numbers))
    seen = ~np.isnan(numbers)
    numbers, clock = numbers[seen], clock[seen]
    if np.isinf(numbers).any():
        raise DataError("a series holds an infinite value", found=numbers.tolist(), expected="finite values")
    ranks = _ranks(numbers)
    n = len(ranks)
    first, second = np.triu_indices(n, 1)
    s = int(np.sign(ranks[second] - ranks[first]).sum())
    ties = tuple(sorted(np.bincount(ranks).tolist())) if n else ()
    variance = _variance(ties)
    z = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else np.nan
    kind = _kind(inference, n)
    high, low = _exact_tails(ties, s) if kind == "exact" else _normal_tails(s, variance)
    p = _tail(high, low, alternative) if n > 1 else np.nan
    pairs = n * (n - 1) / 2
    untied = pairs - sum(t * (t - 1) / 2 for t in ties)
    tau = s / np.sqrt(untied * pairs) if untied > 0 else np.nan
    rises = (numbers[second] - numbers[first]) / (clock[second] - clock[first])
    slope = float(np.median(rises)) if len(rises) else np.nan
    return Trend(s, variance, float(z), float(p), float(tau), slope, n, kind)


def trends(
    values: pd.DataFrame, *, inference: Inference = "auto", alternative: Alternative = "two-sided"
) -> pd.DataFrame:
    """Return the Mann-Kendall test of every row of a table of units x steps.

    Parameters
    ----------
    values : DataFrame
        One row a unit, one column a step in order of time; numeric column names are the times of Sen's slope.
    inference, alternative
        As in `mann_kendall`.

    Returns
    -------
    DataFrame
        ``s``, ``variance``, ``z``, ``p``, ``tau``, ``slope``, ``n``, ``inference`` on the index of `values`.

    Raises
    ------
    DataError, AnalysisError
        As `mann_kendall`.
    """
    times = values.columns.to_numpy(dtype=float) if pd.api.types.is_numeric_dtype(values.columns) else None
    rows = [
        mann_kendall(row, times=times, inference=inference, alternative=alternative)
        for row in values.to_numpy(dtype=float, na_value=np.nan)
    ]
    columns = list(Trend.__dataclass_fields__)
    table = {name: [getattr(row, name) for row in rows] for name in columns}
    return pd.DataFrame(table, index=values.index, columns=columns)


def _times(values: object, times: ArrayLike | None, n: int) -> Floats:
    if times is None and isinstance(values, pd.Series) and pd.api.types.is_numeric_dtype(values.index):
        times = values.index.to_numpy(dtype=float)
    clock = np.arange(n, dtype=float) if times is None else np.asarray(times, dtype=float)
    if len(clock) != n or (np.diff(clock) <= 0).any():
        raise AnalysisError(
            "the times of a series have to rise, one for each value",
            found=clock.tolist()[:20],
            expected=f"{n} rising numbers",
            fix="sort the steps by time",
        )
    return clock


def _ranks(values: Floats) -> NDArray[np.int64]:
    """Return dense ranks from 0; values within 1e-9 of the scale share one."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order]) > _TIE * np.abs(values).max()
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(steps)])
    return ranks


def _variance(ties: tuple[int, ...]) -> float:
    n = sum(ties)
    return (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18


def _kind(inference: str, n: int) -> str:
    kinds = {"auto": "exact" if n <= _EXACT_UP_TO else "normal", "exact": "exact", "normal": "normal"}
    if inference not in kinds:
        raise AnalysisError("unknown inference", found=repr(inference), expected=", ".join(kinds))
    return kinds[inference]


def _exact_tails(ties: tuple[int, ...], s: int) -> tuple[float, float]:
    """Return P(S >= s) and P(S <= s)."""
    orders = _inversions(ties)
    total, degree = sum(orders), len(orders) - 1
    falls = (degree - s) // 2  # falling pairs in an order with this S
    return sum(orders[: falls + 1]) / total, sum(orders[falls:]) / total


@lru_cache(maxsize=4096)
def _inversions(ties: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many orders of a multiset have 0, 1, 2 ... falling pairs (the Gaussian multinomial)."""
    n = sum(ties)
    degree = (n * n - sum(t * t for t in ties)) // 2
    counts = [1] + [0] * degree
    placed = 0
    for size in ties:
        for k in range(1, size + 1):
            placed += 1
            for i in range(degree, placed - 1, -1):  # times (1 - q^placed)
                counts[i] -= counts[i - placed]
            for i in range(k, degree + 1):  # over (1 - q^k)
                counts[i] += counts[i - k]
    return tuple(counts)


def _normal_tails(s: int, variance: float) -> tuple[float, float]:
    """Return the same tails from the normal curve, half a step (which is 1 in S) towards the middle."""
    from scipy.stats import norm

    if variance <= 0:
        return 1.0, 1.0
    scale = np.sqrt(variance)
    return float(norm.sf((s - 1) / scale)), float(norm.cdf((s + 1) / scale))


def _tail(high: float, low: float, alternative: str) -> float:
    tails = {"two-sided": min(1.0, 2 * min(high, low)), "greater": high, "less": low}
    if alternative not in tails:
        raise AnalysisError("unknown alternative", found=repr(alternative), expected=", ".join(tails))
    return tails[alternative]
