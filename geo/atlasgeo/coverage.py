"""Mend a coverage: valid rings, no overlaps, no gaps, no slivers, and a list of all that was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlasgeo.errors import BoundaryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fault", "mend_coverage", "mend_rings", "sliver_width", "touching_pairs"]

GAP_SHARE = 3e-3
"""A gap is closed up to this share of the side of the middle unit: 250 m where units measure 85 km."""

LARGEST_OVERLAP = 0.5
"""A unit that would lose more than this share of itself to a neighbour is not an untidy border."""


@dataclass(frozen=True)
class Fault:
    """One thing that was wrong with a layer, and what was done.

    Attributes
    ----------
    kind : str
        ``invalid ring``, ``duplicate vertices``, ``overlap``, ``gap``, ``sliver``, ``no shape``, ``axis
        order``, ``antimeridian``, ``no CRS``.
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
    kept, slivers = _without_slivers(shapes, codes, width)
    faults = [*slivers]
    if not slivers and bool(shapely.coverage_is_valid(kept, gap_width=width)) and not len(_gaps(kept, width)):
        return shapes, ()
    overlaps = _overlaps(kept, codes)
    _refuse_same_ground(kept, overlaps)
    gaps = _gaps(kept, width)
    mended = _clean(kept, width)
    mended, filled = _fill(mended, codes, gaps)
    faults += [*(fault for fault, _ in overlaps), *filled]
    return mended, tuple(faults)


def sliver_width(shapes: NDArray[np.object_]) -> float:
    """Return the width up to which a gap is an untidy border: GAP_SHARE of the side of the middle unit."""
    return float(GAP_SHARE * np.sqrt(np.median(shapely.area(shapes)))) if len(shapes) else 0.0


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


def _inside(shape: shapely.Geometry) -> tuple[float, float]:
    point = shapely.point_on_surface(shape)
    return float(point.x), float(point.y)


def _overlaps(shapes: NDArray[np.object_], codes: list[str]) -> list[tuple[Fault, tuple[int, int]]]:
    """Return each overlap of two units: the smaller unit first, because it keeps the ground."""
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = [(i, j) for i, j in zip(left, right, strict=True) if i < j]
    if not pairs:
        return []
    i, j = np.array(pairs).T
    rough = ~shapely.touches(shapes[i], shapes[j])
    i, j = i[rough], j[rough]
    common = shapely.intersection(shapes[i], shapes[j])
    areas = shapely.area(common)
    found = []
    for a, b, shape, area in zip(i, j, common, areas, strict=True):
        if area > 0:
            small, large = (a, b) if shapes[a].area <= shapes[b].area else (b, a)
            fault = Fault(
                "overlap",
                (codes[small], codes[large]),
                float(area),
                _inside(shape),
                f"given to {codes[small]}",
            )
            found.append((fault, (int(small), int(large))))
    return found


def _refuse_same_ground(shapes: NDArray[np.object_], overlaps: list[tuple[Fault, tuple[int, int]]]) -> None:
    lost = np.zeros(len(shapes))
    for fault, (_, large) in overlaps:
        lost[large] += fault.measure
    share = lost / shapely.area(shapes)
    if not (share > LARGEST_OVERLAP).any():
        return
    worst = int(np.argmax(share))
    fault = next(f for f, (_, large) in overlaps if large == worst)
    raise BoundaryError(
        "units cover the same ground",
        where=f"near {fault.place}",
        found=f"{fault.units[1]} loses {share[worst]:.0%} of its area to {fault.units[0]} and others",
        expected="shapes of one level that overlap by slivers at most",
        fix="keep one level and one vintage in the file",
    )


