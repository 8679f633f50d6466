"""A study of any country with a map of kinds: what it writes, and what may not be made of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import childatlas as ca
from atlasgeo.maps.palettes import QUALITATIVE
from childatlas.assembly.discovery import find_layers
from childatlas.assembly.material import read_material
from childatlas.assembly.measured import carry_layer
from childatlas.errors import AnalysisError, AtlasError, DataError, StudyError

ZONE = """
[zone]
label.en = "Natural zone"
measure.en = "zone"
direction = "neutral"
kind = "category"
licence = "CC0"

[zone.categories]
1.en = "<i>Steppe</i>"
2.en = "=Desert()"
5.en = "Mountain"
"""
FIGURES = """T0,zone,2020,total,1,office
T1,zone,2020,total,5,office
T2,zone,2020,total,2,office
T1,zone,2019,total,1,office
T2,zone,2019,total,2,office
T1,zone,2020,urban,1,office
T1,zone,2020,rural,5,office
"""


@pytest.fixture
def zoned(two: Path) -> Path:
    """The country of two oblasts, each in a zone of its own, and a third zone that nobody is in."""
    for name, more in (("indicators.toml", ZONE), ("figures.csv", FIGURES)):
        path = two / name
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return two


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_run_writes_labels_everywhere_and_ranks_nowhere(zoned: Path, tmp_path: Path) -> None:
    atlas = ca.run(zoned, out=tmp_path / "out")
    layer = atlas.layer("zone")
    assert layer.values.to_dict() == {"T1": 5.0, "T2": 2.0}
    assert layer.ranks["rank"].isna().all()
    assert (layer.national, layer.gap, layer.standard_errors) == (None, None, None)
    assert layer.trend.empty
    assert "no order" in layer.no_statistics
    assert "zone" not in set(atlas.tables["gaps"]["indicator"])
    assert layer.key not in set(atlas.tables["lowest"]["layer"])
    folder = atlas.folder

    drawn = sorted(path.name for path in (folder / "maps" / "oblast").glob("zone*.svg"))
    assert drawn == ["zone.svg"]  # no chart of ranks, gaps or clusters
    svg = (folder / "maps" / "oblast" / "zone.svg").read_text(encoding="utf-8").lower()
    assert all(colour in svg for colour in QUALITATIVE[1:3])
    alt = (folder / "maps" / "oblast" / "zone.alt.txt").read_text(encoding="utf-8")
    assert "Natural zone: =Desert() (1) and Mountain (1)" in alt
    assert "Values go from" not in alt
    assert "Worst" not in alt

    table = pd.read_csv(folder / "tables" / "values-oblast-2020.csv", dtype=str).set_index("unit")
    assert table["zone"].to_dict() == {"T1": "5", "T2": "2"}
    assert table["zone_label"].to_dict() == {"T1": "Mountain", "T2": "'=Desert()"}
    assert "zone_rank" not in table
    cells = [cell for sheet in openpyxl.load_workbook(folder / "atlas.xlsx") for row in sheet for cell in row]
    assert "Mountain" in {cell.value for cell in cells}
    assert not [cell for cell in cells if cell.data_type == "f"]
    with closing(sqlite3.connect(folder / "atlas.gpkg")) as base:
        found = base.execute("SELECT unit, zone, zone_label FROM oblast_2020 ORDER BY unit").fetchall()
        styles = base.execute("SELECT styleQML FROM layer_styles WHERE styleName LIKE 'Natural%'").fetchall()
    assert found == [("T1", 5.0, "Mountain"), ("T2", 2.0, "=Desert()")]
    assert all(f'label="{name}"' in styles[0][0] for name in ("=Desert()", "Mountain"))


def test_page_and_interactive_map_show_labels_and_escape_them(zoned: Path, tmp_path: Path) -> None:
    folder = ca.run(zoned, out=tmp_path / "out").folder
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<i>Steppe</i>" not in page
    assert "&lt;i&gt;Steppe&lt;/i&gt;" in page
    assert "each colour is a category" in page.lower()
    web = (folder / "interactive" / "oblast.html").read_text(encoding="utf-8")
    text = web.partition('id="atlas-data">')[2].partition("</script>")[0]
    zone = next(layer for layer in json.loads(text)["layers"] if layer["key"] == "zone-2020")
    assert {code: unit["value"] for code, unit in zone["units"].items()} == {
        "T1": "Mountain",
        "T2": "=Desert()",
    }
    assert {unit["rank"] for unit in zone["units"].values()} == {""}
    assert zone["measure"] == ""
    assert [(row["label"], row["count"]) for row in zone["legend"]] == [
        ("<i>Steppe</i>", 0),
        ("=Desert()", 1),
        ("Mountain", 1),
    ]


@pytest.mark.parametrize("value", ["3", "1.5", "0", "-1"])
def test_an_unknown_category_stops_the_run_and_names_the_row(zoned: Path, tmp_path: Path, value: str) -> None:
    change(zoned / "figures.csv", "T1,zone,2020,total,5", f"T1,zone,2020,total,{value}")
    with pytest.raises(DataError, match="none of its categories") as caught:
        ca.run(zoned, out=tmp_path / "out")
    assert caught.value.found == value
    assert "row 12" in str(caught.value.where)
    assert "5 (Mountain)" in str(caught.value.expected)
    assert not (tmp_path / "out" / "two").exists()


BAD = [
    ("recipe.toml", 'id = "school"', 'id = "zone"', "the category 'zone' enters the index"),
    ("study.toml", 'indicator = "poverty"', 'indicator = "zone"', "'zone' names categories"),
    ("study.toml", "[statistics]", "[classes]\nbreaks.zone = [1.0, 2.0]\n\n[statistics]", "names categories"),
    (
        "study.toml",
        'tables = ["figures.csv"]',
        'tables = ["figures.csv"]\nparent_values = ["zone"]',
        "names categories",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), BAD)
def test_a_study_cannot_take_a_category_for_an_amount(
    zoned: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    change(zoned / file, old, new)
    with pytest.raises(AtlasError, match=said) as caught:
        ca.run(zoned, out=tmp_path / "out")
    assert isinstance(caught.value, StudyError)


def test_a_category_is_never_carried(zoned: Path) -> None:
    material = read_material(ca.read_study(zoned))
    found = find_layers(material)
    (geography,) = found.geographies.values()
    layer = next(layer for layer in found.layers if layer.id == "zone")
    with pytest.raises(AnalysisError, match="category cannot be carried"):
        carry_layer(layer, geography, material.ground.gazetteer)
