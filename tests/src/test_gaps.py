"""Town and village, the lowest places and claims, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError, DataError
from childatlas.layers import LOWEST
from childatlas.measures.gaps import (
    check_claim,
    lowest_units,
    poorest_to_capital,
    residence_gaps,
    worst_first,
)
from childatlas.study import Claim


def rows(*cells: tuple[str, str, int, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=["unit", "indicator", "year", "residence", "value"])
    return frame.assign(sex="", group="")


def test_difference_is_rural_less_urban_and_ratio_rural_over_urban() -> None:
    gaps = residence_gaps(
        rows(("a", "poverty", 2020, "urban", 4.0), ("a", "poverty", 2020, "rural", 10.0)),
        digits={"poverty": 1},
    )
    assert gaps.loc[0, "difference"] == pytest.approx(6.0)
    assert gaps.loc[0, "ratio"] == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("urban", "rural", "digits", "known"),
    [
        (1.0, 5.0, 1, False),  # ten rounding units of 0.1 are 1.0: it must be exceeded
        (1.1, 5.0, 1, True),
        (5.0, 1.0, 1, False),
        (10.0, 20.0, 0, False),
        (11.0, 20.0, 0, True),
        (0.0, 3.0, 1, False),
        (0.11, 0.5, 2, True),
    ],
)
def test_ratio_only_where_both_exceed_ten_rounding_units(
    urban: float, rural: float, digits: int, known: bool
) -> None:
    table = rows(("a", "x", 2020, "urban", urban), ("a", "x", 2020, "rural", rural))
    gaps = residence_gaps(table, digits={"x": digits})
    assert gaps["ratio"].notna().tolist() == [known]
    assert gaps["difference"].notna().all()


def test_rows_of_one_sex_or_group_and_lone_residences_take_no_part() -> None:
    table = rows(
        ("a", "x", 2020, "urban", 4.0),
        ("a", "x", 2020, "rural", 8.0),
        ("a", "x", 2020, "rural", 99.0),
        ("b", "x", 2020, "rural", 8.0),
    )
    table.loc[2, "sex"] = "female"
    gaps = residence_gaps(table, digits={"x": 0})
    assert gaps[["unit", "rural"]].to_numpy().tolist() == [["a", 8.0]]


def test_a_key_with_two_values_is_refused() -> None:
    table = rows(("a", "x", 2020, "urban", 4.0), ("a", "x", 2020, "urban", 5.0))
    with pytest.raises(DataError, match="several values"):
        residence_gaps(table, digits={})


def test_nothing_in_gives_nothing_out() -> None:
    assert residence_gaps(rows(), digits={}).empty


def test_ranks_put_the_worst_first_and_keep_ties() -> None:
    values = pd.Series([5.0, 9.0, 5.0, np.nan, 1.0], index=list("abcde"))
    up = worst_first(values, higher_is_worse=True)
    assert up["rank"].tolist()[:3] == [2, 1, 2]
    assert up["tied"].tolist()[:3] == [3, 1, 3]
    assert up["rank"].isna()["d"]
    down = worst_first(values, higher_is_worse=False)
    assert down["rank"]["e"] == 1
    assert down["rank"]["b"] == 4


def test_the_lowest_fifth_takes_ties_at_its_border_and_says_no_more_than_it_may() -> None:
    values = pd.Series([9.0, 8.0, 8.0, 1.0, 2.0, 3.0, np.nan], index=list("abcdefg"))
    children = pd.DataFrame({"value": range(7), "flag": ["modelled"] + [""] * 6}, index=list("abcdefg"))
    table = lowest_units(values, higher_is_worse=True, share=0.2, children=children)
    marked = table.index[table["standing"] == LOWEST].tolist()
    assert marked == ["a", "b", "c"]  # ceil(0.2 * 6) = 2, and b ties with c
    assert table.index[-1] == "g"
    assert "lagging" not in LOWEST
    assert table.loc["a", "children_flag"] == "modelled"


def test_the_poorest_fifth_against_the_capital() -> None:
    stunting = pd.DataFrame({2010: [30.0, 10.0, 20.0, 6.0, 5.0]}, index=list("abcde"))
    poverty = pd.DataFrame({2010: [9.0, 8.0, 7.0, 1.0, 2.0], 2011: 1.0}, index=list("abcde"))
    table = poorest_to_capital(stunting, poverty, capital="e", share=0.4)
    assert table["poorest"].tolist() == ["a;b"]
    assert table["ratio"].tolist() == [pytest.approx(4.0)]
    assert table["ratio_worst"].tolist() == [pytest.approx(6.0)]


def test_a_capital_without_figures_is_named() -> None:
    frame = pd.DataFrame({2010: [1.0]}, index=["a"])
    with pytest.raises(AnalysisError, match="capital"):
        poorest_to_capital(frame, frame, capital="z")


def test_a_capital_at_zero_has_no_ratio() -> None:
    frame = pd.DataFrame({2010: [4.0, 0.0]}, index=["a", "b"])
    assert poorest_to_capital(frame, frame, capital="b")["ratio"].isna().all()


def test_a_claim_is_checked_year_by_year() -> None:
    figures = rows(
        ("00", "poverty", 2010, "urban", 3.7),
        ("00", "poverty", 2010, "rural", 10.1),
        ("00", "poverty", 2023, "urban", 4.1),
        ("00", "poverty", 2023, "rural", 6.9),
    )
    gaps = residence_gaps(figures, digits={"poverty": 1})
    claim = Claim(id="c", kind="residence ratio", indicator="poverty", claimed=2.0, text={"en": "twice"})
    checked = check_claim(claim, figures, gaps, country="00")
    assert checked["ratio"].round(1).tolist() == [2.7, 1.7]
    assert checked["claimed"].tolist() == [2.0, 2.0]
