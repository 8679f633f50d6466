"""Global statistics: published numbers, every permutation of small maps, and the rules of the result."""

from __future__ import annotations

import itertools
import math
import warnings

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from scipy import sparse

import atlasgeo as ag


@pytest.fixture(scope="module")
def columbus():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    frame = frame.set_index(frame["POLYID"].astype(int))
    return gpd.GeoDataFrame(frame, crs=None)


def grid(side):
    boxes = [shapely.box(c, r, c + 1, r + 1) for r in range(side) for c in range(side)]
    return gpd.GeoSeries(boxes, index=[f"u{i:03d}" for i in range(side * side)])


# R 4.2.2, spdep 1.2-7: moran.test and geary.test of CRIME, randomisation = TRUE and FALSE; globalG.test.
MORAN = {
    ("queen", "R"): (0.5001885572, 0.008689289201, 5.589382675, 0.008563413119, 5.630312788),
    ("queen", "B"): (0.5154614369, 0.007454394343, 6.211512737, 0.007349774769, 6.25556508),
    ("rook", "B"): (0.5193899777, 0.009058412624, 5.676063829, 0.008929555556, 5.716871079),
}
GEARY = {
    ("queen", "R"): (0.5405282027, 0.009384263777, 4.743061501),
    ("queen", "B"): (0.5916113241, 0.01158343456, 3.794504013),
    ("rook", "B"): (0.5565246535, 0.01226543191, 4.004313385),
}


@pytest.mark.parametrize(("rule", "transform"), list(MORAN))
def test_columbus_equals_spdep(columbus, rule, transform):
    w = ag.build_neighbours(columbus, rule=rule, transform=transform)
    statistic, variance, z, variance_normal, z_normal = MORAN[rule, transform]
    found = ag.global_moran(columbus["CRIME"], w, seed=1, permutations=0)
    assert (found.statistic, found.expected) == pytest.approx((statistic, -1 / 48), abs=1e-9)
    assert (found.variance, found.z) == pytest.approx((variance, z), rel=1e-9)
    normal = ag.global_moran(columbus["CRIME"], w, seed=1, permutations=0, assumption="normal")
    assert (normal.variance, normal.z) == pytest.approx((variance_normal, z_normal), rel=1e-9)
    statistic, variance, z = GEARY[rule, transform]
    geary = ag.global_geary(columbus["CRIME"], w, seed=1, permutations=0)
    assert (geary.statistic, geary.variance, geary.z) == pytest.approx((statistic, variance, z), rel=1e-9)
    assert math.isnan(geary.p_sim)


def test_general_g_of_columbus_equals_spdep(columbus):
    queen = ag.build_neighbours(columbus, transform="B")
    found = ag.global_getis_ord(columbus["CRIME"], queen, seed=1, permutations=0)
    expected = (0.1278074574, 0.1003401361, 3.507057304e-05, 4.638150932)
    assert (found.statistic, found.expected, found.variance, found.z) == pytest.approx(expected, rel=1e-9)
    rook = ag.build_neighbours(columbus, rule="rook", transform="B")
    found = ag.global_getis_ord(columbus["CRIME"], rook, seed=1, permutations=0)
    assert (found.statistic, found.z) == pytest.approx((0.1038281688, 4.06160442), rel=1e-8)


def test_two_variables_of_columbus_equal_spdep(columbus):
    w = ag.build_neighbours(columbus)
    found = ag.global_moran_bivariate(columbus["CRIME"], columbus["INC"], w, seed=1, permutations=99)
    assert found.statistic == pytest.approx(-0.4286321515, abs=1e-9)
    assert ag.global_lee(
        columbus["CRIME"], columbus["INC"], w, seed=1, permutations=99
    ).statistic == pytest.approx(-0.4703061343, abs=1e-9)


def test_variances_of_the_nine_squares():
    w = ag.build_neighbours(grid(3), rule="rook", transform="B")
    values = pd.Series(range(1, 10), index=w.unique_ids)
    assert ag.global_moran(values, w, seed=1, permutations=0).variance == pytest.approx(0.0596875, abs=1e-12)
    normal = ag.global_moran(values, w, seed=1, permutations=0, assumption="normal")
    assert normal.variance == pytest.approx(0.053125, abs=1e-12)


