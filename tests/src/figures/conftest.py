"""A country of two reforms, its catalogue, and a hand that writes tables of figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from atlasgeo.units import read_units
from childatlas.figures.catalogue import Catalogue, read_catalogue

# 51 became 61 and 79 in 2018; 63 gave 10 away in 2022 and kept its number; 11 never changed.
UNITS = """\
unit,level,parent,predecessor,valid_from,valid_to,type,name_en,name_ru,short_en,lon,lat,area_km2,aliases
00,country,,,,,country,Landia,Ландия,Landia,0,0,9,
11,oblast,00,,,,oblast,Akmo Region,Акмолинская область,Akmo,0,0,1,Akmolinsk
51,oblast,00,,,2018-06-19,oblast,South Region,Южная область,South,0,0,2,
61,oblast,00,51,2018-06-19,,oblast,Turk Region,Туркестанская область,Turk,0,0,1,
79,oblast,00,51,2018-06-19,,city,Shym city,город Шымкент,Shym city,0,0,1,
63,oblast,00,,,2022-06-08,oblast,East Region,Восточная область,East,0,0,3,
63,oblast,00,63,2022-06-08,,oblast,East Region,Восточная область,East,0,0,2,
10,oblast,00,63,2022-06-08,,oblast,Abai Region,область Абай,Abai,0,0,1,
41,oblast,00,,,,oblast,Mata Region,Матинская область,Mata,0,0,1,Mata
71,oblast,00,,,,city,Mata city,город Мата,Mata city,0,0,1,Mata
"""

CATALOGUE = """\
[poverty]
label = { en = "Poverty" }
direction = "higher_is_worse"
valid_range = [0, 100]
carry = true

[people]
label = { en = "People" }
direction = "neutral"
kind = "count"
digits = 0
valid_range = [0, inf]

[failing]
label = { en = "People in failing houses" }
direction = "higher_is_worse"
kind = "count"
denominator = "people"

[failing_rate]
label = { en = "People in failing houses, per 1,000" }
direction = "higher_is_worse"
count = "failing"
denominator = "people"
per = 1000

[zone]
label = { en = "Zone" }
direction = "neutral"
kind = "category"
categories = { 1 = { en = "Steppe" }, 2 = { en = "Desert" } }
"""

HEADER = "unit,indicator,year,residence,sex,group,value,se,n,source,flag"


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("country") / "units.csv"
    path.write_text(UNITS, encoding="utf-8")
    return read_units(path)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "indicators.toml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return read_catalogue(path)


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, *, name: str = "figures.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def make_figures() -> Callable[..., pd.DataFrame]:
    """Return a table of figures from rows of (unit, indicator, year, value[, changes])."""

    def make(*rows: tuple) -> pd.DataFrame:
        table = []
        for unit, indicator, year, value, *changes in rows:
            row = dict.fromkeys(HEADER.split(","), "")
            row |= {"unit": unit, "indicator": indicator, "year": year, "residence": "total"}
            row |= {"value": value, "se": float("nan"), "n": float("nan"), "source": "test"}
            table.append(row | (changes[0] if changes else {}))
        frame = pd.DataFrame(table, columns=HEADER.split(","))
        return frame.astype({"value": float, "se": float, "n": float, "year": "int64"})

    return make
