"""Monetary poverty of the children: under every line, beside deprivation, and who is near it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import CHILD_INCOME, DEPRIVED, Sample
from childatlas.measures.domains import numbers
from childatlas.measures.equivalence import equivalised_income
from childatlas.measures.poverty import measure_poverty
from childatlas.measures.poverty_lines import Line, PlaceLines, RelativeLine, draw_line
from childatlas.measures.publication import SUPPRESS
from childatlas.measures.vulnerability import overlap_of_poverty, vulnerability_to_poverty
from childatlas.study_questions import LinePlan, PovertyPlan

__all__ = ["POOR", "line_of", "measure_money", "with_income", "with_poor"]

POOR = "__poor"
_SHARES = ("both", "poor only", "deprived only", "neither", "expected both")


def with_income(sample: Sample, income: str, plan: PovertyPlan | None) -> Sample:
    """Return the sample with the income of each child, made comparable as the plan says.

    Children of no age of the definitions have none: they are not among those measured.
    """
    frame = sample.frame
    amounts = pd.Series(numbers(frame, income), index=frame.index)
    scale = plan.equivalence if plan else None
    if scale is not None:
        persons, children = (
            pd.Series(numbers(frame, c), index=frame.index) for c in (scale.persons, scale.children)
        )
        amounts = amounts * persons if scale.of == "head" else amounts
        amounts = equivalised_income(amounts, persons - children, children, scale=scale.scale)
    return sample.with_columns(**{CHILD_INCOME: amounts.where(frame["age_group"].notna())})


def line_of(plan: LinePlan, sample: Sample) -> Line:
    """Return the line that a plan declares, as the measures take it."""
    if plan.amount is not None:
        return plan.amount
    if plan.share is not None:
        return RelativeLine(plan.share, plan.quantile)
    if plan.amounts:
        return PlaceLines(plan.column or sample.places.oblast, dict(plan.amounts))
    return plan.column


def with_poor(sample: Sample, line: Line) -> Sample:
    """Return the sample with ``__poor``: 1 below the line, 0 not, missing where income or line is."""
    return sample.with_columns(**{POOR: _is_poor(sample, line)})


def measure_money(sample: Sample, plan: PovertyPlan, guard: Guard) -> dict[str, pd.DataFrame]:
    """Return ``poverty``, ``poverty_overlap`` and ``vulnerability`` by place, and ``vulnerability_model``.

    Parameters
    ----------
    sample : Sample
        With incomes and who is poor, see `with_income` and `with_poor`.
    plan : PovertyPlan
    guard : Guard

    Notes
    -----
    Behind a headcount stand all children of a place with an income; behind gap, severity, Sen and Watts the
    poor ones, and behind the conditional shares of the overlap those that they are shares of.
    """
    lines = {line.id: line_of(line, sample) for line in plan.lines}
    poor = {name: _is_poor(sample, line) for name, line in lines.items()}
    tables = {
        "poverty": pd.concat(
            [_fgt(sample, name, line, poor[name], guard) for name, line in lines.items()], ignore_index=True
        ),
        "poverty_overlap": _overlap(sample, guard),
    }
    if plan.predictors:
        tables |= _vulnerable(sample, next(iter(lines.values())), plan, guard)
    return tables


def _is_poor(sample: Sample, line: Line) -> Any:
    income = numbers(sample.frame, CHILD_INCOME)
    weight = sample.design.get("weight")
    people = numbers(sample.frame, weight) if weight else np.ones(len(income))
    amounts = draw_line(sample.frame, line, income, people)[0]
    return np.where(np.isnan(income) | np.isnan(amounts), np.nan, (income < amounts).astype(float))


def _fgt(sample: Sample, name: str, line: Line, poor: Any, guard: Guard) -> pd.DataFrame:
    def measure(by: Any) -> pd.DataFrame:
        return measure_poverty(sample.frame, CHILD_INCOME, line, by=by, **sample.design)

    table = sample.by_place(measure)
    table.insert(3, "line", name)
    everyone, of_poor = sample.counts(~np.isnan(poor)), sample.counts(poor == 1)
    head = (table["measure"] == "headcount").to_numpy()
    hidden = np.where(head, guard.rows_hidden(table, everyone), guard.rows_hidden(table, everyone, of_poor))
    return guard.cover(table, hidden, numbers=("value", "se", "low", "high"), value="value")


def _overlap(sample: Sample, guard: Guard) -> pd.DataFrame:
    def measure(by: Any) -> pd.DataFrame:
        return overlap_of_poverty(sample.frame, POOR, DEPRIVED, by=by, **sample.design)

    table = sample.by_place(measure, districts=False).rename(columns={"variable": "share"})
    poor, deprived = sample.frame[POOR].to_numpy(), sample.frame[DEPRIVED].to_numpy()
    known = ~np.isnan(poor) & ~np.isnan(deprived)
    everyone = sample.counts(known, districts=False)
    systems = dict.fromkeys(_SHARES, (everyone,)) | {
        "deprived among poor": (everyone, sample.counts(known & (poor == 1), districts=False)),
        "poor among deprived": (everyone, sample.counts(known & (deprived == 1), districts=False)),
    }
    hidden = np.zeros(len(table), dtype=bool)
    for name, counts in systems.items():
        own = (table["share"] == name).to_numpy()
        hidden[own] = guard.rows_hidden(table[own], *counts)
    shown = _shown(table, hidden, guard, chance="expected both")
    return _without_remainder(shown, guard)


def _without_remainder(table: pd.DataFrame, guard: Guard) -> pd.DataFrame:
    """Return the overlap without the remainder of shares that may not be printed: all four add to one."""
    keys = [col.LEVEL, col.UNIT, col.RESIDENCE]
    part = table["share"].isin(["both", "poor only", "deprived only"])
    vague = (part & (table["quality"] == SUPPRESS)).groupby([table[k] for k in keys]).transform("any")
    rest = (
        vague & table["share"].isin(["neither", "expected both"]) & (table["quality"] != SUPPRESS)
    ).to_numpy()
    flags = ";".join(f for f in (col.SUPPRESSED, guard.flag) if f)
    blank = {c: table[c].mask(rest) for c in ("estimate", "se", "low", "high")}
    return table.assign(
        **blank,
        quality=table["quality"].mask(rest, SUPPRESS),
        reason=table["reason"].mask(rest, "would give an uncertain share away"),
        **{col.FLAG: table[col.FLAG].mask(rest, flags)},
    )


def _shown(table: pd.DataFrame, hidden: Any, guard: Guard, *, chance: str = "") -> pd.DataFrame:
    """Return the table of shares as it may be shown; the row that is no estimate is judged by its count."""
    plain = table.drop(columns=["cv", "deff", "effective_n"])
    numbers_ = ("estimate", "se", "low", "high")
    model = (table["share"] == chance).to_numpy() if chance else np.zeros(len(table), dtype=bool)
    parts = [guard.cover(plain[~model], hidden[~model], numbers=numbers_, value="estimate")]
    if model.any():
        parts.append(guard.cover(plain[model], hidden[model], numbers=numbers_))
    return pd.concat(parts).sort_index()


def _vulnerable(sample: Sample, line: Line, plan: PovertyPlan, guard: Guard) -> dict[str, pd.DataFrame]:
    options: Mapping[str, Any] = {
        "predictors": list(plan.predictors),
        "threshold": _rate(sample) if plan.threshold == "rate" else plan.threshold,
        "band": plan.near,
        **sample.design,
    }
    whole = vulnerability_to_poverty(sample.frame, CHILD_INCOME, line, **options)

    def measure(by: Any) -> pd.DataFrame:
        if by is None:
            return whole.rates
        return vulnerability_to_poverty(sample.frame, CHILD_INCOME, line, by=by, **options).rates

    table = sample.by_place(measure, districts=False).rename(columns={"variable": "share"})
    known = whole.children["probability"].notna() & sample.frame[CHILD_INCOME].notna()
    hidden = guard.rows_hidden(table, sample.counts(known, districts=False))
    model = whole.coefficients.rename_axis("term").reset_index()
    return {
        "vulnerability": _shown(table, hidden, guard),
        "vulnerability_model": model.assign(**{col.FLAG: guard.flag}),
    }


def _rate(sample: Sample) -> float:
    """Return the share of the poor, which the chance to be poor is held against."""
    from childatlas.measures.survey import survey_mean

    rate = float(survey_mean(sample.frame, POOR, **sample.design)["estimate"].iloc[0])
    return min(max(rate, 1e-6), 1 - 1e-6)
