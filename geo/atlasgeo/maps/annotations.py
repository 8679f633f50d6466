"""Words on the map: names, values, numbers and what stands beside the insets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from atlasgeo.maps.basemap import Basemap
from atlasgeo.maps.insets import BADGE
from atlasgeo.maps.labels import Label, Labels
from atlasgeo.maps.page import Box, Page
from atlasgeo.maps.palettes import INK, PAPER, ink_on
from atlasgeo.maps.rooms import LINE, TYPE_SIZES
from atlasgeo.maps.typeface import BOLD, fit, text_width, wrap

__all__ = ["draw_badge", "draw_inset_shapes", "draw_inset_words", "draw_key", "draw_labels", "draw_numbers"]

LABEL: Final = 8.6
NUMBER: Final = 6.0


def draw_labels(
    page: Page, labels: Labels, fills: Mapping[str, str], *, halo: frozenset[str] = frozenset()
) -> None:
    """Draw names and values, white on dark units; the units of `halo` carry a pattern under their letters."""
    leaders = [label.leader for label in labels.placed if label.leader]
    if leaders:
        page.lines(leaders, colour=PAPER, width=1.5, layer=4.1)
        page.lines(leaders, colour=INK, width=0.5, layer=4.2)
        dots = [leader[0] for leader in leaders]
        page.discs(dots, radius=1.5 * page.sheet.scale, fill=INK, edge=PAPER, width=0.6, layer=4.3)
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
    """Draw name and value beside each enlarged unit in the order of `words`, after its number if any."""
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
