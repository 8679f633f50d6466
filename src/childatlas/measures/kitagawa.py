"""Two rates taken apart: how much of their gap is composition, how much other rates at like composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import as_frame, build_domains, column, numbers
from childatlas.measures.estimates import t_interval
from childatlas.measures.grouping import by_index
from childatlas.measures.linearisation import covariance
from childatlas.measures.sides import Sides, take_sides

__all__ = ["Kitagawa", "kitagawa", "survey_kitagawa"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Kitagawa:
    """A gap between two rates and its parts.

    Attributes
    ----------
    summary : DataFrame
        Rows ``first, second, gap, rate effect, composition effect``; columns ``value, share`` (of the gap)
        and, from a survey, ``se, low, high``.
    categories : DataFrame
        By category: the two shares and rates, what it adds to the ``rate effect`` and ``composition effect``,
        and ``support``: "both", "first only" or "second only". A rate that one side lacks is taken from the
        other, so that such a category is composition alone.
    """

    summary: pd.DataFrame
    categories: pd.DataFrame


def kitagawa(first: pd.DataFrame, second: pd.DataFrame) -> Kitagawa:
    """Return the difference of two crude rates as a rate effect plus a composition effect.

    Parameters
    ----------
    first, second : DataFrame
        Columns ``rate`` and ``population``, indexed by category (age groups, mother's education); a category
        that one side lacks has no people there.

    Returns
    -------
    Kitagawa

    Raises
    ------
    DataError
        If categories are doubled, a population is negative or not known, nobody is there, or a rate is
        missing where people are.

    Notes
    -----
    gap = sum of (s1 + s2) / 2 (r1 - r2), the rate effect, plus sum of (r1 + r2) / 2 (s1 - s2), the
    composition effect: no interaction is left (Kitagawa 1955, JASA 50, p. 1179). What a single
    category adds to the composition effect depends on where rates are counted from; the sums do not. It is
    counted here from the mean of the two crude rates, so that a growing category of low rates lowers the gap.

    Examples
    --------
    >>> town = pd.DataFrame({"rate": [0.1, 0.3], "population": [60, 40]}, index=["young", "old"])
    >>> village = pd.DataFrame({"rate": [0.2, 0.4], "population": [30, 70]}, index=["young", "old"])
    >>> kitagawa(village, town).summary["value"].round(3).to_dict()["composition effect"]
    0.06
    """
    for name, table in (("first", first), ("second", second)):
        _check(name, table)
    categories = first.index.union(second.index, sort=False)
    shares, rates = [], []
    for table in (first, second):
        people = table["population"].reindex(categories).fillna(0.0).to_numpy(dtype=np.float64)
        shares.append(people / people.sum())
        rate = table["rate"].reindex(categories).to_numpy(dtype=np.float64, na_value=np.nan)
        rates.append(np.where(people > 0, rate, np.nan))
    return _assemble(categories, (shares[0], shares[1]), (rates[0], rates[1]))


def survey_kitagawa(
    data: Any,
    outcome: str,
    category: str | list[str],
    *,
    between: str,
    groups: tuple[Any, Any],
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
) -> Kitagawa:
    """Return the decomposition of the difference of two groups' means in a survey, with linearised errors.

    Parameters
    ----------
    data, weight, stratum, cluster, fpc, lonely, nest, level
        As `survey_mean`.
    outcome : str
        Numeric or yes/no.
    category : str or list of str
        Columns whose values, crossed, are the categories.
    between, groups
        The column and the two of its values that are compared, for example ``("rural", "urban")``: the gap is
        the first less the second.

    Returns
    -------
    Kitagawa
        Rows with a missing outcome or category are left out and counted in ``summary.attrs["missing"]``.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`, or if a group has no row with all that is needed.
    """
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=None, design=design)
    y = numbers(frame, outcome)
    names = [category] if isinstance(category, str) else list(category)
    labels, codes = by_index([column(frame, name) for name in names], frame.index)
    sides = take_sides(frame, between, groups, known=~np.isnan(y) & (codes >= 0))
    y, codes = np.nan_to_num(y), np.maximum(codes, 0)
    shares, rates = [], []
    for rows in (sides.first, sides.second):
        people = np.bincount(codes[rows], domains.design.weight[rows], minlength=len(labels))
        total = np.bincount(codes[rows], (domains.design.weight * y)[rows], minlength=len(labels))
        shares.append(people / people.sum())
        rates.append(np.where(people > 0, total / np.where(people > 0, people, 1.0), np.nan))
    result = _assemble(labels, (shares[0], shares[1]), (rates[0], rates[1]))
    scores = _scores(result.categories, sides, y=y, codes=codes, weight=domains.design.weight)
    se = np.sqrt(np.diag(covariance(domains.design, scores)))
    df = np.full(5, float(domains.design.degrees_of_freedom(sides.first | sides.second)))
    low, high = t_interval(result.summary["value"].to_numpy(), se, df, level)
    summary = result.summary.assign(se=se, low=low, high=high)
    summary.attrs["missing"] = sides.missing
    return Kitagawa(summary, result.categories)


def _assemble(labels: pd.Index, shares: tuple[Floats, Floats], rates: tuple[Floats, Floats]) -> Kitagawa:
    one, two = (np.where(np.isnan(r), other, r) for r, other in (rates, rates[::-1]))
    crude = float(shares[0] @ np.nan_to_num(one)), float(shares[1] @ np.nan_to_num(two))
    rate = (shares[0] + shares[1]) / 2 * (one - two)
    composition = ((one + two) / 2 - (crude[0] + crude[1]) / 2) * (shares[0] - shares[1])
    support = np.select([np.isnan(rates[1]), np.isnan(rates[0])], ["first only", "second only"], "both")
    categories = pd.DataFrame(
        {
            "share_first": shares[0],
            "share_second": shares[1],
            "rate_first": rates[0],
            "rate_second": rates[1],
            "rate effect": np.nan_to_num(rate),
            "composition effect": np.nan_to_num(composition),
            "support": support,
        },
        index=labels,
    )
    gap = crude[0] - crude[1]
    value = np.array([*crude, gap, np.nansum(rate), np.nansum(composition)])
    part = np.array([np.nan, np.nan, gap, value[3], value[4]])
    share = part / gap if gap != 0 else np.full(5, np.nan)
    names = pd.Index(["first", "second", "gap", "rate effect", "composition effect"], name="part")
    return Kitagawa(pd.DataFrame({"value": value, "share": share}, index=names), categories)


def _scores(
    table: pd.DataFrame, sides: Sides, *, y: Floats, codes: NDArray[np.int64], weight: Floats
) -> Floats:
    """Return the weighted influence of each row on first, second, gap, rate effect and composition effect."""
    share = [table[f"share_{s}"].to_numpy() for s in ("first", "second")]
    rate = [table[f"rate_{s}"].to_numpy() for s in ("first", "second")]
    own = [np.where(np.isnan(r), other, r) for r, other in (rate, rate[::-1])]
    scores = np.zeros((len(y), 5))
    for place, (rows, sign) in enumerate(((sides.first, 1.0), (sides.second, -1.0))):
        other = 1 - place
        k, people = codes[rows], weight[rows] / weight[rows].sum()
        residual = (y[rows] - own[place][k]) / share[place][k]
        alone = np.isnan(rate[other])  # here the other side's rate is this one's too, and moves with it
        mean_share = np.where(alone, 0.0, (share[0] + share[1]) / 2)
        slope = np.where(alone, share[place] - share[other], (share[place] - share[other]) / 2)
        middle, apart = (own[0] + own[1]) / 2, own[place] - own[other]
        middle, apart = np.nan_to_num(middle), np.nan_to_num(apart)
        crude = share[place] @ np.nan_to_num(own[place])
        scores[rows, place] = people * (y[rows] - crude)
        rates_move = mean_share[k] * residual + (apart[k] - share[place] @ apart) / 2
        shares_move = slope[k] * residual + middle[k] - share[place] @ middle
        scores[rows, 3], scores[rows, 4] = sign * people * rates_move, sign * people * shares_move
    scores[:, 2] = scores[:, 0] - scores[:, 1]
    return scores


def _check(name: str, table: pd.DataFrame) -> None:
    lacking = {"rate", "population"} - set(table.columns)
    if lacking:
        raise AnalysisError(
            f"the {name} table lacks a column", found=sorted(lacking), expected="rate, population"
        )
    people = table["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    rate = table["rate"].to_numpy(dtype=np.float64, na_value=np.nan)
    if table.index.has_duplicates:
        raise DataError(
            f"the {name} table has a category twice", found=table.index[table.index.duplicated()][0]
        )
    if not (np.isfinite(people) & (people >= 0)).all() or not people.sum() > 0:
        raise DataError(f"the {name} table has a population that is negative or not known, or nobody")
    if not np.isfinite(rate[people > 0]).all():
        raise DataError(
            f"the {name} table has people without a rate",
            found=", ".join(map(str, table.index[(people > 0) & ~np.isfinite(rate)][:10])),
            fix="leave the category out of both tables, or join it with another",
        )
