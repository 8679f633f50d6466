"""Layers made of recipes: an index on the units of one period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import CARRIED
from childatlas.assembly.ingredients import Ingredients, gather
from childatlas.assembly.measured import judge
from childatlas.layers import Geography, Layer
from childatlas.measures.gaps import worst_first
from childatlas.measures.index import IndexResult, build_index

if TYPE_CHECKING:
    from childatlas.assembly.material import Material
    from childatlas.measures.recipe import Recipe
    from childatlas.study import IndexPlan

__all__ = ["BuiltIndex", "index_layer"]


@dataclass(frozen=True, eq=False)
class BuiltIndex:
    """An index with what it was made of and the layer that shows it."""

    layer: Layer
    result: IndexResult
    ingredients: Ingredients


def index_layer(
    material: Material, plan: IndexPlan, recipe: Recipe, geography: Geography, *, judged: bool
) -> BuiltIndex:
    """Return the layer of one index on one geography, with statistics unless anything in it was carried.

    Parameters
    ----------
    material : Material
    plan : IndexPlan
    recipe : Recipe
    geography : Geography
        In force at the end of the plan's vintage.
    judged : bool
        Whether statistics are computed at all.
    """
    vintage = plan.vintage or material.study.vintage
    ingredients = gather(
        material.figures,
        recipe.columns,
        material.ground,
        catalogue=material.catalogue,
        vintage=vintage,
        last_year=plan.year or vintage,
        carry=plan.carry,
    )
    result = build_index(ingredients.values, recipe)
    codes = geography.shapes.index
    scores = result.scores.reindex(codes)
    flag = CARRIED if ingredients.carried else ""
    layer = Layer(
        id=recipe.id,
        kind="index",
        geography=geography.key,
        year=vintage,
        residence="total",
        label=recipe.label or {"en": recipe.id},
        measure=recipe.measure,
        population=recipe.population,
        direction=recipe.direction,
        values=scores,
        flags=pd.Series(flag, index=codes).where(scores.notna(), ""),
        ranks=worst_first(scores, higher_is_worse=recipe.direction == "higher_is_worse"),
        trend=pd.DataFrame(),
        global_statistics=pd.DataFrame(),
        source=recipe.source,
        licence="",
        link=recipe.link,
        note={**recipe.note, **_years_note(ingredients, recipe, material)},
        detail=_parts(result).reindex(codes),
        coverage=result.coverage.reindex(codes),
    )
    if judged and plan.clusters:
        layer = judge(layer, geography, material.study.statistics, seed=material.study.seed)
    return BuiltIndex(layer, result, ingredients)


def _parts(result: IndexResult) -> pd.DataFrame:
    """Return the scores of every level below the index itself, in the recipe's order."""
    below = list(result.levels.values())[1:]
    return pd.concat(below, axis=1) if below else pd.DataFrame(index=result.scores.index)


def _years_note(ingredients: Ingredients, recipe: Recipe, material: Material) -> dict[str, str]:
    """Return, per language of the study, which year each ingredient is of and which were carried."""
    notes = {}
    for language in material.study.languages:
        years = "; ".join(
            f"{material.catalogue[name].label.get(language, name)} {year}"
            for name, year in sorted(ingredients.years.items(), key=lambda item: (-item[1], item[0]))
        )
        said = recipe.note.get(language, "").rstrip(". ")
        notes[language] = ". ".join(
            part for part in (said, material.words.say("index.years", years=years)) if part
        )
    return notes
