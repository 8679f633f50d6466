"""An index over years: one set of indicators and goalposts; breaks; the command and its pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from childatlas.errors import AnalysisError, AtlasError, StudyError
from childatlas.index_commands import app
from childatlas.laboratory.change import build_change
from childatlas.laboratory.years import YearsBench, years_of_study, years_of_tables
from childatlas.measures.change import (
    CAME_OR_WENT,
    build_panel,
    convergence,
    decompose_change,
    restrict_recipe,
)
from childatlas.measures.recipe import as_recipe, read_recipe

BETTER, WORSE = "higher_is_better", "higher_is_worse"
TWO: dict[str, Any] = {
    "indicators": [
        {"id": "school", "direction": BETTER},
        {"id": "stunting", "direction": WORSE},
    ]
}
FIRST = pd.DataFrame({"school": [40.0, 60, 80], "stunting": [30.0, 20, 10]}, index=list("abc"))
LAST = pd.DataFrame({"school": [60.0, 80, 90], "stunting": [20.0, 20, 5]}, index=list("abc"))


def run(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if isinstance(result.exception, AtlasError):
        raise result.exception
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def test_scores_of_the_country_stand_on_the_goalposts_of_the_units() -> None:
    own = {2010: pd.Series({"school": 65.0, "stunting": 17.5}), 2015: FIRST.mean()}
    panel = build_panel({2010: FIRST, 2015: LAST}, TWO, references=own)
    # goalposts over both years: school 40-90, stunting 5-30
    assert panel.reference[2010] == pytest.approx((50 + 50) / 2)
    assert panel.reference[2015] == pytest.approx((40 + 40) / 2)
    table = decompose_change(panel, 2010, 2015)
    assert table.loc["country", ["school", "stunting"]].tolist() == pytest.approx([-5.0, -5.0])
    assert table.loc["country", "change"] == pytest.approx(-10.0)
    assert table.loc["a", ["school", "stunting"]].tolist() == pytest.approx([20.0, 20.0])


def test_outliers_are_treated_over_all_years_at_once() -> None:
    rng = np.random.default_rng(3)
    early = pd.DataFrame({"x": rng.normal(50, 5, 20)})
    late = pd.DataFrame({"x": rng.normal(52, 5, 20)})
    late.loc[0, "x"] = 500.0
    recipe = {"treatment": "winsorise", "indicators": [{"id": "x", "direction": BETTER}]}
    panel = build_panel({1: early, 2: late}, recipe)
    top = max(early["x"].max(), late["x"][1:].max())
    low = min(early["x"].min(), late["x"].min())
    expected = (early["x"] - low) / (top - low) * 100
    np.testing.assert_allclose(panel.scores[1], expected)  # the cap of both years, not of each alone
    assert panel.scores.loc[0, 2] == pytest.approx(100.0)


def test_logarithms_of_several_years_are_one_and_the_same() -> None:
    years = {y: pd.DataFrame({"x": np.exp(np.linspace(0, 6, 12) + y / 10)}) for y in (1, 2)}
    recipe = {
        "treatment": {"method": "log", "always": True},
        "indicators": [{"id": "x", "direction": BETTER}],
    }
    panel = build_panel(years, recipe)
    assert (panel.scores[2] > panel.scores[1]).all()
    assert panel.scores.to_numpy().min() == pytest.approx(0)
    assert panel.scores.to_numpy().max() == pytest.approx(100)


def test_what_compares_units_of_one_year_is_refused() -> None:
    for change in ({"aggregation": "copeland"}, {"weights": "entropy"}):
        recipe = {**TWO, "levels": [{"id": "index", **change}]}
        with pytest.raises(StudyError, match="year"):
            build_panel({1: FIRST, 2: LAST}, recipe)
    with pytest.raises(StudyError, match="does not compare over time"):
        build_panel({1: FIRST, 2: LAST}, {**TWO, "normalisation": "rank"})


def test_a_recipe_keeps_only_what_every_year_has() -> None:
    recipe = as_recipe(
        {
            "levels": [{"id": "index"}, {"id": "area"}, {"id": "component"}],
            "groups": [
                {"id": "one", "level": "area"},
                {"id": "two", "level": "area"},
                {"id": "inner", "level": "component", "parent": "two"},
            ],
            "indicators": [
                {"id": "x", "parent": "one", "direction": BETTER},
                {"id": "y", "parent": "inner", "direction": BETTER, "denominator": "people"},
                {"id": "later", "open": False},
            ],
            "declared": {"statistical": 3},
        }
    )
    assert [i.id for i in restrict_recipe(recipe, {"x", "y"}).indicators] == ["x"]
    assert [g.id for g in restrict_recipe(recipe, {"x", "y"}).groups] == ["one"]
    assert [g.id for g in restrict_recipe(recipe, {"y", "people"}).groups] == ["two", "inner"]
    with pytest.raises(StudyError, match="nothing is left"):
        restrict_recipe(recipe, {"z"})


def test_units_that_were_cut_neither_grow_nor_converge() -> None:
    bench = YearsBench(
        recipe=as_recipe(TWO),
        values={1: FIRST, 2: FIRST, 3: LAST},
        changed={2: frozenset("b"), 3: frozenset()},
        breaks={2: "b was cut"},
    )
    assert bench.unchanged(1, 3) == ["a", "c"]
    assert bench.unchanged(2, 3) == ["a", "b", "c"]
    found = build_change(bench)
    assert list(found.drivers.index) == ["a", "c"]
    assert found.converged is None
    assert "three units" in found.why_not
    assert found.drivers["break"].unique().tolist() == ["2: b was cut"]
    panel = found.panel
    with pytest.raises(AtlasError, match="three units"):
        convergence(panel, units=["a", "c"])
    assert convergence(panel).units == 3


def test_years_without_any_score_are_no_ends() -> None:
    empty = LAST * np.nan
    found = build_change(YearsBench(recipe=as_recipe(TWO), values={1: empty, 2: FIRST, 3: LAST, 4: empty}))
    assert (found.start, found.end) == (2, 3)
    assert found.converged is not None
    assert found.converged.units == 3


def test_a_change_needs_scores_in_two_years() -> None:
    empty = LAST * np.nan
    bench = YearsBench(recipe=as_recipe(TWO), values={1: FIRST, 2: empty})
    with pytest.raises(AnalysisError, match="in two years"):
        build_change(bench)


RECIPE = """
direction = "higher_is_worse"
label.en = "Small index"
[[indicators]]
id = "school"
direction = "higher_is_better"
label.en = "In school"
[[indicators]]
id = "stunting"
direction = "higher_is_worse"
[[indicators]]
id = "once"
direction = "higher_is_worse"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")
    country = pd.DataFrame({"school": [66.0], "stunting": [19.0]}, index=["country"])
    for year, table in ((2010, FIRST.assign(once=[1.0, 2, 3])), (2015, LAST), (2020, LAST + 2)):
        pd.concat([table, country]).rename_axis("unit").to_csv(tmp_path / f"{year}.csv")
    return tmp_path


