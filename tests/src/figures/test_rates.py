"""Rates from counts."""

from __future__ import annotations

import math

import pytest

from childatlas.figures.rates import add_rates, divide_counts


def test_a_count_is_divided_by_its_own_denominator(make_figures):
    figures = make_figures(
        ("11", "failing", 2019, 50.0, {"se": 5.0, "source": "a"}),
        ("11", "people", 2019, 2000.0, {"source": "b"}),
        ("11", "people", 2020, 1.0),
        ("11", "people", 2019, 3.0, {"residence": "rural"}),
    )
    (row,) = divide_counts(figures, "failing", "people", per=1000).to_dict("records")
    assert (row["value"], row["se"], row["source"], row["indicator"]) == (25.0, 2.5, "a / b", "failing")


@pytest.mark.parametrize("people", [0.0, -1.0, float("nan"), None])
def test_no_denominator_no_rate(make_figures, people):
    rows = [("11", "failing", 2019, 50.0)] + ([("11", "people", 2019, people)] if people is not None else [])
    assert divide_counts(make_figures(*rows), "failing", "people").empty


def test_a_missing_count_gives_no_rate_and_zero_gives_zero(make_figures):
    figures = make_figures(
        ("11", "failing", 2019, float("nan")),
        ("61", "failing", 2019, 0.0),
        ("11", "people", 2019, 10.0),
        ("61", "people", 2019, 10.0),
    )
    assert divide_counts(figures, "failing", "people")["value"].tolist() == [0.0]


def test_flags_of_both_are_kept_once(make_figures):
    figures = make_figures(
        ("11", "failing", 2019, 1.0, {"flag": "synthetic;modelled"}),
        ("11", "people", 2019, 2.0, {"flag": "modelled"}),
    )
    assert divide_counts(figures, "failing", "people")["flag"].tolist() == ["modelled;synthetic"]


def test_figures_come_back_with_their_rates(make_figures, catalogue):
    figures = make_figures(("11", "failing", 2019, 50.0), ("11", "people", 2019, 2000.0))
    complete = add_rates(figures, catalogue)
    assert complete["indicator"].tolist() == ["failing", "people", "failing_rate"]
    assert complete.index.tolist() == [0, 1, 2]
    assert math.isnan(complete["se"].iloc[2])


def test_nothing_to_divide_changes_nothing(make_figures, catalogue):
    figures = make_figures(("11", "poverty", 2019, 5.0))
    assert add_rates(figures, catalogue).equals(figures)
