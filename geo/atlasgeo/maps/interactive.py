"""The interactive map: one file that opens from a memory stick and asks no network for anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from atlasgeo.columns import SYNTHETIC
from atlasgeo.errors import BoundaryError, DataError
from atlasgeo.maps.leaflet import leaflet_script, leaflet_style, page_script, page_style
from atlasgeo.maps.patterns import has_flag
from atlasgeo.maps.weblayer import WebLayer, layer_data
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd

__all__ = ["WebLayer", "write_interactive"]

DETAIL: Final = 3000  # pixels across the whole map at which simplified borders still look whole
POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
_WORDS: Final = ("interval", "rank", "country", "trend", "source", "layers", "search", "not_found")


def write_interactive(
    path: str | Path,
    shapes: gpd.GeoDataFrame,
    layers: Sequence[WebLayer],
    *,
    title: str,
    words: MapText | Mapping[str, str],
    names: Mapping[str, str] | pd.Series,
    credit: str,
    language: str = "en",
    border: float = 1.0,
) -> Path:
    """Write one self-contained page with all `layers` on one map, and return its path.

    Parameters
    ----------
    path : str or Path
    shapes : GeoDataFrame
        Indexed by unit code, with a CRS.
    layers : sequence of WebLayer
        The first is shown at first.
    title : str
    words : MapText or mapping
        Words of the page (keys of `wording.ENGLISH`); a MapText also says how numbers are written.
    names : mapping of code -> name
    credit : str
        Source of boundaries and what they do not imply.
    language : str
        Of the page, where `words` is a mapping.
    border : float
        Width of the borders in pixels.

    Returns
    -------
    Path

    Raises
    ------
    BoundaryError
        If shapes have no CRS, repeat a code or are empty.
    DataError
        If there is no layer, keys of layers repeat, or a layer has a unit without a shape.

    Notes
    -----
    The page is made by folium without tiles; Leaflet comes from the package XStatic-Leaflet and stands
    inside the file, as do the typeface and all figures. A content security policy forbids the page to
    load anything. Names and texts never become markup: they travel as JSON and are set as text.
    """
    _check(shapes, layers)
    text = words if isinstance(words, MapText) else MapText(title=title, language=language, words=dict(words))
    degrees, places = _degrees(shapes)
    codes = [str(code) for code in shapes.index]
    page, drawn = _folium_map(degrees)
    data = {
        "map": page.get_name(),
        "shapes": drawn,
        "border": border,
        "names": {code: str(names.get(code, code)) for code in codes},
        "words": {key: text.word(key) for key in _WORDS},
        "layers": [layer_data(layer, codes, text=text, places=places) for layer in layers],
    }
    _furnish(page, data, title=title, credit=credit)
    written = Path(path)
    written.parent.mkdir(parents=True, exist_ok=True)
    invented = any(any(has_flag(layer.flags, SYNTHETIC, codes)) for layer in layers)
    mark = _watermark(text.word(SYNTHETIC)) if invented else ""
    written.write_text(_finished(page, text.language, mark), encoding="utf-8", newline="\n")
    return written


def _check(shapes: gpd.GeoDataFrame, layers: Sequence[WebLayer]) -> None:
    if len(shapes) == 0 or shapes.index.has_duplicates:
        raise BoundaryError("shapes of the page are empty or repeat a code", found=f"{len(shapes)} shapes")
    if shapes.crs is None:
        raise BoundaryError(
            "shapes without a CRS have no place on an interactive map",
            expected="a GeoDataFrame with a CRS",
            fix="read them with `crs` or `assume_crs`",
        )
    keys = [layer.key for layer in layers]
    if not keys or len(set(keys)) < len(keys):
        raise DataError(
            "the page needs layers with keys of their own", found=keys, expected="one layer or more"
        )


def _degrees(shapes: gpd.GeoDataFrame) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """Return the shapes as GeoJSON in degrees, simplified as a coverage, and a place inside each."""
    import geopandas as gpd
    import shapely

    geometry = np.asarray(shapes.geometry.values, dtype=object)
    geometry = np.array([shapely.Polygon() if shape is None else shape for shape in geometry], dtype=object)
    left, _, right, _ = shapely.total_bounds(geometry)
    areal = bool((shapely.get_dimensions(geometry[~shapely.is_empty(geometry)]) == 2).all())
    simple = shapely.coverage_simplify(geometry, (right - left) / DETAIL) if areal else geometry
    moved = gpd.GeoSeries(simple, crs=shapes.crs).to_crs(4326)
    wide = float(moved.total_bounds[2] - moved.total_bounds[0])
    digits = 4 if wide > 2 else 6
    features, places = [], {}
    for code, shape in zip(shapes.index, np.asarray(moved.values, dtype=object), strict=True):
        if shape.is_empty:
            continue
        rounded = shapely.transform(shape, lambda points: np.round(points, digits))
        properties = {"unit": str(code)}
        outline = json.loads(shapely.to_geojson(rounded))
        features.append({"type": "Feature", "properties": properties, "geometry": outline})
        inside = shapely.point_on_surface(shape)
        places[str(code)] = (round(float(inside.y), digits), round(float(inside.x), digits))
    return {"type": "FeatureCollection", "features": features}, places


def _folium_map(degrees: dict[str, Any]) -> tuple[folium.Map, str]:
    """Return a folium map of the shapes that names no file of any network, and the name of its shapes."""
    import folium

    page = folium.Map(tiles=None, zoom_snap=0.25, attribution_control=False, max_bounds_viscosity=0.8)
    page.default_js, page.default_css = [], []
    page._id = "atlas"
    shapes = folium.GeoJson(degrees, name="units", smooth_factor=0.0, control=False)
    shapes._id = "units"
    page.add_child(shapes)
    return page, shapes.get_name()


def _furnish(page: folium.Map, data: Mapping[str, Any], *, title: str, credit: str) -> None:
    """Put styles and scripts into the head, heading, foot and data into the body."""
    root: Any = page.get_root()
    head = (
        ("policy", f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        ("title", f"<title>{escape(title)}</title>"),
        ("leaflet-style", f"<style>{leaflet_style()}</style>"),
        ("leaflet-script", f"<script>{leaflet_script()}</script>"),
    )
    for name, markup in head:
        root.header.add_child(_raw(markup), name=name)
    heading = f'<h1>{escape(title)}</h1><p id="layer-title" aria-live="polite"></p>'
    above = f'<header class="page-head">{heading}</header>'
    credited = f"<p>{escape(credit)}</p>"
    below = f'<footer class="page-foot"><p id="layer-note" tabindex="0" hidden></p>{credited}</footer>'
    root.html.add_child(_raw(above), name="above")
    root.html.add_child(_raw(below), name="below")
    figures = f'<script type="application/json" id="atlas-data">{_json(data)}</script>'
    root.html.add_child(_raw(figures), name="data")
    page.add_child(_last_script())


def _raw(markup: str) -> Any:
    """Return an element that is written as it stands: nothing in it is read as a template."""
    from branca.element import Element

    element: Any = Element("{{ this.markup }}")
    element.markup = markup
    return element


def _last_script() -> Any:
    """Return the page's script as a part of the map, so that folium writes it after map and shapes."""
    from branca.element import MacroElement
    from jinja2 import Template

    element: Any = MacroElement()  # type: ignore[no-untyped-call]
    element._template = Template("{% macro script(this, kwargs) %}{{ this.code }}{% endmacro %}")
    element._id, element.code = "page", page_script()
    return element


def _json(data: Mapping[str, Any]) -> str:
    """Return data as JSON that cannot end the script it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _watermark(word: str) -> str:
    """Return the style that lays one word, large and pale, across the map; it takes no clicks."""
    plain = "".join(sign if sign.isalnum() or sign in " ,-" else " " for sign in word)
    return (
        f'.folium-map::after {{ content: "{plain}"; position: absolute; inset: 0; z-index: 650; '
        "display: grid; place-items: center; pointer-events: none; font-size: min(14vw, 9rem); "
        "font-weight: 600; opacity: 0.16; color: #22262b; transform: rotate(-18deg); }"
    )


def _finished(page: folium.Map, language: str, mark: str = "") -> str:
    """Return the page with its language, a view that can be enlarged, and its style after all others."""
    markup = page.get_root().render()
    markup = markup.replace("<html>", f'<html lang="{escape(language)}">', 1)
    markup = markup.replace(", maximum-scale=1.0, user-scalable=no", "")
    style = f"<style>{page_style()}{mark}</style>\n</head>"
    return markup.replace("</head>", style, 1) + "\n"
