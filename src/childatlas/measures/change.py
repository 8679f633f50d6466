"""Change over time: scores on fixed goalposts, what a change is made of, and whether units converge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import DataError, StudyError
from childatlas.measures.drivers import contributions_between
from childatlas.measures.index import build_index
from childatlas.measures.index_input import take_values
from childatlas.measures.index_result import IndexResult
from childatlas.measures.normalise import fixed_reference
from childatlas.measures.recipe import IndexedIndicator, Recipe, as_recipe
from childatlas.measures.tree import build_tree

__all__ = ["Convergence", "Panel", "build_panel", "convergence", "decompose_change", "fix_goalposts"]


@dataclass(frozen=True, eq=False)
class Panel:
    """An index over years, comparable because its goalposts are fixed.

    Attributes
    ----------
    recipe : Recipe
        With every normalisation fixed at the pooled years.
    years : dict of year -> IndexResult
    scores, ranks, coverage : DataFrame
        Units x years.
    breaks : dict of year -> text
        Reforms and re-basings: a change across one compares different things.
    """

    recipe: Recipe
    years: dict[int, IndexResult]
    scores: pd.DataFrame
    ranks: pd.DataFrame
    coverage: pd.DataFrame
    breaks: dict[int, str]


def fix_goalposts(values: Mapping[int, pd.DataFrame], recipe: Recipe) -> Recipe:
    """Return `recipe` with every goalpost, mean and spread fixed at the figures of all years together.

    Raises
    ------
    StudyError
        If an indicator is normalised by ranks, which have no meaning across years, or weights are learned
        from the data and would differ from year to year.
    """
    tree = build_tree(recipe)
    learned = [x.id for x in recipe.levels if x.weights not in {"given", "equal"}]
    if learned:
        raise StudyError(
            "weights learned from each year's data do not compare over time",
            where=f"levels: {learned[0]}",
            fix="give the weights, or learn them once and write them into the recipe",
        )
    pooled = pd.concat([take_values(table, recipe, tree) for table in values.values()])
    fixed = {i.id: _fixed(i, recipe, pooled) for i in tree.indicators}
    indicators = tuple(fixed.get(i.id, i) for i in recipe.indicators)
    return recipe.model_copy(update={"indicators": indicators})


def _fixed(item: IndexedIndicator, recipe: Recipe, pooled: pd.DataFrame) -> IndexedIndicator:
    how = item.normalisation or recipe.normalisation
    try:
        reference = fixed_reference(pooled[item.id].to_numpy(float), how)
    except ValueError as error:
        raise StudyError(
            "a normalisation does not compare over time",
            where=f"indicator {item.id}",
            found=how.method,
            expected="min-max, z-score, goalposts or a distance",
            fix=str(error),
        ) from None
    return item.model_copy(update={"normalisation": reference})


def build_panel(
    values: Mapping[int, pd.DataFrame],
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    breaks: Mapping[int, str] | None = None,
) -> Panel:
    """Return the index of every year on goalposts fixed over all of them.

    Parameters
    ----------
    values : mapping of year -> DataFrame (units x indicators)
    recipe : Recipe, mapping, path or name
    breaks : mapping of year -> text, optional
        Reforms and re-basings between the year before and this one.

    Raises
    ------
    DataError
        If there is no year.
    StudyError
        As `fix_goalposts`.
    """
    if not values:
        raise DataError("there is no year to build an index of", expected="one table a year")
    fixed = fix_goalposts(values, as_recipe(recipe))
    years = {int(year): build_index(values[year], fixed) for year in sorted(values)}
    return Panel(
        recipe=fixed,
        years=years,
        scores=pd.DataFrame({y: r.scores for y, r in years.items()}),
        ranks=pd.DataFrame({y: r.ranks for y, r in years.items()}),
        coverage=pd.DataFrame({y: r.coverage for y, r in years.items()}),
        breaks={int(y): text for y, text in sorted((breaks or {}).items())},
    )


def decompose_change(panel: Panel, start: int, end: int) -> pd.DataFrame:
    """Return the change of every unit's score from `start` to `end`, split by indicator, exactly.

    Returns
    -------
    DataFrame
        Units of both years x indicators (in points of the index), then ``figures_that_came_or_went`` (the
        part of the change that is due to indicators with a figure in one year only), ``change`` (the sum),
        and ``break`` (texts of the breaks after `start` up to `end`).

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
    rows = {u: contributions_between(after, before.normalised.loc[u], after.normalised.loc[u]) for u in units}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(after.normalised.columns))
    change = (after.scores - before.scores).reindex(units)
    table["figures_that_came_or_went"] = change - table.sum(axis=1, min_count=1)
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


def convergence(panel: Panel) -> Convergence:
    """Return beta and sigma convergence over the panel's first to last year (Barro and Sala-i-Martin 1992).

    Raises
    ------
    DataError
        If there are under two years, or under three units with a score in each.
    """
    from scipy import stats

    complete = panel.scores.dropna()
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
