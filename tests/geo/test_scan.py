"""The spatial scan: ratios by hand, windows against brute force, p under chance, planted clusters."""

from __future__ import annotations

import itertools

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest

from atlasgeo.errors import AnalysisError, BoundaryError, DataError
from atlasgeo.scan import spatial_scan
from atlasgeo.windows import build_windows, places_of


@pytest.fixture
def line() -> pd.DataFrame:
    """Five places on a line, one apart, but the last far away."""
    return pd.DataFrame({"x": [0.0, 1, 2, 3, 10], "y": 0.0}, index=list("abcde"))


def _poisson(c: float, e: float, total: float) -> float:
    return c * np.log(c / e) + (total - c) * np.log((total - c) / (total - e))


def test_poisson_by_hand(line: pd.DataFrame) -> None:
    events = pd.Series([9, 8, 1, 1, 1], index=line.index)
    base = pd.Series(100.0, index=line.index)
    result = spatial_scan(events, base, line, seed=1, permutations=99)
    first = result.clusters.iloc[0]
    # a and b: 17 of 20 events where 8 were expected.
    assert first["log_likelihood_ratio"] == pytest.approx(_poisson(17, 8, 20), rel=1e-12)
    assert (first["units"], first["observed"], first["expected"], first["kind"]) == (2, 17, 8.0, "high")
    assert first["radius"] == 1.0
    assert first["relative_risk"] == pytest.approx((17 / 200) / (3 / 300))
    assert result.members.to_dict() == {"a": 1, "b": 1, "c": 0, "d": 0, "e": 0}


def test_bernoulli_by_hand(line: pd.DataFrame) -> None:
    events = pd.Series([9, 8, 1, 1, 1], index=line.index)
    persons = pd.Series([10, 10, 10, 10, 10], index=line.index)
    result = spatial_scan(events, persons, line, model="bernoulli", seed=1, permutations=99)

    def part(c: float, n: float) -> float:
        return c * np.log(c / n) + (n - c) * np.log(1 - c / n)

    expected = part(17, 20) + part(3, 30) - part(20, 50)
    assert result.clusters.loc[0, "log_likelihood_ratio"] == pytest.approx(expected, rel=1e-12)


def test_low_rates_and_both(line: pd.DataFrame) -> None:
    events = pd.Series([0, 1, 9, 9, 10], index=line.index)
    base = pd.Series(100.0, index=line.index)
    low = spatial_scan(events, base, line, rates="low", seed=1, permutations=99).clusters.iloc[0]
    assert (low["kind"], low["observed"]) == ("low", 1)
    assert low["log_likelihood_ratio"] == pytest.approx(_poisson(1, 29 * 0.4, 29), rel=1e-12)
    both = spatial_scan(events, base, line, rates="both", seed=1, permutations=99).clusters.iloc[0]
    assert both["kind"] == "low"


def test_windows_hold_equally_far_units_together_and_respect_the_share() -> None:
    xy = np.array(list(itertools.product(range(3), range(3))), dtype=float)
    windows = build_windows(xy, np.ones(9), max_share=0.6)
    assert windows.size[4].tolist() == [1, 5]  # the centre; with its four sides; all nine are too many
    assert windows.size[0].tolist() == [1, 3, 4]
    alone = build_windows(xy, np.array([8.0, *[1] * 8]), max_share=0.3)
    assert alone.size[0].tolist() == []


@pytest.mark.parametrize("model", ["poisson", "bernoulli"])
def test_best_circle_equals_brute_force(model: str) -> None:
    rng = np.random.default_rng(8)
    n = 25
    places = pd.DataFrame(
        rng.uniform(0, 100, (n, 2)), columns=["x", "y"], index=[f"u{i:02}" for i in range(n)]
    )
    base = pd.Series(rng.integers(20, 200, n), index=places.index)
    events = pd.Series(rng.binomial(base, 0.2), index=places.index)
    result = spatial_scan(events, base, places, model=model, rates="both", seed=3, permutations=19)
    best = 0.0
    total, everyone = events.sum(), base.sum()
    for centre in places.index:
        distance = np.hypot(places["x"] - places.loc[centre, "x"], places["y"] - places.loc[centre, "y"])
        for radius in distance:
            inside = distance <= radius
            c, m = events[inside].sum(), base[inside].sum()
            if m > everyone / 2:
                continue
            if model == "poisson":
                e = total * m / everyone
                value = (c * np.log(c / e) if c else 0) + (total - c) * np.log((total - c) / (total - e))
            else:
                rest, d = everyone - m, total - c
                parts = ((c, m), (m - c, m), (d, rest), (rest - d, rest))
                value = sum(k * np.log(k / size) if k else 0 for k, size in parts) - (
                    total * np.log(total / everyone) + (everyone - total) * np.log(1 - total / everyone)
                )
            best = max(best, value)
    assert result.clusters.loc[0, "log_likelihood_ratio"] == pytest.approx(best, rel=1e-9)


