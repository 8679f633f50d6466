"""SVG written straight from paths: numbers to a hundredth of a point, repeated shapes worked out once."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex

from atlasgeo.maps.svg_paths import EVERYWHERE, Extent, matrix_of, moved, number, outline

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.path import Path
    from matplotlib.transforms import Transform

__all__ = ["SvgRenderer"]

_TILE: Final = 72  # points: the size of a pattern
_SPACES: Final = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_CAPS: Final = {"projecting": "square"}

_USED: Final = re.compile(r"#([\w%.-]+)[)\"]")


@dataclass(frozen=True)
class _Pen:
    """What decides the style of a path: the same pen, the same words."""

    face: tuple[Any, ...] | None
    pattern: str
    line: tuple[Any, ...]
    width: float
    start: float
    dashes: tuple[float, ...] | None
    alpha: float | None
    join: str
    cap: str


class SvgRenderer(RendererBase):
    """Draws a figure as the elements of an SVG file, one point of the page to a unit.

    Parameters
    ----------
    width, height : float
        Points.

    Notes
    -----
    The same figure gives the same text: ids are numbers and hashes of what they name.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height, self.dpi = width, height, 72.0
        self._body: list[tuple[str, Extent]] = []
        self._defined: dict[str, str] = {}

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size in points."""
        return self.width, self.height

    def flipy(self) -> bool:
        """Return that y runs down the page."""
        return True

    def points_to_pixels(self, points: Any) -> Any:
        """Return the points: one is one unit of the file."""
        return points

    def write(self, element: str, extent: Extent = EVERYWHERE) -> None:
        """Add a finished element that reaches over `extent` of the file."""
        self._body.append((element, extent))

    def define(self, name: str, element: str) -> None:
        """Add an element to the definitions, unless one of that name is there."""
        self._defined.setdefault(name, element)

    def document(self, *, head: str, attributes: Mapping[str, str], part: Extent | None = None) -> str:
        """Return the file.

        Parameters
        ----------
        head : str
            Elements before all others: title and description.
        attributes : mapping of name -> value
            Further attributes of the root, escaped already.
        part : (left, top, right, bottom), optional
            Points from the upper left corner: this part of the page alone, and what reaches into it.
        """
        left, top, right, bottom = part or (0.0, 0.0, self.width, self.height)
        x, y, wide, high = map(number, (left, top, right - left, bottom - top))
        size = {"width": f"{wide}pt", "height": f"{high}pt", "viewBox": f"{x} {y} {wide} {high}"}
        more = "".join(f' {name}="{value}"' for name, value in {**size, **attributes}.items())
        body = [
            element
            for element, (west, north, east, south) in self._body
            if west <= right and east >= left and north <= bottom and south >= top
        ]
        used = {name for element in body for name in _USED.findall(element)} if part else set(self._defined)
        parts = [
            '<?xml version="1.0" encoding="utf-8" standalone="no"?>',
            f'<svg {_SPACES} version="1.1"{more}>',
            head,
            "<defs>",
            "<style>*{stroke-linejoin:round;stroke-linecap:butt}</style>",
            *(element for name, element in self._defined.items() if name in used),
            "</defs>",
            *body,
            "</svg>\n",
        ]
        return "\n".join(parts)

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803  (matplotlib passes it by this name)
    ) -> None:
        """Add one path with its fill, line and pattern."""
        data, extent = outline(path, transform, self.height)
        if data:
            style = self._style(gc, rgbFace)
            self.write(
                f'<path d="{data}"{self._clip(gc)} style="{style}"/>', _grown(extent, gc.get_linewidth())
            )

    def draw_image(
        self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Transform | None = None
    ) -> None:
        """Add a picture of pixels, as PNG inside the file."""
        from PIL import Image

        high, wide = im.shape[:2]
        if not high or not wide:
            return
        stream = BytesIO()
        Image.fromarray(np.asarray(im)[::-1]).save(stream, format="png")
        content = base64.b64encode(stream.getvalue()).decode("ascii")
        if transform is None:
            place = f'x="{number(x)}" y="{number(self.height - y - high)}"'
        else:
            a, b, c, d, e, f = matrix_of(transform, self.height)
            steps = (a / wide, b / wide, -c / high, -d / high, e + c + x, f + d - y)
            place = f'transform="matrix({" ".join(f"{step:.9g}" for step in steps)})"'
        self.write(
            f'<g{self._clip(gc)}><image {place} width="{wide}" height="{high}" preserveAspectRatio="none" '
            f'xlink:href="data:image/png;base64,{content}"/></g>'
        )

    def _style(self, gc: Any, face: Any) -> str:
        pattern = self._pattern(gc, face) if gc.get_hatch() is not None else ""
        dashes = gc.get_dashes()
        return _css(
            _Pen(
                face=None if face is None else tuple(face),
                pattern=pattern,
                line=tuple(gc.get_rgb()),
                width=gc.get_linewidth(),
                start=dashes[0],
                dashes=None if dashes[1] is None else tuple(dashes[1]),
                alpha=gc.get_alpha() if gc.get_forced_alpha() else None,
                join=gc.get_joinstyle(),
                cap=gc.get_capstyle(),
            )
        )

    def _pattern(self, gc: Any, face: Any) -> str:
        """Return the id of the pattern of a hatch, which is defined at its first use."""
        colour, width = tuple(gc.get_hatch_color()), gc.get_hatch_linewidth()
        ground = None if face is None else tuple(face)
        name = _name("h", (gc.get_hatch(), ground, colour, width))
        if name not in self._defined:
            data, _ = moved(gc.get_hatch_path(), (_TILE, 0.0, 0.0, -_TILE, 0.0, _TILE))
            tile = f'x="0" y="0" width="{_TILE}" height="{_TILE}"'
            ink = to_hex(colour)
            seen = f";stroke-opacity:{number(colour[3])}" if colour[3] < 1 else ""
            self._defined[name] = (
                f'<pattern id="{name}" patternUnits="userSpaceOnUse" {tile}>'
                f'<rect {tile} fill="{"none" if ground is None else to_hex(ground)}"/>'
                f'<path d="{data}" style="fill:{ink};stroke:{ink};stroke-width:{number(width)};'
                f'stroke-linecap:butt;stroke-linejoin:miter{seen}"/></pattern>'
            )
        return name

    def _clip(self, gc: Any) -> str:
        """Return the attribute that cuts an element to what the figure asks for, or nothing."""
        path, transform = gc.get_clip_path()
        box = gc.get_clip_rectangle()
        if path is not None:
            data, _ = outline(path, transform, self.height)
        elif box is not None:
            x, y, wide, high = box.bounds
            left, top, right, bottom = map(number, (x, self.height - y - high, x + wide, self.height - y))
            data = f"M{left} {top}L{right} {top}L{right} {bottom}L{left} {bottom}Z"
        else:
            return ""
        name = _name("p", data)
        self.define(name, f'<clipPath id="{name}"><path d="{data}"/></clipPath>')
        return f' clip-path="url(#{name})"'


@lru_cache(maxsize=4096)
def _css(pen: _Pen) -> str:
    """Return the style of a path."""
    face, line, alpha = pen.face, pen.line, pen.alpha
    fill = f"url(#{pen.pattern})" if pen.pattern else "none" if face is None else to_hex(face)
    rules = [f"fill:{fill}"]
    if face is not None and len(face) == len("rgba") and face[3] != 1 and alpha is None:
        rules.append(f"fill-opacity:{number(face[3])}")
    if alpha is not None and alpha != 1:
        rules.append(f"opacity:{number(alpha)}")
    if pen.width:
        rules.append(f"stroke:{to_hex(line)};stroke-width:{number(pen.width)}")
        if alpha is None and line[3] != 1:
            rules.append(f"stroke-opacity:{number(line[3])}")
        if pen.dashes is not None:
            rules.append(f"stroke-dasharray:{','.join(map(number, pen.dashes))}")
            rules.append(f"stroke-dashoffset:{number(pen.start)}")
        if pen.join != "round":
            rules.append(f"stroke-linejoin:{pen.join}")
        if pen.cap != "butt":
            rules.append(f"stroke-linecap:{_CAPS.get(pen.cap, pen.cap)}")
    return ";".join(rules)


def _name(kind: str, content: object) -> str:
    return f"{kind}{hashlib.sha256(repr(content).encode()).hexdigest()[:10]}"


def _grown(extent: Extent, by: float) -> Extent:
    west, north, east, south = extent
    return west - by, north - by, east + by, south + by
