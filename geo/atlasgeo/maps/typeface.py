"""One typeface for print, page and book: where its files are, how wide a line of it is, where lines break."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atlasgeo.errors import SourceError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

__all__ = ["BOLD", "REGULAR", "face", "fit", "font_file", "font_folder", "text_width", "webfont", "wrap"]

REGULAR: Final = "Regular"
BOLD: Final = "Semibold"
_PACKAGE: Final = "font_source_sans_pro"
_MEASURE: Final = 100.0  # points at which letters are measured
_USUAL: Final = frozenset(
    {*range(0x20, 0x180), *range(0x400, 0x530), *range(0x2010, 0x2027), 0x2212, 0x2264, 0x2265, 0xD7}
)
_SPARE: Final = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}


@cache
def font_folder() -> Path:
    """Return the folder that holds the files of Source Sans Pro.

    Raises
    ------
    SourceError
        If the package font-source-sans-pro is not installed.
    """
    try:
        folder = Path(str(files(_PACKAGE))) / "files"
    except ModuleNotFoundError as error:
        raise SourceError(
            "the typeface is not installed", expected="package font-source-sans-pro", fix="install it"
        ) from error
    return folder


def font_file(weight: str = REGULAR) -> Path:
    """Return the TrueType file of one weight, `REGULAR` or `BOLD`."""
    return font_folder() / f"SourceSansPro-{weight}.ttf"


@lru_cache(maxsize=8192)
def face(text: str, *, weight: str = REGULAR) -> FontProperties:
    """Return the face that has every letter of `text`.

    Source Sans Pro covers Latin, Greek and Cyrillic. For other scripts the face that comes with
    matplotlib stands in, so that no name turns into empty boxes.
    """
    return _properties(_covering(text, weight))


@cache
def _properties(path: str) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=path)


@cache
def _font(path: str) -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(path)


@cache
def _letters(path: str) -> frozenset[int]:
    return frozenset(_font(path).get_charmap())


def _covering(text: str, weight: str) -> str:
    first = str(font_file(weight))
    if _letters(first).issuperset(map(ord, text.replace("\n", ""))):
        return first
    import matplotlib as mpl

    spare = str(Path(mpl.get_data_path()) / "fonts" / "ttf" / _SPARE[weight])
    needed = {ord(letter) for letter in text}
    return spare if len(needed - _letters(spare)) < len(needed - _letters(first)) else first


@cache
def _advance(letter: str, path: str) -> float:
    """Return how far one letter moves the pen at one point; kerning, under one per cent, is left out."""
    from matplotlib.ft2font import LoadFlags

    font = _font(path)
    font.set_size(_MEASURE, 72)
    glyph = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / _MEASURE


@lru_cache(maxsize=65536)
def _unit_width(text: str, weight: str) -> float:
    path = _covering(text, weight)
    return sum(_advance(letter, path) for letter in text)


def text_width(text: str, size: float, *, weight: str = REGULAR) -> float:
    """Return the width in points of the widest line of `text` set at `size` points."""
    return max((_unit_width(line, weight) for line in text.split("\n")), default=0.0) * size


def wrap(
    text: str, width: float, size: float, *, weight: str = REGULAR, most: int | None = None
) -> list[str]:
    """Return `text` broken at spaces into lines of at most `width` points.

    A word wider than `width` stands alone on its line. With `most` the last line that is kept ends in
    an ellipsis where text was left out.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size, weight=weight) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    if most is not None and len(lines) > most:
        kept = [*lines[: most - 1], " ".join(lines[most - 1 :])]
        return [*kept[:-1], fit(kept[-1], width, size, weight=weight)]
    return lines


def fit(text: str, width: float, size: float, *, weight: str = REGULAR) -> str:
    """Return `text`, cut with an ellipsis where it is wider than `width` points."""
    if text_width(text, size, weight=weight) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(f"{text[:middle].rstrip()}\u2026", size, weight=weight) <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}\u2026"


def webfont(weight: str = REGULAR, *, letters: Sequence[str] = ()) -> str:
    """Return one weight as a base64 WOFF for a style sheet, cut down to Latin, Cyrillic and `letters`.

    The same letters give the same bytes.
    """
    return _webfont(weight, frozenset(map(ord, "".join(letters))) - _USUAL)


@cache
def _webfont(weight: str, further: frozenset[int]) -> str:
    import base64
    from io import BytesIO

    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(str(font_file(weight)), recalcTimestamp=False)
    options = Options()
    options.layout_features = ["kern", "liga", "mark", "mkmk", "locl", "ccmp"]
    options.name_IDs = [0, 1, 2, 13, 14]
    options.notdef_outline = True
    subsetter = Subsetter(options=options)
    subsetter.populate(unicodes=sorted(_USUAL | further))
    subsetter.subset(font)
    font.flavor = "woff"
    written = BytesIO()
    font.save(written, reorderTables=None)
    return base64.b64encode(written.getvalue()).decode("ascii")
