"""Locator maps: one unit stressed, every other there, a ring where it would not be seen."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import geopandas as gpd
import pytest
from shapely.geometry import box

from atlasgeo.errors import BoundaryError
from atlasgeo.maps.locator import LOCATED, REST, locator_paths, locator_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_the_unit_is_dark_and_the_rest_is_grey(squares: gpd.GeoDataFrame) -> None:
    paths = locator_paths(squares, width=90.0)
    assert paths[""] == "90.0"
    assert paths["a1"].startswith("M")
    root = ET.fromstring(locator_svg(paths, "b2", width=90.0))
    rest, located = root.findall(f"{SVG}path")
    assert (rest.get("fill"), located.get("fill")) == (REST, LOCATED)
    assert (rest.get("d") or "").count("Z") == 8
    assert located.get("d") == paths["b2"]
    assert root.find(f"{SVG}circle") is None


def test_a_tiny_unit_gets_a_ring_at_its_place() -> None:
    shapes = gpd.GeoDataFrame(
        geometry=[box(0, 0, 99_000, 50_000), box(99_000, 0, 100_000, 1_000)],
        index=["large", "tiny"],
        crs="EPSG:3857",
    )
    root = ET.fromstring(locator_svg(locator_paths(shapes), "tiny"))
    ring = root.find(f"{SVG}circle")
    assert ring is not None
    assert float(ring.get("cx") or 0) == pytest.approx(159.2, abs=0.5)
    assert ET.fromstring(locator_svg(locator_paths(shapes), "large")).find(f"{SVG}circle") is None


def test_an_unknown_unit_is_named(squares: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="no such unit"):
        locator_svg(locator_paths(squares), "z9")


def test_shapes_without_area_are_refused() -> None:
    empty = gpd.GeoDataFrame(geometry=[box(0, 0, 0, 0)], index=["a"], crs="EPSG:3857")
    with pytest.raises(BoundaryError, match="no area"):
        locator_paths(empty)
