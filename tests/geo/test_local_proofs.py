"""Slow proofs: p uniform under the null, false discoveries and power, esda side by side (`make prove`)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import stats

import atlasgeo as ag

pytestmark = pytest.mark.prove


def torus(side: int) -> Graph:
    """Return a queen grid without edges: every unit has eight neighbours."""
    units = np.arange(side * side)
    row, column = units // side, units % side
    steps = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
    other = np.column_stack([(row + a) % side * side + (column + b) % side for a, b in steps])
    return Graph.from_arrays(np.repeat(units, 8), other.ravel(), np.full(units.size * 8, 1 / 8))


@pytest.mark.parametrize("statistic", [ag.local_moran, ag.getis_ord, ag.local_geary])
def test_p_is_uniform_under_the_null(statistic):
    """One random unit a map and a fresh seed each: pooled units of one map depend on each other."""
    w = torus(11)
    rng = np.random.default_rng(20)
    found = []
    for seed in range(700):
        x = pd.Series(rng.normal(size=121), index=w.unique_ids)
        table = statistic(x, w, seed=seed, permutations=199, alternative="greater", correction="none")
        found.append(table["p"].iloc[rng.integers(121)])
    jittered = np.array(found) - rng.random(700) / 200  # p is discrete: k / 200
    assert stats.kstest(jittered, "uniform").pvalue > 1e-3


def test_p_is_never_too_small_with_ties_and_unequal_weights():
    """P(p <= a) <= a within binomial error where values tie and weights differ."""
    rng = np.random.default_rng(4)
    found = []
    for seed in range(600):
        n = 40
        matrix = (rng.random((n, n)) < 0.12) * rng.uniform(0.3, 2, (n, n))
        np.fill_diagonal(matrix, 0)
        i = int(np.argmax(matrix.sum(axis=1) > 0))
        focal, other = np.nonzero(matrix)
        lonely = np.setdiff1d(np.arange(n), focal)
        weight = np.concatenate([matrix[focal, other], np.zeros(lonely.size)])
        w = Graph.from_arrays(np.concatenate([focal, lonely]), np.concatenate([other, lonely]), weight)
        x = pd.Series(rng.poisson(2.0, n).astype(float), index=range(n))
        found.append(ag.local_moran(x, w, seed=seed, permutations=99, correction="none").loc[i, "p"])
    for level in (0.01, 0.05, 0.1, 0.2):
        share = np.mean(np.array(found) <= level)
        assert share <= level + 3.5 * np.sqrt(level * (1 - level) / 600)


def planted(side: int, width: int, strength: float, rng: np.random.Generator) -> tuple[pd.Series, np.ndarray]:
    """Return noise with a square of higher values, and which units lie in or beside it."""
    x = rng.normal(size=(side, side))
    x[5 : 5 + width, 5 : 5 + width] += strength
    near = np.zeros((side, side), dtype=bool)
    if width:
        near[4 : 6 + width, 4 : 6 + width] = True
    return pd.Series(x.ravel(), index=range(side * side)), near.ravel()


def test_false_discoveries_and_power(capsys):
    """No cluster: any discovery at most at rate alpha. A small cluster: false ones at most alpha of all."""
    side, maps = 20, 120
    w = torus(side)
    rng = np.random.default_rng(9)
    lines = []
    for width, strength in ((0, 0.0), (4, 1.0), (4, 2.0), (6, 2.0), (9, 2.0)):
        rates, powers, any_found = [], [], 0
        for seed in range(maps):
            x, near = planted(side, width, strength, rng)
            table = ag.getis_ord(x, w, seed=seed, permutations=9999, alternative="greater")
            hot = (table["p_adjusted"] <= 0.05).to_numpy()
            rates.append((hot & ~near).sum() / max(hot.sum(), 1))
            inner = np.zeros((side, side), dtype=bool)
            inner[5 : 5 + width, 5 : 5 + width] = True
            powers.append(hot[inner.ravel()].mean() if width else np.nan)
            any_found += bool(hot.any())
        share = width**2 / side**2
        lines.append(
            (width, strength, share, np.mean(rates), np.mean(powers) if width else 0.0, any_found / maps)
        )
        if share == 0:
            assert any_found / maps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / maps)
        elif share <= 0.1:
            assert np.mean(rates) <= 0.05 + 3 * np.std(rates) / np.sqrt(maps)
    assert lines[2][4] > lines[1][4]  # a stronger cluster is found more often
    with capsys.disabled():
        header = ["width", "strength", "share", "false discovery rate", "power", "maps with any"]
        print("\n" + pd.DataFrame(lines, columns=header).to_string(index=False, float_format="%.3f"))


def test_esda_side_by_side():
    """Statistics at 1e-9 where the convention is the same; p within the error of both simulations."""
    import esda

    rng = np.random.default_rng(2)
    w = torus(12)
    x = pd.Series(rng.normal(size=144), index=w.unique_ids)
    y = pd.Series(rng.normal(size=144), index=w.unique_ids)
    a, b = x.to_numpy(), y.to_numpy()
    np.random.seed(1)  # noqa: NPY002 - esda draws from the global state
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = {"permutations": 9999, "n_jobs": 1}
        moran, star = esda.Moran_Local(a, w, **one), esda.G_Local(a, w, star=True, transform="B", **one)
        cross, geary = esda.Moran_Local_BV(a, b, w, **one), esda.Geary_Local(connectivity=w, **one).fit(a)
        whole, c = esda.Moran(a, w, permutations=0), esda.Geary(a, w, permutations=0)
        g = esda.G(a - a.min(), w, permutations=0)
    like = {"seed": 1, "convention": "esda", "correction": "none"}
    pairs = [
        (ag.local_moran(x, w, **like), moran.Is, moran.p_sim),
        (ag.local_moran_bivariate(x, y, w, **like), cross.Is, cross.p_sim),
        (ag.local_geary(x, w, **like), geary.localG, None),
    ]
    for table, statistic, p in pairs:
        assert table["statistic"].to_numpy() == pytest.approx(np.asarray(statistic), abs=1e-9)
        if p is not None:
            sd = np.sqrt(np.maximum(p * (1 - p), 1e-4) * 2 / 9999)
            assert (np.abs(table["p"].to_numpy() - p) < 5 * sd + 2e-4).all()
    ours = ag.getis_ord(x, w.transform("B"), **like)
    assert ours["statistic"].to_numpy() == pytest.approx(star.Zs, abs=1e-9)
    ours = ag.global_moran(x, w, seed=1, permutations=0)
    assert (ours.statistic, ours.variance) == pytest.approx((whole.I, whole.VI_rand), abs=1e-9)
    ours = ag.global_geary(x, w, seed=1, permutations=0)
    assert (ours.statistic, ours.variance, ours.z) == pytest.approx((c.C, c.VC_rand, -c.z_rand), abs=1e-9)
    assert ag.global_getis_ord(
        x - x.min(), w.transform("B"), seed=1, permutations=0
    ).statistic == pytest.approx(g.G, abs=1e-9)
