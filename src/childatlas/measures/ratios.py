"""Ratios of weighted sums over a histogram's cells, by group, with their linearised errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.histogram import Histogram
from childatlas.measures.totals import Totals

__all__ = ["Ratios", "degrees_of_freedom", "divide_totals", "estimate_ratios", "pattern_ratios"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
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
    between clusters within strata, stage by stage (Sarndal, Swensson and Wretman 1992, section 5.6).
    """
    totals = histogram.totals
    parts = [
        divide_totals(totals, totals.of_cells(top)[:, None], totals.of_cells(base)[:, None])
        for top, base in pairs
    ]
    return _joined(parts)


def pattern_ratios(
    histogram: Histogram, pairs: Iterable[tuple[Floats, Floats]], *, classes: Codes | None = None
) -> Ratios:
    """Return the ratios of (numerator, denominator) per child of each pattern, weighted and summed by group.

    With `classes`, a class per pattern, numerators and denominators are per child of each class: measures
    that look at little of a pattern cost little. Sums are sparse products, parts x patterns, many ratios at a
    time; memory goes with the parts, not the cells.
    """
    totals = histogram.totals
    counts = totals.counts if classes is None else totals.merge_patterns(classes)
    parts = []
    iterator = iter(pairs)
    while block := list(islice(iterator, _BLOCK)):
        tops = np.asarray(counts @ np.column_stack([top for top, _ in block]))
        parts.append(divide_totals(totals, tops, _bases(counts, [base for _, base in block])))
    return _joined(parts)


def _bases(counts: Any, bases: list[Floats]) -> Floats:
    """Return the sums of denominators, each distinct one summed once."""
    distinct = {id(base): base for base in bases}
    sums = np.asarray(counts @ np.column_stack(list(distinct.values())))
    place = {name: i for i, name in enumerate(distinct)}
    found: Floats = sums[:, [place[id(base)] for base in bases]]
    return found


def divide_totals(totals: Totals, tops: Floats, bases: Floats) -> Ratios:
    """Return the ratios of sums of numerators and denominators per part, parts x ratios."""
    whole = totals.by_group(bases)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.where(whole != 0, totals.by_group(tops) / whole, np.nan)
    if totals.design is None:
        return Ratios(estimate, None)
    safe, ratio = np.where(whole != 0, whole, 1.0), np.nan_to_num(estimate)
    scores = (tops - ratio[totals.group] * bases) / safe[totals.group]
    return Ratios(estimate, np.where(np.isnan(estimate), np.nan, totals.errors(scores)))


def _joined(parts: list[Ratios]) -> Ratios:
    errors = [part.error for part in parts if part.error is not None]
    return Ratios(np.hstack([part.estimate for part in parts]), np.hstack(errors) if errors else None)


def degrees_of_freedom(histogram: Histogram) -> Floats:
    """Return clusters less strata that each group's children counted touch; infinite without a design."""
    groups = len(histogram.groups)
    if histogram.design is None or histogram.row is None:
        return np.full(groups, np.inf)
    known = histogram.complete[histogram.pattern]
    stage = histogram.design.first
    clusters, strata = len(stage.stratum_of_cluster), len(stage.sampled)
    pairs = np.unique(histogram.group[known] * clusters + stage.cluster[histogram.row[known]])
    blocks = np.unique(pairs // clusters * strata + stage.stratum_of_cluster[pairs % clusters])
    touched = np.bincount(pairs // clusters, minlength=groups)
    return (touched - np.bincount(blocks // strata, minlength=groups)).astype(np.float64)
