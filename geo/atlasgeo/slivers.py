"""What is too narrow to be ground: slivers, gaps between units, strips open to the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlasgeo.faults import Fault, inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["narrow_holes", "open_gaps", "sliver_width", "without_slivers"]

GAP_SHARE = 3e-3
"""A gap is closed up to this share of the side of the middle unit: 250 m where units measure 85 km."""

LONG_STRIP = 10
"""A strip open to the outside is an untidy border where it is this many times as long as it is wide."""


def sliver_width(shapes: NDArray[np.object_]) -> float:
    """Return the width up to which a gap is an untidy border: GAP_SHARE of the side of the middle unit."""
    return float(GAP_SHARE * np.sqrt(np.median(shapely.area(shapes)))) if len(shapes) else 0.0


def without_slivers(
    shapes: NDArray[np.object_], codes: list[str], width: float
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes without detached parts narrower than `width` that touch another unit."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    areas = shapely.area(parts)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, owner, areas)
    small = np.flatnonzero(_narrow(parts, width) & (areas < largest[owner]))
    which, near = shapely.STRtree(shapes).query(parts[small], predicate="intersects")
    drop = np.unique(small[which[near != owner[small[which]]]])
    if not len(drop):
        return shapes, []
    kept = shapes.copy()
    for unit in np.unique(owner[drop]):
        rest = parts[np.setdiff1d(np.flatnonzero(owner == unit), drop)]
        kept[unit] = rest[0] if len(rest) == 1 else shapely.multipolygons(rest)
    faults = [
        Fault("sliver", (codes[owner[p]],), float(areas[p]), inside(parts[p]), "given to its neighbour")
        for p in drop
    ]
    return kept, faults


def _narrow(parts: NDArray[np.object_], width: float) -> NDArray[np.bool_]:
    """Tell which polygons vanish when a line `width` wide is drawn along their outline."""
    narrow = np.asarray(2 * shapely.area(parts) < width * shapely.length(parts))
    narrow[narrow] = shapely.is_empty(shapely.buffer(parts[narrow], -width / 2))
    return narrow


def narrow_holes(shapes: NDArray[np.object_], width: float) -> NDArray[np.object_]:
    """Return the gaps narrower than `width` that units close in on all sides."""
    rings, owner = shapely.get_rings(shapely.get_parts(shapely.union_all(shapes)), return_index=True)
    inner = np.flatnonzero(owner[1:] == owner[:-1]) + 1  # the first ring of a polygon is its shell
    holes = shapely.polygons(rings[inner])
    return np.asarray(holes[_narrow(holes, width)])


def open_gaps(shapes: NDArray[np.object_], width: float) -> list[tuple[shapely.Geometry, NDArray[np.int64]]]:
    """Return the strips narrower than `width` between units, open to the outside, and the units beside.

    The acute corners that borders make with a coast are no strips: those are longer than LONG_STRIP widths.
    """
    edges = shapely.coverage_invalid_edges(shapes, gap_width=width)
    lines = shapely.get_parts(shapely.line_merge(edges[~shapely.is_empty(edges)]))
    lines = lines[shapely.length(lines) > LONG_STRIP * width]
    if not len(lines):
        return []
    zone = shapely.union_all(shapely.buffer(lines, width, cap_style="flat"))
    tree = shapely.STRtree(shapes)
    beside = tree.query(zone, predicate="intersects")
    strips = []
    for piece in shapely.get_parts(shapely.difference(zone, shapely.union_all(shapes[beside]))):
        near = tree.query(piece, predicate="intersects")
        borders = shapely.length(shapely.intersection(piece.boundary, shapes[near]))
        near = near[np.argsort(-borders, kind="stable")]
        if np.sum(borders > LONG_STRIP / 2 * width) > 1:
            strips.append((piece, near))
    return strips
