"""From what a table calls a place to the code of the unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from atlasgeo.columns import LEVEL, NAME_PREFIX, PARENT, UNIT
from childatlas.errors import DataError, nearest

__all__ = ["Places", "resolve_places", "unknown_code"]

SURE = 100.0


@dataclass(frozen=True, eq=False)
class Places:
    """Which code each text stands for.

    Attributes
    ----------
    codes : dict of str to str
        Text of the table -> code, for those that have one.
    names : tuple of str
        The texts among them that are names, not codes.
    guessed : dict of str to float
        The names that no known spelling equals, with their similarity, 0 to 100.
    reasons : dict of str to str
        For each text that has no code: why.
    """

    codes: dict[str, str]
    names: tuple[str, ...] = ()
    guessed: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def resolve_places(
    cells: pd.Series[str],
    gazetteer: pd.DataFrame | None,
    *,
    level: str | None = None,
    aliases: Mapping[str, str] | None = None,
    path: str = "",
) -> Places:
    """Return the codes of the units that a column of codes and names means.

    Parameters
    ----------
    cells : Series of str
        Codes, or names in any language of the gazetteer, indexed by row of the file.
    gazetteer : DataFrame or None
        As `atlasgeo.units.read_units` returns; None takes every text for a code.
    level : str, optional
        Names are looked for among the units of this level, then those above it.
    aliases : mapping of name to code, optional
        Further names.
    path : str
        The file, for messages.

    Raises
    ------
    DataError
        If a cell is empty, a text looks like a code but is none (the nearest known codes are named), or a
        name could mean several units (all of them are named).

    Notes
    -----
    A text looks like a code if it is written like one of the gazetteer's (the same digits, capitals and
    small letters), or holds a digit and no space. Zeros that a spreadsheet took from the front are put back.
    """
    first = {text: row for row, text in cells[~cells.duplicated()].items()}
    if "" in first:
        raise DataError(
            "a figure has no unit",
            where=f"{path}, row {first['']}, column {UNIT}",
            expected="a code, or a name of the gazetteer",
        )
    if gazetteer is None:
        return Places(codes={text: text for text in first})
    codes = _codes(first, gazetteer, aliases or {}, path)
    names = tuple(text for text in first if text not in codes)
    found = _names(names, gazetteer, level=level, aliases=aliases or {}, where=(path, first))
    return Places({**codes, **found.codes}, names, guessed=found.guessed, reasons=found.reasons)


def _codes(
    first: Mapping[str, object], gazetteer: pd.DataFrame, aliases: Mapping[str, str], path: str
) -> dict[str, str]:
    known = set(gazetteer[UNIT])
    shapes = {_shape(code) for code in known}
    widths = {len(code) for code in known}
    width = widths.pop() if len(widths) == 1 else 0
    codes = {}
    for text, row in first.items():
        padded = text.zfill(width) if text.isdigit() else text
        if text in known or padded in known:
            codes[text] = text if text in known else padded
        elif text not in aliases and _like_a_code(text, shapes):
            raise unknown_code(text, gazetteer, where=f"{path}, row {row}, column {UNIT}")
    return codes


def _like_a_code(text: str, shapes: set[str]) -> bool:
    return _shape(text) in shapes or (any(letter.isdigit() for letter in text) and " " not in text)


def _shape(text: str) -> str:
    """Return how a text is written: ``A`` for capitals, ``a`` for small letters, ``9`` for digits."""
    kinds = re.sub(r"\d", "9", text)
    return "".join("A" if c.isupper() else "a" if c.islower() else c for c in kinds)


def unknown_code(code: str, gazetteer: pd.DataFrame, *, where: str) -> DataError:
    """Return the error for a code that the gazetteer does not have, naming the nearest ones it has."""
    named = _first_names(gazetteer)
    alike = sorted(nearest(code, named, n=12), key=lambda known: -_shared(code, known))
    close = alike[:3] or sorted(named)[:3]
    return DataError(
        f"unknown unit code {code!r}",
        where=where,
        found=code,
        expected=", ".join(_told(known, named) for known in close),
        fix="correct the code, or add the unit to the gazetteer",
    )


def _shared(code: str, known: str) -> int:
    """Return how many letters two codes share from the left."""
    return next((i for i, (a, b) in enumerate(zip(code, known, strict=False)) if a != b), len(known))


def _names(
    names: tuple[str, ...],
    gazetteer: pd.DataFrame,
    *,
    level: str | None,
    aliases: Mapping[str, str],
    where: tuple[str, Mapping[str, object]],
) -> Places:
    """Return the codes of names, and for the others the reason."""
    if not names:
        return Places(codes={})
    from atlasgeo.matching import resolve

    found: dict[str, str] = {}
    guessed: dict[str, float] = {}
    reasons: dict[str, str] = {}
    named = _first_names(gazetteer)
    answers = resolve(list(names), _from_level_up(gazetteer, level), aliases=dict(aliases) or None)
    for text, (_, answer) in zip(names, answers.iterrows(), strict=True):
        candidates = [_told(code, named) for code in answer["candidates"]]
        if not pd.isna(answer[UNIT]) and answer[UNIT] != "":
            found[text] = str(answer[UNIT])
            guessed |= {text: float(answer["score"])} if answer["score"] < SURE else {}
        elif len(candidates) > 1 and "ambig" in str(answer["reason"]).lower():
            raise _ambiguous(text, candidates, where=f"{where[0]}, row {where[1][text]}, column {UNIT}")
        else:
            reasons[text] = _reason(answer["reason"], candidates)
    return Places(found, names, guessed=guessed, reasons=reasons)


def _from_level_up(gazetteer: pd.DataFrame, level: str | None) -> pd.DataFrame:
    """Return the rows of a level and of those above it (its parents' levels); all of them without a level."""
    levels, here = set(), level
    while here is not None and here not in levels:
        levels.add(here)
        parents = set(gazetteer.loc[gazetteer[LEVEL] == here, PARENT]) - {""}
        above = gazetteer.loc[gazetteer[UNIT].isin(parents), LEVEL]
        here = str(above.iloc[0]) if len(above) else None
    return gazetteer[gazetteer[LEVEL].isin(levels)] if levels else gazetteer


def _first_names(gazetteer: pd.DataFrame) -> dict[str, str]:
    """Return the name of each code in the gazetteer's first language."""
    column = next((str(c) for c in gazetteer if str(c).startswith(NAME_PREFIX)), UNIT)
    return dict(zip(gazetteer[UNIT], gazetteer[column].fillna("").astype(str), strict=True))


def _told(code: str, named: Mapping[str, str]) -> str:
    return f"{code} ({named[code]})" if named.get(code) else code


def _reason(reason: object, candidates: list[str]) -> str:
    nearby = f"; nearest: {', '.join(candidates)}" if candidates else ""
    return f"{reason}{nearby}"


def _ambiguous(text: str, candidates: list[str], *, where: str) -> DataError:
    return DataError(
        f"the name {text!r} could mean {len(candidates)} units",
        where=where,
        found=text,
        expected=" or ".join(candidates),
        fix="write the code, or the full name with its type",
    )
