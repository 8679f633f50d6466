"""Leaflet and the page's own style and script, as text that goes inside a page."""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from atlasgeo.errors import SourceError
from atlasgeo.maps.typeface import BOLD, REGULAR, webfont

__all__ = ["leaflet_script", "leaflet_style", "page_script", "page_style"]


@cache
def _leaflet(name: str) -> bytes:
    """Return a file of the package XStatic-Leaflet, wherever it is installed."""
    try:
        listed = distribution("XStatic-Leaflet").files or []
    except PackageNotFoundError as error:
        raise SourceError(
            "Leaflet is not installed", expected="package XStatic-Leaflet", fix="install it"
        ) from error
    found = next((path for path in listed if path.as_posix().endswith(f"leaflet/data/{name}")), None)
    if found is None:
        raise SourceError(
            "the installed Leaflet lacks a file", found=name, expected="XStatic-Leaflet 1.9 or later"
        )
    return Path(str(found.locate())).read_bytes()


@cache
def leaflet_script() -> str:
    """Return Leaflet's script without its source map and the link to its site, which is never shown."""
    script = _leaflet("leaflet.js").decode("utf-8")
    script = re.sub(r"//# sourceMappingURL=\S*", "", script).replace(
        'href="https://leafletjs.com"', 'href="#"'
    )
    return script.replace("</script", "<\\/script")


@cache
def leaflet_style() -> str:
    """Return Leaflet's style sheet with its pictures inside it."""
    style = _leaflet("leaflet.css").decode("utf-8")

    def inline(found: re.Match[str]) -> str:
        picture = base64.b64encode(_leaflet(f"images/{found.group(1)}")).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    return re.sub(r"url\(images/([\w.-]+)\)", inline, style)


def page_style() -> str:
    """Return the page's style sheet with both weights of its typeface."""
    faces = "".join(
        f'@font-face{{font-family:"Source Sans Pro";font-weight:{number};'
        f'src:url(data:font/woff;base64,{webfont(weight)}) format("woff")}}\n'
        for number, weight in ((400, REGULAR), (600, BOLD))
    )
    return faces + _asset("page.css")


def page_script() -> str:
    """Return the script that links layers, legend, cards and search."""
    return _asset("page.js")


@cache
def _asset(name: str) -> str:
    return (files("atlasgeo.maps") / "assets" / name).read_text(encoding="utf-8")
