"""Units too small to be seen on the page: a ring at their place and an enlarged shape below the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.maps.outlines import shape_path
from atlasgeo.maps.page import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.path import Path
    from shapely import Geometry

__all__ = ["Inset", "build_insets", "find_invisible"]

SMALL_AREA: Final = 70.0  # square points: under this a colour cannot be read
MOST_INSETS: Final = 6
CITY: Final = 3  # where many units are small, those that stand alone are only numbered
NEAR: Final = 1.5  # points: invisible units this close share an inset
RING: Final = 5.0
BADGE: Final = 4.6
PIXEL: Final = 0.3  # points


@dataclass(frozen=True, eq=False)
class Inset:
    """One unit, or several that touch, enlarged.

    Attributes
    ----------
    members : tuple of int
        Their numbers in the basemap.
    paths : tuple of Path
        Their enlarged shapes.
    cell : Box
        The place of the shapes on the page.
    room : Box
        The place of the words beside the shapes.
    ring : (x, y, radius)
        Where they are on the map.
    badge : (x, y)
        Where the number of the inset stands beside the ring.
    factor : float
        How many times larger than on the map.
    """

    members: tuple[int, ...]
    paths: tuple[Path, ...]
    cell: Box
    room: Box
    ring: tuple[float, float, float]
    badge: tuple[float, float]
    factor: float

    @property
    def blocked(self) -> tuple[tuple[float, float, float], ...]:
        """Return what words on the map must not cover."""
        x, y, radius = self.ring
        return (x, y, radius + 2.0), (*self.badge, BADGE + 1.5)


def find_invisible(
    geometry: npt.NDArray[Any],
    *,
    scale: float,
    sheet_scale: float,
    codes: Sequence[str],
    wanted: Sequence[str] | None,
) -> list[tuple[int, ...]]:
    """Return groups of touching units that are too small to be read on the page, at most `MOST_INSETS`.

    Where there are more, only groups such as the districts of a city count, the largest first.

    Raises
    ------
    BoundaryError
        If a code of `wanted` is not among the units.
    """
    import shapely

    if wanted is not None:
        lost = [code for code in wanted if code not in codes]
        if lost:
            raise BoundaryError("no such unit for an inset", found=lost, expected=nearest(lost[0], codes))
        small = [codes.index(code) for code in wanted]
    else:
        area = shapely.area(geometry) * scale**2 / sheet_scale**2
        small = np.flatnonzero((area > 0) & (area < SMALL_AREA)).tolist()
    if not small or len(small) == len(codes):
        return []
    groups = _groups(geometry, small, NEAR / scale)
    if wanted is None and len(groups) > MOST_INSETS:
        groups = [group for group in groups if len(group) >= CITY]
    return sorted(groups, key=lambda group: (-len(group), _area(geometry, group)))[:MOST_INSETS]


def _area(geometry: npt.NDArray[Any], group: tuple[int, ...]) -> float:
    return float(sum(geometry[i].area for i in group))


def _groups(geometry: npt.NDArray[Any], small: Sequence[int], near: float) -> list[tuple[int, ...]]:
    """Return the units that touch each other, directly or through others, as groups."""
    import shapely

    left = list(small)
    groups = []
    while left:
        group, edge = [], [left.pop(0)]
        while edge:
            here = edge.pop()
            group.append(here)
            close = [i for i in left if shapely.dwithin(geometry[here], geometry[i], near)]
            left = [i for i in left if i not in close]
            edge += close
        groups.append(tuple(sorted(group)))
    return groups


def build_insets(
    shapes: Sequence[tuple[Geometry, ...]], groups: Sequence[tuple[int, ...]], *, strip: Box, sheet: Sheet
) -> tuple[Inset, ...]:
    """Return the insets side by side in `strip`, from west to east as on the map.

    `shapes` are those of each group, whole and in points of the page.
    """
    import shapely

    west = [float(shapely.total_bounds(list(group))[[0, 2]].mean()) for group in shapes]
    order = sorted(range(len(groups)), key=lambda i: west[i])
    pitch = min(strip.width / max(len(order), 1), 132.0 * sheet.scale)
    tall = min((44.0 if len(order) <= 3 else 38.0) * sheet.scale, strip.height - 14 * sheet.scale)
    found = []
    for number, place in enumerate(order):
        left = strip.left + number * pitch + 14 * sheet.scale
        cell = Box(left, strip.bottom + 4 * sheet.scale, left + tall, strip.bottom + 4 * sheet.scale + tall)
        room = Box(cell.right + 6 * sheet.scale, cell.bottom, strip.left + (number + 1) * pitch - 2, cell.top)
        found.append(_inset(shapes[place], groups[place], cell, room, sheet.scale))
    return tuple(found)


def _inset(shapes: tuple[Geometry, ...], group: tuple[int, ...], cell: Box, room: Box, s: float) -> Inset:
    import shapely

    left, bottom, right, top = shapely.total_bounds(list(shapes))
    middle = np.array([(left + right) / 2, (bottom + top) / 2])
    factor = min(cell.width / max(right - left, 1e-9), cell.height / max(top - bottom, 1e-9))
    target = np.array(cell.centre)
    simple = shapely.coverage_simplify(np.array(shapes, dtype=object), PIXEL / factor)
    larger = [shapely.transform(shape, lambda p: (p - middle) * factor + target) for shape in simple]
    radius = max(RING * s, float(np.hypot(right - left, top - bottom)) / 2 + 2.0 * s)
    offset = (radius + BADGE * s) * 0.74
    return Inset(
        members=group,
        paths=tuple(shape_path(shape) for shape in larger),
        cell=cell,
        room=room,
        ring=(float(middle[0]), float(middle[1]), radius),
        badge=(float(middle[0]) + offset, float(middle[1]) + offset),
        factor=factor,
    )
