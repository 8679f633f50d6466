"""How much each item says in a counting measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError, nearest

__all__ = ["scale_weights"]


def scale_weights(weights: Any, items: pd.Index) -> pd.Series:
    """Return the items' weights in the order of `items`, scaled to sum 1.

    Raises
    ------
    AnalysisError
        If items lack a weight, a weight has no item, or weights are negative, missing or all 0.
    """
    if weights is None:
        weights = np.ones(len(items))
    if isinstance(weights, (Mapping, pd.Series)):
        given = pd.Series({item: _number(weight) for item, weight in dict(weights).items()}, dtype=float)
        _match_items(given.index, items)
        values = given.reindex(items)
    else:
        array = np.asarray([_number(weight) for weight in np.ravel(weights)], dtype=np.float64)
        array = array.reshape(np.shape(weights))
        if array.shape != (len(items),):
            raise AnalysisError("weights and items differ in number", found=array.shape, expected=len(items))
        values = pd.Series(array, index=items)
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise AnalysisError("item weights have to be 0 or more, with a positive sum", found=values.to_dict())
    return values / values.sum()


def _number(weight: Any) -> float:
    """Return one weight as a number, refused where it is none."""
    try:
        return float(weight)
    except (TypeError, ValueError):
        raise AnalysisError(
            "an item's weight is not a number", found=repr(weight), expected="a number of 0 or more"
        ) from None


def _match_items(given: pd.Index, items: pd.Index) -> None:
    lacking = [i for i in items if i not in given]
    extra = [g for g in given if g not in items]
    if lacking or extra:
        hints = [n for e in extra for n in nearest(e, items, n=1)]
        raise AnalysisError(
            "item weights and items do not match",
            found=f"items without weight: {lacking}; weights without item: {extra}",
            expected=", ".join(map(str, hints or items)),
        )
