"""Whole permutations for global statistics: products of few random ones, many columns at a time.

P + 1 arrangements come as products sigma_s . pi_b of S + B random permutations, both first factors the
identity, so that the first product is the map as it is. Any two products are independent, so the p-value
varies as with independent draws. The grid of S x B products is exchangeable in its rows and in its columns:
with S B = P + 1 the test is exact (Ramdas, Barber, Candes and Tibshirani 2023); where P + 1 has no fitting
factors a larger grid is made and P of its other cells are drawn at random, which keeps it exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .draws import Seed
from .errors import AnalysisError
from .seeds import random_numbers
from .threads import in_threads

__all__ = ["Simulated", "global_p", "simulate"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Statistic = Callable[[tuple[Floats, ...]], Floats]

COLUMN_CELLS = 16_000_000  # cells of all permuted columns: 128 MB
BUNDLE_CELLS = 250_000  # cells of the columns that are multiplied at once: they stay in the cache
BUNDLE = 16  # columns at least: two cache lines
NEARLY = 1e-9


@dataclass(frozen=True, eq=False)
class Simulated:
    """The statistic under permutation.

    Attributes
    ----------
    observed : float
    values : array
        P random arrangements, or all n! where `exact`; the observed one is among the values only if `exact`.
    """

    observed: float
    values: Floats
    exact: bool


def simulate(
    statistic: Statistic, columns: tuple[Floats, ...], *, permutations: int, seed: Seed
) -> Simulated:
    """Return a statistic under permutations of the units.

    Parameters
    ----------
    statistic : callable
        Takes one array n x B for each column and returns B values. The columns are permuted together.
    columns : tuple of arrays, each of shape (n,)
    permutations : int
        P. Where n! <= P every permutation is looked at instead.
    seed : int, SeedSequence or Generator
    """
    n = columns[0].size
    observed = float(statistic(tuple(column[:, None] for column in columns))[0])
    if n <= 12 and math.factorial(n) <= permutations:
        every = np.array(list(itertools.permutations(range(n))), dtype=np.intp).T
        return Simulated(observed, statistic(tuple(column[every] for column in columns)), exact=True)
    rng = random_numbers(seed)
    outer, inner = _factors(permutations + 1, most=max(BUNDLE, COLUMN_CELLS // max(n, 1)))
    width = max(BUNDLE, BUNDLE_CELLS // max(n, 1))
    right = [np.arange(n), *(rng.permutation(n) for _ in range(inner - 1))]
    starts = range(0, inner, width)
    bundles = [
        tuple(
            np.column_stack([column[order] for order in right[start : start + width]]) for column in columns
        )
        for start in starts
    ]
    left = rng.spawn(outer)
    grid = np.empty((outer, inner))

    def row(s: int) -> None:
        order = left[s].permutation(n) if s else np.arange(n)
        for start, bundle in zip(starts, bundles, strict=True):
            mixed = tuple(np.take(part, order, axis=0, mode="clip") for part in bundle)
            grid[s, start : start + width] = statistic(mixed)

    in_threads(row, range(outer), work=outer * n * inner)
    rest = grid.ravel()[1:]
    if rest.size > permutations:
        rest = rng.choice(rest, permutations, replace=False)
    return Simulated(observed, rest, exact=False)


def _factors(total: int, *, most: int) -> tuple[int, int]:
    """Return S and B with S B >= total, equal to it if it has factors near the root; B is at most `most`.

    The B permuted columns are kept, the S other permutations are made one at a time.
    """
    root = min(math.isqrt(total - 1) + 1, most)
    for inner in range(root, root // 3, -1):
        if total % inner == 0:
            return total // inner, inner
    return -(-total // root), root


def global_p(simulated: Simulated, alternative: str) -> float:
    """Return the p of the observed value, ties within 1e-9 of the scale counted on both sides."""
    values = simulated.values
    if not values.size or not math.isfinite(simulated.observed):
        return math.nan
    scale = max(abs(simulated.observed), float(np.abs(values).max()))
    slack = NEARLY * min(scale, max(float(values.std()), NEARLY * scale))
    high = int(np.count_nonzero(values >= simulated.observed - slack))
    low = int(np.count_nonzero(values <= simulated.observed + slack))
    one = 0 if simulated.exact else 1
    upper, lower = (high + one) / (values.size + one), (low + one) / (values.size + one)
    if alternative == "greater":
        return upper
    if alternative == "less":
        return lower
    if alternative == "two-sided":
        return min(1.0, 2 * min(upper, lower))
    raise AnalysisError("unknown alternative", found=alternative, expected="two-sided, greater or less")
