"""Neighbours by the facts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import atlasgeo as ag
from atlasgeo.borders import read_neighbours
from atlasgeo.errors import BoundaryError

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
