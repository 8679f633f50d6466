"""The small print: subtitle, foot and alternative text of a picture, made from the metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.columns import LEVEL
from childatlas.atlas.findings import best_units, finding, flag_counts, order_of, worst_units
from childatlas.atlas.places import place_names
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

if TYPE_CHECKING:
    from childatlas.atlas.drawing import Drawing

__all__ = [
    "alt_text",
    "caveats",
    "endorsement",
    "facts_of",
    "foot",
    "how_to_read",
    "level_name",
    "note_of",
    "projection_name",
    "schematic_line",
    "source_line",
    "subtitle",
]

_LONGEST_NOTE: Final = 620
_CUT_NOTE: Final = 330


def level_name(geography: Geography, words: Words) -> str:
    """Return the plural of the geography's level, for headings: ``oblasts``."""
    return words.plural(geography.level)


def subtitle(layer: Layer, geography: Geography, words: Words) -> str:
    """Return unit of measure, population, residence where not total, level and year, as one line."""
    population = words.pick(layer.population)
    bare = bool(layer.categories) and not population
    said = {
        "measure": words.pick(layer.measure) or words.pick(layer.label),
        "population": population or words.say("map.index_population"),
        "level": level_name(geography, words),
        "year": layer.year,
    }
    if layer.residence == "total":
        return capital(words.say("map.subtitle_bare" if bare else "map.subtitle", **said))
    residence = words.name("residence", layer.residence)
    return capital(words.say("map.subtitle_residence", residence=residence, **said))


def capital(text: str) -> str:
    """Return `text` with its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def source_line(layer: Layer, words: Words) -> str:
    """Return source and licence as printed under a picture."""
    parts = []
    if layer.source:
        parts.append(words.say("foot.source", source=layer.source.rstrip(". ")))
    if layer.licence:
        parts.append(words.say("foot.licence", licence=layer.licence.rstrip(". ")))
    return " ".join(parts)


def caveats(layer: Layer, geography: Geography, words: Words) -> list[str]:
    """Return what a reader has to know of the values, a sentence each: errors, flags, years, shapes."""
    errors = "foot.no_errors" if layer.standard_errors is None else "foot.with_errors"
    said = [] if layer.categories else [words.say(errors)]
    for flag, n in flag_counts(layer).items():
        counted = words.count(n, "value")
        said.append(words.say("foot.flagged", values=counted, flag=words.name("flags", flag)))
    if layer.years_used is not None and len(layer.years_used.dropna().unique()) > 1:
        years = layer.years_used.dropna().astype(int)
        said.append(words.say("foot.years", first=years.min(), last=years.max()))
    if layer.coverage is not None and layer.coverage.notna().any():
        said.append(words.say("foot.coverage", share=words.number(100 * float(layer.coverage.min()), 0)))
    if geography.schematic:
        said.append(schematic_line(geography, words))
    if geography.without_shape:
        said.append(words.say("foot.without_shape", places=words.join(geography.without_shape)))
    return said


def schematic_line(geography: Geography, words: Words) -> str:
    """Return that shapes are schematic, in every language of the study; nothing where they are not."""
    if not geography.schematic:
        return ""
    return words.say("foot.schematic", mark=capital(geography.mark or words.say("picture.schematic")))


def note_of(layer: Layer, words: Words) -> str:
    """Return the layer's own note as a sentence, empty where it has none."""
    note = words.pick(layer.note).rstrip(". ")
    return f"{note}." if note else ""


def short_note(layer: Layer, words: Words) -> str:
    """Return the note as the foot of a map can hold it: whole sentences, and where to read the rest."""
    note = note_of(layer, words)
    if len(note) <= _LONGEST_NOTE:
        return note
    kept = note[:_CUT_NOTE].rpartition(". ")[0]
    rest = words.say("foot.note_cut")
    return f"{kept}. {rest}" if kept else rest


def projection_name(geography: Geography) -> str:
    """Return the name of the shapes' coordinate system, or of its method where it has no name of its own."""
    crs = geography.shapes.crs
    if crs is None:
        return "none"
    if crs.name and crs.name != "unknown":
        return str(crs.name)
    operation = crs.coordinate_operation
    return str(operation.method_name) if operation is not None else str(crs.to_string())


