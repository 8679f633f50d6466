"""Boundary files of any format: features on their codes as text, each code once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import UNIT
from atlasgeo.errors import BoundaryError, nearest

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["open_features", "read_features"]

_PARQUET = {".parquet", ".geoparquet", ".pq"}


def read_features(path: Path, *, code: str, layer: str | None) -> gpd.GeoDataFrame:
    """Return the features of a file as they are, indexed by the text of column `code`.

    Raises
    ------
    BoundaryError
        If there is no such file, layer or column, nothing in it, or a code is missing or there twice.
    """
    return _coded(open_features(path, layer=layer), code, path)


def open_features(path: Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Return the file's features as they are, whatever its format.

    Raises
    ------
    BoundaryError
        If there is no such file or layer, it cannot be read, or holds nothing.
    """
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    if not path.exists():
        raise BoundaryError("there is no boundary file", where=str(path), fix="correct the path")
    try:
        if path.suffix.lower() in _PARQUET:
            frame = gpd.read_parquet(path)
        else:
            frame = gpd.read_file(path, layer=_layer(path, layer))
    except (DataSourceError, DataLayerError, ValueError, OSError) as error:
        raise BoundaryError(
            "the boundary file cannot be read",
            where=str(path),
            found=str(error)[:200],
            expected="a file that OGR reads, or GeoParquet",
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise BoundaryError("the boundary file holds no shapes", where=str(path), expected="a row a unit")
    return frame


def _layer(path: Path, level: str | None) -> str | None:
    """Return the layer to read of a file of several, else None."""
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if len(layers) < 2:
        return None
    if level in layers:
        return level
    raise BoundaryError(
        "the boundary file has several layers",
        where=str(path),
        found=level,
        expected=", ".join(layers),
        fix="give the layer's name as level",
    )


def _coded(frame: gpd.GeoDataFrame, code: str, path: Path) -> gpd.GeoDataFrame:
    """Return the features on their codes as text, each once."""
    if frame.index.name == code and code not in frame.columns:  # GeoParquet keeps its index
        frame = frame.reset_index()
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    if code not in columns:
        raise BoundaryError(
            f"the boundary file has no column {code!r}",
            where=str(path),
            found=", ".join(columns),
            expected=", ".join(nearest(code, columns)) or "the name of a column",
            fix="give the column of codes with code=",
        )
    codes = _as_text(frame[code], path)
    twice = codes[codes.duplicated()].unique()
    if len(twice):
        raise BoundaryError(
            f"{len(twice)} codes are there more than once",
            where=f"{path}, column {code}",
            found=", ".join(twice[:5]),
            expected="one row a unit",
            fix="choose the column of codes of this level, or dissolve the parts of a unit first",
        )
    return frame.drop(columns=code).set_axis(
        pd.Index(codes.to_numpy(dtype=object), name=UNIT, dtype="str"), axis=0
    )


def _as_text(codes: pd.Series, path: Path) -> pd.Series:
    """Return codes as text: 37009 and 37009.0 are "37009"."""
    empty = codes.isna() | (codes.astype("str").str.strip() == "")
    if empty.any():
        raise BoundaryError(
            f"{int(empty.sum())} units have no code",
            where=f"{path}, row {int(empty.to_numpy().argmax()) + 1}, column {codes.name}",
            expected="a code in every row",
        )
    if pd.api.types.is_float_dtype(codes):
        whole = codes.astype("int64")
        if not bool((whole == codes).all()):
            raise BoundaryError(
                "codes are numbers with decimals",
                where=f"{path}, column {codes.name}",
                found=codes[whole != codes].iloc[0],
                expected="text or whole numbers",
            )
        codes = whole
    return codes.astype("str").str.strip()
