"""Do units draw together? Their yearly change against where they began, and their spread over the years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, overlap, sheet
from atlasgeo.maps.palettes import DIVERGING, INK, PAPER, SEQUENTIAL_BETTER, SOFT
from atlasgeo.maps.plot import Plot, draw_breaks, draw_x_axis, draw_y_axis, spread
from atlasgeo.maps.trends import year_ticks
from atlasgeo.maps.typeface import BOLD, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_convergence"]

DOT: Final = SEQUENTIAL_BETTER[3]
LINE: Final = DIVERGING[4]
NAME: Final = 7.6


def draw_convergence(
    units: pd.DataFrame,
    spreads: pd.Series,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    slope: float,
    titles: tuple[str, str],
    axes: tuple[str, str] = ("score at the start", "change a year"),
    breaks: Mapping[int, str] | None = None,
) -> Figure:
    """Return two charts: change against start with the line fitted to it, and the spread by year.

    Parameters
    ----------
    units : DataFrame
        Indexed by unit: ``start, change``.
    spreads : Series
        Standard deviation across units, indexed by year.
    text : MapText
    names : mapping of code -> name
    slope : float
        Of the line, through the mean of the units; NaN draws none.
    titles : (str, str)
        What each of the two says.
    axes : (str, str)
        What runs across and up in the first.
    breaks : mapping of year -> text, optional

    Raises
    ------
    DataError
        If no unit has both numbers.
    """
    points = units[["start", "change"]].astype(float).dropna()
    if points.empty:
        raise DataError("there is nothing to draw: no unit has a start and a change", found="0 units")
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    draw_foot(page, text)
    bottom, top = page.sheet.frame.bottom + 26 * s, below - 44 * s
    left, right = page.sheet.frame.left + 34 * s, page.sheet.side.right
    middle = left + 0.56 * (right - left)
    _draw_scatter(
        page, Box(left, bottom, middle - 26 * s, top), points, text, names=names, slope=slope, axes=axes
    )
    _draw_spreads(page, Box(middle + 34 * s, bottom, right, top), spreads, text, breaks or {})
    for x, title in ((left, titles[0]), (middle + 34 * s, titles[1])):
        page.text(x - 34 * s, below - 20 * s, title, size=10.4, weight=BOLD)
    return page.figure


def _draw_scatter(
    page: Page,
    box: Box,
    points: pd.DataFrame,
    text: MapText,
    *,
    names: Mapping[str, str] | pd.Series,
    slope: float,
    axes: tuple[str, str],
) -> None:
    s = page.sheet.scale
    low_x, high_x = spread(points["start"].tolist(), margin=0.1)
    low_y, high_y = spread([*points["change"].tolist(), 0.0], margin=0.12)
    plot = Plot(page, box, low_x, high_x, low_y, high_y)
    draw_x_axis(plot, text, title=axes[0])
    draw_y_axis(plot, text, title=axes[1])
    page.lines([[(box.left, plot.y(0)), (box.right, plot.y(0))]], colour=INK, width=0.8, layer=1.5)
    if np.isfinite(slope):
        x0, y0 = float(points["start"].mean()), float(points["change"].mean())
        ends = [(x, y0 + slope * (x - x0)) for x in (points["start"].min(), points["start"].max())]
        page.lines([[(plot.x(x), plot.y(y)) for x, y in ends]], colour=LINE, width=1.6, layer=2.5)
    spots = {str(u): (plot.x(x), plot.y(y)) for u, x, y in points.itertuples()}
    page.discs(list(spots.values()), radius=3.6 * s, fill=DOT, edge=PAPER, width=0.7, layer=4)
    apart = ((points - points.mean()) / points.std().replace(0, 1.0)).pow(2).sum(axis=1)
    order = apart.sort_values(ascending=False, kind="stable").index
    _name(page, box, spots, [str(u) for u in order], names)


def _name(
    page: Page,
    box: Box,
    spots: Mapping[str, tuple[float, float]],
    order: list[str],
    names: Mapping[str, str] | pd.Series,
) -> None:
    """Name units, those that stand out first; a name that would cover another or a dot is left out."""
    s = page.sheet.scale
    taken = [Box(x - 4 * s, y - 4 * s, x + 4 * s, y + 4 * s) for x, y in spots.values()]
    for code in order:
        x, y = spots[code]
        words = str(names.get(code, code))
        wide = text_width(words, NAME * s)
        for left, base in (
            (x + 6 * s, y - 2.6 * s),
            (x - 6 * s - wide, y - 2.6 * s),
            (x - wide / 2, y + 6 * s),
            (x - wide / 2, y - 12 * s),
        ):
            place = Box(left, base - 1 * s, left + wide, base + 6.5 * s)
            inside = box.left <= place.left and place.right <= box.right and box.bottom <= place.bottom
            if inside and place.top <= box.top and not any(overlap(place, other) for other in taken):
                taken.append(place)
                page.text(left, base, words, size=NAME, colour=SOFT, ground=PAPER)
                break


def _draw_spreads(page: Page, box: Box, spreads: pd.Series, text: MapText, breaks: Mapping[int, str]) -> None:
    s = page.sheet.scale
    known = spreads.dropna().astype(float)
    table = pd.DataFrame([known.to_numpy()], columns=[int(y) for y in known.index])
    high = float(known.max()) * 1.15 if len(known) and known.max() > 0 else 1.0
    first, last = int(table.columns[0]), int(table.columns[-1])
    plot = Plot(page, box, first - 0.3, last + 0.3, 0.0, high)
    draw_y_axis(plot, text)
    draw_x_axis(plot, text, ticks=year_ticks(table), plain=True)
    places = [(plot.x(float(y)), plot.y(v)) for y, v in zip(table.columns, known, strict=True)]
    page.lines([places], colour=INK, width=2.2, layer=3, cap="round")
    page.discs(places, radius=3.2 * s, fill=INK, edge=PAPER, width=0.7, layer=4)
    for number in (0, len(places) - 1):
        x, y = places[number]
        page.text(
            x, y + 8 * s, text.number(float(known.iloc[number]), 1), size=8.2, weight=BOLD, align="center"
        )
    draw_breaks(plot, breaks)
