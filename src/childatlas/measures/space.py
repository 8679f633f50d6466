"""The space of recipes that declared choices open: every point of the unit cube is one recipe's scores.

A choice is one coordinate u in [0, 1). A choice among alternatives takes the floor(u x m)-th; a choice
that is many random numbers at once (noise on weights, errors of figures, ballots drawn again) takes the
floor(u x size)-th realisation of a bank, so that the scores are a plain function of u and one function
serves Monte Carlo and Sobol.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
_CELLS = 400_000  # numbers in one block: a few megabytes, so that blocks stay in the cache


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
        [alternative][indicator], positive variants for multiplicative means in `lifted`.
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
    lifted: tuple[tuple[Normalisation, ...], ...]
    aggregations: tuple[dict[str, Aggregation], ...]
    lifts: tuple[bool, ...]
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
        figures = self._figures(imputation, numbers)
        treated = np.stack(
            [
                how.apply(x)
                for how, x in zip(self.transformations[imputation][treatment], figures, strict=True)
            ]
        )
        plans = (self.lifted if self.lifts[aggregation] else self.normalisations)[normalisation]
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
        drawn = np.flatnonzero(self.errors.any(axis=1))
        noise = np.empty((len(draws), drawn.size, len(self.units)), dtype=np.float32)
        bits = np.random.PCG64(self.seed)
        start, generator = bits.state, np.random.Generator(bits)
        for row, number in enumerate(draws):  # each draw has a stretch of the stream of its own
            bits.state = start
            bits.advance(int(number) * 4 * noise[0].size)
            generator.standard_normal(dtype=np.float32, out=noise[row])
        out = np.repeat(figures, len(draws), axis=1)
        for place, indicator in enumerate(drawn):
            out[indicator] += noise[:, place] * self.errors[indicator]
        return out

    def _normalised(self, treated: Array, plans: tuple[Normalisation, ...]) -> Array:
        if all(plan == plans[0] for plan in plans):
            return normalise(treated, plans[0], sign=self.signs[:, None, None])
        each = zip(treated, plans, self.signs, strict=True)
        return np.stack([normalise(x, plan, sign=sign) for x, plan, sign in each])

    def _weights(self, chosen: dict[str, NDArray[np.int64]]) -> dict[str, Array]:
        """Return the weights of each node's parts, shape (parts, draws) where they vary."""
        factors = self._part_factors(chosen)
        weights = {}
        for node in self.tree.nodes:
            base = self.base_weights[node.id]
            moved = [factors.get(part) for part in node.parts]
            if all(m is None for m in moved):
                weights[node.id] = base[:, None]
                continue
            rows = next(m.size for m in moved if m is not None)
            own = [np.full(rows, b) if m is None else b * m for b, m in zip(base, moved, strict=True)]
            weights[node.id] = np.stack(own)
        return weights

    def _part_factors(self, chosen: dict[str, NDArray[np.int64]]) -> dict[str, Array]:
        """Return what multiplies the weight of each part, per draw."""
        factors: dict[str, Array] = {}
        if self.ballots is not None and BALLOTS in chosen:
            voted = self.ballots[chosen[BALLOTS]]
            factors = {option: voted[:, column] for column, option in enumerate(self.options)}
        for factor, number in chosen.items():
            level = noise_level(factor)
            if level is not None:
                drawn = self.noise[level][number]
                for column, part in enumerate(self.noise_nodes[level]):
                    factors[part] = factors.get(part, 1.0) * drawn[:, column]
        if LEAVE_OUT in chosen:
            for row, leaf in enumerate(self.tree.leaves):
                kept = (chosen[LEAVE_OUT] != row + 1).astype(float)
                factors[leaf] = factors.get(leaf, 1.0) * kept
        return factors
