"""Town and village compared, the places that stand lowest, and claims in circulation checked by figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from atlasgeo.columns import (
    GROUP,
    INDICATOR,
    RESIDENCE,
    RURAL,
    SEX,
    TOTAL,
    UNIT,
    URBAN,
    VALUE,
    YEAR,
)
from childatlas.errors import AnalysisError, DataError
from childatlas.layers import LOWEST
from childatlas.study import Claim

__all__ = [
    "check_claim",
    "lowest_units",
    "poorest_to_capital",
    "residence_gaps",
    "residence_ratio",
    "worst_first",
]

ROUNDING_UNITS = 10


def residence_gaps(figures: pd.DataFrame, *, digits: dict[str, int]) -> pd.DataFrame:
    """Return urban and rural values side by side, with difference and ratio, for each place and year.

    Parameters
    ----------
    figures : DataFrame
        A checked table of figures. Only rows of both sexes and no further group are used.
    digits : dict of indicator -> int
        Decimals that the producer publishes; one rounding unit is ``10 ** -digits``.

    Returns
    -------
    DataFrame
        Columns ``indicator, unit, year, urban, rural, difference, ratio``: difference is rural less urban, in
        the indicator's unit; ratio is rural over urban, NaN unless both exceed ten rounding units (a ratio of
        rounded figures near zero is noise). Rows where either is missing are left out.

    Raises
    ------
    DataError
        If one key has several values.
    """
    whole = figures[(figures[SEX] == "") & (figures[GROUP] == "") & figures[RESIDENCE].isin([URBAN, RURAL])]
    key = [INDICATOR, UNIT, YEAR]
    doubled = whole.duplicated([*key, RESIDENCE], keep=False)
    if doubled.any():
        raise DataError(
            "one place, year and residence has several values",
            where=f"rows {list(whole.index[doubled][:6])}",
            found=whole.loc[doubled, key].iloc[0].to_dict(),
            expected="one row a key",
            fix="check the table first: check_figures names the rows",
        )
    wide = whole.set_index([*key, RESIDENCE])[VALUE].unstack(RESIDENCE).reindex(columns=[URBAN, RURAL])
    wide = wide.dropna().rename_axis(columns=None).reset_index()
    floor = wide[INDICATOR].map(digits).astype(float).fillna(0).rpow(10.0).rdiv(1.0) * ROUNDING_UNITS
    reliable = (wide[[URBAN, RURAL]].min(axis=1) - floor) > 1e-9
    wide["difference"] = wide[RURAL] - wide[URBAN]
    wide["ratio"] = (wide[RURAL] / wide[URBAN].where(reliable)).where(reliable)
    return wide


def worst_first(values: pd.Series, *, higher_is_worse: bool) -> pd.DataFrame:
    """Return ranks with ties: ``rank`` (1 = worst off, ties min) and ``tied``, the last rank of the tie.

    Parameters
    ----------
    values : Series
        By unit; NaN gets no rank.
    higher_is_worse : bool

    Returns
    -------
    DataFrame
        On the caller's index, nullable integers.
    """
    ranks = pd.DataFrame(
        {
            "rank": values.rank(method="min", ascending=not higher_is_worse),
            "tied": values.rank(method="max", ascending=not higher_is_worse),
        }
    )
    return ranks.astype("Int64")


def lowest_units(
    values: pd.Series,
    *,
    higher_is_worse: bool,
    share: float = 0.2,
    coverage: pd.Series | None = None,
    children: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return all units from worst off to best, marking those that stand lowest by point estimate.

    The mark says nothing about significance: it is for figures without published errors, of which the word
    *lagging* must not be used.

    Parameters
    ----------
    values : Series
        By unit; missing units come last, unranked.
    higher_is_worse : bool
    share : float
        The worst k are ``ceil(share * n)`` of the n units with a value; ties at the border are all marked.
    coverage : Series, optional
        Share of the declared weight that has figures.
    children : DataFrame, optional
        Columns ``value`` and ``flag``: children living there.

    Returns
    -------
    DataFrame
        Indexed by unit: ``value, rank, tied, standing`` and, where given, ``coverage``, ``children`` and
        ``children_flag``.
    """
    table = pd.DataFrame({VALUE: values}).join(worst_first(values, higher_is_worse=higher_is_worse))
    k = math.ceil(share * values.notna().sum())
    table["standing"] = np.where(table["rank"].le(k).fillna(False), LOWEST, "")
    if coverage is not None:
        table["coverage"] = coverage
    if children is not None:
        table["children"] = children[VALUE]
        table["children_flag"] = children["flag"].reindex(table.index).fillna("")
    return table.sort_values(["rank"], kind="stable", na_position="last")


