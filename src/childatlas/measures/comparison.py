"""Two indices side by side, and one index with and without its imputed figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from childatlas.errors import DataError
from childatlas.measures.index import build_index
from childatlas.measures.index_result import IndexResult
from childatlas.measures.recipe import Recipe, as_recipe
from childatlas.measures.recipe_parts import Imputation

__all__ = ["Comparison", "compare_indices", "imputation_effect"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changes between two indices of the same units.

    Attributes
    ----------
    table : DataFrame
        Indexed by unit: ``score_first, score_second, rank_first, rank_second, shift`` (second less first;
        ranks among the units that both score, 1 = worst off).
    spearman, kendall : float
        Rank correlations.
    mean_shift : float
        Mean absolute shift.
    only_first, only_second : tuple of str
        Units that only one of the two scores.
    """

    table: pd.DataFrame
    spearman: float
    kendall: float
    mean_shift: float
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def compare_indices(first: IndexResult, second: IndexResult) -> Comparison:
    """Return the two indices' ranks side by side, on the units that both score.

    Raises
    ------
    DataError
        If they have no scored unit in common.
    """
    a, b = first.scores.dropna(), second.scores.dropna()
    units = a.index.intersection(b.index)
    if len(units) == 0:
        raise DataError(
            "the two indices score no unit in common",
            found=f"{len(a)} and {len(b)} units with a score",
            fix="build both on the same vintage",
        )
    table = pd.DataFrame({"score_first": a[units], "score_second": b[units]})
    for name, index in (("first", first), ("second", second)):
        table[f"rank_{name}"] = index.ranks[units].rank(method="min")
    table["shift"] = table["rank_second"] - table["rank_first"]
    return Comparison(
        table=table.sort_values("rank_first"),
        spearman=float(table["rank_first"].corr(table["rank_second"], method="spearman")),
        kendall=float(table["rank_first"].corr(table["rank_second"], method="kendall")),
        mean_shift=float(table["shift"].abs().mean()),
        only_first=tuple(map(str, a.index.difference(units))),
        only_second=tuple(map(str, b.index.difference(units))),
    )


def imputation_effect(
    values: pd.DataFrame, recipe: Recipe | Mapping[str, Any] | str | Path, *, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Return ranks with and without the imputed figures.

    Returns
    -------
    DataFrame
        Indexed by unit: ``imputed`` (how many figures), ``score_without, score_with, rank_without, rank_with,
        shift``. The score without stays empty where coverage is below the least.
    """
    made = as_recipe(recipe)
    filled = build_index(values, made, groups=groups)
    bare = build_index(values, made.model_copy(update={"imputation": Imputation()}))
    return pd.DataFrame(
        {
            "imputed": filled.imputed.sum(axis=1),
            "score_without": bare.scores,
            "score_with": filled.scores,
            "rank_without": bare.ranks,
            "rank_with": filled.ranks,
            "shift": filled.ranks - bare.ranks,
        }
    )
