"""Units in order: ranks with their ties, and the interval around each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

__all__ = ["Ranking", "interval", "rank_units"]

NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units in order, worst off first.

    Attributes
    ----------
    order : tuple of str
        Units with a value.
    values : Series
        Rounded as they are printed: what prints the same ties.
    rank, tied : Series of int
        First and last rank of each unit's tie.
    """

    order: tuple[str, ...]
    values: pd.Series
    rank: pd.Series
    tied: pd.Series

    def label(self, code: str) -> str:
        """Return the rank as it is printed, ``7`` or ``7–9``."""
        first, last = int(self.rank[code]), int(self.tied[code])
        return str(first) if first == last else f"{first}\u2013{last}"


def rank_units(values: pd.Series, *, digits: int, low_first: bool = False) -> Ranking:
    """Return the units in order of their printed values; units without a value have no rank.

    Parameters
    ----------
    values : Series
    digits : int
        Values that print alike share a rank.
    low_first : bool
        Whether low values are worst.
    """
    shown = values.dropna().astype(float).map(lambda value: round(float(value), digits))
    sign = 1.0 if low_first else -1.0
    ordered = (
        shown.to_frame("value")
        .assign(key=sign * shown, code=shown.index.astype(str))
        .sort_values(["key", "code"])
    )
    rank = (sign * shown).rank(method="min").astype(int)
    tied = (sign * shown).rank(method="max").astype(int)
    return Ranking(tuple(ordered.index), shown, rank, tied)


def interval(errors: pd.Series | pd.DataFrame | None, values: pd.Series) -> pd.DataFrame | None:
    """Return low and high of each unit: as given, or 1.96 standard errors to each side."""
    if errors is None:
        return None
    if isinstance(errors, pd.DataFrame):
        return errors[["low", "high"]].reindex(values.index)
    half = NORMAL_95 * errors.reindex(values.index)
    found = pd.DataFrame({"low": values - half, "high": values + half})
    return found if found["low"].notna().any() else None
