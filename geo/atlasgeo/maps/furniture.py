"""What stands around and on every map: title, foot, shapes, scale bar, labels and insets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from atlasgeo.maps.basemap import Basemap
from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import HAIRLINE, INK, LAND, PAPER, SOFT
from atlasgeo.maps.typeface import BOLD, wrap
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.path import Path

__all__ = [
    "draw_foot",
    "draw_header",
    "draw_mark",
    "draw_scale_bar",
    "draw_shapes",
    "draw_watermark",
]

TITLE: Final = 21.0
SUBTITLE: Final = 12.5
FOOT: Final = 8.3
LABEL: Final = 8.6
NUMBER: Final = 6.0
PALE: Final = "#c6cbd1"  # border of land without data, on which white cannot be seen


def draw_header(page: Page, text: MapText) -> float:
    """Draw title and subtitle, two lines each at most, and return the height where they end."""
    s = page.sheet.scale
    wide = page.sheet.side.right - page.sheet.frame.left
    y = page.sheet.height - 24 * s
    size = next(
        (z for z in (TITLE, 18.0, 16.0) if len(wrap(text.title, wide, z * s, weight=BOLD)) <= 2), 16.0
    )
    for line in wrap(text.title, wide, size * s, weight=BOLD, most=2) if text.title else []:
        y -= size * 1.14 * s
        page.text(page.sheet.frame.left, y + 0.2 * size * s, line, size=size, weight=BOLD)
    y -= 3 * s
    for line in wrap(text.subtitle, wide, SUBTITLE * s, most=2) if text.subtitle else []:
        y -= SUBTITLE * 1.24 * s
        page.text(page.sheet.frame.left, y + 0.2 * SUBTITLE * s, line, size=SUBTITLE, colour=SOFT)
    return y


def draw_foot(page: Page, text: MapText) -> None:
    """Draw the small print from the bottom margin up, smaller where there is much of it."""
    s = page.sheet.scale
    wide = page.sheet.side.right - page.sheet.frame.left
    room = page.sheet.frame.bottom - 30 * s
    for size in (FOOT, 7.6, 7.0, 6.4, 5.8):
        lines = [line for part in text.foot if part for line in wrap(part, wide, size * s)]
        if len(lines) * size * 1.24 * s <= room:
            break
    top = 20 * s + len(lines) * size * 1.24 * s
    for number, line in enumerate(lines):
        page.text(page.sheet.frame.left, top - (number + 1) * size * 1.24 * s, line, size=size, colour=SOFT)


def draw_shapes(
    page: Page,
    basemap: Basemap,
    fills: Sequence[str],
    *,
    patterns: Mapping[tuple[str, str], Sequence[int]] | None = None,
    inset: bool = True,
) -> None:
    """Draw the units, their borders, the borders of the level above, and patterns on some of them.

    Parameters
    ----------
    page : Page
    basemap : Basemap
    fills : sequence of str
        One colour a unit.
    patterns : mapping of (hatch, colour of its lines) -> numbers of units
        Drawn over the fills.
    inset : bool
        Whether insets show the same.
    """
    from matplotlib.collections import PathCollection

    groups = [(basemap.paths, list(range(len(basemap.codes))))]
    groups += [(x.paths, list(x.members)) for x in basemap.insets] if inset else []
    s = page.sheet.scale
    for place, (paths, members) in enumerate(groups):
        colours = [fills[i] for i in members]
        edge = [PALE if fill == LAND else PAPER for fill in colours] if place == 0 else HAIRLINE
        width = (basemap.border if place == 0 else 0.5) * s
        shapes = PathCollection(list(paths), facecolors=colours, edgecolors=edge, linewidths=width, zorder=2)
        shapes.set_joinstyle("round")
        page.add(shapes)
        for (hatch, colour), units in (patterns or {}).items():
            chosen = [paths[members.index(i)] for i in units if i in members]
            _draw_pattern(page, chosen, hatch, colour)
    _draw_borders(page, basemap)


def _draw_pattern(page: Page, paths: Sequence[Path], hatch: str, colour: str) -> None:
    from matplotlib.collections import PathCollection

    if not paths:
        return
    drawn = PathCollection(
        list(paths), facecolors="none", edgecolors=colour, linewidths=0, hatch=hatch, zorder=2.4
    )
    drawn.set_hatch_linewidth(0.5 * page.sheet.scale)
    page.add(drawn)


def _draw_borders(page: Page, basemap: Basemap) -> None:
    from matplotlib.collections import PathCollection

    s = page.sheet.scale
    layers = [(list(basemap.parents), PAPER, 0.9), ([basemap.outline], HAIRLINE, 0.6)]
    for paths, colour, width in layers:
        if paths:
            drawn = PathCollection(
                paths, facecolors="none", edgecolors=colour, linewidths=width * s, zorder=2.6
            )
            drawn.set_joinstyle("round")
            page.add(drawn)


def draw_scale_bar(page: Page, basemap: Basemap, text: MapText) -> None:
    """Draw a bar of a round length where the basemap has kept a place for it."""
    if basemap.bar is None:
        return
    s, box = page.sheet.scale, basemap.bar
    length = round(box.width / basemap.scale)
    name = text.word("kilometres" if length >= 1000 else "metres")
    shown = text.number(length / 1000 if length >= 1000 else length, 0)
    y, tick = box.bottom, 3 * s
    bar = [(box.left, y + tick), (box.left, y), (box.right, y), (box.right, y + tick)]
    page.lines([bar], colour=SOFT, width=0.9)
    page.text(box.centre[0], y + 3.2 * s, f"{shown} {name}", size=7.6, colour=SOFT, align="center")


def draw_watermark(page: Page, basemap: Basemap, word: str) -> None:
    """Draw one word large and pale across the map."""
    draw_mark(page, basemap.frame, word)


def draw_mark(page: Page, frame: Box, word: str) -> None:
    """Draw one word large and pale across a frame."""
    x, y = frame.centre
    size = min(86.0, 0.9 * frame.width / page.sheet.scale / max(len(word), 1) * 1.7)
    page.text(
        x,
        y,
        word,
        size=size,
        colour=INK,
        weight=BOLD,
        align="center",
        stand="center",
        turn=18,
        alpha=0.16,
        layer=3.2,
    )
