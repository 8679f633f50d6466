"""What an index is, once built: scores, coverage and ranks, and every step that led there."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from childatlas.measures.normalise import Array
from childatlas.measures.recipe import Recipe

__all__ = ["NOTE_COLUMNS", "IndexResult"]

NOTE_COLUMNS = ("unit", "indicator", "kind", "note")


@dataclass(frozen=True, eq=False)
class IndexResult:
    """An index of units.

    Attributes
    ----------
    recipe : Recipe
    scores : Series
        The index per unit, NaN without a score (`notes` says why); what a high score means is
        ``recipe.direction``.
    coverage : Series
        Share of the declared weight that has figures, 0 to 1. Imputed figures do not count.
    ranks : Series
        1 = worst off, ties at their least rank; NaN without a score.
    levels : dict of level id -> DataFrame
        Scores of the nodes of each level (units x nodes), the index first.
    values : DataFrame
        Units x indicators as used: counts divided by their denominators, missing filled where the recipe
        says.
    treated, normalised : DataFrame
        The same after the treatment of outliers, and after normalisation.
    imputed : DataFrame of bool
    node_weights : dict of node id -> array
        Weights of each node's parts, given or learned.
    weights : Series
        Effective weight of each indicator: products of the shares down the tree.
    outliers : DataFrame
        One row a value that treatment changed: ``unit, indicator, method, value, treated``.
    notes : DataFrame
        ``unit, indicator, kind, note``: what was missing, constant, imputed, treated, and why a unit
        has no score. An empty unit means all units.
    """

    recipe: Recipe
    scores: pd.Series
    coverage: pd.Series
    ranks: pd.Series
    levels: dict[str, pd.DataFrame]
    values: pd.DataFrame
    treated: pd.DataFrame
    normalised: pd.DataFrame
    imputed: pd.DataFrame
    node_weights: dict[str, Array]
    weights: pd.Series
    outliers: pd.DataFrame
    notes: pd.DataFrame

    @property
    def detail(self) -> pd.DataFrame:
        """Scores of all nodes under the index, level by level, in the recipe's order."""
        below = list(self.levels.values())[1:]
        return pd.concat(below, axis=1) if below else pd.DataFrame(index=self.scores.index)

    @property
    def open_groups(self) -> list[str]:
        """Ids of the groups that have open data."""
        return [g.id for g in self.recipe.groups if g.open]
