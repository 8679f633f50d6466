"""What `boundaries check` tells of a file: what was mended, and what disagrees with the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childatlas.errors import BoundaryError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from atlasgeo.boundary_report import BoundaryReport
    from atlasgeo.profiles import BoundaryLayer, Country

__all__ = ["Against", "check_file", "opened"]

_NAMED = 10
_MOSTLY = 0.8  # of a unit lies in its parent: the parents that ship are simplified, and of another origin


@dataclass(frozen=True)
class Against:
    """The units that a file is held against: of a country, a level, in force at the end of a year."""

    country: Country | None = None
    level: str | None = None
    year: int | None = None


def opened(file: Path, folder: Path) -> Path:
    """Return the file to read: the shapes inside a zip, unpacked into `folder`, else the file itself.

    Raises
    ------
    SourceError
        If the zip leads out of its folder or is damaged.
    BoundaryError
        If it holds no shapes.
    """
    if file.suffix.lower() != ".zip":
        return file
    from atlasgeo.archives import unpack
    from atlasgeo.sources import SHAPE_FILES

    found = [path for path in unpack(file, folder) if path.suffix.lower() in SHAPE_FILES]
    if not found:
        raise BoundaryError("the zip file holds no shapes", where=str(file), expected=", ".join(SHAPE_FILES))
    return max(found, key=lambda path: path.stat().st_size)


def check_file(
    file: Path,
    countries: Sequence[Country],
    *,
    code: str | None = None,
    layer: str | None = None,
    against: Against | None = None,
    assume_crs: str | None = None,
) -> dict[str, Any]:
    """Return what is known of a file: catalogued or not, how it was mended, how it fits the units.

    Parameters
    ----------
    file : Path
    countries : sequence of Country
        Profiles whose catalogues may know the file.
    code : str, optional
        Column of the codes; the likeliest if not given.
    layer : str, optional
        Of a file of several.
    against : Against, optional
        What it is held against; that of the catalogue where it is catalogued.
    assume_crs : str, optional

    Returns
    -------
    dict
        Ready for JSON; ``faults`` (mended) and ``findings`` (disagreements with the units) are lists of
        sentences, areas are km2 and neighbours pairs, before and after the mending.

    Raises
    ------
    BoundaryError
        If the file cannot be read as units at all.
    """
    from atlasgeo.boundaries import read_boundaries
    from atlasgeo.downloads import digest
    from atlasgeo.sources import pinned_as

    asked = against or Against()
    known = pinned_as(file, countries)
    country = asked.country or (known[0] if known else None)
    pinned = known[1] if known else None
    column = code or (pinned.code if pinned else _code_column(file, layer, countries))
    units = read_boundaries(
        file, code=column, level=layer, assume_crs=assume_crs, crs=country.crs if country else None
    )
    report = units.attrs["report"]
    return {
        "sha256": digest(file),
        "catalogued as": f"{known[0].code}, {known[1].id}" if known else "not a catalogued file",
        "code column": column,
        "units": len(units),
        "without a shape": ", ".join(report.without_shape),
        "coordinate system": report.crs_found,
        **_before_and_after(report),
        "mended": len(report.faults),
        "faults": [str(fault) for fault in report.faults],
        "findings": _findings(units, country, pinned, asked),
    }


def _before_and_after(report: BoundaryReport) -> dict[str, Any]:
    """Return areas and neighbours before and after the mending, and which pairs came and went."""
    return {
        "area before, km2": round(float(report.area_before.sum()), 1),
        "area after, km2": round(float(report.area_after.sum()), 1),
        "largest change of a unit": f"{report.largest_change:.4%}",
        "neighbours before": len(report.pairs_before),
        "neighbours after": len(report.pairs_after),
        "neighbours gained": _pairs(report.neighbours_gained),
        "neighbours lost": _pairs(report.neighbours_lost),
    }


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    more = f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
    return "; ".join(f"{a} - {b}" for a, b in pairs[:_NAMED]) + more


def _findings(
    units: gpd.GeoDataFrame, country: Country | None, layer: BoundaryLayer | None, asked: Against
) -> list[str]:
    """Return the disagreements with the gazetteer, and with the level above where its shapes ship."""
    level = asked.level or (layer.level if layer else None)
    if country is None or level is None:
        return []
    from atlasgeo.inspection import inspect_boundaries
    from atlasgeo.units import read_units

    gazetteer = read_units(country.folder / "units.csv")
    days = [one.as_of.year for one in country.boundaries if one.level == level]
    year = asked.year or (layer.as_of.year if layer else max(days, default=9999))
    excused = {unit.unit for unit in country.without_shape}
    parents = _shipped_parents(country, gazetteer, level=level, year=year)
    found = inspect_boundaries(units, gazetteer, level=level, year=year, parents=parents, nested=_MOSTLY)
    return [str(one) for one in found if not (one.kind == "no shape" and one.unit in excused)]


def _shipped_parents(
    country: Country, gazetteer: pd.DataFrame, *, level: str, year: int
) -> gpd.GeoDataFrame | None:
    """Return the shapes of the level above where they ship, else None."""
    from atlasgeo.vintages import boundaries_at

    place = country.levels.index(level) if level in country.levels else 0
    above = country.levels[place - 1] if place > 1 else None
    ships = {one.level for one in country.boundaries if one.path is not None}
    return boundaries_at(country, gazetteer, level=above, year=year) if above in ships else None


def _code_column(file: Path, layer: str | None, countries: Sequence[Country]) -> str:
    """Return the column of a file that looks most like codes: no gap, no repeat, the least letters."""
    from atlasgeo.boundary_files import open_features

    frame = open_features(file, layer=layer)
    table = frame.drop(columns=frame.geometry.name)
    if table.index.name is not None:  # GeoParquet keeps its index
        table = table.reset_index()
    unique = [c for c in table.columns if table[c].notna().all() and table[c].is_unique]
    if not unique:
        raise BoundaryError(
            "no column of the file could hold codes",
            where=str(file),
            found=", ".join(map(str, table.columns)),
            expected="a column without gaps and repeats",
            fix="name it with --code",
        )
    catalogued = {one.code.lower() for country in countries for one in country.boundaries}
    return str(min(unique, key=lambda column: _likeness(table[column], catalogued)))


def _likeness(values: pd.Series, catalogued: set[str]) -> tuple[bool, bool, bool, float]:
    """Return how little a column looks like codes: not by its name, not of whole numbers, many letters."""
    texts, name = values.astype(str), str(values.name).lower()
    letters = texts.str.count(r"[^\W\d_]").mean() / max(texts.str.len().mean(), 1)
    named = any(part in name for part in ("code", "id"))
    return name not in catalogued, not named, bool(texts.str.contains(r"\.\d").any()), float(letters)
