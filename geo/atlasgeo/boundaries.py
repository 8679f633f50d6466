"""Read boundary files of any kind: codes, coordinate system, valid rings, a coverage that meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from atlasgeo.columns import UNIT
from atlasgeo.coverage import Fault, mend_coverage, mend_rings, touching_pairs
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.projections import (
    crosses_antimeridian,
    equal_area,
    known_crs,
    looks_swapped,
    swap_axes,
    unwrap,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["BoundaryReport", "read_boundaries"]

_POLYGONS = {"Polygon", "MultiPolygon"}
_POINTS = {"Point"}


@dataclass(frozen=True, eq=False)
class BoundaryReport:
    """What was read, what was wrong, and what mending changed.

    Attributes
    ----------
    path, level : str
    crs_found, crs : str
        Coordinate system of the file (or the assumed one), and of the result.
    faults : tuple of Fault
        All that was mended; areas in km2.
    area_before, area_after : Series
        km2 per unit, equal area, before and after mending.
    pairs_before, pairs_after : frozenset of (str, str)
        Units that touch.
    without_shape : tuple of str
        Codes of rows that have no geometry: left out of the result.
    """

    path: str
    level: str
    crs_found: str
    crs: str
    faults: tuple[Fault, ...]
    area_before: pd.Series
    area_after: pd.Series
    pairs_before: frozenset[tuple[str, str]] = field(repr=False)
    pairs_after: frozenset[tuple[str, str]] = field(repr=False)
    without_shape: tuple[str, ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> BoundaryReport:
        """Return the report itself: it never changes, and frames copy their attributes often."""
        return self

    @property
    def counts(self) -> dict[str, int]:
        """How many faults there were of each kind."""
        return {
            kind: sum(f.kind == kind for f in self.faults)
            for kind in dict.fromkeys(f.kind for f in self.faults)
        }

    @property
    def neighbours_gained(self) -> tuple[tuple[str, str], ...]:
        """Pairs that touch only since the mending."""
        return tuple(sorted(self.pairs_after - self.pairs_before))

    @property
    def neighbours_lost(self) -> tuple[tuple[str, str], ...]:
        """Pairs that touched only before the mending."""
        return tuple(sorted(self.pairs_before - self.pairs_after))

    @property
    def largest_change(self) -> float:
        """The largest relative change of a unit's area."""
        return float((self.area_after / self.area_before - 1).abs().max()) if len(self.area_before) else 0.0

    def __str__(self) -> str:
        """Return the report as lines of text."""
        lines = [
            f"{self.path}: {len(self.area_after)} units, {self.area_after.sum():,.0f} km2",
            f"  coordinates: {self.crs_found} -> {self.crs}",
            f"  neighbours: {len(self.pairs_before)} pairs before, {len(self.pairs_after)} after",
            f"  largest change of area: {self.largest_change:.4%}",
        ]
        if self.without_shape:
            lines.append(f"  without a shape: {', '.join(self.without_shape)}")
        return "\n".join([*lines, *(f"  {fault}" for fault in self.faults)] or lines)


def read_boundaries(
    path: str | Path,
    *,
    code: str,
    level: str | None = None,
    crs: object = None,
    assume_crs: object = None,
) -> gpd.GeoDataFrame:
    """Return the units of a boundary file, indexed by code, with valid shapes that meet.

    Parameters
    ----------
    path : str or Path
        Any file that OGR reads (shapefile, GeoJSON, GeoPackage, zip ...) or GeoParquet.
    code : str
        The column that holds the units' codes: kept as text, numbers without a decimal point.
    level : str, optional
        What the units are, for the report; in a file of several layers, the layer of that name.
    crs : optional
        Coordinate system of the result. The default is Lambert's azimuthal equal-area projection centred on
        the data; it is recorded in ``.crs`` and in the report.
    assume_crs : optional
        Coordinate system of a file that states none; without it such a file is refused.

    Returns
    -------
    GeoDataFrame
        Index `unit` (text, the file's order), the file's other columns, ``.attrs["report"]`` a
        `BoundaryReport`. Invalid rings, repeated vertices, overlaps, narrow gaps, slivers, swapped axes and
        shapes cut at the antimeridian are mended and reported. Points are accepted as they are.

    Raises
    ------
    BoundaryError
        If there is no such file, layer or column; a code is missing or there twice; the coordinate system is
        missing or contradicts the coordinates; shapes are lines; or units cover the same ground.

    Notes
    -----
    Mending is done in the coordinates of the file, before projecting: O(v log v) for v vertices.
    """
    path = Path(path)
    frame = _coded(_read(path, level), code, path)
    found = _crs_of(frame, assume_crs, path)
    target = None if crs is None else known_crs(crs, where="crs")
    frame, shapeless = _with_shapes(frame, path)
    original = np.asarray(frame.geometry.array, dtype=object)
    shapes, faults = _mended(original, list(frame.index), found, path)
    target = target or equal_area(_geographic(shapes, found))
    result = frame.set_geometry(_projected(shapes, found, target), crs=target)
    result.attrs["report"] = _report(path, level, found, result, original, shapes, faults, shapeless)
    return result


def _read(path: Path, level: str | None) -> gpd.GeoDataFrame:
    """Return the file's features, whatever its format."""
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    if not path.exists():
        raise BoundaryError("there is no boundary file", where=str(path), fix="correct the path")
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet", ".pq"}:
            frame = gpd.read_parquet(path)
        else:
            frame = gpd.read_file(path, layer=_layer(path, level))
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
    if code not in frame.columns:
        columns = [str(c) for c in frame.columns if c != frame.geometry.name]
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


