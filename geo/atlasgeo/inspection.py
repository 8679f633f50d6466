"""Hold a layer of shapes against the gazetteer: codes, places, areas, and nesting in the level above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlasgeo.columns import AREA_KM2, INSIDE_LAT, INSIDE_LON, PARENT
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.projections import project
from atlasgeo.units import in_force

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["Finding", "inspect_boundaries"]

AREA_TOLERANCE = 0.05
"""A unit whose area differs from the gazetteer's by more than this may be another unit, or cut otherwise."""

NESTED = 0.98
"""A unit nests in its parent where at least this share of its area lies there."""


@dataclass(frozen=True)
class Finding:
    """One disagreement between shapes and gazetteer.

    Attributes
    ----------
    kind : str
        ``unknown code``, ``no shape``, ``place``, ``axis order``, ``area``, ``nesting``, ``coverage``.
    unit : str
        The code concerned, "" for the whole layer.
    text : str
        What was found.
    """

    kind: str
    unit: str
    text: str

    def __str__(self) -> str:
        """Return the finding as a line of a report."""
        return f"{self.kind}: {self.unit or 'whole layer'}: {self.text}"


def inspect_boundaries(
    units: gpd.GeoDataFrame,
    gazetteer: pd.DataFrame,
    *,
    level: str,
    year: int,
    parents: gpd.GeoDataFrame | None = None,
    nested: float = NESTED,
) -> tuple[Finding, ...]:
    """Return all disagreements between a layer and the units in force at the end of `year`.

    Parameters
    ----------
    units : GeoDataFrame
        Indexed by code, as `read_boundaries` returns it.
    gazetteer : DataFrame
    level, year : str, int
    parents : GeoDataFrame, optional
        The level above, indexed by code: each unit should lie in its parent of the gazetteer.
    nested : float
        Least share of a unit's area there: less than the default for parents drawn by another hand.

    Returns
    -------
    tuple of Finding
        Empty for a good layer. Codes on one side only; gazetteer points outside their unit (most of them:
        swapped axes); areas more than 5 % off; units with less than `nested` of their area in their parent; a
        coverage that is not valid.

    Raises
    ------
    BoundaryError
        If the layer has no coordinate system or an index with duplicates.
    """
    if units.crs is None or units.index.has_duplicates:
        raise BoundaryError(
            "the layer cannot be inspected",
            found="no coordinate system" if units.crs is None else "duplicated codes",
            fix="read it with read_boundaries",
        )
    known = in_force(gazetteer, level=level, year=year)
    both = known.loc[known.index.intersection(units.index)]
    shapes = units.geometry.reindex(both.index)
    findings = [*_codes(units, known), *_places(shapes, both), *_areas(shapes, both)]
    if parents is not None:
        findings += _nesting(shapes, both, parents, nested)
    if not bool(shapely.coverage_is_valid(np.asarray(units.geometry.array, dtype=object))):
        findings.append(Finding("coverage", "", "shapes overlap or do not meet"))
    return tuple(findings)


def _codes(units: gpd.GeoDataFrame, known: pd.DataFrame) -> Iterator[Finding]:
    for code in sorted(set(units.index) - set(known.index)):
        close = ", ".join(nearest(code, known.index)) or "none"
        yield Finding("unknown code", code, f"not in force then; nearest: {close}")
    for code in sorted(set(known.index) - set(units.index)):
        yield Finding("no shape", code, "in force, but not in the layer")


def _places(shapes: gpd.GeoSeries, known: pd.DataFrame) -> Iterator[Finding]:
    points = known[[INSIDE_LON, INSIDE_LAT]].dropna()
    if points.empty:
        return
    own = np.asarray(shapes.loc[points.index].array, dtype=object)
    here = _within(own, points.to_numpy(), shapes.crs)
    if here.mean() < 0.5 and _within(own, points.to_numpy()[:, ::-1], shapes.crs).mean() > 0.5:
        yield Finding(
            "axis order", "", "the gazetteer's points lie in the shapes with latitude and longitude swapped"
        )
        return
    for code in points.index[~here]:
        lon, lat = points.loc[code]
        yield Finding("place", str(code), f"the gazetteer's point {lon:.3f}, {lat:.3f} lies outside")


def _within(shapes: np.ndarray, degrees: np.ndarray, crs: object) -> np.ndarray:
    points = shapely.points(degrees)
    inside = np.abs(degrees[:, 1]) <= 90
    moved = project(points[inside], "EPSG:4326", crs)
    found = np.zeros(len(degrees), dtype=bool)
    found[inside] = shapely.intersects(shapes[inside], moved)
    return found


def _areas(shapes: gpd.GeoSeries, known: pd.DataFrame) -> Iterator[Finding]:
    if not shapes.crs.is_projected:
        return
    ratio = shapes.area / 1e6 / known[AREA_KM2] - 1
    for code, share in ratio[ratio.abs() > AREA_TOLERANCE].items():
        yield Finding(
            "area", str(code), f"{share:+.1%} of the {known.loc[code, AREA_KM2]:,.0f} km2 on record"
        )


def _nesting(
    shapes: gpd.GeoSeries, known: pd.DataFrame, parents: gpd.GeoDataFrame, nested: float
) -> Iterator[Finding]:
    above = parents.geometry.to_crs(shapes.crs)
    for code, parent in known[PARENT].items():
        if parent not in above.index:
            yield Finding("nesting", str(code), f"its parent {parent} has no shape")
            continue
        share = shapes.loc[code].intersection(above.loc[parent]).area / shapes.loc[code].area
        if share < nested:
            yield Finding("nesting", str(code), f"{share:.1%} of its area lies in its parent {parent}")
