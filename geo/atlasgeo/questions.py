"""What chance is asked, and what it answers: targets and tolerances in, counts of draws and p-values out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Question", "Tails", "mend", "p_value"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Counts = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Question:
    """A value for each row that chance is compared with.

    Attributes
    ----------
    target : array, shape (n,)
        For one feature: the (weighted) sum over the neighbours. For several: the sum over features of
        coefficient x sum.
    tolerance : array, shape (n,)
        Differences up to this are ties.
    tail : {"both", "high", "low"}
        Which counts are wanted; the others stay zero.
    """

    target: Floats
    tolerance: Floats
    tail: Literal["both", "high", "low"] = "both"

    @cached_property
    def floor(self) -> Floats:
        """Return the least value that reaches the target from above."""
        return self.target - self.tolerance

    @cached_property
    def ceiling(self) -> Floats:
        """Return the largest value that reaches the target from below."""
        return self.target + self.tolerance


@dataclass(frozen=True, eq=False)
class Tails:
    """How many draws reach the target from above and from below.

    Attributes
    ----------
    high, low : array of int, shape (n,)
        Draws with a value at least, and at most, the target.
    draws : array of int, shape (n,)
        Number of draws: P, or all there are where `exact`.
    exact : array of bool, shape (n,)
        The observed arrangement is one of the draws.
    """

    high: Counts
    low: Counts
    draws: Counts
    exact: NDArray[np.bool_]


def p_value(counts: Counts, tails: Tails) -> Floats:
    """Return (count + 1) / (P + 1), or count / draws where every draw was enumerated."""
    if counts.size and not tails.exact.any() and tails.draws[0] == tails.draws.max():
        return np.asarray((counts + 1) / (tails.draws[0] + 1), dtype=np.float64)
    one = np.where(tails.exact, 0, 1)
    return np.asarray((counts + one) / np.maximum(tails.draws + one, 1), dtype=np.float64)


def mend(
    counts: tuple[Counts, Counts], question: Question, unit: Places, values: tuple[Floats, Floats]
) -> None:
    """Correct the counts of the draws in which a value changes, from the first of `values` to the second."""
    sides = ((question.floor, np.greater_equal, "low"), (question.ceiling, np.less_equal, "high"))
    for place, (line, reaches, unless) in enumerate(sides):
        if question.tail == unless:
            continue
        at = line.take(unit)
        before, after = (reaches(value, at) for value in values)
        changed = np.flatnonzero(before != after)
        np.add.at(counts[place], unit[changed], np.where(after[changed], 1, -1))
