"""Where the shapes of a run come from: shipped, official out of the cache, or schematic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from childatlas.assembly.ground import Ground

__all__ = ["Drawn", "fetch_official", "official_shapes", "schematic_shapes", "shipped_shapes"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Shapes with what a map says of them.

    Attributes
    ----------
    shapes, parents : GeoDataFrame
        `parents` is None where the level above is not drawn on top.
    credit : str
    schematic : bool
    fetch : str
        The command that would fetch official ones; empty where there is nothing to fetch.
    """

    shapes: Any
    credit: str
    parents: Any = None
    schematic: bool = False
    fetch: str = ""


def shipped_shapes(ground: Ground, year: int) -> Drawn:
    """Return the shapes that ship with the country."""
    from atlasgeo.vintages import boundaries_at

    shapes = boundaries_at(ground.country, ground.gazetteer, level=ground.study.level, year=year)
    return Drawn(shapes, _said(shapes.attrs["credit"], ground))


def official_shapes(ground: Ground, year: int) -> Drawn | None:
    """Return official shapes out of the cache, None where it holds none of these units; opens no network."""
    from atlasgeo.official import find_official, parents_from

    level = ground.study.level
    found = find_official(
        ground.country, ground.gazetteer, level=level, year=year, parents=_parents(ground, year)
    )
    if found is None:
        return None
    shapes, _ = found
    parents = parents_from(shapes, ground.gazetteer, level=level, year=year)
    return Drawn(shapes, _said(shapes.attrs["credit"], ground), parents)


def schematic_shapes(ground: Ground, year: int) -> Drawn:
    """Return shapes grown from points and areas inside their parents, kept in the user's cache.

    Raises
    ------
    BoundaryError
        If the level above has no shapes either.
    """
    from atlasgeo.cache import cache_folder
    from atlasgeo.errors import BoundaryError
    from atlasgeo.official import fetchable
    from atlasgeo.schematic import cached_schematic
    from atlasgeo.sources import fetch_command
    from atlasgeo.units import in_force
    from atlasgeo.vintages import boundaries_at

    level, country = ground.study.level, ground.country
    official = fetchable(country, ground.gazetteer, level=level, year=year)
    command = fetch_command(official[0], country=country.code) if official else ""
    if ground.above is None:
        raise BoundaryError(
            f"{country.code} has no shapes of level {level!r}",
            where=str(country.folder / "country.toml"),
            expected="a layer with `path`, or official ones in the cache",
            fix=command or "add [[boundaries]] to the profile",
        )
    above = boundaries_at(country, ground.gazetteer, level=ground.above, year=year)
    units = in_force(ground.gazetteer, level=level, year=year)
    shapes = cached_schematic(above, units, folder=cache_folder() / "schematic")
    credit = _said(above.attrs["credit"], ground)
    return Drawn(shapes, credit, shapes.attrs["parents"], schematic=True, fetch=command)


def fetch_official(ground: Ground, *, progress: Any = None) -> None:
    """Fetch the official layer that the study's level and vintage can use, where one is catalogued.

    Raises
    ------
    SourceError
        If it cannot be fetched.
    """
    from atlasgeo.official import fetchable
    from atlasgeo.sources import fetch_layer

    if ground.ships(ground.study.level):
        return
    year = ground.period(ground.study.vintage)
    for layer in fetchable(ground.country, ground.gazetteer, level=ground.study.level, year=year):
        if not layer.supplied:
            fetch_layer(layer, country=ground.country.code, progress=progress)
            return


def _parents(ground: Ground, year: int) -> Any:
    """Return the shapes of the level above where they ship, for looking names up within them."""
    from atlasgeo.vintages import boundaries_at

    if ground.above is None or not ground.ships(ground.above):
        return None
    return boundaries_at(ground.country, ground.gazetteer, level=ground.above, year=year)


def _said(credit: str | dict[str, str], ground: Ground) -> str:
    """Return the credit in the study's first language, else in any."""
    if isinstance(credit, str):
        return credit
    return credit.get(ground.study.languages[0]) or next(iter(credit.values()), "")
