"""The weighted logistic regression that several measures rest on."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from childatlas.errors import AnalysisError, DataError

__all__ = ["check_binary", "fit_logit", "standard_columns"]

Floats: TypeAlias = NDArray[np.float64]
STEPS = 60
EXTREME = 25.0  # a linear predictor beyond this is a probability of 0 or 1 in all but name


def fit_logit(x: Floats, y: Floats, weight: Floats, *, start: Floats | None = None) -> Floats:
    """Return the coefficients that maximise the weighted likelihood of a logistic regression.

    Parameters
    ----------
    x : array, rows x columns
        With a constant; best standardised (`standard_columns`).
    y : array of 0 and 1 (or shares between)
    weight : array
        0 or more.
    start : array, optional
        Coefficients to start from.

    Raises
    ------
    AnalysisError
        If the outcome does not vary, columns depend on each other, or a column parts yes from no perfectly.

    Notes
    -----
    Newton's method with halved steps where the likelihood falls. With the constant in `x` the mean fitted
    probability is the weighted mean of `y`.
    """
    share = weight / weight.sum()
    mean = float(share @ y)
    if y.min() == y.max():
        raise AnalysisError(
            "the outcome is the same in all rows", found=f"mean {mean:g}", expected="yes and no"
        )
    beta = np.zeros(x.shape[1]) if start is None else start
    best = _likelihood(x, y, share, beta)
    for _ in range(STEPS):
        p = expit(x @ beta)
        slope = x.T @ (share * (y - p))
        if np.abs(x @ beta).max() > EXTREME or not np.isfinite(beta).all():
            break
        if np.abs(slope).max() < 1e-13:
            return beta
        bend = (x * (share * p * (1 - p))[:, None]).T @ x
        try:
            step = np.linalg.solve(bend, slope)
        except np.linalg.LinAlgError:
            break
        beta, found = _advance(x, y, share, beta=beta, step=step, best=best)
        if found <= best and np.abs(slope).max() < 1e-10:
            return beta
        best = max(best, found)
    raise AnalysisError(
        "the logistic regression has no finite answer",
        found=f"{x.shape[1]} columns on {len(y)} rows",
        expected="predictors that do not part yes from no perfectly, none a sum of others",
        fix="join rare categories or leave a predictor out",
    )


def _advance(
    x: Floats, y: Floats, share: Floats, *, beta: Floats, step: Floats, best: float
) -> tuple[Floats, float]:
    """Return the next coefficients and their likelihood, the step halved until it does not fall."""
    for _ in range(20):
        found = _likelihood(x, y, share, beta + step)
        if found >= best - 1e-14:
            break
        step = step / 2
    return beta + step, found


def _likelihood(x: Floats, y: Floats, share: Floats, beta: Floats) -> float:
    eta = x @ beta
    return float(share @ (y * eta - np.logaddexp(0, eta)))


def standard_columns(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the columns standardised, and the matrix that turns their coefficients into those of `x`."""
    share = weight / weight.sum()
    centre = share @ x
    spread = np.sqrt(share @ (x - centre) ** 2)
    centre[0], spread[0] = 0.0, 1.0
    spread = np.where(spread > 1e-12, spread, 1.0)
    back = np.diag(1 / spread)
    back[0] -= centre / spread
    return (x - centre) / spread, back


def check_binary(y: Floats, name: str) -> None:
    """Raise unless all known values are 0 or 1.

    Raises
    ------
    DataError
    """
    wrong = ~np.isnan(y) & (y != 0) & (y != 1)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} values of {name!r} are neither 0 nor 1",
            where=f"column {name}",
            found=y[wrong][:5].tolist(),
            expected="0 for no, 1 for yes, or empty",
        )
