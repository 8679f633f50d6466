"""Small maps of one geography side by side, one colour scale around zero for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.basemap import Basemap, codes_on
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page
from atlasgeo.maps.palettes import DIVERGING, HAIRLINE, INK, NO_DATA, PAPER, SOFT
from atlasgeo.maps.typeface import BOLD, fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_small_maps", "zero_classes"]

HATCH: Final = "/////"
SQUARE: Final = 6.4  # points


def zero_classes(values: pd.DataFrame) -> tuple[float, float]:
    """Return the two breaks above zero (their mirrors lie below) of five classes around it.

    A fifth and three fifths of the 95th percentile of the absolute values: a few extremes do not wash out
    the rest.
    """
    known = np.abs(values.to_numpy(float))
    known = known[np.isfinite(known)]
    reach = float(np.quantile(known, 0.95)) if known.size else 1.0
    reach = reach if reach > 0 else 1.0
    return reach / 5, 3 * reach / 5


def draw_small_maps(
    basemap: Basemap,
    values: pd.DataFrame,
    *,
    text: MapText,
    titles: Mapping[str, str],
    names: Mapping[str, str] | pd.Series | None = None,
    flip: bool = False,
    columns: int | None = None,
) -> Figure:
    """Return a map for each column of `values`, all in the same five classes around zero.

    Units too small to be seen (the insets of the basemap) are squares at their place.

    Parameters
    ----------
    basemap : Basemap
    values : DataFrame
        Units x panels; NaN is hatched as no data.
    text : MapText
    titles : mapping of column -> words
    names : mapping of code -> name, optional
        Names the squares beside the scale.
    flip : bool
        By default less than zero is blue and more is red; `flip` turns that.
    columns : int, optional
        Panels in a row; by default as many as fill the page best.

    Raises
    ------
    DataError
        If there is no panel, or a unit of `values` is not on the map.
    """
    if values.shape[1] == 0:
        raise DataError("there is nothing to draw: no panel", found=f"{len(values)} units x 0 columns")
    codes_on(basemap, values.index)
    page = new_page(basemap.sheet)
    below = draw_header(page, text)
    draw_foot(page, text)
    s = page.sheet.scale
    room = Box(page.sheet.frame.left, page.sheet.frame.bottom, page.sheet.side.right, below - 26 * s)
    ramp = DIVERGING[::-1] if flip else DIVERGING
    inner, outer = zero_classes(values)
    edges = (-outer, -inner, inner, outer)
    across = columns or _columns(values.shape[1], room, basemap.frame)
    down = math.ceil(values.shape[1] / across)
    wide, high = room.width / across, room.height / down
    for number, column in enumerate(values.columns):
        left, top = room.left + number % across * wide, room.top - number // across * high
        cell = Box(left + 4 * s, top - high + 4 * s, left + wide - 4 * s, top)
        shown = fit(str(titles.get(str(column), column)), cell.width, 8.4 * s, weight=BOLD)
        page.text(cell.left, cell.top - 9 * s, shown, size=8.4, weight=BOLD)
        panel = Box(cell.left, cell.bottom, cell.right, cell.top - 13 * s)
        own = values[column].reindex(list(basemap.codes)).to_numpy(float)
        _draw_panel(page, basemap, panel, [_colour(v, edges, ramp) for v in own])
    end = _draw_scale(page, Box(room.left, below - 18 * s, room.right, below - 8 * s), edges, ramp, text)
    if names is not None:
        _name_squares(page, basemap, (end, below - 18 * s), room.right, names)
    return page.figure


def _columns(panels: int, room: Box, frame: Box) -> int:
    """Return the number of panels in a row that makes the maps largest."""
    sizes = {
        n: min(room.width / n / frame.width, room.height / math.ceil(panels / n) / frame.height)
        for n in range(1, panels + 1)
    }
    return max(sizes, key=lambda n: sizes[n])


def _colour(value: float, edges: Sequence[float], ramp: Sequence[str]) -> str:
    return "" if math.isnan(value) else ramp[int(np.searchsorted(edges, value))]


def _draw_panel(page: Page, basemap: Basemap, panel: Box, colours: Sequence[str]) -> None:
    from matplotlib.collections import PathCollection
    from matplotlib.transforms import Affine2D

    frame = basemap.frame
    factor = min(panel.width / frame.width, panel.height / frame.height)
    move = Affine2D().translate(-frame.left, -frame.bottom).scale(factor).translate(panel.left, panel.bottom)
    place = move + page.points
    s = page.sheet.scale
    for known in (True, False):
        rows = [row for row, colour in enumerate(colours) if bool(colour) == known]
        if not rows:
            continue
        fills = [colours[row] or NO_DATA for row in rows]
        drawn = PathCollection(
            [basemap.paths[row] for row in rows],
            facecolors=fills,
            edgecolors=PAPER if known else HAIRLINE,
            linewidths=0.4 * s,
            transform=place,
            zorder=2,
        )
        if not known:
            drawn.set_hatch(HATCH)
            drawn.set_hatch_linewidth(0.4 * s)
        page.add(drawn)
    outer = PathCollection(
        [basemap.outline],
        facecolors="none",
        edgecolors=HAIRLINE,
        linewidths=0.5 * s,
        transform=place,
        zorder=3,
    )
    page.add(outer)
    _draw_squares(page, basemap, colours, lambda x, y: tuple(move.transform((x, y))))


def _draw_squares(
    page: Page,
    basemap: Basemap,
    colours: Sequence[str],
    place: Callable[[float, float], tuple[float, ...]],
) -> None:
    """Draw units too small to be seen as squares at their place, those that touch side by side."""
    side = SQUARE * page.sheet.scale
    halo = 1.2 * page.sheet.scale
    for inset in basemap.insets:
        x, y = place(inset.ring[0], inset.ring[1])
        for number, member in enumerate(inset.members):
            left = x + (number - len(inset.members) / 2) * side
            box = Box(left, y - side / 2, left + side, y + side / 2)
            page.boxes([box.shrunk(-halo)], fill=PAPER, layer=3.4)
            hatch = None if colours[member] else HATCH
            page.boxes([box], fill=colours[member] or NO_DATA, edge=INK, width=0.5, hatch=hatch, layer=3.6)


def _name_squares(
    page: Page,
    basemap: Basemap,
    start: tuple[float, float],
    end: float,
    names: Mapping[str, str] | pd.Series,
) -> None:
    members = [basemap.codes[member] for inset in basemap.insets for member in inset.members]
    if not members:
        return
    s = page.sheet.scale
    x, y = start
    page.boxes([Box(x, y + s, x + SQUARE * s, y + (1 + SQUARE) * s)], fill=PAPER, edge=INK, width=0.5)
    words = ", ".join(str(names.get(code, code)) for code in members)
    x += (SQUARE + 4) * s
    page.text(x, y + 1 * s, fit(words, end - x, 8.0 * s), size=8.0, colour=SOFT)


def _draw_scale(page: Page, box: Box, edges: Sequence[float], ramp: Sequence[str], text: MapText) -> float:
    """Draw the classes and return where the next words may begin."""
    s = page.sheet.scale
    digits = max(0, 1 - math.floor(math.log10(edges[2])))
    low, high = (text.number(edges[i], digits) for i in (0, 3))
    inner = [text.number(edges[i], digits) for i in (1, 2)]
    words = [
        f"< {low}",
        f"{low} … {inner[0]}",
        f"{inner[0]} … {inner[1]}",
        f"{inner[1]} … {high}",
        f"> {high}",
    ]
    x = box.left + 4 * s
    for word, colour in zip([*words, text.word("no_data")], [*ramp, NO_DATA], strict=True):
        mark = Box(x, box.bottom, x + 12 * s, box.bottom + 8 * s)
        hatch = HATCH if colour == NO_DATA else None
        page.boxes([mark], fill=colour, edge=HAIRLINE, width=0.4, hatch=hatch, hatch_width=0.4)
        page.text(x + 16 * s, box.bottom + 1 * s, word, size=8.0, colour=SOFT)
        x += 30 * s + text_width(word, 8.0 * s)
    return x
