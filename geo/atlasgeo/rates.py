"""Rates of rare events: smoothed, spatial, relative to the whole, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .counts import Counts, Method, check_counts, exact_interval, interval_of, same_units, tail_of

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = ["excess_risk", "smooth_rates", "smoothed_intervals", "spatial_rates"]

Floats = NDArray[np.float64]


def smooth_rates(events: pd.Series, base: pd.Series, *, neighbours: Graph | None = None) -> pd.Series:
    r"""Return every unit's empirical Bayes rate: its own, drawn towards the mean of all or of its neighbours.

    With rates :math:`r_i = O_i / n_i`, reference mean :math:`m = \sum O / \sum n` and
    :math:`A = \sum n (r - m)^2 / \sum n - m / \bar n` (0 where negative), the estimate is
    :math:`m + (r_i - m) A / (A + m / n_i)`.

    Parameters
    ----------
    events : Series
        Counts by unit, not negative.
    base : Series
        Population at risk, or expected counts, on the same units as `events`.
    neighbours : Graph, optional
        None takes `m` and `A` from all units. With a graph, unit `i` takes them from itself and the units
        with a weight other than 0 in its row; the weights themselves do not matter.

    Returns
    -------
    Series
        ``smoothed_rate`` on the index of `events`, in events per unit of `base`. A unit whose events or base
        are missing, or whose base is 0, is NaN and enters no mean. An island, and a unit whose neighbours
        are all missing, keeps its own rate, which is the mean of its neighbourhood.

    Raises
    ------
    DataError
        Events or base are negative or infinite, or not numbers.
    AnalysisError
        The units of `events`, `base` and `neighbours` are not the same, or a unit appears twice.

    Notes
    -----
    Method of moments under a Poisson likelihood: R. J. Marshall (1991), Mapping disease and mortality rates
    using empirical Bayes estimators, Applied Statistics 40(2), 283-294, global and local estimator.
    Cost: O(n + number of neighbour pairs).
    """
    prior = _prior(check_counts(events, base), neighbours)
    return prior.counts.back(prior.estimate(), "smoothed_rate")


def smoothed_intervals(
    events: pd.Series, base: pd.Series, *, neighbours: Graph | None = None, level: float = 0.95
) -> pd.DataFrame:
    r"""Return the empirical Bayes rate of every unit with its credible interval.

    The estimate of `smooth_rates` is the posterior mean under a Gamma prior with mean `m` and variance `A`;
    the interval cuts (1 - `level`)/2 from each tail of the posterior
    :math:`\mathrm{Gamma}(m^2/A + O_i,\; m/A + n_i)`. Where `A` is 0 the data show no difference between the
    units, and the interval is the exact Poisson interval of the reference rate.

    Parameters
    ----------
    events, base, neighbours
        As in `smooth_rates`.
    level : float
        Share of the posterior inside the interval.

    Returns
    -------
    DataFrame
        ``value``, ``low``, ``high`` on the index of `events`.

    Raises
    ------
    DataError, AnalysisError
        As `smooth_rates`; also where `level` is not between 0 and 1.

    Notes
    -----
    The prior is taken as known, so that the intervals are somewhat too short where units are few.
    """
    from scipy.stats import gamma

    tail = tail_of(level)
    prior = _prior(check_counts(events, base), neighbours)
    counts, spread = prior.counts, prior.variance
    known = spread > 0
    safe = np.where(known, spread, 1.0)
    shape = prior.mean**2 / safe + counts.events
    rate = prior.mean / safe + counts.base
    pooled = exact_interval(prior.pooled_events, level=level)
    low = np.where(known, gamma.ppf(tail, shape) / rate, pooled[0] / prior.pooled_base)
    high = np.where(known, gamma.ppf(1 - tail, shape) / rate, pooled[1] / prior.pooled_base)
    return counts.frame(prior.estimate(), low, high)


def spatial_rates(
    events: pd.Series,
    base: pd.Series,
    *,
    neighbours: Graph,
    method: Method = "exact",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the pooled rate of every unit and its neighbours, with its interval.

    Parameters
    ----------
    events, base
        As in `smooth_rates`.
    neighbours : Graph
        Sets: the unit itself and the units with a weight other than 0 in its row.
    method : {"exact", "byar"}
        Poisson interval of the pooled count, see `exact_interval` and `byar_interval`.
    level : float
        Confidence of the interval.

    Returns
    -------
    DataFrame
        ``value``, ``low``, ``high`` on the index of `events`; NaN where the unit has no data or base 0.

    Raises
    ------
    DataError, AnalysisError
        As `smooth_rates`.

    Notes
    -----
    The spatial rate smoother of Anselin, Lozano and Koschinsky (2006), Rate transformations and smoothing.
    """
    counts = check_counts(events, base)
    sets = _sets(counts, neighbours)
    pooled, population = sets @ counts.events, sets @ counts.base
    low, high = interval_of(method)(pooled, level=level)
    return counts.frame(pooled / population, low / population, high / population)


