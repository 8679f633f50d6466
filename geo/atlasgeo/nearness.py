"""Links between near points: the k nearest, all within a distance, or kernels of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .errors import AnalysisError
from .values import code_order

__all__ = ["KERNELS", "Links", "both_ways", "links_by_distance"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Links = tuple[Places, Places, Floats]

KERNELS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "gaussian": lambda u: np.exp(-(u**2) / 2),
    "triangular": lambda u: 1 - u,
    "uniform": np.ones_like,
    "quadratic": lambda u: 1 - u**2,
    "quartic": lambda u: (1 - u**2) ** 2,
}


def links_by_distance(
    points: Floats,
    codes: pd.Index[Any],
    rule: str,
    *,
    k: int | None,
    threshold: float | None,
    kernel: str,
) -> Links:
    """Return links between near points."""
    n = len(points)
    if n < 2:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    if k is not None:
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 0 < k < n:
            raise AnalysisError("k must be a whole number of other units", found=k, expected=f"1 to {n - 1}")
        first, second, distance = _k_nearest(points, codes, int(k))
        if rule == "knn":
            return first, second, np.ones(first.size)
        widest = np.zeros(n)
        np.maximum.at(widest, first, distance)
        bandwidth = widest[first]
    else:
        width = threshold if threshold is not None else _least_band(points)
        pairs = cKDTree(points).query_pairs(width * (1 + 1e-12), output_type="ndarray")
        first, second, _ = both_ways(pairs[:, 0].astype(np.intp), pairs[:, 1].astype(np.intp))
        if rule == "distance":
            return first, second, np.ones(first.size)
        distance = np.hypot(*(points[first] - points[second]).T)
        bandwidth = np.full(first.size, width)
    scaled = np.minimum(distance / np.where(bandwidth > 0, bandwidth, 1.0), 1.0)
    weight = KERNELS[kernel](scaled)
    kept = weight > 0
    return first[kept], second[kept], weight[kept]


def _least_band(points: Floats) -> float:
    """Return the least distance at which no point is alone."""
    return float(cKDTree(points).query(points, k=2)[0][:, 1].max())


def _k_nearest(points: Floats, codes: pd.Index[Any], k: int) -> Links:
    """Return the k nearest of each point; equal distances are ranked by code, whatever the order of rows."""
    tree, n = cKDTree(points), len(points)
    rank = np.empty(n, dtype=np.intp)
    rank[code_order(codes)] = np.arange(n)
    reach = tree.query(points, k=[k + 1])[0][:, 0] * (1 + 1e-9)
    near = tree.query_ball_point(points, reach)
    first = np.repeat(np.arange(n), [len(found) for found in near])
    second = np.concatenate([np.asarray(found, dtype=np.intp) for found in near])
    other = first != second
    first, second = first[other], second[other]
    distance = np.hypot(*(points[first] - points[second]).T)
    rounded = np.round(distance / (np.maximum(reach[first], np.finfo(float).tiny)), 9)
    order = np.lexsort((rank[second], rounded, first))
    first, second, distance = first[order], second[order], distance[order]
    place = np.arange(first.size) - np.searchsorted(first, first)
    return first[place < k], second[place < k], distance[place < k]


def both_ways(first: Places, second: Places) -> Links:
    """Return links of weight one in both directions."""
    return np.concatenate([first, second]), np.concatenate([second, first]), np.ones(2 * first.size)
