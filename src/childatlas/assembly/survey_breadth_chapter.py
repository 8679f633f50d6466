"""The chapter of counting: how many dimensions children lack, which go together, what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import pandas as pd

from atlasgeo.columns import LEVEL, RESIDENCE, RURAL, TOTAL, UNIT, URBAN
from childatlas.assembly.survey_sheets import Setting, strips_of
from childatlas.chapters import Chapter, Sheet
from childatlas.child_figures import COUNTRY, OBLAST

__all__ = ["breadth_chapter"]

Rows: TypeAlias = Mapping[tuple[Any, ...], Any]
_SIDES: Final = (TOTAL, URBAN, RURAL)
_PAIRS_AT_MOST: Final = 10
_OTHERS_APART: Final = 3  # overlaps with so many other dimensions or more are one column
_VALUE: Final = "estimate"


def breadth_chapter(s: Setting) -> Chapter:
    """Return the chapter of how broad deprivation is, made of the counting tables."""
    sheets = (
        _numbers(s),
        _overlaps(s),
        _items(s),
        _pairs(s),
        _curve(s),
        _contents(s),
        _sides(s),
        _oblasts(s),
    )
    shown = tuple(sheet for sheet in sheets if sheet.rows)
    return Chapter("breadth", s.say("breadth_title"), s.say("breadth_lead"), _said(s), shown)


def _country(s: Setting, name: str, residence: str = TOTAL) -> pd.DataFrame:
    table = s.tables[name]
    return table[(table[UNIT] == s.national) & (table[RESIDENCE] == residence)]


def _by(table: pd.DataFrame, *names: str) -> Rows:
    """Return the rows under the values of `names`."""
    keys = table[list(names)].itertuples(index=False, name=None)
    return dict(zip(keys, table.itertuples(index=False), strict=True))


def _there(s: Setting, name: str) -> list[str]:
    found = set(s.tables[name].loc[s.tables[name][UNIT] == s.national, RESIDENCE])
    return [side for side in _SIDES if side in found]


def _said(s: Setting) -> tuple[str, ...]:
    """Return the country's numbers in words; a sentence with a number that is not printed is left out."""
    moda = _by(_country(s, "moda"), "measure", "dimension", "count")
    count = _by(_country(s, "count"), "measure", "count")
    whole = _by(_country(s, "alkire_foster"), "measure", "item")
    threshold = next(n for measure, n in count if measure == "deprived")
    texts = []
    first = [moda[key] for key in (("average", "", 0), ("exactly", "", 0), ("exactly", "", 1))]
    several = moda.get(("at least", "", 2))
    if several is not None and _known(*first, several):
        shares = [s.percent(row.estimate) for row in (*first[1:], several)]
        named = dict(zip(("none", "one", "several"), shares, strict=True))
        dimensions = sum(measure == "headcount" for measure, _, _ in moda)
        average = s.number(first[0].estimate, 2)
        texts.append(s.say("breadth_said", average=average, dimensions=dimensions, **named))
    deprived = count[("deprived", threshold)]
    if _known(deprived):
        items = sum(measure == "uncensored" for measure, _ in whole)
        share = s.percent(deprived.estimate)
        texts.append(s.say("breadth_said_items", share=share, threshold=threshold, items=items))
    three = [whole[(measure, "")] for measure in ("headcount", "intensity", "adjusted")]
    if _known(*three):
        head, depth = (s.percent(row.estimate) for row in three[:2])
        adjusted = s.number(three[2].estimate, 3)
        texts.append(s.say("breadth_said_poor", headcount=head, intensity=depth, adjusted=adjusted))
    return tuple(texts)


def _known(*rows: Any) -> bool:
    return all(pd.notna(row.estimate) for row in rows)


