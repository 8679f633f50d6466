"""What chance alone would give: means, variances and extremes of a sum over values drawn from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .draws import Rows

__all__ = [
    "Others",
    "bulk",
    "extreme_sums",
    "lag_moments",
    "others_of",
    "plain_sums",
    "tolerances",
    "typical_size",
    "weight_sums",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
NEARLY = 1e-9  # of the scale: closer values are ties


@dataclass(frozen=True, eq=False)
class Others:
    """Mean and variance of the n - 1 other values of each unit.

    Attributes
    ----------
    mean, variance : array, shape (n,)
        The variance divides by n - 1, the number of the others.
    constant : array of bool, shape (n,)
        All the others are equal: nothing can be drawn but what is there.
    """

    mean: Floats
    variance: Floats
    constant: NDArray[np.bool_]


def bulk(y: Floats) -> Floats:
    """Return values that stand for the bulk of them all: every one, or some ten thousand evenly spaced."""
    return y[:: max(1, y.size // 10_000)]


def typical_size(y: Floats) -> float:
    """Return the median distance from the median, zeros left out: a scale that no outlier stretches."""
    for some in (bulk(y), y):
        if some.size:
            distance = np.abs(some - np.median(some))
            distance = distance[distance > 0]
            if distance.size:
                return float(np.median(distance))
    return 0.0


def others_of(y: Floats) -> Others:
    """Return the mean and variance of the other values; a value that dwarfs the rest does not blur them."""
    n = y.size
    if n < 2:
        return Others(np.full(n, np.nan), np.full(n, np.nan), np.ones(n, dtype=bool))
    first = _without_own(y) / (n - 1)
    second = _without_own(y * y) / (n - 1)
    low, high = _other_ends(y)
    constant = high - low <= NEARLY * typical_size(y)
    return Others(first, np.where(constant, 0.0, np.maximum(second - first**2, 0.0)), constant)


def _without_own(y: Floats) -> Floats:
    """Return the sum of the other values."""
    rest = y.sum() - y
    size = np.abs(y)
    for i in np.flatnonzero(size > 0.1 * size.sum())[:10]:
        rest[i] = y[:i].sum() + y[i + 1 :].sum()
    return np.asarray(rest, dtype=np.float64)


def _other_ends(y: Floats) -> tuple[Floats, Floats]:
    """Return the least and the largest of the other values."""
    return -_other_largest(-y), _other_largest(y)


def _other_largest(y: Floats) -> Floats:
    """Return the largest of the other values."""
    i = int(np.argmax(y))
    largest = np.full(y.size, y[i])
    largest[i] = max(y[:i].max(initial=-np.inf), y[i + 1 :].max(initial=-np.inf))
    return largest


def lag_moments(others: Others, rows: Rows) -> tuple[Floats, Floats]:
    """Return mean and variance of sum_j w_ij Y_j, Y drawn without replacement from the others.

    E = W mean; Var = variance ((n - 1) sum_j w_ij^2 - W^2) / (n - 2), W = sum_j w_ij (Sokal, Oden and
    Thomson 1998, appendix). Zero where no draw differs from another.
    """
    n = rows.n
    total, squares = weight_sums(rows)
    shape = (n - 1) * squares - total**2
    moving = (shape > 1e-12 * n * squares) & ~others.constant
    spread = others.variance * shape / max(n - 2, 1)
    return total * others.mean, np.where(moving, spread, 0.0)


def weight_sums(rows: Rows) -> tuple[Floats, Floats]:
    """Return the sum of each row's weights and of their squares."""
    total, squares = rows.counts * rows.weight, rows.counts * rows.weight**2
    if not rows.uniform.all():
        matrix = rows.matrix
        power = sparse.csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=matrix.shape)
        total = np.where(rows.uniform, total, np.asarray(matrix.sum(axis=1)))
        squares = np.where(rows.uniform, squares, np.asarray(power.sum(axis=1)))
    return np.asarray(total, dtype=np.float64), np.asarray(squares, dtype=np.float64)


def plain_sums(y: Floats, rows: Rows) -> Floats:
    """Return the sum over the neighbours: plain where a row's weights are equal, else weighted."""
    divisor = np.where(rows.uniform & (rows.weight != 0), rows.weight, 1.0)
    return np.asarray((rows.matrix @ y) / divisor, dtype=np.float64)


