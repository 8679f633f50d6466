"""Rates: Marshall's estimator and Poisson limits against published numbers, and what must not change them."""

from __future__ import annotations

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph

from atlasgeo.counts import byar_interval, exact_interval
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.rates import excess_risk, smooth_rates, smoothed_intervals, spatial_rates


@pytest.fixture(scope="module")
def sids() -> gpd.GeoDataFrame:
    return gpd.read_file(libpysal.examples.get_path("sids2.shp")).set_index("FIPS")


@pytest.fixture
def events(squares: gpd.GeoDataFrame) -> pd.Series:
    return pd.Series([3.0, 0, 5, 1, 9, 2, 4, 4, 8], index=squares.index)


@pytest.fixture
def base(squares: gpd.GeoDataFrame) -> pd.Series:
    return pd.Series([100.0, 50, 80, 20, 300, 40, 90, 60, 70], index=squares.index)


def test_global_smoother_equals_spdep_on_north_carolina(sids: gpd.GeoDataFrame) -> None:
    # spdep 1.2-7, EBest(SID74, BIR74): a = 7.692930647e-07, b = 0.002021444894.
    rates = smooth_rates(sids["SID74"], sids["BIR74"])
    expected = [0.001697297331, 0.001705377681, 0.001773087022, 0.002012868084, 0.003534913149]
    np.testing.assert_allclose(rates.iloc[:5], expected, rtol=0, atol=1e-9 * 0.0035)
    assert list(rates.index) == list(sids.index)


def test_local_smoother_and_spatial_rate_equal_esda(sids: gpd.GeoDataFrame) -> None:
    from esda.smoothing import Spatial_Empirical_Bayes, Spatial_Rate

    queen = Graph.build_contiguity(sids, rook=False)
    events, base = sids["SID74"], sids["BIR74"]
    peer = Spatial_Empirical_Bayes(events.to_numpy(float), base.to_numpy(float), queen.to_W()).r.ravel()
    np.testing.assert_allclose(smooth_rates(events, base, neighbours=queen), peer, rtol=1e-12)
    peer = Spatial_Rate(events.to_numpy(float), base.to_numpy(float), queen.to_W()).r.ravel()
    np.testing.assert_allclose(spatial_rates(events, base, neighbours=queen)["value"], peer, rtol=1e-12)


def test_two_units_by_hand() -> None:
    # m = 6/200 = .03; r = .05, .01; s2 = (100 * .0004 * 2)/200 = .0004; A = .0004 - .03/100 = .0001;
    # weight = .0001 / (.0001 + .0003) = 1/4: .035 and .025.
    rates = smooth_rates(pd.Series([5, 1], ["b", "a"]), pd.Series([100, 100], ["a", "b"]))
    np.testing.assert_allclose(rates, [0.035, 0.025], rtol=1e-12)
    assert rates.index.tolist() == ["b", "a"]


def test_negative_variance_gives_everyone_the_mean() -> None:
    rates = smooth_rates(pd.Series([2, 3]), pd.Series([100, 100]))
    np.testing.assert_allclose(rates, [0.025, 0.025])
    table = smoothed_intervals(pd.Series([2, 3]), pd.Series([100, 100]))
    low, high = exact_interval(np.array(5.0))
    np.testing.assert_allclose(table[["low", "high"]], np.array([[low, high], [low, high]]) / 200)


def test_local_smoother_works_on_sets_that_include_the_unit(
    events: pd.Series, base: pd.Series, rook: Graph
) -> None:
    binary = smooth_rates(events, base, neighbours=rook)
    for weights in (rook.transform("R"), rook.assign_self_weight(3.0)):
        pd.testing.assert_series_equal(smooth_rates(events, base, neighbours=weights), binary)
    members = ["a1", "a2", "b1"]  # the corner and its two neighbours
    o, n = events[members], base[members]
    m = o.sum() / n.sum()
    spread = max((n * (o / n - m) ** 2).sum() / n.sum() - m / n.mean(), 0.0)
    assert binary["a1"] == pytest.approx(m + (0.03 - m) * spread / (spread + m / 100), rel=1e-12)


def test_base_zero_and_missing_are_nan_and_enter_no_mean(
    events: pd.Series, base: pd.Series, rook: Graph
) -> None:
    holes = events.copy()
    holes["b2"] = np.nan
    zeros = base.copy()
    zeros["a2"] = 0
    rates = smooth_rates(holes, zeros)
    assert rates[["b2", "a2"]].isna().all()
    kept = events.index.difference(["b2", "a2"])
    pd.testing.assert_series_equal(rates[kept], smooth_rates(events[kept], base[kept]))
    local = smooth_rates(holes, zeros, neighbours=rook)
    assert local[["b2", "a2"]].isna().all()
    assert local.drop(["b2", "a2"]).notna().all()
    pooled = spatial_rates(holes, zeros, neighbours=rook)
    assert pooled.loc["a1", "value"] == pytest.approx((3 + 1) / (100 + 20))


def test_island_keeps_its_own_rate(events: pd.Series, base: pd.Series, rook: Graph) -> None:
    links = rook.adjacency.drop("c3", level="focal").drop("c3", level="neighbor").reset_index()
    alone = Graph.from_adjacency(pd.concat([links, pd.DataFrame([["c3", "c3", 0]], columns=links.columns)]))
    assert list(alone.isolates) == ["c3"]
    assert smooth_rates(events, base, neighbours=alone)["c3"] == pytest.approx(8 / 70)


