"""Every picture of an atlas: what it says is decided here, how it looks in `atlasgeo.maps`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from childatlas.atlas.captions import endorsement
from childatlas.atlas.drawing import CHARTS, DRAWN, MAPS, Drawing, draw
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Layer
from childatlas.workers import Crew, Lent

if TYPE_CHECKING:
    from atlasgeo.maps.basemap import Basemap

__all__ = ["Picture", "draw_layer", "draw_pictures", "file_name", "job_of", "plan_pictures"]

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Picture:
    """One picture of the atlas.

    Attributes
    ----------
    path : str
        Below the atlas's folder, without suffix: ``maps/oblast/poverty``.
    title, alt : str
        What it says, as a heading and for those who do not see it.
    """

    path: str
    title: str
    alt: str


Pictures = dict[str, dict[str, Picture]]


def plan_pictures(atlas: Atlas, *, words: Words) -> dict[str, Drawing]:
    """Return what the pictures of each layer are drawn from, by the layer's key.

    Notes
    -----
    Shapes are laid out once a geography.
    """
    from atlasgeo.maps.basemap import prepare_basemap
    from atlasgeo.maps.page import new_page, sheet

    new_page(sheet())  # what every process draws with is loaded here, once, and shared by all
    basemaps = {
        key: prepare_basemap(geography.shapes, parents=geography.parents)
        for key, geography in atlas.geographies.items()
    }
    return {layer.key: _job(atlas, layer, basemaps[layer.geography], words) for layer in atlas.layers}


def draw_pictures(
    keys: Sequence[str], folder: Path, *, crew: Crew, tick: Tick | None = None
) -> tuple[Pictures, Callable[[], Pictures]]:
    """Draw every picture of every layer under ``<folder>/maps``: those the book needs, and a wait for all.

    Parameters
    ----------
    keys : sequence of str
        Layers, in the order in which they are drawn.
    folder : Path
        Where the atlas is being written.
    crew : Crew
        Was lent what `plan_pictures` returns, under the layers' keys. The bytes do not depend on it.
    tick : callable, optional
        Called with a layer's key when its maps stand.

    Returns
    -------
    first : dict of key -> dict of kind -> Picture
        The maps: ``map``, and ``clusters`` where statistics ran.
    rest : callable
        Waits for the charts too and returns all: ``scatter`` where statistics ran, ``gap`` where town and
        village are told apart, ``ranks`` where there are two years or more.
    """
    maps = {key: crew.start(draw_layer, Lent(key), folder, kinds=MAPS, details=MAPS) for key in keys}
    charts = {key: crew.start(draw_layer, Lent(key), folder, kinds=CHARTS) for key in keys}
    drawn: Pictures = {}
    for key, result in maps.items():
        drawn[key] = result()
        if tick:
            tick(key)

    def rest() -> Pictures:
        return {key: {**drawn[key], **result()} for key, result in charts.items()}

    return drawn, rest


def _job(atlas: Atlas, layer: Layer, basemap: Basemap, words: Words) -> Drawing:
    level = file_name(atlas.geographies[layer.geography].level)
    stem = f"maps/{level}/{file_name(atlas.stem(layer))}"
    return job_of(atlas, layer, words=words, stem=stem, basemap=basemap)


def job_of(atlas: Atlas, layer: Layer, *, words: Words, stem: str, basemap: Basemap | None = None) -> Drawing:
    """Return what the pictures of one layer are drawn from; without a basemap one is laid out for it alone.

    Parameters
    ----------
    atlas : Atlas
    layer : Layer
    words : Words
    stem : str
        Path of the pictures below the folder, without suffix.
    basemap : Basemap, optional
    """
    geography = atlas.geographies[layer.geography]
    if basemap is None:
        from atlasgeo.maps.basemap import prepare_basemap

        basemap = prepare_basemap(geography.shapes, parents=geography.parents)
    last = endorsement(atlas, words)
    return Drawing(atlas.study, atlas.run_id, layer, geography, basemap, words, stem, last)


def file_name(name: str) -> str:
    """Return `name` as part of a path: letters, digits, ``-_.`` and nothing else, never a step up."""
    kept = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)
    return kept.lstrip(".") or "_"


def draw_layer(
    job: Drawing, folder: Path, *, kinds: Sequence[str] = tuple(DRAWN), details: Sequence[str] = ()
) -> dict[str, Picture]:
    """Draw the pictures of one layer and return them by kind; what it cannot have is left out."""
    found = {}
    for kind in kinds:
        made = draw(kind, job, folder, details=details)
        if made is not None:
            found[kind] = Picture(*made)
    return found
