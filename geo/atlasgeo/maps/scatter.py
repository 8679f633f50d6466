"""The Moran scatterplot: each unit's value against the mean of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo import columns as c
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.furniture import draw_foot, draw_header, draw_mark
from atlasgeo.maps.page import Box, new_page, overlap, sheet
from atlasgeo.maps.palettes import CLUSTERS, INK, PAPER, SOFT
from atlasgeo.maps.plot import Plot, draw_x_axis, draw_y_axis, spread
from atlasgeo.maps.typeface import BOLD, text_width
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from matplotlib.figure import Figure

__all__ = ["draw_moran_scatter", "standard_lag"]

QUIET: Final = "#b9bec4"
MOST_NAMES: Final = 40
TINT: Final = "#f6f5f2"


def standard_lag(values: pd.Series, neighbours: Graph) -> pd.DataFrame:
    """Return standard scores and the mean of the neighbours' scores, for units that have both.

    Parameters
    ----------
    values : Series
        Missing units are taken out as nodes; rows of weights are standardised again.
    neighbours : Graph

    Returns
    -------
    DataFrame
        Columns ``z`` and ``lag``, indexed like the values. The slope of lag on z through the origin is
        Moran's I for row weights (Anselin 1996) where every unit has neighbours.

    Raises
    ------
    AnalysisError
        If values do not vary or no unit has a neighbour with a value.
    DataError
        If a unit with a value is not in the graph.
    """
    known = values.dropna().astype(float)
    lost = [code for code in known.index if code not in neighbours.unique_ids]
    if lost:
        raise DataError(
            "units are not in the graph of neighbours", found=lost[:5], expected="codes of the graph"
        )
    if known.size < 2 or np.ptp(known.to_numpy()) == 0:
        raise AnalysisError("no variation: nothing to compare with neighbours", found=f"{known.size} values")
    z = (known - known.mean()) / known.std(ddof=0)
    adjacency = neighbours.adjacency
    focal, other = (z.index.get_indexer(adjacency.index.get_level_values(end)) for end in (0, 1))
    weight = adjacency.to_numpy(dtype=float)
    kept = (weight != 0) & (focal >= 0) & (other >= 0)
    if not kept.any():
        raise AnalysisError("no unit with a value has a neighbour with one", found="0 pairs")
    focal, other, weight = focal[kept], other[kept], weight[kept]
    total = np.bincount(focal, weight, minlength=z.size)
    lag = np.bincount(focal, weight * z.to_numpy()[other], minlength=z.size)
    linked = np.bincount(focal, minlength=z.size) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        both = pd.DataFrame({"z": z, "lag": lag / total})
    return both[linked].dropna()


def draw_moran_scatter(
    values: pd.Series,
    neighbours: Graph,
    *,
    text: MapText,
    names: Mapping[str, str] | pd.Series,
    local: pd.DataFrame | None = None,
    statistic: float | None = None,
    mark: str = "",
) -> Figure:
    """Return the Moran scatterplot: standard scores across, the mean score of the neighbours up.

    Parameters
    ----------
    values : Series
        Indexed by unit code.
    neighbours : Graph
    text : MapText
    names : mapping of code -> name
    local : DataFrame, optional
        Result of `local_moran`: clusters that survive are filled, suggestive ones are rings.
    statistic : float, optional
        Global Moran's I; by default the slope of the line drawn.
    mark : str
        A word laid across the chart: synthetic.

    Returns
    -------
    Figure

    Raises
    ------
    AnalysisError, DataError
        As `standard_lag`.
    """
    points = standard_lag(values, neighbours)
    page = new_page(sheet())
    s = page.sheet.scale
    below = draw_header(page, text)
    box = Box(
        page.sheet.frame.left + 34 * s,
        page.sheet.frame.bottom + 22 * s,
        page.sheet.side.right,
        below - 30 * s,
    )
    low_x, high_x = spread([*points["z"], 0.0], margin=0.08)
    low_y, high_y = spread([*points["lag"], 0.0], margin=0.12)
    plot = Plot(page, box, low_x, high_x, low_y, high_y)
    _draw_quadrants(plot, text)
    draw_x_axis(plot, text, title=text.word("own_value"))
    draw_y_axis(plot, text, title=text.word("lag_value"))
    slope = float((points["z"] * points["lag"]).sum() / (points["z"] ** 2).sum())
    _draw_slope(plot, slope, text, statistic if statistic is not None else slope)
    _draw_points(plot, points, local)
    _draw_names(plot, points, names)
    if mark:
        draw_mark(page, box, mark)
    draw_foot(page, text)
    return page.figure


def _draw_quadrants(plot: Plot, text: MapText) -> None:
    page, box, s = plot.page, plot.box, plot.page.sheet.scale
    x, y = plot.x(0.0), plot.y(0.0)
    page.boxes([Box(x, y, box.right, box.top), Box(box.left, box.bottom, x, y)], fill=TINT, layer=0.4)
    page.lines(
        [[(x, box.bottom), (x, box.top)], [(box.left, y), (box.right, y)]], colour=SOFT, width=0.8, layer=1.4
    )
    corners = (
        (c.HIGH_HIGH, box.right - 6 * s, box.top - 13 * s, "right"),
        (c.LOW_HIGH, box.left + 6 * s, box.top - 13 * s, "left"),
        (c.LOW_LOW, box.left + 6 * s, box.bottom + 6 * s, "left"),
        (c.HIGH_LOW, box.right - 6 * s, box.bottom + 6 * s, "right"),
    )
    for label, at, base, align in corners:
        page.text(at, base, text.word(label), size=8.6, weight=BOLD, colour=SOFT, align=align)  # type: ignore[arg-type]


def _draw_slope(plot: Plot, slope: float, text: MapText, statistic: float) -> None:
    """Draw the line through the origin, cut where it leaves the box, and say what its slope is."""
    ends = []
    for x in (plot.low_x, plot.high_x):
        y = min(max(slope * x, plot.low_y), plot.high_y)
        ends.append((y / slope if slope and y != slope * x else x, y))
    plot.page.lines([[(plot.x(x), plot.y(y)) for x, y in ends]], colour=INK, width=1.1, layer=2.5)
    s = plot.page.sheet.scale
    said = f"{text.word('slope')}: {text.number(statistic, 2)}"
    plot.page.text(plot.box.right, plot.box.top + 6 * s, said, size=8.6, align="right")


def _draw_points(plot: Plot, points: pd.DataFrame, local: pd.DataFrame | None) -> None:
    s = plot.page.sheet.scale
    fills, edges = [], []
    for code in points.index:
        row = local.loc[code] if local is not None and code in local.index else None
        cluster = str(row[c.CLUSTER]) if row is not None else ""
        hint = str(row.get(c.SUGGESTIVE, "") or "") if row is not None else ""
        survives = cluster in {c.HIGH_HIGH, c.HIGH_LOW, c.LOW_HIGH, c.LOW_LOW}
        fills.append(CLUSTERS[cluster] if survives else (PAPER if hint in CLUSTERS else QUIET))
        edges.append(CLUSTERS[hint] if hint in CLUSTERS and not survives else INK)
    places = [(plot.x(x), plot.y(y)) for x, y in points[["z", "lag"]].to_numpy(dtype=float).tolist()]
    radius = (4.0 if len(points) <= 60 else 2.6) * s
    plot.page.discs(places, radius=radius, fill=fills, edge=edges, width=0.8)


def _draw_names(plot: Plot, points: pd.DataFrame, names: Mapping[str, str] | pd.Series) -> None:
    """Name the units farthest from the middle first; a name that would cover another is left out."""
    s = plot.page.sheet.scale
    spots = {
        str(code): (plot.x(float(x)), plot.y(float(y))) for code, x, y in points[["z", "lag"]].itertuples()
    }
    far = np.hypot(points["z"], points["lag"]).sort_values(ascending=False, kind="stable")
    dot = 4.5 * s
    taken = [Box(x - dot, y - dot, x + dot, y + dot) for x, y in spots.values()]
    for code in [str(code) for code in far.index][:MOST_NAMES]:
        name = str(names.get(code, code))
        box = _free_place(spots[code], text_width(name, 7.8 * s), taken, plot.box, s)
        if box is not None:
            taken.append(box)
            plot.page.text(box.left, box.bottom + 2 * s, name, size=7.8, ground=PAPER)


def _free_place(
    spot: tuple[float, float], wide: float, taken: Sequence[Box], within: Box, s: float
) -> Box | None:
    x, y = spot
    gap, high = 6.5 * s, 9.0 * s
    corners = (
        (x + gap, y - high / 2),
        (x - gap - wide, y - high / 2),
        (x - wide / 2, y + gap - 1.5 * s),
        (x - wide / 2, y - gap - high + 1.5 * s),
        (x + 0.7 * gap, y + 0.5 * gap),
        (x - 0.7 * gap - wide, y + 0.5 * gap),
        (x + 0.7 * gap, y - 0.5 * gap - high),
        (x - 0.7 * gap - wide, y - 0.5 * gap - high),
    )
    for left, bottom in corners:
        box = Box(left, bottom, left + wide, bottom + high)
        inside = (
            box.left >= within.left
            and box.right <= within.right
            and box.bottom >= within.bottom
            and box.top <= within.top
        )
        if inside and not any(overlap(box, other) for other in taken):
            return box
    return None
