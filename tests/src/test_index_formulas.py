"""Normalisation, treatment and aggregation against numbers worked by hand and published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from childatlas.measures.aggregate import aggregate, compensation
from childatlas.measures.normalise import fixed_reference, normalise, rank_least
from childatlas.measures.recipe_parts import Aggregation, Normalisation, Treatment
from childatlas.measures.treatment import learn_treatment, shape_of

UNIT = (0.0, 1.0)
X = np.array([10.0, 20.0, 30.0, 60.0])


def how(method: str, **more: object) -> Normalisation:
    return Normalisation.model_validate({"method": method, **more})


def check(found: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("plan", "up", "down"),
    [
        (how("min-max", scale=UNIT), [0, 0.2, 0.4, 1], [1, 0.8, 0.6, 0]),
        (how("min-max", scale=(1, 100)), [1, 20.8, 40.6, 100], [100, 80.2, 60.4, 1]),
        (how("rank"), [1, 2, 3, 4], [4, 3, 2, 1]),
        (how("borda"), [0, 1, 2, 3], [3, 2, 1, 0]),
        (how("percentile-rank", scale=UNIT), [0, 1 / 3, 2 / 3, 1], [1, 2 / 3, 1 / 3, 0]),
        (how("goalposts", low=20, high=40, scale=UNIT), [0, 0, 0.5, 1], [1, 1, 0.5, 0]),
        (how("goalposts", low=20, high=40, clip=False, scale=UNIT), [-0.5, 0, 0.5, 2], [1.5, 1, 0.5, -1]),
        (how("distance-to-best", scale=UNIT), [0, 0.2, 0.4, 1], [1, 0.8, 0.6, 0]),
        (how("ratio-to-best", scale=UNIT), [1 / 6, 1 / 3, 0.5, 1], [1, 0.5, 1 / 3, 1 / 6]),
        # towards 50 from the least 10: (x - 10) / 40; downwards to 20 from the greatest 60: (60 - x) / 40
        (how("distance-to-target", target=50, scale=UNIT), [0, 0.25, 0.5, 1.25], [5, 4, 3, 0]),
        (how("none"), [10, 20, 30, 60], [-10, -20, -30, -60]),
    ],
)
def test_each_normalisation_by_hand(plan: Normalisation, up: list[float], down: list[float]) -> None:
    check(normalise(X, plan), up)
    check(normalise(X, plan, sign=-1.0), down)


def test_z_score_has_the_sample_deviation() -> None:
    # mean 30, deviations -20 -10 0 30, squares 400 100 0 900, variance 1400 / 3
    sd = (1400 / 3) ** 0.5
    check(normalise(X, how("z-score")), [-20 / sd, -10 / sd, 0, 30 / sd])
    check(
        normalise(X, how("z-score", centre=100, spread=10)),
        [100 - 200 / sd, 100 - 100 / sd, 100, 100 + 300 / sd],
    )
    check(normalise(X, how("z-score", mean=10, sd=10)), [0, 1, 2, 5])


def test_numbers_of_independent_tools() -> None:
    check(normalise(np.array([1.0]), how("goalposts", low=0, high=10, scale=UNIT)), [0.1])
    check(normalise(np.array([0.0, 5, 11]), how("distance-to-target", target=10, scale=UNIT)), [0, 0.5, 1.1])
    ties = np.array([3.0, 1, 2, 2])
    check(normalise(ties, how("percentile-rank", scale=UNIT)), [1, 0, 1 / 3, 1 / 3])
    check(normalise(ties, how("borda")), [3, 0, 1, 1])
    check(normalise(np.array([3.0, 1, 4, 1, 5]), how("percentile-rank", scale=UNIT)), [0.5, 0, 0.75, 0, 1])
    ten = normalise(np.arange(1.0, 11), how("exponential-rank"))
    np.testing.assert_allclose(ten[[0, 4, 8, 9]], [2.39026, 15.64679, 50.426654, 100], atol=5e-6)


def test_missing_values_stay_missing_and_take_no_part() -> None:
    gap = np.array([10.0, np.nan, 30, 60])
    check(normalise(gap, how("min-max", scale=UNIT)), [0, np.nan, 0.4, 1])
    check(normalise(gap, how("percentile-rank", scale=UNIT)), [0, np.nan, 0.5, 1])
    check(rank_least(np.array([np.nan, 2.0, 1, 2])), [np.nan, 2, 1, 2])


@pytest.mark.parametrize("method", ["min-max", "z-score", "distance-to-best", "percentile-rank"])
def test_what_would_divide_by_zero_is_missing(method: str) -> None:
    one = np.array([5.0])
    same = np.full(4, 0.1 + 0.2)
    assert np.isnan(normalise(one, how(method))).all()
    if method != "percentile-rank":
        assert np.isnan(normalise(same, how(method))).all()


@given(
    x=arrays(float, 8, elements=st.integers(-1000, 1000).map(float), unique=True),
    scale=st.floats(0.1, 50),
    shift=st.floats(-100, 100),
)
@settings(max_examples=60, deadline=None)
def test_affine_changes_of_an_indicator_leave_min_max_and_z(
    x: np.ndarray, scale: float, shift: float
) -> None:
    for plan in (how("min-max"), how("z-score")):
        np.testing.assert_allclose(normalise(scale * x + shift, plan), normalise(x, plan), atol=1e-7)
        np.testing.assert_allclose(normalise(-x, plan, sign=-1.0), normalise(x, plan), atol=1e-9)


def test_a_fixed_reference_reproduces_the_scores_it_was_taken_from() -> None:
    for plan in (
        how("min-max"),
        how("z-score"),
        how("distance-to-best"),
        how("goalposts", percentiles=(10, 90)),
    ):
        check(normalise(X[:2], fixed_reference(X, plan)), list(normalise(X, plan)[:2]))
    with pytest.raises(ValueError, match="within one year"):
        fixed_reference(X, how("rank"))


PARTS = np.array([[1.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("plan", "weights", "expected"),
    [
        ({"method": "arithmetic"}, [1, 1, 2], 9 / 4),
        ({"method": "geometric"}, [1, 1, 1], 6 ** (1 / 3)),
        ({"method": "geometric"}, [1, 1, 2], 18**0.25),
        ({"method": "harmonic"}, [2, 1, 1], 4 / (2 + 0.5 + 1 / 3)),
        ({"method": "generalised", "power": 2}, [1, 1, 1], (14 / 3) ** 0.5),
        ({"method": "generalised", "power": 1}, [1, 1, 1], 2),
        ({"method": "generalised", "power": 0}, [1, 1, 1], 6 ** (1 / 3)),
        ({"method": "owa", "order_weights": [1, 0, 0]}, [1, 1, 1], 1),  # the worst alone
        ({"method": "owa", "order_weights": [0, 0, 1]}, [1, 1, 1], 3),  # the best alone
        ({"method": "owa", "order_weights": [0.5, 0.3, 0.2]}, [1, 1, 1], 0.5 + 0.6 + 0.6),
        ({"method": "owa", "power": 1}, [1, 1, 2], 9 / 4),
        # Q(c) = c^2 at 1/3, 2/3, 1 from the best: 1/9, 3/9, 5/9
        ({"method": "owa", "power": 2}, [1, 1, 1], (3 * 1 + 2 * 3 + 1 * 5) / 9),
    ],
)
def test_means_by_hand(plan: dict[str, object], weights: list[float], expected: float) -> None:
    found = aggregate(PARTS, np.array(weights, dtype=float), Aggregation.model_validate(plan))
    assert found[0] == pytest.approx(expected)


def test_owa_turns_with_the_sense_of_the_index() -> None:
    worst_first = Aggregation(method="owa", order_weights=(1, 0, 0))
    assert aggregate(PARTS, np.ones(3), worst_first, worst_is_high=True)[0] == 3


def test_mazziotta_pareto_of_compind() -> None:
    raw = np.array([[10.0, 20, 30, 40, 50], [5, 3, 8, 1, 9], [2, 4, 4, 6, 8]])
    z = normalise(raw, how("z-score", centre=100, spread=10))
    plus = [92.0048797477, 94.5618139944, 101.9857234163, 100.8070379330, 112.6948243077]
    minus = [90.9780954419, 94.5004895063, 101.2531887091, 98.5509640924, 112.6629828511]
    for pole, expected in (("positive", plus), ("negative", minus)):
        found = aggregate(
            z, np.ones(3), Aggregation.model_validate({"method": "mazziotta-pareto", "pole": pole})
        )
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    free = Aggregation(method="mazziotta-pareto")
    np.testing.assert_allclose(aggregate(z, np.ones(3), free), minus, rtol=1e-11)
    np.testing.assert_allclose(aggregate(z, np.ones(3), free, worst_is_high=True), plus, rtol=1e-11)


def test_copeland_of_coinr() -> None:
    x = np.array([[1.0, 2, 3, 4], [3, 2, 1, 5], [2, 3, 1, 4]])
    check(aggregate(x, np.ones(3), Aggregation(method="copeland")), [-1, 1, -3, 3])


def test_wroclaw_by_hand() -> None:
    # one part, values 0 1 2: sd 1, ideal 2, distances 2 1 0, mean 1, sd 1, limit 3
    x = np.array([[0.0, 1.0, 2.0]])
    check(aggregate(x, np.ones(1), Aggregation(method="wroclaw")), [1 / 3, 2 / 3, 1])
    check(aggregate(x, np.ones(1), Aggregation(method="wroclaw"), worst_is_high=True), [0, 1 / 3, 2 / 3])


def test_a_missing_part_gives_its_weight_to_the_others() -> None:
    gap = np.array([[1.0], [np.nan], [3.0]])
    assert aggregate(gap, np.array([1.0, 5, 3]), Aggregation())[0] == 2.5
    assert aggregate(gap, np.array([1.0, 5, 1]), Aggregation(method="geometric"))[0] == pytest.approx(3**0.5)
    assert np.isnan(aggregate(np.full((3, 1), np.nan), np.ones(3), Aggregation())[0])


METHODS = ["arithmetic", "geometric", "harmonic", "owa", "generalised"]


def plan_of(method: str) -> Aggregation:
    extra = {"owa": {"power": 2.0}, "generalised": {"power": -2.0}}.get(method, {})
    return Aggregation.model_validate({"method": method, **extra})


@given(
    parts=arrays(float, (4, 5), elements=st.floats(1, 100)),
    weights=arrays(float, 4, elements=st.floats(0.1, 5)),
    factor=st.floats(0.1, 10),
    part=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("method", METHODS)
def test_means_are_monotone_bounded_and_blind_to_the_scale_of_weights(
    method: str, parts: np.ndarray, weights: np.ndarray, factor: float, part: int
) -> None:
    plan = plan_of(method)
    score = aggregate(parts, weights, plan)
    np.testing.assert_allclose(aggregate(parts, factor * weights, plan), score, rtol=1e-9)
    assert (score <= parts.max(axis=0) * (1 + 1e-9)).all()
    assert (score >= parts.min(axis=0) * (1 - 1e-9)).all()
    better = parts.copy()
    better[part] += 5
    assert (aggregate(better, weights, plan) >= score - 1e-9).all()


def test_compensation_is_full_for_the_mean_none_for_the_minimum_and_between_for_the_geometric() -> None:
    parts, weights = np.array([[1.0, 5.0], [9.0, 5.0]]), np.ones(2)
    check(compensation(parts, weights, Aggregation()), [1, np.nan])
    check(compensation(parts, weights, Aggregation(method="owa", order_weights=(1, 0))), [0, np.nan])
    check(compensation(parts, weights, Aggregation(method="geometric")), [(3 - 1) / (5 - 1), np.nan])


def test_shape_and_winsorising_of_coinr() -> None:
    skew, kurtosis = shape_of(np.array([*range(1, 11), 100.0]))
    assert skew == pytest.approx(3.255638184)
    assert kurtosis == pytest.approx(10.706673906)
    x = np.array([*range(1, 21), 100.0, 200.0])
    done = learn_treatment(x, Treatment(method="winsorise", most=5))
    check(done.apply(x)[-2:], [20, 20])
    check(done.apply(x)[:20], list(x[:20]))


def test_winsorising_a_left_tail_moves_the_low_end() -> None:
    x = -np.array([*range(1, 21), 100.0, 200.0])
    check(learn_treatment(x, Treatment(method="winsorise")).apply(x)[-2:], [-20, -20])


def test_what_cannot_be_winsorised_enough_is_left_and_said() -> None:
    x = np.array([*range(1, 21), *(100.0 * 3**k for k in range(3))])
    done = learn_treatment(x, Treatment(method="winsorise", most=1))
    assert done.kind == "none"
    assert not done.enough
    logged = learn_treatment(x, Treatment(method="auto", most=1))
    assert logged.kind == "log"


@pytest.mark.parametrize("method", ["log", "box-cox"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_transformations_keep_the_order(method: str, sign: float) -> None:
    x = sign * np.exp(np.linspace(0, 6, 30))
    done = learn_treatment(x, Treatment.model_validate({"method": method, "always": True}))
    assert (np.argsort(done.apply(x)) == np.argsort(x)).all()
    assert abs(shape_of(done.apply(x))[0]) < abs(shape_of(x)[0])


def test_well_behaved_indicators_are_not_treated() -> None:
    assert learn_treatment(np.arange(20.0), Treatment(method="auto")).kind == "none"


@given(
    arrays(
        float,
        array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9),
        elements=st.one_of(
            st.just(np.nan), st.just(-0.0), st.integers(-3, 3).map(float), st.floats(-1e9, 1e9)
        ),
    ),
    st.sampled_from([1.0, -1.0]),
)
def test_ranks_are_those_of_pandas(x: np.ndarray, sign: float) -> None:
    given = sign * x  # a NaN turned around has a sign bit too
    flat = given.reshape(-1, x.shape[-1])
    expected = pd.DataFrame(flat).rank(axis=1, method="min").to_numpy().reshape(x.shape)
    close = np.abs(np.diff(np.sort(flat, axis=1), axis=1))
    assume(not ((close > 0) & (close < 1e-6)).any())  # the last bits of a number hold its place
    np.testing.assert_array_equal(rank_least(given), expected)


def test_ranks_of_many_values_and_of_none() -> None:
    many = np.random.default_rng(0).normal(size=5_000)
    np.testing.assert_array_equal(rank_least(many), pd.Series(many).rank(method="min"))
    assert rank_least(np.empty((3, 0))).shape == (3, 0)
