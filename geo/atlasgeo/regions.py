"""Contiguous regions of like units: max-p, SKATER, AZP and Ward, with a floor, and their stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .contiguity import Tract, components, merge_small, split_parts, tract_of
from .errors import AnalysisError
from .solvers import SOLVERS, within_squares

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["METHODS", "Regions", "build_regions"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Method = Literal["maxp", "skater", "azp", "ward"]
METHODS: Final = ("maxp", "skater", "azp", "ward")
_RANDOM: Final = ("maxp", "azp")


@dataclass(frozen=True)
class Regions:
    """Contiguous regions, the worst off first.

    Attributes
    ----------
    labels : Series
        Region of each unit, 1 = worst; missing where the unit has no data.
    table : DataFrame
        One row a region: ``units``, ``population``, ``mean`` (weighted by population where given),
        ``below_floor``, ``stability`` (mean over its units).
    stability : Series
        For each unit, the mean over the runs of the Jaccard similarity between its region there and here;
        1 = the same region whatever the seed.
    co_assignment : DataFrame
        Units x units: share of the runs in which both lie in one region.
    explained : float
        Share of the variance of the (standardised) values that lies between regions.
    runs : int
        How many seeds were tried; 1 for a method without chance.
    notes : tuple of str
        What a reader has to know.
    """

    labels: pd.Series
    table: pd.DataFrame
    stability: pd.Series
    co_assignment: pd.DataFrame
    explained: float
    runs: int
    notes: tuple[str, ...]


def build_regions(
    values: pd.Series | pd.DataFrame,
    w: Graph,
    *,
    method: Method = "ward",
    n_regions: int | None = None,
    population: pd.Series | None = None,
    floor: float | None = None,
    worse: Literal["high", "low"] = "high",
    runs: int = 10,
    seed: int,
) -> Regions:
    """Return contiguous regions of like units, the worst off first, and their stability over seeds.

    Parameters
    ----------
    values : Series or DataFrame
        One or more measures by unit, all pointing the same way; each is standardised (z) for likeness.
    w : Graph
        Who touches whom: a link in either direction counts, weights do not.
    method : {"maxp", "skater", "azp", "ward"}
        ``maxp``: as many regions as the floor allows (needs `population` and `floor`, no `n_regions`).
        ``skater``: cuts of the minimum spanning tree. ``azp``: automatic zoning by random exchange.
        ``ward``: Ward's tree with contiguity.
    n_regions : int, optional
        Number of regions for the other three. A floor can make them fewer.
    population : Series, optional
        Weighs the regions' means and is what the floor counts.
    floor : float, optional
        Least population of a region. Regions below it join the neighbouring region with the nearest mean; one
        without neighbours stays and is marked.
    worse : {"high", "low"}
        Which end of the values is bad.
    runs : int
        Seeds to try for the random methods; the best run is the result (max-p: most regions, then least
        variance within).
    seed : int

    Returns
    -------
    Regions

    Raises
    ------
    AnalysisError
        Units differ, an unknown method, arguments that do not go together, more regions asked for than units.

    Notes
    -----
    Through ``spopt.region``: Wei, Rey and Knaap (2020) for max-p; Assuncao, Neves, Camara and da Costa
    Freitas (2006) for SKATER; Openshaw and Rao (1995) for AZP; Ward's linkage of scikit-learn. Every
    connected part of the graph is solved by itself, and every solution is checked to be contiguous.
    Regions are descriptions of these values: they carry no p and no confidence. Units without data are
    left out. For 224 units a run takes about 0.05 s of processor time with Ward, 7 s with SKATER, 8 s with
    AZP and 11 s with max-p. Ward is the default: quick, without chance, and it left the least variance within
    them.
    """
    _check_words(method, worse)
    _check_numbers(method, n_regions, floor, runs)
    if floor is not None and population is None:
        raise AnalysisError("a floor counts a population", fix="pass population=")
    tract = tract_of(values, w, population)
    if n_regions is not None and n_regions > tract.n:
        raise AnalysisError(
            "more regions than units with data", found=n_regions, expected=f"at most {tract.n}"
        )
    count = runs if method in _RANDOM else 1
    found = [_one_run(tract, method, n_regions, floor, (seed, run)) for run in range(count)]
    best = min(found, key=lambda labels: _badness(tract, labels, method))
    ranked = _ranked(tract, best, worse)
    together = np.mean([labels[:, None] == labels[None, :] for labels in found], axis=0)
    stability = np.mean([_jaccard(best, labels) for labels in found], axis=0)
    return Regions(
        tract.back(ranked).astype("Int64").rename("region"),
        _table(tract, ranked, stability, floor),
        tract.back(stability).rename("stability"),
        pd.DataFrame(together, index=tract.codes, columns=tract.codes),
        _explained(tract, best),
        count,
        _notes(tract, ranked, n_regions, floor, method),
    )


def _check_words(method: str, worse: str) -> None:
    if method not in METHODS:
        raise AnalysisError("unknown method", found=repr(method), expected=", ".join(METHODS))
    if worse not in {"high", "low"}:
        raise AnalysisError("unknown end", found=repr(worse), expected="high, low")


def _check_numbers(method: str, n_regions: int | None, floor: float | None, runs: int) -> None:
    if method == "maxp" and (floor is None or n_regions is not None):
        raise AnalysisError(
            "max-p finds the number of regions from a floor", fix="pass floor=, not n_regions="
        )
    if method != "maxp" and n_regions is None:
        raise AnalysisError(f"{method} needs the number of regions", fix="pass n_regions=")
    if (n_regions is not None and n_regions < 1) or runs < 1:
        raise AnalysisError("n_regions and runs are at least 1", found=(n_regions, runs))


def _one_run(
    tract: Tract, method: str, n_regions: int | None, floor: float | None, seed: tuple[int, int]
) -> Labels:
    """Return a contiguous solution that meets the floor where the graph allows it."""
    labels = np.zeros(tract.n, dtype=np.int64)
    parts = components(tract.links)
    shares = _shares(tract, parts, n_regions)
    start = 0
    for number, (part, k) in enumerate(zip(parts, shares, strict=True)):
        alone = tract.take(part)
        solved = SOLVERS[method](alone, k, floor, (*seed, number))
        labels[part] = start + split_parts(alone.links, solved)
        start = int(labels.max()) + 1
    return merge_small(tract, labels, floor) if floor is not None else labels


def _shares(tract: Tract, parts: list[NDArray[np.intp]], n_regions: int | None) -> list[int]:
    """Return how many regions each connected part gets: one, and more where Ward's variance falls most."""
    if n_regions is None:
        return [0] * len(parts)
    shares = [1] * len(parts)
    alone = [tract.take(part) for part in parts]

    def left(place: int, k: int) -> float:
        return within_squares(alone[place].z, SOLVERS["ward"](alone[place], k, None, (0,)))

    now = [left(place, 1) for place in range(len(parts))]
    while sum(shares) < n_regions and len(parts) > 1:
        gains = [
            now[place] - left(place, shares[place] + 1) if shares[place] < len(part) else -np.inf
            for place, part in enumerate(parts)
        ]
        place = int(np.argmax(gains))
        shares[place] += 1
        now[place] -= gains[place]
    return shares if len(parts) > 1 else [n_regions]