def _without_slivers(
    shapes: NDArray[np.object_], codes: list[str], width: float
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes without detached parts narrower than `width` that touch another unit."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    small = np.flatnonzero(_narrow(parts, width))
    main = np.zeros(len(shapes))
    np.maximum.at(main, owner, shapely.area(parts))
    small = np.array([p for p in small if shapely.area(parts[p]) < main[owner[p]]], dtype=int)
    if not len(small):
        return shapes, []
    which, near = shapely.STRtree(shapes).query(parts[small], predicate="intersects")
    drop = sorted({int(small[w]) for w, n in zip(which, near, strict=True) if n != owner[small[w]]})
    keep = np.ones(len(parts), dtype=bool)
    keep[drop] = False
    kept = np.array(
        [
            shapes[k]
            if not set(drop) & set(np.flatnonzero(owner == k))
            else _joined(parts[keep & (owner == k)])
            for k in range(len(shapes))
        ],
        dtype=object,
    )
    faults = [
        Fault("sliver", (codes[owner[p]],), float(parts[p].area), _inside(parts[p]), "given to its neighbour")
        for p in drop
    ]
    return kept, faults


def _joined(parts: NDArray[np.object_]) -> shapely.Geometry:
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _narrow(parts: NDArray[np.object_], width: float) -> NDArray[np.bool_]:
    """Tell which polygons vanish when their outline is drawn `width` wide."""
    suspect = 2 * shapely.area(parts) < width * shapely.length(parts)
    narrow = np.zeros(len(parts), dtype=bool)
    narrow[suspect] = shapely.is_empty(shapely.buffer(parts[suspect], -width / 2))
    return narrow


def _clean(shapes: NDArray[np.object_], width: float) -> NDArray[np.object_]:
    """Return a valid coverage whose units keep their ground; nodes are snapped where that does no harm."""
    before = shapely.area(shapes)
    for snapping in (-1, 0.0):
        mended = np.asarray(
            shapely.coverage_clean(
                shapes, gap_width=width, snapping_distance=snapping, merge_strategy="min_area"
            )
        )
        if bool(shapely.coverage_is_valid(mended)) and bool(
            (shapely.area(mended) > LARGEST_OVERLAP * before).all()
        ):
            return mended
    raise BoundaryError(
        "the shapes could not be made to meet",
        expected="a coverage without gaps and overlaps",
        fix="mend the file in a GIS, then read it again",
    )


def _gaps(shapes: NDArray[np.object_], width: float) -> NDArray[np.object_]:
    """Return the stretches between units that are narrower than `width`, closed or open to the outside."""
    union = shapely.union_all(shapes)
    closed = shapely.buffer(
        shapely.buffer(union, width / 2, join_style="mitre"), -width / 2, join_style="mitre"
    )
    pieces = shapely.get_parts(shapely.difference(closed, union))
    if not len(pieces):
        return pieces
    pieces = pieces[shapely.area(pieces) > (width * 1e-3) ** 2]
    which, _ = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    return pieces[np.flatnonzero(np.bincount(which, minlength=len(pieces)) > 1)]


def _fill(
    shapes: NDArray[np.object_], codes: list[str], gaps: NDArray[np.object_]
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes that have taken the gaps, each by the unit with the longest border to it."""
    if not len(gaps):
        return shapes, []
    filled = shapes.copy()
    faults = []
    tree = shapely.STRtree(shapes)
    for gap in gaps:
        near = tree.query(gap, predicate="intersects")
        taken = next((k for k in near if shapely.contains(shapes[k], shapely.point_on_surface(gap))), None)
        if taken is None:
            borders = shapely.length(shapely.intersection(shapely.boundary(gap), shapes[near]))
            taken = near[int(np.argmax(borders))]
            filled[taken] = shapely.union(filled[taken], gap)
        names = (codes[taken], *(codes[k] for k in near if k != taken))
        faults.append(Fault("gap", names, float(gap.area), _inside(gap), f"given to {codes[taken]}"))
    if not bool(shapely.coverage_is_valid(filled)):
        filled = np.asarray(shapely.coverage_clean(filled, merge_strategy="min_area"))
    return filled, faults
