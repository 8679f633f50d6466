"""Rates from counts: a count says how many people live somewhere before it says anything else."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from atlasgeo.columns import (
    FIGURE_COLUMNS,
    FIGURE_KEY,
    FLAG,
    FLAGS,
    GROUP,
    INDICATOR,
    RESIDENCE,
    SE,
    SEX,
    SOURCE,
    UNIT,
    VALUE,
    YEAR,
    N,
)
from childatlas.figures.catalogue import Indicator

__all__ = ["add_rates", "divide_counts", "united"]


def add_rates(figures: pd.DataFrame, catalogue: Mapping[str, Indicator]) -> pd.DataFrame:
    """Return the figures with the rates that the catalogue declares, computed where the table lacks them.

    Parameters
    ----------
    figures : DataFrame
        Keys unique.
    catalogue : mapping of id to Indicator

    Returns
    -------
    DataFrame
        The given rows, then count / denominator * per for each indicator that declares ``count``; RangeIndex.
        A rate that stands in the table already is left alone.
    """
    parts = [figures]
    for indicator in catalogue.values():
        if indicator.count and indicator.per is not None:
            computed = divide_counts(
                figures, indicator.count, indicator.denominator, per=indicator.per
            ).assign(**{INDICATOR: indicator.id})
            known = pd.MultiIndex.from_frame(figures[figures[INDICATOR] == indicator.id][list(FIGURE_KEY)])
            keys = pd.MultiIndex.from_frame(computed[list(FIGURE_KEY)])
            parts.append(computed[~keys.isin(known)])
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else figures


def divide_counts(figures: pd.DataFrame, count: str, denominator: str, *, per: float = 1.0) -> pd.DataFrame:
    """Return one row for each count that has its denominator: ``value = count / denominator * per``.

    Parameters
    ----------
    figures : DataFrame
        A checked table of figures.
    count, denominator : str
        Indicators. The denominator is that of the same unit, year, residence, sex and group; a denominator of
        nothing or less gives no rate.
    per : float

    Returns
    -------
    DataFrame
        Columns of a table of figures, ``indicator`` that of the count; the source names both, the flags of
        both are kept, standard errors are scaled with the value (the denominator is taken as known).
    """
    key = [UNIT, YEAR, RESIDENCE, SEX, GROUP]
    counts = figures[(figures[INDICATOR] == count) & figures[VALUE].notna()]
    people = figures[(figures[INDICATOR] == denominator) & (figures[VALUE] > 0)]
    both = counts.merge(people[[*key, VALUE, SOURCE, FLAG]], on=key, suffixes=("", "_of"), how="inner")
    base = both[f"{VALUE}_of"]
    both[VALUE] = both[VALUE] / base * per
    both[SE] = both[SE] / base * per
    both[N] = both[N].astype(float)
    both[SOURCE] = _joined(both[SOURCE], both[f"{SOURCE}_of"], " / ")
    both[FLAG] = [united(own, other) for own, other in zip(both[FLAG], both[f"{FLAG}_of"], strict=True)]
    return both[list(FIGURE_COLUMNS)]


def _joined(first: pd.Series[str], second: pd.Series[str], between: str) -> pd.Series[str]:
    both = first.where(second == "", first + between + second).where(first != "", second)
    return both.where(first != second, first)


def united(own: str, other: str) -> str:
    """Return the flags of two figures together, each once, in the order of `atlasgeo.columns.FLAGS`."""
    flags = {*own.split(";"), *other.split(";")}
    return ";".join(flag for flag in FLAGS if flag in flags)
