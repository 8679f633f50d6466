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
    """Which unit each row of a table is about.

    Attributes
    ----------
    units : Series of str
        Code of each row, missing where none was found.
    called : Series of str
        What the table calls the place of each row: the name, with the unit above in brackets where given.
    names : dict of str to str
        Those that are names, not codes, with their code (several, where years differ).
    guessed : dict of str to float
        The names that no known spelling equals, with their similarity, 0 to 100.
    reasons : dict of str to str
        For each that has no code in some row: why.
    """

    units: pd.Series[str]
    called: pd.Series[str]
    names: dict[str, str] = field(default_factory=dict)
    guessed: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def resolve_places(
    cells: pd.Series[str],
    gazetteer: pd.DataFrame | None,
    *,
    level: str | None = None,
    above: pd.Series[str] | None = None,
    years: pd.Series[int] | None = None,
    aliases: Mapping[str, str] | None = None,
    path: str = "",
) -> Places:
    """Return the units that a column of codes and names means.

    Parameters
    ----------
    cells : Series of str
        Codes, or names in any language of the gazetteer, indexed by row of the file.
    gazetteer : DataFrame or None
        As `atlasgeo.units.read_units` returns; None takes every text for a code.
    level : str, optional
        Names are looked for among the units of this level, then those above it.
    above : Series of str, optional
        Code or name of the unit above, row by row, empty where not given: a name then means a part of it.
    years : Series of int, optional
        A name means a unit in force at the end of the row's year; one that was not in force then is still
        found, for the check that follows to tell.
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
        return Places(cells, cells)
    codes = _codes(first, gazetteer, aliases or {}, path)
    units = cells.map(codes).astype("str")
    named = units.isna()
    if not named.any():
        return Places(units, cells)
    asked = pd.DataFrame({"text": cells, "above": "", "year": pd.NA}, index=cells.index)
    if above is not None:
        asked["above"] = above
    if years is not None:
        asked["year"] = years
    asked = asked[named]
    answers = _answers(asked, _from_level_up(gazetteer, level), aliases or {})
    told = asked["text"].where(asked["above"] == "", asked["text"] + " (" + asked["above"] + ")")
    return _judged(units, cells.mask(named, told), answers, _first_names(gazetteer), path)


def _answers(asked: pd.DataFrame, gazetteer: pd.DataFrame, aliases: Mapping[str, str]) -> pd.DataFrame:
    """Return what each row's name means; one not in force in its year is looked for in all of them."""
    from atlasgeo.matching import resolve

    each = asked.drop_duplicates()
    found = resolve(
        each["text"].tolist(),
        gazetteer,
        parent=each["above"].tolist(),
        vintage=each["year"].tolist(),
        aliases=dict(aliases) or None,
    ).set_axis(each.index, axis=0)
    late = found[UNIT].isna() & (found["reason"] == "not in force in that year")
    if late.any():
        again = each[late]
        anew = resolve(
            again["text"].tolist(),
            gazetteer,
            parent=again["above"].tolist(),
            aliases=dict(aliases) or None,
        ).set_axis(again.index, axis=0)
        sure = anew[anew[UNIT].notna()]
        found.loc[sure.index, list(found.columns)] = sure
    keyed = found.set_axis(pd.MultiIndex.from_frame(each.astype(object).fillna("")), axis=0)
    rows = keyed.reindex(pd.MultiIndex.from_frame(asked.astype(object).fillna("")))
    return rows.set_axis(asked.index, axis=0)


def _judged(
    units: pd.Series[str],
    called: pd.Series[str],
    answers: pd.DataFrame,
    named: Mapping[str, str],
    path: str,
) -> Places:
    """Return the codes of names, and for the others the reason."""
    found: dict[str, str] = {}
    guessed: dict[str, float] = {}
    reasons: dict[str, str] = {}
    told = answers.assign(called=called[answers.index])
    for row, answer in told.drop_duplicates(["called", UNIT, "reason"]).iterrows():
        text, candidates = str(answer["called"]), [_told(code, named) for code in answer["candidates"]]
        if not pd.isna(answer[UNIT]):
            found[text] = f"{found[text]}, {answer[UNIT]}" if text in found else str(answer[UNIT])
            guessed |= {text: float(answer["score"])} if answer["score"] < SURE else {}
        elif len(candidates) > 1 and "ambig" in str(answer["reason"]).lower():
            raise _ambiguous(text, candidates, where=f"{path}, row {row}, column {UNIT}")
        else:
            reasons[text] = _reason(answer["reason"], candidates)
    return Places(units.fillna(answers[UNIT]), called, found, guessed, reasons)


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
        fix="write the code, the full name with its type, or the unit above in a column `parent`",
    )