def test_rates_of_st_louis():
    """One-sided p of Moran's I of HR8893: 0.00013573931385 (spdep)."""
    w = libpysal.graph.read_gal(libpysal.examples.get_path("stl.gal"))
    table = pd.read_csv(libpysal.examples.get_path("stl_hom.txt"), skiprows=1)
    values = pd.Series(table["HR8893"].to_numpy(), index=w.unique_ids)
    found = ag.global_moran(values, w.transform("R"), seed=1, permutations=0, alternative="greater")
    assert found.statistic == pytest.approx(0.24365582621771659, abs=1e-9)
    normal = ag.global_moran(
        values, w.transform("R"), seed=1, permutations=0, alternative="greater", assumption="normal"
    )
    assert 0.00013573931385 in [pytest.approx(p, rel=1e-6) for p in (found.p_norm, normal.p_norm)]


def test_join_counts_of_a_split_lattice():
    w = ag.build_neighbours(grid(4), rule="rook", transform="B")
    values = pd.Series([0] * 8 + [1] * 8, index=w.unique_ids)
    found = ag.global_join_counts(values, w, seed=1, permutations=499)
    table = found.table.set_index(["first", "second"])
    assert (table.loc[(1, 1), "joins"], table.loc[(0, 1), "joins"], table.loc[(0, 0), "joins"]) == (10, 4, 10)
    assert found.statistic == 10
    assert table.loc[("same", "same"), "joins"] + table.loc[("different", "different"), "joins"] == 24
    assert found.p_sim < 0.05
    words = ag.global_join_counts(values.map({0: "town", 1: "village"}), w, seed=1, permutations=99)
    assert words.statistic == 20


def small_map(seed=0, n=6):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((n, n)) < 0.5) * rng.uniform(0.5, 2, (n, n))
    np.fill_diagonal(matrix, 0)
    focal, other = np.nonzero(matrix)
    w = Graph.from_arrays(focal, other, matrix[focal, other])
    return pd.Series(rng.gamma(2.0, size=n), index=range(n)), matrix, w


def moran(x, m):
    z = x - x.mean()
    return len(x) / m.sum() * (z @ m @ z) / (z @ z)


def geary(x, m):
    z = x - x.mean()
    return (len(x) - 1) * (m * (x[:, None] - x[None, :]) ** 2).sum() / (2 * m.sum() * (z @ z))


def general_g(x, m):
    return (x @ m @ x) / (x.sum() ** 2 - (x**2).sum())


@pytest.mark.parametrize(
    ("function", "formula", "sign"),
    [
        (ag.global_moran, moran, 1),
        (ag.global_geary, geary, -1),
        (ag.global_getis_ord, general_g, 1),
    ],
)
def test_every_permutation_of_a_small_map(function, formula, sign):
    """Mean, variance and p from all 720 arrangements, by a formula written out here."""
    values, matrix, w = small_map()
    x = values.to_numpy()
    every = np.array([formula(x[list(order)], matrix) for order in itertools.permutations(range(6))])
    found = function(values, w, seed=1)
    assert found.statistic == pytest.approx(formula(x, matrix))
    assert found.expected == pytest.approx(every.mean())
    assert found.variance == pytest.approx(every.var())
    assert found.permutations == 720
    reach = np.count_nonzero(sign * every >= sign * found.statistic - 1e-9) / 720
    assert function(values, w, seed=1, alternative="greater").p_sim == pytest.approx(reach)
    assert found.z == pytest.approx(sign * (found.statistic - every.mean()) / every.std())


def test_every_permutation_of_join_counts():
    _, matrix, w = small_map(3)
    kinds = np.array([0, 0, 1, 1, 2, 2])
    found = ag.global_join_counts(pd.Series(kinds, index=range(6)), w, seed=1).table
    orders = [kinds[list(order)] for order in itertools.permutations(range(6))]
    for _, row in found.iterrows():
        counts = []
        for c in orders:
            if row["first"] == "same":
                hit = c[:, None] == c[None, :]
            elif row["first"] == "different":
                hit = c[:, None] != c[None, :]
            else:
                a, b = row["first"], row["second"]
                one = (c[:, None] == a) & (c[None, :] == b)
                hit = one | one.T
            counts.append((matrix * hit).sum() / 2)
        assert row["expected"] == pytest.approx(np.mean(counts))
        assert row["variance"] == pytest.approx(np.var(counts))


