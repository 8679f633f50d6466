"""Random units: sets of distinct units shared by all rows of a graph, and every set where they are few."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .errors import AnalysisError
from .seeds import Seed, random_numbers

__all__ = ["Block", "Rows", "Seed", "SharedDraws", "draw_distinct", "draw_shared", "rows_of", "subsets"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Units = NDArray[np.int32]

BLOCK_CELLS = 2_000_000  # cells of one block of draws: 16 MB of sums
MOST_ARRANGEMENTS = 2_000_000  # ordered draws that are enumerated for a row of unequal weights


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a weights matrix without self-weights, as the engine wants them.

    Attributes
    ----------
    matrix : csr_array, shape (n, n)
    counts : array of int, shape (n,)
        Neighbours of each row.
    weight : array, shape (n,)
        The weight of a row whose weights are all equal; the largest absolute weight elsewhere.
    uniform : array of bool, shape (n,)
        Whether all weights of the row are equal.
    """

    matrix: sparse.csr_array
    counts: NDArray[np.int64]
    weight: Floats
    uniform: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return self.counts.size


def rows_of(matrix: sparse.csr_array) -> Rows:
    """Return the rows of a matrix that stores neither zeros nor a diagonal."""
    counts = np.asarray(np.diff(matrix.indptr), dtype=np.int64)
    weight, uniform = np.zeros(counts.size), np.ones(counts.size, dtype=bool)
    filled = np.flatnonzero(counts)
    weight[filled] = matrix.data[matrix.indptr[:-1][filled]]
    inside = np.ones(matrix.data.size, dtype=bool)
    inside[matrix.indptr[:-1][filled]] = False
    steps = np.flatnonzero(matrix.data[1:] != matrix.data[:-1]) + 1
    unequal = np.zeros(counts.size, dtype=bool)
    unequal[np.searchsorted(matrix.indptr, steps[inside[steps]], side="right") - 1] = True
    doubtful = np.flatnonzero(unequal)
    if doubtful.size:
        first, last = np.maximum.reduceat, np.minimum.reduceat
        spans = np.column_stack([matrix.indptr[doubtful], matrix.indptr[doubtful + 1]]).ravel()
        padded = np.append(matrix.data, 0.0)
        high, low = first(padded, spans)[::2], last(padded, spans)[::2]
        largest = np.maximum(np.abs(high), np.abs(low))
        same = high - low <= 1e-12 * largest
        uniform[doubtful] = same
        weight[doubtful] = np.where(same, weight[doubtful], largest)
    return Rows(matrix, counts, weight, uniform)


@dataclass(frozen=True, eq=False)
class Block:
    """Some of the shared draws, and what has to be mended in them.

    Attributes
    ----------
    units : array of int, shape (draws, k_max + 1)
        Distinct units of each draw; a row with k neighbours looks at the first k.
    draw, unit, column, instead : arrays of int
        One entry for each unit that a draw holds among the unit's own first k: where it stands, and the unit
        that takes its place, the (k + 1)-th of that draw.
    """

    units: Units
    draw: Places
    unit: Places
    column: Places
    instead: Places


