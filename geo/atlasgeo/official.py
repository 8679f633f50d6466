"""Official shapes out of the cache, under the codes of the gazetteer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from atlasgeo.boundaries import read_boundaries
from atlasgeo.columns import INSIDE_LAT, INSIDE_LON, PARENT, UNIT
from atlasgeo.errors import BoundaryError
from atlasgeo.projections import project
from atlasgeo.sources import Fetched, find_fetched
from atlasgeo.units import in_force, resolve

if TYPE_CHECKING:
    import geopandas as gpd

    from atlasgeo.profiles import BoundaryLayer, Country

__all__ = ["fetchable", "find_official", "parents_from", "read_official"]

LEAST_MATCHED = 0.95
"""A file that lacks more of the units in force is a map of other units."""


def fetchable(country: Country, gazetteer: pd.DataFrame, *, level: str, year: int) -> list[BoundaryLayer]:
    """Return the official layers of the units in force at the end of `year`: pinned, by an API, brought."""
    wanted = _known(gazetteer, level=level, year=year)
    layers = [
        layer
        for layer in country.boundaries
        if layer.path is None
        and layer.level == level
        and (
            not layer.remote_files  # of no certain day: its content tells, when it is read
            or _known(gazetteer, level=level, year=layer.as_of.year) == wanted
        )
    ]
    return sorted(layers, key=lambda layer: (not layer.remote_files, layer.supplied, layer.id))


def find_official(
    country: Country,
    gazetteer: pd.DataFrame,
    *,
    level: str,
    year: int,
    parents: gpd.GeoDataFrame | None = None,
    to: str | Path | None = None,
) -> tuple[gpd.GeoDataFrame, Fetched] | None:
    """Return the first cached official layer of the units in force at the end of `year`, None without one.

    Parameters are those of `read_official`; `to` is the folder of the cache, if other than the user's. A
    cached layer that turns out to be of other units is passed over. Opens no network.
    """
    for layer in fetchable(country, gazetteer, level=level, year=year):
        fetched = find_fetched(layer, country=country.code, to=to)
        if fetched is None:
            continue
        try:
            return read_official(fetched, country, gazetteer, year=year, parents=parents), fetched
        except BoundaryError:
            if layer.remote_files:
                raise
    return None


def read_official(
    fetched: Fetched,
    country: Country,
    gazetteer: pd.DataFrame,
    *,
    year: int,
    parents: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Return the shapes of a fetched layer, indexed by the gazetteer's codes and sorted, in the metric CRS.

    Parameters
    ----------
    fetched : Fetched
    country : Country
    gazetteer : DataFrame
    year : int
        The units are those in force at its end.
    parents : GeoDataFrame, optional
        Shapes of the level above: where the layer has names instead of codes, a name is looked for within the
        parent that holds the place.

    Returns
    -------
    GeoDataFrame
        ``.attrs``: ``report`` (`BoundaryReport`), ``credit`` {language: text}, ``schematic`` False,
        ``without_shape`` codes in force without a shape, ``unmatched`` {what the file calls it: why}.

    Raises
    ------
    BoundaryError
        If fewer than 95 % of the units in force that can have a shape are in the file.
    """
    layer = fetched.layer
    shapes = read_boundaries(fetched.path, code=layer.code, crs=country.crs, assume_crs=layer.assume_crs)
    units = in_force(gazetteer, level=layer.level, year=year)
    codes, unmatched = _codes(shapes, layer, gazetteer, units, year=year, parents=parents)
    found = shapes.set_axis(pd.Index(codes, name=UNIT), axis=0)
    kept = found[found.index.isin(units.index)][[found.geometry.name]].sort_index()
    kept = kept.rename_geometry("geometry") if kept.geometry.name != "geometry" else kept
    drawable = set(units.index) - {unit.unit for unit in country.without_shape}
    if len(drawable - set(kept.index)) > (1 - LEAST_MATCHED) * len(drawable):
        raise BoundaryError(
            f"{fetched.layer.id} is not a layer of these units",
            where=fetched.path.name,
            found=f"{len(kept)} of {len(drawable)} units; not matched: {', '.join(list(unmatched)[:5])}",
            expected=f"the {layer.level}s in force at the end of {year}",
            fix="check code, recode_pattern and match of this layer in country.toml",
        )
    kept.index = kept.index.astype("str")
    kept.attrs = {
        "report": shapes.attrs["report"],
        "credit": _credit(fetched),
        "schematic": False,
        "without_shape": tuple(sorted(set(units.index) - set(kept.index))),
        "unmatched": unmatched,
    }
    return kept


