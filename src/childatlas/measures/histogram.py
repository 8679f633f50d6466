"""The weighted histogram of deprivations: who lacks what, counted once, from which every count follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.design import Design, check_weights
from childatlas.measures.grouping import ALL, by_index
from childatlas.measures.totals import Totals, build_totals

__all__ = ["ALL", "Histogram", "build_histogram", "check_flags", "merge_groups"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Histogram:
    """Children counted by group, pattern of deprivations and, under a design, cluster.

    Attributes
    ----------
    items : tuple of str
    groups : Index
        Labels of the groups; one called ``all`` where none were asked for.
    grouped : bool
        Whether groups were asked for.
    deprived, seen : array of bool, patterns x items
        What a pattern lacks, and what was observed of it.
    group, pattern : array of int, one per cell
    weight : array of float, one per cell
        Sum of sampling weights.
    count : array of int, one per cell
        Unweighted number of children.
    design : Design or None
    row : array of int, one per cell, or None
        A row of the design that stands for the cell: its children share the clusters of every stage.
    gaps : two sparse matrices, cells x items, or None
        Weighted sums of normalised gaps and of their squares, 0 where nothing is lacked.
    profiles : Index or None
        Kinds of children that are asked different items, for example ages of the life cycle.
    profile : array of int, one per pattern, or None
    applies : array of bool, profiles x items, or None
        Which items count for which profile.
    """

    items: tuple[str, ...]
    groups: pd.Index
    grouped: bool
    deprived: Flags
    seen: Flags
    group: Codes
    pattern: Codes
    weight: Floats
    count: Codes
    design: Design | None = None
    row: Codes | None = None
    gaps: tuple[Any, Any] | None = field(default=None, repr=False)
    profiles: pd.Index | None = None
    profile: Codes | None = None
    applies: Flags | None = None

    @property
    def applicable(self) -> Flags:
        """Which items count for which pattern, patterns x items."""
        if self.profile is None or self.applies is None:
            return np.ones(self.deprived.shape, dtype=bool)
        applicable: Flags = self.applies[self.profile]
        return applicable

    @property
    def complete(self) -> Flags:
        """Patterns in which every item that counts was observed."""
        complete: Flags = np.all(self.seen | ~self.applicable, axis=1)
        return complete

    @cached_property
    def totals(self) -> Totals:
        """Sums by group and cluster, laid out once for all measures."""
        return build_totals(
            (self.group, self.pattern, self.weight),
            groups=len(self.groups),
            patterns=len(self.deprived),
            design=self.design,
            row=self.row,
        )

    def sum_by_group(self, values: Floats | None = None, *, where: Flags | None = None) -> Floats:
        """Return the sum over cells of weight (times `values` per cell) in each group."""
        amounts = self.weight if values is None else self.weight * values
        if where is not None:
            amounts = np.where(where, amounts, 0.0)
        return np.bincount(self.group, amounts, minlength=len(self.groups)).astype(np.float64)

    def count_by_group(self, *, where: Flags) -> Codes:
        """Return the unweighted number of children in the cells of `where`, in each group."""
        counts = np.bincount(self.group, np.where(where, self.count, 0), minlength=len(self.groups))
        return counts.astype(np.int64)


def merge_groups(histogram: Histogram, keep: Sequence[int]) -> Histogram:
    """Return the histogram with the groups merged over all levels but those at the places `keep`.

    An empty `keep` leaves one group of everybody.
    """
    if not keep:
        return replace(histogram, groups=pd.Index([ALL]), grouped=False, group=np.zeros_like(histogram.group))
    levels = [histogram.groups.get_level_values(level) for level in keep]
    labels, codes = by_index(levels, pd.RangeIndex(len(histogram.groups)))
    return replace(histogram, groups=labels, group=codes[histogram.group])


def build_histogram(
    deprived: pd.DataFrame,
    *,
    sample_weight: Any = None,
    by: Any = None,
    gaps: Any = None,
    design: Design | None = None,
) -> Histogram:
    """Return the histogram of a table of children x items of 0, 1 and missing.

    Parameters
    ----------
    deprived : DataFrame
    sample_weight : Series, array or None
        Taken from the design where there is one; else 1 each.
    by : Series, array, Index or list of them, or None
        Group of each child; a child without a group counts in none.
    gaps : DataFrame, optional
        Normalised gaps, same shape, for items that have degrees; read only where the child is deprived.
    design : Design, optional
        On the same rows; clusters are then kept apart so that errors can be had.

    Raises
    ------
    DataError
        If an entry is not 0, 1 or missing, a weight is not positive, or a gap is missing or negative.

    Notes
    -----
    O(children log children); afterwards everything costs O(cells).
    """
    values, seen = check_flags(deprived)
    weight = _weights(sample_weight, design, deprived.index)
    labels, codes = by_index(by, deprived.index)
    ids, first = _patterns(values, seen)
    cluster = None if design is None else design.counted[-1].cluster
    inside = codes >= 0
    width = int(ids.max()) + 1 if len(ids) else 1
    key = codes * width + ids
    if cluster is not None:
        key = key * (int(cluster.max()) + 1 if len(cluster) else 1) + cluster
    _, start, cell = np.unique(key[inside], return_index=True, return_inverse=True)
    rows = np.flatnonzero(inside)[start]
    return Histogram(
        items=tuple(str(c) for c in deprived.columns),
        groups=labels,
        grouped=by is not None,
        deprived=values[first],
        seen=seen[first],
        group=codes[rows],
        pattern=ids[rows],
        weight=np.bincount(cell, weight[inside], minlength=len(rows)).astype(np.float64),
        count=np.bincount(cell, minlength=len(rows)).astype(np.int64),
        design=design,
        row=None if design is None else rows,
        gaps=None if gaps is None else _gap_sums(gaps, deprived, values, weight, (inside, cell, len(rows))),
    )


def check_flags(deprived: pd.DataFrame) -> tuple[Flags, Flags]:
    """Return what is deprived and what was observed, children x items, refused unless 0, 1 or missing.

    Raises
    ------
    DataError
        Naming the first column at fault and what it holds.
    AnalysisError
        If two columns share a name or there is none.
    """
    if not isinstance(deprived, pd.DataFrame) or not deprived.shape[1]:
        raise AnalysisError(
            "deprivations have to be a table of children x items", found=type(deprived).__name__
        )
    if not deprived.columns.is_unique:
        raise AnalysisError(
            "two items share a name", found=deprived.columns[deprived.columns.duplicated()].tolist()
        )
    values = np.zeros(deprived.shape, dtype=bool)
    seen = np.zeros(deprived.shape, dtype=bool)
    for j, name in enumerate(deprived.columns):
        column = deprived[name]
        seen[:, j] = column.notna().to_numpy()
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = seen[:, j] & ~np.isin(numbers, (0.0, 1.0))
        if wrong.any():
            raise DataError(
                f"item {name!r} has entries that are neither 0, 1 nor missing",
                where=f"column {name}, rows {column.index[wrong][:5].tolist()}",
                found=column[wrong].iloc[:5].tolist(),
                expected="1 deprived, 0 not deprived, empty unknown",
                fix="apply the definitions first, which turn answers into deprivations",
            )
        values[:, j] = numbers == 1
    return values, seen


def _weights(sample_weight: Any, design: Design | None, index: pd.Index) -> Floats:
    if sample_weight is None:
        return np.ones(len(index)) if design is None else design.weight
    if isinstance(sample_weight, pd.Series):
        if not sample_weight.index.equals(index):
            if not sample_weight.index.is_unique or not index.isin(sample_weight.index).all():
                raise AnalysisError("the sampling weights do not cover the children")
            sample_weight = sample_weight.reindex(index)
        return check_weights(sample_weight)
    values = pd.Series(np.asarray(sample_weight), name="sample_weight")
    if len(values) != len(index):
        raise AnalysisError("weights and children differ in number", found=len(values), expected=len(index))
    return check_weights(values)


def _patterns(values: Flags, seen: Flags) -> tuple[Codes, Codes]:
    """Return each child's pattern id, and for each pattern the first row that has it."""
    packed = np.packbits(np.hstack([values & seen, seen]), axis=1)
    spare = -packed.shape[1] % 8
    packed = np.ascontiguousarray(np.pad(packed, ((0, 0), (0, spare))))
    words = packed.view(np.uint64)
    if not len(words):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    keys = words[:, 0] if words.shape[1] == 1 else packed.view(f"V{packed.shape[1]}")[:, 0]
    _, first, ids = np.unique(keys, return_index=True, return_inverse=True)
    return ids.astype(np.int64), first.astype(np.int64)


