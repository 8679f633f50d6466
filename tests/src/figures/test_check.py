"""Checking figures: what is refused, what is dropped with a reason, what is counted."""

from __future__ import annotations

import pytest

from childatlas.errors import DataError
from childatlas.figures.check import check_figures
from childatlas.figures.read import read_figures

HEADER = "unit,indicator,year,value,flag"


@pytest.fixture
def checked(write_table, gazetteer, catalogue):
    def check(*rows: str):
        path = write_table("\n".join([HEADER, *rows]))
        return check_figures(
            read_figures(path, gazetteer=gazetteer), catalogue=catalogue, gazetteer=gazetteer
        )

    return check


def refused(checked, *rows: str) -> DataError:
    with pytest.raises(DataError) as caught:
        checked(*rows)
    return caught.value


def test_usable_figures_pass(checked):
    result = checked("11,poverty,2019,5,", "11,poverty,2020,,")
    assert result.figures["value"].iloc[0] == 5
    assert result.dropped.empty
    assert result.report.missing == {"poverty": 1}
    assert (result.report.rows, result.report.used) == (2, 2)


def test_repeated_keys_are_refused_naming_the_rows(checked):
    error = refused(checked, "11,poverty,2019,5,", "61,poverty,2019,5,", "11,poverty,2019,5,")
    assert error.what == "figures stand twice"
    assert error.where == "figures.csv, row 2; figures.csv, row 4"


def test_conflicting_values_are_refused_naming_the_rows(checked):
    error = refused(checked, "11,poverty,2019,5,", "11,poverty,2019,6,")
    assert "conflicting values" in error.what
    assert error.where == "figures.csv, row 2; figures.csv, row 3"
    assert "5, 6" in error.found
    assert "unit '11'" in error.found


def test_a_value_against_a_missing_one_is_a_conflict(checked):
    assert "conflicting" in refused(checked, "11,poverty,2019,5,", "11,poverty,2019,,").what


def test_conflicts_come_before_mere_repeats(checked):
    rows = ["11,poverty,2018,5,", "11,poverty,2018,5,", "11,poverty,2019,5,", "11,poverty,2019,6,"]
    assert "conflicting" in refused(checked, *rows).what


def test_suspect_rows_are_dropped_even_where_they_conflict(checked):
    result = checked(
        "11,poverty,2019,5,suspect", "11,poverty,2019,6,suspect;carried", "61,poverty,2019,861,suspect"
    )
    assert result.figures.empty
    assert result.report.dropped == {"suspect: the value is in doubt": 3}
    assert result.dropped["where"].tolist() == [f"figures.csv, row {n}" for n in (2, 3, 4)]


def test_a_doubtful_twin_does_not_take_the_good_row_away(checked):
    result = checked("11,poverty,2019,5,", "11,poverty,2019,50,suspect")
    assert result.figures["value"].tolist() == [5]


def test_flags_that_hold_other_words_are_not_suspect(checked):
    assert len(checked("11,poverty,2019,5,modelled").figures) == 1


@pytest.mark.parametrize("value", ["100.1", "-0.1"])
def test_a_share_outside_its_range_is_refused(checked, value):
    error = refused(checked, "11,poverty,2018,5,", f"11,poverty,2019,{value},")
    assert error.what == "a value of poverty is outside its range"
    assert error.where == "figures.csv, row 3, column value, unit 11, year 2019"
    assert error.found == value
    assert error.expected == "from 0 to 100"


def test_the_ends_of_the_range_are_inside(checked):
    assert len(checked("11,poverty,2018,0,", "11,poverty,2019,100,").figures) == 2


def test_a_range_without_end_and_no_range(checked):
    assert len(checked("11,people,2019,1000000000,", "11,failing,2019,5,").figures) == 3


def test_an_unknown_indicator_names_the_nearest(checked):
    error = refused(checked, "11,povetry,2019,5,")
    assert error.found == "povetry"
    assert error.expected == "poverty"
    assert error.where == "figures.csv, row 2, column indicator"


def test_an_unknown_unit_in_a_frame_names_the_nearest(make_figures, gazetteer, catalogue):
    with pytest.raises(DataError) as caught:
        check_figures(make_figures(("12", "poverty", 2019, 5)), catalogue=catalogue, gazetteer=gazetteer)
    assert caught.value.where == "row 0, column unit"
    assert "11 (Akmo Region)" in caught.value.expected


@pytest.mark.parametrize(
    ("unit", "year", "stays"),
    [
        ("51", 2017, True),
        ("51", 2018, False),
        ("61", 2017, False),
        ("61", 2018, True),
        ("79", 2017, False),
        ("10", 2021, False),
        ("10", 2022, True),
        ("63", 2021, True),
        ("63", 2022, True),
        ("00", 1999, True),
    ],
)
def test_a_unit_has_figures_only_while_it_is_in_force(checked, unit, year, stays):
    result = checked(f"{unit},poverty,{year},5,")
    assert len(result.figures) == stays
    if not stays:
        assert result.dropped["reason"].tolist() == ["unit not in force at the end of that year"]