def test_north_carolina_has_its_known_clusters() -> None:
    sids = (
        gpd.read_file(libpysal.examples.get_path("sids2.shp")).set_index("NAME").set_crs(4267).to_crs(32119)
    )
    result = spatial_scan(sids["SID74"], sids["BIR74"], sids, seed=7, permutations=199)
    first = result.clusters.iloc[0]
    members = set(result.members.index[result.members == 1])
    # The south-east stands out, and Anson county alone has by far the highest rate (Cressie and Chan 1989).
    assert {"Robeson", "Scotland", "Hoke", "Bladen", "Columbus"} <= members
    assert first["p"] == 1 / 200
    assert result.clusters.loc[1, ["centre", "units"]].tolist() == ["Anson", 1]
    assert result.clusters["log_likelihood_ratio"].is_monotonic_decreasing


def test_secondary_clusters_do_not_overlap_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    places = pd.DataFrame(
        list(itertools.product(range(8), range(8))), columns=["x", "y"], index=[f"u{i:02}" for i in range(64)]
    ).astype(float)
    base = pd.Series(rng.integers(500, 900, 64), index=places.index)
    risk = pd.Series(0.02, index=places.index)
    risk[["u00", "u01", "u08", "u09"]] = 0.08
    risk[["u54", "u55", "u62", "u63"]] = 0.07
    events = pd.Series(rng.poisson(risk * base), index=places.index)
    events["u30"] = 0
    result = spatial_scan(events, base, places, seed=4, permutations=99)
    assert (result.clusters["p"].iloc[:2] == 0.01).all()
    assert result.clusters["units"].sum() == (result.members > 0).sum()
    assert {"u00", "u09", "u63", "u54"} <= set(result.members.index[result.members.isin([1, 2])])
    mixed = events.sample(frac=1, random_state=1)
    again = spatial_scan(mixed, base, places.iloc[::-1], seed=4, permutations=99)
    pd.testing.assert_frame_equal(again.clusters, result.clusters)
    pd.testing.assert_series_equal(again.members[result.members.index], result.members)
    assert again.members.index.equals(mixed.index)


def test_missing_units_no_events_and_one_unit(line: pd.DataFrame) -> None:
    events = pd.Series([9, 8, np.nan, 1, 1], index=line.index)
    base = pd.Series([100.0, 100, 100, 0, 100], index=line.index)
    result = spatial_scan(events, base, line, seed=1, permutations=9)
    assert result.members.isna().to_dict() == {"a": False, "b": False, "c": True, "d": True, "e": False}
    nothing = spatial_scan(events * 0, base, line, seed=1, permutations=9)
    assert len(nothing.clusters) == 0
    one = spatial_scan(events.iloc[:1], base.iloc[:1], line, seed=1, permutations=9)
    assert len(one.clusters) == 0
    empty = spatial_scan(events.iloc[2:3], base.iloc[2:3], line, seed=1, permutations=9)
    assert empty.members.isna().all()


def test_refusals(line: pd.DataFrame, squares: gpd.GeoDataFrame) -> None:
    events = pd.Series([9, 8, 1, 1, 1], index=line.index)
    base = pd.Series(100.0, index=line.index)
    with pytest.raises(DataError, match="whole counts"):
        spatial_scan(events + 0.5, base, line, seed=1)
    with pytest.raises(DataError, match="at least as many"):
        spatial_scan(events, base * 0 + 5, line, model="bernoulli", seed=1)
    with pytest.raises(AnalysisError, match="no place"):
        spatial_scan(events, base, line.iloc[:3], seed=1)
    with pytest.raises(AnalysisError, match="unknown model"):
        spatial_scan(events, base, line, model="normal", seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="share"):
        spatial_scan(events, base, line, max_share=0, seed=1)
    with pytest.raises(AnalysisError, match="at least 1"):
        spatial_scan(events, base, line, permutations=0, seed=1)
    with pytest.raises(BoundaryError, match="projected"):
        places_of(squares.to_crs(4326))
    with pytest.raises(BoundaryError, match="x and y"):
        places_of(line.rename(columns={"x": "lon"}))
    with pytest.raises(BoundaryError, match="without a place"):
        places_of(line.replace(10.0, np.nan))


@pytest.mark.prove
@pytest.mark.parametrize("model", ["poisson", "bernoulli"])
def test_size_under_the_null(model: str) -> None:
    rng = np.random.default_rng(11)
    n, maps = 40, 400
    places = pd.DataFrame(rng.uniform(0, 100, (n, 2)), columns=["x", "y"])
    base = pd.Series(rng.integers(100, 900, n))
    p = []
    for seed in range(maps):
        events = pd.Series(rng.binomial(base, 0.05) if model == "bernoulli" else rng.poisson(base * 0.05))
        p.append(
            spatial_scan(events, base, places, model=model, seed=seed, permutations=99).clusters["p"].min()
        )
    share = float((np.array(p) <= 0.05).mean())
    print(f"{model}: P(p <= 0.05) under the null = {share:.3f}")
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / maps)
