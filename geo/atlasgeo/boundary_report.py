"""What was wrong with a boundary file, and what mending it changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from atlasgeo.columns import UNIT
from atlasgeo.coverage import touching_pairs
from atlasgeo.faults import AREAL_FAULTS, Fault
from atlasgeo.projections import equal_area, project, swap_axes, to_degrees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BoundaryReport", "build_report"]


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


def build_report(
    path: Path,
    *,
    level: str | None,
    codes: list[str],
    original: NDArray[np.object_],
    mended: NDArray[np.object_],
    crs_found: Any,
    crs: Any,
    faults: tuple[Fault, ...],
    without_shape: tuple[str, ...],
) -> BoundaryReport:
    """Return the report of a layer whose shapes were `original` and are `mended`, both in `crs_found`.

    Areas are measured on an equal-area projection centred on the data, whatever the result's own.
    """
    measured = equal_area(to_degrees(mended, crs_found))
    legible = _legible(original)
    oriented = swap_axes(legible) if any(fault.kind == "axis order" for fault in faults) else legible
    before = shapely.area(project(oriented, crs_found, measured)) / 1e6
    after = shapely.area(project(mended, crs_found, measured)) / 1e6
    drawn = float(shapely.area(mended).sum())
    scale = float(after.sum()) / drawn if drawn else 1.0
    index = pd.Index(codes, name=UNIT, dtype="str")
    return BoundaryReport(
        path=str(path),
        level=level or "",
        crs_found=_name(crs_found),
        crs=_name(crs),
        faults=tuple(replace(f, measure=f.measure * scale) if f.kind in AREAL_FAULTS else f for f in faults),
        area_before=pd.Series(before, index=index, name="km2"),
        area_after=pd.Series(after, index=index, name="km2"),
        pairs_before=touching_pairs(legible, codes),
        pairs_after=touching_pairs(mended, codes),
        without_shape=without_shape,
    )


def _legible(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes, invalid ones by what their lines enclose: the area of a bow tie is not nought."""
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def _name(crs: Any) -> str:
    """Return EPSG:4326 for what has a code, else the PROJ string or WKT."""
    authority = crs.to_authority(min_confidence=90) if hasattr(crs, "to_authority") else None
    return ":".join(authority) if authority else str(crs.to_string())
