"""One series out of a table of figures."""

from __future__ import annotations

import pandas as pd

from atlasgeo.columns import FLAG, GROUP, INDICATOR, NOT_OBSERVED, RESIDENCE, SEX, TOTAL, VALUE

__all__ = ["observed", "series"]


def series(
    figures: pd.DataFrame, indicator: str, *, residence: str = TOTAL, sex: str = "", group: str = ""
) -> pd.DataFrame:
    """Return the rows of one indicator that have a value, for one residence, sex and group."""
    rows = figures[
        (figures[INDICATOR] == indicator)
        & (figures[RESIDENCE] == residence)
        & (figures[SEX] == sex)
        & (figures[GROUP] == group)
    ]
    return rows[rows[VALUE].notna()]


def observed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose figures were measured on their units: not carried, not the unit above's."""
    flags = rows[FLAG].fillna("").astype(str)
    seen = {
        text: not {part.strip() for part in text.split(";")} & set(NOT_OBSERVED) for text in flags.unique()
    }
    return rows[flags.map(seen).astype(bool)]
