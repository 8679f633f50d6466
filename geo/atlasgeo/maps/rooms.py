"""Where words fit: every place inside a unit with the width that a text of some height has there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from atlasgeo.maps.outlines import polygons_of
from atlasgeo.maps.page import Box

if TYPE_CHECKING:
    from shapely import Geometry

__all__ = ["LINE", "LINES", "TYPE_SIZES", "Room", "build_room", "land_raster"]

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

TYPE_SIZES: Final = (8.6, 7.6, 6.6)
LINES: Final = (1, 2, 3, 4)
LINE: Final = 1.16  # line height in units of the type size
FINE: Final = 2.0  # raster cells a point
COARSE: Final = 1.0  # the same, for units larger than
LARGE: Final = 110.0  # so many points
MARGIN: Final = 1.6  # points kept free between a word and a border
STEP: Final = 3  # every third cell is tried as a centre


@dataclass(frozen=True, eq=False)
class Room:
    """The places inside one unit where words can stand.

    Attributes
    ----------
    centres : array (n, 2)
        Points of the page.
    widths : dict of (lines, size) -> array (n,)
        Width free of borders, holes and rings around each centre, for a block of that many lines.
    heart : tuple
        The place farthest from all borders, where a leader starts and a circle stands.
    depth : float
        Distance from there to the nearest border.
    """

    centres: Floats
    widths: dict[tuple[int, float], Floats]
    heart: tuple[float, float]
    depth: float

    def place(self, width: float, lines: int, size: float) -> tuple[float, float] | None:
        """Return the centre nearest to the heart where a block fits, or None where it fits nowhere."""
        free = self.widths[lines, size]
        fits = np.flatnonzero(free >= width)
        if fits.size == 0:
            return None
        offset = self.centres[fits] - np.array(self.heart)
        spare = np.minimum(free[fits] - width, 24.0)
        best = fits[int(np.argmin(np.hypot(offset[:, 0], 1.3 * offset[:, 1]) - 0.35 * spare))]
        return float(self.centres[best, 0]), float(self.centres[best, 1])


def _mask(polygons: Sequence[Sequence[Floats]], box: Box, fine: float) -> Mask:
    """Return which cells of `box` lie inside; cells that a border touches do not."""
    from PIL import Image, ImageDraw

    wide, high = max(1, round(box.width * fine)), max(1, round(box.height * fine))
    picture = Image.new("1", (wide, high), 0)
    draw = ImageDraw.Draw(picture)
    corner = np.array([box.left, box.bottom])
    for rings in polygons:
        points = [((ring - corner) * fine).ravel().tolist() for ring in rings]
        draw.polygon(points[0], fill=1)
        for hole in points[1:]:
            draw.polygon(hole, fill=0)
        for ring in points:
            draw.line(ring, fill=0, width=1)
    return np.asarray(picture, dtype=bool)


def land_raster(shapes: Sequence[Geometry], frame: Box) -> npt.NDArray[np.int16]:
    """Return for each square point of `frame` the number of the unit that it belongs to, -1 for none."""
    from PIL import Image, ImageDraw

    picture = Image.new("I", (max(1, round(frame.width)), max(1, round(frame.height))), 0)
    draw = ImageDraw.Draw(picture)
    corner = np.array([frame.left, frame.bottom])
    order = sorted(range(len(shapes)), key=lambda i: -shapes[i].area)
    for number in order:
        for rings in polygons_of(shapes[number]):
            draw.polygon((rings[0] - corner).ravel().tolist(), fill=number + 1, outline=number + 1)
    return np.asarray(picture).astype(np.int16) - 1


def build_room(
    shape: Geometry, *, blocked: Sequence[tuple[float, float, float]], scale: float
) -> Room | None:
    """Return the places for words inside `shape`, or None for an empty one.

    Parameters
    ----------
    shape : Polygon or MultiPolygon
        In points of the page.
    blocked : sequence of (x, y, radius)
        Rings and badges that words must not cover.
    scale : float
        Factor of the type sizes.
    """
    import shapely

    polygons = polygons_of(shape)
    if not polygons:
        return None
    left, bottom, right, top = shapely.bounds(shape)
    box = Box(left - 1, bottom - 1, right + 1, top + 1)
    fine = FINE if max(box.width, box.height) < LARGE else COARSE
    inside = _mask(polygons, box, fine)
    rows, columns = np.indices(inside.shape)
    x: Floats = box.left + (columns.astype(float) + 0.5) / fine
    y: Floats = box.bottom + (rows.astype(float) + 0.5) / fine
    for cx, cy, radius in blocked:
        if left - radius < cx < right + radius and bottom - radius < cy < top + radius:
            inside = inside & ((x - cx) ** 2 + (y - cy) ** 2 > radius**2)
    heart, depth = _heart(inside, box, fine)
    pick = (slice(STEP // 2, None, STEP), slice(STEP // 2, None, STEP))
    centres = np.column_stack([x[pick].ravel(), y[pick].ravel()])
    widths = {
        (lines, size): _free_width(inside, lines * size * scale * LINE + MARGIN, fine)[pick].ravel()
        for size in TYPE_SIZES
        for lines in LINES
    }
    return Room(centres=centres, widths=widths, heart=heart, depth=depth)


def _heart(inside: Mask, box: Box, fine: float) -> tuple[tuple[float, float], float]:
    """Return the middle of the largest circle inside, and its radius."""
    from scipy.ndimage import distance_transform_edt

    if not inside.any():
        return box.centre, 0.0
    far: Floats = np.ones(inside.shape) * distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(far)), far.shape)
    place = (box.left + (float(column) + 0.5) / fine, box.bottom + (float(row) + 0.5) / fine)
    return place, float(far[row, column]) / fine


def _free_width(inside: Mask, height: float, fine: float) -> Floats:
    """Return, for each cell as centre of a block `height` points high, the width that stays inside."""
    rows = max(1, int(np.ceil(height * fine)))
    high, wide = inside.shape
    if rows > high:
        return np.zeros(inside.shape)
    total = np.vstack([np.zeros((1, wide), dtype=int), np.cumsum(inside, axis=0)])
    block = np.zeros_like(inside)
    first = rows // 2
    block[first : first + high - rows + 1] = total[rows:] - total[:-rows] == rows
    column = np.broadcast_to(np.arange(wide), block.shape)
    last_out = np.maximum.accumulate(np.where(block, -1, column), axis=1)
    next_out = np.minimum.accumulate(np.where(block, wide, column)[:, ::-1], axis=1)[:, ::-1]
    reach = np.minimum(column - last_out, next_out - column) - 0.5
    return np.where(block, np.maximum(2 * reach / fine - 2 * MARGIN, 0.0), 0.0)
