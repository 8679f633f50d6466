"""Which column of a table names the shapes of a file: the pair of columns that share most codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.errors import DataError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["code_columns"]


def code_columns(
    table: Path, boundaries: Path, *, column: str, code: str | None, on: str | None
) -> tuple[str, str]:
    """Return the column of the codes in the boundaries, and the one in the table.

    A `code` that is given stands, and `on` is then the same unless given. Otherwise every column of the
    boundaries that names each shape once is held against the columns of the table; the pair that shares most
    codes or names is taken, equal names first.

    Raises
    ------
    DataError
        If no pair of columns shares half of the table's codes.
    BoundaryError
        If the boundaries cannot be read.
    """
    if code is not None:
        return code, on or code
    from atlasgeo.boundary_files import open_features
    from childatlas.figures.cells import read_cells

    features = open_features(boundaries)
    cells = read_cells(table, known=[column.lower()]).frame
    theirs = {name: set(cells[name]) - {""} for name in cells if name != column.lower()}
    if on is not None:
        theirs = {name: codes for name, codes in theirs.items() if name == on.lower()}
    pairs = [
        (len(codes & wanted), str(name).lower() == other, str(name), other)
        for name, codes in _names(features).items()
        for other, wanted in theirs.items()
    ]
    shared, _, name, other = max(pairs, key=lambda pair: pair[:2], default=(0, False, "", ""))
    if not shared or 2 * shared < len(theirs[other]):
        raise DataError(
            "no column of the table names the shapes",
            where=f"{table} and {boundaries}",
            found=f"columns of the table: {', '.join(theirs) or 'none'}",
            expected=f"the codes or names in one of: {', '.join(map(str, _names(features))) or 'none'}",
            fix="name the columns with --code and --on",
        )
    return name, other


def _names(features: gpd.GeoDataFrame) -> dict[str, set[str]]:
    """Return the columns that name each shape, once, as text."""
    frame = features.drop(columns=features.geometry.name)
    if frame.index.name is not None:
        frame = frame.reset_index()
    found = {}
    for name in frame:
        codes = frame[name]
        if codes.isna().any() or codes.duplicated().any():
            continue
        if pd.api.types.is_float_dtype(codes):
            if not (codes % 1 == 0).all():
                continue
            codes = codes.astype("int64")
        found[str(name)] = set(codes.astype("str").str.strip())
    return found
