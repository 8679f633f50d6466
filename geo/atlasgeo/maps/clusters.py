"""The cluster map: what survives correction, what is only suggestive, and what could never be significant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo import columns as c
from atlasgeo.errors import DataError
from atlasgeo.maps.annotations import draw_inset_shapes, draw_inset_words, draw_key, draw_labels
from atlasgeo.maps.basemap import Basemap, codes_on
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_scale_bar, draw_shapes, draw_watermark
from atlasgeo.maps.labels import place_labels
from atlasgeo.maps.legend import Entry, draw_legend
from atlasgeo.maps.page import Page, new_page
from atlasgeo.maps.palettes import CLUSTERS, HAIRLINE, INK, LAND, SOFT
from atlasgeo.maps.patterns import NO_DATA_HATCH, has_flag
from atlasgeo.maps.typeface import BOLD, REGULAR, wrap
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_clusters"]

QUADRANTS: Final = (c.HIGH_HIGH, c.HIGH_LOW, c.LOW_HIGH, c.LOW_LOW)
SPOTS: Final = (c.HOT_SPOT, c.COLD_SPOT)
SUGGESTIVE_HATCH: Final = "\\\\\\\\"
CANNOT_HATCH: Final = "..."
ISLAND_HATCH: Final = "||||"
MOST_NAMES: Final = 14


def draw_clusters(
    basemap: Basemap,
    local: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    flags: pd.Series | None = None,
) -> Figure:
    """Return a map of the clusters of one local statistic.

    Parameters
    ----------
    basemap : Basemap
    local : DataFrame
        As `local_moran` or `getis_ord` return it: ``cluster``, and ``suggestive`` with the cluster that a
        unit would belong to without correction. Units that are absent have no data.
    text : MapText
    names : mapping of code -> name
    flags : Series of str, optional
        Flags of the figures behind it, joined by ``;``: ``synthetic`` and ``schematic`` stand across the map.

    Returns
    -------
    Figure
        Where no cluster survives the picture says so, and still shows what is suggestive and which units
        could not be significant whatever their values.

    Raises
    ------
    BoundaryError
        If `local` holds a unit that is not on the map.
    DataError
        If `local` has no column ``cluster`` or a word in it is unknown.
    """
    cluster, hint = _labels(basemap, local)
    page = new_page(basemap.sheet)
    below = draw_header(page, text)
    fills = [CLUSTERS[label] for label in cluster]
    draw_shapes(page, basemap, fills, patterns=_patterns(cluster, hint))
    draw_inset_shapes(page, basemap)
    words = {code: (str(names.get(code, code)), "") for code in basemap.codes}
    _draw_names(
        page,
        basemap,
        words,
        fills,
        [
            bool(h) or k in {c.CANNOT_BE_SIGNIFICANT, c.NO_DATA, c.NO_NEIGHBOURS}
            for k, h in zip(cluster, hint, strict=True)
        ],
    )
    draw_scale_bar(page, basemap, text)
    for flag in (c.SYNTHETIC, c.SCHEMATIC):
        if any(has_flag(flags, flag, basemap.codes)):
            draw_watermark(page, basemap, text.word(flag))
    end = draw_legend(
        page, _entries(cluster, hint, text), title=text.legend_title, top=below - 14 * page.sheet.scale
    )
    _draw_verdict(page, cluster, hint, text=text, names=[words[code][0] for code in basemap.codes], top=end)
    draw_foot(page, text)
    return page.figure


def _labels(basemap: Basemap, local: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return cluster and suggestive cluster of each unit of the basemap."""
    if c.CLUSTER not in local:
        raise DataError("a local statistic has no clusters", found=list(local.columns), expected=c.CLUSTER)
    codes_on(basemap, local.index)
    cluster = local[c.CLUSTER].reindex(list(basemap.codes)).fillna(c.NO_DATA).astype(str).tolist()
    unknown = sorted(set(cluster) - set(CLUSTERS))
    if unknown:
        raise DataError("unknown kind of cluster", found=unknown, expected=", ".join(CLUSTERS))
    if c.SUGGESTIVE not in local:
        return cluster, [""] * len(cluster)
    hint = local[c.SUGGESTIVE].reindex(list(basemap.codes)).fillna("").astype(str).tolist()
    return cluster, [
        h if h in CLUSTERS and k == c.NOT_SIGNIFICANT else "" for h, k in zip(hint, cluster, strict=True)
    ]


