"""One family of errors, an exit code each; every message says what, where, found, expected and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "AnalysisError",
    "AtlasError",
    "AtlasWarning",
    "BoundaryError",
    "DataError",
    "PrivacyError",
    "SourceError",
    "StudyError",
    "nearest",
]


class AtlasError(Exception):
    """The base of all errors that a user can mend.

    Parameters
    ----------
    what : str
        What is wrong, as one sentence without a full stop.
    where : str, optional
        File, line or row, and column.
    found, expected : object, optional
        What was there, and what should have been.
    fix : str, optional
        What to do next.

    Notes
    -----
    ``str(error)`` is the whole message, one part a line; `exit_code` is what the command line returns.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: object = None,
        expected: object = None,
        fix: str | None = None,
    ) -> None:
        self.what, self.where, self.found, self.expected, self.fix = what, where, found, expected, fix
        parts = [("where", where), ("found", found), ("expected", expected), ("to do", fix)]
        lines = [what, *(f"  {name}: {part}" for name, part in parts if part is not None)]
        super().__init__("\n".join(lines))


class StudyError(AtlasError):
    """A study, a recipe, a profile or a command is written wrongly."""

    exit_code = 2


class DataError(AtlasError):
    """A table of figures, survey records or catalogue entries cannot be used as it is."""

    exit_code = 3


class BoundaryError(AtlasError):
    """Shapes, codes, coordinate systems or gazetteers do not fit together."""

    exit_code = 4


class SourceError(AtlasError):
    """An official file could not be fetched or is not the pinned one."""

    exit_code = 5


class AnalysisError(AtlasError):
    """A statistic was asked for what it cannot answer."""

    exit_code = 6


class PrivacyError(AtlasError):
    """Drawing or writing this would disclose too much."""

    exit_code = 7


class AtlasWarning(UserWarning):
    """Something a reader of the result has to know, though the result stands."""


def nearest(word: object, known: Iterable[object], *, n: int = 3) -> list[str]:
    """Return up to `n` known words that look like `word`, best first, for the end of an error message."""
    words = [str(k) for k in known]
    return difflib.get_close_matches(str(word), words, n=n, cutoff=0.5)
