"""Correlations of indicators as a heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from atlasgeo.errors import DataError
from atlasgeo.maps.contribution_charts import chart_frame
from atlasgeo.maps.page import Box, Page, new_page, sheet
from atlasgeo.maps.palettes import DIVERGING, INK, LAND, SOFT, ink_on, mix
from atlasgeo.maps.typeface import fit
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_correlations"]


def draw_correlations(
    correlations: pd.DataFrame,
    *,
    text: MapText,
    names: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
) -> Figure:
    """Return the correlations of indicators as coloured squares, groups apart by lines.

    Parameters
    ----------
    correlations : DataFrame
        Square, in the order to be drawn; NaN is no correlation.
    names : mapping of indicator -> words
    groups : mapping of indicator -> group, optional

    Raises
    ------
    DataError
        If the table is empty or not square.
    """
    n = len(correlations)
    if n == 0 or list(correlations.index) != list(correlations.columns):
        raise DataError("a heat map needs a square table", found=f"{correlations.shape}")
    page = new_page(sheet())
    s = page.sheet.scale
    frame = chart_frame(page, text, left=0.0, right=0.0)
    side = min(frame.height, frame.width - 330 * s)
    box = Box(frame.left + 210 * s, frame.top - side, frame.left + 210 * s + side, frame.top)
    cell = side / n
    matrix = correlations.to_numpy(float)
    for i in range(n):
        boxes = [
            Box(box.left + j * cell, box.top - (i + 1) * cell, box.left + (j + 1) * cell, box.top - i * cell)
            for j in range(n)
        ]
        colours = [LAND if np.isnan(r) else _shade(float(r)) for r in matrix[i]]
        page.boxes(boxes, fill=colours, edge="white", width=0.4, layer=2)
        for b, r, colour in zip(boxes, matrix[i], colours, strict=True):
            if cell > 15 * s and not np.isnan(r):
                page.text(
                    *b.centre,
                    text.number(r, 1),
                    size=min(7.0, cell / s * 0.34),
                    colour=ink_on(colour),
                    align="center",
                    stand="center",
                )
    size = min(7.6, cell / s * 0.9)
    for i, name in enumerate(correlations.index):
        shown = fit(str(names.get(str(name), name)), 202 * s, size * s)
        page.text(
            box.left - 6 * s, box.top - (i + 0.5) * cell, shown, size=size, align="right", stand="center"
        )
    _separate(page, box, [str((groups or {}).get(str(i), "")) for i in correlations.index], cell)
    _scale(page, Box(box.right + 26 * s, box.top - 150 * s, box.right + 38 * s, box.top), text)
    return page.figure


def _shade(r: float) -> str:
    middle, end = DIVERGING[2], DIVERGING[4] if r > 0 else DIVERGING[0]
    return mix(middle, end, min(abs(r), 1.0))


def _separate(page: Page, box: Box, groups: Sequence[str], cell: float) -> None:
    cuts = [i for i in range(1, len(groups)) if groups[i] != groups[i - 1]]
    if len(cuts) == len(groups) - 1:  # each stands alone: there is nothing to hold apart
        return
    lines = [[(box.left, box.top - i * cell), (box.right, box.top - i * cell)] for i in cuts]
    lines += [[(box.left + i * cell, box.bottom), (box.left + i * cell, box.top)] for i in cuts]
    if lines:
        page.lines(lines, colour=INK, width=0.8, layer=4)


def _scale(page: Page, box: Box, text: MapText) -> None:
    s = page.sheet.scale
    steps = 20
    for k in range(steps):
        low, high = box.bottom + k * box.height / steps, box.bottom + (k + 1) * box.height / steps
        page.boxes([Box(box.left, low, box.right, high)], fill=_shade(-1 + 2 * (k + 0.5) / steps))
    for r in (-1.0, -0.5, 0.0, 0.5, 1.0):
        y = box.bottom + (r + 1) / 2 * box.height
        page.text(box.right + 5 * s, y - 2.6 * s, text.number(r, 1), size=7.8, colour=SOFT)
