"""Mend a coverage: valid rings, no overlaps, no gaps, no slivers, and a list of all that was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlasgeo.errors import BoundaryError
from atlasgeo.faults import Fault, inside
from atlasgeo.slivers import narrow_holes, open_gaps, sliver_width, without_slivers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mend_coverage", "mend_rings", "touching_pairs"]

LARGEST_OVERLAP = 0.5
"""A unit that would lose more than this share of itself to a neighbour is not an untidy border."""


def mend_rings(
    shapes: NDArray[np.object_], codes: Iterable[str]
) -> tuple[NDArray[np.object_], tuple[Fault, ...]]:
    """Return valid shapes without repeated vertices, and what was wrong.

    Rings are rebuilt by structure (a crossing ring is split, a hole outside its shell becomes a part); pieces
    without area are dropped.

    Raises
    ------
    BoundaryError
        If nothing with an area is left of a unit.
    """
    codes = list(codes)
    bare = np.asarray(shapely.force_2d(shapes))
    clean = np.asarray(shapely.remove_repeated_points(bare))
    lost = shapely.get_num_coordinates(bare) - shapely.get_num_coordinates(clean)
    faults = [
        Fault("duplicate vertices", (codes[i],), float(lost[i]), None, "removed")
        for i in np.flatnonzero(lost > 0)
    ]
    broken = np.flatnonzero(~shapely.is_valid(clean))
    if len(broken):
        reasons = shapely.is_valid_reason(clean[broken])
        clean[broken] = shapely.make_valid(clean[broken], method="structure", keep_collapsed=False)
        clean[broken] = [_polygonal(shape) for shape in clean[broken]]
        for i, reason in zip(broken, reasons, strict=True):
            if shapely.is_empty(clean[i]):
                raise BoundaryError(
                    f"unit {codes[i]} has no area",
                    found=str(reason),
                    expected="a polygon",
                    fix="mend the file",
                )
            change = abs(shapely.area(clean[i]) - shapely.area(bare[i]))
            faults.append(
                Fault("invalid ring", (codes[i],), float(change), _place(reason), f"rebuilt ({reason})")
            )
    return clean, tuple(faults)


def mend_coverage(
    shapes: NDArray[np.object_], codes: Iterable[str], *, gap_width: float | None = None
) -> tuple[NDArray[np.object_], tuple[Fault, ...]]:
    """Return shapes that meet exactly, without gaps or overlaps, and what was mended.

    An overlap goes to the smaller of the units in it, so that a city drawn over its oblast keeps its ground.
    Gaps narrower than `gap_width`, closed or open to the outside, and slivers (detached parts as narrow as
    that which touch another unit) go to the neighbour with the longest border. A layer that is a valid
    coverage without slivers is returned as it is.

    Parameters
    ----------
    shapes : array of Polygon or MultiPolygon
        Valid (see `mend_rings`).
    codes : iterable of str
    gap_width : float, optional
        In units of the coordinates; the default is `sliver_width`.

    Raises
    ------
    BoundaryError
        If two units cover the same ground, so that more than half of one would be given away.
    """
    codes = list(codes)
    width = sliver_width(shapes) if gap_width is None else gap_width
    kept, faults = without_slivers(shapes, codes, width)
    if faults or not bool(shapely.coverage_is_valid(kept)):
        overlaps = _overlaps(kept, codes)
        _refuse_same_ground(kept, codes, overlaps)
        holes = narrow_holes(kept, width)
        before = int(shapely.get_num_coordinates(kept).sum())
        kept = _clean(kept, width)
        faults += [*overlaps, *_closed(holes, kept, codes)]
        faults = faults or [_unmatched(int(shapely.get_num_coordinates(kept).sum()) - before)]
    strips = open_gaps(kept, width)
    if strips:
        kept, closed = _fill(kept, codes, strips, width)
        faults += closed
    return (kept, tuple(faults)) if faults else (shapes, ())


def touching_pairs(shapes: NDArray[np.object_], codes: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return the pairs of codes whose shapes share at least a point."""
    names = list(codes)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return frozenset(
        (min(names[i], names[j]), max(names[i], names[j])) for i, j in zip(left, right, strict=True) if i < j
    )


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    areas = [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 0]
    if not areas:
        return shapely.Polygon()
    return areas[0] if len(areas) == 1 else shapely.union_all(areas)


