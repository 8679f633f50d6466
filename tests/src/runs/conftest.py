"""A country of two oblasts, with everything a study needs, in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

COUNTRY = """
code = "two"
languages = ["en"]
levels = ["country", "oblast"]
code_system = "letters"
national_code = "T0"
crs = "EPSG:3857"

[name]
en = "Twoland"

[disclaimer]
en = "Boundaries and names imply no endorsement."

[[boundaries]]
id = "two-oblasts"
level = "oblast"
path = "oblasts.geojson"
code = "unit"
as_of = 2000-01-01
producer = "drawn for a test"
licence = "CC0"
credit = { en = "Two squares drawn for a test (CC0)" }
"""

UNIT_COLUMNS = (
    "unit,level,parent,predecessor,name_en,short_en,type,valid_from,valid_to,"
    "lon,lat,inside_lon,inside_lat,area_km2,aliases"
)
UNITS = f"""{UNIT_COLUMNS}
T0,country,,,Twoland,Twoland,country,1990-01-01,,1.0,0.5,1.0,0.5,24000,
T1,oblast,T0,,West,West,oblast,1990-01-01,,0.5,0.5,0.5,0.5,12000,Occident
T2,oblast,T0,,<b>East</b>,<b>East</b>,oblast,1990-01-01,,1.5,0.5,1.5,0.5,12000,
"""

CATALOGUE = """
[poverty]
label.en = "Poverty"
population.en = "people of all ages"
measure.en = "% of population"
direction = "higher_is_worse"
valid_range = [0, 100]
producer = "=HYPERLINK(1)"
licence = "CC0"

[school]
label.en = "Children at school"
population.en = "children"
measure.en = "% of children"
direction = "higher_is_better"
valid_range = [0, 100]
licence = "CC0"
"""

FIGURES = """unit,indicator,year,residence,value,source
T0,poverty,2020,total,15,office
T1,poverty,2020,total,10,office
T2,poverty,2020,total,20,office
T1,poverty,2020,urban,5,office
T1,poverty,2020,rural,15,office
T1,poverty,2019,total,12,office
T2,poverty,2019,total,19,office
T1,school,2020,total,90,office
T2,school,2020,total,80,office
"""

RECIPE = """
direction = "higher_is_worse"
label.en = "Index of two"
measure.en = "points"
population.en = "children"

[[levels]]
id = "index"

[[indicators]]
id = "poverty"
direction = "higher_is_worse"

[[indicators]]
id = "school"
direction = "higher_is_better"
"""

STUDY = """
name = "two"
country = "country"
vintage = 2020
seed = 7
title.en = "Two oblasts"

[figures]
tables = ["figures.csv"]
catalogue = "indicators.toml"

[[indices]]
recipe = "recipe.toml"

[statistics]
permutations = 99

[[claims]]
id = "rural"
kind = "residence ratio"
indicator = "poverty"
claimed = 2.0
text.en = "Rural poverty is twice the urban one"
"""


def _square(x: int) -> dict[str, object]:
    ring = [[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The folder of a study of a country of two oblasts."""
    folder = tmp_path / "two"
    (folder / "country").mkdir(parents=True)
    features = [
        {"type": "Feature", "properties": {"unit": code}, "geometry": _square(x)}
        for code, x in (("T1", 0), ("T2", 1))
    ]
    shapes = {"type": "FeatureCollection", "features": features}
    files = {
        "country/country.toml": COUNTRY,
        "country/units.csv": UNITS,
        "country/oblasts.geojson": json.dumps(shapes),
        "indicators.toml": CATALOGUE,
        "figures.csv": FIGURES,
        "recipe.toml": RECIPE,
        "study.toml": STUDY,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
