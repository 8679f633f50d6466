"""What an index is made of: the latest value of each indicator, on the units of one period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import CARRIED, FLAG, UNIT, VALUE, YEAR
from childatlas.assembly.measured import choose_year
from childatlas.figures.select import observed, series

if TYPE_CHECKING:
    from childatlas.assembly.ground import Ground
    from childatlas.figures.catalogue import Indicator

__all__ = ["Ingredients", "gather"]


@dataclass(frozen=True, eq=False)
class Ingredients:
    """The values that an index is built from, and where each came from.

    Attributes
    ----------
    values : DataFrame
        Units x indicators; NaN is missing.
    years : dict of indicator -> int
        The year of each indicator's values.
    carried : dict of indicator -> int
        Those whose rates are of former units, with the year of measurement.
    absent : dict of indicator -> str
        Those without a usable value, with the reason.
    """

    values: pd.DataFrame
    years: dict[str, int]
    carried: dict[str, int]
    absent: dict[str, str]


def gather(
    figures: pd.DataFrame,
    wanted: Sequence[str],
    ground: Ground,
    *,
    catalogue: Mapping[str, Indicator],
    vintage: int,
    last_year: int,
    carry: bool,
) -> Ingredients:
    """Return the latest value of each wanted indicator on the units in force at the end of `vintage`.

    Parameters
    ----------
    figures : DataFrame
        Checked figures.
    wanted : sequence of str
        Indicator ids.
    ground : Ground
    catalogue : mapping of id -> Indicator
    vintage : int
    last_year : int
        Later figures are not used.
    carry : bool
        Whether successors inherit the rates (never the counts) of former units.

    Returns
    -------
    Ingredients
    """
    codes = ground.codes(vintage)
    columns: dict[str, pd.Series] = {}
    years: dict[str, int] = {}
    carried: dict[str, int] = {}
    absent: dict[str, str] = {}
    for indicator in wanted:
        rows = observed(series(figures, indicator))
        rows = rows[rows[YEAR] <= last_year]
        same = [y for y in set(rows[YEAR]) if ground.period(int(y)) == ground.period(vintage)]
        own = rows[rows[YEAR].isin(same)]
        year = choose_year(own, ground, last=last_year)
        if year is not None:
            columns[indicator] = _values(own, year).reindex(codes)
            years[indicator] = year
            continue
        former = choose_year(rows, ground, last=last_year) if carry else None
        entry = catalogue[indicator]
        if former is None:
            absent[indicator] = "no figures for enough of these units"
        elif entry.kind == "count" or not entry.carry:
            absent[indicator] = f"measured on the units of {former}, and a count is never carried"
        else:
            columns[indicator] = _carried(rows, former, ground, vintage).reindex(codes)
            years[indicator] = carried[indicator] = former
        if indicator not in columns:
            columns[indicator] = pd.Series(float("nan"), index=codes)
    return Ingredients(pd.DataFrame(columns, index=codes), years, carried, absent)


def _values(rows: pd.DataFrame, year: int) -> pd.Series:
    return rows[rows[YEAR] == year].set_index(UNIT)[VALUE]


def _carried(rows: pd.DataFrame, year: int, ground: Ground, vintage: int) -> pd.Series:
    from atlasgeo.vintages import carry

    now = _values(rows, year)
    now = now.reindex(ground.codes(year))
    found = carry(now, ground.gazetteer, level=ground.study.level, from_year=year, to_year=vintage)
    return found.loc[found[FLAG].fillna("").isin(["", CARRIED]), VALUE]
