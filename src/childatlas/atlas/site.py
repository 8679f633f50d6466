"""The page: one HTML file that links maps, tables and the interactive maps, and needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pandas as pd

from atlasgeo.maps.typeface import BOLD, REGULAR, webfont
from childatlas.atlas.clusters import cluster_sentence
from childatlas.atlas.pages import page_stems
from childatlas.atlas.parts import book_content
from childatlas.atlas.pictures import Picture, file_name
from childatlas.atlas.spreads import layer_spread, unranked_rows
from childatlas.atlas.tables import all_tables
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

__all__ = ["write_site"]

_VIEWS: Final = {
    "map": "site.map",
    "clusters": "site.cluster_map",
    "scatter": "site.scatter",
    "gap": "site.gap_chart",
    "ranks": "site.rank_chart",
}
_DOORS: Final = {
    "atlas.pdf": "site.open_book",
    "atlas.xlsx": "site.open_workbook",
    "atlas.gpkg": "site.open_geopackage",
    "report.md": "site.open_report",
    "manifest.json": "site.open_manifest",
}
_WEIGHTS: Final = {REGULAR: 400, BOLD: 600}

Pictures = Mapping[str, Mapping[str, Picture]]


def write_site(atlas: Atlas, pictures: Pictures, folder: Path, *, words: Words) -> Path:
    """Write ``<folder>/index.html`` and return its path.

    Parameters
    ----------
    atlas : Atlas
    pictures : mapping of layer key -> kind -> Picture
    folder : Path
        Holds the maps and tables that the page links.
    words : Words

    Returns
    -------
    Path

    Notes
    -----
    Typeface, style and script stand inside the page; every link is relative. The template escapes every text,
    and a policy in the page's head forbids it to load anything from elsewhere.
    """
    content = book_content(atlas, words=words)
    page = _template().render(
        d=content,
        s=words.group("site"),
        lead=_lead(atlas, words),
        doors=_doors(atlas, words),
        groups=_groups(atlas, pictures, content, words),
        files=_files(atlas, words),
        made=words.say("site.made", run=atlas.run_id, version=atlas.versions.get("childatlas", "")),
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    own = {name: Markup(_part(f"page.{name}")) for name in ("css", "js")}  # noqa: S704 (files of this package)
    return environment.from_string(_part("page.html.j2"), globals={**own, "faces": Markup(_faces())})  # noqa: S704


@cache
def _part(name: str) -> str:
    return (files("childatlas.atlas") / "page" / name).read_text(encoding="utf-8")


@cache
def _faces() -> str:
    """Return the style rules that carry the typeface inside the page."""
    rules = [
        '@font-face { font-family: "Source Sans Pro"; font-display: swap; '
        f'font-weight: {number}; src: url("data:font/woff;base64,{webfont(weight)}") format("woff"); }}'
        for weight, number in _WEIGHTS.items()
    ]
    return "\n".join(rules)


def _lead(atlas: Atlas, words: Words) -> str:
    own = next(iter(atlas.geographies.values()))
    return words.say("site.lead", units=words.count(len(own.units), own.level), layers=len(atlas.layers))


def _doors(atlas: Atlas, words: Words) -> list[dict[str, str]]:
    stems = page_stems(atlas)
    maps = [
        {
            "href": f"interactive/{quote(stem)}.html",
            "text": words.say("site.open_interactive")
            + (f", {_when(geography, words)}" if len(stems) > 1 else ""),
        }
        for stem, geography in stems.items()
        if any(layer.geography == geography.key for layer in atlas.layers)
    ]
    return [*maps, *_files_at_top(atlas, words)]


def _files_at_top(atlas: Atlas, words: Words) -> list[dict[str, str]]:
    named = {name: name if name == "manifest.json" else atlas.called(name) for name in _DOORS}
    return [{"href": named[name], "text": words.say(key)} for name, key in _DOORS.items()]


def _when(geography: Geography, words: Words) -> str:
    return f"{words.plural(geography.level)} {geography.year}"


def _groups(atlas: Atlas, pictures: Pictures, content: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    """Return the layers in three groups: indices, indicators, and those carried from former units."""
    spreads = {spread["key"]: spread for spread in content["layers"]}
    groups: dict[str, list[dict[str, Any]]] = {"part_indices": [], "part_indicators": [], "part_carried": []}
    for layer in atlas.layers:
        group = (
            "part_carried"
            if layer.carried_from
            else f"part_{'indices' if layer.kind == 'index' else 'indicators'}"
        )
        spread = spreads.get(layer.key) or layer_spread(atlas, layer, words=words)
        groups[group].append(_entry(atlas, layer, spread, pictures, words=words))
    return [
        {"title": words.say(f"book.{name}"), "layers": layers} for name, layers in groups.items() if layers
    ]


def _entry(
    atlas: Atlas, layer: Layer, spread: dict[str, Any], pictures: Pictures, *, words: Words
) -> dict[str, Any]:
    geography = atlas.geographies[layer.geography]
    drawn = pictures.get(layer.key, {})
    views = [
        {"path": quote(drawn[kind].path), "alt": drawn[kind].alt, "name": words.say(key)}
        for kind, key in _VIEWS.items()
        if kind in drawn
    ]
    raw = {str(code): f"{value:.12g}" for code, value in layer.values.dropna().items()}
    ranking = spread["ranking"]
    listed = unranked_rows(atlas, layer, words=words) if layer.orderless else ranking["rows"]
    rows = [{**row, "raw": raw[row["code"]]} for row in listed]
    judged = layer.local_moran is not None
    return {
        **spread,
        "ranking": {**ranking, "rows": rows},
        "anchor": f"layer-{file_name(layer.key)}",
        "search": f"{spread['label']} {spread['title']} {layer.id} {layer.year}".casefold(),
        "views": views,
        "cluster": cluster_sentence(layer, geography, words) if judged else "",
        "safe_link": layer.link if urlsplit(layer.link).scheme in {"http", "https"} else "",
        "values_title": words.say("site.show_values", units=words.count(len(layer.values), geography.level)),
    }


def _files(atlas: Atlas, words: Words) -> list[dict[str, str]]:
    found = []
    for name, table in all_tables(atlas, words).items():
        rows = words.say("site.rows", n=words.number(len(pd.DataFrame(table)), 0))
        found.append({"href": f"tables/{quote(name)}.csv", "name": f"{name}.csv", "rows": rows})
    return found
