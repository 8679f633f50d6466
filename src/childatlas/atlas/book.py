"""The book: one PDF, set by typst in this process, from plain data that typst never reads as markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from atlasgeo.columns import (
    CANNOT_BE_SIGNIFICANT,
    HIGH_HIGH,
    HIGH_LOW,
    LOW_HIGH,
    LOW_LOW,
    NO_DATA,
    NOT_SIGNIFICANT,
)
from atlasgeo.maps.palettes import CLUSTERS
from atlasgeo.maps.typeface import font_folder
from childatlas.atlas.drawing import DETAILS
from childatlas.atlas.parts import book_content
from childatlas.atlas.pictures import Picture
from childatlas.atlas.words import Words
from childatlas.layers import Atlas

__all__ = ["write_book"]

_KEY: Final = (HIGH_HIGH, LOW_LOW, HIGH_LOW, LOW_HIGH, NOT_SIGNIFICANT, CANNOT_BE_SIGNIFICANT, NO_DATA)
_FIXED_SECOND: Final = 946_684_800  # 2000-01-01, so that the same atlas gives the same bytes

Pictures = Mapping[str, Mapping[str, Picture]]


def write_book(atlas: Atlas, pictures: Pictures, path: Path, *, words: Words) -> Path:
    """Write the atlas as a PDF and return its path.

    Parameters
    ----------
    atlas : Atlas
    pictures : mapping of layer key -> kind -> Picture
        The maps alone stand under ``path.parent / DETAILS``.
    path : Path
    words : Words

    Returns
    -------
    Path

    Notes
    -----
    Every text travels to typst as a JSON string, so no sign in a name or a source can be read as markup. No
    system font is used and no date is written: the same atlas gives the same bytes.
    """
    content = _with_pictures(book_content(atlas, words=words), pictures, words)
    import typst

    typst.compile(  # type: ignore[misc]  # its type variable is never bound
        _template(),
        str(path),
        root=str(path.parent),
        font_paths=[str(font_folder())],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(content, ensure_ascii=False, allow_nan=False)},
        timestamp=_FIXED_SECOND,
    )
    return path


@cache
def _template() -> bytes:
    return (files("childatlas.atlas") / "book.typ").read_bytes()


def _with_pictures(content: dict[str, Any], pictures: Pictures, words: Words) -> dict[str, Any]:
    """Return the content with place and description of every map."""
    layers = [layer | _map_of(pictures, layer["key"], "map") for layer in content["layers"]]
    clusters = content["clusters"]
    drawn = [
        {**found, **_map_of(pictures, found["key"], "clusters"), "legend": cluster_legend(words)}
        for found in clusters["maps"]
    ]
    first = next((layer for layer in layers if layer["map"]), {"map": None, "alt": "", "title": ""})
    cover = {**content["cover"], "map": first["map"], "alt": first["alt"], "map_title": first["title"]}
    entries = len(layers) + len(content["profiles"])
    return {
        **content,
        "contents_size": 9.0 if entries <= 60 else 7.6,
        "cover": cover,
        "layers": layers,
        "clusters": {**clusters, "maps": drawn},
    }


def _map_of(pictures: Pictures, key: str, kind: str) -> dict[str, Any]:
    picture = pictures.get(key, {}).get(kind)
    if picture is None:
        return {"map": None, "alt": ""}
    return {"map": f"/{DETAILS}/{picture.path}.svg", "alt": picture.alt}


def cluster_legend(words: Words) -> list[dict[str, str]]:
    """Return colour and meaning of each entry of a cluster map."""
    return [{"colour": CLUSTERS[kind], "label": words.name("clusters", kind)} for kind in _KEY]
