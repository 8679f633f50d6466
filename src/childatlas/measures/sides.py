"""The two groups that a comparison sets side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, nearest
from childatlas.measures.domains import column

__all__ = ["Sides", "take_sides"]

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sides:
    """Rows of the first and of the second group, and how many of theirs were left out as not known."""

    first: Flags
    second: Flags
    missing: int


def take_sides(frame: pd.DataFrame, between: str, groups: tuple[Any, Any], *, known: Flags) -> Sides:
    """Return the rows of two groups among those that are `known`.

    Raises
    ------
    AnalysisError
        If the groups are the same, or one has no row.
    """
    values = column(frame, between)
    if groups[0] == groups[1]:
        raise AnalysisError("a group is compared with itself", found=groups[0], expected="two groups")
    masks = [(values == group).fillna(False).to_numpy(dtype=bool) for group in groups]
    for group, mask in zip(groups, masks, strict=True):
        if not mask.any():
            present = list(values.dropna().unique())
            raise AnalysisError(
                f"no row of {between!r} is {group!r}",
                found=group,
                expected=", ".join(nearest(group, present) or [str(p) for p in present[:10]]),
            )
        if not (mask & known).any():
            raise AnalysisError(f"group {group!r} has no row in which everything is known", where=between)
    missing = int(((masks[0] | masks[1]) & ~known).sum())
    return Sides(masks[0] & known, masks[1] & known, missing)
