"""What is asked of a laboratory beside scores: weights by every road, strengths, what a part does, doubts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from childatlas.errors import AnalysisError, AtlasError, DataError, StudyError
from childatlas.index_commands import app
from childatlas.laboratory.page import write_page
from childatlas.measures.given_weights import with_weights
from childatlas.measures.index import build_index
from childatlas.measures.recipe import as_recipe
from childatlas.measures.recipe_schema import recipe_schema
from childatlas.measures.removal import removal_effect
from childatlas.measures.strengths import strengths_and_weaknesses

BETTER, WORSE = "higher_is_better", "higher_is_worse"
TREE: dict[str, Any] = {
    "levels": [{"id": "index"}, {"id": "component"}],
    "groups": [{"id": "one", "level": "component"}, {"id": "two", "level": "component"}],
    "indicators": [
        {"id": "school", "parent": "one", "direction": BETTER},
        {"id": "stunting", "parent": "one", "direction": WORSE},
        {"id": "neet", "parent": "two", "direction": WORSE},
    ],
}
TABLE = pd.DataFrame(
    {"school": [40.0, 60, 80, 90], "stunting": [30.0, 20, 10, 15], "neet": [8.0, 2, 4, 5]}, list("abcd")
)
RECIPE = """
direction = "higher_is_better"
imputation = "group-mean"
label.en = "Small index"
[[levels]]
id = "index"
[[levels]]
id = "component"
weights = "equal_influence"
[[groups]]
id = "one"
level = "component"
[[groups]]
id = "two"
level = "component"
[[indicators]]
id = "school"
parent = "one"
direction = "higher_is_better"
[[indicators]]
id = "stunting"
parent = "one"
direction = "higher_is_worse"
[[indicators]]
id = "neet"
parent = "two"
direction = "higher_is_worse"
"""


def run(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if isinstance(result.exception, AtlasError):
        raise result.exception
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")
    TABLE.rename_axis("unit").to_csv(tmp_path / "table.csv")
    gap = TABLE.copy()
    gap.loc["b", "neet"] = np.nan
    gap.rename_axis("unit").to_csv(tmp_path / "gap.csv")
    (tmp_path / "groups.csv").write_text("unit,group\na,x\nb,x\nc,y\nd,y\n", encoding="utf-8")
    return tmp_path


def test_given_weights_take_the_place_of_the_recipes() -> None:
    recipe = with_weights(as_recipe(TREE), pd.Series({"school": 3.0, "stunting": 1.0}))
    assert build_index(TABLE, recipe).weights.to_dict() == {"school": 0.375, "stunting": 0.125, "neet": 0.5}
    learned = as_recipe({**TREE, "levels": [{"id": "index"}, {"id": "component", "weights": "pca"}]})
    told = with_weights(learned, pd.Series({"school": 3.0, "stunting": 1.0}))
    assert told.levels[1].weights == "given"
    assert told.levels[0].weights == learned.levels[0].weights


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scool": 1.0}, "unknown part"),
        ({"school": 1.0}, "and others have none"),
        ({"school": -1.0, "stunting": 1.0}, "cannot be used"),
        ({"school": np.nan, "stunting": 1.0}, "cannot be used"),
        ({"one": 0.0, "two": 0.0}, "all weights are zero"),
    ],
)
def test_given_weights_that_cannot_be_used_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        with_weights(as_recipe(TREE), pd.Series(given))


def test_a_weight_given_twice_is_refused() -> None:
    with pytest.raises(StudyError, match="twice"):
        with_weights(as_recipe(TREE), pd.Series([1.0, 2.0], index=["one", "one"]))


def test_strengths_and_weaknesses_by_hand() -> None:
    found = strengths_and_weaknesses(build_index(TABLE, TREE), most=1).set_index(["unit", "kind"])
    assert found.loc[("a", "weakness"), "indicator"] == "neet"  # worst on all three; neet weighs most
    assert found.loc[("d", "strength"), "indicator"] == "school"
    assert found.loc[("d", "weakness"), "indicator"] == "neet"  # second worst there, third on stunting
    assert found.loc[("d", "weakness"), ["rank", "of", "value"]].tolist() == [2, 4, 5.0]
    one = build_index(
        TABLE[["school"]], {"indicators": TREE["indicators"][:1] and [{"id": "school", "direction": BETTER}]}
    )
    assert strengths_and_weaknesses(one).empty  # one indicator cannot be both
    with pytest.raises(AnalysisError, match="number"):
        strengths_and_weaknesses(one, most=0)


def test_a_tie_at_the_top_is_no_weakness() -> None:
    table = pd.DataFrame({"x": [100.0, 100, 100, 50], "y": [3.0, 2, 1, 4], "z": [1.0, 2, 3, 4]})
    recipe = {"indicators": [{"id": i, "direction": BETTER} for i in "xyz"]}
    found = strengths_and_weaknesses(build_index(table, recipe), most=1)
    assert found[(found["unit"] == 1) & (found["kind"] == "weakness")]["indicator"].tolist() == ["y"]


def test_what_a_part_does_to_the_ranks() -> None:
    found = removal_effect(TABLE, TREE)
    assert set(found.index) == {"one", "two", "school", "stunting", "neet"}
    without = build_index(TABLE, {"indicators": [i for i in _flat() if i["id"] == "neet"]}).ranks
    shift = without - build_index(TABLE, TREE).ranks
    assert found.loc["one", "mean_shift"] == pytest.approx(shift.abs().mean())
    assert found.loc["two", "level"] == "component"
    assert found.loc["neet", "mean_shift"] == found.loc["two", "mean_shift"]
    one = {"indicators": [{"id": "school", "direction": BETTER}]}
    assert removal_effect(TABLE, one).empty


def _flat() -> list[dict[str, Any]]:
    return [{k: v for k, v in i.items() if k != "parent"} for i in TREE["indicators"]]


def test_removal_keeps_what_is_declared_without_data() -> None:
    closed = {**TREE, "groups": [*TREE["groups"], {"id": "empty", "level": "component", "open": False}]}
    found = removal_effect(
        TABLE, {**closed, "levels": [{"id": "index", "least_coverage": 0.6}, {"id": "component"}]}
    )
    assert found.loc["two", "unscored"] == 4  # one of three components is under the least coverage


def test_weights_from_figures_stand_side_by_side(folder: Path) -> None:
    facts = run("weights", folder / "small.toml", "--values", folder / "table.csv", "-o", folder / "out")
    table = pd.read_csv(folder / "out" / "small-weights" / "weights.csv", index_col="id")
    assert list(table.columns) == [
        *("parent", "weight", "equal", "entropy", "pca", "factors", "critic", "equal-influence"),
    ]
    for method in table.columns[1:]:
        sums = table[method].groupby(table["parent"]).sum()
        np.testing.assert_allclose(sums, 1.0, atol=1e-6)
    assert "neet" not in table.index  # alone in its component
    assert {"weights_index.png", "weights_component.png"} <= {Path(f).name for f in facts["files"]}


def test_votes_become_weights_that_build_takes(folder: Path) -> None:
    rows = (f"{n},{3 if n % 2 else 1},1,{'x' if n % 2 else 'y'}\n" for n in range(60))
    (folder / "ballots.csv").write_text("voter,one,two,role\n" + "".join(rows), "utf-8")
    (folder / "people.csv").write_text("group,share\nx,1\ny,3\n", "utf-8")
    ballots = ("--ballots", folder / "ballots.csv", "--voters", "role", "-o", folder / "out")
    facts = run("weights", folder / "small.toml", *ballots)
    made = pd.read_csv(folder / "out" / "small-weights" / "weights.csv", index_col="id")
    assert made.loc["one", "weight"] == pytest.approx((0.75 + 0.5) / 2)
    assert (made["low"] < made["weight"]).all()
    assert (made["weight"] < made["high"]).all()
    assert facts["counted"] == 60
    assert facts["group_differences"] == 4
    voters = pd.read_csv(folder / "out" / "small-weights" / "voters.csv")
    assert set(voters["group"]) == {"x", "y"}
    run("weights", folder / "small.toml", *ballots, "--population", folder / "people.csv")
    weighed = pd.read_csv(folder / "out" / "small-weights" / "weights.csv", index_col="id")
    assert weighed.loc["one", "weight"] == pytest.approx(0.75 * 0.25 + 0.5 * 0.75)
    run(
        *("build", folder / "small.toml", "--values", folder / "table.csv", "-o", folder / "built"),
        *("--weights", folder / "out" / "small-weights" / "weights.csv"),
    )
    tree = pd.read_csv(folder / "built" / "small" / "weights.csv", index_col="id")
    assert tree.loc["one", "weight"] == pytest.approx(weighed.loc["one", "weight"])


def test_experts_budgets_and_comparisons(folder: Path) -> None:
    (folder / "budget.csv").write_text("expert,school,stunting\nann,60,40\nbob,80,20\n", "utf-8")
    facts = run("weights", folder / "small.toml", "--budget", folder / "budget.csv", "-o", folder / "out")
    made = pd.read_csv(folder / "out" / "small-weights" / "weights.csv", index_col="id")
    assert made["weight"].to_dict() == pytest.approx({"school": 0.7, "stunting": 0.3})
    assert facts["agreement"] == pytest.approx(1.0)
    (folder / "pairs.csv").write_text("id,one,two\none,1,3\ntwo,0.3333333333,1\n", "utf-8")
    facts = run("weights", folder / "small.toml", "--comparisons", folder / "pairs.csv", "-o", folder / "out")
    made = pd.read_csv(folder / "out" / "small-weights" / "weights.csv", index_col="id")
    assert made["weight"].to_dict() == pytest.approx({"one": 0.75, "two": 0.25})
    assert facts["consistent"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ballots", "b.csv", "--budget", "c.csv"), "two ways at once"),
        (("--voters", "role"), "column of --ballots"),
        (("--ballots", "votes.csv", "--kind", "shouts"), "unknown kind"),
        (("--ballots", "votes.csv", "--voters", "rle"), "no such column"),
        (("--budget", "votes.csv"), "cannot be used|budget|points"),
    ],
)
def test_weights_that_cannot_be_had_are_refused(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "votes.csv").write_text("voter,one,two,role\n1,1,-2,x\n2,3,1,y\n", "utf-8")
    placed = [folder / a if a.endswith(".csv") else a for a in arguments]
    with pytest.raises(AtlasError, match=said):
        run("weights", folder / "small.toml", *placed, "-o", folder / "out")


def test_group_means_can_be_asked_for_on_the_command_line(folder: Path) -> None:
    values = ("--values", folder / "gap.csv", "-o", folder / "out")
    with pytest.raises(AnalysisError, match="needs the group"):
        run("build", folder / "small.toml", *values)
    run("build", folder / "small.toml", *values, "--groups", folder / "groups.csv")
    states = pd.read_csv(folder / "out" / "small" / "missing.csv", index_col="unit")
    assert states.loc["b", "neet"] == "imputed"
    effect = pd.read_csv(folder / "out" / "small" / "imputation.csv", index_col="unit")
    assert effect["imputed"].to_dict() == {"a": 0, "b": 1, "c": 0, "d": 0}
    names = {p.name for p in (folder / "out" / "small").iterdir()}
    assert {"strengths.csv", "items.csv", "missing.png"} <= names
    assert "imputed" in (folder / "out" / "small" / "missing.alt.txt").read_text("utf-8")
    (folder / "narrow.csv").write_text("unit\na\n", "utf-8")
    with pytest.raises(DataError, match="one column only"):
        run("build", folder / "small.toml", *values, "--groups", folder / "narrow.csv")


def test_check_tells_and_refuses_what_contradicts_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(
        '[[indicators]]\nid = "stunting"\ndirection = "higher_is_better"\n'
        '[[indicators]]\nid = "povrty_subsistence"\ndirection = "higher_is_worse"\n',
        encoding="utf-8",
    )
    told = run("check", tmp_path / "odd.toml")["doubts"]
    assert len(told) == 2
    assert "higher_is_worse" in told[0]
    assert "poverty_subsistence" in told[1]
    with pytest.raises(StudyError, match="direction of 'stunting'"):
        run("check", tmp_path / "odd.toml", "--study", "kazakhstan")
    assert run("check", "cwi_kaz", "--study", "kazakhstan")["doubts"] == []


def test_check_holds_a_recipe_against_a_table(folder: Path) -> None:
    told = run("check", folder / "small.toml")["doubts"]
    assert len(told) == 1
    assert "schools" in told[0]
    other = RECIPE.replace("stunting", "x1").replace("neet", "x2").replace('"school"', '"x3"')
    (folder / "other.toml").write_text(other, encoding="utf-8")
    assert run("check", folder / "other.toml")["doubts"] == []  # made for other figures than those that ship
    TABLE.assign(neet=3.0).rename_axis("unit").to_csv(folder / "flat.csv")
    (folder / "plain.toml").write_text(RECIPE.replace('imputation = "group-mean"\n', ""), encoding="utf-8")
    told = run("check", folder / "plain.toml", "--values", folder / "flat.csv")["doubts"]
    assert any("neet" in line and "divide by zero" in line for line in told)


def test_the_schema_takes_both_spellings() -> None:
    schema = json.loads(recipe_schema())
    for name, method in (
        ("Normalisation", "min_max"),
        ("Treatment", "box_cox"),
        ("Aggregation", "mazziotta_pareto"),
    ):
        table, bare = schema["$defs"][name]["anyOf"]
        assert method in bare["enum"]
        assert method in table["properties"]["method"]["enum"]
        assert method.replace("_", "-") in bare["enum"]
    assert "equal_influence" in schema["$defs"]["Level"]["properties"]["weights"]["enum"]
    assert as_recipe({**TREE, "levels": [{"id": "index", "weights": "equal_influence"}, {"id": "component"}]})


def test_a_page_shows_the_audit_and_every_picture(folder: Path) -> None:
    (folder / "income.csv").write_text("unit,income\na,1\nb,4\nc,3\nd,2\n", "utf-8")
    values = ("--values", folder / "table.csv", "-o", folder / "out", "--groups", folder / "groups.csv")
    facts = run("build", folder / "small.toml", *values, "--links", folder / "income.csv")
    page = (folder / "out" / "small" / "index.html").read_text("utf-8")
    assert str(folder / "out" / "small" / "index.html") in facts["files"]
    for step in ("Theoretical framework", "Links to other indicators", "Visualisation and words"):
        assert step in page
    assert page.count('class="verdict ') == 10
    assert "income 0." in page  # Spearman with the index, in the ninth step
    for file in map(Path, facts["files"]):
        if file.suffix in {".png", ".csv"}:
            assert file.name in page
    assert "http" not in page.replace("http-equiv", "")
    links = pd.read_csv(folder / "out" / "small" / "links.csv", index_col="measure")
    assert links.loc["income", "units"] == 4


def test_a_page_escapes_what_it_is_given(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["<b>", None], "n": [1, 2], "x": [-0.00001, 12.345], "y": [np.nan, 0.5]})
    page = write_page(
        tmp_path, "A & B <script>", files=[], tables={"t": ("T", table)}, notes=["<i>"]
    ).read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page
    assert ">0.0<" in page
    assert ">12.3<" in page
    assert ">–<" in page
    assert ">0.500<" in page