def _numbers(s: Setting) -> Sheet:
    """Return the sheet of children by the number of dimensions they lack."""
    sides = _there(s, "moda")
    by = {side: _by(_country(s, "moda", side), "measure", "count") for side in sides}
    numbers = sorted(n for measure, n in by[TOTAL] if measure == "exactly")
    rows = []
    for n in numbers:
        cells = [s.interval(by[TOTAL][("exactly", n)], value=_VALUE)]
        cells += [s.percent(by[side][("exactly", n)].estimate) for side in sides[1:]]
        cells += ["–" if not n else s.percent(by[side][("at least", n)].estimate) for side in sides]
        rows.append((str(n), *cells))
    heads = [
        s.say(f"breadth_{kind}", where=s.name("sides", x)) for kind in ("exactly", "at_least") for x in sides
    ]
    exact = pd.DataFrame([by[TOTAL][("exactly", n)] for n in numbers])
    return Sheet(
        s.say("breadth_numbers"),
        (s.say("dimensions_lacked"), *heads),
        tuple(rows),
        note=s.say("breadth_numbers_note"),
        strips=strips_of(exact, value=_VALUE),
        strip_head=s.say("breadth_exactly", where=s.name("sides", TOTAL)),
        wide=0,
    )


def _overlaps(s: Setting) -> Sheet:
    """Return the sheet of each dimension: lacked alone, or with others."""
    table = _country(s, "moda")
    heads = table[table["measure"] == "headcount"].sort_values(_VALUE, ascending=False, kind="stable")
    overlap = table[table["measure"] == "overlap"].astype({"count": int})
    rows = []
    for row in heads.itertuples(index=False):
        own = overlap[overlap["dimension"] == row.dimension].set_index("count")[_VALUE]
        apart = [own.get(n) for n in range(min(_OTHERS_APART, len(own)))]
        more = own[own.index >= _OTHERS_APART].sum(skipna=False) if len(own) > _OTHERS_APART else None
        cells = [s.percent(value) for value in (*apart, *([] if more is None else [more]))]
        rows.append((s.name("dimensions", row.dimension), s.interval(row, value=_VALUE), *cells))
    names = ["lacked_alone", "lacked_with_one", "lacked_with_two", "lacked_with_more"]
    return Sheet(
        s.say("breadth_overlaps"),
        (s.say("dimension"), s.say("lacked"), *(s.say(n) for n in names[: len(rows[0]) - 2])),
        tuple(rows),
        note=s.say("breadth_overlaps_note"),
        strips=strips_of(heads, value=_VALUE),
        strip_head=s.say("lacked"),
        wide=0,
    )


def _items(s: Setting) -> Sheet:
    """Return the sheet of the count of items without weights."""
    sides = _there(s, "count")
    by = {side: _by(_country(s, "count", side), "measure", "count") for side in sides}
    threshold = next(n for measure, n in by[TOTAL] if measure == "deprived")
    shares = [by[side][("deprived", threshold)] for side in sides]
    rows = [
        (
            s.name("sides", side),
            s.interval(share, value=_VALUE),
            s.interval(by[side][("breadth", 0)], 2, scale=1.0, value=_VALUE),
            s.interval(by[side][("severity", threshold)], 2, scale=1.0, value=_VALUE),
        )
        for side, share in zip(sides, shares, strict=True)
    ]
    head = s.say("items_or_more", threshold=threshold)
    return Sheet(
        s.say("breadth_items", threshold=threshold),
        (s.say("where"), head, s.say("items_breadth"), s.say("items_severity")),
        tuple(rows),
        note=s.say("breadth_items_note"),
        strips=strips_of(pd.DataFrame(shares), value=_VALUE),
        strip_head=head,
        wide=0,
    )


def _pairs(s: Setting) -> Sheet:
    """Return the sheet of the pairs of dimensions that go together most."""
    table = _country(s, "association")
    by = _by(table, "measure", "first", "second")
    strength = table[(table["measure"] == "cramers_v") & table[_VALUE].notna()]
    strength = strength.sort_values(_VALUE, ascending=False, kind="stable").head(_PAIRS_AT_MOST)
    rows = [
        (
            s.say("pair", first=s.name("dimensions", row.first), second=s.name("dimensions", row.second)),
            s.interval(by[("both", row.first, row.second)], value=_VALUE),
            s.interval(row, 2, scale=1.0, value=_VALUE),
            s.percent(by[("redundancy", row.first, row.second)].estimate),
        )
        for row in strength.itertuples(index=False)
    ]
    return Sheet(
        s.say("breadth_pairs"),
        (s.say("pair_of"), s.say("both_lacked"), s.say("cramers_v"), s.say("redundancy")),
        tuple(rows),
        note=s.say("breadth_pairs_note"),
        strips=strips_of(strength, value=_VALUE),
        strip_head=s.say("cramers_v"),
        wide=0,
    )


