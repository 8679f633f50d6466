"""Axes of a chart: where numbers stand, round ticks, and light lines behind the marks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import INK, SOFT
from atlasgeo.maps.typeface import text_width, wrap
from atlasgeo.maps.wording import MapText

__all__ = [
    "GRID",
    "Plot",
    "decimals_of",
    "draw_breaks",
    "draw_x_axis",
    "draw_y_axis",
    "round_ticks",
    "spread",
]

GRID: Final = "#e3e5e8"
TICK: Final = 7.8
BREAK_WIDTH: Final = 190.0


@dataclass(frozen=True, eq=False)
class Plot:
    """A rectangle of the page with a range of numbers across and one up."""

    page: Page
    box: Box
    low_x: float
    high_x: float
    low_y: float
    high_y: float

    def x(self, value: float) -> float:
        """Return where a number stands across."""
        return self.box.left + (value - self.low_x) / (self.high_x - self.low_x) * self.box.width

    def y(self, value: float) -> float:
        """Return where a number stands up."""
        return self.box.bottom + (value - self.low_y) / (self.high_y - self.low_y) * self.box.height


def spread(values: Sequence[float], *, margin: float = 0.05) -> tuple[float, float]:
    """Return the range of the finite `values` with some air; one number gets a range around it."""
    known = [float(v) for v in values if math.isfinite(v)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    air = (high - low) * margin or max(abs(high) * 0.1, 0.5)
    return low - air, high + air


def round_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers between `low` and `high`, at most `most`, one, two or five units apart."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def decimals_of(ticks: Sequence[float]) -> int:
    """Return the decimals that tell the ticks apart."""
    if len(ticks) < 2:
        return 1
    return max(0, -math.floor(math.log10(abs(ticks[1] - ticks[0])) + 1e-9))


def draw_y_axis(plot: Plot, text: MapText, *, title: str = "") -> None:
    """Draw light lines at round numbers, the numbers left of them and a title above."""
    page, s = plot.page, plot.page.sheet.scale
    ticks = round_ticks(plot.low_y, plot.high_y)
    page.lines(
        [[(plot.box.left, plot.y(t)), (plot.box.right, plot.y(t))] for t in ticks],
        colour=GRID,
        width=0.6,
        layer=1,
    )
    for tick in ticks:
        shown = text.number(tick, decimals_of(ticks))
        page.text(plot.box.left - 5 * s, plot.y(tick) - 2.6 * s, shown, size=TICK, colour=SOFT, align="right")
    if title:
        page.text(plot.box.left, plot.box.top + 6 * s, title, size=TICK, colour=SOFT)


def draw_x_axis(
    plot: Plot, text: MapText, *, ticks: Sequence[float] | None = None, title: str = "", plain: bool = False
) -> None:
    """Draw light lines and numbers below; `plain` numbers are years, without lines or separators."""
    page, s = plot.page, plot.page.sheet.scale
    places = round_ticks(plot.low_x, plot.high_x) if ticks is None else list(ticks)
    if not plain:
        page.lines(
            [[(plot.x(t), plot.box.bottom), (plot.x(t), plot.box.top)] for t in places],
            colour=GRID,
            width=0.6,
            layer=1,
        )
    for tick in places:
        shown = str(int(tick)) if plain else text.number(tick, decimals_of(places))
        page.text(plot.x(tick), plot.box.bottom - 12 * s, shown, size=TICK, colour=SOFT, align="center")
    if title:
        page.text(plot.box.right, plot.box.bottom - 25 * s, title, size=TICK, colour=SOFT, align="right")


def draw_breaks(plot: Plot, breaks: Mapping[int, str]) -> None:
    """Draw a dashed line before each year in which a series breaks, with its reason above."""
    page, s = plot.page, plot.page.sheet.scale
    reached = -math.inf
    level = 0
    for year in sorted(breaks):
        x = plot.x(year - 0.5)
        if not plot.box.left <= x <= plot.box.right:
            continue
        lines = wrap(breaks[year], BREAK_WIDTH * s, 7.2 * s, most=2)
        wide = max(text_width(line, 7.2 * s) for line in lines)
        level = level + 1 if x - wide / 2 < reached + 4 * s else 0
        reached = max(reached, x + wide / 2)
        centre = min(max(x, plot.box.left + wide / 2), plot.box.right - wide / 2)
        base = plot.box.top + (5 + 20 * (level % 2)) * s
        page.lines(
            [[(x, plot.box.bottom), (x, base - 3 * s)]], colour=INK, width=0.7, dashes=(2.5, 2.0), layer=1.5
        )
        for number, line in enumerate(lines[::-1]):
            page.text(centre, base + number * 8.6 * s, line, size=7.2, colour=SOFT, align="center")
