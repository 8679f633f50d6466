"""The part of a map that never changes, worked out once: shapes, places for words, insets, scale bar."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from atlasgeo.errors import BoundaryError
from atlasgeo.maps.insets import Inset, build_insets, find_invisible
from atlasgeo.maps.outlines import shape_path
from atlasgeo.maps.page import Box, Sheet, sheet
from atlasgeo.maps.rooms import Room, build_room, land_raster

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.path import Path
    from shapely import Geometry

__all__ = ["Basemap", "codes_on", "prepare_basemap", "values_on"]

PIXEL: Final = 72 / 150  # points; what one pixel covers at the resolution of the PNG
INSET_STRIP: Final = 66.0
CROWDED: Final = 40  # more units than this are not named on the map


@dataclass(frozen=True, eq=False)
class Basemap:
    """Shapes of one geography, laid out once for a page size.

    Attributes
    ----------
    sheet : Sheet
    codes : tuple of str
        Units in the order of the shapes.
    paths : tuple of Path
        One a unit, in points of the page.
    outline : Path
        The outer border of all units.
    parents : tuple of Path
        Borders of the level above, empty without one.
    frame : Box
        Where the shapes stand, without the strip of insets.
    rooms : tuple of Room or None
        Places for words in each unit.
    land : array of int16
        For each square point of the frame the number of its unit, -1 outside.
    insets : tuple of Inset
        Units too small to be seen, enlarged.
    scale : float
        Points a metre; NaN for shapes without a CRS.
    bar : Box or None
        Place of the scale bar, a round number of metres wide.
    """

    sheet: Sheet
    codes: tuple[str, ...]
    paths: tuple[Path, ...]
    outline: Path
    parents: tuple[Path, ...]
    frame: Box
    rooms: tuple[Room | None, ...]
    land: npt.NDArray[np.int16]
    insets: tuple[Inset, ...]
    scale: float
    bar: Box | None

    @property
    def crowded(self) -> bool:
        """Whether there are too many units to name each on the map."""
        return len(self.codes) > CROWDED

    @property
    def border(self) -> float:
        """Width of the borders between units."""
        return 0.3 if self.parents or self.crowded else 0.8

    @property
    def inset_codes(self) -> frozenset[str]:
        """Units that stand in an inset."""
        return frozenset(self.codes[i] for inset in self.insets for i in inset.members)


def prepare_basemap(
    shapes: gpd.GeoDataFrame,
    *,
    parents: gpd.GeoDataFrame | None = None,
    insets: Sequence[str] | None = None,
    size: str | tuple[float, float] = "A4",
) -> Basemap:
    """Return the unchanging part of every map of `shapes`.

    Parameters
    ----------
    shapes : GeoDataFrame
        Indexed by unit code, in a metric CRS. Without a CRS there is no scale bar.
    parents : GeoDataFrame, optional
        Shapes of the level above, same CRS; drawn on top as bolder borders.
    insets : sequence of str, optional
        Codes to show enlarged; by default the units too small to be seen at this scale.
    size : {"A4", "A3", "A5"} or (float, float)
        Landscape, or width and height in millimetres.

    Returns
    -------
    Basemap

    Raises
    ------
    BoundaryError
        If codes repeat, the CRS is geographic, or there is no area to draw.
    """
    _check(shapes)
    measures = sheet(size)
    codes = tuple(str(code) for code in shapes.index)
    geometry = _areas(shapes)
    scale, move = _fit(geometry, measures.frame)
    invisible = find_invisible(geometry, scale=scale, sheet_scale=measures.scale, codes=codes, wanted=insets)
    strip = INSET_STRIP * measures.scale if invisible else 0.0
    box = measures.frame
    frame = Box(box.left, box.bottom + strip, box.right, box.top)
    scale, move = _fit(geometry, frame)
    placed = [move(shape) for shape in _simplified(geometry, PIXEL / scale)]
    cells = build_insets(
        [tuple(move(geometry[i]) for i in group) for group in invisible],
        invisible,
        strip=Box(box.left, box.bottom, box.right, box.bottom + strip),
        sheet=measures,
    )
    blocked = [spot for inset in cells for spot in inset.blocked]
    land = land_raster(placed, frame)
    return Basemap(
        sheet=measures,
        codes=codes,
        paths=tuple(shape_path(shape) for shape in placed),
        outline=_outline(placed),
        parents=_parent_paths(parents, scale, move),
        frame=frame,
        rooms=tuple(build_room(shape, blocked=blocked, scale=measures.scale) for shape in placed),
        land=land,
        insets=cells,
        scale=scale if shapes.crs is not None else math.nan,
        bar=_bar(measures, frame, land, scale, cells) if shapes.crs is not None else None,
    )


def _bar(
    measures: Sheet, frame: Box, land: npt.NDArray[np.int16], scale: float, cells: Sequence[Inset]
) -> Box:
    """Return a place for the scale bar: under the map, else a corner without land, else there anyway."""
    s = measures.scale
    target = 0.2 * frame.width / scale
    power = 10.0 ** math.floor(math.log10(target))
    width = max(m * power for m in (1, 2, 5) if m * power <= target) * scale
    right, left, high = frame.right - 4 * s, frame.left + 4 * s, 11 * s
    below = measures.frame.bottom + 6 * s
    first = Box(right - width, below, right, below + high)
    if all(inset.room.right < first.left for inset in cells):
        return first
    heights = (frame.bottom + 2 * s, frame.top - high - 2 * s)
    corners = [Box(x, y, x + width, y + high) for y in heights for x in (right - width, left)]
    return next((corner for corner in corners if _is_free(corner, frame, land)), first)


def _is_free(box: Box, frame: Box, land: npt.NDArray[np.int16]) -> bool:
    """Return whether a box lies on no unit."""
    left, low = int(box.left - frame.left), int(box.bottom - frame.bottom)
    part = land[
        max(low - 3, 0) : int(box.top - frame.bottom) + 4, max(left - 3, 0) : int(box.right - frame.left) + 4
    ]
    return bool((part < 0).all())


def codes_on(basemap: Basemap, codes: Iterable[object]) -> None:
    """Refuse units that the map does not have.

    Raises
    ------
    BoundaryError
        Naming them: figures and shapes are then of different vintages.
    """
    known = set(basemap.codes)
    lost = [code for code in codes if code not in known]
    if lost:
        raise BoundaryError(
            f"{len(lost)} units with values are not on the map",
            found=lost[:5],
            expected="codes of the basemap",
            fix="attach figures and shapes of the same vintage first",
        )


def values_on(basemap: Basemap, values: pd.Series) -> pd.Series:
    """Return the values in the order of the basemap, NaN where a unit has none.

    Raises
    ------
    BoundaryError
        If `values` holds a unit that is not on the map.
    """
    codes_on(basemap, values.index)
    return values.reindex(list(basemap.codes)).astype(float)


def _check(shapes: gpd.GeoDataFrame) -> None:
    if len(shapes) == 0:
        raise BoundaryError("there is no unit to draw", found="0 shapes", expected="one shape or more")
    if shapes.index.has_duplicates:
        twice = shapes.index[shapes.index.duplicated()].unique().tolist()
        raise BoundaryError(
            "unit codes repeat",
            found=twice[:5],
            expected="one shape a code",
            fix="dissolve the parts of each unit",
        )
    if shapes.crs is not None and shapes.crs.is_geographic:
        raise BoundaryError(
            "the shapes are in degrees",
            found=shapes.crs.to_string(),
            expected="a metric CRS",
            fix="use the CRS of the country's profile: shapes.to_crs(country.crs)",
        )


def _areas(shapes: gpd.GeoDataFrame) -> npt.NDArray[Any]:
    """Return the areal part of every shape, empty where there is none."""
    import shapely

    geometry = np.asarray(shapes.geometry.values, dtype=object)
    areal = [
        shape
        if shape is not None and shapely.get_dimensions(shape) == 2 and not shape.is_empty
        else shapely.Polygon()
        for shape in geometry
    ]
    found = np.array(areal, dtype=object)
    if shapely.area(found).sum() <= 0:
        raise BoundaryError(
            "the shapes have no area", found=sorted(set(shapes.geom_type)), expected="polygons"
        )
    return found


def _fit(geometry: npt.NDArray[Any], frame: Box) -> tuple[float, Any]:
    """Return points a metre and the function that moves a shape onto the page, centred in `frame`."""
    import shapely

    left, bottom, right, top = shapely.total_bounds(geometry)
    scale = min(frame.width / (right - left), frame.height / (top - bottom))
    x, y = frame.centre
    middle = np.array([(left + right) / 2, (bottom + top) / 2])

    def move(shape: Geometry) -> Geometry:
        return shapely.transform(shape, lambda points: (points - middle) * scale + np.array([x, y]))

    return scale, move


def _simplified(geometry: npt.NDArray[Any], pixel: float) -> list[Geometry]:
    """Return the shapes as a coverage that no pixel can tell from the whole one; specks under a pixel go."""
    import shapely

    kept = []
    for whole, shape in zip(geometry, shapely.coverage_simplify(geometry, 0.6 * pixel), strict=True):
        parts = shapely.get_parts(shape)
        area = shapely.area(parts)
        large = parts[area >= min(pixel**2, area.max(initial=0.0))] if parts.size else parts
        kept.append(
            shapely.MultiPolygon([_without_specks(part, pixel) for part in large]) if large.size else whole
        )
    return kept


def _without_specks(polygon: Any, pixel: float) -> Geometry:
    """Return a polygon without holes that are smaller than a pixel."""
    import shapely

    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= pixel**2]
    return shapely.Polygon(polygon.exterior, holes)


def _outline(placed: Sequence[Geometry]) -> Path:
    import shapely

    whole = shapely.union_all(shapely.buffer(np.array(placed, dtype=object), PIXEL / 8, join_style="mitre"))
    return shape_path(shapely.make_valid(whole))


def _parent_paths(parents: gpd.GeoDataFrame | None, scale: float, move: Any) -> tuple[Path, ...]:
    if parents is None:
        return ()
    return tuple(shape_path(move(shape)) for shape in _simplified(_areas(parents), PIXEL / scale))
