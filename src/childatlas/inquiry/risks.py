"""Who is at risk: the groups of children in each place, and what goes with the risk, all else alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.child_figures import COUNTRY
from childatlas.errors import AnalysisError
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import Sample, as_words, cut_classes
from childatlas.measures.risk import model_risk
from childatlas.measures.risk_profiles import adjust_p, group_sentence, risk_profiles
from childatlas.measures.survey import survey_mean
from childatlas.study_questions import ProfilePlan

__all__ = ["measure_risks", "with_factors"]

_NUMBERS = (
    "risk", "others", "difference", "se", "risk_se", "low", "high", "ratio", "ratio_low", "ratio_high", "p",
    "share",
)  # fmt: skip
_FEWEST_DF = 1


def with_factors(sample: Sample, plan: ProfilePlan) -> Sample:
    """Return the sample with the factors of a profile as words: numbers cut in classes, codes as text."""
    made = {}
    for factor in plan.factors:
        values = sample.frame[factor]
        if factor in plan.cut:
            made[factor] = cut_classes(values, plan.cut[factor])
        else:
            made[factor] = as_words(values)
    return sample.with_columns(**made)


def measure_risks(
    sample: Sample, plan: ProfilePlan, guard: Guard, *, outcomes: Mapping[str, str], language: str = "en"
) -> dict[str, pd.DataFrame]:
    """Return ``risk_groups`` (each group beside the other children of its place) and ``risk_models``.

    Parameters
    ----------
    sample : Sample
        With its factors, see `with_factors`.
    plan : ProfilePlan
    guard : Guard
    outcomes : mapping of name -> column
    language : str
        Of the phrases.

    Notes
    -----
    ``rank`` and ``p_adjusted`` (Benjamini and Hochberg) are of the groups that may be shown. Models are of
    the country, town and village, each oblast, and each oblast's town and village, where degrees of freedom
    are left; a place that is hidden has none.
    """
    phrases = plan.phrases.get(language, plan.phrases.get("en", {}))
    groups = [_groups(sample, plan, guard, name=n, outcome=c, phrases=phrases) for n, c in outcomes.items()]
    models = [_models(sample, plan, guard, name=n, outcome=c) for n, c in outcomes.items()]
    return {
        "risk_groups": pd.concat(groups, ignore_index=True),
        "risk_models": pd.concat(models, ignore_index=True),
    }


def _groups(
    sample: Sample,
    plan: ProfilePlan,
    guard: Guard,
    *,
    name: str,
    outcome: str,
    phrases: Mapping[str, str],
) -> pd.DataFrame:
    def measure(by: Any) -> pd.DataFrame:
        return risk_profiles(
            sample.frame, outcome, list(plan.factors), by=by, least=0, words=phrases, **sample.design
        )

    table = sample.by_place(measure, districts=False).rename(columns={"level_1": "level"})
    table = _renamed(table).drop(columns=["p_adjusted", "rank", "at_risk", "sentence"])
    table.insert(0, "outcome", name)
    table = table.assign(risk_se=_own_errors(sample, plan, table, outcome))
    hidden = np.zeros(len(table), dtype=bool)
    for factor in plan.factors:
        own = (table["factor"] == factor).to_numpy()
        if own.any():
            hidden[own] = _hidden(sample, table[own], guard, factor=factor, outcome=outcome)
    # The publication rule judges the risk by its own error, which stands in `se` meanwhile.
    judged = table.rename(columns={"se": "difference_se", "risk_se": "se"})
    numbers = tuple({"se": "difference_se", "risk_se": "se"}.get(c, c) for c in _NUMBERS)
    shown = guard.cover(judged, hidden, numbers=(*numbers, "se"), value="risk")
    return _judged(shown.rename(columns={"se": "risk_se", "difference_se": "se"}), phrases)


def _own_errors(sample: Sample, plan: ProfilePlan, table: pd.DataFrame, outcome: str) -> Any:
    """Return the error of each group's own risk."""
    parts = []
    for factor in plan.factors:

        def measure(by: Any, factor: str = factor) -> pd.DataFrame:
            places = [] if by is None else [by] if isinstance(by, str) else list(by)
            found = survey_mean(sample.frame, outcome, by=[*places, factor], **sample.design)
            return found[["se"]].rename_axis(index={factor: "group"})

        parts.append(sample.by_place(measure, districts=False).assign(factor=factor))
    keys = [col.LEVEL, col.UNIT, col.RESIDENCE, "factor", "group"]
    errors = pd.concat(parts).astype({"group": str}).set_index(keys)["se"]
    return errors.reindex(pd.MultiIndex.from_frame(table[keys].astype({"group": str}))).to_numpy()


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the level of places and the value of factors under names of their own."""
    names = list(table.columns)
    place = len(names) - 1 - names[::-1].index(col.LEVEL)
    names[place] = "group"
    return table.set_axis(names, axis=1)


def _hidden(sample: Sample, table: pd.DataFrame, guard: Guard, *, factor: str, outcome: str) -> Any:
    """Return which rows are hidden: groups too small, those that guard them, and all of a hidden place."""
    frame = sample.frame
    known = frame[outcome].notna() & frame[factor].notna()
    systems = [sample.counts(known, districts=False).assign(**{col.GROUP: ""})]
    for value in sorted(table["group"].unique()):
        counts = sample.counts(known & (frame[factor] == value), districts=False)
        systems.append(counts.assign(**{col.GROUP: f"{factor}={value}"}))
    cells = pd.concat(systems, ignore_index=True)
    placed = table.assign(__cell=f"{factor}=" + table["group"].astype(str))
    return guard.rows_hidden(placed, cells, group="__cell")


def _judged(table: pd.DataFrame, phrases: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with adjusted p, rank in the place and a sentence, of what is shown alone."""
    adjusted = adjust_p(table["p"])
    rank = table.groupby([col.LEVEL, col.UNIT, col.RESIDENCE])["difference"].rank(
        ascending=False, method="min"
    )
    at_risk = (table["difference"] > 0) & (adjusted <= 0.05)
    judged = table.assign(p_adjusted=adjusted, rank=rank.astype("Int64"), at_risk=at_risk)
    sentences = [
        group_sentence(row.factor, row.group, row, phrases) for row in judged.itertuples(index=False)
    ]
    judged = judged.assign(sentence=sentences)
    order = [col.LEVEL, col.UNIT, col.RESIDENCE, "rank", "factor", "group"]
    levels = {name: i for i, name in enumerate(judged[col.LEVEL].unique())}
    return judged.sort_values(
        order, key=lambda c: c.map(levels) if c.name == col.LEVEL else c, kind="stable", ignore_index=True
    )


