"""Bootstrap of whole clusters: sums of each cluster once, then one matrix product for many replicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design
from childatlas.measures.replicates import build_replicates
from childatlas.measures.stages import Stage

__all__ = ["bootstrap_factors", "bootstrap_sums", "cluster_sums", "replicate_error"]

Floats: TypeAlias = NDArray[np.float64]
BLOCK = 50  # replicates at a time


def bootstrap_factors(design: Design, *, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of factors, clusters x replicates, of the rescaled bootstrap of Rao, Wu and Yue (1992).

    Raises
    ------
    AnalysisError
        If fewer than two replicates are asked for, or a stratum has one cluster and nothing says what to do.
    """
    if replicates < 2:
        raise AnalysisError("errors need replicates", found=replicates, expected="2 or more")
    first = design.first
    clusters = len(first.stratum_of_cluster)
    stage = Stage(
        first.stratum_of_cluster,
        np.arange(clusters),
        first.stratum_of_cluster,
        first.sampled,
        first.fraction,
        first.multiplier,
    )
    small = Design(np.ones(clusters), (stage,), design.lonely)
    blocks = -(-replicates // BLOCK)
    seeds = np.random.SeedSequence(seed).generate_state(blocks)
    for place, own in enumerate(seeds):
        count = min(BLOCK, replicates - place * BLOCK)
        yield build_replicates(small, method="bootstrap", replicates=count, seed=int(own)).weights


def cluster_sums(design: Design, columns: Floats) -> Floats:
    """Return the totals of `columns` (rows x any) in each cluster."""
    rows = design.rows
    clusters = len(design.first.stratum_of_cluster)
    if clusters == rows:
        ordered = np.empty_like(columns)
        ordered[design.first.cluster] = columns
        return ordered
    owner = sparse.csr_matrix(
        (np.ones(rows), (design.first.cluster, np.arange(rows))), shape=(clusters, rows)
    )
    return np.asarray(owner @ columns)


def bootstrap_sums(design: Design, columns: Floats, *, replicates: int, seed: int) -> Floats:
    """Return the totals of `columns` under each replicate, replicates x columns.

    Complexity O(clusters x replicates x columns), as one product a block.
    """
    sums = cluster_sums(design, columns)
    return np.vstack([f.T @ sums for f in bootstrap_factors(design, replicates=replicates, seed=seed)])


def replicate_error(values: Floats) -> tuple[Floats, int]:
    """Return standard errors over replicates (rows), and how many replicates had an answer at all."""
    usable = values[np.isfinite(values).any(axis=1)]
    if len(usable) < 2:
        return np.full(values.shape[1], np.nan), len(usable)
    return usable.std(axis=0, ddof=1), len(usable)
