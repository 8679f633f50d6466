"""Errors of estimates that are smooth functions of a distribution, from the influence of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.domains import Domains
from childatlas.measures.estimates import t_interval
from childatlas.measures.linearisation import grouped_variance

__all__ = ["density_at", "expected_distance", "influence_table", "middle"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


def influence_table(
    domains: Domains,
    group: Codes,
    parts: Mapping[str, tuple[Floats, Floats]],
    *,
    level: float,
    common: tuple[Floats, Floats] | None = None,
) -> pd.DataFrame:
    """Return ``value, se, low, high, n, df, missing`` of each measure, by group and measure.

    Parameters
    ----------
    domains : Domains
    group : array of int, one per row
        Group of each row that counts, -1 where its value is missing or it is outside all groups.
    parts : mapping of measure -> (values, scores)
        Values by group; scores by row, already weighted: the error of a value is about the sum of its scores.
    level : float
        Confidence of Student's interval.
    common : (moves, slopes), optional
        A number estimated from all rows that every group's values depend on: its weighted influence by row,
        and the derivatives of the values with regard to it, measures x groups.

    Returns
    -------
    DataFrame
        Indexed by group and ``measure``, or by ``measure`` alone where no groups were asked for.

    Notes
    -----
    Deville (1999), Survey Methodology 25, p. 193: the variance of a functional is that of the total of its
    influence function.
    """
    size, names = domains.size, list(parts)
    scores = np.column_stack([np.where(group >= 0, parts[name][1], 0.0) for name in names])
    if common is None:
        variance = grouped_variance(domains.design, group, size, np.nan_to_num(scores))
    else:
        variance = _common_variance(domains, group, np.nan_to_num(scores), common)
    df = domains.degrees_of_freedom(group)
    n = np.bincount(group[group >= 0], minlength=size)
    asked = np.bincount(domains.group[domains.group >= 0], minlength=size)
    tables = []
    for place, name in enumerate(names):
        value = parts[name][0]
        se = np.where(np.isnan(value), np.nan, np.sqrt(variance[:, place]))
        low, high = t_interval(value, se, df, level)
        columns = {"value": value, "se": se, "low": low, "high": high, "n": n, "df": df, "missing": asked - n}
        tables.append(pd.DataFrame(columns))
    if not domains.grouped:
        return pd.concat(tables).set_axis(pd.Index(names, name="measure"))
    joined = pd.concat([t.set_axis(domains.labels) for t in tables], keys=names, names=["measure"])
    depth = joined.index.nlevels
    joined = joined.reorder_levels([*range(1, depth), 0])
    order = np.lexsort([np.repeat(np.arange(len(names)), size), np.tile(np.arange(size), len(names))])
    return joined.iloc[order]


def _common_variance(domains: Domains, group: Codes, scores: Floats, common: tuple[Floats, Floats]) -> Floats:
    """Return variances, groups x measures, where rows of other groups count through a common number."""
    moves, slopes = common
    everyone = np.zeros(len(group), dtype=np.int64)
    result = np.empty((domains.size, scores.shape[1]))
    for code in range(domains.size):
        own = np.where((group == code)[:, None], scores, 0.0)
        result[code] = grouped_variance(domains.design, everyone, 1, own + np.outer(moves, slopes[:, code]))
    return result


def expected_distance(at: Floats, values: Floats, share: Floats) -> Floats:
    """Return the mean distance of each point of `at` from `values`, weighted by `share`; O(n log n)."""
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    people = np.concatenate([[0.0], np.cumsum(share[order])])
    held = np.concatenate([[0.0], np.cumsum((share * values)[order])])
    place = np.searchsorted(sorted_values, at, side="right")
    distance: Floats = at * (2 * people[place] - people[-1]) + held[-1] - 2 * held[place]
    return distance


def middle(values: Floats, weights: Floats, probability: float) -> float:
    """Return a weighted quantile, the midpoint where any value between two would do."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    goal, slack = probability * cumulated[-1], 1e-9 * cumulated[-1]
    last = len(values) - 1
    low = min(int(np.searchsorted(cumulated, goal - slack)), last)
    high = min(int(np.searchsorted(cumulated, goal + slack, side="right")), last)
    return float(values[order][low] + values[order][high]) / 2


def density_at(point: float, values: Floats, weights: Floats) -> float:
    """Return a Gaussian kernel estimate of the density at a point, by Silverman's rule; NaN if all are equal.

    The bandwidth is 0.9 min(sd, interquartile range / 1.34) n^(-1/5) (Silverman 1986, equation 3.31).
    """
    share = weights / weights.sum()
    mean = float(share @ values)
    spread = float(np.sqrt(share @ (values - mean) ** 2))
    quarters = middle(values, weights, 0.75) - middle(values, weights, 0.25)
    scale = min(spread, quarters / 1.34) if quarters > 0 else spread
    if not scale > 0:
        return float("nan")
    width = 0.9 * scale * len(values) ** -0.2
    heights = np.exp(-0.5 * ((point - values) / width) ** 2) / np.sqrt(2 * np.pi)
    return float(share @ heights / width)
