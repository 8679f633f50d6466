"""The index laboratory from the command line, on a small table and on the shipped figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from childatlas.errors import AnalysisError, AtlasError, DataError
from childatlas.index_commands import app
from childatlas.laboratory.bench import read_wide_table

RECIPE = """
direction = "higher_is_better"
label.en = "Small index"
measure.en = "points"
note.en = "A test."
[[levels]]
id = "index"
[[levels]]
id = "component"
[[groups]]
id = "one"
level = "component"
label.en = "One"
[[groups]]
id = "two"
level = "component"
label.en = "Two"
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
TABLE = """unit;school;stunting;neet
a;40,5;30;8
b;60;20;2
c;80;10;4
d;90;;5
e;=1+1;15;6
country;70;18;5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "other.toml").write_text('normalisation = "percentile-rank"\n' + RECIPE, encoding="utf-8")
    (tmp_path / "table.csv").write_text(TABLE.replace("=1+1", "55"), encoding="utf-8")
    (tmp_path / "errors.csv").write_text(
        "unit,school,stunting,neet\n" + "".join(f"{u},1,1,0.3\n" for u in "abcde"), "utf-8"
    )
    return tmp_path


def run(*arguments: object) -> dict[str, object]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if isinstance(result.exception, AtlasError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_check_explains_the_tree(folder: Path) -> None:
    facts = run("check", folder / "small.toml")
    leaves = {row["id"]: row["effective"] for row in facts["tree"] if row["level"] == "indicator"}  # type: ignore[attr-defined]
    assert leaves == {"school": 0.25, "stunting": 0.25, "neet": 0.5}
    shown = CliRunner().invoke(app, ["check", "cwi_kaz"])
    assert shown.exit_code == 0
    assert "declared, no open data" in shown.stdout


def test_build_writes_tables_and_pictures(folder: Path) -> None:
    facts = run("build", folder / "small.toml", "--values", folder / "table.csv", "-o", folder / "out")
    written = {Path(str(f)).name for f in facts["files"]}  # type: ignore[attr-defined]
    assert {
        "scores.csv",
        "audit.csv",
        "drivers.csv",
        "weights.csv",
        "notes.csv",
        "correlations.png",
    } <= written
    assert {"contributions.svg", "waterfall_a.png", "waterfall_a.alt.txt"} <= written
    assert "rank_sets.png" not in written  # the figures have no errors
    scores = pd.read_csv(folder / "out" / "small" / "scores.csv", index_col="unit")
    assert list(scores.index) == ["a", "e", "d", "b", "c"] or scores["rank"].is_monotonic_increasing
    assert scores.loc["a", "word"] == "lowest by point estimate, errors unpublished"
    drivers = pd.read_csv(folder / "out" / "small" / "drivers.csv", index_col=0)
    sums = drivers[["school", "stunting", "neet"]].sum(axis=1)
    np.testing.assert_allclose(sums, drivers["explained"])


def test_errors_bring_rank_sets(folder: Path) -> None:
    facts = run(
        "build",
        folder / "small.toml",
        "--values",
        folder / "table.csv",
        "--errors",
        folder / "errors.csv",
        "-o",
        folder / "out",
    )
    assert any("rank_sets.png" in str(f) for f in facts["files"])  # type: ignore[attr-defined]
    assert facts["notes"] == ["with 95% confidence the 1 worst off are among these 1: a"]
    ranks = pd.read_csv(folder / "out" / "small" / "ranks_by_group.csv", index_col="unit")
    assert ranks.loc["a", ["index", "one", "two"]].tolist() == [1, 1, 1]
    scores = pd.read_csv(folder / "out" / "small" / "scores.csv", index_col="unit")
    assert scores.loc["a", "word"] == "lagging"


def test_compare_and_explore(folder: Path) -> None:
    pair = run(
        "compare",
        folder / "small.toml",
        folder / "other.toml",
        "--values",
        folder / "table.csv",
        "-o",
        folder / "out",
    )
    assert -1 <= pair["spearman"] <= 1  # type: ignore[operator]
    explored = run(
        *("explore", folder / "small.toml", "--values", folder / "table.csv", "-o", folder / "out"),
        *("--draws", 200, "--base", 32),
    )
    names = {Path(str(f)).name for f in explored["files"]}  # type: ignore[attr-defined]
    assert {
        "ranks.csv",
        "rank_distribution.csv",
        "sensitivity.csv",
        "rank_intervals.png",
        "tornado.svg",
    } <= names
    assert "Uncertainty and sensitivity" in explored["verdicts"]  # type: ignore[operator]


def test_the_same_seed_writes_the_same_bytes(folder: Path) -> None:
    for name in ("first", "second"):
        run(
            "explore",
            folder / "small.toml",
            "--values",
            folder / "table.csv",
            "-o",
            folder / name,
            "--draws",
            50,
            "--base",
            16,
        )
    for path in sorted((folder / "first" / "small-explored").iterdir()):
        assert path.read_bytes() == (folder / "second" / "small-explored" / path.name).read_bytes(), path.name


def test_ballots_join_the_choices(folder: Path) -> None:
    (folder / "ballots.csv").write_text(
        "voter,one,two\n" + "".join(f"{n},{n % 3},{1 + n % 2}\n" for n in range(30)), "utf-8"
    )
    run(
        *("explore", folder / "small.toml", "--values", folder / "table.csv", "-o", folder / "out"),
        *("--draws", 100, "--base", 16, "--ballots", folder / "ballots.csv", "--kind", "points"),
    )
    table = pd.read_csv(folder / "out" / "small-explored" / "sensitivity.csv")
    assert "ballots" in set(table["factor"])


def test_bad_tables_are_refused(folder: Path) -> None:
    (folder / "bad.csv").write_text(TABLE.replace("=1+1", "many"), encoding="utf-8")
    with pytest.raises(DataError, match="row 6, column school"):
        read_wide_table(folder / "bad.csv", known=["school", "stunting", "neet"])
    (folder / "twice.csv").write_text(TABLE.replace("=1+1", "5") + "a;1;1;1\n", encoding="utf-8")
    with pytest.raises(DataError, match="stands twice"):
        read_wide_table(folder / "twice.csv", known=["school", "stunting", "neet"])
    with pytest.raises(AtlasError, match="no such unit"):
        run(
            "build",
            folder / "small.toml",
            "--values",
            folder / "table.csv",
            "--unit",
            "zz",
            "-o",
            folder / "out",
        )
    with pytest.raises(AtlasError, match="belong to --values"):
        run("build", folder / "small.toml", "--errors", folder / "errors.csv")


def test_the_shipped_index_on_the_shipped_figures(tmp_path: Path) -> None:
    facts = run("compare", "deprivation_kaz", "cwi_kaz", "-o", tmp_path)
    assert facts["units"] == 17
    assert facts["spearman"] > 0  # type: ignore[operator]


@pytest.mark.parametrize("command", ["build", "explore"])
@pytest.mark.parametrize("rows", ["a;40;30;8", "a;40;30;8\nb;40;30;8"])
def test_an_index_without_a_score_is_refused_in_words(folder: Path, command: str, rows: str) -> None:
    (folder / "flat.csv").write_text("unit;school;stunting;neet\n" + rows, encoding="utf-8")
    with pytest.raises(AnalysisError, match="no unit has a score"):
        run(command, folder / "small.toml", "--values", folder / "flat.csv", "-o", folder / "out")
    assert not (folder / "out").exists()
