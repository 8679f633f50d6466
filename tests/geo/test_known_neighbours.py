"""Neighbours by the facts."""

from __future__ import annotations

import datetime as dt
import shutil
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

import atlasgeo as ag
from atlasgeo.errors import BoundaryError
from atlasgeo.known_neighbours import known_neighbours, read_neighbours

KAZ = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "kaz"
UNITS = ag.read_units(KAZ / "units.csv")
COUNTRY = ag.read_country(KAZ)


@pytest.mark.parametrize(
    ("level", "year", "count"),
    [
        ("oblast", 2023, 35),
        ("oblast", 2024, 35),
        ("oblast", 2019, 29),
        ("district", 2018, 517),
        ("district", 2024, 548),
    ],
)
def test_pairs_of_units_in_force(level: str, year: int, count: int) -> None:
    pairs = read_neighbours(COUNTRY, UNITS, level=level, year=year)
    assert len(pairs) == count
    assert (pairs["unit"] < pairs["neighbour"]).all()
    assert not pairs.duplicated(["unit", "neighbour"]).any()
    assert set(pairs["unit"]) <= set(ag.in_force(UNITS, level=level, year=year).index)


def test_units_that_the_table_does_not_know_are_named() -> None:
    pairs = read_neighbours(COUNTRY, UNITS, level="district", year=2024)
    assert pairs.attrs["without"] == ("615500000", "635500000", "636300000")
    pairs = read_neighbours(COUNTRY, UNITS, level="oblast", year=2019)
    assert pairs.attrs["without"] == ()


def test_crossings_in_a_point_can_be_left_out() -> None:
    pairs = read_neighbours(COUNTRY, UNITS, level="district", year=2024, least_km=1.0)
    assert pairs["shared_border_km"].min() >= 1
    assert len(pairs) == 538  # ten pairs of the 2024 table share 0.3 km


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="no table of neighbours"):
        read_neighbours(COUNTRY.model_copy(update={"neighbours": ()}), UNITS, level="oblast", year=2024)
    shutil.copytree(KAZ, tmp_path / "kaz")
    country = ag.read_country(tmp_path / "kaz")
    with pytest.raises(BoundaryError, match="no pair"):
        read_neighbours(country, UNITS, level="country", year=2024)
    table = tmp_path / "kaz" / "neighbours_2024.csv"
    frame = pd.read_csv(table, dtype=str)
    frame.rename(columns={"neighbour": "neighbours"}).to_csv(table, index=False)
    with pytest.raises(BoundaryError, match="lacks the column 'neighbour'"):
        read_neighbours(country, UNITS, level="oblast", year=2024)
    table.unlink()
    with pytest.raises(BoundaryError, match="no table"):
        read_neighbours(country, UNITS, level="oblast", year=2024)


# As a graph -----------------------------------------------------------------------------------------------


def small(folder: Path, codes: list[str], pairs: list[tuple[str, str]], km: float = 5) -> tuple:
    """Return a country whose table of 2000 has these pairs, its gazetteer, and squares in a row."""
    rows = "".join(f"cell,{a},{b},{km}\n" for a, b in pairs)
    (folder / "near.csv").write_text("level,unit,neighbour,shared_border_km\n" + rows)
    (folder / "units.csv").write_text("unit,level,name_en\n" + "".join(f"{c},cell,{c}\n" for c in codes))
    table = COUNTRY.neighbours[0].model_copy(update={"path": "near.csv", "as_of": dt.date(2000, 1, 1)})
    country = COUNTRY.model_copy(update={"neighbours": (table,), "folder": folder})
    shapes = gpd.GeoDataFrame(
        geometry=[box(i, 0, i + 1, 1) for i in range(len(codes))], index=codes, crs=3857
    )
    return country, ag.read_units(folder / "units.csv"), shapes


