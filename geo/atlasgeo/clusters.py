"""The table of a local statistic: p beside its adjusted value, and what each unit may be called."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import columns as col
from .corrections import STEP_UP, adjust_p, permutations_needed, strictest
from .errors import AnalysisError, AtlasWarning
from .local_test import ALTERNATIVES, INFERENCES, Alternative, Inference, LocalTest, known
from .values import Aligned

__all__ = [
    "ALIKE",
    "APART",
    "EVEN",
    "JOINED",
    "LABELS",
    "NEGATIVE",
    "NOTHING",
    "OTHER_POSITIVE",
    "UNEVEN",
    "Labels",
    "Local",
    "Rules",
    "Verdict",
    "judge",
    "label",
    "labels",
    "local_table",
    "warn_if_too_few",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

OTHER_POSITIVE: Final = "other positive"
NEGATIVE: Final = "negative"
ALIKE: Final = "positive"
JOINED: Final = "joined"
APART: Final = "apart"
UNEVEN: Final = "uneven"
EVEN: Final = "even"
LABELS: Final = (
    col.HIGH_HIGH,
    col.LOW_LOW,
    col.HIGH_LOW,
    col.LOW_HIGH,
    col.HOT_SPOT,
    col.COLD_SPOT,
    col.NOT_SIGNIFICANT,
    col.CANNOT_BE_SIGNIFICANT,
    col.NO_NEIGHBOURS,
    col.NO_DATA,
    "",
    OTHER_POSITIVE,
    NEGATIVE,
    ALIKE,
    JOINED,
    APART,
    UNEVEN,
    EVEN,
)
NOTHING: Final = -1  # no label: missing in the table


@dataclass(frozen=True)
class Rules:
    """How p-values are made and read.

    Attributes
    ----------
    alternative : {"two-sided", "greater", "less"}
    correction : {"fdr", "by", "bonferroni", "sidak", "none"}
    alpha : float
        In (0, 1).
    inference : {"permutation", "analytical"}
    folded : bool
        The p of the tail that the data chose, not doubled, as other tools give it.
    """

    alternative: Alternative
    correction: str
    alpha: float
    inference: Inference = "permutation"
    folded: bool = False

    def __post_init__(self) -> None:
        """Refuse words and levels that mean nothing."""
        known(self.alternative, ALTERNATIVES, "alternative")
        known(self.inference, INFERENCES, "inference")
        adjust_p([], correction=self.correction)
        if not 0 < self.alpha < 1:
            raise AnalysisError("alpha must lie between 0 and 1", found=self.alpha)

    @property
    def tails(self) -> int:
        """Return how many tails a p counts."""
        return 2 if self.alternative == "two-sided" and not self.folded else 1

    def p(self, high: Floats, low: Floats) -> Floats:
        """Return the p of the alternative from both tails."""
        if self.alternative == "greater":
            return high
        if self.alternative == "less":
            return low
        return np.asarray(np.minimum(1.0, self.tails * np.minimum(high, low)))


@dataclass(frozen=True, eq=False)
class Local:
    """A local statistic of every node, before it is judged.

    Attributes
    ----------
    statistic, expected, variance : array, shape (n,)
    test : LocalTest
        Tails of the statistic.
    island : array of bool, shape (n,)
    label : array of int, shape (n,)
        What the unit is called if it is significant, as places in LABELS.
    quadrant : array of int or None
    island_statistic : float
        What stands for a unit without neighbours.
    """

    statistic: Floats
    expected: Floats
    variance: Floats
    test: LocalTest
    island: NDArray[np.bool_]
    label: Labels
    quadrant: Labels | None = None
    island_statistic: float = np.nan


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the rules make of a local statistic.

    Attributes
    ----------
    p, floor, adjusted : array, shape (n,)
    cluster : array of int, shape (n,)
        Places in LABELS.
    """

    p: Floats
    floor: Floats
    adjusted: Floats
    cluster: Labels


