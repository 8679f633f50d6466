"""Counts on another map: split by population where borders moved, added up backwards, never invented."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError
from childatlas.figures.children import children_at, split_count
from childatlas.figures.lineage import ancestors

OBLASTS = {"level": "oblast"}


def test_lineage_over_one_reform(gazetteer):
    line = ancestors(gazetteer, **OBLASTS, from_year=2019, to_year=2023)
    assert line["ancestor"].to_dict() == {
        "10": "63", "11": "11", "41": "41", "61": "61", "63": "63", "71": "71", "79": "79",
    }  # fmt: skip
    assert line["same"].to_dict() == {
        "10": False, "11": True, "41": True, "61": True, "63": False, "71": True, "79": True,
    }  # fmt: skip


def test_lineage_over_two_reforms(gazetteer):
    line = ancestors(gazetteer, **OBLASTS, from_year=2015, to_year=2023)
    assert line.loc[["10", "61", "63", "79"], "ancestor"].tolist() == ["63", "51", "63", "51"]
    assert not line.loc[["10", "61", "63", "79"], "same"].any()


def test_lineage_that_the_gazetteer_does_not_know(gazetteer):
    lost = gazetteer.assign(predecessor=gazetteer["predecessor"].where(gazetteer["unit"] != "10", ""))
    line = ancestors(lost, **OBLASTS, from_year=2019, to_year=2023)
    assert pd.isna(line.loc["10", "ancestor"])


def test_a_count_is_split_by_weight_and_flagged(gazetteer):
    """63 had 300; its parts have 20 and 40 people: 100 for 10, 200 for the new 63."""
    counts = pd.Series({"11": 50.0, "63": 300.0, "61": 70.0})
    weights = pd.Series({"10": 20.0, "63": 40.0, "11": 5.0})
    table = split_count(counts, weights, gazetteer, **OBLASTS, from_year=2019, to_year=2023)
    assert table.loc[["10", "11", "61", "63"], "value"].tolist() == pytest.approx([100.0, 50.0, 70.0, 200.0])
    assert table.loc[["10", "11", "61", "63"], "flag"].tolist() == ["modelled", "", "", "modelled"]
    assert table.loc[["41", "71", "79"], "value"].isna().all()
    assert (table.loc[["41", "71", "79"], "flag"] == "").all()


def test_an_unknown_weight_leaves_all_parts_missing(gazetteer):
    counts, weights = pd.Series({"63": 300.0}), pd.Series({"10": 20.0})
    table = split_count(counts, weights, gazetteer, **OBLASTS, from_year=2019, to_year=2023)
    assert table.loc[["10", "63"], "value"].isna().all()


def test_a_count_is_not_split_backwards(gazetteer):
    with pytest.raises(AnalysisError, match="backwards"):
        split_count(
            pd.Series(dtype=float), pd.Series(dtype=float), gazetteer, **OBLASTS, from_year=2, to_year=1
        )


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(min_value=1, max_value=1e6), min_size=4, max_size=4))
def test_the_parts_add_up(gazetteer, weights):
    people = pd.Series(weights, index=["10", "63", "61", "79"])
    counts = pd.Series({"51": 1000.0, "63": 300.0})
    table = split_count(counts, people, gazetteer, **OBLASTS, from_year=2015, to_year=2023)
    assert table.loc[["10", "63"], "value"].sum() == pytest.approx(300.0)
    assert table.loc[["61", "79"], "value"].sum() == pytest.approx(1000.0)


@pytest.fixture
def figures(make_figures):
    people = [("10", 20), ("63", 40), ("11", 5)]
    return make_figures(
        ("00", "children_0_15", 2020, 999),
        ("11", "children_0_15", 2020, 50),
        ("63", "children_0_15", 2020, 300),
        ("61", "children_0_15", 2020, 70),
        ("79", "children_0_15", 2020, 30),
        *[(unit, "population", 2023, n) for unit, n in people],
    )


def test_children_today(figures, gazetteer):
    table = children_at(figures, gazetteer, level="oblast", year=2023)
    assert table.loc["10"].to_dict() == {"value": pytest.approx(100.0), "flag": "modelled", "year": 2020}
    assert table.loc["11"].to_dict() == {"value": 50.0, "flag": "", "year": 2020}
    assert "00" not in table.index


def test_children_on_the_map_they_were_counted_on(figures, gazetteer):
    table = children_at(figures, gazetteer, level="oblast", year=2020)
    assert (table["flag"] == "").all()
    assert table["value"].dropna().to_dict() == {"11": 50, "61": 70, "63": 300, "79": 30}


def test_children_on_an_older_map_are_added_up(figures, gazetteer):
    table = children_at(figures, gazetteer, level="oblast", year=2015)
    assert table.loc["51", ["value", "flag"]].tolist() == [100, "modelled"]
    assert table.loc["11", ["value", "flag"]].tolist() == [50, ""]


def test_a_part_that_is_missing_leaves_the_sum_missing(figures, gazetteer):
    table = children_at(figures[figures["unit"] != "79"], gazetteer, level="oblast", year=2015)
    assert pd.isna(table.loc["51", "value"])


def test_no_population_means_no_split(figures, gazetteer):
    table = children_at(figures[figures["indicator"] != "population"], gazetteer, level="oblast", year=2023)
    assert table.loc[["10", "63"], "value"].isna().all()
    assert table.loc["11", "value"] == 50


def test_flags_of_the_count_are_kept(figures, gazetteer):
    flagged = figures.assign(flag=["synthetic" if u == "11" else "" for u in figures["unit"]])
    table = children_at(flagged, gazetteer, level="oblast", year=2023)
    assert table.loc["11", "flag"] == "synthetic"


def test_no_children_at_all(figures, gazetteer):
    assert (
        children_at(figures[figures["indicator"] == "population"], gazetteer, level="oblast", year=2023)
        is None
    )