def _curve(s: Setting) -> Sheet:
    """Return the sheet of what the cutoff decides."""
    by = _by(_country(s, "curve"), "measure", "cutoff")
    cutoffs = sorted(k for measure, k in by if measure == "headcount")
    heads = [by[("headcount", k)] for k in cutoffs]
    rows = [
        (
            s.percent(k, 0),
            s.interval(head, value=_VALUE),
            s.interval(by[("intensity", k)], value=_VALUE),
            s.interval(by[("adjusted", k)], 3, scale=1.0, value=_VALUE),
        )
        for k, head in zip(cutoffs, heads, strict=True)
    ]
    return Sheet(
        s.say("breadth_curve"),
        (s.say("cutoff"), s.say("headcount"), s.say("intensity"), s.say("adjusted")),
        tuple(rows),
        note=s.say("breadth_curve_note"),
        strips=strips_of(pd.DataFrame(heads), value=_VALUE),
        strip_head=s.say("headcount"),
        wide=0,
    )


def _contents(s: Setting) -> Sheet:
    """Return the sheet of what each item adds to the adjusted headcount."""
    table = _country(s, "alkire_foster")
    by = _by(table, "measure", "item")
    parts = table[table["measure"] == "contribution"].sort_values(_VALUE, ascending=False, kind="stable")
    rows = [
        (
            s.name("items", row.item),
            s.percent(by[("uncensored", row.item)].estimate),
            s.percent(by[("censored", row.item)].estimate),
            s.interval(row, value=_VALUE),
        )
        for row in parts.itertuples(index=False)
    ]
    return Sheet(
        s.say("breadth_contents"),
        (s.say("item"), s.say("uncensored"), s.say("censored"), s.say("contribution")),
        tuple(rows),
        note=s.say("breadth_contents_note"),
        strips=strips_of(parts, value=_VALUE),
        strip_head=s.say("contribution"),
        wide=0,
    )


def _sides(s: Setting) -> Sheet:
    table = s.tables["decomposition"]
    own = table[(table[LEVEL] == COUNTRY) & (table[RESIDENCE] != TOTAL)]
    return _shares(s, own, "breadth_sides", {side: s.name("sides", side) for side in _SIDES}, key=RESIDENCE)


def _oblasts(s: Setting) -> Sheet:
    table = s.tables["decomposition"]
    own = s.of_places(table[table[LEVEL] == OBLAST])
    return _shares(s, own, "breadth_oblasts", {u: s.place(u) for u in own[UNIT].unique()}, key=UNIT)


def _shares(s: Setting, table: pd.DataFrame, title: str, names: Mapping[str, str], *, key: str) -> Sheet:
    """Return a sheet of what each group adds to the whole, beside its share of children."""
    by = _by(table, key, "measure")
    groups = list(dict.fromkeys(table[key]))
    parts = [by[(group, "contribution")] for group in groups]
    people = [by[(group, "population_share")].estimate for group in groups]
    rows = [
        (
            names[group],
            s.percent(share),
            s.interval(part, value=_VALUE),
            s.number(by[(group, "relative")].estimate, 2),
            s.interval(by[(group, "adjusted")], 3, scale=1.0, value=_VALUE),
        )
        for group, share, part in zip(groups, people, parts, strict=True)
    ]
    return Sheet(
        s.say(title),
        tuple(
            s.say(h) for h in ("place", "share_of_children", "share_of_deprivation", "relative", "adjusted")
        ),
        tuple(rows),
        note=s.say("breadth_shares_note"),
        strips=strips_of(pd.DataFrame(parts), value=_VALUE, mark=people) if parts else (),
        strip_head=s.say("breadth_shares_strip"),
        wide=0,
    )
