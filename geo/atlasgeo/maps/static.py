"""Printed maps: a choropleth with its legend and ranking, and the files it is written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo import columns as c
from atlasgeo.maps.annotations import draw_inset_shapes, draw_inset_words, draw_key, draw_labels, draw_numbers
from atlasgeo.maps.basemap import Basemap, values_on
from atlasgeo.maps.categories import Categories, categories_of
from atlasgeo.maps.classes import Classes
from atlasgeo.maps.clusters import draw_clusters
from atlasgeo.maps.counts import draw_counts
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_scale_bar, draw_shapes, draw_watermark
from atlasgeo.maps.labels import place_labels
from atlasgeo.maps.legend import Entry, draw_legend
from atlasgeo.maps.order import Ranking, interval, rank_units
from atlasgeo.maps.page import Page, new_page
from atlasgeo.maps.palettes import HAIRLINE, INK, LAND, SOFT, class_colours
from atlasgeo.maps.patterns import NO_DATA_HATCH, PATTERNS, SUPPRESSED_HATCH, Coats, coat_units, has_flag
from atlasgeo.maps.ranking import draw_ranking, listed
from atlasgeo.maps.wording import MapText
from atlasgeo.maps.write import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_choropleth", "draw_clusters", "draw_counts", "write_figure"]


def draw_choropleth(
    basemap: Basemap,
    values: pd.Series,
    classes: Classes | None,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    colours: Sequence[str],
    national: float | None = None,
    errors: pd.Series | pd.DataFrame | None = None,
    flags: pd.Series | None = None,
    ranking: bool = True,
    low_first: bool = False,
    digits: int | None = None,
) -> Figure:
    """Return a map of rates: coloured units with names and values, legend, ranking and small print.

    `Categories` have no order: no ranking stands beside the map, the legend keeps the order in which they
    were declared, and the colour of a unit says its category.

    Parameters
    ----------
    basemap : Basemap
    values : Series
        Indexed by unit code; a unit that is absent or NaN has no data. A code that the basemap lacks is
        refused.
    classes : Classes or None
        None where no unit has a value.
    text : MapText
    names : mapping of code -> name
    colours : sequence of str
        A ramp from the palettes (cut to the number of classes) or one colour a class, lowest first.
    national : float, optional
        The country's own value, a line in the ranking.
    errors : Series or DataFrame, optional
        Standard errors (whiskers of 1.96 to each side), or columns ``low`` and ``high``.
    flags : Series of str, optional
        Flags joined by ``;``; those of `PATTERNS` and ``suppressed``, ``schematic``, ``synthetic`` are
        drawn.
    ranking : bool
        Whether the ranking stands beside the map; it never does for categories.
    low_first : bool
        Whether low values are worst: they then lead the legend and the ranking.
    digits : int, optional
        Decimals of printed values; by default those of the classes.

    Returns
    -------
    Figure

    Raises
    ------
    BoundaryError
        If `values` holds a unit that is not on the map.
    """
    values = values_on(basemap, values)
    shown = digits if digits is not None else (classes.digits if classes else 0)
    page = new_page(basemap.sheet)
    index = classes.assign(values) if classes else pd.Series(-1, index=values.index)
    ramp = class_colours(colours, classes.k) if classes else ()
    coats = coat_units(basemap.codes, index, ramp, flags=flags)
    fills = dict(zip(basemap.codes, coats.fills, strict=True))
    below = draw_header(page, text)
    kinds = isinstance(classes, Categories)
    entries = _entries(classes, index, ramp, coats, text=text, low_first=low_first or kinds)
    end = draw_legend(page, entries, title=text.legend_title, top=below - 14 * page.sheet.scale)
    order = rank_units(values, digits=shown, low_first=low_first)
    top = end - 10 * page.sheet.scale
    beside = listed(page, order, top=top) if ranking and not kinds else ()
    draw_map(
        page,
        basemap,
        coats,
        text=text,
        words=_words(basemap, coats, values, shown, text=text, names=names)
        | {code: (str(names.get(code, code)), "") for code in categories_of(classes, values)},
        ranking=order,
        listed=beside,
    )
    for flag in (c.SYNTHETIC, c.SCHEMATIC):
        if any(has_flag(flags, flag, basemap.codes)):
            draw_watermark(page, basemap, text.word(flag))
    if beside:
        draw_ranking(
            page,
            order,
            text=text,
            names=names,
            fills=fills,
            top=top,
            digits=shown,
            national=national,
            bounds=interval(errors, values),
        )
    draw_foot(page, text)
    return page.figure


def _words(
    basemap: Basemap,
    coats: Coats,
    values: pd.Series,
    digits: int,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
) -> dict[str, tuple[str, str]]:
    """Return name and printed value of each unit."""
    found = {}
    for number, code in enumerate(basemap.codes):
        absent = text.word("suppressed" if number in coats.suppressed else "no_data")
        value = text.number(float(values[code]), digits) if pd.notna(values[code]) else absent
        found[code] = (str(names.get(code, code)), value)
    return found


def draw_map(
    page: Page,
    basemap: Basemap,
    coats: Coats,
    *,
    text: MapText,
    words: Mapping[str, tuple[str, str]],
    ranking: Ranking,
    listed: Sequence[str],
) -> None:
    """Draw shapes and patterns, names with values, insets and the scale bar.

    On a crowded map the units of the ranking beside it have their rank in place of a name.
    """
    draw_shapes(page, basemap, coats.fills, patterns=coats.hatches)
    draw_inset_shapes(page, basemap)
    fills = dict(zip(basemap.codes, coats.fills, strict=True))
    numbers: dict[str, str] = {}
    if basemap.crowded:
        numbers = {code: str(int(ranking.rank[code])) for code in listed}
        draw_numbers(page, basemap, numbers, fills)
    else:
        labels = place_labels(basemap, words)
        halo = frozenset(basemap.codes[i] for units in coats.hatches.values() for i in units)
        draw_labels(page, labels, fills, halo=halo)
        keyed = enumerate(labels.keyed, start=len(basemap.insets) + 1)
        draw_key(page, basemap, [(code, str(i), " ".join(words[code])) for i, code in keyed])
    ranked = {code: words[code] for code in ranking.order} if basemap.crowded else {}
    draw_inset_words(page, basemap, {**ranked, **words}, numbers=numbers)
    draw_scale_bar(page, basemap, text)


def _entries(
    classes: Classes | None,
    index: pd.Series,
    ramp: Sequence[str],
    coats: Coats,
    *,
    text: MapText,
    low_first: bool,
) -> list[Entry]:
    """Return the rows of the legend, worst class first, then what is missing, then what patterns mean."""
    labels = classes.labelled(decimal=text.decimal, thousands=text.thousands) if classes else ()
    rows = [Entry(label, ramp[i], int((index == i).sum())) for i, label in enumerate(labels)]
    rows = rows if low_first else rows[::-1]
    if coats.missing:
        rows.append(Entry(text.word("no_data"), LAND, len(coats.missing), NO_DATA_HATCH, HAIRLINE))
    if coats.suppressed:
        rows.append(Entry(text.word("suppressed"), LAND, len(coats.suppressed), SUPPRESSED_HATCH, SOFT))
    for flag, units in coats.flagged.items():
        rows.append(Entry(text.word(flag), "#ffffff", len(units), PATTERNS[flag], INK, overlay=True))
    return rows
