"""What stands around and on every map: title, foot, shapes, scale bar, labels and insets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from atlasgeo.maps.basemap import Basemap
from atlasgeo.maps.insets import BADGE
from atlasgeo.maps.labels import Label, Labels
from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import HAIRLINE, INK, LAND, PAPER, SOFT, ink_on
from atlasgeo.maps.rooms import LINE, TYPE_SIZES
from atlasgeo.maps.typeface import BOLD, fit, text_width, wrap
from atlasgeo.maps.wording import MapText

if TYPE_CHECKING:
    from matplotlib.path import Path

__all__ = [
    "draw_badge",
    "draw_foot",
    "draw_header",
    "draw_inset_shapes",
    "draw_inset_words",
    "draw_key",
    "draw_labels",
    "draw_numbers",
    "draw_scale_bar",
    "draw_shapes",
    "draw_watermark",
]

TITLE: Final = 21.0
SUBTITLE: Final = 12.5
FOOT: Final = 8.3
LABEL: Final = 8.6
NUMBER: Final = 6.0
PALE: Final = "#c6cbd1"  # border of land without data, on which white cannot be seen


def draw_header(page: Page, text: MapText) -> float:
    """Draw title and subtitle, two lines each at most, and return the height where they end."""
    s = page.sheet.scale
    wide = page.sheet.side.right - page.sheet.frame.left
    y = page.sheet.height - 24 * s
    size = next(
        (z for z in (TITLE, 18.0, 16.0) if len(wrap(text.title, wide, z * s, weight=BOLD)) <= 2), 16.0
    )
    for line in wrap(text.title, wide, size * s, weight=BOLD, most=2) if text.title else []:
        y -= size * 1.14 * s
        page.text(page.sheet.frame.left, y + 0.2 * size * s, line, size=size, weight=BOLD)
    y -= 3 * s
    for line in wrap(text.subtitle, wide, SUBTITLE * s, most=2) if text.subtitle else []:
        y -= SUBTITLE * 1.24 * s
        page.text(page.sheet.frame.left, y + 0.2 * SUBTITLE * s, line, size=SUBTITLE, colour=SOFT)
    return y


def draw_foot(page: Page, text: MapText) -> None:
    """Draw the small print from the bottom margin up, smaller where there is much of it."""
    s = page.sheet.scale
    wide = page.sheet.side.right - page.sheet.frame.left
    room = page.sheet.frame.bottom - 30 * s
    for size in (FOOT, 7.6, 7.0, 6.4, 5.8):
        lines = [line for part in text.foot if part for line in wrap(part, wide, size * s)]
        if len(lines) * size * 1.24 * s <= room:
            break
    top = 20 * s + len(lines) * size * 1.24 * s
    for number, line in enumerate(lines):
        page.text(page.sheet.frame.left, top - (number + 1) * size * 1.24 * s, line, size=size, colour=SOFT)


def draw_shapes(
    page: Page,
    basemap: Basemap,
    fills: Sequence[str],
    *,
    patterns: Mapping[tuple[str, str], Sequence[int]] | None = None,
    inset: bool = True,
) -> None:
    """Draw the units, their borders, the borders of the level above, and patterns on some of them.

    Parameters
    ----------
    page : Page
    basemap : Basemap
    fills : sequence of str
        One colour a unit.
    patterns : mapping of (hatch, colour of its lines) -> numbers of units
        Drawn over the fills.
    inset : bool
        Whether insets show the same.
    """
    from matplotlib.collections import PathCollection

    groups = [(basemap.paths, list(range(len(basemap.codes))))]
    groups += [(x.paths, list(x.members)) for x in basemap.insets] if inset else []
    s = page.sheet.scale
    for place, (paths, members) in enumerate(groups):
        colours = [fills[i] for i in members]
        edge = [PALE if fill == LAND else PAPER for fill in colours] if place == 0 else HAIRLINE
        width = (basemap.border if place == 0 else 0.5) * s
        shapes = PathCollection(list(paths), facecolors=colours, edgecolors=edge, linewidths=width, zorder=2)
        shapes.set_joinstyle("round")
        shapes.set_transform(page.axes.transData)
        page.axes.add_collection(shapes, autolim=False)
        for (hatch, colour), units in (patterns or {}).items():
            chosen = [paths[members.index(i)] for i in units if i in members]
            _draw_pattern(page, chosen, hatch, colour)
    _draw_borders(page, basemap)


def _draw_pattern(page: Page, paths: Sequence[Path], hatch: str, colour: str) -> None:
    from matplotlib.collections import PathCollection

    if not paths:
        return
    drawn = PathCollection(
        list(paths), facecolors="none", edgecolors=colour, linewidths=0, hatch=hatch, zorder=2.4
    )
    drawn.set_hatch_linewidth(0.5 * page.sheet.scale)
    drawn.set_transform(page.axes.transData)
    page.axes.add_collection(drawn, autolim=False)


def _draw_borders(page: Page, basemap: Basemap) -> None:
    from matplotlib.collections import PathCollection

    s = page.sheet.scale
    layers = [(list(basemap.parents), PAPER, 0.9), ([basemap.outline], HAIRLINE, 0.6)]
    for paths, colour, width in layers:
        if paths:
            drawn = PathCollection(
                paths, facecolors="none", edgecolors=colour, linewidths=width * s, zorder=2.6
            )
            drawn.set_transform(page.axes.transData)
            drawn.set_joinstyle("round")
            page.axes.add_collection(drawn, autolim=False)


def draw_labels(
    page: Page, labels: Labels, fills: Mapping[str, str], *, halo: frozenset[str] = frozenset()
) -> None:
    """Draw names and values, white on dark units; the units of `halo` carry a pattern under their letters."""
    leaders = [label.leader for label in labels.placed if label.leader]
    if leaders:
        page.lines(leaders, colour=INK, width=0.5, layer=4.2)
        page.discs([leader[0] for leader in leaders], radius=1.3 * page.sheet.scale, fill=INK, layer=4.3)
    for label in labels.placed:
        ground = PAPER if label.leader else fills[label.code]
        _draw_block(page, label, ink_on(ground), ground if label.code in halo and not label.leader else None)


def _draw_block(page: Page, label: Label, ink: str, ground: str | None) -> None:
    pitch = label.size * LINE * page.sheet.scale
    top = label.y + pitch * len(label.lines) / 2
    for number, line in enumerate(label.lines):
        page.text(
            label.x,
            top - pitch * (number + 0.78),
            line,
            size=label.size,
            colour=ink,
            weight=label.weight(number),
            align="center",
            ground=ground,
        )


def draw_badge(page: Page, place: tuple[float, float], number: str) -> None:
    """Draw a number in a dark disc."""
    s = page.sheet.scale
    page.discs([place], radius=BADGE * s, fill=INK, edge=PAPER, width=0.8, layer=6)
    page.text(
        *place, number, size=6.4, colour=PAPER, weight=BOLD, align="center", stand="center_baseline", layer=7
    )


def draw_inset_shapes(page: Page, basemap: Basemap) -> None:
    """Draw the ring and number of each inset on the map, and the number beside the enlarged shape."""
    s = page.sheet.scale
    for number, inset in enumerate(basemap.insets, start=1):
        x, y, radius = inset.ring
        page.discs([(x, y)], radius=radius, edge=PAPER, width=2.6, layer=4.4)
        page.discs([(x, y)], radius=radius, edge=INK, width=1.0, layer=4.5)
        draw_badge(page, inset.badge, str(number))
        draw_badge(page, (inset.cell.left - 7 * s, inset.cell.top - BADGE * s), str(number))


def draw_inset_words(
    page: Page,
    basemap: Basemap,
    words: Mapping[str, tuple[str, str]],
    *,
    numbers: Mapping[str, str] | None = None,
) -> None:
    """Draw name and value beside each enlarged unit, in the order of `words`, after its number if it has one."""
    for inset in basemap.insets:
        members = {basemap.codes[i] for i in inset.members}
        known = [(code, *said) for code, said in words.items() if code in members]
        if len(known) == 1:
            _draw_one(page, inset.room, *known[0][1:])
        else:
            lines = [" ".join(filter(None, ((numbers or {}).get(code, ""), *said))) for code, *said in known]
            _draw_several(page, inset.room, lines)


def _draw_one(page: Page, room: Box, name: str, value: str) -> None:
    s = page.sheet.scale
    pitch = LABEL * LINE * s
    lines = wrap(name, room.width, LABEL * s, most=3)
    y = room.centre[1] + pitch * (len(lines) + 1) / 2 - 0.78 * pitch
    for line in lines:
        page.text(room.left, y, fit(line, room.width, LABEL * s), size=LABEL)
        y -= pitch
    page.text(room.left, y, value, size=LABEL, weight=BOLD)


def _draw_several(page: Page, room: Box, lines: Sequence[str]) -> None:
    s = page.sheet.scale
    size = 6.2
    pitch = size * LINE * s
    most = max(1, int((room.height + 14 * s) / pitch))
    shown = list(lines) if len(lines) <= most else [*lines[: most - 1], f"+ {len(lines) - most + 1}"]
    y = room.centre[1] + pitch * len(shown) / 2 - 0.78 * pitch
    for line in shown:
        page.text(room.left, y, fit(line, room.width, size * s), size=size)
        y -= pitch


def draw_key(page: Page, basemap: Basemap, entries: Sequence[tuple[str, str, str]]) -> None:
    """Draw the units that have a number instead of a name: badges on the map and lines under it."""
    s = page.sheet.scale
    x = max((inset.room.right for inset in basemap.insets), default=basemap.frame.left) + 10 * s
    y = page.sheet.frame.bottom + 46 * s if basemap.insets else basemap.frame.bottom - 2 * s
    column = 108 * s
    for place, (code, number, words) in enumerate(entries):
        room = basemap.rooms[basemap.codes.index(code)]
        if room is None:
            continue
        draw_badge(page, room.heart, number)
        at = (x + (place // 4) * column, y - (place % 4) * 11 * s)
        draw_badge(page, (at[0] + BADGE * s, at[1] + 2.5 * s), number)
        page.text(at[0] + 13 * s, at[1], fit(words, column - 18 * s, 7.6 * s), size=7.6)


def draw_numbers(page: Page, basemap: Basemap, numbers: Mapping[str, str], fills: Mapping[str, str]) -> None:
    """Draw the number of units in the middle of each, or beside a dot where there is no room for it."""
    s = page.sheet.scale
    for code, room in zip(basemap.codes, basemap.rooms, strict=True):
        if room is None or code not in numbers or code in basemap.inset_codes:
            continue
        spot = room.place(text_width(numbers[code], NUMBER * s, weight=BOLD), 1, TYPE_SIZES[-1])
        if spot is None:
            x, y = room.heart
            page.discs([(x, y)], radius=1.2 * s, fill=INK, edge=PAPER, width=0.5, layer=4.6)
            page.text(x + 3 * s, y, numbers[code], size=NUMBER, weight=BOLD, stand="center", ground=PAPER)
        else:
            ground = fills[code]
            ink = ink_on(ground)
            page.text(
                *spot,
                numbers[code],
                size=NUMBER,
                weight=BOLD,
                colour=ink,
                align="center",
                stand="center",
                ground=ground,
            )


def draw_scale_bar(page: Page, basemap: Basemap, text: MapText) -> None:
    """Draw a bar of a round length where the basemap has kept a place for it."""
    if basemap.bar is None:
        return
    s, box = page.sheet.scale, basemap.bar
    length = round(box.width / basemap.scale)
    name = text.word("kilometres" if length >= 1000 else "metres")
    shown = text.number(length / 1000 if length >= 1000 else length, 0)
    y, tick = box.bottom, 3 * s
    bar = [(box.left, y + tick), (box.left, y), (box.right, y), (box.right, y + tick)]
    page.lines([bar], colour=SOFT, width=0.9)
    page.text(box.centre[0], y + 3.2 * s, f"{shown} {name}", size=7.6, colour=SOFT, align="center")


def draw_watermark(page: Page, basemap: Basemap, word: str) -> None:
    """Draw one word large and pale across the map."""
    x, y = basemap.frame.centre
    size = min(86.0, 0.9 * basemap.frame.width / page.sheet.scale / max(len(word), 1) * 1.7)
    page.text(
        x,
        y,
        word,
        size=size,
        colour=INK,
        weight=BOLD,
        align="center",
        stand="center",
        turn=18,
        alpha=0.16,
        layer=3.2,
    )
