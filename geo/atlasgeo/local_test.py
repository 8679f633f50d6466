"""One local test, whatever the statistic: the sum over the neighbours against sums drawn from the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .draws import Rows, SharedDraws
from .errors import AnalysisError
from .moments import bulk, extreme_sums, lag_moments, others_of, plain_sums, tolerances, weight_sums
from .permutation import count_tails
from .questions import Question, Tails, p_value

__all__ = [
    "ALTERNATIVES",
    "Alternative",
    "Counter",
    "Inference",
    "LocalTest",
    "known",
    "normal_tails",
    "one_p",
    "sum_moments",
    "sum_test",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Alternative = Literal["two-sided", "greater", "less"]
Inference = Literal["permutation", "analytical"]
Counter = Callable[[SharedDraws, Floats, Sequence[Question]], list[Tails]]
ALTERNATIVES: Final = ("two-sided", "greater", "less")
INFERENCES: Final = ("permutation", "analytical")


@dataclass(frozen=True, eq=False)
class LocalTest:
    """Upper and lower tails of each unit's statistic, and the least they could be.

    Attributes
    ----------
    high, low : array, shape (n,)
        p of a value at least, and at most, the observed one.
    floor_high, floor_low : array, shape (n,)
        The same for the largest and the least value that the unit could have.
    step : array, shape (n,)
        The smallest tail that random draws can show, 1 / (P + 1); 0 where the p is exact or analytical.
    """

    high: Floats
    low: Floats
    floor_high: Floats
    floor_low: Floats
    step: Floats

    def turned(self, down: Flags) -> LocalTest:
        """Return the test with both tails exchanged where `down`."""
        if not down.any():
            return self
        return LocalTest(
            np.where(down, self.low, self.high),
            np.where(down, self.high, self.low),
            np.where(down, self.floor_low, self.floor_high),
            np.where(down, self.floor_high, self.floor_low),
            self.step,
        )

    def p(self, alternative: Alternative) -> Floats:
        """Return the p of the alternative."""
        return one_p(self.high, self.low, alternative)

    def floor(self, alternative: Alternative) -> Floats:
        """Return the least p that each unit could reach."""
        return one_p(self.floor_high, self.floor_low, alternative)


def one_p(high: Floats, low: Floats, alternative: Alternative) -> Floats:
    """Return the upper tail, the lower one, or twice the smaller of both and at most 1."""
    if alternative == "greater":
        return high
    if alternative == "less":
        return low
    return np.asarray(np.minimum(1.0, 2 * np.minimum(high, low)))


def known(word: str, words: tuple[str, ...], what: str) -> None:
    """Raise unless the word is one of the known ones."""
    if word not in words:
        raise AnalysisError(f"unknown {what}", found=word, expected=", ".join(words))


def sum_moments(y: Floats, rows: Rows) -> tuple[Floats, Floats]:
    """Return mean and variance of the weighted sum of each row under conditional permutation."""
    middle = float(np.median(bulk(y))) if y.size else 0.0
    mean, variance = lag_moments(others_of(y - middle), rows)
    return mean + middle * weight_sums(rows)[0], variance


def sum_test(draws: SharedDraws | None, x: Floats, rows: Rows, *, count: Counter = count_tails) -> LocalTest:
    """Return the tails of each row's weighted sum of x; `draws` None stands for the normal approximation."""
    if draws is None:
        return _analytical(x, rows)
    y = x - np.median(bulk(x)) if x.size else x
    slack = tolerances(x, rows)
    largest, least = extreme_sums(y, rows)
    widest = _widest(slack, rows)
    questions = [
        Question(plain_sums(y, rows), slack),
        Question(largest, widest, "high"),
        Question(least, widest, "low"),
    ]
    here, up, down = count(draws, y, questions)
    del questions, slack, widest, largest, least  # a million units need this room for the answers
    return _of_counts(here, up, down).turned(rows.uniform & (rows.weight < 0))


def _widest(slack: Floats, rows: Rows) -> Floats:
    """Return one tolerance for all rows with the same number of neighbours: they share their extremes."""
    by_count = np.zeros(int(rows.counts.max(initial=0)) + 1)
    np.maximum.at(by_count, rows.counts, slack)
    return np.where(rows.uniform, by_count[rows.counts], slack)


def _of_counts(here: Tails, up: Tails, down: Tails) -> LocalTest:
    """Return the test from the counts at the observed and at the extreme sums."""
    step = p_value(np.zeros_like(here.high), here)
    step = np.where(here.exact, 0.0, step)
    return LocalTest(
        p_value(here.high, here), p_value(here.low, here), p_value(up.high, up), p_value(down.low, down), step
    )


def _analytical(x: Floats, rows: Rows) -> LocalTest:
    """Return the tails of the normal approximation with the conditional moments."""
    y = x - np.median(bulk(x)) if x.size else x
    expected, variance = sum_moments(y, rows)
    largest, least = extreme_sums(y, rows)
    scale = np.where(rows.uniform, rows.weight, 1.0)
    low_end, high_end = np.minimum(scale * largest, scale * least), np.maximum(scale * largest, scale * least)
    observed = np.asarray(rows.matrix @ y, dtype=np.float64)
    high, low = normal_tails(observed, expected, variance)
    floor_high = normal_tails(high_end, expected, variance)[0]
    floor_low = normal_tails(low_end, expected, variance)[1]
    return LocalTest(high, low, floor_high, floor_low, np.zeros(rows.n))


def normal_tails(observed: Floats, expected: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the upper and lower normal tail; 1 where there is no variance."""
    moving = variance > 0
    z = np.where(moving, (observed - expected) / np.sqrt(np.where(moving, variance, 1.0)), 0.0)
    return np.where(moving, special.ndtr(-z), 1.0), np.where(moving, special.ndtr(z), 1.0)
