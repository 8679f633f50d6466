"""Change over time: what a change of the index is made of, and whether units converge."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from childatlas.errors import DataError
from childatlas.measures.drivers import contributions_between
from childatlas.measures.panel import Panel, build_panel, fix_goalposts, restrict_recipe

__all__ = [
    "CAME_OR_WENT",
    "REFERENCE",
    "Convergence",
    "Panel",
    "build_panel",
    "convergence",
    "decompose_change",
    "fix_goalposts",
    "restrict_recipe",
]

REFERENCE = "country"
CAME_OR_WENT = "figures_that_came_or_went"


def decompose_change(panel: Panel, start: int, end: int) -> pd.DataFrame:
    """Return the change of every unit's score from `start` to `end`, split by indicator, exactly.

    Returns
    -------
    DataFrame
        Units of both years x indicators (in points of the index), then ``figures_that_came_or_went`` (the
        part of the change that is due to indicators with a figure in one year only), ``change`` (the sum),
        and ``break`` (texts of the breaks after `start` up to `end`). A last row ``country`` where the panel
        has the reference of both years.

    Raises
    ------
    DataError
        If a year is not in the panel.
    """
    for year in (start, end):
        if year not in panel.years:
            raise DataError("the panel has no such year", found=year, expected=sorted(panel.years))
    before, after = panel.years[start], panel.years[end]
    units = before.scores.index.intersection(after.scores.index)
    ends = {u: (before.normalised.loc[u], after.normalised.loc[u]) for u in units}
    change = (after.scores - before.scores).reindex(units)
    if start in panel.profiles and end in panel.profiles:
        ends[REFERENCE] = (panel.profiles[start], panel.profiles[end])
        change.loc[REFERENCE] = panel.reference[end] - panel.reference[start]
    rows = {u: contributions_between(after, *pair) for u, pair in ends.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(after.normalised.columns))
    table[CAME_OR_WENT] = change - table.sum(axis=1, min_count=1)
    table["change"] = change
    table["break"] = "; ".join(f"{y}: {t}" for y, t in panel.breaks.items() if start < y <= end)
    return table


@dataclass(frozen=True, eq=False)
class Convergence:
    """Whether units grow alike.

    Attributes
    ----------
    beta, beta_se, beta_p : float
        Slope of the yearly change on the score at the start (ordinary least squares): negative is catching
        up.
    speed, half_life : float
        Yearly rate of convergence -ln(1 + beta T) / T, and ln 2 over it; NaN where there is none.
    sigma : DataFrame
        Indexed by year: ``sd`` and ``cv`` across units with a score in every year.
    sigma_slope : float
        Yearly change of ln sd: negative is convergence.
    units : int
    breaks : dict of year -> text
        Breaks inside the period, across which neither measure means much.
    """

    beta: float
    beta_se: float
    beta_p: float
    speed: float
    half_life: float
    sigma: pd.DataFrame
    sigma_slope: float
    units: int
    breaks: dict[int, str]


def convergence(panel: Panel, *, units: Collection[str] | None = None) -> Convergence:
    """Return beta and sigma convergence over the panel's years with scores (Barro and Sala-i-Martin 1992).

    Parameters
    ----------
    panel : Panel
    units : collection of str, optional
        Only these: a unit that kept its code on other territory did not grow, it was cut.

    Raises
    ------
    DataError
        If there are under two years, or under three units with a score in each.
    """
    from scipy import stats

    scores = panel.scores if units is None else panel.scores.loc[panel.scores.index.isin(list(units))]
    complete = scores.dropna(axis=1, how="all").dropna()
    years = [int(y) for y in complete.columns]
    if len(years) < 2 or len(complete) < 3:
        raise DataError(
            "convergence needs two years and three units with a score in every year",
            found=f"{len(years)} years, {len(complete)} units",
        )
    first, last = complete[years[0]].to_numpy(float), complete[years[-1]].to_numpy(float)
    period = years[-1] - years[0]
    sd, mean = complete.std(), complete.mean()
    sigma = pd.DataFrame({"sd": sd, "cv": sd / mean.where(mean != 0)}).rename_axis("year")
    nan = float("nan")
    if np.ptp(first) > 0:
        fit = stats.linregress(first, (last - first) / period)
        beta, se, p = float(fit.slope), float(fit.stderr), float(fit.pvalue)
    else:
        beta, se, p = nan, nan, nan
    left = 1 + beta * period
    speed = float(-np.log(left) / period) if 0 < left < 1 else nan
    moving = sd[sd > 0]
    slope = float(np.polyfit(moving.index.to_numpy(float), np.log(moving), 1)[0]) if len(moving) > 1 else nan
    inside = {y: t for y, t in panel.breaks.items() if years[0] < y <= years[-1]}
    return Convergence(beta, se, p, speed, float(np.log(2) / speed), sigma, slope, len(complete), inside)
