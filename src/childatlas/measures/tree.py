"""The tree of a recipe, ready to be computed: nodes from the deepest up, indicators in tree order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.aggregate import score_and_coverage
from childatlas.measures.normalise import Array
from childatlas.measures.recipe import ROOT, Group, IndexedIndicator, Recipe
from childatlas.measures.recipe_parts import Aggregation

__all__ = ["Node", "Tree", "build_tree", "recipe_tree"]


@dataclass(frozen=True)
class Node:
    """A node and its parts; `parts` are ids of nodes or of indicators, in the order of the recipe."""

    id: str
    level: str
    parts: tuple[str, ...]
    weights: tuple[float, ...]
    aggregation: Aggregation
    least_coverage: float
    open: bool = True


@dataclass(frozen=True)
class Tree:
    """Nodes in the order they are computed (the index last) and indicators in tree order."""

    nodes: tuple[Node, ...]
    indicators: tuple[IndexedIndicator, ...]
    worst_is_high: bool

    @property
    def leaves(self) -> list[str]:
        """Ids of the open indicators, in tree order."""
        return [i.id for i in self.indicators]

    @property
    def weights(self) -> dict[str, Array]:
        """Weights of each node's parts, as the recipe has them."""
        return {n.id: np.asarray(n.weights, dtype=float) for n in self.nodes}

    @property
    def aggregations(self) -> dict[str, Aggregation]:
        """Aggregation of each node, as the recipe has it."""
        return {n.id: n.aggregation for n in self.nodes}

    def under(self, node: str) -> list[str]:
        """Return the indicators under a node, in tree order (an indicator is under itself)."""
        nodes = {n.id: n for n in self.nodes}
        if node not in nodes:
            return [node]
        return [leaf for part in nodes[node].parts for leaf in self.under(part)]

    def subtree(self, node: str) -> Tree:
        """Return the tree that ends in `node`."""
        nodes = {n.id: n for n in self.nodes}
        kept, waiting = {node}, [node]
        while waiting:
            inner = [p for p in nodes[waiting.pop()].parts if p in nodes]
            kept.update(inner)
            waiting += inner
        leaves = set(self.under(node))
        return Tree(
            tuple(n for n in self.nodes if n.id in kept),
            tuple(i for i in self.indicators if i.id in leaves),
            self.worst_is_high,
        )

    def evaluate(
        self,
        normalised: Array,
        *,
        weights: Mapping[str, Array] | None = None,
        aggregations: Mapping[str, Aggregation] | None = None,
        judge_coverage: bool = True,
    ) -> dict[str, Array]:
        """Return the score of every node, shape (..., units).

        Parameters
        ----------
        normalised : array (indicators, ..., units)
            In the order of `leaves`.
        weights : mapping of node id -> array (parts, ...), optional
            Replace the recipe's; a part of weight zero is left out without loss of coverage.
        aggregations : mapping of node id -> Aggregation, optional
        judge_coverage : bool
            False computes a node from whatever it has.
        """
        row = {leaf: position for position, leaf in enumerate(self.leaves)}
        scores: dict[str, Array] = {}
        lost: dict[str, NDArray[np.bool_]] = {}
        for node in self.nodes:
            w = (weights or {}).get(node.id, np.asarray(node.weights, dtype=float))
            w = _without_lost(w, node.parts, lost)
            lost[node.id] = np.asarray(w.sum(axis=0) <= 0) & node.open
            how = (aggregations or {}).get(node.id, node.aggregation)
            parts = _stack(node, normalised, row, scores)
            if parts is None:
                scores[node.id] = np.full(normalised.shape[1:], np.nan)
                continue
            score, coverage = score_and_coverage(parts, w, how, worst_is_high=self.worst_is_high)
            if judge_coverage and coverage is not None:
                score = np.where(coverage >= node.least_coverage - 1e-9, score, np.nan)
            scores[node.id] = score
        return scores


def _without_lost(weights: Array, parts: tuple[str, ...], lost: Mapping[str, NDArray[np.bool_]]) -> Array:
    """Take the weight from parts that lost all of theirs (their only indicator was left out)."""
    for position, part in enumerate(parts):
        gone = lost.get(part)
        if gone is not None and gone.any():
            weights = np.array(
                np.broadcast_to(weights, (len(parts), *np.broadcast_shapes(weights.shape[1:], gone.shape)))
            )
            weights[position] = np.where(gone, 0.0, weights[position])
    return weights


