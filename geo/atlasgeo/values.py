"""Values and a graph brought together: nodes in the order of their codes, missing units taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .errors import AnalysisError, nearest

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["Aligned", "align", "code_order", "edges_of", "numbers_of", "quiet_series"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_NUMBERS: Final = {"floating", "integer", "mixed-integer-float", "integer-na", "boolean", "decimal", "empty"}


@dataclass(frozen=True, eq=False)
class Aligned:
    """Values and weights of the same nodes, in the order of their codes.

    Attributes
    ----------
    index : pandas.Index
        The caller's index, missing units included.
    place : array of int, shape (n,)
        Where each node stands in `index`.
    columns : tuple of arrays, each of shape (n,)
        The values of the nodes, one array for each series that was given (`_sized` beyond 1e100).
    weights : scipy.sparse.csr_array, shape (n, n)
        The weights between nodes: no self-weights, no stored zeros, columns sorted.
    own : array, shape (n,)
        The self-weights of the graph; only Gi* looks at them.
    """

    index: pd.Index[Any]
    place: Places
    columns: tuple[Floats, ...]
    weights: sparse.csr_array
    own: Floats

    @property
    def n(self) -> int:
        """Return the number of nodes: units with a value."""
        return self.place.size

    @property
    def codes(self) -> pd.Index[Any]:
        """Return the codes of the nodes, sorted."""
        return self.index[self.place]

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """Return the number of neighbours of each node."""
        return np.asarray(np.diff(self.weights.indptr), dtype=np.int64)

    @property
    def islands(self) -> pd.Index[Any]:
        """Return the codes of the nodes without neighbours."""
        return self.codes[self.cardinalities == 0]

    def spread(self, column: Floats, *, empty: float = np.nan) -> Floats:
        """Return a column of nodes on the caller's index, `empty` where the unit is missing."""
        if self._whole:
            return np.array(column, dtype=np.float64)
        whole = np.full(len(self.index), empty, dtype=np.float64)
        whole[self.place] = column
        return whole

    @cached_property
    def _whole(self) -> bool:
        """Whether every unit is a node and the caller's index is sorted."""
        return self.n == len(self.index) and bool((self.place == np.arange(self.n)).all())


def align(columns: Sequence[pd.Series[Any]], w: Graph) -> Aligned:
    """Return the nodes that have a value in every column, with the weights between them.

    Parameters
    ----------
    columns : sequence of pandas.Series
        Values indexed by unit code, in any order; all of them hold the same codes.
    w : libpysal.graph.Graph
        The neighbours. Weights are used as they are. Where a missing value takes a unit out, rows that were
        standardised are standardised again.

    Raises
    ------
    AnalysisError
        Codes differ (both leftovers are named), are repeated, or a value is infinite or no number.
    """
    arrays = [numbers_of(column) for column in columns]
    index = columns[0].index
    for i, other in enumerate(columns[1:], start=1):
        arrays[i] = arrays[i][_matching(index, other.index, "the first values", "the other values")]
    order = code_order(index)
    sorted_index = index if index.is_monotonic_increasing else index.take(order)
    stacked = np.vstack(arrays)[:, order]
    present = np.asarray(~np.isnan(stacked).any(axis=0))
    weights, own = _matrix(w, sorted_index, present)
    kept = tuple(_sized(row[present]) for row in stacked)
    return Aligned(index, order[present], kept, weights, own)


def _sized(x: Floats) -> Floats:
    """Return values by a power of two where their squares are no numbers: every statistic is a ratio."""
    size = float(np.abs(x).max(initial=0.0))
    return x if size == 0 or 1e-100 < size < 1e100 else np.ldexp(x, -np.frexp(size)[1])


def quiet_series(values: object) -> pd.Series[Any]:
    """Return `values` if it is a Series, else raise."""
    if isinstance(values, pd.Series):
        return values
    raise AnalysisError(
        "values must be a Series indexed by unit code",
        found=type(values).__name__,
        expected="pandas.Series",
        fix="take one column of the table whose index holds the codes",
    )


