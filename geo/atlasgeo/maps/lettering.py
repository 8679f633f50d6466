"""Text as outlines that are worked out once: an atlas sets the same names hundreds of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.colors import to_hex, to_rgba
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox

from atlasgeo.maps.svg import SvgRenderer
from atlasgeo.maps.typeface import REGULAR, face, text_width

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.backend_bases import RendererBase

__all__ = ["Lettering"]

_SHIFT: Final = {"left": 0.0, "center": 0.5, "right": 1.0}
_CAP_HEIGHT: Final = 0.66  # of the type size, Source Sans Pro
_STAND: Final = {"center": -0.5 * _CAP_HEIGHT, "center_baseline": -0.5 * _CAP_HEIGHT, "top": -_CAP_HEIGHT}
_EM: Final = 1000
_RIGHT_TO_LEFT: Final = 0x590  # from here on scripts whose words do not simply stand in a row
_Place = tuple[str, float, float]
_STROKES: Final = {Path.MOVETO: ("M", 1), Path.LINETO: ("L", 1), Path.CURVE3: ("Q", 2), Path.CURVE4: ("C", 3)}


@dataclass(frozen=True, eq=False)
class _Line:
    """One line of text at one point: its outline, its width, and its letters one by one for SVG."""

    path: Path
    width: float
    corners: tuple[tuple[float, float], ...]
    uses: str
    shapes: dict[str, str]


@dataclass(frozen=True, eq=False)
class _Letter:
    """The outline of a letter at one point, and the same as an SVG definition, empty for a blank."""

    vertices: npt.NDArray[np.float64]
    codes: npt.NDArray[np.uint8]
    shape: str


@lru_cache(maxsize=1024)
def _line(text: str, weight: str) -> _Line:
    file = str(face(text, weight=weight).get_file())
    letters = _set(text, file, text_width(" ", 1.0, weight=weight))
    known = _letters_of(file)
    outline = np.concatenate(
        [np.empty((0, 2)), *(known[name].vertices + np.array([x, y]) for name, x, y in letters)]
    )
    codes = np.concatenate([np.empty(0, dtype=np.uint8), *(known[name].codes for name, *_ in letters)])
    inked = [(name, x) for name, x, _ in letters if known[name].shape]
    (left, low), (right, high) = (
        (outline.min(axis=0), outline.max(axis=0)) if len(outline) else ((0, 0), (0, 0))
    )
    return _Line(
        path=Path(outline, codes),
        corners=((left, low), (right, low), (right, high), (left, high)),
        width=float(np.ptp(outline[:, 0])) if len(outline) else 0.0,
        uses="".join(f'<use xlink:href="#{name}" x="{x * _EM:.0f}"/>' for name, x in inked),
        shapes={name: known[name].shape for name, _ in inked},
    )


def _set(text: str, file: str, space: float) -> Sequence[_Place]:
    """Return each letter of a line with its place at one point; words are laid out once and put in a row."""
    if any(ord(sign) >= _RIGHT_TO_LEFT for sign in text):
        return _laid_out(text, file)
    found: list[_Place] = []
    pen = 0.0
    for word in text.split(" "):
        *letters, end = _laid_out(f"{word} ", file)
        found += [(name, pen + x, y) for name, x, y in letters]
        pen += end[1] + space
    return found


@lru_cache(maxsize=8192)
def _laid_out(text: str, file: str) -> tuple[_Place, ...]:
    """Return the letters of a text with their places at one point, kerned."""
    from matplotlib.font_manager import get_font
    from matplotlib.textpath import text_to_path

    size = text_to_path.FONT_SCALE
    font = get_font(file)
    font.set_size(size, text_to_path.DPI)
    known = _letters_of(file)
    letters, fresh, _ = text_to_path.get_glyphs_with_font(font, text, cast("Any", known), True)
    for name, (vertices, codes) in fresh.items():
        known[name] = _Letter(
            np.asarray(vertices, dtype=float).reshape(-1, 2) / size,
            np.asarray(codes, dtype=np.uint8),
            f'<path id="{name}" d="{drawn}"/>' if (drawn := _strokes(vertices, codes, size)) else "",
        )
    return tuple((str(name), float(x) / size, float(y) / size) for name, x, y, _ in letters)


@lru_cache(maxsize=64)
def _letters_of(file: str) -> dict[str, _Letter]:
    """Return the store of a font file's letters, filled as they are met."""
    del file
    return {}


