"""What is wrong with a recipe that cannot be used: which indicator, which key, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childatlas.errors import StudyError, nearest

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["explain_fault"]

_REMEDIES = {
    "greater_than_equal": "correct the number; a part of weight 0 is left out",
    "less_than_equal": "correct the number",
    "finite_number": "write a number",
    "missing": "add the key",
}


def explain_fault(
    error: ValidationError, content: Mapping[str, Any], *, keys: Iterable[str], path: Path | None = None
) -> StudyError:
    """Return the error that names the part of the recipe, what was found, what was expected and the remedy.

    Parameters
    ----------
    error : ValidationError
        Of the recipe; an unknown key is told first, since what else is wrong often follows from it.
    content : mapping
        What was to be a recipe: it gives the ids of the parts.
    keys : iterable of str
        Every key that a recipe may have somewhere.
    path : Path, optional
        The file.
    """
    faults = error.errors(include_url=False)
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    place = _place(first["loc"], content)
    where = f"{path}, {place}" if path is not None else place
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        close = nearest(key, keys)
        return StudyError(
            f"the recipe cannot be used: unknown key {key!r}{more}",
            where=where,
            found=first.get("input"),
            expected=f"nearest known: {', '.join(close)}" if close else None,
            fix=f"did you mean {close[0]!r}?" if close else "remove the key",
        )
    says = str(first["msg"]).removeprefix("Value error, ")
    given = first.get("input")
    return StudyError(
        f"the recipe cannot be used: {says}{more}",
        where=where,
        found=None if isinstance(given, Mapping) or first["type"] == "missing" else given,
        fix=_remedy(str(first["type"]), says, given),
    )


def _place(loc: Sequence[int | str], content: Mapping[str, Any]) -> str:
    """Return where a fault is, parts being called by their id: ``indicators 'stunting', weight``."""
    if not loc:
        return "(whole recipe)"
    words: list[str] = []
    here: Any = content
    for step in loc:
        here = _inside(here, step)
        if isinstance(step, int) and words:
            name = here.get("id") if isinstance(here, Mapping) else None
            words[-1] += f" {name!r}" if name is not None else f" number {step + 1}"
        else:
            words.append(str(step))
    return ", ".join(words)


def _inside(here: Any, step: int | str) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def _remedy(kind: str, says: str, given: object) -> str | None:
    if kind == "literal_error" and isinstance(given, str):
        known = re.findall(r"'([^']+)'", says)
        close = nearest(given.replace("_", "-"), known)
        return f"did you mean {close[0]!r}?" if close else None
    return _REMEDIES.get(kind)
