"""Weights from experts: budget allocation, and pairwise comparisons (AHP) with their consistency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from childatlas.errors import DataError
from childatlas.measures.normalise import Array

__all__ = ["Budget", "Comparisons", "ahp_weights", "budget_weights"]

# Random consistency index of Saaty (1980) for matrices of 1 to 15 criteria.
_RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
_LIMIT = 0.1


@dataclass(frozen=True, eq=False)
class Budget:
    """Weights that experts gave by sharing out points.

    Attributes
    ----------
    weights : DataFrame
        Indexed by criterion: ``weight`` (mean share), ``sd`` across experts, ``least``, ``greatest``.
    agreement : float
        Kendall's W over the experts' rankings, corrected for ties: 1 all alike, 0 none.
    """

    weights: pd.DataFrame
    agreement: float


def budget_weights(points: pd.DataFrame, *, budget: float | None = 100.0) -> Budget:
    """Return the mean shares that experts (rows) gave to criteria (columns) out of a budget of points.

    Raises
    ------
    DataError
        If a point is missing or negative, or an expert did not spend the whole `budget` (None: any sum
        over 0).
    """
    wrong = points.isna() | (points < 0)
    if wrong.to_numpy().any():
        row, column = (int(v[0]) for v in np.nonzero(wrong.to_numpy()))
        raise DataError(
            "an expert's points cannot be used",
            where=f"expert {points.index[row]}, criterion {points.columns[column]}",
            found=points.iloc[row, column],
            expected="points of 0 or more",
        )
    total = points.sum(axis=1)
    off = total[(total <= 0) if budget is None else (total - budget).abs() > 1e-6 * budget]
    if len(off):
        raise DataError(
            "an expert did not spend the whole budget",
            where=f"expert {off.index[0]}",
            found=float(off.iloc[0]),
            expected=budget or "points over 0",
            fix="ask again, or pass budget=None to rescale",
        )
    share = points.div(total, axis=0)
    table = pd.DataFrame(
        {"weight": share.mean(), "sd": share.std(), "least": share.min(), "greatest": share.max()}
    )
    return Budget(table.rename_axis("criterion"), _kendall_w(share))


def _kendall_w(share: pd.DataFrame) -> float:
    ranks = share.rank(axis=1)
    judges, items = ranks.shape
    spread = float(((ranks.sum() - ranks.sum().mean()) ** 2).sum())
    ties = sum(float((n**3 - n).sum()) for n in (row.value_counts() for _, row in ranks.iterrows()))
    most = judges**2 * (items**3 - items) - judges * ties
    return 12 * spread / most if most > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Weights from pairwise comparisons.

    Attributes
    ----------
    weights : Series
    greatest_eigenvalue, consistency_index, consistency_ratio : float
    consistent : bool
        True where the ratio is at most 0.1 (Saaty).
    farthest : tuple of (str, str)
        The pair whose judgement is farthest from the ratio of the weights: the first to ask about again.
    """

    weights: pd.Series
    greatest_eigenvalue: float
    consistency_index: float
    consistency_ratio: float
    consistent: bool
    farthest: tuple[str, str]


def ahp_weights(comparisons: pd.DataFrame | list[pd.DataFrame]) -> Comparisons:
    """Return the weights of the analytic hierarchy process: the principal eigenvector of the comparisons.

    Parameters
    ----------
    comparisons : DataFrame or list of DataFrame
        a[i, j] says how many times more important i is than j; several judges are joined by geometric means.

    Raises
    ------
    DataError
        If a matrix is not square, positive, reciprocal, or the judges' criteria differ.

    Notes
    -----
    CI = (lambda_max - n) / (n - 1), CR = CI / RI (Saaty 1980); RI over 15 criteria by Alonso and Lamata
    (2006).
    """
    tables = comparisons if isinstance(comparisons, list) else [comparisons]
    arrays = [_checked(t, tables[0].index) for t in tables]
    matrix = np.exp(np.mean([np.log(a) for a in arrays], axis=0))
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    weights = np.abs(vectors[:, first].real)
    weights = weights / weights.sum()
    n, greatest = len(matrix), float(values[first].real)
    index = max(0.0, (greatest - n) / (n - 1)) if n > 1 else 0.0
    chance = _RANDOM_INDEX[n - 1] if n <= len(_RANDOM_INDEX) else (1.7699 * n - 4.3513) / (n - 1)
    ratio = index / chance if chance > 0 else 0.0
    off = np.abs(np.log(matrix * weights[None, :] / weights[:, None]))
    i, j = (int(v) for v in np.unravel_index(np.argmax(off), off.shape))
    names = tables[0].index
    return Comparisons(
        pd.Series(weights, index=names),
        greatest,
        index,
        ratio,
        ratio <= _LIMIT,
        (str(names[i]), str(names[j])),
    )


def _checked(table: pd.DataFrame, names: pd.Index) -> Array:
    if set(table.index) != set(names) or set(table.columns) != set(names) or table.shape[0] != len(names):
        raise DataError(
            "a matrix of comparisons must have the same criteria in rows and columns",
            found=f"rows {list(table.index)}, columns {list(table.columns)}",
            expected=list(names),
        )
    matrix: Array = table.reindex(index=names, columns=names).to_numpy(float)
    wrong = ~(np.isfinite(matrix) & (matrix > 0))
    wrong |= ~np.isclose(np.where(wrong, 1.0, matrix) * np.where(wrong, 1.0, matrix).T, 1.0, rtol=1e-2)
    if wrong.any():
        i, j = (int(v[0]) for v in np.nonzero(wrong))
        raise DataError(
            "a comparison is not positive and reciprocal",
            where=f"{names[i]} against {names[j]}",
            found=f"{matrix[i, j]} and back {matrix[j, i]}",
            expected="a[i, j] over 0 and a[j, i] = 1 / a[i, j]",
        )
    return matrix
