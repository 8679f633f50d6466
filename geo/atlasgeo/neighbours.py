"""Who is next to whom: a libpysal Graph by contiguity, distance or kernel, with a stated rule for islands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from .errors import AnalysisError, BoundaryError
from .links import edges_of
from .nearness import KERNELS, Links, both_ways, links_by_distance
from .shared_lines import share_a_line
from .values import code_order

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

__all__ = [
    "KERNELS",
    "RULES",
    "Neighbourhood",
    "build_neighbours",
    "describe_neighbours",
    "graph_of",
    "join_islands",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Rule = Literal["queen", "rook", "knn", "distance", "kernel"]
Islands = Literal["nearest", "keep", "error"]

RULES: Final = ("queen", "rook", "knn", "distance", "kernel")
TOUCH: Final = 1e-9  # of the map's extent: borders this close touch (5 mm in a country of 5,000 km)
BORDER: Final = 1e-6  # of the extent: a shared border has at least this length


def build_neighbours(
    units: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    rule: Rule = "queen",
    k: int | None = None,
    threshold: float | None = None,
    islands: Islands = "nearest",
    transform: str = "R",
    kernel: str = "gaussian",
) -> Graph:
    """Return the graph of neighbours on the index of the units.

    Parameters
    ----------
    units : GeoDataFrame or GeoSeries
        Polygons or points, indexed by unit code. Points know no contiguity; invalid rings are read as
        `shapely.make_valid` reads them.
    rule : {"queen", "rook", "knn", "distance", "kernel"}
        ``queen``: borders share a point; ``rook``: they share a line; ``knn``: the `k` nearest, ties by code;
        ``distance``: all within `threshold`; ``kernel``: the same, weighted by `kernel` of distance over
        bandwidth, which is `threshold` or the distance to the unit's own `k`-th nearest. Distances are those
        of centroids.
    k : int, optional
        For knn (required) and kernel.
    threshold : float, optional
        In units of the CRS, metres. Default: the least distance at which no unit is alone.
    islands : {"nearest", "keep", "error"}
        What becomes of units without neighbours: joined to the nearest unit, both ways (nearest by border
        where borders make neighbours, else by centroid; ties by code); kept alone; or refused.
    transform : {"R", "B", "O", "D", "V"}
        Transformation of the weights: rows sum to one, binary, as they are, all sum to one, variance
        stabilised.
    kernel : {"gaussian", "triangular", "uniform", "quadratic", "quartic"}

    Returns
    -------
    libpysal.graph.Graph

    Raises
    ------
    BoundaryError
        Repeated codes, empty shapes, distances in degrees, islands under ``islands="error"``.
    AnalysisError
        An unknown word, a parameter that the rule does not use, k or threshold out of range.

    Notes
    -----
    Borders within 1e-9 of the map's extent touch, so hairline gaps and overlaps do not cut neighbours apart.
    O(n log n) for all rules.
    """
    shapes = _shapes(units)
    _check(rule, k=k, threshold=threshold, words=(islands, transform, kernel))
    if rule in {"queen", "rook"}:
        links = _contiguous(shapes, rule)
    else:
        _metric(units, rule)
        links = links_by_distance(_points(shapes), units.index, rule, k=k, threshold=threshold, kernel=kernel)
    apart = units.geometry if rule in {"queen", "rook"} else units.geometry.centroid
    return graph_of(units.index, join_islands(apart, links, rule=islands)).transform(transform.upper())


def join_islands(shapes: gpd.GeoSeries, links: Links, *, rule: Islands) -> Links:
    """Return the links with units that have none joined to the nearest, kept or refused, as `rule` says.

    Raises
    ------
    BoundaryError
        If a unit has no link under ``error``, or distances would be in degrees.
    """
    lonely = _without_links(links, len(shapes))
    if not lonely.size or rule == "keep" or (rule == "nearest" and len(shapes) < 2):
        return links
    if rule == "error":
        names = ", ".join(str(code) for code in shapes.index[lonely][:10])
        raise BoundaryError(
            "units without neighbours",
            found=f"{lonely.size}: {names}",
            expected='every unit to have a neighbour, as islands="error" asks',
            fix='join them with islands="nearest" or keep them with islands="keep"',
        )
    _metric(shapes, "nearest")
    return _join_nearest(np.asarray(shapes.to_numpy(), dtype=object), shapes.index, links, lonely)


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What a graph looks like.

    Attributes
    ----------
    n, links : int
        Units, and links counted once each way.
    islands : tuple
        Codes of units without neighbours.
    parts : tuple of tuples
        Codes of each separate part of the graph, largest first; islands are parts of one.
    fewest, most : int
    mean : float
        Neighbours a unit.
    symmetric : bool
        Whether every link goes both ways.
    """

    n: int
    links: int
    islands: tuple[Any, ...]
    parts: tuple[tuple[Any, ...], ...]
    fewest: int
    most: int
    mean: float
    symmetric: bool


def describe_neighbours(w: Graph) -> Neighbourhood:
    """Return the islands and the separate parts of a graph by name, and how many neighbours units have."""
    codes, focal, other, weight = edges_of(w)
    real = (weight != 0) & (focal != other)
    n = len(codes)
    pattern = sparse.coo_array((np.ones(int(real.sum())), (focal[real], other[real])), shape=(n, n)).tocsr()
    counts = np.diff(pattern.indptr)
    _, part = sparse.csgraph.connected_components(pattern, directed=False)
    groups: dict[int, list[Any]] = {}
    for code, label in zip(codes, part, strict=True):
        groups.setdefault(int(label), []).append(code)
    return Neighbourhood(
        n=n,
        links=int(pattern.nnz),
        islands=tuple(codes[counts == 0]),
        parts=tuple(tuple(group) for group in sorted(groups.values(), key=len, reverse=True)),
        fewest=int(counts.min()) if n else 0,
        most=int(counts.max()) if n else 0,
        mean=float(counts.mean()) if n else 0.0,
        symmetric=(pattern != pattern.T).nnz == 0,
    )


