"""What stands around the pages of the book: cover, clusters, claims, methods, sources, what is not known."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from atlasgeo.columns import CANNOT_BE_SIGNIFICANT
from childatlas.atlas.captions import endorsement, how_to_read
from childatlas.atlas.claims import claim_sentence, claim_years
from childatlas.atlas.clusters import (
    cluster_sentence,
    cluster_title,
    clusters_found,
    members,
    moran_meaning,
    moran_p,
    moran_row,
    suggested,
)
from childatlas.atlas.places import place_names, places
from childatlas.atlas.profiles import unit_profiles
from childatlas.atlas.scales import scale_of
from childatlas.atlas.spreads import layer_spread
from childatlas.atlas.tables import country_name, flattened, known_names
from childatlas.atlas.words import Words
from childatlas.layers import LAGGING, MAY_LAG, Atlas, Layer

__all__ = ["book_content"]

_REASONS_AT_MOST: Final = 12


@lru_cache(maxsize=1)
def book_content(atlas: Atlas, *, words: Words) -> dict[str, Any]:
    """Return everything that the book and the page show, as plain data: text, numbers, lists, no markup.

    Worked out once an atlas: nobody may change what is returned.

    Parameters
    ----------
    atlas : Atlas
    words : Words
    """
    shown = [layer for layer in atlas.layers if not layer.carried_from]
    profiles = unit_profiles(atlas, words=words)
    return {
        "language": words.language,
        "words": {**words.group("book"), "how": how_to_read(atlas, words), **_ranks_words(atlas, words)},
        "cover": _cover(atlas, words),
        "notes": list(atlas.notes),
        "layers": [layer_spread(atlas, layer, words=words) for layer in shown],
        "profiles": profiles,
        "chapters": [asdict(chapter) for chapter in atlas.chapters],
        "chapters_title": words.say("inquiry.chapters"),
        "chapters_note": words.say("inquiry.synthetic") if atlas.synthetic else "",
        "profiles_title": words.say("book.part_units", level=_level_title(atlas, words)),
        "clusters": _clusters(atlas, shown, words),
        "lowest": _lowest(atlas, profiles, words),
        "claims": [_claim(atlas, i, words) for i in range(len(atlas.study.claims))],
        "methods": [[name, how] for name, how in atlas.methods.items()],
        "software": [[name, version] for name, version in sorted(atlas.versions.items())],
        "inputs": [[path, digest] for path, digest in atlas.inputs],
        "dropped": _dropped(atlas),
        "sources": _sources(shown, words),
        "missing": _missing(atlas, words),
    }


def _level_title(atlas: Atlas, words: Words) -> str:
    return words.name("levels", next(iter(atlas.geographies.values())).level)


def _cover(atlas: Atlas, words: Words) -> dict[str, str]:
    own = next(iter(atlas.geographies.values()))
    units = words.count(len(own.units), own.level)
    return {
        "title": words.pick(atlas.study.title),
        "subtitle": words.say("book.subtitle", units=units, country=country_name(atlas, words)),
        "country": country_name(atlas, words),
        "made": words.say("book.made", run=atlas.run_id, seed=atlas.study.seed),
        "credit": words.say("foot.boundaries", credit=own.credit.rstrip(". ")),
        "endorsement": endorsement(atlas, words),
        "foot": words.say("book.run_foot", run=atlas.run_id),
        "note": words.pick(atlas.study.note),
    }


def _clusters(atlas: Atlas, shown: list[Layer], words: Words) -> dict[str, Any]:
    judged = [layer for layer in shown if layer.local_moran is not None]
    return {
        "rows": [_cluster_row(atlas, layer, words) for layer in judged],
        "maps": [
            {
                "key": layer.key,
                "title": cluster_title(layer, atlas.geographies[layer.geography], words),
                "text": cluster_sentence(layer, atlas.geographies[layer.geography], words),
                "year": layer.year,
            }
            for layer in _worth_a_map(judged)
        ],
        "unjudged": [
            [words.pick(layer.label), str(layer.year), layer.no_statistics]
            for layer in shown
            if layer.local_moran is None
        ],
    }


def _worth_a_map(judged: list[Layer]) -> list[Layer]:
    """Return the layers with a cluster; where there is none, the first that was judged, to show just that."""
    return [layer for layer in judged if clusters_found(layer.local_moran)] or judged[:1]


def _cluster_row(atlas: Atlas, layer: Layer, words: Words) -> dict[str, Any]:
    geography = atlas.geographies[layer.geography]
    names, row = place_names(geography, words), moran_row(layer)
    p = None if row is None else moran_p(row)
    found = clusters_found(layer.local_moran)
    told = [f"{words.name('clusters', kind)}: {places(codes, names, words)}" for kind, codes in found.items()]
    return {
        "label": words.pick(layer.label),
        "year": str(layer.year),
        "n": str(int(layer.values.notna().sum())),
        "moran": "" if row is None else words.number(float(row["statistic"]), 2),
        "expected": "" if row is None else words.number(float(row["expected"]), 2),
        "p": "" if p is None else words.number(p, 3) if p >= 0.001 else f"< {words.number(0.001, 3)}",
        "together": row is not None and moran_meaning(row) == "together",
        "found": "; ".join(told),
        "suggested": places(suggested(layer.local_moran), names, words),
        "cannot": places(members(layer.local_moran, CANNOT_BE_SIGNIFICANT), names, words),
    }


def _ranks_words(atlas: Atlas, words: Words) -> dict[str, str]:
    """Return heading and note of the ranks where figures have errors, which point estimates alone lack."""
    first = next((layer for layer in atlas.layers if layer.rank_sets is not None), None)
    if first is None or first is not next(iter(atlas.layers), None):
        return {}
    invented = [words.say("book.ranks_synthetic")] if first.synthetic else []
    note = " ".join([words.say("book.ranks_note"), *invented])
    return {"part_lowest": words.say("book.part_ranks"), "lowest_note": note}


def _lowest(atlas: Atlas, profiles: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    """Return the list of the first layer that has one, and how often each unit is in the worst fifth."""
    table = atlas.tables.get("lowest", pd.DataFrame())
    plain = flattened(table) if len(table) else table
    title, rows = "", []
    if len(plain) and "unit" in plain:
        layer = _listed_layer(atlas, plain)
        title = f"{words.pick(layer.label)}, {layer.year}" if layer else ""
        chosen = plain[plain["layer"] == layer.key] if layer and "layer" in plain else plain
        rows = [
            _lowest_row(row, layer, known_names(atlas, words), words=words)
            for row in chosen.to_dict("records")
        ]
    tally = [
        {
            "name": profile["name"],
            "worst": sum(row["side"] == "worst" for row in profile["rows"]),
            "best": sum(row["side"] == "best" for row in profile["rows"]),
            "ranked": sum(row["directed"] for row in profile["rows"]),
        }
        for profile in profiles
    ]
    scale = scale_of([float(t["worst"]) for t in tally] + [float(t["best"]) for t in tally], zero=True)
    for_chart = [
        {**t, "worst_at": scale.at(float(t["worst"])), "best_at": scale.at(float(t["best"]))} for t in tally
    ]
    return {
        "title": title,
        "rows": rows,
        "tally": sorted(for_chart, key=lambda t: (-t["worst"], t["best"], t["name"])),
    }


def _listed_layer(atlas: Atlas, table: pd.DataFrame) -> Layer | None:
    if "layer" not in table:
        return None
    keys = set(table["layer"])
    return next((layer for layer in atlas.layers if layer.key in keys), None)


def _lowest_row(
    row: dict[str, Any], layer: Layer | None, names: dict[str, str], *, words: Words
) -> dict[str, Any]:
    digits = layer.digits if layer else 1
    rank, tied = row.get("rank"), row.get("tied")
    ranked = rank is not None and not pd.isna(rank)
    tie = words.say("value.tied", rank=rank, tied=tied) if ranked and rank != tied else str(rank)
    flag = str(layer.flags.get(row["unit"], "") or "") if layer else ""
    return {
        "rank": tie if ranked else "",
        "name": names.get(str(row["unit"]), str(row["unit"])),
        "value": "" if pd.isna(row["value"]) else words.number(float(row["value"]), digits),
        "coverage": _percent(row.get("coverage"), words),
        "children": _whole(row.get("children"), words),
        "modelled": "modelled" in str(row.get("children_flag", "")),
        "flag": words.join(words.name("flags", part) for part in flag.split(";") if part),
        "marked": bool(row.get("standing")),
        "standing": _standing_text(row.get("standing"), words),
    }


def _standing_text(word: Any, words: Words) -> str:
    """Return the word that a place in the ranks has earned, in the words' language."""
    known = {LAGGING: "book.lagging", MAY_LAG: "book.may_lag"}
    return words.say(known.get(str(word), "book.lowest_mark")) if word else ""


