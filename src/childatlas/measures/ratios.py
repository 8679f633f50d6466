"""Ratios of weighted sums over a histogram's cells, by group, with their linearised errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.histogram import Histogram
from childatlas.measures.linearisation import stage_variance

__all__ = ["Ratios", "degrees_of_freedom", "estimate_ratios", "smooth_errors"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ratios:
    """Estimates, groups x ratios, and standard errors of the same shape (None without a design)."""

    estimate: Floats
    error: Floats | None


def estimate_ratios(histogram: Histogram, pairs: Iterable[tuple[Floats, Floats]]) -> Ratios:
    """Return sums of numerators over sums of denominators in each group.

    Parameters
    ----------
    histogram : Histogram
    pairs : iterable of (numerator, denominator)
        Amounts per cell that already hold the sampling weights (sums over the children of the cell).

    Returns
    -------
    Ratios
        NaN where the denominator is 0.

    Notes
    -----
    The linearised value of a child is (y - R x) / sum x, its variance that of the total of these values
    between clusters within strata (Sarndal, Swensson and Wretman 1992, section 5.6).
    """
    groups, group = len(histogram.groups), histogram.group
    estimates, scores = [], []
    for top, base in pairs:
        whole = np.bincount(group, base, minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(whole != 0, np.bincount(group, top, minlength=groups) / whole, np.nan)
        estimates.append(ratio)
        if histogram.design is not None:
            safe = np.where(whole != 0, whole, 1.0)[group]
            scores.append((top - np.nan_to_num(ratio)[group] * base) / safe)
    estimate = np.column_stack(estimates)
    if histogram.design is None:
        return Ratios(estimate, None)
    return Ratios(
        estimate, np.where(np.isnan(estimate), np.nan, smooth_errors(histogram, np.column_stack(scores)))
    )


def degrees_of_freedom(histogram: Histogram) -> Floats:
    """Return clusters less strata that each group touches; infinite without a design."""
    groups = len(histogram.groups)
    if histogram.design is None or histogram.cluster is None:
        return np.full(groups, np.inf)
    stage = histogram.design.first
    clusters, strata = len(stage.stratum_of_cluster), len(stage.sampled)
    pairs = np.unique(histogram.group * clusters + histogram.cluster)
    blocks = np.unique(pairs // clusters * strata + stage.stratum_of_cluster[pairs % clusters])
    touched = np.bincount(pairs // clusters, minlength=groups)
    return (touched - np.bincount(blocks // strata, minlength=groups)).astype(np.float64)


def smooth_errors(histogram: Histogram, scores: Floats) -> Floats:
    """Return the standard errors, groups x estimates, from linearised sums per cell (cells x estimates).

    Only the first stage counts: later stages of a design with finite populations are left to the ultimate
    clusters, which errs on the safe side.
    """
    design, cluster = histogram.design, histogram.cluster
    if design is None or cluster is None:
        msg = "a histogram without a design has no errors"
        raise ValueError(msg)
    variance = stage_variance(
        design.first, design.lonely, histogram.group, len(histogram.groups), cluster=cluster, scores=scores
    )
    return np.sqrt(variance)
