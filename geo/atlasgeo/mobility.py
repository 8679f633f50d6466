"""Do the same places stay last? How far the order of the units changes from step to step (giddy)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .errors import AnalysisError
from .older_weights import lent_random_state, older_weights, quiet
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["rank_changes", "rank_mobility"]

_LEAST_UNITS = 3


def rank_mobility(values: pd.DataFrame, w: Graph, *, permutations: int = 999, seed: int) -> pd.DataFrame:
    r"""Return how much the order of the units changed from step to step, over all and among neighbours.

    Kendall's :math:`\tau` of two steps counts pairs of units that kept their order minus pairs that
    changed it; the spatial :math:`\tau` does so over neighbouring pairs only.

    Parameters
    ----------
    values : DataFrame
        Units x steps, columns in order of time. A pair of steps uses the units that have both.
    w : Graph
        Neighbours; two units are a pair where either names the other, weights do not matter.
    permutations : int
        Random relabellings for the p of the spatial :math:`\tau` (values of both steps move together).
    seed : int
        Of the relabellings.

    Returns
    -------
    DataFrame
        One row a pair of steps: ``from``, ``to``, ``n``, ``tau``, ``tau_p`` (normal, two-sided),
        ``spatial_tau``, ``spatial_p`` (two-sided, from the permutations), ``pairs`` of neighbours,
        ``mean_rank_change``. NaN with fewer than three units, or where a step is constant.

    Raises
    ------
    AnalysisError
        Units of `values` and `w` differ, or there are fewer than two steps.

    Notes
    -----
    Rey (2014), Fast algorithms for calculation of a space-time concordance measure, Computational
    Statistics 29, through ``giddy.rank``. giddy's own pseudo p takes the tail that the data chose; ours
    doubles the smaller tail.
    """
    if values.shape[1] < 2:
        raise AnalysisError("mobility needs at least two steps", found=values.shape[1])
    steps = list(values.columns)
    rows = [
        _pair(values[first], values[second], w, permutations, (seed, place))
        for place, (first, second) in enumerate(pairwise(steps))
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "from", steps[:-1])
    table.insert(1, "to", steps[1:])
    return table


def rank_changes(values: pd.DataFrame) -> pd.DataFrame:
    """Return every unit's rank in its first and last step, the change, and its local concordance.

    Parameters
    ----------
    values : DataFrame
        Units x steps, columns in order of time; the first and the last column are compared.

    Returns
    -------
    DataFrame
        ``first_rank``, ``last_rank`` (1 = lowest value, ties share the mean rank, among units with both
        values), ``change`` and ``local_tau`` in [-1, 1] (share of the other units whose order towards this
        one held, minus the share whose order turned; ``giddy.rank.Tau_Local``); NaN where a value is missing.
    """
    from giddy.rank import Tau_Local

    ends = values.iloc[:, [0, -1]]
    both = ends.dropna()
    table = pd.DataFrame(index=both.index)
    table["first_rank"] = both.iloc[:, 0].rank()
    table["last_rank"] = both.iloc[:, 1].rank()
    table["change"] = table["last_rank"] - table["first_rank"]
    enough = len(both) >= _LEAST_UNITS and bool((both.max() > both.min()).all())
    table["local_tau"] = Tau_Local(*both.to_numpy(dtype=float).T).tau_local if enough else np.nan
    return table.reindex(values.index)


def _pair(
    first: pd.Series, second: pd.Series, w: Graph, permutations: int, seed: tuple[int, int]
) -> dict[str, float]:
    """Return the row of two steps."""
    from giddy.rank import SpatialTau

    aligned = align([first, second], w)
    x, y = aligned.columns
    row = {"n": float(aligned.n), "mean_rank_change": np.nan, "pairs": np.nan}
    row |= dict.fromkeys(("tau", "tau_p", "spatial_tau", "spatial_p"), np.nan)
    if aligned.n < _LEAST_UNITS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return row
    change = np.abs(pd.Series(x).rank() - pd.Series(y).rank()).mean()
    either = ((aligned.weights + aligned.weights.T) != 0).astype(float)
    with quiet(), lent_random_state(*seed):
        result = SpatialTau(x, y, older_weights(either.tocsr()), permutations=permutations)
    drawn = np.asarray(getattr(result, "taus", np.zeros(0)))
    tolerance = 1e-9
    high = (np.sum(drawn >= result.tau_spatial - tolerance) + 1) / (len(drawn) + 1)
    low = (np.sum(drawn <= result.tau_spatial + tolerance) + 1) / (len(drawn) + 1)
    return row | {
        "tau": float(result.tau),
        "tau_p": float(result.tau_p),
        "spatial_tau": float(result.tau_spatial),
        "spatial_p": float(min(1.0, 2 * min(high, low))) if len(drawn) else np.nan,
        "pairs": float(result.pairs_spatial),
        "mean_rank_change": float(change),
    }
