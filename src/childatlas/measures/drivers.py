"""Drivers: how much each indicator adds to a unit's distance from a reference, to the last decimal.

The contributions are Shapley values of the game in which indicators switch, in every order, from the
reference's profile to the unit's. For arithmetic means that is weight x difference. For other means the
game is solved exactly: by the structure of the tree where a node is a weighted sum or product of
independent parts, else by enumeration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.aggregate import RELATIVE
from childatlas.measures.index_result import IndexResult
from childatlas.measures.normalise import Array
from childatlas.measures.profiles import normalised_profile
from childatlas.measures.recipe import ROOT
from childatlas.measures.shapley import owen, shapley_by_enumeration, shapley_by_product
from childatlas.measures.tree import Node, Tree, build_tree

__all__ = ["Drivers", "contributions_between", "explain_distance"]

_MOST_PLAYERS = 16


@dataclass(frozen=True, eq=False)
class Drivers:
    """What makes each unit differ from the reference.

    Attributes
    ----------
    contributions : DataFrame
        Units x indicators, in points of the index: they add up to `explained`. NaN where the unit or the
        reference has no figure: nothing can be said of that indicator.
    explained : Series
        Score of the unit less that of the reference, on the indicators that both have.
    unexplained : Series
        The rest of the distance between the published scores: figures that only one of the two has.
    reference : Series
        Normalised profile that was compared with.
    method : {"weights", "shapley", "owen"}
        ``weights``: weight x difference (all means arithmetic). ``shapley``: exact Shapley values.
        ``owen``: exact values of the game in which groups of the tree enter as wholes (Winter 1989), where
        a Shapley value would need more than 2^16 profiles.
    """

    contributions: pd.DataFrame
    explained: pd.Series
    unexplained: pd.Series
    reference: pd.Series
    method: Literal["weights", "shapley", "owen"]


def explain_distance(index: IndexResult, reference: pd.Series | Literal["median"]) -> Drivers:
    """Return the exact additive contribution of every indicator to each unit's distance from `reference`.

    Parameters
    ----------
    index : IndexResult
    reference : Series or "median"
        The country's own published figures, per indicator, in their units of measure (denominators by
        column too); or the median of the units, which is no published value and has to be asked for.

    Raises
    ------
    DataError
        If `reference` has none of the indicators.
    AnalysisError
        If the recipe ranks or compares units (Copeland, Wroclaw, rank normalisations): such a score has no
        distance to a profile outside the table.
    """
    tree = build_tree(index.recipe)
    _refuse_relative(tree)
    profile = normalised_profile(index, reference)
    if profile.notna().sum() == 0:
        raise DataError(
            "the reference has no figure of the index",
            found=", ".join(map(str, pd.Index([]) if isinstance(reference, str) else reference.index[:6])),
            expected=", ".join(tree.leaves[:6]),
        )
    base = profile.to_numpy(float)
    rows = {
        unit: _contributions(tree, index, own.to_numpy(float), base)
        for unit, own in index.normalised.iterrows()
    }
    contributions = pd.DataFrame.from_dict(rows, orient="index", columns=tree.leaves).reindex(
        index.scores.index
    )
    explained = contributions.sum(axis=1, min_count=1)
    national = float(tree.evaluate(base[:, None], weights=index.node_weights, judge_coverage=False)[ROOT][0])
    return Drivers(
        contributions=contributions,
        explained=explained.rename("explained"),
        unexplained=(index.scores - national - explained).rename("unexplained"),
        reference=profile,
        method=_method(tree),
    )


def contributions_between(index: IndexResult, start: pd.Series, end: pd.Series) -> Array:
    """Return the exact contribution of each indicator to the change between two normalised profiles."""
    tree = build_tree(index.recipe)
    _refuse_relative(tree)
    return _contributions(tree, index, end.to_numpy(float), start.to_numpy(float))


def _refuse_relative(tree: Tree) -> None:
    for node in tree.nodes:
        if node.aggregation.method in RELATIVE:
            raise AnalysisError(
                f"the {node.aggregation.method} score of {node.id!r} has no distance to a reference",
                fix="explain an index that aggregates by means",
            )


def _additive(node: Node) -> bool:
    return node.aggregation.method == "arithmetic" or node.aggregation.power == 1


def _method(tree: Tree) -> Literal["weights", "shapley", "owen"]:
    if all(_additive(n) for n in tree.nodes if n.parts):
        return "weights"
    return "shapley" if _solvable(ROOT, tree) else "owen"


def _solvable(node: str, tree: Tree) -> bool:
    """Return whether the Shapley values under `node` can be had without enumerating too many profiles."""
    nodes = {n.id: n for n in tree.nodes}
    if node not in nodes or len(tree.under(node)) <= _MOST_PLAYERS:
        return True
    here = nodes[node]
    if _additive(here):
        return all(_solvable(part, tree) for part in here.parts)
    factors = _factors(here, {n.id: dict.fromkeys(n.parts, 1.0) for n in tree.nodes}, nodes)
    return here.aggregation.method == "geometric" and all(
        len(tree.under(p)) <= _MOST_PLAYERS for p in factors
    )


Shares = dict[str, dict[str, float]]


def _factors(here: Node, shares: Shares, nodes: dict[str, Node]) -> dict[str, float]:
    """Return the parts of a geometric node with their exponents, geometric parts dissolved into their own."""
    out: dict[str, float] = {}
    for part, weight in shares[here.id].items():
        inner = nodes.get(part)
        if inner is not None and inner.aggregation.method == "geometric":
            out |= {p: weight * w for p, w in _factors(inner, shares, nodes).items()}
        else:
            out[part] = weight
    return out


def _contributions(tree: Tree, index: IndexResult, own: Array, base: Array) -> Array:
    """Return the contributions of one unit, NaN where unit or reference has no figure."""
    own, base = np.where(np.isnan(base), np.nan, own), np.where(np.isnan(own), np.nan, base)
    if np.isnan(own).all():
        return np.full(len(own), np.nan)
    solved = _solve(ROOT, _Game(tree, index.node_weights, own, base))
    out = np.where(np.isnan(own), np.nan, 0.0)
    for leaf, value in solved.items():
        out[tree.leaves.index(leaf)] = value
    return out


@dataclass(frozen=True, eq=False)
class _Game:
    tree: Tree
    weights: dict[str, Array]
    own: Array
    base: Array

    @property
    def nodes(self) -> dict[str, Node]:
        return {n.id: n for n in self.tree.nodes}

    def players(self, node: str) -> list[str]:
        """Return the indicators under `node` that both have."""
        row = {leaf: i for i, leaf in enumerate(self.tree.leaves)}
        return [leaf for leaf in self.tree.under(node) if not np.isnan(self.own[row[leaf]])]

    def value(self, node: str, switched: NDArray[np.bool_], players: list[str]) -> Array:
        """Return the score of `node` for each row of `switched` (profiles x players: own or base)."""
        place = {leaf: i for i, leaf in enumerate(self.tree.leaves)}
        inner = self.tree.under(node)
        here = [place[leaf] for leaf in inner]
        profiles = np.repeat(self.base[here][:, None], len(switched), axis=1)
        rows, moved = [inner.index(p) for p in players], [place[p] for p in players]
        profiles[rows] = np.where(switched.T, self.own[moved][:, None], self.base[moved][:, None])
        if node in place:
            return np.asarray(profiles[0])
        tree = self.tree.subtree(node)
        return tree.evaluate(profiles, weights=self.weights, judge_coverage=False)[node]


def _solve(node: str, game: _Game) -> dict[str, float]:
    """Return the Shapley values of the indicators under `node`, for the score of `node`."""
    players = game.players(node)
    here = game.nodes.get(node)
    if not players:
        return {}
    if here is not None and _additive(here):
        return _solve_sum(here, game)
    if len(players) <= _MOST_PLAYERS:
        phi = shapley_by_enumeration(lambda s: game.value(node, s, players), len(players))
        return dict(zip(players, phi, strict=True))
    if here is not None and here.aggregation.method == "geometric" and _solvable(node, game.tree):
        return _solve_product(here, game)
    return owen(node, game.nodes, players, lambda s, own: game.value(node, s, own))


def _shares(here: Node, game: _Game) -> dict[str, float]:
    """Return the weights of the parts that both profiles have, scaled to one."""
    own = {p: float(w) for p, w in zip(here.parts, game.weights[here.id], strict=True) if game.players(p)}
    total = sum(own.values())
    return {p: w / total for p, w in own.items()} if total > 0 else {}


def _solve_sum(here: Node, game: _Game) -> dict[str, float]:
    """Shapley values are linear: those of a weighted sum are the weighted sums of the parts' own."""
    return {
        leaf: w * phi for part, w in _shares(here, game).items() for leaf, phi in _solve(part, game).items()
    }


def _solve_product(here: Node, game: _Game) -> dict[str, float]:
    every = {n.id: _shares(n, game) for n in game.tree.nodes}
    shares = _factors(here, every, game.nodes)
    tables = []
    for part, weight in shares.items():
        players = game.players(part)
        subsets = (np.arange(2 ** len(players))[:, None] >> np.arange(len(players))) & 1
        tables.append(game.value(part, subsets.astype(bool), players) ** weight)
    values = shapley_by_product(tables)
    names = [leaf for part in shares for leaf in game.players(part)]
    return dict(zip(names, np.concatenate(values), strict=True))
