"""Town and village: how far apart, and what part of it is who lives there and what part where they live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.errors import AnalysisError
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import CHILD_INCOME, Sample
from childatlas.measures.kitagawa import survey_kitagawa
from childatlas.measures.nonlinear import nonlinear_oaxaca
from childatlas.measures.oaxaca import oaxaca
from childatlas.measures.residence import compare_residence
from childatlas.measures.reweighting import reweight_groups
from childatlas.measures.survey import survey_mean
from childatlas.study_questions import GapPlan

__all__ = ["ALL", "GROUPS", "measure_gaps"]

GROUPS = (col.RURAL, col.URBAN)
ALL = "all"
_REFERENCES = ("pooled", "first", "second", "threefold")
_METHODS = ("yun", "fairlie")


def measure_gaps(
    sample: Sample,
    plan: GapPlan,
    guard: Guard,
    *,
    outcomes: Mapping[str, str],
    seed: int,
    line: float | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the gap by place, and its decompositions for the whole country.

    Parameters
    ----------
    sample : Sample
        With places of residence.
    plan : GapPlan
    guard : Guard
    outcomes : mapping of name -> column
        Yes/no outcomes.
    seed : int
    line : float, optional
        A poverty line of one amount: its share below is counted in the counterfactual distribution.

    Returns
    -------
    dict of name -> DataFrame
        ``gap_places, gap_kitagawa, gap_kitagawa_groups, gap_parts, gap_predictors`` (Oaxaca-Blinder with all
        references, and the logits of Yun and Fairlie), and where there are incomes ``gap_counterfactual`` and
        ``gap_balance``. A decomposition that has no answer says why in ``note``.

    Notes
    -----
    The gap is village less town. Places where disclosure control hides either side show nothing; a side that
    is too uncertain to be printed alone is left blank beside its gap, which has an interval of its own.
    """
    places = [_places(sample, plan, guard, name=n, outcome=c, seed=seed) for n, c in outcomes.items()]
    tables = {"gap_places": pd.concat(places, ignore_index=True)}
    splits = [_regressions(sample, plan, name=n, outcome=c, seed=seed) for n, c in outcomes.items()]
    for place, name in enumerate(("gap_parts", "gap_predictors")):
        joined = pd.concat([split[place] for split in splits], ignore_index=True)
        tables[name] = joined.assign(**{col.FLAG: guard.flag})
    if plan.category:
        found = [_kitagawa(sample, plan, guard, name=n, outcome=c) for n, c in outcomes.items()]
        tables["gap_kitagawa"] = pd.concat([f[0] for f in found], ignore_index=True)
        tables["gap_kitagawa_groups"] = pd.concat([f[1] for f in found], ignore_index=True)
    if CHILD_INCOME in sample.frame:
        tables |= _counterfactual(sample, plan, guard, seed=seed, line=line)
    return tables


def _between(sample: Sample) -> dict[str, Any]:
    return {"between": sample.places.residence, "groups": GROUPS, **sample.design}


def _places(
    sample: Sample, plan: GapPlan, guard: Guard, *, name: str, outcome: str, seed: int
) -> pd.DataFrame:
    places, frame = sample.places, sample.frame
    both = frame.groupby(places.oblast, observed=True)[places.residence].nunique()
    mixed = frame[places.oblast].isin(both.index[both > 1])
    options: dict[str, Any] = {
        "residence": places.residence,
        "groups": GROUPS,
        "replicates": plan.replicates,
        "seed": seed,
    }
    table = compare_residence(
        frame.assign(**{places.oblast: frame[places.oblast].where(mixed)}),
        outcome,
        list(plan.predictors),
        by=places.oblast,
        **options,
        **sample.design,
    )
    plain = table.rename_axis(col.UNIT).reset_index()
    plain[col.UNIT] = plain[col.UNIT].astype(str).where(plain[col.UNIT] != ALL, "")
    plain.insert(0, "outcome", name)
    counts = sample.counts(frame[outcome].notna(), districts=False)
    hidden = np.zeros(len(plain), dtype=bool)
    for side in (*GROUPS, col.TOTAL):
        hidden |= guard.rows_hidden(plain.assign(**{col.RESIDENCE: side}), counts)
    numbers = [c for c in plain.columns if c not in ("outcome", col.UNIT, "n")]
    alike = (plain[["first", "second"]].isin([0.0, 1.0])).any(axis=1)  # no error of that side is known
    blank = [c for c in numbers if c != "note"]
    plain[blank] = plain[blank].mask(alike)
    plain["note"] = plain["note"].mask(alike, "all children of one side are alike: the gap has no error")
    return guard.cover(_without_vague(plain, sample, outcome, guard), hidden, numbers=numbers)


def _without_vague(table: pd.DataFrame, sample: Sample, outcome: str, guard: Guard) -> pd.DataFrame:
    """Return the table without the side, and the ratio, where the side alone may not be printed."""
    places, options = sample.places, sample.design
    by = [places.oblast, str(places.residence)]
    inner = survey_mean(sample.frame, outcome, by=by, **options)["cv"]
    whole = survey_mean(sample.frame, outcome, by=places.residence, **options)["cv"]
    shown = table.copy()
    for column, side in zip(("first", "second"), GROUPS, strict=True):
        cv = np.array(
            [
                whole.get(side, np.nan) if unit == "" else inner.get((unit, side), np.nan)
                for unit in table[col.UNIT]
            ]
        )
        vague = pd.Series(~(cv <= guard.rule.cv_suppress), index=shown.index)
        for name in (column, "ratio", "ratio_low", "ratio_high"):
            shown[name] = shown[name].mask(vague)
    return shown


