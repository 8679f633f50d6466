"""Columns of a model: numbers as they are, categories as 0/1 columns without their base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import block_diag

from childatlas.errors import AnalysisError
from childatlas.measures.domains import column, numbers

__all__ = ["CONSTANT", "Terms", "build_terms"]

Floats: TypeAlias = NDArray[np.float64]
CONSTANT = "(constant)"


@dataclass(frozen=True, eq=False)
class Terms:
    """The matrix of a model and what its columns mean.

    Attributes
    ----------
    matrix : array, rows x columns
        The first column is the constant; NaN where a predictor is missing.
    names : tuple of str
        ``age`` or ``mother: primary``, one a column.
    owner : tuple of str
        Predictor of each column.
    full_names, full_owner : tuple of str
        The same with the bases of categories.
    spread : array, full x columns
        Turns coefficients into coefficients of all categories, bases included; with normalisation these are
        deviations from their plain mean, which moves into the constant.
    values : array, full x columns
        Turns the means of columns into means of all categories.
    """

    matrix: Floats
    names: tuple[str, ...]
    owner: tuple[str, ...]
    full_names: tuple[str, ...]
    full_owner: tuple[str, ...]
    spread: Floats
    values: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows where every predictor is known."""
        flags: NDArray[np.bool_] = np.asarray(np.isfinite(self.matrix).all(axis=1))
        return flags

    @property
    def predictors(self) -> tuple[str, ...]:
        """The predictors without the constant, in order."""
        return tuple(dict.fromkeys(name for name in self.owner if name != CONSTANT))

    def columns_of(self, predictor: str) -> list[int]:
        """Return the places of a predictor's columns."""
        return [i for i, name in enumerate(self.owner) if name == predictor]


def build_terms(
    frame: pd.DataFrame,
    predictors: Sequence[str],
    *,
    categorical: Sequence[str] | None = None,
    normalise: bool = False,
    rows: NDArray[np.bool_] | None = None,
) -> Terms:
    """Return the columns of a linear predictor.

    Parameters
    ----------
    frame : DataFrame
    predictors : sequence of str
    categorical : sequence of str, optional
        Those that are categories; if not given, all that hold words or are of a categorical type. The base is
        the first category in order.
    normalise : bool
        Count the effects of categories from their mean, so that no choice of base matters (Yun 2005).
    rows : array of bool, optional
        Rows that count: categories that occur nowhere else have no column.

    Raises
    ------
    AnalysisError
        If there is no predictor, one is named twice, a column is not there, or a category has one value only.
    """
    names = list(predictors)
    if not names or len(set(names)) < len(names):
        raise AnalysisError("a model needs predictors, each once", found=names)
    chosen = (
        [n for n in names if _is_category(column(frame, n))] if categorical is None else list(categorical)
    )
    unknown = [c for c in chosen if c not in names]
    if unknown:
        raise AnalysisError("a categorical column is not a predictor", found=unknown, expected=names)
    use = np.ones(len(frame), dtype=bool) if rows is None else rows
    matrix, owner = [np.ones((len(frame), 1))], [CONSTANT]
    labels, bases = [CONSTANT], {}
    for name in names:
        if name in chosen:
            dummies, levels = _dummies(column(frame, name), name, use)
            bases[name] = levels[0]
            matrix.append(dummies)
            labels += [f"{name}: {level}" for level in levels[1:]]
            owner += [name] * dummies.shape[1]
        else:
            matrix.append(numbers(frame, name)[:, None])
            labels.append(name)
            owner.append(name)
    return _with_bases(np.hstack(matrix), tuple(labels), tuple(owner), bases=bases, normalise=normalise)


def _is_category(values: pd.Series) -> bool:
    kinds = pd.api.types
    return not (kinds.is_numeric_dtype(values) or kinds.is_bool_dtype(values))


def _dummies(values: pd.Series, name: str, use: NDArray[np.bool_]) -> tuple[Floats, list[Any]]:
    present = pd.unique(values[use].dropna())
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [c for c in values.cat.categories if c in set(present)]
    else:
        levels = sorted(present)
    if len(levels) < 2:
        raise AnalysisError(
            f"predictor {name!r} has one category only",
            found=", ".join(map(str, levels)) or "all missing",
            fix="leave it out: it explains nothing here",
        )
    codes = _codes(values, levels)
    table = (codes[:, None] == np.arange(1, len(levels))).astype(np.float64)
    table[codes < 0] = np.nan
    return table, levels


def _codes(values: pd.Series, levels: list[Any]) -> NDArray[np.int64]:
    """Return the place of each value among the levels, -1 where it is none."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(pd.Categorical(values.astype(object), categories=levels).codes, dtype=np.int64)
    places = {level: i for i, level in enumerate(levels)}
    of_category = np.array([*(places.get(c, -1) for c in values.cat.categories), -1], dtype=np.int64)
    codes: NDArray[np.int64] = of_category[values.cat.codes.to_numpy()]
    return codes


def _with_bases(
    matrix: Floats, names: tuple[str, ...], owner: tuple[str, ...], *, bases: dict[str, Any], normalise: bool
) -> Terms:
    """Return the terms with the two matrices that bring bases back."""
    blocks, full_names, full_owner = [], [], []
    to_constant = np.zeros(len(names))
    shares = np.zeros((0, 0))
    order = list(dict.fromkeys(owner))
    for name in order:
        places = [i for i, o in enumerate(owner) if o == name]
        if name in bases:
            k = len(places)
            centre = np.full(k, 1 / (k + 1)) if normalise else np.zeros(k)
            blocks.append(np.vstack([np.zeros(k), np.eye(k)]) - centre)
            to_constant[places] = centre
            full_names += [f"{name}: {bases[name]}", *(names[i] for i in places)]
            full_owner += [name] * (k + 1)
        else:
            blocks.append(np.ones((1, 1)))
            full_names += [names[i] for i in places]
            full_owner.append(name)
    spread = block_diag(*blocks)
    spread[0] += to_constant
    shares = block_diag(*(_share_block(len(b), b.shape[1]) for b in blocks))
    for row, label in enumerate(full_owner):
        if label in bases and full_owner.index(label) == row:
            shares[row, 0] = 1.0
    return Terms(matrix, names, owner, tuple(full_names), tuple(full_owner), spread, shares)


def _share_block(full: int, columns: int) -> Floats:
    """Return how the shares of all categories follow from those of the columns; the base's lacks the one."""
    if full == columns:
        return np.eye(columns)
    return np.vstack([-np.ones(columns), np.eye(columns)])
