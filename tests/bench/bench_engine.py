"""The permutation engine beside esda and pygeoda: the same work in one run, both warmed up."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from libpysal.graph import Graph

import atlasgeo as ag

SIDE = 224  # 50,176 units
MANY = 9_999
REPEATS = 3


def queen_grid(side: int) -> Graph:
    """Return the row-standardised queen graph of a square grid, without looking at shapes."""
    units = np.arange(side * side).reshape(side, side)
    focal, other = [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if down or right:
                rows = slice(max(0, -down), side - max(0, down)), slice(max(0, down), side - max(0, -down))
                columns = (
                    slice(max(0, -right), side - max(0, right)),
                    slice(max(0, right), side - max(0, -right)),
                )
                focal.append(units[rows[0], columns[0]].ravel())
                other.append(units[rows[1], columns[1]].ravel())
    first, second = np.concatenate(focal), np.concatenate(other)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    codes = pd.RangeIndex(side * side)
    index = pd.MultiIndex(levels=[codes, codes], codes=[first, second], names=["focal", "neighbor"])
    weights = pd.Series(1 / np.bincount(first)[first], index=index, name="weight")
    return Graph(weights, transformation="R", is_sorted=True)


def distance_graph(n: int, k: int) -> tuple[Graph, pd.Series]:
    """Return inverse-distance weights to the k nearest of random points, and values."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(3)
    points = rng.random((n, 2))
    distance, near = cKDTree(points).query(points, k=k + 1)
    focal, weight = np.repeat(np.arange(n), k), 1 / distance[:, 1:].ravel()
    graph = Graph.from_arrays(focal, near[:, 1:].ravel(), weight).transform("R")
    return graph, pd.Series(rng.normal(size=n), index=graph.unique_ids)


def seconds(
    work: Callable[[], object], repeats: int = REPEATS, *, warm: Callable[[], object] | None = None
) -> float:
    """Return the median time of some runs after a first one that is not counted, a small one if `warm`."""
    (warm or work)()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def row(
    work: str,
    ours: float,
    peer: str,
    theirs: float | None,
    bar: str,
    *,
    mb: float | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "work": work,
        "ours_s": round(ours, 4),
        "peer": peer,
        "peer_s": None if theirs is None else round(theirs, 3),
        "ratio": None if theirs is None else round(theirs / ours, 1),
        "bar": bar,
        "peak_mb": mb,
        "note": note,
    }


def against_esda() -> list[dict[str, Any]]:
    """Return the rows of local and global statistics on the grid of 50,176 units."""
    import esda

    w = queen_grid(SIDE)
    rng = np.random.default_rng(0)
    x, y = (pd.Series(rng.normal(size=SIDE * SIDE)) for _ in range(2))
    base = pd.Series(rng.integers(100, 10_000, SIDE * SIDE).astype(float))
    events = pd.Series(rng.poisson(base * 0.05).astype(float))
    a, b, e, n = x.to_numpy(), y.to_numpy(), events.to_numpy(), base.to_numpy()
    pairs: list[tuple[str, Callable[[], object], Callable[[int], object], str]] = [
        (
            "local Moran",
            lambda: ag.local_moran(x, w, seed=1, permutations=MANY),
            lambda p: esda.Moran_Local(a, w, permutations=p, n_jobs=1),
            ">= 300",
        ),
        (
            "Gi*",
            lambda: ag.getis_ord(x, w, seed=1, permutations=MANY),
            lambda p: esda.G_Local(a, w, star=True, permutations=p, n_jobs=1),
            ">= 100",
        ),
        (
            "bivariate Moran",
            lambda: ag.local_moran_bivariate(x, y, w, seed=1, permutations=MANY),
            lambda p: esda.Moran_Local_BV(a, b, w, permutations=p, n_jobs=1),
            ">= 100",
        ),
        (
            "rate Moran",
            lambda: ag.local_moran_rate(events, base, w, seed=1, permutations=MANY),
            lambda p: esda.Moran_Local_Rate(e, n, w, permutations=p, n_jobs=1),
            ">= 100",
        ),
        (
            "local Geary",
            lambda: ag.local_geary(x, w, seed=1, permutations=MANY),
            lambda p: esda.Geary_Local(connectivity=w, permutations=p, n_jobs=1).fit(a),
            ">= 20",
        ),
        (
            "global Moran",
            lambda: ag.global_moran(x, w, seed=1, permutations=MANY),
            lambda p: esda.Moran(a, w, permutations=p),
            ">= 5",
        ),
    ]
    far, values = distance_graph(20_000, 8)
    z = values.to_numpy()
    found = []
    for name, ours, theirs, bar in pairs:
        peer = seconds(partial(theirs, MANY), warm=partial(theirs, 9))
        found.append(row(f"{name}, n = 50,176, P = 9,999", seconds(ours), "esda", peer, bar))
    near = seconds(lambda: ag.local_moran(values, far, seed=1, permutations=999))
    peer = seconds(lambda: esda.Moran_Local(z, far, permutations=999, n_jobs=1))
    return [*found, row("inverse distance, k = 8, n = 20,000, P = 999", near, "esda", peer, ">= 10")]


