"""Variances of estimates from their linearised values: between clusters within strata, stage by stage."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design, Lonely
from childatlas.measures.stages import Stage

__all__ = ["covariance", "grouped_variance", "refuse_lonely", "stage_variance"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


def covariance(design: Design, scores: Floats) -> Floats:
    """Return the covariance matrix of the totals of `scores`.

    Parameters
    ----------
    design : Design
    scores : array, rows x estimates
        Linearised values with their weights: the estimate's error is about the sum of its column.

    Returns
    -------
    array, estimates x estimates

    Raises
    ------
    AnalysisError
        If a stratum has one cluster only and the design does not say what to do.

    Notes
    -----
    For each stage and stratum, (1 - f) n / (n - 1) sum (t - mean t)(t - mean t)', t the totals of the
    clusters; a later stage counts f of the stages above (Sarndal, Swensson and Wretman 1992, result 4.3.1).
    """
    scores = scores.reshape(design.rows, -1)
    result = np.zeros((scores.shape[1], scores.shape[1]))
    for level, stage in enumerate(design.stages):
        if not stage.multiplier.any():
            break
        lonely = design.lonely if level == 0 else _inner(design.lonely)
        refuse_lonely(stage, lonely, np.unique(stage.stratum))
        rows = sparse.csr_matrix(
            (np.ones(design.rows), (stage.cluster, np.arange(design.rows))),
            shape=(len(stage.stratum_of_cluster), design.rows),
        )
        totals = np.asarray(rows @ scores)
        owner, count = stage.stratum_of_cluster, stage.sampled
        sums = np.zeros((len(count), totals.shape[1]))
        np.add.at(sums, owner, totals)
        single = count == 1
        means = np.where(single[:, None] & (lonely == "adjust"), 0.0, sums / count[:, None])
        spread = (totals - means[owner]) * np.sqrt(_factors(stage))[owner][:, None]
        result += spread.T @ spread * _average(lonely, len(count), int((single & _open(stage)).sum()))
    return result


def grouped_variance(design: Design, group: Codes, groups: int, scores: Floats) -> Floats:
    """Return the variance of the total of each column of `scores` in each group of rows.

    Parameters
    ----------
    design : Design
    group : array of int, one per row
        Code of the group, -1 for rows outside all groups. Other groups' clusters count as zeros.
    groups : int
    scores : array, rows x estimates

    Returns
    -------
    array, groups x estimates
    """
    inside = group >= 0
    scores = scores.reshape(design.rows, -1)[inside]
    result = np.zeros((groups, scores.shape[1]))
    for level, stage in enumerate(design.stages):
        if not stage.multiplier.any():
            break
        lonely = design.lonely if level == 0 else _inner(design.lonely)
        result += stage_variance(
            stage, lonely, group[inside], groups, cluster=stage.cluster[inside], scores=scores
        )
    return result


def stage_variance(
    stage: Stage, lonely: Lonely, group: Codes, groups: int, *, cluster: Codes, scores: Floats
) -> Floats:
    """Return one stage's part of the variance, groups x estimates, from rows or cells of any kind.

    `group`, `cluster` and `scores` (2-d) have one entry per row or cell; clusters of a stratum that no
    cell names count as zeros.
    """
    clusters, strata = len(stage.stratum_of_cluster), len(stage.sampled)
    pair, place = np.unique(group * clusters + cluster, return_inverse=True)
    of_group, owner = pair // max(clusters, 1), stage.stratum_of_cluster[pair % max(clusters, 1)]
    block, home = np.unique(of_group * strata + owner, return_inverse=True)
    of_block, stratum = block // max(strata, 1), block % max(strata, 1)
    refuse_lonely(stage, lonely, np.unique(stratum))
    count, factor = stage.sampled[stratum].astype(float), _factors(stage)[stratum]
    single = stage.sampled[stratum] == 1
    shrink = np.where(single & (lonely == "adjust"), 0.0, 1.0)
    result = np.zeros((groups, scores.shape[1]))
    for column in range(scores.shape[1]):
        totals = np.bincount(place, scores[:, column], minlength=len(pair))
        sums = np.bincount(home, totals, minlength=len(block))
        squares = np.bincount(home, totals**2, minlength=len(block))
        parts = factor * np.maximum(squares - shrink * sums**2 / count, 0.0)
        result[:, column] = np.bincount(of_block, parts, minlength=groups)
    if lonely == "average":
        touched = np.bincount(of_block, minlength=groups)
        alone = np.bincount(of_block, single & _open(stage)[stratum], minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            result *= (touched / (touched - alone))[:, None]
    return result


def refuse_lonely(stage: Stage, lonely: Lonely, strata: Codes) -> None:
    """Raise where one of `strata` has a single cluster, is not fully sampled, and nothing says what to do.

    Raises
    ------
    AnalysisError
        Naming how many strata.
    """
    if lonely != "error":
        return
    alone = strata[(stage.sampled[strata] == 1) & _open(stage)[strata]]
    if len(alone):
        raise AnalysisError(
            f"{len(alone)} strata have one cluster only: their variance cannot be estimated",
            found=f"strata number {alone[:5].tolist()} in sorted order",
            expected="two clusters or more in every stratum",
            fix="join strata, or choose lonely='adjust' (cautious), 'average' or 'certainty'",
        )


def _open(stage: Stage) -> NDArray[np.bool_]:
    """Strata that were not drawn in full, so that they have a variance to lack."""
    return stage.fraction < 1 - 1e-7


def _factors(stage: Stage) -> Floats:
    """Return what the squared spread in each stratum counts: multiplier (1 - f) n / (n - 1)."""
    count = stage.sampled.astype(float)
    small = np.where(count > 1, count / np.maximum(count - 1, 1), 1.0)
    factors: Floats = stage.multiplier * np.where(_open(stage), 1 - stage.fraction, 0.0) * small
    return factors


def _average(lonely: Lonely, strata: int, alone: int) -> float:
    if lonely != "average" or not alone:
        return 1.0
    return strata / (strata - alone) if strata > alone else float("nan")


def _inner(lonely: Lonely) -> Lonely:
    """Return the rule of later stages: one element adds nothing unless the user wants to hear of it."""
    return "certainty" if lonely == "average" else lonely
