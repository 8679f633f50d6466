"""What stands on the page of one layer: title, legend, ranking, trend, gap and small print, as plain data."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from atlasgeo.columns import PARENT_VALUE, SUPPRESSED
from atlasgeo.maps.palettes import NO_DATA, SEQUENTIAL_NEUTRAL
from childatlas.atlas.captions import capital, caveats, endorsement, note_of, source_line, subtitle
from childatlas.atlas.categories import category_groups, value_text
from childatlas.atlas.classing import classes_line, layer_classes, layer_colours
from childatlas.atlas.findings import COUNTRY, finding, gap_sentence, order_of, trend_sentence
from childatlas.atlas.places import parent_names, place_names
from childatlas.atlas.scales import Scale, scale_of, ticks
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

__all__ = ["layer_spread", "legend_of", "ranking_of", "trend_of", "unranked_rows"]

_SHOWN: Final = 24
_HEAD, _TAIL = 14, 8
_NORMAL95: Final = 1.959963984540054


def layer_spread(atlas: Atlas, layer: Layer, *, words: Words) -> dict[str, Any]:
    """Return all that the page of a layer shows, as text, colours and shares of lengths.

    Parameters
    ----------
    atlas : Atlas
    layer : Layer
    words : Words

    Returns
    -------
    dict
        Plain data (text, numbers, lists): ready for JSON. No text in it is markup.
    """
    geography = atlas.geographies[layer.geography]
    definition = words.pick(layer.definition)
    return {
        "key": layer.key,
        "stem": atlas.stem(layer),
        "level": geography.level,
        "label": words.pick(layer.label),
        "kind": layer.kind,
        "year": layer.year,
        "title": finding(layer, geography, words),
        "subtitle": subtitle(layer, geography, words),
        "definition": definition,
        "legend": legend_of(atlas, layer, words=words),
        "ranking": ranking_of(atlas, layer, words=words),
        "categories": category_groups(layer, geography, words),
        "trend": trend_of(layer, geography, words),
        "gap": {"shown": _has_gap(layer), "text": gap_sentence(layer, geography, words)},
        "source": source_line(layer, words),
        "link": layer.link,
        "caveats": caveats(layer, geography, words),
        "note": note_of(layer, words),
        "foot": _foot(atlas, layer, words),
    }


def _foot(atlas: Atlas, layer: Layer, words: Words) -> str:
    geography = atlas.geographies[layer.geography]
    credit = words.say("foot.boundaries", credit=geography.credit.rstrip(". "))
    how = layer_classes(atlas.study, layer, words=words) if layer.values.notna().any() else None
    classes = classes_line(how, words) if how else ""
    parts = [source_line(layer, words), credit, classes, endorsement(atlas, words)]
    return " ".join(part for part in parts if part)


def legend_of(atlas: Atlas, layer: Layer, *, words: Words) -> dict[str, Any]:
    """Return the legend as a chart: a row a class with its colour, label and number of units."""
    geography = atlas.geographies[layer.geography]
    measure = words.pick(layer.measure) or words.pick(layer.label)
    title = capital(words.say("map.legend", measure=measure, level=words.plural(geography.level)))
    missing = int(layer.values.isna().sum())
    hidden = len(_absent(layer)["suppressed"])
    key = "no_data" if not hidden else "suppressed" if hidden == missing else "no_data_or_suppressed"
    no_data = {"missing": missing, "missing_share": 1.0, "no_data": words.say(f"map.{key}")}
    if layer.values.notna().sum() == 0:
        return {"title": title, "rows": [], **no_data}
    classes = layer_classes(atlas.study, layer, words=words)
    counts = classes.counts(layer.values)
    labels = classes.labelled(
        decimal=words.texts["format.decimal"], thousands=words.texts["format.thousands"]
    )
    most = max(1, int(counts.max()), missing)
    rows = [
        {"label": label, "colour": colour, "n": int(n), "share": round(int(n) / most, 4)}
        for label, colour, n in zip(labels, layer_colours(layer, classes), counts, strict=True)
    ]
    worst_first = rows if layer.direction == "higher_is_better" or layer.categories else rows[::-1]
    return {"title": title, "rows": worst_first, **no_data, "missing_share": round(missing / most, 4)}


def _absent(layer: Layer) -> dict[str, list[str]]:
    """Return the codes without a value: ``missing``, and ``suppressed`` where the figure is withheld."""
    without = [str(code) for code in layer.values.index[layer.values.isna()]]
    flags = layer.flags.reindex(layer.values.index).fillna("").astype(str)
    hidden = [code for code in without if SUPPRESSED in flags[code].split(";")]
    return {"missing": [code for code in without if code not in hidden], "suppressed": hidden}


def ranking_of(atlas: Atlas, layer: Layer, *, words: Words) -> dict[str, Any]:
    """Return the ranking, worst off first, with the country's value, intervals and the gap of each unit.

    ``head`` and ``tail`` say how many of the rows a page shows where there are more than 24. Where units show
    the figure of the unit above, the units above stand there, each once. Categories have no ranking.
    """
    geography = atlas.geographies[layer.geography]
    title, order, names = _listed(layer, geography, words)
    scale, sides = _ranking_scale(layer), _gap_scale(layer)
    colours = _colour_of_unit(atlas, layer, words)
    rows = [
        _ranking_row(layer, str(code), scale, sides, words=words)
        | {"name": names.get(code, str(code)), "colour": colours.get(str(code), NO_DATA)}
        for code in order
    ]
    between = len(rows) - _HEAD - _TAIL if len(rows) > _SHOWN else 0
    return {
        "title": title,
        "rows": rows,
        "between": between,
        "between_text": words.say("book.between", units=words.count(between, geography.level)),
        "head": _HEAD,
        "tail": _TAIL,
        "national": _mark(layer.national, scale, layer, words),
        **{part: [str(names.get(code, code)) for code in codes] for part, codes in _absent(layer).items()},
        "gap": None if sides is None else _gap_country(layer, sides),
    }


def _listed(layer: Layer, geography: Geography, words: Words) -> tuple[str, pd.Index, pd.Series]:
    """Return heading, codes and names of the ranking; the unit above has the code of its first part."""
    names, order = place_names(geography, words), order_of(layer).index
    if layer.categories:
        return "", order[:0], names
    above = layer.flags.fillna("").str.contains(PARENT_VALUE, regex=False)
    own = order[~order.isin(above.index[above])]
    if len(own) or not layer.from_above:
        return words.say("book.ranking"), own, names
    names = parent_names(geography, words).fillna(names)
    return words.say("book.values_above"), names.reindex(order).drop_duplicates().index, names


def unranked_rows(atlas: Atlas, layer: Layer, *, words: Words) -> list[dict[str, Any]]:
    """Return a row a unit in the order of their names, as `ranking_of` has them: no order of values."""
    geography = atlas.geographies[layer.geography]
    names, colours = place_names(geography, words), _colour_of_unit(atlas, layer, words)
    scale = _ranking_scale(layer)
    return [
        _ranking_row(layer, str(code), scale, None, words=words)
        | {"name": name, "colour": colours.get(str(code), NO_DATA)}
        for code, name in names.sort_values(kind="stable").items()
        if not pd.isna(layer.values.get(code))
    ]


def _ranking_row(
    layer: Layer, code: str, scale: Scale, sides: Scale | None, *, words: Words
) -> dict[str, Any]:
    value = float(layer.values[code])
    low, high = _interval(layer, code)
    gap = layer.gap.loc[code] if sides and layer.gap is not None and code in layer.gap.index else None
    flags = str(layer.flags.get(code, "") or "")
    return {
        "code": code,
        "rank": rank_text(layer, code, words),
        "value": value_text(layer, code, words),
        "at": scale.at(value),
        "low": scale.at(low),
        "high": scale.at(high),
        "flag": words.join(words.name("flags", flag) for flag in flags.split(";") if flag),
        "urban": sides.at(float(gap["urban"])) if sides and gap is not None else None,
        "rural": sides.at(float(gap["rural"])) if sides and gap is not None else None,
    }


def rank_text(layer: Layer, code: str, words: Words) -> str:
    """Return the rank of a unit, as a range where it is tied, empty where it has none."""
    if code not in layer.ranks.index or pd.isna(layer.ranks.loc[code, "rank"]):
        return ""
    return tie_text(int(layer.ranks.loc[code, "rank"]), int(layer.ranks.loc[code, "tied"]), words)


def tie_text(rank: int, tied: int, words: Words) -> str:
    """Return a rank, or the first and last rank of a tie."""
    return str(rank) if rank == tied else words.say("value.tied", rank=rank, tied=tied)


def _interval(layer: Layer, code: str) -> tuple[float | None, float | None]:
    if layer.standard_errors is None or pd.isna(layer.standard_errors.get(code)):
        return None, None
    half = _NORMAL95 * float(layer.standard_errors[code])
    value = float(layer.values[code])
    return value - half, value + half


def _ranking_scale(layer: Layer) -> Scale:
    values = [float(v) for v in layer.values.dropna()]
    ends = [end for code in layer.values.dropna().index for end in _interval(layer, str(code))]
    everything = [*values, *ends, layer.national]
    plain = scale_of(everything)
    close_to_zero = plain.low >= 0 and plain.low < 0.5 * plain.high
    return scale_of(everything, zero=close_to_zero)


def _has_gap(layer: Layer) -> bool:
    if layer.gap is None:
        return False
    units = layer.gap.drop(index=COUNTRY, errors="ignore")
    return bool(units[["urban", "rural"]].notna().all(axis=1).any())


def _gap_scale(layer: Layer) -> Scale | None:
    if not _has_gap(layer) or layer.gap is None:
        return None
    shown = layer.gap[["urban", "rural"]]
    plain = scale_of(float(v) for v in shown.to_numpy().ravel())
    return scale_of([plain.low, plain.high], zero=0 <= plain.low < 0.5 * plain.high)


def _gap_country(layer: Layer, sides: Scale) -> dict[str, Any]:
    row = layer.gap.loc[COUNTRY] if layer.gap is not None and COUNTRY in layer.gap.index else None
    return {
        "year": str(layer.gap_year or layer.year),
        "urban": None if row is None else sides.at(float(row["urban"])),
        "rural": None if row is None else sides.at(float(row["rural"])),
    }


def _mark(value: float | None, scale: Scale, layer: Layer, words: Words) -> dict[str, Any] | None:
    if value is None or not math.isfinite(value):
        return None
    text = words.say("map.national", value=words.number(value, layer.digits))
    return {"at": scale.at(value), "text": text}


def _colour_of_unit(atlas: Atlas, layer: Layer, words: Words) -> dict[str, str]:
    if layer.is_count or layer.values.notna().sum() == 0:
        return dict.fromkeys(map(str, layer.values.index), SEQUENTIAL_NEUTRAL[3])
    classes = layer_classes(atlas.study, layer, words=words)
    colours = layer_colours(layer, classes)
    placed = classes.assign(layer.values)
    return {str(code): colours[int(i)] for code, i in placed.items() if i >= 0}


def trend_of(layer: Layer, geography: Geography, words: Words) -> dict[str, Any] | None:
    """Return the trend as lines on a unit square: units thin, the country thick, breaks marked.

    None where fewer than two years are published.
    """
    years = sorted(int(year) for year in layer.trend.columns)
    if len(years) < 2:
        return None
    table = layer.trend.rename(columns=int)[years]
    plain = scale_of(float(v) for v in table.to_numpy(dtype=float).ravel())
    scale = scale_of([plain.low, plain.high], zero=0 <= plain.low < 0.5 * plain.high)
    across = Scale(years[0], years[-1])
    units = table.drop(index=COUNTRY, errors="ignore")
    country = table.loc[COUNTRY] if COUNTRY in table.index else None
    return {
        "text": trend_sentence(layer, geography, words),
        "units": [line for line in (_line(row, across, scale) for _, row in units.iterrows()) if line],
        "country": [] if country is None else _line(country, across, scale),
        "years": [{"at": across.at(year), "text": str(year)} for year in _some_years(years)],
        "ticks": [
            {"at": scale.at(tick), "text": words.number(tick, _tick_digits(scale))}
            for tick in ticks(scale, most=3)
        ],
        "breaks": [
            {"at": across.at(year - 0.5), "text": f"{year}: {text}"}
            for year, text in sorted(layer.breaks_in_trend.items())
            if years[0] < year <= years[-1]
        ],
        "dots": len(years) <= 3,
    }


def _line(row: pd.Series, across: Scale, scale: Scale) -> list[list[float | None]]:
    return [[across.at(int(year)), scale.at(float(value))] for year, value in row.dropna().items()]


def _some_years(years: list[int], *, most: int = 4) -> list[int]:
    """Return the first and last year and a few between, evenly."""
    if len(years) <= most:
        return years
    step = (years[-1] - years[0]) / (most - 1)
    return sorted({years[0], years[-1], *(round(years[0] + i * step) for i in range(1, most - 1))})


def _tick_digits(scale: Scale) -> int:
    marks = ticks(scale, most=3)
    return next((d for d in range(4) if all(abs(round(m, d) - m) < 1e-9 for m in marks)), 4)
