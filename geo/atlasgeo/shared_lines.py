"""Which pairs of shapes share a line: by equal edges first, then what little is left by geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["share_a_line"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
Shapes = NDArray[np.object_]

_POLYGONS: Final = (3, 6)
_PARALLEL: Final = 0.05  # sine of the angle below which two edges may run along each other
_MOST_PAIRS_OF_EDGES: Final = 10_000  # of two shapes; more are left to the geometry library
_AT_ONCE: Final = 2_000_000  # rows of the tables that are laid out at a time
_MIX: Final = tuple(
    np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges of all rings: the shape that each belongs to (sorted), and both ends."""

    owner: Places
    start: Floats
    end: Floats

    def of(self, shapes: Places, n: int) -> tuple[Places, Places]:
        """Return the places of the edges of each of `shapes` (of `n` in all), and whose turn each is."""
        first = np.searchsorted(self.owner, np.arange(n + 1))
        count = np.diff(first)[shapes]
        turn = np.repeat(np.arange(shapes.size), count)
        within = np.arange(turn.size) - np.repeat(np.cumsum(count) - count, count)
        return first[shapes][turn] + within, turn


def share_a_line(shapes: Shapes, first: Places, second: Places, *, least: float, touch: float) -> Flags:
    """Return which pairs share a line that is longer than `least`, hairline gaps and overlaps allowed.

    Parameters
    ----------
    shapes : array of geometries
        Valid ones.
    first, second : arrays of int
        Places in `shapes` of each pair; shapes of a pair lie within `touch` of each other.
    least : float
        A shared border is longer than this; shapes that meet in points share none.
    touch : float
        Borders this close are one.

    Returns
    -------
    array of bool
        Shapes that overlap, or lie in each other, share a line too.

    Notes
    -----
    Two shapes of a clean map share whole edges: these are found by sorting all edges once, O(m log m) in the
    number of edges. Pairs whose boxes meet in a point share none. Only the others are intersected, and of
    these only those with edges that run along each other within `touch` are measured again for a gap.
    """
    if not first.size:
        return np.zeros(0, dtype=bool)
    edges = _edges_of(shapes)
    shared = _equal_edges(edges, first, second, n=len(shapes), least=least)
    open_ = np.flatnonzero(~shared)
    open_ = open_[_boxes_meet(shapes, first[open_], second[open_], least=least, touch=touch)]
    across = shapely.length(shapely.intersection(shapes[first[open_]], shapes[second[open_]])) > least
    shared[open_[across]] = True
    open_ = open_[~across]
    alongside = _alongside(edges, shapes, (first[open_], second[open_]), least=least, reach=2 * touch)
    open_ = open_[alongside]
    if open_.size:
        near = shapely.buffer(shapes[second[open_]], 2 * touch)
        along = shapely.intersection(shapely.boundary(shapes[first[open_]]), near)
        shared[open_] = shapely.length(along) > least
    return shared


