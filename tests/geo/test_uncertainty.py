"""Hotspots under error: equal to the plain answer without error, calibrated against known truth, quick."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import lat2W

from atlasgeo.draws import draw_shared, rows_of
from atlasgeo.error_draws import draw_figures
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.hotspots import getis_ord, local_moran
from atlasgeo.kept_draws import keep_draws
from atlasgeo.local_test import sum_test
from atlasgeo.uncertainty import hotspots_under_error
from atlasgeo.values import align

CLUSTERS = ["High-High", "Low-Low", "High-Low", "Low-High"]


@pytest.fixture(scope="module")
def grid() -> Graph:
    graph = Graph.from_W(lat2W(8, 8, rook=False)).transform("R")
    return graph.rename(lambda i: f"u{i:02}") if hasattr(graph, "rename") else graph


@pytest.fixture(scope="module")
def field(grid: Graph) -> pd.Series:
    values = pd.Series(np.random.default_rng(3).normal(size=64), index=grid.unique_ids)
    values.iloc[[0, 1, 2, 8, 9, 10, 16, 17, 18]] += 4
    return values


@pytest.mark.parametrize(("name", "function"), [("moran", local_moran), ("getis_ord", getis_ord)])
def test_no_error_gives_the_plain_answer(grid: Graph, field: pd.Series, name: str, function: object) -> None:
    plain = function(field, grid, permutations=999, seed=7, correction="none")  # type: ignore[operator]
    under = hotspots_under_error(
        pd.concat([field] * 4, axis=1), grid, statistic=name, permutations=999, seed=7, correction="none"
    )
    pd.testing.assert_series_equal(under["cluster"], plain["cluster"], check_names=False)
    shares = under["label_stability"]
    for unit, label in plain["cluster"].items():
        assert shares.loc[unit, label] == 1
    assert (shares.sum(axis=1) == 1).all()
    assert set(under["class"]) == {"robust"}
    exact = hotspots_under_error(
        None,
        grid,
        estimates=field,
        standard_errors=field * 0,
        statistic=name,
        n_draws=3,
        permutations=999,
        seed=7,
        correction="none",
    )
    pd.testing.assert_frame_equal(exact, under)


def test_every_draw_gets_the_label_of_its_own_plain_answer(grid: Graph, field: pd.Series) -> None:
    draws = draw_figures(field, field * 0 + 0.8, n_draws=12, seed=2)
    under = hotspots_under_error(draws, grid, permutations=499, seed=5, correction="none")
    plain = [
        local_moran(draws[d], grid, permutations=499, seed=5, correction="none")["cluster"] for d in draws
    ]
    for label in under["label_stability"].columns:
        share = pd.concat(plain, axis=1).eq(label).mean(axis=1)
        np.testing.assert_allclose(under["label_stability"][label], share)


def test_kept_draws_count_as_the_engine_does(grid: Graph) -> None:
    rng = np.random.default_rng(1)
    links = Graph.from_W(lat2W(5, 7)).adjacency
    uneven = Graph(links * (1 + (np.arange(len(links)) % 3 == 0)), transformation="O", is_sorted=False)
    for graph in (grid, Graph.from_W(lat2W(3, 3)), uneven):
        aligned = align([pd.Series(0.0, index=graph.unique_ids)], graph)
        rows = rows_of(aligned.weights)
        draws = draw_shared(rows, 999, 4)
        kept = keep_draws(draws)
        for values in (rng.normal(size=rows.n), rng.integers(0, 3, rows.n).astype(float), np.zeros(rows.n)):
            ours, theirs = sum_test(draws, values, rows, count=kept.count), sum_test(draws, values, rows)
            for name in ("high", "low", "floor_high", "floor_low", "step"):
                np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_p_high_by_hand(rook: Graph, one_to_nine: pd.Series) -> None:
    # Means of unit and rook neighbours of 1..9: c3 23/3, c2 7.25, c1 19/3 ...; ceil(9/5) = 2 are worst.
    under = hotspots_under_error(one_to_nine.to_frame(), rook, permutations=99, seed=1, correction="none")
    assert under.index[under["p_high"] == 1].tolist() == ["c2", "c3"]
    low = hotspots_under_error(
        one_to_nine.to_frame(), rook, permutations=99, seed=1, worst="low", correction="none"
    )
    assert low.index[low["p_high"] == 1].tolist() == ["a1", "a2"]
    two = pd.DataFrame({0: one_to_nine, 1: -one_to_nine})
    both = hotspots_under_error(two, rook, permutations=99, seed=1, correction="none")
    assert both["p_high"][["a1", "c3", "b2"]].tolist() == [0.5, 0.5, 0.0]


def test_ties_at_the_border_of_the_worst_fifth_stay_out(rook: Graph, one_to_nine: pd.Series) -> None:
    flat = hotspots_under_error(
        (one_to_nine * 0 + 3).to_frame(), rook, permutations=99, seed=1, correction="none"
    )
    assert (flat["p_high"] == 0).all()


def test_missing_units_and_missing_draws(grid: Graph, field: pd.Series) -> None:
    draws = draw_figures(field, field * 0 + 0.3, n_draws=10, seed=2)
    first, second = field.index[30], field.index[45]
    draws.loc[first] = np.nan
    draws.loc[second, [0, 1, 2]] = np.nan
    under = hotspots_under_error(draws, grid, permutations=199, seed=5, correction="none")
    assert under.loc[first, ("cluster", "")] == "no data"
    assert under["label_stability"].loc[first, "no data"] == 1
    assert under["label_stability"].loc[second, "no data"] == pytest.approx(0.3)
    assert np.isnan(under["p_high"][first])
    assert 0 <= under["p_high"][second] <= 1
    assert pd.isna(under["class"][first])


def test_islands_have_no_class(one_to_nine: pd.Series, rook: Graph) -> None:
    links = rook.adjacency.drop("c3", level="focal").drop("c3", level="neighbor").reset_index()
    graph = Graph.from_adjacency(pd.concat([links, pd.DataFrame([["c3", "c3", 0]], columns=links.columns)]))
    under = hotspots_under_error(one_to_nine.to_frame(), graph, permutations=99, seed=1, correction="none")
    assert under["cluster"]["c3"] == "no neighbours"
    assert pd.isna(under["class"]["c3"])


def test_classes_follow_the_share_that_repeats_the_plain_answer(grid: Graph, field: pd.Series) -> None:
    under = hotspots_under_error(
        estimates=field,
        standard_errors=field * 0 + 1.5,
        w=grid,
        n_draws=60,
        permutations=199,
        seed=5,
        correction="none",
    )
    share = under["stability"]
    expected = np.where(share >= 0.9, "robust", np.where(share >= 0.5, "fragile", "noise"))
    assert under["class"].tolist() == expected.tolist()
    assert set(under["class"]) == {"robust", "fragile", "noise"}


def test_order_of_units_and_seed(grid: Graph, field: pd.Series) -> None:
    def run(values: pd.Series, seed: int) -> pd.DataFrame:
        return hotspots_under_error(
            estimates=values,
            standard_errors=field * 0 + 1,
            w=grid,
            n_draws=20,
            permutations=199,
            seed=seed,
            correction="none",
        )

    under = run(field, 3)
    pd.testing.assert_frame_equal(run(field.iloc[::-1], 3).loc[field.index], under)
    assert not run(field, 4).equals(under)


def test_columns_can_be_reached_in_every_usual_way(rook: Graph, one_to_nine: pd.Series) -> None:
    under = hotspots_under_error(one_to_nine.to_frame(), rook, permutations=99, seed=1, correction="none")
    assert {*CLUSTERS, "not significant", "no data"} <= set(under["label_stability"].columns)
    assert under.label_stability.shape == (9, 8)
    assert under["p_high"].name == "p_high"
    assert under.loc["a1", ("label_stability", "High-High")] == 0
    assert "class" in under


@pytest.mark.parametrize(
    ("scale", "x", "error"), [("identity", 5.0, 2.0), ("logit", 0.2, 0.02), ("log", 40.0, 2.0)]
)
def test_draws_have_the_estimate_and_the_error(scale: str, x: float, error: float) -> None:
    draws = draw_figures(pd.Series([x]), pd.Series([error]), scale=scale, n_draws=40_000, seed=1).loc[0]  # type: ignore[arg-type]
    assert draws.median() == pytest.approx(x, rel=0.01)
    assert draws.std() == pytest.approx(error, rel=0.03)
    if scale == "logit":
        assert draws.between(0, 1).all()


def test_draws_without_error_stay_even_outside_the_scale() -> None:
    draws = draw_figures(
        pd.Series([0.0, 1.0, np.nan]), pd.Series([0.0, 0.0, np.nan]), scale="logit", n_draws=2, seed=1
    )
    assert draws.loc[0].tolist() == [0, 0]
    assert draws.loc[2].isna().all()


def test_refusals(rook: Graph, one_to_nine: pd.Series) -> None:
    frame, x = one_to_nine.to_frame(), one_to_nine
    with pytest.raises(AnalysisError, match="either draws"):
        hotspots_under_error(w=rook, seed=1)
    with pytest.raises(AnalysisError, match="either draws"):
        hotspots_under_error(frame, rook, estimates=x, standard_errors=x, seed=1)
    with pytest.raises(AnalysisError, match="either draws"):
        hotspots_under_error(w=rook, estimates=x, seed=1)
    with pytest.raises(AnalysisError, match="neighbours"):
        hotspots_under_error(frame, seed=1)
    with pytest.raises(AnalysisError, match="statistic"):
        hotspots_under_error(frame, rook, statistic="geary", seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="scale"):
        hotspots_under_error(w=rook, estimates=x, standard_errors=x, scale="probit", seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError):
        hotspots_under_error(frame.drop("a1"), rook, seed=1)
    with pytest.raises(AnalysisError, match="no draw"):
        hotspots_under_error(frame.iloc[:, :0], rook, seed=1)
    with pytest.raises(DataError, match="infinite"):
        hotspots_under_error(frame.replace(3.0, np.inf), rook, seed=1)
    with pytest.raises(DataError, match="negative"):
        hotspots_under_error(w=rook, estimates=x, standard_errors=-x, seed=1)
    with pytest.raises(DataError, match="missing"):
        hotspots_under_error(w=rook, estimates=x, standard_errors=x.replace(3.0, np.nan), seed=1)
    with pytest.raises(DataError, match="outside the scale"):
        hotspots_under_error(w=rook, estimates=x, standard_errors=x, scale="logit", seed=1)
    with pytest.raises(AnalysisError, match="same units"):
        hotspots_under_error(w=rook, estimates=x, standard_errors=x.drop("a1"), seed=1)


def _world(rng: np.random.Generator) -> tuple[pd.Series, np.ndarray, np.ndarray, Graph]:
    """A smooth truth on 10 x 10 units, with the covariance that made it."""
    graph = Graph.from_W(lat2W(10, 10, rook=False)).transform("R")
    place = np.array([(i // 10, i % 10) for i in range(100)], dtype=float)
    distance = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    covariance = np.exp(-distance / 2)
    truth = np.linalg.cholesky(covariance + 1e-9 * np.eye(100)) @ rng.normal(size=100)
    return pd.Series(truth), covariance, distance, graph


@pytest.mark.prove
def test_calibration_against_known_truth() -> None:
    """With draws from all that is known about the figures, p_high is a probability."""
    rng = np.random.default_rng(6)
    said: dict[str, list[float]] = {"posterior": [], "around estimates": []}
    kept: dict[str, list[bool]] = {"posterior": [], "around estimates": []}
    worst: list[bool] = []
    error = 0.7
    for seed in range(40):
        truth, covariance, _, graph = _world(rng)
        estimate = truth + rng.normal(0, error, 100)
        gain = covariance @ np.linalg.inv(covariance + error**2 * np.eye(100))
        spread = np.linalg.cholesky(covariance - gain @ covariance + 1e-9 * np.eye(100))
        posterior = gain @ estimate.to_numpy()[:, None] + spread @ rng.normal(size=(100, 200))
        known = hotspots_under_error(truth.to_frame(), graph, permutations=199, seed=seed, correction="none")
        worst += (known["p_high"] == 1).tolist()
        around = draw_figures(estimate, estimate * 0 + error, n_draws=200, seed=seed)
        for name, draws in (("posterior", pd.DataFrame(posterior)), ("around estimates", around)):
            under = hotspots_under_error(draws, graph, permutations=199, seed=seed, correction="none")
            said[name] += under["p_high"].tolist()
            label = known["cluster"]
            kept[name] += [under["label_stability"].loc[unit, label[unit]] for unit in label.index]
    bins = np.linspace(0, 1, 6)
    for name, values in said.items():
        place = np.clip(np.digitize(values, bins) - 1, 0, 4)
        print(f"{name}: mean stability of the true label {np.mean(kept[name]):.3f}")
        for b in range(5):
            inside = place == b
            print(
                f"  p_high {bins[b]:.1f}-{bins[b + 1]:.1f}: n {inside.sum():5d}  said "
                f"{np.mean(np.array(values)[inside]):.3f}  true {np.mean(np.array(worst)[inside]):.3f}"
            )
    values = np.array(said["posterior"])
    place = np.clip(np.digitize(values, bins) - 1, 0, 4)
    for b in range(5):
        inside = place == b
        # Units of one map are dependent: the bound is that of 40 maps, not of 4,000 units.
        assert abs(values[inside].mean() - np.array(worst)[inside].mean()) < 0.08
    brier = [np.mean((np.array(v) - np.array(worst)) ** 2) for v in said.values()]
    print(f"Brier score: posterior {brier[0]:.4f}, around estimates {brier[1]:.4f}")
    assert brier[0] <= brier[1]
