"""Counting deprivations out of core: the histogram of a DuckDB relation of any size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.cells import MOST_PROFILES, PROFILE, CellQuery, Cells, count_cells, unpack_masks
from childatlas.measures.design import Columns, Design, Lonely, build_design
from childatlas.measures.grouping import by_index
from childatlas.measures.histogram import Histogram
from childatlas.measures.relation_checks import (
    as_relation,
    check_columns,
    check_gaps,
    check_keys,
    check_values,
)

__all__ = ["PROFILE", "Counted", "assemble", "count_relation"]

Codes: TypeAlias = NDArray[np.int64]


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
    gaps: Mapping[str, str] | None = None,
) -> Counted:
    """Return the histogram of a relation whose item columns hold 0, 1 (or false, true) and NULL.

    Parameters
    ----------
    relation : DuckDBPyRelation or DataFrame
    items : sequence of str
    weight, stratum, cluster, fpc, lonely, nest
        The design, as `build_design` takes it. Without any of stratum, cluster and fpc there are no errors.
    by : sequence of str
        Columns that form the groups.
    applies : DataFrame, optional
        Profiles x items, true where an item counts; the relation then has the profile's number in the
        column ``__profile``.
    gaps : mapping of item -> column, optional
        Columns of normalised gaps, for M1 and M2; read only where the child is deprived of the item.

    Raises
    ------
    AnalysisError
        If a column is not there, or gaps are not given for every item.
    DataError
        If a weight is not positive, a gap missing or negative, or an item holds anything else.

    Notes
    -----
    One pass: GROUP BY group, profile, mask (and cluster). Memory goes with the number of cells; where a
    design draws children without clusters, with the number of records. Cells are put in order and weights
    added exactly: the same file gives the same bytes, however many threads read it.
    """
    relation = as_relation(relation)
    design, single = _counted_stages(stratum, cluster, fpc)
    chosen = _gaps_of(gaps, items)
    used = [c for columns in design.values() for c in columns]
    named = [*items, *by, *([weight] if weight else []), *used, *chosen.values()]
    check_columns(relation, [*named, *([PROFILE] if applies is not None else [])])
    check_keys(relation, by, items)
    if applies is not None and not 0 < len(applies) < MOST_PROFILES:
        raise AnalysisError("too many profiles", found=len(applies), expected=f"1 to {MOST_PROFILES - 1}")
    bounds = {**check_values(relation, items, weight), **check_gaps(relation, chosen)}
    query = CellQuery(
        items=tuple(items),
        by=tuple(by),
        design=design,
        weight=weight,
        profiles=0 if applies is None else len(applies),
        gaps=chosen,
        single=single,
        bounds=bounds,
    )
    options = {"lonely": lonely, "nest": nest} if used else None
    return assemble(count_cells(relation, query), query, applies=applies, options=options)


def _counted_stages(
    stratum: Columns, cluster: Columns, fpc: Columns
) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Return the design's columns of the stages that count, and whether the last of them draws records."""
    given = {"stratum": _stages(stratum), "cluster": _stages(cluster), "fpc": _stages(fpc)}
    depth = max(len(columns) for columns in given.values())
    counted = min(depth, len(given["fpc"]) + 1)  # below a stage of infinite population nothing counts
    kept = {part: columns[:counted] for part, columns in given.items()}
    return kept, len(kept["cluster"]) < counted


def _stages(columns: Columns) -> tuple[str, ...]:
    if columns is None:
        return ()
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _gaps_of(gaps: Mapping[str, str] | None, items: Sequence[str]) -> dict[str, str]:
    if gaps is None:
        return {}
    if set(gaps) != set(items):
        raise AnalysisError(
            "gaps and items differ",
            found=f"items without a gap: {sorted(set(items) - set(gaps))}; "
            f"gaps without an item: {sorted(set(gaps) - set(items))}",
            expected="a column of gaps for every item",
            fix="M1 and M2 need items that have degrees: count these alone",
        )
    return {item: gaps[item] for item in items}


