"""Inequality among the children: between places and groups, between incomes, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.errors import AnalysisError
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import CHILD_INCOME, DEPRIVED, Sample
from childatlas.measures.decomposition import decompose_inequality
from childatlas.measures.domains import numbers
from childatlas.measures.income_inequality import income_inequality
from childatlas.measures.inequality import inequality
from childatlas.measures.survey import survey_mean
from childatlas.study_questions import GroupPlan, InequalityPlan

__all__ = ["FIFTH", "measure_unequal"]

FIFTH = "income_fifth"
_ENDS = {1: "1 poorest", 5: "5 richest"}
_FEWEST = 2


def measure_unequal(
    sample: Sample, plan: InequalityPlan, guard: Guard, *, outcomes: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Return ``inequality_groups``, ``inequality_rates``, ``inequality_income`` and ``inequality_parts``.

    Parameters
    ----------
    sample : Sample
        With incomes.
    plan : InequalityPlan
    guard : Guard
    outcomes : mapping of name -> column
        Shares of children whose distribution over groups is measured: ``{"deprived": "__deprived"}``.

    Notes
    -----
    Inequality between groups is made of the rates that may be shown, and of nothing else: a measure could
    give away a rate that is not. Groups left out are counted.
    """
    every = [
        (name, column, group)
        for name, column in outcomes.items()
        for group in _all(sample, plan)
        if column == DEPRIVED or group.column != FIFTH  # the poor are the poorest: nothing to be learned
    ]
    whole = sample.with_columns(**{FIFTH: _fifths(sample)}) if plan.fifths else sample
    rates = pd.concat(
        [_rates(whole, column, name, group, guard) for name, column, group in every], ignore_index=True
    )
    parts = [
        _between(rates[(rates["outcome"] == name) & (rates["groups"] == group.column)], group)
        for name, _, group in every
    ]
    return {
        "inequality_rates": rates,
        "inequality_groups": pd.concat(parts, ignore_index=True).assign(**{col.FLAG: guard.flag}),
        "inequality_income": _incomes(sample, guard),
        "inequality_parts": _parts(sample, guard),
    }


def _names() -> list[str]:
    return [_ENDS.get(i, str(i)) for i in range(1, 6)]


def _fifths(sample: Sample) -> pd.Series:
    """Return the fifth of the weighted income that each child is in, by the middle of its own weight."""
    income = numbers(sample.frame, CHILD_INCOME)
    weight = sample.design.get("weight")
    people = numbers(sample.frame, weight) if weight else np.ones(len(income))
    known = np.flatnonzero(~np.isnan(income))
    values, places = np.unique(income[known], return_inverse=True)
    each = np.bincount(places, people[known], minlength=len(values))
    below = np.concatenate([[0.0], np.cumsum(each)[:-1]]) + each / 2  # equal incomes stay together
    fifth = np.minimum((5 * below / max(each.sum(), 1e-300)).astype(int), 4)
    words = np.full(len(income), None, dtype=object)
    words[known] = np.array(_names(), dtype=object)[fifth[places]]
    return pd.Series(words, index=sample.frame.index, dtype=object)


def _all(sample: Sample, plan: InequalityPlan) -> Iterator[GroupPlan]:
    yield GroupPlan(column=sample.places.oblast)
    if sample.places.residence is not None:
        yield GroupPlan(column=sample.places.residence)
    if plan.fifths:
        yield GroupPlan(column=FIFTH, order=tuple(_names()))
    yield from plan.groups


