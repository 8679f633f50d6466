"""Numbers as people write them: decimal point or comma, thousands set apart, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["MISSING", "ParsedNumbers", "parse_numbers"]

MISSING = frozenset({"", "NA", "NaN", "nan", "...", "…"})

_SPACES = r"(?<=[0-9])[ \u00a0\u202f\u2009](?=[0-9]{3}(?![0-9]))"
_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_COMMA_GROUPS = r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}"
_POINT_GROUPS = r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}"
_EITHER = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
_DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+"


@dataclass(frozen=True, eq=False)
class ParsedNumbers:
    """Numbers read from text cells.

    Attributes
    ----------
    values : Series of float
        On the index of the cells; NaN where missing or not a number.
    wrong : Series of bool
        True where the text is neither a number nor empty.
    unclear : Series of bool
        True where ``1,234`` could be a decimal comma or a thousand, and nothing else in the file tells.
    """

    values: pd.Series[float]
    wrong: pd.Series[bool]
    unclear: pd.Series[bool]


def parse_numbers(cells: pd.Series[str]) -> ParsedNumbers:
    """Return the numbers that text cells hold.

    Parameters
    ----------
    cells : Series of str
        All the number cells of one file: they decide together what a comma means.

    Returns
    -------
    ParsedNumbers

    Notes
    -----
    A comma is a decimal comma (``5,4``) unless it groups thousands beyond doubt (``1,234.5``, ``1,234,567``).
    ``1,234`` alone is read as the rest of the file is written, and left unclear where the rest is silent.
    """
    codes, distinct = pd.factorize(cells)
    parsed = _parse(pd.Series(distinct, dtype="object"))
    return ParsedNumbers(*(part.take(codes).set_axis(cells.index) for part in parsed))


def _parse(cells: pd.Series[str]) -> tuple[pd.Series[float], pd.Series[bool], pd.Series[bool]]:
    """Return values, what is wrong and what is unclear, of distinct texts."""
    text = cells.astype("str").str.strip().str.replace("−", "-").str.replace(_SPACES, "", regex=True)
    missing = text.isin(MISSING)
    grouped = text.str.fullmatch(_COMMA_GROUPS)
    pointed = text.str.fullmatch(_POINT_GROUPS)
    either = text.str.fullmatch(_EITHER)
    decimal = text.str.fullmatch(_DECIMAL_COMMA) & ~either
    says_decimal, says_grouped = bool((decimal | pointed).any()), bool(grouped.any())
    unclear = either & (says_decimal == says_grouped)
    as_thousand = grouped | (either & says_grouped & ~says_decimal)
    plain = text.mask(as_thousand, text.str.replace(",", ""))
    plain = plain.mask(pointed, text.str.replace(".", ""))
    plain = plain.str.replace(",", ".")
    right = plain.str.fullmatch(_PLAIN) & ~unclear
    values = pd.to_numeric(plain.where(right & ~missing), errors="coerce").astype(float)
    return values, ~(right | missing | unclear), unclear
