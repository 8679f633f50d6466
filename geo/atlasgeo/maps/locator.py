"""Where one unit lies: the whole country in one grey, the unit in one dark colour, as a small SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.maps.outlines import polygons_of
from atlasgeo.maps.palettes import PAPER

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

__all__ = ["LOCATED", "REST", "locator_paths", "locator_svg"]

LOCATED: Final = "#7f2a3c"
REST: Final = "#e3e1dc"
_RING: Final = 7.0  # points: a unit smaller than this gets a ring


def locator_paths(shapes: gpd.GeoDataFrame, *, width: float = 160.0) -> dict[str, str]:
    """Return the SVG path of each unit on a picture `width` points wide, simplified as a coverage to it.

    Parameters
    ----------
    shapes : GeoDataFrame
        Indexed by unit code, in a metric CRS.
    width : float
        Points.

    Returns
    -------
    dict of code -> str
        Under the empty code stands the height of the picture in points.

    Raises
    ------
    BoundaryError
        If there is nothing to draw.
    """
    import shapely

    geometry = np.asarray(shapes.geometry.to_numpy(), dtype=object)
    left, bottom, right, top = shapely.total_bounds(geometry)
    if not right > left or not top > bottom:
        raise BoundaryError("there is no area to draw", found=f"{len(shapes)} shapes", expected="polygons")
    scale = width / (right - left)
    simple = shapely.coverage_simplify(geometry, 0.5 / scale)
    paths = {
        str(code): _path(shape, left, top, scale) for code, shape in zip(shapes.index, simple, strict=True)
    }
    return {**paths, "": f"{(top - bottom) * scale:.1f}"}


def locator_svg(paths: Mapping[str, str], code: str, *, width: float = 160.0) -> str:
    """Return the picture of all units with `code` stressed, and a ring around it where it is tiny.

    Raises
    ------
    BoundaryError
        If `code` is not among the units.
    """
    if not code or code not in paths:
        raise BoundaryError(
            "no such unit on the locator map", found=code, expected=", ".join(nearest(code, paths))
        )
    rest = "".join(paths[other] for other in paths if other not in {"", code})
    x, y, size = _middle(paths[code])
    ring = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RING}" fill="none" stroke="{LOCATED}" stroke-width="1.2"/>'
        if size < _RING
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width + 16:g} {float(paths[""]) + 16:g}">'
        f'<path d="{rest}" fill="{REST}" stroke="{PAPER}" stroke-width="0.6"/>'
        f'<path d="{paths[code]}" fill="{LOCATED}" stroke="{PAPER}" stroke-width="0.6"/>{ring}</svg>'
    )


def _path(shape: Any, left: float, top: float, scale: float) -> str:
    rings = [ring for polygon in polygons_of(shape) for ring in polygon]
    parts = []
    for ring in rings:
        points = (ring[:-1] - np.array([left, top])) * np.array([scale, -scale])
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(parts)


def _middle(path: str) -> tuple[float, float, float]:
    points: npt.NDArray[np.float64] = np.array(
        [pair.split() for part in path.split("Z") if part for pair in part[1:].split("L")], dtype=float
    )
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), float((high - low).max())
