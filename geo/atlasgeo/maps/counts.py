"""Counts are circles: their area is the number, the ground says nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.basemap import Basemap, values_on
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_scale_bar, draw_shapes
from atlasgeo.maps.legend import Entry, draw_legend
from atlasgeo.maps.order import rank_units
from atlasgeo.maps.page import Box, Page, new_page, overlap
from atlasgeo.maps.palettes import HAIRLINE, INK, LAND, PAPER, SOFT
from atlasgeo.maps.patterns import NO_DATA_HATCH
from atlasgeo.maps.ranking import draw_ranking
from atlasgeo.maps.typeface import BOLD, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["circle_radii", "draw_counts"]

CIRCLE: Final = "#367d87"
GROUND: Final = "#e9e7e2"
LARGEST: Final = 30.0  # points
LEAST: Final = 0.6


def circle_radii(values: pd.Series, *, largest: float) -> pd.Series:
    """Return the radius of each circle: areas are in proportion, the greatest value has radius `largest`.

    Raises
    ------
    DataError
        If a count is negative.
    """
    known = values.astype(float)
    if (known.dropna() < 0).any():
        raise DataError("a count is negative", found=known[known < 0].to_dict(), expected="0 or more")
    top = known.max()
    return np.sqrt(known / top) * largest if top > 0 else known * 0.0


def _largest(basemap: Basemap, values: pd.Series) -> float:
    """Return a radius for the greatest value at which all circles together cover a seventh of the land."""
    share = float((values / values.max()).sum()) if values.max() > 0 else 1.0
    land = float((basemap.land >= 0).sum())
    return min(LARGEST * basemap.sheet.scale, math.sqrt(land / 7 / math.pi / max(share, 1.0)))


def draw_counts(
    basemap: Basemap,
    values: pd.Series,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    digits: int = 0,
    colour: str = CIRCLE,
) -> Figure:
    """Return a map of counts as proportional circles, with the ranking of units beside it.

    Parameters
    ----------
    basemap : Basemap
    values : Series
        Counts indexed by unit code; missing ones are hatched.
    text : MapText
    names : mapping of code -> name
    digits : int
        Decimals of printed numbers.
    colour : str
        Of the circles.

    Returns
    -------
    Figure

    Raises
    ------
    BoundaryError
        If `values` holds a unit that is not on the map.
    DataError
        If a count is negative.
    """
    values = values_on(basemap, values)
    page = new_page(basemap.sheet)
    s = page.sheet.scale
    largest = _largest(basemap, values)
    radii = circle_radii(values, largest=largest)
    missing = [i for i, code in enumerate(basemap.codes) if pd.isna(values[code])]
    below = draw_header(page, text)
    fills = [LAND if i in set(missing) else GROUND for i in range(len(basemap.codes))]
    draw_shapes(
        page, basemap, fills, patterns={(NO_DATA_HATCH, HAIRLINE): missing} if missing else None, inset=False
    )
    _draw_circles(page, basemap, values, radii, text=text, names=names, digits=digits, colour=colour)
    end = _draw_circle_legend(
        page, values, text=text, digits=digits, colour=colour, largest=largest, top=below - 14 * s
    )
    if missing:
        entry = Entry(text.word("no_data"), LAND, len(missing), NO_DATA_HATCH, HAIRLINE)
        end = draw_legend(page, [entry], title="", top=end)
    if values.notna().any():
        draw_ranking(
            page,
            rank_units(values, digits=digits),
            text=text,
            names=names,
            fills=dict.fromkeys(basemap.codes, colour),
            top=end - 8 * s,
            digits=digits,
        )
    draw_scale_bar(page, basemap, text)
    draw_foot(page, text)
    return page.figure


def _draw_circles(
    page: Page,
    basemap: Basemap,
    values: pd.Series,
    radii: pd.Series,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    digits: int,
    colour: str,
) -> None:
    """Draw large circles first, so that small ones stay visible, and name them where names fit."""
    s = page.sheet.scale
    spots = {
        code: room.heart
        for code, room in zip(basemap.codes, basemap.rooms, strict=True)
        if room is not None and pd.notna(values[code]) and values[code] > 0
    }
    order = sorted(spots, key=lambda code: (-float(radii[code]), code))
    if order:
        page.discs(
            [spots[code] for code in order],
            radius=[max(float(radii[code]), LEAST * s) for code in order],
            fill=f"{colour}cc",
            edge=PAPER,
            width=0.7,
        )
    discs = [(spots[code], float(radii[code])) for code in order]
    taken: list[Box] = []
    for place, code in enumerate(order if not basemap.crowded else ()):
        others = [disc for i, disc in enumerate(discs) if i != place]
        value = text.number(float(values[code]), digits)
        _name_circle(page, discs[place], others, (str(names.get(code, code)), value), taken)


def _name_circle(
    page: Page,
    disc: tuple[tuple[float, float], float],
    others: Sequence[tuple[tuple[float, float], float]],
    words: tuple[str, str],
    taken: list[Box],
) -> None:
    """Write the value into a circle that holds it and the name under the circle, unless words collide."""
    s = page.sheet.scale
    (x, y), radius = disc
    name, value = words
    half = text_width(value, 7.6 * s, weight=BOLD) / 2
    inside = Box(x - half, y - 4 * s, x + half, y + 4 * s)
    if half < 0.9 * radius and not any(_meets(inside, other) for other in others):
        page.text(x, y, value, size=7.6, weight=BOLD, colour=PAPER, align="center", stand="center")
    half = text_width(name, 7.2 * s) / 2
    for bottom in (y - radius - 9 * s, y + radius + 1 * s):
        box = Box(x - half, bottom, x + half, bottom + 8 * s)
        if not any(overlap(box, b) for b in taken) and not any(_meets(box, other) for other in others):
            taken.append(box)
            page.text(x, box.bottom + 1.6 * s, name, size=7.2, align="center", ground=GROUND)
            return


def _meets(box: Box, disc: tuple[tuple[float, float], float]) -> bool:
    """Return whether a box touches a circle."""
    (x, y), radius = disc
    across = x - min(max(x, box.left), box.right)
    up = y - min(max(y, box.bottom), box.top)
    return math.hypot(across, up) < radius


def _draw_circle_legend(
    page: Page, values: pd.Series, *, text: MapText, digits: int, colour: str, largest: float, top: float
) -> float:
    """Draw nested circles with round numbers; return the height where they end."""
    s = page.sheet.scale
    side = page.sheet.side
    y = top - 8.6 * 1.2 * s
    page.text(side.left, y, text.legend_title or text.word("circle"), size=8.6, colour=SOFT)
    peak = float(values.max()) if values.notna().any() else 0.0
    if not peak > 0:
        return y - 4 * s
    shown = _round_sizes(peak)
    floor = y - 6 * s - 2 * largest * math.sqrt(shown[0] / peak)
    x = side.left + largest
    for size in shown:
        radius = largest * math.sqrt(size / peak)
        page.discs([(x, floor + radius)], radius=radius, fill=f"{colour}40", edge=INK, width=0.6)
        page.lines([[(x, floor + 2 * radius), (x + 44 * s, floor + 2 * radius)]], colour=HAIRLINE, width=0.5)
        page.text(x + 47 * s, floor + 2 * radius - 2.6 * s, text.number(size, digits), size=7.8)
    return floor - 6 * s


def _round_sizes(peak: float) -> list[float]:
    """Return three round numbers, the greatest at most `peak`, far enough apart to be read."""
    power = 10.0 ** math.floor(math.log10(peak))
    first = max(m for m in (1.0, 2.0, 5.0) if m * power <= peak * (1 + 1e-12)) * power
    return [first, first * 0.4 if first / power == 5.0 else first * 0.5, first * 0.1]
