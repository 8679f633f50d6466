"""Do places move between classes, and do the neighbours matter? Spatial Markov chains (giddy)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError
from .older_weights import older_weights, quiet
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = ["SpatialMarkov", "spatial_markov"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpatialMarkov:
    """Transitions between classes from one step to the next, over all and by the class of the neighbours.

    Attributes
    ----------
    cutoffs : array
        Upper bounds of the classes but the last.
    transitions, probabilities : DataFrame
        Counts and row shares, class now x class next; a class never left from has a row of NaN.
    conditional : dict of int to DataFrame
        The same shares, by the class of the neighbours' mean.
    conditional_transitions : dict of int to DataFrame
        The counts behind them.
    steady_state : Series
        Long-run share of each class; NaN where the chain has no single one.
    q, q_p, likelihood_ratio, likelihood_ratio_p : float
        Tests that the neighbours do not matter (Bickenbach and Bode 2003), chi-squared with `degrees`.
    degrees : int
    mobility : float
        Shorrocks' index: 0 where nobody moves, 1 where the next class does not depend on the last.
    units : int
    dropped : tuple of str
        Units left out because a step is missing.
    note : str
        Caution where cells are thin; empty otherwise.
    """

    cutoffs: Floats
    transitions: pd.DataFrame
    probabilities: pd.DataFrame
    conditional: dict[int, pd.DataFrame]
    conditional_transitions: dict[int, pd.DataFrame]
    steady_state: pd.Series
    q: float
    q_p: float
    likelihood_ratio: float
    likelihood_ratio_p: float
    degrees: int
    mobility: float
    units: int
    dropped: tuple[str, ...]
    note: str


def spatial_markov(values: pd.DataFrame, w: Graph, *, k: int = 5, relative: bool = True) -> SpatialMarkov:
    """Return the transitions of units between classes, and whether the class of the neighbours matters.

    Parameters
    ----------
    values : DataFrame
        Units x steps, columns in order of time. Units that miss a step are left out and named.
    w : Graph
        Neighbours; rows are standardised, so that the lag is the neighbours' mean.
    k : int
        Classes: quantiles of all bins together, and of all lags together.
    relative : bool
        Divide each step by its mean first, so that a change of the whole country is no mobility.

    Returns
    -------
    SpatialMarkov

    Raises
    ------
    AnalysisError
        Units differ, fewer than two steps, too few units or distinct values for `k` classes, or a mean of 0.

    Notes
    -----
    Rey (2001), Spatial empirics for economic growth and convergence, Geographical Analysis 33, through
    ``giddy.markov.Spatial_Markov``; nothing is random. Null model of the tests: one transition matrix for
    all lags.
    """
    import mapclassify
    from giddy.markov import Spatial_Markov
    from giddy.mobility import markov_mobility

    complete = _relative(values) if relative else values.dropna()
    if values.shape[1] < 2 or len(complete) < k or np.unique(complete).size < 2 * k:
        raise AnalysisError(
            f"too few units, steps or distinct values for {k} classes",
            found=f"{len(complete)} complete units x {values.shape[1]} steps",
            fix="ask for fewer classes",
        )
    aligned = align([complete.iloc[:, 0].reindex(values.index)], w)
    table = complete.loc[aligned.codes].to_numpy(dtype=float)
    with quiet():
        weights = older_weights(_row_standardised(aligned.weights))
        cuts = mapclassify.Quantiles(table.ravel(), k=k).bins[:-1]
        chain = Spatial_Markov(table, weights, k=k, m=k, fixed=True, cutoffs=cuts)
        test = chain.ht
    counts = np.asarray(chain.transitions, dtype=float)
    shares = _shares(counts)
    by_lag = {lag: np.asarray(matrix, dtype=float) for lag, matrix in enumerate(chain.T)}
    return SpatialMarkov(
        cutoffs=np.asarray(cuts, dtype=float),
        transitions=_frame(counts),
        probabilities=_frame(shares),
        conditional={lag: _frame(_shares(matrix)) for lag, matrix in by_lag.items()},
        conditional_transitions={lag: _frame(matrix) for lag, matrix in by_lag.items()},
        steady_state=_steady_state(shares),
        q=float(test.Q),
        q_p=float(test.Q_p_value),
        likelihood_ratio=float(test.LR),
        likelihood_ratio_p=float(test.LR_p_value),
        degrees=int(test.dof),
        mobility=float(markov_mobility(shares)) if np.isfinite(shares).all() else np.nan,
        units=len(table),
        dropped=tuple(map(str, values.index.difference(complete.index))),
        note=_caution(by_lag),
    )


def _relative(values: pd.DataFrame) -> pd.DataFrame:
    complete = values.dropna()
    means = complete.mean()
    if (means.abs() < 1e-12 * complete.abs().max()).any():
        raise AnalysisError("a step with mean 0 cannot be made relative", fix="pass relative=False")
    return complete / means


def _row_standardised(weights: csr_array) -> csr_array:
    from scipy.sparse import csr_array, diags_array

    rows = csr_array(weights)
    sums = np.asarray(rows.sum(axis=1), dtype=float).ravel()
    return csr_array(diags_array(1 / np.where(sums == 0, 1.0, sums)) @ rows)


def _shares(counts: Floats) -> Floats:
    totals = counts.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return shares


def _frame(matrix: Floats) -> pd.DataFrame:
    classes = pd.RangeIndex(1, len(matrix) + 1)
    return pd.DataFrame(matrix, index=classes.rename("class"), columns=classes.rename("next"))


def _steady_state(shares: Floats) -> pd.Series:
    """Return the left eigenvector to eigenvalue 1 where it is unique."""
    classes = pd.RangeIndex(1, len(shares) + 1, name="class")
    if not np.isfinite(shares).all():
        return pd.Series(np.nan, index=classes, name="share")
    values, vectors = np.linalg.eig(shares.T)
    one = np.flatnonzero(np.abs(values - 1) < 1e-9)
    vector = np.real(vectors[:, one[0]]) if len(one) == 1 else np.full(len(shares), np.nan)
    return pd.Series(vector / vector.sum(), index=classes, name="share")


def _caution(by_lag: dict[int, Floats]) -> str:
    """Return a sentence where most conditional cells rest on fewer than five transitions."""
    cells = np.concatenate([matrix.ravel() for matrix in by_lag.values()])
    thin = float((cells < 5).mean())
    if thin < 0.5:
        return ""
    return (
        f"{thin:.0%} of the conditional cells rest on fewer than five transitions: "
        "the tests are approximate and single shares are not to be read."
    )
