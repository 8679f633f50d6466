"""Pictures become files: the same picture, the same bytes, and a description beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from atlasgeo.errors import AnalysisError
from atlasgeo.maps.page import DPI
from atlasgeo.maps.png import png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "write_figure"]

FORMATS: Final = ("png", "svg")
_SALT: Final = "atlasgeo"
_DATA: Final = re.compile(r' d="[^"]*"')
_LONG: Final = re.compile(r"(?<=\.\d\d)\d+")  # a hundredth of a point is enough for print


def write_figure(
    figure: Figure,
    path_without_suffix: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    metadata: Mapping[str, str],
    alt: str,
    language: str = "en",
    dpi: int = DPI,
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
            _write_svg(figure, path, facts, alt, language)
        written.append(path)
    described = base.with_name(f"{base.name}.alt.txt")
    described.write_text(alt.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return [*written, described]


def _write_png(figure: Figure, path: Path, facts: Mapping[str, str], alt: str, dpi: int) -> None:
    from PIL import Image

    figure.set_dpi(dpi)
    canvas: Any = figure.canvas
    canvas.draw()
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    texts = {"Description": alt, "Software": "atlasgeo", **facts}
    path.write_bytes(png_bytes(pixels.tobytes(), size, dpi=dpi, texts=texts))


def _write_svg(figure: Figure, path: Path, facts: Mapping[str, str], alt: str, language: str) -> None:
    import io

    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path"}):
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": "atlasgeo", "Format": None, "Type": None}
        )
    slim = _DATA.sub(lambda found: _LONG.sub("", found.group()), buffer.getvalue())
    path.write_text(_described(slim, facts, alt, language), encoding="utf-8", newline="\n")


def _described(svg: str, facts: Mapping[str, str], alt: str, language: str) -> str:
    """Return the SVG with a title and a description that screen readers and search find."""
    lines = [alt, *(f"{key}: {value}" for key, value in facts.items())]
    title = escape(alt.partition("\n")[0][:200])
    inside = f"<title>{title}</title>\n <desc>{escape(chr(10).join(lines))}</desc>"
    start = svg.index("<svg")
    end = svg.index(">", start)
    root = f'{svg[start:end]} role="img" lang="{escape(language, {chr(34): "&quot;"})}">'
    return f"{svg[:start]}{root}\n {inside}{svg[end + 1 :]}"
