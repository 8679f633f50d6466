"""Kulldorff's spatial scan: the circles where counts fit chance worst, and how often chance does as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .counts import check_counts
from .errors import AnalysisError
from .likelihood import Likelihood, Model, Rates
from .seeds import Seed, random_numbers
from .values import code_order, quiet_series
from .windows import Windows, build_windows, places_of

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["ScanResult", "spatial_scan"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_TIE: Final = 1e-9
_CELLS: Final = 4_000_000


@dataclass(frozen=True)
class ScanResult:
    """Clusters of a spatial scan.

    Attributes
    ----------
    clusters : DataFrame
        One row a cluster, the most likely first: ``centre`` (unit), ``radius`` in the unit of the places,
        ``units``, ``kind`` (``high`` or ``low``), ``observed``, ``expected``, ``base``, ``relative_risk``
        (inside against outside), ``log_likelihood_ratio``, ``p``.
    members : Series
        The cluster of each unit (1 = the first row), 0 outside all of them, missing where the unit has no
        data.
    permutations : int
    windows : int
        Circles that were looked at.
    """

    clusters: pd.DataFrame
    members: pd.Series
    permutations: int
    windows: int


def spatial_scan(
    events: pd.Series,
    base: pd.Series,
    points: gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame,
    *,
    model: Model = "poisson",
    rates: Rates = "high",
    max_share: float = 0.5,
    max_clusters: int = 10,
    permutations: int = 999,
    seed: Seed,
) -> ScanResult:
    r"""Return the circular clusters of high (or low) rates, with Monte Carlo p-values.

    With c events and expectation e inside a circle and C in all, the Poisson log likelihood ratio is
    :math:`c \log(c/e) + (C-c) \log((C-c)/(C-e))`; Bernoulli, with n of N persons inside, is
    :math:`\ell(c, n) + \ell(C-c, N-n) - \ell(C, N)`, :math:`\ell(c, n) = c \log(c/n) + (n-c) \log((n-c)/n)`.

    Parameters
    ----------
    events : Series
        Whole counts by unit.
    base : Series
        Poisson: population or expected counts. Bernoulli: persons looked at, whole, at least the events.
    points : GeoDataFrame, GeoSeries or DataFrame
        The units' places in a projected CRS (centroids of polygons), or ``x`` and ``y``.
    model : {"poisson", "bernoulli"}
    rates : {"high", "low", "both"}
        What is looked for.
    max_share : float
        Largest share of the base that a circle may hold.
    max_clusters : int
        The most clusters to report. Secondary ones overlap none before them.
    permutations : int
        Random maps: multinomial by base (Poisson), hypergeometric (Bernoulli), with the observed total.
    seed : int, SeedSequence or Generator

    Returns
    -------
    ScanResult

    Raises
    ------
    DataError
        Counts are negative, infinite or not whole; Bernoulli: more events than persons.
    AnalysisError
        Units differ, unknown model or rates, a share outside (0, 1], too few permutations.
    BoundaryError
        Places missing or not in a projected CRS.

    Notes
    -----
    Kulldorff (1997), A spatial scan statistic, Communications in Statistics 26, 1481-1496. Null model: the
    same rate everywhere. p = (random maps whose best circle is at least as good + 1) / (P + 1), and so for
    secondary clusters, for which it is conservative. Units are sorted by code before anything is drawn:
    the same seed gives the same p in any order of rows. Units without data or base take no part. A circle
    with a p above 0.05 is reported too: read the p. Cost: O(circles x permutations) time, O(n^2) memory.
    """
    _check(model, rates, permutations, max_clusters)
    order = code_order(quiet_series(events).index)
    counts = check_counts(events.iloc[order], base)
    where = places_of(points)
    lacking = counts.index[counts.used].difference(where.index)
    if len(lacking):
        raise AnalysisError(
            "units have no place", found=list(lacking[:5]), fix="give points of the same units"
        )
    codes = counts.index[counts.used]
    world = Likelihood(counts, model, rates)
    xy = where.loc[codes].to_numpy(dtype=float).reshape(-1, 2)
    windows = build_windows(xy, counts.base, max_share=max_share)
    counted = np.round(counts.events).astype(np.int64)[:, None]
    observed = [world.ratio(c[:, 0], population) for c, population in _inside(windows, world, counted)]
    best = _random_best(windows, world, permutations, random_numbers(seed))
    clusters = _disjoint(windows, observed, max_clusters)
    rows = [_describe(cluster, windows, world, codes, best) for cluster in clusters]
    members = pd.Series(np.zeros(len(codes)), index=codes)
    for number, (centre, size, _) in enumerate(clusters, 1):
        members.iloc[windows.order[centre, :size]] = number
    return ScanResult(
        pd.DataFrame(rows, columns=_COLUMNS),
        members.reindex(events.index).astype("Int64").rename("cluster"),
        permutations,
        windows.count,
    )


_COLUMNS: Final = [
    "centre",
    "radius",
    "units",
    "kind",
    "observed",
    "expected",
    "base",
    "relative_risk",
    "log_likelihood_ratio",
    "p",
]


def _inside(windows: Windows, world: Likelihood, maps: Integers) -> Iterator[tuple[Integers, Floats]]:
    """Yield, for each centre, the counts in its circles (circles x maps) and their populations."""
    for centre, sizes in enumerate(windows.size):
        nearest = windows.order[centre, : sizes.max(initial=0)]
        population = np.cumsum(world.counts.base[nearest])[sizes - 1]
        yield np.cumsum(maps[nearest], axis=0)[sizes - 1], population


def _random_best(windows: Windows, world: Likelihood, permutations: int, rng: np.random.Generator) -> Floats:
    """Return the best ratio of each random map; without any event every map is alike."""
    if world.total == 0:
        return np.zeros(permutations)
    step = max(1, _CELLS // len(world.counts.events))
    best = []
    for start in range(0, permutations, step):
        maps = world.random(rng, min(step, permutations - start))
        most = np.zeros(maps.shape[1])
        for inside, population in _inside(windows, world, maps):
            if len(population):
                most = np.maximum(most, _looked_up(world, inside, population))
        best.append(most)
    return np.concatenate(best)


def _looked_up(world: Likelihood, inside: Integers, population: Floats) -> Floats:
    """Return the best ratio of each map among circles: the ratio is worked out once a circle and count."""
    least = inside.min(axis=1)
    width = int((inside.max(axis=1) - least).max()) + 1
    if width > inside.shape[1]:
        direct: Floats = world.ratio(inside, population[:, None]).max(axis=0)
        return direct
    counts = np.minimum(least[:, None] + np.arange(width), world.total)
    table = world.ratio(counts, population[:, None])
    starts = np.arange(len(population)) * width - least
    best: Floats = table.ravel().take(inside + starts[:, None]).max(axis=0)
    return best


def _disjoint(windows: Windows, ratios: list[Floats], most: int) -> list[tuple[int, int, float]]:
    """Return (centre, size, ratio) of the best circles that do not overlap, the best first.

    Of circles with the same units the one of the smallest radius stands for all.
    """
    table = [
        (
            -round(float(value) / _TIE),
            float(windows.distance[centre, size - 1]),
            centre,
            int(size),
            float(value),
        )
        for centre, sizes in enumerate(windows.size)
        for size, value in zip(sizes, ratios[centre], strict=True)
        if value > _TIE
    ]
    taken: set[int] = set()
    chosen: list[tuple[int, int, float]] = []
    for _, _, centre, size, value in sorted(table):
        units = set(windows.order[centre, :size].tolist())
        if len(chosen) == most:
            break
        if units.isdisjoint(taken):
            taken |= units
            chosen.append((centre, size, value))
    return chosen


def _describe(
    cluster: tuple[int, int, float], windows: Windows, world: Likelihood, codes: pd.Index, best: Floats
) -> list[object]:
    """Return the row of one cluster."""
    centre, size, ratio = cluster
    units = windows.order[centre, :size]
    c, population = float(world.counts.events[units].sum()), float(world.counts.base[units].sum())
    expected = world.total * population / world.base
    outside = (world.total - c) / (world.base - population) if population < world.base else np.nan
    risk = (c / population) / outside if outside else np.inf
    p = (np.sum(best >= ratio - _TIE * max(ratio, 1.0)) + 1) / (len(best) + 1)
    kind = "high" if c > expected else "low"
    radius = float(windows.distance[centre, size - 1])
    return [codes[centre], radius, size, kind, int(c), expected, population, risk, ratio, float(p)]


def _check(model: str, rates: str, permutations: int, max_clusters: int) -> None:
    known: dict[str, tuple[str, tuple[str, ...]]] = {
        "model": (model, ("poisson", "bernoulli")),
        "rates": (rates, ("high", "low", "both")),
    }
    for name, (word, words) in known.items():
        if word not in words:
            raise AnalysisError(f"unknown {name}", found=repr(word), expected=", ".join(words))
    if permutations < 1 or max_clusters < 1:
        raise AnalysisError(
            "permutations and max_clusters are at least 1", found=(permutations, max_clusters)
        )
