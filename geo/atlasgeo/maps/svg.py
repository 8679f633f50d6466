"""SVG written straight from paths: numbers to a hundredth of a point, repeated shapes worked out once."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.transforms import Transform

__all__ = ["SvgRenderer", "path_data"]

_SIGNS: Final = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_POINTS: Final = {Path.MOVETO: 1, Path.LINETO: 1, Path.CURVE3: 2, Path.CURVE4: 3}
_PAIR: Final = "%.7g %.7g"
_TILE: Final = 72  # points: the size of a pattern
_SPACES: Final = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_CAPS: Final = {"projecting": "square"}

Matrix = tuple[float, float, float, float, float, float]


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
        self._body: list[str] = []
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

    def write(self, text: str) -> None:
        """Add finished elements to the file."""
        self._body.append(text)

    def define(self, name: str, element: str) -> None:
        """Add an element to the definitions, unless one of that name is there."""
        self._defined.setdefault(name, element)

    def document(self, *, head: str, attributes: Mapping[str, str]) -> str:
        """Return the whole file.

        Parameters
        ----------
        head : str
            Elements before all others: title and description.
        attributes : mapping of name -> value
            Further attributes of the root, escaped already.
        """
        wide, high = _number(self.width), _number(self.height)
        size = {"width": f"{wide}pt", "height": f"{high}pt", "viewBox": f"0 0 {wide} {high}"}
        more = "".join(f' {name}="{value}"' for name, value in {**size, **attributes}.items())
        parts = [
            '<?xml version="1.0" encoding="utf-8" standalone="no"?>',
            f'<svg {_SPACES} version="1.1"{more}>',
            head,
            "<defs>",
            "<style>*{stroke-linejoin:round;stroke-linecap:butt}</style>",
            *self._defined.values(),
            "</defs>",
            *self._body,
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
        data = path_data(path, transform, self.height)
        if data:
            style = self._style(gc, rgbFace)
            self._body.append(f'<path d="{data}"{self._clip(gc)} style="{style}"/>')

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
            place = f'x="{_number(x)}" y="{_number(self.height - y - high)}"'
        else:
            a, b, c, d, e, f = _matrix(transform, self.height)
            steps = (a / wide, b / wide, -c / high, -d / high, e + c + x, f + d - y)
            place = f'transform="matrix({" ".join(f"{step:.9g}" for step in steps)})"'
        self._body.append(
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
            data = path_data_of(gc.get_hatch_path(), (_TILE, 0.0, 0.0, -_TILE, 0.0, _TILE))
            tile = f'x="0" y="0" width="{_TILE}" height="{_TILE}"'
            ink = to_hex(colour)
            seen = f";stroke-opacity:{_number(colour[3])}" if colour[3] < 1 else ""
            self._defined[name] = (
                f'<pattern id="{name}" patternUnits="userSpaceOnUse" {tile}>'
                f'<rect {tile} fill="{"none" if ground is None else to_hex(ground)}"/>'
                f'<path d="{data}" style="fill:{ink};stroke:{ink};stroke-width:{_number(width)};'
                f'stroke-linecap:butt;stroke-linejoin:miter{seen}"/></pattern>'
            )
        return name

    def _clip(self, gc: Any) -> str:
        """Return the attribute that cuts an element to what the figure asks for, or nothing."""
        path, transform = gc.get_clip_path()
        box = gc.get_clip_rectangle()
        if path is not None:
            data = path_data(path, transform, self.height)
        elif box is not None:
            x, y, wide, high = box.bounds
            left, top, right, bottom = map(_number, (x, self.height - y - high, x + wide, self.height - y))
            data = f"M{left} {top}L{right} {top}L{right} {bottom}L{left} {bottom}Z"
        else:
            return ""
        name = _name("p", data)
        self.define(name, f'<clipPath id="{name}"><path d="{data}"/></clipPath>')
        return f' clip-path="url(#{name})"'


def path_data(path: Path, transform: Transform, height: float) -> str:
    """Return a path as SVG data on a page `height` points high; points that are no numbers break it."""
    if not transform.is_affine:
        path = transform.transform_path_non_affine(path)
    return path_data_of(path, _matrix(transform, height))


@lru_cache(maxsize=4096)
def path_data_of(path: Path, matrix: Matrix) -> str:
    """Return a path as SVG data, its points moved by ``(a, b, c, d, e, f)``: x' = a x + c y + e."""
    if not np.isfinite(path.vertices).all():
        path = path.cleaned(remove_nans=True)
    a, b, c, d, e, f = matrix
    x, y = np.asarray(path.vertices, dtype=float).T
    points = np.round(np.column_stack([a * x + c * y + e, b * x + d * y + f]), 2) + 0.0
    if path.codes is None:
        return _filled(f"M{_PAIR}" + f"L{_PAIR}" * (len(points) - 1), points) if len(points) else ""
    codes = np.asarray(path.codes)
    end = np.flatnonzero(codes == Path.STOP)
    if end.size:
        codes, points = codes[: end[0]], points[: end[0]]
    return _filled(_template(codes.tobytes()), points[codes != Path.CLOSEPOLY])


@lru_cache(maxsize=1024)
def _template(codes: bytes) -> str:
    """Return the letters of SVG data with room for the numbers."""
    found, at = [], 0
    while at < len(codes):
        code = codes[at]
        if code == Path.CLOSEPOLY:
            found.append("Z")
            at += 1
            continue
        steps = _POINTS[np.uint8(code)]
        found.append(_SIGNS[np.uint8(code)] + " ".join([_PAIR] * steps))
        at += steps
    return "".join(found)


def _filled(template: str, points: Any) -> str:
    return template % tuple(points.ravel().tolist())


def _matrix(transform: Transform, height: float) -> Matrix:
    """Return the affine part of a transform, turned so that y runs down a page of that height."""
    (a, c, e), (b, d, f), _ = transform.get_affine().get_matrix().tolist()
    return a, -b, c, -d, e, height - f


@lru_cache(maxsize=4096)
def _css(pen: _Pen) -> str:
    """Return the style of a path."""
    face, line, alpha = pen.face, pen.line, pen.alpha
    fill = f"url(#{pen.pattern})" if pen.pattern else "none" if face is None else to_hex(face)
    rules = [f"fill:{fill}"]
    if face is not None and len(face) == len("rgba") and face[3] != 1 and alpha is None:
        rules.append(f"fill-opacity:{_number(face[3])}")
    if alpha is not None and alpha != 1:
        rules.append(f"opacity:{_number(alpha)}")
    if pen.width:
        rules.append(f"stroke:{to_hex(line)};stroke-width:{_number(pen.width)}")
        if alpha is None and line[3] != 1:
            rules.append(f"stroke-opacity:{_number(line[3])}")
        if pen.dashes is not None:
            rules.append(f"stroke-dasharray:{','.join(map(_number, pen.dashes))}")
            rules.append(f"stroke-dashoffset:{_number(pen.start)}")
        if pen.join != "round":
            rules.append(f"stroke-linejoin:{pen.join}")
        if pen.cap != "butt":
            rules.append(f"stroke-linecap:{_CAPS.get(pen.cap, pen.cap)}")
    return ";".join(rules)


def _number(value: float) -> str:
    return f"{round(float(value), 3) + 0.0:.7g}"


def _name(kind: str, content: object) -> str:
    return f"{kind}{hashlib.sha256(repr(content).encode()).hexdigest()[:10]}"
