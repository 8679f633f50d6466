"""What a study asks of its survey beyond counting: the map of the gap, and the tables of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import (
    FLAG,
    GROUP,
    INDICATOR,
    LEVEL,
    RESIDENCE,
    RURAL,
    SE,
    SEX,
    SOURCE,
    SUPPRESSED,
    TOTAL,
    UNIT,
    URBAN,
    VALUE,
    YEAR,
    N,
)
from childatlas.assembly.survey_counting import Counting, counting_tables
from childatlas.assembly.survey_protection import DISCLOSURE
from childatlas.child_figures import COUNTRY, HEADCOUNT, INCOME, OBLAST
from childatlas.inquiry.engine import Questions, inquire
from childatlas.inquiry.gaps import GROUPS
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.money import POOR, with_income, with_poor
from childatlas.inquiry.sample import DEPRIVED, Sample
from childatlas.measures.differences import survey_difference
from childatlas.measures.publication import SUPPRESS, PublicationRule

if TYPE_CHECKING:
    from childatlas.study import PrivacyPlan, Study
    from childatlas.study_survey import SurveyFiguresPlan

__all__ = ["GAPS", "Asked", "answer_questions", "gap_figures", "gap_quality", "guard_of", "questions_of"]

GAPS: Mapping[str, str] = {HEADCOUNT: "gap_of_deprivation", INCOME: "gap_of_poverty"}


@dataclass(frozen=True, eq=False)
class Asked:
    """A survey that more is asked of, kept for when the tables are made.

    Attributes
    ----------
    sample : Sample
    questions : Questions
    guard : Guard
        Knows what the figures hide.
    truth : dict of name -> DataFrame
        Of a synthetic survey: its comparison with what is true of it.
    counting : Counting
        What the counting tables are made of.
    """

    sample: Sample | None
    questions: Questions
    guard: Guard
    truth: dict[str, pd.DataFrame]
    counting: Counting


def questions_of(plan: SurveyFiguresPlan) -> Questions:
    """Return the questions of a study's survey."""
    return Questions(
        income=plan.income,
        line=plan.line,
        poverty=plan.poverty,
        inequality=plan.inequality,
        gap=plan.gap,
        profiles=plan.profiles,
    )


def guard_of(
    quality: pd.DataFrame, parents: Mapping[str, str], privacy: PrivacyPlan, *, national: str, flag: str
) -> Guard:
    """Return the guard of all further tables: what disclosure control hid of the figures stays hidden."""
    lost = quality[quality[INDICATOR].isin([HEADCOUNT, INCOME]) & (quality["reason"] == DISCLOSURE)]
    places = zip(lost[UNIT].replace({national: ""}), lost[RESIDENCE], strict=True)
    rule = PublicationRule(
        least_count=privacy.least_count,
        caution_count=max(privacy.caution_count, privacy.least_count),
        cv_caution=privacy.cv_caution,
        cv_suppress=privacy.cv_suppress,
    )
    above = {unit: "" if parent == national else parent for unit, parent in parents.items()}
    return Guard(above, rule, frozenset((str(u), str(r)) for u, r in places), flag)


def gap_figures(sample: Sample, shown: pd.DataFrame, questions: Questions, *, national: str) -> pd.DataFrame:
    """Return the gap of every oblast and the country as figures, in percentage points, village less town.

    Parameters
    ----------
    sample : Sample
    shown : DataFrame
        The figures as they may be shown.
    questions : Questions
    national : str

    Notes
    -----
    Where disclosure control hides either side, it hides the gap. A difference is judged by its interval, not
    by a coefficient of variation, which means nothing near zero. Places with one residence only have none.
    """
    if questions.income:
        sample = with_income(sample, questions.income, None)
        sample = with_poor(sample, float(questions.line)) if questions.line is not None else sample
    parts = []
    for indicator, column in ((HEADCOUNT, DEPRIVED), (INCOME, POOR)):
        if column in sample.frame:
            parts.append(_gap(sample, shown[shown[INDICATOR] == indicator], column, national=national))
    return pd.concat(parts, ignore_index=True)


def _gap(sample: Sample, shown: pd.DataFrame, outcome: str, *, national: str) -> pd.DataFrame:
    residence, frame = sample.places.residence, sample.frame
    between: dict[str, Any] = {"between": residence, "groups": GROUPS, **sample.design}
    whole = survey_difference(frame, outcome, **between).set_axis([national])
    both = frame.groupby(sample.places.oblast, observed=True)[residence].nunique()
    mixed = frame[sample.places.oblast].isin(both.index[both > 1])
    marked = frame.assign(**{sample.places.oblast: frame[sample.places.oblast].where(mixed)})
    parts = survey_difference(marked, outcome, by=sample.places.oblast, **between)
    table = pd.concat([whole, parts])
    table = table[table["difference"].notna() & (table["se"] > 0)]
    table = table[~table[["first", "second"]].isin([0.0, 1.0]).any(axis=1)]  # a side without an error
    seen = pd.Series(True, index=table.index.astype(str))
    for residence_ in (URBAN, RURAL):
        side = shown[shown[RESIDENCE] == residence_].set_index(UNIT)[N].notna()  # a secret has no count
        seen &= side.reindex(seen.index, fill_value=False).to_numpy(dtype=bool)
    first = shown.iloc[0]
    flags = [f for f in str(first[FLAG]).split(";") if f not in ("", SUPPRESSED)]
    rows = {
        LEVEL: [COUNTRY if unit == national else OBLAST for unit in seen.index],
        UNIT: seen.index,
        INDICATOR: GAPS[str(first[INDICATOR])],
        YEAR: first[YEAR],
        RESIDENCE: TOTAL,
        SEX: "",
        GROUP: "",
        VALUE: (100 * table["difference"]).where(seen.to_numpy()).to_numpy(),
        SE: (100 * table["se"]).where(seen.to_numpy()).to_numpy(),
        N: table["n"].astype(float).where(seen.to_numpy()).to_numpy(),
        SOURCE: first[SOURCE],
        FLAG: [";".join(flags if s else [SUPPRESSED, *flags]) for s in seen],
    }
    return pd.DataFrame(rows)


def gap_quality(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return what is said of the quality of each gap, in the columns of the figures' own."""
    hidden = gaps[VALUE].isna()
    said = pd.Series("publish", index=gaps.index).mask(hidden, SUPPRESS)
    reason = pd.Series("", index=gaps.index).mask(hidden, DISCLOSURE)
    return gaps[[UNIT, INDICATOR, YEAR, RESIDENCE]].assign(quality=said, reason=reason, **{FLAG: gaps[FLAG]})


def answer_questions(study: Study, asked: Asked | None, *, national: str) -> dict[str, pd.DataFrame]:
    """Return the counting tables and those of all answers by name, units by their codes."""
    if asked is None:
        return {}
    tables = counting_tables(asked.counting, asked.guard, national=national) | asked.truth
    if asked.sample is not None and asked.questions.asked:
        tables |= inquire(
            asked.sample, asked.questions, asked.guard, seed=study.seed, language=study.languages[0]
        )
    return {name: _coded(table, national) for name, table in tables.items()}


def _coded(table: pd.DataFrame, national: str) -> pd.DataFrame:
    return table.assign(**{UNIT: table[UNIT].replace({"": national})}) if UNIT in table else table
