"""Charts of what a score is made of: a waterfall, bars of contributions, correlations as a heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import DIVERGING, HAIRLINE, INK, LAND, SOFT, ink_on, mix
from atlasgeo.maps.plot import Plot, draw_x_axis, spread
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_contribution_bars", "draw_correlations", "draw_waterfall"]

LOSS: Final = DIVERGING[4]
GAIN: Final = DIVERGING[0]
WHOLE: Final = "#7b838c"
GROUPS: Final = ("#1d4f73", "#c98a3a", "#79b6a3", "#7f2a3c", "#6c679c", "#9aa1a9", "#b7b07a", "#4d6b4a")
ROW: Final = 8.4


def _frame(page: Page, text: MapText, *, left: float, right: float = 40.0) -> Box:
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
    box = _frame(page, text, left=215.0)
    marks = np.cumsum([start[1], *(v for _, v in steps)])
    low, high = spread([*marks, 0.0] if min(marks) < 0.35 * max(marks) else [*marks], margin=0.12)
    plot = Plot(page, box, low, high, len(steps) + 2, 0.0)
    draw_x_axis(plot, text, title=axis)
    _whole(plot, 0, (start[0], float(marks[0])), text)
    for row, (name, value) in enumerate(steps, start=1):
        bad = (value < 0) == worse_is_less
        _step(plot, row, (name, float(marks[row - 1]), value), text, colour=LOSS if bad else GAIN)
    _whole(plot, len(steps) + 1, (end, float(marks[-1])), text)
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


def _whole(plot: Plot, row: int, bar: tuple[str, float], text: MapText) -> None:
    s = plot.page.sheet.scale
    bottom, top = _name(plot, row, bar[0], weight=BOLD)
    end = plot.x(bar[1])
    if plot.low_x <= 0.0:
        plot.page.boxes([Box(plot.x(0.0), bottom, end, top)], fill=WHOLE, layer=3)
    else:  # a bar that does not start at zero would lie about its length
        plot.page.discs([(end, (bottom + top) / 2)], radius=4.2 * s, fill=WHOLE, layer=4)
        rest = (
            [(end, bottom), (end, plot.y(row + 1.5))] if row == 0 else [(end, top), (end, plot.y(row - 0.5))]
        )
        plot.page.lines([rest], colour=HAIRLINE, width=0.6, layer=2)
    plot.page.text(end + 8 * s, (bottom + top) / 2 - 2.9 * s, text.number(bar[1], 1), size=ROW, weight=BOLD)


def _step(plot: Plot, row: int, bar: tuple[str, float, float], text: MapText, *, colour: str) -> None:
    s = plot.page.sheet.scale
    name, before, value = bar
    bottom, top = _name(plot, row, name)
    ends = sorted((plot.x(before), plot.x(before + value)))
    plot.page.boxes([Box(ends[0], bottom, max(ends[1], ends[0] + 0.6 * s), top)], fill=colour, layer=3)
    after = plot.x(before + value)
    below = plot.y(row + 1.5)
    plot.page.lines([[(after, bottom), (after, below)]], colour=HAIRLINE, width=0.6, layer=2)
    shown = f"+{text.number(value, 1)}" if value > 0 else text.number(value, 1)
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
    box = _frame(page, text, left=150.0)
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


def draw_correlations(
    correlations: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
) -> Figure:
    """Return the correlations of indicators as coloured squares, groups apart by lines.

    Parameters
    ----------
    correlations : DataFrame
        Square, in the order to be drawn; NaN is no correlation.
    names : mapping of indicator -> words
    groups : mapping of indicator -> group, optional

    Raises
    ------
    DataError
        If the table is empty or not square.
    """
    n = len(correlations)
    if n == 0 or list(correlations.index) != list(correlations.columns):
        raise DataError("a heat map needs a square table", found=f"{correlations.shape}")
    page = new_page(sheet())
    s = page.sheet.scale
    frame = _frame(page, text, left=0.0, right=0.0)
    side = min(frame.height, frame.width - 330 * s)
    box = Box(frame.left + 210 * s, frame.top - side, frame.left + 210 * s + side, frame.top)
    cell = side / n
    matrix = correlations.to_numpy(float)
    for i in range(n):
        boxes = [
            Box(box.left + j * cell, box.top - (i + 1) * cell, box.left + (j + 1) * cell, box.top - i * cell)
            for j in range(n)
        ]
        colours = [LAND if np.isnan(r) else _shade(float(r)) for r in matrix[i]]
        page.boxes(boxes, fill=colours, edge="white", width=0.4, layer=2)
        for b, r, colour in zip(boxes, matrix[i], colours, strict=True):
            if cell > 15 * s and not np.isnan(r):
                page.text(
                    *b.centre,
                    text.number(r, 1),
                    size=min(7.0, cell / s * 0.34),
                    colour=ink_on(colour),
                    align="center",
                    stand="center",
                )
    size = min(7.6, cell / s * 0.9)
    for i, name in enumerate(correlations.index):
        shown = fit(str(names.get(str(name), name)), 202 * s, size * s)
        page.text(
            box.left - 6 * s, box.top - (i + 0.5) * cell, shown, size=size, align="right", stand="center"
        )
    _separate(page, box, [str((groups or {}).get(str(i), "")) for i in correlations.index], cell)
    _scale(page, Box(box.right + 26 * s, box.top - 150 * s, box.right + 38 * s, box.top), text)
    return page.figure


def _shade(r: float) -> str:
    middle, end = DIVERGING[2], DIVERGING[4] if r > 0 else DIVERGING[0]
    return mix(middle, end, min(abs(r), 1.0))


def _separate(page: Page, box: Box, groups: Sequence[str], cell: float) -> None:
    cuts = [i for i in range(1, len(groups)) if groups[i] != groups[i - 1]]
    if len(cuts) == len(groups) - 1:  # each stands alone: there is nothing to hold apart
        return
    lines = [[(box.left, box.top - i * cell), (box.right, box.top - i * cell)] for i in cuts]
    lines += [[(box.left + i * cell, box.bottom), (box.left + i * cell, box.top)] for i in cuts]
    if lines:
        page.lines(lines, colour=INK, width=0.8, layer=4)


def _scale(page: Page, box: Box, text: MapText) -> None:
    s = page.sheet.scale
    steps = 20
    for k in range(steps):
        low, high = box.bottom + k * box.height / steps, box.bottom + (k + 1) * box.height / steps
        page.boxes([Box(box.left, low, box.right, high)], fill=_shade(-1 + 2 * (k + 0.5) / steps))
    for r in (-1.0, -0.5, 0.0, 0.5, 1.0):
        y = box.bottom + (r + 1) / 2 * box.height
        page.text(box.right + 5 * s, y - 2.6 * s, text.number(r, 1), size=7.8, colour=SOFT)
