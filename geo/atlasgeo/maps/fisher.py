"""Natural breaks: the partition of sorted values with the least squared deviations within classes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["natural_breaks"]

Floats = npt.NDArray[np.float64]
BLOCK: Final = 256  # rows of the cost table that are held at a time


def natural_breaks(ordered: Floats, k: int) -> Floats:
    """Return the upper edges of at most `k` classes with the least squared deviations from class means.

    Parameters
    ----------
    ordered : array
        Values in ascending order.
    k : int

    Notes
    -----
    Dynamic programming over the n distinct values (Fisher 1958, JASA 53: 789-798): time O(k n^2), memory
    O(k n). Of partitions that cost the same the one with the widest last classes is taken.
    """
    x, weight = np.unique(ordered, return_counts=True)
    n, k = x.size, min(k, x.size)
    centred = x - np.average(x, weights=weight)
    sums = np.zeros((3, n + 1))
    np.cumsum([weight, weight * centred, weight * centred**2], axis=1, out=sums[:, 1:])
    slack = 1e-12 * max(float(sums[2, -1]), np.finfo(float).tiny)
    best = np.append(0.0, np.full(n, np.inf))
    starts = np.zeros((k, n + 1), dtype=int)
    for j in range(k):
        best, starts[j] = _one_class_more(best, sums, slack, j)
    edges, end = [], n
    for j in range(k - 1, -1, -1):
        edges.append(x[end - 1])
        end = starts[j, end]
    return np.array(edges[::-1])


def _one_class_more(
    best: Floats, sums: Floats, slack: float, used: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the least cost of the first i values with one more class, and where that class starts."""
    n = best.size - 1
    cost, start = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    w, s, q = sums
    for low in range(used + 1, n + 1, BLOCK):
        ends = np.arange(low, min(low + BLOCK, n + 1))[:, None]
        first = np.arange(used, ends[-1, 0])[None, :]
        size = np.where(first < ends, w[ends] - w[first], 1.0)
        table = best[first] + (q[ends] - q[first]) - (s[ends] - s[first]) ** 2 / size
        table = np.where(first < ends, table, np.inf)
        chosen = np.argmax(table <= table.min(axis=1, keepdims=True) + slack, axis=1)
        rows = ends[:, 0]
        cost[rows], start[rows] = table[rows - low, chosen], chosen + used
    return cost, start
