"""Local Moran of medians: no outlier rules the scale or a neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .clusters import Local, local_table
from .draws import Rows, Seed, SharedDraws, draw_shared, rows_of, subsets
from .hotspots import quadrants_of, rules_for
from .local_test import Alternative, LocalTest
from .moments import NEARLY, typical_size
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["local_moran_median"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def local_moran_median(
    values: pd.Series[Any],
    w: Graph,
    *,
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return the median local Moran of every unit: its value times the median of its neighbours' values.

    I_i = z_i median_{j in N(i)} z_j with z the distance from the median over the median absolute deviation,
    so that no outlier rules the scale or a neighbourhood (as GeoDa's median local Moran). Weights only say
    who is a neighbour. Inference is by conditional permutation; expectation and variance are those of the
    draws.

    Parameters and columns as in `hotspots.local_moran`. O(P k) a number of neighbours.
    """
    rules = rules_for(alternative, correction, alpha, "permutation", "spdep")
    aligned = align([values], w)
    x, links = aligned.columns[0], aligned.weights
    rows = rows_of(sparse.csr_array((np.ones(links.nnz), links.indices, links.indptr), shape=links.shape))
    deviation = _deviation(x)
    z = (x - np.median(x)) / deviation if deviation else np.zeros_like(x)
    around, mean, variance, test = _medians(z, rows, draw_shared(rows, permutations, seed))
    quadrant = quadrants_of(z, around)
    local = Local(
        statistic=z * around,
        expected=z * mean,
        variance=z**2 * np.where(variance > 1e-20, variance, 0.0),
        test=test.turned(z < 0),
        island=rows.counts == 0,
        label=quadrant,
        quadrant=quadrant,
        island_statistic=0.0,
    )
    return local_table(aligned, local, rules)


def _deviation(x: Floats) -> float:
    """Return the median absolute deviation, or where that is zero the typical distance of the rest."""
    if not x.size:
        return 0.0
    return float(np.median(np.abs(x - np.median(x)))) or typical_size(x)


def _medians(z: Floats, rows: Rows, draws: SharedDraws) -> tuple[Floats, Floats, Floats, LocalTest]:
    """Return each unit's median neighbour, mean and variance of the drawn medians, and the tails."""
    around, mean, variance = np.zeros(rows.n), np.full(rows.n, np.nan), np.zeros(rows.n)
    parts = np.ones((5, rows.n))
    width = int(rows.counts.max(initial=0)) + 1
    lowest, highest = np.argsort(z, kind="stable")[:width], np.argsort(-z, kind="stable")[:width]
    slack = NEARLY * typical_size(z)
    for i in np.flatnonzero(rows.counts):
        around[i] = np.median(z[rows.matrix.indices[rows.matrix.indptr[i] : rows.matrix.indptr[i + 1]]])
    for members, drawn, count, one in _references(z, rows, draws):
        reference, unit, before, after = drawn
        total = np.full(members.size, reference.sum())
        square = np.full(members.size, (reference**2).sum())
        np.add.at(total, unit, after - before)
        np.add.at(square, unit, after**2 - before**2)
        mean[members] = total / count
        variance[members] = np.maximum(square / count - mean[members] ** 2, 0.0)
        k = int(rows.counts[members[0]])
        ends = np.array([[np.median(z[end[end != i][:k]]) for end in (highest, lowest)] for i in members])
        ranked = np.sort(reference)
        for place, (target, up) in enumerate(
            ((around[members], True), (around[members], False), (ends[:, 0], True), (ends[:, 1], False))
        ):
            reached = _reaching(ranked, target, slack, up=up)
            change = _reaches(after, target[unit], slack, up=up) - _reaches(
                before, target[unit], slack, up=up
            )
            np.add.at(reached, unit, change)
            parts[place, members] = (reached + one) / (count + one)
        parts[4, members] = one / (count + one)
    return around, mean, variance, LocalTest(*parts)


def _reaching(ranked: Floats, target: Floats, slack: float, *, up: bool) -> NDArray[np.int64]:
    """Return how many of the ranked values reach each target from above, or from below."""
    if up:
        return np.asarray(ranked.size - np.searchsorted(ranked, target - slack, side="left"), dtype=np.int64)
    return np.asarray(np.searchsorted(ranked, target + slack, side="right"), dtype=np.int64)


def _reaches(values: Floats, target: Floats, slack: float, *, up: bool) -> NDArray[np.int64]:
    """Return 1 where a value reaches its target."""
    return np.asarray(values >= target - slack if up else values <= target + slack, dtype=np.int64)


def _references(
    z: Floats, rows: Rows, draws: SharedDraws
) -> Iterator[tuple[Places, tuple[Floats, Places, Floats, Floats], int, int]]:
    """Yield groups of units with the medians they are compared with, and what replaces some of them.

    Each item: units; (drawn medians, place of a unit in the group, its median before, and after mending);
    number of draws; 1 if the observed arrangement is not among them, else 0.
    """
    nothing = np.empty(0)
    for i in np.flatnonzero(draws.exact & (rows.counts > 0)):
        table = subsets(rows.n - 1, int(rows.counts[i]))
        medians = np.median(np.delete(z, i)[table], axis=1)
        yield np.array([i]), (medians, np.empty(0, np.intp), nothing, nothing), medians.size, 0
    blocks = list(draws.blocks())
    for k, members in draws.classes.items():
        group = np.full(rows.n, -1, dtype=np.intp)
        group[members] = np.arange(members.size)
        found = [
            _block_medians(z, k, block.units, (block.draw, block.unit, block.column, block.instead), group)
            for block in blocks
        ]
        joined = tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
        yield members, (joined[0], joined[1], joined[2], joined[3]), draws.permutations, 1


def _block_medians(
    z: Floats, k: int, units: NDArray[np.int32], mends: tuple[Places, Places, Places, Places], group: Places
) -> tuple[Floats, Places, Floats, Floats]:
    """Return the medians of the first k of each draw, and those of mended draws."""
    medians = np.median(z[units[:, :k]], axis=1)
    draw, unit, column, instead = (part[group[mends[1]] >= 0] for part in mends)
    mended = z[units[draw, :k]]
    mended[np.arange(draw.size), column] = z[instead]
    after = np.median(mended, axis=1) if draw.size else np.empty(0)
    return medians, group[unit], medians[draw], after
