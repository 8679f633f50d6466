"""Neighbours as facts: a table of who touches whom, where the shapes at hand cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from atlasgeo.columns import LEVEL, UNIT
from atlasgeo.errors import BoundaryError
from atlasgeo.periods import end_of

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

    from atlasgeo.profiles import Country, NeighbourTable

__all__ = ["known_neighbours"]

NEIGHBOUR = "neighbour"
Pair = tuple[str, str]


def known_neighbours(
    country: Country,
    shapes: gpd.GeoDataFrame,
    *,
    level: str,
    year: int,
    islands: Literal["nearest", "keep", "error"] = "nearest",
) -> Graph | None:
    """Return the graph of neighbours that the country's own table states, None where it does not fit.

    Parameters
    ----------
    country : Country
        Its `neighbours` name tables (columns level, unit, neighbour) and the day from which each holds.
    shapes : GeoDataFrame
        The units, indexed by code; used for islands alone.
    level : str
    year : int
        The newest table that holds at its end is taken, where it knows every unit of `shapes`.
    islands : {"nearest", "keep", "error"}
        As in `build_neighbours`.

    Returns
    -------
    libpysal.graph.Graph or None
        Row-standardised, on the index of `shapes`.

    Raises
    ------
    BoundaryError
        If a unit has no neighbour under ``islands="error"``.
    """
    from libpysal.graph import Graph

    pairs = _table(country, level=level, year=year, units=shapes.index)
    if pairs is None:
        return None
    codes = shapes.index
    linked = {code for pair in pairs for code in pair}
    lonely = [code for code in codes if code not in linked]
    if lonely and islands == "error":
        raise BoundaryError("units without neighbours", found=", ".join(lonely[:10]))
    if lonely and islands == "nearest" and len(codes) > 1:
        pairs = pairs | {_nearest(code, shapes) for code in lonely}
    focal = [a for a, _ in pairs] + [b for _, b in pairs]
    other = [b for _, b in pairs] + [a for a, _ in pairs]
    weight = [1] * len(focal)
    alone = [code for code in codes if code not in set(focal)]
    graph = Graph.from_arrays([*focal, *alone], [*other, *alone], [*weight, *[0] * len(alone)])
    return Graph.from_adjacency(graph.adjacency.reindex(codes, level=0).reset_index()).transform("R")


def _table(country: Country, *, level: str, year: int, units: pd.Index) -> set[Pair] | None:
    """Return the pairs of the table that holds at the end of `year` and knows the units."""
    day = end_of(year).date()
    tables = [t for t in country.neighbours if t.as_of <= day and (country.folder / t.path).is_file()]
    if not tables:
        return None
    newest = max(tables, key=lambda table: table.as_of)
    pairs = _pairs(country, newest, level)
    known = {code for pair in pairs for code in pair}
    strangers = set(units) - known
    if not pairs or len(strangers) > 0.02 * len(units):
        return None
    wanted = set(units)
    return {pair for pair in pairs if wanted.issuperset(pair)}


def _pairs(country: Country, table: NeighbourTable, level: str) -> set[Pair]:
    rows = pd.read_csv(country.folder / table.path, dtype=str)
    rows = rows[rows[LEVEL] == level]
    return {tuple(sorted(pair)) for pair in zip(rows[UNIT], rows[NEIGHBOUR], strict=True)}


def _nearest(code: str, shapes: gpd.GeoDataFrame) -> Pair:
    """Return the pair of a lonely unit and the unit nearest to it, the first by code where several are."""
    distance = pd.Series(
        shapely.distance(shapes.geometry.loc[code], np.asarray(shapes.geometry.array, dtype=object)),
        index=shapes.index,
    ).drop(code)
    near = min(distance.index[distance <= distance.min() * (1 + 1e-9)])
    first, second = sorted((code, str(near)))
    return first, second
