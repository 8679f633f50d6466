"""Weights learned from the data: entropy, principal component, rotated factors, CRITIC, equal influence.

Each takes the normalised parts of one node, units x parts, and returns weights that sum to one. Rows with
a missing part are left out of what needs complete rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError, StudyError
from childatlas.measures.aggregate import aggregate
from childatlas.measures.factors import factor_weights
from childatlas.measures.normalise import Array
from childatlas.measures.recipe_parts import Aggregation

__all__ = [
    "LEARNED",
    "InfluenceFit",
    "check_weights",
    "critic_weights",
    "entropy_weights",
    "influence_weights",
    "pca_weights",
]


def check_weights(weights: pd.Series, *, where: str = "weights") -> pd.Series:
    """Return `weights` scaled to sum to one.

    Raises
    ------
    StudyError
        If a weight is missing, infinite or negative, or all are zero.
    """
    numbers = weights.astype(float)
    bad = numbers[~np.isfinite(numbers) | (numbers < 0)]
    if len(bad):
        raise StudyError(
            f"the weight of {bad.index[0]!r} cannot be used",
            where=where,
            found=bad.iloc[0],
            expected="a number of 0 or more",
            fix="correct the weight; to leave a part out give it weight 0",
        )
    if not numbers.sum() > 0:
        raise StudyError("all weights are zero", where=where, fix="give at least one part a weight over 0")
    return numbers / numbers.sum()


def _varied(parts: pd.DataFrame, needs: str) -> pd.DataFrame:
    complete = parts.dropna()
    if len(complete) < 3:
        raise AnalysisError(
            f"{needs} weights need three units with every part",
            found=f"{len(complete)} complete units of {len(parts)}",
            fix="choose given or equal weights, or impute",
        )
    return complete


def entropy_weights(parts: pd.DataFrame) -> pd.Series:
    """Return Shannon entropy weights: the more a part tells units apart, the more it weighs.

    p = x / sum x over units; e = -sum p ln p / ln n; w = (1 - e) / sum (1 - e) (Zeleny 1982). Constant
    parts get 0.

    Raises
    ------
    AnalysisError
        If there are under three complete units, or a value is negative (a share of a total has no meaning
        then).
    """
    x = _varied(parts, "entropy")
    if (x < 0).to_numpy().any():
        unit, part = next((u, p) for u, row in x.iterrows() for p, v in row.items() if v < 0)
        raise AnalysisError(
            "entropy weights need values of 0 or more",
            where=f"unit {unit}, part {part}",
            found=x.loc[unit, part],
            fix="normalise by min-max or goalposts, whose scale is not negative",
        )
    share = x / x.sum()
    logs = np.log(share.where(share > 0, 1.0))
    information = 1 + (share * logs).sum() / np.log(len(x))
    information = information.where(x.max() > x.min(), 0.0).clip(lower=0.0)
    return _scaled(information)


def pca_weights(parts: pd.DataFrame) -> pd.Series:
    """Return the squared loadings of the first principal component of the correlations, which sum to one.

    OECD/JRC Handbook (2008), section 6.1; with one component the squared loadings, scaled to unity sum,
    are the squares of the eigenvector. A constant part gets 0.
    """
    x = _varied(parts, "PCA")
    moving = x.loc[:, x.std() > 1e-12 * x.abs().max()]
    if moving.shape[1] == 0:
        return _scaled(pd.Series(0.0, index=parts.columns))
    _, vectors = np.linalg.eigh(
        np.corrcoef(moving.to_numpy(float), rowvar=False).reshape(moving.shape[1], -1)
    )
    return _scaled(
        pd.Series(vectors[:, -1] ** 2, index=moving.columns).reindex(parts.columns, fill_value=0.0)
    )


def critic_weights(parts: pd.DataFrame) -> pd.Series:
    """Return CRITIC weights, sd_j sum_k (1 - r_jk) scaled to one (Diakoulaki et al. 1995)."""
    x = _varied(parts, "CRITIC")
    sd = x.std()
    moving = sd > 1e-12 * x.abs().max()
    conflict = (1 - x.loc[:, moving].corr()).sum().reindex(x.columns, fill_value=0.0)
    content = sd.where(moving, 0.0) * conflict
    return _scaled(content if content.sum() > 1e-12 else sd.where(moving, 0.0))


def _scaled(raw: pd.Series) -> pd.Series:
    """Return `raw` over its sum; equal weights where nothing tells the parts apart."""
    total = float(raw.sum())
    if not total > 0:
        return pd.Series(1 / len(raw), index=raw.index)
    return raw / total


@dataclass(frozen=True, eq=False)
class InfluenceFit:
    """Weights under which every part correlates as asked with the score, as nearly as weights allow.

    Attributes
    ----------
    weights : Series
    influence : Series
        Share of each part in the sum of squared correlations with the score that was reached.
    gap : float
        Greatest difference between the influence reached and the one asked for.
    """

    weights: pd.Series
    influence: pd.Series
    gap: float


def influence_weights(
    parts: pd.DataFrame, *, target: pd.Series | None = None, aggregation: Aggregation | None = None
) -> InfluenceFit:
    """Return the weights that bring each part's influence nearest to `target` (equal by default).

    Influence is the share of a part's squared correlation with the score (Becker, Saisana, Paruolo and
    Vandecasteele 2017). The weights minimise the squared gaps over the simplex, by L-BFGS-B on their
    logarithms from equal ones.

    Raises
    ------
    AnalysisError
        If there are under three complete units.
    """
    from scipy.optimize import minimize

    x = _varied(parts, "equal-influence").to_numpy(float).T
    how = aggregation or Aggregation()
    moving = np.ptp(x, axis=1) > 1e-12 * np.abs(x).max(axis=1)
    wanted = np.where(moving, 1.0 if target is None else target.reindex(parts.columns).to_numpy(float), 0.0)
    wanted = wanted / wanted.sum() if wanted.sum() > 0 else wanted

    def reached(logs: Array) -> Array:
        weights = np.exp(logs) * moving
        square = _squared_correlations(x, aggregate(x, weights, how), moving)
        return np.asarray(square / max(square.sum(), 1e-300))

    if moving.sum() < 2:
        return InfluenceFit(
            _scaled(pd.Series(moving.astype(float), index=parts.columns)),
            pd.Series(wanted, index=parts.columns),
            0.0,
        )
    fit = minimize(
        lambda logs: float(((reached(logs) - wanted) ** 2).sum()),
        np.zeros(len(x)),
        method="L-BFGS-B",
        bounds=[(-6, 6)] * len(x),
    )
    influence = reached(fit.x)
    weights = _scaled(pd.Series(np.exp(fit.x) * moving, index=parts.columns))
    return InfluenceFit(
        weights, pd.Series(influence, index=parts.columns), float(np.abs(influence - wanted).max())
    )


def _squared_correlations(x: Array, score: Array, moving: Array) -> Array:
    centred = x - x.mean(axis=1, keepdims=True)
    deviation = score - score.mean()
    scale = np.sqrt((centred**2).sum(axis=1) * (deviation**2).sum())
    usable = np.asarray(moving, dtype=bool) & (scale > 0)
    square: Array = np.where(usable, (centred @ deviation) ** 2 / np.where(usable, scale, 1.0) ** 2, 0.0)
    return square


LEARNED: dict[str, Callable[[pd.DataFrame, Aggregation], pd.Series]] = {
    "entropy": lambda parts, _: entropy_weights(parts),
    "pca": lambda parts, _: pca_weights(parts),
    "factors": lambda parts, _: factor_weights(parts).weights,
    "critic": lambda parts, _: critic_weights(parts),
    "equal-influence": lambda parts, how: influence_weights(parts, aggregation=how).weights,
}
