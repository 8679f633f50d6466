"""Years across: ranks of units, or their values with the country's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, new_page, sheet
from atlasgeo.maps.palettes import INK, PAPER, SOFT, contrast
from atlasgeo.maps.plot import Plot, draw_breaks, draw_x_axis, draw_y_axis, spread
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_rank_chart", "draw_trend", "rank_table"]

COUNTRY: Final = "country"
QUIET: Final = "#c3c8cd"
LINES: Final = ("#7f2a3c", "#bc563d", "#e29a62")  # worst first
BEST: Final = ("#1d4f73", "#367d87", "#79b6a3")  # best first
NAME: Final = 7.8


def rank_table(trend: pd.DataFrame, *, low_first: bool = False) -> pd.DataFrame:
    """Return the rank of each unit in each year, 1 the worst off, ties the least; the country has none.

    Parameters
    ----------
    trend : DataFrame
        Units by years; a missing value has no rank.
    low_first : bool
        Whether low values are worst.
    """
    units = trend.drop(index=COUNTRY, errors="ignore").astype(float)
    return units.rank(axis=0, method="min", ascending=low_first)


def draw_rank_chart(
    trend: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    low_first: bool = False,
    breaks: Mapping[int, str] | None = None,
    digits: int = 1,
) -> Figure:
    """Return a chart of ranks over the years, the worst three and best three of the last year in colour.

    Parameters
    ----------
    trend : DataFrame
        Units by years (integers); the row ``country`` is a small line of values below the ranks.
    text : MapText
    names : mapping of code -> name
    low_first : bool
        Whether low values are worst.
    breaks : mapping of year -> str, optional
        Reforms and new bases: a dashed line before that year.
    digits : int
        Decimals of the values beside the names.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If no unit has a value in any year.
    """
    table = _years(trend)
    ranks = rank_table(table, low_first=low_first)
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    strip = 62 * s if COUNTRY in table.index and table.loc[COUNTRY].notna().any() else 0.0
    top = below - (46 if breaks else 22) * s
    widest = max(text_width(str(names.get(str(k), str(k))), NAME * s, weight=BOLD) for k in ranks.index)
    wide = min(widest, 150 * s) + 58 * s
    box = Box(
        page.sheet.frame.left + 26 * s,
        page.sheet.frame.bottom + 18 * s + strip,
        page.sheet.side.right - wide,
        top,
    )
    lowest = float(np.nanmax(ranks.to_numpy()))
    low_x, high_x = _year_range(table)
    plot = Plot(page, box, low_x, high_x, lowest + 0.6, 0.4)
    colours = _line_colours(ranks)
    _draw_lines(plot, ranks, colours)
    _draw_rank_names(plot, ranks, colours, table, text=text, names=names, digits=digits)
    draw_breaks(plot, breaks or {})
    if strip:
        _draw_country_strip(plot, table.loc[COUNTRY], text, strip=strip, digits=digits)
    else:
        draw_x_axis(plot, text, ticks=_year_ticks(table), plain=True)
    draw_foot(page, text)
    return page.figure


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
    table = _years(trend)
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    chosen = [code for code in highlight if code in table.index][: len(LINES) + len(BEST)]
    top = below - (50 if breaks else 28) * s
    box = Box(
        page.sheet.frame.left + 34 * s, page.sheet.frame.bottom + 18 * s, page.sheet.side.right - 150 * s, top
    )
    low_x, high_x = _year_range(table)
    plot = Plot(page, box, low_x, high_x, *spread(table.to_numpy(dtype=float).ravel().tolist()))
    draw_y_axis(plot, text)
    draw_x_axis(plot, text, ticks=_year_ticks(table), plain=True)
    colours = dict(zip(chosen, (*LINES, *BEST), strict=False))
    units = table.drop(index=COUNTRY, errors="ignore")
    _draw_lines(plot, units, {str(code): colours.get(str(code), QUIET) for code in units.index})
    ends = [(code, colours[code], str(names.get(code, code))) for code in chosen]
    if COUNTRY in table.index:
        _draw_lines(plot, table.loc[[COUNTRY]], {COUNTRY: INK}, bold=True)
        ends.insert(0, (COUNTRY, INK, text.word("country")))
    _draw_end_names(plot, table, ends, text, digits)
    draw_breaks(plot, breaks or {})
    draw_foot(page, text)
    return page.figure


def _years(trend: pd.DataFrame) -> pd.DataFrame:
    """Return the table with years ascending, units and years without any value left out."""
    table = trend.astype(float)
    table = table.set_axis([int(year) for year in table.columns], axis=1).sort_index(axis=1)
    table = table.set_axis([str(code) for code in table.index], axis=0)
    table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
    if table.drop(index=COUNTRY, errors="ignore").empty:
        raise DataError("no unit has a value in any year", found=f"{len(trend)} rows", expected="a trend")
    return table


def _year_range(table: pd.DataFrame) -> tuple[float, float]:
    low, high = float(table.columns[0]), float(table.columns[-1])
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def _year_ticks(table: pd.DataFrame) -> list[float]:
    first, last = int(table.columns[0]), int(table.columns[-1])
    step = next(k for k in (1, 2, 5, 10, 20) if (last - first) / k <= 14 or k == 20)
    return [float(year) for year in range(last, first - 1, -step)][::-1]


def _line_colours(ranks: pd.DataFrame) -> dict[str, str]:
    last = ranks[ranks.columns[-1]].dropna().sort_values(kind="stable")
    worst, best = list(last.index[:3]), list(last.index[::-1][:3])
    colours = dict.fromkeys([str(code) for code in ranks.index], QUIET)
    colours.update(zip(best, BEST, strict=False))
    colours.update(zip(worst, LINES, strict=False))
    return colours


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


def _draw_lines(plot: Plot, table: pd.DataFrame, colours: Mapping[str, str], *, bold: bool = False) -> None:
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


def _draw_rank_names(
    plot: Plot,
    ranks: pd.DataFrame,
    colours: Mapping[str, str],
    table: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    digits: int,
) -> None:
    """Write rank, name and value of the last year at the right, ranks of the first year at the left."""
    page, s = plot.page, plot.page.sheet.scale
    last, first = ranks.columns[-1], ranks.columns[0]
    order = ranks[last].dropna().sort_values(kind="stable")
    ys = _apart([plot.y(float(rank)) for rank in order], 8.6 * s)
    size = NAME if len(order) <= 45 else 5.4
    for (code, rank), y in zip(order.items(), ys, strict=True):
        colour = _readable(colours[str(code)])
        weight = REGULAR if colours[str(code)] == QUIET else BOLD
        base = y - 0.34 * size * s
        name = fit(
            str(names.get(str(code), str(code))),
            page.sheet.side.right - plot.box.right - 56 * s,
            size * s,
            weight=weight,
        )
        page.text(plot.box.right + 22 * s, base, str(int(rank)), size=size, colour=SOFT, align="right")
        page.text(plot.box.right + 26 * s, base, name, size=size, weight=weight, colour=colour)
        shown = text.number(float(table.loc[str(code), last]), digits)
        page.text(page.sheet.side.right, base, shown, size=size, colour=SOFT, align="right")
    starts = sorted({int(rank) for rank in ranks[first].dropna()})
    for rank in starts if len(starts) <= 45 else []:
        page.text(
            plot.box.left - 8 * s,
            plot.y(rank) - 0.34 * NAME * s,
            str(rank),
            size=NAME,
            colour=SOFT,
            align="right",
        )


def _readable(colour: str) -> str:
    """Return the colour of words: that of the line where it reads well on paper, else ink."""
    return colour if contrast(colour, PAPER) >= 4.5 else INK


def _apart(places: Sequence[float], least: float) -> list[float]:
    """Return heights that descend by at least `least` where places coincide (ties), staying near them."""
    found: list[float] = []
    for place in places:
        found.append(min(place, found[-1] - least) if found and place > found[-1] - least else place)
    return found


def _draw_country_strip(plot: Plot, row: pd.Series, text: MapText, *, strip: float, digits: int) -> None:
    """Draw the country's own value below the ranks, on the same years."""
    page, s = plot.page, plot.page.sheet.scale
    low, high = spread(row.tolist(), margin=0.25)
    box = Box(plot.box.left, plot.box.bottom - strip + 8 * s, plot.box.right, plot.box.bottom - 18 * s)
    small = Plot(page, box, plot.low_x, plot.high_x, low, high)
    page.lines([[(box.left, box.top + 6 * s), (box.right, box.top + 6 * s)]], colour=QUIET, width=0.6)
    _draw_lines(small, row.to_frame().T.set_axis([COUNTRY]), {COUNTRY: INK})
    known = row.dropna()
    first, last = (small.y(float(known.iloc[i])) - 2.6 * s for i in (0, -1))
    start = text.number(float(known.iloc[0]), digits)
    end = f"{text.word('country')} {text.number(float(known.iloc[-1]), digits)}"
    page.text(small.x(float(known.index[0])) - 7 * s, first, start, size=NAME, weight=BOLD, align="right")
    page.text(small.x(float(known.index[-1])) + 7 * s, last, end, size=NAME, weight=BOLD)
    draw_x_axis(small, text, ticks=_year_ticks(row.to_frame().T), plain=True)


def _draw_end_names(
    plot: Plot, table: pd.DataFrame, ends: Sequence[tuple[str, str, str]], text: MapText, digits: int
) -> None:
    page, s = plot.page, plot.page.sheet.scale
    known = [(code, colour, name, table.loc[code].dropna()) for code, colour, name in ends]
    ordered = sorted(known, key=lambda end: -float(end[3].iloc[-1]))
    ys = _apart([plot.y(float(values.iloc[-1])) for *_, values in ordered], 10.5 * s)
    for (code, colour, name, values), y in zip(ordered, ys, strict=True):
        said = f"{name} {text.number(float(values.iloc[-1]), digits)}"
        weight = BOLD if code == COUNTRY else REGULAR
        page.text(
            plot.box.right + 10 * s,
            y - 2.8 * s,
            fit(said, 138 * s, 8.6 * s, weight=weight),
            size=8.6,
            colour=_readable(colour),
            weight=weight,
        )
