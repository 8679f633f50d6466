"""Pictures become files: the same picture, the same bytes, and a description beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from atlasgeo.errors import AnalysisError
from atlasgeo.maps.page import DPI, Box
from atlasgeo.maps.png import png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "write_figure"]

FORMATS: Final = ("png", "svg")


def write_figure(
    figure: Figure,
    path_without_suffix: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    metadata: Mapping[str, str],
    alt: str,
    language: str = "en",
    dpi: int = DPI,
    detail: tuple[Path, Box] | None = None,
) -> list[Path]:
    """Write a picture with its metadata, and its description beside it, and return the paths.

    Parameters
    ----------
    figure : Figure
    path_without_suffix : str or Path
        ``maps/oblast/poverty`` gives ``poverty.png``, ``poverty.svg`` and ``poverty.alt.txt``.
    formats : sequence of {"png", "svg"}
    metadata : mapping of str -> str
        Method, parameters, data vintage, run id ...: text chunks of the PNG, and one line each in the
        description inside the SVG.
    alt : str
        What the picture says, for those who do not see it; also inside both files.
    language : str
        Language of `alt`.
    dpi : int
        Dots an inch of the PNG.
    detail : (Path, Box), optional
        A part of the page, in its points, that is written as an SVG of its own too: the map without what
        stands around it, for a page that says the rest in its own way. Needs ``svg`` among the formats.

    Returns
    -------
    list of Path

    Raises
    ------
    AnalysisError
        If a format is unknown.

    Notes
    -----
    No date and no random id is written: the same figure gives the same bytes.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise AnalysisError("unknown picture format", found=unknown, expected=", ".join(FORMATS))
    base = Path(path_without_suffix)
    base.parent.mkdir(parents=True, exist_ok=True)
    facts = {str(key): str(value) for key, value in metadata.items()}
    written = []
    for name in formats:
        path = base.with_name(f"{base.name}.{name}")
        if name == "png":
            _write_png(figure, path, facts, alt, dpi)
        else:
            _write_svg(figure, path, facts, alt=alt, language=language, detail=detail)
        written.append(path)
    described = base.with_name(f"{base.name}.alt.txt")
    described.write_text(alt.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return [*written, described]


def _write_png(figure: Figure, path: Path, facts: Mapping[str, str], alt: str, dpi: int) -> None:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    before = figure.canvas
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    texts = {"Description": alt, "Software": "atlasgeo", **facts}
    path.write_bytes(png_bytes(np.asarray(canvas.buffer_rgba()), dpi=dpi, texts=texts))
    figure.set_canvas(before)  # the pixels go with the canvas that drew them, not some time with the figure


def _write_svg(
    figure: Figure,
    path: Path,
    facts: Mapping[str, str],
    *,
    alt: str,
    language: str,
    detail: tuple[Path, Box] | None,
) -> None:
    from atlasgeo.maps.svg import SvgRenderer

    wide, high = (72.0 * inches for inches in figure.get_size_inches())
    drawn = SvgRenderer(wide, high)
    before = figure.get_dpi()
    figure.set_dpi(72)
    try:
        figure.draw(drawn)
    finally:
        figure.set_dpi(before)
    root = {"role": "img", "lang": escape(language, {'"': "&quot;"})}
    content = drawn.document(head=_described(facts, alt), attributes=root)
    path.write_text(content, encoding="utf-8", newline="\n")
    if detail is not None:
        place, box = detail
        part = (box.left, high - box.top, box.right, high - box.bottom)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(drawn.document(head="", attributes={}, part=part), encoding="utf-8", newline="\n")


def _described(facts: Mapping[str, str], alt: str) -> str:
    """Return the title and the description that screen readers and search find."""
    lines = [alt, *(f"{key}: {value}" for key, value in facts.items())]
    title = escape(alt.partition("\n")[0][:200])
    return f"<title>{title}</title>\n<desc>{escape(chr(10).join(lines))}</desc>"
