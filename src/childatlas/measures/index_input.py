"""The figures an index starts from: the recipe's columns, checked, counts divided by their denominators."""

from __future__ import annotations

import numpy as np
import pandas as pd

from childatlas.errors import DataError, StudyError, nearest
from childatlas.measures.recipe import Recipe
from childatlas.measures.tree import Tree

__all__ = ["take_errors", "take_profile", "take_values"]


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


def take_errors(values: pd.DataFrame, errors: pd.DataFrame, tree: Tree) -> pd.DataFrame:
    """Return standard errors of the recipe's indicators, units x indicators, NaN where none is published.

    The error of a count over its denominator is that of the count, over the denominator.

    Raises
    ------
    DataError
        If an error is negative, infinite or text, or the units are not those of `values`.
    """
    strange = errors.index.difference(values.index)
    if len(strange):
        raise DataError(
            "standard errors of units that have no values",
            found=", ".join(map(str, strange[:5])),
            expected="the units of the values",
        )
    columns = {}
    for item in tree.indicators:
        if item.column in errors:
            se = _numbers(errors[item.column]).reindex(values.index)
        else:
            se = pd.Series(np.nan, index=values.index)
        if (se < 0).any():
            raise DataError(
                "a standard error is negative",
                where=f"unit {se.index[se < 0][0]}, indicator {item.column}",
                found=float(se[se < 0].iloc[0]),
                expected="0 or more, or empty",
            )
        if item.denominator is not None:
            se = se / _numbers(values[item.denominator]) * item.per
        columns[item.id] = se
    return pd.DataFrame(columns, index=values.index)


def take_profile(profile: pd.Series, tree: Tree) -> pd.Series:
    """Return one profile per indicator of the tree, counts over their denominators, NaN where absent."""
    numbers = _numbers(profile.rename("the profile"))
    out = {}
    for item in tree.indicators:
        value = float(numbers.get(item.column, np.nan))
        if item.denominator is not None:
            base = float(numbers.get(item.denominator, np.nan))
            value = value / base * item.per if base > 0 else np.nan
        out[item.id] = value
    return pd.Series(out)


def _check_frame(values: pd.DataFrame, recipe: Recipe) -> None:
    if not isinstance(values, pd.DataFrame):
        raise DataError(
            "an index is built of a table of units x indicators",
            found=type(values).__name__,
            expected="a DataFrame with one row a unit and one column an indicator",
        )
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
