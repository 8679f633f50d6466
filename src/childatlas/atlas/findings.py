"""Sentences made from the numbers: what a page's title may claim, and no more than that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from atlasgeo.columns import CARRIED, MODELLED, SYNTHETIC
from childatlas.atlas.categories import category_sentence
from childatlas.atlas.places import place_names, places
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer

__all__ = [
    "best_units",
    "finding",
    "flag_counts",
    "gap_finding",
    "gap_sentence",
    "order_of",
    "trend_finding",
    "trend_sentence",
    "worst_units",
]

COUNTRY: Final = "country"
_NAMED_AT_MOST: Final = 5
_LEADERS: Final = 3


@lru_cache(maxsize=64)
def order_of(layer: Layer) -> pd.Series:
    """Return the layer's values that are there, worst off first (highest first where neither end is worse).

    Equal values stay in the order of their codes.
    """
    values = layer.values.dropna().sort_index()
    return values.sort_values(ascending=layer.direction == "higher_is_better", kind="stable")


def worst_units(layer: Layer, *, most: int = _LEADERS) -> list[str]:
    """Return the codes that a title may name: whole ranks from the worst, at most a third of the units.

    A tie is never cut: all units of a rank are named or none, so the list is empty where more than five
    share the worst value, or where the layer has no order.
    """
    return [] if layer.orderless else _leaders(order_of(layer), most, layer.digits)


def best_units(layer: Layer, *, most: int = _LEADERS) -> list[str]:
    """Return the same from the other end, best first."""
    return [] if layer.orderless else _leaders(order_of(layer).iloc[::-1], most, layer.digits)


def _leaders(ordered: pd.Series, most: int, digits: int) -> list[str]:
    if ordered.empty:
        return []
    shown = ordered.round(digits)
    wanted = max(1, min(most, len(shown) // 3))
    named: list[str] = []
    for value in shown.drop_duplicates():
        same = [str(code) for code in shown.index[shown == value]]
        if len(named) >= wanted or len(named) + len(same) > _NAMED_AT_MOST:
            break
        named.extend(same)
    return named


@lru_cache(maxsize=256)
def flag_counts(layer: Layer) -> Mapping[str, int]:
    """Return how many shown values bear each flag, in the order of first sight."""
    counts: dict[str, int] = {}
    flags = dict(zip(layer.flags.index, layer.flags.tolist(), strict=True))
    for code in layer.values.index:
        text = flags.get(code)
        for flag in text.split(";") if isinstance(text, str) else ():
            if flag.strip():
                counts[flag.strip()] = counts.get(flag.strip(), 0) + 1
    return MappingProxyType(counts)


def finding(layer: Layer, geography: Geography, words: Words) -> str:
    """Return the sentence that heads a layer's page.

    It names an order and nothing more. Only where every value has a standard error and the units named
    differ from each of the others beyond sampling error does it say so: all pairs of a named and another
    unit are compared by their z at 5 % with Bonferroni's correction for the number of pairs.

    Parameters
    ----------
    layer : Layer
    geography : Geography
    words : Words

    Returns
    -------
    str
        A synthetic layer gets no sentence about a named place; carried and modelled ones say so. Categories
        are counted, no place is named.
    """
    label, flags = words.pick(layer.label), flag_counts(layer)
    if flags.get(SYNTHETIC):
        return words.say("finding.synthetic", label=label)
    if layer.from_above:
        return words.say("finding.from_above", label=label, units=words.plural(geography.level))
    say = category_sentence if layer.categories else _order_sentence
    sentence = say(layer, geography, words)
    if layer.carried_from:
        return words.say("finding.carried_twin", finding=sentence, year=layer.carried_from)
    if flags.get(CARRIED) and layer.values.notna().any():
        return words.say("finding.carried", finding=sentence)
    return sentence


def _order_sentence(layer: Layer, geography: Geography, words: Words) -> str:
    label, ordered, names = words.pick(layer.label), order_of(layer), place_names(geography, words)
    if ordered.empty:
        return words.say("finding.none", label=label)
    value = words.number(float(ordered.iloc[0]), layer.digits)
    if len(ordered) == 1:
        return words.say("finding.one", label=label, value=value, place=names.get(ordered.index[0]))
    shown = ordered.round(layer.digits)
    if len(shown.unique()) == 1:
        units = words.count(len(ordered), geography.level)
        return words.say("finding.equal", label=label, value=value, units=units)
    leaders = worst_units(layer)
    if not leaders:
        units = words.count(int((shown == shown.iloc[0]).sum()), geography.level)
        return words.say("finding.shared", label=label, value=value, units=units)
    return _superlative(layer, leaders, label=label, names=names, words=words)


def _superlative(layer: Layer, leaders: list[str], *, label: str, names: pd.Series, words: Words) -> str:
    ordered, named = order_of(layer), places(leaders, names, words)
    if flag_counts(layer).get(MODELLED):
        return words.say("finding.modelled", label=label, places=named)
    if layer.direction == "neutral":
        ends = {"low": float(ordered.iloc[-1]), "high": float(ordered.iloc[0])}
        shown = {end: words.number(value, layer.digits) for end, value in ends.items()}
        first, last = names.get(ordered.index[-1]), names.get(ordered.index[0])
        return words.say("finding.spread", label=label, first=first, last=last, **shown)
    end = "highest" if layer.direction == "higher_is_worse" else "lowest"
    certain = "_certain" if _apart(layer, leaders) else ""
    return words.say(f"finding.{end}{certain}", label=label, places=named)


def _apart(layer: Layer, leaders: list[str], *, alpha: float = 0.05) -> bool:
    """Return whether every leader differs from every other unit beyond sampling error."""
    if layer.standard_errors is None:
        return False
    values = layer.values.dropna()
    errors = layer.standard_errors.reindex(values.index)
    others = values.index.difference(leaders)
    if errors.isna().any() or others.empty:
        return False
    difference = np.abs(values[leaders].to_numpy()[:, None] - values[others].to_numpy()[None, :])
    spread = np.hypot(errors[leaders].to_numpy()[:, None], errors[others].to_numpy()[None, :])
    critical = float(-ndtri(alpha / 2 / difference.size))
    return bool((difference > critical * spread).all())


def gap_finding(layer: Layer, words: Words) -> str:
    """Return the title of the comparison of town and village: the country's own where it is published."""
    label, gap = words.pick(layer.label), layer.gap
    if layer.synthetic:
        return words.say("finding.synthetic", label=label)
    if gap is None or gap.empty or COUNTRY not in gap.index:
        return words.say("gap.title_equal", label=label) if _no_gap(gap) else label
    row = gap.loc[COUNTRY]
    values = {side: words.number(float(row[side]), layer.digits) for side in ("rural", "urban")}
    if values["rural"] == values["urban"]:
        return words.say("gap.title_equal", label=label)
    ratio = float(row["ratio"])
    if not math.isfinite(ratio) or abs(ratio - 1) < 0.05:
        return words.say("gap.title_difference", label=label, **values)
    larger, times = ("rural", ratio) if ratio > 1 else ("urban", 1 / ratio)
    return words.say(f"gap.title_{larger}", label=label, ratio=words.number(times, 1))


