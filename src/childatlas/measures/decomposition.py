"""Inequality by place: what lies between oblasts, between town and village within them, and within those."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.distribution import Incomes, entropy
from childatlas.measures.domains import Domains, as_frame, build_domains, column, numbers
from childatlas.measures.grouping import by_index
from childatlas.measures.influence import influence_table

__all__ = ["decompose_inequality", "decompose_inequality_change"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


def decompose_inequality(
    data: Any,
    income: str,
    *,
    within: str | Sequence[str],
    alpha: float = 1.0,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return a generalised entropy as the sum of what lies between groups at each nested level and within.

    Parameters
    ----------
    data, weight, stratum, cluster, fpc, by, lonely, nest, level
        As `survey_mean`; `by` a year gives the decomposition over time.
    income : str
        One row a person.
    within : str or sequence of str
        One column (``"oblast"``), or several from the widest: ``["oblast", "residence"]`` gives what lies
        between oblasts, between residences within oblasts, and the residual within both.
    alpha : float
        1 for Theil's index, 0 for the mean log deviation, 2 for half the squared coefficient of variation.

    Returns
    -------
    DataFrame
        ``value, share, se, low, high, n, df, missing``, indexed by ``component`` (after the group of `by`):
        ``total``, ``between oblast``, ``between residence within oblast``, ``within``. ``share`` is of the
        total. The parts add to the total. All are missing where the entropy has no value.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`, or if no level is named.

    Notes
    -----
    The entropy of the incomes when each is replaced by its group's mean is the part between groups (Shorrocks
    1980, Econometrica 48, p. 613); a finer partition adds what lies between its groups within the wider ones.
    Errors are linearised, the groups' means included.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "g": ["a", "a", "b", "b"]})
    >>> decompose_inequality(data, "y", within="g", weight=None)["value"].round(8).tolist()
    [0.10644014, 0.08228288, 0.02415726]
    """
    levels = [within] if isinstance(within, str) else list(within)
    if not levels or len(set(levels)) < len(levels):
        raise AnalysisError("a decomposition needs levels, each once", found=levels)
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=by, design=design)
    y = numbers(frame, income)
    nested = [
        by_index([column(frame, c) for c in levels[: i + 1]], frame.index)[1] for i in range(len(levels))
    ]
    known = ~np.isnan(y) & (nested[-1] >= 0)
    group = np.where(known, domains.group, -1)
    names = ["total", *_names(levels), "within"]
    parts = {name: (np.full(domains.size, np.nan), np.zeros(len(frame))) for name in names}
    for code in range(domains.size):
        rows = np.flatnonzero(group == code)
        if not len(rows):
            continue
        incomes = Incomes(y[rows], domains.design.weight[rows] / domains.design.weight[rows].sum())
        for name, (value, influence) in zip(names, _split(incomes, nested, rows, alpha), strict=True):
            parts[name][0][code] = value
            parts[name][1][rows] = incomes.share * influence
    return _with_shares(domains, group, parts, level)


def _names(levels: list[str]) -> list[str]:
    inner = [f"between {b} within {a}" for a, b in pairwise(levels)]
    return [f"between {levels[0]}", *inner]


def _split(
    incomes: Incomes, nested: list[Codes], rows: NDArray[np.intp], alpha: float
) -> list[tuple[float, Floats]]:
    """Return total, the part of each level, and the rest, each with its influence."""
    total = entropy(alpha)(incomes)
    smoothed = [_between(incomes, codes[rows], alpha) for codes in nested]
    steps, before = [], (0.0, np.zeros(len(rows)))
    for found in smoothed:
        steps.append((found[0] - before[0], found[1] - before[1]))
        before = found
    return [total, *steps, (total[0] - before[0], total[1] - before[1])]


