"""Draws of figures from their estimates and standard errors, on the scale where the errors are normal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from .errors import AnalysisError, DataError
from .values import code_order

__all__ = ["SCALES", "Scale", "draw_figures"]

Floats = NDArray[np.float64]
Scale = Literal["identity", "logit", "log"]
_STREAM: Final = 1  # the draws' own branch of the seed; permutations take the seed itself


# scale -> (to the scale, slope of it, back, lower bound, upper bound)
_Way = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], Callable[[Floats], Floats], float, float]
_WAYS: Final[dict[str, _Way]] = {
    "identity": (lambda x: x, np.ones_like, lambda y: y, -np.inf, np.inf),
    "logit": (lambda x: np.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)), special.expit, 0.0, 1.0),
    "log": (np.log, lambda x: 1 / x, np.exp, 0.0, np.inf),
}
SCALES: Final = tuple(_WAYS)


def draw_figures(
    estimates: pd.Series[Any],
    standard_errors: pd.Series[Any],
    *,
    scale: Scale = "identity",
    n_draws: int = 1_000,
    seed: int,
) -> pd.DataFrame:
    """Return units x draws: normal on the scale, independent between units, their median the estimate.

    Parameters
    ----------
    estimates, standard_errors : Series
        On the same units; errors in the figures' own unit, carried to the scale by the delta method.
    scale : {"identity", "logit", "log"}
    n_draws : int
    seed : int
        The same draws in any order of the units.

    Raises
    ------
    DataError
        A standard error is negative, infinite, or missing where there is an estimate; an estimate with an
        error lies outside the scale: 0 and 1 have no logit. An error of 0 leaves any estimate as it is.
    AnalysisError
        Units differ, or fewer than one draw.
    """
    if n_draws < 1:
        raise AnalysisError("draws are counted from 1", found=n_draws)
    index = estimates.index
    if not index.is_unique or set(index) != set(standard_errors.index) or len(index) != len(standard_errors):
        lacking, extra = index.difference(standard_errors.index), standard_errors.index.difference(index)
        raise AnalysisError(
            "estimates and standard errors do not cover the same units, each once",
            found=f"without error: {list(lacking[:5])}; without estimate: {list(extra[:5])}",
        )
    try:
        x = estimates.to_numpy(dtype=float, na_value=np.nan)
        error = standard_errors.reindex(index).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as fault:
        raise DataError("estimates and standard errors must be numbers", found=str(fault)[:100]) from fault
    _check(index, x, error, scale)
    order = code_order(index)
    noise = np.empty((len(x), n_draws))
    noise[order] = np.random.default_rng([seed, _STREAM]).standard_normal((len(x), n_draws))
    there, slope, back, low, high = _WAYS[scale]
    drawn = np.repeat(x[:, None], n_draws, axis=1)
    moving = np.flatnonzero((error > 0) & (x > low) & (x < high))
    centre = there(x[moving])[:, None]
    drawn[moving] = back(centre + (slope(x[moving]) * error[moving])[:, None] * noise[moving])
    return pd.DataFrame(drawn, index=index)


def _check(index: pd.Index[Any], x: Floats, error: Floats, scale: str) -> None:
    there, bounds = ~np.isnan(x), _WAYS[scale][3:]
    faults = {
        "an estimate is infinite": np.isinf(x),
        "a standard error is missing": there & np.isnan(error),
        "a standard error is negative or infinite": (error < 0) | np.isinf(error),
        f"an estimate with an error lies outside the scale {scale!r}": (error > 0)
        & ((x <= bounds[0]) | (x >= bounds[1])),
    }
    for what, wrong in faults.items():
        if wrong.any():
            raise DataError(
                what,
                where=f"units {', '.join(map(str, index[wrong][:5]))}",
                found=[(float(a), float(b)) for a, b in zip(x[wrong][:5], error[wrong][:5], strict=True)],
                expected=f"estimates between {bounds[0]} and {bounds[1]}, errors of at least 0",
                fix="leave the estimate empty, or take the scale that holds it",
            )