def test_the_command_follows_tables_of_several_years(folder: Path) -> None:
    given = [a for y in (2010, 2015, 2020) for a in ("--values", f"{y}={folder / f'{y}.csv'}")]
    facts = run(
        *("change", folder / "small.toml", *given, "--break", "2015=a new definition"),
        *("-o", folder / "out", "--unit", "a"),
    )
    assert facts["years"] == [2010, 2020]
    assert facts["indicators"] == 2
    assert facts["breaks"] == {"2015": "a new definition"}
    names = {Path(f).name for f in facts["files"]}
    assert {"scores_by_year.png", "change.svg", "change_a.png", "convergence.png", "convergence.csv"} <= names
    home = folder / "out" / "small-change"
    scores = pd.read_csv(home / "scores_by_year.csv", index_col="unit")
    assert list(scores.columns) == ["name", "2010", "2015", "2020"]
    assert scores.loc["a", "2010"] == pytest.approx(100)  # the worst of all years on both
    assert scores.loc["country", "2010"] == scores.loc["country", "2020"]
    change = pd.read_csv(home / "change.csv", index_col="unit")
    parts = change[["school", "stunting", CAME_OR_WENT]].sum(axis=1)
    np.testing.assert_allclose(parts, change["change"], atol=1e-8)
    used = pd.read_csv(home / "indicators.csv", index_col=0)
    assert used.loc["once", "left_out"] == "figures only in 2010"
    assert used.loc["school", ["low", "high"]].tolist() == [40.0, 92.0]
    assert "Founded" not in (home / "scores_by_year.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--values", "2010.csv"), "a year is missing"),
        (("--values", "2010=a.csv", "--values", "2010=b.csv"), "stands twice"),
        (("--from", 2015, "--to", 2010), "run backwards"),
        (("--from", 1900, "--to", 1901), "no indicator has figures in every year"),
    ],
)
def test_years_that_make_no_change_are_refused(
    arguments: tuple[object, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(AtlasError, match=said):
        run("change", "deprivation_kaz", *arguments, "-o", tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_table_is_no_change(folder: Path) -> None:
    with pytest.raises(AnalysisError, match="two years"):
        years_of_tables(read_recipe(folder / "small.toml"), {2010: folder / "2010.csv"})


def test_the_shipped_figures_break_at_the_reforms() -> None:
    bench = years_of_study(read_recipe("deprivation_kaz"), "kazakhstan", first=2016, last=2022)
    assert set(bench.breaks) == {2018, 2022}
    assert "Turkistan" in bench.breaks[2018]
    assert "Abai" in bench.breaks[2022]
    same = bench.unchanged(2016, 2022)
    east, akmola = "630000000", "110000000"
    assert akmola in same
    assert east not in same
    assert east in bench.unchanged(2018, 2021)
    assert len(bench.values[2016]) == 16
    assert len(bench.values[2022]) == 20
    found = build_change(bench)
    plan = {i.id: i.normalisation for i in found.panel.recipe.indicators}["neet"]
    pooled = pd.concat(list(bench.values.values()))["neet"]
    assert plan is not None
    assert (plan.low, plan.high) == (pooled.min(), pooled.max())
    assert "stunting" in bench.left_out
