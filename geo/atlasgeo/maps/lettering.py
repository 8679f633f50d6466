"""Text as outlines that are worked out once: an atlas sets the same names hundreds of times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.colors import to_hex, to_rgba
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox

from atlasgeo.maps.typeface import REGULAR, face

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase

__all__ = ["Lettering"]

_SHIFT: Final = {"left": 0.0, "center": 0.5, "right": 1.0}
_CAP_HEIGHT: Final = 0.66  # of the type size, Source Sans Pro
_STAND: Final = {"center": -0.5 * _CAP_HEIGHT, "center_baseline": -0.5 * _CAP_HEIGHT, "top": -_CAP_HEIGHT}
_EM: Final = 1000
_STROKES: Final = {Path.MOVETO: ("M", 1), Path.LINETO: ("L", 1), Path.CURVE3: ("Q", 2), Path.CURVE4: ("C", 3)}


@dataclass(frozen=True, eq=False)
class _Line:
    """One line of text at one point: its outline, its width, and its letters one by one for SVG."""

    path: Path
    width: float
    letters: tuple[tuple[str, float], ...]
    shapes: dict[str, str]


@lru_cache(maxsize=16384)
def _line(text: str, weight: str) -> _Line:
    from matplotlib.font_manager import get_font
    from matplotlib.textpath import text_to_path

    size = text_to_path.FONT_SCALE
    file = str(face(text, weight=weight).get_file())
    font = get_font(file)
    font.set_size(size, text_to_path.DPI)
    letters, shapes, _ = text_to_path.get_glyphs_with_font(font, text)
    parts, codes = [np.empty((0, 2))], [np.empty(0, dtype=np.uint8)]
    for name, x, y, _scale in letters:
        vertices, strokes = shapes[name]
        if len(vertices):
            parts.append((np.asarray(vertices, dtype=float) + np.array([x, y])) / size)
            codes.append(np.asarray(strokes, dtype=np.uint8))
    outline = np.concatenate(parts)
    known = _known_strokes(file)
    for name, shape in shapes.items():
        if name not in known:
            known[name] = _strokes(*shape, size)
    return _Line(
        path=Path(outline, np.concatenate(codes)),
        width=float(np.ptp(outline[:, 0])) if len(outline) else 0.0,
        letters=tuple((str(name), float(x) / size) for name, x, *_ in letters),
        shapes={str(name): known[name] for name in shapes},
    )


@lru_cache(maxsize=64)
def _known_strokes(file: str) -> dict[str, str]:
    """Return the store of a font file's letters as path data, filled as they are met."""
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
        if hasattr(renderer, "writer"):
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

    def _write(self, renderer: Any) -> None:
        """Write the letters as uses of shapes that the file defines once."""
        writer, line = renderer.writer, _line(self.get_text(), self.weight)
        defined: set[str] = writer.__dict__.setdefault("letters_defined", set())
        fresh = [name for name in line.shapes if name not in defined]
        if fresh:
            writer.start("defs")
            for name in fresh:
                writer.element("path", id=name, d=line.shapes[name])
            writer.end("defs")
            defined.update(fresh)
        writer.comment(self.get_text())
        (a, c, e), (b, d, f), _ = (self._placing() + self.get_transform()).get_affine().get_matrix().tolist()
        turn = " ".join(f"{part / _EM:.6g}" for part in (a, -b, c, -d))
        matrix = f"matrix({turn} {e:.2f} {renderer.height - f:.2f})"
        for style in self._styles(abs(a) + abs(b)):
            writer.start("g", transform=matrix, style=style)
            for name, x in line.letters:
                if line.shapes[name]:
                    writer.element("use", attrib={"xlink:href": f"#{name}", "x": f"{x * _EM:.0f}"})
            writer.end("g")

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
