"""Local Geary, join counts, two variables, rates, medians, quantiles and LOSH."""

from __future__ import annotations

import itertools
import math
import warnings

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

import atlasgeo as ag


@pytest.fixture(scope="module")
def columbus():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    frame = frame.set_index(frame["POLYID"].astype(int))
    return gpd.GeoDataFrame(frame, crs=None)


@pytest.fixture(scope="module")
def queen(columbus):
    return ag.build_neighbours(columbus)


def case(seed, n, share, *, equal=True):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((n, n)) < share).astype(float)
    np.fill_diagonal(matrix, 0)
    if not equal:
        matrix *= rng.uniform(0.2, 3, (n, n))
    focal, other = np.nonzero(matrix)
    lonely = np.flatnonzero(~matrix.any(axis=1))
    weight = np.concatenate([matrix[focal, other], np.zeros(lonely.size)])
    w = Graph.from_arrays(np.concatenate([focal, lonely]), np.concatenate([other, lonely]), weight)
    return rng, matrix, w


def two_sided(drawn, observed):
    high, low = (drawn >= observed - 1e-9).mean(), (drawn <= observed + 1e-9).mean()
    return min(1.0, 2 * min(high, low))


def draws(matrix, i):
    """Yield every ordered draw of neighbours of i from the others."""
    others = [j for j in range(len(matrix)) if j != i]
    near = np.flatnonzero(matrix[i])
    for picked in itertools.permutations(others, near.size):
        yield np.array(picked, dtype=int), matrix[i, near]


def test_local_geary_of_columbus_equals_spdep(columbus, queen):
    found = ag.local_geary(columbus["CRIME"], queen, seed=1, permutations=99, correction="none")
    # R 4.2.2, spdep 1.2-7: localC
    expected = [0.4134373722, 0.3975183872, 0.6868466263, 0.5006309640, 0.9214990919, 1.1218465320]
    assert found["statistic"].head(6).tolist() == pytest.approx(expected, abs=1e-9)
    several = ag.local_geary_multivariate(
        columbus[["CRIME", "INC", "HOVAL"]], queen, seed=1, permutations=99, correction="none"
    )
    assert several["statistic"].head(3).tolist() == pytest.approx(
        [2.2794671883, 1.7665773300, 1.5379243609], abs=1e-9
    )
    esda = ag.local_geary(
        columbus["CRIME"], queen, seed=1, permutations=99, correction="none", convention="esda"
    )
    assert esda["statistic"].to_numpy() == pytest.approx(found["statistic"].to_numpy() * 49 / 48)


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("variables", [1, 3])
def test_local_geary_by_every_draw(equal, variables):
    rng, matrix, w = case(variables, 7, 0.45, equal=equal)
    table = pd.DataFrame(rng.normal(size=(7, variables)))
    z = ((table - table.mean()) / table.std()).to_numpy()
    if variables == 1:
        found = ag.local_geary(table[0], w, seed=1)
    else:
        found = ag.local_geary_multivariate(table, w, seed=1)
    for i in np.flatnonzero(matrix.any(axis=1)):
        near = np.flatnonzero(matrix[i])
        observed = (matrix[i, near] * ((z[near] - z[i]) ** 2).mean(axis=1)).sum()
        drawn = np.array([(k * ((z[j] - z[i]) ** 2).mean(axis=1)).sum() for j, k in draws(matrix, i)])
        row = found.loc[i]
        assert row["statistic"] == pytest.approx(observed)
        assert (row["expected"], row["variance"]) == pytest.approx((drawn.mean(), drawn.var()), abs=1e-9)
        assert row["p"] == pytest.approx(two_sided(drawn, observed))


@pytest.mark.parametrize("equal", [True, False])
def test_local_geary_by_random_draws(equal):
    rng, matrix, w = case(3, 30, 0.3, equal=equal)
    x = pd.Series(rng.normal(size=30))
    found = ag.local_geary(x, w, seed=1, permutations=1999, alternative="less", correction="none")
    z = ((x - x.mean()) / x.std()).to_numpy()
    for i in np.flatnonzero(matrix.any(axis=1)):
        near, others = np.flatnonzero(matrix[i]), np.delete(z, i)
        picks = np.argsort(rng.random((3000, 29)), axis=1)[:, : near.size]
        drawn = ((others[picks] - z[i]) ** 2) @ matrix[i, near]
        p = (drawn <= (matrix[i, near] * (z[near] - z[i]) ** 2).sum() + 1e-9).mean()
        sd = math.sqrt(max(p * (1 - p), 1e-3) * (1 / 1999 + 1 / 3000))
        assert abs(found.loc[i, "p"] - p) < 4.5 * sd + 1e-3


