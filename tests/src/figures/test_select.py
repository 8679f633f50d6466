"""Selections: the latest year measured on the units of a map, its trend, town and village."""

from __future__ import annotations

import pytest

from childatlas.errors import DataError
from childatlas.figures.select import latest, residences, series, trend, years_covered

WHERE = {"level": "oblast", "vintage": 2023}


@pytest.fixture
def figures(make_figures):
    return make_figures(
        ("00", "poverty", 2023, 6.0),
        ("11", "poverty", 2023, 5.0),
        ("63", "poverty", 2023, 7.0, {"flag": "modelled"}),
        ("61", "poverty", 2022, 9.0),
        ("11", "poverty", 2021, 4.0),
        ("63", "poverty", 2021, 8.0),
        ("51", "poverty", 2015, 10.0),
        ("11", "poverty", 2015, 3.0),
        ("11", "poverty", 2023, 4.5, {"residence": "urban"}),
        ("11", "poverty", 2023, 6.5, {"residence": "rural"}),
        ("63", "poverty", 2023, 6.6, {"residence": "rural"}),
        ("11", "poverty", 2023, 1.0, {"sex": "female"}),
        ("11", "poverty", 2023, 2.0, {"group": "wealth=poorest"}),
        ("61", "poverty", 2023, float("nan")),
    )


def test_a_series_is_one_residence_sex_and_group(figures):
    assert series(figures, "poverty", residence="rural")["value"].tolist() == [6.5, 6.6]
    assert series(figures, "poverty", sex="female")["value"].tolist() == [1.0]
    assert series(figures, "poverty", group="wealth=poorest")["value"].tolist() == [2.0]
    assert series(figures, "poverty")["value"].notna().all()


def test_the_latest_year_on_the_units_of_today(figures, gazetteer):
    found = latest(figures, "poverty", gazetteer=gazetteer, **WHERE)
    assert found.year == 2023
    assert found.values.dropna().to_dict() == {"11": 5.0, "63": 7.0}
    assert found.values.index.tolist() == ["10", "11", "41", "61", "63", "71", "79"]
    assert found.figures.loc["63", "flag"] == "modelled"
    assert found.figures.loc["10", "flag"] == ""


def test_no_year_before_a_reform_counts_for_the_map_after_it(figures, gazetteer):
    """63 keeps its number in 2022 on less territory: its figure of 2021 is that of another unit."""
    covered = years_covered(figures, "poverty", gazetteer=gazetteer, **WHERE)
    assert covered.to_dict() == {2022: 1, 2023: 2}
    older = years_covered(figures, "poverty", gazetteer=gazetteer, level="oblast", vintage=2019)
    assert older.to_dict() == {2021: 2}
    oldest = years_covered(figures, "poverty", gazetteer=gazetteer, level="oblast", vintage=2015)
    assert oldest.to_dict() == {2015: 2}


def test_a_cap_and_a_least_share(figures, gazetteer):
    assert latest(figures, "poverty", gazetteer=gazetteer, **WHERE, year=2022).year == 2022
    assert latest(figures, "poverty", gazetteer=gazetteer, **WHERE, least=2 / 7).year == 2023
    with pytest.raises(DataError, match="no value for the 7 units"):
        latest(figures, "poverty", gazetteer=gazetteer, **WHERE, least=3 / 7)


def test_nothing_at_the_level_asked_for_says_where_there_is_something(figures, gazetteer):
    with pytest.raises(DataError) as caught:
        latest(figures, "poverty", gazetteer=gazetteer, **WHERE, year=2021)
    assert "2023 rural: 2 units" in caught.value.found


def test_an_unknown_indicator(figures, gazetteer):
    with pytest.raises(DataError) as caught:
        latest(figures, "povetry", gazetteer=gazetteer, **WHERE)
    assert caught.value.expected == "poverty"


def test_a_trend_is_units_by_years(figures):
    table = trend(figures, "poverty", units=["11", "61", "99"])
    assert table.columns.tolist() == [2015, 2021, 2022, 2023]
    assert table.loc["11"].dropna().tolist() == [3.0, 4.0, 5.0]
    assert table.loc["99"].isna().all()


def test_town_and_village_only_where_both_are(figures):
    assert residences(figures, "poverty", year=2023).to_dict("index") == {"11": {"urban": 4.5, "rural": 6.5}}
    assert residences(figures, "poverty", year=2021).empty
