"""Reading tables: every usual way to write them, and an error that names the cell for every other."""

from __future__ import annotations

import math

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlasgeo.columns import FIGURE_COLUMNS
from childatlas.errors import DataError
from childatlas.figures.read import read_figures

HEADER = "unit,indicator,year,value"


def refused(path, gazetteer, **more) -> DataError:
    with pytest.raises(DataError) as caught:
        read_figures(path, gazetteer=gazetteer, **more)
    return caught.value


def test_the_long_form_with_all_columns(write_table, gazetteer):
    path = write_table(
        "unit,indicator,year,residence,sex,group,value,se,n,source,flag\n"
        "11,poverty,2019,rural,female,wealth=poorest,5.4,0.3,120,BNS,suspect;carried\n"
    )
    figures = read_figures(path, gazetteer=gazetteer)
    assert list(figures.columns) == list(FIGURE_COLUMNS)
    assert figures.iloc[0].to_dict() == {
        "unit": "11",
        "indicator": "poverty",
        "year": 2019,
        "residence": "rural",
        "sex": "female",
        "group": "wealth=poorest",
        "value": 5.4,
        "se": 0.3,
        "n": 120.0,
        "source": "BNS",
        "flag": "suspect;carried",
    }
    assert figures.index.tolist() == ["figures.csv, row 2"]


def test_missing_optional_columns_are_filled(write_table, gazetteer):
    figures = read_figures(write_table(f"{HEADER}\n11,poverty,2019,5.4\n"), gazetteer=gazetteer)
    row = figures.iloc[0]
    assert (row["residence"], row["sex"], row["group"], row["source"], row["flag"]) == (
        "total",
        "",
        "",
        "",
        "",
    )
    assert math.isnan(row["se"])
    assert math.isnan(row["n"])


