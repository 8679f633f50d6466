"""Charts of what a score is made of: a waterfall, bars of contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import DIVERGING, HAIRLINE, INK, SOFT
from atlasgeo.maps.plot import Plot, draw_x_axis, spread
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["chart_frame", "draw_contribution_bars", "draw_waterfall"]

LOSS: Final = DIVERGING[4]
GAIN: Final = DIVERGING[0]
WHOLE: Final = "#7b838c"
GROUPS: Final = ("#1d4f73", "#c98a3a", "#79b6a3", "#7f2a3c", "#6c679c", "#9aa1a9", "#b7b07a", "#4d6b4a")
ROW: Final = 8.4
FINE: Final = 10.0  # under this a score is told with two decimals


def chart_frame(page: Page, text: MapText, *, left: float, right: float = 40.0) -> Box:
    """Draw title and foot, and return the room between them, with margins for names and numbers."""
    s = page.sheet.scale
    below = draw_header(page, text)
    draw_foot(page, text)
    return Box(
        page.sheet.frame.left + left * s,
        page.sheet.frame.bottom + 22 * s,
        page.sheet.side.right - right * s,
        below - 20 * s,
    )


def draw_waterfall(
    contributions: pd.Series,
    *,
    text: MapText,
    names: Mapping[str, str],
    start: tuple[str, float],
    end: str,
    worse_is_less: bool = True,
    most: int = 14,
    rest: str = "all others",
    axis: str = "",
) -> Figure:
    """Return the way from a reference's score to a unit's, one step an indicator, the greatest first.

    Parameters
    ----------
    contributions : Series
        Indexed by indicator, in points of the index; NaN (no figure) is left out.
    names : mapping of indicator -> words
    start : (str, float)
        Name and score of the reference.
    end : str
        Name of the unit; its bar ends where the steps lead.
    worse_is_less : bool
        True where steps down make the unit worse off.
    most : int
        Steps shown; the smaller ones are summed as `rest`.

    Raises
    ------
    DataError
        If there is no contribution.
    """
    known = contributions.dropna().astype(float)
    if known.empty:
        raise DataError("there is nothing to draw: no contribution", found="0 indicators")
    order = known.reindex(known.abs().sort_values(ascending=False, kind="stable").index)
    steps = [(str(names.get(str(i), i)), float(v)) for i, v in order.head(most).items()]
    if len(order) > most:
        steps.append((f"{rest} ({len(order) - most})", float(order.iloc[most:].sum())))
    page = new_page(sheet())
    box = chart_frame(page, text, left=215.0)
    marks = np.cumsum([start[1], *(v for _, v in steps)])
    low, high = spread([*marks, 0.0] if min(marks) < 0.35 * max(marks) else [*marks], margin=0.12)
    plot = Plot(page, box, low, high, len(steps) + 2, 0.0)
    draw_x_axis(plot, text, title=axis)
    digits = 1 if np.abs(marks).max() >= FINE else 2
    _whole(plot, 0, (start[0], float(marks[0])), text, digits)
    for row, (name, value) in enumerate(steps, start=1):
        bad = (value < 0) == worse_is_less
        colour = LOSS if bad else GAIN
        _step(plot, row, (name, float(marks[row - 1]), value), text.number(value, digits), colour=colour)
    _whole(plot, len(steps) + 1, (end, float(marks[-1])), text, digits)
    page.lines([[(box.left, box.bottom), (box.left, box.top)]], colour=HAIRLINE, width=0.8, layer=2.5)
    return page.figure


def _name(plot: Plot, row: int, words: str, *, weight: str = REGULAR) -> tuple[float, float]:
    """Set a row's name and return the bottom and top of its bar."""
    s = plot.page.sheet.scale
    y = plot.y(row + 0.5)
    shown = fit(words, 205 * s, ROW * s, weight=weight)
    plot.page.text(plot.box.left - 8 * s, y - 2.9 * s, shown, size=ROW, align="right", weight=weight)
    half = min(8.5 * s, 0.36 * abs(plot.y(row) - plot.y(row + 1)))
    return y - half, y + half


def _whole(plot: Plot, row: int, bar: tuple[str, float], text: MapText, digits: int) -> None:
    s = plot.page.sheet.scale
    bottom, top = _name(plot, row, bar[0], weight=BOLD)
    end = plot.x(bar[1])
    left = (
        plot.low_x <= 0.0 and bar[1] < 0
    )  # the bar lies between the end and zero: the number goes before it
    if plot.low_x <= 0.0:
        ends = sorted((plot.x(0.0), end))
        plot.page.boxes([Box(ends[0], bottom, ends[1], top)], fill=WHOLE, layer=3)
    else:  # a bar that does not start at zero would lie about its length
        plot.page.discs([(end, (bottom + top) / 2)], radius=4.2 * s, fill=WHOLE, layer=4)
        rest = (
            [(end, bottom), (end, plot.y(row + 1.5))] if row == 0 else [(end, top), (end, plot.y(row - 0.5))]
        )
        plot.page.lines([rest], colour=HAIRLINE, width=0.6, layer=2)
    plot.page.text(
        end + (-8 if left else 8) * s,
        (bottom + top) / 2 - 2.9 * s,
        text.number(bar[1], digits),
        size=ROW,
        weight=BOLD,
        align="right" if left else "left",
    )


