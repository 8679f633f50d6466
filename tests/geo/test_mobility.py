"""Rank mobility and spatial Markov chains: giddy's published example, missing units, ties, random state."""

from __future__ import annotations

import random
import warnings

import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from atlasgeo.errors import AnalysisError
from atlasgeo.mobility import rank_changes, rank_mobility
from atlasgeo.older_weights import lent_random_state, older_weights
from atlasgeo.transitions import spatial_markov
from atlasgeo.values import align


@pytest.fixture(scope="module")
def states() -> tuple[pd.DataFrame, Graph]:
    table = pd.read_csv(libpysal.examples.get_path("usjoin.csv")).set_index("Name")
    values = table[[str(year) for year in range(1929, 2010)]].astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = libpysal.io.open(libpysal.examples.get_path("states48.gal")).read()
    graph = Graph.from_W(weights)
    return values.set_axis(list(graph.unique_ids)), graph


def test_spatial_markov_equals_the_published_example(states: tuple[pd.DataFrame, Graph]) -> None:
    # giddy's documentation of Spatial_Markov (US states, relative incomes 1929-2009, quintiles).
    chain = spatial_markov(*states)
    np.testing.assert_allclose(
        chain.probabilities.iloc[0], [0.91461837, 0.07503234, 0.00905563, 0.00129366, 0], atol=1e-8
    )
    np.testing.assert_allclose(
        chain.conditional[0].iloc[0], [0.96341463, 0.0304878, 0.00609756, 0, 0], atol=1e-8
    )
    assert chain.likelihood_ratio == pytest.approx(170.659, abs=1e-3)
    assert chain.q == pytest.approx(200.624, abs=1e-3)
    assert chain.degrees == 60
    assert chain.steady_state.sum() == pytest.approx(1)
    np.testing.assert_allclose(chain.steady_state @ chain.probabilities, chain.steady_state, atol=1e-9)
    assert chain.transitions.to_numpy().sum() == 48 * 80
    assert "fewer than five" in chain.note


def test_missing_units_are_left_out_and_named(states: tuple[pd.DataFrame, Graph]) -> None:
    values, graph = states
    holes = values.copy()
    holes.iloc[7, 3] = np.nan
    chain = spatial_markov(holes, graph)
    assert chain.dropped == (holes.index[7],)
    assert chain.units == 47
    mixed = spatial_markov(values.iloc[::-1], graph, relative=False)
    pd.testing.assert_frame_equal(
        mixed.transitions, spatial_markov(values, graph, relative=False).transitions
    )


def test_rank_mobility_against_scipy_and_pairs(states: tuple[pd.DataFrame, Graph]) -> None:
    from scipy.stats import kendalltau

    values, graph = states
    table = rank_mobility(values[["1929", "1939", "1969"]], graph, permutations=199, seed=5)
    assert table["from"].tolist() == ["1929", "1939"]
    assert table.loc[0, "tau"] == pytest.approx(
        kendalltau(values["1929"], values["1939"]).statistic, abs=1e-9
    )
    x, y = values["1929"], values["1939"]
    pairs = {tuple(sorted(pair)) for pair in graph.adjacency.index if pair[0] != pair[1]}
    held = [np.sign((x[a] - x[b]) * (y[a] - y[b])) for a, b in pairs]
    assert table.loc[0, "pairs"] == len(pairs)
    assert table.loc[0, "spatial_tau"] == pytest.approx(np.mean(held), abs=1e-9)
    again = rank_mobility(values[["1929", "1939", "1969"]].iloc[::-1], graph, permutations=199, seed=5)
    pd.testing.assert_frame_equal(again, table)
    assert 0 < table.loc[0, "spatial_p"] <= 1


def test_no_change_at_all(rook: Graph, one_to_nine: pd.Series) -> None:
    same = pd.DataFrame({2010: one_to_nine, 2011: one_to_nine * 2})
    table = rank_mobility(same, rook, permutations=19, seed=1)
    assert table.loc[0, ["tau", "spatial_tau", "mean_rank_change"]].tolist() == pytest.approx([1, 1, 0])
    assert table.loc[0, "spatial_p"] == 1
    constant = rank_mobility(same.assign(**{"2011": 1.0}).set_axis([1, 2, 3], axis=1), rook, seed=1)
    assert np.isnan(constant.loc[1, "tau"])
    changes = rank_changes(same)
    assert (changes["change"] == 0).all()
    assert (changes["local_tau"] == 1).all()


def test_rank_changes_keep_missing(one_to_nine: pd.Series) -> None:
    table = rank_changes(pd.DataFrame({1: one_to_nine, 2: one_to_nine[::-1].to_numpy()}).replace(5.0, np.nan))
    assert np.isnan(table.loc["b2", "change"])
    assert table.loc["a1", "change"] == 7
    assert table.loc["a1", "local_tau"] == -1


def test_refusals(states: tuple[pd.DataFrame, Graph], rook: Graph, one_to_nine: pd.Series) -> None:
    values, graph = states
    with pytest.raises(AnalysisError, match="two steps"):
        rank_mobility(values[["1929"]], graph, seed=1)
    with pytest.raises(AnalysisError, match="fewer classes"):
        spatial_markov(pd.DataFrame({1: one_to_nine, 2: one_to_nine}), rook, k=5)
    with pytest.raises(AnalysisError, match="mean 0"):
        spatial_markov(pd.DataFrame({1: one_to_nine - 5, 2: one_to_nine}), rook, k=2)


def test_random_state_is_handed_back() -> None:
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    first = (np.random.random(), random.random())  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    with lent_random_state(1, 2):
        inside = np.random.random()  # noqa: NPY002
    with lent_random_state(1, 2):
        assert np.random.random() == inside  # noqa: NPY002
    assert (np.random.random(), random.random()) == first  # noqa: NPY002


def test_older_weights_keep_islands_and_order(one_to_nine: pd.Series, rook: Graph) -> None:
    links = rook.adjacency.drop("c3", level="focal").drop("c3", level="neighbor").reset_index()
    graph = Graph.from_adjacency(pd.concat([links, pd.DataFrame([["c3", "c3", 0]], columns=links.columns)]))
    aligned = align([one_to_nine.iloc[::-1]], graph)
    weights = older_weights(aligned.weights)
    assert weights.islands == [8]
    np.testing.assert_array_equal(weights.full()[0], aligned.weights.toarray())
