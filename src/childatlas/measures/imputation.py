"""Imputation of missing figures: none unless asked, and every filled figure comes back flagged."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.normalise import Array
from childatlas.measures.recipe_parts import Imputation

__all__ = ["impute"]

_ROUNDS = 500
_SETTLED = 1e-6
_RIDGE = 0.05  # shrinks correlations towards 0: with fewer units than indicators EM has no maximum without it


def impute(
    values: pd.DataFrame, how: Imputation, *, groups: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the values with missing figures filled, and a frame of True where one was filled.

    Parameters
    ----------
    values : DataFrame
        Units x indicators.
    how : Imputation
        ``none``; ``group-mean`` (of the units of the same group, else it stays missing); ``nearest`` (mean
        of the `k` units nearest on the standardised indicators both have); ``em`` (conditional mean under
        a multivariate normal fitted by EM with a ridge of 0.05 on the correlations; Little and Rubin 2019,
        section 11.2).
    groups : Series, optional
        Group of each unit, needed by ``group-mean``.

    Raises
    ------
    AnalysisError
        If ``group-mean`` is asked for without groups.
    DataError
        If `groups` lacks a unit.
    """
    if how.method == "none" or not values.isna().to_numpy().any():
        return values, pd.DataFrame(data=False, index=values.index, columns=values.columns)
    if how.method == "group-mean":
        filled = _group_mean(values, groups)
    else:
        filled = pd.DataFrame(_METHODS[how.method](values.to_numpy(float), how), values.index, values.columns)
    return filled, values.isna() & filled.notna()


def _group_mean(values: pd.DataFrame, groups: pd.Series | None) -> pd.DataFrame:
    if groups is None:
        raise AnalysisError(
            "imputation by group means needs the group of each unit",
            expected="groups=Series of group per unit",
            fix="pass groups, or choose imputation none, em or nearest",
        )
    unknown = values.index.difference(groups.dropna().index)
    if len(unknown):
        raise DataError("units without a group", where="groups", found=", ".join(map(str, unknown)))
    means: pd.DataFrame = values.groupby(groups.reindex(values.index)).transform("mean")
    return values.fillna(means)


def _standardised(x: Array) -> tuple[Array, Array, Array]:
    n = (~np.isnan(x)).sum(axis=0)
    mean = np.nansum(x, axis=0) / np.maximum(n, 1)
    sd = np.sqrt(np.nansum((x - mean) ** 2, axis=0) / np.maximum(n - 1, 1))
    sd = np.where(sd > 0, sd, 1.0)
    return (x - mean) / sd, mean, sd


def _nearest(x: Array, how: Imputation) -> Array:
    z, _, _ = _standardised(x)
    present = ~np.isnan(z)
    full = np.where(present, z, 0.0)
    shared = present.astype(float) @ present.T
    square = (full**2) @ present.T + present @ (full**2).T - 2 * full @ full.T
    distance = np.where(shared > 0, np.sqrt(np.maximum(square, 0) / np.maximum(shared, 1)), np.inf)
    np.fill_diagonal(distance, np.inf)
    out = x.copy()
    for unit, item in zip(*np.nonzero(~present), strict=True):
        away = np.where(present[:, item], distance[unit], np.inf)
        donors = np.argsort(away, kind="stable")[: how.k]
        donors = donors[np.isfinite(away[donors])]
        if donors.size:
            out[unit, item] = x[donors, item].mean()
    return out


def _em(x: Array, how: Imputation) -> Array:  # noqa: ARG001 - one signature for all methods
    known = ~np.isnan(x).all(axis=0)
    z, mean, sd = _standardised(x)
    fitted = z[:, known]
    gaps = np.isnan(fitted)
    filled, centre = np.where(gaps, 0.0, fitted), np.zeros(fitted.shape[1])
    covariance = np.eye(fitted.shape[1])
    for round_number in range(_ROUNDS):
        update, extra = _expect(filled, gaps, (centre, covariance))
        moved = np.abs(update - filled).max()
        filled, centre = update, update.mean(axis=0)
        covariance = (filled - centre).T @ (filled - centre) / len(filled) + extra / len(filled)
        diagonal = np.diag(np.maximum(np.diag(covariance), _RIDGE))
        covariance = (1 - _RIDGE) * covariance + _RIDGE * diagonal
        if round_number and moved < _SETTLED:  # the first round has yet to learn the covariance
            break
    out = x.copy()
    out[:, known] = np.where(gaps, filled * sd[known] + mean[known], x[:, known])
    return out


def _expect(filled: Array, gaps: Array, model: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return conditional means of the missing, and the sum of their conditional covariances."""
    centre, covariance = model
    out, extra = filled.copy(), np.zeros_like(covariance)
    patterns: dict[Hashable, list[int]] = {}
    for row, gap in enumerate(gaps):
        patterns.setdefault(gap.tobytes(), []).append(row)
    for rows in patterns.values():
        gap = gaps[rows[0]]
        if not gap.any():
            continue
        seen = ~gap
        slope = np.linalg.lstsq(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, gap)], rcond=None)[0]
        out[np.ix_(rows, gap)] = centre[gap] + (filled[np.ix_(rows, seen)] - centre[seen]) @ slope
        rest = covariance[np.ix_(gap, gap)] - covariance[np.ix_(gap, seen)] @ slope
        extra[np.ix_(gap, gap)] += len(rows) * rest
    return out, extra


_METHODS: dict[str, Callable[[Array, Imputation], Array]] = {"nearest": _nearest, "em": _em}
