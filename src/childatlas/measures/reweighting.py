"""What one group's outcome would be with the other's characteristics: reweighting by a logit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.distribution import Incomes, build_measures
from childatlas.measures.estimates import t_interval
from childatlas.measures.influence import middle
from childatlas.measures.logit import Cells, standard_columns
from childatlas.measures.paired import pair_groups
from childatlas.measures.resampling import bootstrap_factors, replicate_error

__all__ = ["Reweighted", "reweight_groups"]

Floats: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Reweighted:
    """A counterfactual group and the gaps it takes apart.

    Attributes
    ----------
    summary : DataFrame
        By statistic: ``first, second, counterfactual, gap, composition, structure``, the share of composition
        in the gap, and for gap, composition and structure ``_se, _low, _high``.
    balance : DataFrame
        By column of the model: means of the first group as it is, reweighted, and of the second, and the
        standardised difference from the second ``before`` and ``after``.
    weights : Series
        Counterfactual weights of the first group's rows, on the caller's index; they add to the second's.
    effective_n : float
        (sum w)^2 / sum w^2 of the counterfactual weights: how many rows they are worth.
    largest_share : float
        The part of all counterfactual weight that one row has.
    missing : int
    replicates : int
    """

    summary: pd.DataFrame
    balance: pd.DataFrame
    weights: pd.Series
    effective_n: float
    largest_share: float
    missing: int
    replicates: int


def reweight_groups(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    between: str,
    groups: tuple[Any, Any],
    line: float | None = None,
    quantiles: Sequence[float] = (0.1, 0.5, 0.9),
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    categorical: Sequence[str] | None = None,
    replicates: int = 100,
    seed: int | None = None,
    level: float = 0.95,
) -> Reweighted:
    """Return the first group reweighted to the second's characteristics, and each gap in two parts.

    Parameters
    ----------
    data, outcome, predictors, between, groups, weight, stratum, cluster, fpc, lonely, nest
        As `oaxaca`.
    categorical, replicates, seed, level
        As `oaxaca`.
    line : float, optional
        Adds the share below it (poverty) to the statistics.
    quantiles : sequence of float
        Adds these quantiles. The mean is always there, and the Gini where nothing is negative.

    Returns
    -------
    Reweighted
        gap = first - second; composition = first - counterfactual: what differs because other people live
        there; structure = counterfactual - second: what like people have less or more of.

    Raises
    ------
    AnalysisError
        If the logit of belonging has no finite answer (a characteristic that only one group has), or the
        bootstrap has no seed.
    DataError
        As `survey_mean`.

    Notes
    -----
    DiNardo, Fortin and Lemieux (1996), Econometrica 64, p. 1009: each row of the first group is weighted by
    the odds of belonging to the second given its characteristics, from a weighted logit. Each bootstrap
    replicate fits the logit anew.
    """
    if replicates and seed is None:
        raise AnalysisError("the bootstrap draws at random", found="no seed", fix="give seed=")
    options = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    pair = pair_groups(
        data,
        outcome,
        predictors,
        between=between,
        groups=groups,
        weight=weight,
        design=options,
        categorical=categorical,
    )
    design, y, sides, terms = pair.design, pair.outcome, pair.sides, pair.terms
    places = (np.flatnonzero(sides.first), np.flatnonzero(sides.second))
    both = np.concatenate(places)
    x = standard_columns(terms.matrix[both], design.weight[both])[0]
    weights = (design.weight[places[0]], design.weight[places[1]])
    outcomes = (y[places[0]], y[places[1]])
    cells = Cells.of(x)
    own, beta = _odds(x, cells, weights, None)
    asked = (line, tuple(quantiles))
    values = _statistics(outcomes, weights, own, asked)
    se, used = np.full(values[1].size, np.nan), 0
    if replicates:
        drawn = []
        for block in bootstrap_factors(design, replicates=replicates, seed=int(seed or 0)):
            one, two = (block[design.first.cluster[p]].T for p in places)
            drawn += [
                _again(x, cells, outcomes, weights=(weights[0] * a, weights[1] * b), beta=beta, asked=asked)
                for a, b in zip(one, two, strict=True)
            ]
        se, used = replicate_error(
            np.array([d if d is not None else np.full(se.size, np.nan) for d in drawn])
        )
    summary = _table(values, se.reshape(values[1].shape), float(design.degrees_of_freedom(pair.rows)), level)
    total = own.sum()
    return Reweighted(
        summary,
        _balance(terms.matrix, terms.names, places, (weights[0], weights[1], own)),
        pd.Series(own, index=pair.frame.index[places[0]], name="counterfactual_weight"),
        float(total**2 / (own @ own)),
        float(own.max() / total),
        sides.missing,
        used,
    )


def _odds(x: Floats, cells: Cells, weights: Pair, start: Floats | None) -> tuple[Floats, Floats]:
    """Return the first group's counterfactual weights and the coefficients of belonging to the second."""
    cut = len(weights[0])
    belongs = np.repeat([0.0, 1.0], [cut, len(x) - cut])
    beta = cells.fit(belongs, np.concatenate(weights), start=start)
    share = expit(x[:cut] @ beta)
    moved = weights[0] * share / (1 - share)
    return moved * (weights[1].sum() / moved.sum()), beta


