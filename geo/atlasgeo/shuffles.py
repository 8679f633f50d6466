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
from .threads import in_threads

__all__ = ["Simulated", "global_p", "simulate"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Statistic = Callable[[tuple[Floats, ...]], Floats]

COLUMN_CELLS = 1_500_000  # cells of one bundle of permuted columns: 12 MB
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
    rng = np.random.default_rng(seed)
    outer, inner = _factors(permutations + 1)
    left, right = _permutations(rng, n, outer), _permutations(rng, n, inner)
    grid = np.empty((outer, inner))
    width = max(1, min(inner, COLUMN_CELLS // max(n, 1)))
    for start in range(0, inner, width):
        bundle = tuple(np.ascontiguousarray(column[right[start : start + width]].T) for column in columns)

        def row(s: int, bundle: tuple[Floats, ...] = bundle, start: int = start) -> None:
            order = left[s]
            grid[s, start : start + width] = statistic(tuple(part[order] for part in bundle))

        in_threads(row, range(outer), work=outer * n * width)
    rest = grid.ravel()[1:]
    if rest.size > permutations:
        rest = rng.choice(rest, permutations, replace=False)
    return Simulated(observed, rest, exact=False)


def _factors(total: int) -> tuple[int, int]:
    """Return S and B with S B >= total: equal to it if it has factors near the best shape.

    S + B permutations have to be made and kept, so both should be near the root; the kept ones stay small.
    """
    root = math.isqrt(total)
    if root * root < total:
        root += 1
    for inner in range(root, max(1, root // 3), -1):
        if total % inner == 0:
            return total // inner, inner
    return -(-total // root), root


def _permutations(
    rng: np.random.Generator, n: int, count: int
) -> list[NDArray[np.int32]] | NDArray[np.int32]:
    """Return permutations, one a row, the first of them the identity."""
    table = np.tile(np.arange(n, dtype=np.int32), (count, 1))
    rng.permuted(table[1:], axis=1, out=table[1:])
    return table


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
