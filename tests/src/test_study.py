"""A study is read whole, or refused with file, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from childatlas import read_study
from childatlas.errors import StudyError
from childatlas.shipped import data_folder, shipped

GOOD = """
name = "tiny"
country = "kaz"
vintage = 2023
seed = 1
title.en = "Tiny"

[figures]
tables = ["figures.csv"]
catalogue = "kaz"
"""


def write(folder: Path, text: str, name: str = "study.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_knows_its_folder_and_its_defaults(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, GOOD))
    assert study.folder == tmp_path
    assert study.level == "oblast"
    assert study.statistics.permutations == 9_999


def test_a_folder_and_a_byte_order_mark_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, "\ufeff" + GOOD)
    assert read_study(tmp_path).name == "tiny"


def test_a_study_is_frozen(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        study.seed = 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seed = 1", "sed = 1", "did you mean 'seed'"),
        ("tables = ", "tabels = ", "did you mean 'tables'"),
        ("seed = 1", "seed = -1", "greater than or equal to 0"),
        ("vintage = 2023", "vintage = 1800", "greater than or equal to 1900"),
        ("seed = 1", "seed = 1\nneighbours.rule = 'knn'", "neighbours: rule 'knn' needs k"),
        ('name = "tiny"', 'name = "Tiny Study"', "pattern"),
        ("seed = 1", "", "Field required"),
        ('tables = ["figures.csv"]', "tables = []", "at least 1"),
        ("seed = 1", "seed = ", "not valid TOML"),
        ("seed = 1", "seed = 1\n[statistics]\npermutatons = 9", "did you mean 'permutations'"),
        ("[figures]", "[[indices]]\nrecipe = 'x'\nvintag = 1\n[figures]", "did you mean 'vintage'"),
        ('catalogue = "kaz"', 'catalogue = "kaz"\nyears = [2020, 2010]', "after last year"),
    ],
)
def test_a_fault_names_file_key_and_remedy(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(StudyError) as refused:
        read_study(path)
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_name_that_ships_no_study_lists_the_nearest() -> None:
    with pytest.raises(StudyError, match="kazakhstan"):
        read_study("kazakstan")


def test_a_path_that_is_not_there_is_said_to_be_a_path() -> None:
    with pytest.raises(StudyError, match="no study file"):
        read_study("nowhere/study.toml")


def test_every_shipped_study_reads() -> None:
    names = sorted(path.stem for path in (data_folder() / "studies").glob("*.toml"))
    assert "kazakhstan" in names
    assert [read_study(name).name for name in names] == names


def test_relative_paths_start_at_the_study_and_bare_names_are_shipped(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, GOOD))
    (tmp_path / "figures.csv").write_text("unit\n", encoding="utf-8")
    assert study.locate("indicators", "figures.csv") == tmp_path / "figures.csv"
    assert study.locate("indicators", "kaz") == shipped("indicators", "kaz")
    with pytest.raises(StudyError, match=r"missing\.csv"):
        study.locate("indicators", "missing.csv")
    with pytest.raises(StudyError, match="kaz"):
        study.locate("boundaries", "kas")
