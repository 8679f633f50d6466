"""How far ranks can be trusted: Monte Carlo, Sobol, confidence sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError, DataError, StudyError
from childatlas.layers import LAGGING, LOWEST, MAY_LAG
from childatlas.measures.index import build_index
from childatlas.measures.index_errors import index_errors
from childatlas.measures.noise import normal_noise
from childatlas.measures.ranks import rank_confidence
from childatlas.measures.robustness import explore_index
from childatlas.measures.sobol import sobol_index, sobol_indices
from childatlas.measures.votes import ballot_points

BETTER, WORSE = "higher_is_better", "higher_is_worse"
UNITS = [f"u{i}" for i in range(6)]
TABLE = pd.DataFrame(np.random.default_rng(0).normal(50, 10, (6, 4)).round(2), UNITS, list("abcd"))


def recipe(**more: object) -> dict[str, object]:
    return {
        "levels": [{"id": "index"}, {"id": "component"}],
        "groups": [{"id": "one", "level": "component"}, {"id": "two", "level": "component"}],
        "indicators": [
            {"id": i, "parent": "one" if i in "ab" else "two", "direction": BETTER if i in "ac" else WORSE}
            for i in "abcd"
        ],
        **more,
    }


def explore(choices: dict[str, object], **more: object) -> object:
    return explore_index(TABLE, recipe(), seed=1, draws=400, choices=choices, **more)  # type: ignore[arg-type]


def test_every_alternative_is_that_very_recipe() -> None:
    """Draws of a discrete choice equal the index that `build_index` makes with it."""
    plans = ["min-max", "percentile-rank", {"method": "z-score"}]
    found = explore({"normalisation": plans[1:], "leave_out": True})
    leaves = ["a", "b", "c", "d"]
    for draw in range(60):
        row = found.draws.iloc[draw]
        kept = [
            i
            for i in recipe()["indicators"]
            if row["leave_out"] == 0 or i["id"] != leaves[int(row["leave_out"]) - 1]
        ]  # type: ignore[attr-defined]
        own = build_index(TABLE, recipe(normalisation=plans[int(row["normalisation"])], indicators=kept))
        np.testing.assert_allclose(found.score_draws[draw], own.scores, rtol=1e-9)


def test_a_component_that_lost_its_only_indicator_takes_no_part() -> None:
    lone = recipe()
    lone["indicators"] = lone["indicators"][:3]  # type: ignore[index]
    found = explore_index(TABLE, lone, seed=1, draws=300, choices={"leave_out": True})
    without = found.draws.index[found.draws["leave_out"] == 3]
    assert len(without) > 0
    bare = [{k: v for k, v in i.items() if k != "parent"} for i in lone["indicators"][:2]]  # type: ignore[index]
    alone = build_index(TABLE, {"indicators": bare})  # type: ignore[index]
    np.testing.assert_allclose(found.score_draws[without[0]], alone.scores)


def test_multiplicative_means_start_above_zero() -> None:
    found = explore({"aggregation": ["geometric"]})
    drawn = found.draws.index[found.draws["aggregation"] == 1][0]
    own = build_index(
        TABLE,
        recipe(
            levels=[{"id": x, "aggregation": "geometric"} for x in ("index", "component")],
            normalisation={"method": "min-max", "scale": [1, 100]},
        ),
    )
    np.testing.assert_allclose(found.score_draws[drawn], own.scores)


def test_weights_vary_within_their_declared_width() -> None:
    two = {"indicators": [{"id": "a", "direction": BETTER}, {"id": "c", "direction": BETTER}]}
    extremes = pd.DataFrame({"a": [0.0, 1.0, 0.5], "c": [1.0, 0.0, 0.5]}, index=list("xyz"))
    found = explore_index(extremes, two, seed=1, draws=2_000, choices={"weights": {"indicator": 0.5}})
    share = found.score_draws[:, 1] / 100  # weight of a: w1 / (w1 + w2), both from 0.5 to 1.5
    assert share.min() >= 0.25
    assert share.max() <= 0.75
    assert share.min() < 0.3
    np.testing.assert_allclose(found.score_draws[:, 2], 50)


def test_summaries_of_the_draws() -> None:
    found = explore({"weights": {"indicator": 0.9}})
    table = found.ranks
    nominal = build_index(TABLE, recipe()).ranks
    assert (table["rank"] == nominal).all()
    assert ((table["low"] <= table["median"]) & (table["median"] <= table["high"])).all()
    np.testing.assert_allclose(found.distribution.sum(axis=1), 1)
    np.testing.assert_allclose(found.distribution[1], table["bottom_fifth"])  # a fifth of six units is one
    assert found.mean_shift == pytest.approx(found.draws["mean_shift"].mean())
    again = explore({"weights": {"indicator": 0.9}})
    np.testing.assert_array_equal(found.score_draws, again.score_draws)


def test_figures_are_drawn_from_their_errors() -> None:
    fixed = recipe(normalisation={"method": "goalposts", "low": 0, "high": 100, "clip": False})
    errors = pd.DataFrame(3.0, TABLE.index, TABLE.columns)
    found = index_errors(TABLE, errors, fixed, seed=1, draws=4_000)
    np.testing.assert_allclose(found.se, 3 / 2, rtol=0.06)  # the mean of four independent figures
    errors.loc["u0", "a"] = np.nan
    partly = index_errors(TABLE, errors, fixed, seed=1, draws=200)
    assert partly.se.isna().tolist() == [True] + [False] * 5
    with pytest.raises(DataError, match="negative"):
        index_errors(TABLE, -errors, fixed, seed=1)


def test_ballots_are_drawn_again() -> None:
    votes = ballot_points(pd.DataFrame({"vote": ["one"] * 30 + ["two"] * 10}), kind="choice")
    found = explore({"ballots": True}, ballots=votes)
    parts = build_index(TABLE, recipe()).levels["component"]
    share = (found.score_draws[:, 0] - parts.loc["u0", "two"]) / (
        parts.loc["u0", "one"] - parts.loc["u0", "two"]
    )
    assert share.mean() == pytest.approx(0.75, abs=0.02)
    assert share.std() == pytest.approx((0.75 * 0.25 / 40) ** 0.5, rel=0.15)


@pytest.mark.parametrize(
    ("choices", "error", "said"),
    [
        ({}, StudyError, "nothing is open"),
        ({"weights": {"componnent": 0.2}}, StudyError, "component"),
        ({"aggregation": ["geometric"], "aggregation_levels": ["area"]}, StudyError, "unknown level"),
        ({"figures": True}, AnalysisError, "no standard errors"),
        ({"ballots": True}, AnalysisError, "there are none"),
        ({"weights": {"indicator": 2}}, StudyError, "less than or equal to 1"),
    ],
)
def test_choices_that_cannot_be_explored_are_refused(
    choices: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        explore(choices)


def ishigami(u: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobol_of_the_ishigami_function() -> None:
    # a = 7, b = 0.1: V1 = (1 + b pi^4/5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225 and nothing else
    v1, v2, v13 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
    variance = v1 + v2 + v13
    found = sobol_indices(ishigami, ["x1", "x2", "x3"], seed=1, base=8_192)
    table = found.of("output")
    np.testing.assert_allclose(table["first"], [v1 / variance, v2 / variance, 0], atol=0.015)
    np.testing.assert_allclose(
        table["total"], [(v1 + v13) / variance, v2 / variance, v13 / variance], atol=0.015
    )
    assert found.variance["output"] == pytest.approx(variance, rel=0.01)
    assert found.evaluations == 8_192 * 5
    exact = {
        "first": [v1 / variance, v2 / variance, 0.0],
        "total": [(v1 + v13) / variance, v2 / variance, v13 / variance],
    }
    for kind, values in exact.items():
        assert (table[f"{kind}_low"] <= np.array(values) + 0.005).all()
        assert (table[f"{kind}_high"] >= np.array(values) - 0.005).all()


def test_sobol_of_a_sum_and_of_a_constant() -> None:
    found = sobol_indices(lambda u: u @ np.array([1.0, 2.0, 0.0]), ["a", "b", "c"], seed=2, base=1_024).of(
        "output"
    )
    np.testing.assert_allclose(found["first"], [0.2, 0.8, 0], atol=0.02)
    np.testing.assert_allclose(found["total"], [0.2, 0.8, 0], atol=0.02)
    flat = sobol_indices(lambda u: np.ones(len(u)), ["a"], seed=2, base=64).of("output")
    assert (flat == 0).all(axis=None)
    with pytest.raises(AnalysisError, match="power of two"):
        sobol_indices(ishigami, ["a"], seed=1, base=100)


def test_sensitivity_of_an_index_finds_the_choice_that_matters() -> None:
    choices = {"weights": {"indicator": 0.01}, "normalisation": ["percentile-rank"], "leave_out": True}
    table = sobol_index(TABLE, recipe(), seed=1, base=256, choices=choices).of()
    assert table["total"].idxmin() == "weights:indicator"
    assert set(table.index) == {"weights:indicator", "normalisation", "leave_out"}


def ranks(estimates: list[float], se: list[float] | float | None, **more: object) -> pd.DataFrame:
    values = pd.Series(estimates, index=[f"u{i}" for i in range(len(estimates))])
    errors = None if se is None else pd.Series(se, index=values.index)
    found = rank_confidence(values, errors, direction=WORSE, seed=1, **more)  # type: ignore[arg-type]
    return found.table


def test_well_separated_units_have_their_rank_alone() -> None:
    table = ranks([40, 30, 20, 10], 0.5, worst=1)
    assert table["low_all"].tolist() == table["high_all"].tolist() == [1, 2, 3, 4]
    assert table["word"].tolist() == [LAGGING, "", "", ""]


def test_two_that_cannot_be_told_apart_share_their_set() -> None:
    table = ranks([40, 39.9, 20, 10], 1.0, worst=1)
    assert table[["low_all", "high_all"]].to_numpy().tolist() == [[1, 2], [1, 2], [3, 3], [4, 4]]
    assert table["word"].tolist() == [MAY_LAG, MAY_LAG, "", ""]
    both = ranks([40, 39.9, 20, 10], 1.0, worst=2)
    assert both["word"].tolist() == [LAGGING, LAGGING, "", ""]


def test_the_marginal_set_lies_in_the_simultaneous_one() -> None:
    values = list(np.random.default_rng(5).normal(0, 2, 12))
    table = ranks(values, 1.0)
    assert (table["low"] >= table["low_all"]).all()
    assert (table["high"] <= table["high_all"]).all()
    assert table["rank"].between(table["low"], table["high"]).all()


def test_figures_without_errors_get_neither_word() -> None:
    table = ranks([4, 3, 2, 1], None, worst=2)
    assert table["word"].tolist() == [LOWEST, LOWEST, "", ""]
    assert table["low_all"].eq(1).all()
    mixed = ranks([40, 30, 20, 10], [np.nan, 0.1, 0.1, 0.1], worst=1)
    assert mixed["word"].tolist() == [LOWEST, MAY_LAG, "", ""]
    assert mixed.loc["u3", ["low_all", "high_all"]].tolist() == [3, 4]  # u0 may stand anywhere


def test_exact_figures_have_exact_ranks_and_missing_ones_none() -> None:
    table = ranks([3, 3, 1, np.nan], 0.0, worst=1)
    assert table["low_all"].tolist()[:3] == [1, 1, 3]
    assert table["high_all"].tolist()[:3] == [3, 3, 3] or table["high_all"].tolist()[:3] == [2, 2, 3]
    assert np.isnan(table["low_all"].iloc[3])
    assert table["word"].iloc[3] == ""


def test_covariance_tightens_the_sets_of_correlated_scores() -> None:
    values = pd.Series([3.0, 2.0, 1.0], index=list("abc"))
    shared = pd.DataFrame(1.0, list("abc"), list("abc")) + 0.01 * np.eye(3)
    apart = rank_confidence(values, None, direction=WORSE, seed=1, covariance=shared).table
    loose = rank_confidence(values, pd.Series(1.005, index=list("abc")), direction=WORSE, seed=1).table
    assert apart["high_all"].tolist() == [1, 2, 3]
    assert loose["high_all"].iloc[0] == 3


def test_nonsense_is_refused() -> None:
    with pytest.raises(DataError, match="negative"):
        ranks([1, 2], -1.0)
    with pytest.raises(AnalysisError, match="worst k"):
        ranks([1, 2], 1.0, worst=3)


def test_one_unit_has_no_word() -> None:
    assert ranks([5.0], 1.0)["word"].tolist() == [""]


@pytest.mark.prove
@pytest.mark.parametrize(
    "theta", [np.zeros(10), np.arange(10) * 1.0, np.repeat([0.0, 1.5], 5)], ids=["ties", "ladder", "steps"]
)
def test_rank_sets_cover_as_often_as_they_say(theta: np.ndarray) -> None:
    rng, runs, hits, single = np.random.default_rng(11), 1_000, 0, 0.0
    best = 1 + (theta[None, :] > theta[:, None]).sum(
        axis=1
    )  # the rank of Mogstad et al.: ties at their least
    for run in range(runs):
        found = rank_confidence(
            pd.Series(theta + rng.normal(size=10)), pd.Series(np.ones(10)), direction=WORSE, seed=run
        ).table
        hits += int(((found["low_all"] <= best) & (best <= found["high_all"])).all())
        single += float(((found["low"] <= best) & (best <= found["high"])).mean())
    error = (0.95 * 0.05 / runs) ** 0.5
    assert hits / runs >= 0.95 - 2 * error
    assert single / runs >= 0.95 - 2 * error


def test_a_draw_has_its_own_normal_numbers_whatever_stands_beside_it() -> None:
    several = normal_noise(5, np.array([0, 3, 7]), 1_001)
    np.testing.assert_array_equal(several[1], normal_noise(5, np.array([3]), 1_001)[0])
    assert not np.array_equal(several[0], several[1])
    assert not np.array_equal(several, normal_noise(6, np.array([0, 3, 7]), 1_001))
    many = normal_noise(1, np.arange(200), 5_000).astype(float)
    assert abs(many.mean()) < 4 / np.sqrt(many.size)
    assert many.var() == pytest.approx(1, abs=6 / np.sqrt(many.size))
    shares = [(np.abs(many) > z).mean() for z in (1.0, 1.959964, 2.575829)]
    assert shares == pytest.approx([0.317311, 0.05, 0.01], abs=2e-3)
    assert abs(np.corrcoef(many[:2])[0, 1]) < 0.07


def test_sobol_refuses_points_where_nobody_has_a_score() -> None:
    table = pd.DataFrame({"x": [1.0, 2, 3], "y": [3.0, np.nan, np.nan]})
    one = {"indicators": [{"id": "x", "direction": "higher_is_better"}]}
    with pytest.raises(AnalysisError, match="undefined at some points"):
        sobol_index(table, one, seed=1, base=16, choices={"leave_out": True, "weights": {"indicator": 0.2}})


def test_sobol_takes_a_unit_without_a_score_as_the_middle() -> None:
    table = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [3.0, 1, 4, np.nan]})
    recipe = {
        "levels": [{"id": "index", "least_coverage": 0.6}],
        "indicators": [
            {"id": "x", "direction": "higher_is_better", "weight": 2.0},
            {"id": "y", "direction": "higher_is_better"},
        ],
    }
    found = sobol_index(
        table, recipe, seed=1, base=64, choices={"leave_out": True, "weights": {"indicator": 0.9}}
    )
    assert np.isfinite(found.indices.to_numpy()).all()


def test_no_choice_leaves_a_unit_without_a_score() -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(50, 10, (12, 4)), columns=list("abcd"))
    recipe = {"indicators": [{"id": i, "direction": "higher_is_better"} for i in "abcd"]}
    choices = {
        "normalisation": ["min-max", "z-score", "rank", "borda", "percentile-rank", "ratio-to-best"],
        "aggregation": ["geometric", "harmonic", {"method": "generalised", "power": -2}, "mazziotta-pareto"],
    }
    found = explore_index(table, recipe, seed=1, draws=600, choices=choices)
    assert (found.ranks["undefined"] == 0).all()


def test_nobody_to_rank_is_an_empty_answer() -> None:
    found = rank_confidence(pd.Series([np.nan, np.nan]), direction="higher_is_better", seed=1)
    assert found.table["word"].tolist() == ["", ""]
    assert found.table["rank"].isna().all()
    assert found.possible == []