def _kitagawa(
    sample: Sample, plan: GapPlan, guard: Guard, *, name: str, outcome: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    result = survey_kitagawa(sample.frame, outcome, list(plan.category), **_between(sample))
    summary = result.summary.reset_index()
    summary.insert(0, "outcome", name)
    groups = result.categories.copy()
    labels = [" / ".join(map(str, k)) if isinstance(k, tuple) else str(k) for k in groups.index]
    groups = groups.reset_index(drop=True)
    groups.insert(0, "outcome", name)
    groups.insert(1, "group", labels)
    hidden = _hidden_categories(sample, plan, guard, outcome, labels)
    numbers = [c for c in groups.columns if c not in ("outcome", "group")]
    return summary.assign(**{col.FLAG: guard.flag}), guard.cover(groups, hidden, numbers=numbers)


def _hidden_categories(sample: Sample, plan: GapPlan, guard: Guard, outcome: str, labels: list[str]) -> Any:
    """Return which categories are hidden in town, in village or in both together."""
    frame = sample.frame
    keys = frame[list(plan.category)].astype("string").astype(object)
    known = keys.notna().all(axis=1) & frame[outcome].notna()
    joined = keys.fillna("").agg(" / ".join, axis=1)
    factor = "+".join(plan.category)
    cells = []
    for side in (col.TOTAL, *GROUPS):
        rows = known if side == col.TOTAL else known & (frame[sample.places.residence] == side)
        counts = joined[rows].value_counts().reindex(labels, fill_value=0)
        cells.append((col.TOTAL if side == col.TOTAL else side, "", float(counts.sum())))
        cells += [(side, f"{factor}={label}", float(n)) for label, n in counts.items()]
    table = pd.DataFrame(cells, columns=[col.RESIDENCE, col.GROUP, col.N]).assign(**{col.UNIT: ""})
    lost = guard.hidden_cells(table)
    return np.array(
        [any(("", side, f"{factor}={label}") in lost for side in (col.TOTAL, *GROUPS)) for label in labels],
        dtype=bool,
    )


def _regressions(
    sample: Sample, plan: GapPlan, *, name: str, outcome: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the parts of the gap and what each predictor adds, by method, a table each."""
    common = {**_between(sample), "seed": seed}
    linear = [(f"oaxaca, {r}", _linear(sample, outcome, plan, r, common)) for r in _REFERENCES]
    logit = [(f"logit, {m}", _logit(sample, outcome, plan, m, common)) for m in _METHODS]
    parts, details = [], []
    for method, run in (*linear, *logit):
        try:
            result = run()
        except AnalysisError as error:
            parts.append(pd.DataFrame({"outcome": [name], "method": [method], "note": [error.what]}))
            continue
        summary = result.summary.reset_index().assign(note="")
        summary.insert(0, "outcome", name)
        summary.insert(1, "method", method)
        detail = result.predictors.reset_index()
        detail.insert(0, "outcome", name)
        detail.insert(1, "method", method)
        parts.append(summary)
        details.append(detail)
    empty = pd.DataFrame(columns=["outcome", "method", "predictor"])
    return pd.concat(parts, ignore_index=True), pd.concat(details or [empty], ignore_index=True)


def _linear(
    sample: Sample, outcome: str, plan: GapPlan, reference: str, common: dict[str, Any]
) -> Callable[[], Any]:
    return lambda: oaxaca(
        sample.frame,
        outcome,
        list(plan.predictors),
        reference=reference,
        replicates=plan.replicates,
        **common,
    )


def _logit(
    sample: Sample, outcome: str, plan: GapPlan, method: str, common: dict[str, Any]
) -> Callable[[], Any]:
    replicates = (
        plan.slow_replicates if method == "yun" else 0
    )  # the parts and their errors are the same in both
    return lambda: nonlinear_oaxaca(
        sample.frame, outcome, list(plan.predictors), method=method, replicates=replicates, **common
    )


def _counterfactual(
    sample: Sample, plan: GapPlan, guard: Guard, *, seed: int, line: float | None
) -> dict[str, pd.DataFrame]:
    try:
        found = reweight_groups(
            sample.frame,
            CHILD_INCOME,
            list(plan.predictors),
            line=line,
            replicates=plan.slow_replicates,
            seed=seed,
            **_between(sample),
        )
    except AnalysisError as error:
        note = pd.DataFrame({"statistic": ["none"], "note": [error.what], col.FLAG: [guard.flag]})
        return {"gap_counterfactual": note}
    summary = found.summary.reset_index().assign(
        effective_n=found.effective_n, largest_share=found.largest_share, note="", **{col.FLAG: guard.flag}
    )
    # The means themselves would tell how many children a small category has.
    balance = found.balance[["before", "after"]].reset_index().assign(**{col.FLAG: guard.flag})
    return {"gap_counterfactual": summary, "gap_balance": balance}
