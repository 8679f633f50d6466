"""The children who live in a unit: counted on one map, needed on another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from atlasgeo.columns import FLAG, LEVEL, MODELLED, UNIT, VALUE, YEAR
from childatlas.errors import AnalysisError
from childatlas.figures.lineage import ancestors
from childatlas.figures.rates import united
from childatlas.figures.series import series

__all__ = ["children_at", "split_count"]


def split_count(
    counts: pd.Series[float],
    weights: pd.Series[float],
    gazetteer: pd.DataFrame,
    *,
    level: str,
    from_year: int,
    to_year: int,
) -> pd.DataFrame:
    """Return a count of one year on the units of a later one, split by weight where borders moved.

    Parameters
    ----------
    counts : Series
        By unit in force at the end of `from_year`.
    weights : Series
        By unit in force at the end of `to_year`, for example the population.
    gazetteer : DataFrame
    level : str
    from_year, to_year : int

    Returns
    -------
    DataFrame
        Indexed by unit, sorted: ``value`` and ``flag`` (``modelled`` where it was split). A former unit's
        count is shared out in proportion to the weights of its successors, so they add up to it. Missing
        where the count, a successor's weight or the ancestor is unknown.

    Raises
    ------
    AnalysisError
        If `to_year` is before `from_year`.
    """
    if to_year < from_year:
        raise AnalysisError(
            "a count cannot be split backwards in time", found=f"from {from_year} to {to_year}"
        )
    line = ancestors(gazetteer, level=level, from_year=from_year, to_year=to_year)
    weight = weights.reindex(line.index)
    whole = weight.groupby(line["ancestor"]).transform(lambda part: part.sum(skipna=False))
    share = (weight / whole).where(~line["same"], 1.0)
    value = counts.reindex(line["ancestor"]).set_axis(line.index) * share
    flag = np.where(line["same"] | value.isna(), "", MODELLED)
    return pd.DataFrame({VALUE: value, FLAG: flag}, index=line.index)


def children_at(
    figures: pd.DataFrame,
    gazetteer: pd.DataFrame,
    *,
    level: str,
    year: int,
    children: str = "children_0_15",
    population: str = "population",
) -> pd.DataFrame | None:
    """Return the children who live in each unit in force at the end of `year`.

    Parameters
    ----------
    figures : DataFrame
        Checked figures.
    gazetteer : DataFrame
    level : str
    year : int
    children, population : str
        The indicators to use.

    Returns
    -------
    DataFrame or None
        Indexed by unit: ``value``, ``flag`` (that of the figure, and ``modelled`` where it was split by
        population between the successors of a former unit) and ``year`` of the count. None where the figures
        hold no such count. A count of a later map than that of `year` is added up instead, flagged
        ``modelled`` where borders moved.
    """
    rows = series(figures, children)
    rows = rows[rows[UNIT].isin(gazetteer.loc[gazetteer[LEVEL] == level, UNIT])]
    if rows.empty:
        return None
    years = sorted(int(y) for y in rows[YEAR].unique())
    before = [y for y in years if y <= year]
    measured = before[-1] if before else years[0]
    own = rows[rows[YEAR] == measured].set_index(UNIT)
    if measured > year:
        table = _added_up(own[VALUE], gazetteer, level=level, measured=measured, year=year)
    else:
        people = series(figures, population)
        weights = _nearest_year(people, year)
        table = split_count(own[VALUE], weights, gazetteer, level=level, from_year=measured, to_year=year)
    given = own[FLAG].reindex(table.index).fillna("")
    table[FLAG] = [united(a, b) for a, b in zip(table[FLAG], given, strict=True)]
    return table.assign(**{YEAR: measured})


def _nearest_year(rows: pd.DataFrame, year: int) -> pd.Series[float]:
    """Return the values by unit in that year, else in the last one before it, else in the first after."""
    years = sorted(int(y) for y in rows[YEAR].unique())
    if not years:
        return pd.Series(dtype=float)
    before = [y for y in years if y <= year]
    return rows[rows[YEAR] == (before[-1] if before else years[0])].set_index(UNIT)[VALUE]


def _added_up(
    counts: pd.Series[float], gazetteer: pd.DataFrame, *, level: str, measured: int, year: int
) -> pd.DataFrame:
    """Return a later count on the units of an earlier year: successors added up, all of them or none."""
    line = ancestors(gazetteer, level=level, from_year=year, to_year=measured)
    value = counts.reindex(line.index).groupby(line["ancestor"]).sum(min_count=1)
    whole = counts.reindex(line.index).notna().groupby(line["ancestor"]).all()
    kept = line["same"].groupby(line["ancestor"]).all()
    value = value.where(whole).rename_axis(UNIT)
    return pd.DataFrame({VALUE: value, FLAG: np.where(kept.reindex(value.index), "", MODELLED)})
