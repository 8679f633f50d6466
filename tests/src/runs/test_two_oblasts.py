"""The whole run on a country of two oblasts: what it writes, that it repeats, what stops it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

import childatlas as ca
from childatlas.errors import AtlasError, BoundaryError, DataError, StudyError
from childatlas.pipeline import check

MADE = ("index.html", "atlas.pdf", "atlas.gpkg", "atlas.xlsx", "report.md", "manifest.json")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path.name} does not hold {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_makes_everything_and_repeats_to_the_byte(two: Path, tmp_path: Path) -> None:
    atlas = ca.run(ca.read_study(two), out=tmp_path / "first")
    assert all((atlas.folder / name).is_file() for name in MADE)
    assert (atlas.folder / "interactive" / "oblast.html").is_file()
    assert (atlas.folder / "maps" / "oblast" / "poverty.png").is_file()
    again = ca.run(two, out=tmp_path / "second")
    assert again.run_id == atlas.run_id
    assert digests(again.folder) == digests(atlas.folder)


def test_the_seed_and_the_figures_are_part_of_the_run_id(two: Path, tmp_path: Path) -> None:
    first = ca.run(two, out=tmp_path / "out").run_id
    change(two / "study.toml", "seed = 7", "seed = 8")
    second = ca.run(two, out=tmp_path / "out").run_id
    change(two / "figures.csv", "T1,poverty,2020,total,10", "T1,poverty,2020,total,11")
    third = ca.run(two, out=tmp_path / "out").run_id
    assert len({first, second, third}) == 3


def test_the_manifest_says_what_went_in(two: Path, tmp_path: Path) -> None:
    atlas = ca.run(two, out=tmp_path / "out")
    manifest = json.loads((atlas.folder / "manifest.json").read_text(encoding="utf-8"))
    assert {"seed", "run_id", "inputs", "versions", "methods", "dropped"} <= set(manifest)
    assert manifest["seed"] == 7
    inputs = {row["path"]: row["sha256"] for row in manifest["inputs"]}
    assert inputs["figures.csv"] == hashlib.sha256((two / "figures.csv").read_bytes()).hexdigest()
    assert not [path for path in inputs if Path(path).is_absolute()]


def test_values_ranks_and_gaps_are_those_of_the_table(two: Path, tmp_path: Path) -> None:
    atlas = ca.run(two, out=tmp_path / "out")
    poverty = atlas.layer("poverty")
    assert poverty.values.to_dict() == {"T1": 10.0, "T2": 20.0}
    assert poverty.ranks["rank"].to_dict() == {"T2": 1, "T1": 2}
    assert poverty.national == 15.0
    assert poverty.gap is not None
    assert poverty.gap.loc["T1", "difference"] == 10.0
    # The worse of two on both indicators is 100, the other 0.
    assert atlas.layer("recipe").values.to_dict() == {"T1": 0.0, "T2": 100.0}


def test_two_units_are_too_few_for_statistics_and_it_says_so(two: Path, tmp_path: Path) -> None:
    layer = ca.run(two, out=tmp_path / "out").layer("poverty")
    assert layer.local_moran is None
    assert "2 units" in layer.no_statistics


def test_texts_from_files_are_escaped(two: Path, tmp_path: Path) -> None:
    folder = ca.run(two, out=tmp_path / "out").folder
    for page in (folder / "index.html", folder / "interactive" / "oblast.html"):
        assert "<b>East</b>" not in page.read_text(encoding="utf-8")
    import openpyxl

    book = openpyxl.load_workbook(folder / "atlas.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    for table in (folder / "tables").glob("*.csv"):
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        assert not frame.map(lambda cell: cell.startswith(("=", "@"))).to_numpy().any()


def test_a_failed_run_leaves_the_old_atlas_whole(two: Path, tmp_path: Path) -> None:
    folder = ca.run(two, out=tmp_path / "out").folder
    before = digests(folder)
    change(two / "figures.csv", "T1,poverty,2020,total,10", "T1,poverty,2020,total,ten")
    with pytest.raises(DataError):
        ca.run(two, out=tmp_path / "out")
    assert digests(folder) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["two"]


def test_a_folder_that_is_not_an_atlas_is_never_replaced(two: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "two"
    mine.mkdir(parents=True)
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(AtlasError):
        ca.run(two, out=tmp_path / "out")
    assert (mine / "thesis.txt").read_text(encoding="utf-8") == "years of work"


BAD = [
    (
        "figures.csv",
        "unit,indicator,year,residence,value",
        "unit,indicator,year,residence,valeu",
        DataError,
        "value",
    ),
    ("figures.csv", "T1,poverty,2020,total,10", "T1,poverty,2020,total,ten", DataError, "row 3"),
    ("figures.csv", "T1,poverty,2019,total,12", "T1,poverty,2020,total,10", DataError, "T1"),
    ("figures.csv", "T1,poverty,2019,total,12", "T1,poverty,2020,total,11", DataError, "T1"),
    ("figures.csv", "T1,poverty,2020,total,10", "T1,poverty,2020,total,110", DataError, "110"),
    ("figures.csv", "T1,poverty,2020,total,10", "T1,poverty,2020,totl,10", DataError, "total"),
    ("figures.csv", "T2,poverty,2020,total,20", "T2,povrty,2020,total,20", DataError, "poverty"),
    ("recipe.toml", 'id = "school"', 'id = "scool"', StudyError, "school"),
    (
        "recipe.toml",
        'direction = "higher_is_better"',
        'direction = "higher_is_worse"',
        StudyError,
        "contradict",
    ),
    ("study.toml", "vintage = 2020", "vintag = 2020", StudyError, "vintage"),
    ("study.toml", 'recipe = "recipe.toml"', 'recipe = "other.toml"', StudyError, "other.toml"),
    ("country/oblasts.geojson", '"T2"', '"T1"', BoundaryError, "T1"),
    ("country/units.csv", "T2,oblast", "T1,oblast", BoundaryError, "T1"),
]


@pytest.mark.parametrize(("file", "old", "new", "error", "says"), BAD)
def test_bad_input_stops_with_what_where_and_what_to_do(
    two: Path, tmp_path: Path, file: str, old: str, new: str, error: type[AtlasError], says: str
) -> None:
    change(two / file, old, new)
    with pytest.raises(error) as refused:
        ca.run(two, out=tmp_path / "out")
    assert says in str(refused.value)
    assert not (tmp_path / "out" / "two").exists()


def test_an_indicator_without_values_at_the_level_is_refused_by_name(two: Path, tmp_path: Path) -> None:
    change(
        two / "study.toml",
        'catalogue = "indicators.toml"',
        'catalogue = "indicators.toml"\nindicators = ["school"]',
    )
    text = (two / "figures.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("T1,school", "T2,school"))]
    (two / "figures.csv").write_text("\n".join(kept), encoding="utf-8")
    change(two / "study.toml", '[[indices]]\nrecipe = "recipe.toml"\n', "")
    with pytest.raises(DataError, match="school"):
        ca.run(two, out=tmp_path / "out")


def test_equal_values_say_no_variation(two: Path, tmp_path: Path) -> None:
    change(two / "figures.csv", "T2,school,2020,total,80", "T2,school,2020,total,90")
    layer = ca.run(two, out=tmp_path / "out").layer("school")
    assert layer.ranks["rank"].tolist() == [1, 1]
    assert layer.no_statistics


def test_a_table_that_is_only_a_header_is_refused(two: Path, tmp_path: Path) -> None:
    header = (two / "figures.csv").read_text(encoding="utf-8").splitlines()[0]
    (two / "figures.csv").write_text(header + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no figures"):
        ca.run(two, out=tmp_path / "out")


def test_a_table_without_a_single_value_makes_no_empty_index(two: Path, tmp_path: Path) -> None:
    lines = (two / "figures.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("value")
    rows = [line.split(",") for line in lines[1:]]
    empty = [",".join([*row[:place], "", *row[place + 1 :]]) for row in rows]
    (two / "figures.csv").write_text("\n".join([lines[0], *empty]), encoding="utf-8")
    with pytest.raises(DataError, match="no indicator has a value"):
        ca.run(two, out=tmp_path / "out")


def test_the_check_shows_what_was_not_found_and_not_used(two: Path) -> None:
    text = (two / "figures.csv").read_text(encoding="utf-8").splitlines()
    lines = [
        f"{text[0]},colour",
        *(f"{line},blue" for line in text[1:]),
        "Atlantis,poverty,2020,total,1,office,blue",
    ]
    (two / "figures.csv").write_text("\n".join(lines), encoding="utf-8")
    reading = check(two)["reading"]
    assert "not used" in reading["column colour of figures.csv"]
    assert any("Atlantis" in name and "1 figures left out" in said for name, said in reading.items())