def test_every_permutation_of_pairs():
    values, matrix, w = small_map(4)
    other = pd.Series(np.random.default_rng(9).normal(size=6), index=range(6))
    x, y = values.to_numpy() - values.mean(), other.to_numpy() - other.mean()
    size = math.sqrt((x @ x) * (y @ y))
    total = (matrix.sum(axis=1) ** 2).sum()
    lee = [
        6 / total * ((matrix @ x[list(o)]) @ (matrix @ y[list(o)])) / size
        for o in itertools.permutations(range(6))
    ]
    found = ag.global_lee(values, other, w, seed=1)
    assert found.statistic == pytest.approx(lee[0])
    assert (found.expected, found.variance) == pytest.approx((np.mean(lee), np.var(lee)))
    assert found.p_sim == pytest.approx(
        min(1, 2 * min(np.mean(np.array(lee) >= lee[0] - 1e-9), np.mean(np.array(lee) <= lee[0] + 1e-9)))
    )
    alone = ag.global_lee(values, other, w, seed=1, permutations=0)
    assert (alone.expected, alone.variance, alone.z) == (found.expected, found.variance, found.z)
    cross = [6 / matrix.sum() * (x @ matrix @ y[list(o)]) / size for o in itertools.permutations(range(6))]
    found = ag.global_moran_bivariate(values, other, w, seed=1)
    assert found.statistic == pytest.approx(cross[0])
    assert (found.expected, found.variance) == pytest.approx((np.mean(cross), np.var(cross)), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_moments_of_pairs_by_every_permutation(n):
    from atlasgeo.mantel import pair_moments

    rng = np.random.default_rng(n)
    matrix = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    links = matrix.T @ matrix
    x, y = (column - column.mean() for column in rng.normal(size=(2, n)))
    sums = [(links * np.outer(x[list(o)], y[list(o)])).sum() for o in itertools.permutations(range(n))]
    found = pair_moments(x, y, sparse.csr_array(links))
    assert found == pytest.approx((np.mean(sums), np.var(sums)), abs=1e-12)


@pytest.mark.parametrize("permutations", [99, 100, 999, 1000, 1009])
def test_any_number_of_permutations(permutations):
    w = ag.build_neighbours(grid(5))
    values = pd.Series(np.random.default_rng(0).normal(size=25), index=w.unique_ids)
    found = ag.global_moran(values, w, seed=1, permutations=permutations)
    assert found.permutations == permutations
    assert (found.p_sim * (permutations + 1) / 2) % 1 == pytest.approx(0, abs=1e-9) or found.p_sim == 1


def test_permutations_have_the_moments_of_the_null_model():
    from atlasgeo.autocorrelation import cross_product
    from atlasgeo.shuffles import simulate
    from atlasgeo.values import align

    w = ag.build_neighbours(grid(7))
    values = pd.Series(np.random.default_rng(1).gamma(1.0, size=49), index=w.unique_ids)
    aligned = align([values], w)
    z = aligned.columns[0] - aligned.columns[0].mean()
    product = cross_product(aligned.weights)
    drawn = simulate(lambda parts: product(parts) / (z @ z), (z,), permutations=9999, seed=4).values
    known = ag.global_moran(values, w, seed=1, permutations=0)
    assert drawn.mean() == pytest.approx(known.expected, abs=4 * math.sqrt(known.variance / 9999))
    assert drawn.var() == pytest.approx(known.variance, rel=0.08)


def test_order_of_rows_and_seed():
    w = ag.build_neighbours(grid(6))
    values = pd.Series(np.random.default_rng(0).normal(size=36), index=w.unique_ids)
    mixed = values.sample(frac=1, random_state=3)
    for function in (ag.global_moran, ag.global_geary):
        one, two = function(values, w, seed=1, permutations=199), function(mixed, w, seed=1, permutations=199)
        assert (one.statistic, one.p_sim, one.z) == (two.statistic, two.p_sim, two.z)
        moved = function(values * 3 + 100, w, seed=1, permutations=199)
        assert (moved.statistic, moved.p_sim) == pytest.approx((one.statistic, one.p_sim))


@pytest.mark.parametrize("function", [ag.global_moran, ag.global_geary])
def test_alternatives_speak_of_autocorrelation(function):
    w = ag.build_neighbours(grid(6))
    rising = pd.Series(np.arange(36.0), index=w.unique_ids)
    high = function(rising, w, seed=1, permutations=199, alternative="greater")
    low = function(rising, w, seed=1, permutations=199, alternative="less")
    assert high.z > 3
    assert high.p_norm < 0.01 < 0.99 < low.p_norm
    assert high.p_sim == pytest.approx(1 / 200)
    assert low.p_sim == 1


@pytest.mark.parametrize(
    "function", [ag.global_moran, ag.global_geary, ag.global_getis_ord, ag.global_join_counts]
)
def test_no_variation_and_no_neighbours_are_said(function):
    w = ag.build_neighbours(grid(3))
    same = function(pd.Series(1, index=w.unique_ids), w, seed=1)
    assert "no variation" in str(same)
    assert same.p_sim == same.p_norm == 1
    assert math.isnan(same.z)
    lonely = ag.build_neighbours(grid(1))
    alone = function(pd.Series([1], index=lonely.unique_ids), lonely, seed=1)
    assert "no neighbours" in alone.note
    assert alone.n == 1


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("function", [ag.global_moran, ag.global_geary, ag.global_getis_ord])
def test_few_units(function, n):
    matrix = 1 - np.eye(n)
    focal, other = np.nonzero(matrix)
    w = Graph.from_arrays(focal, other, matrix[focal, other])
    found = function(pd.Series(np.arange(n) ** 2.0, index=range(n)), w, seed=1)
    assert 0 <= found.p_sim <= 1
    assert found.n == n


def test_islands_count_in_n_and_are_named():
    far = gpd.GeoSeries([shapely.box(50, 50, 51, 51)], index=["zzz"])
    w = ag.build_neighbours(pd.concat([grid(3), far]), islands="keep", transform="B")
    values = pd.Series(np.arange(10.0), index=w.unique_ids)
    found = ag.global_moran(values, w, seed=1, permutations=99)
    assert found.islands == ("zzz",)
    assert found.components == 2
    assert found.expected == pytest.approx(-1 / 9)
    missing = ag.global_moran(values.where(values != 4), w, seed=1, permutations=99)
    assert missing.n == 9


def test_refusals():
    w = ag.build_neighbours(grid(3))
    values = pd.Series(np.arange(9.0) - 3, index=w.unique_ids)
    with pytest.raises(ag.AnalysisError, match="zero or more"):
        ag.global_getis_ord(values, w, seed=1)
    with pytest.raises(ag.AnalysisError, match="randomisation"):
        ag.global_getis_ord(values + 3, w, seed=1, assumption="normal")
    with pytest.raises(ag.AnalysisError, match="categories"):
        ag.global_join_counts(values + 0.5, w, seed=1)
    with pytest.raises(ag.AnalysisError, match="assumption"):
        ag.global_moran(values, w, seed=1, assumption="bayes")
    with pytest.raises(ag.AnalysisError, match="alternative"):
        ag.global_moran(values, w, seed=1, alternative="up")


def test_bands_find_the_distance_where_clustering_peaks():
    units = grid(12)
    column = np.arange(144) % 12
    values = pd.Series(np.sin(column / 12 * 2 * np.pi), index=units.index)
    found = ag.incremental_autocorrelation(values, units, distances=[1.0, 2, 3, 4, 6, 8], seed=1)
    assert list(found.table.index) == [1, 2, 3, 4, 6, 8]
    assert found.table["statistic"].iloc[0] > found.table["statistic"].iloc[-1]
    assert found.highest_peak == found.table["z"].idxmax()
    assert found.table["neighbours"].is_monotonic_increasing
    default = ag.incremental_autocorrelation(values, units, steps=4, seed=1)
    assert default.table.index[0] == pytest.approx(1.0)
    assert (default.table["islands"] == 0).all()


def test_nonparametric_correlogram_falls_from_one():
    units = grid(10)
    rng = np.random.default_rng(0)
    values = pd.Series(np.arange(100) // 10 + rng.normal(scale=0.1, size=100), index=units.index)
    found = ag.nonparametric_correlogram(values, units, permutations=39, seed=1)
    assert found.table["correlation"].iloc[2] > found.table["high"].iloc[2]
    assert found.table["correlation"].iloc[2] > found.table["correlation"].iloc[-1]
    shuffled = values.sample(frac=1, random_state=2)
    again = ag.nonparametric_correlogram(shuffled, units, permutations=39, seed=1)
    pd.testing.assert_frame_equal(found.table, again.table)
