"""Out of a table of figures: one indicator, one year, its trend, town and village."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from atlasgeo.columns import (
    FLAG,
    INDICATOR,
    RESIDENCE,
    RURAL,
    SE,
    SOURCE,
    TOTAL,
    UNIT,
    URBAN,
    VALID_FROM,
    VALUE,
    YEAR,
    N,
)
from atlasgeo.units import in_force
from childatlas.errors import DataError, nearest
from childatlas.figures.children import children_at
from childatlas.figures.series import observed, series

__all__ = [
    "Selection",
    "children_at",
    "latest",
    "observed",
    "residences",
    "series",
    "trend",
    "years_covered",
]


@dataclass(frozen=True, eq=False)
class Selection:
    """One indicator in one year on given units.

    Attributes
    ----------
    indicator, residence : str
    year : int
    figures : DataFrame
        Indexed by unit, in the order asked for: value, se, n, source, flag; NaN and "" where there is none.
    """

    indicator: str
    residence: str
    year: int
    figures: pd.DataFrame

    @property
    def values(self) -> pd.Series[float]:
        """The values by unit."""
        return self.figures[VALUE]


def years_covered(
    figures: pd.DataFrame,
    indicator: str,
    *,
    gazetteer: pd.DataFrame,
    level: str,
    vintage: int,
    residence: str = TOTAL,
) -> pd.Series[int]:
    """Return how many units in force at the end of `vintage` have a value, by year, oldest first.

    Only years count in whose end the very same units were in force: a code that kept its number on other
    territory is another unit. Years without any value are absent.
    """
    rows = series(figures, indicator, residence=residence)
    standing = _standing(gazetteer, level, vintage)
    same = [y for y in sorted(set(rows[YEAR])) if _standing(gazetteer, level, int(y)).equals(standing)]
    own = rows[rows[YEAR].isin(same) & rows[UNIT].isin(standing.get_level_values(UNIT))]
    return own.groupby(YEAR)[UNIT].nunique().rename("units").astype(int)


def _standing(gazetteer: pd.DataFrame, level: str, year: int) -> pd.MultiIndex:
    """Return code and first day of the units in force at the end of a year."""
    units = in_force(gazetteer, level=level, year=year)
    return pd.MultiIndex.from_arrays([units.index, units[VALID_FROM]], names=[UNIT, VALID_FROM])


def latest(
    figures: pd.DataFrame,
    indicator: str,
    *,
    gazetteer: pd.DataFrame,
    level: str,
    vintage: int,
    year: int | None = None,
    residence: str = TOTAL,
    least: float = 0.0,
) -> Selection:
    """Return the values of one indicator on the units of a vintage, in the latest year measured on them.

    Parameters
    ----------
    figures : DataFrame
        Checked figures.
    indicator : str
    gazetteer : DataFrame
        As `atlasgeo.units.read_units` returns.
    level : str
    vintage : int
        The units are those in force at the end of this year. Figures of years with another map are not used,
        neither carried nor matched by code.
    year : int, optional
        No later year is used.
    residence : str
    least : float
        Share of the units that must have a value in the year; 0 for at least one unit.

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        If no figure of the indicator exists, or none for these units by then; the message says where there
        are some.
    """
    if indicator not in set(figures[INDICATOR]):
        close = nearest(indicator, figures[INDICATOR].unique())
        raise DataError(
            f"the figures hold no indicator {indicator!r}",
            found=indicator,
            expected=", ".join(close) or "an indicator of the table",
        )
    codes = in_force(gazetteer, level=level, year=vintage).index
    covered = years_covered(
        figures, indicator, gazetteer=gazetteer, level=level, vintage=vintage, residence=residence
    )
    enough = covered[covered >= max(1.0, least * len(codes))]
    enough = enough if year is None else enough[enough.index <= year]
    if enough.empty:
        until = f"{residence}, {level} units of {vintage}" + ("" if year is None else f", up to {year}")
        raise _nothing(figures, indicator, until, codes)
    chosen = int(enough.index[-1])
    rows = series(figures, indicator, residence=residence)
    rows = rows[rows[YEAR] == chosen].set_index(UNIT)[[VALUE, SE, N, SOURCE, FLAG]].reindex(codes)
    rows[[SOURCE, FLAG]] = rows[[SOURCE, FLAG]].fillna("")
    return Selection(indicator=indicator, residence=residence, year=chosen, figures=rows)


def _nothing(figures: pd.DataFrame, indicator: str, asked: str, codes: pd.Index) -> DataError:
    rows = figures[(figures[INDICATOR] == indicator) & figures[VALUE].notna()]
    there = rows.groupby([YEAR, RESIDENCE])[UNIT].nunique()
    told = [f"{y} {r}: {n} units" for (y, r), n in there.tail(6).items()]
    return DataError(
        f"{indicator} has no value for the {len(codes)} units asked for ({asked})",
        found="; ".join(told) or "no value at all",
        expected="a value for at least one of the units, measured while they were in force",
        fix="ask for another level, vintage, year or residence, or leave the indicator out",
    )


def trend(
    figures: pd.DataFrame, indicator: str, *, units: Iterable[str], residence: str = TOTAL
) -> pd.DataFrame:
    """Return units x years (all that have a value observed on these units), NaN where there is none."""
    rows = observed(series(figures, indicator, residence=residence))
    wide = rows.pivot(index=UNIT, columns=YEAR, values=VALUE)
    return wide.reindex(pd.Index(list(units), name=UNIT)).dropna(axis="columns", how="all")


def residences(figures: pd.DataFrame, indicator: str, *, year: int) -> pd.DataFrame:
    """Return town and village side by side where both are there: by unit, ``urban`` and ``rural``."""
    parts = {name: series(figures, indicator, residence=name) for name in (URBAN, RURAL)}
    columns = {name: rows[rows[YEAR] == year].set_index(UNIT)[VALUE] for name, rows in parts.items()}
    return pd.DataFrame(columns).rename_axis(UNIT).dropna().sort_index()