def test_a_country_is_never_counted_twice(checked):
    """South (51) with its later parts given back to 2016: only South is left."""
    result = checked("51,people,2016,300,", "61,people,2016,200,", "79,people,2016,100,")
    assert result.figures["value"].sum() == 300
    assert list(result.dropped["unit"]) == ["61", "79"]
    assert result.dropped["reason"].str.contains("its ground is counted under another unit").all()
    after = checked("51,people,2019,300,", "61,people,2019,200,", "79,people,2019,100,")
    assert after.figures["value"].sum() == 300
    assert list(after.dropped["unit"]) == ["51"]
    assert after.dropped["reason"].str.contains("counted under another unit").all()
    alone = checked("51,people,2019,300,", "61,people,2020,200,")
    assert list(alone.dropped["reason"]) == ["unit not in force at the end of that year"]


def test_rates_are_made_of_counts(checked):
    result = checked("11,failing,2019,50,", "11,people,2019,2000,modelled", "61,failing,2019,7,")
    rate = result.figures[result.figures["indicator"] == "failing_rate"]
    assert rate[["unit", "value", "flag"]].to_numpy().tolist() == [["11", 25.0, "modelled"]]
    assert result.report.computed == {"failing_rate": 1}


def test_a_rate_that_is_given_is_left_alone(checked):
    result = checked("11,failing,2019,50,", "11,people,2019,2000,", "11,failing_rate,2019,24.9,")
    rate = result.figures[result.figures["indicator"] == "failing_rate"]
    assert rate["value"].tolist() == [24.9]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("residence", "town", "residence: 'town' is not allowed"),
        ("sex", "boys", "sex: 'boys' is not allowed"),
        ("flag", "suspekt", "flag: 'suspekt' is not allowed"),
        ("se", -1.0, "se: "),
        ("year", 1066, "year: "),
        ("unit", "", "unit: "),
    ],
)
def test_a_frame_is_checked_as_a_file_is(make_figures, gazetteer, catalogue, column, value, message):
    frame = make_figures(("11", "poverty", 2019, 5)).assign(**{column: value})
    with pytest.raises(DataError, match=message) as caught:
        check_figures(frame, catalogue=catalogue, gazetteer=gazetteer)
    assert column in caught.value.where


def test_a_frame_that_lacks_a_column_is_refused(make_figures, gazetteer, catalogue):
    frame = make_figures(("11", "poverty", 2019, 5)).drop(columns="residence").assign(residense="total")
    with pytest.raises(DataError) as caught:
        check_figures(frame, catalogue=catalogue, gazetteer=gazetteer)
    assert caught.value.fix == "rename 'residense'"


def test_text_values_in_a_frame_are_refused(make_figures, gazetteer, catalogue):
    frame = make_figures(("11", "poverty", 2019, 5)).astype({"value": object}).assign(value="5")
    with pytest.raises(DataError, match="value"):
        check_figures(frame, catalogue=catalogue, gazetteer=gazetteer)


def test_the_given_frame_is_not_changed(make_figures, gazetteer, catalogue):
    frame = make_figures(("11", "poverty", 2019, 5), ("61", "poverty", 2016, 5))
    before = frame.copy()
    result = check_figures(frame, catalogue=catalogue, gazetteer=gazetteer)
    assert frame.equals(before)
    assert result.figures.attrs == {}


def test_names_that_were_not_found_are_dropped_with_their_rows(checked):
    result = checked("11,poverty,2019,5,", "Atlantis,poverty,2019,7,", "Atlantis,poverty,2020,,")
    assert result.dropped["unit"].tolist() == ["Atlantis", "Atlantis"]
    assert result.dropped["reason"].tolist() == ["name not in the gazetteer"] * 2
    assert result.dropped["where"].tolist() == ["figures.csv, row 3", "figures.csv, row 4"]
    assert result.dropped["value"].iloc[0] == 7
    assert (result.report.rows, result.report.used) == (3, 1)
    assert result.report.dropped == {"name not in the gazetteer": 2}


def test_a_value_that_is_no_category_is_refused_with_its_row(checked):
    passed = checked("11,zone,2019,1,", "61,zone,2019,2,", "71,zone,2019,,", "79,zone,2019,7,suspect")
    assert passed.figures["value"].dropna().tolist() == [1, 2]
    error = refused(checked, "11,zone,2019,1,", "61,zone,2019,3,", "71,zone,2019,1.5,")
    assert error.what == "a value of zone is none of its categories (and 1 more)"
    assert error.where == "figures.csv, row 3, column value, unit 61, year 2019"
    assert error.found == "3"
    assert error.expected == "1 (Steppe), 2 (Desert)"


def test_a_category_has_no_standard_error(write_table, gazetteer, catalogue):
    path = write_table("unit,indicator,year,value,se\n11,zone,2019,1,\n61,zone,2019,2,0.5\n")
    with pytest.raises(DataError, match="names a category") as caught:
        check_figures(read_figures(path, gazetteer=gazetteer), catalogue=catalogue, gazetteer=gazetteer)
    assert caught.value.where == "figures.csv, row 3, column se"
