"""Local Moran, Gi and Gi*: published numbers, an independent permutation, and every rule of the table."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph

import atlasgeo as ag

COLUMBUS = libpysal.examples.get_path("columbus.shp")


@pytest.fixture(scope="module")
def columbus():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.read_file(COLUMBUS)
    frame = frame.set_index(frame["POLYID"].astype(int))
    return gpd.GeoDataFrame(frame, crs=None)


@pytest.fixture(scope="module")
def queen(columbus):
    return ag.build_neighbours(columbus)


@pytest.fixture(scope="module")
def binary(columbus):
    return ag.build_neighbours(columbus, transform="B")


def grid(side=3):
    boxes = [shapely.box(c, r, c + 1, r + 1) for r in range(side) for c in range(side)]
    return gpd.GeoSeries(boxes, index=[f"u{i:03d}" for i in range(side * side)])


def graph_of(matrix, codes):
    """Build a graph from a dense matrix, by hand."""
    focal, other = np.nonzero(matrix)
    lonely = np.flatnonzero(~matrix.any(axis=1))
    first = [codes[i] for i in [*focal, *lonely]]
    second = [codes[i] for i in [*other, *lonely]]
    return Graph.from_arrays(first, second, np.concatenate([matrix[focal, other], np.zeros(len(lonely))]))


def random_case(seed, n, share, *, equal=True, ties=False):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((n, n)) < share).astype(float)
    np.fill_diagonal(matrix, 0)
    if not equal:
        matrix *= rng.uniform(0.2, 3, (n, n))
    x = rng.integers(0, 3, n) * 0.1 if ties else rng.normal(size=n)
    codes = [f"c{i:03d}" for i in rng.permutation(n)]
    return pd.Series(x, index=codes), matrix, graph_of(matrix, codes)


def brute(x, matrix, i, draws, rng):
    """Return T, draws of T and whether they are all, by plain loops that share nothing with the engine."""
    z = x - x.mean()
    near = np.flatnonzero(matrix[i])
    others = np.delete(z, i)
    observed = z[i] * float(matrix[i, near] @ z[near])
    if draws is None:
        drawn = [
            z[i] * float(matrix[i, near] @ np.array(p)) for p in itertools.permutations(others, near.size)
        ]
    else:
        picks = np.argsort(rng.random((draws, others.size)), axis=1)[:, : near.size]
        drawn = z[i] * (others[picks] @ matrix[i, near])
    return observed, np.asarray(drawn)


# Published numbers -----------------------------------------------------------------------------------------


def test_local_moran_of_columbus_equals_spdep(columbus, queen):
    found = ag.local_moran(columbus["CRIME"], queen, seed=1, permutations=99, correction="none")
    # R 4.2.2, spdep 1.2-7: localmoran(CRIME, nb2listw(queen), conditional = TRUE)
    assert found["statistic"].head(6).tolist() == pytest.approx(
        [0.736818490608, 0.528777013266, 0.093850741662, 0.004820966628, 0.303606124752, -0.181570516945],
        abs=1e-9,
    )
    assert found["z"].head(6).tolist() == pytest.approx(
        [0.93780765104, 0.98565912026, 0.71841891250, 0.06666232345, 1.04713602943, -0.45474575129], abs=1e-9
    )
    assert found["quadrant"].value_counts().to_dict() == {
        "Low-Low": 20, "High-Low": 3, "Low-High": 5, "High-High": 21,
    }  # fmt: skip


@pytest.mark.parametrize(("correction", "clusters"), [("none", 15), ("fdr", 4), ("bonferroni", 1)])
def test_analytical_inference_of_columbus_equals_spdep(columbus, queen, correction, clusters):
    found = ag.local_moran(columbus["CRIME"], queen, seed=1, inference="analytical", correction=correction)
    assert found["p"].head(4).tolist() == pytest.approx(
        [0.3483432685, 0.3243004162, 0.4724990290, 0.9468505291], abs=1e-9
    )
    assert (found["p_adjusted"] <= 0.05).sum() == clusters
    assert (found["suggestive"] != "").sum() == 15 - clusters


def test_getis_ord_of_columbus_equals_spdep(columbus, binary):
    found = ag.getis_ord(columbus["CRIME"], binary, seed=1, permutations=99, correction="none")
    assert found["statistic"].head(6).tolist() == pytest.approx(
        [-1.43277965397, -1.34000809746, -0.77199868095, -0.13173336449, 1.28536279844, 0.06864804381],
        abs=1e-9,
    )
    assert found["statistic"].max() == pytest.approx(3.475051356, abs=1e-9)
    assert found["statistic"].idxmax() == columbus.index[15]
    assert "quadrant" not in found.columns


IRISH = """9,10,11,25,26 12,14,17,18,24 7,13,22 8,13,22,23 12 9,17,26 3,16,19,20,22 4,13 1,6,11,17,19,26
1,11,22,23,25 1,9,10,19,22 2,5,14,20,21 3,4,8,22 2,12,20,24 17,18 7,20,21 2,6,9,15,18,19,24 2,15,17
7,9,11,17,20,22,24 7,12,14,16,19,21,24 12,16,20 3,4,7,10,11,13,19,23 4,10,22,25 2,14,17,19,20 1,10,23,26
1,6,9,25"""
OWNCONS = (
    "8.6 15.0 19.0 9.0 27.0 9.4 21.9 17.0 9.0 8.0 10.3 23.1 11.4 19.0 10.1 30.0 8.7 13.0 14.3 23.0 22.0 9.0 "
    "8.0 16.0 8.6 10.2"
)


def test_irish_counties_equal_bivand_and_wong():
    matrix = np.zeros((26, 26))
    for i, text in enumerate(IRISH.split()):
        matrix[i, [int(j) - 1 for j in text.split(",")]] = 1
    values = pd.Series([float(v) for v in OWNCONS.split()], index=range(26))
    binary = graph_of(matrix, list(range(26)))
    moran = ag.local_moran(values, binary.transform("R"), seed=1, permutations=99, correction="none")
    assert moran["statistic"].head(5).tolist() == pytest.approx(
        [0.7918029406542, 0.0115624301924, -0.0568341285434, 0.4487125330065, 2.5312594866743], abs=1e-9
    )
    star = ag.getis_ord(values, binary, seed=1, permutations=99, correction="none")
    assert star["statistic"].head(5).tolist() == pytest.approx(
        [-2.352438650427, 0.494847786693, 0.227698902595, -1.426470763502, 2.337769533953], abs=1e-9
    )
    row = ag.global_moran(values, binary.transform("R"), seed=1, permutations=0)
    assert row.statistic == pytest.approx(moran["statistic"].mean(), abs=1e-12)  # with row weights


def test_six_points_of_getis_and_ord():
    points = gpd.GeoSeries(gpd.points_from_xy([10, 20, 40, 15, 30, 30], [10, 10, 10, 20, 20, 30]))
    values = pd.Series([2, 3, 3.2, 5, 8, 7])
    w = ag.build_neighbours(points, rule="distance", threshold=15, transform="B")
    assert ag.global_getis_ord(values, w, seed=1).statistic == pytest.approx(0.55709779, abs=1e-8)
    assert ag.getis_ord(values, w, star=False, seed=1)["statistic"][0] == pytest.approx(-1.0136729, abs=1e-7)
    assert ag.getis_ord(values, w, star=True, seed=1)["statistic"][0] == pytest.approx(-1.39727626, abs=1e-7)


def test_convention_gives_scale_and_tail_of_other_tools(columbus, queen):
    plain = ag.local_moran(columbus["CRIME"], queen, seed=1, permutations=999, correction="none")
    esda = ag.local_moran(
        columbus["CRIME"], queen, seed=1, permutations=999, correction="none", convention="esda"
    )
    assert esda["statistic"].to_numpy() == pytest.approx(plain["statistic"].to_numpy() * 48 / 49)
    assert np.minimum(1, 2 * esda["p"]).to_numpy() == pytest.approx(plain["p"].to_numpy())
    ratio = ag.getis_ord(
        columbus["CRIME"], queen, seed=1, permutations=99, correction="none", convention="geoda"
    )
    x = columbus["CRIME"].to_numpy()
    near = [columbus.index.get_loc(c) for c in queen[columbus.index[0]].index]
    assert ratio["statistic"].iloc[0] == pytest.approx(
        (x[near].mean() / 2 * 2 * len(near) + x[0] * 1) / (len(near) + 1) / x.sum()
    )


# An independent conditional permutation --------------------------------------------------------------------


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize(("n", "share"), [(6, 0.5), (7, 0.9), (9, 0.25)])
def test_few_draws_are_enumerated(n, share, equal, ties):
    values, matrix, w = random_case(n, n, share, equal=equal, ties=ties)
    found = ag.local_moran(values, w, permutations=999, seed=3, correction="none")
    x = values.to_numpy()
    second = ((x - x.mean()) ** 2).mean()
    for i in np.flatnonzero(matrix.any(axis=1)):
        observed, drawn = brute(x, matrix, i, None, None)
        slack = 1e-9
        high, low = (drawn >= observed - slack).mean(), (drawn <= observed + slack).mean()
        row = found.iloc[i]
        assert row["expected"] == pytest.approx(drawn.mean() / second, abs=1e-9)
        assert row["variance"] == pytest.approx(drawn.var() / second**2, abs=1e-9)
        assert row["p"] == pytest.approx(min(1, 2 * min(high, low)), abs=1e-12)
        tops = (drawn >= drawn.max() - slack).mean(), (drawn <= drawn.min() + slack).mean()
        assert row["p_floor"] == pytest.approx(min(1, 2 * min(tops)), abs=1e-12)


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_random_draws_agree_with_brute_force(equal, ties, share):
    values, matrix, w = random_case(5, 26, share, equal=equal, ties=ties)
    permutations, brute_draws = 1999, 4000
    rng = np.random.default_rng(1)
    found = ag.local_moran(
        values, w, permutations=permutations, seed=8, alternative="greater", correction="none"
    )
    for i in range(26):
        observed, drawn = brute(values.to_numpy(), matrix, i, brute_draws, rng)
        if not matrix[i].any() or drawn.std() < 1e-12:
            continue
        p = (drawn >= observed - 1e-9).mean()
        sd = math.sqrt(max(p * (1 - p), 1e-3) * (1 / permutations + 1 / brute_draws))
        assert abs(found["p"].iloc[i] - p) < 4.5 * sd + 1 / permutations


def test_draws_are_uniform_over_subsets_of_the_others():
    """Nine units, two neighbours each, 200,000 draws: each of the 28 pairs as often as any other."""
    from atlasgeo.draws import draw_distinct, draw_shared, rows_of
    from atlasgeo.values import align

    values, _, w = random_case(2, 60, 0.05)
    rows = rows_of(align([values], w).weights)
    draws = draw_shared(rows, 1500, 1)
    for block in draws.blocks():
        assert (np.sort(block.units, axis=1)[:, 1:] != np.sort(block.units, axis=1)[:, :-1]).all()
    units = draw_distinct(np.random.default_rng(0), 12, (60_000, 3))  # a quarter of all: redrawn
    shuffled = draw_distinct(np.random.default_rng(0), 6, (60_000, 3))  # half of all: shuffled
    for table, n in ((units, 12), (shuffled, 6)):
        code = (table.astype(np.int64) * n ** np.arange(3)).sum(axis=1)
        counts = np.unique(code, return_counts=True)[1]
        cells = n * (n - 1) * (n - 2)
        assert counts.size == cells
        chi = ((counts - 60_000 / cells) ** 2 / (60_000 / cells)).sum()
        assert abs(chi - cells) < 4 * math.sqrt(2 * cells)


# Rules -----------------------------------------------------------------------------------------------------


def test_order_of_rows_changes_nothing(columbus, queen):
    values = columbus["CRIME"]
    plain = ag.local_moran(values, queen, seed=5, permutations=499, correction="none")
    mixed = values.sample(frac=1, random_state=1)
    shuffled = columbus.sample(frac=1, random_state=2)
    other = ag.build_neighbours(shuffled)
    found = ag.local_moran(mixed, other, seed=5, permutations=499, correction="none")
    assert list(found.index) == list(mixed.index)
    pd.testing.assert_frame_equal(found.loc[plain.index], plain, check_exact=True)


@pytest.mark.parametrize("statistic", [ag.local_moran, ag.getis_ord, ag.local_geary])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_shift_and_scale_change_nothing(statistic, shift, scale, seed):
    values, _, w = random_case(seed, 14, 0.3, ties=seed % 2 == 0)
    plain = statistic(values, w, seed=seed, permutations=199, correction="none")
    moved = statistic(values * scale + shift, w, seed=seed, permutations=199, correction="none")
    assert moved["p"].to_numpy() == pytest.approx(plain["p"].to_numpy(), nan_ok=True)
    assert (moved["cluster"] == plain["cluster"]).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), rise=st.floats(0.01, 20))
def test_upper_p_of_gi_never_rises_with_a_neighbour(seed, rise):
    values, matrix, w = random_case(seed, 20, 0.3)
    rows = np.flatnonzero(matrix.any(axis=1))
    i = int(rows[seed % rows.size])
    j = int(np.flatnonzero(matrix[i])[0])
    higher = values.copy()
    higher.iloc[j] += rise
    before = ag.getis_ord(
        values, w, star=False, seed=1, permutations=199, alternative="greater", correction="none"
    )
    after = ag.getis_ord(
        higher, w, star=False, seed=1, permutations=199, alternative="greater", correction="none"
    )
    assert after["p"].iloc[i] <= before["p"].iloc[i] + 1e-12


def test_tails_add_up(columbus, queen):
    high, low, both = (
        ag.local_moran(columbus["CRIME"], queen, seed=5, permutations=499, alternative=a, correction="none")[
            "p"
        ]
        for a in ("greater", "less", "two-sided")
    )
    assert both.to_numpy() == pytest.approx(np.minimum(1, 2 * np.minimum(high, low)).to_numpy())


def test_islands_and_missing_units(columbus):
    units = grid(3)
    far = gpd.GeoSeries([shapely.box(50, 50, 51, 51)], index=["zzz"])
    w = ag.build_neighbours(pd.concat([units, far]), islands="keep")
    values = pd.Series([1.0, 2, 3, 4, np.nan, 6, 7, 8, 9, 5], index=w.unique_ids)
    moran = ag.local_moran(values, w, seed=1)
    star = ag.getis_ord(values, w, seed=1)
    numbers = ["expected", "variance", "z", "p", "p_floor", "p_adjusted"]
    assert moran.loc["zzz", "statistic"] == 0
    assert moran.loc["zzz", numbers].isna().all()
    assert star.loc["zzz", ["statistic", *numbers]].isna().all()
    assert moran.loc["zzz", "cluster"] == star.loc["zzz", "cluster"] == "no neighbours"
    assert moran.loc["u004", ["statistic", *numbers]].isna().all()
    assert pd.isna(moran.loc["u004", "quadrant"])
    assert moran.loc["u004", "cluster"] == "no data"
    # The centre is gone: a corner has two neighbours left, with weight a half each, and n is 9.
    z = values - values.mean()
    assert moran.loc["u000", "statistic"] == pytest.approx(
        z["u000"] * (z["u001"] + z["u003"]) / 2 / (z**2).mean()
    )


def test_missing_units_leave_rows_that_are_not_standardised_alone():
    w = ag.build_neighbours(grid(3), transform="B")
    values = pd.Series([1.0, 2, 3, 4, np.nan, 6, 7, 8, 9.5], index=w.unique_ids)
    found = ag.local_moran(values, w, seed=1)
    z = values - values.mean()
    assert found.loc["u000", "statistic"] == pytest.approx(
        z["u000"] * (z["u001"] + z["u003"]) / (z**2).mean()
    )


def test_rows_that_are_standardised_by_hand_are_standardised_again():
    matrix = np.array([[0, 0.5, 0.5, 0], [1, 0, 0, 0], [0.5, 0, 0, 0.5], [0, 0, 1, 0]])
    values = pd.Series([1.0, np.nan, 3.0, 7.0], index=list("abcd"))
    found = ag.local_moran(values, graph_of(matrix, list("abcd")), seed=1)
    z = values - values.mean()
    assert found.loc["a", "statistic"] == pytest.approx(z["a"] * z["c"] / (z**2).mean())


def test_one_neighbour_among_twenty_cannot_be_significant():
    """The least two-sided p is 2 / 19: Astana, Almaty, Shymkent."""
    n = 20
    matrix = np.zeros((n, n))
    matrix[np.arange(n), (np.arange(n) + 1) % n] = 1
    values = pd.Series(np.random.default_rng(0).normal(size=n), index=[f"k{i:02d}" for i in range(n)])
    found = ag.local_moran(values, graph_of(matrix, list(values.index)), seed=1, correction="none")
    assert found["p_floor"].to_numpy() == pytest.approx(2 / 19)
    assert (found["cluster"] == "cannot be significant").all()
    greater = ag.local_moran(
        values,
        graph_of(matrix, list(values.index)),
        seed=1,
        correction="none",
        alternative="greater",
        alpha=0.06,
    )
    assert greater["p_floor"].to_numpy() == pytest.approx(1 / 19)
    assert not (greater["cluster"] == "cannot be significant").any()


def test_p_floor_with_ties_counts_every_way_to_the_extreme():
    """Half of the others are ones: two of two neighbours are ones in C(10, 2) of C(19, 2) draws."""
    n = 20
    matrix = np.zeros((n, n))
    for step in (1, 2):
        matrix[np.arange(n), (np.arange(n) + step) % n] = 1
    values = pd.Series(np.arange(n) % 2, index=range(n))
    found = ag.local_moran(values, graph_of(matrix, list(range(n))), seed=1, correction="none")
    assert found.loc[0, "p_floor"] == pytest.approx(2 * math.comb(9, 2) / math.comb(19, 2))


def test_all_equal_values_say_so_without_division_by_zero():
    w = ag.build_neighbours(grid(3))
    values = pd.Series(0.1 + 0.2, index=w.unique_ids)
    for found in (
        ag.local_moran(values, w, seed=1),
        ag.getis_ord(values, w, seed=1),
        ag.local_geary(values, w, seed=1),
    ):
        assert (found["p"] == 1).all()
        assert found["z"].isna().all()
        assert (found["cluster"] == "cannot be significant").all()


def test_a_unit_at_the_mean_has_no_conditional_variance():
    w = ag.build_neighbours(grid(3), rule="rook")
    found = ag.local_moran(pd.Series(range(1, 10), index=w.unique_ids), w, seed=1)
    assert found.loc["u004", "p"] == 1
    assert math.isnan(found.loc["u004", "z"])


def test_all_others_as_neighbours_leave_nothing_to_chance():
    values = pd.Series([3.0, 1, 4, 1.5, 9], index=list("abcde"))
    w = graph_of(1 - np.eye(5), list("abcde"))
    found = ag.local_moran(values, w, seed=1)
    assert (found["p"] == 1).all()
    assert found["z"].isna().all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("links", ["none", "all", "ring"])
def test_few_units(n, links):
    matrix = {"none": np.zeros((n, n)), "all": 1 - np.eye(n)}.get(
        links, np.roll(np.eye(n), 1, axis=1) * (n > 1)
    )
    values = pd.Series(np.arange(n) ** 2.0, index=[f"u{i}" for i in range(n)])
    w = graph_of(np.asarray(matrix, dtype=float), list(values.index))
    for statistic in (ag.local_moran, ag.getis_ord, ag.local_geary, ag.local_moran_median):
        found = statistic(values, w, seed=1)
        assert list(found.index) == list(values.index)
        assert found["p"].dropna().between(0, 1).all()
        if links == "none":
            assert (found["cluster"] == "no neighbours").all()


def test_all_missing():
    w = ag.build_neighbours(grid(2))
    found = ag.local_moran(pd.Series(np.nan, index=w.unique_ids), w, seed=1)
    assert (found["cluster"] == "no data").all()


def test_an_outlier_that_dwarfs_the_rest():
    rng = np.random.default_rng(3)
    values = pd.Series(rng.normal(size=25), index=grid(5).index)
    w = ag.build_neighbours(grid(5))
    plain = ag.getis_ord(values, w, star=False, seed=1, permutations=499, correction="none")
    values.iloc[12] = 1e9
    found = ag.getis_ord(values, w, star=False, seed=1, permutations=499, correction="none")
    far = ["u000", "u004", "u020", "u024"]  # corners: their neighbours are not the outlier
    assert found["p"].notna().all()
    assert plain.loc[far, "p"].between(0, 1).all()
    # The outlier's own others are ordinary: its z is that of its neighbours among them.
    others = values.drop("u012")
    near = others[list(w["u012"].index)]
    mean, sd = others.mean(), others.std(ddof=0)
    expected = (near.mean() - mean) / (sd * math.sqrt((24 / 8 - 1) / 23))
    assert found.loc["u012", "statistic"] == pytest.approx(expected, rel=1e-5)


def test_the_p_of_an_outlier_does_not_feel_its_own_size():
    values = pd.Series(np.random.default_rng(4).normal(size=25), index=grid(5).index)
    w = ag.build_neighbours(grid(5))
    options = {"star": False, "seed": 1, "permutations": 4_999, "correction": "none"}
    for size in (1e6, 1e12, 1e16):
        found = ag.getis_ord(values.where(values.index != "u012", size), w, **options)
        if size == 1e6:
            first = found.loc["u012", "p"]
        assert found.loc["u012", "p"] == first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.drop("u000"), "only in the graph"),
        (lambda v: pd.concat([v, pd.Series([1.0], index=["new"])]), "new"),
        (lambda v: v.replace(3.0, np.inf), "infinite"),
        (lambda v: v.astype(str) + "x", "numbers"),
        (lambda v: pd.concat([v, v.head(1)]), "repeated"),
        (lambda v: v.to_numpy(), "Series"),
    ],
)
def test_bad_values_are_refused(change, words):
    w = ag.build_neighbours(grid(3))
    values = pd.Series(np.arange(9.0), index=w.unique_ids)
    with pytest.raises(ag.AnalysisError, match=words):
        ag.local_moran(change(values), w, seed=1)


def test_both_leftovers_are_named():
    w = ag.build_neighbours(grid(3))
    values = pd.Series(np.arange(9.0), index=[*w.unique_ids[1:], "stranger"])
    with pytest.raises(ag.AnalysisError, match=r"stranger[\s\S]*u000"):
        ag.local_moran(values, w, seed=1)


@pytest.mark.parametrize(
    "options",
    [
        {"alternative": "both"},
        {"correction": "holm"},
        {"alpha": 0},
        {"inference": "guess"},
        {"convention": "arcgis"},
        {"permutations": 0},
    ],
)
def test_unknown_words_are_refused(options):
    w = ag.build_neighbours(grid(3))
    with pytest.raises(ag.AnalysisError):
        ag.local_moran(pd.Series(np.arange(9.0), index=w.unique_ids), w, seed=1, **options)


def test_too_few_permutations_name_the_number_that_could(columbus, queen):
    with pytest.warns(ag.AtlasWarning, match="permutations=1959"):
        ag.local_moran(columbus["CRIME"], queen, seed=1, permutations=99, correction="bonferroni")
    with pytest.warns(ag.AtlasWarning, match="permutations=39"):
        ag.local_moran(columbus["CRIME"], queen, seed=1, permutations=19, correction="none")


def test_suggestive_units_fail_the_correction_alone(columbus, queen):
    found = ag.local_moran(columbus["CRIME"], queen, seed=1)
    raw = (found["p"] <= 0.05) & ~(found["p_adjusted"] <= 0.05)
    assert ((found["suggestive"] != "") == raw).all()
    assert (found.loc[raw, "suggestive"] == found.loc[raw, "quadrant"]).all()
    sure = found["p_adjusted"] <= 0.05
    assert (found.loc[sure, "cluster"] == found.loc[sure, "quadrant"]).all()
    assert (found["p"] >= found["p_floor"] - 1e-15).all()


def test_own_weight_of_gi_star_is_the_largest_of_its_row():
    matrix = np.array([[0, 2.0, 1.0, 0], [2, 0, 0, 3], [1, 0, 0, 1], [0, 3, 1, 0]])
    values = pd.Series([1.0, 4.0, 2.0, 8.0], index=list("abcd"))
    x, weights = values.to_numpy(), matrix[0] + np.array([2.0, 0, 0, 0])
    spread = x.std() * math.sqrt((4 * (weights**2).sum() - weights.sum() ** 2) / 3)
    expected = (weights @ x - weights.sum() * x.mean()) / spread
    found = ag.getis_ord(values, graph_of(matrix, list("abcd")), seed=1)
    assert found.loc["a", "statistic"] == pytest.approx(expected)


def test_negative_weights_turn_the_tails():
    values, matrix, _ = random_case(4, 12, 0.4)
    turned = graph_of(-matrix, list(values.index))
    plain = ag.local_moran(values, graph_of(matrix, list(values.index)), seed=1, permutations=499,
                           alternative="greater", correction="none")  # fmt: skip
    found = ag.local_moran(values, turned, seed=1, permutations=499, alternative="less", correction="none")
    assert found["p"].to_numpy() == pytest.approx(plain["p"].to_numpy(), nan_ok=True)
    assert found["statistic"].to_numpy() == pytest.approx(-plain["statistic"].to_numpy())
