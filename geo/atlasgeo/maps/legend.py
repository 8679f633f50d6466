"""The legend as a chart: one bar a class, as long as the number of units in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import HAIRLINE, INK, SOFT
from atlasgeo.maps.typeface import fit, text_width, wrap

__all__ = ["Entry", "draw_legend"]

ROW: Final = 14.5
BAR: Final = 10.5
SIZE: Final = 8.6


@dataclass(frozen=True)
class Entry:
    """One row of a legend.

    Attributes
    ----------
    label : str
    colour : str
    count : int
        Length of the bar.
    hatch : str or None
        Pattern over the colour.
    hatch_colour : str
    overlay : bool
        Units that carry a pattern on top of another colour are no class of their own: the bar is then a
        swatch of fixed length.
    """

    label: str
    colour: str
    count: int
    hatch: str | None = None
    hatch_colour: str = INK
    overlay: bool = False


def draw_legend(page: Page, entries: Sequence[Entry], *, title: str, top: float) -> float:
    """Draw the legend at the top of the side column and return the height where it ends."""
    s = page.sheet.scale
    side = page.sheet.side
    y = top
    for line in wrap(title, side.width, SIZE * s) if title else []:
        y -= SIZE * 1.2 * s
        page.text(side.left, y, line, size=SIZE, colour=SOFT)
    y -= 5 * s
    labels = [wrap(entry.label, 0.52 * side.width, SIZE * s, most=2) for entry in entries]
    widest = max((text_width(line, SIZE * s) for lines in labels for line in lines), default=0.0)
    start = side.left + min(widest, 0.52 * side.width) + 8 * s
    most = max((entry.count for entry in entries if not entry.overlay), default=0)
    room = side.right - start - 22 * s
    unit = min(room / max(most, 1), 13.0 * s)
    for entry, lines in zip(entries, labels, strict=True):
        height = ROW * s if len(lines) == 1 else (ROW + 8.5) * s
        middle = y - height / 2
        _draw_entry(page, entry, lines, start=start, middle=middle, unit=unit)
        y -= height
    return y


def _draw_entry(
    page: Page, entry: Entry, lines: Sequence[str], *, start: float, middle: float, unit: float
) -> None:
    s = page.sheet.scale
    pitch = SIZE * 1.08 * s
    for number, line in enumerate(lines):
        y = middle + pitch * (len(lines) - 1) / 2 - pitch * number - 0.34 * SIZE * s
        page.text(
            start - 8 * s, y, fit(line, 0.52 * page.sheet.side.width, SIZE * s), size=SIZE, align="right"
        )
    length = max(entry.count * unit, 1.2 * s) if not entry.overlay else 12 * s
    box = Box(start, middle - BAR / 2 * s, start + length, middle + BAR / 2 * s)
    if entry.count or entry.overlay:
        page.boxes([box], fill=entry.colour, edge=HAIRLINE, width=0.5)
        if entry.hatch:
            page.boxes(
                [box], edge=entry.hatch_colour, width=0.0, hatch=entry.hatch, hatch_width=0.5, layer=2.2
            )
    else:
        page.lines([[(start, box.bottom), (start, box.top)]], colour=HAIRLINE, width=0.8)
    page.text(box.right + 4 * s, middle - 0.34 * SIZE * s, str(entry.count), size=SIZE, colour=SOFT)
