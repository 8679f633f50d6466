"""The engine on any table and any polygons: kinds of files, columns found, statistics, rates, sensitivity."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import atlasgeo as ag
from childatlas.errors import DataError, StudyError
from childatlas.hotspots import find_hotspots, summary, write_hotspots

PLAIN = {"seed": 1, "permutations": 1_999}


@pytest.fixture
def shapes() -> gpd.GeoDataFrame:
    """Return 25 squares with leading zeros in their codes and names of their own."""
    cells = [shapely.box(c * 1e4, r * 1e4, (c + 1) * 1e4, (r + 1) * 1e4) for r in range(5) for c in range(5)]
    codes = [f"0{i:02d}" for i in range(25)]
    names = [f"Район {i}" for i in range(25)]
    return gpd.GeoDataFrame({"kato": codes, "name": names}, geometry=cells, crs="EPSG:3857")


@pytest.fixture
def figures(shapes: gpd.GeoDataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    values = rng.normal(size=25).round(2) + np.repeat([4, 4, 0, 0, 0], 5)
    people = rng.integers(500, 2_000, 25)
    return pd.DataFrame(
        {
            "Region": shapes["name"],
            "value": values,
            "events": rng.poisson(0.02 * people),
            "people": people,
            "high": (values > 2).astype(int),
        }
    )


def boundaries(shapes: gpd.GeoDataFrame, folder: Path) -> Path:
    shapes.to_file(folder / "shapes.gpkg")
    return folder / "shapes.gpkg"


def test_names_are_found_and_the_answer_is_that_of_the_engine(
    shapes: gpd.GeoDataFrame, figures: pd.DataFrame, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    rows = figures.assign(value=figures["value"].astype(str).str.replace(".", ","))
    table.write_text(rows.to_csv(index=False, sep=";"), encoding="utf-8-sig")
    found = find_hotspots(table, boundaries(shapes, tmp_path), column="value", **PLAIN)
    assert found.joined_on == ("name", "region")
    units = shapes.set_index("name")
    values = pd.Series(figures["value"].to_numpy(), index=units.index)
    alone = ag.local_moran(values, ag.build_neighbours(units), **PLAIN)
    pd.testing.assert_series_equal(
        found.table["p"], alone["p"].reindex(found.table.index), check_names=False, check_index_type=False
    )
    assert summary(found)["joined on"] == "name = region"


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
@pytest.mark.parametrize("shape", ["geojson", "parquet"])
def test_kinds_of_files(
    shapes: gpd.GeoDataFrame, figures: pd.DataFrame, tmp_path: Path, kind: str, shape: str
) -> None:
    path, table = tmp_path / f"shapes.{shape}", tmp_path / f"table.{kind}"
    shapes.to_parquet(path) if shape == "parquet" else shapes.to_crs(4326).to_file(path)
    rows = figures.assign(kato=shapes["kato"])
    rows.to_parquet(table) if kind == "parquet" else rows.to_excel(table, index=False)
    found = find_hotspots(table, path, column="value", code="kato", **PLAIN)
    assert list(found.table.index) == list(shapes["kato"])
    assert found.overall.statistic > 0.2


@pytest.mark.parametrize("statistic", ["getis", "gi*", "gi", "geary", "median", "losh", "joins"])
def test_every_statistic(
    shapes: gpd.GeoDataFrame, figures: pd.DataFrame, tmp_path: Path, statistic: str
) -> None:
    figures.to_csv(tmp_path / "table.csv", index=False)
    column = "high" if statistic == "joins" else "value"
    found = find_hotspots(
        tmp_path / "table.csv", boundaries(shapes, tmp_path), column=column, statistic=statistic, **PLAIN
    )
    assert found.table["p"].between(0, 1).any()
    below = figures["value"].min() < 0
    assert below
    if statistic in {"getis", "gi"}:
        assert summary(found)["global statistic of"] == "Moran's I"


def test_rates_and_other_neighbours(shapes: gpd.GeoDataFrame, figures: pd.DataFrame, tmp_path: Path) -> None:
    figures.to_csv(tmp_path / "table.csv", index=False)
    paths = tmp_path / "table.csv", boundaries(shapes, tmp_path)
    rates = find_hotspots(*paths, column="events", base="people", **PLAIN)
    scores = ag.rate_scores(rates.table["events"], rates.table["people"])
    assert rates.overall.statistic == ag.global_moran(scores, rates.graph, **PLAIN).statistic
    other = find_hotspots(*paths, column="value", sensitivity=True, **PLAIN)
    assert other.table["stability"].between(0, 1).all()
    assert set(other.table["usual"]) <= set(other.sensitivity.labels.to_numpy().ravel())
    written = write_hotspots(other, tmp_path / "out.csv")
    assert "stability" in pd.read_csv(written)
    with pytest.raises(StudyError, match="together"):
        find_hotspots(*paths, column="value", sensitivity=True, statistic="geary", **PLAIN)
    with pytest.raises(StudyError, match="together"):
        find_hotspots(*paths, column="events", base="people", statistic="getis", **PLAIN)


def test_a_table_of_other_places_is_refused(shapes: gpd.GeoDataFrame, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("place,value\na,1\nb,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="names the shapes"):
        find_hotspots(tmp_path / "table.csv", boundaries(shapes, tmp_path), column="value", **PLAIN)