def _models(sample: Sample, plan: ProfilePlan, guard: Guard, *, name: str, outcome: str) -> pd.DataFrame:
    counts = sample.counts(sample.frame[outcome].notna(), districts=False)
    hidden = guard.rows_hidden(counts, counts)
    parts = []
    for row, lost in zip(counts.itertuples(index=False), hidden, strict=True):
        if lost:
            continue
        table = _model(sample, plan, row, name=name, outcome=outcome, least=guard.rule.least_count)
        if table is not None:
            parts.append(table)
    return pd.concat(parts, ignore_index=True).assign(**{col.FLAG: guard.flag})


def _model(
    sample: Sample, plan: ProfilePlan, place: Any, *, name: str, outcome: str, least: int
) -> pd.DataFrame | None:
    """Return the odds ratios and effects of one place; None where no model stands.

    Categories of fewer than `least` children of the place join the rows that the model leaves out, so that no
    coefficient speaks of a handful.
    """
    frame, places = sample.frame, sample.places
    inside = pd.Series(True, index=frame.index)
    if place.level != COUNTRY:
        inside &= frame[places.oblast] == place.unit
    if place.residence != col.TOTAL:
        inside &= frame[places.residence] == place.residence
    frame, inside = _touched(frame, inside, sample.design.get("stratum"))
    factors, marked = _sizeable(frame, plan.factors, inside & frame[outcome].notna(), least)
    if not factors:
        return None
    marked[outcome] = frame[outcome].where(inside)
    try:
        result = model_risk(marked, outcome, factors, categorical=factors, **sample.design)
    except AnalysisError:
        return None
    if result.df < _FEWEST_DF:
        return None
    table = result.table.reset_index()
    for position, (column, value) in enumerate(
        (
            ("outcome", name),
            (col.LEVEL, place.level),
            (col.UNIT, place.unit),
            (col.RESIDENCE, place.residence),
        )
    ):
        table.insert(position, column, value)
    return table.assign(n=result.n, df=result.df)


def _touched(frame: pd.DataFrame, inside: pd.Series, stratum: Any) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows of all strata that reach into a place: no other has a part in its errors."""
    if not isinstance(stratum, str):
        return frame, inside
    rows = frame[stratum].isin(frame.loc[inside, stratum].unique())
    return frame[rows], inside[rows]


def _sizeable(
    frame: pd.DataFrame, factors: Sequence[str], inside: pd.Series, least: int
) -> tuple[list[str], pd.DataFrame]:
    """Return the factors with two or more categories of some size, and the frame without the small ones."""
    marked, kept = frame.copy(deep=False), []
    for factor in factors:
        counts = frame.loc[inside, factor].value_counts()
        large = [c for c in frame[factor].cat.categories if counts.get(c, 0) >= max(least, 1)]
        if len(large) >= 2:
            marked[factor] = frame[factor].cat.set_categories(large)
            kept.append(factor)
    return kept, marked