def _strokes(vertices: Any, codes: Any, size: float) -> str:
    """Return a letter as SVG path data in thousandths of the type size."""
    points = np.rint(np.asarray(vertices, dtype=float).reshape(-1, 2) / size * _EM).astype(int).tolist()
    found, at = [], 0
    while at < len(points):
        code = int(codes[at])
        if code == Path.CLOSEPOLY:
            found.append("Z")
            at += 1
            continue
        sign, steps = _STROKES[np.uint8(code)]
        found.append(sign + " ".join(f"{x} {y}" for x, y in points[at : at + steps]))
        at += steps
    return "".join(found)


class Lettering(Text):
    """A line of text that is drawn as a filled outline; `get_text` and the other questions work as ever."""

    weight: str = REGULAR
    ground: str | None = None
    ground_width: float = 0.0

    def draw(self, renderer: RendererBase) -> None:
        """Fill the outline, on a halo where there is a ground colour."""
        if not self.get_visible() or not self.get_text().strip():
            return
        if isinstance(renderer, SvgRenderer):
            self._write(renderer)
        else:
            self._fill(renderer)
        self.stale = False

    def get_window_extent(self, renderer: RendererBase | None = None, dpi: float | None = None) -> Bbox:
        """Return where the outline stands on the canvas."""
        del renderer, dpi
        path = _line(self.get_text(), self.weight).path.transformed(self._placing())
        return path.get_extents(self.get_transform()) if self.get_text().strip() else Bbox.null()

    def _placing(self) -> Affine2D:
        """Return how a line at one point comes to its place on the page."""
        width = _line(self.get_text(), self.weight).width
        left = -_SHIFT[str(self.get_horizontalalignment())] * width
        move = Affine2D().translate(left, _STAND.get(str(self.get_verticalalignment()), 0.0))
        return (
            move.scale(float(self.get_fontsize()))
            .rotate_deg(float(self.get_rotation()))
            .translate(*self.get_position())
        )

    def _fill(self, renderer: RendererBase) -> None:
        path, place = _line(self.get_text(), self.weight).path, self._placing() + self.get_transform()
        gc: Any = renderer.new_gc()
        gc.set_alpha(self.get_alpha())
        if self.ground is not None:
            gc.set_foreground(self.ground)
            gc.set_linewidth(renderer.points_to_pixels(self.ground_width))
            gc.set_joinstyle("round")
            renderer.draw_path(gc, path, place, to_rgba(self.ground))
        gc.set_linewidth(0.0)
        renderer.draw_path(gc, path, place, to_rgba(self.get_color()))
        gc.restore()

    def _write(self, renderer: SvgRenderer) -> None:
        """Write the letters as uses of shapes that the file defines once."""
        line = _line(self.get_text(), self.weight)
        for name, shape in line.shapes.items():
            if shape:
                renderer.define(name, shape)
        (a, c, e), (b, d, f), _ = (self._placing() + self.get_transform()).get_affine().get_matrix().tolist()
        turn = " ".join(f"{part / _EM:.6g}" for part in (a, -b, c, -d))
        matrix = f"matrix({turn} {e:.2f} {renderer.height - f:.2f})"
        said = f"<!-- {escape(self.get_text()).replace('--', '- -')} -->"
        corners = [(a * x + c * y + e, renderer.height - b * x - d * y - f) for x, y in line.corners]
        across, down = zip(*corners, strict=True)
        extent = (min(across), min(down), max(across), max(down))
        for style in self._styles(abs(a) + abs(b)):
            renderer.write(f'<g transform="{matrix}" style="{style}">{line.uses}</g>{said}', extent)
            said = ""

    def _styles(self, scale: float) -> list[str]:
        opacity = "" if self.get_alpha() is None else f"; opacity: {self.get_alpha()}"
        ink = f"fill: {to_hex(self.get_color())}{opacity}"
        if self.ground is None:
            return [ink]
        width = self.ground_width / scale * _EM
        halo = (
            f"fill: {self.ground}; stroke: {self.ground}; stroke-width: {width:.0f}; stroke-linejoin: round"
        )
        return [halo, ink]
