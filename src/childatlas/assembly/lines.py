"""The lines of a layer: each unit's values over the years, and the years in which they break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.figures.select import trend

if TYPE_CHECKING:
    from childatlas.figures.catalogue import Indicator

__all__ = ["COUNTRY_ROW", "breaks_in", "lines_of"]

COUNTRY_ROW = "country"


def lines_of(
    figures: pd.DataFrame, layer_id: str, codes: pd.Index, *, national_code: str, residence: str
) -> pd.DataFrame:
    """Return units x years, with the country's own figures as a last row."""
    everyone = trend(figures, layer_id, units=[*codes, national_code], residence=residence)
    return everyone.rename(index={national_code: COUNTRY_ROW}).rename_axis(None, axis="columns")


def breaks_in(
    lines: pd.DataFrame, indicator: Indicator, reforms: Mapping[int, str], *, language: str
) -> dict[int, str]:
    """Return year -> text of the breaks: those of the catalogue, and the reforms that units' lines cross.

    Parameters
    ----------
    lines : DataFrame
        As `lines_of` returns.
    indicator : Indicator
        Its own words stand where it names the year of a reform too.
    reforms : mapping of year to text
        Years whose figures are the first on other ground.
    language : str
    """
    units = lines.drop(index=COUNTRY_ROW, errors="ignore").dropna(axis="columns", how="all")
    years = [int(year) for year in units.columns]
    crossed = {y: text for y, text in reforms.items() if years and min(years) < y <= max(years)}
    own = {int(y): text.get(language, "") for y, text in indicator.year_break.items()}
    return dict(sorted({**crossed, **own}.items()))
