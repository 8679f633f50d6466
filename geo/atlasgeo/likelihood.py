"""What a count inside a circle is worth: the log likelihood ratios of a scan, and maps by chance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from .counts import Counts
from .errors import DataError

__all__ = ["Likelihood", "Model", "Rates"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Model = Literal["poisson", "bernoulli"]
Rates = Literal["high", "low", "both"]
_WHOLE: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Counts under a model, and the side that is asked for.

    Attributes
    ----------
    counts : Counts
        Whole events; Bernoulli: whole persons, at least as many as events.
    model : {"poisson", "bernoulli"}
    rates : {"high", "low", "both"}
    """

    counts: Counts
    model: Model
    rates: Rates

    def __post_init__(self) -> None:
        """Refuse what the model cannot count."""
        broken = np.abs(self.counts.events - np.round(self.counts.events)) > _WHOLE
        if broken.any():
            raise DataError(
                "a scan needs whole counts of events",
                found=self.counts.events[broken][:5].tolist(),
                fix="give events and their base, not a rate",
            )
        persons = self.counts.base
        if self.model == "bernoulli" and (
            (np.abs(persons - np.round(persons)) > _WHOLE).any() or (self.counts.events > persons).any()
        ):
            raise DataError(
                "the Bernoulli model needs whole numbers of persons, at least as many as events",
                fix="give the persons looked at as base, or take the Poisson model",
            )

    @cached_property
    def total(self) -> int:
        """Return the number of events."""
        return round(float(self.counts.events.sum()))

    @cached_property
    def base(self) -> float:
        """Return the base of all units."""
        return float(self.counts.base.sum())

    @cached_property
    def _events_term(self) -> Floats:
        """Return c log c + (C - c) log(C - c) of c = 0, 1, 2 ... C."""
        terms = _xlogx(np.arange(self.total + 1, dtype=float))
        return terms + terms[::-1]

    def ratio(self, inside: Integers, population: Floats) -> Floats:
        """Return the log likelihood ratio of counts inside circles, 0 on the side that is not asked for."""
        expected = self.total * population / self.base
        value = self._events_term[inside]
        if self.model == "poisson":
            rest = _log(self.total - expected)
            value -= inside * (_log(expected) - rest)
            value -= self.total * rest
        else:
            outside = self.base - population
            value += _xlogx(population - inside) + _xlogx(outside - self.total + inside)
            value += -_xlogx(population) - _xlogx(outside)
            value += (
                _xlogx(np.array(self.base)) - _xlogx(np.array([self.total, self.base - self.total])).sum()
            )
        sides = {"high": inside > expected, "low": inside < expected, "both": inside != expected}
        value *= sides[self.rates]
        return np.maximum(value, 0.0, out=value)

    def random(self, rng: np.random.Generator, size: int) -> Integers:
        """Return maps by chance with the observed number of events, units x maps."""
        if self.model == "poisson":
            return rng.multinomial(self.total, self.counts.base / self.base, size=size).T
        persons = np.round(self.counts.base).astype(np.int64)
        return rng.multivariate_hypergeometric(persons, self.total, size=size, method="marginals").T


def _log(values: Floats) -> Floats:
    return np.log(np.maximum(values, np.finfo(float).tiny))


def _xlogx(values: Floats) -> Floats:
    """Return x log x, 0 at 0."""
    return values * _log(values)