def _place(reason: str) -> tuple[float, float] | None:
    """Return the point that GEOS puts in square brackets at the end of a reason."""
    if "[" not in reason:
        return None
    numbers = reason.rsplit("[", 1)[1].rstrip("]").split()
    return float(numbers[0]), float(numbers[1])


def _overlaps(shapes: NDArray[np.object_], codes: list[str]) -> list[Fault]:
    """Return each overlap of two units: the smaller unit first, because it keeps the ground."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    left, right = left[left < right], right[left < right]
    rough = ~shapely.touches(shapes[left], shapes[right])
    left, right = left[rough], right[rough]
    common = shapely.intersection(shapes[left], shapes[right])
    found = []
    for i, j, shape in zip(left, right, common, strict=True):
        if shape.area > 0:
            small, large = (i, j) if shapes[i].area <= shapes[j].area else (j, i)
            names = (codes[small], codes[large])
            found.append(Fault("overlap", names, float(shape.area), inside(shape), f"given to {names[0]}"))
    return found


def _refuse_same_ground(shapes: NDArray[np.object_], codes: list[str], overlaps: list[Fault]) -> None:
    lost = dict.fromkeys(codes, 0.0)
    for fault in overlaps:
        lost[fault.units[1]] += fault.measure
    share = {code: lost[code] / shapes[i].area for i, code in enumerate(codes)}
    worst = max(share, key=lambda code: share[code])
    if share[worst] <= LARGEST_OVERLAP:
        return
    fault = next(fault for fault in overlaps if fault.units[1] == worst)
    raise BoundaryError(
        "units cover the same ground",
        where=f"near {fault.place}",
        found=f"{worst} loses {share[worst]:.0%} of its area to {fault.units[0]} and others",
        expected="shapes of one level that overlap by slivers at most",
        fix="keep one level and one vintage in the file",
    )


def _clean(shapes: NDArray[np.object_], width: float) -> NDArray[np.object_]:
    """Return a valid coverage whose units keep their ground; nodes are snapped where that does no harm."""
    before = shapely.area(shapes)
    for snapping in (-1, 0.0):
        with np.errstate(invalid="ignore"):  # GEOS may leave a floating-point flag behind
            mended = np.asarray(
                shapely.coverage_clean(
                    shapes, gap_width=width, snapping_distance=snapping, merge_strategy="min_area"
                )
            )
        kept = bool((shapely.area(mended) >= (1 - LARGEST_OVERLAP) * before).all())
        if kept and bool(shapely.coverage_is_valid(mended)):
            return mended
    raise BoundaryError(
        "the shapes could not be made to meet",
        expected="a coverage without gaps and overlaps",
        fix="mend the file in a GIS, then read it again",
    )


def _unmatched(added: int) -> Fault:
    """Return the fault of a layer whose units meet, but not vertex by vertex."""
    return Fault(
        "unmatched vertices", (), float(added), None, "both sides of a border have the same ones now"
    )


def _closed(holes: NDArray[np.object_], shapes: NDArray[np.object_], codes: list[str]) -> list[Fault]:
    """Return the gaps that cleaning has closed, each with the unit that has it now."""
    if not len(holes):
        return []
    points = shapely.point_on_surface(holes)
    tree = shapely.STRtree(shapes)
    faults = []
    for hole, owner in zip(*tree.query(points, predicate="intersects"), strict=True):
        near = [codes[k] for k in tree.query(holes[hole], predicate="intersects") if k != owner]
        area, place = float(holes[hole].area), inside(holes[hole])
        kind = "gap" if near else "hole"
        faults.append(Fault(kind, (codes[owner], *near), area, place, f"given to {codes[owner]}"))
    return faults


def _fill(
    shapes: NDArray[np.object_],
    codes: list[str],
    strips: list[tuple[shapely.Geometry, NDArray[np.int64]]],
    width: float,
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes that have taken the strips, each by the unit with the longest border to it."""
    filled = shapes.copy()
    faults = []
    for strip, near in strips:
        owner = near[0]
        filled[owner] = shapely.union(filled[owner], strip)
        names = tuple(codes[k] for k in near)
        faults.append(Fault("gap", names, float(strip.area), inside(strip), f"given to {names[0]}"))
    return _clean(filled, width), faults