@pytest.mark.parametrize(
    ("events", "base", "expected"),
    [
        ([4.0], [200.0], [0.02]),
        ([0.0, 0.0], [5.0, 6.0], [0.0, 0.0]),
        ([np.nan], [3.0], [np.nan]),
        ([], [], []),
    ],
)
def test_small_and_empty(events: list[float], base: list[float], expected: list[float]) -> None:
    rates = smooth_rates(pd.Series(events, dtype=float), pd.Series(base, dtype=float))
    np.testing.assert_allclose(rates, expected)
    table = smoothed_intervals(pd.Series(events, dtype=float), pd.Series(base, dtype=float))
    np.testing.assert_allclose(table["value"], expected)
    assert len(excess_risk(pd.Series(events, dtype=float), pd.Series(base, dtype=float))) == len(expected)


def test_refusals(events: pd.Series, base: pd.Series, rook: Graph) -> None:
    with pytest.raises(AnalysisError, match=r"c3.*only in base: \['zz'\]"):
        smooth_rates(events, base.rename({"c3": "zz"}))
    with pytest.raises(AnalysisError, match="neighbours do not cover"):
        smooth_rates(events.drop("a1"), base.drop("a1"), neighbours=rook)
    with pytest.raises(AnalysisError, match="twice"):
        smooth_rates(pd.concat([events, events]), base)
    with pytest.raises(DataError, match="not negative"):
        smooth_rates(-events, base)
    with pytest.raises(DataError, match="finite"):
        smooth_rates(events, base.replace(80, np.inf))
    with pytest.raises(DataError, match="not numbers"):
        smooth_rates(events.astype(object).replace(3.0, "three"), base)
    with pytest.raises(AnalysisError, match="between 0 and 1"):
        excess_risk(events, base, level=95)
    with pytest.raises(AnalysisError, match="unknown interval"):
        excess_risk(events, base, method="wald")  # type: ignore[arg-type]


def test_exact_limits_equal_the_published_table() -> None:
    # Garwood's table (Breslow and Day 1987, table 2.10): 95 % limits of 0, 1, 5, 10, 20.
    low, high = exact_interval(np.array([0.0, 1, 5, 10, 20]))
    np.testing.assert_allclose(low, [0, 0.0253, 1.6235, 4.7954, 12.2165], atol=5e-5)
    np.testing.assert_allclose(high, [3.6889, 5.5716, 11.6683, 18.3904, 30.8884], atol=5e-5)


def test_byar_limits_are_near_the_exact_ones() -> None:
    counts = np.arange(5.0, 200)
    np.testing.assert_allclose(byar_interval(counts)[0], exact_interval(counts)[0], rtol=0.02)
    np.testing.assert_allclose(byar_interval(counts)[1], exact_interval(counts)[1], rtol=0.02)
    assert byar_interval(np.array([0.0]))[0] == 0


def test_exact_limits_hold_their_level() -> None:
    from scipy.stats import poisson

    counts = np.arange(200.0)
    low, high = exact_interval(counts, level=0.9)
    for mean in (0.3, 2.0, 11.5, 40.0):
        covered = poisson.pmf(counts, mean)[(low <= mean) & (mean <= high)].sum()
        assert covered >= 0.9


def test_excess_risk_by_hand(events: pd.Series, base: pd.Series) -> None:
    table = excess_risk(events, base)
    total, population = events.sum(), base.sum()
    np.testing.assert_allclose(table["value"], events / (base * total / population))
    assert table["expected"].sum() == pytest.approx(total)
    low, high = exact_interval(np.array(3.0))
    np.testing.assert_allclose(
        table.loc["a1", ["low", "high"]].astype(float), np.array([low, high]) / table.loc["a1", "expected"]
    )


counts = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5_000)), min_size=2, max_size=30)


@settings(max_examples=60, deadline=None)
@given(counts, st.integers(2, 9))
def test_order_and_unit_of_the_base_do_not_matter(pairs: list[tuple[int, int]], scale: int) -> None:
    table = pd.DataFrame(pairs, columns=["events", "base"], index=[f"u{i:02}" for i in range(len(pairs))])
    rates = smooth_rates(table["events"], table["base"])
    back = table.iloc[::-1]
    pd.testing.assert_series_equal(smooth_rates(back["events"], table["base"])[table.index], rates, rtol=1e-9)
    scaled = smooth_rates(table["events"], table["base"] * scale)
    np.testing.assert_allclose(scaled * scale, rates, rtol=1e-7, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_estimates_lie_between_own_rate_and_the_mean(pairs: list[tuple[int, int]]) -> None:
    events, base = (pd.Series(column, dtype=float) for column in zip(*pairs, strict=True))
    rates, own, mean = smooth_rates(events, base), events / base, events.sum() / base.sum()
    slack = 1e-12
    assert (rates >= np.minimum(own, mean) - slack).all()
    assert (rates <= np.maximum(own, mean) + slack).all()
    table = smoothed_intervals(events, base)
    if mean > 0:
        assert (table["low"] < table["high"]).all()


@pytest.mark.prove
def test_credible_intervals_hold_their_level_under_their_own_prior() -> None:
    rng = np.random.default_rng(20)
    inside = []
    for _ in range(200):
        base = rng.integers(200, 3_000, 224).astype(float)
        truth = rng.gamma(4, 0.01 / 4, 224)
        table = smoothed_intervals(pd.Series(rng.poisson(truth * base)), pd.Series(base))
        inside.append(float(((table["low"] <= truth) & (truth <= table["high"])).mean()))
    print(f"coverage of the 95 % credible interval, 224 units: {np.mean(inside):.4f}")
    assert np.mean(inside) == pytest.approx(0.95, abs=0.01)