def residence_ratio(gaps: pd.DataFrame, *, indicator: str, unit: str) -> pd.DataFrame:
    """Return rural over urban for one indicator and place, a row a year: ``year, urban, rural, ratio``."""
    chosen = gaps[(gaps[INDICATOR] == indicator) & (gaps[UNIT] == unit)]
    return chosen[[YEAR, URBAN, RURAL, "ratio"]].sort_values(YEAR, ignore_index=True)


def poorest_to_capital(
    values: pd.DataFrame, ranked_by: pd.DataFrame, *, capital: str, share: float = 0.2
) -> pd.DataFrame:
    """Return how an indicator in the poorest fifth of units compares with the capital, year by year.

    Parameters
    ----------
    values : DataFrame
        Units x years of the indicator.
    ranked_by : DataFrame
        Units x years of the poverty measure: higher is poorer. The same year decides who is poorest.
    capital : str
        Unit code; it is never counted among the poorest.
    share : float
        The poorest ``ceil(share * n)`` of the n units that have both values; ties are broken by code.

    Returns
    -------
    DataFrame
        ``year, poorest`` (codes joined by ``;``), ``poorest_mean`` (unweighted mean), ``poorest_worst`` (the
        highest of them), ``capital_value, ratio, ratio_worst``; NaN ratios where the capital's value is 0.

    Raises
    ------
    AnalysisError
        If the capital is not among the units.
    """
    if capital not in values.index:
        raise AnalysisError(
            "the capital has no row in the figures",
            found=capital,
            expected=f"one of {', '.join(map(str, values.index[:20]))}",
            fix="give the capital's code in the claim",
        )
    rows = []
    for year in [y for y in values.columns if y in ranked_by.columns]:
        both = (
            pd.DataFrame({"value": values[year], "poverty": ranked_by[year]})
            .dropna()
            .drop(index=capital, errors="ignore")
        )
        if both.empty or pd.isna(values.loc[capital, year]):
            continue
        k = math.ceil(share * (len(both) + 1))
        worst = both.sort_index().sort_values("poverty", ascending=False, kind="stable").head(k)["value"]
        base = float(values.loc[capital, year])
        mean, top = float(worst.mean()), float(worst.max())
        rows.append(
            {
                YEAR: year,
                "poorest": ";".join(map(str, worst.index)),
                "poorest_mean": mean,
                "poorest_worst": top,
                "capital_value": base,
                "ratio": mean / base if base else math.nan,
                "ratio_worst": top / base if base else math.nan,
            }
        )
    columns = [YEAR, "poorest", "poorest_mean", "poorest_worst", "capital_value", "ratio", "ratio_worst"]
    return pd.DataFrame(rows, columns=columns)


def check_claim(claim: Claim, figures: pd.DataFrame, gaps: pd.DataFrame, *, country: str) -> pd.DataFrame:
    """Return what the figures say of a claim, one row a year, beside what it says.

    Parameters
    ----------
    claim : Claim
    figures : DataFrame
        Checked figures.
    gaps : DataFrame
        As `residence_gaps` returns.
    country : str
        The code under which the country's own figure stands.

    Returns
    -------
    DataFrame
        ``claim, kind, indicator, year, numerator, denominator, ratio, claimed, units``.
    """
    if claim.kind == "residence ratio":
        found = residence_ratio(gaps, indicator=claim.indicator, unit=country)
        found = found.rename(columns={RURAL: "numerator", URBAN: "denominator"}).assign(units="")
    else:
        found = poorest_to_capital(
            _units_by_year(figures, claim.indicator, country),
            _units_by_year(figures, str(claim.ranked_by), country),
            capital=str(claim.capital),
        )
        found = found.rename(
            columns={"poorest_mean": "numerator", "capital_value": "denominator", "poorest": "units"}
        )
    said = {"claim": claim.id, "kind": claim.kind, INDICATOR: claim.indicator, "claimed": claim.claimed}
    columns = ["claim", "kind", INDICATOR, YEAR, "numerator", "denominator", "ratio", "claimed", "units"]
    return found.assign(**said)[columns]


def _units_by_year(figures: pd.DataFrame, indicator: str, country: str) -> pd.DataFrame:
    """Return units x years of one indicator, everyone, without the country's own row."""
    rows = figures[
        (figures[INDICATOR] == indicator)
        & (figures[RESIDENCE] == TOTAL)
        & (figures[SEX] == "")
        & (figures[GROUP] == "")
        & (figures[UNIT] != country)
    ]
    return rows.set_index([UNIT, YEAR])[VALUE].unstack(YEAR)
