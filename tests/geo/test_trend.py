"""Mann-Kendall: published numbers, the exact distribution against all orders, gaps, ties and short series."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.trend import LEAST_STEPS, mann_kendall, trends


def _s(series: tuple[float, ...]) -> int:
    return int(sum(np.sign(b - a) for a, b in itertools.combinations(series, 2)))


def test_one_to_ten() -> None:
    # S 45, Var 125, z 44 / sqrt(125) (any textbook, and R's Kendall).
    trend = mann_kendall(np.arange(1, 11))
    assert (trend.s, trend.variance, trend.n) == (45, 125.0, 10)
    assert trend.z == pytest.approx(3.93548, abs=1e-5)
    assert trend.p == pytest.approx(2 / 3_628_800, rel=1e-12)  # two of 10! orders
    assert (trend.tau, trend.slope) == (1.0, 1.0)


@pytest.mark.parametrize(
    "series",
    [(1, 1, 2, 3, 3, 3, 2), (5, 5, 5, 1), (2, 1, 1, 1, 4, 4), (3, 1, 2), (1, 2), (7, 7), (4, 2, 6, 1, 9, 5)],
)
def test_exact_p_and_variance_equal_all_orders(series: tuple[float, ...]) -> None:
    everything = np.array([_s(order) for order in itertools.permutations(series)])
    observed = _s(series)
    high, low = (everything >= observed).mean(), (everything <= observed).mean()
    for alternative, p in {"greater": high, "less": low, "two-sided": min(1, 2 * min(high, low))}.items():
        assert mann_kendall(series, alternative=alternative).p == pytest.approx(p, rel=1e-12)
    assert mann_kendall(series).variance == pytest.approx(everything.var())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_turning_the_series_round_turns_the_sign(series: list[int]) -> None:
    there, back = mann_kendall(series), mann_kendall(series[::-1])
    assert there.s == -back.s
    assert there.p == pytest.approx(back.p)
    assert there.variance == back.variance
    mirrored = mann_kendall(-np.array(series, dtype=float))
    assert (mirrored.s, mirrored.p) == (-there.s, pytest.approx(there.p))
    shifted = mann_kendall(np.array(series) * 2.5 + 7)
    assert (shifted.s, shifted.p) == (there.s, there.p)


def test_exact_and_normal_agree_for_long_series() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        series = rng.normal(size=40) + 0.02 * np.arange(40)
        exact, normal = (mann_kendall(series, inference=kind).p for kind in ("exact", "normal"))
        assert exact == pytest.approx(normal, abs=0.01)
    assert mann_kendall(np.arange(41)).inference == "normal"
    assert mann_kendall(np.arange(40)).inference == "exact"


def test_four_steps_cannot_show_a_trend_and_five_can() -> None:
    assert mann_kendall([1, 2, 3, 4]).p == pytest.approx(2 / 24)
    assert mann_kendall([1, 2, 3, 4, 5]).p == pytest.approx(2 / 120)
    assert LEAST_STEPS == 5


def test_missing_values_and_uneven_years() -> None:
    series = pd.Series([36.2, np.nan, 6.6, 5.0], index=[2006, 2010, 2015, 2024])
    trend = mann_kendall(series)
    assert (trend.n, trend.s) == (3, -3)
    # Sen: slopes (6.6-36.2)/9, (5-36.2)/18, (5-6.6)/9; the median is the second.
    assert trend.slope == pytest.approx((5 - 36.2) / 18)


def test_rounding_noise_is_a_tie() -> None:
    assert mann_kendall([0.1 + 0.2, 0.3, 0.5]).s == 2
    assert mann_kendall([1, 1, 1]).s == 0


@pytest.mark.parametrize("series", [[], [3.0], [np.nan, np.nan]])
def test_too_short_is_missing(series: list[float]) -> None:
    trend = mann_kendall(series)
    assert np.isnan([trend.p, trend.z, trend.tau, trend.slope]).all()


def test_all_equal_has_p_one() -> None:
    trend = mann_kendall([2.0] * 6)
    assert (trend.p, trend.slope, trend.variance) == (1.0, 0.0, 0.0)
    assert np.isnan(trend.z)
    assert mann_kendall([2.0] * 6, inference="normal").p == 1


def test_table_of_trends_keeps_the_index() -> None:
    table = trends(pd.DataFrame([[1, 2, 4.0], [3, np.nan, 1]], index=["b", "a"], columns=[2010, 2012, 2020]))
    assert table.index.tolist() == ["b", "a"]
    assert table["n"].tolist() == [3, 2]
    assert table.loc["a", "slope"] == pytest.approx(-0.2)


def test_refusals() -> None:
    with pytest.raises(DataError, match="infinite"):
        mann_kendall([1, np.inf])
    with pytest.raises(AnalysisError, match="rise"):
        mann_kendall([1, 2], times=[2020, 2010])
    with pytest.raises(AnalysisError, match="rise"):
        mann_kendall([1, 2], times=[1, 2, 3])
    with pytest.raises(AnalysisError, match="inference"):
        mann_kendall([1, 2], inference="bayes")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="alternative"):
        mann_kendall([1, 2], alternative="up")  # type: ignore[arg-type]


@pytest.mark.prove
def test_size_of_the_exact_test() -> None:
    rng = np.random.default_rng(9)
    for n in (5, 8, 14):
        p = np.array([mann_kendall(rng.normal(size=n)).p for _ in range(4_000)])
        share = (p <= 0.05).mean()
        print(f"n = {n}: P(p <= 0.05) = {share:.4f}")
        assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4_000)
