"""One series out of a table of figures."""

from __future__ import annotations

import pandas as pd

from atlasgeo.columns import GROUP, INDICATOR, RESIDENCE, SEX, TOTAL, VALUE

__all__ = ["series"]


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
