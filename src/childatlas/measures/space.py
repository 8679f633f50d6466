"""The space of recipes that declared choices open: every point of the unit cube is one recipe's scores.

A choice is one coordinate u in [0, 1). A choice among alternatives takes the floor(u x m)-th; a choice
that is many random numbers at once (noise on weights, errors of figures, ballots drawn again) takes the
floor(u x size)-th realisation of a bank, so that the scores are a plain function of u and one function
serves Monte Carlo and Sobol.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.noise import normal_noise
from childatlas.measures.normalise import Array, normalise
from childatlas.measures.recipe import ROOT, Recipe
from childatlas.measures.recipe_parts import Aggregation, Normalisation
from childatlas.measures.treatment import Transformation
from childatlas.measures.tree import Tree

__all__ = ["FIGURES", "LEAVE_OUT", "Space", "noise_level"]

NORMALISATION, TREATMENT, IMPUTATION, AGGREGATION = "normalisation", "treatment", "imputation", "aggregation"
LEAVE_OUT, FIGURES, BALLOTS = "leave_out", "figures", "ballots"
_WEIGHTS = "weights:"
_THREADS = 4
_CELLS = 200_000  # numbers in one block: a few megabytes, so that blocks stay in the cache


def noise_level(factor: str) -> str | None:
    """Return the level whose weights a factor perturbs, None for other factors."""
    return factor.removeprefix(_WEIGHTS) if factor.startswith(_WEIGHTS) else None


@dataclass(frozen=True, eq=False)
class Space:
    """A compiled space; made by `childatlas.measures.space_build.open_space`.

    Attributes
    ----------
    recipe, tree, units
    factors : tuple of str
        Names of the choices, in the order of the coordinates.
    filled : tuple of array (indicators, units)
        Figures under each imputation; the recipe's own first.
    transformations : tuple of tuple of tuple of Transformation
        [imputation][treatment][indicator].
    normalisations : tuple of tuple of Normalisation
        [alternative][indicator].
    lifted : tuple of these
        The same as they are, without z-scores around 0 (for Mazziotta-Pareto), and all over 0 (for means
        that multiply); `lifts` says which of the three an aggregation takes.
    aggregations : tuple of dict of node -> Aggregation
    errors : array (indicators, units) or None
        Standard errors of figures, 0 where none.
    noise : dict of level -> array (size, nodes of the level)
        Multipliers of weights.
    ballots : array (size, options) or None
    options : tuple of node ids that the ballots weigh
    base_weights : dict of node -> array
    seed, size : int
    """

    recipe: Recipe
    tree: Tree
    units: pd.Index
    factors: tuple[str, ...]
    filled: tuple[Array, ...]
    transformations: tuple[tuple[tuple[Transformation, ...], ...], ...]
    normalisations: tuple[tuple[Normalisation, ...], ...]
    lifted: tuple[tuple[tuple[Normalisation, ...], ...], ...]
    aggregations: tuple[dict[str, Aggregation], ...]
    lifts: tuple[int, ...]
    errors: Array | None
    noise: dict[str, Array]
    noise_nodes: dict[str, tuple[str, ...]]
    ballots: Array | None
    options: tuple[str, ...]
    base_weights: dict[str, Array]
    signs: Array
    seed: int
    size: int

    def counts(self, factor: str) -> int:
        """Return how many values a factor can take."""
        sizes = {
            NORMALISATION: len(self.normalisations),
            TREATMENT: len(self.transformations[0]),
            IMPUTATION: len(self.filled),
            AGGREGATION: len(self.aggregations),
            LEAVE_OUT: len(self.tree.leaves) + 1,
        }
        return sizes.get(factor, self.size)

    def levels_of(self, points: Array) -> dict[str, NDArray[np.int64]]:
        """Return for each factor the number of the value that `points` (rows, factors) mean."""
        out = {}
        for column, factor in enumerate(self.factors):
            count = self.counts(factor)
            out[factor] = np.minimum((points[:, column] * count).astype(np.int64), count - 1)
        return out

    def scores(self, points: Array) -> Array:
        """Return the index of every unit at every point, shape (points, units); NaN where undefined."""
        chosen = self.levels_of(points)
        out = np.full((len(points), len(self.units)), np.nan)
        jobs = [
            (combination, block)
            for combination, rows in self._combinations(chosen, len(points))
            for block in self._blocks(self._by_figures(rows, chosen))
        ]

        def fill(job: tuple[tuple[int, int, int, int], NDArray[np.int64]]) -> None:
            combination, block = job
            out[block] = self._evaluate(combination, {f: v[block] for f, v in chosen.items()})

        with ThreadPoolExecutor(max_workers=min(_THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(fill, jobs))  # blocks write disjoint rows, so their order changes nothing
        return out

    def _by_figures(self, rows: NDArray[np.int64], chosen: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
        """Bring together rows that share drawn figures: they share their normalisation too."""
        return rows[np.argsort(chosen[FIGURES][rows], kind="stable")] if FIGURES in chosen else rows

    def _combinations(
        self, chosen: dict[str, NDArray[np.int64]], rows: int
    ) -> Iterator[tuple[tuple[int, int, int, int], NDArray[np.int64]]]:
        discrete = (IMPUTATION, TREATMENT, NORMALISATION, AGGREGATION)
        table = np.stack([chosen.get(f, np.zeros(rows, dtype=np.int64)) for f in discrete], axis=1)
        kinds, inverse = np.unique(table, axis=0, return_inverse=True)
        for number, kind in enumerate(kinds):
            i, t, n, a = (int(k) for k in kind)
            yield (i, t, n, a), np.flatnonzero(inverse.ravel() == number)

    def _blocks(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        size = max(1, _CELLS // (len(self.tree.leaves) * len(self.units)))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def _evaluate(
        self, combination: tuple[int, int, int, int], chosen: dict[str, NDArray[np.int64]]
    ) -> Array:
        imputation, treatment, normalisation, aggregation = combination
        rows = next(iter(chosen.values())).size
        numbers, back = None, np.zeros(1, dtype=np.int64)
        if FIGURES in chosen and self.errors is not None:
            numbers, back = np.unique(chosen[FIGURES], return_inverse=True)
        treated = self._treated(
            self._figures(imputation, numbers), self.transformations[imputation][treatment]
        )
        plans = self.lifted[self.lifts[aggregation]][normalisation]
        normalised = self._normalised(treated, plans)
        scores = self.tree.evaluate(
            normalised if len(back) == normalised.shape[1] else normalised[:, back],
            weights=self._weights(chosen),
            aggregations=self.aggregations[aggregation],
        )[ROOT]
        return np.broadcast_to(scores, (rows, len(self.units)))

    def _figures(self, imputation: int, draws: NDArray[np.int64] | None) -> Array:
        """Return figures (indicators, draws or 1, units), each draw with errors of its own."""
        figures = self.filled[imputation][:, None, :]
        if draws is None or self.errors is None:
            return figures
        some = np.flatnonzero(self.errors.any(axis=1))
        noise = normal_noise(self.seed, draws, some.size * len(self.units))
        noise = noise.reshape(len(draws), some.size, len(self.units))
        drawn = noise * self.errors[some]
        if some.size < len(self.errors):
            whole = np.zeros((len(draws), *self.errors.shape))
            whole[:, some] = drawn
            drawn = whole
        drawn += self.filled[imputation]
        return np.asarray(drawn.transpose(1, 0, 2))

    def _treated(self, figures: Array, plans: tuple[Transformation, ...]) -> Array:
        moved = [row for row, plan in enumerate(plans) if plan.kind != "none"]
        if not moved:
            return figures
        treated = figures.copy()
        for row in moved:
            treated[row] = plans[row].apply(figures[row])
        return treated

    def _normalised(self, treated: Array, plans: tuple[Normalisation, ...]) -> Array:
        if all(plan == plans[0] for plan in plans):
            return normalise(treated, plans[0], sign=self.signs[:, None, None])
        each = zip(treated, plans, self.signs, strict=True)
        return np.stack([normalise(x, plan, sign=sign) for x, plan, sign in each])

    def _weights(self, chosen: dict[str, NDArray[np.int64]]) -> dict[str, Array]:
        """Return the weights of each node's parts, shape (parts, draws) where they vary."""
        moved = self._part_factors(chosen)
        weights = {}
        for node in self.tree.nodes:
            base = self.base_weights[node.id][:, None]
            rows = [moved.row[part] for part in node.parts if part in moved.row]
            if not rows:
                weights[node.id] = base
            elif len(rows) == len(node.parts):
                weights[node.id] = base * moved.factors[rows]
            else:
                one = np.ones((1, moved.factors.shape[1]))
                own = [moved.factors[moved.row[p]][None] if p in moved.row else one for p in node.parts]
                weights[node.id] = base * np.concatenate(own)
        return weights

    def _part_factors(self, chosen: dict[str, NDArray[np.int64]]) -> _Moved:
        """Return what multiplies the weight of each part that varies, per draw."""
        rows = next(iter(chosen.values())).size
        parts = self._varying(chosen)
        place = {part: n for n, part in enumerate(parts)}
        factors = np.ones((len(parts), rows))
        if self.ballots is not None and BALLOTS in chosen:
            factors[[place[o] for o in self.options]] *= self.ballots[chosen[BALLOTS]].T
        for factor, number in chosen.items():
            level = noise_level(factor)
            if level is not None:
                factors[[place[p] for p in self.noise_nodes[level]]] *= self.noise[level][number].T
        if LEAVE_OUT in chosen:
            out = np.flatnonzero(chosen[LEAVE_OUT])
            leaves = np.array([place[leaf] for leaf in self.tree.leaves])
            factors[leaves[chosen[LEAVE_OUT][out] - 1], out] = 0.0
        return _Moved(place, factors)

    def _varying(self, chosen: Mapping[str, object]) -> list[str]:
        parts: list[str] = list(self.options) if BALLOTS in chosen else []
        for factor in chosen:
            level = noise_level(factor)
            parts += self.noise_nodes[level] if level is not None else ()
        parts += self.tree.leaves if LEAVE_OUT in chosen else []
        return list(dict.fromkeys(parts))


@dataclass(frozen=True, eq=False)
class _Moved:
    """Factors of weights: the row of each part that varies, and the table parts x draws."""

    row: dict[str, int]
    factors: Array
