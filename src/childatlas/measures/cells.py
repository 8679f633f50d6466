"""The cells of a relation: records counted in SQL by group, design, age and pattern of deprivations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from childatlas.measures.fixed_point import power_for
from childatlas.measures.relation_checks import quote

__all__ = [
    "MOST_PROFILES",
    "PROFILE",
    "WORD",
    "CellQuery",
    "Cells",
    "_item_words",
    "count_cells",
    "unpack_masks",
]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

WORD = 28  # items in one word, two bits each: what is lacked, and what was observed
_ABOVE = 2 * WORD  # the bits above them hold the profile, so that it is no key of its own
MOST_PROFILES = (1 << (62 - _ABOVE)) - 1
PROFILE = "__profile"
_FETCH = 500_000  # cells at a time on their way out of the database


@dataclass(frozen=True)
class CellQuery:
    """What is counted, by what.

    Attributes
    ----------
    items : tuple of str
    by : tuple of str
        Columns of the groups.
    design : mapping of part -> columns, one per stage
        ``stratum, cluster, fpc``.
    weight : str or None
    profiles : int
        How many profiles the column ``__profile`` knows, 0 without such a column.
    gaps : mapping of item -> column
    single : bool
        Every record is a cell of its own: designs that draw children one by one.
    bounds : mapping of column -> float
        The largest value of the weight and of each gap.
    """

    items: tuple[str, ...]
    by: tuple[str, ...]
    design: Mapping[str, tuple[str, ...]]
    weight: str | None
    profiles: int
    gaps: Mapping[str, str]
    single: bool
    bounds: Mapping[str, float]

    def keys(self) -> dict[str, str]:
        """Return the key columns of the table of cells, and what they are in the file."""
        named = {f"g{i}": quote(column) for i, column in enumerate(self.by)}
        for part, columns in self.design.items():
            named |= {f"d_{part}{level}": quote(c) for level, c in enumerate(columns)}
        return named


@dataclass(frozen=True, eq=False)
class Cells:
    """The table of cells (keys, ``profile`` or -1, masks ``m0`` on, ``weight``, ``n``) and sums of gaps."""

    table: pd.DataFrame
    gaps: tuple[Any, Any] | None


def count_cells(relation: Any, query: CellQuery) -> Cells:
    """Return the cells of a relation.

    Notes
    -----
    Sampling weights are added as whole multiples of a power of two, the largest weight taking 62 bits: sums
    do not depend on the order in which threads meet the records.
    """
    kinds = dict(zip(relation.columns, (str(t) for t in relation.types), strict=True))
    keys = query.keys()
    columns = [f"{source}{_plain(kinds[_bare(source)])} AS {name}" for name, source in keys.items()]
    names = list(keys)
    for place, word in enumerate(_item_words(query.items)):
        columns.append(f"{_mask(word, kinds)}{_profile(query) if place == 0 else ''} AS m{place}")
        names.append(f"m{place}")
    columns += list(_amounts(query, kinds))
    packed = relation.project(", ".join(columns))
    sums = ["w", *(f"{kind}{j}" for j in range(len(query.gaps)) for kind in "sq")]
    if query.weight is None:
        sums = sums[1:]
    if query.single:
        counted = packed.project(", ".join([*names, *(f"{s}::DOUBLE AS {s}" for s in sums), "1 AS n"]))
    else:
        totals = ", ".join([*(f"sum({s})::DOUBLE AS {s}" for s in sums), "count(*) AS n"])
        counted = packed.aggregate(", ".join([*names, totals]), ", ".join(names))
    return _fetch(counted, query, {name: kinds[_bare(source)] for name, source in keys.items()})


def _item_words(items: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the items by the word of 62 bits that holds them."""
    return [tuple(items[i : i + WORD]) for i in range(0, len(items), WORD)]


def unpack_masks(masks: Codes, items: int) -> tuple[Flags, Flags]:
    """Return what is lacked and what was observed, patterns x items, from masks, patterns x words."""
    deprived = np.zeros((len(masks), items), dtype=bool)
    seen = np.zeros((len(masks), items), dtype=bool)
    for item in range(items):
        word, bit = divmod(item, WORD)
        width = min(WORD, items - word * WORD)
        deprived[:, item] = (masks[:, word] >> bit) & 1
        seen[:, item] = (masks[:, word] >> (bit + width)) & 1
    return deprived, seen


def _plain(kind: str) -> str:
    """Return the cast that makes a key of numbers with fixed decimals or 128 bits a plain float."""
    return "::DOUBLE" if kind.startswith(("DECIMAL", "HUGEINT", "UHUGEINT")) else ""


def _bare(quoted: str) -> str:
    return quoted[1:-1].replace('""', '"')


