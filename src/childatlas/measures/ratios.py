"""Ratios of weighted sums over a histogram's cells, by group, with their linearised errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from childatlas.measures.histogram import Histogram
from childatlas.measures.linearisation import stage_variance

__all__ = ["Ratios", "degrees_of_freedom", "estimate_ratios", "pattern_ratios", "smooth_errors"]

Floats: TypeAlias = NDArray[np.float64]
_BLOCK = 32  # ratios in memory at a time


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


def pattern_ratios(histogram: Histogram, pairs: Iterable[tuple[Floats, Floats]]) -> Ratios:
    """Return the ratios of (numerator, denominator) per child of each pattern, weighted and summed by group.

    Without a design the sums are one sparse product, groups x patterns, for many ratios at once; cells are
    gone through only where errors are asked for.
    """
    if histogram.design is not None:
        cell, weight = histogram.pattern, histogram.weight
        return estimate_ratios(histogram, ((weight * top[cell], weight * base[cell]) for top, base in pairs))
    shape = (len(histogram.groups), len(histogram.deprived))
    counts = sparse.csr_matrix((histogram.weight, (histogram.group, histogram.pattern)), shape=shape)
    parts: list[Floats] = []
    iterator = iter(pairs)
    while block := list(islice(iterator, _BLOCK)):
        top = np.asarray(counts @ np.column_stack([t for t, _ in block]))
        base = np.asarray(counts @ np.column_stack([b for _, b in block]))
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(np.where(base != 0, top / base, np.nan))
    return Ratios(np.hstack(parts), None)


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
