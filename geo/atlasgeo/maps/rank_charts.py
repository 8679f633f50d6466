"""Charts of ranks and what moves them: intervals, two rankings side by side, a tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import DIVERGING, HAIRLINE, INK, SEQUENTIAL_BETTER, SEQUENTIAL_WORSE, SOFT
from atlasgeo.maps.plot import Plot, draw_x_axis
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_rank_intervals", "draw_slopes", "draw_tornado"]

BAND: Final = SEQUENTIAL_WORSE[0]
BAR: Final = "#c9ced4"
MARK: Final = SEQUENTIAL_WORSE[4]
QUIET: Final = "#c3c8ce"
ROW: Final = 8.2
NAMES: Final = 150.0


def _frame(page: Page, text: MapText, *, left: float, right: float = 24.0) -> Box:
    s = page.sheet.scale
    below = draw_header(page, text)
    draw_foot(page, text)
    return Box(
        page.sheet.frame.left + left * s,
        page.sheet.frame.bottom + 22 * s,
        page.sheet.side.right - right * s,
        below - 22 * s,
    )


def _nothing(table: pd.DataFrame, what: str) -> None:
    if table.empty:
        raise DataError(f"there is nothing to draw: no {what}", found="0 rows")


def draw_rank_intervals(
    ranks: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    worst: int | None = None,
    axis: str = "rank (1 = worst off)",
    most: int = 40,
) -> Figure:
    """Return a chart of each unit's rank with its interval, worst off on top.

    Parameters
    ----------
    ranks : DataFrame
        Indexed by unit: ``rank, low, high`` and, optionally, ``median`` and ``word`` (set at the right).
    text : MapText
    names : mapping of code -> name
    worst : int, optional
        The worst places are tinted.
    axis : str
        What the numbers below are.
    most : int
        Rows drawn; the chart of more units shows the worst.

    Raises
    ------
    DataError
        If no unit has a rank.
    """
    table = ranks.dropna(subset=["rank"]).sort_values(["rank", "low"], kind="stable").head(most)
    _nothing(table, "ranks")
    page = new_page(sheet())
    s = page.sheet.scale
    worded = "word" in table and table["word"].astype(bool).any()
    box = _frame(page, text, left=NAMES, right=150.0 if worded else 24.0)
    places = int(max(ranks["high"].max(), ranks["rank"].max()))
    plot = Plot(page, box, 0.5, places + 0.5, len(table), 0.0)
    if worst:
        page.boxes([Box(plot.x(0.5), box.bottom, plot.x(worst + 0.5), box.top)], fill=BAND, layer=0.5)
    step = max(1, round(places / 10))
    draw_x_axis(plot, text, ticks=[1, *range(max(step, 2), places + 1, step)], title=axis)
    for row, (code, found) in enumerate(table.iterrows()):
        y = plot.y(row + 0.5)
        name = fit(str(names.get(str(code), code)), (NAMES - 12) * s, ROW * s)
        page.text(box.left - 8 * s, y - 2.8 * s, name, size=ROW, align="right")
        page.lines(
            [[(plot.x(found["low"]), y), (plot.x(found["high"]), y)]], colour=BAR, width=5.0, cap="round"
        )
        if "median" in table:
            x = plot.x(found["median"])
            page.lines([[(x, y - 3.6 * s), (x, y + 3.6 * s)]], colour=SOFT, width=1.2, layer=4)
        page.discs([(plot.x(found["rank"]), y)], radius=3.2 * s, fill=MARK, edge="white", width=0.7, layer=5)
        if worded:
            said = fit(str(found["word"]), 142 * s, 7.6 * s)
            page.text(box.right + 8 * s, y - 2.6 * s, said, size=7.6, colour=SOFT)
    return page.figure


def draw_slopes(
    table: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    titles: tuple[str, str],
    notable: int = 5,
) -> Figure:
    """Return a chart that joins each unit's rank in one index to its rank in another.

    Parameters
    ----------
    table : DataFrame
        Indexed by unit: ``rank_first, rank_second``.
    titles : (str, str)
        Names of the two indices.
    notable : int
        How many of the greatest shifts are coloured: down towards worst off, up away from it.

    Raises
    ------
    DataError
        If no unit has both ranks.
    """
    known = table.dropna(subset=["rank_first", "rank_second"])
    _nothing(known, "units with both ranks")
    page = new_page(sheet())
    s = page.sheet.scale
    box = _frame(page, text, left=190.0, right=190.0)
    box = Box(box.left, box.bottom, box.right, box.top - 14 * s)
    n = float(max(known["rank_first"].max(), known["rank_second"].max()))
    plot = Plot(page, box, 0.0, 1.0, n + 0.5, 0.5)
    for x, title, align in ((box.left, titles[0], "right"), (box.right, titles[1], "left")):
        page.text(
            x, box.top + 8 * s, title, size=9.4, weight=BOLD, align="right" if align == "right" else "left"
        )
    shift = known["rank_second"] - known["rank_first"]
    order = shift.abs().sort_values(ascending=False, kind="stable")
    told = set(order[order > 0].index[:notable])
    sides = {
        "rank_first": _spots(known["rank_first"], plot),
        "rank_second": _spots(known["rank_second"], plot),
    }
    for code, moved in shift.items():
        colour = QUIET if code not in told else (DIVERGING[4] if moved < 0 else DIVERGING[0])
        a, b = sides["rank_first"][code], sides["rank_second"][code]
        width = 1.8 if code in told else 0.9
        page.lines(
            [[(box.left, a), (box.right, b)]], colour=colour, width=width, layer=4 if code in told else 3
        )
        page.discs([(box.left, a), (box.right, b)], radius=2.4 * s, fill=colour, layer=4.5)
        weight = BOLD if code in told else REGULAR
        name = fit(str(names.get(str(code), code)), 150 * s, ROW * s, weight=weight)
        first, second = int(known.loc[code, "rank_first"]), int(known.loc[code, "rank_second"])
        ink = INK if code in told else SOFT
        page.text(
            box.left - 8 * s,
            a - 2.8 * s,
            f"{name}  {first}",
            size=ROW,
            colour=ink,
            weight=weight,
            align="right",
        )
        page.text(box.right + 8 * s, b - 2.8 * s, f"{second}  {name}", size=ROW, colour=ink, weight=weight)
    return page.figure


def _spots(ranks: pd.Series, plot: Plot) -> dict[object, float]:
    """Return a height for each unit; tied units stand below each other in the places of the tie."""
    order = ranks.rank(method="first")
    return {code: plot.y(float(place)) for code, place in order.items()}


def draw_tornado(
    effects: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str],
    legend: Sequence[str] = ("first-order: alone", "total: with all others"),
    axis: str = "share of the variance",
) -> Figure:
    """Return a chart of first-order and total sensitivity per choice, the strongest on top.

    Parameters
    ----------
    effects : DataFrame
        Indexed by choice: ``first, total`` and their ``_low, _high`` ends.
    names : mapping of choice -> words
    legend : (str, str)
        What the dark and the light bar are.

    Raises
    ------
    DataError
        If there is no choice.
    """
    _nothing(effects, "choices")
    table = effects.sort_values("total", ascending=False, kind="stable")
    page = new_page(sheet())
    s = page.sheet.scale
    box = _frame(page, text, left=170.0)
    box = Box(box.left, max(box.bottom, box.top - 52 * s * len(table)), box.right, box.top - 14 * s)
    plot = Plot(page, box, 0.0, max(1.0, float(table["total_high"].max())), len(table), 0.0)
    draw_x_axis(plot, text, title=axis)
    thick = min(13.0 * s, 0.32 * box.height / len(table))
    kinds = (("first", SEQUENTIAL_BETTER[4], thick * 0.55), ("total", SEQUENTIAL_BETTER[1], -thick * 0.55))
    for row, (choice, found) in enumerate(table.iterrows()):
        y = plot.y(row + 0.5)
        name = fit(str(names.get(str(choice), choice)), 158 * s, 9.0 * s)
        page.text(box.left - 8 * s, y - 3 * s, name, size=9.0, align="right")
        for kind, colour, offset in kinds:
            middle = y + offset
            end = plot.x(max(0.0, float(found[kind])))
            page.boxes([Box(box.left, middle - thick / 2, end, middle + thick / 2)], fill=colour, layer=3)
            low, high = (plot.x(max(0.0, float(found[f"{kind}_{side}"]))) for side in ("low", "high"))
            page.lines([[(low, middle), (high, middle)]], colour=INK, width=1.0, layer=4)
    page.lines([[(box.left, box.bottom), (box.left, box.top)]], colour=HAIRLINE, width=0.8, layer=4)
    x = box.left
    for word, (_, colour, _) in zip(legend, kinds, strict=True):
        page.boxes([Box(x, box.top + 8 * s, x + 11 * s, box.top + 16 * s)], fill=colour)
        page.text(x + 15 * s, box.top + 9 * s, word, size=8.2, colour=SOFT)
        x += 32 * s + text_width(word, 8.2 * s)
    return page.figure