def _entry(item: str, kind: str) -> str:
    """Return an item as SQL reads it: in floats, not a number is empty."""
    if kind in {"DOUBLE", "FLOAT"}:
        return f"CASE WHEN isnan({quote(item)}) THEN NULL ELSE {quote(item)}::TINYINT END"
    return quote(item)


def _mask(items: Sequence[str], kinds: Mapping[str, str]) -> str:
    bits = []
    for j, item in enumerate(items):
        name = _entry(item, kinds[item])
        lacked, seen = 1 << j, 1 << (j + len(items))
        bits.append(
            f"CASE WHEN {name} IS NULL THEN 0::BIGINT WHEN {name} THEN {lacked | seen}::BIGINT "
            f"ELSE {seen}::BIGINT END"
        )
    return " + ".join(bits)


def _profile(query: CellQuery) -> str:
    """Return what adds the number of the profile, from 1, above the first word's bits; 0 is none."""
    if not query.profiles:
        return ""
    known = f"{PROFILE} BETWEEN 0 AND {query.profiles - 1}"
    return f" + CASE WHEN {known} THEN ({PROFILE} + 1)::BIGINT ELSE 0::BIGINT END * {1 << _ABOVE}"


def _amounts(query: CellQuery, kinds: Mapping[str, str]) -> Iterator[str]:
    """Yield the columns that are added up: weights and weighted gaps as whole numbers."""
    weight = "1::DOUBLE" if query.weight is None else f"{quote(query.weight)}::DOUBLE"
    scale = _scales(query)
    if query.weight is not None:
        yield f"({weight} * {scale['w']!r})::BIGINT AS w"
    for j, item in enumerate(query.gaps):
        lacks, gap = _entry(item, kinds[item]), f"{quote(query.gaps[item])}::DOUBLE"
        yield f"CASE WHEN {lacks} THEN ({weight} * {gap} * {scale[f's{j}']!r})::BIGINT END AS s{j}"
        yield f"CASE WHEN {lacks} THEN ({weight} * ({gap} * {gap}) * {scale[f'q{j}']!r})::BIGINT END AS q{j}"


def _scales(query: CellQuery) -> dict[str, float]:
    heaviest = 1.0 if query.weight is None else query.bounds[query.weight]
    scale = {"w": power_for(heaviest)}
    for j, column in enumerate(query.gaps.values()):
        widest = query.bounds[column]
        scale |= {f"s{j}": power_for(heaviest * widest), f"q{j}": power_for(heaviest * widest**2)}
    return scale


def _fetch(counted: Any, query: CellQuery, kinds: Mapping[str, str]) -> Cells:
    """Return the cells as a frame; sums of gaps leave the database piece by piece and stay sparse."""
    scale = _scales(query)
    if not query.gaps:
        return Cells(_table(_to_pandas(counted.to_arrow_table()), query, kinds, scale), None)
    kept: list[pd.DataFrame] = []
    entries: dict[str, list[tuple[Codes, Codes, Floats]]] = {"s": [], "q": []}
    start = 0
    for batch in counted.to_arrow_reader(_FETCH):
        frame = _to_pandas(batch)
        for j, item in enumerate(query.gaps):
            place = query.items.index(item)
            for kind in "sq":
                sums = frame[f"{kind}{j}"].fillna(0.0).to_numpy(dtype=np.float64)
                rows = np.flatnonzero(sums)
                entries[kind].append(
                    (rows + start, np.full(len(rows), place), sums[rows] / scale[f"{kind}{j}"])
                )
        kept.append(frame[[c for c in frame if c[0] not in "sq"]])
        start += len(frame)
    table = pd.concat(kept, ignore_index=True)
    shape = (len(table), len(query.items))
    return Cells(
        _table(table, query, kinds, scale), (_sparse(entries["s"], shape), _sparse(entries["q"], shape))
    )


def _to_pandas(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def _sparse(entries: list[tuple[Codes, Codes, Floats]], shape: tuple[int, int]) -> Any:
    rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    return sparse.csr_matrix((values, (rows, columns)), shape=shape)


def _table(
    frame: pd.DataFrame, query: CellQuery, kinds: Mapping[str, str], scale: Mapping[str, float]
) -> pd.DataFrame:
    """Return the cells with their weights, and whole numbers whole though some are missing."""
    whole = [c for c, kind in kinds.items() if kind in _WHOLE and frame[c].dtype.kind == "f"]
    frame = frame.astype(dict.fromkeys(whole, "Int64"))
    if query.profiles:
        first = frame["m0"].to_numpy(dtype=np.int64)
        frame = frame.assign(m0=first & ((1 << _ABOVE) - 1), profile=(first >> _ABOVE) - 1)
    weight = frame["n"].astype(np.float64) if query.weight is None else frame["w"] / scale["w"]
    return frame.drop(columns="w", errors="ignore").assign(weight=weight)


_WHOLE = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG")} | {
    "INTEGER",
    "UINTEGER",
}