def _badness(tract: Tract, labels: Labels, method: str) -> tuple[float, float]:
    count = float(len(np.unique(labels)))
    return (-count if method == "maxp" else 0.0, within_squares(tract.z, labels))


def _ranked(tract: Tract, labels: Labels, worse: str) -> Labels:
    """Return the labels renumbered 1, 2 ... from the worst mean."""
    sign = -1 if worse == "high" else 1
    names = np.unique(labels)
    means = [sign * tract.mean(labels == name) for name in names]
    firsts = [int(np.flatnonzero(labels == name)[0]) for name in names]
    order = sorted(range(len(names)), key=lambda i: (means[i], firsts[i]))
    new = np.empty(len(names), dtype=np.int64)
    new[order] = np.arange(1, len(names) + 1)
    return np.asarray(new[np.searchsorted(names, labels)], dtype=np.int64)


def _jaccard(here: Labels, there: Labels) -> Floats:
    """Return, for each unit, the overlap of its two regions over their union."""
    table = pd.crosstab(here, there).to_numpy(dtype=float)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    row = np.unique(here, return_inverse=True)[1]
    column = np.unique(there, return_inverse=True)[1]
    return np.asarray((table / union)[row, column], dtype=np.float64)


def _table(tract: Tract, labels: Labels, stability: Floats, floor: float | None) -> pd.DataFrame:
    rows = []
    for region in np.unique(labels):
        inside = labels == region
        people = float(tract.population[inside].sum())
        rows.append(
            {
                "units": int(inside.sum()),
                "population": people if tract.weighted else np.nan,
                "mean": tract.mean(inside),
                "below_floor": floor is not None and people < floor,
                "stability": float(stability[inside].mean()),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(np.unique(labels), name="region"))


def _explained(tract: Tract, labels: Labels) -> float:
    whole = within_squares(tract.z, np.zeros(tract.n, dtype=np.int64))
    return 1 - within_squares(tract.z, labels) / whole if whole > 0 else np.nan


def _notes(
    tract: Tract, labels: Labels, n_regions: int | None, floor: float | None, method: str
) -> tuple[str, ...]:
    notes = []
    parts, count = len(components(tract.links)), int(labels.max())
    if parts > 1:
        notes.append(f"The graph falls into {parts} parts; no region spans two of them.")
    if n_regions is not None and count < n_regions:
        notes.append(f"{n_regions} regions were asked for; the floor leaves {count}.")
    if n_regions is not None and count > n_regions:
        notes.append(f"{n_regions} regions were asked for; {count} are the fewest that are contiguous.")
    people = np.bincount(labels, tract.population)[1:]
    low = people[people < floor] if floor is not None else people[:0]
    if len(low):
        notes.append(f"{len(low)} regions lie below the floor and have no neighbour to join.")
    if method not in _RANDOM:
        notes.append("The method has no chance in it: the regions are the same whatever the seed.")
    return tuple(notes)