def _stack(
    node: Node, normalised: Array, row: Mapping[str, int], scores: Mapping[str, Array]
) -> Array | None:
    if not node.parts:
        return None
    places = [row.get(part, -1) for part in node.parts]
    if places[0] >= 0 and places == list(range(places[0], places[0] + len(places))):
        return normalised[places[0] : places[0] + len(places)]
    arrays = [normalised[row[p]] if p in row else scores[p] for p in node.parts]
    return np.stack(np.broadcast_arrays(*arrays))


def build_tree(recipe: Recipe) -> Tree:
    """Return the tree of `recipe`; closed indicators are not in it, closed groups are nodes without parts."""
    under: dict[str, list[Group | IndexedIndicator]] = {ROOT: [], **{g.id: [] for g in recipe.groups}}
    items: list[Group | IndexedIndicator] = [*recipe.open_indicators, *recipe.groups]
    for item in items:
        under[item.parent or ROOT].append(item)
    nodes: list[Node] = []
    leaves: list[IndexedIndicator] = []

    def visit(node: str) -> None:
        leaves.extend(i for i in under[node] if isinstance(i, IndexedIndicator))
        for item in under[node]:
            if isinstance(item, Group):
                visit(item.id)
        nodes.append(_node(recipe, node, under[node]))

    visit(ROOT)
    return Tree(tuple(nodes), tuple(leaves), worst_is_high=recipe.direction == "higher_is_worse")


def _node(recipe: Recipe, node: str, items: list[Group | IndexedIndicator]) -> Node:
    group = next((g for g in recipe.groups if g.id == node), None)
    level = next(x for x in recipe.levels if x.id == (group.level if group else recipe.levels[0].id))
    own = group.aggregation if group else None
    least = group.least_coverage if group else None
    equal = level.weights == "equal"
    return Node(
        id=node,
        level=level.id,
        parts=tuple(i.id for i in items),
        weights=tuple(1.0 if equal else i.weight for i in items),
        aggregation=own or level.aggregation,
        least_coverage=level.least_coverage if least is None else least,
        open=group is None or bool(items),
    )


def recipe_tree(recipe: Recipe, *, weights: Mapping[str, Array] | None = None) -> pd.DataFrame:
    """Return the recipe as a table: one row a node, indicator or declared slot, with its weights.

    Parameters
    ----------
    recipe : Recipe
    weights : mapping of node id -> array, optional
        Weights computed from data, as `IndexResult.node_weights` has them.

    Returns
    -------
    DataFrame
        Indexed by id, in tree order: ``level, parent, depth, kind, direction, open, weight`` (share within
        the parent), ``effective`` (share of the index, products of the shares), ``aggregation,
        least_coverage``. Slots that are not open have neither weight nor effective weight.
    """
    tree = build_tree(recipe)
    nodes = {n.id: n for n in tree.nodes}
    items = {i.id: i for i in tree.indicators}
    rows: list[dict[str, object]] = []

    def visit(part: str, parent: str, share: float, effective: float, depth: int) -> None:
        rows.append(
            _row(part, parent, nodes.get(part), items.get(part))
            | {"weight": share, "effective": effective, "depth": depth}
        )
        node = nodes.get(part)
        if node is None:
            return
        own = np.asarray((weights or {}).get(part, np.asarray(node.weights)), dtype=float)
        for child, weight in zip(node.parts, own / own.sum() if own.size else own, strict=True):
            visit(child, part, float(weight), effective * float(weight), depth + 1)
        rows.extend(
            _closed_row(i, part, depth + 1)
            for i in recipe.indicators
            if not i.open and (i.parent or ROOT) == part
        )

    visit(ROOT, "", 1.0, 1.0, 0)
    return pd.DataFrame(rows).set_index("id")


def _row(part: str, parent: str, node: Node | None, item: IndexedIndicator | None) -> dict[str, object]:
    return {
        "id": part,
        "level": node.level if node else "indicator",
        "parent": parent,
        "kind": item.kind if item else "",
        "direction": item.direction if item else "",
        "open": node.open if node else True,
        "aggregation": node.aggregation.method if node else "",
        "least_coverage": node.least_coverage if node else np.nan,
    }


def _closed_row(item: IndexedIndicator, parent: str, depth: int) -> dict[str, object]:
    row = _row(item.id, parent, None, item)
    return row | {"open": False, "weight": np.nan, "effective": np.nan, "depth": depth}
