"""What stands on the page of one unit: where it is, and its place among the others on every indicator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from atlasgeo.columns import AREA_KM2, PARENT, TYPE, VALID_FROM
from atlasgeo.maps.locator import locator_paths, locator_svg
from childatlas.atlas.findings import COUNTRY, place_names
from childatlas.atlas.scales import Scale, scale_of
from childatlas.atlas.spreads import rank_text
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
        today when it was measured: a code alone says nothing about territory.
    """
    own = next(iter(atlas.geographies.values()))
    names = place_names(own, words)
    paths = locator_paths(own.shapes)
    order = sorted(own.units.index, key=lambda code: (names.get(code, code), code))
    known = known_names(atlas, words)
    return [
        {
            "code": str(code),
            "name": str(own.names(_language(own, words), short=False).get(code) or code),
            "facts": _facts(atlas, own, str(code), known=known, words=words),
            "locator": locator_svg(paths, str(code)),
            **_standing(atlas, own, str(code), words=words),
        }
        for code in order
    ]


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


def _facts(
    atlas: Atlas, own: Geography, code: str, *, known: dict[str, str], words: Words
) -> list[tuple[str, str]]:
    row = own.units.loc[code]
    facts = [(words.say("book.code"), code)]
    if TYPE in row and isinstance(row[TYPE], str) and row[TYPE]:
        facts.append((words.say("book.type"), words.name("types", row[TYPE])))
    if PARENT in row and str(row[PARENT]) in known:
        facts.append((words.say("book.parent"), known[str(row[PARENT])]))
    if AREA_KM2 in row and pd.notna(row[AREA_KM2]):
        area = words.number(float(row[AREA_KM2]), 0)
        facts.append((words.say("book.area"), words.say("book.area_value", value=area)))
    if text := _children(atlas, code, words):
        facts.append((words.say("book.children"), text))
    return facts


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


def _standing(atlas: Atlas, own: Geography, code: str, *, words: Words) -> dict[str, Any]:
    rows, worst, best = [], [], []
    elsewhere = 0
    for layer in atlas.layers:
        geography = atlas.geographies[layer.geography]
        if layer.carried_from:
            continue
        if not same_unit(code, own, geography):
            elsewhere += 1
            continue
        value = layer.values.get(code)
        if value is None or pd.isna(value):
            continue
        rows.append(_row(layer, code, words=words))
        side = _side(layer, code)
        worst += [words.pick(layer.label)] if side == "worst" else []
        best += [words.pick(layer.label)] if side == "best" else []
    said = words.say("book.profile_none")
    if rows:
        counted = {"ranked": len(rows), "worst": len(worst), "best": len(best)}
        said = words.say("book.profile_both", **counted)
    return {
        "rows": rows,
        "summary": said,
        "worst": _some(worst, words, key="book.profile_worst"),
        "best": _some(best, words, key="book.profile_best"),
        "elsewhere": words.say("book.profile_elsewhere", n=elsewhere) if elsewhere else "",
    }


def _some(labels: Sequence[str], words: Words, *, key: str) -> str:
    return words.say(key, indicators="; ".join(labels[:_NAMED])) if labels else ""


def _side(layer: Layer, code: str) -> str:
    """Return ``worst`` or ``best`` where the unit's whole tie lies in that fifth of a directed ranking."""
    n = int(layer.values.notna().sum())
    if layer.direction == "neutral" or n < 5 or code not in layer.ranks.index:
        return ""
    row = layer.ranks.loc[code]
    if pd.isna(row["rank"]):
        return ""
    k = math.ceil(_FIFTH * n)
    if int(row["tied"]) <= k:
        return "worst"
    return "best" if int(row["rank"]) > n - k else ""


def _row(layer: Layer, code: str, *, words: Words) -> dict[str, Any]:
    values = layer.values.dropna()
    scale = _worst_left(layer, values)
    national = layer.national if layer.national is not None and math.isfinite(layer.national) else None
    return {
        "label": words.pick(layer.label),
        "measure": words.pick(layer.measure),
        "year": str(layer.year),
        "value": words.number(float(values[code]), layer.digits),
        "country": "" if national is None else words.number(national, layer.digits),
        "rank": rank_text(layer, code, words),
        "of": int(layer.ranks["rank"].notna().sum()),
        "at": scale.at(float(values[code])),
        "others": sorted({place for v in values if (place := scale.at(float(v))) is not None}),
        "national": scale.at(national),
        "side": _side(layer, code),
        "spark": _spark(layer, code),
        "directed": layer.direction != "neutral",
    }


def _worst_left(layer: Layer, values: pd.Series) -> Scale:
    """Return a scale with the worst value at 0 and the best at 1."""
    plain = scale_of([float(v) for v in values] + [layer.national])
    return plain if layer.direction == "higher_is_better" else plain.flipped()


def _spark(layer: Layer, code: str) -> dict[str, Any] | None:
    if code not in layer.trend.index or layer.trend.shape[1] < 2:
        return None
    table = layer.trend.rename(columns=int)
    table = table[sorted(table.columns)]
    row = table.loc[code].dropna()
    if len(row) < 2:
        return None
    country = table.loc[COUNTRY].dropna() if COUNTRY in table.index else pd.Series(dtype=float)
    across = Scale(int(table.columns[0]), int(table.columns[-1]))
    up = scale_of([*map(float, row), *map(float, country)])
    return {
        "unit": [[across.at(int(y)), up.at(float(v))] for y, v in row.items()],
        "country": [[across.at(int(y)), up.at(float(v))] for y, v in country.items()],
        "breaks": [
            across.at(y - 0.5) for y in layer.breaks_in_trend if table.columns[0] < y <= table.columns[-1]
        ],
    }