def _no_gap(gap: pd.DataFrame | None) -> bool:
    return gap is not None and not gap.empty and bool((gap["difference"].abs() < 1e-12).all())


def gap_sentence(layer: Layer, geography: Geography, words: Words) -> str:
    """Return what the gap between town and village is: in the country, its ratio, and where it is widest."""
    gap = layer.gap
    if gap is None or gap.empty:
        return words.say("gap.none")
    parts = []
    if COUNTRY in gap.index:
        row = gap.loc[COUNTRY]
        parts.append(words.say("gap.country", year=layer.gap_year or layer.year, **_sides(row, layer, words)))
        if math.isfinite(float(row["ratio"])):
            parts.append(words.say("gap.ratio", ratio=words.number(float(row["ratio"]), 1)))
    units = gap.drop(index=COUNTRY, errors="ignore")["difference"].dropna()
    if len(units) > 1 and units.abs().max() > 0 and not layer.synthetic:
        code = str(units.abs().sort_index().idxmax())
        sides = _sides(gap.loc[code], layer, words)
        parts.append(words.say("gap.widest", place=place_names(geography, words).get(code, code), **sides))
    return " ".join(parts) or words.say("gap.none")


def _sides(row: pd.Series, layer: Layer, words: Words) -> dict[str, str]:
    return {side: words.number(float(row[side]), layer.digits) for side in ("rural", "urban")}


def trend_finding(layer: Layer, words: Words) -> str:
    """Return the title of a rank chart: the country's first and last values, or the years alone."""
    label, years = words.pick(layer.label), [int(year) for year in layer.trend.columns]
    if not years:
        return label
    ends = _country_ends(layer)
    if ends is None:
        return words.say("trend.title", label=label, first=min(years), last=max(years))
    return words.say("trend.title_change", label=label, **_told(ends, layer, words))


def trend_sentence(layer: Layer, geography: Geography, words: Words) -> str:
    """Return how the country moved, and which units moved most between its first and last year."""
    parts, ends = [], _country_ends(layer)
    if ends is not None:
        parts.append(words.say("trend.country", **_told(ends, layer, words)))
    change = _changes(layer)
    if layer.synthetic:
        return " ".join(parts) or words.say("trend.none")
    if len(change) > 2 and change.max() > 0 > change.min():
        names = place_names(geography, words)
        up, down = str(change.idxmax()), str(change.idxmin())
        first = min(int(year) for year in layer.trend.columns)
        parts.append(words.say("trend.most", first=first, up=names.get(up, up), down=names.get(down, down)))
    return " ".join(parts) or words.say("trend.none")


def _told(ends: tuple[int, float, int, float], layer: Layer, words: Words) -> dict[str, object]:
    first, start, last, stop = ends
    from_value, to_value = words.number(start, layer.digits), words.number(stop, layer.digits)
    return {"first": first, "last": last, "from_value": from_value, "to_value": to_value}


def _country_ends(layer: Layer) -> tuple[int, float, int, float] | None:
    """Return the first and last year that the country has, with their values."""
    if COUNTRY not in layer.trend.index:
        return None
    row = layer.trend.loc[COUNTRY].dropna()
    if len(row) < 2:
        return None
    row = row.sort_index()
    return int(row.index[0]), float(row.iloc[0]), int(row.index[-1]), float(row.iloc[-1])


def _changes(layer: Layer) -> pd.Series:
    """Return last less first value of each unit that has both, where no break lies between."""
    units = layer.trend.drop(index=COUNTRY, errors="ignore")
    if units.shape[1] < 2 or layer.breaks_in_trend:
        return pd.Series(dtype=float)
    ordered = units[sorted(units.columns)]
    return (ordered.iloc[:, -1] - ordered.iloc[:, 0]).dropna().sort_index()
