"""Numbers of a survey as text, and their intervals as strips: what the chapters' tables are set from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo.columns import RESIDENCE, SUPPRESSED, TOTAL, UNIT
from childatlas.atlas.scales import Scale, scale_of
from childatlas.atlas.words import Words
from childatlas.chapters import Strip

__all__ = ["Setting", "strips_of"]

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Setting:
    """Words, names of units and the tables that chapters are made of."""

    words: Words
    names: Mapping[str, str]
    tables: Tables
    national: str
    labels: Mapping[str, Mapping[str, str]]  # by kind and key: words that the study or its definitions give

    def say(self, key: str, **values: object) -> str:
        """Return a text of the chapters."""
        return self.words.say(f"inquiry.{key}", **values)

    def name(self, kind: str, key: str) -> str:
        """Return the word for a key, or the key made readable."""
        return self.labels.get(kind, {}).get(key) or self.words.name(f"inquiry.{kind}", key)

    def place(self, unit: str, residence: str = TOTAL) -> str:
        """Return a place's name, with town or village where it is one of them."""
        own = self.names.get(str(unit), str(unit))
        return own if residence == TOTAL else self.say(f"place_{residence}", place=own)

    def percent(self, value: Any, digits: int = 1) -> str:
        """Return a share as a per cent number; the word for suppressed where it is missing."""
        return self.number(None if _missing(value) else 100 * float(value), digits)

    def number(self, value: Any, digits: int = 1) -> str:
        """Return a number; the word for suppressed where it is missing."""
        if _missing(value):
            return self.words.name("flags", SUPPRESSED)
        return self.words.number(float(value), digits)

    def interval(self, row: Any, digits: int = 1, *, scale: float = 100.0, value: str = "value") -> str:
        """Return a value with its interval."""
        ends = [getattr(row, name) for name in (value, "low", "high")]
        if _missing(ends[0]):
            return self.words.name("flags", SUPPRESSED)
        texts = [self.words.number(scale * float(e), digits) if not _missing(e) else "" for e in ends]
        if not texts[1]:
            return texts[0]
        return self.words.say("value.interval", value=texts[0], low=texts[1], high=texts[2])

    def of_places(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the country and of oblasts, both residences together, the country first."""
        rows = table[(table[RESIDENCE] == TOTAL) & (table["level"] != "district")]
        country = rows[UNIT] == self.national
        ordered = rows.assign(_name=[self.place(u) for u in rows[UNIT]], _last=~country)
        return ordered.sort_values(["_last", "_name"], kind="stable").drop(columns=["_name", "_last"])


def _missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value)) or not np.isfinite(float(value))


def strips_of(
    rows: pd.DataFrame, *, value: str = "value", mark: Any = None, log: bool = False, zero: bool = True
) -> tuple[Strip, ...]:
    """Return a strip for each row: its value and ``low`` to ``high`` on one scale, and a mark.

    Parameters
    ----------
    rows : DataFrame
        With ``low`` and ``high``.
    value : str
    mark : float or iterable of float, optional
        One for all rows, or one each.
    log : bool
        Whether the scale is logarithmic.
    zero : bool
        Whether the scale holds 0.
    """
    marks = [mark] * len(rows) if mark is None or np.isscalar(mark) else list(mark)
    columns = [_plain(rows[c], log=log) for c in (value, "low", "high")]
    marked = _plain(marks, log=log)
    scale = _scale([x for column in (*columns, marked) for x in column], zero=zero and not log)
    places = [[None if x is None else scale.at(x) for x in column] for column in (*columns, marked)]
    return tuple(Strip(at, low, high, own) for at, low, high, own in zip(*places, strict=True))


def _plain(values: Iterable[Any], *, log: bool) -> list[float | None]:
    """Return numbers as they stand on the scale, None where there is none."""
    found: list[float | None] = []
    for value in values:
        if _missing(value) or (log and float(value) <= 0):
            found.append(None)
        else:
            found.append(float(np.log(float(value))) if log else float(value))
    return found


def _scale(values: list[float | None], *, zero: bool) -> Scale:
    return scale_of([x for x in values if x is not None], zero=zero)
