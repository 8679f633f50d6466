"""Groups of rows: labels in order, and a code for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError

__all__ = ["ALL", "by_index"]

Codes: TypeAlias = NDArray[np.int64]

ALL = "all"  # the label of the one group where none were asked for


def by_index(by: Any, index: pd.Index) -> tuple[pd.Index, Codes]:
    """Return the labels of the groups, sorted, and each row's code, -1 where the group is missing.

    Raises
    ------
    AnalysisError
        If `by` is not one value per row.
    """
    if by is None:
        return pd.Index([ALL]), np.zeros(len(index), dtype=np.int64)
    if isinstance(by, pd.DataFrame):
        parts: list[Any] = [by[c] for c in by.columns]
    elif isinstance(by, list) and by and all(isinstance(b, (pd.Series, np.ndarray, pd.Index)) for b in by):
        parts = by
    else:
        parts = [by]
    if len(parts) == 1:
        return _factor(parts[0], index)
    return _several(parts, index)


def _several(parts: Sequence[Any], index: pd.Index) -> tuple[pd.Index, Codes]:
    factors = [_factor(part, index) for part in parts]
    names = [labels.name for labels, _ in factors]
    known = np.all([codes >= 0 for _, codes in factors], axis=0)
    key = np.zeros(len(index), dtype=np.int64)
    for labels, codes in factors:
        key = key * max(len(labels), 1) + np.maximum(codes, 0)
    found, place = np.unique(key[known], return_inverse=True)
    levels: list[Codes] = []
    rest = found
    for labels, _ in reversed(factors):
        levels.insert(0, rest % max(len(labels), 1))
        rest = rest // max(len(labels), 1)
    arrays = [labels.take(level) for (labels, _), level in zip(factors, levels, strict=True)]
    result = np.full(len(index), -1, dtype=np.int64)
    result[known] = place
    return pd.MultiIndex.from_arrays(arrays, names=names), result


def _factor(part: Any, index: pd.Index) -> tuple[pd.Index, Codes]:
    if isinstance(part, pd.Series) and not part.index.equals(index):
        if not part.index.is_unique or not index.isin(part.index).all():
            raise AnalysisError(
                "the groups do not cover the children",
                found=f"{int((~index.isin(part.index)).sum())} rows without a group",
                expected="a Series on the same index, or an array of the same length",
            )
        part = part.reindex(index)
    name = getattr(part, "name", None)
    series = part if isinstance(part, pd.Series) else pd.Series(part)
    if len(series) != len(index):
        raise AnalysisError("groups and children differ in number", found=len(series), expected=len(index))
    codes, labels = pd.factorize(series, sort=True)
    found = pd.Index(labels)
    if isinstance(found, pd.CategoricalIndex):
        found = pd.Index(found.astype(object)).infer_objects()
    return found.rename(name), codes.astype(np.int64)
