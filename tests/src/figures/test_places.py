"""Names of places in a table: with the unit above, as they were called then, and the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlasgeo.units import read_units
from childatlas.errors import DataError
from childatlas.figures.read import read_figures

UNITS = """\
unit,level,parent,predecessor,valid_from,valid_to,type,name_en,name_ru,short_en,lon,lat,area_km2,aliases
000,country,,,,,country,Landia,Ландия,Landia,0,0,9,
100,oblast,000,,,,oblast,North Region,Северная область,North,0,0,1,
200,oblast,000,,,,oblast,South Region,Южная область,South,0,0,1,
101,district,100,,,,district,Abay district,Абайский район,Abay,0,0,1,
201,district,200,,,,district,Abay district,Абайский район,Abay,0,0,1,
102,district,100,,,2020-06-01,district,Marka district,Маркинский район,Marka,0,0,1,
103,district,100,102,2020-06-01,,district,Marka district,Маркинский район,Marka,0,0,1,
104,district,100,102,2020-06-01,,district,Lesnoy district,Лесной район,Lesnoy,0,0,1,
"""


@pytest.fixture
def read(tmp_path: Path):
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    gazetteer = read_units(tmp_path / "units.csv")

    def given(text: str, **how):
        (tmp_path / "figures.csv").write_text(text, encoding="utf-8")
        return read_figures(tmp_path / "figures.csv", gazetteer=gazetteer, level="district", **how)

    return given


@pytest.mark.parametrize("head", ["parent", "Oblast"])
def test_a_name_that_repeats_is_found_by_the_unit_above(read, head):
    table = read(
        f"unit,{head},indicator,year,value\n"
        "Abay,North,x,2023,1\nАбайский р-н,Южная обл.,x,2023,2\n101,,y,2023,3\nNorth,,y,2023,4\n"
    )
    assert list(table["unit"]) == ["101", "201", "101", "100"]
    report = table.attrs["report"]
    assert report.names == {"Abay (North)": "101", "Абайский р-н (Южная обл.)": "201", "North": "100"}
    assert report.ignored_columns == ()


def test_without_the_unit_above_it_is_refused_and_the_column_named(read):
    with pytest.raises(DataError, match="could mean 2 units") as caught:
        read("unit,indicator,year,value\nAbay,x,2023,1\n")
    assert "parent" in caught.value.fix
    assert "row 2" in caught.value.where


def test_an_unknown_unit_above_leaves_the_place_open(read):
    table = read("unit,parent,indicator,year,value\nAbay,Nowhere,x,2023,1\nAbay,South,x,2023,2\n")
    assert list(table["unit"]) == ["201"]
    (lost,) = table.attrs["report"].unresolved
    assert (lost.name, lost.reason, lost.row, lost.figures) == ("Abay (Nowhere)", "parent unknown", 2, 1)


def test_a_name_means_the_unit_of_its_year(read):
    """Marka was 102 until 2020 and is 103 since; Lesnoy was none in 2019, which the check will say."""
    table = read(
        "unit,indicator,year,value\nMarka,x,2019,1\nMarka,x,2020,2\nLesnoy,x,2019,3\nLesnoy,x,2023,4\n"
    )
    assert list(table["unit"]) == ["102", "103", "104", "104"]
    assert table.attrs["report"].names["Marka"] == "102, 103"


def test_a_users_own_spellings_win(read, tmp_path):
    (tmp_path / "aliases.csv").write_text("name,unit\nThe lake,201\nMarka,104\n", encoding="utf-8")
    text = "unit,indicator,year,value\nThe lake,x,2023,1\nMarka,x,2023,2\n"
    table = read(text, aliases=tmp_path / "aliases.csv")
    assert list(table["unit"]) == ["201", "104"]
    assert list(read(text, aliases={"The lake": "201"})["unit"]) == ["201", "103"]
    with pytest.raises(DataError, match="no table of aliases"):
        read(text, aliases=tmp_path / "none.csv")
