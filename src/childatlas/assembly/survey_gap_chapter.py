"""The chapter of town and village: the gap of each place, and what it is made of."""

from __future__ import annotations

import pandas as pd

from atlasgeo.columns import LEVEL, RESIDENCE, TOTAL, UNIT
from childatlas.assembly.survey_sheets import Setting, strips_of
from childatlas.chapters import Chapter, Sheet

__all__ = ["gap_chapter"]

_PARTS = (
    "explained",
    "unexplained",
    "endowments",
    "coefficients",
    "interaction",
    "rate effect",
    "composition effect",
)


def gap_chapter(s: Setting) -> Chapter:
    """Return the chapter of the gap between town and village."""
    outcomes = list(dict.fromkeys(s.tables["gap_places"]["outcome"]))
    sheets = [_places(s, outcome) for outcome in outcomes]
    sheets += [_methods(s, outcome) for outcome in outcomes]
    sheets += [_predictors(s, outcome) for outcome in outcomes]
    if "gap_counterfactual" in s.tables and "gap" in s.tables["gap_counterfactual"]:
        sheets.append(_counterfactual(s))
    return Chapter("gap", s.say("gap_title"), s.say("gap_lead"), _said(s, outcomes), tuple(sheets))


def _said(s: Setting, outcomes: list[str]) -> tuple[str, ...]:
    """Return what part of the country's gap is who people are, and what part where they live."""
    table = s.tables["gap_places"]
    texts = []
    for outcome in outcomes:
        own = table[(table["outcome"] == outcome) & (table[UNIT] == s.national)]
        if own.empty or own[["difference", "composition_share"]].isna().any(axis=None):
            continue
        row = own.iloc[0]
        texts.append(
            s.say(
                "gap_said",
                outcome=s.name("outcomes", outcome),
                gap=s.percent(row["difference"]),
                low=s.percent(row["low"]),
                high=s.percent(row["high"]),
                who=s.percent(row["composition_share"], 0),
                where=s.percent(row["structure_share"], 0),
            )
        )
    return tuple(texts)


def _places(s: Setting, outcome: str) -> Sheet:
    table = s.tables["gap_places"]
    own = table[table["outcome"] == outcome].assign(**{RESIDENCE: TOTAL, LEVEL: "oblast"})
    own = s.of_places(own)
    own = own.assign(value=own["difference"])
    rows = [
        (
            s.place(row.unit),
            s.percent(row.first),
            s.percent(row.second),
            s.interval(row),
            s.number(row.ratio, 1),
            s.percent(row.composition_share, 0),
            s.percent(row.structure_share, 0),
        )
        for row in own.itertuples()
    ]
    heads = ("place", "village", "town", "gap", "ratio", "who_they_are", "where_they_live")
    return Sheet(
        s.say("gap_places", outcome=s.name("outcomes", outcome)),
        tuple(s.say(h) for h in heads),
        tuple(rows),
        note=s.say("gap_places_note"),
        strips=strips_of(own, mark=0.0),
        strip_head=s.say("gap"),
        wide=0,
    )


def _methods(s: Setting, outcome: str) -> Sheet:
    parts = s.tables["gap_parts"]
    found = [parts[(parts["outcome"] == outcome) & parts["part"].isin(_PARTS)]]
    if "gap_kitagawa" in s.tables:
        simple = s.tables["gap_kitagawa"]
        own = simple[(simple["outcome"] == outcome) & simple["part"].isin(_PARTS)]
        found.insert(0, own.assign(method="kitagawa"))
    table = pd.concat(found, ignore_index=True)
    rows = [
        (
            s.name("methods", row.method),
            s.name("parts", row.part),
            s.interval(row, 2),
            s.percent(row.share, 0),
        )
        for row in table.itertuples()
    ]
    return Sheet(
        s.say("gap_methods", outcome=s.name("outcomes", outcome)),
        (s.say("method"), s.say("part"), s.say("points"), s.say("share_of_gap")),
        tuple(rows),
        note=s.say("gap_methods_note"),
        strips=strips_of(table, mark=0.0),
        strip_head=s.say("points"),
        wide=1,
    )


def _predictors(s: Setting, outcome: str) -> Sheet:
    table = s.tables["gap_predictors"]
    own = table[table["outcome"] == outcome]
    methods = [m for m in ("oaxaca, pooled", "logit, yun", "logit, fairlie") if m in set(own["method"])]
    by = {m: own[own["method"] == m].set_index("predictor") for m in methods}
    predictors = list(dict.fromkeys(own["predictor"]))
    rows = []
    for predictor in predictors:
        cells = []
        for m in methods:
            for part in ("explained", "unexplained"):
                value = by[m][part].get(predictor)
                cells.append("–" if value is None or pd.isna(value) else s.percent(value, 2))
        rows.append((predictor.replace("_", " "), *cells))
    heads = [
        f"{s.name('methods', m)}: {s.name('parts', p)}" for m in methods for p in ("explained", "unexplained")
    ]
    return Sheet(
        s.say("gap_predictors", outcome=s.name("outcomes", outcome)),
        (s.say("predictor"), *heads),
        tuple(rows),
        note=s.say("gap_predictors_note"),
        wide=0,
    )


def _counterfactual(s: Setting) -> Sheet:
    table = s.tables["gap_counterfactual"]
    rows = []
    for row in table.itertuples():
        share = row.statistic.startswith("below") or row.statistic == "gini"
        digits, scale = (3, 1.0) if share else (0, 1.0)
        cells = [
            s.number(getattr(row, c) * scale, digits)
            for c in ("first", "counterfactual", "second", "gap", "composition", "structure")
        ]
        rows.append((s.name("statistics", row.statistic), *cells))
    heads = ("statistic", "village", "counterfactual", "town", "difference", "of_people", "of_place")
    return Sheet(
        s.say("counterfactual_title"),
        tuple(s.say(h) for h in heads),
        tuple(rows),
        note=s.say("counterfactual_note"),
        wide=0,
    )
