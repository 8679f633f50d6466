"""District shapes grown from facts alone (point, area, parent) where official ones are not at hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from atlasgeo.columns import AREA_KM2, LAT, LON, PARENT, UNIT
from atlasgeo.errors import BoundaryError
from atlasgeo.power_diagram import PowerDiagram, fit_power_diagram

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["cached_schematic", "grow_schematic"]

_GRID = 0.001
"""Borders are rounded to this (metres), so that neighbours share every vertex."""
_EDITION = "1"
"""Raised when the method changes: shapes cached by an older one are not taken."""


def grow_schematic(parents: gpd.GeoDataFrame, units: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return schematic shapes of units: cells of their parents with the right area around the right point.

    Parameters
    ----------
    parents : GeoDataFrame
        Valid coverage in a metric CRS, indexed by code.
    units : DataFrame
        Indexed by unit; columns `parent`, `lon`, `lat` (centroid, degrees), `area_km2`. Units without point
        or area have no shape.

    Returns
    -------
    GeoDataFrame
        Index `unit` sorted by code, CRS of `parents`; a valid coverage that nests in the parents.
        ``.attrs``: ``schematic`` True; ``without_shape`` codes of the units that have none; ``parents`` the
        shapes of the parents with the vertices of their units' borders; ``share_error`` largest relative
        error of a unit's share of its parent.

    Raises
    ------
    BoundaryError
        If a parent has no shape, the CRS is not metric, no unit has point and area, or no cells are found.

    Notes
    -----
    A power diagram in each parent, fitted to areas and centroids (`fit_power_diagram`). A parent without
    units is not covered. The shapes say where a unit is and how large, nothing about its border.
    """
    import geopandas as gpd

    _check_parents(parents, units)
    known = units[units[[LON, LAT, AREA_KM2]].notna().all(axis=1) & (units[AREA_KM2] > 0)].sort_index()
    if known.empty:
        raise BoundaryError("no unit has a point and an area", expected="columns lon, lat and area_km2")
    points = gpd.GeoSeries(gpd.points_from_xy(known[LON], known[LAT]), index=known.index, crs=4326)
    centres = shapely.get_coordinates(points.to_crs(parents.crs).array)
    faces, codes = _all_faces(parents, known, centres)
    shapes = _joined(faces, codes)
    frame = gpd.GeoDataFrame(
        geometry=shapes.to_numpy(), index=pd.Index(shapes.index, name=UNIT, dtype="str"), crs=parents.crs
    ).sort_index()
    return _described(frame, known, units)


def cached_schematic(
    parents: gpd.GeoDataFrame, units: pd.DataFrame, *, folder: str | Path
) -> gpd.GeoDataFrame:
    """Return what `grow_schematic` returns, kept in `folder` under a hash of everything it is grown from."""
    import geopandas as gpd

    kept = Path(folder) / f"schematic-{_fingerprint(parents, units)}.parquet"
    known = units[units[[LON, LAT, AREA_KM2]].notna().all(axis=1)]
    if kept.is_file():
        try:
            frame = gpd.read_parquet(kept)
        except (OSError, ValueError):  # cut off or of another format: grown again below
            kept.unlink(missing_ok=True)
        else:
            return _described(frame, known, units)
    frame = grow_schematic(parents, units)
    plain = gpd.GeoDataFrame(geometry=frame.geometry.array, index=frame.index, crs=frame.crs)
    _keep(plain, kept)
    return frame