def assemble(
    cells: Cells, query: CellQuery, *, applies: pd.DataFrame | None, options: Mapping[str, Any] | None
) -> Counted:
    """Return the histogram of cells; `options` are those of a design, None without one."""
    if query.single:
        cells = _sorted(cells)
    table = cells.table
    groups = [table[f"g{i}"].rename(name) for i, name in enumerate(query.by)]
    labels, group = by_index(groups or None, table.index)
    profile = _profiles(table, applies)
    sampled = None if options is None else _design(table, query, options)
    inside = np.flatnonzero((group >= 0) & (profile >= 0))
    masks = table[[c for c in table.columns if c[0] == "m"]].to_numpy(dtype=np.int64)[inside]
    pattern = _codes_of([profile[inside], *masks.T])
    # The database returns cells in any order, and sums of floats depend on it: put them in ours.
    finest = [] if sampled is None else [sampled.counted[-1].cluster[inside]]
    order = _order([group[inside], *finest, pattern])
    inside, pattern, masks = inside[order], pattern[order], masks[order]
    first = _first(pattern)
    deprived, seen = unpack_masks(masks[first], len(query.items))
    histogram = Histogram(
        items=query.items,
        groups=labels,
        grouped=bool(query.by),
        deprived=deprived,
        seen=seen,
        group=group[inside],
        pattern=pattern,
        weight=table["weight"].to_numpy(dtype=np.float64)[inside],
        count=table["n"].to_numpy(dtype=np.int64)[inside],
        design=sampled,
        row=None if sampled is None else inside,
        gaps=None if cells.gaps is None else (cells.gaps[0][inside], cells.gaps[1][inside]),
        profiles=None if applies is None else applies.index,
        profile=None if applies is None else profile[inside][first],
        applies=None if applies is None else applies[list(query.items)].to_numpy(dtype=bool),
    )
    n = table["n"].to_numpy()
    outside = int(n[profile < 0].sum())
    return Counted(histogram, int(n.sum()), outside, int(n[(profile >= 0) & (group < 0)].sum()))


def _sorted(cells: Cells) -> Cells:
    """Return single records in the order of all that they hold: then equal ones may change places."""
    keys = [cells.table[c] for c in cells.table.columns if c not in {"weight", "n"}]
    depth = [] if cells.gaps is None else [np.asarray(sums.sum(axis=1)).ravel() for sums in cells.gaps]
    codes = [pd.factorize(key, sort=True)[0] for key in reversed(keys)]
    order = np.lexsort([*depth, cells.table["weight"], *codes])
    gaps = None if cells.gaps is None else (cells.gaps[0][order], cells.gaps[1][order])
    return Cells(cells.table.iloc[order].reset_index(drop=True), gaps)


def _order(keys: Sequence[Codes]) -> Codes:
    """Return the order of cells by `keys`, codes from 0 of which the first says most."""
    widths = [int(key.max()) + 1 if len(key) else 1 for key in keys]
    if math.prod(widths) >= 1 << 62:
        return np.lexsort([*reversed(keys)])
    joined = np.zeros(len(keys[0]), dtype=np.int64)
    for key, width in zip(keys, widths, strict=True):
        joined = joined * width + key
    return np.argsort(joined, kind="stable")


def _codes_of(columns: Sequence[Codes]) -> Codes:
    """Return each row's number among the distinct rows in order."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, distinct = pd.factorize(column, sort=True)
        key = pd.factorize(key * max(len(distinct), 1) + codes, sort=True)[0]
    return key.astype(np.int64)


def _first(pattern: Codes) -> Codes:
    """Return a place where each pattern stands."""
    first = np.zeros(int(pattern.max()) + 1 if len(pattern) else 0, dtype=np.int64)
    first[pattern] = np.arange(len(pattern))
    return first


def _design(table: pd.DataFrame, query: CellQuery, options: Mapping[str, Any]) -> Design:
    columns = {
        source: table[f"d_{part}{level}"]
        for part, names in query.design.items()
        for level, source in enumerate(names)
    }
    for source, column in columns.items():
        if column.isna().any():
            raise DataError(
                f"{int(table['n'][column.isna()].sum())} records lack a value that the design needs",
                where=f"column {source}",
                expected="a value in every record",
                fix="complete the column, or leave these records out",
            )
    named: dict[str, Any] = {part: list(names) or None for part, names in query.design.items()}
    return build_design(pd.DataFrame(columns, index=table.index), weight=None, **named, **options)


def _profiles(table: pd.DataFrame, applies: pd.DataFrame | None) -> Codes:
    if applies is None:
        return np.zeros(len(table), dtype=np.int64)
    known: Codes = table["profile"].to_numpy(dtype=np.int64)
    return known
