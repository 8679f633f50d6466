"""Shapes as lists of rings and as paths that can be filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.path import Path
    from shapely import Geometry

__all__ = ["polygons_of", "shape_path"]

Floats = npt.NDArray[np.float64]


def polygons_of(shape: Geometry) -> list[list[Floats]]:
    """Return the rings of each polygon of a shape, outer ring first."""
    import shapely

    found = []
    for part in shapely.get_parts(shape):
        if shapely.get_dimensions(part) == 2 and not part.is_empty:
            rings = [part.exterior, *part.interiors]
            found.append([shapely.get_coordinates(ring) for ring in rings])
    return found


def shape_path(shape: Geometry) -> Path:
    """Return the outline of a shape, holes and all, as one path."""
    from matplotlib.path import Path

    vertices: list[npt.NDArray[np.float64]] = [np.empty((0, 2))]
    codes: list[npt.NDArray[np.uint8]] = [np.empty(0, dtype=np.uint8)]
    for rings in polygons_of(shape):
        for ring in rings:
            step = np.full(len(ring), Path.LINETO, dtype=np.uint8)
            step[0], step[-1] = Path.MOVETO, Path.CLOSEPOLY
            vertices.append(ring)
            codes.append(step)
    return Path(np.concatenate(vertices), np.concatenate(codes))
