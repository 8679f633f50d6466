"""The weighted logistic regression that several measures rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from childatlas.errors import AnalysisError, DataError

__all__ = ["Cells", "check_binary", "fit_logit", "standard_columns"]

Floats: TypeAlias = NDArray[np.float64]
STEPS = 60
_WORTH = 4  # rows a cell from which on joining them pays
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


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows with the same predictors joined: a logit, fitted again and again, needs their sums alone.

    Attributes
    ----------
    x : array, cells x columns
    place : array of int
        The cell of each row.
    """

    x: Floats
    place: NDArray[Any]

    @classmethod
    def of(cls, x: Floats) -> Cells:
        """Return the cells of the rows of `x`; where few rows are alike, each row is one."""
        found, place = np.unique(x, axis=0, return_inverse=True)
        if len(found) * _WORTH > len(x):
            return cls(x, np.arange(len(x)))
        return cls(found, place.ravel())

    def fit(self, y: Floats, weight: Floats, *, start: Floats | None = None) -> Floats:
        """Return the coefficients as `fit_logit` would of the rows; those without weight have no part."""
        if len(self.x) == len(self.place):
            kept = weight > 0
            return fit_logit(self.x[kept], y[kept], weight[kept], start=start)
        sums = [np.bincount(self.place, weight * part, minlength=len(self.x)) for part in (y, 1 - y)]
        kept_of = [s > 0 for s in sums]
        x = np.vstack([self.x[k] for k in kept_of])
        outcome = np.repeat([1.0, 0.0], [int(k.sum()) for k in kept_of])
        return fit_logit(
            x, outcome, np.concatenate([s[k] for s, k in zip(sums, kept_of, strict=True)]), start=start
        )


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
