"""Which unit of another year a unit continues, and what part of it."""

from __future__ import annotations

import pandas as pd

from atlasgeo.columns import LEVEL, PREDECESSOR, UNIT, VALID_FROM, VALID_TO

__all__ = ["ancestors"]


def ancestors(gazetteer: pd.DataFrame, *, level: str, from_year: int, to_year: int) -> pd.DataFrame:
    """Return for each unit of the end of `to_year` the one of the end of `from_year` that it continues.

    Parameters
    ----------
    gazetteer : DataFrame
        As `atlasgeo.units.read_units` returns.
    level : str
    from_year, to_year : int
        `from_year` is not after `to_year`.

    Returns
    -------
    DataFrame
        Indexed by unit, sorted: ``ancestor`` (missing where the gazetteer does not say) and ``same`` (True
        where it is the same period of the same unit: code and territory unchanged).
    """
    rows = gazetteer[gazetteer[LEVEL] == level]
    now = _standing(rows, to_year)
    then = _standing(rows, from_year)
    found = {row[UNIT]: _back(row, rows, then) for _, row in now.iterrows()}
    table = pd.DataFrame.from_dict(found, orient="index", columns=["ancestor", "same"])
    return table.rename_axis(UNIT).sort_index()


def _standing(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    end = pd.Timestamp(year, 12, 31)
    begun = rows[VALID_FROM].isna() | (rows[VALID_FROM] <= end)
    return rows[begun & (rows[VALID_TO].isna() | (rows[VALID_TO] > end))]


def _back(row: pd.Series, rows: pd.DataFrame, then: pd.DataFrame) -> tuple[str | None, bool]:
    """Walk from a row to the one in force then, one predecessor at a time."""
    here, steps = row, 0
    while here.name not in then.index:
        before = rows[rows[UNIT] == here[PREDECESSOR]]
        if pd.notna(here[VALID_FROM]):
            before = before[before[VALID_TO] <= here[VALID_FROM]]
        before = before.drop(index=here.name, errors="ignore")
        if before.empty or steps > len(rows):
            return None, False
        here, steps = before.sort_values(VALID_TO).iloc[-1], steps + 1
    return str(here[UNIT]), steps == 0
