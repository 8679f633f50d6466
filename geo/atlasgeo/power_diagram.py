"""Cut a polygon into cells of given areas around given centres: a power diagram fitted by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from atlasgeo.errors import BoundaryError

__all__ = ["PowerDiagram", "fit_power_diagram"]

Floats = NDArray[np.float64]

_FAR = 60.0
"""Distance of the eight guard sites, in units of the polygon's size: they close the outer cells."""
_ROUNDS = 8
_STEP = 0.5
"""How far a site moves towards the place where its cell's centroid meets the given one, and how often."""
_ROUGH, _FINE = 1e-2, 1e-4
"""Largest relative error of an area while sites still move, and at the end."""
_SMOOTH = 2e-3
"""While sites move, the polygon is simplified by this share of its size."""
_NEWTON_STEPS = 60


@dataclass(frozen=True, eq=False)
class PowerDiagram:
    """Sites and weights whose cells have the areas asked for.

    Attributes
    ----------
    sites : array (n, 2)
    weights : array (n,)
        Point x belongs to the site i of least ``|x - site_i|^2 - weight_i``.
    shares : array (n,)
        Each cell's share of the polygon's area.
    walls : array of LineString
        Borders between cells, not clipped: they run past the polygon's border.
    """

    sites: Floats
    weights: Floats
    shares: Floats
    walls: NDArray[np.object_]

    def nearest_site(self, points: Floats) -> NDArray[np.int64]:
        """Return for each point the number of the cell it lies in."""
        power = ((points[:, None, :] - self.sites[None]) ** 2).sum(axis=2) - self.weights
        return np.asarray(power.argmin(axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _State:
    sites: Floats
    weights: Floats
    areas: Floats
    centroids: Floats
    pairs: NDArray[np.int64]
    walls: NDArray[np.object_]


def fit_power_diagram(polygon: shapely.Geometry, centres: Floats, shares: Floats) -> PowerDiagram:
    """Return the power diagram whose cells have `shares` of the polygon and centroids close to `centres`.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        In a metric CRS; holes are respected.
    centres : array (n, 2)
        Where each cell's centroid should be; they need not lie inside.
    shares : array (n,)
        Positive; scaled to sum 1.

    Raises
    ------
    BoundaryError
        If a share is not positive, or no diagram with these areas is found.

    Notes
    -----
    Areas are met by damped Newton steps on the dual of semi-discrete optimal transport (Kitagawa, Merigot
    and Thibert 2019, algorithm 1): the derivative of area i by weight j is minus the wall between them over
    twice the distance of the sites. Around that, sites move so that each cell's centroid approaches the given
    one. O(n log n) a step for n sites, times the vertices of the polygon for clipping.
    """
    shares = np.asarray(shares, dtype=float)
    if shares.ndim != 1 or len(shares) != len(centres) or not (np.isfinite(shares) & (shares > 0)).all():
        raise BoundaryError("every cell needs a positive area", found=str(shares.min() if len(shares) else 0))
    origin, size = np.array(polygon.centroid.coords[0]), float(np.sqrt(polygon.area))
    unit = shapely.transform(polygon, lambda xy: (xy - origin) / size)
    shapely.prepare(unit)
    target = shares / shares.sum()
    if len(target) == 1:
        return PowerDiagram(np.asarray(centres, float), np.zeros(1), np.ones(1), np.empty(0, dtype=object))
    wanted = (np.asarray(centres, dtype=float) - origin) / size
    state = _fitted(unit, _distinct(_inside(unit, wanted)), wanted, target)
    walls = shapely.transform(state.walls, lambda xy: xy * size + origin)
    return PowerDiagram(
        sites=state.sites * size + origin,
        weights=state.weights * size**2,
        shares=state.areas / state.areas.sum(),
        walls=walls,
    )


def _fitted(unit: shapely.Geometry, sites: Floats, wanted: Floats, target: Floats) -> _State:
    """Return the state after moving sites, the best of those whose areas are met."""
    rough = shapely.simplify(unit, _SMOOTH)
    shapely.prepare(rough)
    best = _moved(rough, sites, wanted, target)
    weights = best.weights if best is not None else np.zeros(len(target))
    fitted = _met(unit, _state(unit, sites if best is None else best.sites, weights), target, _FINE)
    if fitted is None:  # the plain diagram around the points, which needs no luck
        fitted = _met(unit, _state(unit, sites, np.zeros(len(target))), target, _FINE)
    if fitted is None:
        raise BoundaryError(
            "no cells of these areas were found around these points",
            found=f"{len(target)} points, shares from {target.min():.2g} to {target.max():.2g}",
            expected="distinct points inside the polygon",
            fix="check the coordinates and areas of these units",
        )
    return fitted


def _moved(unit: shapely.Geometry, sites: Floats, wanted: Floats, target: Floats) -> _State | None:
    """Return the state whose centroids come closest to the wanted ones, None where none meets the areas."""
    best = _met(unit, _state(unit, sites, np.zeros(len(target))), target, _ROUGH)
    if best is None:
        return None
    state, off = best, _off(best, wanted, target)
    for _ in range(_ROUNDS):
        moved = _distinct(state.sites + _STEP * (wanted - state.centroids))
        fresh = _state(unit, moved, state.weights)
        if fresh.areas.min() <= 0:
            fresh = _state(unit, moved, np.zeros(len(target)))
        following = _met(unit, fresh, target, _ROUGH)
        if following is None:
            break
        state = following
        if _off(state, wanted, target) < off:
            best, off = state, _off(state, wanted, target)
    return best


def _off(state: _State, wanted: Floats, target: Floats) -> float:
    """Return how far centroids are from where they should be, each against the width of its cell."""
    gap = np.hypot(*(state.centroids - wanted).T)
    return float((target * np.minimum(gap / np.sqrt(target), 2.0)).sum())


def _met(unit: shapely.Geometry, state: _State, target: Floats, tolerance: float) -> _State | None:
    """Return the state with weights such that the areas are met, or None where Newton stalls."""
    least = 0.5 * min(float(state.areas.min()), float(target.min()))
    if least <= 0:
        return None
    for _ in range(_NEWTON_STEPS):
        lacking = target - state.areas
        if np.abs(lacking / target).max() < tolerance:
            return state
        step = _newton(state, lacking)
        for halving in range(12):
            share = 0.5**halving
            trial = _state(unit, state.sites, state.weights + share * step)
            better = np.linalg.norm(target - trial.areas) <= (1 - share / 2) * np.linalg.norm(lacking)
            if trial.areas.min() >= least and better:
                break
        else:
            return None
        state = trial
    return None


def _newton(state: _State, lacking: Floats) -> Floats:
    """Return the weights' change that would supply the lacking areas if walls kept their length."""
    n = len(lacking)
    slopes = np.zeros((n, n))
    if len(state.pairs):
        i, j = state.pairs.T
        apart = np.hypot(*(state.sites[i] - state.sites[j]).T)
        slope = shapely.length(state.walls) / (2 * apart)
        np.add.at(slopes, (i, j), -slope)
        np.add.at(slopes, (j, i), -slope)
    np.fill_diagonal(slopes, -slopes.sum(axis=1))
    return np.asarray(np.linalg.lstsq(slopes, lacking, rcond=1e-10)[0])


def _state(unit: shapely.Geometry, sites: Floats, weights: Floats) -> _State:
    """Return the diagram of sites and weights, clipped to the polygon of area 1."""
    corners, facets = _dual(sites, weights)
    n = len(sites)
    owner, facet = facets.ravel(), np.repeat(np.arange(len(facets)), 3)
    own = owner < n
    order = np.argsort(owner[own], kind="stable")
    owner, facet = owner[own][order], facet[own][order]
    cells = np.full(n, shapely.Polygon(), dtype=object)
    present = np.unique(owner)
    clouds = shapely.multipoints(shapely.points(corners[facet]), indices=np.searchsorted(present, owner))
    cells[present] = shapely.convex_hull(clouds)
    clipped = _clipped(cells, unit)
    areas = shapely.area(clipped)
    middles = np.where(areas[:, None] > 0, shapely.get_coordinates(_centroids(clipped, sites)), sites)
    pairs, walls = _walls(corners, facets, n)
    return _State(sites, weights, areas, middles, pairs, _clipped(walls, unit))


def _clipped(shapes: NDArray[np.object_], unit: shapely.Geometry) -> NDArray[np.object_]:
    """Return shapes cut at the border of the (prepared) polygon: those inside it need no cutting."""
    across = ~shapely.contains_properly(unit, shapes)
    result = shapes.copy()
    result[across] = shapely.intersection(shapes[across], unit)
    return result


def _centroids(cells: NDArray[np.object_], sites: Floats) -> NDArray[np.object_]:
    """Return each cell's centroid, or its site where the cell is empty."""
    middles = shapely.centroid(cells)
    filled: NDArray[np.object_] = np.where(shapely.is_empty(middles), shapely.points(sites), middles)
    return filled


def _dual(sites: Floats, weights: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return corners of the diagram and the sites that meet in each: the lower hull of the lifted sites."""
    from scipy.spatial import ConvexHull

    angles = np.arange(8) * np.pi / 4 + 0.1
    guards = _FAR * np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.vstack([sites, guards])
    lifted = (points**2).sum(axis=1) - np.concatenate([weights, np.full(8, weights.mean())])
    hull = ConvexHull(np.column_stack([points, lifted]))
    lower = hull.equations[:, 2] < -1e-12
    normals = hull.equations[lower]
    return -normals[:, :2] / (2 * normals[:, 2:3]), np.asarray(hull.simplices[lower], dtype=np.int64)


def _walls(
    corners: Floats, facets: NDArray[np.int64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return pairs of sites that share a wall, and the walls."""
    edges = np.sort(np.vstack([facets[:, [0, 1]], facets[:, [1, 2]], facets[:, [2, 0]]]), axis=1)
    facet = np.tile(np.arange(len(facets)), 3)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, facet = edges[order], facet[order]
    twin = np.flatnonzero((edges[1:] == edges[:-1]).all(axis=1))
    twin = twin[(edges[twin] < n).all(axis=1)]
    ends = np.stack([corners[facet[twin]], corners[facet[twin + 1]]], axis=1)
    if not len(ends):
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=object)
    return edges[twin], shapely.linestrings(ends)


def _inside(unit: shapely.Geometry, points: Floats) -> Floats:
    """Return the points, those outside moved to the nearest place well inside."""
    outside = ~shapely.contains_xy(unit, points)
    if not outside.any():
        return points
    core = unit.buffer(-0.02)
    core = core if not core.is_empty else unit
    near = shapely.shortest_line(shapely.points(points[outside]), core)
    moved = points.copy()
    moved[outside] = shapely.get_coordinates(shapely.get_point(near, -1))
    return moved


def _distinct(points: Floats) -> Floats:
    """Return the points, those that coincide drawn apart a little, always the same way."""
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(len(points))
    close = (gap < 1e-4).any(axis=1)
    if not close.any():
        return points
    turn = np.arange(len(points)) * 2.399963  # the golden angle: no two the same way
    nudge = 1e-2 * np.column_stack([np.cos(turn), np.sin(turn)])
    return np.where(close[:, None], points + nudge, points)
