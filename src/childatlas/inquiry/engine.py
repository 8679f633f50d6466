"""Every question that a plan asks of a survey, answered in tables that may be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo import columns as col
from childatlas.errors import AnalysisError, DataError
from childatlas.inquiry.gaps import measure_gaps
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.money import POOR, line_of, measure_money, with_income, with_poor
from childatlas.inquiry.risks import measure_risks, with_factors
from childatlas.inquiry.sample import AGE_GROUP, DEPRIVED, Sample
from childatlas.inquiry.unequal import measure_unequal

if TYPE_CHECKING:
    from childatlas.study_questions import GapPlan, InequalityPlan, PovertyPlan, ProfilePlan

__all__ = ["Questions", "inquire"]

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Questions:
    """What is asked of a survey beyond counting.

    Attributes
    ----------
    income : str
        Column; empty where nothing is asked of money.
    line : float or None
        The line that ``poor`` means where `poverty` declares none.
    """

    income: str = ""
    line: float | None = None
    poverty: PovertyPlan | None = None
    inequality: InequalityPlan | None = None
    gap: GapPlan | None = None
    profiles: ProfilePlan | None = None

    @property
    def asked(self) -> bool:
        """Whether anything is asked."""
        return any((self.poverty, self.inequality, self.gap, self.profiles))

    def columns(self) -> list[str]:
        """Return the columns of the file that the answers need."""
        named = [self.income] if self.income else []
        if self.poverty:
            named += [line.column for line in self.poverty.lines if line.column]
            named += list(self.poverty.predictors)
            if scale := self.poverty.equivalence:
                named += [scale.persons, scale.children]
        if self.inequality:
            named += [group.column for group in self.inequality.groups]
        if self.gap:
            named += [*self.gap.predictors, *self.gap.category]
        if self.profiles:
            named += list(self.profiles.factors)
        return [name for name in dict.fromkeys(named) if name != AGE_GROUP]


def inquire(sample: Sample, questions: Questions, guard: Guard, *, seed: int, language: str = "en") -> Tables:
    """Return the tables of every question, safe to show; ``questions`` says which could not be answered.

    Parameters
    ----------
    sample : Sample
        With the columns that `Questions.columns` names.
    questions : Questions
    guard : Guard
    seed : int
        Of the bootstrap.
    language : str
        Of phrases.

    Returns
    -------
    dict of name -> DataFrame
        As `measure_money`, `measure_unequal`, `measure_gaps` and `measure_risks` return; those that are empty
        are left out. ``unit`` is ``""`` for the country.
    """
    if questions.income:
        sample = with_income(sample, questions.income, questions.poverty)
        line = line_of(questions.poverty.lines[0], sample) if questions.poverty else questions.line
        sample = with_poor(sample, line) if line is not None else sample
    outcomes = {"deprived": DEPRIVED, **({"poor": POOR} if POOR in sample.frame else {})}
    tables: Tables = {}
    refused: list[tuple[str, str]] = []

    def ask(name: str, answer: Callable[[], Tables]) -> None:
        try:
            tables.update(answer())
        except (AnalysisError, DataError) as error:
            refused.append((name, str(error)))

    money, unequal, gap, risks = questions.poverty, questions.inequality, questions.gap, questions.profiles
    if money is not None:
        ask("poverty", lambda: measure_money(sample, money, guard))
    if unequal is not None:
        ask("inequality", lambda: measure_unequal(sample, unequal, guard, outcomes=outcomes))
    if gap is not None:
        amount = _one_amount(questions)
        ask("gap", lambda: measure_gaps(sample, gap, guard, outcomes=outcomes, seed=seed, line=amount))
    if risks is not None:
        ask(
            "profiles",
            lambda: measure_risks(
                with_factors(sample, risks), risks, guard, outcomes=outcomes, language=language
            ),
        )
    if refused:
        rows: list[dict[str, Any]] = [{"question": q, "reason": r, col.FLAG: guard.flag} for q, r in refused]
        tables["questions_unanswered"] = pd.DataFrame(rows)
    return {name: table for name, table in tables.items() if len(table)}


def _one_amount(questions: Questions) -> float | None:
    """Return the amount of the first line where it is one for all."""
    return questions.poverty.lines[0].amount if questions.poverty else questions.line
