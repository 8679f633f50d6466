"""From a recipe, its figures and the declared choices to a space that can be explored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError, StudyError, nearest
from childatlas.measures.aggregate import POSITIVE_ONLY
from childatlas.measures.choices import Choices
from childatlas.measures.imputation import impute
from childatlas.measures.index import build_index
from childatlas.measures.index_input import take_errors, take_values
from childatlas.measures.normalise import Array
from childatlas.measures.recipe import Recipe
from childatlas.measures.recipe_parts import Aggregation, Normalisation, Treatment
from childatlas.measures.space import (
    AGGREGATION,
    BALLOTS,
    FIGURES,
    IMPUTATION,
    LEAVE_OUT,
    NORMALISATION,
    TREATMENT,
    Space,
)
from childatlas.measures.treatment import Transformation, learn_treatment
from childatlas.measures.tree import Tree, build_tree
from childatlas.measures.votes import redraw_votes

__all__ = ["open_space"]

Choice = TypeVar("Choice")
_INDICATOR = "indicator"


def open_space(
    values: pd.DataFrame,
    recipe: Recipe,
    choices: Choices,
    *,
    seed: int,
    size: int,
    standard_errors: pd.DataFrame | None = None,
    ballots: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
) -> Space:
    """Return the space of `choices` around `recipe`, with banks of `size` realisations.

    Parameters
    ----------
    values, standard_errors : DataFrame
        Units x indicators.
    ballots : DataFrame
        Points of each ballot over node ids, as `ballot_points` returns them.

    Raises
    ------
    StudyError
        If nothing is open to choice, or a choice names an unknown level or node.
    AnalysisError
        If figures or ballots are to be drawn and there are none, or a choice cannot be combined with another.
    """
    tree = build_tree(recipe)
    base = build_index(values, recipe, groups=groups)
    observed = take_values(values, recipe, tree)
    errors = _errors(values, standard_errors, tree) if choices.figures else None
    rng = np.random.default_rng(seed)
    noise_nodes = {level: _nodes_at(level, recipe, tree) for level in choices.weights}
    fills = _unique([recipe.imputation, *choices.imputation])
    filled = [impute(observed, how, groups=groups)[0] for how in fills]
    plans = _treatments(recipe, choices, tree)
    normalisations = _normalisations(recipe, choices, tree)
    aggregations = _aggregations(recipe, choices, tree)
    lifts = tuple(max(_lift_of(a) for a in way.values()) for way in aggregations)
    space = Space(
        recipe=recipe,
        tree=tree,
        units=values.index,
        factors=_factors(choices, (len(fills), len(plans), len(normalisations), len(aggregations))),
        filled=tuple(table.to_numpy(float).T for table in filled),
        transformations=tuple(_learn(table, plans) for table in filled),
        normalisations=normalisations,
        lifted=tuple(
            tuple(tuple(_lift_one(plan, lift, choices.floor) for plan in way) for way in normalisations)
            for lift in range(max(lifts) + 1)
        ),
        aggregations=aggregations,
        lifts=lifts,
        errors=errors,
        noise={
            level: rng.uniform(1 - width, 1 + width, (size, len(noise_nodes[level])))
            for level, width in choices.weights.items()
        },
        noise_nodes=noise_nodes,
        ballots=_redrawn(ballots, rng, size, base.node_weights, tree) if choices.ballots else None,
        options=tuple(map(str, ballots.columns)) if ballots is not None and choices.ballots else (),
        base_weights=base.node_weights,
        signs=np.array([1.0 if i.direction == recipe.direction else -1.0 for i in tree.indicators]),
        seed=seed,
        size=size,
    )
    if not space.factors:
        raise StudyError(
            "nothing is open to choice",
            where="choices",
            expected="weights, normalisation, aggregation, leave_out, figures or another choice",
            fix="declare [choices] in the recipe",
        )
    return space


def _unique(items: Iterable[Choice]) -> tuple[Choice, ...]:
    out: list[Choice] = []
    for item in items:
        if item not in out:
            out.append(item)
    return tuple(out)


def _factors(choices: Choices, counts: tuple[int, int, int, int]) -> tuple[str, ...]:
    named = [f"weights:{level}" for level in choices.weights]
    several = zip((IMPUTATION, TREATMENT, NORMALISATION, AGGREGATION), counts, strict=True)
    named += [name for name, count in several if count > 1]
    flags = ((LEAVE_OUT, choices.leave_out), (FIGURES, choices.figures), (BALLOTS, choices.ballots))
    return (*named, *(name for name, on in flags if on))


def _nodes_at(level: str, recipe: Recipe, tree: Tree) -> tuple[str, ...]:
    if level == _INDICATOR:
        return tuple(tree.leaves)
    known = [x.id for x in recipe.levels[1:]]
    if level not in known:
        near = nearest(level, [*known, _INDICATOR]) or [*known, _INDICATOR]
        raise StudyError(
            "weights of an unknown level are to vary",
            where="choices.weights",
            found=level,
            expected=", ".join(near),
            fix="name a level under the index, or `indicator`",
        )
    return tuple(g.id for g in recipe.groups if g.level == level)


def _errors(values: pd.DataFrame, errors: pd.DataFrame | None, tree: Tree) -> Array:
    if errors is None:
        raise AnalysisError(
            "figures are to be drawn from their errors, but no standard errors are given",
            expected="standard_errors= units x indicators",
            fix="pass the standard errors, or set figures = false",
        )
    columns: Array = take_errors(values, errors, tree).fillna(0.0).to_numpy(float).T
    return columns


def _treatments(recipe: Recipe, choices: Choices, tree: Tree) -> tuple[tuple[Treatment, ...], ...]:
    own = tuple(i.treatment or recipe.treatment for i in tree.indicators)
    return _unique([own, *((how,) * len(own) for how in choices.treatment)])


def _learn(
    table: pd.DataFrame, plans: tuple[tuple[Treatment, ...], ...]
) -> tuple[tuple[Transformation, ...], ...]:
    columns = table.to_numpy(float).T
    return tuple(
        tuple(learn_treatment(x, how) for x, how in zip(columns, plan, strict=True)) for plan in plans
    )


def _normalisations(recipe: Recipe, choices: Choices, tree: Tree) -> tuple[tuple[Normalisation, ...], ...]:
    own = tuple(i.normalisation or recipe.normalisation for i in tree.indicators)
    return _unique([own, *((how,) * len(own) for how in choices.normalisation)])


def _lift_of(how: Aggregation) -> int:
    """Return what scale an aggregation needs: 0 any, 1 no z-scores around 0, 2 everything over 0."""
    if how.method in POSITIVE_ONLY and how.power != 1:
        return 2
    return int(how.method == "mazziotta-pareto")


def _lift_one(plan: Normalisation, lift: int, floor: float) -> Normalisation:
    """Return the plan on a scale over zero where a mean multiplies, z-scores around 100 where it divides."""
    if lift == 0:
        return plan
    if plan.method == "z-score":
        away = plan.centre > 5 * plan.spread
        return plan if away else plan.model_copy(update={"centre": 100.0, "spread": 10.0})
    if lift == 1:
        return plan
    if plan.method == "borda":
        return Normalisation(method="rank")  # the same points and one more
    low, high = plan.scale
    if plan.method == "none" or low > 0:
        return plan
    return plan.model_copy(update={"scale": (low + max(floor * (high - low), floor - low), high)})


def _aggregations(recipe: Recipe, choices: Choices, tree: Tree) -> tuple[dict[str, Aggregation], ...]:
    levels = choices.aggregation_levels or tuple(x.id for x in recipe.levels)
    unknown = set(levels) - {x.id for x in recipe.levels}
    if unknown:
        raise StudyError(
            "the aggregation of an unknown level is to vary",
            where="choices.aggregation_levels",
            found=", ".join(sorted(unknown)),
            expected=", ".join(x.id for x in recipe.levels),
        )
    own = tree.aggregations
    ways = [
        {n.id: how if n.level in levels else own[n.id] for n in tree.nodes} for how in choices.aggregation
    ]
    return _unique([own, *ways])


def _redrawn(
    ballots: pd.DataFrame | None, rng: np.random.Generator, size: int, base: Mapping[str, Array], tree: Tree
) -> Array:
    """Return a bank of voted weights, each over the recipe's own, so that it can multiply it."""
    if ballots is None:
        raise AnalysisError(
            "ballots are to be drawn again, but there are none",
            expected="ballots= points of each ballot over node ids",
            fix="pass the ballots, or set ballots = false",
        )
    own = {part: w for node in tree.nodes for part, w in zip(node.parts, base[node.id], strict=True)}
    unknown = [str(c) for c in ballots.columns if str(c) not in own]
    if unknown:
        raise StudyError(
            "ballots name a part that the recipe does not have",
            found=unknown[0],
            expected=", ".join(nearest(unknown[0], own) or list(own)),
        )
    counted = ballots.dropna().to_numpy(float)
    over = np.array([own[str(c)] or 1.0 for c in ballots.columns])
    return np.asarray(redraw_votes(counted, rng, draws=size) / over)
