"""Counts of events over a base, checked, and the Poisson intervals of counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError, DataError

__all__ = [
    "Counts",
    "Method",
    "byar_interval",
    "check_counts",
    "exact_interval",
    "interval_of",
    "same_units",
    "tail_of",
]

Floats = NDArray[np.float64]
Method = Literal["exact", "byar"]


@dataclass(frozen=True)
class Counts:
    """Events and base of the units that can be used, and the index to come back on."""

    index: pd.Index
    used: NDArray[np.bool_]
    events: Floats
    base: Floats

    def back(self, values: Floats, name: str) -> pd.Series:
        """Return the values of the used units on the caller's index, NaN elsewhere."""
        full = np.full(len(self.index), np.nan)
        full[self.used] = values
        return pd.Series(full, index=self.index, name=name)

    def frame(self, value: Floats, low: Floats, high: Floats) -> pd.DataFrame:
        """Return an estimate and its limits on the caller's index."""
        columns = {"value": value, "low": low, "high": high}
        return pd.DataFrame({name: self.back(column, name) for name, column in columns.items()})


def check_counts(events: pd.Series, base: pd.Series) -> Counts:
    """Return checked counts of the units that have events and a base above 0."""
    for series, name in ((events, "events"), (base, "base")):
        if not isinstance(series, pd.Series):
            raise AnalysisError(f"{name} must be a Series by unit", found=type(series).__name__)
    same_units(events.index, base.index, "base")
    observed, population = _numbers(events, "events"), _numbers(base.reindex(events.index), "base")
    used = np.isfinite(observed) & np.isfinite(population) & (population > 0)
    return Counts(events.index, used, observed[used], population[used])


def _numbers(values: pd.Series, name: str) -> Floats:
    try:
        numbers: Floats = values.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        message = f"{name} are not numbers"
        raise DataError(message, found=f"dtype {values.dtype}", expected="counts by unit") from error
    bad = np.isinf(numbers) | (numbers < 0)
    if bad.any():
        units = ", ".join(f"{unit}: {value}" for unit, value in values[bad].head(5).items())
        raise DataError(
            f"{name} must be finite and not negative",
            where=f"{int(bad.sum())} units",
            found=units,
            fix="use counts; leave a missing count empty",
        )
    return numbers


def same_units(units: pd.Index, others: pd.Index, name: str) -> None:
    """Refuse, with both leftovers, unless the events and `name` hold the same units, each once."""
    for index, owner in ((units, "events"), (others, name)):
        if not index.is_unique:
            raise AnalysisError(
                f"a unit appears twice in {owner}", found=sorted(set(map(str, index[index.duplicated()])))[:5]
            )
    lacking, extra = units.difference(others), others.difference(units)
    if len(lacking) or len(extra):
        raise AnalysisError(
            f"events and {name} do not cover the same units",
            found=f"only in events: {list(lacking[:5])} ({len(lacking)}); "
            f"only in {name}: {list(extra[:5])} ({len(extra)})",
            fix="give all of them the same units; leave a missing count empty",
        )


def interval_of(method: str) -> Callable[..., tuple[Floats, Floats]]:
    """Return the function that gives the Poisson limits called `method`."""
    methods: dict[str, Callable[..., tuple[Floats, Floats]]] = {
        "exact": exact_interval,
        "byar": byar_interval,
    }
    if method not in methods:
        raise AnalysisError("unknown interval", found=repr(method), expected=", ".join(methods))
    return methods[method]


def tail_of(level: float) -> float:
    """Return the share that an interval of confidence `level` leaves outside on each side."""
    if not 0 < level < 1:
        raise AnalysisError("a level of confidence lies between 0 and 1", found=level, expected="0.95, say")
    return (1 - level) / 2


def exact_interval(counts: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact Poisson limits of counts, by chi-squared quantiles; the lower limit of 0 is 0.

    Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28, 437-442. Coverage is at least
    `level`.
    """
    from scipy.stats import chi2

    tail = tail_of(level)
    observed = np.asarray(counts, dtype=float)
    low = np.where(observed > 0, chi2.ppf(tail, np.maximum(2 * observed, 1e-12)) / 2, 0.0)
    return low, chi2.ppf(1 - tail, 2 * observed + 2) / 2


def byar_interval(counts: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Byar's approximate Poisson limits of counts; the lower limit of 0 is 0.

    Rothman and Boice (1979), as in Breslow and Day (1987), equation 2.13. Within 2 % of the exact limits from
    5 events.
    """
    from scipy.stats import norm

    z = float(norm.ppf(1 - tail_of(level)))
    observed = np.asarray(counts, dtype=float)
    above = observed + 1
    safe = np.maximum(observed, 1e-12)
    low = observed * np.maximum(1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe)), 0) ** 3
    return np.where(observed > 0, low, 0.0), above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
