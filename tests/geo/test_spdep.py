"""Every statistic that R's spdep has, on two maps: see tests/reference/spatial/make_expected.R."""

from __future__ import annotations

import csv
import re
import warnings
from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest

import atlasgeo as ag

EXPECTED = Path(__file__).parents[1] / "reference" / "spatial" / "expected.csv"
PLAIN = {"seed": 1, "permutations": 0}
NORMAL = {"seed": 1, "inference": "analytical"}


@pytest.fixture(scope="module")
def spdep():
    """Return the numbers of R by key, in the order of the file's rows."""
    found = defaultdict(list)
    with EXPECTED.open() as lines:
        for row in csv.DictReader(lines):
            found[row["key"]].append(float(row["value"]))
    return {key: np.array(values) for key, values in found.items()}


def shapes(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gpd.GeoDataFrame(gpd.read_file(libpysal.examples.get_path(name)), crs=None)


@pytest.fixture(scope="module")
def columbus():
    return shapes("columbus.shp")


@pytest.fixture(scope="module")
def counties():
    return shapes("sids2.shp")


@pytest.fixture(scope="module")
def queen(columbus):
    return ag.build_neighbours(columbus)


def summary(found):
    return found.statistic, found.expected, found.variance, found.z, found.p_norm


def same(ours, theirs):
    np.testing.assert_allclose(np.atleast_1d(np.asarray(ours, dtype=float)), theirs, rtol=1e-9, atol=1e-12)


def test_neighbours_are_as_many(columbus, counties, queen, spdep):
    same(queen.n_edges, spdep["queen.links"])
    same(ag.build_neighbours(columbus, rule="rook").n_edges, spdep["rook.links"])
    same(ag.build_neighbours(counties).n_edges, spdep["county.links"])


@pytest.mark.parametrize("style", ["W", "B"])
@pytest.mark.parametrize("assumption", ["randomisation", "normal"])
def test_moran_and_geary(columbus, queen, spdep, style, assumption):
    w = queen if style == "W" else queen.transform("B")
    for name, function in (("moran", ag.global_moran), ("geary", ag.global_geary)):
        found = function(columbus["CRIME"], w, assumption=assumption, alternative="greater", **PLAIN)
        same(summary(found), spdep[f"{name}.{style}.{assumption}"])


def test_general_g(columbus, queen, spdep):
    found = ag.global_getis_ord(columbus["CRIME"], queen.transform("B"), alternative="greater", **PLAIN)
    same(summary(found), spdep["general_g"])


def test_lee(columbus, queen, spdep):
    """Statistic and expectation are spdep's.

    Its variance (0.003201 here) puts the square of x_i y_j where Lee's two orders of a pair ask for x_i y_j
    times x_j y_i; ours is that of every permutation of small maps (test_global_statistics), and 750,000
    random ones of this map gave 0.0024749 with a standard error of 0.0000047.
    """
    found = ag.global_lee(columbus["CRIME"], columbus["INC"], queen, **PLAIN)
    same((found.statistic, found.expected), spdep["lee"][:2])
    assert found.variance == pytest.approx(0.0024749, abs=3 * 0.0000047)
    rook = ag.build_neighbours(columbus, rule="rook")
    found = ag.global_lee(columbus["CRIME"], columbus["INC"], rook, **PLAIN)
    same((found.statistic, found.expected), spdep["lee.rook"][:2])


def test_local_moran(columbus, queen, spdep):
    for word, alternative in (("two.sided", "two-sided"), ("greater", "greater"), ("less", "less")):
        found = ag.local_moran(columbus["CRIME"], queen, alternative=alternative, **NORMAL)
        same(found["p"], spdep[f"localmoran.p.{word}"])
    same(found["statistic"], spdep["localmoran"])
    for column in ("expected", "variance", "z"):
        same(found[column], spdep[f"localmoran.{column}"])
    esda = ag.local_moran(columbus["CRIME"], queen, convention="esda", **NORMAL)
    same(esda["statistic"], spdep["localmoran.esda"])


@pytest.mark.parametrize("style", ["W", "B"])
def test_getis_ord(columbus, queen, spdep, style):
    w = queen if style == "W" else queen.transform("B")
    same(ag.getis_ord(columbus["CRIME"], w, star=False, **NORMAL)["statistic"], spdep[f"gi.{style}"])
    same(ag.getis_ord(columbus["CRIME"], w, **NORMAL)["statistic"], spdep[f"gistar.{style}"])


def test_local_geary(columbus, queen, spdep):
    same(ag.local_geary(columbus["CRIME"], queen, **NORMAL)["statistic"], spdep["localc"])
    binary = ag.local_geary(columbus["CRIME"], queen.transform("B"), **NORMAL)
    same(binary["statistic"], spdep["localc.B"])
    several = ag.local_geary_multivariate(columbus[["CRIME", "INC", "HOVAL"]], queen, **NORMAL)
    same(several["statistic"], spdep["localc.multivariate"])


def test_losh(columbus, queen, spdep):
    found = ag.local_heteroscedasticity(columbus["CRIME"], queen, alternative="greater", **NORMAL)
    for column, key in (("statistic", "losh"), ("variance", "losh.variance"), ("p", "losh.p")):
        same(found[column], spdep[key])


@pytest.mark.parametrize(("sampling", "assumption"), [("nonfree", "randomisation"), ("free", "normal")])
def test_join_counts_of_two_categories(columbus, queen, spdep, sampling, assumption):
    high = (columbus["CRIME"] > 35).astype(int)
    found = ag.global_join_counts(
        high, queen.transform("B"), assumption=assumption, alternative="greater", **PLAIN
    )
    rows = found.table.set_index(["first", "second"])[["joins", "expected", "variance", "z", "p_norm"]]
    same(rows.loc[(1, 1)], spdep[f"joincount.{sampling}.high"])
    same(rows.loc[(0, 0)], spdep[f"joincount.{sampling}.low"])
    same(summary(found), spdep[f"joincount.{sampling}.high"])


def test_join_counts_of_three_categories(columbus, queen, spdep):
    kinds = pd.cut(columbus["CRIME"], [0, 20, 40, 100], labels=["a", "b", "c"]).astype(str)
    table = ag.global_join_counts(kinds, queen.transform("B"), **PLAIN).table.set_index(["first", "second"])
    order = ["a a", "b b", "c c", "a b", "a c", "b c", "different different"]
    for column in ("joins", "expected", "variance", "z"):
        ours = [table.loc[tuple(pair.split()), column] for pair in order]
        same(ours, spdep[f"joincount.multi.{column}"])


def test_rates(counties, spdep):
    events, base, w = counties["SID74"], counties["BIR74"], ag.build_neighbours(counties)
    same(ag.smooth_rates(events, base), spdep["ebest"])
    same(ag.smooth_rates(events, base, neighbours=w), spdep["eblocal"])
    same(ag.global_moran_rate(events, base, w, **PLAIN).statistic, spdep["ebmoran"])
    risk = ag.excess_risk(events, base)
    same(risk["expected"], spdep["probmap.expected"])
    same(risk["value"], spdep["probmap.risk"])
    rate = events / base
    same(summary(ag.global_moran(rate, w, alternative="greater", **PLAIN)), spdep["rate.moran"])
    same(ag.local_moran(rate, w, **NORMAL)["z"], spdep["rate.localmoran.z"])


def test_the_table_of_conventions_names_what_there_is():
    page = Path(__file__).parents[2] / "geo" / "statistics.md"
    rows = [line.split("|")[1] for line in page.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert len(named) > 15
    assert [name for name in sorted(named) if not hasattr(ag, name)] == []
