"""What stands on the page of one unit: where it is, and its place among the others on every indicator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from atlasgeo.columns import AREA_KM2, PARENT, SYNTHETIC, TYPE, VALID_FROM
from atlasgeo.maps.locator import locator_paths, locator_svg
from childatlas.atlas.categories import value_text
from childatlas.atlas.findings import COUNTRY, flag_counts
from childatlas.atlas.places import parent_names, place_names
from childatlas.atlas.scales import Scale, scale_of
from childatlas.atlas.spreads import tie_text
from childatlas.atlas.tables import known_names
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

__all__ = ["same_unit", "unit_profiles"]

_FIFTH: Final = 0.2
_NAMED: Final = 4


def unit_profiles(atlas: Atlas, *, words: Words) -> list[dict[str, Any]]:
    """Return a profile of each unit of the study's own geography, in the order of their names.

    Parameters
    ----------
    atlas : Atlas
    words : Words

    Returns
    -------
    list of dict
        Plain data, ready for JSON. An indicator stands in a profile only if the unit had the borders of
        today when it was measured: a code alone says nothing about territory. A synthetic atlas has no
        profile of a real place.
    """
    if atlas.synthetic:
        return []
    own = next(iter(atlas.geographies.values()))
    names = place_names(own, words)
    long = own.names(_language(own, words), short=False)
    long = long.where(~long.duplicated(keep=False), names)
    paths = locator_paths(own.shapes)
    order = sorted(own.units.index, key=lambda code: (names.get(code, code), code))
    known = known_names(atlas, words) | {"": ""}
    parents = own.units[PARENT].astype(str).map(known) if PARENT in own.units else pd.Series(dtype=str)
    parents = parent_names(own, words).fillna(parents)
    real = [layer for layer in atlas.layers if _is_real(layer) and not layer.categories]
    labels = [words.pick(layer.label) for layer in real]
    told = [f"{a}, {b.year}" if labels.count(a) > 1 else a for a, b in zip(labels, real, strict=True)]
    columns = [
        _column(layer, atlas.geographies[layer.geography], label)
        for layer, label in zip(real, told, strict=True)
    ]
    return [
        {
            "code": str(code),
            "name": str(long.get(code) or code),
            "facts": _facts(atlas, own, str(code), parent=parents.get(code), words=words),
            "above": _from_above(atlas, own, str(code), words=words),
            "locator": locator_svg(paths, str(code)),
            **_standing(columns, own, str(code), words=words),
        }
        for code in order
    ]


def _is_real(layer: Layer) -> bool:
    """Return whether a layer was observed on its units: not carried, from above or synthetic."""
    return not layer.carried_from and not layer.from_above and SYNTHETIC not in flag_counts(layer)


def _language(geography: Geography, words: Words) -> str:
    return words.language if f"name_{words.language}" in geography.units else "en"


def same_unit(code: str, one: Geography, other: Geography) -> bool:
    """Return whether `code` is the same unit in two geographies: same code and same first day in force."""
    if one.key == other.key:
        return True
    if code not in one.units.index or code not in other.units.index:
        return False
    if VALID_FROM not in one.units or VALID_FROM not in other.units:
        return False
    first, second = one.units.loc[code, VALID_FROM], other.units.loc[code, VALID_FROM]
    return bool(pd.isna(first) and pd.isna(second)) or bool(first == second)


def _from_above(atlas: Atlas, own: Geography, code: str, *, words: Words) -> list[str]:
    """Return what is known of the unit above alone, marked as such: surroundings, never the unit's own."""
    layers = [layer for layer in atlas.layers if layer.from_above and layer.geography == own.key]
    return [
        words.say(
            "book.profile_above",
            label=words.pick(layer.label),
            value=words.number(float(layer.values[code]), layer.digits),
            measure=words.pick(layer.measure),
            year=layer.year,
        )
        for layer in layers
        if not pd.isna(layer.values.get(code))
    ]


def _facts(atlas: Atlas, own: Geography, code: str, *, parent: object, words: Words) -> list[tuple[str, str]]:
    row = own.units.loc[code]
    facts = [(words.say("book.code"), code)]
    if TYPE in row and isinstance(row[TYPE], str) and row[TYPE]:
        facts.append((words.say("book.type"), words.name("types", row[TYPE])))
    if isinstance(parent, str) and parent:
        facts.append((words.say("book.parent"), parent))
    if AREA_KM2 in row and pd.notna(row[AREA_KM2]):
        area = words.number(float(row[AREA_KM2]), 0)
        facts.append((words.say("book.area"), words.say("book.area_value", value=area)))
    if own.schematic:
        facts.append((words.say("book.shapes"), own.mark or words.say("picture.schematic")))
    if text := _children(atlas, code, words):
        facts.append((words.say("book.children"), text))
    said = {text for _, text in facts}
    return [*facts, *(fact for fact in _categories(atlas, own, code, words) if fact[1] not in said)]


def _categories(atlas: Atlas, own: Geography, code: str, words: Words) -> list[tuple[str, str]]:
    """Return what kind of place the unit is by each layer of categories, in the borders of today."""
    return [
        (words.pick(layer.label), value_text(layer, code, words))
        for layer in atlas.layers
        if layer.categories
        and _is_real(layer)
        and same_unit(code, own, atlas.geographies[layer.geography])
        and not pd.isna(layer.values.get(code))
    ]


