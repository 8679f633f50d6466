"""Differences between two groups of one survey, with the covariance that shared clusters bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, nearest
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import Domains, as_frame, build_domains, column, numbers
from childatlas.measures.estimates import t_interval
from childatlas.measures.linearisation import grouped_variance
from childatlas.measures.replicates import Replicates, replicate_variance

__all__ = ["difference_of_sides", "survey_difference"]

Floats: TypeAlias = NDArray[np.float64]


def survey_difference(
    data: Any,
    variable: str,
    *,
    between: str,
    groups: tuple[Any, Any],
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the mean of the first group less that of the second, and their ratio, with errors.

    Parameters
    ----------
    data, variable, weight, stratum, cluster, fpc, by, lonely, nest, level, replicates
        As `survey_mean`.
    between : str
        Column that holds the two groups.
    groups : tuple
        The two values, for example ``("rural", "urban")``.

    Returns
    -------
    DataFrame
        ``first, second, difference, se, low, high, p, ratio, ratio_low, ratio_high, n, df``; one row per
        group of `by`, else one row. The ratio's interval is made on the logarithm. ``p`` is two-sided.

    Raises
    ------
    AnalysisError
        If a group is not in the column; else as `survey_mean`.
    """
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=by, design=design)
    sides = column(frame, between)
    _check_groups(sides, groups)
    y = numbers(frame, variable)
    masks = [(sides == g).fillna(False).to_numpy(dtype=bool) for g in groups]
    table = difference_of_sides(domains, y, (masks[0], masks[1]), level=level, replicates=replicates)
    return table.set_axis(domains.labels if domains.grouped else pd.Index([variable], name="variable"))


def difference_of_sides(
    domains: Domains,
    y: Floats,
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    *,
    level: float,
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the rows of `survey_difference` for a design and groups that are built already.

    Parameters
    ----------
    domains : Domains
    y : array
        NaN where not known.
    masks : tuple of two arrays of bool
        Rows of either side.
    level : float
    replicates : Replicates, optional
        Errors then come from them.
    """
    weight = domains.design.weight if replicates is None else replicates.full
    (first, one), (second, two) = (_mean(domains, y, mask, weight) for mask in masks)
    if replicates is None:
        se, relative, df = _linear_errors(domains, y, masks, (first, second))
    else:
        se, relative = _replicate_errors(domains, y, masks, replicates)
        df = np.full(domains.size, replicates.df)
    difference = first - second
    low, high = t_interval(difference, se, df, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(second > 0, first / second, np.nan)
        span = t_interval(np.log(ratio), relative, df, level)
        ends = [np.where(ratio > 0, np.exp(end), np.nan) for end in span]
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "difference": difference,
            "se": se,
            "low": low,
            "high": high,
            "p": _two_sided(difference, se, df),
            "ratio": ratio,
            "ratio_low": ends[0],
            "ratio_high": ends[1],
            "n": one + two,
            "df": df,
        }
    )


def _linear_errors(
    domains: Domains,
    y: Floats,
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    means: tuple[Floats, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Return the linearised errors of the difference and of the ratio's logarithm, and degrees of freedom."""
    first, second = means
    group = np.where(~np.isnan(y) & (masks[0] | masks[1]), domains.group, -1)
    base = [
        _scores(domains.design.weight, group, y, m, e) for m, e in zip(masks, (first, second), strict=True)
    ]
    place = np.maximum(group, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = (
            np.nan_to_num(1 / first, posinf=0)[place] * base[0]
            - np.nan_to_num(1 / second, posinf=0)[place] * base[1]
        )
    scores = np.column_stack([base[0] - base[1], relative])
    errors = np.sqrt(grouped_variance(domains.design, group, domains.size, scores))
    errors[np.isnan(first) | np.isnan(second)] = np.nan
    return errors[:, 0], errors[:, 1], domains.degrees_of_freedom(group)


def _replicate_errors(
    domains: Domains,
    y: Floats,
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    replicates: Replicates,
) -> tuple[Floats, Floats]:
    """Return the errors of the difference and of the ratio's logarithm from replicate weights."""

    def statistic(weight: Floats) -> Floats:
        first, second = (_mean(domains, y, mask, weight)[0] for mask in masks)
        with np.errstate(invalid="ignore", divide="ignore"):
            logarithm = np.log(np.where((first > 0) & (second > 0), first / second, np.nan))
        return np.concatenate([first - second, logarithm])

    errors = np.sqrt(replicate_variance(replicates, statistic))
    return errors[: domains.size], errors[domains.size :]


def _mean(
    domains: Domains, y: Floats, mask: NDArray[np.bool_], weight: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the mean of one side by group, NaN where it has no row, and its rows."""
    inside = mask & ~np.isnan(y) & (domains.group >= 0)
    place, share = domains.group[inside], weight[inside]
    n = np.bincount(place, minlength=domains.size)
    people = np.bincount(place, share, minlength=domains.size)
    total = np.bincount(place, share * y[inside], minlength=domains.size)
    return np.where(people > 0, total / np.where(people > 0, people, 1.0), np.nan), n


def _scores(
    weight: Floats, group: NDArray[np.int64], y: Floats, mask: NDArray[np.bool_], mean: Floats
) -> Floats:
    """Return the linearised values of one side's mean."""
    inside = mask & (group >= 0)
    place = np.maximum(group, 0)
    total = np.bincount(place, np.where(inside, weight, 0.0), minlength=len(mean))[place]
    centred = np.where(inside, np.nan_to_num(y) - np.nan_to_num(mean)[place], 0.0)
    return np.where(total > 0, weight * centred / np.where(total > 0, total, 1.0), 0.0)


def _two_sided(difference: Floats, se: Floats, df: Floats) -> Floats:
    from scipy import stats

    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(difference) / se
    known = (df > 0) & (se > 0)
    return np.where(known, 2 * stats.t.sf(np.where(known, t, 0.0), np.maximum(df, 1)), np.nan)


def _check_groups(sides: pd.Series, groups: tuple[Any, Any]) -> None:
    if isinstance(groups, str) or len(groups) != 2 or groups[0] == groups[1]:
        raise AnalysisError("a difference is taken between two groups", found=groups, expected="two values")
    present = list(sides.dropna().unique())
    for group in groups:
        if group not in present:
            raise AnalysisError(
                f"no row of {sides.name!r} is {group!r}",
                found=group,
                expected=", ".join(nearest(group, present) or [str(p) for p in present[:10]]),
            )
