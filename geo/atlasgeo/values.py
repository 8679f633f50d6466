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

from .errors import AnalysisError
from .links import few, matching, weights_between

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["Aligned", "align", "code_order", "numbers_of", "quiet_series"]

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
        arrays[i] = arrays[i][matching(index, other.index, "the first values", "the other values")]
    order = code_order(index)
    sorted_index = index if index.is_monotonic_increasing else index.take(order)
    stacked = np.vstack(arrays)[:, order]
    present = np.asarray(~np.isnan(stacked).any(axis=0))
    weights, own = weights_between(w, sorted_index, present)
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


def numbers_of(values: object) -> Floats:
    """Return the values of a Series as floats; infinities and text are refused."""
    series = quiet_series(values)
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()].unique()
        raise AnalysisError("codes of the values are repeated", found=few(twice), expected="one a unit")
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
            where=f"units {few(series.index[infinite])}",
            expected="finite numbers, or missing",
            fix="set to missing what could not be computed",
        )
    return np.asarray(array)