def against_geoda() -> list[dict[str, Any]]:
    """Return local Moran beside pygeoda at its fastest."""
    import geopandas as gpd
    import pygeoda
    import shapely

    cells = [shapely.box(c, r, c + 1, r + 1) for r in range(SIDE) for c in range(SIDE)]
    x = np.random.default_rng(0).normal(size=SIDE * SIDE)
    frame = pygeoda.open(gpd.GeoDataFrame({"x": x}, geometry=cells))
    weights = pygeoda.queen_weights(frame)
    w, values = queen_grid(SIDE), pd.Series(x)
    options = {"permutations": MANY, "permutation_method": "lookup", "cpu_threads": 2}
    theirs = seconds(lambda: pygeoda.local_moran(weights, frame["x"], **options))
    ours = seconds(lambda: ag.local_moran(values, w, seed=1, permutations=MANY))
    return [row("local Moran, n = 50,176, P = 9,999", ours, "pygeoda lookup, 2 threads", theirs, ">= 150")]


FRESH = """
import time; start = time.perf_counter()
import numpy as np, pandas as pd
from libpysal.graph import Graph
f = np.repeat(np.arange(224), 5); g = (f + np.tile([1, 2, 3, 5, 8], 224)) % 224
x = pd.Series(np.random.default_rng(0).normal(size=224))
w = Graph.from_arrays(f, g, np.ones(1120)).transform("R")
if {ours}:
    import atlasgeo as ag
    ag.local_moran(x, w, seed=1); ag.getis_ord(x, w, seed=1)
else:
    import esda
    esda.Moran_Local(x.to_numpy(), w, permutations=9999, n_jobs=1)
    esda.G_Local(x.to_numpy(), w, star=True, permutations=9999, n_jobs=1)
print(time.perf_counter() - start)
"""

MILLION = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore"); sys.path.insert(0, {folder!r})
import numpy as np, pandas as pd, atlasgeo as ag
from bench_engine import queen_grid
w = queen_grid({side}); x = pd.Series(np.random.default_rng(0).normal(size={side} ** 2))
taken = []
for _ in range(4):
    start = time.perf_counter(); ag.local_moran(x, w, seed=1); taken.append(time.perf_counter() - start)
print(json.dumps([sorted(taken[1:])[1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def child(code: str) -> str:
    """Return the last line that a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def fresh_process() -> list[dict[str, Any]]:
    """Return import, local Moran and Gi* of 224 units in fresh processes."""
    ours = statistics.median(float(child(FRESH.format(ours=True))) for _ in range(REPEATS))
    theirs = statistics.median(float(child(FRESH.format(ours=False))) for _ in range(REPEATS))
    note = "esda compiles by numba in each fresh process"
    return [
        row(
            "fresh process, n = 224, local Moran and Gi*, P = 9,999", ours, "esda", theirs, ">= 10", note=note
        )
    ]


def a_million() -> list[dict[str, Any]]:
    """Return local Moran of a million units: time, and peak memory of its process, graph included."""
    found, mb = json.loads(child(MILLION.format(side=1000, folder=str(Path(__file__).parent))))
    return [row("local Moran, n = 1,000,000, P = 9,999", found, "", None, "< 2 s, < 1 GB", mb=round(mb))]


def scaling(path: Path) -> None:
    """Draw time against the number of units, with the asymptotic cost beside it."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sides = (10, 32, 100, 316, 1000)
    taken = []
    for side in sides:
        w, x = queen_grid(side), pd.Series(np.random.default_rng(0).normal(size=side * side))
        taken.append(seconds(lambda x=x, w=w: ag.local_moran(x, w, seed=1)))
    units = np.array(sides) ** 2
    cost = 3 * MANY * np.log2(MANY) + units * np.log2(MANY) + MANY * 8
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(units, taken, "o-", label="local Moran, P = 9,999")
    axes.loglog(
        units, cost / cost[-1] * taken[-1], "--", label="c P log P + n log P + P k, scaled to the last point"
    )
    axes.set_xlabel("units")
    axes.set_ylabel("seconds")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def rows() -> list[dict[str, Any]]:
    """Return the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [*a_million(), *fresh_process(), *against_esda(), *against_geoda()]
        scaling(Path(__file__).parents[2] / "outputs" / "bench" / "engine_scaling.png")
    return found


if __name__ == "__main__":
    print(pd.DataFrame(rows()).to_string())
