"""Circles around every unit, up to a share of the population: the windows of a spatial scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError, BoundaryError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Windows", "build_windows", "places_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Nested circles around each centre.

    Attributes
    ----------
    order : array of int, shape (n, n)
        Units by distance from each centre, nearest first; equally far units by code.
    distance : array, shape (n, n)
        Their distances.
    size : tuple of arrays
        For each centre, how many of its nearest units each circle holds: one circle a distinct distance,
        so that units equally far enter together.
    """

    order: Places
    distance: Floats
    size: tuple[Places, ...]

    @property
    def count(self) -> int:
        """Return the number of circles."""
        return sum(len(sizes) for sizes in self.size)


def places_of(points: gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame) -> pd.DataFrame:
    """Return ``x`` and ``y`` of every unit, in metres.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries or DataFrame
        Points or polygons (their centroid) in a projected CRS, or a table with the columns ``x`` and ``y``.

    Raises
    ------
    BoundaryError
        The CRS is not projected or not known, a shape is missing, or the table has no ``x`` and ``y``.
    """
    shapes = getattr(points, "geometry", points)
    if not hasattr(shapes, "crs"):
        if not {"x", "y"} <= set(points.columns):
            raise BoundaryError(
                "places need x and y", found=list(points.columns)[:10], expected="x, y in metres"
            )
        table = points[["x", "y"]].astype(float)
    else:
        if shapes.crs is None or not shapes.crs.is_projected:
            raise BoundaryError(
                "distances need a projected coordinate system",
                found=str(shapes.crs),
                fix="reproject to the country's metric CRS first",
            )
        centres = shapes.centroid
        table = pd.DataFrame({"x": centres.x, "y": centres.y}, index=shapes.index)
    if not np.isfinite(table.to_numpy(dtype=float)).all():
        lost = table.index[~np.isfinite(table.to_numpy(dtype=float)).all(axis=1)]
        raise BoundaryError(
            "units without a place", found=list(lost[:5]), fix="give a point or leave the unit out"
        )
    return table


def build_windows(xy: Floats, population: Floats, *, max_share: float) -> Windows:
    """Return the circles around each unit that hold at most `max_share` of the population.

    Parameters
    ----------
    xy : array, shape (n, 2)
    population : array, shape (n,)
    max_share : float
        In (0, 0.5] for a scan that means a minority; up to 1 is allowed. A centre whose own population is
        above the share has no circle.

    Notes
    -----
    O(n^2 log n) time and O(n^2) memory.
    """
    if not 0 < max_share <= 1:
        raise AnalysisError("max_share is a share of the population", found=max_share, expected="0.5, say")
    distance = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1])
    slack = 1e-9 * max(float(distance.max(initial=0.0)), 1.0)
    order = np.argsort(np.round(distance / slack), axis=1, kind="stable").astype(np.intp)
    sorted_distance = np.take_along_axis(distance, order, axis=1)
    inside = np.cumsum(population[order], axis=1) <= max_share * population.sum() * (1 + 1e-12)
    last = np.ones_like(inside)
    last[:, :-1] = np.diff(sorted_distance, axis=1) > slack
    sizes = tuple(np.flatnonzero(row) + 1 for row in inside & last)
    return Windows(order, sorted_distance, sizes)