def _keep(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write the shapes in one move; a cache that cannot be written is only slower."""
    import os
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        frame.to_parquet(name)
        Path(name).replace(path)
    except OSError:
        return


def _fingerprint(parents: gpd.GeoDataFrame, units: pd.DataFrame) -> str:
    facts = units[[PARENT, LON, LAT, AREA_KM2]].sort_index()
    digest = hashlib.sha256(_EDITION.encode())
    digest.update(facts.to_csv().encode())
    digest.update("\n".join(map(str, parents.index)).encode() + str(parents.crs).encode())
    for shape in shapely.to_wkb(parents.geometry.array):
        digest.update(shape)
    return digest.hexdigest()[:16]


def _check_parents(parents: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    if parents.crs is None or not parents.crs.is_projected:
        raise BoundaryError(
            "areas need parents in a metric CRS", found=str(parents.crs), expected="a projected CRS in metres"
        )
    lost = sorted(set(units[PARENT]) - set(parents.index))
    if lost:
        raise BoundaryError(
            "parents of these units have no shape",
            found=", ".join(map(str, lost[:5])),
            expected=f"a shape for each of {units[PARENT].nunique()} parents",
        )


def _all_faces(
    parents: gpd.GeoDataFrame, known: pd.DataFrame, centres: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the faces of the whole map, noded together so that borders of parents match, and their units."""
    fitted: dict[str, tuple[pd.Index, PowerDiagram]] = {}
    lines = []
    for parent, rows in known.groupby(PARENT, sort=True):
        shape = parents.geometry.loc[parent]
        where = known.index.get_indexer(rows.index)
        diagram = fit_power_diagram(shape, centres[where], rows[AREA_KM2].to_numpy(dtype=float))
        fitted[str(parent)] = (rows.index, diagram)
        lines += [shape.boundary, *_reaching(diagram.walls, shape)]
    noded = shapely.unary_union(np.array(lines, dtype=object), grid_size=_GRID)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)
    inside = shapely.point_on_surface(faces)
    face, owner = parents.sindex.query(inside, predicate="within")
    codes = np.full(len(faces), None, dtype=object)
    for parent, (index, diagram) in fitted.items():
        own = face[owner == parents.index.get_loc(parent)]
        if len(own):
            codes[own] = index.to_numpy()[diagram.nearest_site(shapely.get_coordinates(inside[own]))]
    kept = np.array([code is not None for code in codes])
    return faces[kept], codes[kept]


def _reaching(walls: NDArray[np.object_], shape: shapely.Geometry) -> list[shapely.Geometry]:
    """Return the walls inside the parent, each end on its border carried across it by a few grid steps.

    Without that a wall that ends a rounding error short of the border would close no face.
    """
    parts = shapely.get_parts(walls)
    parts = parts[shapely.length(parts) > 10 * _GRID]
    border = shape.boundary
    shapely.prepare(border)
    reached = []
    for part in parts:
        ends = np.asarray(part.coords)[[0, -1]]
        direction = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
        near = shapely.distance(shapely.points(ends), border) < _GRID
        longer = ends + np.array([[-1.0], [1.0]]) * direction * np.where(near, 3 * _GRID, 0.0)[:, None]
        reached.append(shapely.LineString(longer))
    return reached


def _joined(faces: NDArray[np.object_], codes: NDArray[np.object_]) -> pd.Series:
    """Return one shape a code: the union of its faces."""
    table = pd.Series(faces, index=codes).groupby(level=0, sort=True)
    return table.agg(lambda own: own.iloc[0] if len(own) == 1 else shapely.coverage_union_all(own.to_numpy()))


def _described(frame: gpd.GeoDataFrame, known: pd.DataFrame, units: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the shapes with what a reader has to know about them."""
    import geopandas as gpd

    parent = known[PARENT].reindex(frame.index)
    wanted = known[AREA_KM2] / known.groupby(PARENT)[AREA_KM2].transform("sum")
    drawn = frame.area / frame.area.groupby(parent).transform("sum")
    outline = frame.geometry.groupby(parent).agg(lambda own: shapely.coverage_union_all(own.to_numpy()))
    frame.attrs = {
        "schematic": True,
        "without_shape": tuple(sorted(set(units.index) - set(frame.index))),
        "parents": gpd.GeoDataFrame(
            geometry=outline.to_numpy(), index=outline.index.rename(UNIT), crs=frame.crs
        ),
        "share_error": float((drawn / wanted.reindex(frame.index) - 1).abs().max()),
    }
    return frame