def foot(
    layer: Layer, geography: Geography, *, words: Words, run_id: str, last: str, classes: str = ""
) -> tuple[str, ...]:
    """Return the lines under a map: source, boundaries, classes, caveats, no endorsement, projection, run.

    Parameters
    ----------
    layer : Layer
    geography : Geography
    words : Words
    run_id : str
    last : str
        That boundaries and names imply no endorsement.
    classes : str
        How values became colours, empty for a picture without classes.
    """
    boundaries = words.say("foot.boundaries", credit=geography.credit.rstrip(". "))
    vintage = words.say("foot.vintage", year=geography.year)
    projection = words.say("foot.projection", projection=projection_name(geography))
    lines = [
        source_line(layer, words),
        f"{boundaries} {vintage}",
        " ".join([classes, *caveats(layer, geography, words), short_note(layer, words)]).strip(),
        " ".join([last, projection, words.say("foot.run", run=run_id)]),
    ]
    return tuple(line for line in lines if line)


def endorsement(atlas: Atlas, words: Words) -> str:
    """Return the country's own line that boundaries and names imply no endorsement, or the usual one."""
    said = atlas.profile.get("disclaimer")
    own = words.pick(said) if isinstance(said, dict) else str(said or "")
    return own or words.say("foot.endorsement")


def how_to_read(atlas: Atlas, words: Words) -> dict[str, str]:
    """Return how to read the atlas, with the country's reforms up to the study's map."""
    own, until = next(iter(atlas.geographies.values())), atlas.study.vintage
    levels = {own.level, *(() if own.above is None else own.above[LEVEL])}
    told = [
        words.say("how.reform", year=reform["year"], text=words.pick(reform["text"]))
        for reform in atlas.profile.get("reforms", ())
        if reform["level"] in levels and reform["year"] <= until
    ]
    changed = words.say("how.borders_changed", reforms="; ".join(told)) if told else ""
    parts = ("reform", "borders_changed", "categories")
    how = {key: text for key, text in words.group("how").items() if key not in parts}
    if any(layer.categories for layer in atlas.layers):
        how["map"] = f"{how['map']} {words.say('how.categories')}"
    return {**how, "borders": f"{words.say('how.borders')} {changed}".strip()}


def alt_text(layer: Layer, geography: Geography, words: Words) -> str:
    """Return what a map says in words: finding, range, worst, best, country and what is missing."""
    ordered, names = order_of(layer), place_names(geography, words)
    missing = len(layer.values) - len(ordered)
    unit = words.plural(geography.level)
    said = {
        "finding": finding(layer, geography, words),
        "measure": words.pick(layer.measure) or words.pick(layer.label),
        "level": unit,
        "year": layer.year,
        "range": _range(ordered, layer, words),
        "worst": _ends("worst", worst_units(layer), layer, names=names, words=words),
        "best": _ends("best", best_units(layer), layer, names=names, words=words),
        "national": _national(layer, words),
        "missing": words.say("map.alt_missing", units=words.count(missing, geography.level)),
    }
    told = [words.say("map.alt", **said), schematic_line(geography, words)]
    return " ".join(" ".join(told).split())


def _range(ordered: pd.Series, layer: Layer, words: Words) -> str:
    if len(ordered) < 2 or layer.categories:
        return ""
    low, high = (words.number(float(v), layer.digits) for v in (ordered.min(), ordered.max()))
    return words.say("map.alt_range", low=low, high=high)


def _ends(end: str, codes: list[str], layer: Layer, *, names: pd.Series, words: Words) -> str:
    if not codes or layer.synthetic or layer.direction == "neutral" or len(order_of(layer)) < 2:
        return ""
    told = [
        words.say(
            "map.place_value",
            place=names.get(code, code),
            value=words.number(float(layer.values[code]), layer.digits),
        )
        for code in codes
    ]
    return words.say(f"map.alt_{end}", places=words.join(told))


def _national(layer: Layer, words: Words) -> str:
    if layer.national is None or pd.isna(layer.national):
        return ""
    return words.say("map.alt_national", value=words.number(float(layer.national), layer.digits))


def facts_of(job: Drawing, title: str) -> dict[str, str]:
    """Return what is written into the file of a picture: method, parameters, data vintage and run id."""
    layer, study = job.layer, job.study
    return {
        "Title": title,
        "Indicator": layer.id,
        "Year": str(layer.year),
        "Residence": layer.residence,
        "Geography": job.geography.key,
        "Boundaries": job.geography.credit,
        "Source": layer.source,
        "Licence": layer.licence,
        "Classes": "categories" if layer.categories else f"{study.classes.scheme}, k = {study.classes.k}",
        "Statistics": (
            f"{study.neighbours.rule} neighbours, {study.statistics.permutations} permutations, "
            f"{study.statistics.correction} at {study.statistics.alpha}, seed {study.seed}"
        ),
        "Run": job.run_id,
    }
