"""Variance-based sensitivity: which share of the spread of an output each choice explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.choices import Choices
from childatlas.measures.index import build_index
from childatlas.measures.normalise import Array
from childatlas.measures.recipe import Recipe, as_recipe
from childatlas.measures.robustness import chosen_space, ranks_of, shift_of

__all__ = ["Sensitivity", "sobol_index", "sobol_indices"]

Model = Callable[[Array], Array]
SHIFT = "mean_shift"


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Sobol indices of each factor for each output.

    Attributes
    ----------
    indices : DataFrame
        Indexed by (output, factor): ``first, first_low, first_high, total, total_low, total_high``. All 0
        for an output that does not vary.
    variance : Series
        Variance of each output.
    evaluations : int
        Runs of the model: base x (factors + 2).
    level : float
    """

    indices: pd.DataFrame
    variance: pd.Series
    evaluations: int
    level: float

    def of(self, output: str = SHIFT) -> pd.DataFrame:
        """Return the rows of one output, indexed by factor."""
        return self.indices.xs(output, level="output")


def sobol_indices(
    model: Model,
    factors: Sequence[str],
    *,
    seed: int,
    base: int = 2_048,
    outputs: Sequence[str] = ("output",),
    bootstrap: int = 500,
    level: float = 0.95,
) -> Sensitivity:
    """Return first-order and total Sobol indices of `model`, with bootstrap intervals.

    Parameters
    ----------
    model : callable
        Takes points of the unit cube (rows, factors), returns (rows,) or (rows, outputs).
    factors, outputs : sequence of str
    seed : int
    base : int
        Base points, a power of two (a scrambled Sobol sequence).
    bootstrap : int
        Draws of base points with replacement.
    level : float

    Raises
    ------
    AnalysisError
        If `base` is not a power of two of 4 or more, or the model returns missing values.

    Notes
    -----
    S_i = mean(f_B (f_ABi - f_A)) / V, Saltelli et al. (2010), Computer Physics Communications 181, table 2
    (b); T_i = mean((f_A - f_ABi)^2) / 2V, Jansen (1999), the same table (f). Cost: base x (factors + 2) runs.
    """
    from scipy.stats import qmc

    if base < 4 or base & (base - 1):
        raise AnalysisError(
            "the base of Sobol points must be a power of two", found=base, expected="for example 2048"
        )
    k = len(factors)
    points = qmc.Sobol(2 * k, scramble=True, rng=np.random.default_rng(seed)).random(base)
    first, second = points[:, :k], points[:, k:]
    blocks = [first, second]
    for column in range(k):
        mixed = first.copy()
        mixed[:, column] = second[:, column]
        blocks.append(mixed)
    y = np.asarray(model(np.concatenate(blocks)), dtype=float).reshape(k + 2, base, -1)
    if np.isnan(y).any():
        raise AnalysisError(
            "the output is undefined at some points, so its variance is too",
            found=f"{np.isnan(y).any(axis=-1).sum()} of {(k + 2) * base} points",
            fix="narrow the choices, or fill the missing figures",
        )
    resampled = (
        np.random.default_rng([seed, 1]).multinomial(base, np.full(base, 1 / base), size=bootstrap) / base
    )
    return _table(y, resampled, factors, outputs, level)


def _table(
    y: Array, resampled: Array, factors: Sequence[str], outputs: Sequence[str], level: float
) -> Sensitivity:
    k, base, m = y.shape[0] - 2, y.shape[1], y.shape[2]
    y = y - y[:2].mean(axis=(0, 1))  # centring lowers the error of the first-order estimate
    all_once = np.full((1, base), 1 / base)
    first, total, variance = _estimates(y, all_once)
    drawn_first, drawn_total, _ = _estimates(y, resampled)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low_high = [np.quantile(d, tails, axis=0) for d in (drawn_first, drawn_total)]
    index = pd.MultiIndex.from_product([list(outputs), list(factors)], names=["output", "factor"])
    columns = {
        "first": first[0],
        "first_low": low_high[0][0],
        "first_high": low_high[0][1],
        "total": total[0],
        "total_low": low_high[1][0],
        "total_high": low_high[1][1],
    }
    flat = {name: np.asarray(x).reshape(k, m).T.ravel() for name, x in columns.items()}
    return Sensitivity(
        pd.DataFrame(flat, index=index), pd.Series(variance[0], index=list(outputs)), (k + 2) * base, level
    )


def _estimates(y: Array, shares: Array) -> tuple[Array, Array, Array]:
    """Return first-order and total indices (samples, factors, outputs) and variances under base shares."""
    a, b, mixed = y[0], y[1], y[2:]
    pooled = shares @ np.concatenate([(a + b) / 2, (a**2 + b**2) / 2], axis=1)
    m = a.shape[1]
    variance = pooled[:, m:] - pooled[:, :m] ** 2
    k, base = len(mixed), len(a)
    gain = (b * (mixed - a)).transpose(1, 0, 2).reshape(base, k * m)
    loss = ((a - mixed) ** 2).transpose(1, 0, 2).reshape(base, k * m)
    scale = np.where(variance > 1e-20, variance, np.inf)[:, None, :]
    first = (shares @ gain).reshape(-1, k, m) / scale
    total = (shares @ loss).reshape(-1, k, m) / (2 * scale)
    return first, total, variance


def sobol_index(
    values: pd.DataFrame,
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    seed: int,
    base: int = 2_048,
    choices: Choices | Mapping[str, Any] | None = None,
    standard_errors: pd.DataFrame | None = None,
    ballots: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
    bootstrap: int = 500,
) -> Sensitivity:
    """Return how much each declared choice moves the ranks: outputs are ``mean_shift`` and each unit's rank.

    A unit without a score at some point counts as the middle of the others there. Parameters and errors as
    `explore_index`; AnalysisError also where at some point no unit has a score.
    """
    made = as_recipe(recipe)
    space = chosen_space(
        values,
        made,
        choices,
        seed=seed,
        size=base,
        standard_errors=standard_errors,
        ballots=ballots,
        groups=groups,
    )
    nominal = build_index(values, made, groups=groups).ranks
    scored = np.flatnonzero(nominal.notna())

    def outputs(points: Array) -> Array:
        ranks = ranks_of(space.scores(points), worst_is_high=space.tree.worst_is_high)
        shift = shift_of(ranks, nominal.to_numpy(float))
        return np.column_stack([shift, _without_gaps(ranks, scored)])

    names = [SHIFT, *map(str, values.index[scored])]
    return sobol_indices(outputs, space.factors, seed=seed, base=base, outputs=names, bootstrap=bootstrap)


def _without_gaps(ranks: Array, scored: NDArray[np.intp]) -> Array:
    """Return the ranks of the scored units; one without a score at a point counts as the middle there.

    A point at which nobody has a score stays missing, and is refused by `sobol_indices`.
    """
    known = ~np.isnan(ranks)
    count = known.sum(axis=1)
    total = np.where(known, ranks, 0.0).sum(axis=1)
    middle = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    own = ranks[:, scored]
    return np.where(np.isnan(own), middle[:, None], own)
