"""Poverty measures by hand, at their edges, and with the errors of repeated samples."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.equivalence import equivalence_scale, equivalised_income
from childatlas.measures.poverty import MEASURES, measure_poverty
from childatlas.measures.poverty_lines import PlaceLines, RelativeLine
from childatlas.measures.survey import survey_mean

FIVE = pd.DataFrame({"income": [2.0, 4.0, 6.0, 8.0, 10.0], "w": 1.0})
incomes = st.lists(st.floats(0.1, 1000), min_size=2, max_size=30)


def values(data: pd.DataFrame, line: object, **options: object) -> pd.Series:
    return measure_poverty(data, "income", line, weight="w", **options)["value"]  # type: ignore[arg-type]


def test_five_incomes_by_hand() -> None:
    # Line 7: gaps 5/7, 3/7, 1/7. The poor's pairs differ by 16/7 in all, D = 16/175, Sen = 9/35 + D / 1.2.
    wanted = {
        "headcount": 0.6,
        "gap": 9 / 35,
        "severity": 1 / 7,
        "sen": 1 / 3,
        "watts": (math.log(3.5) + math.log(1.75) + math.log(7 / 6)) / 5,
    }
    found = values(FIVE, 7.0)
    assert list(found.index) == list(MEASURES)
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-12)


def test_who_has_just_the_line_is_not_poor() -> None:
    assert values(FIVE, 6.0)["headcount"] == pytest.approx(0.4)
    assert values(FIVE, 6.0 + 1e-9)["headcount"] == pytest.approx(0.6)


def test_nobody_poor_and_all_equal() -> None:
    assert (values(FIVE, 1.0) == 0).all()
    same = FIVE.assign(income=3.0)
    found = values(same, 6.0)
    assert found["sen"] == pytest.approx(0.5)  # no inequality among the poor: Sen is H I
    assert values(same, RelativeLine())["headcount"] == 0


def test_sen_is_headcount_times_income_gap_and_gini_of_the_poor() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"income": rng.lognormal(0, 1, 300), "w": rng.uniform(1, 3, 300)})
    z = 1.2
    poor = data[data["income"] < z]
    share = poor["w"] / poor["w"].sum()
    y = poor["income"].to_numpy()
    gini = float(share @ np.abs(y[:, None] - y[None, :]) @ share) / (2 * float(share @ y))
    head = poor["w"].sum() / data["w"].sum()
    gap = 1 - float(share @ y) / z
    assert values(data, z)["sen"] == pytest.approx(head * (gap + (1 - gap) * gini), abs=1e-12)


def test_headcount_and_its_error_are_those_of_the_mean_of_a_flag() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"income": rng.lognormal(0, 1, 240), "w": rng.uniform(1, 3, 240)})
    data = data.assign(stratum=np.arange(240) // 60, cluster=np.arange(240) // 10, side=np.arange(240) % 3)
    data["poor"] = (data["income"] < 0.8).astype(float)
    design = {"weight": "w", "stratum": "stratum", "cluster": "cluster", "by": "side"}
    found = measure_poverty(data, "income", 0.8, **design).xs("headcount", level="measure")
    wanted = survey_mean(data, "poor", **design)
    np.testing.assert_allclose(found["value"], wanted["estimate"], atol=1e-14)
    np.testing.assert_allclose(
        found[["se", "low", "high"]], wanted[["se", "low", "high"]], rtol=1e-12, atol=1e-14
    )


def test_lines_by_place_by_row_and_absolute_agree() -> None:
    data = FIVE.assign(unit=["a", "a", "b", "b", "b"], z=[3.0, 3.0, 9.0, 9.0, 9.0])
    by_place = values(data, PlaceLines("unit", {"a": 3.0, "b": 9.0}))
    pd.testing.assert_series_equal(by_place, values(data, "z"))
    assert by_place["headcount"] == pytest.approx(0.6)
    with pytest.raises(AnalysisError, match="no poverty line"):
        values(data, PlaceLines("unit", {"a": 3.0}))


def test_relative_line_is_drawn_from_everybody() -> None:
    # Median 6, line 3.6: only 2 is below; in the groups (2, 4) and (6, 8, 10) one half and nobody.
    assert values(FIVE, RelativeLine())["headcount"] == pytest.approx(0.2)
    split = values(FIVE.assign(g=list("aabbb")), RelativeLine(), by="g")
    assert split["a", "headcount"] == pytest.approx(0.5)
    assert split["b", "headcount"] == 0


def test_errors_with_a_relative_line_are_those_of_repeated_samples() -> None:
    rng = np.random.default_rng(11)
    found = {name: ([], []) for name in MEASURES}
    for _ in range(200):
        sample = pd.DataFrame({"income": rng.lognormal(0, 0.8, 600), "w": 1.0})
        table = measure_poverty(sample, "income", RelativeLine(), weight="w")
        for name in MEASURES:
            found[name][0].append(table.loc[name, "value"])
            found[name][1].append(table.loc[name, "se"])
    for name, (estimates, errors) in found.items():
        # The sd of 200 draws has an error of 5 %; without the line's own these are off by 20 % and more.
        assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.17), name


def test_missing_incomes_are_counted_and_watts_needs_positive_ones() -> None:
    data = FIVE.assign(income=[np.nan, 0.0, 6.0, 8.0, 10.0])
    table = measure_poverty(data, "income", 7.0, weight="w")
    assert table.loc["headcount", ["n", "missing"]].tolist() == [4, 1]
    assert table.loc["headcount", "value"] == pytest.approx(0.5)
    assert math.isnan(table.loc["watts", "value"])
    assert math.isnan(table.loc["watts", "se"])
    nothing = measure_poverty(
        FIVE.assign(income=[np.nan, np.nan, 6, 8, 10], g=list("aabbb")), "income", 7.0, weight="w", by="g"
    )
    assert nothing.loc["a", "value"].isna().all()
    assert (nothing.loc["a", "missing"] == 2).all()


@pytest.mark.parametrize("line", [0.0, -1.0, float("nan")])
def test_a_line_is_positive(line: float) -> None:
    with pytest.raises(DataError, match="above 0"):
        values(FIVE, line)


@settings(max_examples=25, deadline=None)
@given(incomes, st.floats(0.5, 500), st.floats(0.01, 100))
def test_unit_of_money_and_copies_of_people_change_nothing(
    income: list[float], line: float, scale: float
) -> None:
    data = pd.DataFrame({"income": income, "w": 1.0})
    base = values(data, line)
    twice = values(pd.concat([data, data], ignore_index=True), line)
    np.testing.assert_allclose(base, twice, atol=1e-9)
    clear = np.abs(np.array(income) / line - 1).min() > 1e-9
    if clear:
        np.testing.assert_allclose(
            base, values(data.assign(income=data["income"] * scale), line * scale), atol=1e-9
        )
    assert base["severity"] <= base["gap"] + 1e-12 <= base["headcount"] + 2e-12
    assert base["gap"] - 1e-12 <= base["sen"] <= base["headcount"] + 1e-12


def test_equivalence_scales() -> None:
    # Two adults and two children: 1 + .7 + 2 x .5, 1 + .5 + 2 x .3, root of 4, and 4.
    wanted = {"oecd": 2.7, "modified oecd": 2.1, "square root": 2.0, "per head": 4.0}
    for scale, value in wanted.items():
        assert equivalence_scale(2, 2, scale=scale) == pytest.approx(value)
        assert equivalence_scale(1, 0, scale=scale) == pytest.approx(1)
        assert equivalence_scale(0, 1, scale=scale) == pytest.approx(1)
    households = pd.DataFrame(
        {"income": [210.0, 100.0], "adults": [2, 1], "children": [2, 0]}, index=["a", "b"]
    )
    income = equivalised_income(households["income"], households["adults"], households["children"])
    assert income.to_dict() == pytest.approx({"a": 100.0, "b": 100.0})
    with pytest.raises(AnalysisError, match="unknown equivalence scale"):
        equivalence_scale(1, 1, scale="oecd modified")
    with pytest.raises(DataError, match="nobody"):
        equivalence_scale([1, 0], [0, 0])
