"""Inequality between groups against the WHO toolkit's sample, textbook numbers and invariants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childatlas import inequality
from childatlas.errors import DataError
from childatlas.measures.spread import MEASURES

# The ordered sample of the WHO tools (R healthequal 1.0.1).
Y = [75.6053009, 91.0199661, 96.0395889, 97.0422287, 99.2240524]
PEOPLE = [2072.43604, 2112.20410, 1983.05920, 2052.12378, 1884.50989]
SE = [1.59961307, 1.135150433, 0.646194637, 0.567620635, 0.223768264]


def of(table: pd.DataFrame, measure: str, column: str = "value") -> float:
    return float(table.set_index("measure").loc[measure, column])


@pytest.fixture(scope="module")
def who() -> pd.DataFrame:
    return inequality(Y, PEOPLE, standard_errors=SE, order=[1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("measure", "expected", "tolerance"),
    [
        ("difference", 23.6187515, 1e-9),
        ("aci", 4.3005197, 1e-7),
        ("rci", 0.0469506016, 1e-9),
        ("par", 7.62736229, 1e-5),
        ("paf", 8.32711561, 1e-5),
        ("sii", 31.6354, 1e-4),
        ("rii", 1.46647, 1e-5),
    ],
)
def test_the_who_sample(who: pd.DataFrame, measure: str, expected: float, tolerance: float) -> None:
    assert of(who, measure) == pytest.approx(expected, abs=tolerance)


def test_the_error_of_the_difference_is_that_of_two_independent_groups(who: pd.DataFrame) -> None:
    assert of(who, "difference", "se") == pytest.approx(1.6151886, abs=1e-6)
    low, high = of(who, "difference", "low"), of(who, "difference", "high")
    assert (low + high) / 2 == pytest.approx(23.6187515)
    assert high - low == pytest.approx(2 * 1.959963984540054 * 1.6151886, abs=1e-5)


def test_slope_indices_are_linear_where_values_are_no_shares() -> None:
    shifted = inequality([y + 1000 for y in Y], PEOPLE, order=[1, 2, 3, 4, 5])
    assert of(shifted, "sii") == pytest.approx(26.8834696, abs=1e-6)


def test_every_promised_measure_stands_once_in_order(who: pd.DataFrame) -> None:
    names = [
        "difference",
        "ratio",
        "aci",
        "rci",
        "sii",
        "rii",
        "bgv",
        "bgsd",
        "cov",
        "mdmu",
        "mdmw",
        "mdbu",
        "mdbw",
        "mdru",
        "mdrw",
        "idisu",
        "idisw",
        "theil",
        "mld",
        "par",
        "paf",
        "gini",
        "atkinson",
        "palma",
    ]
    assert who["measure"].tolist() == names == list(MEASURES)
    assert who.columns.tolist() == ["measure", "value", "se", "low", "high", "meaning"]
    assert who["meaning"].str.endswith(".").all()


def test_theil_of_people_and_its_parts() -> None:
    people = inequality([1, 2, 3, 4], [1, 1, 1, 1])
    assert of(people, "theil") == pytest.approx(0.10644013528622318, abs=1e-15)
    between = inequality([1.5, 3.5], [2, 2])
    assert of(between, "theil") == pytest.approx(0.08228288, abs=1e-8)
    assert of(inequality([0.0, 10.0], [3, 3]), "theil") == pytest.approx(np.log(2))


def test_atkinson_of_the_textbook() -> None:
    five = [10, 20, 30, 40, 50]
    assert of(inequality(five, [1] * 5), "atkinson") == pytest.approx(0.06315, abs=1e-5)
    assert of(inequality(five, [1] * 5, epsilon=1), "atkinson") == pytest.approx(0.1316096, abs=1e-7)


def test_gini_by_hand() -> None:
    # The mean absolute difference over all 16 pairs is 1.25; half of it over the mean 2.5 is 0.25.
    assert of(inequality([1, 2, 3, 4], [1] * 4), "gini") == pytest.approx(0.25)
    assert of(inequality([5, 5], [1, 3]), "gini") == pytest.approx(0)


def test_palma_by_hand() -> None:
    ten = inequality([1] * 9 + [11], [1] * 10)
    assert of(ten, "palma") == pytest.approx(11 / 4)


def test_means_of_distances_by_hand() -> None:
    table = inequality(pd.Series([10.0, 20.0, 60.0], index=list("abc")), [1, 1, 2], reference="b")
    # The mean over people is 37.5.
    assert of(table, "mdmu") == pytest.approx((27.5 + 17.5 + 22.5) / 3)
    assert of(table, "mdmw") == pytest.approx((27.5 + 17.5 + 2 * 22.5) / 4)
    assert of(table, "mdbu") == pytest.approx((50 + 40 + 0) / 3)
    assert of(table, "mdru") == pytest.approx((10 + 0 + 40) / 3)
    assert of(table, "mdrw") == pytest.approx((10 + 0 + 80) / 4)
    assert of(table, "idisw") == pytest.approx(100 * 22.5 / 37.5)
    assert of(table, "bgv") == pytest.approx((27.5**2 + 17.5**2 + 2 * 22.5**2) / 4)


def test_an_adverse_indicator_turns_difference_ratio_and_gain_around() -> None:
    table = inequality([30.0, 10.0], [1, 1], order=[1, 2], favourable=False)
    assert of(table, "difference") == pytest.approx(20)
    assert of(table, "ratio") == pytest.approx(3)
    assert of(table, "par") == pytest.approx(-10)
    assert of(table, "aci") < 0


def test_without_order_best_and_worst_are_compared_and_ordered_measures_say_why() -> None:
    table = inequality(pd.Series([3.0, 9.0, 6.0], index=["x", "y", "z"]), [1, 1, 1])
    assert of(table, "difference") == pytest.approx(6)
    assert np.isnan(of(table, "aci"))
    assert "ordered" in str(table.set_index("measure").loc["aci", "meaning"])


def test_an_order_may_be_labels_ranks_or_a_series() -> None:
    values = pd.Series([3.0, 9.0, 6.0], index=["x", "y", "z"])
    labels = inequality(values, [1, 2, 3], order=["x", "z", "y"])
    ranks = inequality(values, [1, 2, 3], order=[1, 3, 2])
    series = inequality(values, [1, 2, 3], order=pd.Series({"y": 3, "z": 2, "x": 1}))
    pd.testing.assert_frame_equal(labels, ranks)
    pd.testing.assert_frame_equal(labels, series)


def test_a_missing_group_takes_no_part_and_is_counted() -> None:
    whole = inequality([1.0, 2.0], [1, 1])
    holed = inequality([1.0, np.nan, 2.0], [1, 5, 1])
    assert holed.attrs["missing"] == 1
    pd.testing.assert_frame_equal(whole, holed)


def test_people_of_a_group_without_a_value_may_be_unknown() -> None:
    holed = inequality([1.0, np.nan, 2.0], [1, np.nan, 1])
    pd.testing.assert_frame_equal(inequality([1.0, 2.0], [1, 1]), holed)


@pytest.mark.parametrize(
    ("values", "favourable", "difference", "ratio"),
    [
        (
            [20.0, 40.0],
            True,
            "The better-off group lies 20 above the worse-off one.",
            "better-off group has 2 times",
        ),
        (
            [40.0, 20.0],
            True,
            "The worse-off group lies 20 above the better-off one.",
            "better-off group has 0.5 times",
        ),
        (
            [40.0, 20.0],
            False,
            "The worse-off group lies 20 above the better-off one.",
            "worse-off group has 2 times",
        ),
        (
            [20.0, 40.0],
            False,
            "The better-off group lies 20 above the worse-off one.",
            "worse-off group has 0.5 times",
        ),
        ([30.0, 30.0], True, "The better-off and the worse-off group have the same value.", "has 1 times"),
    ],
)
def test_the_sentence_names_the_group_that_has_more(
    values: list[float], favourable: bool, difference: str, ratio: str
) -> None:
    says = inequality(values, [1, 1], order=[1, 2], favourable=favourable).set_index("measure")["meaning"]
    assert says["difference"] == difference
    assert ratio in says["ratio"]


@pytest.mark.parametrize(("favourable", "what"), [(True, "The good"), (False, "The burden")])
def test_an_even_spread_is_a_whole_sentence(favourable: bool, what: str) -> None:
    even = inequality([30.0, 30.0], [1, 1], order=[1, 2], favourable=favourable).set_index("measure")
    assert even.loc["aci", "meaning"] == f"{what} is spread evenly over the ranks."


@pytest.mark.parametrize(
    ("values", "people", "more", "says"),
    [
        ([1.0, 2.0], [1, 0], {}, "zero"),
        ([1.0, 2.0], [1, -1], {}, "negative"),
        ([1.0, np.inf], [1, 1], {}, "infinite"),
        ([np.nan, np.nan], [1, 1], {}, "no group"),
        ([1.0, 2.0], [1, 1, 1], {}, "length"),
        ([1.0, 2.0], [1, 1], {"order": [1, 1]}, "ties"),
        ([1.0, 2.0], [1, 1], {"order": ["a", "b"]}, "other groups"),
        ([1.0, 2.0], [1, 1], {"reference": "q"}, "'q'"),
        ([1.0, 2.0], [1, 1], {"standard_errors": [1, -1]}, "negative"),
        (pd.Series([1.0, 2.0], index=["a", "b"]), pd.Series([1, 1], index=["a", "c"]), {}, "only in values"),
        (pd.Series([1.0, 2.0], index=["a", "a"]), [1, 1], {}, "twice"),
        (["n/a", 2.0], [1, 1], {}, "values have to be numbers"),
        ([1.0, 2.0], [1, "many"], {}, "population have to be numbers"),
        ([1.0, 2.0], [1, 1], {"standard_errors": ["x", 1]}, "standard errors have to be numbers"),
        ([1.0, 2.0], [1, np.nan], {}, "missing"),
        ("ab", [1, 1], {}, "one number a group"),
        ([[1.0], [2.0]], [1, 1], {}, "one number a group"),
    ],
)
def test_bad_groups_are_refused(values: object, people: object, more: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        inequality(values, people, **more)


positive = st.lists(st.tuples(st.floats(1, 90), st.floats(1, 1000)), min_size=2, max_size=8)


@given(positive)
def test_splitting_a_group_in_two_equal_halves_changes_no_weighted_measure(
    pairs: list[tuple[float, float]],
) -> None:
    y, people = (list(part) for part in zip(*pairs, strict=True))
    whole = inequality(y, people, scale=100).set_index("measure")["value"]
    halves = inequality([y[0], *y], [people[0] / 2, people[0] / 2, *people[1:]], scale=100)
    halves = halves.set_index("measure")["value"]
    kept = [
        "difference",
        "ratio",
        "bgv",
        "cov",
        "mdmw",
        "mdbw",
        "idisw",
        "theil",
        "mld",
        "par",
        "gini",
        "atkinson",
    ]
    np.testing.assert_allclose(halves[kept], whole[kept], rtol=1e-9, atol=1e-9)


@given(positive, st.floats(0.1, 50), st.randoms())
def test_order_of_groups_and_unit_of_people_do_not_matter(
    pairs: list[tuple[float, float]], factor: float, random: object
) -> None:
    y, people = (np.array(part) for part in zip(*pairs, strict=True))
    rows = pd.Series(y), pd.Series(people * factor)
    shuffled = rows[0].sample(frac=1, random_state=1)
    np.testing.assert_allclose(
        inequality(shuffled, rows[1])["value"], inequality(y, people)["value"], rtol=1e-9, atol=1e-9
    )