def _step(plot: Plot, row: int, bar: tuple[str, float, float], number: str, *, colour: str) -> None:
    s = plot.page.sheet.scale
    name, before, value = bar
    bottom, top = _name(plot, row, name)
    ends = sorted((plot.x(before), plot.x(before + value)))
    plot.page.boxes([Box(ends[0], bottom, max(ends[1], ends[0] + 0.6 * s), top)], fill=colour, layer=3)
    after = plot.x(before + value)
    below = plot.y(row + 1.5)
    plot.page.lines([[(after, bottom), (after, below)]], colour=HAIRLINE, width=0.6, layer=2)
    shown = f"+{number}" if value > 0 else number
    plot.page.text(ends[1] + 5 * s, (bottom + top) / 2 - 2.9 * s, shown, size=7.8, colour=SOFT)


def draw_contribution_bars(
    contributions: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    parts: Mapping[str, str],
    worse_is_less: bool = True,
    axis: str = "",
    most: int = 40,
) -> Figure:
    """Return for every unit its contributions stacked right and left of the reference, the worst off on top.

    Parameters
    ----------
    contributions : DataFrame
        Units x parts (areas, say), in points of the index.
    names : mapping of unit -> name
    parts : mapping of part -> words
        In the order of the columns; at most eight.
    worse_is_less : bool
        True where the lowest sum is the worst, False where the highest is.

    Raises
    ------
    DataError
        If there is no unit, or there are more parts than colours that can be told apart.
    """
    table = contributions.dropna(how="all").fillna(0.0)
    if table.empty or table.shape[1] > len(GROUPS):
        raise DataError(
            "contributions cannot be drawn as stacked bars",
            found=f"{len(table)} units x {table.shape[1]} parts",
            expected=f"a unit, and at most {len(GROUPS)} parts",
            fix="sum the indicators by area",
        )
    order = table.sum(axis=1).sort_values(ascending=worse_is_less, kind="stable").index
    table = table.loc[order].head(most)
    page = new_page(sheet())
    s = page.sheet.scale
    box = chart_frame(page, text, left=150.0)
    words = [parts.get(str(p), str(p)) for p in table.columns]
    rows = _legend_rows(words, page.sheet.side.right - page.sheet.frame.left, s)
    box = Box(box.left, box.bottom, box.right, box.top - (2 + 12 * len(rows)) * s)
    left, right = table.clip(upper=0).sum(axis=1).min(), table.clip(lower=0).sum(axis=1).max()
    low, high = spread([float(left), float(right), 0.0])
    plot = Plot(page, box, low, high, len(table), 0.0)
    draw_x_axis(plot, text, title=axis)
    for row, (code, own) in enumerate(table.iterrows()):
        bottom, top = _name(plot, row, str(names.get(str(code), code)))
        _stack(plot, own.to_numpy(float), bottom, top)
        x = plot.x(float(own.sum()))
        page.lines([[(x, bottom - 1.5 * s), (x, top + 1.5 * s)]], colour=INK, width=1.6, layer=5)
    zero = plot.x(0.0)
    page.lines([[(zero, box.bottom), (zero, box.top)]], colour=INK, width=0.8, layer=4)
    _legend(page, box, rows)
    return page.figure


def _stack(
    plot: Plot, values: np.ndarray[tuple[int], np.dtype[np.float64]], bottom: float, top: float
) -> None:
    reached = {True: 0.0, False: 0.0}
    for value, colour in zip(values, GROUPS, strict=False):
        side = bool(value > 0)
        ends = sorted((plot.x(reached[side]), plot.x(reached[side] + float(value))))
        plot.page.boxes([Box(ends[0], bottom, ends[1], top)], fill=colour, edge="white", width=0.4, layer=3)
        reached[side] += float(value)


def _legend_rows(words: Sequence[str], wide: float, s: float) -> list[list[tuple[str, str]]]:
    """Return words and colours in as many rows as the page needs."""
    rows: list[list[tuple[str, str]]] = [[]]
    taken = 0.0
    for word, colour in zip(words, GROUPS, strict=False):
        own = 28 * s + text_width(word, 8.2 * s)
        if rows[-1] and taken + own > wide:
            rows.append([])
            taken = 0.0
        rows[-1].append((word, colour))
        taken += own
    return rows


def _legend(page: Page, box: Box, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    s = page.sheet.scale
    longest = max(sum(28 * s + text_width(word, 8.2 * s) for word, _ in row) for row in rows)
    left = box.left if box.left + longest <= page.sheet.side.right else page.sheet.frame.left
    for number, row in enumerate(reversed(rows)):
        x, y = left, box.top + (8 + 12 * number) * s
        for word, colour in row:
            page.boxes([Box(x, y, x + 10 * s, y + 8 * s)], fill=colour)
            page.text(x + 14 * s, y + 1 * s, word, size=8.2, colour=SOFT)
            x += 28 * s + text_width(word, 8.2 * s)
