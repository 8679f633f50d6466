"""The public functions at their edges: what is not a number, not there, not alone, or not as usual."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import atlasgeo as ag


def squares(rows, columns):
    boxes = [shapely.box(c, r, c + 1, r + 1) for r in range(rows) for c in range(columns)]
    codes = pd.Index([f"u{i:02d}" for i in range(rows * columns)], name="unit")
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(boxes, index=codes, crs="EPSG:3857"))


@pytest.fixture(scope="module")
def w():
    return ag.build_neighbours(squares(5, 5))


@pytest.fixture(scope="module")
def x(w):
    return pd.Series(np.random.default_rng(0).normal(size=25), w.unique_ids, name="share")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.astype(str),
        lambda x: x.astype(object).mask(x > 1, "1.5"),
        lambda x: x.astype(complex),
        lambda x: pd.Series(pd.date_range("2020", periods=25), x.index),
        lambda x: (x > 0).astype("category"),
    ],
    ids=["text", "some text", "complex", "dates", "categories"],
)
@pytest.mark.parametrize("statistic", [ag.local_moran, ag.getis_ord, ag.global_moran, ag.global_geary])
def test_what_is_no_number_is_refused(x, w, wrong, statistic):
    with pytest.raises(ag.AnalysisError, match="must be numbers"):
        statistic(wrong(x), w, permutations=99, seed=1)


@pytest.mark.parametrize("dtype", ["Float64", "float32", object])
def test_any_kind_of_number_is_taken(x, w, dtype):
    holes = x.mask(x > 1)
    plain = ag.local_moran(holes, w, permutations=99, seed=1, correction="none")
    other = ag.local_moran(holes.astype(dtype), w, permutations=99, seed=1, correction="none")
    np.testing.assert_allclose(other["statistic"], plain["statistic"], rtol=1e-5)
    assert (other["cluster"] == plain["cluster"]).all()


@pytest.mark.parametrize("statistic", [ag.global_moran, ag.global_geary, ag.global_getis_ord])
def test_a_map_without_data_says_so(x, w, statistic):
    result = statistic(x * np.nan, w, permutations=99, seed=1)
    assert result.n == 0
    assert "no data" in result.note
    assert np.isnan([result.statistic, result.z, result.p_norm, result.p_sim]).all()


@pytest.mark.parametrize("seed", [None, "one", -1, 1.5, True])
def test_a_seed_that_cannot_be_repeated_is_refused(x, w, seed):
    draws = pd.DataFrame({0: x, 1: x})
    for ask in (
        lambda: ag.local_moran(x, w, permutations=99, seed=seed),
        lambda: ag.global_moran(x, w, permutations=99, seed=seed),
        lambda: ag.hotspots_under_error(draws, w, permutations=99, seed=seed),
    ):
        with pytest.raises(ag.AnalysisError, match="seed"):
            ask()


def test_a_seed_sequence_gives_the_same_each_time(x, w):
    seed = np.random.SeedSequence(5)
    first, second = (ag.global_moran(x, w, permutations=999, seed=seed).p_sim for _ in range(2))
    assert first == second == ag.global_moran(x, w, permutations=999, seed=5).p_sim


def test_a_generator_serves_every_draw_alike(x, w):
    """Equal draws bear equal labels whatever is missing elsewhere, from a generator too."""
    draws = pd.DataFrame(dict.fromkeys(range(6), x))
    table = ag.hotspots_under_error(draws, w, permutations=999, seed=np.random.default_rng(3))
    assert (table["stability"] == 1).all()
    errors = x.abs() * 0.1
    drawn = ag.hotspots_under_error(
        estimates=x, standard_errors=errors, w=w, n_draws=5, permutations=999, seed=np.random.default_rng(3)
    )
    assert drawn.index.equals(x.index)


def test_draws_and_errors_that_are_no_numbers_are_refused(x, w):
    with pytest.raises(ag.DataError, match="not numbers"):
        ag.hotspots_under_error(pd.DataFrame({0: x.astype(str) + "?"}), w, seed=1)
    with pytest.raises(ag.DataError, match="must be numbers"):
        ag.hotspots_under_error(estimates=x.astype(str) + "?", standard_errors=x.abs(), w=w, seed=1)


def test_a_share_with_a_huge_error_stays_a_share(w):
    shares = pd.Series(np.linspace(0.001, 0.999, 25), w.unique_ids)
    table = ag.hotspots_under_error(
        estimates=shares,
        standard_errors=shares * 0 + 1,
        scale="logit",
        w=w,
        n_draws=20,
        seed=1,
        permutations=999,
    )
    assert table["stability"].between(0, 1).all()


@pytest.mark.parametrize(("correction", "needed"), [("fdr", 2559), ("by", 12144), ("bonferroni", 2559)])
def test_too_few_permutations_are_said_whatever_the_correction(correction, needed):
    """64 tests at 0.05: a unit alone needs 2 / (P + 1) <= 0.05 / 64, so P = 2,559; seed 0 has no cluster."""
    w = ag.build_neighbours(squares(8, 8))
    noise = pd.Series(np.random.default_rng(0).normal(size=64), w.unique_ids)
    with pytest.warns(ag.AtlasWarning, match=f"permutations={needed} "):
        ag.local_moran(noise, w, permutations=99, seed=1, correction=correction)
    ag.local_moran(noise, w, permutations=needed, seed=1, correction=correction)


def test_few_permutations_that_suffice_are_not_complained_about():
    """Half the map is one cluster: its units share the least p, and it survives the correction."""
    w = ag.build_neighbours(squares(12, 12))
    noise = np.random.default_rng(1).normal(size=144) * 0.1
    halves = pd.Series(np.where(np.arange(144) % 12 < 6, 1.0, 0.0) + noise, w.unique_ids)
    found = ag.local_moran(halves, w, permutations=199, seed=1)
    assert found["cluster"].isin(["High-High", "Low-Low"]).sum() > 40


def test_no_units_have_no_neighbours():
    with pytest.raises(ag.BoundaryError, match="no units"):
        ag.build_neighbours(squares(2, 2)[:0])


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_an_invalid_ring_does_not_stop_neighbours(rule):
    units = squares(3, 3)
    units.loc["u04", "geometry"] = shapely.Polygon([(1, 1), (2, 2), (2, 1), (1, 2)])  # a bow tie
    w = ag.build_neighbours(units, rule=rule)
    assert w.n_nodes == 9
    assert set(w["u04"].index) >= {"u03", "u05"}


def test_a_lonely_unit_joins_the_nearest_by_the_measure_of_the_rule():
    """No centroid is within 0.9 of another; the middle joins one that it shares a side with, not a corner."""
    w = ag.build_neighbours(squares(3, 3), rule="distance", threshold=0.9)
    assert set(w["u04"].index) <= {"u01", "u03", "u05", "u07"}
    assert w["u04"].index[0] == "u01"


def test_what_is_no_table_of_figures_is_refused():
    units = squares(1, 2)
    figures = pd.DataFrame({"unit": ["u00", "u01"], "year": [1, 2], "value": [1.0, 2.0]})
    with pytest.raises(ag.DataError, match="DataFrame or Series"):
        ag.attach(units, [1.0, 2.0])
    with pytest.raises(ag.DataError, match="no column 'unit'"):
        ag.attach(units, figures.set_index(["unit", "year"]))
    with pytest.raises(ag.BoundaryError, match="GeoDataFrame"):
        ag.attach(pd.DataFrame(index=units.index), figures)


@pytest.mark.parametrize("wrong", [list, lambda s: s.to_frame(), lambda s: s.to_numpy()])
def test_counts_that_are_no_series_are_refused(x, wrong):
    events = x.abs().round()
    with pytest.raises(ag.AnalysisError, match="Series"):
        ag.smooth_rates(wrong(events), wrong(events + 10))


def test_codes_in_the_index_of_a_geoparquet_file_are_found(tmp_path):
    units = squares(1, 2).to_crs("EPSG:4326").rename_axis("kato")
    units.to_parquet(tmp_path / "units.parquet")
    assert list(ag.read_boundaries(tmp_path / "units.parquet", code="kato").index) == ["u00", "u01"]


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_the_least_p_of_local_geary_is_that_of_the_unit_not_of_the_draws(alternative):
    """Values tie, so the most extreme neighbourhood is not one of a kind: every draw written out."""
    w = ag.build_neighbours(squares(2, 4), rule="rook", transform="B")
    values = pd.Series([0.0, 1, 1, 0, 2, 0, 1, 1], w.unique_ids)
    found = ag.local_geary(values, w, seed=1, alternative=alternative, correction="none")
    spread = float(values.var())
    for unit in values.index:
        others = values.drop(unit)
        draws = [
            sum((values[unit] - v) ** 2 for v in chosen) / spread
            for chosen in itertools.combinations(others, len(w[unit]))
        ]
        every = np.array(draws)
        tails = [(np.mean(every >= t - 1e-9), np.mean(every <= t + 1e-9)) for t in every]
        least = {
            "greater": min(high for high, _ in tails),
            "less": min(low for _, low in tails),
            "two-sided": min(1.0, *(2 * min(pair) for pair in tails)),
        }[alternative]
        assert found.loc[unit, "p_floor"] == pytest.approx(least)
        assert (found.loc[unit, "cluster"] == "cannot be significant") == (least > 0.05)


@pytest.mark.parametrize("scale", [1e-200, 1e12, 1e200])
@pytest.mark.parametrize("statistic", [ag.local_moran, ag.getis_ord, ag.local_geary])
def test_no_size_of_the_values_changes_a_p(x, w, scale, statistic):
    plain = statistic(x, w, permutations=999, seed=1)
    other = statistic(x * scale, w, permutations=999, seed=1)
    np.testing.assert_array_equal(other["p"], plain["p"])
    np.testing.assert_allclose(other["statistic"], plain["statistic"], rtol=1e-9)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: s.astype(str) + "?",
        lambda s: pd.concat([s, s[:1]]),
        lambda s: s.astype(float).where(s != s.iloc[3], np.inf),
        lambda s: s[1:],
        list,
    ],
    ids=["text", "twice", "infinite", "short", "list"],
)
def test_rates_of_what_is_no_count_are_refused(w, wrong, side):
    rng = np.random.default_rng(2)
    pair = [pd.Series(rng.poisson(5, 25), w.unique_ids), pd.Series(rng.integers(50, 99, 25), w.unique_ids)]
    pair[side] = wrong(pair[side])
    with pytest.raises(ag.AnalysisError):
        ag.local_moran_rate(*pair, w, permutations=999, seed=1)