def _between(incomes: Incomes, codes: Codes, alpha: float) -> tuple[float, Floats]:
    """Return the entropy of group means and its influence: each row moves its own group's mean too.

    With E[f(m)] over people, a row adds f(m) + f'(m) (y - m) less the mean (f = m^a, m ln m, ln m).
    """
    place = np.unique(codes, return_inverse=True)[1]
    people = np.bincount(place, incomes.share)
    means = (np.bincount(place, incomes.share * incomes.y) / people)[place]
    smooth = Incomes(means, incomes.share)
    value, influence = entropy(alpha)(smooth)
    if np.isnan(value):
        return value, influence
    # The influence of the smoothed incomes is that of f and of the overall mean; their mean moves with y.
    mean, rest = incomes.mean, incomes.y - means
    if alpha == 0:
        slope = 1 / mean - 1 / means
    elif alpha == 1:
        slope = (np.log(np.where(means > 0, means / mean, 1.0)) + 1) / mean - _theil_pull(smooth) / mean
    else:
        relative = means / mean
        power = float(incomes.share @ relative**alpha)
        slope = (alpha * np.where(relative > 0, relative, 1.0) ** (alpha - 1) - alpha * power) / mean
        slope = slope / (alpha * (alpha - 1))
    return value, influence + slope * rest


def _theil_pull(d: Incomes) -> float:
    """Return 1 + Theil's index: what a rise of the overall mean takes from the index, per mean."""
    return 1.0 + entropy(1.0)(d)[0]


def _with_shares(
    domains: Domains, group: Codes, parts: dict[str, tuple[Floats, Floats]], level: float
) -> pd.DataFrame:
    table = influence_table(domains, group, parts, level=level)
    total = np.repeat(parts["total"][0], len(parts))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, table["value"] / total, np.nan)
    table.insert(1, "share", share)
    return table.rename_axis(index={"measure": "component"})


def decompose_inequality_change(
    before: pd.DataFrame, after: pd.DataFrame, income: str, *, within: str, weight: str | None
) -> pd.DataFrame:
    """Return the change of the mean log deviation between two surveys and what it consists of.

    Parameters
    ----------
    before, after : DataFrame
        One row a person.
    income, within, weight : str
        Columns of both; rows with a missing income or group are left out.

    Returns
    -------
    DataFrame
        ``value, share`` by ``component``: ``before, after, change`` and its parts ``inequality within
        groups``, ``people moving between levels of inequality``, ``people moving between levels of income``
        and ``incomes of groups``. The four add to the change.

    Raises
    ------
    DataError
        If an income is not above 0, or the two have different groups.

    Notes
    -----
    Mookherjee and Shorrocks (1982), Economic Journal 92, p. 886, equation 9, exact: with v the share of
    people, I the deviation within and l = -ln(group mean / mean), MLD = sum of v (I + l), and each product's
    change is split at the mean of both years.
    """
    tables = [_groups(frame, income, within, weight) for frame in (before, after)]
    if not tables[0].index.equals(tables[1].index):
        raise DataError(
            "the two surveys have different groups",
            where=f"column {within}",
            found=f"only before {sorted(set(tables[0].index) - set(tables[1].index), key=str)}, "
            f"only after {sorted(set(tables[1].index) - set(tables[0].index), key=str)}",
            expected="the same groups in both",
        )
    mean, step = (tables[0] + tables[1]) / 2, tables[1] - tables[0]
    ends = [float(t["people"] @ (t["inside"] + t["distance"])) for t in tables]
    parts = {
        "inequality within groups": float(mean["people"] @ step["inside"]),
        "people moving between levels of inequality": float(step["people"] @ mean["inside"]),
        "people moving between levels of income": float(step["people"] @ mean["distance"]),
        "incomes of groups": float(mean["people"] @ step["distance"]),
    }
    change = ends[1] - ends[0]
    value = pd.Series({"before": ends[0], "after": ends[1], "change": change, **parts})
    share = (value / change if change else value * np.nan).where(~value.index.isin(["before", "after"]))
    return pd.DataFrame({"value": value, "share": share}).rename_axis("component")


def _groups(frame: pd.DataFrame, income: str, within: str, weight: str | None) -> pd.DataFrame:
    domains = build_domains(as_frame(frame), weight=weight, by=within, design={})
    y, people = numbers(frame, income), domains.design.weight
    keep = ~np.isnan(y) & (domains.group >= 0)
    if not keep.any() or (y[keep] <= 0).any():
        raise DataError("the mean log deviation needs incomes above 0", where=f"column {income}")
    code, y, people = domains.group[keep], y[keep], people[keep] / people[keep].sum()
    share = np.bincount(code, people, minlength=domains.size)
    mean = np.bincount(code, people * y, minlength=domains.size) / share
    inside = np.log(mean) - np.bincount(code, people * np.log(y), minlength=domains.size) / share
    columns = {"people": share, "inside": inside, "distance": -np.log(mean / float(people @ y))}
    return pd.DataFrame(columns, index=domains.labels)
