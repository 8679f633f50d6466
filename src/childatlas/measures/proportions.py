"""Shares of categories with intervals that hold for small samples and rare answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import as_frame, build_domains, column
from childatlas.measures.estimates import assemble_rows, estimate_ratio, t_interval
from childatlas.measures.replicates import Replicates

__all__ = ["korn_graubard", "logit_interval", "survey_proportion"]

Floats: TypeAlias = NDArray[np.float64]
Interval: TypeAlias = Literal["korn_graubard", "logit", "t"]


def survey_proportion(
    data: Any,
    variable: str,
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    interval: Interval = "korn_graubard",
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the share of each category of a variable (of a 0/1 or yes/no one: the share of 1).

    Parameters
    ----------
    data, variable, weight, stratum, cluster, fpc, by, lonely, nest, level, replicates
        As `survey_mean`.
    interval : {"korn_graubard", "logit", "t"}
        How ``low`` and ``high`` are made.

    Returns
    -------
    DataFrame
        Columns as `survey_mean`; indexed by category (``variable``), by group, or by both.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`.
    """
    if interval not in get_args(Interval):
        raise AnalysisError("unknown interval", found=interval, expected=", ".join(get_args(Interval)))
    frame = as_frame(data)
    domains = build_domains(
        frame,
        weight=weight,
        by=by,
        design={"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest},
    )
    answers = column(frame, variable)
    known = answers.notna().to_numpy()
    categories = _categories(answers)
    binary = set(categories) <= {0, 1}  # no answer at all reads as a 0/1 variable that nobody answered
    shown = [1] if binary else categories
    parts = []
    for category in shown:
        y = np.where(known, (answers == category).fillna(False).to_numpy(dtype=bool), np.nan)
        part = estimate_ratio(domains, y, np.ones(len(y)), level=level, replicates=replicates)
        parts.append(_bounded(part, interval, level))
    names = [variable] if binary else [f"{variable}={c}" for c in shown]
    return assemble_rows(parts, names, domains, single=binary)


def _categories(answers: pd.Series) -> list[Any]:
    """Return the distinct answers in order; numbers before words where both occur."""
    found = list(answers.dropna().unique())
    words = [isinstance(answer, str) for answer in found]
    if all(words) or not any(words):
        return sorted(found)
    return sorted(found, key=lambda answer: (isinstance(answer, str), str(answer)))


def korn_graubard(
    share: Floats, variance: Floats, n: Floats, df: Floats, *, level: float = 0.95, truncate: bool = True
) -> tuple[Floats, Floats]:
    """Return Korn and Graubard's interval: Clopper and Pearson's with the effective sample size.

    Parameters
    ----------
    share, variance, n, df : array
        Estimated proportion, its variance under the design, unweighted n, degrees of freedom.
    level : float
    truncate : bool
        Never take the effective sample size above n, as the US National Center for Health Statistics does.

    Notes
    -----
    n* = p (1 - p) / v (t_{n-1} / t_df)^2; n where v is 0. Korn and Graubard (1998), Survey Methodology 24,
    p. 193; R's ``svyciprop(method="beta")`` does not truncate.
    """
    share, variance, n, df = np.broadcast_arrays(
        *(np.asarray(a, dtype=float) for a in (share, variance, n, df))
    )
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(variance > 0, share * (1 - share) / variance, n)
        shrink = stats.t.ppf(tail, np.maximum(n - 1, 1)) / stats.t.ppf(tail, np.maximum(df, 1))
        effective = effective * shrink**2
    if truncate:
        effective = np.minimum(effective, n)
    hits, misses = effective * share, effective * (1 - share)
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, stats.beta.ppf(tail, hits, misses + 1), 0.0)
        high = np.where(misses > 0, stats.beta.ppf(1 - tail, hits + 1, misses), 1.0)
    unknown = np.isnan(share) | (df < 1) | (n < 1)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def logit_interval(share: Floats, se: Floats, df: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Student's interval on the logit scale, carried back; NaN for shares of 0 and 1."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    reach = (
        np.where(df > 0, stats.t.ppf(0.5 + level / 2, np.maximum(df, 1)), np.nan) * se / (safe * (1 - safe))
    )
    centre = np.log(safe / (1 - safe))
    low, high = 1 / (1 + np.exp(-(centre - reach))), 1 / (1 + np.exp(-(centre + reach)))
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def _bounded(part: pd.DataFrame, interval: Interval, level: float) -> pd.DataFrame:
    share, se, n, df = (part[c].to_numpy(dtype=float) for c in ("estimate", "se", "n", "df"))
    if interval == "korn_graubard":
        low, high = korn_graubard(share, se**2, n, df, level=level)
    elif interval == "logit":
        low, high = logit_interval(share, se, df, level=level)
    else:
        low, high = t_interval(share, se, df, level)
    return part.assign(low=low, high=high)