def _rates(sample: Sample, outcome: str, name: str, group: GroupPlan, guard: Guard) -> pd.DataFrame:
    """Return the rate of each group of the whole country, with its children; hidden where it has to be."""
    frame = sample.frame
    found = {str(v) for v in frame[group.column].dropna().unique()}
    if strange := sorted(found - set(group.order)) if group.order else []:
        raise AnalysisError(
            "the order of groups lacks some that the survey has",
            where=f"column {group.column}",
            found=", ".join(strange[:10]),
            expected=", ".join(group.order),
        )
    marked = frame.assign(
        **{
            group.column: frame[group.column]
            .astype("string")
            .astype(object)
            .where(frame[group.column].notna())
        }
    )
    table = survey_mean(marked, outcome, by=group.column, **sample.design)
    known = marked[outcome].notna() & marked[group.column].notna()
    weight = sample.design.get("weight")
    people = (marked[weight].astype(float) if weight else pd.Series(1.0, index=marked.index)).where(
        known, 0.0
    )
    table["population"] = people.groupby(marked[group.column]).sum().reindex(table.index)
    plain = table.rename_axis("group").reset_index().drop(columns=["deff", "effective_n", "cv", "missing"])
    plain.insert(0, "outcome", name)
    plain.insert(1, "groups", group.column)
    hidden = _hidden(plain, sample, group, guard, known=known)
    return guard.cover(
        plain, hidden, numbers=("estimate", "se", "low", "high", "population"), value="estimate"
    )


def _hidden(table: pd.DataFrame, sample: Sample, group: GroupPlan, guard: Guard, *, known: pd.Series) -> Any:
    """Return which groups are hidden: places as places are, other groups beside their sum, the country."""
    if group.column in (sample.places.oblast, sample.places.residence):
        unit = table["group"] if group.column == sample.places.oblast else ""
        side = table["group"] if group.column == sample.places.residence else col.TOTAL
        placed = table.assign(**{col.UNIT: unit, col.RESIDENCE: side})
        return guard.rows_hidden(placed, sample.counts(known, districts=False))
    cells = pd.DataFrame({col.UNIT: "", col.RESIDENCE: col.TOTAL, col.N: table["n"].astype(float)})
    cells[col.GROUP] = f"{group.column}=" + table["group"].astype(str)
    whole = pd.DataFrame(
        {col.UNIT: [""], col.RESIDENCE: [col.TOTAL], col.N: [cells[col.N].sum()], col.GROUP: [""]}
    )
    lost = guard.hidden_cells(pd.concat([whole, cells], ignore_index=True))
    return np.array([("", col.TOTAL, g) in lost for g in cells[col.GROUP]], dtype=bool)


def _between(rates: pd.DataFrame, group: GroupPlan) -> pd.DataFrame:
    shown = rates[rates["estimate"].notna()].set_index("group")
    keys = {"outcome": rates["outcome"].iloc[0], "groups": group.column}
    if len(shown) < _FEWEST:
        return pd.DataFrame()
    order = [g for g in group.order if g in shown.index]
    table = inequality(
        shown["estimate"],
        shown["population"],
        standard_errors=shown["se"],
        order=order or None,
        favourable=False,
        scale=1.0,
    )
    table.insert(0, "outcome", keys["outcome"])
    table.insert(1, "groups", keys["groups"])
    return table.assign(used=len(shown), left_out=len(rates) - len(shown))


def _incomes(sample: Sample, guard: Guard) -> pd.DataFrame:
    def measure(by: Any) -> pd.DataFrame:
        return income_inequality(sample.frame, CHILD_INCOME, by=by, **sample.design)

    table = sample.by_place(measure, districts=False)
    known = sample.frame[CHILD_INCOME].notna()
    hidden = guard.rows_hidden(table, sample.counts(known, districts=False))
    return guard.cover(table, hidden, numbers=("value", "se", "low", "high", "meaning"), value="value")


def _parts(sample: Sample, guard: Guard) -> pd.DataFrame:
    """Return what of income inequality lies between oblasts, between town and village, and within both."""
    oblast, residence = sample.places.oblast, sample.places.residence
    nested: list[list[str]] = [[oblast]]
    if residence is not None:
        nested += [[residence], [oblast, residence]]
    found = []
    for alpha, name in ((0.0, "mean log deviation"), (1.0, "theil")):
        for within in nested:
            table = decompose_inequality(
                sample.frame, CHILD_INCOME, within=within, alpha=alpha, **sample.design
            )
            plain = table.rename_axis("component").reset_index()
            plain.insert(0, "measure", name)
            plain.insert(1, "by", " x ".join(within))
            found.append(plain)
    return pd.concat(found, ignore_index=True).assign(**{col.FLAG: guard.flag})
