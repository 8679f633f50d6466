"""What a picture says: its texts, the words of its legend, and how a number is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from atlasgeo.errors import StudyError

__all__ = ["ENGLISH", "MapText", "format_number"]

MINUS: Final = "\u2212"
NO_BREAK_SPACE: Final = "\u00a0"

ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_data": "no data",
        "suppressed": "suppressed",
        "suspect": "suspect, not used",
        "modelled": "modelled",
        "synthetic": "synthetic",
        "schematic": "schematic shapes",
        "carried": "carried from a former unit",
        "oblast value": "value of the unit above",
        "share_estimated": "share estimated",
        "uncertain": "uncertain",
        "country": "country",
        "units": "units",
        "kilometres": "km",
        "metres": "m",
        "rank": "rank",
        "value": "value",
        "source": "source",
        "interval": "interval",
        "search": "Search by name",
        "layers": "Layer",
        "trend": "trend",
        "not_found": "No unit of that name",
        "others": "{n} more between",
        "urban": "urban",
        "rural": "rural",
        "ratio": "ratio",
        "difference": "difference",
        "slope": "slope = global Moran's I",
        "own_value": "value (standard scores)",
        "lag_value": "mean of the neighbours (standard scores)",
        "circle": "area of the circle = number",
        "High-High": "High\u2013High",
        "Low-Low": "Low\u2013Low",
        "High-Low": "High\u2013Low",
        "Low-High": "Low\u2013High",
        "hot spot": "hot spot",
        "cold spot": "cold spot",
        "not significant": "not significant",
        "cannot be significant": "cannot be significant: too few neighbours",
        "no neighbours": "no neighbours",
        "suggestive": "suggestive: does not survive correction",
        "clusters_none": "No cluster survives the correction for many tests.",
        "clusters_some": "{n} of {units} units belong to a cluster that survives correction.",
        "clusters_suggestive": "Suggestive only: {names}.",
        "clusters_cannot": "Cannot be significant, whatever their values: {names}.",
        "clusters_islands": "Without neighbours: {names}.",
        "graph_part": "part {n}",
        "graph_whole": "All {units} units hang together by {links} links.",
        "graph_parts": "The graph falls into {parts} parts: {links} links, none from one part to another.",
        "graph_all": "Global Moran's I of all units: {value}.",
        "graph_alone": "Part {n} alone: {value}.",
        "graph_without": "Without part {n}: {value}.",
        "graph_no_islands": "Without the units that have no neighbours: {value}.",
    }
)


@dataclass(frozen=True, eq=False)
class MapText:
    """All that one picture says in one language.

    Attributes
    ----------
    title : str
        The finding.
    subtitle : str
        Indicator, unit of measure, population, level, year.
    foot : tuple of str
        Source, boundaries, classification, caveat, projection, run id: one paragraph each.
    legend_title : str
        What the bars of the legend count, for example ``Per cent (number of oblasts)``.
    language : str
        BCP 47 tag, written into the SVG and the page.
    decimal, thousands : str
        How numbers are written.
    words : mapping
        The keys of `ENGLISH`. A page in English may leave some out; another language may not.
    """

    title: str
    subtitle: str = ""
    foot: tuple[str, ...] = ()
    legend_title: str = ""
    language: str = "en"
    decimal: str = "."
    thousands: str = NO_BREAK_SPACE
    words: Mapping[str, str] = field(default_factory=lambda: ENGLISH)

    def word(self, key: str) -> str:
        """Return the word for `key` in the language of the picture.

        Raises
        ------
        StudyError
            If the words of a language other than English lack it: a page never mixes languages.
        """
        found = self.words.get(key)
        if found is not None:
            return found
        if self.language.split("-")[0] == "en" and key in ENGLISH:
            return ENGLISH[key]
        raise StudyError(
            f"the words for the language {self.language!r} lack {key!r}",
            where=f"words of a picture, language {self.language}",
            expected=f"a translation of {ENGLISH.get(key, key)!r}",
            fix="add the key to the file of words",
        )

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence `key` with its parts filled in."""
        return self.word(key).format_map({name: str(part) for name, part in parts.items()})

    def number(self, value: float, digits: int) -> str:
        """Return `value` as this language writes it."""
        return format_number(value, digits, decimal=self.decimal, thousands=self.thousands)


def format_number(value: float, digits: int, *, decimal: str = ".", thousands: str = NO_BREAK_SPACE) -> str:
    """Return `value` with `digits` decimals, a true minus sign and groups of three from 10,000 on.

    Parameters
    ----------
    value : float
        NaN gives an en dash.
    digits : int
        Decimals, 0 or more.
    decimal, thousands : str
        Signs between the parts.

    Examples
    --------
    >>> format_number(-12345.678, 1, decimal=",", thousands=" ")
    '−12 345,7'
    """
    if not math.isfinite(value):
        return "\u2013"
    rounded = round(value, digits)
    text = f"{abs(rounded):,.{digits}f}" if abs(rounded) >= 10_000 else f"{abs(rounded):.{digits}f}"
    whole, _, part = text.partition(".")
    whole = whole.replace(",", thousands)
    sign = MINUS if rounded < 0 else ""
    return f"{sign}{whole}{decimal}{part}" if part else f"{sign}{whole}"
