"""How fast districts are drawn from facts, official ones read, mended and simplified, and how true they are.

Bars: schematic shapes under 10 s, at least 83 % of the ground in the right district, 82 % of neighbours
found, at most 20 % false; reading, mending and simplifying the 224 official districts under 3 s. The true
shapes stand beside the checkout (../shared/mirror); without them only the speed of the drawing is measured.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

import atlasgeo as ag
from atlasgeo.coverage import touching_pairs
from atlasgeo.schematic import cached_schematic, grow_schematic
from atlasgeo.units import in_force, read_country, read_units

ROOT = Path(__file__).resolve().parents[2]
KAZ = ROOT / "data" / "boundaries" / "kaz"
OFFICIAL = ROOT.parent / "shared" / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp"


def _timed(work: Callable[[], Any], *, times: int = 3) -> tuple[Any, float, float]:
    """Return what the work made, the median of its seconds, and its peak of memory in MB."""
    tracemalloc.start()
    made = work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return made, median(seconds), peak


def _row(work: str, seconds: float, bar: str, *, peak: float = 0.0, note: str = "") -> dict[str, Any]:
    return {
        "work": work,
        "ours_s": round(seconds, 3),
        "peer": "",
        "peer_s": None,
        "ratio": None,
        "bar": bar,
        "peak_mb": round(peak, 1),
        "note": note,
    }


def truth(shapes: gpd.GeoDataFrame, official: gpd.GeoDataFrame) -> dict[str, float]:
    """Return the shares of ground in the right district, of true neighbours found, and of false ones."""
    ours, theirs = shapes.geometry.to_numpy(), official.geometry.to_numpy()
    first, second = shapely.STRtree(theirs).query(ours, "intersects")
    area = shapely.area(shapely.intersection(ours[first], theirs[second]))
    right = shapes.index.to_numpy()[first] == official.index.to_numpy()[second]
    table = pd.read_csv(KAZ / "neighbours_2024.csv", dtype=str)
    table = table[table["level"] == "district"]
    true = {frozenset(pair) for pair in zip(table["unit"], table["neighbour"], strict=True)}
    drawn = {frozenset(pair) for pair in touching_pairs(ours, list(shapes.index))}
    return {
        "ground": float(area[right].sum() / area.sum()),
        "found": len(true & drawn) / len(true),
        "false": len(drawn - true) / len(drawn),
    }


def rows() -> list[dict[str, Any]]:
    """Return one row a measurement."""
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    oblasts = ag.boundaries_at(country, gazetteer, level="oblast", year=2024)
    units = in_force(gazetteer, level="district", year=2024)
    shapes, seconds, peak = _timed(lambda: grow_schematic(oblasts, units))
    note = f"{len(shapes)} districts, largest error of a share {shapes.attrs['share_error']:.4%}"
    table = [_row("schematic districts from facts", seconds, "< 10 s", peak=peak, note=note)]
    with tempfile.TemporaryDirectory() as folder:
        cached_schematic(oblasts, units, folder=folder)
        _, again, _ = _timed(lambda: cached_schematic(oblasts, units, folder=folder))
    table.append(_row("the same out of the cache", again, "< 1 s"))
    if not OFFICIAL.is_file():
        return table
    official, read, peak = _timed(
        lambda: ag.simplify_boundaries(ag.read_boundaries(OFFICIAL, code="KATO", crs=country.crs))
    )
    table.append(_row("official districts read, mended, simplified", read, "< 3 s", peak=peak))
    found = truth(shapes, official)
    told = f"ground {found['ground']:.1%}, neighbours found {found['found']:.1%}, false {found['false']:.1%}"
    table.append(_row("schematic against official", 0.0, ">= 83 %, >= 82 %, <= 20 %", note=told))
    return table


if __name__ == "__main__":
    print(pd.DataFrame(rows()).to_string(index=False))