def _children(atlas: Atlas, code: str, words: Words) -> str:
    table = atlas.tables.get("children")
    if table is None or table.empty or "unit" not in table or "value" not in table:
        return ""
    rows = table[table["unit"].astype(str) == code]
    if rows.empty or pd.isna(rows["value"].iloc[-1]):
        return ""
    flag = str(rows["flag"].iloc[-1]) if "flag" in rows else ""
    key = "book.children_modelled" if "modelled" in flag else "book.children_value"
    return words.say(key, value=words.number(float(rows["value"].iloc[-1]), 0))


@dataclass(frozen=True, eq=False)
class _Column:
    """What all units share on one layer, worked out once: places on the strip, ranks, trends."""

    layer: Layer
    geography: Geography
    label: str
    values: dict[str, float]
    ranks: dict[str, tuple[int, int]]
    scale: Scale
    others: list[float]
    national: float | None
    trend: dict[str, list[tuple[int, float]]]
    years: tuple[int, int]


def _column(layer: Layer, geography: Geography, label: str) -> _Column:
    values = {str(code): float(value) for code, value in layer.values.dropna().items()}
    ranked = layer.ranks.dropna()
    pairs = zip(ranked["rank"].tolist(), ranked["tied"].tolist(), strict=True)
    ranks = {str(code): (int(a), int(b)) for code, (a, b) in zip(ranked.index, pairs, strict=True)}
    national = layer.national if layer.national is not None and math.isfinite(layer.national) else None
    plain = scale_of([*values.values(), national])
    scale = plain if layer.direction == "higher_is_better" else plain.flipped()
    places = {place for value in values.values() if (place := scale.at(value)) is not None}
    trend = _trends(layer)
    years = [year for line in trend.values() for year, _ in line]
    span = (min(years), max(years)) if years else (0, 0)
    return _Column(layer, geography, label, values, ranks, scale, sorted(places), national, trend, span)


def _trends(layer: Layer) -> dict[str, list[tuple[int, float]]]:
    """Return the years and values of each row of the trend that has at least two."""
    if layer.trend.shape[1] < 2:
        return {}
    table = layer.trend.rename(columns=int)
    years = sorted(table.columns)
    rows = table[years].to_numpy(dtype=float)
    lines = {
        str(code): [
            (year, float(value)) for year, value in zip(years, row, strict=True) if math.isfinite(value)
        ]
        for code, row in zip(table.index, rows, strict=True)
    }
    return {code: line for code, line in lines.items() if len(line) > 1}


def _standing(columns: Sequence[_Column], own: Geography, code: str, *, words: Words) -> dict[str, Any]:
    """Return the rows of one unit, and what they come to."""
    rows, sides = [], {"worst": list[str](), "best": list[str](), "": list[str]()}
    elsewhere = 0
    for column in columns:
        if not same_unit(code, own, column.geography):
            elsewhere += 1
        elif code in column.values:
            row = _row(column, code, words=words)
            rows.append(row)
            sides[row["side"]].append(column.label)
    counted = {"ranked": sum(row["directed"] for row in rows)}
    counted |= {side: len(sides[side]) for side in ("worst", "best")}
    return {
        "rows": rows,
        "summary": words.say("book.profile_both", **counted) if rows else words.say("book.profile_none"),
        "worst": _some(sides["worst"], words, key="book.profile_worst"),
        "best": _some(sides["best"], words, key="book.profile_best"),
        "elsewhere": words.say("book.profile_elsewhere", n=elsewhere) if elsewhere else "",
    }


def _some(labels: Sequence[str], words: Words, *, key: str) -> str:
    if not labels:
        return ""
    more = [words.say("book.profile_more", n=len(labels) - _NAMED)] if len(labels) > _NAMED else []
    return words.say(key, indicators="; ".join([*labels[:_NAMED], *more]))


def _side(column: _Column, code: str) -> str:
    """Return ``worst`` or ``best`` where the unit's whole tie lies in that fifth of a directed ranking."""
    n = len(column.values)
    if column.layer.direction == "neutral" or n < 5 or code not in column.ranks:
        return ""
    rank, tied = column.ranks[code]
    k = math.ceil(_FIFTH * n)
    if tied <= k:
        return "worst"
    return "best" if rank > n - k else ""


def _row(column: _Column, code: str, *, words: Words) -> dict[str, Any]:
    digits, rank = column.layer.digits, column.ranks.get(code)
    return {
        "label": column.label,
        "year": str(column.layer.year),
        "value": words.number(column.values[code], digits),
        "country": "" if column.national is None else words.number(column.national, digits),
        "rank": "" if rank is None or column.layer.direction == "neutral" else tie_text(*rank, words),
        "at": column.scale.at(column.values[code]),
        "others": column.others,
        "national": column.scale.at(column.national),
        "side": _side(column, code),
        "spark": _spark(column, code),
        "directed": column.layer.direction != "neutral",
    }


def _spark(column: _Column, code: str) -> dict[str, Any] | None:
    line = column.trend.get(code)
    if line is None:
        return None
    country = column.trend.get(COUNTRY, [])
    across, up = Scale(*column.years), scale_of(value for _, value in [*line, *country])
    first, last = column.years
    return {
        "unit": [[across.at(year), up.at(value)] for year, value in line],
        "country": [[across.at(year), up.at(value)] for year, value in country],
        "breaks": [across.at(y - 0.5) for y in column.layer.breaks_in_trend if first < y <= last],
    }
