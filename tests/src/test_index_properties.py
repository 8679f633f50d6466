"""What must not change an index, and the recipes that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import childatlas as ca
from childatlas.errors import StudyError
from childatlas.measures.explanation import explain_recipe
from childatlas.measures.recipe import Recipe, as_recipe, read_recipe
from childatlas.measures.recipe_check import check_recipe
from childatlas.measures.recipe_schema import SCHEMA_NAME, recipe_schema
from childatlas.measures.tree import recipe_tree
from childatlas.shipped import data_folder

BETTER, WORSE = "higher_is_better", "higher_is_worse"
SHIPPED = ("cwi_kaz", "deprivation_kaz", "innocenti")
tables = st.integers(0, 2**32 - 1).map(
    lambda s: pd.DataFrame(
        np.random.default_rng(s).normal(50, 10, (7, 4)).round(3), [f"u{i}" for i in range(7)], list("abcd")
    )
)


def tree(**more: object) -> dict[str, object]:
    groups = [{"id": "one", "level": "component"}, {"id": "two", "level": "component", "weight": 2.0}]
    indicators = [
        {"id": "a", "parent": "one", "direction": BETTER},
        {"id": "b", "parent": "one", "direction": WORSE, "weight": 3.0},
        {"id": "c", "parent": "two", "direction": BETTER},
        {"id": "d", "parent": "two", "direction": WORSE},
    ]
    return {
        "levels": [{"id": "index"}, {"id": "component"}],
        "groups": groups,
        "indicators": indicators,
        **more,
    }


@given(table=tables, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_neither_order_nor_names_of_units_matter(table: pd.DataFrame, seed: int) -> None:
    index = ca.build_index(table, tree())
    order = np.random.default_rng(seed).permutation(len(table))
    moved = ca.build_index(table.iloc[order], tree())
    pd.testing.assert_series_equal(moved.scores, index.scores.iloc[order])
    pd.testing.assert_series_equal(moved.ranks, index.ranks.iloc[order])
    renamed = ca.build_index(table.rename(index=lambda u: f"x{u}"), tree())
    np.testing.assert_array_equal(renamed.ranks.to_numpy(), index.ranks.to_numpy())


@given(table=tables, scale=st.floats(0.01, 1000), shift=st.floats(-1000, 1000))
@settings(max_examples=25, deadline=None)
def test_the_unit_of_measure_does_not_matter(table: pd.DataFrame, scale: float, shift: float) -> None:
    for plan in ("min-max", "z-score"):
        index = ca.build_index(table, tree(normalisation=plan))
        other = ca.build_index(table.assign(b=scale * table["b"] + shift), tree(normalisation=plan))
        np.testing.assert_allclose(other.scores, index.scores, atol=1e-5)


@given(table=tables)
@settings(max_examples=25, deadline=None)
def test_flipping_an_indicator_and_its_direction_changes_nothing(table: pd.DataFrame) -> None:
    recipe = tree()
    recipe["indicators"] = [{**i, "direction": BETTER} if i["id"] == "b" else i for i in recipe["indicators"]]  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        ca.build_index(table.assign(b=-table["b"]), recipe).scores,
        ca.build_index(table, tree()).scores,
        atol=1e-9,
    )


@given(table=tables, factor=st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_weights_are_relative(table: pd.DataFrame, factor: float) -> None:
    recipe = tree()
    recipe["indicators"] = [{**i, "weight": factor * i.get("weight", 1.0)} for i in recipe["indicators"]]  # type: ignore[attr-defined]
    pd.testing.assert_series_equal(ca.build_index(table, recipe).scores, ca.build_index(table, tree()).scores)


def test_rounding_errors_decide_no_tie() -> None:
    table = pd.DataFrame({"a": [0.1 + 0.2, 0.3, 1.0]}, index=list("xyz"))
    assert ca.build_index(table, {"indicators": [{"id": "a", "direction": BETTER}]}).ranks.tolist() == [
        1,
        1,
        3,
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"indicators": []}, "indicators"),
        ({"groups": [{"id": "one", "level": "component"}]}, "unknown 'two'"),
        (
            {"groups": [*tree()["groups"], {"id": "three", "level": "component"}]},
            "'three' has no open indicator",
        ),  # type: ignore[misc]
        ({"levels": [{"id": "index"}]}, "unknown level 'component'"),
        ({"nonsense": 1}, "unknown key"),
        ({"normalisaton": "min-max"}, "normalisation"),
        ({"normalisation": {"method": "goalposts", "low": 5, "high": 5}}, "divide by zero"),
        ({"normalisation": {"method": "goalposts"}}, "low and high"),
        ({"normalisation": {"method": "min-max", "target": 5}}, "does not take target"),
        ({"normalisation": {"method": "distance-to-target"}}, "needs a target"),
        ({"levels": [{"id": "index", "aggregation": "owa"}, {"id": "component"}]}, "order_weights"),
        ({"levels": [{"id": "index", "aggregation": "generalised"}, {"id": "component"}]}, "power"),
        ({"declared": {"statistical": 5}}, "5 statistical"),
        ({"indicators": [*tree()["indicators"], {"id": "e", "parent": "one"}]}, "no direction"),  # type: ignore[misc]
        (
            {"indicators": [*tree()["indicators"], {"id": "a", "parent": "two", "direction": BETTER}]},
            "declared twice",
        ),  # type: ignore[misc]
    ],
)
def test_recipes_that_contradict_themselves_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        as_recipe(tree(**change))


@pytest.mark.parametrize(("weight", "said"), [(-1.0, "greater than or equal to 0"), (0.0, "weight zero")])
def test_weights_that_are_negative_or_all_zero_are_refused(weight: float, said: str) -> None:
    indicators = [{**i, "weight": weight} if i["parent"] == "two" else i for i in tree()["indicators"]]  # type: ignore[attr-defined]
    with pytest.raises(StudyError, match=said):
        as_recipe(tree(indicators=indicators))


def test_a_closed_group_with_open_indicators_is_refused() -> None:
    groups = [{"id": "one", "level": "component", "open": False}, {"id": "two", "level": "component"}]
    with pytest.raises(StudyError, match="says it has no open data"):
        as_recipe(tree(groups=groups))


class Entry:
    def __init__(self, direction: str, kind: str = "rate") -> None:
        self.direction, self.kind = direction, kind


def test_a_recipe_that_contradicts_the_catalogue_is_refused() -> None:
    recipe = as_recipe(tree())
    good = {"a": Entry(BETTER), "b": Entry(WORSE), "c": Entry(BETTER), "d": Entry(WORSE)}
    check_recipe(recipe, good)
    for broken in (
        {**good, "b": Entry(BETTER)},
        {**good, "c": Entry(BETTER, "count")},
        {k: good[k] for k in "abc"},
    ):
        with pytest.raises(StudyError):
            check_recipe(recipe, broken)


def test_a_file_that_is_not_there_and_one_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no recipe file"):
        read_recipe(tmp_path / "none.toml")
    with pytest.raises(StudyError, match="innocenti"):
        read_recipe("inocenti")
    path = tmp_path / "bad.toml"
    path.write_text(
        'directoin = "higher_is_better"\n[[indicators]]\nid = "a"\ndirection = "higher_is_worse"\n', "utf-8"
    )
    with pytest.raises(StudyError, match="direct") as error:
        read_recipe(path)
    assert "bad.toml" in str(error.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_are_valid_and_explained(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.id == name
    assert set(recipe.label) == {"en", "ru", "kk"}
    lines = explain_recipe(recipe)
    assert any("Normalisation" in line for line in lines)
    table = recipe_tree(recipe)
    closed = table.index[~table["open"] & table["level"].ne("indicator")]
    leaves = table.loc[table["open"] & table["level"].eq("indicator"), "effective"].sum()
    assert leaves + table.loc[closed, "effective"].sum() == pytest.approx(1.0)


def test_the_official_shape_has_its_56_places() -> None:
    recipe = read_recipe("cwi_kaz")
    kinds = [i.kind for i in recipe.indicators]
    assert (kinds.count("statistical"), kinds.count("survey")) == (35, 21)
    assert len({g.id for g in recipe.groups if g.level == "area"}) == 4
    assert len({g.id for g in recipe.groups if g.level == "component"}) == 14
    assert any(not i.open for i in recipe.indicators)


def test_the_schema_beside_the_recipes_is_the_current_one() -> None:
    assert (data_folder() / "indices" / SCHEMA_NAME).read_text(encoding="utf-8") == recipe_schema()


def test_a_recipe_is_frozen() -> None:
    recipe = as_recipe(tree())
    assert isinstance(recipe, Recipe)
    with pytest.raises(ValueError, match="frozen"):
        recipe.official = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "where", "remedy"),
    [
        (
            {"indicators": [{"id": "stunting", "direction": BETTER, "weight": -2}]},
            "'stunting', weight",
            "weight 0",
        ),
        ({"indicators": [{"id": "a", "direction": BETTER, "wieght": 2}]}, "'a', wieght", "'weight'"),
        (
            {"indicators": [{"id": "a", "direction": BETTER, "normalisation": "min_mx"}]},
            "'a', norm",
            "'min-max'",
        ),
        ({"indicators": [{"direction": BETTER}]}, "number 1, id", "add the key"),
        ({"levels": [{"id": "index", "aggregation": "geometrc"}]}, "'index', aggregation", "'geometric'"),
    ],
)
def test_a_fault_names_the_part_and_the_remedy(change: dict[str, object], where: str, remedy: str) -> None:
    with pytest.raises(StudyError) as error:
        as_recipe({**tree(groups=[]), **change})
    assert where in str(error.value)
    assert remedy in str(error.value)


def test_outliers_that_stay_are_told_in_words() -> None:
    table = pd.DataFrame({"x": [*np.linspace(1, 2, 28), 900.0, 1000.0]})
    recipe = {
        "treatment": {"method": "winsorise", "most": 1},
        "indicators": [{"id": "x", "direction": BETTER}],
    }
    index = ca.build_index(table, recipe)
    told = index.notes[index.notes["kind"] == "outliers"]
    assert told["indicator"].tolist() == ["x"]
    assert "still exceed" in told["note"].iloc[0]
    assert not index.notes["note"].str.contains("nan").any()