def _again(
    x: Floats,
    cells: Cells,
    y: Pair,
    *,
    weights: Pair,
    beta: Floats,
    asked: tuple[float | None, tuple[float, ...]],
) -> Floats | None:
    try:
        own = _odds(x, cells, weights, beta)[0]
    except AnalysisError:
        return None
    return _statistics(y, weights, own, asked)[1].ravel()


def _statistics(
    y: Pair, weights: Pair, own: Floats, asked: tuple[float | None, tuple[float, ...]]
) -> tuple[list[str], Floats]:
    """Return names, and statistics x (first, second, counterfactual, gap, composition, structure)."""
    found = [_describe(v, w, asked) for v, w in ((y[0], weights[0]), (y[1], weights[1]), (y[0], own))]
    table = np.array([[f[name] for f in found] for name in found[0]])
    first, second, other = table.T
    parts = np.column_stack([table, first - second, first - other, other - second])
    return list(found[0]), parts


def _describe(y: Floats, weight: Floats, asked: tuple[float | None, tuple[float, ...]]) -> dict[str, float]:
    line, quantiles = asked
    kept = weight > 0
    incomes = Incomes(y[kept], weight[kept] / weight.sum())
    result = {"mean": incomes.mean}
    if line is not None:
        result[f"below {line:g}"] = float(incomes.share @ (incomes.y < line))
    result |= {f"quantile {q:g}": middle(incomes.y, incomes.share, q) for q in quantiles}
    return {**result, "gini": build_measures((), ())["gini"](incomes)[0]}


def _table(values: tuple[list[str], Floats], se: Floats, df: float, level: float) -> pd.DataFrame:
    names, numbers_ = values
    columns = ("first", "second", "counterfactual", "gap", "composition", "structure")
    table = pd.DataFrame(numbers_, columns=list(columns), index=pd.Index(names, name="statistic"))
    gap = table["gap"].to_numpy()
    table["share_composition"] = np.where(
        gap != 0, table["composition"] / np.where(gap != 0, gap, 1.0), np.nan
    )
    for place, name in enumerate(columns[3:], start=3):
        low, high = t_interval(numbers_[:, place], se[:, place], np.full(len(names), df), level)
        table[f"{name}_se"], table[f"{name}_low"], table[f"{name}_high"] = se[:, place], low, high
    return table


def _balance(
    matrix: Floats,
    names: tuple[str, ...],
    places: tuple[NDArray[np.intp], NDArray[np.intp]],
    weights: tuple[Floats, Floats, Floats],
) -> pd.DataFrame:
    one, two = matrix[places[0]][:, 1:], matrix[places[1]][:, 1:]
    means = [
        np.average(m, axis=0, weights=w)
        for m, w in zip((one, one, two), (weights[0], weights[2], weights[1]), strict=True)
    ]
    spread = np.sqrt(
        (
            np.average((one - means[0]) ** 2, axis=0, weights=weights[0])
            + np.average((two - means[2]) ** 2, axis=0, weights=weights[1])
        )
        / 2
    )
    safe = np.where(spread > 0, spread, np.nan)
    columns = {
        "first": means[0],
        "reweighted": means[1],
        "second": means[2],
        "before": (means[0] - means[2]) / safe,
        "after": (means[1] - means[2]) / safe,
    }
    return pd.DataFrame(columns, index=pd.Index(names[1:], name="term"))
