"""What a survey answered, ready to be printed: chapters of text and tables, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Chapter", "Sheet", "Strip"]


@dataclass(frozen=True)
class Strip:
    """A value on a line from 0 to 1, its interval and a mark to hold it against; None where not there."""

    at: float | None
    low: float | None = None
    high: float | None = None
    mark: float | None = None


@dataclass(frozen=True)
class Sheet:
    """A table ready to be printed: every cell is text; beside each row a strip, or none at all."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    strips: tuple[Strip, ...] = ()
    strip_head: str = ""
    wide: int = 1


@dataclass(frozen=True)
class Chapter:
    """What a survey answered to one question: a title, what it says in words, and its tables.

    Attributes
    ----------
    key : str
        Names anchors.
    title, lead : str
    paragraphs : tuple of str
    sheets : tuple of Sheet
        The column of a sheet called `wide` takes what room is left.
    """

    key: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]
    sheets: tuple[Sheet, ...]
