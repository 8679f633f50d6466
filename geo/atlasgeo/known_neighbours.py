"""Neighbours as facts: tables of who touches whom, for maps whose own shapes cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from atlasgeo.columns import LEVEL, UNIT
from atlasgeo.continuity import trace
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.nearness import both_ways
from atlasgeo.neighbours import graph_of, join_islands
from atlasgeo.periods import end_of, stands_on
from atlasgeo.units import in_force

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

    from atlasgeo.profiles import Country, NeighbourTable

__all__ = ["known_neighbours", "read_neighbours"]

NEIGHBOUR, SHARED_BORDER = "neighbour", "shared_border_km"
LEAST_BORDER_KM: Final = 1.0
"""Shorter borders may be crossings in a point: for the rook's rule they are none."""

MOST_STRANGERS: Final = 0.02
"""A table that does not know more of the units than this is of another map."""


def read_neighbours(
    country: Country, gazetteer: pd.DataFrame, *, level: str, year: int, least_km: float = 0.0
) -> pd.DataFrame:
    """Return the pairs of units in force at the end of `year` that share a border, each once.

    Parameters
    ----------
    country : Country
        Its `neighbours` name the tables and the day of each. A table knows a unit that it names and that is
        the same unit on its day and at the end of `year`, even if it has lost a part: a code alone may stand
        for other ground on another day. The table that knows most units is read, of equals the nearest in
        time.
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
    found = _best_pairs(country, gazetteer, level=level, year=year)
    if found.empty:
        raise BoundaryError(
            f"no pair of neighbours of level {level!r} is in force in {year}",
            where=found.attrs["path"],
            found=f"pairs of {', '.join(found.attrs['levels'])}",
            expected=f"units of level {level!r} as they stood then",
        )
    kept = found[found[SHARED_BORDER] >= least_km].reset_index(drop=True)
    kept.attrs = {"without": found.attrs["without"]}
    return kept


def known_neighbours(
    country: Country,
    gazetteer: pd.DataFrame,
    shapes: gpd.GeoDataFrame,
    *,
    level: str,
    year: int,
    rule: Literal["queen", "rook"] = "queen",
    islands: Literal["nearest", "keep", "error"] = "nearest",
) -> Graph | None:
    """Return the graph of neighbours that the country's own table states, None where none fits the units.

    Parameters
    ----------
    country : Country
    gazetteer : DataFrame
    shapes : GeoDataFrame
        The units, indexed by code; used for islands alone.
    level : str
    year : int
        The units are those in force at its end.
    rule : {"queen", "rook"}
        By the rook's rule borders shorter than a kilometre are none.
    islands : {"nearest", "keep", "error"}
        As in `build_neighbours`.

    Returns
    -------
    libpysal.graph.Graph or None
        Row-standardised, on the index of `shapes`. None where no table knows at least 98 % of the units.

    Raises
    ------
    BoundaryError
        If a table cannot be read, or a unit has no neighbour under ``islands="error"``.
    """
    if not country.neighbours:
        return None
    pairs = _best_pairs(country, gazetteer, level=level, year=year)
    codes = shapes.index
    strangers = set(codes) - set(pairs[UNIT]) - set(pairs[NEIGHBOUR])
    if len(strangers) > MOST_STRANGERS * len(codes):
        return None
    pairs = pairs[pairs[SHARED_BORDER] >= (LEAST_BORDER_KM if rule == "rook" else 0.0)]
    pairs = pairs[pairs[UNIT].isin(codes) & pairs[NEIGHBOUR].isin(codes)]
    links = both_ways(codes.get_indexer(pairs[UNIT]), codes.get_indexer(pairs[NEIGHBOUR]))
    return graph_of(codes, join_islands(shapes.geometry, links, rule=islands)).transform("R")


def _best_pairs(country: Country, gazetteer: pd.DataFrame, *, level: str, year: int) -> pd.DataFrame:
    """Return the pairs of the table that knows most of the units, of equals the nearest in time."""
    tables = [_known_pairs(country, table, gazetteer, level=level, year=year) for table in country.neighbours]
    lacking = [len(pairs.attrs["without"]) for pairs in tables]
    apart = [abs(end_of(year) - pd.Timestamp(table.as_of)) for table in country.neighbours]
    return tables[min(range(len(tables)), key=lambda place: (lacking[place], apart[place]))]


def _known_pairs(
    country: Country, table: NeighbourTable, gazetteer: pd.DataFrame, *, level: str, year: int
) -> pd.DataFrame:
    """Return the pairs of a table whose units are the same on its day and at the end of `year`."""
    pairs = _read_pairs(country.folder / table.path)
    units = in_force(gazetteer, level=level, year=year).index
    then, now = pd.Timestamp(table.as_of), end_of(year)
    rows = gazetteer[(gazetteer[LEVEL] == level) & stands_on(gazetteer, then)]
    both = units.intersection(rows[UNIT])
    before = trace(gazetteer, both, level=level, on=max(then, now), day=min(then, now))
    steady = [code for code in both if before[code] == code]
    told = pairs[(pairs[LEVEL] == level) & pairs[UNIT].isin(steady) & pairs[NEIGHBOUR].isin(steady)]
    ends = np.sort(told[[UNIT, NEIGHBOUR]].to_numpy(dtype=str), axis=1)
    found = pd.DataFrame(
        {UNIT: ends[:, 0], NEIGHBOUR: ends[:, 1], SHARED_BORDER: told[SHARED_BORDER].astype(float).to_numpy()}
    )
    found = found.drop_duplicates([UNIT, NEIGHBOUR]).sort_values([UNIT, NEIGHBOUR], ignore_index=True)
    without = set(units) - set(found[UNIT]) - set(found[NEIGHBOUR])
    found.attrs = {
        "without": tuple(sorted(without)),
        "levels": sorted(set(pairs[LEVEL])),
        "path": str(country.folder / table.path),
    }
    return found


def _read_pairs(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise BoundaryError("there is no table of neighbours", where=str(path), fix="correct the path")
    pairs = pd.read_csv(path, dtype={LEVEL: str, UNIT: str, NEIGHBOUR: str}, encoding="utf-8-sig")
    for column in (LEVEL, UNIT, NEIGHBOUR, SHARED_BORDER):
        if column not in pairs:
            close = ", ".join(nearest(column, pairs.columns)) or column
            raise BoundaryError(f"the table lacks the column {column!r}", where=str(path), expected=close)
    return pairs
