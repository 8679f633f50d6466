"""Projections: axis order, the antimeridian, and equal area centred on the data."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlasgeo.errors import BoundaryError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS, Transformer

__all__ = [
    "crosses_antimeridian",
    "equal_area",
    "known_crs",
    "looks_swapped",
    "project",
    "swap_axes",
    "to_degrees",
    "unwrap",
]


def known_crs(given: object, *, where: str | None = None) -> CRS:
    """Return the coordinate system that `given` names.

    Raises
    ------
    BoundaryError
        If pyproj knows none.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(given)
    except CRSError as error:
        raise BoundaryError(
            "the coordinate system is not known",
            where=where,
            found=str(given)[:120],
            expected="an EPSG code such as 'EPSG:4326', a PROJ string or WKT",
        ) from error


def equal_area(shapes: NDArray[np.object_]) -> CRS:
    """Return the Lambert azimuthal equal-area system centred on geographic `shapes` (degrees).

    The centre is the middle of the bounding box, rounded to 0.01 degree, on the sphere of longitudes: a
    country on the antimeridian has its centre in it, not on the other side of the Earth.
    """
    from pyproj import CRS

    west, south, east, north = _bounds(shapes)
    lon = round((west + east) / 2, 2)
    lon = lon - 360 if lon > 180 else lon
    lat = round(float(np.clip((south + north) / 2, -90, 90)), 2)
    return CRS.from_user_input(
        f"+proj=laea +lat_0={lat:g} +lon_0={lon:g} +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
    )


def project(shapes: NDArray[np.object_], source: object, target: object) -> NDArray[np.object_]:
    """Return shapes in another coordinate system, vertex by vertex."""
    if source == target:
        return shapes
    return np.asarray(shapely.transform(shapes, _transformer(source, target).transform, interleaved=False))


@lru_cache(maxsize=64)
def _transformer(source: object, target: object) -> Transformer:
    """Return the way from one coordinate system to another: PROJ may weigh hundreds, once is enough."""
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def to_degrees(shapes: NDArray[np.object_], source: CRS) -> NDArray[np.object_]:
    """Return shapes in longitude and latitude."""
    return shapes if source.is_geographic else project(shapes, source, "EPSG:4326")


def looks_swapped(shapes: NDArray[np.object_]) -> bool:
    """Tell whether geographic shapes have latitude first: beyond 90 in the second place only."""
    west, south, east, north = shapely.total_bounds(shapes)
    return bool(
        max(abs(south), abs(north)) > 90
        and max(abs(west), abs(east)) <= 90
        and max(abs(south), abs(north)) <= 360
    )


def swap_axes(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes with the two coordinates changed over."""
    return np.asarray(shapely.transform(shapes, lambda xy: xy[:, ::-1]))


def crosses_antimeridian(shapes: NDArray[np.object_]) -> bool:
    """Tell whether geographic shapes lie on both sides of 180 degrees and nowhere between."""
    lower, upper = _spans(shapes)
    if not len(lower) or upper.max() - lower.min() <= 180:
        return False
    return _widest_gap(lower, upper)[0] >= 180


def unwrap(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes with western longitudes moved to beyond 180 and the halves of each unit joined."""

    def shift(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]])

    moved = np.asarray(shapely.transform(shapes, shift))
    return np.array([shapely.union_all(shapely.get_parts(shape)) for shape in moved], dtype=object)


def _bounds(shapes: NDArray[np.object_]) -> tuple[float, float, float, float]:
    """Return west, south, east, north; east is beyond 180 where the shapes cross the antimeridian."""
    west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
    if crosses_antimeridian(shapes):
        _, west, east = _widest_gap(*_spans(shapes))
    return west, south, east, north


def _spans(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bounds = shapely.bounds(shapely.get_parts(shapes))
    return bounds[:, 0], bounds[:, 2]


def _widest_gap(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the widest empty stretch of longitudes, and where the shapes begin and end around it."""
    order = np.argsort(lower)
    reach = np.maximum.accumulate(upper[order])
    gaps = lower[order][1:] - reach[:-1]
    if not len(gaps):
        return 0.0, float(lower.min()), float(upper.max())
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(lower[order][widest + 1]), float(reach[widest]) + 360
