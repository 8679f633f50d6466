"""The links of a graph as arrays and as a matrix between the units that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .errors import AnalysisError, nearest

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["edges_of", "few", "matching", "weights_between"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


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


def matching(left: pd.Index[Any], right: pd.Index[Any], first: str, second: str) -> NDArray[np.intp]:
    """Return the places in `right` of the codes in `left`; raise where the two sets of codes differ."""
    if left.equals(right):
        return np.arange(len(left), dtype=np.intp)
    places = right.get_indexer(left)
    in_left, in_right = left[places < 0], right.difference(left, sort=False)
    if len(in_left) or len(in_right):
        raise AnalysisError(
            f"codes of {first} and of {second} differ",
            found=f"{len(in_left)} only in {first} ({few(in_left)}); "
            f"{len(in_right)} only in {second} ({few(in_right)})",
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


def few(codes: pd.Index[Any], most: int = 8) -> str:
    """Return the first codes as text."""
    shown = ", ".join(str(code) for code in codes[:most])
    return (shown or "none") + (f" and {len(codes) - most} more" if len(codes) > most else "")


def weights_between(
    w: Graph, codes: pd.Index[Any], present: NDArray[np.bool_]
) -> tuple[sparse.csr_array, Floats]:
    """Return the weights between the present units, rows standardised again if any unit went out."""
    nodes, focal, other, weight = edges_of(w)
    if not np.isfinite(weight).all():
        raise AnalysisError("weights are infinite or missing", where="the graph of neighbours")
    row, column = focal, other
    if not nodes.equals(codes):
        place = np.empty(len(nodes), dtype=np.intp)
        place[matching(codes, nodes, "the values", "the graph")] = np.arange(len(codes))
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
