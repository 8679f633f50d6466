"""The picture of a graph: who is next to whom, its separate parts and the units without neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.errors import BoundaryError
from atlasgeo.links import edges_of
from atlasgeo.maps.basemap import Basemap, codes_on
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_scale_bar, draw_shapes
from atlasgeo.maps.legend import Entry, draw_legend
from atlasgeo.maps.page import Page, new_page
from atlasgeo.maps.palettes import HAIRLINE, INK, LAND, PAPER, SOFT
from atlasgeo.maps.typeface import BOLD, REGULAR, wrap
from atlasgeo.maps.wording import MapText
from atlasgeo.sensitivity import parts_of

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from matplotlib.figure import Figure

__all__ = ["draw_neighbours"]

PARTS: Final = ("#dfe3ea", "#f1d9b5", "#c9dfc6", "#e6cbd6", "#cfe0ee", "#e9e2c0")
ALONE: Final = "#a8442f"
MOST_NAMES: Final = 14
NODE: Final = 1.7


def draw_neighbours(
    basemap: Basemap,
    w: Graph,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    effects: pd.DataFrame | None = None,
) -> Figure:
    """Return a map of a graph: a line for each link, a colour for each separate part, a ring for each island.

    Parameters
    ----------
    basemap : Basemap
    w : Graph
        On codes of the basemap; a unit of the map that the graph lacks is left blank.
    text : MapText
    names : mapping of code -> name
    effects : DataFrame, optional
        As `part_effects` returns it: what each part and the islands do to global Moran's I is then said
        beside the map.

    Raises
    ------
    BoundaryError
        If the graph holds a unit that is not on the map, or none at all.

    Notes
    -----
    Parts beyond the colours begin them again; part 1 is the largest. A link in one direction is drawn as one
    in both.
    """
    codes_on(basemap, w.unique_ids)
    parts = parts_of(w).reindex(list(basemap.codes))
    if parts.isna().all():
        raise BoundaryError("the graph has no unit of the map", found=list(w.unique_ids)[:5])
    page = new_page(basemap.sheet)
    below = draw_header(page, text)
    draw_shapes(page, basemap, [_colour(part) for part in parts], inset=False)
    segments = _draw_graph(page, basemap, w, parts)
    draw_scale_bar(page, basemap, text)
    end = draw_legend(page, _entries(parts, text), title=text.legend_title, top=below - 14 * page.sheet.scale)
    alone = [str(names.get(code, code)) for code in parts.index[parts == 0]]
    _say(page, _verdict(parts, segments, alone, effects, text), top=end)
    draw_foot(page, text)
    return page.figure


def _colour(part: float) -> str:
    """Return the colour of a part; units of no graph stay blank."""
    if np.isnan(part):
        return PAPER
    return LAND if part == 0 else PARTS[int(part - 1) % len(PARTS)]


def _draw_graph(page: Page, basemap: Basemap, w: Graph, parts: pd.Series) -> int:
    """Draw links, nodes and rings around islands; return the number of links."""
    places = {code: _place(basemap, i) for i, code in enumerate(basemap.codes)}
    codes, focal, other, weight = edges_of(w)
    real = (weight != 0) & (focal != other)
    ends = np.sort(np.column_stack([focal[real], other[real]]), axis=1)
    pairs = np.unique(ends, axis=0)
    s = page.sheet.scale
    if len(pairs):
        lines = [(places[codes[a]], places[codes[b]]) for a, b in pairs]
        page.lines(lines, colour=SOFT, width=0.7 if len(pairs) < 400 else 0.35, layer=4.0)
    known = [places[code] for code in parts.index[parts > 0]]
    if known:
        page.discs(known, radius=NODE * s, fill=INK, edge=PAPER, width=0.3, layer=4.2)
    islands = [places[code] for code in parts.index[parts == 0]]
    if islands:
        page.discs(islands, radius=4.2 * s, edge=ALONE, width=1.3, layer=4.3)
        page.discs(islands, radius=NODE * s, fill=ALONE, edge=PAPER, width=0.3, layer=4.4)
    return len(pairs)


def _place(basemap: Basemap, i: int) -> tuple[float, float]:
    """Return the place of a unit's node: its heart, or the middle of its shape where it is too small."""
    room = basemap.rooms[i]
    if room is not None:
        return float(room.heart[0]), float(room.heart[1])
    box = basemap.paths[i].get_extents()
    return float((box.x0 + box.x1) / 2), float((box.y0 + box.y1) / 2)


def _entries(parts: pd.Series, text: MapText) -> list[Entry]:
    """Return the rows of the legend: a part each, then what has no neighbours."""
    numbers = sorted(int(part) for part in parts.dropna().unique() if part > 0)
    rows = [
        Entry(text.say("graph_part", n=number), _colour(number), int((parts == number).sum()))
        for number in numbers[: 2 * len(PARTS)]
    ]
    if (parts == 0).any():
        rows.append(Entry(text.word("no neighbours"), LAND, int((parts == 0).sum())))
    return rows


def _verdict(
    parts: pd.Series, links: int, alone: Sequence[str], effects: pd.DataFrame | None, text: MapText
) -> list[str]:
    """Return what is said beside the map, the main finding first."""
    known = parts.dropna()
    count = int((known == 0).sum()) + known[known > 0].nunique()
    first = "graph_whole" if count == 1 else "graph_parts"
    said = [text.say(first, units=len(known), parts=count, links=links)]
    if alone:
        shown = ", ".join(alone[:MOST_NAMES])
        more = f" + {len(alone) - MOST_NAMES}" if len(alone) > MOST_NAMES else ""
        said.append(text.say("clusters_islands", names=shown + more))
    for case, row in effects.iterrows() if effects is not None else ():
        value = text.number(float(row["statistic"]), 3)
        kind, number = _case(str(case))
        said.append(text.say(kind, n=number, value=value))
    return said


def _case(case: str) -> tuple[str, str]:
    """Return the key of the sentence about a case of `part_effects`, and the number of its part."""
    if case == "all":
        return "graph_all", ""
    if case == "without islands":
        return "graph_no_islands", ""
    words = case.split()
    return ("graph_alone", words[1]) if words[-1] == "alone" else ("graph_without", words[-1])


def _say(page: Page, sentences: Sequence[str], *, top: float) -> None:
    """Set the sentences below the legend while there is room; the first one is bold."""
    s = page.sheet.scale
    y = top - 14 * s
    for place, sentence in enumerate(sentences):
        size, weight, colour = (11.0, BOLD, INK) if place == 0 else (8.6, REGULAR, SOFT)
        lines = wrap(sentence, page.sheet.side.width, size * s, weight=weight)
        if y - len(lines) * size * 1.25 * s < page.sheet.side.bottom:
            page.text(page.sheet.side.left, y - 9 * s, "\u2026", size=8.6, colour=HAIRLINE)
            return
        for line in lines:
            y -= size * 1.25 * s
            page.text(page.sheet.side.left, y, line, size=size, weight=weight, colour=colour)
        y -= 6 * s
