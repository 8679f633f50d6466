"""Names and values on the map: inside their unit, else outside with a leader, else a number and a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from atlasgeo.maps.basemap import Basemap
from atlasgeo.maps.page import Box
from atlasgeo.maps.rooms import LINE, LINES, TYPE_SIZES
from atlasgeo.maps.typeface import BOLD, REGULAR, text_width

__all__ = ["Label", "Labels", "place_labels"]

LONGEST_LEADER: Final = 120.0
GRID: Final = 3  # points between tried places outside


@dataclass(frozen=True)
class Label:
    """A block of lines on the map.

    Attributes
    ----------
    code : str
    lines : tuple of str
        The name, in one or more lines, and then the value where there is one.
    x, y : float
        Centre of the block.
    size : float
        Type size before the page's scale.
    leader : tuple or None
        Ends of the line to the unit, for a block outside it.
    valued : bool
        Whether the last line is a value.
    """

    code: str
    lines: tuple[str, ...]
    x: float
    y: float
    size: float
    leader: tuple[tuple[float, float], tuple[float, float]] | None = None
    valued: bool = True

    def weight(self, line: int) -> str:
        """Return the weight of a line: the value is semibold."""
        return BOLD if self.valued and line == len(self.lines) - 1 else REGULAR


@dataclass(frozen=True)
class Labels:
    """All labels of a map, and the units that need a number and a key."""

    placed: tuple[Label, ...]
    keyed: tuple[str, ...]


def place_labels(basemap: Basemap, words: Mapping[str, tuple[str, str]]) -> Labels:
    """Return where the name and value of each unit of `words` stand.

    Parameters
    ----------
    basemap : Basemap
    words : mapping of code -> (name, value)

    Returns
    -------
    Labels
        No label touches a border of its unit; one that fits nowhere inside stands outside all units with
        a leader that crosses no other unit; a unit with room for neither is in `keyed`.
    """
    placed: list[Label] = []
    outside: list[str] = []
    for number, code in enumerate(basemap.codes):
        if code in words and basemap.rooms[number] and code not in basemap.inset_codes:
            label = _inside(basemap, number, *words[code])
            placed += [label] if label else []
            outside += [] if label else [code]
    free = _free_land(basemap)
    keyed = []
    for code in outside:
        label = _beside(basemap, free, basemap.codes.index(code), words[code])
        if label is None:
            keyed.append(code)
        else:
            placed.append(label)
            free = _taken(basemap, free, label)
    return Labels(tuple(placed), tuple(keyed))


def _layouts(name: str, value: str) -> list[tuple[str, ...]]:
    """Return the ways to break a name into lines, fewest lines first, each followed by the value."""
    tail = (value,) if value else ()
    words = name.split(" ")
    found = [(name, *tail)]
    most = min(len(words), LINES[-1] - len(tail))
    return found + [(*_even_lines(words, lines), *tail) for lines in range(2, most + 1)]


def _even_lines(words: Sequence[str], lines: int) -> tuple[str, ...]:
    """Return words in that many lines, the widest as narrow as possible."""
    if lines == 1:
        return (" ".join(words),)
    tries = []
    for cut in range(1, len(words) - lines + 2):
        rest = _even_lines(words[cut:], lines - 1)
        tries.append((" ".join(words[:cut]), *rest))
    return min(tries, key=lambda lined: max(text_width(line, 1.0) for line in lined))


def block_width(lines: Sequence[str], size: float) -> float:
    """Return the width of a label, its last line set semibold."""
    return max(text_width(line, size, weight=BOLD if line is lines[-1] else REGULAR) for line in lines)


def _inside(basemap: Basemap, number: int, name: str, value: str) -> Label | None:
    room = basemap.rooms[number]
    if room is None:
        return None
    for size in TYPE_SIZES:
        for lines in _layouts(name, value):
            width = block_width(lines, size * basemap.sheet.scale)
            spot = room.place(width, len(lines), size)
            if spot is not None:
                return Label(basemap.codes[number], lines, *spot, size, valued=bool(value))
    return None


def _free_land(basemap: Basemap) -> npt.NDArray[np.bool_]:
    """Return which square points of the frame are outside all units, with a margin."""
    from scipy.ndimage import binary_dilation

    grown: npt.NDArray[np.bool_] = binary_dilation(basemap.land >= 0, iterations=3)
    return ~grown if basemap.bar is None else _without(basemap, ~grown, basemap.bar)


def _beside(
    basemap: Basemap, free: npt.NDArray[np.bool_], number: int, words: tuple[str, str]
) -> Label | None:
    room = basemap.rooms[number]
    if room is None or room.depth <= 0:
        return None
    size = TYPE_SIZES[1]
    total = np.pad(np.cumsum(np.cumsum(free, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    tries = []
    for lines in _layouts(*words):
        wide = block_width(lines, size * basemap.sheet.scale)
        high = len(lines) * size * LINE * basemap.sheet.scale
        for x, y in _free_places(basemap, total, wide, high, room.heart)[:40]:
            end = _edge_of_block((x, y), wide, high, room.heart)
            if _leader_is_clean(basemap, number, room.heart, end):
                length = float(np.hypot(end[0] - room.heart[0], end[1] - room.heart[1]))
                code, leader = basemap.codes[number], (room.heart, end)
                label = Label(code, lines, x, y, size, leader, valued=bool(words[1]))
                tries.append((length + 12 * len(lines), label))
                break
    near = [(length, label) for length, label in tries if length <= LONGEST_LEADER * basemap.sheet.scale]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _free_places(
    basemap: Basemap, total: npt.NDArray[np.int64], wide: float, high: float, heart: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return the centres where a block covers no unit, the nearest to `heart` first.

    `total` counts the free points left of and below each point.
    """
    rows, columns = int(np.ceil(high)) + 2, int(np.ceil(wide)) + 4
    if rows >= total.shape[0] or columns >= total.shape[1]:
        return []
    full = (
        total[rows:, columns:] - total[:-rows, columns:] - total[rows:, :-columns] + total[:-rows, :-columns]
    )
    down, across = np.nonzero(full[::GRID, ::GRID] == rows * columns)
    x = basemap.frame.left + across * GRID + columns / 2
    y = basemap.frame.bottom + down * GRID + rows / 2
    order = np.argsort(np.hypot(x - heart[0], y - heart[1]), kind="stable")
    return list(zip(x[order].tolist(), y[order].tolist(), strict=True))


