"""Figures from one map to another: counts are summed, rates averaged by their base, medians refused."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from atlasgeo.columns import FLAG, SHARE_ESTIMATED, UNIT, VALUE
from atlasgeo.crosswalks import FROM, SHARE, TO
from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.units import check_codes

__all__ = ["convert"]

Kind = Literal["count", "rate", "mean"]
_REFUSED = {
    "median": "the median of a whole does not follow from the medians of its parts",
    "quantile": "a quantile of a whole does not follow from those of its parts",
    "index": "an index is built on the units it ranks: build it again on the new ones",
    "rank": "a rank belongs to the units it was made on",
}


def convert(
    values: pd.Series, crosswalk: pd.DataFrame, *, kind: Kind | str, base: pd.Series | None = None
) -> pd.DataFrame:
    """Return figures of old units as figures of new ones.

    Parameters
    ----------
    values : Series
        On the old units (codes as text). A unit that is missing makes every new unit it reaches missing.
    crosswalk : DataFrame
        As `build_crosswalk` and `read_crosswalk` return it.
    kind : {"count", "rate", "mean"}
        ``count``: sum of share x value. ``rate`` and ``mean``: sum of share x base x value over sum of
        share x base; a new unit with one source inherits its rate.
    base : Series, optional
        On the old units: what the rate is of (births, children, households). Needed where units are put
        together.

    Returns
    -------
    DataFrame
        On the new units, sorted: `value`; `base` (converted, where given); `sources`, how many old units it
        is made of; `share_estimated`, True where an old unit was split; `flag`, ``share_estimated`` there,
        else "".

    Raises
    ------
    AnalysisError
        If `kind` is a median, an index or another figure that cannot be combined, or a base is needed and
        absent.
    DataError
        If an old unit is there twice, or a base is negative.
    BoundaryError
        If a code is not one of the crosswalk's.

    Notes
    -----
    Splitting and putting together again returns the original: shares of a unit sum to 1. O(pairs).
    """
    if kind not in ("count", "rate", "mean"):
        raise AnalysisError(
            f"figures of kind {kind!r} cannot be converted",
            found=_REFUSED.get(kind, kind),
            expected="count, rate or mean",
            fix="show it on the units where it was measured",
        )
    values, base = _on_codes(values, crosswalk, "value"), _base(base, crosswalk)
    pairs = crosswalk.assign(
        value=crosswalk[FROM].map(values).astype(float),
        weight=crosswalk[SHARE]
        if base is None
        else crosswalk[SHARE] * crosswalk[FROM].map(base).astype(float),
    )
    groups = pairs.groupby(TO, sort=True)
    result = pd.DataFrame({"sources": groups.size(), SHARE_ESTIMATED: groups[SHARE_ESTIMATED].any()})
    if kind == "count":
        converted = (pairs[SHARE] * pairs["value"]).groupby(pairs[TO]).sum(min_count=1)
        incomplete = pairs["value"].isna().groupby(pairs[TO]).any()
    else:
        converted = _averaged(pairs, base is None)
        counts = pairs["weight"].isna() | (pairs["weight"] > 0)
        incomplete = (pairs["value"].isna() & counts).groupby(pairs[TO]).any()
    result.insert(0, VALUE, converted.mask(incomplete))
    if base is not None:
        result.insert(
            1, "base", pairs["weight"].groupby(pairs[TO]).sum(min_count=1).mask(_any_missing(pairs))
        )
    result[FLAG] = np.where(result[SHARE_ESTIMATED], SHARE_ESTIMATED, "")
    return result.rename_axis(UNIT)


def _averaged(pairs: pd.DataFrame, no_base: bool) -> pd.Series:
    """Return the mean of the old units' rates by their base; the rate itself where there is one source."""
    groups = pairs.groupby(TO, sort=True)
    several = groups.size() > 1
    if no_base and several.any():
        raise AnalysisError(
            "rates of several units can be put together only by their base",
            found=", ".join(map(str, several[several].index[:5])),
            expected="base=, the number of people, births or households that each rate is of",
        )
    total = groups["weight"].sum(min_count=1)
    mean = (pairs["weight"] * pairs["value"].fillna(0)).groupby(pairs[TO]).sum() / total.where(total > 0)
    lacking = pairs["weight"].isna().groupby(pairs[TO]).any()
    return groups["value"].first().where(~several, mean.mask(lacking))


def _any_missing(pairs: pd.DataFrame) -> pd.Series:
    return pairs["weight"].isna().groupby(pairs[TO]).any()


def _base(base: pd.Series | None, crosswalk: pd.DataFrame) -> pd.Series | None:
    if base is None:
        return None
    base = _on_codes(base, crosswalk, "base")
    if (base < 0).any():
        raise DataError("a base is negative", found=", ".join(base[base < 0].index[:5]), expected=">= 0")
    return base


def _on_codes(values: pd.Series, crosswalk: pd.DataFrame, what: str) -> pd.Series:
    series = values.set_axis(values.index.astype(str), axis=0)
    if series.index.has_duplicates:
        twice = ", ".join(series.index[series.index.duplicated()].unique()[:5])
        raise DataError(f"units have more than one {what}", found=twice, expected="one row a unit")
    check_codes(series.index, sorted(set(crosswalk[FROM])), where="units of the crosswalk's first map")
    return series.astype(float)
