"""Paths as the data of SVG files: numbers to a hundredth of a point, how far they reach, long ones kept."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.path import Path

if TYPE_CHECKING:
    from matplotlib.transforms import Transform

__all__ = ["EVERYWHERE", "Extent", "Matrix", "matrix_of", "moved", "number", "outline", "path_data"]

Matrix = tuple[float, float, float, float, float, float]
Extent = tuple[float, float, float, float]  # left, top, right, bottom
EVERYWHERE: Final[Extent] = (-math.inf, -math.inf, math.inf, math.inf)
_SIGNS: Final = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_POINTS: Final = {Path.MOVETO: 1, Path.LINETO: 1, Path.CURVE3: 2, Path.CURVE4: 3}
_PAIR: Final = "%.7g %.7g"
_SMALL: Final = 40  # points: a path of so few is written as quickly as found


def path_data(path: Path, transform: Transform, height: float) -> str:
    """Return a path as SVG data on a page `height` points high; points that are no numbers break it."""
    return outline(path, transform, height)[0]


def outline(path: Path, transform: Transform, height: float) -> tuple[str, Extent]:
    """Return a path as SVG data, and how far its points reach."""
    if not transform.is_affine:
        path = transform.transform_path_non_affine(path)
    matrix = matrix_of(transform, height)
    return _moved_once(path, matrix) if np.shape(path.vertices)[0] > _SMALL else moved(path, matrix)


@lru_cache(maxsize=1024)
def _moved_once(path: Path, matrix: Matrix) -> tuple[str, Extent]:
    """Return a long path, of the border of a unit most likely, which an atlas draws again and again."""
    return moved(path, matrix)


def moved(path: Path, matrix: Matrix) -> tuple[str, Extent]:
    """Return a path as SVG data, its points moved by ``(a, b, c, d, e, f)``: x' = a x + c y + e."""
    if not np.isfinite(path.vertices).all():
        path = path.cleaned(remove_nans=True)
    codes = None if path.codes is None else np.asarray(path.codes)
    vertices = np.asarray(path.vertices, dtype=float)
    if codes is not None:
        end = np.flatnonzero(codes == Path.STOP)
        codes = codes[: end[0]] if end.size else codes
        vertices = vertices[: codes.size][codes != Path.CLOSEPOLY]
    if not len(vertices):
        return "", EVERYWHERE
    a, b, c, d, e, f = matrix
    x, y = vertices.T
    points = np.round(np.column_stack([a * x + c * y + e, b * x + d * y + f]), 2) + 0.0
    letters = f"M{_PAIR}" + f"L{_PAIR}" * (len(points) - 1) if codes is None else _template(codes.tobytes())
    (west, north), (east, south) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return letters % tuple(points.ravel().tolist()), (west, north, east, south)


@lru_cache(maxsize=1024)
def _template(codes: bytes) -> str:
    """Return the letters of SVG data with room for the numbers."""
    found, at = [], 0
    while at < len(codes):
        code = codes[at]
        if code == Path.CLOSEPOLY:
            found.append("Z")
            at += 1
            continue
        steps = _POINTS[np.uint8(code)]
        found.append(_SIGNS[np.uint8(code)] + " ".join([_PAIR] * steps))
        at += steps
    return "".join(found)


def matrix_of(transform: Transform, height: float) -> Matrix:
    """Return the affine part of a transform, turned so that y runs down a page of that height."""
    (a, c, e), (b, d, f), _ = transform.get_affine().get_matrix().tolist()
    return a, -b, c, -d, e, height - f


def number(value: float) -> str:
    """Return a number as it is written into a file, to a thousandth."""
    return f"{round(float(value), 3) + 0.0:.7g}"
