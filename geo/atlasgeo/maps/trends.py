"""Values of units over the years, and the country's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, new_page, sheet
from atlasgeo.maps.palettes import INK, PAPER, contrast
from atlasgeo.maps.plot import Plot, draw_breaks, draw_x_axis, draw_y_axis, spread
from atlasgeo.maps.typeface import BOLD, REGULAR, fit
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_trend"]

COUNTRY: Final = "country"
QUIET: Final = "#c3c8cd"
LINES: Final = ("#7f2a3c", "#bc563d", "#e29a62")  # worst first
BEST: Final = ("#1d4f73", "#367d87", "#79b6a3")  # best first


def draw_trend(
    trend: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    highlight: Sequence[str] = (),
    breaks: Mapping[int, str] | None = None,
    digits: int = 1,
) -> Figure:
    """Return a chart of values over the years: the country bold, chosen units in colour, the rest grey.

    Parameters
    ----------
    trend : DataFrame
        Units by years (integers), and the row ``country`` where published.
    text : MapText
    names : mapping of code -> name
    highlight : sequence of str
        Codes to draw in colour and name, at most six.
    breaks : mapping of year -> str, optional
    digits : int

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is no value at all.
    """
    table = tidy_years(trend)
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    chosen = [code for code in highlight if code in table.index][: len(LINES) + len(BEST)]
    top = below - (50 if breaks else 28) * s
    box = Box(
        page.sheet.frame.left + 34 * s, page.sheet.frame.bottom + 18 * s, page.sheet.side.right - 150 * s, top
    )
    low_x, high_x = year_range(table)
    plot = Plot(page, box, low_x, high_x, *spread(table.to_numpy(dtype=float).ravel().tolist()))
    draw_y_axis(plot, text)
    draw_x_axis(plot, text, ticks=year_ticks(table), plain=True)
    colours = dict(zip(chosen, (*LINES, *BEST), strict=False))
    units = table.drop(index=COUNTRY, errors="ignore")
    draw_lines(plot, units, {str(code): colours.get(str(code), QUIET) for code in units.index})
    ends = [(code, colours[code], str(names.get(code, code))) for code in chosen]
    if COUNTRY in table.index:
        draw_lines(plot, table.loc[[COUNTRY]], {COUNTRY: INK}, bold=True)
        ends.insert(0, (COUNTRY, INK, text.word("country")))
    _draw_end_names(plot, table, ends, text, digits)
    draw_breaks(plot, breaks or {})
    draw_foot(page, text)
    return page.figure


def tidy_years(trend: pd.DataFrame) -> pd.DataFrame:
    """Return the table with years ascending, units and years without any value left out."""
    table = trend.astype(float)
    table = table.set_axis([int(year) for year in table.columns], axis=1).sort_index(axis=1)
    table = table.set_axis([str(code) for code in table.index], axis=0)
    table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
    if table.drop(index=COUNTRY, errors="ignore").empty:
        raise DataError("no unit has a value in any year", found=f"{len(trend)} rows", expected="a trend")
    return table


def year_range(table: pd.DataFrame) -> tuple[float, float]:
    low, high = float(table.columns[0]), float(table.columns[-1])
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def year_ticks(table: pd.DataFrame) -> list[float]:
    first, last = int(table.columns[0]), int(table.columns[-1])
    step = next(k for k in (1, 2, 5, 10, 20) if (last - first) / k <= 14 or k == 20)
    return [float(year) for year in range(last, first - 1, -step)][::-1]


def _runs(row: pd.Series) -> list[list[tuple[float, float]]]:
    """Return the stretches of consecutive known years: a gap in the years is a gap in the line."""
    runs: list[list[tuple[float, float]]] = []
    for year, value in row.items():
        if pd.isna(value):
            continue
        point = (float(str(year)), float(value))
        if runs and row.index.get_loc(year) - row.index.get_loc(int(runs[-1][-1][0])) == 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def draw_lines(plot: Plot, table: pd.DataFrame, colours: Mapping[str, str], *, bold: bool = False) -> None:
    order = sorted(table.index, key=lambda code: colours[code] != QUIET)
    for quiet in (True, False):
        segments, inks, dots, fills = [], [], [], []
        for code in order:
            if (colours[code] == QUIET) is quiet:
                for run in _runs(table.loc[code]):
                    places = [(plot.x(x), plot.y(y)) for x, y in run]
                    segments.append(places)
                    inks.append(colours[code])
                    dots += places
                    fills += [colours[code]] * len(places)
        if segments:
            width = 2.4 if bold else (1.0 if quiet else 1.9)
            plot.page.lines(segments, colour=inks, width=width, layer=2.0 if quiet else 2.8, cap="round")
            radius = (2.0 if quiet else 2.9) * plot.page.sheet.scale
            plot.page.discs(
                dots, radius=radius, fill=fills, edge=PAPER, width=0.6, layer=2.4 if quiet else 3.2
            )


def readable(colour: str) -> str:
    """Return the colour of words: that of the line where it reads well on paper, else ink."""
    return colour if contrast(colour, PAPER) >= 4.5 else INK


def apart(places: Sequence[float], least: float) -> list[float]:
    """Return heights that descend by at least `least` where places coincide (ties), staying near them."""
    found: list[float] = []
    for place in places:
        found.append(min(place, found[-1] - least) if found and place > found[-1] - least else place)
    return found


def _draw_end_names(
    plot: Plot, table: pd.DataFrame, ends: Sequence[tuple[str, str, str]], text: MapText, digits: int
) -> None:
    page, s = plot.page, plot.page.sheet.scale
    known = [(code, colour, name, table.loc[code].dropna()) for code, colour, name in ends]
    ordered = sorted(known, key=lambda end: -float(end[3].iloc[-1]))
    ys = apart([plot.y(float(values.iloc[-1])) for *_, values in ordered], 10.5 * s)
    for (code, colour, name, values), y in zip(ordered, ys, strict=True):
        said = f"{name} {text.number(float(values.iloc[-1]), digits)}"
        weight = BOLD if code == COUNTRY else REGULAR
        page.text(
            plot.box.right + 10 * s,
            y - 2.8 * s,
            fit(said, 138 * s, 8.6 * s, weight=weight),
            size=8.6,
            colour=readable(colour),
            weight=weight,
        )
