"""Figures between maps, by hand: counts summed, rates by their base, medians refused, nothing filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import atlasgeo as ag
from atlasgeo.conversion import convert
from atlasgeo.crosswalks import build_crosswalk, read_crosswalk, reweigh
from atlasgeo.errors import AnalysisError, BoundaryError, DataError

KAZ = Path(__file__).resolve().parents[2] / "data" / "boundaries" / "kaz"
UNITS = ag.read_units(KAZ / "units.csv")
HEAD = "from_unit,to_unit,share_of_from,share_of_to"


def crosswalk(tmp_path: Path, *rows: str, reverse: bool = False) -> pd.DataFrame:
    """Return the crosswalk of some rows, by default: a is cut in x (1/4) and y (3/4), b and c make z."""
    rows = rows or ("a,x,0.25,1", "a,y,0.75,1", "b,z,1,0.4", "c,z,1,0.6")
    path = tmp_path / "crosswalk.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return read_crosswalk(path, reverse=reverse)


# --- by hand ----------------------------------------------------------------------------------------------


def test_counts_are_summed_and_shared_out(tmp_path: Path) -> None:
    new = convert(pd.Series({"a": 100.0, "b": 7.0, "c": 5.0}), crosswalk(tmp_path), kind="count")
    assert new["value"].to_dict() == {"x": 25, "y": 75, "z": 12}
    assert new["share_estimated"].to_dict() == {"x": True, "y": True, "z": False}
    assert new["flag"].to_dict() == {"x": "share_estimated", "y": "share_estimated", "z": ""}
    assert new["sources"].to_dict() == {"x": 1, "y": 1, "z": 2}
    assert new.index.name == "unit"


def test_rates_are_averaged_by_their_base(tmp_path: Path) -> None:
    rates, births = pd.Series({"a": 4.0, "b": 10.0, "c": 20.0}), pd.Series({"a": 8.0, "b": 300.0, "c": 100.0})
    new = convert(rates, crosswalk(tmp_path), kind="rate", base=births)
    assert new["value"].to_dict() == {"x": 4, "y": 4, "z": 12.5}  # (10 x 300 + 20 x 100) / 400
    assert new["base"].to_dict() == {"x": 2, "y": 6, "z": 400}


def test_rates_that_are_put_together_need_their_base(tmp_path: Path) -> None:
    rates = pd.Series({"a": 4.0, "b": 10.0, "c": 20.0})
    with pytest.raises(AnalysisError, match="only by their base") as caught:
        convert(rates, crosswalk(tmp_path), kind="rate")
    assert "found: z" in str(caught.value)
    only_split = crosswalk(tmp_path, "a,x,0.25,1", "a,y,0.75,1")
    assert convert(rates[["a"]], only_split, kind="mean")["value"].tolist() == [4, 4]


@pytest.mark.parametrize("kind", ["median", "quantile", "index", "rank", "something"])
def test_medians_and_indices_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(AnalysisError, match="cannot be converted"):
        convert(pd.Series({"a": 1.0}), crosswalk(tmp_path), kind=kind)


def test_missing_stays_missing(tmp_path: Path) -> None:
    table = crosswalk(tmp_path)
    new = convert(pd.Series({"a": np.nan, "b": 7.0, "c": np.nan}), table, kind="count")
    assert new["value"].isna().all()
    new = convert(pd.Series({"a": 1.0, "b": 7.0}), table, kind="count")  # c is not there at all
    assert new["value"].isna().to_dict() == {"x": False, "y": False, "z": True}
    rates, base = pd.Series({"a": 1.0, "b": 2.0, "c": np.nan}), pd.Series({"a": 1.0, "b": 1.0, "c": 1.0})
    assert np.isnan(convert(rates, table, kind="rate", base=base).loc["z", "value"])
    base["c"] = 0.0  # nobody there: its missing rate changes nothing
    assert convert(rates, table, kind="rate", base=base).loc["z", "value"] == 2
    base["c"] = np.nan
    assert np.isnan(convert(rates.fillna(1), table, kind="rate", base=base).loc["z", "value"])
    assert np.isnan(convert(rates * 0, table, kind="rate", base=base * 0).loc["z", "value"])


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    table = crosswalk(tmp_path)
    with pytest.raises(BoundaryError, match="nknown unit code"):
        convert(pd.Series({"q": 1.0}), table, kind="count")
    with pytest.raises(DataError, match="more than one value"):
        convert(pd.Series([1.0, 2.0], index=["a", "a"]), table, kind="count")
    with pytest.raises(DataError, match="negative"):
        convert(pd.Series({"a": 1.0}), table, kind="rate", base=pd.Series({"a": -1.0}))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("a,x,0.5,1",), "do not make a whole"),
        (("a,x,0,1", "a,y,1,1"), "cannot be used"),
        (("a,x,1.5,1",), "cannot be used"),
        (("a,x,0.5,1", "a,x,0.5,1"), "cannot be used"),
        (("a,x,,1",), "cannot be used"),
    ],
)
def test_bad_crosswalks(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        crosswalk(tmp_path, *rows)


def test_missing_table_or_column(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="no crosswalk"):
        read_crosswalk(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_text("from_unit,to_unit,share,share_of_to\n")
    with pytest.raises(BoundaryError, match="share_of_from"):
        read_crosswalk(tmp_path / "x.csv")


def test_shares_near_a_whole_are_scaled_to_it(tmp_path: Path) -> None:
    table = crosswalk(tmp_path, "a,x,0.7,1", "a,y,0.29,1")
    assert table["share"].tolist() == [0.7 / 0.99, 0.29 / 0.99]


def test_people_instead_of_area(tmp_path: Path) -> None:
    table = reweigh(crosswalk(tmp_path), pd.Series({"x": 900.0, "y": 100.0, "z": 5.0}))
    assert table["share"].tolist() == [0.9, 0.1, 1, 1]
    # x takes 4/5 of its ground from a and 1/5 from b: 0.8 x 100 people against 50 in y
    table = crosswalk(tmp_path, "a,x,0.5,0.8", "a,y,0.5,1", "b,x,1,0.2")
    assert reweigh(table, pd.Series({"x": 100.0, "y": 50.0}))["share"].tolist() == pytest.approx(
        [8 / 13, 5 / 13, 1]
    )
    with pytest.raises(BoundaryError, match="no weight"):
        reweigh(table, pd.Series({"x": 100.0}))
    with pytest.raises(BoundaryError, match="are 0"):
        reweigh(table, pd.Series({"x": 0.0, "y": 0.0}))


# --- there and back ---------------------------------------------------------------------------------------

OLD = list("abcde")
NUMBERS = st.floats(0, 1e6)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(NUMBERS, min_size=5, max_size=5),
    rates=st.lists(st.floats(0, 100), min_size=5, max_size=5),
    cuts=st.lists(st.lists(st.floats(0.01, 1), min_size=1, max_size=4), min_size=5, max_size=5),
)
def test_split_then_merge_returns_the_original(
    counts: list[float], rates: list[float], cuts: list[list[float]]
) -> None:
    rows = [
        (old, f"{old}{i}", share / sum(parts), len(parts) > 1)
        for old, parts in zip(OLD, cuts, strict=True)
        for i, share in enumerate(parts)
    ]
    there = pd.DataFrame(rows, columns=["from_unit", "to_unit", "share", "share_estimated"]).assign(
        share_of_to=1.0
    )
    back = there.rename(columns={"from_unit": "to_unit", "to_unit": "from_unit"})
    back = back.assign(share=1.0, share_estimated=False)
    count, rate = pd.Series(counts, index=OLD), pd.Series(rates, index=OLD)
    again = convert(convert(count, there, kind="count")["value"], back, kind="count")
    assert np.allclose(again["value"], count, rtol=1e-12, atol=1e-12)
    parts = convert(rate, there, kind="rate", base=count + 1)
    again = convert(parts["value"], back, kind="rate", base=parts["base"])
    assert np.allclose(again["value"], rate, rtol=1e-12, atol=1e-12)
    assert np.allclose(again["base"], count + 1, rtol=1e-12)


# --- Kazakhstan -------------------------------------------------------------------------------------------


def test_oblasts_of_2023_put_together_are_those_of_2015() -> None:
    people = ag.in_force(UNITS, level="oblast", year=2023)["area_km2"]
    table = build_crosswalk(UNITS, level="oblast", from_year=2023, to_year=2015)
    assert not table["share_estimated"].any()
    old = convert(people, table, kind="count")["value"]
    assert old["510000000"] == people["610000000"] + people["790000000"]
    assert old["630000000"] == people["100000000"] + people["630000000"]
    assert old["110000000"] == people["110000000"]
    assert old.sum() == pytest.approx(people.sum(), rel=1e-12)


def test_oblasts_of_2015_are_shared_out_and_say_so() -> None:
    old = ag.in_force(UNITS, level="oblast", year=2015).index
    people = pd.Series({"610000000": 2.0, "790000000": 1.0}).reindex(
        ag.in_force(UNITS, level="oblast", year=2023).index, fill_value=1.0
    )
    table = build_crosswalk(UNITS, level="oblast", from_year=2015, to_year=2023, weights=people)
    new = convert(pd.Series(300.0, index=old), table, kind="count")
    assert new.loc[["610000000", "790000000"], "value"].tolist() == [200, 100]
    assert new["share_estimated"].sum() == 8
    there_and_back = convert(
        new["value"], build_crosswalk(UNITS, level="oblast", from_year=2023, to_year=2015), kind="count"
    )
    assert np.allclose(there_and_back["value"], 300)


def test_districts_of_2018_in_those_of_2024() -> None:
    country = ag.read_country(KAZ)
    table = build_crosswalk(UNITS, level="district", from_year=2018, to_year=2024, country=country)
    old, new = (ag.in_force(UNITS, level="district", year=year)["area_km2"] for year in (2018, 2024))
    areas = convert(old, table, kind="count")
    assert areas["value"].sum() == pytest.approx(old.sum(), rel=1e-12)
    assert (areas["value"] / new - 1).abs().max() < 0.006  # the facts give shares to four decimals
    # Tarbagatay was cut between two oblasts
    assert areas.loc[["635800000", "103400000"], "share_estimated"].all()
    assert not areas.loc["113200000", "share_estimated"]
    assert set(new.index) - set(areas.index) == {"615500000", "635500000", "636300000"}  # no shape yet
    back = build_crosswalk(UNITS, level="district", from_year=2024, to_year=2018, country=country)
    assert set(back["to_unit"]) == set(old.index)


def test_maps_that_do_not_nest_need_a_crosswalk() -> None:
    with pytest.raises(BoundaryError, match="do not nest"):
        build_crosswalk(UNITS, level="district", from_year=2018, to_year=2024)
    with pytest.raises(BoundaryError, match="2018-06-19"):
        build_crosswalk(UNITS, level="district", from_year=2015, to_year=2024)


def test_the_same_map_is_left_alone() -> None:
    table = build_crosswalk(UNITS, level="oblast", from_year=2022, to_year=2024)
    assert (table["from_unit"] == table["to_unit"]).all()
    assert (table["share"] == 1).all()
    assert not table["share_estimated"].any()
