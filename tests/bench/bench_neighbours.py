"""Who touches whom, for 50,176 polygons: the same job by libpysal's own Graph, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from libpysal.graph import Graph

import atlasgeo as ag

SIDE = 224


def squares(side: int) -> gpd.GeoDataFrame:
    """Return a grid of side x side squares of one kilometre."""
    x, y = (part.ravel() * 1000.0 for part in np.meshgrid(np.arange(side), np.arange(side)))
    cells = shapely.box(x, y, x + 1000, y + 1000)
    return gpd.GeoDataFrame(geometry=cells, index=[f"u{i:06d}" for i in range(side * side)], crs="EPSG:3857")


def median(work: Callable[[], object], *, times: int = 3) -> float:
    """Return the median seconds of `work`, once warmed up."""
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def rows() -> list[dict[str, object]]:
    """Return one row a rule."""
    units = squares(SIDE)
    found = []
    for rule in ("queen", "rook"):
        ours = median(lambda rule=rule: ag.build_neighbours(units, rule=rule))
        peer = median(lambda rule=rule: Graph.build_contiguity(units, rook=rule == "rook", strict=True))
        found.append(
            {
                "work": f"{rule} neighbours of {SIDE * SIDE:,} polygons",
                "ours_s": ours,
                "peer": "libpysal Graph.build_contiguity, strict",
                "peer_s": peer,
                "ratio": peer / ours,
                "bar": "no slower",
                "note": "median of 3, both warmed up",
            }
        )
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)
