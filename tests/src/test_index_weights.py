"""Weights from data, experts and voters, by hand on small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError, DataError, StudyError
from childatlas.measures.judgement import ahp_weights, budget_weights
from childatlas.measures.votes import ballot_points, vote_weights
from childatlas.measures.weights import (
    check_weights,
    critic_weights,
    entropy_weights,
    influence_weights,
    pca_weights,
)

PARTS = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, 3], "c": [5.0, 5, 5, 5]})


def test_entropy_by_hand() -> None:
    def information(x: list[float]) -> float:
        p = np.array(x) / sum(x)
        return 1 + float((p * np.log(p)).sum()) / np.log(4)

    raw = np.array([information([1, 2, 3, 4]), information([2, 1, 4, 3]), 0.0])
    np.testing.assert_allclose(entropy_weights(PARTS), raw / raw.sum(), atol=1e-12)
    assert entropy_weights(PARTS)["a"] == pytest.approx(0.5)
    with pytest.raises(AnalysisError, match="part a"):
        entropy_weights(PARTS - 3)


def test_critic_by_hand() -> None:
    # r(a, b) = 0.6, sd equal: both 1.29 x 0.4; a constant part gets nothing
    np.testing.assert_allclose(critic_weights(PARTS), [0.5, 0.5, 0.0], atol=1e-12)
    wide = PARTS.assign(b=3 * PARTS["b"])[["a", "b"]]
    np.testing.assert_allclose(critic_weights(wide), [0.25, 0.75], atol=1e-12)


def test_pca_gives_equal_weights_to_two_and_none_to_a_constant() -> None:
    np.testing.assert_allclose(pca_weights(PARTS), [0.5, 0.5, 0.0], atol=1e-12)
    rng = np.random.default_rng(1)
    f = rng.normal(size=200)
    loose = pd.DataFrame({"x": f, "y": f + 0.1 * rng.normal(size=200), "z": rng.normal(size=200)})
    assert pca_weights(loose)["z"] < 0.05


def test_equal_influence_is_reached_where_it_can_be() -> None:
    rng = np.random.default_rng(2)
    parts = pd.DataFrame(rng.normal(size=(60, 3)) * [1, 4, 2] + 20, columns=list("abc"))
    fit = influence_weights(parts)
    np.testing.assert_allclose(fit.influence, 1 / 3, atol=1e-3)
    assert fit.gap < 1e-3
    assert fit.weights["a"] > fit.weights["b"]
    aimed = influence_weights(parts, target=pd.Series({"a": 2.0, "b": 1, "c": 1}))
    np.testing.assert_allclose(aimed.influence, [0.5, 0.25, 0.25], atol=1e-3)


@pytest.mark.parametrize("bad", [[-1.0, 2], [0.0, 0], [np.nan, 1], [np.inf, 1]])
def test_weights_that_cannot_be_used_are_refused(bad: list[float]) -> None:
    with pytest.raises(StudyError):
        check_weights(pd.Series(bad, index=["a", "b"]))
    assert check_weights(pd.Series([1.0, 3.0])).tolist() == [0.25, 0.75]


def test_budget_allocation_and_kendalls_w() -> None:
    points = pd.DataFrame([[50, 30, 20], [70, 20, 10]], columns=list("abc"), index=["first", "second"])
    found = budget_weights(points)
    np.testing.assert_allclose(found.weights["weight"], [0.6, 0.25, 0.15])
    assert found.agreement == pytest.approx(1.0)
    assert budget_weights(
        pd.DataFrame([[50, 30, 20], [20, 30, 50]], columns=list("abc"))
    ).agreement == pytest.approx(0)
    with pytest.raises(DataError, match="whole budget"):
        budget_weights(points + 1)
    with pytest.raises(DataError, match="expert first"):
        budget_weights(points.mask(points == 50, -50))


def reciprocal(upper: dict[tuple[int, int], float], n: int) -> pd.DataFrame:
    matrix = np.eye(n)
    for (i, j), value in upper.items():
        matrix[i, j], matrix[j, i] = value, 1 / value
    names = list("abcdef"[:n])
    return pd.DataFrame(matrix, names, names)


def test_ahp_of_a_consistent_judge_returns_the_weights() -> None:
    found = ahp_weights(reciprocal({(0, 1): 2, (0, 2): 6, (1, 2): 3}, 3))
    np.testing.assert_allclose(found.weights, [0.6, 0.3, 0.1])
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)


def test_ahp_of_an_inconsistent_judge() -> None:
    # a > b by 3, b > c by 3, and yet c > a by 3: lambda = 1 + 3 + 1/3, CI = (13/3 - 3) / 2
    found = ahp_weights(reciprocal({(0, 1): 3, (0, 2): 1 / 3, (1, 2): 3}, 3))
    np.testing.assert_allclose(found.weights, 1 / 3)
    assert found.greatest_eigenvalue == pytest.approx(13 / 3)
    assert found.consistency_ratio == pytest.approx((2 / 3) / 0.58)
    assert not found.consistent
    judges = [
        reciprocal({(0, 1): 4, (0, 2): 4, (1, 2): 1}, 3),
        reciprocal({(0, 1): 1, (0, 2): 1, (1, 2): 1}, 3),
    ]
    np.testing.assert_allclose(ahp_weights(judges).weights, [0.5, 0.25, 0.25])
    with pytest.raises(DataError, match="reciprocal"):
        ahp_weights(reciprocal({(0, 1): 2}, 2).replace(0.5, 0.9))


def test_points_of_each_kind_of_ballot() -> None:
    choice = ballot_points(pd.DataFrame({"vote": ["x", "y", "x", None]}), kind="choice")
    assert choice.dropna().mean().to_dict() == pytest.approx({"x": 2 / 3, "y": 1 / 3})
    approval = ballot_points(pd.DataFrame({"x": [1, 1], "y": [1, 0]}), kind="approval")
    assert approval.to_numpy().tolist() == [[0.5, 0.5], [1, 0]]
    points = ballot_points(pd.DataFrame({"x": [30, 0], "y": [10, None]}), kind="points")
    assert points.iloc[0].tolist() == [0.75, 0.25]
    assert points.iloc[1].isna().all()
    ranking = ballot_points(pd.DataFrame({"x": [1], "y": [2], "z": [None]}), kind="ranking")
    assert ranking.iloc[0].tolist() == pytest.approx([3 / 5, 2 / 5, 0])
    for kind, cell in (("approval", 2), ("points", -1), ("ranking", 5), ("points", "many")):
        with pytest.raises(DataError, match="ballot 0, option x"):
            ballot_points(pd.DataFrame({"x": [cell], "y": [1]}), kind=kind)  # type: ignore[arg-type]


def test_votes_become_weights_with_bootstrap_errors_and_group_differences() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    town = rng.random(n) < 0.5
    vote = np.where(rng.random(n) < np.where(town, 0.7, 0.3), "health", "school")
    groups = pd.Series(np.where(town, "urban", "rural"))
    found = vote_weights(pd.DataFrame({"vote": vote}), kind="choice", seed=1, groups=groups)
    share = (vote == "health").mean()
    assert found.weights.loc["health", "weight"] == pytest.approx(share)
    assert found.weights["weight"].sum() == pytest.approx(1)
    assert found.weights.loc["health", "se"] == pytest.approx((share * (1 - share) / n) ** 0.5, rel=0.1)
    row = found.groups.set_index(["group", "option"]).loc[("urban", "health")]
    assert row["difference"] == pytest.approx(0.4, abs=0.05)
    assert row["p_adjusted"] < 1e-6
    assert found.counted == n
    balanced = vote_weights(
        pd.DataFrame({"vote": vote}),
        kind="choice",
        seed=1,
        groups=groups,
        population=pd.Series({"urban": 1.0, "rural": 3.0}),
    )
    own = pd.Series(vote == "health").groupby(groups).mean()
    assert balanced.weights.loc["health", "weight"] == pytest.approx(
        0.25 * own["urban"] + 0.75 * own["rural"]
    )


def test_many_kinds_of_ballots_are_drawn_by_index_with_the_same_errors() -> None:
    raw = pd.DataFrame(np.random.default_rng(4).dirichlet([1, 2, 3], 3_000), columns=list("abc"))
    found = vote_weights(raw, kind="points", seed=1, draws=800)
    np.testing.assert_allclose(found.weights["se"], raw.std() / 3_000**0.5, rtol=0.12)
    again = vote_weights(raw, kind="points", seed=1, draws=800)
    pd.testing.assert_frame_equal(found.weights, again.weights)


def test_a_kind_of_ballot_that_is_not_known_is_refused() -> None:
    with pytest.raises(StudyError, match="unknown kind"):
        ballot_points(pd.DataFrame({"a": [1]}), kind="shout")  # type: ignore[arg-type] # the point of the test
