"""Quantiles of a survey with Woodruff's intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import as_frame, build_domains, numbers
from childatlas.measures.estimates import estimate_ratio
from childatlas.measures.replicates import Replicates

__all__ = ["survey_quantile", "weighted_quantile"]

Floats: TypeAlias = NDArray[np.float64]


def survey_quantile(
    data: Any,
    variable: str,
    probabilities: float | Sequence[float] = 0.5,
    *,
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
    """Return quantiles of a variable with design-based intervals.

    Parameters
    ----------
    data, variable, weight, stratum, cluster, fpc, by, lonely, nest, level, replicates
        As `survey_mean`; replicates give the error of the share below, not of the quantile itself.
    probabilities : float or sequence of float
        Each in (0, 1).

    Returns
    -------
    DataFrame
        ``estimate, se, low, high, n, df``, indexed by probability, or by group and probability.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`, or if a probability is not in (0, 1).

    Notes
    -----
    The quantile is the least value whose weighted distribution reaches p (R survey's rule "math"). Woodruff's
    interval (1952, JASA 47, p. 635) takes that of the share at or below the quantile back through the
    distribution; NaN where it leaves (0, 1). The error is the interval's half length over Student's quantile.
    """
    wanted = _probabilities(probabilities)
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=by, design=design)
    y = numbers(frame, variable)
    values = np.full((domains.size, len(wanted)), np.nan)
    for g in range(domains.size):
        rows = (domains.group == g) & ~np.isnan(y)
        values[g] = weighted_quantile(y[rows], domains.design.weight[rows], wanted)
    parts = []
    for i in range(len(wanted)):
        threshold = values[np.maximum(domains.group, 0), i]
        below = np.where(np.isnan(y), np.nan, y <= threshold)
        share = estimate_ratio(domains, below, np.ones(len(y)), level=level, replicates=replicates)
        bounds = np.full((domains.size, 2), np.nan)
        for g in range(domains.size):
            rows = (domains.group == g) & ~np.isnan(y)
            ends = share.loc[g, ["low", "high"]].to_numpy(dtype=float)
            bounds[g] = weighted_quantile(y[rows], domains.design.weight[rows], ends)
        reach = stats.t.ppf(0.5 + level / 2, np.maximum(share["df"], 1))
        se = (bounds[:, 1] - bounds[:, 0]) / (2 * reach)
        columns = {"estimate": values[:, i], "se": se, "low": bounds[:, 0], "high": bounds[:, 1]}
        parts.append(pd.DataFrame({**columns, "n": share["n"], "df": share["df"]}))
    if not domains.grouped:
        return pd.concat(parts).set_axis(pd.Index(wanted, name="probability"))
    joined = pd.concat(
        [p.set_axis(domains.labels) for p in parts], keys=wanted.tolist(), names=["probability"]
    )
    return joined.reorder_levels([*range(1, joined.index.nlevels), 0]).sort_index(kind="stable")


def _probabilities(given: Any) -> Floats:
    try:
        wanted = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError):
        wanted = np.empty(0)
    if wanted.ndim != 1 or not len(wanted) or not ((wanted > 0) & (wanted < 1)).all():
        raise AnalysisError(
            "probabilities lie between 0 and 1",
            found=repr(given)[:80],
            expected="one or more numbers in (0, 1)",
        )
    return wanted


def weighted_quantile(values: Floats, weights: Floats, probabilities: Floats) -> Floats:
    """Return the least values whose cumulated weight reaches each probability; NaN outside [0, 1]."""
    if not len(values):
        return np.full(len(probabilities), np.nan)
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    total = cumulated[-1]
    place = np.searchsorted(cumulated, np.nan_to_num(probabilities) * total - 1e-9 * total)
    found = values[order][np.minimum(place, len(values) - 1)]
    outside = ~((probabilities >= 0) & (probabilities <= 1))
    return np.where(outside, np.nan, found)
