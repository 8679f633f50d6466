"""Read boundary files of any kind: codes, coordinate system, valid rings, a coverage that meets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from atlasgeo.boundary_files import read_features
from atlasgeo.boundary_report import BoundaryReport, build_report
from atlasgeo.coverage import mend_coverage, mend_rings, touching_pairs
from atlasgeo.errors import BoundaryError
from atlasgeo.faults import Fault
from atlasgeo.projections import (
    crosses_antimeridian,
    equal_area,
    known_crs,
    looks_swapped,
    project,
    swap_axes,
    to_degrees,
    unwrap,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["PAGE_INCHES", "BoundaryReport", "read_boundaries", "simplify_boundaries"]

PAGE_INCHES = {"screen": 1600 / 300, "A5": 8.27, "A4": 11.69, "A3": 16.54, "A2": 23.39}
"""The longer side of a page; the screen is given as if it had 300 dots per inch."""

_POLYGONS = {"Polygon", "MultiPolygon"}
_POINTS = {"Point"}


def read_boundaries(
    path: str | Path,
    *,
    code: str,
    level: str | None = None,
    crs: object = None,
    assume_crs: object = None,
) -> gpd.GeoDataFrame:
    """Return the units of a boundary file, indexed by code, with valid shapes that meet.

    Parameters
    ----------
    path : str or Path
        Any file that OGR reads (shapefile, GeoJSON, GeoPackage, zip ...) or GeoParquet.
    code : str
        The column that holds the units' codes: kept as text, numbers without a decimal point.
    level : str, optional
        What the units are, for the report; in a file of several layers, the layer of that name.
    crs : optional
        Coordinate system of the result. The default is Lambert's azimuthal equal-area projection centred on
        the data; it is recorded in ``.crs`` and in the report.
    assume_crs : optional
        Coordinate system of a file that states none; without it such a file is refused.

    Returns
    -------
    GeoDataFrame
        Index `unit` (text, the file's order), the file's other columns, ``.attrs["report"]`` a
        `BoundaryReport`. Invalid rings, repeated vertices, overlaps, narrow gaps, slivers, swapped axes and
        shapes cut at the antimeridian are mended and reported. Points are accepted as they are.

    Raises
    ------
    BoundaryError
        If there is no such file, layer or column; a code is missing or there twice; the coordinate system is
        missing or contradicts the coordinates; shapes are lines; or units cover the same ground.

    Notes
    -----
    Mending is done in the coordinates of the file, before projecting: O(v log v) for v vertices.
    """
    path = Path(path)
    target = None if crs is None else known_crs(crs, where="crs")
    frame = read_features(path, code=code, layer=level)
    found = _crs_of(frame, assume_crs, path)
    frame, shapeless = _with_shapes(frame, path)
    original = np.asarray(frame.geometry.array, dtype=object)
    codes = list(frame.index)
    shapes, faults = _mended(original, codes, found, path)
    target = target or equal_area(to_degrees(shapes, found))
    result = frame.set_geometry(_valid(project(shapes, found, target)), crs=target)
    result.attrs["report"] = build_report(
        path,
        level=level,
        codes=codes,
        original=original,
        mended=shapes,
        crs_found=found,
        crs=target,
        faults=tuple(faults),
        without_shape=shapeless,
    )
    return result


def simplify_boundaries(units: gpd.GeoDataFrame, *, page: str = "A4", dpi: int = 300) -> gpd.GeoDataFrame:
    """Return units with no more detail than a page can show, shared borders still shared.

    Parameters
    ----------
    units : GeoDataFrame
        A valid coverage, as `read_boundaries` returns it.
    page : str
        ``A5`` to ``A2``, or ``screen`` (1,600 pixels): how wide the whole layer is drawn.
    dpi : int
        Dots per inch; one dot is the tolerance of the simplification (Visvalingam and Whyatt 1993, on the
        coverage).

    Returns
    -------
    GeoDataFrame
        The same units in the same order; ``.attrs["simplified"]`` has `tolerance` (units of the CRS),
        `vertices` (before, after), `largest_change` of a unit's area, and `neighbours_lost` and
        `neighbours_gained`.

    Raises
    ------
    BoundaryError
        If the page is unknown, or the units are not a valid coverage.
    """
    if page not in PAGE_INCHES:
        raise BoundaryError("unknown page size", found=page, expected=", ".join(PAGE_INCHES))
    shapes = np.asarray(units.geometry.array, dtype=object)
    if not bool(shapely.coverage_is_valid(shapes)):
        raise BoundaryError(
            "the units are not a valid coverage",
            expected="shapes that meet without gaps and overlaps",
            fix="read them with read_boundaries, which mends them",
        )
    west, south, east, north = units.total_bounds
    tolerance = float(max(east - west, north - south)) / (PAGE_INCHES[page] * dpi)
    simple = np.asarray(shapely.coverage_simplify(shapes, tolerance))
    result = units.set_geometry(simple, crs=units.crs)
    result.attrs = {**units.attrs, "simplified": _simplified(shapes, simple, list(units.index), tolerance)}
    return result


def _simplified(
    before: NDArray[np.object_], after: NDArray[np.object_], codes: list[str], tolerance: float
) -> dict[str, Any]:
    pairs, left = touching_pairs(before, codes), touching_pairs(after, codes)
    change = np.abs(shapely.area(after) / shapely.area(before) - 1)
    return {
        "tolerance": tolerance,
        "vertices": tuple(int(shapely.get_num_coordinates(shapes).sum()) for shapes in (before, after)),
        "largest_change": float(change.max()),
        "neighbours_lost": tuple(sorted(pairs - left)),
        "neighbours_gained": tuple(sorted(left - pairs)),
    }


def _crs_of(frame: gpd.GeoDataFrame, assume_crs: object, path: Path) -> Any:
    """Return the coordinate system of the file, or the assumed one where it has none."""
    if frame.crs is not None:
        # GeoJSON says degrees even where nobody did: metres and a stated assumption tell otherwise.
        metres = frame.crs.is_geographic and bool((np.abs(frame.total_bounds) > 360).any())
        return known_crs(assume_crs, where="assume_crs") if metres and assume_crs is not None else frame.crs
    if assume_crs is None:
        bounds = ", ".join(f"{v:.4g}" for v in frame.total_bounds)
        raise BoundaryError(
            "the boundary file has no coordinate system",
            where=str(path),
            found=f"coordinates within {bounds}",
            expected="a CRS in the file (a .prj beside a shapefile)",
            fix="say which it is: assume_crs='EPSG:4326' for degrees on WGS 84",
        )
    return known_crs(assume_crs, where="assume_crs")


def _with_shapes(frame: gpd.GeoDataFrame, path: Path) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return the units that have a shape, all polygons or all points, and the codes of the others."""
    bare = frame.geometry.isna() | frame.geometry.is_empty
    kept = frame[~bare]
    kinds = set(kept.geom_type)
    if kept.empty or not (kinds <= _POLYGONS or kinds <= _POINTS):
        raise BoundaryError(
            "units must be polygons, or points",
            where=str(path),
            found=", ".join(sorted(kinds)) or "no shape at all",
            expected="Polygon and MultiPolygon, or Point",
        )
    return kept, tuple(frame.index[bare])


def _mended(
    shapes: NDArray[np.object_], codes: list[str], crs: Any, path: Path
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes mended in the coordinates of the file, and what was done."""
    faults: list[Fault] = []
    if crs.is_geographic:
        shapes, faults = _oriented(shapes, crs, path)
    if shapely.get_type_id(shapes[0]) == shapely.GeometryType.POINT:
        return shapes, faults
    shapes, rings = mend_rings(shapes, codes)
    if crs.is_geographic and crosses_antimeridian(shapes):
        shapes = unwrap(shapes)
        faults.append(Fault("antimeridian", (), 0.0, None, "longitudes counted on beyond 180, halves joined"))
    shapes, meeting = mend_coverage(shapes, codes)
    return shapes, [*faults, *rings, *meeting]


def _oriented(shapes: NDArray[np.object_], crs: Any, path: Path) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return geographic shapes with longitude first."""
    if looks_swapped(shapes):
        return swap_axes(shapes), [Fault("axis order", (), 0.0, None, "latitude stood first: changed over")]
    west, south, east, north = shapely.total_bounds(shapes)
    if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 360:
        raise BoundaryError(
            "coordinates are not degrees",
            where=str(path),
            found=f"{west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}",
            expected=f"longitude and latitude, as {crs.name} says",
            fix="give the file's true coordinate system (assume_crs= where it states none)",
        )
    return shapes, []


def _valid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return projected shapes, rebuilt where projecting has bent a ring over itself."""
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return shapes
