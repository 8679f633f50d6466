"""What the cutoff decides, and what each group adds: Alkire-Foster measures along k and across subgroups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.deprivation import TOLERANCE, AlkireFoster, measure_deprivation
from childatlas.measures.histogram import Histogram

__all__ = ["cutoff_curve", "decompose_groups"]


def cutoff_curve(
    histogram: Histogram, weights: pd.Series | pd.DataFrame, cutoffs: Sequence[float] | None = None
) -> pd.DataFrame:
    """Return headcount, intensity and adjusted headcount, with errors, at every cutoff.

    Parameters
    ----------
    histogram : Histogram
    weights : Series or DataFrame
        As `measure_deprivation`.
    cutoffs : sequence of float, optional
        In (0, 1]; by default every score that some pattern reaches, at most 100 of them.

    Returns
    -------
    DataFrame
        Indexed by group and ``cutoff``: ``headcount, intensity, adjusted`` and ``headcount_se, intensity_se,
        adjusted_se`` (NaN without a design). Neither headcount nor adjusted ever rises with the cutoff.
    """
    chosen = _reached(histogram, weights) if cutoffs is None else list(cutoffs)
    if not chosen:
        raise AnalysisError("no cutoff to try")
    parts = []
    for cutoff in chosen:
        result = measure_deprivation(histogram, weights, cutoff)
        parts.append(_row(result, histogram))
    table = pd.concat(parts, keys=chosen, names=["cutoff"])
    return table.reorder_levels([*range(1, table.index.nlevels), 0]).sort_index(kind="stable")


def decompose_groups(result: AlkireFoster) -> pd.DataFrame:
    """Return what each group adds to the adjusted headcount of all.

    Parameters
    ----------
    result : AlkireFoster
        Made with `by`.

    Returns
    -------
    DataFrame
        Indexed by group: ``population_share, headcount, intensity, adjusted, contribution`` (share of the
        whole's adjusted headcount, sums to 1) and ``relative`` (contribution over population share: above 1
        a group carries more than its numbers).

    Raises
    ------
    AnalysisError
        If the result has no groups.
    """
    if not isinstance(result.adjusted, pd.Series):
        raise AnalysisError("there are no groups to decompose", fix="measure with by=")
    share = result.population / result.population.sum()
    amount = share * result.adjusted.fillna(0.0)
    whole = amount.sum()
    contribution = amount / whole if whole > 0 else amount * np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = contribution / share.where(share > 0)
    columns = {
        "population_share": share,
        "headcount": result.headcount,
        "intensity": result.intensity,
        "adjusted": result.adjusted,
        "contribution": contribution,
        "relative": relative,
    }
    return pd.DataFrame(columns)


def _reached(histogram: Histogram, weights: pd.Series | pd.DataFrame) -> list[float]:
    if isinstance(weights, pd.DataFrame) and histogram.profile is not None:
        shares = weights.to_numpy(dtype=float)[histogram.profile]
    else:
        shares = weights.to_numpy(dtype=float)
    scores = np.sort((histogram.deprived * shares)[histogram.complete].sum(axis=1))
    scores = scores[scores > TOLERANCE]
    if not len(scores):
        return [1.0]
    steps = np.concatenate([[True], np.diff(scores) > TOLERANCE])
    distinct = np.minimum(scores[steps], 1.0)
    if len(distinct) > 100:
        distinct = distinct[np.unique(np.linspace(0, len(distinct) - 1, 100).astype(int))]
    return [float(s) for s in distinct]


def _row(result: AlkireFoster, histogram: Histogram) -> pd.DataFrame:
    columns: dict[str, object] = {}
    for name in ("headcount", "intensity", "adjusted"):
        columns[name] = np.atleast_1d(np.asarray(getattr(result, name)))
        errors = result.errors
        columns[f"{name}_se"] = np.nan if errors is None else np.atleast_1d(np.asarray(getattr(errors, name)))
    return pd.DataFrame(columns, index=histogram.groups)
