"""What continues what: units through reforms, rates that successors inherit, ground counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from atlasgeo.columns import (
    CARRIED,
    FLAG,
    LEVEL,
    NOT_OBSERVED,
    PREDECESSOR,
    UNIT,
    VALID_FROM,
    VALID_TO,
    VALUE,
    YEAR,
)
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.periods import end_of
from atlasgeo.units import check_codes, in_force

if TYPE_CHECKING:
    from atlasgeo.profiles import Country

__all__ = [
    "ancestors",
    "carry",
    "double_counts",
    "reform_breaks",
    "refuse_double_counts",
    "refuse_not_observed",
    "trace",
]


@dataclass(frozen=True)
class _Period:
    """A unit in one of its periods: from the first day to the one it is no longer in force."""

    unit: str
    predecessor: str
    start: pd.Timestamp
    end: pd.Timestamp


def trace(
    gazetteer: pd.DataFrame, units: Iterable[str], *, level: str, on: pd.Timestamp, day: pd.Timestamp
) -> dict[str, str | None]:
    """Return, for units in force `on` one day, the code of the unit that their ground belonged to on another.

    Parameters
    ----------
    gazetteer : DataFrame
    units : iterable of str
        Codes in force on `on`.
    level : str
    on, day : Timestamp
        Backwards along `predecessor`; forwards only where exactly one unit continues it.

    Returns
    -------
    dict
        Code on `on` -> code on `day`, None where the ground was split, or nothing is known so far back.
    """
    periods = _periods(gazetteer, level)
    by_unit: dict[str, list[_Period]] = {}
    heirs: dict[tuple[str, pd.Timestamp], list[_Period]] = {}
    for period in periods:
        by_unit.setdefault(period.unit, []).append(period)
        if period.predecessor:
            heirs.setdefault((period.predecessor, period.start), []).append(period)
    found: dict[str, str | None] = {}
    for unit in units:
        current = next((p for p in by_unit.get(unit, []) if p.start <= on < p.end), None)
        while current is not None and not current.start <= day < current.end:
            current = _before(current, by_unit) if current.start > day else _after(current, heirs)
        found[unit] = None if current is None else current.unit
    return found


def _periods(gazetteer: pd.DataFrame, level: str) -> list[_Period]:
    rows = gazetteer[gazetteer[LEVEL] == level]
    starts = [pd.Timestamp.min if pd.isna(day) else day for day in rows[VALID_FROM]]
    ends = [pd.Timestamp.max if pd.isna(day) else day for day in rows[VALID_TO]]
    columns = (rows[UNIT], rows[PREDECESSOR], starts, ends)
    return sorted(
        (_Period(*values) for values in zip(*columns, strict=True)),
        key=lambda period: (period.unit, period.start),
    )


def _before(period: _Period, by_unit: dict[str, list[_Period]]) -> _Period | None:
    """Return the period that one continues: its predecessor's latest that had begun before."""
    earlier = [p for p in by_unit.get(period.predecessor, []) if p.start < period.start]
    return earlier[-1] if earlier else None


def _after(period: _Period, heirs: dict[tuple[str, pd.Timestamp], list[_Period]]) -> _Period | None:
    """Return the only period that continues one, None where there are none or several."""
    next_ = heirs.get((period.unit, period.end), [])
    return next_[0] if len(next_) == 1 else None


def carry(
    values: pd.Series, gazetteer: pd.DataFrame, *, level: str, from_year: int, to_year: int
) -> pd.DataFrame:
    """Return rates measured on the units of `from_year`, shown for the units of `to_year`.

    Parameters
    ----------
    values : Series
        Rates (never counts) on codes in force at the end of `from_year`; missing stays missing.
    gazetteer : DataFrame
    level : str
    from_year, to_year : int

    Returns
    -------
    DataFrame
        Indexed by the units of `to_year`, sorted: `value`; `origin`, the code for which it was measured;
        `flag`, ``carried`` where that is a former unit with other ground (also under the same code), else "".

    Raises
    ------
    BoundaryError
        If a code was not in force in `from_year`.
    DataError
        If a code is there twice.
    AnalysisError
        If `to_year` is before `from_year`: a rate of a part is not that of the whole.

    Notes
    -----
    A carried rate is never an observation: `refuse_not_observed` guards the statistics.
    """
    if to_year < from_year:
        raise AnalysisError(
            "rates cannot be carried back to former units",
            found=f"{from_year} to {to_year}",
            expected="a later year",
            fix="combine the parts with their base: build_crosswalk and convert",
        )
    if values.index.has_duplicates:
        twice = ", ".join(map(str, values.index[values.index.duplicated()].unique()[:5]))
        raise DataError("units have several values", found=twice, expected="one value a unit")
    old = in_force(gazetteer, level=level, year=from_year)
    check_codes(values.index.astype(str), old.index, where=f"units in force at the end of {from_year}")
    new = in_force(gazetteer, level=level, year=to_year)
    start, end = end_of(from_year), end_of(to_year)
    traced = trace(gazetteer, new.index, level=level, on=end, day=start)
    origin = pd.Series(traced, dtype="str").reindex(new.index)
    known = values.set_axis(values.index.astype(str), axis=0).astype(float)
    same = new[VALID_FROM].isna() | (new[VALID_FROM] <= start)
    columns = {
        VALUE: origin.map(known).astype(float),
        "origin": origin.fillna(""),
        FLAG: np.where(same, "", CARRIED),
    }
    return pd.DataFrame(columns, index=new.index)