@dataclass(frozen=True, eq=False)
class SharedDraws:
    """Conditional draws for all rows of a graph, made once and used for any number of value vectors.

    Attributes
    ----------
    rows : Rows
    permutations : int
    exact : array of bool, shape (n,)
        Rows whose every draw is enumerated instead.
    classes : mapping of int to array of int
        Cardinality -> rows with equal weights that are drawn at random.
    general : array of int
        Rows with unequal weights that are drawn at random, sorted by cardinality.
    units : array of int32, shape (permutations, k_max + 1)
    """

    rows: Rows
    permutations: int
    exact: NDArray[np.bool_]
    classes: Mapping[int, Places]
    general: Places
    units: Units

    def blocks(self) -> Iterator[Block]:
        """Yield the draws in blocks that fit in memory."""
        if self.units.size == 0:
            return
        width = self.units.shape[1]
        size = max(1, BLOCK_CELLS // width)
        need = np.where(self.exact, 0, self.rows.counts)
        for start in range(0, self.permutations, size):
            units = self.units[start : start + size]
            flat = units.ravel()
            held = np.arange(width) < need.take(units)
            cell = np.flatnonzero(held)
            unit = flat.take(cell).astype(np.intp)
            draw = np.repeat(np.arange(len(units)), np.count_nonzero(held, axis=1))
            column = cell - draw * width
            instead = flat.take(draw * width + need.take(unit)).astype(np.intp)
            yield Block(units, draw, unit, column, instead)


def draw_shared(rows: Rows, permutations: int, seed: Seed) -> SharedDraws:
    """Return P draws of k_max + 1 distinct units that serve every row of the graph.

    Row i with k neighbours takes the first k units of a draw. Where i itself is among them, the (k + 1)-th
    takes its place: it is uniform among the rest, so the result is an exact conditional draw from the other
    n - 1 units. Rows with C(n - 1, k) <= P are marked for enumeration and need no draw (rows of unequal
    weights while their ordered draws number at most two million). All rows share the draws, as in esda:
    p-values of different units are dependent given the draws.

    Raises
    ------
    AnalysisError
        `permutations` is no whole number above zero.
    """
    if not isinstance(permutations, int | np.integer) or isinstance(permutations, bool) or permutations < 1:
        raise AnalysisError("permutations must be a whole number above zero", found=permutations)
    exact = _enumerable(rows, int(permutations))
    need = np.where(exact, 0, rows.counts)
    same = np.where(rows.uniform, need, 0)
    classes = {int(k): np.flatnonzero(same == k) for k in np.flatnonzero(np.bincount(same)) if k}
    general = np.flatnonzero(need != same)
    general = general[np.argsort(rows.counts[general], kind="stable")]
    size = int(need.max(initial=-1)) + 1 if need.any() else 0
    units = draw_distinct(random_numbers(seed), rows.n, (int(permutations), size))
    return SharedDraws(rows, int(permutations), exact, classes, general, units)


def _enumerable(rows: Rows, permutations: int) -> NDArray[np.bool_]:
    """Return which rows have so few draws that all of them are looked at."""
    exact = np.zeros(rows.n, dtype=bool)
    others = rows.n - 1
    for k in np.flatnonzero(np.bincount(rows.counts)):
        if math.comb(others, int(k)) <= permutations:
            ordered = math.perm(others, int(k)) <= max(permutations, MOST_ARRANGEMENTS)
            exact |= (rows.counts == k) & (rows.uniform | ordered)
    return exact


def draw_distinct(rng: np.random.Generator, n: int, shape: tuple[int, int]) -> Units:
    """Return draws of distinct units, uniform over ordered draws: `shape` is (draws, units a draw).

    Units that a draw already holds are drawn again. The rule treats all units alike, so the result is uniform
    by symmetry. Where a draw takes more than a third of all units, they are shuffled instead.
    """
    count, size = shape
    if size > n:
        raise AnalysisError(
            "a draw cannot hold more units than there are", found=size, expected=f"at most {n}"
        )
    if 3 * size > n:
        step = max(1, BLOCK_CELLS // max(n, 1))
        parts = [_shuffled(rng, n, min(step, count - start))[:, :size] for start in range(0, count, step)]
        return np.ascontiguousarray(np.concatenate(parts)) if parts else np.empty(shape, dtype=np.int32)
    units = rng.integers(n, size=shape, dtype=np.int32)
    step = max(1, BLOCK_CELLS // max(size, 1))
    for start in range(0, count, step):
        _redraw_repeats(rng, n, units[start : start + step])
    return units


def _shuffled(rng: np.random.Generator, n: int, count: int) -> Units:
    """Return whole permutations, one a row."""
    return rng.permuted(np.tile(np.arange(n, dtype=np.int32), (count, 1)), axis=1)


def _redraw_repeats(rng: np.random.Generator, n: int, units: Units) -> None:
    """Draw again, in this freshly made block, the units that their draw already holds."""
    if units.shape[1] < 2:
        return
    ranked = np.sort(units, axis=1)
    left = np.flatnonzero((ranked[:, 1:] == ranked[:, :-1]).any(axis=1))
    while left.size:
        part = units[left]
        order = np.argsort(part, axis=1, kind="stable")
        ranked = np.take_along_axis(part, order, axis=1)
        row, column = np.nonzero(ranked[:, 1:] == ranked[:, :-1])
        units[left[row], order[row, column + 1]] = rng.integers(n, size=row.size, dtype=np.int32)
        left = left[np.unique(row)]


@lru_cache(maxsize=4)
def subsets(n: int, k: int, *, ordered: bool = False) -> Units:
    """Return every draw of k out of n places, one a row: sets, or sequences if `ordered`."""
    count = math.perm(n, k) if ordered else math.comb(n, k)
    chosen = itertools.permutations(range(n), k) if ordered else itertools.combinations(range(n), k)
    flat = np.fromiter(itertools.chain.from_iterable(chosen), dtype=np.int32, count=count * k)
    table = flat.reshape(count, k)
    table.flags.writeable = False
    return table
