"""A sheet of paper measured in points, and the few strokes that every picture is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from atlasgeo.errors import AnalysisError
from atlasgeo.maps.palettes import INK, PAPER
from atlasgeo.maps.typeface import REGULAR, face

if TYPE_CHECKING:
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Transform

__all__ = ["SIZES", "Box", "Page", "Sheet", "new_page", "overlap", "sheet"]

DPI: Final = 130
MILLIMETRE: Final = 72 / 25.4
Align = Literal["left", "center", "right"]
Stand = Literal["baseline", "center", "top", "bottom", "center_baseline"]


@dataclass(frozen=True)
class Box:
    """A rectangle on the page, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """Width in points."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in points."""
        return self.top - self.bottom

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def shrunk(self, by: float) -> Box:
        """Return the box with a margin of `by` points inside."""
        return Box(self.left + by, self.bottom + by, self.right - by, self.top - by)


def overlap(one: Box, other: Box) -> bool:
    """Return whether two boxes share any area."""
    return (
        one.left < other.right
        and other.left < one.right
        and one.bottom < other.top
        and other.bottom < one.top
    )


@dataclass(frozen=True)
class Sheet:
    """Measures of one page size: everything scales with `scale`, which is 1 on A4 landscape.

    Attributes
    ----------
    name : str
    width, height : float
        Points.
    scale : float
        Factor of type sizes, line widths and margins.
    frame, side : Box
        Where the map stands, and the column beside it.
    """

    name: str
    width: float
    height: float
    scale: float
    frame: Box
    side: Box


SMALLEST: Final = 0.4  # of A4: under this the type cannot be read
SIZES: Final = {"A3": (420.0, 297.0), "A4": (297.0, 210.0), "A5": (210.0, 148.0)}


def sheet(size: str | tuple[float, float] = "A4") -> Sheet:
    """Return the measures of a page.

    Parameters
    ----------
    size : {"A3", "A4", "A5"} or (float, float)
        Landscape, or width and height in millimetres.

    Raises
    ------
    AnalysisError
        If the size is unknown or too small for a map.
    """
    if isinstance(size, str) and size not in SIZES:
        raise AnalysisError("unknown page size", found=size, expected=", ".join(SIZES))
    wide, high = SIZES[size] if isinstance(size, str) else size
    width, height = wide * MILLIMETRE, high * MILLIMETRE
    s = min(width / 842.0, height / 540.0)
    if s < SMALLEST:
        raise AnalysisError(
            "the page is too small for a map",
            found=f"{wide:g} x {high:g} mm",
            expected=f"at least {SMALLEST * 297:.0f} x {SMALLEST * 190.5:.0f} mm",
        )
    margin, column = 36 * s, 214 * s
    top, foot = height - 104 * s, 74 * s
    return Sheet(
        name=size if isinstance(size, str) else f"{wide:g} x {high:g} mm",
        width=width,
        height=height,
        scale=s,
        frame=Box(margin, foot, width - margin - column - 18 * s, top),
        side=Box(width - margin - column, foot, width - margin, top),
    )


@dataclass(frozen=True, eq=False)
class Page:
    """A figure drawn upon in points from the lower left corner, without any axes."""

    sheet: Sheet
    figure: Figure
    points: Transform

    def add(self, drawn: Collection) -> None:
        """Put paths on the page whose numbers are points of the page."""
        if not drawn.is_transform_set():
            drawn.set_transform(self.points)
        self.figure.add_artist(drawn)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        colour: str = INK,
        weight: str = REGULAR,
        align: Align = "left",
        stand: Stand = "baseline",
        ground: str | None = None,
        turn: float = 0.0,
        alpha: float = 1.0,
        layer: float = 5.0,
    ) -> Text:
        """Set one line of text, with a halo of the colour `ground`; dollars are letters like any other."""
        from atlasgeo.maps.lettering import Lettering

        artist = Lettering(
            x,
            y,
            text,
            fontproperties=face(text, weight=weight),
            fontsize=size * self.sheet.scale,
            color=colour,
            ha=align,
            va=stand,
            rotation=turn,
            alpha=alpha if alpha < 1 else None,
            zorder=layer,
            parse_math=False,
            transform=self.points,
        )
        artist.weight, artist.ground, artist.ground_width = weight, ground, 2.2 * self.sheet.scale
        self.figure.add_artist(artist)
        return artist

    def lines(
        self,
        segments: Sequence[Sequence[tuple[float, float]]],
        *,
        colour: str | Sequence[str] = INK,
        width: float | Sequence[float] = 0.8,
        dashes: tuple[float, ...] | None = None,
        layer: float = 3.0,
        cap: Literal["butt", "round"] = "butt",
    ) -> None:
        """Draw lines, each through its points."""
        from matplotlib.collections import LineCollection

        s = self.sheet.scale
        widths = [w * s for w in width] if isinstance(width, Sequence) else width * s
        style = "solid" if dashes is None else (0, dashes)
        drawn = LineCollection(
            [list(segment) for segment in segments],
            colors=colour,
            linewidths=widths,
            linestyles=[style],
            zorder=layer,
            capstyle=cap,
        )
        self.add(drawn)

    def boxes(
        self,
        boxes: Sequence[Box],
        *,
        fill: str | Sequence[str] = "none",
        edge: str | Sequence[str] = "none",
        width: float = 0.6,
        hatch: str | None = None,
        hatch_width: float = 0.6,
        layer: float = 2.0,
    ) -> None:
        """Draw rectangles; with `hatch` its lines have the colour of `edge`."""
        from matplotlib.collections import PolyCollection

        corners = [
            [(b.left, b.bottom), (b.right, b.bottom), (b.right, b.top), (b.left, b.top)] for b in boxes
        ]
        drawn = PolyCollection(
            corners,
            facecolors=fill,
            edgecolors=edge,
            linewidths=width * self.sheet.scale,
            zorder=layer,
        )
        if hatch:
            drawn.set_hatch(hatch)
            drawn.set_hatch_linewidth(hatch_width * self.sheet.scale)
        self.add(drawn)

    def discs(
        self,
        places: Sequence[tuple[float, float]],
        *,
        radius: float | Sequence[float],
        fill: str | Sequence[str] = "none",
        edge: str | Sequence[str] = "none",
        width: float = 0.6,
        layer: float = 4.0,
    ) -> None:
        """Draw circles; `radius` in points of the page."""
        from matplotlib.collections import CircleCollection

        radii = list(radius) if isinstance(radius, Sequence) else [radius] * len(places)
        drawn = CircleCollection(
            [3.141592653589793 * r * r for r in radii],
            offsets=list(places),
            offset_transform=self.points,
            facecolors=fill,
            edgecolors=edge,
            linewidths=width * self.sheet.scale,
            zorder=layer,
        )
        self.add(drawn)


def new_page(measures: Sheet) -> Page:
    """Return an empty page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    figure = Figure(figsize=(measures.width / 72, measures.height / 72), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    return Page(sheet=measures, figure=figure, points=points)
