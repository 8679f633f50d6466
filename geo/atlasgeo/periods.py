"""When a row of the gazetteer stands."""

from __future__ import annotations

import pandas as pd

from atlasgeo.columns import VALID_FROM, VALID_TO

__all__ = ["end_of", "stands_on"]


def end_of(year: int) -> pd.Timestamp:
    """Return the last day of a year: the day that decides which units a year's figures are for."""
    return pd.Timestamp(year, 12, 31)


def stands_on(gazetteer: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Tell for each row whether it is in force on `day`: begun, and `valid_to` not yet reached."""
    begun = gazetteer[VALID_FROM].isna() | (gazetteer[VALID_FROM] <= day)
    going = gazetteer[VALID_TO].isna() | (gazetteer[VALID_TO] > day)
    return begun & going
