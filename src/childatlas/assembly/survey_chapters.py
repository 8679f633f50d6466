"""The chapters of a survey's answers: counting, poverty, inequality, risks, and the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import INDICATOR, LEVEL, RESIDENCE, RURAL, TOTAL, UNIT, URBAN
from childatlas.assembly.survey_breadth_chapter import breadth_chapter
from childatlas.assembly.survey_gap_chapter import gap_chapter
from childatlas.assembly.survey_sheets import Setting, strips_of
from childatlas.chapters import Chapter, Sheet
from childatlas.child_figures import HEADCOUNT, OBLAST

if TYPE_CHECKING:
    from childatlas.assembly.material import Material

__all__ = ["survey_chapters"]

_SIDES = (TOTAL, URBAN, RURAL)
_INCOME_MEASURES = ("gini", "palma", "s80s20", "theil", "mld", "atkinson(1)", "wolfson")
_RISKS_AT_MOST = 3


def survey_chapters(material: Material, tables: Mapping[str, pd.DataFrame]) -> tuple[Chapter, ...]:
    """Return the chapters of what a study asked of its survey, made of tables that may be shown.

    Parameters
    ----------
    material : Material
    tables : mapping of name -> DataFrame
        As `build_tables` returns.
    """
    if material.study.survey is None:
        return ()
    words, column = material.words, f"name_{material.words.language}"
    names = material.ground.gazetteer.drop_duplicates(UNIT, keep="last").set_index(UNIT)
    short = names.get(f"short_{words.language}", names[column]).fillna(names[column])
    setting = Setting(words, short.to_dict(), tables, material.national_code, _labels(material))
    makers: dict[str, Callable[[Setting], Chapter]] = {
        "moda": breadth_chapter,
        "poverty": poverty_chapter,
        "inequality_groups": inequality_chapter,
        "gap_places": gap_chapter,
        "risk_groups": risk_chapter,
        "truth_coverage": truth_chapter,
    }
    return tuple(make(setting) for needed, make in makers.items() if needed in tables)


def _labels(material: Material) -> dict[str, dict[str, str]]:
    """Return what the study calls its lines, and the definitions their dimensions and items."""
    pick, plan, survey = material.words.pick, material.study.survey, material.survey
    lines = plan.poverty.lines if plan is not None and plan.poverty else ()
    counted = survey.asked.counting.definitions if survey is not None and survey.asked else None
    return {
        "lines": {line.id: pick(line.label) for line in lines},
        "dimensions": {d.id: pick(d.label) for d in counted.dimensions} if counted else {},
        "items": {i.id: pick(i.label) for i in counted.items} if counted else {},
    }


def poverty_chapter(s: Setting) -> Chapter:
    """Return the chapter of monetary poverty."""
    table = s.tables["poverty"]
    country = table[table[UNIT] == s.national]
    lines = list(dict.fromkeys(table["line"]))
    sides = [side for side in _SIDES if side in set(country[RESIDENCE])]
    heads, rows, kept = ["headcount", "gap", "severity", "sen", "watts"], [], []
    for line in lines:
        for side in sides:
            own = country[(country["line"] == line) & (country[RESIDENCE] == side)].set_index("measure")
            first = own.loc["headcount"]
            others = [s.percent(own.loc[m, "value"], 2) for m in heads[1:]]
            rows.append((s.name("lines", line), s.name("sides", side), s.interval(first), *others))
            kept.append(first)
    whole = Sheet(
        s.say("poverty_lines"),
        (s.say("line"), s.say("where"), *(s.name("measures", m) for m in heads)),
        tuple(rows),
        note=s.say("poverty_note"),
        strips=strips_of(pd.DataFrame(kept)),
        strip_head=s.name("measures", "headcount"),
        wide=0,
    )
    return Chapter(
        "poverty",
        s.say("poverty_title"),
        s.say("poverty_lead"),
        _overlap(s),
        (whole, _poverty_places(s, lines)),
    )


def _poverty_places(s: Setting, lines: list[str]) -> Sheet:
    table = s.tables["poverty"]
    heads = table[table["measure"] == "headcount"]
    by_line = {
        line: heads[(heads["line"] == line) & (heads[RESIDENCE] == TOTAL)].set_index(UNIT) for line in lines
    }
    first = s.of_places(heads[heads["line"] == lines[0]])
    near = s.tables.get("vulnerability", pd.DataFrame(columns=[RESIDENCE, UNIT, "share", "estimate"]))
    near = near[near[RESIDENCE] == TOTAL].set_index([UNIT, "share"])["estimate"]
    models = [m for m in ("near", "vulnerable") if m in near.index.get_level_values("share")]
    rows = [
        (
            s.place(unit),
            *(s.percent(by_line[line].loc[unit, "value"]) for line in lines),
            *(s.percent(near.get((unit, m))) for m in models),
        )
        for unit in first[UNIT]
    ]
    return Sheet(
        s.say("poverty_places"),
        (s.say("place"), *(s.name("lines", line) for line in lines), *(s.name("shares", m) for m in models)),
        tuple(rows),
        strips=strips_of(first),
        strip_head=s.name("lines", lines[0]),
        wide=0,
    )


def _overlap(s: Setting) -> tuple[str, ...]:
    table = s.tables.get("poverty_overlap")
    if table is None:
        return ()
    own = table[(table[UNIT] == s.national) & (table[RESIDENCE] == TOTAL)].set_index("share")["estimate"]
    if own.isna().any():
        return ()
    shares = {key.replace(" ", "_"): s.percent(value) for key, value in own.items()}
    return (s.say("overlap", **shares),)


def inequality_chapter(s: Setting) -> Chapter:
    """Return the chapter of inequality between groups and between incomes."""
    sheets = [_between(s, outcome) for outcome in dict.fromkeys(s.tables["inequality_groups"]["outcome"])]
    if "inequality_income" in s.tables:
        sheets.append(_incomes(s))
    if "inequality_parts" in s.tables:
        sheets.append(_parts(s))
    return Chapter("inequality", s.say("inequality_title"), s.say("inequality_lead"), (), tuple(sheets))


def _between(s: Setting, outcome: str) -> Sheet:
    table = s.tables["inequality_groups"]
    own = table[table["outcome"] == outcome]
    groups = list(dict.fromkeys(own["groups"]))
    by = {g: own[own["groups"] == g].set_index("measure") for g in groups}
    rows = []
    for measure in dict.fromkeys(own["measure"]):
        found = [by[g].loc[measure] for g in groups]
        texts = ["–" if pd.isna(f["value"]) else s.interval(f, 3, scale=1.0) for f in found]
        rows.append((s.name("heat", str(measure)), *texts))
    return Sheet(
        s.say("between_groups", outcome=s.name("outcomes", outcome)),
        (s.say("measure"), *(s.name("groups", g) for g in groups)),
        tuple(rows),
        note=s.say("between_note"),
        wide=0,
    )


def _incomes(s: Setting) -> Sheet:
    table = s.tables["inequality_income"]
    own = table[(table[UNIT] == s.national)].set_index(["measure", RESIDENCE])
    sides = [side for side in _SIDES if side in set(own.index.get_level_values(RESIDENCE))]
    rows = [
        (
            s.name("incomes", m),
            *(s.interval(own.loc[(m, side)], 3, scale=1.0) for side in sides),
            str(own.loc[(m, TOTAL), "meaning"]),
        )
        for m in _INCOME_MEASURES
        if (m, TOTAL) in own.index
    ]
    heads = (s.say("measure"), *(s.name("sides", side) for side in sides), s.say("meaning"))
    return Sheet(s.say("between_incomes"), heads, tuple(rows), wide=len(heads) - 1)


def _parts(s: Setting) -> Sheet:
    table = s.tables["inequality_parts"]
    own = table[table["measure"] == "mean log deviation"]
    rows = [
        (
            s.name("groups", row.by),
            s.name("components", row.component),
            s.interval(row, 4, scale=1.0),
            s.percent(row.share),
        )
        for row in own.itertuples()
    ]
    heads = (s.say("by"), s.say("component"), s.name("incomes", "mld"), s.say("share"))
    return Sheet(s.say("parts_title"), heads, tuple(rows), note=s.say("parts_note"), wide=1)


def risk_chapter(s: Setting) -> Chapter:
    """Return the chapter of the groups at risk and of the odds."""
    sheets = [_odds(s, o) for o in dict.fromkeys(s.tables["risk_models"]["outcome"])]
    sheets += [_at_risk(s, o) for o in dict.fromkeys(s.tables["risk_groups"]["outcome"])]
    return Chapter("risks", s.say("risks_title"), s.say("risks_lead"), (), tuple(x for x in sheets if x.rows))


def _odds(s: Setting, outcome: str) -> Sheet:
    table = s.tables["risk_models"]
    own = table[(table["outcome"] == outcome) & (table[UNIT] == s.national) & (table[RESIDENCE] == TOTAL)]
    own = own[own["sentence"] != ""]
    shown = own.assign(value=own["odds_ratio"], low=own["odds_low"], high=own["odds_high"])
    effects = own.assign(value=own["effect"], low=own["effect_low"], high=own["effect_high"])
    pairs = zip(shown.itertuples(), effects.itertuples(), strict=True)
    rows = [
        (
            row.term.replace("_", " "),
            s.interval(row, 2, scale=1.0),
            s.interval(effect),
            row.sentence.replace("_", " "),
        )
        for row, effect in pairs
    ]
    return Sheet(
        s.say("odds", outcome=s.name("outcomes", outcome)),
        (s.say("term"), s.say("odds_ratio"), s.say("effect"), s.say("in_words")),
        tuple(rows),
        note=s.say("odds_note"),
        strips=strips_of(shown, mark=1.0, log=True),
        strip_head=s.say("odds_ratio"),
        wide=3,
    )


def _at_risk(s: Setting, outcome: str) -> Sheet:
    table = s.tables["risk_groups"]
    own = table[(table["outcome"] == outcome) & table["at_risk"].astype(bool)]
    own = own[own["rank"].notna()].sort_values("rank", kind="stable")
    rows = []
    for unit, residence in _ordered_places(s, own):
        best = own[(own[UNIT] == unit) & (own[RESIDENCE] == residence)].head(_RISKS_AT_MOST)
        said = "; ".join(str(t).replace("_", " ").rstrip(".") for t in best["sentence"])
        rows.append((s.place(unit, residence), said[:1].upper() + said[1:] + "."))
    title = s.say("at_risk", outcome=s.name("outcomes", outcome))
    return Sheet(title, (s.say("place"), s.say("groups_at_risk")), tuple(rows), note=s.say("at_risk_note"))


def _ordered_places(s: Setting, table: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = set(zip(table[UNIT], table[RESIDENCE], strict=True))
    whole = s.tables["risk_groups"]
    sides = whole[whole[RESIDENCE] != TOTAL].groupby(UNIT)[RESIDENCE].nunique()
    pairs = {p for p in pairs if p[1] == TOTAL or sides.get(p[0], 0) > 1}
    return sorted(pairs, key=lambda p: (p[0] != s.national, s.place(p[0]), _SIDES.index(p[1])))


def truth_chapter(s: Setting) -> Chapter:
    """Return the chapter that holds a synthetic survey against the truth it was drawn from."""
    coverage, truth = s.tables["truth_coverage"], s.tables["truth"]
    rows = [
        (
            s.name("levels", row.level),
            s.name("indicators", row.indicator),
            str(row.cells),
            str(row.covered),
            s.percent(row.share),
            f"{s.percent(row.least)}–{s.percent(row.most)}",
            str(row.shown),
            s.percent(row.shown_share) if row.shown else "–",
        )
        for row in coverage.itertuples()
    ]
    heads = (
        "level",
        "indicator",
        "cells",
        "covered",
        "covered_share",
        "expected_range",
        "shown",
        "shown_share",
    )
    first = Sheet(
        s.say("coverage"), tuple(s.say(h) for h in heads), tuple(rows), note=s.say("coverage_note"), wide=1
    )
    own = truth[(truth[INDICATOR] == HEADCOUNT) & (truth[RESIDENCE] == TOTAL) & (truth[LEVEL] == OBLAST)]
    own = s.of_places(own.assign(value=own["estimate"]))
    places = [
        (s.place(r.unit), s.interval(r, scale=1.0), s.number(r.truth), s.name("covers", str(r.covers)))
        for r in own.itertuples()
    ]
    second = Sheet(
        s.say("truth_places"),
        (s.say("place"), s.say("estimate"), s.say("truth"), s.say("covers_head")),
        tuple(places),
        strips=strips_of(own, mark=own["truth"]),
        strip_head=s.say("truth_strip"),
        wide=0,
    )
    whole = coverage[coverage["indicator"] == "all"]
    covered, cells = int(whole["covered"].sum()), int(whole["cells"].sum())
    said = s.say("truth_said", covered=covered, cells=cells, share=s.percent(covered / max(cells, 1)))
    return Chapter("truth", s.say("truth_title"), s.say("truth_lead"), (said,), (second, first))