def local_table(aligned: Aligned, local: Local, rules: Rules) -> pd.DataFrame:
    """Return the table of a local statistic on the caller's index.

    Columns: statistic, expected, variance, z, p, p_floor, p_adjusted, (quadrant,) cluster, suggestive. Where
    the conditional variance is zero p is 1 and z missing. `cluster` reads the adjusted p; `suggestive` names
    the label of units whose raw p is at most alpha and does not survive, and is empty elsewhere.
    """
    island = local.island
    verdict = judge(local, rules)
    p, adjusted = verdict.p, verdict.adjusted
    warn_if_too_few(p, adjusted, local.test.step, rules)
    variance = np.where(local.variance > 0, local.variance, np.nan)
    z = (local.statistic - local.expected) / np.sqrt(variance)
    table: dict[str, Floats | pd.Series[Any]] = {
        col.STATISTIC: aligned.spread(np.where(island, local.island_statistic, local.statistic)),
        col.EXPECTED: aligned.spread(_except(island, local.expected)),
        col.VARIANCE: aligned.spread(_except(island, local.variance)),
        col.Z: aligned.spread(_except(island, z)),
        col.P: aligned.spread(p),
        col.P_FLOOR: aligned.spread(verdict.floor),
        col.P_ADJUSTED: aligned.spread(adjusted),
    }
    if local.quadrant is not None:
        table[col.QUADRANT] = _text(aligned, np.where(island, NOTHING, local.quadrant), NOTHING)
    table[col.CLUSTER] = _text(aligned, verdict.cluster, label(col.NO_DATA))
    hint = (p <= rules.alpha) & ~(adjusted <= rules.alpha) & (local.label != label(col.NOT_SIGNIFICANT))
    table[col.SUGGESTIVE] = _text(aligned, np.where(hint, local.label, label("")), label(""))
    return pd.DataFrame(table, index=aligned.index, copy=False)


def judge(local: Local, rules: Rules) -> Verdict:
    """Return p, its floor, its adjusted value and the label of every node; p is 1 where nothing can vary."""
    still = ~(local.variance > 0)
    p = np.where(still, 1.0, rules.p(local.test.high, local.test.low))
    floor = np.where(still, 1.0, rules.p(local.test.floor_high, local.test.floor_low))
    p, floor = _except(local.island, p), _except(local.island, floor)
    adjusted = adjust_p(p, correction=rules.correction)
    cluster = local.label.copy()
    cluster[~(adjusted <= rules.alpha)] = label(col.NOT_SIGNIFICANT)
    cluster[floor > rules.alpha] = label(col.CANNOT_BE_SIGNIFICANT)
    cluster[local.island] = label(col.NO_NEIGHBOURS)
    return Verdict(p, floor, adjusted, cluster)


def _except(island: NDArray[np.bool_], column: Floats) -> Floats:
    """Return a column without what it says of islands."""
    return np.where(island, np.nan, column) if island.any() else column


def label(word: str) -> int:
    """Return the place of a label in LABELS."""
    return LABELS.index(word)


def labels(cases: Sequence[tuple[NDArray[np.bool_], str]], *, otherwise: str, n: int) -> Labels:
    """Return for each unit the place of the first label whose case holds."""
    places = np.full(n, label(otherwise), dtype=np.int8)
    for where, word in reversed(cases):
        places[where] = label(word)
    return places


def _text(aligned: Aligned, places: NDArray[np.integer[Any]], empty: int) -> pd.Series[Any]:
    """Return the words of the nodes on the caller's index, `empty` where a unit is missing."""
    whole = np.full(len(aligned.index), empty, dtype=np.int8)
    whole[aligned.place] = places
    words = pd.Series(list(LABELS)).array.take(whole, allow_fill=True)
    return pd.Series(words, index=aligned.index)


def warn_if_too_few(p: Floats, adjusted: Floats, step: Floats, rules: Rules, *, above: int = 4) -> None:
    """Warn where P is too small for the correction; `above` is how many calls above this the caller stands.

    A fixed threshold (Bonferroni, Sidak, none) is out of reach or not. Under the step-up rules it is the one
    that a single unit has to reach, but where so many units share the least p that they survive together, P
    was enough and nothing is said.
    """
    random = ~np.isnan(p) & (step > 0)
    if rules.inference != "permutation" or not random.any():
        return
    tests = int(np.count_nonzero(~np.isnan(p)))
    least = rules.tails * float(step[random].min())
    beyond = random & (p <= least * (1 + 1e-12))
    survived = adjusted <= rules.alpha
    enough = rules.correction in STEP_UP and bool((beyond & survived).any())
    bar = strictest(rules.alpha, tests, correction=rules.correction)
    if least > bar * (1 + 1e-12) and not enough:
        needed = permutations_needed(rules.alpha, tests, correction=rules.correction, tails=rules.tails)
        stuck = int((beyond & ~survived).sum())
        warnings.warn(
            f"these permutations cannot show a p below {least:.3g}, and among {tests} tests the correction "
            f"{rules.correction!r} may ask a single unit for "
            f"{bar:.3g}: permutations={needed} could reach it"
            + (f" ({stuck} units lie beyond every draw and fail for want of draws)" if stuck else ""),
            AtlasWarning,
            stacklevel=above,
        )
