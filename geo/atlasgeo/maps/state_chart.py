"""What stands behind every figure of a table: measured, carried, filled or missing, as coloured squares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.furniture import draw_foot, draw_header
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import DIVERGING, HAIRLINE, NO_DATA, PAPER, SEQUENTIAL_BETTER, SOFT
from atlasgeo.maps.typeface import fit, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_states"]

FIGURE, CARRIED, IMPUTED, MISSING = "figure", "carried", "imputed", "missing"
FILLS: Final = {
    FIGURE: SEQUENTIAL_BETTER[1],
    CARRIED: SEQUENTIAL_BETTER[3],
    IMPUTED: DIVERGING[3],
    MISSING: NO_DATA,
}
NAMES: Final = 210.0
HEADS: Final = 76.0
MOST: Final = 60


def draw_states(
    states: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str],
    units: Mapping[str, str],
    words: Mapping[str, str],
) -> Figure:
    """Return a square for each unit and indicator in the colour of its state, indicators in rows.

    Parameters
    ----------
    states : DataFrame
        Units x indicators of ``figure``, ``carried``, ``imputed`` or ``missing``.
    text : MapText
    names, units : mapping of id -> words
        Of indicators and of units.
    words : mapping of state -> words
        For the legend.

    Raises
    ------
    DataError
        If there is no cell, or a state is none of the four.
    """
    known = set(pd.unique(states.to_numpy().ravel())) if states.size else set()
    if not known or known - set(FILLS):
        raise DataError(
            "the states of figures cannot be drawn",
            found=", ".join(sorted(map(str, known - set(FILLS)))) or "no cell",
            expected=", ".join(FILLS),
        )
    table = states.iloc[:MOST, :MOST]
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    draw_foot(page, text)
    box = Box(
        page.sheet.frame.left + NAMES * s,
        page.sheet.frame.bottom + 4 * s,
        page.sheet.side.right,
        below - (HEADS + 22) * s,
    )
    wide, high = min(box.width / len(table), 30 * s), min(box.height / table.shape[1], 22 * s)
    for column, unit in enumerate(table.index):
        x = box.left + (column + 0.5) * wide
        shown = fit(str(units.get(str(unit), unit)), (HEADS - 6) * s, 7.4 * s)
        page.text(x, box.top + 4 * s, shown, size=7.4, align="left", turn=60.0, colour=SOFT)
    for row, indicator in enumerate(table.columns):
        y = box.top - (row + 0.5) * high
        size = min(7.8, high / s * 0.9)
        shown = fit(str(names.get(str(indicator), indicator)), (NAMES - 10) * s, size * s)
        page.text(box.left - 6 * s, y, shown, size=size, align="right", stand="center")
    for state in FILLS:
        _draw_cells(page, box, table, state, wide=wide, high=high)
    _legend(page, box.left, below - 16 * s, [(w, FILLS[k]) for k, w in words.items() if k in known])
    return page.figure


def _draw_cells(page: Page, box: Box, table: pd.DataFrame, state: str, *, wide: float, high: float) -> None:
    cells = [
        Box(
            box.left + column * wide,
            box.top - (row + 1) * high,
            box.left + (column + 1) * wide,
            box.top - row * high,
        ).shrunk(0.5 * page.sheet.scale)
        for row, indicator in enumerate(table.columns)
        for column, found in enumerate(table[indicator])
        if found == state
    ]
    if cells:
        lost = state == MISSING
        edge = HAIRLINE if lost else PAPER
        page.boxes(
            cells,
            fill=FILLS[state],
            edge=edge,
            width=0.4,
            hatch="////" if lost else None,
            hatch_width=0.4,
            layer=2,
        )


def _legend(page: Page, x: float, y: float, entries: list[tuple[str, str]]) -> None:
    s = page.sheet.scale
    for word, colour in entries:
        hatch = "////" if colour == NO_DATA else None
        mark = Box(x, y, x + 10 * s, y + 8 * s)
        page.boxes([mark], fill=colour, edge=HAIRLINE, width=0.4, hatch=hatch, hatch_width=0.4)
        page.text(x + 14 * s, y + 1 * s, word, size=8.2, colour=SOFT)
        x += 30 * s + text_width(word, 8.2 * s)