def _percent(value: Any, words: Words) -> str:
    return "" if value is None or pd.isna(value) else words.number(100 * float(value), 0) + " %"


def _whole(value: Any, words: Words) -> str:
    return "" if value is None or pd.isna(value) else words.number(float(value), 0)


def _claim(atlas: Atlas, position: int, words: Words) -> dict[str, Any]:
    claim = atlas.study.claims[position]
    years = claim_years(atlas, claim)
    scale = scale_of([float(v) for v in years["ratio"].dropna()] + [claim.claimed], zero=True)
    names = known_names(atlas, words)
    residence = claim.kind == "residence ratio"
    rows = [
        {
            "year": str(row["year"]),
            "numerator": words.number(float(row["numerator"]), 1),
            "denominator": words.number(float(row["denominator"]), 1),
            "ratio": words.number(float(row["ratio"]), 1),
            "at": scale.at(float(row["ratio"])),
            "units": words.join(
                names.get(code, code) for code in str(row.get("units") or "").split(";") if code
            ),
        }
        for row in years.to_dict("records")
    ]
    return {
        "text": words.pick(claim.text),
        "claimed": words.say("book.claimed", value=words.number(claim.claimed, 1)),
        "claimed_at": scale.at(claim.claimed),
        "sentence": claim_sentence(atlas, claim, words),
        "heads": [
            words.say(f"book.claim_{key}")
            for key in (("numerator", "denominator") if residence else ("poorest", "capital"))
        ],
        "units": not residence,
        "rows": rows,
    }


