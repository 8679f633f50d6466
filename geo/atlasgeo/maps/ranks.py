"""Ranks of units over the years, and the country's value below them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, new_page, sheet
from atlasgeo.maps.palettes import INK, SOFT
from atlasgeo.maps.plot import Plot, draw_breaks, draw_x_axis, spread
from atlasgeo.maps.trends import (
    BEST,
    COUNTRY,
    LINES,
    QUIET,
    apart,
    draw_lines,
    readable,
    tidy_years,
    year_range,
    year_ticks,
)
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_rank_chart", "rank_table"]

NAME: Final = 7.8
ROW: Final = 8.6


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
    table = tidy_years(trend)
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
    low_x, high_x = year_range(table)
    plot = Plot(page, box, low_x, high_x, lowest + 0.6, 0.4)
    colours = _line_colours(ranks)
    draw_lines(plot, ranks, colours)
    _draw_rank_names(plot, ranks, colours, table, text=text, names=names, digits=digits)
    draw_breaks(plot, breaks or {})
    if strip:
        _draw_country_strip(plot, table.loc[COUNTRY], text, strip=strip, digits=digits)
    else:
        draw_x_axis(plot, text, ticks=year_ticks(table), plain=True)
    draw_foot(page, text)
    return page.figure


def _line_colours(ranks: pd.DataFrame) -> dict[str, str]:
    last = ranks[ranks.columns[-1]].dropna().sort_values(kind="stable")
    worst, best = list(last.index[:3]), list(last.index[::-1][:3])
    colours = dict.fromkeys([str(code) for code in ranks.index], QUIET)
    colours.update(zip(best, BEST, strict=False))
    colours.update(zip(worst, LINES, strict=False))
    return colours


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
    """Write rank, name and value of the last year at the right, ranks of the first year at the left.

    Where they do not all fit, the first and the last are written, and how many stand between.
    """
    page, s = plot.page, plot.page.sheet.scale
    last, first = ranks.columns[-1], ranks.columns[0]
    everyone = ranks[last].dropna().sort_values(kind="stable")
    order, ys = _that_fit(everyone, plot, ROW * s)
    if len(order) < len(everyone):
        between = text.word("others").format(n=len(everyone) - len(order))
        middle = (ys[len(order) - _tail_of(order) - 1] + ys[-_tail_of(order)]) / 2
        page.text(plot.box.right + 26 * s, middle - 0.34 * NAME * s, between, size=NAME, colour=SOFT)
    size = NAME
    for (code, rank), y in zip(order.items(), ys, strict=True):
        colour = readable(colours[str(code)])
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


def _that_fit(order: pd.Series, plot: Plot, row: float) -> tuple[pd.Series, list[float]]:
    """Return the units whose names fit beside the plot, worst first, and their heights."""
    room = int(plot.box.height / row) + 1
    if len(order) <= room:
        return order, apart([plot.y(float(rank)) for rank in order], row)
    kept = room - 2
    tail = _tail_of(order.iloc[:kept])
    shown = pd.concat([order.iloc[: kept - tail], order.iloc[len(order) - tail :]])
    down = [plot.box.top - row * place for place in range(kept - tail)]
    up = [plot.box.bottom + row * place for place in range(tail)]
    return shown, [*down, *up[::-1]]


def _tail_of(order: pd.Series) -> int:
    """Return how many of the names written are of the best off, where not all are written."""
    return len(order) // 3


def _draw_country_strip(plot: Plot, row: pd.Series, text: MapText, *, strip: float, digits: int) -> None:
    """Draw the country's own value below the ranks, on the same years."""
    page, s = plot.page, plot.page.sheet.scale
    low, high = spread(row.tolist(), margin=0.25)
    box = Box(plot.box.left, plot.box.bottom - strip + 8 * s, plot.box.right, plot.box.bottom - 18 * s)
    small = Plot(page, box, plot.low_x, plot.high_x, low, high)
    page.lines([[(box.left, box.top + 6 * s), (box.right, box.top + 6 * s)]], colour=QUIET, width=0.6)
    draw_lines(small, row.to_frame().T.set_axis([COUNTRY]), {COUNTRY: INK})
    known = row.dropna()
    first, last = (small.y(float(known.iloc[i])) - 2.6 * s for i in (0, -1))
    start = text.number(float(known.iloc[0]), digits)
    end = f"{text.word('country')} {text.number(float(known.iloc[-1]), digits)}"
    page.text(small.x(float(known.index[0])) - 7 * s, first, start, size=NAME, weight=BOLD, align="right")
    page.text(small.x(float(known.index[-1])) + 7 * s, last, end, size=NAME, weight=BOLD)
    draw_x_axis(small, text, ticks=year_ticks(row.to_frame().T), plain=True)
