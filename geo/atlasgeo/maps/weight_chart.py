"""Weights with their uncertainty: a dot and an interval a part, and small dots for groups or methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import HAIRLINE, INK, PAPER, SEQUENTIAL_WORSE, SOFT
from atlasgeo.maps.plot import Plot, draw_x_axis
from atlasgeo.maps.typeface import BOLD, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_weights"]

MARK: Final = SEQUENTIAL_WORSE[4]
BAR: Final = "#c9ced4"
GROUPS: Final = ("#1d4f73", "#c98a3a", "#79b6a3", "#6c679c", "#4d6b4a", "#b7b07a")
NAMES: Final = 330.0
HEADS: Final = 130.0
ROW: Final = 8.4


def draw_weights(
    weights: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str],
    heads: Mapping[str, str] | None = None,
    others: pd.DataFrame | None = None,
    axis: str = "share of the weight",
    most: int = 60,
) -> Figure:
    """Return a chart of weights, the greatest first within each parent.

    Parameters
    ----------
    weights : DataFrame
        Indexed by part: ``weight``, and optionally ``low, high`` (interval) and ``parent``.
    text : MapText
    names : mapping of part -> words
    heads : mapping of parent -> words, optional
        Set above the parts of each parent, where there are several.
    others : DataFrame, optional
        Parts x groups of voters, or methods: at most six more weights of each part.
    axis : str
    most : int
        Parts shown.

    Raises
    ------
    DataError
        If there is no weight, or there are more `others` than colours that can be told apart.
    """
    known = weights.dropna(subset=["weight"])
    more = pd.DataFrame(index=known.index) if others is None else others.reindex(known.index)
    if known.empty or more.shape[1] > len(GROUPS):
        raise DataError(
            "the weights cannot be drawn",
            found=f"{len(known)} parts, {more.shape[1]} groups",
            expected=f"a part, and at most {len(GROUPS)} groups",
        )
    rows = _rows(known.head(most), heads or {})
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    draw_foot(page, text)
    lines = 36.0 if more.shape[1] else 20.0
    headed = any(head for _, head in rows)
    box = Box(
        page.sheet.frame.left + (NAMES if headed else NAMES - HEADS) * s,
        page.sheet.frame.bottom + 22 * s,
        page.sheet.side.right - 24 * s,
        below - lines * s,
    )
    box = Box(box.left, max(box.bottom, box.top - 30 * s * len(rows)), box.right, box.top)
    ends = [c for c in ("weight", "high") if c in known]
    top = float(pd.concat([known[ends], more], axis=1).max(axis=None))
    plot = Plot(page, box, 0.0, top * 1.06 or 1.0, float(len(rows)), 0.0)
    draw_x_axis(plot, text, title=axis)
    for row, (part, head) in enumerate(rows):
        if head:
            _draw_head(plot, row, head)
        _draw_row(plot, row, (known.loc[part], more.loc[part]), str(names.get(part, part)), text=text)
    if more.shape[1]:
        _legend(page, box, [str(c) for c in more.columns])
    return page.figure


def _draw_head(plot: Plot, row: int, head: str) -> None:
    page, s = plot.page, plot.page.sheet.scale
    left = page.sheet.frame.left
    if row:
        y = plot.y(row)
        page.lines([[(left, y), (plot.box.right, y)]], colour=HAIRLINE, width=0.8, layer=1)
    size = min(ROW, _room(plot))
    shown = fit(head, HEADS * s, size * s, weight=BOLD)
    page.text(left, plot.y(row + 0.5) - 0.32 * size * s, shown, size=size, weight=BOLD)


def _room(plot: Plot) -> float:
    """Return the greatest size of type that a row has room for."""
    return 0.72 * abs(plot.y(0) - plot.y(1)) / plot.page.sheet.scale


def _rows(known: pd.DataFrame, heads: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return parts, the greatest first, and beside the first of each parent its head, if several."""
    parents = known["parent"] if "parent" in known else pd.Series("", index=known.index)
    several = len(set(parents)) > 1
    rows: list[tuple[str, str]] = []
    for parent in dict.fromkeys(parents):
        head = heads.get(str(parent), str(parent)) if several else ""
        own = known[parents == parent].sort_values("weight", ascending=False, kind="stable")
        rows += [(str(part), "" if number else head) for number, part in enumerate(own.index)]
    return rows


def _draw_row(
    plot: Plot, row: int, weights: tuple[pd.Series, pd.Series], name: str, *, text: MapText
) -> None:
    own, more = weights
    page, s = plot.page, plot.page.sheet.scale
    y = plot.y(row + 0.5)
    size = min(ROW, _room(plot))
    least = size / ROW
    shown = fit(name, (NAMES - HEADS - 14) * s, size * s)
    page.text(plot.box.left - 8 * s, y - 0.32 * size * s, shown, size=size, align="right")
    page.lines([[(plot.box.left, y), (plot.box.right, y)]], colour=HAIRLINE, width=0.3, layer=1)
    if "low" in own and pd.notna(own["low"]):
        page.lines(
            [[(plot.x(own["low"]), y), (plot.x(own["high"]), y)]], colour=BAR, width=5.0 * least, cap="round"
        )
    for colour, value in zip(GROUPS, more, strict=False):
        if pd.notna(value):
            page.discs(
                [(plot.x(float(value)), y)], radius=2.4 * least * s, fill=colour, edge=PAPER, width=0.5
            )
    page.discs(
        [(plot.x(own["weight"]), y)], radius=3.4 * least * s, fill=MARK, edge=PAPER, width=0.7, layer=5
    )
    end = max([own["weight"], *(own[["high"]].dropna() if "high" in own else []), *more.dropna()])
    said = f"{text.number(100 * float(own['weight']), 1)} %"
    size = min(7.6, size)
    page.text(plot.x(float(end)) + 7 * s, y - 0.34 * size * s, said, size=size, colour=INK, ground=PAPER)


def _legend(page: Page, box: Box, words: list[str]) -> None:
    s = page.sheet.scale
    x, y = box.left, box.top + 11 * s
    for word, colour in zip(words, GROUPS, strict=False):
        page.discs([(x + 3 * s, y + 3 * s)], radius=3.0 * s, fill=colour)
        page.text(x + 10 * s, y, word, size=8.2, colour=SOFT)
        x += 26 * s + text_width(word, 8.2 * s)