def ancestors(gazetteer: pd.DataFrame, *, level: str) -> dict[str, frozenset[str]]:
    """Return, for each code of a level, the other codes that its ground belonged to before."""
    rows = gazetteer[(gazetteer[LEVEL] == level) & (gazetteer[PREDECESSOR] != "")]
    parents: dict[str, set[str]] = {}
    for code, before in zip(rows[UNIT], rows[PREDECESSOR], strict=True):
        if code != before:
            parents.setdefault(str(code), set()).add(str(before))
    return {code: frozenset(_closure(code, parents)) for code in parents}


def double_counts(
    figures: pd.DataFrame,
    gazetteer: pd.DataFrame,
    *,
    level: str,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Return where a table has values for a unit and for the former unit that held its ground, in one year.

    Parameters
    ----------
    figures : DataFrame
        Columns `unit`, `year`, `value` and those of `by`; rows without a value count nothing.
    gazetteer : DataFrame
    level : str
    by : sequence of str
        What else makes a series: for example ``["indicator", "residence", "sex", "group"]``.

    Returns
    -------
    DataFrame
        One row a year, series, former unit and part: `year`, the columns of `by`, `former`, `part`, `reason`.
    """
    before = ancestors(gazetteer, level=level)
    keys = [YEAR, *by]
    rows = []
    for key, group in figures[figures[VALUE].notna()].groupby(keys, dropna=False, sort=True):
        here = set(group[UNIT].astype(str))
        twice = [
            (former, unit)
            for unit in sorted(here)
            for former in sorted(before.get(unit, ()))
            if former in here
        ]
        for former, unit in twice:
            reason = f"{unit} was part of {former}: both have a value for {key[0]}, its ground counts twice"
            rows.append((*key, former, unit, reason))
    return pd.DataFrame(rows, columns=[*keys, "former", "part", "reason"])


def refuse_double_counts(
    figures: pd.DataFrame, gazetteer: pd.DataFrame, *, level: str, by: Sequence[str] = ()
) -> None:
    """Pass where no ground is counted twice.

    Raises
    ------
    DataError
        Naming the former unit, its parts and the years.
    """
    found = double_counts(figures, gazetteer, level=level, by=by)
    if found.empty:
        return
    lines = []
    for former, group in found.groupby("former", sort=True):
        parts, years = sorted(group["part"].unique()), sorted(group[YEAR].unique())
        span = f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
        lines.append(f"{former} beside {', '.join(parts)} in {span}")
    raise DataError(
        "the same ground is counted twice",
        found="; ".join(lines),
        expected="in each year either the former unit or its parts",
        fix="keep the units in force in that year (in_force), and leave the others out",
    )


def refuse_not_observed(flags: pd.Series, *, what: str = "a statistic") -> None:
    """Pass where every figure was measured on the unit it stands for.

    Parameters
    ----------
    flags : Series of str
        On units; several flags joined by ``;``.
    what : str
        What was asked for, for the message.

    Raises
    ------
    AnalysisError
        If a figure is carried from a former unit or is that of the unit above: repeated values are not
        observations (17 units spread over 20 make a 5 % Moran test reject 12 %, 16 units 23 %).
    """
    text = flags.fillna("").astype("str")
    for flag in NOT_OBSERVED:
        marked = text[text.str.split(";").map(lambda parts, flag=flag: flag in [p.strip() for p in parts])]
        if len(marked):
            units = ", ".join(map(str, marked.index[:5]))
            raise AnalysisError(
                f"{what} was asked of figures that were not observed on these units",
                found=f"{len(marked)} of {len(text)} marked {flag!r}: {units}",
                expected="figures on the units where they were measured",
                fix="run it on the vintage and level of the figures, and draw it there",
            )


def reform_breaks(
    country: Country, gazetteer: pd.DataFrame, *, level: str
) -> dict[str, dict[int, dict[str, str]]]:
    """Return, for each unit that a reform made or cut, the years whose figures are the first on other ground.

    The year is that of the reform, because figures stand for the units in force at the end of their year.
    Values are the reform's text in each language (empty where the profile has none for that day).
    """
    texts = {(reform.level, pd.Timestamp(reform.date)): reform.text for reform in country.reforms}
    rows = gazetteer[(gazetteer[LEVEL] == level) & (gazetteer[PREDECESSOR] != "")]
    breaks: dict[str, dict[int, dict[str, str]]] = {}
    for code, day in zip(rows[UNIT], rows[VALID_FROM], strict=True):
        if pd.notna(day):
            breaks.setdefault(str(code), {})[int(day.year)] = dict(texts.get((level, day), {}))
    return breaks


def _closure(code: str, parents: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    open_ = [code]
    while open_:
        for before in parents.get(open_.pop(), ()):
            if before not in found and before != code:
                found.add(before)
                open_.append(before)
    return found
