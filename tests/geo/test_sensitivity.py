"""Sensitivity to the weights: each graph's own answer, stability by hand, islands and parts named."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely.geometry import box

from atlasgeo.autocorrelation import global_moran
from atlasgeo.errors import AnalysisError
from atlasgeo.hotspots import getis_ord, local_moran
from atlasgeo.sensitivity import part_effects, parts_of, standard_graphs, weights_sensitivity


@pytest.fixture(scope="module")
def country() -> gpd.GeoDataFrame:
    """Six by six squares, two by two squares far away, and one island."""
    size = 10_000
    near = [box(x * size, y * size, (x + 1) * size, (y + 1) * size) for x in range(6) for y in range(6)]
    far = [box(x * size, y * size, (x + 1) * size, (y + 1) * size) for x in (20, 21) for y in (0, 1)]
    island = [box(0, 30 * size, size, 31 * size)]
    codes = [*(f"n{i:02}" for i in range(36)), *(f"f{i}" for i in range(4)), "island"]
    return gpd.GeoDataFrame(index=pd.Index(codes, name="unit"), geometry=near + far + island, crs="EPSG:3857")


@pytest.fixture(scope="module")
def values(country: gpd.GeoDataFrame) -> pd.Series:
    series = pd.Series(np.random.default_rng(2).normal(size=41), index=country.index)
    series.iloc[[0, 1, 6, 7, 12, 13]] += 4
    return series


def test_standard_graphs_are_the_usual_ones(country: gpd.GeoDataFrame, squares: gpd.GeoDataFrame) -> None:
    graphs = standard_graphs(squares)
    assert list(graphs) == [
        "queen",
        "rook",
        "nearest 4",
        "nearest 6",
        "nearest 8",
        "within 10 km",
        "within 15 km",
        "within 20 km",
    ]
    assert list(standard_graphs(country)["queen"].isolates) == ["island"]
    points = squares.set_geometry(squares.centroid)
    assert next(iter(standard_graphs(points))) == "nearest 4"
    assert list(standard_graphs(squares.iloc[:4]))[:2] == ["queen", "rook"]


@pytest.mark.parametrize(("name", "function"), [("moran", local_moran), ("getis_ord", getis_ord)])
def test_each_column_is_the_answer_under_that_graph(
    country: gpd.GeoDataFrame, values: pd.Series, name: str, function: object
) -> None:
    result = weights_sensitivity(
        values,
        country,
        statistic=name,
        permutations=499,
        seed=3,
        correction="none",  # type: ignore[arg-type]
    )
    graphs = standard_graphs(country)
    assert list(result.labels.columns) == list(graphs) == list(result.table.index)
    for label in ("queen", "nearest 6"):
        alone = function(values, graphs[label], permutations=499, seed=3, correction="none")  # type: ignore[operator]
        pd.testing.assert_series_equal(result.labels[label], alone["cluster"], check_names=False)
        pd.testing.assert_series_equal(result.scores[label], alone["z"], check_names=False)
        whole = global_moran(values, graphs[label], permutations=499, seed=3)
        assert result.table.loc[label, "statistic"] == pytest.approx(whole.statistic)
        assert result.table.loc[label, "p"] == whole.p_sim
    share = result.labels.apply(lambda row: row.value_counts(normalize=True).iloc[0], axis=1)
    np.testing.assert_allclose(result.stability, share)
    assert (result.labels.eq(result.usual, axis=0).mean(axis=1) == result.stability).all()


def test_islands_and_parts_are_named_and_their_effect_stated(
    country: gpd.GeoDataFrame, values: pd.Series
) -> None:
    graphs = {"queen": standard_graphs(country)["queen"]}
    result = weights_sensitivity(values, graphs, permutations=499, seed=3, correction="none")
    assert result.islands == {"queen": ("island",)}
    assert [len(part) for part in result.parts["queen"]] == [36, 4, 1]
    assert any("island" in note and "3 separate parts" in note for note in result.notes)
    effects = result.effects.loc["queen"]
    assert list(effects.index) == [
        "all",
        "part 1 alone",
        "without part 1",
        "part 2 alone",
        "without part 2",
        "without islands",
    ]
    without = global_moran(
        values.drop("island"), graphs["queen"].subgraph(values.index[:-1]), seed=3, permutations=499
    )
    assert effects.loc["without islands", "statistic"] == pytest.approx(without.statistic)
    assert effects.loc["without islands", "change"] == pytest.approx(
        without.statistic - effects.loc["all", "statistic"]
    )
    assert effects.loc["without part 2", "n"] == 37


def test_parts_can_be_drawn(country: gpd.GeoDataFrame) -> None:
    parts = parts_of(standard_graphs(country)["queen"])
    assert parts["n00"] == 1
    assert parts["f3"] == 2
    assert parts["island"] == 0


def test_one_part_has_no_effects(one_to_nine: pd.Series, rook: Graph) -> None:
    result = weights_sensitivity(one_to_nine, {"rook": rook}, permutations=99, seed=1, correction="none")
    assert len(result.effects) == 0
    assert (result.stability == 1).all()
    assert list(part_effects(one_to_nine, rook, permutations=99, seed=1).index) == ["all"]


def test_missing_units_have_no_stability(one_to_nine: pd.Series, rook: Graph) -> None:
    holes = one_to_nine.copy()
    holes["b2"] = np.nan
    result = weights_sensitivity(holes, {"a": rook, "b": rook}, permutations=99, seed=1, correction="none")
    assert np.isnan(result.stability["b2"])
    assert result.stability.drop("b2").notna().all()


def test_refusals(one_to_nine: pd.Series, rook: Graph) -> None:
    with pytest.raises(AnalysisError, match="at least one graph"):
        weights_sensitivity(one_to_nine, {}, seed=1)
    with pytest.raises(AnalysisError, match="statistic"):
        weights_sensitivity(one_to_nine, {"rook": rook}, statistic="geary", seed=1)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError):
        weights_sensitivity(one_to_nine.drop("a1"), {"rook": rook}, seed=1)
