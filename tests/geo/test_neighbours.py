"""Neighbours: each rule on the nine squares, islands, hairlines, and what is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import atlasgeo as ag


def grid(side=3, size=1.0):
    boxes = [
        shapely.box(c * size, r * size, (c + 1) * size, (r + 1) * size)
        for r in range(side)
        for c in range(side)
    ]
    return gpd.GeoSeries(boxes, index=[f"u{i}" for i in range(side * side)])


def near(w, code):
    return sorted(w[code].index)


def test_queen_and_rook_on_nine_squares():
    queen, rook = ag.build_neighbours(grid()), ag.build_neighbours(grid(), rule="rook")
    assert near(queen, "u4") == ["u0", "u1", "u2", "u3", "u5", "u6", "u7", "u8"]
    assert near(rook, "u4") == ["u1", "u3", "u5", "u7"]
    assert near(queen, "u0") == ["u1", "u3", "u4"]
    assert near(rook, "u0") == ["u1", "u3"]
    assert queen["u0"].tolist() == pytest.approx([1 / 3] * 3)
    assert queen.transformation == "R"
    assert list(queen.unique_ids) == [f"u{i}" for i in range(9)]


def test_hairline_gaps_and_overlaps_do_not_cut_neighbours_apart():
    units = grid(3, 1000.0)
    units.iloc[1] = shapely.box(1000.000001, 0, 1999.999999, 1000)
    units.iloc[4] = shapely.box(999.999999, 1000, 2000.000001, 2000)
    queen, rook = ag.build_neighbours(units), ag.build_neighbours(units, rule="rook")
    assert near(rook, "u1") == ["u0", "u2", "u4"]
    assert near(queen, "u1") == ["u0", "u2", "u3", "u4", "u5"]


def test_contiguity_equals_libpysal():
    from libpysal.graph import Graph

    units = grid(6)
    for rule in ("queen", "rook"):
        ours = ag.build_neighbours(units, rule=rule, transform="B")
        theirs = Graph.build_contiguity(units, rook=rule == "rook")
        assert ours == theirs


def test_nearest_and_bands():
    points = gpd.GeoSeries(gpd.points_from_xy([0, 1, 3, 7], [0, 0, 0, 0]), index=list("abcd"))
    knn = ag.build_neighbours(points, rule="knn", k=2, transform="B")
    assert {code: near(knn, code) for code in "abcd"} == {
        "a": ["b", "c"], "b": ["a", "c"], "c": ["a", "b"], "d": ["b", "c"],
    }  # fmt: skip
    band = ag.build_neighbours(points, rule="distance", threshold=2, transform="B", islands="keep")
    assert near(band, "b") == ["a", "c"]
    assert list(band.isolates) == ["d"]
    default = ag.build_neighbours(points, rule="distance", transform="B", islands="error")
    assert near(default, "d") == ["c"]  # the band is 4, the least that leaves nobody alone


def test_ties_of_nearest_go_to_the_lower_code_in_any_order():
    units = grid()
    knn = ag.build_neighbours(units, rule="knn", k=2, transform="B")
    assert near(knn, "u4") == ["u1", "u3"]
    mixed = ag.build_neighbours(units.sample(frac=1, random_state=4), rule="knn", k=2, transform="B")
    assert all(near(knn, code) == near(mixed, code) for code in units.index)


def test_kernels():
    points = gpd.GeoSeries(gpd.points_from_xy([0, 1, 2], [0, 0, 0]), index=list("abc"))
    w = ag.build_neighbours(points, rule="kernel", threshold=2, transform="O", kernel="triangular")
    assert w["a"].to_dict() == {"b": 0.5}  # at the bandwidth the weight is zero
    w = ag.build_neighbours(points, rule="kernel", threshold=2, transform="O")
    assert w["a"].to_dict() == pytest.approx({"b": np.exp(-1 / 8), "c": np.exp(-1 / 2)})
    w = ag.build_neighbours(points, rule="kernel", k=1, transform="O", kernel="quadratic", islands="keep")
    assert len(w.isolates) == 3
    adaptive = ag.build_neighbours(points, rule="kernel", k=2, transform="O")
    assert adaptive["b"].to_dict() == pytest.approx({"a": np.exp(-0.5), "c": np.exp(-0.5)})


def test_rules_for_islands():
    far = gpd.GeoSeries([shapely.box(9, 9, 10, 10)], index=["z"])
    units = pd.concat([grid(), far])
    joined = ag.build_neighbours(units, transform="B")
    assert near(joined, "z") == ["u8"]
    assert "z" in joined["u8"].index
    kept = ag.build_neighbours(units, islands="keep")
    assert list(kept.isolates) == ["z"]
    with pytest.raises(ag.BoundaryError, match="z"):
        ag.build_neighbours(units, islands="error")
    alone = ag.build_neighbours(grid(1))
    assert list(alone.isolates) == ["u0"]
    both = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1)], index=["a", "b"])
    pair = ag.build_neighbours(both)
    assert near(pair, "a") == ["b"]


def test_description_names_islands_and_parts():
    far = gpd.GeoSeries([shapely.box(9, 9, 10, 10), shapely.box(30, 0, 31, 1), shapely.box(31, 0, 32, 1)])
    far.index = ["z", "p", "q"]
    found = ag.describe_neighbours(ag.build_neighbours(pd.concat([grid(), far]), islands="keep"))
    assert found.islands == ("z",)
    assert found.parts[1:] == (("p", "q"), ("z",))
    assert (found.n, found.fewest, found.most, found.symmetric) == (12, 0, 8, True)


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "bishop"},
        {"islands": "drop"},
        {"transform": "Z"},
        {"kernel": "cosine"},
        {"rule": "knn"},
        {"rule": "knn", "k": 9},
        {"rule": "knn", "k": 0},
        {"rule": "queen", "k": 3},
        {"rule": "rook", "threshold": 3},
        {"rule": "distance", "threshold": -1},
        {"rule": "kernel", "threshold": 1, "k": 2},
    ],
)
def test_what_means_nothing_is_refused(options):
    with pytest.raises(ag.AnalysisError):
        ag.build_neighbours(grid(), **options)


def test_shapes_that_cannot_be_used_are_refused():
    with pytest.raises(ag.AnalysisError, match="points"):
        ag.build_neighbours(gpd.GeoSeries(gpd.points_from_xy([0, 1], [0, 1])))
    with pytest.raises(ag.BoundaryError, match="metric"):
        ag.build_neighbours(grid().set_crs(4326), rule="distance", threshold=1)
    with pytest.raises(ag.BoundaryError, match="repeated"):
        ag.build_neighbours(grid().rename(index={"u1": "u0"}))
    units = grid()
    units.iloc[2] = shapely.Polygon()
    with pytest.raises(ag.BoundaryError, match="u2"):
        ag.build_neighbours(units)
    queen = ag.build_neighbours(grid().set_crs(4326))  # touching needs no metres
    assert queen.n == 9