def _crs_of(frame: gpd.GeoDataFrame, assume_crs: object, path: Path) -> Any:
    """Return the coordinate system of the file, or the assumed one where it has none."""
    if frame.crs is not None:
        return frame.crs
    if assume_crs is None:
        bounds = ", ".join(f"{v:.4g}" for v in frame.total_bounds)
        raise BoundaryError(
            "the boundary file has no coordinate system",
            where=str(path),
            found=f"coordinates within {bounds}",
            expected="a CRS in the file (a .prj beside a shapefile)",
            fix="say which it is: assume_crs='EPSG:4326' for degrees on WGS 84",
        )
    return known_crs(assume_crs, where="assume_crs")


def _with_shapes(frame: gpd.GeoDataFrame, path: Path) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return the units that have a shape, all polygons or all points, and the codes of the others."""
    bare = frame.geometry.isna() | frame.geometry.is_empty
    kept = frame[~bare]
    kinds = set(kept.geom_type)
    if kept.empty or not (kinds <= _POLYGONS or kinds <= _POINTS):
        raise BoundaryError(
            "units must be polygons, or points",
            where=str(path),
            found=", ".join(sorted(kinds)) or "no shape at all",
            expected="Polygon and MultiPolygon, or Point",
        )
    return kept, tuple(frame.index[bare])


def _mended(
    shapes: NDArray[np.object_], codes: list[str], crs: Any, path: Path
) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return shapes mended in the coordinates of the file, and what was done."""
    faults: list[Fault] = []
    if crs.is_geographic:
        shapes, faults = _oriented(shapes, crs, path)
    if shapely.get_type_id(shapes[0]) == shapely.GeometryType.POINT:
        return shapes, faults
    shapes, rings = mend_rings(shapes, codes)
    if crs.is_geographic and crosses_antimeridian(shapes):
        shapes = unwrap(shapes)
        faults.append(Fault("antimeridian", (), 0.0, None, "longitudes counted on beyond 180, halves joined"))
    shapes, meeting = mend_coverage(shapes, codes)
    return shapes, [*faults, *rings, *meeting]


def _oriented(shapes: NDArray[np.object_], crs: Any, path: Path) -> tuple[NDArray[np.object_], list[Fault]]:
    """Return geographic shapes with longitude first."""
    if looks_swapped(shapes):
        return swap_axes(shapes), [Fault("axis order", (), 0.0, None, "latitude stood first: changed over")]
    west, south, east, north = shapely.total_bounds(shapes)
    if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 360:
        raise BoundaryError(
            "coordinates are not degrees",
            where=str(path),
            found=f"{west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}",
            expected=f"longitude and latitude, as {crs.name} says",
            fix="give the file's true coordinate system (assume_crs= where it states none)",
        )
    return shapes, []


def _geographic(shapes: NDArray[np.object_], crs: Any) -> NDArray[np.object_]:
    return shapes if crs.is_geographic else _projected(shapes, crs, known_crs("EPSG:4326"))


def _projected(shapes: NDArray[np.object_], source: Any, target: Any) -> NDArray[np.object_]:
    """Return shapes in another coordinate system, valid there too."""
    import geopandas as gpd

    moved = np.asarray(gpd.GeoSeries(shapes, crs=source).to_crs(target).array, dtype=object)
    broken = ~shapely.is_valid(moved)
    if broken.any():
        moved[broken] = shapely.make_valid(moved[broken], method="structure", keep_collapsed=False)
    return moved


def _report(
    path: Path,
    level: str | None,
    found: Any,
    result: gpd.GeoDataFrame,
    original: NDArray[np.object_],
    shapes: NDArray[np.object_],
    faults: list[Fault],
    shapeless: tuple[str, ...],
) -> BoundaryReport:
    """Return the report, areas in km2 on an equal-area projection whatever the result's own."""
    measured = equal_area(_geographic(shapes, found))
    oriented = swap_axes(original) if any(f.kind == "axis order" for f in faults) else original
    before = shapely.area(_measured(oriented, found, measured)) / 1e6
    after = shapely.area(_measured(shapes, found, measured)) / 1e6
    scale = float(after.sum() / shapely.area(shapes).sum()) if shapely.area(shapes).sum() else 1.0
    areal = {"overlap", "gap", "sliver", "invalid ring"}
    km2 = [
        Fault(f.kind, f.units, f.measure * scale if f.kind in areal else f.measure, f.place, f.done)
        for f in faults
    ]
    codes = list(result.index)
    return BoundaryReport(
        path=str(path),
        level=level or "",
        crs_found=_name(found),
        crs=_name(result.crs),
        faults=tuple(km2),
        area_before=pd.Series(before, index=result.index, name="km2"),
        area_after=pd.Series(after, index=result.index, name="km2"),
        pairs_before=_pairs(original, codes),
        pairs_after=_pairs(shapes, codes),
        without_shape=shapeless,
    )


def _measured(shapes: NDArray[np.object_], source: Any, target: Any) -> NDArray[np.object_]:
    import geopandas as gpd

    return np.asarray(gpd.GeoSeries(shapes, crs=source).to_crs(target).array, dtype=object)


def _pairs(shapes: NDArray[np.object_], codes: list[str]) -> frozenset[tuple[str, str]]:
    valid = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    return touching_pairs(valid, codes)


def _name(crs: Any) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_string())
