"""What one layer of the interactive map says of each unit, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from atlasgeo import columns as c
from atlasgeo.errors import DataError
from atlasgeo.maps.categories import Categories, categories_of
from atlasgeo.maps.classes import Classes
from atlasgeo.maps.counts import CIRCLE, GROUND, circle_radii
from atlasgeo.maps.order import interval, rank_units
from atlasgeo.maps.palettes import CLUSTERS, HAIRLINE, INK, LAND, PAPER, SOFT, class_colours, ink_on, mix
from atlasgeo.maps.patterns import FAINT, PATTERNS, PLAIN, has_flag
from atlasgeo.maps.wording import MapText

__all__ = ["WebLayer", "layer_data"]

WEB_HATCH: Final = {
    c.CARRIED: "falling",
    c.PARENT_VALUE: "level",
    c.MODELLED: "dots",
    c.SYNTHETIC: "grid",
    c.SHARE_ESTIMATED: "upright",
    "uncertain": "rising",
}
NO_DATA: Final = "rising"
SUPPRESSED: Final = "crossed"
LARGEST: Final = 34.0  # pixels
_ANGLES: Final = {"rising": "-45deg", "falling": "45deg", "level": "0deg", "upright": "90deg"}


@dataclass(frozen=True, eq=False)
class WebLayer:
    """One layer of the interactive map.

    Attributes
    ----------
    key : str
        Unique among the layers.
    label : str
        Name in the layer switch.
    title : str
        What stands under the page's heading: indicator, population, year.
    values : Series
        Indexed by unit code; for kind ``cluster`` the words of `columns`.
    classes : Classes or None
        None for counts and clusters, and where all values are missing.
    colours : sequence of str
        As for `draw_choropleth`.
    kind : {"rate", "count", "cluster"}
    measure, source, legend_title, note : str
    digits : int
    low_first : bool
        Whether low values are worst.
    national : float or None
    errors : Series or DataFrame or None
        As for `draw_choropleth`.
    flags : Series or None
    trend : DataFrame or None
        Units by years.
    """

    key: str
    label: str
    title: str
    values: pd.Series
    classes: Classes | None = None
    colours: Sequence[str] = ()
    kind: Literal["rate", "count", "cluster"] = "rate"
    measure: str = ""
    source: str = ""
    legend_title: str = ""
    note: str = ""
    digits: int = 1
    low_first: bool = False
    national: float | None = None
    errors: pd.Series | pd.DataFrame | None = None
    flags: pd.Series | None = None
    trend: pd.DataFrame | None = None


def layer_data(
    layer: WebLayer, codes: Sequence[str], *, text: MapText, places: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    """Return all that the page knows of a layer.

    Parameters
    ----------
    layer : WebLayer
    codes : sequence of str
        Units with a shape.
    text : MapText
        Words and signs of the language.
    places : mapping of code -> (latitude, longitude)
        Where circles stand.

    Raises
    ------
    DataError
        If values hold a unit without a shape.
    """
    lost = [code for code in layer.values.index if code not in set(codes)]
    if lost:
        raise DataError(
            "units of a layer have no shape", where=layer.key, found=lost[:5], expected="codes of the shapes"
        )
    build = {"rate": _rate, "count": _count, "cluster": _cluster}[layer.kind]
    units, legend = build(layer, list(codes), text)
    values = layer.values.reindex(list(codes))
    return {
        "key": layer.key,
        "escaped": escape(layer.label),
        "title": layer.title,
        "measure": layer.measure,
        "source": layer.source,
        "legend_title": layer.legend_title,
        "note": layer.note,
        "country": "" if layer.national is None else text.number(layer.national, layer.digits),
        "ranked": int(values.notna().sum()),
        "units": units,
        "legend": legend,
        "circles": _circles(values, places) if layer.kind == "count" else [],
    }


def _unit(value: str, *, known: bool, fill: str, **more: Any) -> dict[str, Any]:
    edge = PAPER if fill != LAND else HAIRLINE
    return {
        "value": value,
        "known": known,
        "fill": fill,
        "edge": edge,
        "flags": [],
        "hatch": "",
        "ink": INK,
        **more,
    }


def _row(
    label: str, fill: str, count: int, *, hatch: str = "", ink: str = INK, overlay: bool = False
) -> dict[str, Any]:
    return {
        "label": label,
        "fill": fill,
        "count": count,
        "image": _image(hatch, ink),
        "size": "5px 5px" if hatch == "dots" else "",
        "overlay": overlay,
    }


def _image(hatch: str, ink: str) -> str:
    """Return a hatch as a CSS picture, for the legend."""
    if not hatch:
        return ""
    if hatch in _ANGLES:
        return f"repeating-linear-gradient({_ANGLES[hatch]},{ink} 0 1px,transparent 1px 5px)"
    if hatch == "dots":
        return f"radial-gradient({ink} 1px,transparent 1.2px)"
    return ",".join(
        _image(part, ink) for part in (("rising", "falling") if hatch == "crossed" else ("level", "upright"))
    )


def _rate(layer: WebLayer, codes: list[str], text: MapText) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values = layer.values.reindex(codes).astype(float)
    index = layer.classes.assign(values) if layer.classes else pd.Series(-1, index=codes)
    ramp = class_colours(layer.colours, layer.classes.k) if layer.classes else ()
    units = _valued(layer, values, text)
    known = [unit for unit in units.values() if unit["known"]]
    share = FAINT if all(unit["codes"] for unit in known) else PLAIN
    grounds = [ramp[int(k)] if k >= 0 else LAND for k in index]
    units = {code: _coat(units[code], ground, share) for code, ground in zip(codes, grounds, strict=True)}
    labels = layer.classes.labelled(decimal=text.decimal, thousands=text.thousands) if layer.classes else ()
    rows = [_row(label, ramp[i], int((index == i).sum())) for i, label in enumerate(labels)]
    rows = rows if layer.low_first or isinstance(layer.classes, Categories) else rows[::-1]
    return units, [*rows, *_absent_rows(units, text), *_flag_rows(layer, values, text)]


def _count(layer: WebLayer, codes: list[str], text: MapText) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values = layer.values.reindex(codes).astype(float)
    units = _valued(layer, values, text)
    units = {code: _coat(unit, GROUND if unit["known"] else LAND, PLAIN) for code, unit in units.items()}
    row = _row(text.word("circle"), CIRCLE, int(values.notna().sum()))
    return units, [row, *_absent_rows(units, text), *_flag_rows(layer, values, text)]


def _cluster(layer: WebLayer, codes: list[str], text: MapText) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    labels = layer.values.reindex(codes).fillna(c.NO_DATA).astype(str)
    hatches = {c.NO_DATA: NO_DATA, c.CANNOT_BE_SIGNIFICANT: "dots", c.NO_NEIGHBOURS: "upright"}
    units = {
        code: _unit(
            text.word(_key(label)), known=False, fill=CLUSTERS[label], hatch=hatches.get(label, ""), ink=SOFT
        )
        for code, label in labels.items()
    }
    kinds = [kind for kind in CLUSTERS if (labels == kind).any()]
    return units, [
        _row(text.word(_key(k)), CLUSTERS[k], int((labels == k).sum()), hatch=hatches.get(k, ""), ink=SOFT)
        for k in kinds
    ]


def _key(label: str) -> str:
    return "no_data" if label == c.NO_DATA else label


def _valued(layer: WebLayer, values: pd.Series, text: MapText) -> dict[str, Any]:
    """Return value, interval, rank, flags and trend of each unit, without its colour."""
    codes = [str(code) for code in values.index]
    order = rank_units(values, digits=layer.digits, low_first=layer.low_first)
    kinds = categories_of(layer.classes, values)  # they have a name in place of a number, and no rank
    bounds = interval(layer.errors, values)
    hidden = has_flag(layer.flags, c.SUPPRESSED, codes)
    said = {flag: has_flag(layer.flags, flag, codes) for flag in c.FLAGS}
    units = {}
    for number, code in enumerate(codes):
        known = bool(pd.notna(values[code]))
        absent = text.word("suppressed" if hidden[number] else "no_data")
        units[code] = {
            "value": kinds.get(code) or (text.number(float(values[code]), layer.digits) if known else absent),
            "known": known,
            "absent": "" if known else ("suppressed" if hidden[number] else "no_data"),
            "rank": order.label(code) if known and not kinds else "",
            "interval": _interval_text(bounds, code, layer.digits, text),
            "codes": [flag for flag in PATTERNS if known and said.get(flag, [False] * len(codes))[number]],
            "flags": [text.word(flag) for flag in c.FLAGS if known and said[flag][number]],
            "trend": _trend(layer.trend, code),
        }
    return units


def _coat(unit: dict[str, Any], ground: str, share: float) -> dict[str, Any]:
    """Return a unit with its colour and, where it is no plain observation, its hatch."""
    shown = {key: value for key, value in unit.items() if key != "codes"}
    edge = HAIRLINE if ground == LAND else PAPER
    if not unit["known"]:
        hatch = SUPPRESSED if unit["absent"] == "suppressed" else NO_DATA
        return {**shown, "fill": LAND, "edge": edge, "hatch": hatch, "ink": HAIRLINE}
    hatch = WEB_HATCH[unit["codes"][0]] if unit["codes"] else ""
    return {**shown, "fill": ground, "edge": edge, "hatch": hatch, "ink": mix(ground, ink_on(ground), share)}


def _interval_text(bounds: pd.DataFrame | None, code: str, digits: int, text: MapText) -> str:
    if bounds is None or bounds.loc[code].isna().any():
        return ""
    low, high = (float(bounds.loc[code, end]) for end in ("low", "high"))
    return f"{text.number(low, digits)} \u2013 {text.number(high, digits)}"


def _trend(trend: pd.DataFrame | None, code: str) -> list[list[float | None]] | None:
    if trend is None or code not in trend.index or trend.loc[code].notna().sum() < 2:
        return None
    row = trend.loc[code].astype(float)
    years = np.argsort([int(str(year)) for year in row.index])
    return [
        [int(str(row.index[i])), None if np.isnan(row.iloc[i]) else round(float(row.iloc[i]), 6)]
        for i in years
    ]


def _absent_rows(units: Mapping[str, Any], text: MapText) -> list[dict[str, Any]]:
    rows = []
    for key, hatch in (("no_data", NO_DATA), ("suppressed", SUPPRESSED)):
        count = sum(unit["absent"] == key for unit in units.values())
        if count:
            rows.append(_row(text.word(key), LAND, count, hatch=hatch, ink=HAIRLINE))
    return rows


def _flag_rows(layer: WebLayer, values: pd.Series, text: MapText) -> list[dict[str, Any]]:
    rows = []
    for flag, hatch in WEB_HATCH.items():
        flagged = has_flag(layer.flags, flag, [str(code) for code in values.index])
        count = sum(is_so and pd.notna(value) for is_so, value in zip(flagged, values, strict=True))
        if count:
            rows.append(_row(text.word(flag), PAPER, int(count), hatch=hatch, overlay=True))
    return rows


def _circles(values: pd.Series, places: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    radii = (
        circle_radii(values.astype(float), largest=LARGEST)
        .dropna()
        .sort_values(ascending=False, kind="stable")
    )
    return [
        {"at": list(places[str(code)]), "radius": round(float(radius), 2), "fill": CIRCLE}
        for code, radius in radii.items()
        if radius > 0 and str(code) in places
    ]
