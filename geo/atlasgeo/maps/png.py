"""PNG files of flat colours, written without trying filters, which cost more time than they save space."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["png_bytes"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LEVEL: Final = 3
_INCH: Final = 39.37007874015748  # inches a metre


def png_bytes(pixels: npt.NDArray[np.uint8], *, dpi: int, texts: Mapping[str, str]) -> bytes:
    """Return a PNG file (ISO/IEC 15948) of RGB pixels with its resolution and texts.

    Parameters
    ----------
    pixels : array of bytes (rows, columns, 3 or 4)
        Red, green and blue of each pixel from the top left; a fourth channel is left out.
    dpi : int
    texts : mapping of str -> str
        Written as ``iTXt`` chunks, which hold UTF-8; keys are cut to 79 Latin-1 letters.

    Notes
    -----
    Maps are flat areas with sharp edges: choosing a filter for each row costs more than the compression
    and gains nothing. There is no time stamp.
    """
    high, wide = pixels.shape[:2]
    rows = np.zeros((high, 3 * wide + 1), dtype=np.uint8)  # each row starts with 0: no filter
    rows[:, 1:].reshape(high, wide, 3)[:] = pixels[:, :, :3]
    metre = round(dpi * _INCH)
    chunks = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)),
        _chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1)),
        *(_chunk(b"iTXt", _text(key, value)) for key, value in texts.items()),
        _chunk(b"IDAT", zlib.compress(rows.data, _LEVEL)),
        _chunk(b"IEND", b""),
    ]
    return _SIGNATURE + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _text(key: str, value: str) -> bytes:
    keyword = key.encode("latin-1", "replace")[:79].strip() or b"Comment"
    return keyword + b"\x00\x00\x00\x00\x00" + value.replace("\x00", "").encode("utf-8")
