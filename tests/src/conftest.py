"""A tiny atlas made by hand on the standard country of nine squares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely.geometry import box

from childatlas.atlas.words import Words, read_words
from childatlas.layers import Atlas, Geography, Layer
from childatlas.measures.gaps import worst_first
from childatlas.study import Claim, FiguresPlan, Study

YEARS = (2019, 2020, 2021, 2022, 2023)


@pytest.fixture(scope="session")
def words() -> Words:
    """The English words."""
    return read_words("en")


def nine_squares() -> gpd.GeoDataFrame:
    """Nine squares of 10 km, coded a1..c3, row by row from the south-west."""
    corners = [(x * 10_000, y * 10_000) for y in range(3) for x in range(3)]
    codes = [f"{row}{column}" for row in "abc" for column in "123"]
    cells = [box(x, y, x + 10_000, y + 10_000) for x, y in corners]
    return gpd.GeoDataFrame(geometry=cells, index=pd.Index(codes, name="unit"), crs="EPSG:3857")


@pytest.fixture(scope="session")
def geography() -> Geography:
    """The nine squares as oblasts of 2023."""
    squares = nine_squares()
    codes = list(squares.index)
    units = pd.DataFrame(
        {
            "level": "oblast",
            "parent": "TST",
            "name_en": [f"Place {code.upper()}" for code in codes],
            "name_ru": [f"Место {code.upper()}" for code in codes],
            "short_en": [code.upper() for code in codes],
            "type": "oblast",
            "valid_from": pd.Timestamp("2018-06-19"),
            "valid_to": pd.NaT,
            "area_km2": 100.0,
        },
        index=pd.Index(codes, name="unit"),
    )
    return Geography(
        key="oblast-2023",
        level="oblast",
        year=2023,
        units=units,
        shapes=squares,
        neighbours=Graph.build_contiguity(squares, rook=True),
        credit="Standard country, public domain, units of 2023",
    )


def local_frame(index: pd.Index) -> pd.DataFrame:
    """What a local statistic without any cluster returns, with one unit that could not be significant."""
    n = len(index)
    frame = pd.DataFrame(
        {
            "statistic": np.linspace(-1, 1, n),
            "expected": -1 / (n - 1),
            "variance": 0.5,
            "z": np.linspace(-1, 1, n),
            "p": np.linspace(0.04, 0.9, n),
            "p_floor": 0.01,
            "p_adjusted": np.linspace(0.3, 0.95, n),
            "quadrant": "Low-Low",
            "cluster": "not significant",
            "suggestive": "",
        },
        index=index,
    )
    frame.loc[index[0], "suggestive"] = "Low-Low"
    frame.loc[index[-1], ["cluster", "p_floor"]] = ["cannot be significant", 0.2]
    return frame


@pytest.fixture(scope="session")
def make_layer(geography: Geography) -> Callable[..., Layer]:
    """Give a function that makes a layer from nine values and whatever else is to differ."""

    def make(values: Any, **changes: Any) -> Layer:
        series = pd.Series(list(values), index=geography.units.index, dtype=float, name="value")
        direction = changes.get("direction", "higher_is_worse")
        plain: dict[str, Any] = {
            "id": "poverty",
            "kind": "indicator",
            "geography": geography.key,
            "year": 2023,
            "residence": "total",
            "label": {"en": "Poverty", "ru": "Бедность"},
            "measure": {"en": "% of population"},
            "population": {"en": "all ages"},
            "direction": direction,
            "values": series,
            "flags": pd.Series("", index=series.index),
            "ranks": worst_first(series, higher_is_worse=direction != "higher_is_better"),
            "trend": pd.DataFrame(index=series.index),
            "global_statistics": pd.DataFrame(),
            "source": "Office of Statistics",
            "licence": "CC BY 4.0",
            "link": "https://example.org/poverty",
            "no_statistics": "the layer is for tests",
        }
        return Layer(**{**plain, **changes})

    return make


@pytest.fixture(scope="session")
def poverty(make_layer: Callable[..., Layer], geography: Geography) -> Layer:
    """A layer with all that a page can show: trend, gap, statistics, national value."""
    index = geography.units.index
    trend = pd.DataFrame({year: np.arange(1.0, 10.0) + (2023 - year) * 0.5 for year in YEARS}, index=index)
    trend.loc["country"] = [7.0, 6.5, 6.0, 5.5, 5.2]
    gap = pd.DataFrame({"urban": np.arange(1.0, 10.0), "rural": np.arange(1.0, 10.0) * 1.5 + 1}, index=index)
    gap.loc["country"] = [4.0, 8.0]
    gap["difference"] = gap["rural"] - gap["urban"]
    gap["ratio"] = gap["rural"] / gap["urban"]
    moran = {"statistic": 0.31, "expected": -0.125, "variance": 0.04, "z": 2.2, "p_norm": 0.03, "p_sim": 0.02}
    return make_layer(
        range(1, 10),
        trend=trend,
        gap=gap,
        gap_year=2022,
        national=5.2,
        global_statistics=pd.DataFrame([moran], index=pd.Index(["moran"], name="name")),
        local_moran=local_frame(index),
        no_statistics="",
    )


@pytest.fixture(scope="session")
def tiny_layers(poverty: Layer, make_layer: Callable[..., Layer]) -> tuple[Layer, ...]:
    """Six layers, each with an edge of its own."""
    missing = [3.0, np.nan, 8.0, 1.0, 5.0, np.nan, 2.0, 9.0, 4.0]
    detail = pd.DataFrame({"health": range(9), "school": range(9, 0, -1)}, index=poverty.values.index)
    index_scores = (detail["health"] + detail["school"]) / 2 + np.arange(9)
    carried = poverty.flags.where(poverty.flags.index != "c3", "carried")
    return (
        make_layer(
            index_scores,
            id="well_being",
            kind="index",
            label={"en": "Well-being index"},
            measure={"en": "points of 100"},
            population={"en": "children"},
            direction="higher_is_better",
            detail=detail,
            coverage=pd.Series(0.8, index=detail.index),
            flags=carried,
            no_statistics="a carried value is no observation",
        ),
        poverty,
        make_layer(
            missing,
            id="stunting",
            label={"en": "Stunting"},
            standard_errors=pd.Series(missing).set_axis(poverty.values.index) * 0.1,
        ),
        make_layer(
            [4.0] * 9, id="level_everywhere", label={"en": "Unemployment"}, no_statistics="all values equal"
        ),
        make_layer(
            range(9), id="trial", label={"en": "Trial"}, flags=pd.Series("synthetic", index=detail.index)
        ),
        make_layer(
            range(10, 19),
            id="housing",
            label={"en": "=Housing <b>#1</b> & *more*"},
            direction="neutral",
            source="<script>alert(1)</script> #let x = 1 $y$ _z_",
        ),
    )


@pytest.fixture(scope="session")
def tiny_study() -> Study:
    """A study that names nothing on disk."""
    claim = Claim(
        id="twice",
        kind="residence ratio",
        indicator="poverty",
        claimed=2.0,
        text={"en": "Rural poverty is twice the urban one"},
    )
    return Study(
        name="tiny",
        title={"en": "Nine squares"},
        country="tst",
        vintage=2023,
        seed=7,
        figures=FiguresPlan(tables=("tiny",), catalogue="tiny"),
        claims=(claim,),
    )


@pytest.fixture(scope="session")
def tiny_atlas(tiny_study: Study, geography: Geography, tiny_layers: tuple[Layer, ...]) -> Atlas:
    """All of it as one atlas."""
    poverty = tiny_layers[1]
    figures = (
        poverty.values.rename_axis("unit")
        .reset_index()
        .assign(indicator="poverty", year=2023, residence="total", source="=cmd()", flag="")
    )
    lowest = poverty.ranks.assign(value=poverty.values, standing="").sort_values("rank")
    lowest.loc[lowest["rank"] <= 2, "standing"] = "lowest by point estimate, errors unpublished"
    claims = pd.DataFrame(
        {
            "claim": "twice",
            "kind": "residence ratio",
            "indicator": "poverty",
            "year": [2010, 2023],
            "numerator": [5.4, 3.4],
            "denominator": [2.0, 2.0],
            "ratio": [2.7, 1.7],
            "claimed": 2.0,
            "units": "",
        }
    )
    return Atlas(
        study=tiny_study,
        run_id="0123456789ab",
        geographies={geography.key: geography},
        layers=tiny_layers,
        tables={
            "figures": figures,
            "lowest": lowest.rename_axis("unit"),
            "claims": claims,
            "gaps": poverty.gap.rename_axis("unit").reset_index()
            if poverty.gap is not None
            else pd.DataFrame(),
            "components": pd.DataFrame(
                {"area": ["Child", "Child"], "component": ["Health", "Skills"], "indicators": ["poverty", ""]}
            ),
        },
        notes=("A note <i>with</i> marks & signs: #1, $2, *3*.",),
        dropped=pd.DataFrame(
            {"unit": ["a1"], "indicator": ["poverty"], "year": [2009], "value": [99.0], "reason": ["suspect"]}
        ),
        inputs=(("data/tiny.csv", "0" * 64),),
        versions={"childatlas": "0.1.0"},
        methods={"local_moran": "conditional permutation, two-sided"},
        profile={"name": {"en": "Nine Squares"}, "disclaimer": {"en": "Boundaries imply no endorsement."}},
        folder=Path(),
    )


@pytest.fixture(scope="session")
def written(tiny_atlas: Atlas, words: Words, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny atlas, written once: nobody may change it."""
    from childatlas.atlas.write import write_atlas

    return write_atlas(tiny_atlas, tmp_path_factory.mktemp("atlas") / "tiny", words=words)
