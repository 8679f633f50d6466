"""Names to codes: exact first, then by sound, and never a guess between two places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from atlasgeo.columns import LEVEL, PARENT, UNIT
from atlasgeo.errors import BoundaryError, DataError, nearest
from atlasgeo.guessing import MARGIN, Match, build_choice, match_names
from atlasgeo.spellings import plain

__all__ = ["MARGIN", "THRESHOLD", "read_aliases", "resolve"]

THRESHOLD: Final = 78.0
"""Least similarity (0 to 100, restricted Damerau-Levenshtein over the longer spelling) of a misspelt name."""

_COLUMNS = ("name", UNIT, "score", "reason", "candidates")


def resolve(
    names: Iterable[object],
    gazetteer: pd.DataFrame,
    *,
    level: str | None = None,
    parent: str | Sequence[str | None] | None = None,
    vintage: int | Sequence[int | None] | None = None,
    aliases: str | Path | pd.DataFrame | Mapping[str, str] | None = None,
    threshold: float = THRESHOLD,
) -> pd.DataFrame:
    """Return the code that each name means, how sure that is and why; what is ambiguous stays unresolved.

    Parameters
    ----------
    names : iterable of str
        In any language of the gazetteer, in Cyrillic or any Latin transliteration, old or new spelling,
        with or without the kind of place (``Abay district``, ``Абайский район``, ``р-н Абай``, ``Abaı
        audany``). Codes are accepted as they are.
    gazetteer : DataFrame
        As `read_units` returns it.
    level : str, optional
        Only units of this level.
    parent : str or sequence of str, optional
        Code (or unambiguous name) of the unit above, one for all or one a name: a name is then never
        resolved to a unit of another parent.
    vintage : int or sequence of int, optional
        Only units in force at the end of that year, one for all or one a name. Without it present units are
        preferred to former ones.
    aliases : path of a CSV (columns ``name``, ``unit``), frame or mapping, optional
        The user's own spellings: they win over everything but a parent that contradicts them.
    threshold : float
        Least similarity of a misspelt name, 0 to 100.

    Returns
    -------
    DataFrame
        On the index of `names` (RangeIndex for a list): `name`; `unit`, missing where unresolved; `score`,
        100 where a spelling is known; `reason`; `candidates`, a tuple of codes, best first, where it is
        unresolved.

    Raises
    ------
    DataError
        If `parent` or `vintage` has another length than `names`, or the table of aliases cannot be used.
    BoundaryError
        If the level is not in the gazetteer, or an alias names an unknown code.

    Notes
    -----
    A name that no spelling equals is compared by restricted Damerau-Levenshtein similarity (rapidfuzz),
    both as it is written and by its sound key. It resolves where the best unit reaches `threshold` and the
    next one is less similar by MARGIN; with a parent given, one wrong letter in a name of three or four is
    enough. Names with digits are never guessed. Each distinct name is compared once: O(distinct names x
    spellings).
    """
    listed = names if isinstance(names, pd.Series) else pd.Series(list(names), dtype=object)
    given = _one_each(vintage, len(listed), "vintage")
    years = [None if pd.isna(year) else int(year) for year in given]
    parents = _parents(_one_each(parent, len(listed), "parent"), gazetteer, years)
    table = _alias_table(aliases, gazetteer)
    rows = _rows_of(gazetteer, level)
    wanted: dict[tuple[str | None, int | None], list[tuple[int, str]]] = {}
    found: list[Match] = [Match(reason="empty")] * len(listed)
    for position, (name, above, year) in enumerate(zip(listed, parents, years, strict=True)):
        if name is None or (isinstance(name, float) and np.isnan(name)) or not str(name).strip():
            continue
        if above == _UNKNOWN:
            found[position] = Match(reason="parent unknown")
            continue
        wanted.setdefault((above, year), []).append((position, _as_name(name)))
    for (above, year), group in wanted.items():
        choice = build_choice(rows, above, year)
        known = match_names({name for _, name in group}, choice, table, threshold)
        for position, name in group:
            found[position] = known[name]
    return pd.DataFrame(
        {
            "name": listed.to_numpy(),
            UNIT: pd.array([match.unit for match in found], dtype="str"),
            "score": np.array([match.score for match in found], dtype=float),
            "reason": [match.reason for match in found],
            "candidates": pd.Series([match.candidates for match in found], dtype=object).to_numpy(),
        },
        index=listed.index,
        columns=list(_COLUMNS),
    )


_UNKNOWN = "\0unknown"


def _as_name(name: object) -> str:
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name).strip()


def _rows_of(gazetteer: pd.DataFrame, level: str | None) -> pd.DataFrame:
    if level is None:
        return gazetteer
    rows = gazetteer[gazetteer[LEVEL] == level]
    if rows.empty:
        known = list(dict.fromkeys(gazetteer[LEVEL]))
        raise BoundaryError(
            f"the gazetteer has no level {level!r}",
            found=level,
            expected=", ".join(nearest(level, known) or known),
        )
    return rows


def _one_each(given: object, count: int, what: str) -> list[Any]:
    """Return one value a name, from one for all or one each."""
    if given is None or isinstance(given, str | int | np.integer):
        return [given] * count
    listed = list(given) if isinstance(given, Iterable) else [given]
    if len(listed) != count:
        raise DataError(
            f"{what} has another length than names",
            found=len(listed),
            expected=f"one {what}, or {count} of them",
        )
    return listed


def _parents(given: list[Any], gazetteer: pd.DataFrame, years: list[int | None]) -> list[str | None]:
    """Return the parent's code for each name, None where none is given."""
    codes: dict[tuple[object, int | None], str | None] = {}
    for value, year in zip(given, years, strict=True):
        if (value, year) not in codes:
            codes[value, year] = _parent_code(value, gazetteer, year)
    return [codes[pair] for pair in zip(given, years, strict=True)]