def test_a_missing_value_stays_missing_and_is_counted(write_table, gazetteer):
    path = write_table(f"{HEADER}\n11,poverty,2019,\n61,poverty,2019,NA\n79,poverty,2019,3\n")
    figures = read_figures(path, gazetteer=gazetteer)
    assert figures["value"].isna().tolist() == [True, True, False]
    assert figures.attrs["report"].missing == {"poverty": 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(write_table, gazetteer, encoding, delimiter):
    rows = [["Unit", "indicator", "YEAR", " value "], ["Акмолинская область", "poverty", "2019", "5.4"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    figures = read_figures(write_table(text, encoding=encoding), gazetteer=gazetteer)
    assert figures[["unit", "value"]].to_numpy().tolist() == [["11", 5.4]]
    assert figures.attrs["report"].names == {"Акмолинская область": "11"}


@pytest.mark.parametrize(
    "text",
    [
        "unit;indicator;year;value\n11;poverty;2019;5,4\n61;poverty;2019;1 234,5\n",
        'unit,indicator,year,value\n11,poverty,2019,"5,4"\n61,poverty,2019,"1234,5"\n',
    ],
)
def test_decimal_commas(write_table, gazetteer, text):
    figures = read_figures(write_table(text), gazetteer=gazetteer)
    assert figures["value"].tolist() == [5.4, 1234.5]


def test_a_comma_that_could_be_a_thousand_is_refused(write_table, gazetteer):
    error = refused(write_table('unit,indicator,year,value\n11,people,2019,"1,234"\n'), gazetteer)
    assert "unclear what the comma means" in error.what
    assert "row 2, column value" in error.where


def test_windows_line_ends_blank_lines_and_row_numbers(write_table, gazetteer):
    path = write_table(f"{HEADER}\r\n11,poverty,2019,5\r\n\r\n61,poverty,2019,x\r\n")
    error = refused(path, gazetteer)
    assert error.where.endswith("row 4, column value")
    assert error.found == "'x'"


def test_a_blank_first_line_moves_the_header(write_table, gazetteer):
    figures = read_figures(write_table(f"\n{HEADER}\n11,poverty,2019,5\n"), gazetteer=gazetteer)
    assert figures.index.tolist() == ["figures.csv, row 3"]


def test_xlsx_with_numbers_as_numbers(tmp_path, gazetteer):
    path = tmp_path / "figures.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["some words"])
    sheet = book.create_sheet("data")
    sheet.append(["unit", "indicator", "year", "value", "n"])
    sheet.append([11, "poverty", 2019, 5.4, None])
    sheet.append([0, "poverty", 2019.0, "6,5", 12])
    book.save(path)
    figures = read_figures(path, gazetteer=gazetteer)
    assert figures["unit"].tolist() == ["11", "00"]
    assert figures["value"].tolist() == [5.4, 6.5]
    assert figures["year"].tolist() == [2019, 2019]
    assert figures.index.tolist() == ["figures.xlsx, row 2", "figures.xlsx, row 3"]
    assert figures.attrs["report"].files[0][1] == "xlsx, sheet data"


def test_xlsx_names_the_cell(tmp_path, gazetteer):
    path = tmp_path / "figures.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["unit", "indicator", "year", "value"])
    book.active.append([11, "poverty", 2019, "#N/A"])
    book.save(path)
    error = refused(path, gazetteer)
    assert error.where.endswith("row 2, column value")
    assert error.found == "'#N/A'"


def test_parquet_keeps_missing_values_and_whole_codes(tmp_path, gazetteer):
    path = tmp_path / "figures.parquet"
    frame = pd.DataFrame(
        {"unit": [11.0, 0.0], "indicator": "poverty", "year": [2019, 2020], "value": [5.4, None]}
    )
    frame.to_parquet(path)
    figures = read_figures(path, gazetteer=gazetteer)
    assert figures["unit"].tolist() == ["11", "00"]
    assert figures["value"].isna().tolist() == [False, True]


@pytest.mark.parametrize("name", ["figures.xlsx", "figures.parquet"])
def test_a_damaged_file_is_said(write_table, gazetteer, name):
    assert "not" in refused(write_table("no such thing", name=name), gazetteer).what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("unit,indicator,year,value,value\n11,p,2019,1,1\n", "stands twice"),
        ("unit,indicator,year,value\n11,p,2019,5,4\n", "more cells"),
        ("unit,indicator,year,value\n11,,2019,5\n", "no indicator"),
        ("unit,indicator,year,value\n,p,2019,5\n", "no unit"),
    ],
)
def test_broken_tables_are_refused(write_table, gazetteer, text, what):
    assert what in refused(write_table(text), gazetteer).what


def test_another_kind_of_file_and_none_at_all(write_table, gazetteer, tmp_path):
    assert "'.doc'" in refused(write_table("x", name="figures.doc"), gazetteer).what
    assert "no table" in refused(tmp_path / "none.csv", gazetteer).what
    assert "no table" in refused([], gazetteer).what
    assert "no table" in refused(tmp_path, gazetteer).what


@pytest.mark.parametrize("column", ["unit", "indicator", "year", "value"])
def test_a_missing_column_is_named_with_the_nearest(write_table, gazetteer, column):
    header = HEADER.replace(column, f"{column}x")
    error = refused(write_table(f"{header}\n11,poverty,2019,5\n"), gazetteer)
    assert error.what == f"the table lacks the column {column!r}"
    assert error.fix == f"rename '{column}x' to {column!r}"
    assert error.exit_code == 3


@pytest.mark.parametrize("column", ["value", "se", "n"])
def test_text_in_a_number_column(write_table, gazetteer, column):
    cells = {"value": "1", "se": "1", "n": "1"} | {column: "many"}
    path = write_table(f"{HEADER},se,n\n11,p,2019,1,1,1\n11,p,2020,{','.join(cells.values())}\n")
    error = refused(path, gazetteer)
    assert error.where == f"{path}, row 3, column {column}"
    assert error.found == "'many'"


@pytest.mark.parametrize("year", ["19", "2019-20", "2019.5", "twenty", "", "1899", "2101", "20 19"])
def test_a_year_that_is_none(write_table, gazetteer, year):
    error = refused(write_table(f"{HEADER}\n11,poverty,{year},5\n"), gazetteer)
    assert error.what == "a year is not a year"
    assert error.where.endswith("row 2, column year")
    assert error.found == repr(year)


@pytest.mark.parametrize(
    ("column", "cell", "fix"),
    [("residence", "urbn", "urban"), ("sex", "femal", "female"), ("flag", "suspekt", "suspect")],
)
def test_unknown_words_name_the_nearest(write_table, gazetteer, column, cell, fix):
    error = refused(write_table(f"{HEADER},{column}\n11,poverty,2019,5,{cell}\n"), gazetteer)
    assert error.what == f"unknown {column} {cell!r}"
    assert error.where.endswith(f"row 2, column {column}")
    assert error.fix == f"did you mean {fix!r}?"


def test_words_are_read_in_any_case_and_sex_in_other_words(write_table, gazetteer):
    path = write_table(f"{HEADER},residence,sex,flag\n11,p,2019,5,Rural,GIRLS, Carried ;suspect;carried\n")
    row = read_figures(path, gazetteer=gazetteer).iloc[0]
    assert (row["residence"], row["sex"], row["flag"]) == ("rural", "female", "carried;suspect")


def test_an_unknown_code_names_the_nearest(write_table, gazetteer):
    error = refused(write_table(f"{HEADER}\n11,p,2019,5\n69,p,2019,5\n"), gazetteer)
    assert error.what == "unknown unit code '69'"
    assert error.where.endswith("row 3, column unit")
    assert "61 (Turk Region)" in error.expected
    assert "79 (Shym city)" in error.expected


def test_an_ambiguous_name_is_refused_with_its_candidates(write_table, gazetteer):
    error = refused(write_table(f"{HEADER}\nMata,p,2019,5\n"), gazetteer, level="oblast")
    assert error.what == "the name 'Mata' could mean 2 units"
    assert error.expected == "41 (Mata Region) or 71 (Mata city)"
    assert error.where.endswith("row 2, column unit")


def test_the_kind_of_place_settles_a_name(write_table, gazetteer):
    path = write_table(f"{HEADER}\nMata Region,p,2019,5\nгород Мата,p,2019,6\nLandia,p,2019,7\n")
    figures = read_figures(path, gazetteer=gazetteer, level="oblast")
    assert figures["unit"].tolist() == ["41", "71", "00"]


def test_names_that_do_not_match_are_listed_and_left_out(write_table, gazetteer):
    path = write_table(f"{HEADER}\n11,p,2019,5\nAtlantis,p,2019,5\nAtlantis,p,2020,5\n")
    figures = read_figures(path, gazetteer=gazetteer)
    assert figures["unit"].tolist() == ["11"]
    (lost,) = figures.attrs["report"].unresolved
    assert (lost.name, lost.row, lost.figures) == ("Atlantis", 3, 2)
    assert figures.attrs["report"].lost["year"].tolist() == [2019, 2020]


def test_a_table_of_another_country_is_refused(write_table, gazetteer):
    error = refused(write_table(f"{HEADER}\nAtlantis,p,2019,5\n"), gazetteer)
    assert "none of the places" in error.what


def test_aliases_of_the_user(write_table, gazetteer):
    path = write_table(f"{HEADER}\nthe south,p,2019,5\nX9,p,2019,5\n")
    figures = read_figures(path, gazetteer=gazetteer, aliases={"the south": "61", "X9": "79"})
    assert figures["unit"].tolist() == ["61", "79"]


def test_a_misspelt_name_is_told_as_a_guess(write_table, gazetteer):
    figures = read_figures(write_table(f"{HEADER}\nТуркестамская область,p,2019,5\n"), gazetteer=gazetteer)
    assert figures["unit"].tolist() == ["61"]
    assert list(figures.attrs["report"].guessed) == ["Туркестамская область"]


def test_without_a_gazetteer_codes_are_taken_as_they_are(write_table):
    figures = read_figures(write_table(f"{HEADER}\n007,p,2019,5\n"))
    assert figures["unit"].tolist() == ["007"]


def test_several_tables_and_a_folder(write_table, gazetteer, tmp_path):
    first = write_table(f"{HEADER},note\n11,p,2019,5,hm\n", name="figures_a.csv")
    second = write_table(f"{HEADER}\n61,p,2019,6\n", name="figures_b.csv")
    write_table("not a table", name="readme.txt")
    for paths in ([first, second], tmp_path, str(tmp_path)):
        figures = read_figures(paths, gazetteer=gazetteer)
        assert figures.index.tolist() == ["figures_a.csv, row 2", "figures_b.csv, row 2"]
        assert figures.attrs["report"].ignored_columns == ((str(first), "note"),)
        assert [rows for *_, rows in figures.attrs["report"].files] == [1, 1]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_all_kinds_of_file_give_the_same_table(write_table, gazetteer, tmp_path, suffix):
    rows = (
        "11,poverty,2019,rural,,,5.25,0.5,,BNS,\n00,poverty,2020,total,male,wealth=poorest,,,12,,modelled\n"
    )
    path = write_table("unit,indicator,year,residence,sex,group,value,se,n,source,flag\n" + rows)
    expected = read_figures(path, gazetteer=gazetteer)
    other = tmp_path / f"again.{suffix}"
    if suffix == "csv":
        expected.to_csv(other, index=False, sep=";", decimal=",")
    elif suffix == "xlsx":
        expected.to_excel(other, index=False)
    else:
        plain = expected.reset_index(drop=True)
        plain.attrs = {}
        plain.to_parquet(other)
    again = read_figures(other, gazetteer=gazetteer)
    pd.testing.assert_frame_equal(again.reset_index(drop=True), expected.reset_index(drop=True))


@settings(deadline=None, max_examples=25)
@given(order=st.permutations(range(4)), columns=st.permutations(["unit", "indicator", "year", "value"]))
def test_the_order_of_rows_and_columns_says_nothing(tmp_path_factory, gazetteer, order, columns):
    cells = pd.DataFrame(
        {"unit": ["11", "61", "79", "00"], "indicator": "p", "year": 2019, "value": ["1", "2,5", "", "4"]}
    )
    path = tmp_path_factory.mktemp("order") / "figures.csv"
    cells.loc[list(order), columns].to_csv(path, index=False, sep=";")
    figures = read_figures(path, gazetteer=gazetteer).set_index("unit")["value"]
    assert figures.drop("79").to_dict() == {"11": 1.0, "61": 2.5, "00": 4.0}
    assert math.isnan(figures["79"])