def _patterns(cluster: Sequence[str], hint: Sequence[str]) -> dict[tuple[str, str], tuple[int, ...]]:
    found = {
        (NO_DATA_HATCH, HAIRLINE): tuple(i for i, k in enumerate(cluster) if k == c.NO_DATA),
        (CANNOT_HATCH, SOFT): tuple(i for i, k in enumerate(cluster) if k == c.CANNOT_BE_SIGNIFICANT),
        (ISLAND_HATCH, SOFT): tuple(i for i, k in enumerate(cluster) if k == c.NO_NEIGHBOURS),
    }
    for label in (*QUADRANTS, *SPOTS):
        key = (SUGGESTIVE_HATCH, CLUSTERS[label])
        found[key] = (*found.get(key, ()), *(i for i, h in enumerate(hint) if h == label))
    return {key: units for key, units in found.items() if units}


def _draw_names(
    page: Page,
    basemap: Basemap,
    words: Mapping[str, tuple[str, str]],
    fills: Sequence[str],
    patterned: Sequence[bool],
) -> None:
    if not basemap.crowded:
        labels = place_labels(basemap, words)
        ground = dict(zip(basemap.codes, fills, strict=True))
        halo = frozenset(code for code, is_so in zip(basemap.codes, patterned, strict=True) if is_so)
        draw_labels(page, labels, ground, halo=halo)
        first = len(basemap.insets) + 1
        draw_key(
            page,
            basemap,
            [(code, str(i), words[code][0]) for i, code in enumerate(labels.keyed, start=first)],
        )
    draw_inset_words(page, basemap, words)


def _entries(cluster: Sequence[str], hint: Sequence[str], text: MapText) -> list[Entry]:
    kinds = SPOTS if any(k in SPOTS for k in (*cluster, *hint)) else QUADRANTS
    rows = [Entry(text.word(kind), CLUSTERS[kind], cluster.count(kind)) for kind in kinds]
    for kind in kinds:
        if kind in hint:
            label = f"{text.word(kind)}, {text.word('suggestive')}"
            rows.append(
                Entry(label, CLUSTERS[c.NOT_SIGNIFICANT], hint.count(kind), SUGGESTIVE_HATCH, CLUSTERS[kind])
            )
    quiet = sum(k == c.NOT_SIGNIFICANT and not h for k, h in zip(cluster, hint, strict=True))
    rows.append(Entry(text.word(c.NOT_SIGNIFICANT), CLUSTERS[c.NOT_SIGNIFICANT], quiet))
    others = ((c.CANNOT_BE_SIGNIFICANT, CANNOT_HATCH, SOFT), (c.NO_NEIGHBOURS, ISLAND_HATCH, SOFT))
    rows += [
        Entry(text.word(k), CLUSTERS[k], cluster.count(k), hatch, ink)
        for k, hatch, ink in others
        if k in cluster
    ]
    if c.NO_DATA in cluster:
        rows.append(Entry(text.word("no_data"), LAND, cluster.count(c.NO_DATA), NO_DATA_HATCH, HAIRLINE))
    return rows


def _draw_verdict(
    page: Page,
    cluster: Sequence[str],
    hint: Sequence[str],
    *,
    text: MapText,
    names: Sequence[str],
    top: float,
) -> None:
    """Say below the legend what the map shows, first of all when it shows nothing."""
    s = page.sheet.scale
    found = sum(k in (*QUADRANTS, *SPOTS) for k in cluster)
    first = text.say("clusters_some", n=found, units=len(cluster)) if found else text.say("clusters_none")
    said = [(first, 11.0, BOLD, INK)]
    groups = (
        ("clusters_suggestive", [bool(h) for h in hint]),
        ("clusters_cannot", [k == c.CANNOT_BE_SIGNIFICANT for k in cluster]),
        ("clusters_islands", [k == c.NO_NEIGHBOURS for k in cluster]),
    )
    for key, chosen in groups:
        if any(chosen):
            listed = _listing([name for name, is_so in zip(names, chosen, strict=True) if is_so])
            said.append((text.say(key, names=listed), 8.6, REGULAR, SOFT))
    y = top - 14 * s
    for sentence, size, weight, colour in said:
        for line in wrap(sentence, page.sheet.side.width, size * s, weight=weight):
            y -= size * 1.25 * s
            page.text(page.sheet.side.left, y, line, size=size, weight=weight, colour=colour)
        y -= 6 * s


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} + {len(names) - MOST_NAMES}" if len(names) > MOST_NAMES else shown
