"""The picture of weights: what each part gets, how sure that is, and who would give it more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.laboratory.pictures import Pictures
from childatlas.laboratory.weighing import Weighing
from childatlas.measures.recipe import ROOT, Recipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_weighing"]


def draw_weighing(recipe: Recipe, found: Weighing, names: Mapping[str, str]) -> Pictures:
    """Give a chart for each level of the tree: weights of its parts within their parents."""
    labels = {g.id: g.label.get("en", g.id) for g in recipe.groups}
    labels |= {i.id: i.label.get("en", i.id) for i in recipe.open_indicators} | dict(names)
    labels[ROOT] = recipe.label.get("en", recipe.id)
    above = {ROOT: recipe.levels[0].id} | {g.id: g.level for g in recipe.groups}
    levels = [above[str(parent)] for parent in found.weights["parent"]]
    for level in dict.fromkeys(levels):
        own = found.weights[[x == level for x in levels]]
        alone = len(set(levels)) == 1
        name, title = ("weights", found.finding) if alone else (f"weights_{level}", _differ(found, own))
        yield (
            name,
            _draw(found, own, labels, title=_named(title, labels)),
            f"{_named(title, labels)}.",
        )


def _differ(found: Weighing, own: pd.DataFrame) -> str:
    """Return where the methods are farthest apart among some parts."""
    if found.others is None or len(own) == 0:
        return found.finding
    spread = found.others.loc[own.index]
    gap = (spread.max(axis=1) - spread.min(axis=1)).dropna()
    return f"Methods disagree most on {gap.idxmax()}" if len(gap) else found.finding


def _named(title: str, labels: Mapping[str, str]) -> str:
    words = [labels.get(word, word) for word in title.split(" ")]
    return " ".join(words)


def _draw(found: Weighing, own: pd.DataFrame, labels: Mapping[str, str], *, title: str) -> Figure:
    from atlasgeo.maps.weight_chart import draw_weights
    from atlasgeo.maps.wording import MapText

    whose = "the recipe" if "entropy" in found.weights else "all together"
    text = MapText(
        title=title,
        subtitle=f"{labels[ROOT]}: share of each part within its parent; large dots: {whose}",
        foot=tuple(note for note in found.facts.get("notes", []) if note),
    )
    return draw_weights(
        own,
        text=text,
        names=labels,
        heads=labels,
        others=found.others,
        axis="share of the parent's weight",
    )
