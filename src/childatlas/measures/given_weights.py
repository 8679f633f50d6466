"""Weights from outside (votes, experts, a table) put into a recipe."""

from __future__ import annotations

from typing import TypeVar

import pandas as pd

from childatlas.errors import StudyError, nearest
from childatlas.measures.recipe import ROOT, Group, IndexedIndicator, Recipe
from childatlas.measures.weights import check_weights

__all__ = ["parents_of", "with_weights"]

Weighed = TypeVar("Weighed", Group, IndexedIndicator)


def parents_of(recipe: Recipe) -> dict[str, str]:
    """Return the parent of every group and open indicator."""
    parts: list[Group | IndexedIndicator] = [*recipe.groups, *recipe.open_indicators]
    return {part.id: part.parent or ROOT for part in parts}


def with_weights(recipe: Recipe, weights: pd.Series) -> Recipe:
    """Return `recipe` with the given weights of its groups and indicators.

    Parameters
    ----------
    recipe : Recipe
    weights : Series
        Indexed by id. All parts of a node have to be there, or none of them; only their ratios within the
        node count. A level whose weights were learned from data is told to take what is given.

    Raises
    ------
    StudyError
        If an id is unknown (the nearest are named) or there twice, a weight is negative or missing, those of
        a node are all zero, or a node has some of its parts only.
    """
    parent = parents_of(recipe)
    given = weights.set_axis([str(i) for i in weights.index])
    twice = given.index[given.index.duplicated()]
    unknown = [i for i in given.index if i not in parent]
    if len(twice) or unknown:
        name = unknown[0] if unknown else str(twice[0])
        raise StudyError(
            f"a weight is given {'to an unknown part' if unknown else 'twice'}",
            where=f"weights of {recipe.id}",
            found=name,
            expected=", ".join(nearest(name, parent) or list(parent)[:8]),
        )
    nodes = sorted({parent[i] for i in given.index})
    for node in nodes:
        parts = [i for i, above in parent.items() if above == node]
        lacking = [i for i in parts if i not in given.index]
        if lacking:
            raise StudyError(
                f"some parts of {node!r} have a given weight and others have none",
                where=f"weights of {recipe.id}",
                found=f"none for {', '.join(lacking[:5])}",
                expected=f"a weight for each of {', '.join(parts)}",
                fix="give 0 to leave a part out",
            )
        check_weights(given[parts], where=f"weights of {recipe.id}, parts of {node}")
    return _put(recipe, given.astype(float), set(nodes))


def _put(recipe: Recipe, given: pd.Series, nodes: set[str]) -> Recipe:
    level_of = {ROOT: recipe.levels[0].id, **{g.id: g.level for g in recipe.groups}}
    told = {level_of[node] for node in nodes}

    return recipe.model_copy(
        update={
            "groups": tuple(_weigh(g, given) for g in recipe.groups),
            "indicators": tuple(_weigh(i, given) for i in recipe.indicators),
            "levels": tuple(
                x.model_copy(update={"weights": "given"}) if x.id in told else x for x in recipe.levels
            ),
        }
    )


def _weigh(part: Weighed, given: pd.Series) -> Weighed:
    return part.model_copy(update={"weight": float(given[part.id])}) if part.id in given.index else part
