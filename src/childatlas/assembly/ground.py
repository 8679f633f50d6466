"""The country as a run sees it: units, shapes and neighbours of each period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import LEVEL, VALID_FROM
from childatlas.assembly.shapes import Drawn, official_shapes, schematic_shapes, shipped_shapes
from childatlas.layers import Geography

if TYPE_CHECKING:
    from libpysal.graph import Graph

    from childatlas.study import NeighboursPlan, Study

__all__ = ["Ground", "neighbours_of"]


@dataclass(frozen=True, eq=False)
class Ground:
    """The country as a run sees it: profile, gazetteer and what the study asks of them."""

    country: Any
    gazetteer: pd.DataFrame
    study: Study

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The years in which units of the study's level came into force, oldest first."""
        dates = self.gazetteer.loc[self.gazetteer[LEVEL] == self.study.level, VALID_FROM].dropna()
        return tuple(sorted({int(year) for year in dates.dt.year}))

    def period(self, year: int) -> int:
        """Return the year that stands for the map in force at the end of `year`.

        It is the study's vintage where the same units were in force then, else the last year of the period.
        """
        preferred = self.study.vintage
        first = max((start for start in self.starts if start <= year), default=0)
        later = min((start for start in self.starts if start > year), default=None)
        if first <= preferred and (later is None or preferred < later):
            return preferred
        return year if later is None else later - 1

    def key(self, year: int) -> str:
        """Return the key of the geography in force at the end of `year`."""
        return f"{self.study.level}-{self.period(year)}"

    @cached_property
    def _codes(self) -> Callable[[int], pd.Index]:
        from atlasgeo.units import in_force

        @cache
        def codes(year: int) -> pd.Index:
            return in_force(self.gazetteer, level=self.study.level, year=year).index

        return codes

    def codes(self, year: int) -> pd.Index:
        """Return the codes of the units in force at the end of `year`."""
        return self._codes(self.period(year))

    def build(self, year: int, *, joined: bool = True) -> Geography:
        """Return the units in force at the end of `year`, with shapes and, where `joined`, neighbours.

        Shapes are those that ship; else official ones out of the cache; else schematic ones.
        """
        from atlasgeo.units import in_force

        level, period = self.study.level, self.period(year)
        if self.ships(level):
            drawn = shipped_shapes(self, year)
        else:
            drawn = official_shapes(self, period) or schematic_shapes(self, period)
        units = in_force(self.gazetteer, level=level, year=year)
        return Geography(
            key=self.key(year),
            level=level,
            year=period,
            units=units.loc[drawn.shapes.index],
            shapes=drawn.shapes,
            neighbours=self._neighbours(drawn.shapes, period) if joined else None,
            credit=self._credit(drawn),
            parents=drawn.parents,
            schematic=drawn.schematic,
            without_shape=self._unseen(units, drawn.shapes.index, year),
            fetch=drawn.fetch,
            mark=self._mark() if drawn.schematic else "",
            above=self._above_units(year),
        )

    def ships(self, level: str) -> bool:
        """Return whether shapes of the level, or of the level below the country, ship with the profile."""
        levels = self.country.levels
        below = levels[1] if level == levels[0] and len(levels) > 1 else level
        return any(layer.level == below and layer.path is not None for layer in self.country.boundaries)

    def _credit(self, drawn: Drawn) -> str:
        """Return the credit of the shapes, which begins with what schematic ones are."""
        if not drawn.schematic:
            return drawn.credit
        from childatlas.atlas.words import read_words

        words = read_words(self.study.languages[0])
        return words.say("foot.schematic_credit", mark=self._mark(), credit=drawn.credit)

    def _mark(self) -> str:
        """Return what schematic shapes are called, in every language of the study."""
        from childatlas.atlas.marks import mark_in

        return mark_in("schematic", self.study.languages)

    def _above_units(self, year: int) -> pd.DataFrame | None:
        """Return the units of the level above in force at the end of `year`."""
        from atlasgeo.units import in_force

        return None if self.above is None else in_force(self.gazetteer, level=self.above, year=year)

    def shape_files(self) -> list[Path]:
        """Return the files of shapes outside the profile's folder that a run of the study reads."""
        from atlasgeo.official import fetchable
        from atlasgeo.sources import find_fetched

        country, level, year = self.country, self.study.level, self.period(self.study.vintage)
        inside = [country.folder / layer.path for layer in country.boundaries if layer.path is not None]
        files = [path for path in inside if not path.is_relative_to(country.folder)]
        if not self.ships(level):
            for layer in fetchable(country, self.gazetteer, level=level, year=year):
                fetched = find_fetched(layer, country=country.code)
                files += [fetched.path] if fetched is not None else []
        return [path for path in files if path.is_file()]

    @property
    def above(self) -> str | None:
        """The level above the study's, None for that of the country itself."""
        place = self.country.levels.index(self.study.level)
        return self.country.levels[place - 1] if place > 1 else None

    def _neighbours(self, shapes: Any, year: int) -> Graph:
        """Return the graph of the study: stated neighbours where shapes of the level do not ship."""
        from atlasgeo.known_neighbours import known_neighbours

        plan = self.study.neighbours
        if plan.rule in ("queen", "rook") and not self.ships(self.study.level):
            known = known_neighbours(
                self.country,
                self.gazetteer,
                shapes,
                level=self.study.level,
                year=year,
                rule=plan.rule,
                islands=plan.islands,
            )
            if known is not None:
                return known
        return neighbours_of(shapes, plan)

    @cached_property
    def reforms(self) -> dict[int, str]:
        """The years whose figures are the first on other ground, with what happened then."""
        from atlasgeo.continuity import reform_breaks
        from childatlas.atlas.words import read_words

        words = read_words(self.study.languages[0])
        units = reform_breaks(self.country, self.gazetteer, level=self.study.level).values()
        texts = {reform.date.year: words.pick(reform.text) for reform in self.country.reforms}
        told: dict[int, str] = {}
        for year, text in (item for breaks in units for item in breaks.items()):
            told[year] = told.get(year) or words.pick(text) or texts.get(year, "")
        unnamed = words.say("trend.borders_changed")
        return {year: text or unnamed for year, text in sorted(told.items())}

    def nameless(self, year: int) -> pd.DataFrame:
        """Return the units that the profile lists without a code: names and parent; none on older maps."""
        today = self.period(year) >= max(self.starts, default=0)
        here = self.country.without_shape if today else ()
        listed = [unit for unit in here if unit.level == self.study.level and not unit.unit]
        rows = [{f"name_{k}": v for k, v in unit.name.items()} | {"parent": unit.parent} for unit in listed]
        return pd.DataFrame(rows, index=pd.Index([""] * len(rows), name="unit"))

    def _unseen(self, units: pd.DataFrame, drawn: pd.Index, year: int) -> tuple[str, ...]:
        """Return the names of units in force without a shape, with those that have no code either."""
        column = f"name_{self.study.languages[0]}"
        column = column if column in units else f"name_{self.country.languages[0]}"
        lost = units.loc[sorted(set(units.index) - set(drawn)), column]
        nameless = self.nameless(year)
        return (*map(str, lost), *(map(str, nameless[column]) if len(nameless) and len(lost) else ()))


def neighbours_of(shapes: Any, plan: NeighboursPlan) -> Graph:
    """Return the graph that a study declares."""
    from atlasgeo import build_neighbours

    return build_neighbours(shapes, rule=plan.rule, k=plan.k, threshold=plan.threshold, islands=plan.islands)
