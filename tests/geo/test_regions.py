"""Regions: contiguous whatever the method, the floor held, planted regions found, parts, ties and seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from libpysal.weights import lat2W

from atlasgeo.contiguity import merge_small, split_parts, tract_of
from atlasgeo.errors import AnalysisError
from atlasgeo.regions import METHODS, Regions, build_regions


@pytest.fixture(scope="module")
def grid() -> Graph:
    return Graph.from_W(lat2W(6, 6))


@pytest.fixture(scope="module")
def values() -> pd.Series:
    """Three planted bands of two rows: 0, 5, 10, with a little noise."""
    noise = np.random.default_rng(1).normal(0, 0.1, 36)
    return pd.Series(np.repeat([0.0, 5.0, 10.0], 12) + noise)


@pytest.fixture(scope="module")
def people() -> pd.Series:
    return pd.Series(np.random.default_rng(2).integers(500, 1_500, 36).astype(float))


def _arguments(method: str, people: pd.Series) -> dict[str, object]:
    if method == "maxp":
        return {"population": people, "floor": people.sum() / 5, "runs": 2}
    return {"n_regions": 3, "population": people, "runs": 2}


def _is_contiguous(labels: pd.Series, w: Graph) -> bool:
    import networkx as nx

    graph = nx.Graph(list(w.adjacency.index))
    return all(
        nx.is_connected(graph.subgraph(labels.index[labels == region])) for region in labels.dropna().unique()
    )


@pytest.mark.parametrize("method", METHODS)
def test_regions_are_contiguous_and_ranked(
    method: str, grid: Graph, values: pd.Series, people: pd.Series
) -> None:
    found = build_regions(values, grid, method=method, seed=3, **_arguments(method, people))  # type: ignore[arg-type]
    assert _is_contiguous(found.labels, grid)
    assert found.table["mean"].is_monotonic_decreasing
    assert found.table["units"].sum() == 36
    means = {
        r: np.average(values[found.labels == r], weights=people[found.labels == r]) for r in found.table.index
    }
    np.testing.assert_allclose(found.table["mean"], list(means.values()))
    assert found.explained > 0.6
    assert np.diag(found.co_assignment).tolist() == [1.0] * 36
    assert ((found.stability > 0) & (found.stability <= 1)).all()


@pytest.mark.parametrize("method", ["skater", "ward"])
def test_planted_regions_are_found(method: str, grid: Graph, values: pd.Series) -> None:
    found = build_regions(values, grid, method=method, n_regions=3, seed=1)  # type: ignore[arg-type]
    assert found.labels.tolist() == [3] * 12 + [2] * 12 + [1] * 12
    assert (found.stability == 1).all()
    assert found.runs == 1
    assert any("no chance" in note for note in found.notes)
    low = build_regions(values, grid, method=method, n_regions=3, worse="low", seed=1)  # type: ignore[arg-type]
    assert low.labels.iloc[0] == 1


def test_maxp_holds_the_floor_and_finds_many(grid: Graph, values: pd.Series, people: pd.Series) -> None:
    floor = people.sum() / 6
    found = build_regions(values, grid, method="maxp", population=people, floor=floor, runs=1, seed=5)
    assert (found.table["population"] >= floor).all()
    assert not found.table["below_floor"].any()
    assert len(found.table) >= 3
    assert found.runs == 1


def test_a_floor_joins_small_regions(grid: Graph, values: pd.Series, people: pd.Series) -> None:
    found = build_regions(
        values, grid, method="ward", n_regions=9, population=people, floor=people.sum() / 4, seed=1
    )
    assert (found.table["population"] >= people.sum() / 4).all()
    assert any("the floor leaves" in note for note in found.notes)
    assert _is_contiguous(found.labels, grid)


@pytest.mark.parametrize("method", ["azp", "maxp"])
@pytest.mark.prove
def test_same_seed_same_regions_in_any_order(
    method: str, grid: Graph, values: pd.Series, people: pd.Series
) -> None:
    def run(series: pd.Series, seed: int) -> Regions:
        return build_regions(
            series, grid, method=method, seed=seed, **(_arguments(method, people) | {"runs": 1})
        )  # type: ignore[arg-type]

    found = run(values, 3)
    pd.testing.assert_series_equal(run(values.iloc[::-1], 3).labels[values.index], found.labels)
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    run(values, 4)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_separate_parts_and_missing_units(values: pd.Series) -> None:
    first = Graph.from_W(lat2W(3, 6)).adjacency.reset_index()
    second = first.assign(focal=first["focal"] + 18, neighbor=first["neighbor"] + 18)
    apart = Graph.from_adjacency(pd.concat([first, second]))
    holes = values.copy()
    holes.iloc[35] = np.nan
    found = build_regions(holes, apart, method="ward", n_regions=4, seed=1)
    assert pd.isna(found.labels.iloc[35])
    assert _is_contiguous(found.labels.dropna(), apart)
    assert len(found.table) == 4
    assert any("2 parts" in note for note in found.notes)
    one = build_regions(holes, apart, method="skater", n_regions=1, seed=1)
    assert len(one.table) == 2
    assert any("fewest that are contiguous" in note for note in one.notes)


def test_several_measures_and_ties(grid: Graph, values: pd.Series) -> None:
    table = pd.DataFrame({"a": values, "b": values * 100 + 7})
    found = build_regions(table, grid, method="ward", n_regions=3, seed=1)
    assert found.labels.tolist() == [3] * 12 + [2] * 12 + [1] * 12
    flat = build_regions(values * 0 + 1, grid, method="ward", n_regions=2, seed=1)
    assert _is_contiguous(flat.labels, grid)
    assert np.isnan(flat.explained)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=16, max_size=16), st.integers(0, 8))
def test_split_and_merge_keep_regions_whole(labels: list[int], floor: int) -> None:
    graph = Graph.from_W(lat2W(4, 4))
    tract = tract_of(pd.Series(np.arange(16.0)), graph, None)
    split = split_parts(tract.links, np.array(labels))
    assert _is_contiguous(pd.Series(split), graph)
    for part in np.unique(split):
        assert len(set(np.array(labels)[split == part])) == 1
    merged = merge_small(tract, split, float(floor))
    assert _is_contiguous(pd.Series(merged), graph)
    assert np.bincount(np.unique(merged, return_inverse=True)[1]).min() >= min(floor, 16)


def test_refusals(grid: Graph, values: pd.Series, people: pd.Series) -> None:
    with pytest.raises(AnalysisError, match="unknown method"):
        build_regions(values, grid, method="kmeans", n_regions=2, seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="floor"):
        build_regions(values, grid, method="maxp", n_regions=2, seed=1)
    with pytest.raises(AnalysisError, match="population"):
        build_regions(values, grid, method="ward", n_regions=2, floor=4, seed=1)
    with pytest.raises(AnalysisError, match="number of regions"):
        build_regions(values, grid, method="azp", seed=1)
    with pytest.raises(AnalysisError, match="more regions"):
        build_regions(values, grid, method="ward", n_regions=37, seed=1)
    with pytest.raises(AnalysisError, match="at least 1"):
        build_regions(values, grid, method="ward", n_regions=0, seed=1)
    with pytest.raises(AnalysisError, match="unknown end"):
        build_regions(values, grid, n_regions=2, worse="bad", seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="negative"):
        build_regions(values, grid, method="ward", n_regions=2, population=-people, seed=1)
    with pytest.raises(AnalysisError, match="no unit"):
        build_regions(values * np.nan, grid, method="ward", n_regions=2, seed=1)
