"""The command line as a person meets it: words, exit codes, nothing but a message for bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def childatlas(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "childatlas", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
        timeout=120,
    )


def test_help_names_every_command_of_the_readme() -> None:
    shown = childatlas("--help").stdout
    named = re.findall(
        r"^\| `childatlas (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert named
    assert [command for command in named if command not in shown] == []


@pytest.mark.parametrize("command", ["run", "check", "init", "list", "map", "hotspots"])
def test_each_command_explains_itself(command: str) -> None:
    done = childatlas(command, "--help")
    assert done.returncode == 0
    assert "--quiet" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (("--version",), 0),
        (("nonsense",), 2),
        (("run",), 2),
        (("run", "no-such-study"), 2),
        (("run", "kazakhstan", "--sed", "1"), 2),
        (("list", "nothing"), 2),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    done = childatlas(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_study_names_the_nearest_and_shows_no_traceback() -> None:
    done = childatlas("check", "kazakstan")
    assert done.returncode == 2
    assert "kazakhstan" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in childatlas("--debug", "check", "kazakstan").stderr


def test_errors_are_json_for_machines() -> None:
    done = childatlas("check", "kazakstan", "--json")
    error = json.loads(done.stdout)["error"]
    assert error["exit_code"] == done.returncode == 2
    assert error["type"] == "StudyError"


def test_lists_for_people_and_machines() -> None:
    assert "poverty_subsistence" in childatlas("list", "indicators").stdout
    listed = json.loads(childatlas("list", "--json").stdout)
    assert {"studies", "indicators", "indices"} <= set(listed)
    assert "kazakhstan" in [row["study"] for row in listed["studies"]]


def test_a_new_study_runs_and_is_never_overwritten(tmp_path: Path) -> None:
    assert childatlas("init", "mine", cwd=tmp_path).returncode == 0
    refused = childatlas("init", "mine", cwd=tmp_path)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    checked = childatlas("check", "mine", "--json", cwd=tmp_path)
    assert json.loads(checked.stdout)["facts"]["units"] == 20


def test_a_map_in_one_command(tmp_path: Path) -> None:
    done = childatlas("map", "poverty_subsistence", "--year", "2023", "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    files = [Path(name) for name in json.loads(done.stdout)["files"]]
    assert {path.suffix for path in files} >= {".png", ".svg"}
    assert all(path.is_file() for path in files)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("map", "povrty_subsistence"), "poverty_subsistence"),
        (("map", "poverty_subsistence", "--year", "1812"), "2023"),
        (("map", "poverty_subsistence", "--residence", "urbn"), "urban"),
    ],
)
def test_a_map_that_cannot_be_says_why(arguments: tuple[str, ...], says: str) -> None:
    done = childatlas(*arguments)
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_every_toml_that_ships_is_toml() -> None:
    files = [path for folder in ("data", "tests") for path in (ROOT / folder).rglob("*.toml")]
    assert len(files) > 5
    for path in files:
        tomllib.loads(path.read_text(encoding="utf-8"))


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    done = childatlas("init", "taken/mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be read or written" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_names_a_command_that_can_be_pasted(tmp_path: Path) -> None:
    assert "`childatlas run 'my study'`" in childatlas("init", "my study", cwd=tmp_path).stdout
    found = json.loads(childatlas("init", "other", "--json", cwd=tmp_path).stdout)
    assert "other/study.toml" in found["files"]


SQUARES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": f"0{i}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[i, 0], [i + 1, 0], [i + 1, 1], [i, 1], [i, 0]]],
            },
        }
        for i in range(4)
    ],
}


def test_json_of_equal_values_is_standard_and_lost_zeros_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shapes.geojson").write_text(json.dumps(SQUARES), encoding="utf-8")
    (tmp_path / "equal.csv").write_text("code,v\n00,5\n01,5\n02,5\n03,5\n", encoding="utf-8")
    (tmp_path / "lost.csv").write_text("code,v\n0,5\n1,6\n2,7\n3,8\n", encoding="utf-8")
    options = ("--column", "v", "--code", "code", "--permutations", "99")
    equal = childatlas("hotspots", "equal.csv", "shapes.geojson", *options, "--json", cwd=tmp_path).stdout
    assert "NaN" not in equal
    assert json.loads(equal)["global statistic"] is None
    lost = childatlas("hotspots", "lost.csv", "shapes.geojson", *options, cwd=tmp_path)
    assert lost.returncode == 3
    assert "leading zeros" in lost.stderr
