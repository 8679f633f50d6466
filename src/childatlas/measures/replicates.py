"""Replicate weights: made from a design, or given with a file, and the variances they yield."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import hadamard

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design, check_weights
from childatlas.measures.linearisation import refuse_lonely

__all__ = ["Replicates", "build_replicates", "given_replicates", "replicate_variance"]

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["jackknife", "brr", "bootstrap"]


@dataclass(frozen=True, eq=False)
class Replicates:
    """Replicate weights of a survey.

    Attributes
    ----------
    full : array, one per row
        The survey's own weights.
    weights : array, rows x replicates
        Whole weights, not factors.
    scale : float
    each : array, one per replicate
        The variance is scale * sum(each * (estimate - centre)^2).
    df : float
        Degrees of freedom of the variance.
    centre : {"mean", "estimate"}
        What deviations are taken from: the mean of the replicates (R survey's default) or the full estimate.
    """

    full: Floats
    weights: Floats
    scale: float
    each: Floats
    df: float
    centre: Literal["mean", "estimate"] = "mean"


def build_replicates(
    design: Design,
    *,
    method: Method = "jackknife",
    replicates: int = 500,
    fay: float = 0.0,
    seed: int | None = None,
) -> Replicates:
    """Return replicate weights for the first stage of a design.

    Parameters
    ----------
    design : Design
    method : {"jackknife", "brr", "bootstrap"}
        Delete one cluster at a time (JK1 without strata, JKn with them); balanced halves for two clusters per
        stratum, with Fay's factor `fay`; or the rescaled bootstrap of Rao, Wu and Yue (1992), n - 1 of n.
    replicates : int
        Number for the bootstrap.
    fay : float
        In [0, 1), for balanced halves.
    seed : int
        Required by the bootstrap.

    Raises
    ------
    AnalysisError
        If a stratum has too few clusters for the method, or the bootstrap has no seed.
    """
    makers: dict[str, Callable[[], Replicates]] = {
        "jackknife": lambda: _jackknife(design),
        "brr": lambda: _balanced(design, fay),
        "bootstrap": lambda: _bootstrap(design, replicates, seed),
    }
    if method not in makers:
        raise AnalysisError("unknown replicate method", found=method, expected=", ".join(makers))
    return makers[method]()


def given_replicates(
    full: Floats, weights: Floats, *, scale: float, each: Floats | float = 1.0, df: float | None = None
) -> Replicates:
    """Return replicate weights that came with a file (rows x replicates), deviations from the full estimate.

    For example Fay's method with factor f: scale 1 / (R (1 - f)^2); a delete-one jackknife of n: (n - 1) / n.
    """
    weights = np.asarray(weights, dtype=np.float64)
    full = check_weights(pd.Series(full, name="weight"))
    if (
        weights.ndim != 2
        or len(weights) != len(full)
        or not np.isfinite(weights).all()
        or (weights < 0).any()
    ):
        raise AnalysisError("replicate weights are a table of rows x replicates of 0 or more")
    count = weights.shape[1]
    factors = np.broadcast_to(np.asarray(each, dtype=np.float64), (count,)).copy()
    return Replicates(full, weights, scale, factors, float(count - 1 if df is None else df), "estimate")


def replicate_variance(replicates: Replicates, statistic: Callable[[Floats], Floats]) -> Floats:
    """Return the variance of each number that `statistic` returns for a vector of weights, one per row.

    A replicate in which a number is not defined is left out for that number.
    """
    values = np.stack([statistic(column) for column in replicates.weights.T])
    usable = ~np.isnan(values)
    filled = np.where(usable, values, 0.0)
    if replicates.centre == "mean":
        counted = (replicates.each > 0)[:, None] & usable
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = (filled * counted).sum(axis=0) / counted.sum(axis=0)
    else:
        centre = statistic(replicates.full)
    spread = np.where(usable, (values - centre) ** 2, 0.0) * replicates.each[:, None]
    variance: Floats = replicates.scale * spread.sum(axis=0)
    result: Floats = np.where(usable.any(axis=0), variance, np.nan)
    return result


def _jackknife(design: Design) -> Replicates:
    stage = design.first
    alone = (stage.sampled == 1) & (stage.fraction < 1)
    refuse_lonely(stage, "error" if alone.any() else design.lonely, np.flatnonzero(alone))
    owner = stage.stratum_of_cluster
    kept = np.flatnonzero(stage.sampled[owner] > 1)
    count = stage.sampled[owner[kept]]
    same = stage.stratum[:, None] == owner[kept][None, :]
    gone = stage.cluster[:, None] == kept[None, :]
    factor = np.where(gone, 0.0, np.where(same, count / (count - 1), 1.0))
    each = (1 - stage.fraction[owner[kept]]) * (count - 1) / count
    return Replicates(design.weight, design.weight[:, None] * factor, 1.0, each, design.degrees_of_freedom())


def _balanced(design: Design, fay: float) -> Replicates:
    stage = design.first
    if not (stage.sampled == 2).all():
        raise AnalysisError(
            "balanced halves need two clusters in every stratum",
            found=f"{int((stage.sampled != 2).sum())} strata with another number",
            fix="use method='jackknife' or 'bootstrap'",
        )
    if not 0 <= fay < 1:
        raise AnalysisError("Fay's factor lies in [0, 1)", found=fay)
    strata = len(stage.sampled)
    order = 1 << int(np.ceil(np.log2(strata + 1)))
    signs = hadamard(order)[:, 1 : strata + 1].astype(np.float64)
    first = np.zeros(len(stage.stratum_of_cluster))
    first[np.unique(stage.stratum_of_cluster, return_index=True)[1]] = 1.0
    side = np.where(first > 0, 1.0, -1.0)[stage.cluster]
    factor = 1 + (1 - fay) * side[:, None] * signs[:, stage.stratum].T
    each = np.ones(order)
    weights = design.weight[:, None] * factor
    return Replicates(design.weight, weights, 1 / (order * (1 - fay) ** 2), each, design.degrees_of_freedom())


def _bootstrap(design: Design, replicates: int, seed: int | None) -> Replicates:
    if seed is None:
        raise AnalysisError("the bootstrap draws at random", found="no seed", fix="give seed=")
    stage = design.first
    alone = (stage.sampled == 1) & (stage.fraction < 1)
    refuse_lonely(stage, "error" if alone.any() else design.lonely, np.flatnonzero(alone))
    rng = np.random.default_rng(seed)
    clusters = len(stage.stratum_of_cluster)
    factor = np.ones((clusters, replicates))
    for stratum in np.flatnonzero(stage.sampled > 1):
        members = np.flatnonzero(stage.stratum_of_cluster == stratum)
        n = len(members)
        drawn = rng.multinomial(n - 1, np.full(n, 1 / n), size=replicates).T
        lam = np.sqrt(1 - stage.fraction[stratum])
        factor[members] = 1 - lam + lam * n / (n - 1) * drawn
    weights = design.weight[:, None] * factor[stage.cluster]
    return Replicates(
        design.weight, weights, 1 / replicates, np.ones(replicates), design.degrees_of_freedom()
    )
