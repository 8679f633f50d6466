"""Town and village side by side: two dots a unit and the line between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo import columns as c
from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_mark
from atlasgeo.maps.page import Box, new_page, sheet
from atlasgeo.maps.palettes import HAIRLINE, INK, SOFT
from atlasgeo.maps.plot import Plot, draw_x_axis, spread
from atlasgeo.maps.ranking import BAND
from atlasgeo.maps.typeface import BOLD, REGULAR, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RURAL_COLOUR", "URBAN_COLOUR", "draw_dumbbell"]

URBAN_COLOUR: Final = "#367d87"
RURAL_COLOUR: Final = "#bc563d"
COUNTRY: Final = "country"
MOST_ROWS: Final = 40


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of one dumbbell chart and how they are written."""

    table: pd.DataFrame
    names: Mapping[str, str] | pd.Series
    text: MapText
    digits: int
    size: float
    pitch: float


def draw_dumbbell(
    gap: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    digits: int = 1,
    ratio_digits: int = 1,
    mark: str = "",
) -> Figure:
    """Return a chart of urban and rural values by unit, the widest gap on top.

    Parameters
    ----------
    gap : DataFrame
        Indexed by unit code; columns ``urban`` and ``rural``, and ``ratio`` where one may be given
        (missing where it may not). The row ``country`` is set apart. Units with neither value are left
        out; with one value they have one dot.
    text : MapText
    names : mapping of code -> name
    digits, ratio_digits : int
        Decimals of values and ratios.
    mark : str
        A word laid across the chart: synthetic.

    Returns
    -------
    Figure
        With more than 40 units, those with the widest gaps.

    Raises
    ------
    DataError
        If the columns are missing or no unit has a value.
    """
    table = _table(gap)
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    box = Box(page.sheet.frame.left, page.sheet.frame.bottom + 16 * s, page.sheet.side.right, below - 34 * s)
    pitch = min(19.0 * s, box.height / len(table))
    size = min(8.6, pitch / s * 0.85)
    rows = _Rows(table, names, text, digits, size, pitch)
    said = [_name(rows, code) for code in table.index]
    left = box.left + min(max(text_width(n, size * s, weight=BOLD) for n in said), 0.3 * box.width) + 12 * s
    low, high = spread([*table[c.URBAN], *table[c.RURAL]])
    floor = box.top - pitch * len(table)
    plot = Plot(page, Box(left, floor, box.right - 96 * s, box.top), low, high, 0.0, 1.0)
    draw_x_axis(plot, text)
    _draw_heads(plot, rows, box, ratio="ratio" in table)
    for place, code in enumerate(table.index):
        _draw_row(plot, rows, str(code), box.top - (place + 0.5) * pitch, ratio_digits=ratio_digits)
    if mark:
        draw_mark(page, plot.box, mark)
    draw_foot(page, text)
    return page.figure


def _table(gap: pd.DataFrame) -> pd.DataFrame:
    lost = [column for column in (c.URBAN, c.RURAL) if column not in gap]
    if lost:
        raise DataError(
            "a gap needs urban and rural values", found=list(gap.columns), expected="urban, rural"
        )
    known = gap.dropna(subset=[c.URBAN, c.RURAL], how="all")
    if known.empty:
        raise DataError("no unit has an urban or a rural value", found=f"{len(gap)} rows, all missing")
    units = known.drop(index=COUNTRY, errors="ignore")
    wide = (units[c.RURAL] - units[c.URBAN]).abs()
    order = wide.sort_values(ascending=False, kind="stable", na_position="last").index[:MOST_ROWS]
    return known.loc[[*(known.index.intersection([COUNTRY])), *order]]


def _name(rows: _Rows, code: object) -> str:
    return rows.text.word("country") if code == COUNTRY else str(rows.names.get(str(code), str(code)))


def _draw_heads(plot: Plot, rows: _Rows, box: Box, *, ratio: bool) -> None:
    page, s = plot.page, plot.page.sheet.scale
    y = plot.box.top + 12 * s
    x = plot.box.left
    for key, colour in ((c.URBAN, URBAN_COLOUR), (c.RURAL, RURAL_COLOUR)):
        word = rows.text.word(key)
        page.discs([(x + 4 * s, y + 3 * s)], radius=4 * s, fill=colour, edge=INK, width=0.5)
        page.text(x + 12 * s, y, word, size=8.6)
        x += 26 * s + text_width(word, 8.6 * s)
    heads = [(rows.text.word("difference"), box.right - 46 * s)]
    heads += [(rows.text.word("ratio"), box.right)] if ratio else []
    for word, right in heads:
        page.text(right, y, fit(word, 46 * s, 7.8 * s), size=7.8, colour=SOFT, align="right")


def _draw_row(plot: Plot, rows: _Rows, code: str, y: float, *, ratio_digits: int) -> None:
    page, s = plot.page, plot.page.sheet.scale
    row = rows.table.loc[code]
    weight = BOLD if code == COUNTRY else REGULAR
    base = y - 0.34 * rows.size * s
    if code == COUNTRY:
        right = page.sheet.side.right
        page.boxes(
            [Box(page.sheet.frame.left, y - rows.pitch / 2, right, y + rows.pitch / 2)], fill=BAND, layer=0.4
        )
    name = fit(
        _name(rows, code), plot.box.left - page.sheet.frame.left - 10 * s, rows.size * s, weight=weight
    )
    page.text(plot.box.left - 9 * s, base, name, size=rows.size, weight=weight, align="right")
    marks = [
        (float(row[key]), colour)
        for key, colour in ((c.URBAN, URBAN_COLOUR), (c.RURAL, RURAL_COLOUR))
        if pd.notna(row[key])
    ]
    if len(marks) == 2:
        page.lines([[(plot.x(value), y) for value, _ in marks]], colour=HAIRLINE, width=2.2, layer=2.5)
    radius = min(4.2 * s, 0.36 * rows.pitch)
    hidden = len(marks) == 2 and abs(plot.x(marks[0][0]) - plot.x(marks[1][0])) < 0.6 * radius
    radii = [radius * 1.45, radius * 0.85] if hidden else [radius] * len(marks)  # one dot inside the other
    page.discs(
        [(plot.x(v), y) for v, _ in marks], radius=radii, fill=[k for _, k in marks], edge=INK, width=0.5
    )
    if len(marks) == 2:
        wide = rows.text.number(float(row[c.RURAL] - row[c.URBAN]), rows.digits)
        page.text(page.sheet.side.right - 46 * s, base, wide, size=rows.size, weight=weight, align="right")
    if "ratio" in rows.table and pd.notna(row["ratio"]):
        ratio = rows.text.number(float(row["ratio"]), ratio_digits)
        page.text(page.sheet.side.right, base, ratio, size=rows.size, weight=weight, align="right")
