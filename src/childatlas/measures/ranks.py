"""Confidence sets for ranks, and who is lagging.

Mogstad, Romano, Shaikh and Wilhelm (2024), "Inference for Ranks with Applications to Mobility across
Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies 91(1), 476-518,
sections 3 and 4: the rank of a unit is bounded by how many others are significantly worse and better, the
differences being tested stepwise with control of the familywise error rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.layers import LAGGING, LOWEST, MAY_LAG
from childatlas.measures.index import rank_worst_first
from childatlas.measures.normalise import Array
from childatlas.measures.recipe import Sense

__all__ = ["LAGGING", "LOWEST", "MAY_LAG", "RankSets", "rank_confidence"]

Pairs = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RankSets:
    """Confidence sets for ranks; 1 = worst off.

    Attributes
    ----------
    table : DataFrame
        Indexed by unit: ``estimate, se, rank``; ``low, high``, the set of the unit taken alone; ``low_all,
        high_all``, the set that holds for all units at once; ``word``.
    worst : int
        k: how many places count as the worst.
    level : float
    possible : list
        Units that are among the worst k with the stated confidence: the set that holds them all.
    """

    table: pd.DataFrame
    worst: int
    level: float
    possible: list[str]


def rank_confidence(
    estimates: pd.Series,
    standard_errors: pd.Series | None = None,
    *,
    direction: Sense,
    seed: int,
    covariance: pd.DataFrame | None = None,
    worst: int | None = None,
    level: float = 0.95,
    draws: int = 2_000,
) -> RankSets:
    """Return marginal and simultaneous confidence sets for the ranks of units, and the word each has earned.

    Parameters
    ----------
    estimates : Series
        Per unit; NaN is missing and takes no part.
    standard_errors : Series, optional
        Of independent, approximately normal estimates; a unit without one may stand anywhere.
    direction : {"higher_is_worse", "higher_is_better"}
    seed : int
    covariance : DataFrame, optional
        Units x units, instead of `standard_errors`.
    worst : int, optional
        k, by default a fifth of the units ranked.
    level : float
    draws : int
        Normal draws behind the critical values.

    Returns
    -------
    RankSets
        ``lagging`` where the whole simultaneous set lies in the worst k, ``may be lagging`` where it meets
        it. A unit without an error gets neither word: ``lowest by point estimate, errors unpublished`` if
        it ranks in the worst k, else nothing.

    Raises
    ------
    DataError
        If an error is negative, or units of errors and estimates differ.
    AnalysisError
        If k is not between 1 and the number of units.

    Notes
    -----
    The rank of j is at least 1 + #{k significantly worse} and at most n - #{k significantly better}.
    One-sided hypotheses for all ordered pairs (marginal: for the pairs of j) are tested by the maximum of
    studentised differences, stepping down. Memory is bounded; cost O(draws n^2) a step.
    """
    known = estimates.dropna().astype(float)
    k = _worst(worst, len(known))
    spread = _covariance(known, standard_errors, covariance)
    badness = known.to_numpy() if direction == "higher_is_worse" else -known.to_numpy()
    tests = _Tests.of(badness, spread, seed=seed, draws=draws, level=level)
    together = tests.simultaneous()
    counts = {"": tests.marginal_counts(), "_all": (together.sum(axis=0), together.sum(axis=1))}
    n = len(known)
    table = pd.DataFrame({"estimate": known, "se": np.sqrt(np.diag(spread))}, index=known.index)
    table["rank"] = rank_worst_first(known, worst_is_high=direction == "higher_is_worse")
    for name, (worse, better) in counts.items():
        table[f"low{name}"], table[f"high{name}"] = 1 + worse, n - better
    of_unit = zip(table["se"], table["rank"], table["low_all"], table["high_all"], strict=True)
    table["word"] = [_word(se, rank, low, high, (k, n)) for se, rank, low, high in of_unit]
    possible = [str(u) for u, row in table.iterrows() if row["low_all"] <= k]
    full = table.reindex(estimates.index)
    full["word"] = full["word"].astype(object).where(full["word"].notna(), "")
    return RankSets(full, k, level, possible)


def _worst(worst: int | None, n: int) -> int:
    k = max(1, round(n / 5)) if worst is None else worst
    if not 1 <= k <= max(n, 1):
        raise AnalysisError("the worst k must be some of the units", found=k, expected=f"1 to {n}")
    return k


def _word(se: float, rank: float, low: int, high: int, worst: tuple[int, int]) -> str:
    k, n = worst
    if k >= n:
        return ""
    if np.isnan(se):
        return LOWEST if rank <= k else ""
    if high <= k:
        return LAGGING
    return MAY_LAG if low <= k else ""


def _covariance(known: pd.Series, errors: pd.Series | None, covariance: pd.DataFrame | None) -> Array:
    """Return the covariance of the estimates, NaN on the diagonal of a unit without an error."""
    if covariance is not None:
        matrix = covariance.reindex(index=known.index, columns=known.index).to_numpy(float)
        variances = np.diag(matrix)
    else:
        own = (
            pd.Series(np.nan, index=known.index)
            if errors is None
            else errors.reindex(known.index).astype(float)
        )
        if errors is not None and len(known) and own.isna().all() and errors.notna().any():
            raise DataError(
                "the units of the errors are not those of the estimates", found=list(errors.index[:5])
            )
        if (own < 0).any():
            raise DataError(
                "a standard error is negative",
                where=f"unit {own.index[own < 0][0]}",
                found=float(own[own < 0].iloc[0]),
            )
        variances = own.to_numpy() ** 2
        matrix = np.diag(variances)
    if np.nanmin(variances, initial=0.0) < 0:
        raise DataError(
            "a variance on the diagonal of the covariance is negative", found=float(np.nanmin(variances))
        )
    return np.where(np.isnan(matrix) & ~np.eye(len(matrix), dtype=bool), 0.0, matrix)


@dataclass(frozen=True, eq=False)
class _Tests:
    """Studentised differences of all ordered pairs (j worse than k), and normal draws of them."""

    statistic: Array
    scale: Array
    noise: Array
    level: float

    @classmethod
    def of(cls, badness: Array, spread: Array, *, seed: int, draws: int, level: float) -> _Tests:
        variance = np.diag(spread)
        filled = np.where(np.isnan(spread), 0.0, spread)
        scale = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * filled, 0.0))
        scale = np.where(np.isnan(scale), np.inf, scale)
        gap = badness[:, None] - badness[None, :]
        exact = np.where(gap > 0, np.inf, 0.0)  # both known without error: the order is a fact
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(scale > 0, gap / scale, exact)
        values, vectors = np.linalg.eigh(filled)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = root @ np.random.default_rng(seed).standard_normal((len(badness), draws))
        return cls(statistic, scale, noise, level)

    def simultaneous(self) -> Pairs:
        """Return who is significantly worse than whom ([j, k]: j worse than k), all pairs at once."""
        n = len(self.scale)
        return self._step_down(~np.eye(n, dtype=bool))

    def marginal_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many are significantly worse and better than each unit, by its own pairs."""
        n = len(self.scale)
        worse, better = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for j in range(n):
            noise = self._studentised(j)
            family = np.ones((2, n), dtype=bool)  # j worse than k; k worse than j
            family[:, j] = False
            active, statistic = family.copy(), np.stack([self.statistic[j], self.statistic[:, j]])
            while active.any():
                greatest = np.maximum(_greatest(noise, active[0]), -_least(noise, active[1]))
                beyond = active & (statistic > self._quantile(greatest))
                if not beyond.any():
                    break
                active &= ~beyond
            better[j], worse[j] = (family & ~active).sum(axis=1)
        return worse, better

    def _step_down(self, family: Pairs) -> Pairs:
        active = family.copy()
        while active.any():
            greatest = np.full(self.noise.shape[1], -np.inf)
            for j in np.flatnonzero(active.any(axis=1)):
                np.maximum(greatest, _greatest(self._studentised(int(j)), active[j]), out=greatest)
            beyond = active & (self.statistic > self._quantile(greatest))
            if not beyond.any():
                break
            active &= ~beyond
        return family & ~active

    def _studentised(self, j: int) -> Array:
        """Return the noise of j less that of every other, over its scale; 0 where it has none."""
        scale = self.scale[j]
        usable = (scale > 0) & np.isfinite(scale)
        inverse = np.where(usable, 1 / np.where(usable, scale, 1.0), 0.0)
        return np.asarray((self.noise[j] - self.noise) * inverse[:, None])

    def _quantile(self, greatest: Array) -> float:
        return max(0.0, float(np.quantile(greatest, self.level, method="higher")))


def _greatest(noise: Array, active: NDArray[np.bool_]) -> Array:
    return np.asarray(noise[active].max(axis=0, initial=-np.inf))


def _least(noise: Array, active: NDArray[np.bool_]) -> Array:
    return np.asarray(noise[active].min(axis=0, initial=np.inf))