def _known(gazetteer: pd.DataFrame, *, level: str, year: int) -> frozenset[str]:
    try:
        return frozenset(in_force(gazetteer, level=level, year=year).index)
    except BoundaryError:
        return frozenset()


def _codes(
    shapes: gpd.GeoDataFrame,
    layer: BoundaryLayer,
    gazetteer: pd.DataFrame,
    units: pd.DataFrame,
    *,
    year: int,
    parents: gpd.GeoDataFrame | None,
) -> tuple[list[str], dict[str, str]]:
    """Return the gazetteer's code of each shape ("" where none) and why some have none."""
    if layer.match == "name":
        return _by_name(shapes, layer, gazetteer, units, year=year, parents=parents)
    codes = [_recoded(str(code), layer) for code in shapes.index]
    unmatched = {
        str(code): f"no unit in force has the code {code}" for code in codes if code not in units.index
    }
    twice = {code for code in codes if codes.count(code) > 1} & set(units.index)
    if twice:
        raise BoundaryError("units are there twice after recoding", found=", ".join(sorted(twice)[:5]))
    return [code if code in units.index else "" for code in codes], unmatched


def _recoded(code: str, layer: BoundaryLayer) -> str:
    if code in layer.recode:
        return layer.recode[code]
    if layer.recode_pattern is None:
        return code
    pattern, replacement = layer.recode_pattern
    return re.sub(pattern, replacement, code)


def _by_name(
    shapes: gpd.GeoDataFrame,
    layer: BoundaryLayer,
    gazetteer: pd.DataFrame,
    units: pd.DataFrame,
    *,
    year: int,
    parents: gpd.GeoDataFrame | None,
) -> tuple[list[str], dict[str, str]]:
    """Return codes by name, each looked for within the parent that holds the shape's inside point.

    Where a name could mean several units there, the one whose own inside point lies in the shape is meant.
    """
    names = shapes[str(layer.name)].fillna("").astype(str)
    above = _parents_of(shapes, parents)
    found = resolve(
        names.tolist(),
        gazetteer,
        level=layer.level,
        vintage=year,
        parent=above if parents is not None else None,
    )
    codes = ["" if pd.isna(code) else str(code) for code in found[UNIT]]
    for place, candidates in enumerate(found["candidates"]):
        if not codes[place] and len(candidates) > 1:
            codes[place] = _standing_in(shapes.iloc[[place]], units.reindex(candidates))
    codes = ["" if code and codes.count(code) > 1 else code for code in codes]
    why = {
        name: str(reason)
        for name, code, reason in zip(names, codes, found["reason"], strict=True)
        if not code
    }
    return codes, why


def _standing_in(shape: gpd.GeoDataFrame, candidates: pd.DataFrame) -> str:
    """Return the only candidate whose inside point lies in the shape, "" where there is none or several."""
    known = candidates.dropna(subset=[INSIDE_LON, INSIDE_LAT])
    points = shapely.points(known[[INSIDE_LON, INSIDE_LAT]].to_numpy(dtype=float))
    inside = shapely.intersects(shape.geometry.iloc[0], project(points, "EPSG:4326", shape.crs))
    return str(known.index[inside][0]) if inside.sum() == 1 else ""


def _parents_of(shapes: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None) -> list[str | None]:
    if parents is None:
        return [None] * len(shapes)
    points = shapely.point_on_surface(np.asarray(shapes.to_crs(parents.crs).geometry.array, dtype=object))
    place, owner = parents.sindex.query(points, predicate="within")
    above: list[str | None] = [None] * len(shapes)
    for p, o in zip(place, owner, strict=True):
        above[int(p)] = str(parents.index[o])
    return above


def _credit(fetched: Fetched) -> dict[str, str]:
    """Return the credit, with the licence and year that came with a file that is not pinned."""
    answer = fetched.facts.get("answer")
    if not isinstance(answer, Mapping):
        return dict(fetched.layer.credit)
    told = "; ".join(str(answer[k]) for k in ("producer", "year", "licence") if answer.get(k))
    return {language: f"{text} ({told})" for language, text in fetched.layer.credit.items()}


def parents_from(
    shapes: gpd.GeoDataFrame, gazetteer: pd.DataFrame, *, level: str, year: int
) -> gpd.GeoDataFrame:
    """Return the units above as unions of `shapes`, so that their borders coincide."""
    import geopandas as gpd

    parent = in_force(gazetteer, level=level, year=year)[PARENT].reindex(shapes.index)
    outline = shapes.geometry.groupby(parent).agg(
        lambda own: shapely.coverage_union_all(np.asarray(own.array, dtype=object))
    )
    return gpd.GeoDataFrame(geometry=outline.to_numpy(), index=outline.index.rename(UNIT), crs=shapes.crs)
