"""What Alkire and Foster's measures return: estimates, errors in the same places, one long table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.grouping import ALL
from childatlas.measures.totals import Totals

__all__ = ["BY_ITEM", "SCALARS", "AlkireFoster", "Parts"]

Floats: TypeAlias = NDArray[np.float64]

SCALARS = ("headcount", "intensity", "adjusted")
BY_ITEM = ("censored", "uncensored", "contribution")


@dataclass(frozen=True, eq=False)
class Parts:
    """What groups add up from: sums of sampling weights, and of these times the score of the poor."""

    totals: Totals
    sums: Floats


@dataclass(frozen=True, eq=False)
class AlkireFoster:
    """Counting measures of multiple deprivation, for one population or indexed by group.

    Attributes
    ----------
    headcount, intensity, adjusted : float, or Series by group
        H, the share of children who are poor; A, their mean weighted share of deprivations (NaN without
        poor); M0 = H x A.
    censored, uncensored, contribution : Series by item, or DataFrame group x item
        Share of children poor and deprived in the item; share deprived in it; the item's share of M0
        (NaN where M0 is 0).
    m1, m2 : float, Series by group, or None
        Adjusted gap and squared gap, where gaps were given.
    n, dropped : int, or Series by group
        Children counted, and children left out for a missing item.
    population : float, or Series by group
        Sum of sampling weights of the children counted.
    weights : Series by item, or DataFrame profile x item
        Scaled to sum 1.
    cutoff : float
    errors : AlkireFoster or None
        Standard errors in the same places, where a design was given.
    parts : Parts or None
        With groups: their sums, by cluster under a design, from which `decompose_groups` works.
    """

    headcount: Any
    intensity: Any
    adjusted: Any
    censored: Any
    uncensored: Any
    contribution: Any
    m1: Any
    m2: Any
    n: Any
    dropped: Any
    population: Any
    weights: pd.Series | pd.DataFrame
    cutoff: float
    errors: AlkireFoster | None = field(default=None, repr=False)
    parts: Parts | None = field(default=None, repr=False)

    def table(self) -> pd.DataFrame:
        """Return all measures as rows: group, measure, item, estimate, se, n."""
        parts = [*SCALARS, *BY_ITEM, *(m for m in ("m1", "m2") if getattr(self, m) is not None)]
        rows = [_long(self, name) for name in parts]
        return pd.concat(rows, ignore_index=True)


def _long(result: AlkireFoster, name: str) -> pd.DataFrame:
    """One measure's rows of the long table."""
    weights = result.weights
    known = list(weights.index if isinstance(weights, pd.Series) else weights.columns)
    items = known if name in BY_ITEM else [""]
    groups = result.n.index if isinstance(result.n, pd.Series) else pd.Index([ALL])
    names = [n if n is not None else _group_name(i, groups.nlevels) for i, n in enumerate(groups.names)]
    frame = groups.repeat(len(items)).to_frame(index=False, name=names if groups.nlevels > 1 else names[0])
    frame["measure"] = name
    frame["item"] = items * len(groups)
    frame["estimate"] = np.asarray(getattr(result, name), dtype=np.float64).ravel()
    errors = result.errors
    frame["se"] = np.nan if errors is None else np.asarray(getattr(errors, name), dtype=np.float64).ravel()
    frame["n"] = np.repeat(np.atleast_1d(np.asarray(result.n)), len(items))
    return frame


def _group_name(level: int, levels: int) -> str:
    return "group" if levels == 1 else f"group_{level + 1}"
