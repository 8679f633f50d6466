"""Shapley values, exact: by enumeration, for products of games, and with groups that enter as wholes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.normalise import Array

__all__ = ["owen", "shapley_by_enumeration", "shapley_by_product"]

Subsets = NDArray[np.bool_]


class _HasParts(Protocol):
    @property
    def parts(self) -> tuple[str, ...]: ...


def _all_subsets(players: int) -> Subsets:
    return ((np.arange(2**players)[:, None] >> np.arange(players)) & 1).astype(bool)


def shapley_by_enumeration(game: Callable[[Subsets], Array], players: int) -> Array:
    """Return the Shapley values of `game`, which maps subsets (rows, players) to values.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)). Shapley (1953).
    Cost O(players 2^players).
    """
    subsets = _all_subsets(players)
    value = np.asarray(game(subsets), dtype=float)
    size = subsets.sum(axis=1)
    share = np.array([factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)])
    number = np.arange(len(subsets))
    phi = np.empty(players)
    for i in range(players):
        without = number[~subsets[:, i]]
        phi[i] = (share[size[without]] * (value[without + (1 << i)] - value[without])).sum()
    return phi


def shapley_by_product(tables: Sequence[Array]) -> list[Array]:
    """Return the Shapley values of the product of independent games, one array a game.

    Parameters
    ----------
    tables : sequence of array (2^players,)
        Value of every subset, in the order of binary numbers (player 0 the lowest bit).

    Notes
    -----
    Owen (1972): phi_i is the integral over t in [0, 1] of the derivative of the multilinear extension on
    the diagonal, where every player is in with probability t. The extension of a product of independent
    games is the product of theirs, a polynomial in t of degree n, which Gauss-Legendre quadrature with n /
    2 + 1 nodes integrates exactly.
    """
    players = [len(t).bit_length() - 1 for t in tables]
    nodes, weights = np.polynomial.legendre.leggauss(sum(players) // 2 + 1)
    times, weights = (nodes + 1) / 2, weights / 2
    means = np.array([_expected(t, n, times) for t, n in zip(tables, players, strict=True)])
    out = []
    for g, (table, n) in enumerate(zip(tables, players, strict=True)):
        others = np.prod(np.delete(means, g, axis=0), axis=0)
        slopes = [_slope(table, n, i, times) for i in range(n)]
        out.append(np.array([float((slope * others * weights).sum()) for slope in slopes]))
    return out


def _mixture(by_size: Array, players: int, times: Array) -> Array:
    """Return the mean at each time of `by_size`, each of `players` being in with that chance."""
    size = np.arange(players + 1)[:, None]
    return np.asarray((by_size[:, None] * times**size * (1 - times) ** (players - size)).sum(axis=0))


def _expected(table: Array, players: int, times: Array) -> Array:
    size = _all_subsets(players).sum(axis=1)
    sums: Array = np.bincount(size, weights=table, minlength=players + 1).astype(float)
    return _mixture(sums, players, times)


def _slope(table: Array, players: int, i: int, times: Array) -> Array:
    """Return the expected gain when player i comes in, at each time."""
    subsets = _all_subsets(players)
    without = np.flatnonzero(~subsets[:, i])
    gain = table[without + (1 << i)] - table[without]
    size = subsets[without].sum(axis=1)
    by_size: Array = np.bincount(size, weights=gain, minlength=players).astype(float)
    return _mixture(by_size, players - 1, times)


def owen(
    root: str,
    nodes: Mapping[str, _HasParts],
    players: list[str],
    value: Callable[[Subsets, list[str]], Array],
) -> dict[str, float]:
    """Return the values of the game in which the groups of the tree under `root` enter as wholes.

    Winter (1989), International Journal of Game Theory 18, 227-240: the Shapley value with a levels
    structure; for two levels that of Owen (1977). Exact and additive; each leaf costs the product over its
    ancestors of 2^(siblings).
    """
    place = {p: i for i, p in enumerate(players)}
    members = _members(root, nodes, place)
    return {leaf: _winter(leaf, root, (nodes, members, place), value) for leaf in players}


def _members(root: str, nodes: Mapping[str, _HasParts], place: Mapping[str, int]) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}

    def visit(node: str) -> list[int]:
        if node in nodes:
            out[node] = [m for part in nodes[node].parts for m in visit(part)]
        else:
            out[node] = [place[node]] if node in place else []
        return out[node]

    visit(root)
    return out


def _winter(
    leaf: str,
    root: str,
    tree: tuple[Mapping[str, _HasParts], Mapping[str, list[int]], Mapping[str, int]],
    value: Callable[[Subsets, list[str]], Array],
) -> float:
    nodes, members, place = tree
    rows, chance = np.zeros((1, len(place)), dtype=bool), np.ones(1)
    here = root
    while here != leaf:
        parts = [p for p in nodes[here].parts if members[p]]
        inner = next(p for p in parts if place[leaf] in members[p])
        others = [p for p in parts if p != inner]
        subsets = _all_subsets(len(others))
        joined = np.zeros((len(subsets), len(place)), dtype=bool)
        for column, part in enumerate(others):
            joined[np.ix_(subsets[:, column], np.array(members[part]))] = True
        size = subsets.sum(axis=1)
        share = np.array([factorial(s) * factorial(len(others) - s) / factorial(len(parts)) for s in size])
        rows = (rows[:, None, :] | joined[None, :, :]).reshape(-1, len(place))
        chance = (chance[:, None] * share[None, :]).ravel()
        here = inner
    with_leaf = rows.copy()
    with_leaf[:, place[leaf]] = True
    names = list(place)
    return float((chance * (value(with_leaf, names) - value(rows, names))).sum())
