"""The wings of the spatial engine: errors carried through, rates, the scan, emerging hotspots, trends."""

from __future__ import annotations

import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import lat2W

from atlasgeo.hotspots import local_moran
from atlasgeo.rates import smooth_rates
from atlasgeo.scan import spatial_scan
from atlasgeo.spacetime import emerging_hotspots
from atlasgeo.trend import trends
from atlasgeo.uncertainty import hotspots_under_error

DISTRICTS = 224
DRAWS = 1_000
PERMUTATIONS = 9_999
REPEATS = 3


def median_of(work: Callable[[], object], *, repeats: int = REPEATS, warm: bool = True) -> float:
    """Return the median seconds of `work`, after a run that warms up."""
    if warm:
        work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def peak_of(work: Callable[[], object]) -> float:
    """Return the most memory in MB that `work` held at once."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def row(work: str, ours: Callable[[], object], **rest: object) -> dict[str, object]:
    """Return one line of the table."""
    seconds = median_of(ours)
    peer_s = rest.get("peer_s")
    ratio = float(peer_s) / seconds if isinstance(peer_s, float) else None
    return {"work": work, "ours_s": seconds, "ratio": ratio, "peak_mb": peak_of(ours), **rest}


def districts() -> tuple[Graph, pd.Series]:
    """Return 224 places, unevenly linked as districts are, and values with a cluster."""
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 1, (DISTRICTS, 2))
    graph = Graph.build_triangulation(places, method="gabriel").transform("R")
    values = pd.Series(rng.normal(size=DISTRICTS), index=graph.unique_ids)
    values[np.hypot(*(places - 0.3).T) < 0.15] += 2
    return graph, values


def under_error() -> list[dict[str, object]]:
    """Hotspots of 224 districts with errors: 1,000 draws on the same 9,999 permutations."""
    from esda.moran import Moran_Local

    graph, values = districts()
    error = values * 0 + 0.5
    weights = graph.to_W()

    def peer() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for draw in range(3):
                Moran_Local(values.to_numpy() + draw, weights, permutations=PERMUTATIONS, n_jobs=1, seed=draw)

    peer_s = median_of(peer) / 3 * DRAWS
    return [
        row(
            f"{name} under error, n = {DISTRICTS}, {DRAWS} draws, P = {PERMUTATIONS}",
            lambda name=name: hotspots_under_error(
                w=graph,
                estimates=values,
                standard_errors=error,
                statistic=name,
                n_draws=DRAWS,
                permutations=PERMUTATIONS,
                seed=1,
            ),
            peer="esda.Moran_Local a draw (3 timed)",
            peer_s=peer_s,
            bar="< 10 s",
        )
        for name in ("moran", "getis_ord")
    ] + [
        row(
            f"the plain answer, n = {DISTRICTS}, P = {PERMUTATIONS}",
            lambda: local_moran(values, graph, permutations=PERMUTATIONS, seed=1),
            peer="esda.Moran_Local",
            peer_s=peer_s / DRAWS,
        )
    ]


def rates() -> dict[str, object]:
    """Local empirical Bayes on a large grid."""
    from esda.smoothing import Spatial_Empirical_Bayes

    side = 100
    weights = lat2W(side, side, rook=False)
    graph = Graph.from_W(weights)
    rng = np.random.default_rng(2)
    base = rng.integers(100, 9_000, side * side).astype(float)
    events = rng.poisson(base * 0.02).astype(float)
    return row(
        "local empirical Bayes, queen grid n = 10,000",
        lambda: smooth_rates(pd.Series(events), pd.Series(base), neighbours=graph),
        peer="esda Spatial_Empirical_Bayes",
        peer_s=median_of(lambda: Spatial_Empirical_Bayes(events, base, weights)),
    )


def scan() -> list[dict[str, object]]:
    """Kulldorff's scan of 224 districts."""
    rng = np.random.default_rng(3)
    places = pd.DataFrame(rng.uniform(0, 1e6, (DISTRICTS, 2)), columns=["x", "y"])
    base = pd.Series(rng.integers(1_000, 90_000, DISTRICTS))
    events = pd.Series(rng.poisson(base * 0.02))
    return [
        row(
            f"spatial scan, {model}, n = {DISTRICTS}, P = 999",
            lambda model=model: spatial_scan(events, base, places, model=model, permutations=999, seed=1),
            note="25,000 circles; no peer in Python",
        )
        for model in ("poisson", "bernoulli")
    ]


def over_time() -> list[dict[str, object]]:
    """Emerging hotspots over 14 years, and the trend test alone against scipy's."""
    from scipy.stats import kendalltau

    graph, values = districts()
    rng = np.random.default_rng(4)
    cube = pd.DataFrame(
        values.to_numpy()[:, None] + rng.normal(size=(DISTRICTS, 14)),
        index=values.index,
        columns=range(2010, 2024),
    )
    series = cube.to_numpy()

    def peer() -> None:
        for line in series:
            kendalltau(np.arange(14), line, method="exact")

    return [
        row(f"emerging hotspots, n = {DISTRICTS}, 14 years", lambda: emerging_hotspots(cube, graph)),
        row(
            f"exact Mann-Kendall with Sen's slope, {DISTRICTS} series of 14",
            lambda: trends(cube),
            peer="scipy kendalltau, exact, no ties, no slope",
            peer_s=median_of(peer),
        ),
    ]


def rows() -> list[dict[str, object]]:
    """Return all lines of the table."""
    return [*under_error(), rates(), *scan(), *over_time()]


if __name__ == "__main__":
    for line in rows():
        print({key: round(value, 4) if isinstance(value, float) else value for key, value in line.items()})
