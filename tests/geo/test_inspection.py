"""A layer held against the gazetteer, one disagreement at a time."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.affinity import translate
from shapely.geometry import box

import atlasgeo as ag
from atlasgeo.errors import BoundaryError
from atlasgeo.inspection import inspect_boundaries


@pytest.fixture
def layer() -> gpd.GeoDataFrame:
    """Four squares of one degree near 66 E 40 N in an equal-area CRS."""
    cells = {f"{y}{x}": box(66 + x, 40 + y, 67 + x, 41 + y) for y in (0, 1) for x in (0, 1)}
    frame = gpd.GeoDataFrame(
        geometry=list(cells.values()), index=pd.Index(cells, name="unit"), crs="EPSG:4326"
    )
    return frame.to_crs("+proj=laea +lat_0=41 +lon_0=67 +datum=WGS84 +units=m")


@pytest.fixture
def units(layer: gpd.GeoDataFrame, tmp_path: Path) -> pd.DataFrame:
    """Their gazetteer: parents s(outh) and n(orth)."""
    head = "unit,level,parent,name_en,inside_lon,inside_lat,area_km2"
    rows = [
        f"{code},cell,{'sn'[int(code[0])]},X,{66.5 + int(code[1])},{40.5 + int(code[0])},{area / 1e6:.1f}"
        for code, area in layer.area.items()
    ]
    path = tmp_path / "units.csv"
    path.write_text("\n".join([head, *rows, "s,row,,South,,,", "n,row,,North,,,"]) + "\n")
    return ag.read_units(path)


def rows_of(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The two rows of squares."""
    return layer.dissolve([code[0] for code in layer.index]).set_axis(["s", "n"], axis=0)


def kinds(layer: gpd.GeoDataFrame, units: pd.DataFrame, **given: object) -> list[tuple[str, str]]:
    """Return kind and unit of each finding."""
    found = inspect_boundaries(layer, units, level="cell", year=2020, **given)  # type: ignore[arg-type]
    assert all(str(finding).startswith(finding.kind) for finding in found)
    return [(finding.kind, finding.unit) for finding in found]


def test_a_good_layer_has_no_findings(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    assert kinds(layer, units, parents=rows_of(layer)) == []


def test_codes_on_one_side_only(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    assert kinds(layer.rename(index={"11": "12"}), units) == [("unknown code", "12"), ("no shape", "11")]


def test_two_units_with_each_others_codes(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    assert kinds(layer.rename(index={"00": "01", "01": "00"}), units) == [
        ("place", "01"),
        ("place", "00"),
    ] or kinds(layer.rename(index={"00": "01", "01": "00"}), units) == [("place", "00"), ("place", "01")]


def test_points_with_latitude_first(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    swapped = units.rename(columns={"inside_lon": "inside_lat", "inside_lat": "inside_lon"})
    assert kinds(layer, swapped) == [("axis order", "")]


def test_areas_five_per_cent_off(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    factor = pd.Series(1.0, index=units.index)
    for error, found in ((1.049, []), (1 / 0.949, [("area", "00")])):
        factor[units["unit"] == "00"] = error
        assert kinds(layer, units.assign(area_km2=units["area_km2"] * factor)) == found


def test_units_outside_their_parent(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    parents = rows_of(layer)
    crossed = parents.rename(index={"s": "n", "n": "s"})
    assert kinds(layer, units, parents=crossed) == [("nesting", code) for code in ("00", "01", "10", "11")]
    assert kinds(layer, units, parents=parents.loc[["s"]]) == [("nesting", "10"), ("nesting", "11")]


def test_shapes_that_overlap(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    moved = layer.geometry.where(layer.index != "00", [translate(shape, 300, 0) for shape in layer.geometry])
    assert kinds(layer.set_geometry(moved), units) == [("coverage", "")]


def test_what_cannot_be_inspected(layer: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    with pytest.raises(BoundaryError, match="no coordinate system"):
        kinds(layer.set_crs(None, allow_override=True), units)
    with pytest.raises(BoundaryError, match="duplicated"):
        kinds(pd.concat([layer, layer]), units)