def _edges_of(shapes: Shapes) -> _Edges:
    """Return the edges of the polygons among `shapes`; negative zeros are zeros."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygons = shapely.get_type_id(parts) == 3
    rings, part = shapely.get_rings(parts[polygons], return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    points = points + 0.0
    inside = ring[1:] == ring[:-1]
    whose = owner[polygons][part][ring[:-1][inside]]
    return _Edges(whose.astype(np.intp), points[:-1][inside], points[1:][inside])


def _equal_edges(edges: _Edges, first: Places, second: Places, *, n: int, least: float) -> Flags:
    """Return which pairs have edges in common, from end to end, of more than `least` in all."""
    turned = (edges.start[:, 0] > edges.end[:, 0]) | (
        (edges.start[:, 0] == edges.end[:, 0]) & (edges.start[:, 1] > edges.end[:, 1])
    )
    ends = np.where(turned[:, None], np.hstack([edges.end, edges.start]), np.hstack([edges.start, edges.end]))
    key = _mixed(ends)
    order = np.argsort(key)
    key, ends, owner = key[order], ends[order], edges.owner[order]
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    pairs, lengths = [], []
    here, step = np.arange(key.size - 1), 1
    while here.size:
        here = here[key[here] == key[here + step]]
        same = here[(ends[here] == ends[here + step]).all(axis=1) & (owner[here] != owner[here + step])]
        one, two = owner[same], owner[same + step]
        pairs.append(np.minimum(one, two) * n + np.maximum(one, two))
        lengths.append(length[same])
        step += 1
        here = here[here + step < key.size]
    if not pairs:
        return np.zeros(first.size, dtype=bool)
    found, place = np.unique(np.concatenate(pairs), return_inverse=True)
    total = np.bincount(place, weights=np.concatenate(lengths), minlength=found.size)
    return np.isin(np.minimum(first, second) * n + np.maximum(first, second), found[total > least])


def _mixed(ends: Floats) -> NDArray[np.uint64]:
    """Return one whole number a row, equal for equal rows; unequal rows nearly always differ."""
    bits = np.ascontiguousarray(ends).view(np.uint64)
    key = np.zeros(len(bits), dtype=np.uint64)
    for column, odd in enumerate(_MIX):
        key = (key ^ bits[:, column]) * odd
        key ^= key >> np.uint64(29)
    return key


def _boxes_meet(shapes: Shapes, first: Places, second: Places, *, least: float, touch: float) -> Flags:
    """Return which pairs have boxes that have room for a line of `least` in common."""
    left, right = shapely.bounds(shapes[first]), shapely.bounds(shapes[second])
    low, high = np.maximum(left[:, :2], right[:, :2]), np.minimum(left[:, 2:], right[:, 2:])
    return np.asarray((high - low + 2 * touch).sum(axis=1) > least / 2)


def _alongside(
    edges: _Edges, shapes: Shapes, pairs: tuple[Places, Places], *, least: float, reach: float
) -> Flags:
    """Return which pairs may have edges that run along each other within `reach`.

    What is no polygon, and shapes with very many edges near each other, may always.
    """
    maybe = ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
    result = np.asarray(maybe[pairs[0]] | maybe[pairs[1]])
    count = np.bincount(edges.owner, minlength=len(shapes))
    left = np.flatnonzero(~result)
    for block in _blocks(left, count[pairs[0][left]] + count[pairs[1][left]]):
        result[block] = _block_alongside(
            edges, shapes, (pairs[0][block], pairs[1][block]), least=least, reach=reach
        )
    return result


def _blocks(places: Places, rows: Places) -> list[Places]:
    """Return `places` in blocks that make about `_AT_ONCE` rows each."""
    load = np.cumsum(rows)
    return (
        np.split(places, np.searchsorted(load, np.arange(_AT_ONCE, load[-1], _AT_ONCE))) if load.size else []
    )


def _block_alongside(
    edges: _Edges, shapes: Shapes, pairs: tuple[Places, Places], *, least: float, reach: float
) -> Flags:
    """Return the same for a block of pairs of polygons."""
    boxes = [shapely.bounds(shapes[side]) for side in pairs]
    low = np.maximum(boxes[0][:, :2], boxes[1][:, :2]) - reach
    high = np.minimum(boxes[0][:, 2:], boxes[1][:, 2:]) + reach
    sides = []
    for side in pairs:
        edge, turn = edges.of(side, len(shapes))
        near = (np.minimum(edges.start[edge], edges.end[edge]) <= high[turn]).all(axis=1)
        near &= (np.maximum(edges.start[edge], edges.end[edge]) >= low[turn]).all(axis=1)
        sides.append((edge[near], turn[near]))
    counts = [np.bincount(turn, minlength=pairs[0].size) for _, turn in sides]
    many = counts[0] * counts[1] > _MOST_PAIRS_OF_EDGES
    result = many.copy()
    (one, turn), (two, _) = sides
    keep = ~many[turn]
    one, turn = one[keep], turn[keep]
    begin = np.cumsum(counts[1]) - counts[1]
    for block in _blocks(np.arange(one.size), counts[1][turn]):
        edge, of = one[block], turn[block]
        times = counts[1][of]
        place = np.repeat(begin[of] - (np.cumsum(times) - times), times) + np.arange(times.sum())
        along = _run_along(edges, np.repeat(edge, times), two[place], least=least, reach=reach)
        result[np.repeat(of, times)[along]] = True
    return result


def _run_along(edges: _Edges, one: Places, two: Places, *, least: float, reach: float) -> Flags:
    """Return which edges are nearly parallel, within `reach`, and beside each other for some length."""
    start, way = edges.start[one], edges.end[one] - edges.start[one]
    other = edges.end[two] - edges.start[two]
    length, other_length = np.hypot(way[:, 0], way[:, 1]), np.hypot(other[:, 0], other[:, 1])
    scale = np.maximum(length, np.finfo(float).tiny)
    unit = way / scale[:, None]
    across = np.abs(unit[:, 0] * other[:, 1] - unit[:, 1] * other[:, 0]) <= _PARALLEL * other_length
    ends = [edges.start[two] - start, edges.end[two] - start]
    along = [(end * unit).sum(axis=1) for end in ends]
    aside = [unit[:, 0] * end[:, 1] - unit[:, 1] * end[:, 0] for end in ends]
    beside = np.minimum(length, np.maximum(*along)) - np.maximum(0, np.minimum(*along))
    enough = np.minimum(least / 16, 0.5 * np.minimum(length, other_length))
    close = (np.minimum(np.abs(aside[0]), np.abs(aside[1])) <= reach) | (aside[0] * aside[1] <= 0)
    return np.asarray(across & close & (beside >= enough))
