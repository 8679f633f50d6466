"""Attach figures to units: join on codes, one row a unit, both leftovers come back with the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import UNIT
from atlasgeo.errors import BoundaryError, DataError, nearest

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["JoinReport", "attach"]


@dataclass(frozen=True)
class JoinReport:
    """What matched and what did not.

    Attributes
    ----------
    matched : tuple of str
        Codes that both sides have.
    missing_in_units : tuple of str
        Codes that only the figures have: figures without a shape.
    missing_in_figures : tuple of str
        Codes that only the units have: shapes without a figure.
    renamed : tuple of str
        Columns of the units that made way for figures of the same name.
    """

    matched: tuple[str, ...]
    missing_in_units: tuple[str, ...]
    missing_in_figures: tuple[str, ...]
    renamed: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing was left over on either side."""
        return not self.missing_in_units and not self.missing_in_figures

    def __str__(self) -> str:
        """Return the report as a sentence."""
        parts = [f"{len(self.matched)} units matched"]
        if self.missing_in_units:
            parts.append(f"figures without a unit: {', '.join(self.missing_in_units)}")
        if self.missing_in_figures:
            parts.append(f"units without figures: {', '.join(self.missing_in_figures)}")
        return "; ".join(parts)


def attach(
    units: gpd.GeoDataFrame, figures: pd.DataFrame | pd.Series, *, on: str = UNIT
) -> tuple[gpd.GeoDataFrame, JoinReport]:
    """Return `units` with the columns of `figures`, and the report of what did not match.

    Parameters
    ----------
    units : GeoDataFrame
        Indexed by unit code, as `read_boundaries` returns it.
    figures : DataFrame or Series
        One row a unit: with a column `on`, or indexed by code. Codes are compared as text, so that 37009 and
        37009.0 are "37009".
    on : str
        The column of `figures` that holds the codes.

    Returns
    -------
    joined : GeoDataFrame
        Every unit, in the order of `units`; where it has no figure the columns are missing. A column that
        both sides have is the figures'; that of the units is kept as ``<column>_units``.
    report : JoinReport

    Raises
    ------
    DataError
        If `figures` has several rows for a unit, a row without a code, no codes at all, or a geometry.
    BoundaryError
        If `units` has a code twice.
    """
    if not hasattr(units, "geometry"):
        raise BoundaryError("units must be a GeoDataFrame", found=type(units).__name__)
    if units.index.has_duplicates:
        raise BoundaryError(
            "units have duplicated codes",
            found=", ".join(map(str, units.index[units.index.duplicated()].unique()[:5])),
            expected="one row a unit",
        )
    codes = _as_text(units.index)
    table = _indexed(figures, on, codes)
    clash = {column: f"{column}_units" for column in table.columns if column in units.columns}
    if units.geometry.name in clash:
        raise DataError(
            "figures have a column of the units' own geometry",
            found=units.geometry.name,
            fix="drop it from the figures",
        )
    aligned = table.reindex(codes).set_axis(units.index, axis=0)
    joined = units.rename(columns=clash).join(aligned)
    report = JoinReport(
        matched=tuple(codes[codes.isin(table.index)]),
        missing_in_units=tuple(sorted(table.index[~table.index.isin(codes)])),
        missing_in_figures=tuple(codes[~codes.isin(table.index)]),
        renamed=tuple(f"{old} -> {new}" for old, new in clash.items()),
    )
    return joined, report


def _indexed(figures: pd.DataFrame | pd.Series, on: str, codes: pd.Index) -> pd.DataFrame:
    """Return the figures as a frame on text codes, one row each."""
    if not isinstance(figures, pd.DataFrame | pd.Series):
        raise DataError("figures must be a DataFrame or Series", found=type(figures).__name__)
    table = figures.to_frame(figures.name or "value") if isinstance(figures, pd.Series) else figures
    if on in table.columns:
        table = table.set_index(on)
    elif isinstance(table.index, pd.MultiIndex) or _only_counted(table.index, codes):
        raise _no_codes(table, on)
    empty = table.index.isna()
    if empty.any():
        raise DataError(
            f"{int(empty.sum())} rows of the figures have no code",
            where=f"row {int(empty.argmax())}, column {on}",
            expected="a unit code in every row",
        )
    table = table.set_axis(_as_text(table.index), axis=0)
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        raise DataError(
            "figures have several rows for a unit",
            where=f"column {on}",
            found=", ".join(twice[:5]) + (f" and {len(twice) - 5} more" if len(twice) > 5 else ""),
            expected="one row a unit",
            fix="choose one indicator, year, residence, sex and group before attaching",
        )
    return table


def _only_counted(index: pd.Index, codes: pd.Index) -> bool:
    """Return whether an index counts rows and holds no code."""
    return isinstance(index, pd.RangeIndex) and not bool(_as_text(index).isin(codes).any())


def _as_text(index: pd.Index) -> pd.Index:
    """Return codes as text: 37009 and 37009.0 are "37009"."""
    if pd.api.types.is_float_dtype(index) and bool((index % 1 == 0).all()):
        index = index.astype("int64")
    return index.astype(str).str.strip()


def _no_codes(table: pd.DataFrame, on: str) -> DataError:
    close = nearest(on, table.columns)
    return DataError(
        f"figures have no column {on!r} and are not indexed by it",
        found=", ".join(map(str, table.columns)),
        expected=f"a column {on!r}, or an index of unit codes",
        fix=f"give on={close[0]!r}" if close else "name the column of codes with on=",
    )
