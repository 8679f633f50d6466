"""Exact conditional permutation by shared draws: how often does chance reach what a neighbourhood shows.

For row i with k neighbours the question is how the sum of k values drawn from the *other* n - 1 units
compares with the real one. P draws of k_max + 1 distinct units are made once for all rows
(`draws.draw_shared`).

- Rows of equal weights, one feature: one sorted reference a cardinality, a binary search a row, and a mend
  for each draw that holds the unit itself. O(c P log P + n log P + P k), c the number of distinct k.
- Rows of equal weights, m features (local Geary): m sums a draw, one product in blocks. O(n P m).
- Rows of unequal weights: the same with a product over the weights. O(n P k m).
- C(n - 1, k) <= P: every draw is enumerated and the p is exact. O(C(n - 1, k)) a row.

Comparisons allow a tolerance that the caller states, so the order of summation never decides a tie. numpy and
scipy only: nothing compiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .draws import Block, Rows, SharedDraws, subsets
from .products import row_products, spans, weights_at
from .threads import in_threads

__all__ = ["Question", "Tails", "count_tails", "p_value"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]

PRODUCT_CELLS = 100_000  # cells of one block of a product: 0.8 MB, which a cache holds
LONG_ROW = 4_096  # flags; shorter rows are counted along the axis
SEARCH_ROWS = 200_000  # rows that one thread looks up at a time


@dataclass(frozen=True, eq=False)
class Question:
    """A value for each row that chance is compared with.

    Attributes
    ----------
    target : array, shape (n,)
        For one feature: the (weighted) sum over the neighbours. For several: the sum over features of
        coefficient x sum.
    tolerance : array, shape (n,)
        Differences up to this are ties.
    tail : {"both", "high", "low"}
        Which counts are wanted; the others stay zero.
    """

    target: Floats
    tolerance: Floats
    tail: Literal["both", "high", "low"] = "both"


@dataclass(frozen=True, eq=False)
class Tails:
    """How many draws reach the target from above and from below.

    Attributes
    ----------
    high, low : array of int, shape (n,)
        Draws with a value at least, and at most, the target.
    draws : array of int, shape (n,)
        Number of draws: P, or all there are where `exact`.
    exact : array of bool, shape (n,)
        The observed arrangement is one of the draws.
    """

    high: Counts
    low: Counts
    draws: Counts
    exact: NDArray[np.bool_]


def p_value(counts: Counts, tails: Tails) -> Floats:
    """Return (count + 1) / (P + 1), or count / draws where every draw was enumerated."""
    one = np.where(tails.exact, 0, 1)
    return np.asarray((counts + one) / np.maximum(tails.draws + one, 1), dtype=np.float64)


def count_tails(
    draws: SharedDraws,
    features: Floats,
    questions: Sequence[Question],
    *,
    coefficients: Floats | None = None,
) -> list[Tails]:
    """Return, for each question, how many conditional draws of each row reach its target.

    Parameters
    ----------
    draws : SharedDraws
    features : array, shape (n,) or (n, m)
        What is summed over the drawn units.
    questions : sequence of Question
        Several targets for the same draws cost little more than one.
    coefficients : array, shape (n, m), optional
        What each row multiplies its m sums by; needed for m > 1.

    Notes
    -----
    With one feature a row of equal weights compares plain sums: its targets are sums of values, not of
    weighted values, unless the weights differ within the row.
    """
    n = draws.rows.n
    high = np.zeros((len(questions), n), dtype=np.int64)
    low = np.zeros_like(high)
    matrix = features[:, None] if features.ndim == 1 else features
    parts = np.ones((n, 1)) if coefficients is None else coefficients
    for block in draws.blocks():
        if coefficients is None:
            _add_scalar(block, draws, matrix[:, 0], questions, (high, low))
        else:
            _add_features(block, draws, (matrix, parts), questions, (high, low))
        _add_general(block, draws, (matrix, parts), questions, (high, low))
    number = np.full(n, draws.permutations, dtype=np.int64)
    for i in np.flatnonzero(draws.exact & (draws.rows.counts > 0)):
        values = _every_draw(draws.rows, int(i), matrix, parts[i])
        number[i] = values.size
        for q, question in enumerate(questions):
            high[q, i] = np.count_nonzero(values >= question.target[i] - question.tolerance[i])
            low[q, i] = np.count_nonzero(values <= question.target[i] + question.tolerance[i])
    return [Tails(high[q], low[q], number, draws.exact) for q in range(len(questions))]


def _add_scalar(
    block: Block,
    draws: SharedDraws,
    y: Floats,
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
) -> None:
    """Add the counts of rows of equal weights: search in a sorted reference, then mend."""
    if not draws.classes:
        return
    high, low = counts
    drawn = np.asarray(y[block.units], dtype=np.float64)
    sums = np.cumsum(drawn, axis=1)
    jobs: list[tuple[Floats, Places]] = []
    for k, members in draws.classes.items():
        reference = np.sort(sums[:, k - 1])
        starts = range(0, members.size, SEARCH_ROWS)
        jobs += [(reference, members[start : start + SEARCH_ROWS]) for start in starts]

    def search(job: tuple[Floats, Places]) -> None:
        reference, rows = job
        for q, question in enumerate(questions):
            least, most = _ranks(reference, question, rows)
            high[q, rows] += reference.size - least
            low[q, rows] += most

    in_threads(search, jobs, work=sum(rows.size for _, rows in jobs))
    mended = draws.rows.uniform[block.unit]
    draw, unit, instead = block.draw[mended], block.unit[mended], block.instead[mended]
    before = sums[draw, draws.rows.counts[unit] - 1]
    after = before - y[unit] + y[instead]
    for q, question in enumerate(questions):
        target, slack = question.target[unit], question.tolerance[unit]
        if question.tail != "low":
            _add_at(high[q], unit, (after >= target - slack).astype(np.int64) - (before >= target - slack))
        if question.tail != "high":
            _add_at(low[q], unit, (after <= target + slack).astype(np.int64) - (before <= target + slack))


def _ranks(reference: Floats, question: Question, rows: Places) -> tuple[Places | int, Places | int]:
    """Return how many draws lie below each target, and how many do not lie above it.

    The second rank equals the first unless a draw ties with the target, which a look at the next draw tells.
    """
    target, slack = question.target[rows], question.tolerance[rows]
    if question.tail == "high":
        return _search(reference, target - slack, "left"), 0
    if question.tail == "low":
        return reference.size, _search(reference, target + slack, "right")
    least = np.searchsorted(reference, target - slack, side="left")
    most = least.copy()
    tied = np.flatnonzero(np.append(reference, np.inf)[least] <= target + slack)
    most[tied] = np.searchsorted(reference, (target + slack)[tied], side="right")
    return least, most


def _search(reference: Floats, targets: Floats, side: Literal["left", "right"]) -> Places:
    """Return the ranks of targets that are mostly the same."""
    ranks = np.full(targets.size, np.searchsorted(reference, targets[0], side=side), dtype=np.intp)
    other = np.flatnonzero(targets != targets[0])
    ranks[other] = np.searchsorted(reference, targets[other], side=side)
    return ranks


def _add_at(counts: Counts, rows: Places, change: NDArray[np.int64]) -> None:
    """Add the changes that are not zero to the counts of their rows."""
    real = np.flatnonzero(change)
    np.add.at(counts, rows[real], change[real])


def _add_features(
    block: Block,
    draws: SharedDraws,
    world: tuple[Floats, Floats],
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
) -> None:
    """Add the counts of rows of equal weights whose statistic needs several sums a draw."""
    features, coefficients = world
    sums = np.zeros((block.units.shape[0], features.shape[1]))
    done = 0
    for k, members in draws.classes.items():
        for column in range(done, k):
            sums += features[block.units[:, column]]
        done = k
        right = np.ascontiguousarray(sums.T)
        step = max(1, PRODUCT_CELLS // block.units.shape[0])
        parts = [members[start : start + step] for start in range(0, members.size, step)]
        _compare(block, parts, (coefficients, right, features, draws.rows), questions, counts)


def _add_general(
    block: Block,
    draws: SharedDraws,
    world: tuple[Floats, Floats],
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
) -> None:
    """Add the counts of rows of unequal weights: products over weights and drawn values, in blocks."""
    if not draws.general.size:
        return
    features, coefficients = world
    step = max(1, PRODUCT_CELLS // block.units.shape[0])
    parts = [draws.general[start : start + step] for start in range(0, draws.general.size, step)]
    drawn = np.ascontiguousarray(features[block.units].transpose(2, 1, 0))
    _compare(block, parts, (coefficients, drawn, features, draws.rows), questions, counts)


def _compare(
    block: Block,
    parts: list[Places],
    world: tuple[Floats, Floats, Floats, Rows],
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
) -> None:
    """Count, for each part of the rows, the products that reach the targets."""
    coefficients, right, features, rows = world
    order = np.argsort(block.unit, kind="stable")
    sorted_units = block.unit[order]

    def job(part: Places) -> None:
        values = row_products(part, coefficients, right, rows)
        first, last = np.searchsorted(sorted_units, [part, part + 1])
        entries = order[spans(first, last)]
        unit = block.unit[entries]
        row = np.repeat(np.arange(part.size), last - first)
        swap = features[block.instead[entries]] - features[unit]
        weight = weights_at(rows, unit, block.column[entries]) if right.ndim == 3 else 1.0
        values[row, block.draw[entries]] += weight * np.einsum("em,em->e", coefficients[unit], swap)
        for q, question in enumerate(questions):
            target, slack = question.target[part][:, None], question.tolerance[part][:, None]
            if question.tail != "low":
                counts[0][q, part] += _true_in_rows(values >= target - slack)
            if question.tail != "high":
                counts[1][q, part] += _true_in_rows(values <= target + slack)

    in_threads(job, parts, work=sum(part.size for part in parts) * block.units.shape[0], products=True)


def _true_in_rows(flags: NDArray[np.bool_]) -> Counts:
    """Return the number of true flags of each row; long rows are counted faster one by one."""
    if flags.shape[1] < LONG_ROW:
        return np.asarray(np.count_nonzero(flags, axis=1), dtype=np.int64)
    return np.fromiter((np.count_nonzero(row) for row in flags), dtype=np.int64, count=len(flags))


def _every_draw(rows: Rows, i: int, features: Floats, coefficients: Floats) -> Floats:
    """Return the statistic of row i under every draw from the others."""
    others = np.delete(features, i, axis=0) @ coefficients
    k, count = int(rows.counts[i]), rows.n - 1
    if rows.uniform[i]:
        if 2 * k <= count:
            return np.asarray(others[subsets(count, k)].sum(axis=1), dtype=np.float64)
        return np.asarray(others.sum() - others[subsets(count, count - k)].sum(axis=1), dtype=np.float64)
    weights = rows.matrix.data[rows.matrix.indptr[i] : rows.matrix.indptr[i + 1]]
    arrangements = math.perm(count, k)
    table = subsets(count, k, ordered=True)
    values = np.empty(arrangements)
    for start in range(0, arrangements, PRODUCT_CELLS):
        values[start : start + PRODUCT_CELLS] = others[table[start : start + PRODUCT_CELLS]] @ weights
    return values