def test_stated_neighbours_are_the_graph_whatever_the_drawing_says(tmp_path: Path) -> None:
    codes = [f"a{i}" for i in range(9)]
    country, gazetteer, shapes = small(tmp_path, codes, list(pairwise([*codes, codes[0]])))
    graph = known_neighbours(country, gazetteer, shapes, level="cell", year=2020)
    assert list(graph.unique_ids) == codes
    assert (graph.cardinalities == 2).all()
    assert set(graph["a0"].index) == {"a1", "a8"}
    assert graph["a0"].tolist() == [0.5, 0.5]
    some = known_neighbours(country, gazetteer, shapes.loc[codes[:5]], level="cell", year=2020)
    assert set(some["a0"].index) == {"a1"}


def test_a_table_of_other_units_is_not_used(tmp_path: Path) -> None:
    codes = [f"a{i}" for i in range(9)]
    country, gazetteer, shapes = small(tmp_path, codes, list(pairwise(codes)))
    assert known_neighbours(COUNTRY, UNITS, shapes, level="country", year=2024) is None
    none = country.model_copy(update={"neighbours": ()})
    assert known_neighbours(none, gazetteer, shapes, level="cell", year=2020) is None
    more, gazetteer, shapes = small(tmp_path, [*codes, "z9"], list(pairwise(codes)))
    assert known_neighbours(more, gazetteer, shapes, level="cell", year=2020) is None


def test_crossings_in_a_point_are_no_neighbours_of_the_rook(tmp_path: Path) -> None:
    country, gazetteer, shapes = small(tmp_path, ["a", "b"], [("a", "b")], km=0.3)
    queen = known_neighbours(country, gazetteer, shapes, level="cell", year=2020, islands="keep")
    assert list(queen["a"].index) == ["b"]
    with pytest.raises(BoundaryError, match="without neighbours"):
        known_neighbours(country, gazetteer, shapes, level="cell", year=2020, rule="rook", islands="error")


def test_a_lonely_unit_is_joined_kept_or_refused(tmp_path: Path) -> None:
    codes = [f"u{i:03d}" for i in range(60)]
    country, gazetteer, shapes = small(tmp_path, codes, list(pairwise(codes[:59])))

    def graph(rule: str):  # type: ignore[no-untyped-def]
        return known_neighbours(country, gazetteer, shapes, level="cell", year=2020, islands=rule)

    assert list(graph("nearest")["u059"].index) == ["u058"]
    assert "u059" in graph("nearest")["u058"].index
    assert list(graph("keep").isolates) == ["u059"]
    with pytest.raises(BoundaryError, match="u059"):
        graph("error")


@pytest.mark.parametrize(
    ("year", "file"), [(2019, 2018), (2021, 2018), (2022, 2024), (2023, 2024), (2024, 2024)]
)
def test_each_year_has_the_table_that_knows_its_districts(year: int, file: int) -> None:
    """In 2022 most codes became others; a district that later lost a part is still itself."""
    pairs = read_neighbours(COUNTRY, UNITS, level="district", year=year)
    table = pd.read_csv(KAZ / f"neighbours_{file}.csv", dtype=str)
    units = ag.in_force(UNITS, level="district", year=year)
    assert set(zip(pairs["unit"], pairs["neighbour"], strict=True)) <= {
        tuple(sorted(pair)) for pair in zip(table["unit"], table["neighbour"], strict=True)
    }
    assert len(pairs.attrs["without"]) <= 0.02 * len(units)
    other = ag.in_force(UNITS, level="district", year=2018 if file == 2024 else 2024)
    assert len(set(units.index) & set(other.index)) < len(units) - 20


def test_a_code_that_means_other_ground_is_not_known_by_its_number() -> None:
    """191000000 was Taldykorgan until 2022 and is Konaev since."""
    old = read_neighbours(COUNTRY, UNITS, level="district", year=2019)
    with_code = old[(old["unit"] == "191000000") | (old["neighbour"] == "191000000")]
    new = read_neighbours(COUNTRY, UNITS, level="district", year=2023)
    again = new[(new["unit"] == "191000000") | (new["neighbour"] == "191000000")]
    assert not with_code.empty
    assert not again.empty
    assert set(with_code["unit"]) | set(with_code["neighbour"]) != set(again["unit"]) | set(
        again["neighbour"]
    )
