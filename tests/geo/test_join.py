"""Attaching figures: one row a unit, both leftovers come back."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

import atlasgeo as ag
from atlasgeo.errors import BoundaryError, DataError


def units(codes: list[object]) -> gpd.GeoDataFrame:
    """Return unit squares in a row."""
    shapes = [box(i, 0, i + 1, 1) for i in range(len(codes))]
    return gpd.GeoDataFrame(
        {"kind": ["x"] * len(codes)}, geometry=shapes, index=pd.Index(codes, name="unit"), crs=3857
    )


def test_both_leftovers_come_back() -> None:
    figures = pd.DataFrame({"unit": ["c", "a", "z"], "value": [3.0, 1.0, 9.0]})
    joined, report = ag.attach(units(["a", "b", "c"]), figures)
    assert list(joined.index) == ["a", "b", "c"]
    assert joined["value"].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(joined.loc["b", "value"])
    assert isinstance(joined, gpd.GeoDataFrame)
    assert joined.crs == 3857
    assert report.missing_in_units == ("z",)
    assert report.missing_in_figures == ("b",)
    assert report.matched == ("a", "c")
    assert not report.complete
    assert str(report) == "2 units matched; figures without a unit: z; units without figures: b"


def test_frame_on_its_index_and_series() -> None:
    for figures in (
        pd.DataFrame({"value": [1.0, 2.0]}, index=["a", "b"]),
        pd.Series([1.0, 2.0], index=["a", "b"], name="value"),
    ):
        joined, report = ag.attach(units(["a", "b"]), figures)
        assert joined["value"].tolist() == [1.0, 2.0]
        assert report.complete
    joined, _ = ag.attach(units(["a", "b"]), pd.Series([1.0, 2.0], index=["a", "b"]))
    assert joined["value"].tolist() == [1.0, 2.0]


def test_another_column_of_codes() -> None:
    figures = pd.DataFrame({"FIPS": [37009, 37005], "rate": [1.0, 2.0]})
    joined, report = ag.attach(units(["37005", "37009"]), figures, on="FIPS")
    assert joined["rate"].tolist() == [2.0, 1.0]
    assert report.complete


@pytest.mark.parametrize("codes", [[37009, 37005], [37009.0, 37005.0], ["37009", " 37005 "]])
def test_codes_are_compared_as_text(codes: list[object]) -> None:
    _, report = ag.attach(units(["37005", "37009"]), pd.DataFrame({"unit": codes, "rate": [1.0, 2.0]}))
    assert report.complete


def test_units_with_whole_numbers_as_codes() -> None:
    joined, report = ag.attach(units([1, 2]), pd.DataFrame({"unit": ["2", "1"], "rate": [2.0, 1.0]}))
    assert joined["rate"].tolist() == [1.0, 2.0]
    assert list(joined.index) == [1, 2]
    assert report.complete


def test_several_rows_for_a_unit_are_refused() -> None:
    with pytest.raises(DataError, match="several rows") as caught:
        ag.attach(units(["a", "b"]), pd.DataFrame({"unit": ["a", "a", "b"], "value": [1, 2, 3]}))
    assert "found: a" in str(caught.value)
    assert caught.value.exit_code == 3
    with pytest.raises(BoundaryError, match="duplicated"):
        ag.attach(units(["a", "a"]), pd.DataFrame({"unit": ["a"], "value": [1]}))


def test_no_codes_are_refused() -> None:
    with pytest.raises(DataError, match="no column 'unit'") as caught:
        ag.attach(units(["a"]), pd.DataFrame({"units": ["a"], "value": [1]}))
    assert "on='units'" in str(caught.value)
    with pytest.raises(DataError, match="1 rows of the figures have no code"):
        ag.attach(units(["a"]), pd.DataFrame({"unit": ["a", None], "value": [1, 2]}))


def test_a_column_of_both_is_the_figures_and_the_other_is_kept() -> None:
    joined, report = ag.attach(units(["a"]), pd.DataFrame({"unit": ["a"], "kind": ["y"]}))
    assert joined.loc["a", ["kind", "kind_units"]].tolist() == ["y", "x"]
    assert report.renamed == ("kind -> kind_units",)
    with pytest.raises(DataError, match="geometry"):
        ag.attach(units(["a"]), pd.DataFrame({"unit": ["a"], "geometry": [1]}))


def test_nothing_is_changed_in_place() -> None:
    shapes, figures = units(["a"]), pd.DataFrame({"unit": ["a"], "value": [1.0]})
    before = (shapes.columns.tolist(), figures.columns.tolist())
    ag.attach(shapes, figures)
    assert (shapes.columns.tolist(), figures.columns.tolist()) == before


CODES = st.lists(st.sampled_from("abcdefgh"), unique=True)


@settings(max_examples=30, deadline=None)
@given(CODES, CODES)
def test_every_code_is_matched_or_left_over_once(left: list[str], right: list[str]) -> None:
    joined, report = ag.attach(
        units(left), pd.DataFrame({"unit": right, "value": np.arange(float(len(right)))})
    )
    assert list(joined.index) == left
    assert sorted([*report.matched, *report.missing_in_figures]) == sorted(left)
    assert sorted([*report.matched, *report.missing_in_units]) == sorted(right)
    assert joined["value"].notna().sum() == len(report.matched)
