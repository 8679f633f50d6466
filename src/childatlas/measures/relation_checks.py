"""What a relation of microdata has to be before it is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from childatlas.errors import AnalysisError, DataError, nearest

__all__ = ["as_relation", "check_columns", "check_gaps", "check_keys", "check_values", "quote"]


def as_relation(data: Any) -> Any:
    """Return `data` as a DuckDB relation; frames are read where they stand.

    Raises
    ------
    AnalysisError
        If it is neither a relation nor a frame.
    """
    if isinstance(data, pd.DataFrame):
        import duckdb

        return duckdb.from_df(data)
    if not hasattr(data, "aggregate") or not hasattr(data, "columns"):
        raise AnalysisError("microdata are a table", found=type(data).__name__)
    return data


def quote(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def check_columns(relation: Any, named: Sequence[str]) -> None:
    """Refuse names that are no columns of the relation.

    Raises
    ------
    AnalysisError
        With the nearest names that are.
    """
    known = [str(c) for c in relation.columns]
    for column in named:
        if column not in known:
            raise AnalysisError(
                f"the file has no column {column!r}",
                found=column,
                expected=", ".join(nearest(column, known) or known[:20]),
            )


def check_keys(relation: Any, by: Sequence[str], items: Sequence[str]) -> None:
    """Refuse groups and items that are named twice, and groups in columns that hold lists or records.

    Raises
    ------
    AnalysisError
    """
    for names, use in ((by, "group"), (items, "item")):
        twice = sorted({name for name in names if list(names).count(name) > 1})
        if twice:
            raise AnalysisError(
                f"a column is named twice as {use}", found=", ".join(twice), expected="each once"
            )
    kinds = dict(zip(relation.columns, (str(t) for t in relation.types), strict=True))
    for column in by:
        if kinds[column].endswith("]") or kinds[column].startswith(("STRUCT", "MAP", "UNION")):
            raise AnalysisError(
                f"column {column!r} cannot form groups",
                found=kinds[column],
                expected="words, numbers or dates",
            )


def check_values(relation: Any, items: Sequence[str], weight: str | None) -> dict[str, float]:
    """Return the largest weight under its column's name; refuse items and weights that are none.

    Raises
    ------
    DataError
        If an item holds anything but 0, 1 and empty, or a weight is not a positive number: naming the first
        item at fault, or the weight, and the number of records.
    """
    kinds = dict(zip(relation.columns, (str(t) for t in relation.types), strict=True))
    for item in items:
        if kinds[item] == "VARCHAR":
            raise DataError(f"item {item!r} holds words", expected="0, 1 or empty")
    named = [i for i in items if kinds[i] != "BOOLEAN"]
    if named:
        # Least and greatest stand in the footer of a Parquet file: a clean one is not read at all.
        row = relation.aggregate(", ".join(f"min({quote(i)}), max({quote(i)})" for i in named)).fetchall()[0]
        inside = all(low is None or 0 <= low <= high <= 1 for low, high in _pairs(row))
        if not inside or not all("INT" in kinds[i] for i in named):
            _explain_items(relation, named)
    if weight is None:
        return {}
    numeric = kinds[weight] in {"DOUBLE", "FLOAT"} or "INT" in kinds[weight]
    number = quote(weight) if numeric else f"TRY_CAST({quote(weight)} AS DOUBLE)"
    row = relation.aggregate(f"min({number}), max({number}), count(*) - count({number})").fetchall()[0]
    if row[2] or row[0] is None or not 0 < row[0] <= row[1] < float("inf"):
        _explain_weight(relation, weight)
    return {weight: float(row[1] or 0.0)}


def check_gaps(relation: Any, gaps: Mapping[str, str]) -> dict[str, float]:
    """Return the largest gap of each column, among those deprived of its item.

    Raises
    ------
    DataError
        If a deprived child has no gap, or one that is negative or infinite.
    """
    if not gaps:
        return {}
    parts = []
    for item, column in gaps.items():
        gap = f"TRY_CAST({quote(column)} AS DOUBLE)"
        lacks = f"TRY_CAST({quote(item)} AS DOUBLE) = 1"
        parts.append(
            f"count(*) FILTER (WHERE {lacks} AND (NOT isfinite({gap}) OR {gap} < 0 OR {gap} IS NULL))"
        )
        parts.append(f"max({gap}) FILTER (WHERE {lacks} AND isfinite({gap}))")
    row = relation.aggregate(", ".join(parts)).fetchall()[0]
    for (item, column), (count, _) in zip(gaps.items(), _pairs(row), strict=True):
        if count:
            raise DataError(
                f"{count} deprived children have no usable gap",
                where=f"item {item}, column {column}",
                expected="(threshold - value) / threshold, at least 0, wherever the child is deprived",
            )
    return {column: float(row[2 * i + 1] or 0.0) for i, column in enumerate(gaps.values())}


def _pairs(row: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(row[::2], row[1::2], strict=True))


def _explain_items(relation: Any, items: Sequence[str]) -> None:
    """Raise for the first item with another entry than 0, 1 or empty (not a number counts as empty)."""
    tests = [
        f"count(*) FILTER (WHERE {quote(i)} NOT IN (0, 1) AND NOT isnan({quote(i)}::DOUBLE))" for i in items
    ]
    for item, count in zip(items, relation.aggregate(", ".join(tests)).fetchall()[0], strict=True):
        if count:
            raise DataError(f"item {item!r} is wrong in {count} records", expected="0, 1 or empty")


def _explain_weight(relation: Any, weight: str) -> None:
    number = f"TRY_CAST({quote(weight)} AS DOUBLE)"
    wrong = f"{number} IS NULL OR NOT isfinite({number}) OR {number} <= 0"
    count = relation.aggregate(f"count(*) FILTER (WHERE {wrong})").fetchall()[0][0]
    if count:
        raise DataError(
            f"weight {weight!r} is wrong in {count} records",
            expected="a finite number above 0 in every record",
            fix="leave out records without an interview (weight 0), and correct the others",
        )
