"""What is no plain observation has a pattern: missing, suppressed, carried, modelled, synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from atlasgeo import columns as c
from atlasgeo.maps.palettes import HAIRLINE, LAND, SOFT, ink_on, mix

__all__ = ["NO_DATA_HATCH", "PATTERNS", "Coats", "coat_units", "has_flag"]

NO_DATA_HATCH: Final = "////"
SUPPRESSED_HATCH: Final = "xxxx"
PLAIN: Final = 0.62  # of the ink; the rest is the unit's own colour
FAINT: Final = 0.3  # where every unit carries the pattern it must not hide the colours
PATTERNS: Final[dict[str, str]] = {
    c.CARRIED: "\\\\\\\\",
    c.PARENT_VALUE: "----",
    c.MODELLED: "....",
    c.SYNTHETIC: "++",
    c.SHARE_ESTIMATED: "||||",
    "uncertain": "////",
}


@dataclass(frozen=True)
class Coats:
    """The colour of each unit and the patterns over them.

    Attributes
    ----------
    fills : tuple of str
    hatches : dict of (hatch, colour of its lines) -> numbers of units
    flagged : dict of flag -> numbers of units
        Flags with a pattern that occur, in the order of `PATTERNS`.
    missing, suppressed : tuple of int
    """

    fills: tuple[str, ...]
    hatches: dict[tuple[str, str], tuple[int, ...]]
    flagged: dict[str, tuple[int, ...]]
    missing: tuple[int, ...]
    suppressed: tuple[int, ...]


def has_flag(flags: pd.Series | None, flag: str, codes: Sequence[str]) -> list[bool]:
    """Return for each unit whether its flags, joined by ``;``, hold `flag`."""
    if flags is None:
        return [False] * len(codes)
    known = flags.reindex(list(codes)).fillna("").astype(str)
    return [flag in {part.strip() for part in text.split(";")} for text in known]


def coat_units(
    codes: Sequence[str], classes: pd.Series, colours: Sequence[str], *, flags: pd.Series | None
) -> Coats:
    """Return colours and patterns of units.

    Parameters
    ----------
    codes : sequence of str
    classes : Series of int
        Class of each unit, -1 where it has no value.
    colours : sequence of str
        One a class.
    flags : Series of str, optional
    """
    index = [int(i) for i in classes.reindex(list(codes)).fillna(-1)]
    fills = tuple(colours[i] if i >= 0 else LAND for i in index)
    hidden = has_flag(flags, c.SUPPRESSED, codes)
    suppressed = tuple(i for i, k in enumerate(index) if k < 0 and hidden[i])
    missing = tuple(i for i, k in enumerate(index) if k < 0 and not hidden[i])
    hatches: dict[tuple[str, str], tuple[int, ...]] = {}
    if missing:
        hatches[NO_DATA_HATCH, HAIRLINE] = missing
    if suppressed:
        hatches[SUPPRESSED_HATCH, SOFT] = suppressed
    flagged: dict[str, tuple[int, ...]] = {}
    for flag, hatch in PATTERNS.items():
        units = [i for i, is_so in enumerate(has_flag(flags, flag, codes)) if is_so and index[i] >= 0]
        if units:
            flagged[flag] = tuple(units)
        share = FAINT if len(units) == sum(k >= 0 for k in index) else PLAIN
        for fill in sorted({fills[i] for i in units}):
            ink = mix(fill, ink_on(fill), share)
            hatches[hatch, ink] = (*hatches.get((hatch, ink), ()), *(i for i in units if fills[i] == fill))
    return Coats(fills, hatches, flagged, missing, suppressed)
