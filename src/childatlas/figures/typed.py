"""Cells of text made into years, words, flags and numbers; what cannot be one is refused with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from atlasgeo.columns import FLAG, FLAGS, SE, VALUE, YEAR, N
from childatlas.errors import DataError, nearest
from childatlas.figures.numbers import parse_numbers
from childatlas.figures.schema import FIRST_YEAR, LAST_YEAR

__all__ = ["read_flags", "read_numbers", "read_words", "read_years"]

NUMBERS = (VALUE, SE, N)


def read_years(cells: pd.Series[str], path: Path) -> pd.Series[int]:
    """Return whole years; a cell that is none is refused with its place."""
    years = pd.to_numeric(cells.where(cells.str.fullmatch(r"[0-9]{4}")), errors="coerce")
    wrong = ~years.between(FIRST_YEAR, LAST_YEAR)
    if wrong.any():
        row = cells.index[wrong][0]
        raise DataError(
            "a year is not a year",
            where=f"{path}, row {row}, column {YEAR}",
            found=repr(cells[row]),
            expected=f"a whole number from {FIRST_YEAR} to {LAST_YEAR}, such as 2019",
        )
    return years.astype(int)


def read_words(
    cells: pd.Series[str],
    path: Path,
    *,
    known: Iterable[str],
    default: str = "",
    others: Mapping[str, str] | None = None,
) -> pd.Series[str]:
    """Return words of a closed list, small letters, `default` where empty; others are refused."""
    words = cells.str.lower().replace({"": default, **(others or {})})
    wrong = ~words.isin(set(known))
    if wrong.any():
        row = cells.index[wrong][0]
        close = nearest(words[row], known)
        raise DataError(
            f"unknown {cells.name} {cells[row]!r}",
            where=f"{path}, row {row}, column {cells.name}",
            found=cells[row],
            expected=", ".join(word for word in known if word) + ("" if default else " or empty"),
            fix=f"did you mean {close[0]!r}?" if close else None,
        )
    return words


def read_flags(cells: pd.Series[str], path: Path) -> pd.Series[str]:
    """Return flags joined by ``;``, each known and once."""
    texts = {text: [f.strip().lower() for f in text.split(";") if f.strip()] for text in cells.unique()}
    for text, flags in texts.items():
        strange = [flag for flag in flags if flag not in FLAGS]
        if strange:
            close = nearest(strange[0], FLAGS)
            raise DataError(
                f"unknown flag {strange[0]!r}",
                where=f"{path}, row {cells.index[cells == text][0]}, column {FLAG}",
                found=text,
                expected=", ".join(FLAGS) + "; several joined by ';'",
                fix=f"did you mean {close[0]!r}?" if close else None,
            )
    return cells.map({text: ";".join(dict.fromkeys(flags)) for text, flags in texts.items()})


def read_numbers(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return value, se and n as floats; all cells of the file decide together what a comma means."""
    stacked = pd.concat([raw[column] for column in NUMBERS], keys=NUMBERS)
    parsed = parse_numbers(stacked)
    for mask, what, fix in (
        (parsed.wrong, "a number column holds text", "leave the cell empty where there is no figure"),
        (
            parsed.unclear,
            "it is unclear what the comma means",
            "write 1.234 for a decimal, 1234 for a thousand",
        ),
    ):
        if mask.any():
            column, row = stacked.index[mask.to_numpy()][0]
            raise DataError(
                what,
                where=f"{path}, row {row}, column {column}",
                found=repr(raw.loc[row, column]),
                expected="a number, or an empty cell",
                fix=fix,
            )
    numbers = parsed.values.unstack(level=0)
    return numbers.reindex(index=raw.index, columns=list(NUMBERS))