def _parent_code(value: object, gazetteer: pd.DataFrame, year: int | None) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    text = _as_name(value)
    if not text:
        return None
    above = set(gazetteer[PARENT])
    if text in above:
        return text
    rows = gazetteer[gazetteer[UNIT].isin(above)]
    match = match_names({text}, build_choice(rows, None, year), {}, THRESHOLD)[text]
    return match.unit or _UNKNOWN


def read_aliases(path: str | Path) -> dict[str, str]:
    """Return name -> code of a table of a user's own spellings.

    Raises
    ------
    DataError
        If there is no such file, or it lacks the columns ``name`` and ``unit``.
    """
    frame = _alias_frame(path, str(path))
    return dict(zip(frame["name"], frame[UNIT], strict=True))


def _alias_table(
    aliases: str | Path | pd.DataFrame | Mapping[str, str] | None, gazetteer: pd.DataFrame
) -> dict[str, str]:
    """Return the user's own spellings, plain, with their codes."""
    if aliases is None:
        return {}
    where = str(aliases) if isinstance(aliases, str | Path) else None
    frame = _alias_frame(aliases, where)
    known = set(gazetteer[UNIT])
    for name, unit in zip(frame["name"], frame[UNIT], strict=True):
        if unit not in known:
            raise BoundaryError(
                f"the alias {name!r} names an unknown code",
                where=where,
                found=unit,
                expected=", ".join(nearest(unit, known)) or "a code of the gazetteer",
            )
    table = {plain(name): unit for name, unit in zip(frame["name"], frame[UNIT], strict=True)}
    if len(table) < len(frame.assign(name=frame["name"].map(plain)).drop_duplicates()):
        raise DataError("an alias names two units", where=where, fix="keep one row a spelling")
    return table


def _alias_frame(aliases: str | Path | pd.DataFrame | Mapping[str, str], where: str | None) -> pd.DataFrame:
    """Return the columns name and unit of a table of aliases, as text."""
    if isinstance(aliases, str | Path):
        if not Path(aliases).is_file():
            raise DataError("there is no table of aliases", where=where, fix="correct the path")
        frame = pd.read_csv(aliases, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    elif isinstance(aliases, pd.DataFrame):
        frame = aliases
    else:
        frame = pd.DataFrame({"name": list(aliases), UNIT: list(aliases.values())})
    lacking = [column for column in ("name", UNIT) if column not in frame]
    if lacking:
        raise DataError(
            f"the table of aliases lacks the column {lacking[0]!r}",
            where=where,
            found=", ".join(map(str, frame.columns)),
            expected=f"columns name and {UNIT}",
        )
    return frame[["name", UNIT]].astype(str).apply(lambda column: column.str.strip())
