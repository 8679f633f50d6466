"""Emerging hotspots: scores against esda and a brute-force sum, references, gaps, short series, notes."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import lat2W

from atlasgeo.bins import REFERENCES, space_time_scores
from atlasgeo.errors import AnalysisError, AtlasWarning, DataError
from atlasgeo.hotspots import getis_ord
from atlasgeo.spacetime import emerging_hotspots


@pytest.fixture(scope="module")
def grid() -> Graph:
    return Graph.from_W(lat2W(8, 8, rook=False))


@pytest.fixture(scope="module")
def cube() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.normal(size=(64, 10)), columns=range(2010, 2020))
    values.loc[[0, 1, 2, 8, 9, 10, 16, 17, 18]] += np.linspace(1.5, 6, 10)
    return values


def _brute(values: pd.DataFrame, w: Graph, back: int, reference: str) -> pd.DataFrame:
    out = pd.DataFrame(np.nan, index=values.index, columns=values.columns)
    for t, step in enumerate(values.columns):
        first = max(t - back, 0)
        window = {
            "entire cube": values,
            "neighbourhood time step": values.iloc[:, first : t + 1],
            "individual time step": values.iloc[:, [t]],
        }[reference]
        pool = window.to_numpy().ravel()
        pool = pool[~np.isnan(pool)]
        for unit in values.index:
            if np.isnan(values.loc[unit, step]):
                continue
            members = [unit, *w[unit].index]
            around = values.loc[members].iloc[:, first : t + 1].to_numpy().ravel()
            around = around[~np.isnan(around)]
            k, n = len(around), len(pool)
            width = pool.std() * np.sqrt((n * k - k * k) / (n - 1))
            out.loc[unit, step] = (around.sum() - k * pool.mean()) / width
    return out


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("back", [0, 1, 2])
def test_scores_equal_a_brute_force_sum(grid: Graph, cube: pd.DataFrame, reference: str, back: int) -> None:
    holes = cube.copy()
    holes.iloc[[3, 20, 41], [2, 5, 9]] = np.nan
    scores = space_time_scores(holes, grid, reference=reference, time_steps=back)
    np.testing.assert_allclose(scores, _brute(holes, grid, back, reference), rtol=1e-9, atol=1e-9)


def test_one_step_alone_equals_esda(grid: Graph, cube: pd.DataFrame) -> None:
    from esda.getisord import G_Local

    scores = space_time_scores(cube, grid, reference="individual time step", time_steps=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = G_Local(cube[2012].to_numpy(), grid.to_W(), transform="B", star=True, permutations=0).Zs
    np.testing.assert_allclose(scores[2012], peer, atol=1e-9)


def test_a_planted_spot_that_grows_is_found(grid: Graph, cube: pd.DataFrame) -> None:
    found = emerging_hotspots(cube, grid)
    centre = found.patterns.loc[9]
    assert centre["pattern"] == "intensifying hot spot"
    assert centre["trend"] == "rising"
    assert centre["trend_z"] == pytest.approx(3.93548, abs=1e-5)
    assert found.patterns.loc[63, "pattern"] == "no pattern"
    assert found.notes == ()
    mirror = emerging_hotspots(-cube, grid)
    assert mirror.patterns.loc[9, "pattern"] == "intensifying cold spot"
    rising = cube.copy()
    rising.loc[[0, 1, 2, 8, 9, 10, 16, 17, 18]] += np.linspace(-6, -1.5, 10) - np.linspace(1.5, 6, 10)
    assert emerging_hotspots(rising, grid).patterns.loc[9, "pattern"] == "diminishing cold spot"


def test_order_of_units_and_weights_do_not_matter(grid: Graph, cube: pd.DataFrame) -> None:
    found = emerging_hotspots(cube, grid)
    mixed = cube.sample(frac=1, random_state=3)
    again = emerging_hotspots(mixed, grid.transform("R"))
    pd.testing.assert_frame_equal(again.scores.loc[cube.index], found.scores)
    pd.testing.assert_frame_equal(again.patterns.loc[cube.index], found.patterns)
    scaled = emerging_hotspots(cube * 7 + 100, grid)
    pd.testing.assert_frame_equal(scaled.patterns[["pattern"]], found.patterns[["pattern"]])


def test_short_series_have_no_trend_and_say_so(grid: Graph, cube: pd.DataFrame) -> None:
    short = cube[[2010, 2014, 2018, 2019]] + 0.0
    short.iloc[5] = np.nan
    short.iloc[9, 3] = np.nan
    found = emerging_hotspots(short, grid)
    assert set(found.patterns["trend"]) == {"unavailable"}
    assert not found.patterns["pattern"].str.contains("intensifying|diminishing").any()
    assert found.patterns.loc[5, "pattern"] == "no data"
    assert found.patterns.loc[9, "last_step"] == 2018
    assert (found.labels.loc[5] == "no data").all()
    assert any("fewer than 5" in note and "intensifying and diminishing" in note for note in found.notes)
    assert any("latest observed step" in note for note in found.notes)


def test_a_gap_in_time_cuts_the_neighbourhood(grid: Graph, cube: pd.DataFrame) -> None:
    uneven = cube[[2010, 2011, 2019]]
    cut = space_time_scores(uneven, grid, max_gap=3)
    alone = space_time_scores(uneven, grid, time_steps=0)
    both = space_time_scores(uneven, grid)
    pd.testing.assert_series_equal(cut[2019], alone[2019])
    pd.testing.assert_series_equal(cut[2011], both[2011])
    assert not np.allclose(both[2019], alone[2019])


def test_all_equal_and_one_step(rook: Graph, one_to_nine: pd.Series) -> None:
    flat = pd.DataFrame(3.0, index=one_to_nine.index, columns=range(6))
    found = emerging_hotspots(flat, rook)
    assert found.scores.isna().all(axis=None)
    assert set(found.patterns["pattern"]) == {"no pattern"}
    assert set(found.labels.to_numpy().ravel()) == {"not significant"}
    single = emerging_hotspots(one_to_nine.to_frame(2020), rook, correction="none")
    assert set(single.labels[2020]) <= {"hot spot", "cold spot", "not significant"}


def test_an_island_is_its_own_past(one_to_nine: pd.Series) -> None:
    alone = Graph.from_arrays(one_to_nine.index, one_to_nine.index, np.zeros(9))
    values = pd.DataFrame({2010: one_to_nine, 2011: one_to_nine})
    now = emerging_hotspots(values, alone, time_steps=0)
    assert set(now.labels.to_numpy().ravel()) == {"no neighbours"}
    assert emerging_hotspots(values, alone).scores[2011].notna().all()


def test_refusals(grid: Graph, cube: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="rise"):
        emerging_hotspots(cube[[2011, 2010]], grid)
    with pytest.raises(AnalysisError, match="unknown reference"):
        emerging_hotspots(cube, grid, reference="cube")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="time_steps"):
        emerging_hotspots(cube, grid, time_steps=-1)
    with pytest.raises(AnalysisError):
        emerging_hotspots(cube.iloc[1:], grid)
    with pytest.raises(DataError, match="infinite"):
        emerging_hotspots(cube.replace(cube.iloc[0, 0], np.inf), grid)
    with pytest.raises(AnalysisError, match="numeric"):
        emerging_hotspots(cube.rename(columns=str), grid, max_gap=2)


@pytest.mark.prove
def test_false_bins_under_no_pattern(grid: Graph) -> None:
    rng = np.random.default_rng(5)
    any_found = [
        bool(
            (emerging_hotspots(pd.DataFrame(rng.normal(size=(64, 8))), grid).p_adjusted <= 0.05).any(
                axis=None
            )
        )
        for _ in range(200)
    ]
    print(f"maps of pure chance with any significant bin at FDR 0.05: {np.mean(any_found):.3f}")
    assert np.mean(any_found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_permutation_of_one_step_is_that_of_getis_ord(grid: Graph, cube: pd.DataFrame) -> None:
    options = {"seed": 3, "permutations": 999, "inference": "permutation"}
    found = emerging_hotspots(
        cube, grid, reference="individual time step", time_steps=0, correction="none", **options
    )
    for step in (2010, 2019):
        alone = getis_ord(cube[step], grid, seed=3, permutations=999, correction="none")
        np.testing.assert_array_equal(found.p[step], alone["p"])


@pytest.mark.parametrize("reference", ["entire cube", "neighbourhood time step"])
def test_permutation_over_steps_by_brute_force(rook: Graph, reference: str) -> None:
    rng = np.random.default_rng(8)
    values = pd.DataFrame(rng.gamma(1.0, size=(9, 3)), index=rook.unique_ids, columns=[1, 2, 3])
    values.iloc[4, 1] = np.nan
    found = emerging_hotspots(
        values, rook, reference=reference, inference="permutation", permutations=4_999, seed=1
    )
    numbers = values.to_numpy()
    for place, unit in enumerate(values.index):
        for column in range(3):
            if np.isnan(numbers[place, column]):
                assert np.isnan(found.p.iloc[place, column])
                continue
            held = range(3) if reference == "entire cube" else range(max(column - 1, 0), column + 1)
            pool = [numbers[i, t] for t in held for i in range(9) if (i, t) != (place, column)]
            pool = np.array(pool)[~np.isnan(pool)]
            members = [
                (values.index.get_loc(u), t) for t in {max(column - 1, 0), column} for u in rook[unit].index
            ]
            members += [(place, column - 1)] if column else []
            around = np.array([numbers[m] for m in members])
            around = around[~np.isnan(around)]
            sums = np.array([rng.choice(pool, around.size, replace=False).sum() for _ in range(2_000)])
            high, low = (sums >= around.sum() - 1e-9).mean(), (sums <= around.sum() + 1e-9).mean()
            brute = min(1.0, 2 * min(high, low))
            noise = 2 * np.sqrt(max(brute / 2 * (1 - brute / 2), 1e-3) * (1 / 2_000 + 1 / 4_999))
            assert abs(found.p.iloc[place, column] - brute) < 4.5 * noise


def test_permutation_needs_a_seed_and_a_reference_to_draw_from(grid: Graph, cube: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="seed"):
        emerging_hotspots(cube, grid, inference="permutation")
    with pytest.raises(AnalysisError, match="reference"):
        emerging_hotspots(
            cube, grid, reference="individual time step", inference="permutation", permutations=99, seed=1
        )
    with pytest.warns(AtlasWarning, match="permutations="):
        emerging_hotspots(cube, grid, inference="permutation", permutations=19, seed=1)
