"""The picture of a graph says its parts, its islands and what they do to the statistic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

import atlasgeo as ag
from atlasgeo.errors import BoundaryError
from atlasgeo.maps.basemap import prepare_basemap
from atlasgeo.maps.graph import PARTS, draw_neighbours
from atlasgeo.maps.palettes import LAND
from atlasgeo.maps.wording import MapText

TEXT = MapText(title="Who is next to whom", legend_title="Parts (number of units)")


@pytest.fixture(scope="module")
def country() -> gpd.GeoDataFrame:
    """Two blocks of squares and a square alone."""
    corners = [(c, r) for r in range(3) for c in range(3)] + [(c, r) for r in range(2) for c in (5, 6)]
    cells = [shapely.box(c * 1e4, r * 1e4, (c + 1) * 1e4, (r + 1) * 1e4) for c, r in [*corners, (9, 1)]]
    return gpd.GeoDataFrame(geometry=cells, index=[f"u{i:02d}" for i in range(14)], crs="ESRI:102025")


def said(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def fills(figure: Figure) -> list[str]:
    shapes = next(x for x in figure.findobj(PathCollection) if len(x.get_paths()) > 1)
    return [to_hex(colour) for colour in shapes.get_facecolor()]


def test_parts_islands_and_their_effect(country: gpd.GeoDataFrame) -> None:
    w = ag.build_neighbours(country, islands="keep")
    values = pd.Series(np.random.default_rng(1).normal(size=14), index=country.index)
    effects = ag.part_effects(values, w, seed=1, permutations=19)
    names = {code: f"Unit {code}" for code in country.index}
    figure = draw_neighbours(prepare_basemap(country), w, text=TEXT, names=names, effects=effects)
    whole = " ".join(said(figure))
    assert "The graph falls into 3 parts: 26 links" in whole
    assert "Without neighbours: Unit u13." in whole
    assert f"of all units: {TEXT.number(effects.loc['all', 'statistic'], 3)}." in whole
    assert f"Part 2 alone: {TEXT.number(effects.loc['part 2 alone', 'statistic'], 3)}." in whole
    assert "Without the units that have no neighbours" in whole
    assert fills(figure) == [PARTS[0]] * 9 + [PARTS[1]] * 4 + [LAND]
    links = max(figure.findobj(LineCollection), key=lambda lines: len(lines.get_segments()))
    assert len(links.get_segments()) == 26


def test_one_part_says_so(country: gpd.GeoDataFrame) -> None:
    w = ag.build_neighbours(country, rule="knn", k=9)
    figure = draw_neighbours(prepare_basemap(country), w, text=TEXT, names={})
    assert any("hang together" in line for line in said(figure))


def test_a_graph_of_other_units_is_refused(country: gpd.GeoDataFrame) -> None:
    other = Graph.from_arrays(["a", "b"], ["b", "a"], [1.0, 1.0])
    with pytest.raises(BoundaryError, match="not on the map"):
        draw_neighbours(prepare_basemap(country), other, text=TEXT, names={})
