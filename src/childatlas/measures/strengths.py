"""Strengths and weaknesses: on which indicators a unit stands best and worst among all."""

from __future__ import annotations

import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.index_result import IndexResult
from childatlas.measures.tree import build_tree

__all__ = ["strengths_and_weaknesses"]

COLUMNS = ["unit", "kind", "place", "indicator", "group", "value", "score", "rank", "of", "effective_weight"]


def strengths_and_weaknesses(index: IndexResult, *, most: int = 5) -> pd.DataFrame:
    """Return each unit's best and worst indicators, by its place among the units.

    Parameters
    ----------
    index : IndexResult
    most : int
        How many of each; a unit with few figures has fewer, and none is both.

    Returns
    -------
    DataFrame
        One row a unit, kind (``weakness``, ``strength``) and place: ``indicator, group, value`` (in its own
        unit of measure), ``score`` (normalised), ``rank`` (1 = worst off, ties at their least), ``of`` (units
        ranked), ``effective_weight``. Where ranks tie, the indicator that weighs more comes first.

    Raises
    ------
    AnalysisError
        If `most` is under 1.
    """
    if most < 1:
        raise AnalysisError("strengths are asked for by the number of them", found=most, expected="1 or more")
    better = index.recipe.direction == "higher_is_better"
    ranks = index.normalised.rank(method="min", ascending=better)
    count = index.normalised.notna().sum()
    middle = index.normalised.rank(method="average", ascending=better)
    share = (middle - 1) / (count - 1).where(count > 1)  # 0 the worst off, 1 the best; ties in the middle
    tree = build_tree(index.recipe)
    group = {part: node.id for node in tree.nodes for part in node.parts}
    rows: list[tuple[object, ...]] = []
    for unit in index.normalised.index:
        own = pd.DataFrame({"share": share.loc[unit], "weight": -index.weights}).dropna(subset=["share"])
        order = own.sort_values(["share", "weight"], kind="stable").index
        few = min(most, len(order) // 2)
        kinds = (("weakness", order[:few]), ("strength", order[::-1][:few]))
        for kind, indicators in kinds:
            for place, i in enumerate(indicators, start=1):
                numbers = (index.values.loc[unit, i], index.normalised.loc[unit, i], ranks.loc[unit, i])
                rows.append((unit, kind, place, i, group[str(i)], *numbers, count[i], index.weights[i]))
    return pd.DataFrame(rows, columns=COLUMNS)
