"""Units that touch: their connected parts, regions kept whole, and small regions joined to a neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = ["Tract", "components", "merge_small", "split_parts", "tract_of"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Tract:
    """Units with data, sorted by code: who touches whom, their values and their people.

    Attributes
    ----------
    index : Index
        The caller's index.
    codes : Index
        The units with data.
    links : csr_array, shape (n, n)
        1 where two units touch, symmetric, nothing on the diagonal.
    values, z : array, shape (n, m)
        As given, and standardised.
    population : array, shape (n,)
        1 each where none was given.
    weighted : bool
        Whether a population was given.
    """

    index: pd.Index
    codes: pd.Index
    links: csr_array
    values: Floats
    z: Floats
    population: Floats
    weighted: bool

    @property
    def n(self) -> int:
        """Return the number of units with data."""
        return len(self.codes)

    def take(self, part: Places) -> Tract:
        """Return some of the units; they keep the scale of the whole."""
        links = self.links[part][:, part]
        return Tract(
            self.index,
            self.codes[part],
            links,
            self.values[part],
            self.z[part],
            self.population[part],
            self.weighted,
        )

    def mean(self, inside: NDArray[np.bool_]) -> float:
        """Return the mean of some units, by population; standardised where there are several measures."""
        table = self.values if self.values.shape[1] == 1 else self.z
        weight = self.population[inside]
        if weight.sum() <= 0:
            weight = np.ones(int(inside.sum()))
        return float(np.average(table[inside].mean(axis=1), weights=weight))

    def back(self, values: NDArray[np.float64] | Labels) -> pd.Series:
        """Return values on the caller's index, missing where a unit has no data."""
        return pd.Series(values, index=self.codes).reindex(self.index)


def tract_of(values: pd.Series | pd.DataFrame, w: Graph, population: pd.Series | None) -> Tract:
    """Return the units that have all values (and a population, where one is asked for).

    Raises
    ------
    AnalysisError
        Units of values, graph and population differ; a population is negative; no unit has data.
    """
    table = values.to_frame() if isinstance(values, pd.Series) else values
    columns = [table[name] for name in table.columns]
    aligned = align(columns if population is None else [*columns, population], w)
    if aligned.n == 0:
        raise AnalysisError("no unit has data", found=f"{len(table)} units, all missing")
    numbers = np.column_stack(aligned.columns[: len(columns)])
    people = np.ones(aligned.n) if population is None else aligned.columns[-1]
    if (people < 0).any():
        raise AnalysisError("a population is negative", found=list(aligned.codes[people < 0][:5]))
    spread = numbers.std(axis=0)
    z = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    links = ((aligned.weights + aligned.weights.T) != 0).astype(float).tocsr()
    return Tract(table.index, aligned.codes, links, numbers, z, people, population is not None)


def components(links: csr_array) -> list[Places]:
    """Return the connected parts, the first by code first."""
    from scipy.sparse.csgraph import connected_components

    number, label = connected_components(links, directed=False)
    return [np.flatnonzero(label == part) for part in range(number)]


def split_parts(links: csr_array, labels: Labels) -> Labels:
    """Return labels 0, 1 ... in which every region is connected: parts that do not touch become their own."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    pairs = links.tocoo()
    same = labels[pairs.row] == labels[pairs.col]
    inside = csr_array((np.ones(int(same.sum())), (pairs.row[same], pairs.col[same])), shape=links.shape)
    return np.asarray(connected_components(inside, directed=False)[1], dtype=np.int64)


def merge_small(tract: Tract, labels: Labels, floor: float) -> Labels:
    """Return labels in which regions below the floor have joined the neighbour with the nearest mean.

    The smallest goes first. A region without neighbours stays as it is.
    """
    merged = labels.copy()
    pairs = tract.links.tocoo()
    stuck: set[int] = set()
    while True:
        names, place = np.unique(merged, return_inverse=True)
        people = np.bincount(place, tract.population)
        small = [
            i for i in np.argsort(people, kind="stable") if people[i] < floor and int(names[i]) not in stuck
        ]
        if not small:
            return merged
        region = int(names[small[0]])
        touching = np.unique(merged[pairs.col[merged[pairs.row] == region]])
        others = [int(name) for name in touching if name != region]
        if not others:
            stuck.add(region)
            continue
        centre = tract.z[merged == region].mean(axis=0)
        means = np.array([tract.z[merged == other].mean(axis=0) for other in others])
        merged[merged == region] = others[int(np.argmin(np.square(means - centre).sum(axis=1)))]
