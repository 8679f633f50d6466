"""Districts grown from facts: right areas, right places, a coverage that nests in the oblasts."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import atlasgeo as ag
from atlasgeo.coverage import touching_pairs
from atlasgeo.errors import BoundaryError
from atlasgeo.power_diagram import fit_power_diagram
from atlasgeo.schematic import cached_schematic, grow_schematic
from atlasgeo.sources import fetch_layer, find_source
from atlasgeo.units import in_force, read_country, read_units

KAZ = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "kaz"
SQUARE = box(0, 0, 100_000, 100_000)


def _cells(polygon, centres, shares):
    return fit_power_diagram(polygon, np.array(centres, dtype=float), np.array(shares, dtype=float))


def test_two_equal_cells_of_a_square_meet_in_the_middle():
    fitted = _cells(SQUARE, [(25_000, 50_000), (75_000, 50_000)], [1, 1])
    (wall,) = fitted.walls
    assert shapely.get_coordinates(wall)[:, 0] == pytest.approx([50_000, 50_000], abs=10)
    assert wall.length == pytest.approx(100_000, abs=1)


def test_a_cell_of_a_quarter_takes_a_quarter():
    """The wall between (12.5, 50) and (62.5, 50) km stands at 25 km: centroids are met exactly."""
    fitted = _cells(SQUARE, [(12_500, 50_000), (62_500, 50_000)], [1, 3])
    assert fitted.shares == pytest.approx([0.25, 0.75], rel=1e-4)
    assert shapely.get_coordinates(fitted.walls[0])[:, 0] == pytest.approx([25_000, 25_000], abs=20)
    inside = fitted.nearest_site(np.array([[1_000.0, 1_000.0], [99_000.0, 1_000.0]]))
    assert list(inside) == [0, 1]


def test_a_city_within_a_district_gets_its_small_cell():
    fitted = _cells(SQUARE, [(50_000, 50_000), (50_500, 50_200), (10_000, 10_000)], [80, 1, 19])
    assert fitted.shares == pytest.approx([0.80, 0.01, 0.19], rel=1e-4)


def test_points_outside_or_in_one_place_still_make_cells():
    fitted = _cells(SQUARE, [(-5_000, 50_000), (40_000, 40_000), (40_000, 40_000)], [1, 1, 1])
    assert fitted.shares == pytest.approx([1 / 3] * 3, rel=1e-4)
    assert _cells(SQUARE, [(1, 1)], [7]).shares == pytest.approx([1])
    with pytest.raises(BoundaryError, match="positive area"):
        _cells(SQUARE, [(1, 1), (2, 2)], [1, 0])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**31))
def test_any_points_and_areas_make_cells_of_these_areas(n, seed):
    draw = np.random.default_rng(seed)
    shares = draw.uniform(0.2, 1, n)
    lake = box(30_000, 30_000, 45_000, 60_000)
    fitted = _cells(SQUARE.difference(lake), draw.uniform(0, 100_000, (n, 2)), shares)
    assert fitted.shares == pytest.approx(shares / shares.sum(), rel=0.01)


def _country():
    parents = gpd.GeoDataFrame(
        geometry=[SQUARE, box(100_000, 0, 200_000, 100_000)], index=["A", "B"], crs="EPSG:3857"
    )
    places = {
        "a1": (20, 30, 1, "A"),
        "a2": (70, 60, 3, "A"),
        "b1": (130, 30, 2, "B"),
        "b2": (170, 70, 2, "B"),
    }
    points = gpd.GeoSeries([Point(x * 1000, y * 1000) for x, y, *_ in places.values()], crs=3857).to_crs(4326)
    units = pd.DataFrame(
        {
            "parent": [p for *_, p in places.values()],
            "lon": points.x.to_numpy(),
            "lat": points.y.to_numpy(),
            "area_km2": [float(a) for _, _, a, _ in places.values()],
        },
        index=pd.Index(places, name="unit"),
    )
    return parents, units


def test_shapes_are_a_coverage_that_nests_and_names_what_has_none():
    parents, units = _country()
    units.loc["b3"] = ["B", np.nan, np.nan, np.nan]
    shapes = grow_schematic(parents, units)
    assert list(shapes.index) == ["a1", "a2", "b1", "b2"]
    assert shapely.coverage_is_valid(shapes.geometry.to_numpy())
    assert shapes.attrs["without_shape"] == ("b3",)
    assert shapes.attrs["schematic"] is True
    assert shapes.area["a2"] / shapes.area["a1"] == pytest.approx(3, rel=1e-3)
    assert shapes.attrs["share_error"] < 0.01
    for code, outline in shapes.attrs["parents"].geometry.items():
        assert outline.symmetric_difference(parents.geometry[code]).area < 1_000


def test_the_order_of_rows_changes_nothing():
    parents, units = _country()
    one, other = grow_schematic(parents, units), grow_schematic(parents.iloc[::-1], units.iloc[::-1])
    assert one.geometry.geom_equals(other.geometry).all()


def test_what_cannot_be_grown_is_refused():
    parents, units = _country()
    with pytest.raises(BoundaryError, match="metric CRS"):
        grow_schematic(parents.to_crs(4326), units)
    with pytest.raises(BoundaryError, match="have no shape"):
        grow_schematic(parents.drop("B"), units)
    with pytest.raises(BoundaryError, match="no unit has a point"):
        grow_schematic(parents, units.assign(area_km2=np.nan))


def test_grown_once_then_kept_until_a_fact_changes(tmp_path):
    parents, units = _country()
    first = cached_schematic(parents, units, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    again = cached_schematic(parents, units, folder=tmp_path)
    assert kept.stat().st_mtime_ns == before
    assert again.geometry.geom_equals(first.geometry).all()
    assert again.attrs["share_error"] == pytest.approx(first.attrs["share_error"], abs=1e-12)
    assert again.crs == first.crs
    cached_schematic(parents, units.assign(area_km2=units["area_km2"] + 1), folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    kept.write_bytes(b"cut off")
    assert len(cached_schematic(parents, units, folder=tmp_path)) == 4


@pytest.fixture(scope="module")
def grown():
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    oblasts = ag.boundaries_at(country, gazetteer, level="oblast", year=2024)
    units = in_force(gazetteer, level="district", year=2024)
    return oblasts, units, grow_schematic(oblasts, units)


def test_kazakhstan_has_each_district_in_its_oblast_with_its_share(grown):
    oblasts, _, shapes = grown
    assert len(shapes) == 224
    assert shapes.attrs["without_shape"] == ("615500000", "635500000", "636300000")
    assert shapes.attrs["share_error"] < 0.01
    assert shapely.coverage_is_valid(shapes.geometry.to_numpy())
    outlines = shapes.attrs["parents"]
    assert set(outlines.index) == set(oblasts.index)
    for code, outline in outlines.geometry.items():
        assert outline.symmetric_difference(oblasts.geometry[code]).area < 1e-6 * outline.area


def test_neighbours_of_the_drawing_are_mostly_the_true_ones(grown):
    """At least 82 % of the 548 stated pairs are found, at most 20 % of those drawn are false."""
    shapes = grown[2]
    table = pd.read_csv(KAZ / "neighbours_2024.csv", dtype=str)
    table = table[table["level"] == "district"]
    true = {frozenset(pair) for pair in zip(table["unit"], table["neighbour"], strict=True)}
    drawn = {frozenset(pair) for pair in touching_pairs(shapes.geometry.to_numpy(), list(shapes.index))}
    assert len(true & drawn) / len(true) >= 0.82
    assert len(drawn - true) / len(drawn) <= 0.20


@pytest.mark.shared
def test_most_ground_lies_in_the_right_district(grown, shared, tmp_path):
    """At least 83 % of the area that the official and the schematic map share is in the right district."""
    country = read_country(KAZ)
    layer = find_source(country, level="district", vintage=2024)
    fetched = fetch_layer(layer, country="kaz", to=tmp_path, mirror=shared / "mirror")
    official = ag.read_boundaries(fetched.path, code="KATO", crs=country.crs)
    shapes = grown[2]
    first, second = shapely.STRtree(official.geometry.to_numpy()).query(
        shapes.geometry.to_numpy(), "intersects"
    )
    area = shapely.area(
        shapely.intersection(shapes.geometry.to_numpy()[first], official.geometry.to_numpy()[second])
    )
    right = shapes.index.to_numpy()[first] == official.index.to_numpy()[second]
    assert area[right].sum() / area.sum() >= 0.83
