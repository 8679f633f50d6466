"""An index over years: one set of indicators, one treatment and one set of goalposts for all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from childatlas.errors import DataError, StudyError
from childatlas.measures.aggregate import RELATIVE
from childatlas.measures.index import build_index
from childatlas.measures.index_input import take_profile, take_values
from childatlas.measures.index_result import IndexResult
from childatlas.measures.normalise import fixed_reference
from childatlas.measures.profiles import normalised_profile
from childatlas.measures.recipe import ROOT, IndexedIndicator, Recipe, as_recipe
from childatlas.measures.recipe_parts import Treatment
from childatlas.measures.treatment import Transformation, learn_treatment
from childatlas.measures.tree import Tree, build_tree

__all__ = ["Panel", "build_panel", "fix_goalposts", "restrict_recipe"]

Tables = Mapping[int, pd.DataFrame]
Profiles = Mapping[int, pd.Series]


@dataclass(frozen=True, eq=False)
class Panel:
    """An index over years, comparable because its goalposts are fixed.

    Attributes
    ----------
    recipe : Recipe
        With every normalisation fixed at the pooled years.
    years : dict of year -> IndexResult
    scores, ranks, coverage : DataFrame
        Units x years.
    breaks : dict of year -> text
        Reforms and re-basings: a change across one compares different things.
    profiles : dict of year -> Series
        Normalised profile of the reference (the country's own figures), where it was given.
    reference : Series
        Its score by year, on the indicators it has.
    """

    recipe: Recipe
    years: dict[int, IndexResult]
    scores: pd.DataFrame
    ranks: pd.DataFrame
    coverage: pd.DataFrame
    breaks: dict[int, str]
    profiles: dict[int, pd.Series] = field(default_factory=dict)
    reference: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))


def restrict_recipe(recipe: Recipe, columns: Collection[str]) -> Recipe:
    """Return `recipe` with only the indicators that `columns` fill, and the groups that still have one.

    Scores of different years mean the same only if they are made of the same indicators. What is taken out
    counts against nobody's coverage: the index that is left is another, smaller one, and has to be called so.

    Raises
    ------
    StudyError
        If no indicator is left.
    """
    kept = tuple(
        i
        for i in recipe.open_indicators
        if i.column in columns and (i.denominator is None or i.denominator in columns)
    )
    if not kept:
        raise StudyError(
            f"nothing is left of the recipe {recipe.id!r}",
            found=", ".join(sorted(columns)[:6]) or "no indicator with figures in every year",
            expected=", ".join(i.column for i in recipe.open_indicators[:6]),
            fix="choose a shorter span of years, or add figures",
        )
    parent = {g.id: g.parent or ROOT for g in recipe.groups}
    alive: set[str] = set()
    for item in kept:
        node = item.parent or ROOT
        while node != ROOT:
            alive.add(node)
            node = parent[node]
    groups = tuple(g for g in recipe.groups if g.id in alive)
    return recipe.model_copy(update={"indicators": kept, "groups": groups, "declared": {}})


def fix_goalposts(values: Tables, recipe: Recipe) -> Recipe:
    """Return `recipe` with every goalpost, mean and spread fixed at the figures of all years together.

    The figures are taken as they are: `build_panel` treats outliers first, for all years alike.

    Raises
    ------
    StudyError
        If an indicator is normalised by ranks or aggregated by comparing units (Copeland, Wroclaw), which
        have no meaning across years, or weights are learned from the data and would differ from year to year.
    """
    tree = build_tree(recipe)
    _refuse_relative(tree)
    learned = [x.id for x in recipe.levels if x.weights not in {"given", "equal"}]
    if learned:
        raise StudyError(
            "weights learned from each year's data do not compare over time",
            where=f"levels: {learned[0]}",
            fix="give the weights, or learn them once and write them into the recipe",
        )
    pooled = pd.concat([take_values(table, recipe, tree) for table in values.values()])
    fixed = {i.id: _fixed(i, recipe, pooled) for i in tree.indicators}
    indicators = tuple(fixed.get(i.id, i) for i in recipe.indicators)
    return recipe.model_copy(update={"indicators": indicators})


def _refuse_relative(tree: Tree) -> None:
    for node in tree.nodes:
        if node.aggregation.method in RELATIVE:
            raise StudyError(
                "an aggregation that compares the units of one year does not compare years",
                where=f"level {node.level}, node {node.id}",
                found=node.aggregation.method,
                expected="a mean, whose scores have a scale of their own",
            )


def _fixed(item: IndexedIndicator, recipe: Recipe, pooled: pd.DataFrame) -> IndexedIndicator:
    how = item.normalisation or recipe.normalisation
    try:
        reference = fixed_reference(pooled[item.id].to_numpy(float), how)
    except ValueError as error:
        raise StudyError(
            "a normalisation does not compare over time",
            where=f"indicator {item.id}",
            found=how.method,
            expected="min-max, z-score, goalposts or a distance",
            fix=str(error),
        ) from None
    return item.model_copy(update={"normalisation": reference})


def build_panel(
    values: Tables,
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    breaks: Mapping[int, str] | None = None,
    references: Profiles | None = None,
) -> Panel:
    """Return the index of every year on goalposts fixed over all of them.

    Outliers are treated once over all years, so that a figure means the same in each: the `values` of the
    yearly results are then the treated ones.

    Parameters
    ----------
    values : mapping of year -> DataFrame (units x indicators)
    recipe : Recipe, mapping, path or name
    breaks : mapping of year -> text, optional
        Reforms and re-basings between the year before and this one.
    references : mapping of year -> Series, optional
        The country's own figures, per indicator, in their units of measure.

    Raises
    ------
    DataError
        If there is no year.
    StudyError
        As `fix_goalposts`.
    """
    if not values:
        raise DataError("there is no year to build an index of", expected="one table a year")
    tables, profiles_given, treated = _treat_alike(values, references or {}, as_recipe(recipe))
    fixed = fix_goalposts(tables, treated)
    years = {int(year): build_index(tables[year], fixed) for year in sorted(tables)}
    given = {int(y): profile for y, profile in profiles_given.items() if int(y) in years}
    profiles = {y: normalised_profile(years[y], profile) for y, profile in sorted(given.items())}
    return Panel(
        recipe=fixed,
        years=years,
        scores=pd.DataFrame({y: r.scores for y, r in years.items()}),
        ranks=pd.DataFrame({y: r.ranks for y, r in years.items()}),
        coverage=pd.DataFrame({y: r.coverage for y, r in years.items()}),
        breaks={int(y): text for y, text in sorted((breaks or {}).items())},
        profiles=profiles,
        reference=pd.Series({y: _score_of(years[y], p) for y, p in profiles.items()}, dtype=float),
    )


def _score_of(index: IndexResult, profile: pd.Series) -> float:
    tree = build_tree(index.recipe)
    column = profile.to_numpy(float)[:, None]
    return float(tree.evaluate(column, weights=index.node_weights, judge_coverage=False)[ROOT][0])


def _treat_alike(values: Tables, references: Profiles, recipe: Recipe) -> tuple[Tables, Profiles, Recipe]:
    """Return figures whose outliers were treated over all years at once, and the recipe without treatment."""
    tree = build_tree(recipe)
    plans = {i.id: i.treatment or recipe.treatment for i in tree.indicators}
    if all(plan.method == "none" for plan in plans.values()):
        return values, references, recipe
    taken = {year: take_values(table, recipe, tree) for year, table in values.items()}
    pooled = pd.concat(list(taken.values()))
    learned = {i: learn_treatment(pooled[i].to_numpy(float), plan) for i, plan in plans.items()}
    tables = {year: _apply(table, learned) for year, table in taken.items()}
    profiles = {year: _apply_one(profile, tree, learned) for year, profile in references.items()}
    return tables, profiles, _untreated(recipe)


def _apply(table: pd.DataFrame, learned: Mapping[str, Transformation]) -> pd.DataFrame:
    columns = {i: how.apply(table[i].to_numpy(float)) for i, how in learned.items()}
    return pd.DataFrame(columns, index=table.index)


def _apply_one(profile: pd.Series, tree: Tree, learned: Mapping[str, Transformation]) -> pd.Series:
    taken = take_profile(profile, tree)
    return _apply(taken.to_frame().T, learned).iloc[0]


def _untreated(recipe: Recipe) -> Recipe:
    """Return the recipe over columns that are named as its indicators and are ready to be normalised."""
    ready = {"indicator": None, "denominator": None, "per": 1.0, "treatment": None}
    indicators = tuple(i.model_copy(update=ready) for i in recipe.indicators)
    return recipe.model_copy(update={"indicators": indicators, "treatment": Treatment()})
