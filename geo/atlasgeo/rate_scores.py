"""Rates made comparable across populations of different size, by empirical Bayes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .errors import AnalysisError
from .values import numbers_of

__all__ = ["rate_scores"]


def rate_scores(events: pd.Series[Any], base: pd.Series[Any]) -> pd.Series[Any]:
    """Return the standardised rate of each unit (Assuncao and Reis 1999, equations 3 to 5).

    z_i = (p_i - b) / sqrt(v_i), p_i = events / base, b the overall rate, v_i = a + b / base_i,
    a = s^2 - b / mean base, s^2 = sum base (p - b)^2 / sum base; where a + b / base_i is negative, b /
    base_i. A unit with base 0, or with either value missing, is missing; no events at all give zeros.

    Raises
    ------
    AnalysisError
        Negative, infinite or no numbers; events where the base is 0; codes that differ or are repeated.
    """
    cases, people = (pd.Series(numbers_of(given), index=given.index) for given in (events, base))
    if set(cases.index) != set(people.index):
        left, right = cases.index.difference(people.index), people.index.difference(cases.index)
        raise AnalysisError(
            "codes of events and base differ",
            found=f"only in events: {list(left[:8])}; only in base: {list(right[:8])}",
        )
    people = people.reindex(cases.index)
    if (cases < 0).any() or (people < 0).any():
        raise AnalysisError("events and base must not be negative")
    if ((people == 0) & (cases > 0)).any():
        where = cases.index[(people == 0) & (cases > 0)]
        raise AnalysisError("events without a base", where=f"units {list(where[:8])}")
    known = cases.notna() & people.notna() & (people > 0)
    e, b = cases[known].to_numpy(), people[known].to_numpy()
    scores = pd.Series(np.nan, index=cases.index, dtype=float)
    if e.size:
        rate, overall = e / b, e.sum() / b.sum()
        spread = float((b * (rate - overall) ** 2).sum() / b.sum()) - overall / b.mean()
        variance = np.where(spread + overall / b < 0, overall / b, spread + overall / b)
        scores[known] = np.where(
            variance > 0, (rate - overall) / np.sqrt(np.where(variance > 0, variance, 1)), 0.0
        )
    return scores