def _gap_sums(
    gaps: Any, deprived: pd.DataFrame, flags: Flags, weight: Floats, cells: tuple[Flags, Codes, int]
) -> tuple[Any, Any]:
    inside, cell, count = cells
    if isinstance(gaps, np.ndarray) and gaps.shape == deprived.shape:
        gaps = pd.DataFrame(gaps, index=deprived.index, columns=deprived.columns)
    if (
        not isinstance(gaps, pd.DataFrame)
        or not gaps.index.equals(deprived.index)
        or set(gaps.columns) != set(deprived.columns)
    ):
        raise AnalysisError("gaps and deprivations differ in rows or items", expected="the same table shape")
    ordered = gaps[list(deprived.columns)].apply(pd.to_numeric, errors="coerce")
    depth = ordered.to_numpy(dtype=np.float64, na_value=np.nan)
    depth = np.where(flags, depth, 0.0)
    wrong = ~(np.isfinite(depth) & (depth >= 0))
    if wrong.any():
        row, item = np.argwhere(wrong)[0]
        raise DataError(
            "a deprived child has no usable gap",
            where=f"row {deprived.index[row]}, item {deprived.columns[item]}",
            found=depth[row, item],
            expected="(threshold - value) / threshold, at least 0, wherever the child is deprived",
        )
    row, item = np.nonzero(flags & inside[:, None])
    place = np.cumsum(inside)[row] - 1
    found, share = depth[row, item], weight[row]
    shape = (count, depth.shape[1])
    sums, squares = (
        sparse.csr_matrix((share * power, (cell[place], item)), shape=shape) for power in (found, found**2)
    )
    return sums, squares
