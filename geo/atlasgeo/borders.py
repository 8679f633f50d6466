"""Who touches whom by the facts: measured on official shapes, for maps whose own shapes cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import LEVEL, UNIT
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.periods import end_of
from atlasgeo.units import in_force

if TYPE_CHECKING:
    from atlasgeo.profiles import Country

__all__ = ["read_neighbours"]

NEIGHBOUR, SHARED_BORDER = "neighbour", "shared_border_km"


def read_neighbours(
    country: Country, gazetteer: pd.DataFrame, *, level: str, year: int, least_km: float = 0.0
) -> pd.DataFrame:
    """Return the pairs of units in force at the end of `year` that share a border, each once.

    Parameters
    ----------
    country : Country
        Its `neighbours` name the tables; the one that knows most of the units is read, among equals the
        latest not after `year`.
    gazetteer : DataFrame
    level : str
    year : int
    least_km : float
        Leave out borders shorter than this: crossings in a point measure a few hundred metres.

    Returns
    -------
    DataFrame
        Columns `unit`, `neighbour` (unit < neighbour) and `shared_border_km`; ``.attrs["without"]`` is the
        tuple of units in force that the table does not know: they have no shape yet, or are newer than it.

    Raises
    ------
    BoundaryError
        If the country has no such table, it lacks a column or the level, or no pair is of units in force.
    """
    if not country.neighbours:
        raise BoundaryError(
            f"{country.code} has no table of neighbours",
            where=str(country.folder / "country.toml"),
            fix="build them from shapes, or add [[neighbours]]",
        )
    known = in_force(gazetteer, level=level, year=year).index
    path, pairs = _best_table(country, known, level=level, year=year)
    standing = (pairs[LEVEL] == level) & pairs[UNIT].isin(known) & pairs[NEIGHBOUR].isin(known)
    found = pairs[standing & (pairs[SHARED_BORDER] >= least_km)]
    if found.empty:
        raise BoundaryError(
            f"no pair of neighbours of level {level!r} is in force in {year}",
            where=str(path),
            found=", ".join(sorted(set(pairs[LEVEL]))),
            expected=level,
        )
    ordered = found[[UNIT, NEIGHBOUR]].apply(sorted, axis=1, result_type="expand")
    result = pd.DataFrame(
        {UNIT: ordered[0], NEIGHBOUR: ordered[1], SHARED_BORDER: found[SHARED_BORDER].astype(float)}
    ).sort_values([UNIT, NEIGHBOUR], ignore_index=True)
    result.attrs["without"] = tuple(sorted(set(known) - set(result[UNIT]) - set(result[NEIGHBOUR])))
    return result


def _best_table(country: Country, known: pd.Index, *, level: str, year: int) -> tuple[Path, pd.DataFrame]:
    """Return the table that knows most of the units, with its path."""
    ranked = []
    for entry in country.neighbours:
        path = country.folder / entry.path
        pairs = _read_pairs(path)
        told = pairs[pairs[LEVEL] == level]
        lacking = len(set(known) - set(told[UNIT]) - set(told[NEIGHBOUR]))
        start = pd.Timestamp(entry.as_of)
        ranked.append((lacking, start > end_of(year), abs(end_of(year) - start), path, pairs))
    ranked.sort(key=lambda item: item[:3])
    return ranked[0][3], ranked[0][4]


def _read_pairs(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise BoundaryError("there is no table of neighbours", where=str(path), fix="correct the path")
    pairs = pd.read_csv(path, dtype={LEVEL: str, UNIT: str, NEIGHBOUR: str}, encoding="utf-8-sig")
    for column in (LEVEL, UNIT, NEIGHBOUR, SHARED_BORDER):
        if column not in pairs:
            close = ", ".join(nearest(column, pairs.columns)) or column
            raise BoundaryError(f"the table lacks the column {column!r}", where=str(path), expected=close)
    return pairs
