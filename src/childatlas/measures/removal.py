"""What each part of an index does to the ranks: the index without it, beside the index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.index import build_index
from childatlas.measures.panel import restrict_recipe
from childatlas.measures.recipe import ROOT, Recipe, as_recipe
from childatlas.measures.tree import build_tree

__all__ = ["removal_effect"]


def removal_effect(
    values: pd.DataFrame, recipe: Recipe | Mapping[str, Any] | str | Path, *, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Return how far ranks move when an indicator, or a whole group, is taken out of the recipe.

    Parameters
    ----------
    values : DataFrame
        Units x indicators.
    recipe : Recipe, mapping, path or name
    groups : Series, optional
        Group of each unit, for imputation by group means.

    Returns
    -------
    DataFrame
        Indexed by part, the one that moves ranks most first: ``level, mean_shift`` (mean absolute shift of
        the units ranked with and without), ``greatest_shift, unit`` (who moves most, signed: over 0 looks
        better without the part), ``spearman, unscored`` (units that lose their score). A part without which
        nothing is left, or whose removal leaves a mean undefined, has empty numbers.
    """
    made = as_recipe(recipe)
    whole = build_index(values, made, groups=groups).ranks
    tree = build_tree(made)
    levels = {node.id: node.level for node in tree.nodes if node.parts} | dict.fromkeys(
        tree.leaves, "indicator"
    )
    rows = {}
    for part, level in levels.items():
        under = set(tree.under(part))
        if len(under) == len(tree.leaves):
            continue
        rows[part] = {"level": level, **_compare(whole, _without(values, made, under, groups))}
    table = pd.DataFrame.from_dict(
        rows,
        orient="index",
        columns=["level", "mean_shift", "greatest_shift", "unit", "spearman", "unscored"],
    )
    return table.sort_values("mean_shift", ascending=False, kind="stable").rename_axis("part")


def _without(
    values: pd.DataFrame, recipe: Recipe, under: set[str], groups: pd.Series | None
) -> pd.Series | None:
    kept = [i for i in recipe.open_indicators if i.id not in under]
    reduced = restrict_recipe(
        recipe.model_copy(update={"indicators": tuple(kept)}),
        {c for i in kept for c in (i.column, i.denominator) if c},
    )
    alive = {ROOT, *(g.id for g in reduced.groups)}
    back = tuple(g for g in recipe.groups if g.id in alive or (not g.open and (g.parent or ROOT) in alive))
    try:
        return build_index(values, reduced.model_copy(update={"groups": back}), groups=groups).ranks
    except AnalysisError:
        return None


def _compare(whole: pd.Series, without: pd.Series | None) -> dict[str, object]:
    if without is None:
        return {}
    shift = (without - whole).dropna()
    if shift.empty:
        return {"unscored": int(whole.notna().sum())}
    far = shift.abs().idxmax()
    both = pd.concat([whole, without], axis=1).dropna()
    varied = bool((both.max() > both.min()).all())
    return {
        "mean_shift": float(shift.abs().mean()),
        "greatest_shift": float(shift[far]),
        "unit": str(far),
        "spearman": float(both.corr(method="spearman").iloc[0, 1]) if varied else np.nan,
        "unscored": int((whole.notna() & without.isna()).sum()),
    }
