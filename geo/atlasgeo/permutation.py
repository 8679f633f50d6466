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
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .draws import Block, Rows, SharedDraws, subsets
from .products import PRODUCT_CELLS, count_products, spans, weights_at
from .questions import Question, Tails, mend
from .threads import in_threads

__all__ = ["count_tails"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Counts = NDArray[np.int32]  # half the memory; more draws than two thousand million are never made

MEND_CELLS = 2_000_000  # cells of the draws that are mended at once: 16 MB
HUGE = 1e6  # times the typical size: such a value leaves its rounding in a sum
SEARCH_ROWS = 200_000  # rows that one thread looks up at a time


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
    high = np.zeros((len(questions), n), dtype=np.int32)
    low = np.zeros_like(high)
    matrix = features[:, None] if features.ndim == 1 else features
    parts = np.ones((n, 1)) if coefficients is None else coefficients
    for block in draws.blocks():
        if coefficients is None:
            _add_scalar(block, draws, matrix[:, 0], questions, (high, low))
        else:
            _add_features(block, draws, (matrix, parts), questions, (high, low))
        _add_general(block, draws, (matrix, parts), questions, (high, low))
    number = np.full(n, draws.permutations, dtype=np.int32)
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
    drawn = y.take(block.units)
    sums = np.cumsum(drawn, axis=1)
    jobs: list[tuple[Floats, Places]] = []
    for k, members in draws.classes.items():
        reference = np.sort(sums[:, k - 1])
        starts = range(0, members.size, SEARCH_ROWS)
        jobs += [(reference, members[start : start + SEARCH_ROWS]) for start in starts]

    def search(job: tuple[Floats, Places]) -> None:
        for q, question in enumerate(questions):
            _rank(*job, question, (counts[0][q], counts[1][q]))

    in_threads(search, jobs, work=sum(rows.size for _, rows in jobs))
    unit, values = _swapped(block, draws, y, (drawn, sums))
    for q, question in enumerate(questions):
        mend((counts[0][q], counts[1][q]), question, unit, values)


def _rank(reference: Floats, rows: Places, question: Question, counts: tuple[Counts, Counts]) -> None:
    """Add how many draws of a sorted reference reach the targets of some rows.

    The two ranks of a row differ only where a draw ties with the target, which a look at the next draw tells.
    """
    floor, ceiling = question.floor.take(rows), question.ceiling.take(rows)
    if question.tail == "high":  # an extreme, which few draws or none reach
        some = np.flatnonzero(floor <= reference[-1])
        counts[0][rows[some]] += reference.size - _search(reference, floor[some], "left")
        return
    if question.tail == "low":
        some = np.flatnonzero(ceiling >= reference[0])
        counts[1][rows[some]] += _search(reference, ceiling[some], "right")
        return
    order = np.argsort(floor)  # neighbours in value look at the same draws: quicker than any order
    least = np.empty(rows.size, dtype=np.intp)
    least[order] = np.searchsorted(reference, floor.take(order), side="left")
    counts[0][rows] += reference.size - least
    tied = np.flatnonzero(np.append(reference, np.inf).take(least) <= ceiling)
    least[tied] = np.searchsorted(reference, ceiling[tied], side="right")
    counts[1][rows] += least


def _search(reference: Floats, targets: Floats, side: Literal["left", "right"]) -> Places:
    """Return the ranks of targets that are mostly the same."""
    if not targets.size:
        return np.empty(0, dtype=np.intp)
    ranks = np.full(targets.size, np.searchsorted(reference, targets[0], side=side), dtype=np.intp)
    other = np.flatnonzero(targets != targets[0])
    ranks[other] = np.searchsorted(reference, targets[other], side=side)
    return ranks


def _swapped(
    block: Block, draws: SharedDraws, y: Floats, drawn: tuple[Floats, Floats]
) -> tuple[Places, tuple[Floats, Floats]]:
    """Return the rows of equal weights whose unit a draw holds, and their sums before and after the swap.

    `drawn` holds the drawn values and their running sums. Where a value dwarfs the rest, taking it from a sum
    leaves its rounding: those sums are made again.
    """
    draw, unit, column, instead = block.draw, block.unit, block.column, block.instead
    if not draws.rows.uniform.all():
        mended = np.flatnonzero(draws.rows.uniform[unit])
        draw, unit, column, instead = (part[mended] for part in (draw, unit, column, instead))
    values, sums = drawn
    need = draws.rows.counts.take(unit)
    before = sums.ravel().take(draw * sums.shape[1] + (need - 1))
    after = before - y.take(unit) + y.take(instead)
    size = np.abs(y)
    some_sizes = size[:: max(1, size.size // 1_000)]
    some_sizes = some_sizes[some_sizes > 0]
    huge = size > HUGE * (np.median(some_sizes) if some_sizes.size else np.inf)
    for some in _pieces(np.flatnonzero(huge.take(unit)) if huge.any() else draw[:0], values.shape[1]):
        table = values[draw[some]]
        table[np.arange(some.size), column[some]] = y[instead[some]]
        after[some] = np.where(np.arange(table.shape[1]) < need[some, None], table, 0.0).sum(axis=1)
    return unit, (before, after)


def _add_features(
    block: Block,
    draws: SharedDraws,
    world: tuple[Floats, Floats],
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
) -> None:
    """Add the counts of rows of equal weights whose statistic needs several sums a draw, then mend."""
    features, coefficients = world
    sums = np.zeros((block.units.shape[0], features.shape[1]))
    done, need = 0, np.where(draws.rows.uniform, draws.rows.counts, 0)[block.unit]
    for k, members in draws.classes.items():
        for column in range(done, k):
            sums += features[block.units[:, column]]
        done = k
        count_products(members, (coefficients, np.ascontiguousarray(sums.T)), questions, counts)
        for some in _pieces(np.flatnonzero(need == k), features.shape[1]):
            unit, factor = block.unit[some], coefficients[block.unit[some]]
            swap = features[block.instead[some]] - features[unit]
            before = np.einsum("em,em->e", factor, sums[block.draw[some]])
            values = before, before + np.einsum("em,em->e", factor, swap)
            for q, question in enumerate(questions):
                mend((counts[0][q], counts[1][q]), question, unit, values)


def _pieces(entries: Places, features: int) -> Iterator[Places]:
    """Yield entries in pieces that fit in memory."""
    size = max(1, MEND_CELLS // features)
    for start in range(0, entries.size, size):
        yield entries[start : start + size]


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
    drawn = np.ascontiguousarray(features[block.units].transpose(2, 1, 0))
    order = np.argsort(block.unit, kind="stable")
    sorted_units = block.unit[order]

    def swap(part: Places, values: Floats) -> None:
        first, last = np.searchsorted(sorted_units, [part, part + 1])
        entries = order[spans(first, last)]
        unit = block.unit[entries]
        row = np.repeat(np.arange(part.size), last - first)
        weight = weights_at(draws.rows, unit, block.column[entries])
        change = features[block.instead[entries]] - features[unit]
        values[row, block.draw[entries]] += weight * np.einsum("em,em->e", coefficients[unit], change)

    count_products(draws.general, (coefficients, drawn), questions, counts, rows=draws.rows, swap=swap)


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
