"""Statistic x draw as matrix products, for rows of unequal weights and for statistics of several sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .draws import Rows

__all__ = ["row_products", "spans", "weights_at"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def spans(first: Places, last: Places) -> Places:
    """Return the whole numbers of all spans [first, last) one after the other."""
    length = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    return np.asarray(starts + np.arange(int(length.sum())), dtype=np.intp)


def row_products(part: Places, coefficients: Floats, right: Floats, rows: Rows) -> Floats:
    """Return statistic x draw for some rows; `right` is m x draws, or m x places x draws."""
    if right.ndim == 2:
        return np.asarray(coefficients[part] @ right, dtype=np.float64)
    width = int(rows.counts[part].max())
    padded = _padded(rows, part, width)
    values = np.zeros((part.size, right.shape[2]))
    for feature in range(right.shape[0]):
        values += (coefficients[part, feature][:, None] * padded) @ right[feature, :width]
    return values


def _padded(rows: Rows, part: Places, width: int) -> Floats:
    """Return the weights of some rows, padded with zeros to one width."""
    counts = rows.counts[part]
    padded = np.zeros((part.size, width))
    inside = np.arange(width) < counts[:, None]
    starts = rows.matrix.indptr[part].astype(np.intp)
    padded[inside] = rows.matrix.data[spans(starts, starts + counts)]
    return padded


def weights_at(rows: Rows, unit: Places, column: Places) -> Floats:
    """Return the weight that each unit's row gives to a place."""
    return np.asarray(rows.matrix.data[rows.matrix.indptr[unit] + column], dtype=np.float64)
