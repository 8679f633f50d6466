"""One thing that was wrong with a layer of shapes."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

__all__ = ["AREAL_FAULTS", "Fault", "inside"]

AREAL_FAULTS = frozenset({"overlap", "gap", "hole", "sliver", "invalid ring"})
"""Kinds of fault whose measure is an area."""


@dataclass(frozen=True)
class Fault:
    """One thing that was wrong with a layer, and what was done.

    Attributes
    ----------
    kind : str
        ``invalid ring``, ``duplicate vertices``, ``overlap``, ``gap``, ``hole`` (a gap within a unit),
        ``sliver``, ``no shape``, ``axis order``, ``antimeridian``, ``no CRS``.
    units : tuple of str
        Codes concerned, the one that gained ground first.
    measure : float
        How much: vertices, or an area in squared units of the coordinates (`BoundaryReport` gives km2).
    place : tuple of float or None
        A point inside the fault, in the coordinates of the file.
    done : str
        What was done about it.
    """

    kind: str
    units: tuple[str, ...]
    measure: float
    place: tuple[float, float] | None
    done: str

    def __str__(self) -> str:
        """Return the fault as a line of a report."""
        place = f" at {self.place[0]:.4f}, {self.place[1]:.4f}" if self.place else ""
        return f"{self.kind}: {', '.join(self.units) or 'whole layer'}{place}: {self.done}"


def inside(shape: shapely.Geometry) -> tuple[float, float]:
    """Return a point inside a shape, for the report."""
    point = shapely.point_on_surface(shape)
    return float(point.x), float(point.y)
