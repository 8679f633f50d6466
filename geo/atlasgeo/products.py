"""Statistic x draw as matrix products, for rows of unequal weights and for statistics of several sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .draws import Rows
from .questions import Question
from .threads import in_threads

__all__ = ["PRODUCT_CELLS", "count_products", "spans", "weights_at"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Counts = NDArray[np.int32]
PRODUCT_CELLS = 100_000  # cells of one block of a product: 0.8 MB, which a cache holds


def count_products(
    members: Places,
    world: tuple[Floats, Floats],
    questions: Sequence[Question],
    counts: tuple[Counts, Counts],
    *,
    rows: Rows | None = None,
    swap: Callable[[Places, Floats], None] | None = None,
) -> None:
    """Count, for some rows, the draws whose product reaches the targets.

    Parameters
    ----------
    members : array of int
        The rows.
    world : pair of arrays
        Coefficients, n x m; and what they multiply, m x draws, or m x places x draws for weights in `rows`.
    questions, counts
        As in `permutation.count_tails`; the counts, questions x n, are added to.
    rows : Rows, optional
    swap : callable, optional
        Mends the values, rows x draws, of some rows before they are compared.
    """
    coefficients, right = world
    draws = right.shape[-1]
    step = max(1, PRODUCT_CELLS // max(draws, 1))
    parts = [members[start : start + step] for start in range(0, members.size, step)]

    def job(part: Places) -> None:
        values = coefficients[part] @ right if rows is None else _weighted(part, coefficients, right, rows)
        if swap is not None:
            swap(part, values)
        for q, question in enumerate(questions):
            _reached(values, part, question, (counts[0][q], counts[1][q]))

    in_threads(job, parts, work=members.size * draws, products=True)


def _reached(values: Floats, part: Places, question: Question, counts: tuple[Counts, Counts]) -> None:
    """Add how many values of each row reach its target; extremes, which few do, are looked at first."""
    floor, ceiling = question.floor[part], question.ceiling[part]
    if question.tail == "high":
        some = np.flatnonzero(values.max(axis=1) >= floor)
        counts[0][part[some]] += _true_in_rows(values[some] >= floor[some, None])
    elif question.tail == "low":
        some = np.flatnonzero(values.min(axis=1) <= ceiling)
        counts[1][part[some]] += _true_in_rows(values[some] <= ceiling[some, None])
    else:
        counts[0][part] += _true_in_rows(values >= floor[:, None])
        counts[1][part] += _true_in_rows(values <= ceiling[:, None])


def _true_in_rows(flags: NDArray[np.bool_]) -> Counts:
    """Return the number of true flags of each row: short integers are summed fastest."""
    short = np.uint16 if flags.shape[1] < 2**16 else np.uint32
    return np.asarray(flags.view(np.uint8).sum(axis=1, dtype=short), dtype=np.int32)


def spans(first: Places, last: Places) -> Places:
    """Return the whole numbers of all spans [first, last) one after the other."""
    length = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    return np.asarray(starts + np.arange(int(length.sum())), dtype=np.intp)


def _weighted(part: Places, coefficients: Floats, right: Floats, rows: Rows) -> Floats:
    """Return statistic x draw for rows of unequal weights; `right` is m x places x draws."""
    width = int(rows.counts[part].max())
    padded = _padded(rows, part, width)
    values = (coefficients[part, 0][:, None] * padded) @ right[0, :width]
    for feature in range(1, right.shape[0]):
        values += (coefficients[part, feature][:, None] * padded) @ right[feature, :width]
    return np.asarray(values, dtype=np.float64)


def _padded(rows: Rows, part: Places, width: int) -> Floats:
    """Return the weights of some rows, padded with zeros to one width."""
    counts = rows.counts[part]
    padded = np.zeros((part.size, width))
    inside = np.arange(width) < counts[:, None]
    starts = rows.matrix.indptr[part].astype(np.intp)
    padded[inside] = rows.matrix.data[spans(starts, starts + counts)]
    return padded


def weights_at(rows: Rows, unit: Places, column: Places) -> Floats:
    """Return the weight that each unit's row gives to a place."""
    return np.asarray(rows.matrix.data[rows.matrix.indptr[unit] + column], dtype=np.float64)
