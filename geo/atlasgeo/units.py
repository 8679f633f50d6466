"""The gazetteer: codes, names, parents and vintages. A code means nothing without its period."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from atlasgeo.columns import (
    ALIASES,
    AREA_KM2,
    INSIDE_LAT,
    INSIDE_LON,
    LAT,
    LEVEL,
    LON,
    NAME_PREFIX,
    PARENT,
    PREDECESSOR,
    TYPE,
    UNIT,
    VALID_FROM,
    VALID_TO,
)
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.matching import resolve
from atlasgeo.periods import end_of, stands_on
from atlasgeo.profiles import Country, read_country

__all__ = [
    "Country",
    "check_codes",
    "in_force",
    "read_country",
    "read_units",
    "resolve",
    "rows_on",
]

_TEXTS = (PARENT, PREDECESSOR, TYPE, ALIASES)
_DATES = (VALID_FROM, VALID_TO)
_NUMBERS = (LON, LAT, INSIDE_LON, INSIDE_LAT, AREA_KM2)


def read_units(path: str | Path) -> pd.DataFrame:
    """Return the gazetteer at `path`: one row a unit and period, checked.

    Parameters
    ----------
    path : str or Path
        A UTF-8 CSV file. Needed are `unit`, `level` and one `name_<language>`; `parent`, `predecessor`,
        `type`, `valid_from`, `valid_to` (the first day no longer in force), `lon`, `lat`, `inside_lon`,
        `inside_lat`, `area_km2`, `aliases` (joined by ``|``) and `short_<language>` are filled as empty
        where absent.

    Returns
    -------
    DataFrame
        RangeIndex; codes are text, periods are dates, `parent`, `predecessor`, `type` and `aliases` are ""
        where there is none; names stay missing where they are.

    Raises
    ------
    BoundaryError
        If a column is missing, a code or level is empty, a date or number cannot be read, two rows of a
        unit are in force at once, or a parent or predecessor is not in the gazetteer.
    """
    path = Path(path)
    if not path.is_file():
        raise BoundaryError(
            "there is no gazetteer", where=str(path), fix="give the path of a units.csv, or write one"
        )
    units = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    _require_columns(units, path)
    units = _typed(units, path)
    _refuse_empty(units, path)
    _refuse_overlaps(units, path)
    _refuse_strangers(units, path)
    return units


def in_force(gazetteer: pd.DataFrame, *, level: str, year: int) -> pd.DataFrame:
    """Return the units of `level` in force at the end of `year`, indexed by unit and sorted by code.

    Raises
    ------
    BoundaryError
        If the gazetteer has no such level, or knows none in force then; the message says which it knows.
    """
    return rows_on(gazetteer, level=level, day=end_of(year)).set_index(UNIT).sort_index()


def rows_on(gazetteer: pd.DataFrame, *, level: str, day: pd.Timestamp) -> pd.DataFrame:
    """Return the gazetteer's rows of `level` in force on `day`, with the gazetteer's own index.

    Raises
    ------
    BoundaryError
        As `in_force`.
    """
    rows = gazetteer[gazetteer[LEVEL] == level]
    if rows.empty:
        known = list(dict.fromkeys(gazetteer[LEVEL]))
        raise BoundaryError(
            f"the gazetteer has no level {level!r}",
            found=level,
            expected=", ".join(nearest(level, known) or known),
        )
    found = rows[stands_on(rows, day)]
    if found.empty:
        first = rows[VALID_FROM].min()
        raise BoundaryError(
            f"the gazetteer knows no unit of level {level!r} in force on {day.date()}",
            found=str(day.date()),
            expected=f"a day from {first.date()} on"
            if first > day
            else f"a day before {rows[VALID_TO].max().date()}",
            fix="choose a year that the gazetteer covers, or add the older units to it",
        )
    return found


def check_codes(codes: Iterable[str], known: Iterable[str], *, where: str | None = None) -> None:
    """Pass where every code is known; else refuse, naming the nearest known ones.

    Raises
    ------
    BoundaryError
        Listing up to five strangers, each with the codes that look most like it.
    """
    known = list(known)
    strangers = sorted(set(map(str, codes)) - set(known))
    if not strangers:
        return
    close = [f"{code} (nearest: {', '.join(nearest(code, known)) or 'none'})" for code in strangers[:5]]
    more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
    raise BoundaryError(
        f"{len(strangers)} unknown unit code{'s' if len(strangers) > 1 else ''}",
        where=where,
        found="; ".join(close) + more,
        expected=f"codes of the {len(known)} units in force, such as {', '.join(known[:3])}",
        fix="correct the codes, or choose the vintage in which they were in force",
    )


def _require_columns(units: pd.DataFrame, path: Path) -> None:
    for column in (UNIT, LEVEL):
        if column not in units:
            close = nearest(column, units.columns)
            raise BoundaryError(
                f"the gazetteer lacks the column {column!r}",
                where=str(path),
                found=", ".join(map(str, units.columns)),
                expected=column,
                fix=f"rename {close[0]!r}" if close else "add the column",
            )
    if not any(str(column).startswith(NAME_PREFIX) for column in units):
        raise BoundaryError(
            "the gazetteer has no names",
            where=str(path),
            expected="a column name_<language>, such as name_en",
        )


def _typed(units: pd.DataFrame, path: Path) -> pd.DataFrame:
    typed = units.apply(lambda column: column.str.strip())
    for column in _TEXTS:
        typed[column] = typed[column].fillna("") if column in typed else ""
    for column in (*_DATES, *_NUMBERS):
        text = typed[column] if column in typed else pd.Series(pd.NA, index=typed.index, dtype="str")
        value = (
            pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
            if column in _DATES
            else pd.to_numeric(text, errors="coerce")
        )
        wrong = text.notna() & value.isna()
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise BoundaryError(
                f"{column} is not a {'date' if column in _DATES else 'number'}",
                where=f"{path}, line {row + 2}, column {column}",
                found=text.iloc[row],
                expected="YYYY-MM-DD" if column in _DATES else "a number with a decimal point",
            )
        typed[column] = value
    return typed


def _refuse_empty(units: pd.DataFrame, path: Path) -> None:
    for column in (UNIT, LEVEL):
        empty = units[column].isna().to_numpy()
        if empty.any():
            raise BoundaryError(
                f"a row of the gazetteer has no {column}",
                where=f"{path}, line {int(empty.argmax()) + 2}, column {column}",
                expected="a value in every row",
            )
    backwards = (units[VALID_TO] <= units[VALID_FROM]).to_numpy()
    if backwards.any():
        row = int(backwards.argmax())
        raise BoundaryError(
            "a period of the gazetteer ends before it begins",
            where=f"{path}, line {row + 2}",
            found=f"{units[VALID_FROM].iloc[row].date()} to {units[VALID_TO].iloc[row].date()}",
        )


def _refuse_overlaps(units: pd.DataFrame, path: Path) -> None:
    ordered = units.sort_values([UNIT, VALID_FROM], na_position="first")
    again = ordered[UNIT].eq(ordered[UNIT].shift())
    ended = ordered[VALID_TO].shift()
    wrong = again & (ended.isna() | ordered[VALID_FROM].isna() | (ordered[VALID_FROM] < ended))
    if wrong.any():
        row = ordered[wrong].iloc[0]
        raise BoundaryError(
            f"unit {row[UNIT]} is in the gazetteer twice at the same time",
            where=f"{path}, line {int(ordered.index[wrong.to_numpy()][0]) + 2}",
            found=f"valid from {row[VALID_FROM]}",
            expected="one row a unit and period: key is unit and valid_from",
            fix="end one period with valid_to before the next begins",
        )


def _refuse_strangers(units: pd.DataFrame, path: Path) -> None:
    known = set(units[UNIT])
    for column in (PARENT, PREDECESSOR):
        strange = ~units[column].isin(known) & (units[column] != "")
        if strange.any():
            row = units[strange].iloc[0]
            raise BoundaryError(
                f"{column} {row[column]!r} of unit {row[UNIT]} is not in the gazetteer",
                where=f"{path}, line {int(units.index[strange][0]) + 2}, column {column}",
                found=row[column],
                expected=", ".join(nearest(row[column], known)) or "a code of the gazetteer",
            )
