"""Variances of estimates from their linearised values: between clusters within strata, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design, Lonely
from childatlas.measures.stages import Stage

__all__ = ["Spread", "build_spread", "covariance", "grouped_variance", "refuse_lonely"]

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
    for level, stage in enumerate(design.counted):
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


def grouped_variance(
    design: Design, group: Codes, groups: int, scores: Floats, *, rows: Codes | None = None
) -> Floats:
    """Return the variance of the total of each column of `scores` in each group.

    Parameters
    ----------
    design : Design
    group : array of int, one per entry
        Code of the group, -1 for entries outside all groups. Other groups' clusters count as zeros.
    groups : int
    scores : array, entries x estimates
    rows : array of int, optional
        Row of the design that each entry stands for; entries are the rows themselves by default.

    Returns
    -------
    array, groups x estimates
    """
    inside = group >= 0
    scores = scores.reshape(len(group), -1)[inside]
    kept = np.flatnonzero(inside) if rows is None else rows[inside]
    return build_spread(design, group[inside], groups, rows=kept)(scores)


@dataclass(frozen=True, eq=False)
class Spread:
    """The variance of totals by group, laid out once for many estimates: call it with entries x estimates."""

    groups: int
    layers: tuple[_Layer, ...]

    def __call__(self, scores: Floats) -> Floats:
        """Return the variance of the total of each column, groups x estimates."""
        result = np.zeros((self.groups, scores.shape[1]))
        for layer in self.layers:
            layer.add_to(result, scores)
        return result


@dataclass(frozen=True, eq=False)
class _Layer:
    """One stage: entries in clusters of a group (`place`), these in strata of a group (`home`)."""

    place: Codes
    home: Codes
    of_block: Codes
    factor: Floats
    centred: Floats
    inflate: Floats

    def add_to(self, result: Floats, scores: Floats) -> None:
        pairs, blocks, groups = len(self.home), len(self.of_block), len(result)
        for column in range(scores.shape[1]):
            totals = np.bincount(self.place, scores[:, column], minlength=pairs)
            sums = np.bincount(self.home, totals, minlength=blocks)
            squares = np.bincount(self.home, totals**2, minlength=blocks)
            parts = self.factor * np.maximum(squares - self.centred * sums**2, 0.0)
            result[:, column] += np.bincount(self.of_block, parts, minlength=groups) * self.inflate


def build_spread(design: Design, group: Codes, groups: int, *, rows: Codes) -> Spread:
    """Return the layout of entries (their group and their row of the design) for variances by group.

    Clusters of a stratum that no entry of a group names count as zeros in that group.

    Raises
    ------
    AnalysisError
        If a stratum that a group touches has one cluster only and the design does not say what to do.
    """
    layers = []
    for level, stage in enumerate(design.counted):
        lonely = design.lonely if level == 0 else _inner(design.lonely)
        layers.append(_layer(stage, lonely, group, groups, cluster=stage.cluster[rows]))
    return Spread(groups, tuple(layers))


def _layer(stage: Stage, lonely: Lonely, group: Codes, groups: int, *, cluster: Codes) -> _Layer:
    clusters, strata = len(stage.stratum_of_cluster), len(stage.sampled)
    pair, place = np.unique(group * clusters + cluster, return_inverse=True)
    of_group, owner = pair // max(clusters, 1), stage.stratum_of_cluster[pair % max(clusters, 1)]
    block, home = np.unique(of_group * strata + owner, return_inverse=True)
    of_block, stratum = block // max(strata, 1), block % max(strata, 1)
    refuse_lonely(stage, lonely, np.unique(stratum))
    single = stage.sampled[stratum] == 1
    centred = np.where(single & (lonely == "adjust"), 0.0, 1.0) / stage.sampled[stratum]
    inflate = np.ones(groups)
    if lonely == "average":
        touched = np.bincount(of_block, minlength=groups)
        alone = np.bincount(of_block, single & _open(stage)[stratum], minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            inflate = touched / (touched - alone)
    return _Layer(place, home, of_block, _factors(stage)[stratum], centred, inflate)


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
