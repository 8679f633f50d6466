"""Counting deprivations out of core: the histogram of a DuckDB relation of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.design import Columns, Design, Lonely, build_design
from childatlas.measures.grouping import by_index
from childatlas.measures.histogram import Histogram
from childatlas.measures.relation_checks import as_relation, check_columns, check_values, quote

__all__ = ["PROFILE", "Counted", "count_relation"]

Codes: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_WORD = 31  # items in one 62-bit word: what is lacked, and what was observed
PROFILE = "__profile"


@dataclass(frozen=True, eq=False)
class Counted:
    """A histogram and what was left out of it.

    Attributes
    ----------
    histogram : Histogram
    records : int
        All records of the file.
    outside : int
        Records without a profile: ages that no definition covers.
    ungrouped : int
        Records of a profile without a group.
    """

    histogram: Histogram
    records: int
    outside: int
    ungrouped: int


def count_relation(
    relation: Any,
    items: Sequence[str],
    *,
    weight: str | None = None,
    by: Sequence[str] = (),
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    applies: pd.DataFrame | None = None,
) -> Counted:
    """Return the histogram of a relation whose item columns hold 0, 1 (or false, true) and NULL.

    Parameters
    ----------
    relation : DuckDBPyRelation or DataFrame
    items : sequence of str
    weight, stratum, cluster, fpc, lonely, nest
        The design; of several stages the first is used. Without stratum and cluster there are no errors.
    by : sequence of str
        Columns that form the groups.
    applies : DataFrame, optional
        Profiles x items, true where an item counts; the relation then has the profile's number in the
        column ``__profile``.

    Raises
    ------
    AnalysisError
        If a column is not there.
    DataError
        If a weight is not positive or an item holds anything else.

    Notes
    -----
    One pass: GROUP BY group, profile, mask (and cluster). Memory goes with the number of cells.
    """
    relation = as_relation(relation)
    design = {"stratum": _first(stratum), "cluster": _first(cluster), "fpc": _first(fpc)}
    named = [*items, *by, *([weight] if weight else []), *(c for c in design.values() if c)]
    check_columns(relation, [*named, *([PROFILE] if applies is not None else [])])
    check_values(relation, items, weight)
    cells = _count_cells(relation, items, by=by, weight=weight, keys=design, profiled=applies is not None)
    return _assemble(cells, items, by=by, applies=applies, design={**design, "lonely": lonely, "nest": nest})


def _first(columns: Columns) -> str | None:
    if columns is None or isinstance(columns, str):
        return columns
    return next(iter(columns), None)


def _count_cells(
    relation: Any,
    items: Sequence[str],
    *,
    by: Sequence[str],
    weight: str | None,
    keys: dict[str, str | None],
    profiled: bool,
) -> pd.DataFrame:
    kinds = dict(zip(relation.columns, (str(t) for t in relation.types), strict=True))
    words = [items[i : i + _WORD] for i in range(0, len(items), _WORD)]
    columns = [f"{quote(c)} AS g{i}" for i, c in enumerate(by)]
    columns += [f"{quote(c)} AS d_{name}" for name, c in keys.items() if c]
    if profiled:
        columns.append(f"{PROFILE}::TINYINT AS profile")
    columns += [f"{_mask(word, kinds)} AS m{i}" for i, word in enumerate(words)]
    columns.append(f"{'1' if weight is None else quote(weight)}::DOUBLE AS w")
    packed = relation.project(", ".join(columns))
    names = [c for c in packed.columns if c != "w"]
    listed = ", ".join(names)
    cells: pd.DataFrame = packed.aggregate(f"{listed}, sum(w) AS weight, count(*) AS n", listed).df()
    return cells


def _entry(item: str, kind: str) -> str:
    """Return an item as SQL reads it: in floats, not a number is empty."""
    if kind in {"DOUBLE", "FLOAT"}:
        return f"CASE WHEN isnan({quote(item)}) THEN NULL ELSE {quote(item)}::TINYINT END"
    return quote(item)


def _mask(items: Sequence[str], kinds: dict[str, str]) -> str:
    bits = []
    for j, item in enumerate(items):
        name = _entry(item, kinds[item])
        lacked, seen = 1 << j, 1 << (j + len(items))
        bits.append(
            f"CASE WHEN {name} IS NULL THEN 0 WHEN {name} THEN {lacked | seen} ELSE {seen} END::BIGINT"
        )
    return " + ".join(bits)


def _assemble(
    cells: pd.DataFrame,
    items: Sequence[str],
    *,
    by: Sequence[str],
    applies: pd.DataFrame | None,
    design: dict[str, Any],
) -> Counted:
    sampled = None
    if design["stratum"] is not None or design["cluster"] is not None:
        sampled = _cell_design(cells, design)
    groups = [cells[f"g{i}"].rename(name) for i, name in enumerate(by)]
    labels, group = by_index(groups or None, cells.index)
    profile = _profiles(cells, applies)
    inside = (group >= 0) & (profile >= 0)
    kept, words = cells[inside], [c for c in cells.columns if c[0] == "m" and c[1:].isdigit()]
    pattern, first = _unique_rows(kept[words].to_numpy(dtype=np.int64), profile[inside])
    masks = kept[words].to_numpy(dtype=np.int64)[first]
    of_cluster = np.zeros(len(kept), dtype=np.int64) if sampled is None else sampled.first.cluster[inside]
    # The database returns cells in any order, and sums of floats depend on it: put them in ours.
    order = np.lexsort((of_cluster, pattern, group[inside]))
    deprived, seen = _unpack(masks, len(items))
    histogram = Histogram(
        items=tuple(items),
        groups=labels,
        grouped=bool(by),
        deprived=deprived,
        seen=seen,
        group=group[inside][order],
        pattern=pattern[order],
        weight=kept["weight"].to_numpy(dtype=np.float64)[order],
        count=kept["n"].to_numpy(dtype=np.int64)[order],
        design=sampled,
        row=None if sampled is None else np.flatnonzero(inside)[order],
        profiles=None if applies is None else applies.index,
        profile=None if applies is None else profile[inside][first],
        applies=None if applies is None else applies[list(items)].to_numpy(dtype=bool),
    )
    records = int(cells["n"].sum())
    outside = int(cells["n"][profile < 0].sum())
    return Counted(histogram, records, outside, int(cells["n"][(profile >= 0) & (group < 0)].sum()))


def _cell_design(cells: pd.DataFrame, design: dict[str, Any]) -> Design:
    named = {name: f"d_{name}" for name in ("stratum", "cluster", "fpc") if design[name] is not None}
    return build_design(
        cells,
        weight=None,
        stratum=named.get("stratum"),
        cluster=named.get("cluster"),
        fpc=named.get("fpc"),
        lonely=design["lonely"],
        nest=design["nest"],
    )


def _profiles(cells: pd.DataFrame, applies: pd.DataFrame | None) -> Codes:
    if applies is None:
        return np.zeros(len(cells), dtype=np.int64)
    known: Codes = cells["profile"].astype("Int64").fillna(-1).to_numpy(dtype=np.int64)
    return known


def _unique_rows(masks: Codes, profile: Codes) -> tuple[Codes, Codes]:
    """Return each cell's pattern and, for each pattern, the first cell that has it."""
    key = np.zeros(len(masks), dtype=np.int64)
    for column in (profile, *masks.T):
        _, codes = np.unique(column, return_inverse=True)
        width = int(codes.max()) + 1 if len(codes) else 1
        _, key = np.unique(key * width + codes, return_inverse=True)
    _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
    return pattern.astype(np.int64), first.astype(np.int64)


def _unpack(masks: Codes, items: int) -> tuple[Flags, Flags]:
    deprived = np.zeros((len(masks), items), dtype=bool)
    seen = np.zeros((len(masks), items), dtype=bool)
    for item in range(items):
        word, bit = divmod(item, _WORD)
        width = min(_WORD, items - word * _WORD)
        deprived[:, item] = (masks[:, word] >> bit) & 1
        seen[:, item] = (masks[:, word] >> (bit + width)) & 1
    return deprived, seen
