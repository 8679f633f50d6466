"""The 17 patterns of emerging hot and cold spots: one table of names, rules and precedence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError

__all__ = ["MOSTLY", "NO_PATTERN", "PATTERNS", "Pattern", "pattern_of", "pattern_table"]

NO_PATTERN: Final = "no pattern"
# A place is "mostly" hot when it was hot in at least this share of its observed steps.
MOSTLY: Final = 0.9
_HOT, _COLD = "hot spot", "cold spot"


@dataclass(frozen=True)
class Pattern:
    """One kind of history, the same for hot and for cold spots.

    Attributes
    ----------
    name : str
        First word of the pattern: ``new`` makes ``new hot spot`` and ``new cold spot``.
    rule : str
        The rule in words, for a hot spot.
    needs_trend : bool
        True where the class says that a trend is there, so that fewer than five steps can never show it.
    holds : function
        The rule over a `_History`.
    """

    name: str
    rule: str
    needs_trend: bool
    holds: Callable[[_History], bool]


@dataclass(frozen=True)
class _History:
    """Which observed steps were significant, seen from one side (hot as hot, or cold as if it were hot)."""

    hot: NDArray[np.bool_]
    cold: NDArray[np.bool_]
    trend: int

    @property
    def last(self) -> bool:
        return bool(self.hot[-1])

    @property
    def mostly(self) -> bool:
        return bool(self.hot.mean() >= MOSTLY - 1e-12)

    @property
    def run(self) -> int:
        """Length of the run of hot steps that ends in the last step."""
        calm = np.flatnonzero(~self.hot)
        return len(self.hot) - (int(calm[-1]) + 1 if len(calm) else 0)

    @property
    def only_run(self) -> bool:
        return self.last and int(self.hot.sum()) == self.run


PATTERNS: Final = (
    Pattern(
        "new",
        "significantly hot in the last step and never before",
        needs_trend=False,
        holds=lambda h: h.only_run and h.run == 1,
    ),
    Pattern(
        "consecutive",
        "hot in an unbroken run of at least two steps up to the last, never before the run, "
        "in less than 90 % of all steps",
        needs_trend=False,
        holds=lambda h: h.only_run and h.run > 1 and not h.mostly,
    ),
    Pattern(
        "intensifying",
        "hot in at least 90 % of the steps, the last among them, and the intensity rises significantly",
        needs_trend=True,
        holds=lambda h: h.last and h.mostly and h.trend > 0,
    ),
    Pattern(
        "diminishing",
        "hot in at least 90 % of the steps, the last among them, and the intensity falls significantly",
        needs_trend=True,
        holds=lambda h: h.last and h.mostly and h.trend < 0,
    ),
    Pattern(
        "persistent",
        "hot in at least 90 % of the steps, the last among them, and no trend of the intensity can be seen",
        needs_trend=False,
        holds=lambda h: h.last and h.mostly,
    ),
    Pattern(
        "oscillating",
        "hot in the last step, cold in some step before, hot in less than 90 % of the steps",
        needs_trend=False,
        holds=lambda h: h.last and bool(h.cold.any()),
    ),
    Pattern(
        "sporadic",
        "hot in the last step and on and off before, never cold, hot in less than 90 % of the steps",
        needs_trend=False,
        holds=lambda h: h.last,
    ),
    Pattern(
        "historical",
        "not hot in the last step, but hot in at least 90 % of the steps",
        needs_trend=False,
        holds=lambda h: h.mostly,
    ),
)


def pattern_of(signs: Sequence[int] | NDArray[np.int64], *, trend: int = 0) -> str:
    """Return the pattern of one place from its significant steps and the direction of its trend.

    Parameters
    ----------
    signs : sequence of -1, 0, 1
        One an observed step in order of time: significantly cold, neither, significantly hot.
    trend : {-1, 0, 1}
        Significant direction of the Gi* scores over time; 0 where there is none or it cannot be told.

    Returns
    -------
    str
        One of the 17 names of `pattern_table`.

    Raises
    ------
    AnalysisError
        A sign or the trend is not one of -1, 0, 1.

    Notes
    -----
    Cold spots are judged on the mirrored series, so that scores rising from -6 to -3 are a *diminishing cold
    spot*. A place that ends hot gets a hot pattern, one that ends cold a cold one; the first rule in
    `PATTERNS` that holds decides. Two of the published rules overlap (new or consecutive, and oscillating,
    where a cold step came before): the order of the table settles it.
    """
    history = np.asarray(signs, dtype=np.int64)
    if not np.isin(history, (-1, 0, 1)).all() or trend not in {-1, 0, 1}:
        raise AnalysisError("signs and trend are -1, 0 or 1", found=f"{history.tolist()}, trend {trend}")
    if not len(history):
        return NO_PATTERN
    sides = (_HOT, 1), (_COLD, -1)
    # The side of the last step is asked first.
    ordered = sorted(sides, key=lambda side: side[1] != history[-1])
    for kind, sign in ordered:
        seen = _History(history == sign, history == -sign, trend * sign)
        for pattern in PATTERNS:
            if pattern.holds(seen):
                return f"{pattern.name} {kind}"
    return NO_PATTERN


def pattern_table() -> pd.DataFrame:
    """Return the 17 patterns in order of precedence, with their rules in words.

    Columns ``pattern``, ``kind``, ``precedence`` within the kind, ``rule`` and ``needs_trend``. The
    intensity of a spot is its Gi* score away from zero: a cold spot intensifies as its score falls.
    Definitions after the published documentation of ArcGIS Pro's Emerging Hot Spot Analysis.
    """
    rows = [
        (f"{p.name} {kind}", kind, place, _rule(p.rule, kind), p.needs_trend)
        for kind in (_HOT, _COLD)
        for place, p in enumerate(PATTERNS, 1)
    ]
    rows.append((NO_PATTERN, "none", len(PATTERNS) + 1, "none of the rules above holds", False))
    return pd.DataFrame(rows, columns=["pattern", "kind", "precedence", "rule", "needs_trend"])


def _rule(rule: str, kind: str) -> str:
    """Return the rule for one side: for cold spots the words hot and cold change places."""
    if kind == _HOT:
        return rule
    return rule.replace("hot", "\0").replace("cold", "hot").replace("\0", "cold")
