"""The interactive maps: which layers stand on which page, and what each says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atlasgeo.columns import CLUSTER
from childatlas.atlas.captions import capital, endorsement, level_name, source_line, subtitle
from childatlas.atlas.classing import layer_classes, layer_colours
from childatlas.atlas.clusters import cluster_sentence, clusters_found
from childatlas.atlas.findings import finding
from childatlas.atlas.pictures import file_name
from childatlas.atlas.places import place_names
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Geography, Layer

if TYPE_CHECKING:
    from atlasgeo.maps.interactive import WebLayer

__all__ = ["write_interactive_pages"]


def write_interactive_pages(atlas: Atlas, folder: Path, *, words: Words) -> list[Path]:
    """Write one page a geography and return the paths, the study's own first.

    Parameters
    ----------
    atlas : Atlas
    folder : Path
    words : Words

    Returns
    -------
    list of Path
        ``<level>.html`` for the first geography of a level, ``<key>.html`` for older ones.
    """
    from atlasgeo.maps.interactive import write_interactive
    from atlasgeo.maps.wording import MapText

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for stem, geography in page_stems(atlas).items():
        layers = [
            web
            for layer in atlas.layers
            if layer.geography == geography.key
            for web in _web_layers(atlas, layer, geography, words)
        ]
        if not layers:
            continue
        own = geography is next(iter(atlas.geographies.values()))
        units = f"{level_name(geography, words)}, {geography.year}"
        title = words.pick(atlas.study.title) + ("" if own else f": {units}")
        text = MapText(
            title=title,
            language=words.language,
            decimal=words.texts["format.decimal"],
            thousands=words.texts["format.thousands"],
            words=words.group("picture"),
        )
        credit = words.say("foot.boundaries", credit=geography.credit.rstrip(". "))
        run = words.say("foot.run", run=atlas.run_id)
        paths.append(
            write_interactive(
                folder / f"{stem}.html",
                geography.shapes,
                layers,
                title=title,
                words=text,
                names=place_names(geography, words),
                credit=f"{credit} {endorsement(atlas, words)} {run}",
            )
        )
    return paths


def page_stems(atlas: Atlas) -> dict[str, Geography]:
    """Return the name of the page of each geography: its level where it is the first of it, else its key."""
    stems: dict[str, Geography] = {}
    for geography in atlas.geographies.values():
        level = file_name(atlas.called(geography.level))
        stems[file_name(atlas.called(geography.key)) if level in stems else level] = geography
    return stems


def _web_layers(atlas: Atlas, layer: Layer, geography: Geography, words: Words) -> list[WebLayer]:
    """Return the layer of values, and that of clusters for an index or where any cluster survives."""
    found = [_value_layer(atlas, layer, geography, words)]
    if layer.local_moran is not None and (layer.kind == "index" or clusters_found(layer.local_moran)):
        found.append(_cluster_layer(layer, geography, words))
    return found


def _value_layer(atlas: Atlas, layer: Layer, geography: Geography, words: Words) -> WebLayer:
    from atlasgeo.maps.interactive import WebLayer

    measured = not layer.is_count and bool(layer.values.notna().any())
    classes = layer_classes(atlas.study, layer, words=words) if measured else None
    measure = words.pick(layer.measure) or words.pick(layer.label)
    legend = words.say("map.legend", measure=measure, level=level_name(geography, words))
    return WebLayer(
        key=layer.key,
        label=f"{words.pick(layer.label)}, {layer.year}",
        title=f"{finding(layer, geography, words)}. {subtitle(layer, geography, words)}",
        values=layer.values,
        classes=classes,
        colours=layer_colours(layer, classes) if classes else (),
        kind="count" if layer.is_count else "rate",
        measure="" if layer.categories else measure,  # a label is no amount of anything
        source=source_line(layer, words),
        legend_title=capital(legend),
        note=words.pick(layer.note),
        digits=layer.digits,
        low_first=layer.direction == "higher_is_better",
        national=layer.national,
        errors=layer.standard_errors,
        flags=layer.flags,
        trend=layer.trend if layer.trend.shape[1] > 1 else None,
    )


def _cluster_layer(layer: Layer, geography: Geography, words: Words) -> WebLayer:
    from atlasgeo.maps.interactive import WebLayer

    label = words.pick(layer.label)
    local = layer.local_moran
    return WebLayer(
        key=f"{layer.key}-clusters",
        label=words.say("interactive.clusters", label=label, year=layer.year),
        title=f"{label}, {layer.year}. {cluster_sentence(layer, geography, words)}",
        values=layer.values if local is None else local[CLUSTER],
        kind="cluster",
        measure=words.say("interactive.cluster"),
        source=source_line(layer, words),
        legend_title=capital(level_name(geography, words)),
    )
