"""Tables as CSV, workbook and GeoPackage: numbers stay numbers, no text turns into a formula."""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childatlas.atlas.geopackage import column_name, table_name
from childatlas.atlas.tables import all_tables, is_risky, named, safe_text, unit_table
from childatlas.atlas.words import Words
from childatlas.atlas.workbook import write_workbook
from childatlas.layers import Atlas


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
def test_risky_texts_get_an_apostrophe(text: str) -> None:
    assert safe_text(text) == f"'{text}"


@given(st.one_of(st.integers(), st.floats(), st.none(), st.booleans()))
def test_numbers_are_left_alone(number: float | None) -> None:
    assert safe_text(number) is number


@given(st.text())
def test_no_text_leaves_as_a_formula(text: str) -> None:
    assert not is_risky(safe_text(text))


def test_csv_keeps_negative_numbers_and_disarms_texts(written: Path) -> None:
    layers = pd.read_csv(written / "tables" / "layers.csv")
    assert "'=Housing <b>#1</b> & *more*" in set(layers["label"])
    figures = pd.read_csv(written / "tables" / "figures.csv")
    assert set(figures["source"]) == {"'=cmd()"}
    statistics = pd.read_csv(written / "tables" / "values-oblast-2023.csv", index_col="unit")
    assert statistics["poverty"].tolist() == list(range(1, 10))


def test_csv_negative_numbers(tiny_atlas: Atlas, words: Words, tmp_path: Path) -> None:
    from childatlas.atlas.tables import write_tables

    table = pd.DataFrame({"unit": ["a1"], "change": [-1.5], "text": ["-1.5"], "=head": [1]})
    write_tables(replace(tiny_atlas, tables={"change": table}), tmp_path, words=words)
    lines = (tmp_path / "change.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["unit,name,change,text,'=head", "a1,A1,-1.5,'-1.5,1"]


def test_names_stand_beside_codes(tiny_atlas: Atlas, words: Words) -> None:
    table = named(pd.DataFrame({"unit": ["b2", "country", "zz"], "x": [1, 2, 3]}), tiny_atlas, words)
    assert table["name"].tolist() == ["B2", "Nine Squares", ""]
    assert list(table) == ["unit", "name", "x"]


def test_one_row_a_unit_with_value_rank_and_cluster(tiny_atlas: Atlas, words: Words) -> None:
    geography = tiny_atlas.geographies["oblast-2023"]
    table = unit_table(tiny_atlas, geography, words)
    assert list(table.index) == list(geography.units.index)
    assert table.loc["c3", ["poverty", "poverty_rank", "poverty_cluster"]].tolist() == [
        9.0,
        1,
        "cannot be significant",
    ]
    assert table.loc["a1", "poverty_suggestive"]
    assert table.loc["c3", "well_being_flag"] == "carried"
    assert table["stunting"].isna().sum() == 2


def test_workbook(written: Path, tiny_atlas: Atlas, words: Words) -> None:
    book = openpyxl.load_workbook(written / "atlas.xlsx")
    assert book.sheetnames[0] == "README"
    assert set(book.sheetnames[1:]) == set(all_tables(tiny_atlas, words))
    readme = " ".join(str(c.value) for row in book["README"].iter_rows() for c in row if c.value)
    assert "never as a formula" in readme
    assert tiny_atlas.run_id in readme
    sheet = book["figures"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None
    heads = {cell.value: cell.column for cell in sheet[1]}
    source, value = sheet.cell(2, heads["Source"]), sheet.cell(2, heads["Value"])
    assert (source.data_type, source.value, source.quotePrefix) == ("s", "=cmd()", True)
    assert (value.data_type, value.value) == ("n", 1)
    formulas = [c for ws in book for row in ws.iter_rows() for c in row if c.data_type == "f"]
    assert formulas == []
    assert book.properties.created.year == 2000


def test_workbook_sheet_names_that_excel_refuses(tiny_atlas: Atlas, words: Words, tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [1]})
    long = "a" * 40
    tables = {f"{long}1": table, f"{long}2": table, "a/b:c*d?[e]": table, "README": table}
    path = write_workbook(replace(tiny_atlas, tables=tables), tmp_path / "b.xlsx", words=words)
    names = openpyxl.load_workbook(path).sheetnames
    assert len({name.lower() for name in names}) == len(names) == len(tables) + 4
    assert all(len(name) <= 31 for name in names)


def test_geopackage_holds_shapes_with_every_table_and_a_style(written: Path) -> None:
    path = written / "atlas.gpkg"
    layers = dict(pyogrio.list_layers(path))
    assert layers["oblast_2023"] == "MultiPolygon"
    assert {"figures", "lowest", "claims", "gaps", "dropped", "layers"} <= set(layers)
    units = pyogrio.read_dataframe(path, layer="oblast_2023").set_index("unit")
    assert units.loc["c3", "poverty"] == 9.0
    assert units.crs.to_epsg() == 3857
    assert units.geometry.is_valid.all()
    with closing(sqlite3.connect(path)) as base:
        styles = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, styleSLD, useAsDefault FROM layer_styles"
        ).fetchall()
        stamps = {row[0] for row in base.execute("SELECT last_change FROM gpkg_contents")}
        kinds = dict(base.execute("SELECT table_name, data_type FROM gpkg_contents"))
    assert [row[4] for row in styles].count(1) == 1
    assert {row[:2] for row in styles} == {("oblast_2023", "geom")}
    assert stamps == {"2000-01-01T00:00:00.000Z"}
    assert kinds["layer_styles"] == "attributes"
    for row in styles:
        ET.fromstring(row[2].split("\n", 1)[1])
        ET.fromstring(row[3].encode())


def test_each_unit_falls_into_one_rule_of_its_style(written: Path) -> None:
    path = written / "atlas.gpkg"
    with closing(sqlite3.connect(path)) as base:
        qml = base.execute("SELECT styleQML FROM layer_styles WHERE styleName LIKE 'Stunting%'").fetchone()[0]
        rules = [r.get("filter") for r in ET.fromstring(qml.split("\n", 1)[1]).iter("rule")]
        hits = [
            base.execute(f"SELECT count(*) FROM oblast_2023 WHERE {rule}").fetchone()[0] for rule in rules
        ]
    assert sum(hits) == 9
    assert hits[-1] == 2
    assert all(hits)


def test_names_that_sql_and_files_take() -> None:
    assert column_name("values-oblast 2023") == "values_oblast_2023"
    assert column_name("2023") == "_2023"
    assert column_name("!") == "column"
    assert table_name("oblast-2023", taken=["oblast-2023"]) == "oblast_2023_table"
