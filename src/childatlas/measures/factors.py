"""Weights from rotated factors: indicators that say the same share one weight (OECD/JRC Handbook, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.normalise import Array

__all__ = ["FactorWeights", "factor_weights", "varimax"]

_KAISER = 1.0
_LEAST_SHARE = 0.1
_LEAST_TOGETHER = 0.6
_ROUNDS = 500


@dataclass(frozen=True, eq=False)
class FactorWeights:
    """Weights and the factors they come from.

    Attributes
    ----------
    weights : Series
        Sum to one; 0 for a part that does not vary.
    loadings : DataFrame
        Parts x factors, after rotation.
    explained : Series
        Variance that each rotated factor explains, in numbers of indicators.
    member : Series
        Factor on which each part loads most.
    """

    weights: pd.Series
    loadings: pd.DataFrame
    explained: pd.Series
    member: pd.Series


def factor_weights(parts: pd.DataFrame, *, factors: int | None = None) -> FactorWeights:
    """Return weights in proportion to squared loadings on rotated principal components.

    Parameters
    ----------
    parts : DataFrame
        Units x parts; units with a missing part are left out.
    factors : int, optional
        How many are kept; by default those with an eigenvalue over 1 and over a tenth of the variance, and
        more until three fifths of it are explained.

    Raises
    ------
    AnalysisError
        If there are under three complete units, or more factors are asked for than parts vary.

    Notes
    -----
    Each part belongs to the factor on which it loads most and gets its squared loading there over the
    variance the factor explains, times the factor's share of the variance all explain; the weights are
    scaled to one (Nicoletti, Scarpetta and Boylaud 2000). Rotation: normalised varimax (Kaiser 1958).
    """
    complete = parts.dropna()
    moving = complete.loc[:, complete.max() - complete.min() > 1e-12 * complete.abs().max()]
    if len(complete) < 3:
        raise AnalysisError(
            "factor weights need three units with every part",
            found=f"{len(complete)} complete units of {len(parts)}",
            fix="choose given or equal weights, or impute",
        )
    if factors is not None and not 1 <= factors <= moving.shape[1]:
        raise AnalysisError("no such number of factors", found=factors, expected=f"1 to {moving.shape[1]}")
    if moving.shape[1] < 2:
        equal = pd.Series(1.0 if moving.shape[1] == 0 else 0.0, index=parts.columns)
        equal[moving.columns] = 1.0
        return _trivial(equal / equal.sum())
    values, vectors = np.linalg.eigh(np.corrcoef(moving.to_numpy(float), rowvar=False))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    kept = _kept(values) if factors is None else factors
    loadings = varimax(vectors[:, :kept] * np.sqrt(values[:kept]))
    return _weigh(pd.DataFrame(loadings, index=moving.columns), parts.columns)


def _trivial(weights: pd.Series) -> FactorWeights:
    one = pd.DataFrame(np.ones((len(weights), 1)), index=weights.index, columns=[1])
    return FactorWeights(weights, one, pd.Series([1.0], index=[1]), pd.Series(1, index=weights.index))


def _kept(eigenvalues: Array) -> int:
    share = eigenvalues / eigenvalues.sum()
    own = int(((eigenvalues > _KAISER) & (share > _LEAST_SHARE)).sum())
    together = int(np.searchsorted(np.cumsum(share), _LEAST_TOGETHER - 1e-12)) + 1
    return max(own, together)


def _weigh(loadings: pd.DataFrame, names: pd.Index) -> FactorWeights:
    square = loadings**2
    explained = square.sum()
    order = explained.sort_values(ascending=False, kind="stable").index
    number = {old: new for new, old in enumerate(order, start=1)}
    member = square.idxmax(axis=1)
    own = pd.Series({part: square.loc[part, factor] for part, factor in member.items()})
    # squared loading / explained x explained / all explained: the factor's own variance cancels out
    weights = (own / own.sum()).reindex(names, fill_value=0.0)
    signed = loadings * np.sign(loadings.sum()).replace(0.0, 1.0)
    return FactorWeights(
        weights=weights,
        loadings=signed.rename(columns=number).sort_index(axis=1),
        explained=explained.rename(number).sort_index(),
        member=member.map(number),
    )


def varimax(loadings: Array) -> Array:
    """Return loadings rotated so that each part loads on as few factors as can be (Kaiser 1958, normalised).

    Rows are scaled to their communality, the criterion is maximised over planes by singular values, and the
    scale is given back.
    """
    communality = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    scaled = loadings / np.where(communality > 0, communality, 1.0)
    rows, columns = scaled.shape
    rotation, before = np.eye(columns), 0.0
    for _ in range(_ROUNDS):
        turned = scaled @ rotation
        gradient = turned**3 - turned * ((turned**2).sum(axis=0) / rows)
        left, values, right = np.linalg.svd(scaled.T @ gradient)
        rotation = left @ right
        if values.sum() <= before * (1 + 1e-12):
            break
        before = float(values.sum())
    return np.asarray(loadings @ rotation)