def _dropped(atlas: Atlas) -> list[list[str]]:
    if atlas.dropped.empty:
        return []
    counts = atlas.dropped["reason"].astype(str).value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))
    return [[str(reason), str(int(n))] for reason, n in ordered[:_REASONS_AT_MOST]]


def _sources(shown: list[Layer], words: Words) -> list[list[str]]:
    """Return label, years, source, licence and link of each layer, without repeating one."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for layer in shown:
        key = (words.pick(layer.label), layer.source, layer.licence, layer.link)
        seen.setdefault(key, []).append(str(layer.year))
    return [
        [label, ", ".join(sorted(set(years))), source, licence, link]
        for (label, source, licence, link), years in seen.items()
    ]


def _missing(atlas: Atlas, words: Words) -> dict[str, Any]:
    """Return the parts of each index without a figure, and the catalogued indicators without a map."""
    parts = []
    for layer in atlas.layers:
        if layer.detail is None:
            continue
        empty = [str(column) for column in layer.detail.columns[layer.detail.isna().all().tolist()]]
        told = [words.name("components", column) for column in empty]
        if told:
            parts.append([f"{words.pick(layer.label)}, {layer.year}", "; ".join(told)])
    absent = atlas.tables.get("absent", pd.DataFrame())
    rows = (
        [[str(row["indicator"]), str(row["reason"])] for row in absent.to_dict("records")]
        if len(absent)
        else []
    )
    return {"parts": parts, "absent": rows}