def test_labels_of_local_geary(columbus, queen):
    found = ag.local_geary(columbus["CRIME"], queen, seed=1, alpha=0.2, correction="none")
    sure = found[found["p"] <= 0.2]
    below = sure["statistic"] < sure["expected"]
    assert set(sure.loc[~below, "cluster"]) <= {"negative"}
    same = sure["quadrant"].isin(["High-High", "Low-Low"])
    assert (sure.loc[below & same, "cluster"] == sure.loc[below & same, "quadrant"]).all()
    assert set(sure.loc[below & ~same, "cluster"]) <= {"other positive"}


def test_join_counts_by_every_draw():
    rng, matrix, w = case(5, 8, 0.45)
    x, y = pd.Series(rng.integers(0, 2, 8)), pd.Series(rng.integers(0, 2, 8))
    one, two = x.to_numpy(), y.to_numpy()
    both = one * two
    cases = [
        (ag.local_join_count(x, w, seed=1), one, one),
        (ag.local_join_count_bivariate(x, y, w, seed=1), one * (1 - two), two * (1 - one)),
        (ag.local_colocation(x, y, w, seed=1), both, both),
    ]
    for found, own, around in cases:
        for i in np.flatnonzero(matrix.any(axis=1)):
            drawn = np.array([own[i] * (k * around[j]).sum() for j, k in draws(matrix, i)])
            observed = own[i] * (matrix[i] * around).sum()
            row = found.loc[i]
            assert row["statistic"] == pytest.approx(observed)
            assert (row["expected"], row["variance"]) == pytest.approx((drawn.mean(), drawn.var()), abs=1e-9)
            assert row["p"] == pytest.approx(two_sided(drawn, observed), abs=1e-9)


def test_join_counts_are_exact_whatever_the_seed():
    rng, _, w = case(6, 200, 0.05)
    x = pd.Series(rng.integers(0, 2, 200))
    one = ag.local_join_count(x, w, seed=1, correction="none")
    two = ag.local_join_count(x, w, seed=2, permutations=9, correction="none")
    pd.testing.assert_frame_equal(one, two)
    k = int(w.cardinalities[0])
    ones, population = int(x.sum() - x[0]), 199
    chance = [
        math.comb(ones, j) * math.comb(population - ones, k - j) / math.comb(population, k)
        for j in range(k + 1)
    ]
    found = int(x[w[0].index].sum())
    tails = (sum(chance[found:]), sum(chance[: found + 1]))
    assert one.loc[0, "p"] == pytest.approx(1.0 if x[0] == 0 else min(1, 2 * min(tails)))
    weighted = case(6, 30, 0.2, equal=False)[2]
    assert ag.local_join_count(x[:30], weighted, seed=1, correction="none")["p"].dropna().between(0, 1).all()
    with pytest.raises(ag.AnalysisError, match="0 and 1"):
        ag.local_join_count(x + 1, w, seed=1)


def test_bivariate_moran_by_every_draw():
    rng, matrix, w = case(7, 7, 0.5, equal=False)
    x, y = pd.Series(rng.normal(size=7)), pd.Series(rng.normal(size=7))
    found = ag.local_moran_bivariate(x, y, w, seed=1)
    zx, zy = (x - x.mean()).to_numpy(), (y - y.mean()).to_numpy()
    size = zx.std() * zy.std()
    for i in np.flatnonzero(matrix.any(axis=1)):
        drawn = np.array([zx[i] * (k @ zy[j]) / size for j, k in draws(matrix, i)])
        observed = zx[i] * (matrix[i] @ zy) / size
        assert found.loc[i, "statistic"] == pytest.approx(observed)
        assert found.loc[i, "p"] == pytest.approx(two_sided(drawn, observed))
        assert found.loc[i, "variance"] == pytest.approx(drawn.var())
    mixed = ag.local_moran_bivariate(x, y.sample(frac=1, random_state=1), w, seed=1)
    pd.testing.assert_frame_equal(mixed, found)


