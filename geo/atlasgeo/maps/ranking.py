"""The ranking beside a map: every unit's value, its interval, the ties, and the country's value as a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from atlasgeo.maps.order import Ranking
from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import HAIRLINE, INK, SOFT
from atlasgeo.maps.typeface import BOLD, fit, text_width
from atlasgeo.maps.wording import MapText

__all__ = ["draw_ranking", "listed"]

ROW: Final = 12.6
SMALLEST_ROW: Final = 8.8
SMALLEST_NAME: Final = 6.2
SIZE: Final = 7.8
BAND: Final = "#eef0f2"
GUIDE: Final = "#e3e5e8"


@dataclass(frozen=True, eq=False)
class _Panel:
    """What the rows of one drawn ranking share."""

    page: Page
    ranking: Ranking
    text: MapText
    names: Mapping[str, str]
    fills: Mapping[str, str]
    digits: int
    national: float | None
    bounds: pd.DataFrame | None
    box: Box
    plot: Box
    row: float
    size: float
    margin: float
    low: float
    high: float

    def across(self, value: float) -> float:
        """Return where a value stands."""
        return self.plot.left + (value - self.low) / (self.high - self.low) * self.plot.width


def draw_ranking(
    page: Page,
    ranking: Ranking,
    *,
    text: MapText,
    names: Mapping[str, str],
    fills: Mapping[str, str],
    top: float,
    digits: int,
    national: float | None = None,
    bounds: pd.DataFrame | None = None,
) -> None:
    """Draw the ranking in the side column below `top`.

    Parameters
    ----------
    page : Page
    ranking : Ranking
    text : MapText
    names, fills : mapping of code -> str
    top : float
    digits : int
        Decimals of the printed values.
    national : float, optional
        The country's value.
    bounds : DataFrame, optional
        Columns ``low`` and ``high``: whiskers.
    """
    s = page.sheet.scale
    box = _box(page, top)
    shown, gap = _rows(ranking.order, box.height / s)
    if not shown:
        return
    row = min(ROW * s, box.height / (len(shown) + bool(gap)))
    size = min(SIZE, row / s * 0.88)
    low, high = _range(ranking, bounds, national)
    said = [names.get(code, code) for code in shown]
    labels = [text_width(ranking.label(code), 0.86 * size * s) for code in shown]
    margin = max(20 * s, *labels) + 4 * s
    value = _widest_value(ranking, text, digits)
    plot = _plot_box(box, said, value, size, margin=margin, s=s)
    panel = _Panel(
        page,
        ranking,
        text,
        names,
        fills,
        digits,
        national,
        bounds,
        box,
        plot,
        row,
        size,
        margin,
        low,
        high,
    )
    places = {code: box.top - (i + 0.5 + bool(gap and i >= gap)) * row for i, code in enumerate(shown)}
    _draw_bands(panel, places)
    _draw_country(panel, places)
    _draw_guides(panel, places)
    for code, y in places.items():
        _draw_row(panel, code, y)
    if gap:
        _draw_rest(panel, shown, box.top - (gap + 0.5) * row)


def listed(page: Page, ranking: Ranking, *, top: float) -> tuple[str, ...]:
    """Return the units that get a row in the ranking drawn below `top`."""
    return _rows(ranking.order, _box(page, top).height / page.sheet.scale)[0]


def _box(page: Page, top: float) -> Box:
    s, side = page.sheet.scale, page.sheet.side
    return Box(side.left, side.bottom - 6 * s, side.right, top - 15 * s)


def _rows(order: tuple[str, ...], height: float) -> tuple[tuple[str, ...], int]:
    """Return the units that get a row, and after how many of them others are left out (0: none are)."""
    room = int(height / SMALLEST_ROW)
    if len(order) <= room:
        return order, 0
    worst = max(1, int((room - 1) * 0.7))
    best = max(0, room - 1 - worst)
    return (*order[:worst], *order[len(order) - best :]), worst


def _plot_box(box: Box, names: list[str], value_width: float, size: float, *, margin: float, s: float) -> Box:
    widest = max(text_width(name, size * s) for name in names)
    left = box.left + margin + min(widest, 0.46 * box.width) + 9 * s
    return Box(left, box.bottom, box.right - value_width * size * s - 8 * s, box.top)


def _widest_value(ranking: Ranking, text: MapText, digits: int) -> float:
    return max(text_width(text.number(float(v), digits), 1.0, weight=BOLD) for v in ranking.values)


def _range(ranking: Ranking, bounds: pd.DataFrame | None, national: float | None) -> tuple[float, float]:
    known = [ranking.values.to_numpy(dtype=float), np.array([national] if national is not None else [])]
    if bounds is not None:
        known += [bounds["low"].to_numpy(dtype=float), bounds["high"].to_numpy(dtype=float)]
    every = np.concatenate(known)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    margin = 0.04 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - margin, high + margin


def _draw_bands(panel: _Panel, places: Mapping[str, float]) -> None:
    """Draw one band behind the rows of each tie, with the ranks they share."""
    ties: dict[int, list[str]] = {}
    for code in places:
        ties.setdefault(int(panel.ranking.rank[code]), []).append(code)
    half, s = panel.row / 2, panel.page.sheet.scale
    bands = []
    for codes in ties.values():
        ys = [places[code] for code in codes]
        if len(codes) > 1:
            bands.append(
                Box(panel.box.left, min(ys) - half + 0.6 * s, panel.box.right, max(ys) + half - 0.6 * s)
            )
        y = (min(ys) + max(ys)) / 2 - 0.34 * panel.size * s
        panel.page.text(
            panel.box.left + panel.margin - 4 * s,
            y,
            panel.ranking.label(codes[0]),
            size=0.86 * panel.size,
            colour=SOFT,
            align="right",
        )
    if bands:
        panel.page.boxes(bands, fill=BAND, layer=0.5)


def _draw_country(panel: _Panel, places: Mapping[str, float]) -> None:
    if panel.national is None:
        return
    s = panel.page.sheet.scale
    x = panel.across(panel.national)
    low, high = min(places.values()) - panel.row / 2, max(places.values()) + panel.row / 2
    panel.page.lines([[(x, low), (x, high + 2 * s)]], colour=INK, width=0.8, dashes=(2.2, 1.8), layer=2.5)
    said = f"{panel.text.word('country')} {panel.text.number(panel.national, panel.digits)}"
    half = text_width(said, 7.6 * s) / 2
    at = min(max(x, panel.box.left + half), panel.box.right - half)
    panel.page.text(at, high + 4.5 * s, said, size=7.6, align="center")


def _draw_guides(panel: _Panel, places: Mapping[str, float]) -> None:
    guides = [[(panel.plot.left, y), (panel.plot.right, y)] for y in places.values()]
    panel.page.lines(guides, colour=GUIDE, width=0.5, layer=1.0)
    if panel.bounds is not None:
        known = panel.bounds.dropna()
        ends = dict(zip(known.index, known[["low", "high"]].to_numpy(dtype=float), strict=True))
        whiskers = [
            [(panel.across(float(end)), y) for end in ends[code]]
            for code, y in places.items()
            if code in ends
        ]
        if whiskers:
            panel.page.lines(whiskers, colour=SOFT, width=1.3, layer=3.4)
    elif panel.national is not None:
        middle = panel.across(panel.national)
        stems = [
            [(middle, y), (panel.across(float(panel.ranking.values[code])), y)] for code, y in places.items()
        ]
        panel.page.lines(stems, colour=HAIRLINE, width=1.1, layer=1.5)
    panel.page.discs(
        [(panel.across(float(panel.ranking.values[code])), y) for code, y in places.items()],
        radius=min(3.3, 0.34 * panel.row / panel.page.sheet.scale) * panel.page.sheet.scale,
        fill=[panel.fills[code] for code in places],
        edge=INK,
        width=0.5,
        layer=4.0,
    )


def _draw_row(panel: _Panel, code: str, y: float) -> None:
    s = panel.page.sheet.scale
    base = y - 0.34 * panel.size * s
    name = panel.names.get(code, code)
    room = panel.plot.left - 9 * s - panel.box.left - panel.margin + 0.5
    size = max(SMALLEST_NAME, panel.size * min(1.0, room / max(text_width(name, panel.size * s), 1.0)))
    panel.page.text(panel.plot.left - 7 * s, base, fit(name, room, size * s), size=size, align="right")
    shown = panel.text.number(float(panel.ranking.values[code]), panel.digits)
    panel.page.text(panel.box.right - 2 * s, base, shown, size=panel.size, weight=BOLD, align="right")


def _draw_rest(panel: _Panel, shown: tuple[str, ...], y: float) -> None:
    """Draw the units without a row as a rug, and say how many they are."""
    s = panel.page.sheet.scale
    rest = [code for code in panel.ranking.order if code not in set(shown)]
    said = panel.text.say("others", n=len(rest))
    panel.page.text(
        panel.plot.left - 7 * s, y - 0.34 * panel.size * s, said, size=panel.size, colour=SOFT, align="right"
    )
    ticks = [(panel.across(float(panel.ranking.values[code])), code) for code in rest]
    segments = [[(x, y - 0.3 * panel.row), (x, y + 0.3 * panel.row)] for x, _ in ticks]
    panel.page.lines(segments, colour=SOFT, width=0.5, layer=2.0)
