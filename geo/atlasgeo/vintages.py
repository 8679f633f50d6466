"""The map of any year: shapes of older units as dissolves of newer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from atlasgeo.boundaries import read_boundaries
from atlasgeo.columns import AREA_KM2, UNIT
from atlasgeo.continuity import carry, trace
from atlasgeo.errors import BoundaryError
from atlasgeo.periods import end_of
from atlasgeo.units import check_codes, in_force, rows_on

if TYPE_CHECKING:
    import geopandas as gpd

    from atlasgeo.profiles import BoundaryLayer, Country

__all__ = ["boundaries_at", "carry", "dissolve_to"]

_AREA_TOLERANCE = 0.1
"""A dissolve whose area is off the gazetteer's by more than this is not the unit it claims to be."""


def boundaries_at(country: Country, gazetteer: pd.DataFrame, *, level: str, year: int) -> gpd.GeoDataFrame:
    """Return the shapes of the units in force at the end of `year`, dissolved where the layer is newer.

    Parameters
    ----------
    country : Country
        Its `boundaries` name the layers that ship; the layer nearest after `year` is taken.
    gazetteer : DataFrame
        As `read_units` returns it.
    level : str
        The country itself is the dissolve of the level below.
    year : int

    Returns
    -------
    GeoDataFrame
        Index `unit`, sorted by code, in the country's metric CRS. ``.attrs``: ``credit`` {language: text},
        ``report`` (`BoundaryReport`), ``as_of`` (day of the layer), ``parts`` {unit: codes of the layer it
        is made of}.

    Raises
    ------
    BoundaryError
        If no layer of the level ships, its codes are not those in force on its day, or a unit of `year` is
        not a union of units of the layer.
    """
    day = end_of(year)
    below = country.levels[1] if level == country.levels[0] and len(country.levels) > 1 else level
    layer = _layer_for(country, below, day)
    shapes = _shipped_shapes(country, layer)
    rows = rows_on(gazetteer, level=below, day=pd.Timestamp(layer.as_of))
    check_codes(shapes.index, rows[UNIT], where=f"{layer.path}, column {layer.code}")
    lacking = set(rows[UNIT]) - set(shapes.index) - {unit.unit for unit in country.without_shape}
    if lacking:
        raise BoundaryError(
            "the layer lacks units in force on its day",
            where=layer.path,
            found=", ".join(sorted(lacking)[:5]),
        )
    if below == level:
        target = dissolve_to(shapes, gazetteer, level=level, layer_day=pd.Timestamp(layer.as_of), year=year)
    else:
        target = _whole(shapes, country.national_code)
    target.attrs = {**target.attrs, "report": shapes.attrs["report"], "credit": dict(layer.credit)}
    target.attrs["as_of"] = layer.as_of
    return target


def dissolve_to(
    shapes: gpd.GeoDataFrame, gazetteer: pd.DataFrame, *, level: str, layer_day: pd.Timestamp, year: int
) -> gpd.GeoDataFrame:
    """Return the units in force at the end of `year` as unions of `shapes`, in force on `layer_day`.

    Every area is the sum of its parts; ``.attrs["parts"]`` says which they are.

    Raises
    ------
    BoundaryError
        If a unit of the layer was split since, or a union is not the unit it claims to be (its area differs
        from the gazetteer's by more than 10 %).
    """
    wanted = in_force(gazetteer, level=level, year=year)
    rows = rows_on(gazetteer, level=level, day=layer_day)
    rows = rows[rows[UNIT].isin(shapes.index)].set_index(UNIT)
    day = end_of(year)
    owner = pd.Series(trace(gazetteer, rows.index, level=level, on=layer_day, day=day), dtype="str")
    lost = owner[owner.isna()]
    if len(lost):
        raise BoundaryError(
            f"units of the layer were cut again before {day.date()}",
            found=", ".join(map(str, lost.index[:5])),
            expected="a layer as new as the units asked for",
            fix="fetch the newer layer",
        )
    parts = {str(code): tuple(sorted(group.index)) for code, group in owner.groupby(owner)}
    codes = sorted(set(parts) & set(wanted.index))
    geometry = [_union(shapes.geometry.loc[list(parts[code])]) for code in codes]
    target = _frame(shapes, codes, geometry)
    _check_areas(target, wanted)
    target.attrs["parts"] = {code: parts[code] for code in codes}
    return target


def _layer_for(country: Country, level: str, day: pd.Timestamp) -> BoundaryLayer:
    """Return the shipped layer in force on `day`, else the first one after it."""
    layers = [
        layer
        for layer in country.boundaries
        if layer.level == level and layer.path is not None and (country.folder / layer.path).exists()
    ]
    if not layers:
        raise BoundaryError(
            f"no shapes of level {level!r} ship with {country.code}",
            where=str(country.folder / "country.toml"),
            expected=", ".join(sorted({layer.level for layer in country.boundaries if layer.path}))
            or "a layer",
            fix="fetch the official shapes, or use schematic ones",
        )
    layers.sort(key=lambda layer: layer.as_of)
    current = [layer for layer in layers if pd.Timestamp(layer.as_of) <= day]
    return current[-1] if current else layers[0]


def _shipped_shapes(country: Country, layer: BoundaryLayer) -> gpd.GeoDataFrame:
    path = country.folder / str(layer.path)
    return read_boundaries(
        path, code=layer.code, level=layer.level, crs=country.crs, assume_crs=layer.assume_crs
    )


def _union(shapes: gpd.GeoSeries) -> shapely.Geometry:
    """Return the union of parts of a valid coverage: shared borders vanish, all others stay as they are."""
    if len(shapes) == 1:
        return shapes.iloc[0]
    return shapely.coverage_union_all(np.asarray(shapes.array, dtype=object))


def _whole(shapes: gpd.GeoDataFrame, code: str) -> gpd.GeoDataFrame:
    frame = _frame(shapes, [code], [_union(shapes.geometry)])
    frame.attrs["parts"] = {code: tuple(sorted(shapes.index))}
    return frame


def _frame(shapes: gpd.GeoDataFrame, codes: list[str], geometry: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame(geometry=geometry, index=pd.Index(codes, name=UNIT, dtype="str"), crs=shapes.crs)


def _check_areas(target: gpd.GeoDataFrame, wanted: pd.DataFrame) -> None:
    known = wanted[AREA_KM2].reindex(target.index)
    ratio = target.area / 1e6 / known - 1
    wrong = ratio[ratio.abs() > _AREA_TOLERANCE]
    if len(wrong):
        raise BoundaryError(
            "a unit of that year is not a union of the layer's units",
            found=", ".join(f"{code} ({share:+.0%} of its area)" for code, share in wrong.head(5).items()),
            expected="areas within 10 % of the gazetteer's",
            fix="fetch the layer of that year",
        )
