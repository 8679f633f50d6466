"""The GeoPackage: a layer a geography with every table joined, plain tables, and styles for QGIS."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from childatlas.atlas.classing import layer_classes, layer_colours
from childatlas.atlas.qgis import graduated_style, sld_style
from childatlas.atlas.tables import all_tables, flattened, marked, unit_table
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

__all__ = ["column_name", "table_name", "write_geopackage"]

FIXED_TIME: Final = "2000-01-01T00:00:00.000Z"
_GEOMETRY: Final = "geom"
_STYLES: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
  ui TEXT(30), update_time DATETIME
)"""


@dataclass(frozen=True)
class _Style:
    """One row of ``layer_styles``."""

    table: str
    name: str
    qml: str
    sld: str
    default: bool
    description: str


def write_geopackage(atlas: Atlas, path: Path, *, words: Words) -> Path:
    """Write one GeoPackage and return its path.

    Parameters
    ----------
    atlas : Atlas
    path : Path
    words : Words

    Returns
    -------
    Path

    Notes
    -----
    A layer of polygons for each geography holds the values, ranks and clusters of all layers on it. Every
    other table of the atlas is an attribute table. ``layer_styles`` holds a style for each indicator, the
    first of a geography as default. Times are fixed: the same atlas gives the same bytes.
    """
    path.unlink(missing_ok=True)
    for geography in atlas.geographies.values():
        _write_polygons(atlas, geography, path, words=words)
    joined = {atlas.called(f"values-{key}") for key in atlas.geographies}
    polygons = [atlas.called(key) for key in atlas.geographies]
    for name, table in all_tables(atlas, words).items():
        if name not in joined and len(table.columns):
            _write_plain(flattened(table), path, name=table_name(name, taken=polygons))
    _finish(path, _styles(atlas, words))
    return path


def column_name(name: str) -> str:
    """Return `name` as a column that needs no quotation marks: letters, digits and underscores."""
    plain = re.sub(r"\W+", "_", name).strip("_").lower() or "column"
    return f"_{plain}" if plain[0].isdigit() else plain


def table_name(name: str, *, taken: Any = ()) -> str:
    """Return `name` as a table name, different from the names of geographies."""
    plain = column_name(name)
    return f"{plain}_table" if plain in {column_name(key) for key in taken} else plain


def _write_polygons(atlas: Atlas, geography: Geography, path: Path, *, words: Words) -> None:
    import geopandas as gpd
    import pyogrio

    table = marked(unit_table(atlas, geography, words), atlas).reset_index()
    table.columns = pd.Index(_distinct([column_name(str(column)) for column in table.columns]))
    shapes = geography.shapes.geometry.reindex(geography.units.index)
    frame = gpd.GeoDataFrame(_storable(table), geometry=shapes.to_numpy(), crs=geography.shapes.crs)
    kind = f" ({geography.mark or words.say('picture.schematic')})" if geography.schematic else ""
    options = {"GEOMETRY_NAME": _GEOMETRY, "DESCRIPTION": f"{geography.level} {geography.year}{kind}"}
    pyogrio.write_dataframe(
        frame,
        path,
        layer=column_name(atlas.called(geography.key)),
        driver="GPKG",
        append=path.exists(),
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        layer_options=options,
    )


def _write_plain(table: pd.DataFrame, path: Path, *, name: str) -> None:
    import pyogrio

    plain = table.copy()
    plain.columns = pd.Index(_distinct([column_name(str(column)) for column in table.columns]))
    pyogrio.write_dataframe(_storable(plain), path, layer=name, driver="GPKG", append=path.exists())


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with types that the format knows: numbers, truth values and text."""
    return table.apply(_storable_column)


def _storable_column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_float_dtype(column):
        return column
    if pd.api.types.is_integer_dtype(column):
        return column.astype("float64" if column.isna().any() else "int64")
    return column.astype(object).map(lambda cell: None if pd.isna(cell) else str(cell))


def _distinct(names: list[str]) -> list[str]:
    """Return the names with a number after those that repeat (``fid`` and the geometry are reserved)."""
    taken, out = {"fid", _GEOMETRY}, []
    for name in names:
        found, n = name, 2
        while found in taken:
            found, n = f"{name}_{n}", n + 1
        taken.add(found)
        out.append(found)
    return out


def _styles(atlas: Atlas, words: Words) -> list[_Style]:
    styles: list[_Style] = []
    seen: set[str] = set()
    for layer in atlas.layers:
        if layer.values.notna().any():
            styles.append(_style(atlas, layer, default=layer.geography not in seen, words=words))
            seen.add(layer.geography)
    return styles


def _style(atlas: Atlas, layer: Layer, *, default: bool, words: Words) -> _Style:
    classes = layer_classes(atlas.study, layer, words=words)
    colours = layer_colours(layer, classes)
    column, label = column_name(atlas.stem(layer)), words.pick(layer.label)
    no_data = words.say("map.no_data")
    return _Style(
        table=column_name(atlas.called(layer.geography)),
        name=f"{label} {layer.year}"[:120],
        qml=graduated_style(column, classes, colours=colours, title=label, no_data=no_data),
        sld=sld_style(column, classes, colours=colours, title=label, no_data=no_data),
        default=default,
        description=words.pick(layer.measure),
    )


def _finish(path: Path, styles: list[_Style]) -> None:
    """Add the styles, fix every time stamp and pack the file, so that the same content has the same bytes."""
    with closing(sqlite3.connect(path)) as base:
        base.execute(_STYLES)
        for style in styles:
            base.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
                "VALUES ('', '', ?, ?, ?, ?, ?, ?, ?, '', NULL, ?)",
                (
                    style.table,
                    _GEOMETRY,
                    style.name,
                    style.qml,
                    style.sld,
                    int(style.default),
                    style.description,
                    FIXED_TIME,
                ),
            )
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
            (FIXED_TIME,),
        )
        base.execute("UPDATE gpkg_contents SET last_change = ?", (FIXED_TIME,))
        base.commit()
        base.execute("VACUUM")
