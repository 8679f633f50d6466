"""What the cutoff decides, and what each group adds: Alkire-Foster measures along k and across subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.deprivation import TOLERANCE, measure_deprivation
from childatlas.measures.deprivation_result import AlkireFoster, Parts
from childatlas.measures.histogram import Histogram
from childatlas.measures.linearisation import build_spread

__all__ = ["cutoff_curve", "decompose_groups"]

Floats: TypeAlias = NDArray[np.float64]


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


def decompose_groups(result: AlkireFoster, *, errors: bool = False) -> pd.DataFrame:
    """Return what each group adds to the adjusted headcount of all, or the standard errors of that.

    Parameters
    ----------
    result : AlkireFoster
        Made with `by`.
    errors : bool
        Return the standard errors in the same places instead: NaN without a design.

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

    Notes
    -----
    A share is the ratio of the group's total to that of all groups, and its error that ratio's: O(groups x
    clusters), a few groups in memory at a time.
    """
    if not isinstance(result.adjusted, pd.Series) or result.parts is None:
        raise AnalysisError("there are no groups to decompose", fix="measure with by=")
    shares = _share_errors(result.parts) if errors else _shares(result.parts)
    own = result.errors if errors else result
    columns = {
        "population_share": shares[:, 0],
        "headcount": np.nan if own is None else own.headcount,
        "intensity": np.nan if own is None else own.intensity,
        "adjusted": np.nan if own is None else own.adjusted,
        "contribution": shares[:, 1],
        "relative": shares[:, 2],
    }
    return pd.DataFrame(columns, index=result.adjusted.index)


def _shares(parts: Parts) -> Floats:
    """Return share of people, share of the adjusted headcount and their ratio, groups x 3."""
    sums = parts.totals.by_group(parts.sums)
    whole = sums.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole > 0, sums / whole, np.nan)
        relative = np.where(share[:, 0] > 0, share[:, 1] / share[:, 0], np.nan)
    return np.column_stack([share, relative])


def _share_errors(parts: Parts) -> Floats:
    """Return the errors of `_shares`; the clusters of all groups count in each."""
    totals, shares = parts.totals, _shares(parts)
    if totals.design is None or totals.row is None:
        return np.full(shares.shape, np.nan)
    whole = parts.sums.sum(axis=0)
    everybody = build_spread(totals.design, np.zeros(len(totals.group), dtype=np.int64), 1, rows=totals.row)
    found = np.full(shares.shape, np.nan)
    for group, share in enumerate(shares):
        own = (totals.group == group)[:, None] * parts.sums
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = (own - share[:2] * parts.sums) / whole
            relative = share[2] * (scores[:, 1] / share[1] - scores[:, 0] / share[0])
            if share[1] == 0:
                relative = scores[:, 1] / share[0]
        table = np.column_stack([scores, relative])
        found[group] = np.sqrt(everybody(np.nan_to_num(table, posinf=0.0, neginf=0.0))[0])
    return np.where(np.isnan(shares), np.nan, found)


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