def code_order(index: pd.Index[Any]) -> Places:
    """Return the places of the codes in sorted order; codes of several types sort by type first."""
    if index.is_monotonic_increasing:
        return np.arange(len(index), dtype=np.intp)
    try:
        return np.asarray(index.argsort(), dtype=np.intp)
    except TypeError:
        keys = [(type(code).__name__, code) for code in index]
        return np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def edges_of(w: Graph) -> tuple[pd.Index[Any], NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the codes of a graph, and per link the places of both ends and the weight.

    The codes stand in the order of the graph. A neighbour that is no focal unit of its own comes last.
    """
    if not hasattr(w, "adjacency"):
        raise AnalysisError(
            "neighbours must be a libpysal Graph",
            found=type(w).__name__,
            expected="libpysal.graph.Graph",
            fix="use build_neighbours, or Graph.from_W for weights of the older kind",
        )
    table = w.adjacency
    links = table.index
    codes, focal = _used(links.levels[0], np.asarray(links.codes[0]))
    if codes.equals(links.levels[1]):
        return codes, focal, np.asarray(links.codes[1]), table.to_numpy(dtype=np.float64)
    others, other = _used(links.levels[1], np.asarray(links.codes[1]))
    if not others.equals(codes):
        known = codes.get_indexer(others)
        extra = others[known < 0]
        known[known < 0] = len(codes) + np.arange(len(extra))
        codes = codes.append(extra) if len(extra) else codes
        other = known[other]
    return codes, focal, other, table.to_numpy(dtype=np.float64)


def _used(level: pd.Index[Any], codes: NDArray[np.intp]) -> tuple[pd.Index[Any], NDArray[np.intp]]:
    """Return the level without the codes that no link uses, and the links' places in it."""
    if _every_row(np.diff(codes), codes, len(level)):
        return level, codes
    seen = np.zeros(len(level), dtype=bool)
    seen[codes] = True
    if seen.all():
        return level, codes
    return level[seen], (np.cumsum(seen) - 1)[codes]


def numbers_of(values: object) -> Floats:
    """Return the values of a Series as floats; infinities and text are refused."""
    series = quiet_series(values)
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()].unique()
        raise AnalysisError("codes of the values are repeated", found=_few(twice), expected="one a unit")
    kind = pd.api.types.infer_dtype(series, skipna=True)
    if kind not in _NUMBERS:
        raise AnalysisError(
            "values must be numbers",
            where=f"column {series.name}" if series.name is not None else None,
            found=f"{kind} (dtype {series.dtype})",
            fix="turn them into numbers first: pandas.to_numeric",
        )
    array = series.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(array)
    if infinite.any():
        raise AnalysisError(
            "values are infinite",
            where=f"units {_few(series.index[infinite])}",
            expected="finite numbers, or missing",
            fix="set to missing what could not be computed",
        )
    return np.asarray(array)


def _matching(left: pd.Index[Any], right: pd.Index[Any], first: str, second: str) -> NDArray[np.intp]:
    """Return the places in `right` of the codes in `left`; raise where the two sets of codes differ."""
    if left.equals(right):
        return np.arange(len(left), dtype=np.intp)
    places = right.get_indexer(left)
    in_left, in_right = left[places < 0], right.difference(left, sort=False)
    if len(in_left) or len(in_right):
        raise AnalysisError(
            f"codes of {first} and of {second} differ",
            found=f"{len(in_left)} only in {first} ({_few(in_left)}); "
            f"{len(in_right)} only in {second} ({_few(in_right)})",
            expected="the same codes on both sides",
            fix=_hint(in_left, in_right),
        )
    return np.asarray(places, dtype=np.intp)


def _hint(left: pd.Index[Any], right: pd.Index[Any]) -> str:
    """Return what to do about codes that do not match."""
    if len(left) and len(right) and {type(c) for c in left[:20]}.isdisjoint({type(c) for c in right[:20]}):
        return "codes are numbers on one side and text on the other: make both text"
    close = nearest(left[0], right) if len(left) else []
    if close:
        return f"nearest to {left[0]}: {', '.join(close)}"
    return "give every unit of the graph a value (missing is fine), or build the graph for these units"


