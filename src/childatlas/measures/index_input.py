"""The figures an index starts from: the recipe's columns, checked, counts divided by their denominators."""

from __future__ import annotations

import numpy as np
import pandas as pd

from childatlas.errors import DataError, StudyError, nearest
from childatlas.measures.recipe import Recipe
from childatlas.measures.tree import Tree

__all__ = ["take_values"]


def take_values(values: pd.DataFrame, recipe: Recipe, tree: Tree) -> pd.DataFrame:
    """Return units x indicators (ids of the recipe, tree order), counts divided by their denominators.

    Raises
    ------
    StudyError
        If the recipe names a column that `values` does not have.
    DataError
        If there is no unit, a unit or a column twice, text, an infinite number, or a denominator that is
        not over 0.
    """
    _check_frame(values, recipe)
    numbers = {name: _numbers(values[name]) for name in recipe.columns}
    columns = {}
    for item in tree.indicators:
        column = numbers[item.column]
        if item.denominator is not None:
            column = _divide(column, numbers[item.denominator], item.id) * item.per
        columns[item.id] = column
    return pd.DataFrame(columns, index=values.index)


def _check_frame(values: pd.DataFrame, recipe: Recipe) -> None:
    if len(values) == 0:
        raise DataError("there is no unit to build an index of", expected="one row a unit", found="0 rows")
    for what, labels in (("unit", values.index), ("column", values.columns)):
        twice = labels[labels.duplicated()]
        if len(twice):
            raise DataError(
                f"a {what} stands twice in the values",
                found=", ".join(map(str, twice.unique()[:5])),
                expected=f"one {'row' if what == 'unit' else 'column'} each",
                fix="choose one year, residence and group, or check the table for duplicates",
            )
    for name in recipe.columns:
        if name not in values.columns:
            raise StudyError(
                f"recipe {recipe.id!r} names an unknown indicator",
                where=f"indicators: {name}",
                found=name,
                expected=", ".join(nearest(name, values.columns) or [str(c) for c in values.columns[:8]])
                or "a column of the values",
                fix="correct the id, or mark the place open = false if there are no open data for it",
            )


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = (numbers.isna() & column.notna()) | np.isinf(numbers)
    if wrong.any():
        unit = column.index[wrong][0]
        raise DataError(
            "a figure is not a finite number",
            where=f"unit {unit}, indicator {column.name}",
            found=repr(column[unit]),
            expected="a number, or empty where missing",
            fix="correct the table",
        )
    return numbers


def _divide(count: pd.Series, base: pd.Series, indicator: str) -> pd.Series:
    wrong = (base <= 0) & count.notna()
    if wrong.any():
        raise DataError(
            "a denominator is not over zero",
            where=f"unit {base.index[wrong][0]}, indicator {indicator}, denominator {base.name}",
            found=float(base[wrong].iloc[0]),
            expected="a number over 0",
            fix="correct the denominator, or leave it empty where it is unknown",
        )
    return count / base.where(base > 0)
