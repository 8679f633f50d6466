"""Maps of categories: a colour a kind, counts in the legend, and nothing that looks like an order."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.basemap import Basemap, prepare_basemap
from atlasgeo.maps.categories import Categories, categories, categories_of
from atlasgeo.maps.classes import classify
from atlasgeo.maps.palettes import LAND, QUALITATIVE, VISIONS, class_colours, least_distance
from atlasgeo.maps.static import draw_choropleth
from atlasgeo.maps.weblayer import WebLayer, layer_data
from atlasgeo.maps.wording import MapText

KINDS = {1: "Steppe", 3: "Desert", 9: "Mountain", 12: "Delta"}


@pytest.fixture
def basemap(squares: gpd.GeoDataFrame) -> Basemap:
    """The nine squares on A4."""
    return prepare_basemap(squares)


@pytest.fixture
def kinds(one_to_nine: pd.Series) -> pd.Series:
    """Four of the steppe, three deserts, a mountain and a unit of which nothing is known."""
    return pd.Series([9, 1, 1, 3, 1, 3, 3, 1, np.nan], index=one_to_nine.index, dtype=float)


def drawn(basemap: Basemap, values: pd.Series, **more: object) -> Figure:
    """Draw with plain settings."""
    names = {code: f"Unit {code}" for code in basemap.codes}
    text = MapText(title="Kinds", legend_title="Kind (number of units)")
    options = {"text": text, "names": names, "colours": QUALITATIVE[:4], **more}
    return draw_choropleth(basemap, values, categories(KINDS), **options)  # type: ignore[arg-type]


def words(figure: Figure) -> list[str]:
    """Return all that a picture says."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_a_number_is_its_name_in_the_order_of_the_numbers(kinds: pd.Series) -> None:
    found = categories({k: KINDS[k] for k in (9, 1, 12, 3)})
    assert found.labels == ("Steppe", "Desert", "Mountain", "Delta")
    assert found.labelled(decimal=",", thousands=" ") == found.labels
    assert found.assign(kinds).tolist() == [2, 0, 0, 1, 0, 1, 1, 0, -1]
    assert found.counts(kinds).tolist() == [4, 3, 1, 0]
    said = categories_of(found, kinds)
    assert len(said) == 8
    assert said[str(kinds.index[0])] == "Mountain"
    assert categories_of(classify(kinds), kinds) == {}
    assert categories_of(None, kinds) == {}


@pytest.mark.parametrize("value", [2.0, 1.5, -1.0, 13.0, np.inf])
def test_a_value_that_is_no_category_is_refused_with_its_unit(kinds: pd.Series, value: float) -> None:
    kinds.iloc[4] = value
    with pytest.raises(DataError) as caught:
        categories(KINDS).assign(kinds)
    assert caught.value.found == f"{value:g}"
    assert caught.value.where == str(kinds.index[4])
    assert "9 (Mountain)" in caught.value.expected


def test_no_category_at_all_is_refused() -> None:
    with pytest.raises(AnalysisError, match="needs a category"):
        categories({})


def test_the_legend_names_and_counts_each_category_and_no_unit_has_a_rank(
    basemap: Basemap, kinds: pd.Series
) -> None:
    said = words(drawn(basemap, kinds, national=3.0))
    at = [said.index(name) for name in KINDS.values()]
    assert at == sorted(at)
    assert [said[i + 1] for i in at] == ["4", "3", "1", "0"]
    assert said[said.index("no data", at[-1]) + 1] == "1"
    numbers = [text for text in said if text.replace(".", "").isdigit()]
    assert sorted(numbers) == ["0", "1", "1", "3", "4"]  # those of the legend: no value, no rank
    assert not [text for text in said if "country" in text]
    assert sum(text.startswith("Unit") for text in said) == 9  # once on the map, in no list beside it


def test_each_unit_has_the_colour_of_its_category(basemap: Basemap, kinds: pd.Series) -> None:
    shapes = next(x for x in drawn(basemap, kinds).findobj(PathCollection) if len(x.get_paths()) > 1)
    place = categories(KINDS).assign(kinds.reindex(list(basemap.codes)))
    expected = [QUALITATIVE[i] if i >= 0 else LAND for i in place]
    assert [to_hex(colour) for colour in shapes.get_facecolor()] == expected


def test_colours_can_be_told_apart_by_every_sight_and_from_land_without_data() -> None:
    found = [least_distance([*QUALITATIVE, LAND], vision=vision) for vision in VISIONS]
    assert min(found) == pytest.approx(21.9, abs=0.1)
    assert class_colours(QUALITATIVE[:3], 3) == QUALITATIVE[:3]


def test_the_page_tells_the_name_and_no_rank(kinds: pd.Series) -> None:
    codes = [str(code) for code in kinds.index]
    layer = WebLayer("kind", "Kind", "Kind", kinds, categories(KINDS), QUALITATIVE[:4])
    data = layer_data(layer, codes, text=MapText("x"), places={})
    assert [data["units"][code]["value"] for code in codes][:2] == ["Mountain", "Steppe"]
    assert data["units"][codes[-1]]["value"] == "no data"
    assert {unit["rank"] for unit in data["units"].values()} == {""}
    legend = [(row["label"], row["fill"], row["count"]) for row in data["legend"]]
    assert legend[:4] == [*zip(KINDS.values(), QUALITATIVE[:4], (4, 3, 1, 0), strict=True)]
    assert isinstance(layer.classes, Categories)