def test_rate_scores_of_assuncao_and_reis():
    events = pd.Series([30, 25, 25, 15, 33, 21, 30, 20.0])
    base = pd.Series([100, 100, 110, 90, 100, 90, 110, 90.0])
    scores = ag.rate_scores(events, base)
    assert scores.head(4).tolist() == pytest.approx(
        [1.03843594, -0.04099089, -0.56250375, -1.73061861], abs=1e-8
    )
    _, _, w = case(0, 8, 0.4)
    rates = ag.local_moran_rate(events, base, w, seed=1)
    pd.testing.assert_frame_equal(rates, ag.local_moran(scores, w, seed=1))
    whole = ag.global_moran_rate(events, base, w, seed=1, permutations=99)
    assert whole.statistic == pytest.approx(ag.global_moran(scores, w, seed=1, permutations=99).statistic)
    none = ag.rate_scores(events.where(events != 15, 0), base.where(base.index != 3, 0))
    assert math.isnan(none[3])
    assert (ag.rate_scores(events * 0, base) == 0).all()
    with pytest.raises(ag.AnalysisError, match="without a base"):
        ag.rate_scores(events, base * 0)
    with pytest.raises(ag.AnalysisError, match="negative"):
        ag.rate_scores(-events, base)


def test_median_moran_by_every_draw_and_by_random_ones():
    rng, matrix, w = case(8, 8, 0.4)
    x = pd.Series(rng.normal(size=8))
    z = ((x - x.median()) / (x - x.median()).abs().median()).to_numpy()
    found = ag.local_moran_median(x, w, seed=1)
    for i in np.flatnonzero(matrix.any(axis=1)):
        drawn = np.array([z[i] * np.median(z[j]) for j, _ in draws(matrix, i)])
        observed = z[i] * np.median(z[np.flatnonzero(matrix[i])])
        assert found.loc[i, "statistic"] == pytest.approx(observed)
        assert found.loc[i, "p"] == pytest.approx(two_sided(drawn, observed))
    rng, matrix, w = case(9, 30, 0.3)
    x = pd.Series(rng.normal(size=30))
    found = ag.local_moran_median(x, w, seed=1, permutations=1999, alternative="greater", correction="none")
    z = ((x - x.median()) / (x - x.median()).abs().median()).to_numpy()
    for i in np.flatnonzero(matrix.any(axis=1)):
        others, near = np.delete(z, i), np.flatnonzero(matrix[i])
        picks = np.argsort(rng.random((2000, 29)), axis=1)[:, : near.size]
        drawn = z[i] * np.median(others[picks], axis=1)
        p = (drawn >= z[i] * np.median(z[near]) - 1e-9).mean()
        sd = math.sqrt(max(p * (1 - p), 1e-3) * (1 / 1999 + 1 / 2000))
        assert abs(found.loc[i, "p"] - p) < 4.5 * sd + 1e-3


def test_quantile_lisa_is_the_join_count_of_a_class(columbus):
    w = ag.build_neighbours(columbus, transform="B")
    top = columbus["CRIME"] > columbus["CRIME"].quantile(0.75)
    found = ag.local_quantile(columbus["CRIME"], w, classes=4, which=4, seed=1)
    pd.testing.assert_frame_equal(found, ag.local_join_count(top.astype(int), w, seed=1))
    with pytest.raises(ag.AnalysisError, match="quantile"):
        ag.local_quantile(columbus["CRIME"], w, classes=4, which=5, seed=1)


def test_losh_by_hand_and_by_every_draw():
    rng, matrix, w = case(11, 8, 0.4)
    x = pd.Series(rng.normal(size=8))
    sums = matrix.sum(axis=1)
    linked = sums > 0
    gaps = np.where(linked, (x - matrix @ x / np.where(linked, sums, 1)) ** 2, 0)
    typical = gaps[linked].mean()
    found = ag.local_heteroscedasticity(x, w, seed=1)
    for i in np.flatnonzero(linked):
        observed = (matrix[i] @ gaps) / (sums[i] * typical)
        drawn = np.array([(k @ gaps[j]) / (sums[i] * typical) for j, k in draws(matrix, i)])
        assert found.loc[i, "statistic"] == pytest.approx(observed)
        assert found.loc[i, "expected"] == pytest.approx(drawn.mean())
        assert found.loc[i, "p"] == pytest.approx(two_sided(drawn, observed))
    with pytest.raises(ag.AnalysisError, match="power"):
        ag.local_heteroscedasticity(x, w, seed=1, inference="analytical", power=1)


def test_losh_of_columbus_equals_esda(columbus, queen):
    """esda 2.8: LOSH(queen, inference="chi-square").fit(CRIME), first three."""
    found = ag.local_heteroscedasticity(
        columbus["CRIME"], queen, seed=1, inference="analytical", alternative="greater", correction="none"
    )
    assert found["statistic"].head(3).tolist() == pytest.approx([0.194015, 0.198581, 0.420576], abs=1e-6)
    assert found["p"].between(0, 1).all()
