"""Answers that would have led to a deprivation: the questions of the definitions, read backwards."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import DataError
from childatlas.simulate.plan import AnswerRange, SurveyPlan

__all__ = ["answer_columns"]

Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
_UNKNOWN = 0.004  # share of answers that are missing


def answer_columns(
    definitions: Any,
    plan: SurveyPlan,
    lacks: dict[str, Flags],
    asked: dict[str, Flags],
    *,
    household: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, pd.Series]:
    """Return the columns of answers that the definitions turn into `lacks` where `asked`.

    Answers about a household are the same for all its children; `household` numbers them from 0.

    A share of 0.4 % of each question's answers is missing, by the file's own code where the definitions name
    one. Questions that were not asked are empty.

    Raises
    ------
    DataError
        If a numeric question has no range in the plan.
    """
    columns: dict[str, pd.Series] = {}
    for item in definitions.items:
        at_home = item.describes == "household"
        flags = np.bincount(household, lacks[item.id]) > 0 if at_home else lacks[item.id]
        for question, yes in zip(item.questions, _share_out(item, flags, rng), strict=True):
            worded = question.answers is not None
            answers = pd.Series(_worded(question, yes, rng) if worded else _numeric(question, yes, plan, rng))
            unknown = rng.random(len(answers)) < _UNKNOWN
            code = question.missing[0] if question.missing else None
            filled = answers.mask(unknown, code)
            spread = filled.iloc[household].reset_index(drop=True) if at_home else filled
            columns[question.column] = spread.where(asked[item.id])
    return columns


def _share_out(item: Any, lacks: Flags, rng: np.random.Generator) -> list[Flags]:
    """Return which question says yes: one at random for "any", every one for "all" (one no else)."""
    count = len(item.questions)
    if count == 1:
        return [lacks]
    chosen = rng.integers(0, count, len(lacks))
    if item.combine == "any":
        return [lacks & (chosen == q) for q in range(count)]
    return [lacks | (chosen != q) for q in range(count)]


def _worded(question: Any, yes: Flags, rng: np.random.Generator) -> NDArray[np.object_]:
    lacking = list(question.answers)
    having = [a for a in (question.known or ()) if a not in lacking] or ["other"]
    pick = rng.random(len(yes))
    first = np.array(lacking, dtype=object)[(pick * len(lacking)).astype(int)]
    second = np.array(having, dtype=object)[(pick**2 * len(having)).astype(int)]
    result: NDArray[np.object_] = np.where(yes, first, second)
    return result


def _numeric(question: Any, yes: Flags, plan: SurveyPlan, rng: np.random.Generator) -> Floats:
    span = plan.ranges.get(question.column)
    if span is None:
        raise DataError(
            f"the plan has no range for {question.column!r}",
            where=f"plan {plan.id}",
            fix="add it under [ranges]",
        )
    step = 10.0**-span.decimals
    low, high = _split(question, span, step)
    draw = rng.beta(1.5, 1.5, len(yes))
    below = _between(span.low, low, draw, step)
    above = _between(high, span.high, draw, step)
    under = question.below is not None or question.at_most is not None
    return np.round(np.where(yes == under, below, above), span.decimals).astype(np.float64)


def _split(question: Any, span: AnswerRange, step: float) -> tuple[float, float]:
    """Return the largest answer under the threshold and the smallest over it."""
    if question.below is not None or question.at_least is not None:
        bound = question.below if question.below is not None else question.at_least
        low, high = bound - step, bound
    else:
        bound = question.at_most if question.at_most is not None else question.above
        low, high = bound, bound + step
    if low < span.low or high > span.high:
        raise DataError(
            f"the range of {question.column!r} leaves no room on one side of its threshold", found=span
        )
    return float(low), float(high)


def _between(low: float, high: float, draw: Floats, step: float) -> Floats:
    steps = round((high - low) / step) + 1
    result: Floats = low + step * np.minimum(np.floor(draw * steps), steps - 1)
    return result
