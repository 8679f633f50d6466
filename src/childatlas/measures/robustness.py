"""How far ranks depend on choices that could have been made otherwise: Monte Carlo over declared choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from childatlas.measures.choices import Choices
from childatlas.measures.index import build_index
from childatlas.measures.normalise import Array, rank_least
from childatlas.measures.recipe import Recipe, as_recipe
from childatlas.measures.space import Space
from childatlas.measures.space_build import open_space

__all__ = ["Robustness", "chosen_space", "explore_index", "ranks_of", "shift_of"]


@dataclass(frozen=True, eq=False)
class Robustness:
    """Ranks under many recipes; 1 = worst off.

    Attributes
    ----------
    ranks : DataFrame
        Indexed by unit: ``rank`` (the recipe's own), ``median, low, high`` (interval of `level`), ``mean``,
        ``bottom_fifth`` (share of draws in the worst fifth of units), ``undefined`` (share of draws
        without score).
    distribution : DataFrame
        Units x ranks 1..n: share of draws.
    mean_shift : float
        Mean absolute rank shift against the recipe's own ranks, over units and draws.
    shift : Series
        The same per unit.
    draws : DataFrame
        One row a draw: the number of the alternative that each choice took, and ``mean_shift``.
    score_draws : array (draws, units)
    factors : tuple of str
    level : float
    """

    ranks: pd.DataFrame
    distribution: pd.DataFrame
    mean_shift: float
    shift: pd.Series
    draws: pd.DataFrame
    score_draws: Array
    factors: tuple[str, ...]
    level: float


def explore_index(
    values: pd.DataFrame,
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    seed: int,
    draws: int = 10_000,
    choices: Choices | Mapping[str, Any] | None = None,
    standard_errors: pd.DataFrame | None = None,
    ballots: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    level: float = 0.9,
) -> Robustness:
    """Return how ranks spread when the declared choices are drawn at random.

    Parameters
    ----------
    values : DataFrame
        Units x indicators.
    recipe : Recipe, mapping, path or name
    seed : int
    draws : int
    choices : Choices or mapping, optional
        By default those that the recipe declares.
    standard_errors : DataFrame, optional
        Units x indicators, for ``figures = true``. Figures without an error do not vary.
    ballots : DataFrame, optional
        Points of ballots over node ids (`ballot_points`), for ``ballots = true``.
    level : float
        Coverage of the interval of ranks.

    Raises
    ------
    StudyError, AnalysisError
        As `open_space`.

    Notes
    -----
    Outliers' treatment and imputed values are learned once from the published figures; goalposts, means
    and ranks are taken anew in each draw. Saisana, Saltelli and Tarantola (2005), J. R. Stat. Soc. A 168,
    307-323. Cost O(draws x units x indicators), in blocks of a few megabytes.
    """
    made = as_recipe(recipe)
    space = chosen_space(
        values,
        made,
        choices,
        seed=seed,
        size=draws,
        standard_errors=standard_errors,
        ballots=ballots,
        groups=groups,
    )
    points = np.random.default_rng([seed, 1]).random((draws, len(space.factors)))
    points = _each_realisation_once(points, space)
    scores = space.scores(points)
    nominal = build_index(values, made, groups=groups).ranks
    return _summarise(space, scores, points, nominal, level)


def chosen_space(
    values: pd.DataFrame,
    recipe: Recipe,
    choices: Choices | Mapping[str, Any] | None,
    *,
    seed: int,
    size: int,
    standard_errors: pd.DataFrame | None = None,
    ballots: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
) -> Space:
    """Return the space of `choices`, by default of those that the recipe declares (see `open_space`)."""
    return open_space(
        values,
        recipe,
        _as_choices(choices, recipe),
        seed=seed,
        size=size,
        standard_errors=standard_errors,
        ballots=ballots,
        groups=groups,
    )


def _as_choices(choices: Choices | Mapping[str, Any] | None, recipe: Recipe) -> Choices:
    if choices is None:
        return recipe.choices
    if isinstance(choices, Choices):
        return choices
    declared = recipe.model_dump(exclude={"choices"}, exclude_unset=True)
    return as_recipe({**declared, "choices": dict(choices)}).choices


def _each_realisation_once(points: Array, space: Space) -> Array:
    """Give every draw its own realisation of a bank, instead of one at random."""
    own = (np.arange(len(points)) + 0.5) / len(points)
    banks = [space.counts(factor) == space.size and len(points) == space.size for factor in space.factors]
    return np.where(banks, own[:, None], points)


def ranks_of(scores: Array, *, worst_is_high: bool) -> Array:
    """Return ranks (draws, units), 1 = worst off, ties at their least rank, NaN without a score."""
    size = np.fmax.reduce(np.abs(scores), axis=-1, keepdims=True)
    rounded = np.round(scores / np.where(size > 0, size, 1.0), 9)
    return rank_least(-rounded if worst_is_high else rounded)


def shift_of(ranks: Array, nominal: Array) -> Array:
    """Return the mean absolute rank shift of each draw over the units ranked in both."""
    gap = np.abs(ranks - nominal)
    known = ~np.isnan(gap)
    return np.asarray(np.where(known, gap, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1))


def _summarise(space: Space, scores: Array, points: Array, nominal: pd.Series, level: float) -> Robustness:
    ranks = ranks_of(scores, worst_is_high=space.tree.worst_is_high)
    units = space.units
    draws = pd.DataFrame(space.levels_of(points))
    draws["mean_shift"] = shift_of(ranks, nominal.to_numpy(float))
    gap = np.abs(ranks - nominal.to_numpy(float))
    return Robustness(
        ranks=_rank_table(ranks, nominal, level),
        distribution=_distribution(ranks, units),
        mean_shift=float(np.nanmean(gap)) if np.isfinite(gap).any() else float("nan"),
        shift=_column_means(gap, units).rename("mean_shift"),
        draws=draws,
        score_draws=scores,
        factors=space.factors,
        level=level,
    )


def _column_means(x: Array, units: pd.Index) -> pd.Series:
    known = ~np.isnan(x)
    total, count = np.where(known, x, 0.0).sum(axis=0), known.sum(axis=0)
    return pd.Series(np.where(count > 0, total / np.maximum(count, 1), np.nan), index=units)


def _rank_table(ranks: Array, nominal: pd.Series, level: float) -> pd.DataFrame:
    bounds = np.full((3, ranks.shape[1]), np.nan)
    scored = ~np.isnan(ranks).all(axis=0)
    shares = [0.5, (1 - level) / 2, (1 + level) / 2]
    if scored.any():
        bounds[:, scored] = np.nanquantile(ranks[:, scored], shares, axis=0, method="inverted_cdf")
    fifth = max(1, round(int(nominal.notna().sum()) / 5))
    return pd.DataFrame(
        {
            "rank": nominal,
            "median": bounds[0],
            "low": bounds[1],
            "high": bounds[2],
            "mean": _column_means(ranks, nominal.index),
            "bottom_fifth": _column_means(np.where(np.isnan(ranks), np.nan, ranks <= fifth), nominal.index),
            "undefined": np.isnan(ranks).mean(axis=0),
        },
        index=nominal.index,
    )


def _distribution(ranks: Array, units: pd.Index) -> pd.DataFrame:
    n = len(units)
    known = ~np.isnan(ranks)
    cells = (np.arange(n) * n + np.where(known, ranks, 1).astype(np.int64) - 1)[known]
    counts = np.bincount(cells, minlength=n * n).reshape(n, n)
    return pd.DataFrame(counts / len(ranks), index=units, columns=np.arange(1, n + 1))
