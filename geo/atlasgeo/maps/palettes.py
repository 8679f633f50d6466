"""Colours of the maps, and the arithmetic that proves they can be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from atlasgeo import columns as c
from atlasgeo.errors import AnalysisError

__all__ = [
    "BIVARIATE",
    "CLUSTERS",
    "DIVERGING",
    "HAIRLINE",
    "INK",
    "LAND",
    "NO_DATA",
    "PAPER",
    "QUALITATIVE",
    "SEQUENTIAL_BETTER",
    "SEQUENTIAL_NEUTRAL",
    "SEQUENTIAL_WORSE",
    "SOFT",
    "VISIONS",
    "class_colours",
    "contrast",
    "diverging_colours",
    "ink_on",
    "least_distance",
    "luma",
    "mix",
    "sequential",
]

INK: Final = "#22262b"
SOFT: Final = "#6b7280"
HAIRLINE: Final = "#9aa1a9"
LAND: Final = "#f3f4f6"
NO_DATA: Final = LAND
PAPER: Final = "#ffffff"

SEQUENTIAL_WORSE: Final = ("#fbf3dc", "#f3cf9b", "#e29a62", "#bc563d", "#7f2a3c")
SEQUENTIAL_BETTER: Final = ("#eef3e2", "#bcd9b8", "#79b6a3", "#367d87", "#1d4f73")
SEQUENTIAL_NEUTRAL: Final = ("#efedf3", "#c9c6dc", "#9d9ac1", "#6c679c", "#3f376f")
DIVERGING: Final = ("#2a6a99", "#8fb7d3", "#f2f0eb", "#e3a37c", "#a8442f")
BIVARIATE: Final = (
    ("#e8e6e1", "#b5c6d6", "#6f9bbf"),
    ("#e0bfae", "#a99bb0", "#67739c"),
    ("#cf7f66", "#97596b", "#56395f"),
)
# Kinds without an order: any two differ by 21.9 in CIELAB under every sight, and so does each from `LAND`.
QUALITATIVE: Final = (
    *("#e3c878", "#2a6a99", "#d55e00", "#44bb99"),
    *("#9d9ac1", "#4a3b32", "#332288", "#8a6d4b"),
)
CLUSTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        c.HIGH_HIGH: "#a50f2b",
        c.HIGH_LOW: "#f4a28c",
        c.LOW_HIGH: "#8fb7d9",
        c.LOW_LOW: "#1f4e8c",
        c.HOT_SPOT: "#a50f2b",
        c.COLD_SPOT: "#1f4e8c",
        c.NOT_SIGNIFICANT: "#e9e7e2",
        c.CANNOT_BE_SIGNIFICANT: "#e9e7e2",
        c.NO_NEIGHBOURS: "#e9e7e2",
        c.NO_DATA: NO_DATA,
    }
)

FLIP_LUMA: Final = 140.0
VISIONS: Final = ("normal", "deuteranope", "protanope", "tritanope")

# Machado, Oliveira and Fernandes 2009 (IEEE TVCG 15(6), table 1), severity 1.0, on linear RGB.
_DEFICIENCY: Final = {
    "protanope": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranope": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanope": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Final = (0.95047, 1.0, 1.08883)
_BY_DIRECTION: Final = {
    "higher_is_worse": SEQUENTIAL_WORSE,
    "higher_is_better": SEQUENTIAL_BETTER,
    "neutral": SEQUENTIAL_NEUTRAL,
}

Floats = npt.NDArray[np.float64]


def sequential(direction: str) -> tuple[str, ...]:
    """Return the five colours for an indicator of that direction.

    Raises
    ------
    AnalysisError
        If `direction` is none of ``higher_is_worse``, ``higher_is_better``, ``neutral``.
    """
    if direction not in _BY_DIRECTION:
        raise AnalysisError("unknown direction", found=direction, expected=", ".join(_BY_DIRECTION))
    return _BY_DIRECTION[direction]


def class_colours(palette: Sequence[str], k: int) -> tuple[str, ...]:
    """Return `k` colours from a ramp: its own where `k` allows, else even steps along it in CIELAB.

    Fewer classes keep the ends apart; one class takes the middle colour.
    """
    n = len(palette)
    if k == n:
        return tuple(palette)
    if k <= 1:
        return (palette[n // 2],) * max(k, 0)
    lab = np.array([_lab(_linear(colour)) for colour in palette])
    places = np.linspace(0, n - 1, k)
    mixed = np.column_stack([np.interp(places, range(n), lab[:, channel]) for channel in range(3)])
    return tuple(
        palette[int(place)] if float(place).is_integer() else _hex(colour)
        for place, colour in zip(places, mixed, strict=True)
    )


def diverging_colours(edges: Sequence[float], around: float, *, flip: bool = False) -> tuple[str, ...]:
    """Return a colour for each class by its side of the stated value `around`.

    The class that holds `around` takes the neutral middle; classes farther off are stronger. With `flip`
    high values are blue.
    """
    ramp = DIVERGING[::-1] if flip else DIVERGING
    at = min(int(np.searchsorted(np.asarray(edges, dtype=float), around, side="left")), len(edges) - 1)
    below = class_colours(ramp[:3], at + 1)[:-1] if at else ()
    above = class_colours(ramp[2:], len(edges) - at)[1:] if at < len(edges) - 1 else ()
    return (*below, ramp[2], *above)


def luma(colour: str) -> float:
    """Return the brightness of `colour`, 0 to 255 (ITU-R BT.601)."""
    red, green, blue = _bytes(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def ink_on(colour: str) -> str:
    """Return the colour of letters on `colour`: white where its luma is under 140, else ink."""
    return PAPER if luma(colour) < FLIP_LUMA else INK


def mix(one: str, other: str, share: float) -> str:
    """Return the colour that has `share` of `other` and the rest of `one`, mixed as screens do."""
    pairs = zip(_bytes(one), _bytes(other), strict=True)
    red, green, blue = (round(a + (b - a) * share) for a, b in pairs)
    return f"#{red:02x}{green:02x}{blue:02x}"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(_linear(colour) @ weights) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def least_distance(colours: Sequence[str], *, vision: str = "normal", neighbours: bool = False) -> float:
    """Return the least CIELAB distance (CIE 1976) among colours as `vision` sees them.

    Parameters
    ----------
    colours : sequence of str
    vision : {"normal", "deuteranope", "protanope", "tritanope"}
        Full deficiency after Machado, Oliveira and Fernandes (2009).
    neighbours : bool
        Compare only colours that follow each other, as in an ordered legend.
    """
    lab = [_lab(_seen(_linear(colour), vision)) for colour in colours]
    pairs = [(i, j) for i in range(len(lab)) for j in range(i) if not neighbours or i - j == 1]
    return min(float(np.linalg.norm(lab[i] - lab[j])) for i, j in pairs)


def _bytes(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(colour: str) -> Floats:
    srgb = np.array(_bytes(colour)) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _seen(rgb: Floats, vision: str) -> Floats:
    return rgb if vision == "normal" else np.clip(np.array(_DEFICIENCY[vision]) @ rgb, 0, 1)


def _lab(rgb: Floats) -> Floats:
    ratio = np.array(_TO_XYZ) @ rgb / np.array(_WHITE)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _hex(lab: Floats) -> str:
    fy = (lab[0] + 16) / 116
    f = np.array([fy + lab[1] / 500, fy, fy - lab[2] / 200])
    ratio = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    rgb = np.clip(np.linalg.solve(np.array(_TO_XYZ), ratio * np.array(_WHITE)), 0, 1)
    srgb = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(srgb * 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
