"""An index from a table and a recipe: worked by hand on a 4 x 3 table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import childatlas as ca
from childatlas.errors import AnalysisError, DataError, StudyError

UNITS = ["w", "x", "y", "z"]
TABLE = pd.DataFrame(
    {"school": [40.0, 60.0, 80.0, 90.0], "stunting": [30.0, 20.0, 10.0, 25.0], "neet": [8.0, 2.0, 4.0, 5.0]},
    index=UNITS,
)
BETTER, WORSE = "higher_is_better", "higher_is_worse"


def flat(**more: object) -> dict[str, object]:
    """Three indicators straight under the index."""
    return {
        "indicators": [
            {"id": "school", "direction": BETTER},
            {"id": "stunting", "direction": WORSE},
            {"id": "neet", "direction": WORSE},
        ],
        **more,
    }


def deep(**more: object) -> dict[str, object]:
    """Two components; the second has one indicator and a sibling without open data."""
    return {
        "levels": [{"id": "index"}, {"id": "component"}],
        "groups": [
            {"id": "child", "level": "component"},
            {"id": "work", "level": "component"},
            {"id": "mind", "level": "component", "open": False},
        ],
        "indicators": [
            {"id": "school", "parent": "child", "direction": BETTER},
            {"id": "stunting", "parent": "child", "direction": WORSE},
            {"id": "neet", "parent": "work", "direction": WORSE},
        ],
        **more,
    }


def assert_series(found: pd.Series, expected: list[float], index: list[str] = UNITS) -> None:
    assert list(found.index) == index
    np.testing.assert_allclose(found.to_numpy(float), expected, rtol=1e-12, atol=1e-12)


def test_min_max_and_arithmetic_mean_by_hand() -> None:
    index = ca.build_index(TABLE, flat())
    # school (x - 40) / 50, stunting (30 - x) / 20, neet (8 - x) / 6, each times 100
    assert_series(index.normalised["school"], [0, 40, 80, 100])
    assert_series(index.normalised["stunting"], [0, 50, 100, 25])
    assert_series(index.normalised["neet"], [0, 100, 200 / 3, 50])
    assert_series(index.scores, [0, 190 / 3, (180 + 200 / 3) / 3, 175 / 3])
    assert_series(index.ranks, [1, 3, 4, 2])
    assert_series(index.coverage, [1, 1, 1, 1])


def test_a_deprivation_index_turns_scores_and_keeps_ranks() -> None:
    well, ill = ca.build_index(TABLE, flat()), ca.build_index(TABLE, flat(direction=WORSE))
    assert_series(ill.scores, list(100 - well.scores))
    assert_series(ill.ranks, list(well.ranks))


def test_each_level_is_a_mean_of_the_level_below() -> None:
    index = ca.build_index(TABLE, deep())
    assert_series(index.levels["component"]["child"], [0, 45, 90, 62.5])
    assert_series(index.scores, [0, 72.5, (90 + 200 / 3) / 2, 56.25])
    assert_series(index.coverage, [2 / 3] * 4)  # a third of the weight has no open data
    assert index.detail.columns.tolist() == ["child", "work", "mind"]
    assert index.detail["mind"].isna().all()


def test_missing_stays_missing_and_the_rest_is_weighed_again() -> None:
    table = TABLE.copy()
    table.loc["x", "stunting"] = np.nan
    index = ca.build_index(table, flat())
    assert_series(index.scores, [0, 70, (180 + 200 / 3) / 3, 175 / 3])
    assert_series(index.coverage, [1, 2 / 3, 1, 1])
    assert np.isnan(index.normalised.loc["x", "stunting"])


@pytest.mark.parametrize(("least", "has_score"), [(2 / 3, True), (0.67, False)])
def test_least_coverage_is_inclusive_and_says_what_is_missing(least: float, has_score: bool) -> None:
    table = TABLE.copy()
    table.loc["x", "stunting"] = np.nan
    index = ca.build_index(table, flat(levels=[{"id": "index", "least_coverage": least}]))
    assert index.scores.notna().tolist() == [True, has_score, True, True]
    assert np.isnan(index.ranks["x"]) is not has_score or has_score
    said = index.notes.query("unit == 'x' and kind == 'no score'")
    assert len(said) == int(not has_score)
    if not has_score:
        assert "stunting" in said.note.iloc[0]
        assert_series(index.ranks.dropna(), [1, 3, 2], ["w", "y", "z"])


def test_a_constant_indicator_takes_no_part_and_is_reported() -> None:
    index = ca.build_index(TABLE.assign(school=5.0), flat())
    assert index.normalised["school"].isna().all()
    assert_series(index.coverage, [2 / 3] * 4)
    note = index.notes.query("indicator == 'school' and kind == 'constant'").note.iloc[0]
    assert "divide by zero" in note
    assert "goalposts" in note


def test_an_unknown_indicator_is_refused_with_the_nearest() -> None:
    with pytest.raises(StudyError, match="stunting") as error:
        ca.build_index(TABLE.rename(columns={"stunting": "stuntin"}), flat())
    assert "stuntin" in str(error.value)


def test_a_geometric_mean_over_zero_is_refused_with_unit_and_indicator() -> None:
    with pytest.raises(AnalysisError, match="unit w, indicator school"):
        ca.build_index(TABLE, flat(levels=[{"id": "index", "aggregation": "geometric"}]))
    scaled = {"method": "min-max", "scale": [1, 100]}
    index = ca.build_index(
        TABLE, flat(levels=[{"id": "index", "aggregation": "geometric"}], normalisation=scaled)
    )
    assert_series(index.scores.loc[["w"]], [1.0], ["w"])
    assert index.scores["x"] == pytest.approx((40.6 * 50.5 * 100) ** (1 / 3))


def test_counts_are_divided_by_their_denominator() -> None:
    table = TABLE.assign(population=[1000.0, 2000, 4000, 500])
    recipe = flat()
    recipe["indicators"][2] |= {"denominator": "population", "per": 1000}  # type: ignore[index]
    assert_series(ca.build_index(table, recipe).values["neet"], [8, 1, 1, 10])
    with pytest.raises(DataError, match="unit y"):
        ca.build_index(table.assign(population=[1, 2, 0, 4]), recipe)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (TABLE.astype(object).replace(60.0, "sixty"), "unit x, indicator school"),
        (TABLE.replace(60.0, np.inf), "unit x, indicator school"),
        (pd.concat([TABLE, TABLE.iloc[:1]]), "stands twice"),
        (TABLE.iloc[:0], "no unit"),
    ],
)
def test_unusable_tables_are_refused(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        ca.build_index(table, flat())


def test_one_unit_only_has_no_score_and_says_why() -> None:
    index = ca.build_index(TABLE.iloc[:1], flat())
    assert index.scores.isna().all()
    assert (index.notes.kind == "constant").sum() == 3


def test_one_unit_with_fixed_goalposts_has_a_score() -> None:
    goalposts = {"method": "goalposts", "low": 0, "high": 100}
    index = ca.build_index(TABLE.iloc[:1], flat(normalisation=goalposts))
    assert_series(index.scores, [(40 + 70 + 92) / 3], ["w"])
    assert_series(index.ranks, [1], ["w"])


def test_all_missing_gives_no_score_anywhere() -> None:
    index = ca.build_index(TABLE * np.nan, flat())
    assert index.scores.isna().all()
    assert index.coverage.eq(0).all()
    assert index.ranks.isna().all()


def test_the_callers_table_is_not_changed() -> None:
    before = TABLE.copy()
    ca.build_index(TABLE, flat(treatment="auto", imputation="nearest"))
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.parametrize("values", [TABLE["school"], TABLE.to_numpy(), TABLE.to_dict(), [1.0, 2.0]])
def test_what_is_no_table_is_refused(values: object) -> None:
    with pytest.raises(DataError, match="table of units x indicators"):
        ca.build_index(values, flat())  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", [None, 5, ["a"]])
def test_what_is_no_recipe_is_refused(recipe: object) -> None:
    with pytest.raises(StudyError, match="no recipe"):
        ca.build_index(TABLE, recipe)  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["z-score", "z_score"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_method_may_be_written_with_underscores(written: str, whole: bool) -> None:
    plan = {"method": written, "centre": 100.0} if whole else written
    expected = {"method": "z-score", "centre": 100.0 if whole else 0.0}
    made, plain = (ca.build_index(TABLE, flat(normalisation=p)).scores for p in (plan, expected))
    pd.testing.assert_series_equal(made, plain)


def test_mazziotta_pareto_of_z_scores_around_zero_is_refused_with_the_remedy() -> None:
    table = pd.DataFrame({"a": [1.0, 2, 3], "b": [3.0, 5, 9]}, index=list("xyz"))
    recipe = {
        "normalisation": "z-score",
        "levels": [{"id": "index", "aggregation": "mazziotta-pareto"}],
        "indicators": [{"id": i, "direction": "higher_is_better"} for i in "ab"],
    }
    with pytest.raises(AnalysisError, match="unit x") as error:
        ca.build_index(table, recipe)
    assert "centre = 100" in str(error.value)
    raised = {**recipe, "normalisation": {"method": "z-score", "centre": 100, "spread": 10}}
    assert ca.build_index(table, raised).scores.notna().all()
