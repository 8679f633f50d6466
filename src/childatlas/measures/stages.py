"""One stage of sampling: the stratum and cluster of each row, and how many clusters there were to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import DataError

__all__ = ["Stage", "build_stage"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of sampling, coded row by row.

    Attributes
    ----------
    stratum, cluster : array of int, one per row
        Codes from 0; a cluster code belongs to one stratum.
    stratum_of_cluster : array of int
    sampled : array of int
        Number of clusters drawn in each stratum.
    fraction : array of float
        Share of the stratum's clusters that was drawn, 0 where the population is taken as infinite.
    multiplier : array of float, one per stratum
        Product of the fractions of the stages above: what a later stage counts in the variance.
    """

    stratum: Codes
    cluster: Codes
    stratum_of_cluster: Codes
    sampled: Codes
    fraction: Floats
    multiplier: Floats


def build_stage(data: pd.DataFrame, columns: list[str | None], above: Stage | None, *, nest: bool) -> Stage:
    """Return one stage from the columns (stratum, cluster, fpc), each a name or None, inside the one above.

    Raises
    ------
    DataError
        If a cluster lies in two strata, a value is missing, or a population is smaller than its sample.
    """
    stratum_name, cluster_name, fpc_name = columns
    inside = np.zeros(len(data), dtype=np.int64) if above is None else above.cluster
    stratum = inside if stratum_name is None else _codes(data[stratum_name])
    stratum = _pair(inside, stratum)
    cluster = np.arange(len(data), dtype=np.int64) if cluster_name is None else _codes(data[cluster_name])
    if not nest and stratum_name is not None and cluster_name is not None:
        _refuse_shared(data, stratum_name, cluster_name)
    cluster = _pair(stratum, cluster)
    count = int(cluster.max()) + 1 if len(cluster) else 0
    owner = np.zeros(count, dtype=np.int64)
    owner[cluster] = stratum
    strata = int(stratum.max()) + 1 if len(stratum) else 0
    sampled = np.bincount(owner, minlength=strata).astype(np.int64)
    fraction = np.zeros(strata)
    if fpc_name is not None:
        fraction = _fractions(data[fpc_name], stratum, sampled)
    multiplier = np.ones(strata)
    if above is not None:
        multiplier[stratum] = (above.fraction * above.multiplier)[above.stratum]
    return Stage(stratum, cluster, owner, sampled, fraction, multiplier)


def _codes(column: pd.Series) -> Codes:
    codes, _ = pd.factorize(column, sort=True)
    if (codes < 0).any():
        _refuse_gaps(column)
    coded: Codes = codes.astype(np.int64)
    return coded


def _pair(outer: Codes, inner: Codes) -> Codes:
    if not len(outer):
        return inner
    both = outer * (int(inner.max()) + 1) + inner
    paired: Codes = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return paired


def _refuse_shared(data: pd.DataFrame, stratum: str, cluster: str) -> None:
    strata = data.groupby(cluster, observed=True)[stratum].nunique()
    shared = strata.index[strata > 1].tolist()
    if shared:
        raise DataError(
            f"{len(shared)} clusters lie in more than one stratum",
            where=f"columns {cluster} and {stratum}",
            found=shared[:5],
            expected="each cluster in one stratum",
            fix="correct the codes, or say that cluster numbers start again in every stratum (nest=True)",
        )


def _fractions(column: pd.Series, stratum: Codes, sampled: Codes) -> Floats:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if not (np.isfinite(values) & (values > 0)).all():
        raise DataError(
            "finite populations have to be positive numbers",
            where=f"column {column.name}",
            found=column[~(values > 0)].iloc[:5].tolist(),
        )
    first = np.zeros(len(sampled))
    first[stratum] = values
    if not np.allclose(values, first[stratum]):
        raise DataError("a stratum has two different population sizes", where=f"column {column.name}")
    fractions: Floats = first if values.max() <= 1 else sampled / first
    if (fractions > 1 + 1e-9).any():
        raise DataError(
            "a stratum's population is smaller than the number of clusters drawn from it",
            where=f"column {column.name}",
            expected="clusters in the population, at least as many as in the sample",
        )
    return np.minimum(fractions, 1.0)


def _refuse_gaps(column: pd.Series) -> None:
    missing = column.isna()
    raise DataError(
        f"{int(missing.sum())} rows lack a value that the design needs",
        where=f"column {column.name}, rows {column.index[missing][:5].tolist()}",
        expected="a value in every row",
        fix="complete the column, or leave these records out",
    )