def excess_risk(
    events: pd.Series,
    base: pd.Series,
    *,
    method: Method = "exact",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return every unit's events over those it would have at the rate of all units (SMR), with an interval.

    Parameters
    ----------
    events, base
        As in `smooth_rates`. With expected counts as base the ratio is internally standardised.
    method : {"exact", "byar"}
        Poisson interval of the observed count; the expected count is taken as known.
    level : float
        Confidence of the interval.

    Returns
    -------
    DataFrame
        ``value`` (1 = the rate of all units), ``low``, ``high`` and ``expected`` on the index of `events`.

    Raises
    ------
    DataError, AnalysisError
        As `smooth_rates`.

    Notes
    -----
    Breslow and Day (1987), Statistical Methods in Cancer Research II, chapter 2. Where nothing happened
    anywhere the ratio is undefined, NaN.
    """
    counts = check_counts(events, base)
    total, population = counts.events.sum(), counts.base.sum()
    expected = counts.base * (total / population if total > 0 else np.nan)
    low, high = interval_of(method)(counts.events, level=level)
    table = counts.frame(counts.events / expected, low / expected, high / expected)
    return table.assign(expected=counts.back(expected, "expected"))


@dataclass(frozen=True)
class _Prior:
    """Mean and variance of the rates that each used unit is drawn towards."""

    counts: Counts
    pooled_events: Floats
    pooled_base: Floats
    variance: Floats

    @property
    def mean(self) -> Floats:
        return self.pooled_events / self.pooled_base

    def estimate(self) -> Floats:
        noise = self.mean / self.counts.base
        total = self.variance + noise
        weight = np.divide(self.variance, total, out=np.zeros_like(total), where=total > 0)
        return self.mean + (self.counts.events / self.counts.base - self.mean) * weight


def _prior(counts: Counts, neighbours: Graph | None) -> _Prior:
    """Return Marshall's moments over all units, or over each unit's neighbourhood."""
    from scipy.sparse import csr_array

    n = len(counts.events)
    sets = csr_array(np.ones((1, n))) if neighbours is None else _sets(counts, neighbours)
    pooled, population, size = sets @ counts.events, sets @ counts.base, sets @ np.ones(n)
    with np.errstate(invalid="ignore"):  # 0 / 0 where no unit has data
        mean = pooled / population
        squares = _weighted_squares(counts, sets, mean)
        variance = np.maximum(squares / population - mean / (population / size), 0.0)
    shape = (n,)
    return _Prior(
        counts,
        np.broadcast_to(pooled, shape),
        np.broadcast_to(population, shape),
        np.broadcast_to(variance, shape),
    )


def _weighted_squares(counts: Counts, sets: csr_array, mean: Floats) -> Floats:
    """Return the sum of n (r - m)^2 over each set, from deviations, so that nothing cancels."""
    rows = np.repeat(np.arange(sets.shape[0]), np.diff(sets.indptr))
    deviation = (counts.events / counts.base)[sets.indices] - mean[rows]
    return np.bincount(rows, counts.base[sets.indices] * deviation**2, minlength=sets.shape[0]).astype(float)


def _sets(counts: Counts, neighbours: Graph) -> csr_array:
    """Return used units x used units: 1 where the column is the row's unit or a neighbour of it."""
    from scipy.sparse import coo_array, csr_array, eye_array

    units = counts.index
    same_units(units, neighbours.unique_ids, "neighbours")
    pairs = neighbours.adjacency[neighbours.adjacency != 0].index
    place = pd.Series(np.cumsum(counts.used) - 1, index=units).where(counts.used, -1)
    focal = place.loc[pairs.get_level_values(0)].to_numpy(dtype=int)
    other = place.loc[pairs.get_level_values(1)].to_numpy(dtype=int)
    keep = (focal >= 0) & (other >= 0) & (focal != other)
    n = len(counts.events)
    links = coo_array((np.ones(int(keep.sum())), (focal[keep], other[keep])), shape=(n, n))
    return csr_array(links.tocsr() + eye_array(n, format="csr"))