def tolerances(x: Floats, rows: Rows) -> Floats:
    """Return for each row the difference up to which two of its sums are tied.

    1e-9 of the typical size of the values, and what rounding can do to the values as they came.
    """
    weight: Floats | float = 1.0 if rows.uniform.all() else np.where(rows.uniform, 1.0, rows.weight)
    rounding = 4 * np.finfo(np.float64).eps
    size, matrix = np.abs(x), rows.matrix
    typical = float(np.median(bulk(size))) if x.size else 0.0
    if matrix.data.size and matrix.data.min() < 0:
        matrix = sparse.csr_array((np.abs(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    near = np.asarray(matrix @ size, dtype=np.float64)
    near /= np.where(rows.uniform & (rows.weight != 0), np.abs(rows.weight), 1.0)
    slack = NEARLY * typical_size(x) * weight + rounding * (near + weight * rows.counts * typical)
    return np.asarray(slack, dtype=np.float64)


def extreme_sums(y: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Return the largest and the least sum that a draw from the others could give each row.

    Equal weights: the k largest, or least, of the others. Unequal ones: large weights with large values and,
    for negative weights, least with least (rearrangement). O(n log n + n k).
    """
    return _largest(y, rows), -_largest(-y, rows)


def _largest(y: Floats, rows: Rows) -> Floats:
    """Return the largest sum of each row."""
    width = int(rows.counts.max()) if rows.n else 0
    result = np.zeros(rows.n)
    if width == 0:
        return result
    top = _most(y, width + 1)
    ranked = y[top]
    running = np.concatenate([[0.0], np.cumsum(ranked)])
    result = running.take(np.minimum(rows.counts, ranked.size))
    for place, i in enumerate(top):
        if rows.uniform[i] and place < rows.counts[i]:
            result[i] = np.delete(ranked, place)[: rows.counts[i]].sum()
    general = np.flatnonzero(~rows.uniform)
    if general.size:
        rank = np.full(rows.n, rows.n, dtype=np.intp)
        rank[top] = np.arange(top.size)
        signed = np.zeros(rows.n, dtype=bool)
        signed[_row_of_entries(rows)[rows.matrix.data < 0]] = True
        plain = general[~signed[general]]
        result[plain] = _best_matches(ranked, rank, plain, rows)
        bottom = _most(-y, width + 1) if plain.size < general.size else top
        for i in general[signed[general]]:
            result[i] = _best_match(y, int(i), rows, (top, bottom))
    return result


def _row_of_entries(rows: Rows) -> Places:
    """Return the row of each stored weight."""
    return np.repeat(np.arange(rows.n), rows.counts)


def _best_matches(ranked: Floats, rank: Places, some: Places, rows: Rows) -> Floats:
    """Return the largest weighted sums of rows of positive weights: large weights on large values."""
    sums = np.zeros(rows.n)
    padded = np.append(ranked, 0.0)
    for k in np.flatnonzero(np.bincount(rows.counts[some])):
        here, place = some[rows.counts[some] == k], np.arange(k)
        weights = np.sort(rows.matrix.data[rows.matrix.indptr[here][:, None] + place], axis=1)[:, ::-1]
        beyond = rank[here][:, None] <= place  # the unit's own value is skipped
        sums[here] = (weights * padded[np.minimum(place + beyond, ranked.size)]).sum(axis=1)
    return sums[some]


def _most(y: Floats, count: int) -> Places:
    """Return the places of the largest values, largest first."""
    if count >= y.size:
        return np.argsort(-y, kind="stable")
    some = np.argpartition(-y, count)[:count]
    return np.asarray(some[np.argsort(-y[some], kind="stable")], dtype=np.intp)


def _best_match(y: Floats, i: int, rows: Rows, ends: tuple[Places, Places]) -> float:
    """Return the largest weighted sum of row i: positive weights on top values, negative ones on bottom."""
    weights = np.sort(rows.matrix.data[rows.matrix.indptr[i] : rows.matrix.indptr[i + 1]])
    positive, negative = weights[weights > 0][::-1], weights[weights < 0]
    top, bottom = (end[end != i] for end in ends)
    return float(positive @ y[top[: positive.size]] + negative @ y[bottom[: negative.size]])
