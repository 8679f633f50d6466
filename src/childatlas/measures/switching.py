"""Fairlie's switching: one group's characteristics put in the place of the other's, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["match_ranks", "switch_one_by_one"]

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


def switch_one_by_one(
    x: tuple[Floats, Floats],
    shares: Sequence[Floats],
    coefficients: Floats,
    *,
    columns: Sequence[list[int]],
    orders: int,
    seed: int,
) -> Floats:
    """Return what each predictor adds to mean F(x1 b) - mean F(x2 b), averaged over random orders.

    Parameters
    ----------
    x : pair of arrays, rows x columns
    shares : pair of arrays
        Share of its group's people that each row stands for.
    coefficients : array
    columns : sequence of list of int
        Places of each predictor's columns.
    orders : int
    seed : int
        Decides the orders of predictors and of rows with equal F.
    """
    rng = np.random.default_rng(seed)
    scores = [rows @ coefficients for rows in x]
    total = np.zeros(len(columns))
    for _ in range(orders):
        ranks = [np.lexsort([rng.random(len(s)), s]) for s in scores]
        first, second, mass = match_ranks(shares, ranks)
        eta = scores[1][second]
        before = float(mass @ expit(eta))
        for j in rng.permutation(len(columns)):
            change = x[0][first][:, columns[j]] - x[1][second][:, columns[j]]
            eta = eta + change @ coefficients[columns[j]]
            after = float(mass @ expit(eta))
            total[j] += after - before
            before = after
    return total / orders


def match_ranks(shares: Sequence[Floats], ranks: Sequence[Places]) -> tuple[Places, Places, Floats]:
    """Return pairs of rows of equal rank in both groups and the share of people that each pair stands for.

    Both groups are cut wherever the cumulated share of either has a step: at most n1 + n2 pairs.
    """
    ends = [np.cumsum(s[r]) for s, r in zip(shares, ranks, strict=True)]
    ends = [e / e[-1] for e in ends]
    cuts = np.unique(np.concatenate(ends))
    mass = np.diff(np.concatenate([[0.0], cuts]))
    middle = cuts - mass / 2
    places = [np.minimum(np.searchsorted(e, middle), len(e) - 1) for e in ends]
    return ranks[0][places[0]], ranks[1][places[1]], mass