def _shapes(units: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.object_]:
    """Return the geometries; repeated codes and empty shapes are refused."""
    if not hasattr(units, "geometry"):
        raise BoundaryError("units must be a GeoDataFrame or GeoSeries", found=type(units).__name__)
    if not len(units):
        raise BoundaryError("there are no units", expected="at least one")
    if not units.index.is_unique:
        twice = units.index[units.index.duplicated()].unique()
        raise BoundaryError("codes of the units are repeated", found=", ".join(str(c) for c in twice[:10]))
    shapes = np.asarray(units.geometry.to_numpy(), dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        raise BoundaryError("units without a shape", found=", ".join(str(c) for c in units.index[empty][:10]))
    return shapes


def _check(rule: str, *, k: int | None, threshold: float | None, words: tuple[str, str, str]) -> None:
    """Refuse unknown words and parameters that the rule does not use."""
    islands, transform, kernel = words
    for word, known, what in (
        (rule, RULES, "rule"),
        (islands, ("nearest", "keep", "error"), "rule for islands"),
        (str(transform).upper(), ("R", "B", "O", "D", "V"), "transform"),
        (kernel, tuple(KERNELS), "kernel"),
    ):
        if word not in known:
            raise AnalysisError(f"unknown {what}", found=word, expected=", ".join(known))
    if k is not None and rule not in {"knn", "kernel"}:
        raise AnalysisError(f"rule {rule!r} does not use k", found=k)
    if threshold is not None and rule not in {"distance", "kernel"}:
        raise AnalysisError(f"rule {rule!r} does not use a threshold", found=threshold)
    if rule == "knn" and k is None:
        raise AnalysisError("rule 'knn' needs k", fix="give the number of neighbours, as k=6")
    if k is not None and threshold is not None:
        raise AnalysisError("a kernel takes k or a threshold, not both")
    if threshold is not None and not 0 < threshold < np.inf:
        raise AnalysisError("threshold must be above zero", found=threshold)


def _metric(units: gpd.GeoDataFrame | gpd.GeoSeries, rule: str) -> None:
    """Refuse distances in degrees."""
    if units.crs is not None and units.crs.is_geographic:
        raise BoundaryError(
            f"distances need a metric CRS (rule {rule!r})",
            found=units.crs.name,
            fix="project the units first: units.to_crs(...)",
        )


def _points(shapes: NDArray[np.object_]) -> Floats:
    """Return the coordinates of the centroids."""
    return np.asarray(shapely.get_coordinates(shapely.centroid(shapes)), dtype=np.float64)


def _contiguous(shapes: NDArray[np.object_], rule: str) -> Links:
    """Return links between polygons that share a point, or a line."""
    if np.isin(shapely.get_type_id(shapes), (0, 4)).any():
        raise AnalysisError(
            f"points do not touch: rule {rule!r} needs polygons", fix='use rule="knn", "distance" or "kernel"'
        )
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = shapely.make_valid(shapes[broken])
    bounds = shapely.total_bounds(shapes)
    extent = float(np.hypot(bounds[2] - bounds[0], bounds[3] - bounds[1])) or 1.0
    tree = shapely.STRtree(shapes)
    first, second = tree.query(shapes, predicate="dwithin", distance=TOUCH * extent)
    once = first < second
    first, second = first[once], second[once]
    if rule == "rook":
        kept = share_a_line(shapes, first, second, least=BORDER * extent, touch=TOUCH * extent)
        first, second = first[kept], second[kept]
    return both_ways(first, second)


def _without_links(links: Links, n: int) -> Places:
    """Return the places of units without links."""
    return np.flatnonzero(np.bincount(links[0], minlength=n) == 0)


def _join_nearest(shapes: NDArray[np.object_], codes: pd.Index[Any], links: Links, lonely: Places) -> Links:
    """Return the links with each island joined to the nearest unit, both ways; equal distances by code."""
    rank = np.empty(len(codes), dtype=np.intp)
    rank[code_order(codes)] = np.arange(len(codes))
    pairs = set()
    for i in lonely:
        distance = shapely.distance(shapes[i], shapes)
        distance[i] = np.inf
        nearest = np.flatnonzero(distance <= distance.min() * (1 + 1e-9))
        j = nearest[np.argmin(rank[nearest])]
        pairs.add((min(i, j), max(i, j)))
    ends = np.array(sorted(pairs), dtype=np.intp)
    first, second, weight = both_ways(ends[:, 0], ends[:, 1])
    weight *= links[2].min() if links[2].size else 1.0
    joined = zip(links, (first, second, weight), strict=True)
    one, two, three = (np.concatenate(pair) for pair in joined)
    return one, two, three


def graph_of(codes: pd.Index[Any], links: Links) -> Graph:
    """Return the graph; units without links carry a self-link of weight zero, as libpysal asks."""
    from libpysal.graph import Graph

    lonely = _without_links(links, len(codes))
    first = np.concatenate([links[0], lonely])
    second = np.concatenate([links[1], lonely])
    weight = np.concatenate([links[2], np.zeros(lonely.size)])
    order = np.lexsort((second, first))
    index = pd.MultiIndex(
        levels=[codes, codes], codes=[first[order], second[order]], names=["focal", "neighbor"]
    )
    return Graph(pd.Series(weight[order], index=index, name="weight"), is_sorted=True)
