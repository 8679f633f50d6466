"""Official margins by oblast and residence: published, or raked from oblast totals and national residence."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlasgeo import columns as col
from childatlas.errors import DataError

__all__ = ["MARGIN_COLUMNS", "margin_table", "rake_rates", "scale_means", "stratum_population"]

Floats: TypeAlias = NDArray[np.float64]
DIRECT, RAKED, CARRIED = "direct", "raked", "carried"
MARGIN_COLUMNS = ("oblast", "residence", "value", "route", "year")


def stratum_population(
    figures: pd.DataFrame,
    oblasts: pd.DataFrame,
    *,
    total: str,
    children: str,
    urban_share: dict[str, float],
    stretch: float,
    year: int,
) -> pd.DataFrame:
    """Return the number of children by oblast and residence: people times share of children times a split.

    Raises
    ------
    DataError
        If an oblast has neither figures nor a predecessor with them, or no urban share.

    Notes
    -----
    All of it is modelled: the count of children is of another year and age band, the split is declared.
    """
    figures = figures[figures[col.INDICATOR].isin([total, children])]
    people = _latest(figures, total, year)
    young = _latest(figures, children, year)
    rows = []
    for code, row in oblasts.iterrows():
        unit = str(code)
        base = _own_or_former(young, unit, row)
        base_people = _at_year(figures, total, base[0], int(base[2]))
        count = float(_own_or_former(people, unit, row)[1]) * float(base[1]) / base_people * stretch
        if unit not in urban_share:
            raise DataError("an oblast has no urban share", found=unit, where="urban_share of the plan")
        for residence, share in ((col.URBAN, urban_share[unit]), (col.RURAL, 1 - urban_share[unit])):
            if share > 0:
                rows.append({"oblast": unit, "residence": residence, "children": count * share})
    return pd.DataFrame(rows)


def margin_table(
    figures: pd.DataFrame,
    strata: pd.DataFrame,
    oblasts: pd.DataFrame,
    *,
    indicator: str,
    year: int,
    country: str,
    rate: bool = True,
) -> pd.DataFrame:
    """Return the value of an indicator in each stratum, by which route, and of which year.

    Parameters
    ----------
    figures : DataFrame
        The official table, without suspect rows, split figures left out.
    strata : DataFrame
        ``oblast, residence, children``.
    oblasts : DataFrame
        Gazetteer rows in force, with ``predecessor``.
    indicator, year : str, int
        The latest figures up to `year`.
    country : str
        The country's unit code.
    rate : bool
        Whether the figures are per cent; else they are means.

    Returns
    -------
    DataFrame
        ``oblast, residence, value, route, year``; route ``direct``, ``raked`` or ``carried`` (raked from the
        total of the oblast that was there before).
    """
    mine = figures[figures[col.INDICATOR] == indicator]
    totals = _latest(mine, indicator, year)
    split = {r: _latest(mine, indicator, year, residence=r) for r in (col.URBAN, col.RURAL)}
    rows = []
    for row in strata.itertuples(index=False):
        own = split[str(row.residence)]
        if row.oblast in own.index:
            rows.append((own.loc[row.oblast, "value"], DIRECT, own.loc[row.oblast, "year"]))
            continue
        code, value, when = _own_or_former(totals, str(row.oblast), oblasts.loc[row.oblast])
        rows.append((value, RAKED if code == row.oblast else CARRIED, when))
    table = strata[["oblast", "residence"]].copy()
    table["value"], table["route"], table["year"] = zip(*rows, strict=True)
    raked = table["route"] != DIRECT
    if raked.any():
        national = {r: float(values.loc[country, "value"]) for r, values in split.items()}
        size = strata.loc[raked, "children"].to_numpy(dtype=float)
        table.loc[raked, "value"] = (rake_rates if rate else scale_means)(table[raked], size, national)
    return table[list(MARGIN_COLUMNS)]


def scale_means(table: pd.DataFrame, size: Floats, national: dict[str, float]) -> Floats:
    """Return means that meet each oblast's total and have the country's ratio of village to town."""
    relative = table["residence"].map(national).to_numpy(dtype=float)
    oblast, _ = pd.factorize(table["oblast"])
    mean = np.bincount(oblast, size * relative) / np.bincount(oblast, size)
    result: Floats = table["value"].to_numpy(dtype=float) * relative / mean[oblast]
    return result


def rake_rates(table: pd.DataFrame, size: Floats, national: dict[str, float]) -> Floats:
    """Return rates in per cent that meet each oblast's total and the country's ratio of village to town.

    Parameters
    ----------
    table : DataFrame
        ``oblast, residence, value``: the oblast's total, in per cent.
    size : array
        Children of each row.
    national : dict of residence -> rate

    Returns
    -------
    array

    Notes
    -----
    Raking on the scale of odds, so that no rate leaves 0-100: logit p = a(oblast) + b(residence). Totals of
    oblasts are met exactly; the country's residence in its ratio, its level being that of the oblasts.
    """
    total = np.clip(table["value"].to_numpy(dtype=float) / 100, 0, 1)
    rural = (table["residence"] == col.RURAL).to_numpy()
    oblast, _ = pd.factorize(table["oblast"])
    weight = size / np.bincount(oblast, size)[oblast]

    def ratio(gap: float) -> float:
        rates = _shifted(total, gap * rural, oblast, weight)
        return float(
            np.average(rates[rural], weights=size[rural]) / np.average(rates[~rural], weights=size[~rural])
        )

    gap, both = 0.0, rural.any() and not rural.all()
    if both and national[col.URBAN] > 0 and total.max() > 0:
        wanted = national[col.RURAL] / national[col.URBAN]
        low, high = -8.0, 8.0
        for _ in range(50):
            gap = (low + high) / 2
            low, high = (gap, high) if ratio(gap) < wanted else (low, gap)
    return 100 * _shifted(total, gap * rural, oblast, weight)


def _shifted(total: Floats, shift: Floats, oblast: NDArray[np.int64], weight: Floats) -> Floats:
    """Return rates a(oblast) + shift on the logit scale whose weighted mean in each oblast is its total."""
    low, high = np.full(int(oblast.max()) + 1, -40.0), np.full(int(oblast.max()) + 1, 40.0)
    wanted = np.bincount(oblast, weight * total)
    for _ in range(60):
        middle = (low + high) / 2
        mean = np.bincount(oblast, weight / (1 + np.exp(-(middle[oblast] + shift))))
        low, high = np.where(mean < wanted, middle, low), np.where(mean < wanted, high, middle)
    rates: Floats = 1 / (1 + np.exp(-(((low + high) / 2)[oblast] + shift)))
    return np.where((total <= 0) | (total >= 1), total, rates)


def _latest(figures: pd.DataFrame, indicator: str, year: int, *, residence: str = col.TOTAL) -> pd.DataFrame:
    """Return the latest usable value of each unit: ``value, year``, indexed by unit."""
    flag = figures[col.FLAG].fillna("").astype(str)
    rows = figures[
        (figures[col.INDICATOR] == indicator)
        & (figures[col.RESIDENCE] == residence)
        & (figures[col.YEAR] <= year)
        & figures[col.VALUE].notna()
        & ~flag.str.contains(col.SUSPECT)
        & figures[col.SEX].isna()
        & figures[col.GROUP].isna()
    ]
    latest = rows.sort_values(col.YEAR).drop_duplicates(col.UNIT, keep="last")
    return latest.set_index(col.UNIT)[[col.VALUE, col.YEAR]]


def _own_or_former(values: pd.DataFrame, unit: str, row: pd.Series) -> tuple[str, float, int]:
    """Return unit, value and year: of the unit, else of the one it came from."""
    former = [part for part in str(row.get(col.PREDECESSOR, "") or "").split("|") if part]
    for code in (unit, *former):
        if code in values.index:
            return code, float(values.loc[code, col.VALUE]), int(values.loc[code, col.YEAR])
    raise DataError("an oblast has no figure, nor has the one it came from", found=unit, expected=former)


def _at_year(figures: pd.DataFrame, indicator: str, unit: str, year: int) -> float:
    table = _latest(figures, indicator, year)
    if unit not in table.index:
        raise DataError("no figure of people for the year of the children", found=f"{unit}, {year}")
    return float(table.loc[unit, col.VALUE])