def _edge_of_block(
    centre: tuple[float, float], wide: float, high: float, heart: tuple[float, float]
) -> tuple[float, float]:
    """Return the point of a block's edge that lies nearest to `heart`, just off the letters."""
    x = min(max(heart[0], centre[0] - wide / 2 - 1.5), centre[0] + wide / 2 + 1.5)
    y = min(max(heart[1], centre[1] - high / 2 - 0.5), centre[1] + high / 2 + 0.5)
    return x, y


def _leader_is_clean(
    basemap: Basemap, number: int, heart: tuple[float, float], end: tuple[float, float]
) -> bool:
    """Return whether a leader stays on its own unit and on free ground."""
    steps = np.linspace(0, 1, 160)
    columns = (heart[0] + (end[0] - heart[0]) * steps - basemap.frame.left).astype(int)
    rows = (heart[1] + (end[1] - heart[1]) * steps - basemap.frame.bottom).astype(int)
    high, wide = basemap.land.shape
    inside = (rows >= 0) & (rows < high) & (columns >= 0) & (columns < wide)
    crossed = basemap.land[rows[inside], columns[inside]]
    return bool(np.isin(crossed, [-1, number]).all())


def _taken(basemap: Basemap, free: npt.NDArray[np.bool_], label: Label) -> npt.NDArray[np.bool_]:
    wide = block_width(label.lines, label.size * basemap.sheet.scale) / 2 + 3
    high = len(label.lines) * label.size * LINE * basemap.sheet.scale / 2 + 2
    return _without(basemap, free, Box(label.x - wide, label.y - high, label.x + wide, label.y + high))


def _without(basemap: Basemap, free: npt.NDArray[np.bool_], box: Box) -> npt.NDArray[np.bool_]:
    """Return the free points less those of a box."""
    left, low = (
        max(0, int(edge)) for edge in (box.left - basemap.frame.left, box.bottom - basemap.frame.bottom)
    )
    right, high = (
        max(0, int(edge) + 1) for edge in (box.right - basemap.frame.left, box.top - basemap.frame.bottom)
    )
    rest = free.copy()
    rest[low:high, left:right] = False
    return rest