def _few(codes: pd.Index[Any], most: int = 8) -> str:
    """Return the first codes as text."""
    shown = ", ".join(str(code) for code in codes[:most])
    return (shown or "none") + (f" and {len(codes) - most} more" if len(codes) > most else "")


def _matrix(w: Graph, codes: pd.Index[Any], present: NDArray[np.bool_]) -> tuple[sparse.csr_array, Floats]:
    """Return the weights between the present units, rows standardised again if any unit went out."""
    nodes, focal, other, weight = edges_of(w)
    if not np.isfinite(weight).all():
        raise AnalysisError("weights are infinite or missing", where="the graph of neighbours")
    row, column = focal, other
    if not nodes.equals(codes):
        place = np.empty(len(nodes), dtype=np.intp)
        place[_matching(codes, nodes, "the values", "the graph")] = np.arange(len(codes))
        row, column = place[focal], place[other]
    node = np.cumsum(present) - 1
    n = int(present.sum())
    before: Floats | None = None
    if n < present.size:
        before = np.asarray(np.bincount(row, weights=weight, minlength=present.size), dtype=np.float64)
        kept = present[row] & present[column]
        row, column, weight = node[row[kept]], node[column[kept]], weight[kept]
    matrix = _sorted_csr(row, column, weight, n)
    if before is not None:
        matrix = _standardise_again(matrix, str(w.transformation), before)
    own = np.zeros(n)
    if (row == column).any():
        own = np.asarray(matrix.diagonal(), dtype=np.float64)
        matrix = matrix.copy()
        matrix.setdiag(0.0)
        matrix.eliminate_zeros()
    return matrix, own


def _sorted_csr(row: Places, column: Places, weight: Floats, n: int) -> sparse.csr_array:
    """Return a matrix with sorted columns and no stored zeros."""
    used = weight != 0
    if not used.all():
        row, column, weight = row[used], column[used], weight[used]
    step = np.diff(row)
    if n and _in_order(step, column):
        if _every_row(step, row, n):
            ends = np.concatenate([[0], np.flatnonzero(step) + 1, [row.size]]).astype(np.int32)
        else:
            ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int32)
        return sparse.csr_array((weight, column.astype(np.int32), ends), shape=(n, n))
    matrix = sparse.coo_array((weight, (row.astype(np.int32), column.astype(np.int32))), shape=(n, n)).tocsr()
    matrix.sum_duplicates()
    return matrix


def _in_order(step: Places, column: Places) -> bool:
    """Return whether links are sorted by row (`step` from link to link) and column and none is repeated."""
    return bool((step >= 0).all() and ((step > 0) | (column[1:] > column[:-1])).all())


def _every_row(step: Places, row: Places, n: int) -> bool:
    """Return whether sorted links hold every row: they begin with the first, end with the last, skip none."""
    if not row.size or row[0] != 0 or row[-1] != n - 1:
        return False
    return step.size == 0 or (step.min() >= 0 and step.max() <= 1)


def _standardise_again(matrix: sparse.csr_array, transformation: str, before: Floats) -> sparse.csr_array:
    """Return the matrix under the graph's own transformation, now that units have gone.

    `before` holds the row sums of the whole graph: rows that all summed to one are standardised rows,
    whatever the graph calls itself.
    """
    sums = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    filled = before[before != 0]
    if transformation == "V":
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64))
        matrix = _scaled(matrix, length)
        total = float(matrix.sum())
        return matrix * (matrix.shape[0] / total) if total else matrix
    if transformation == "D":
        total = float(sums.sum())
        return matrix / total if total else matrix
    if transformation == "R" or (filled.size and np.allclose(filled, 1.0, rtol=0, atol=1e-9)):
        return _scaled(matrix, sums)
    return matrix


def _scaled(matrix: sparse.csr_array, divisors: Floats) -> sparse.csr_array:
    """Return the matrix with each row divided by its divisor; rows with divisor 0 stay."""
    safe = np.where(divisors == 0, 1.0, divisors)
    data = matrix.data / np.repeat(safe, np.diff(matrix.indptr))
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
