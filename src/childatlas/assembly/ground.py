"""The country as a run sees it: units, shapes and neighbours of each period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import LEVEL, VALID_FROM
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
        """Return the units in force at the end of `year`, with shapes and, where `joined`, neighbours."""
        from atlasgeo.units import in_force
        from atlasgeo.vintages import boundaries_at

        level = self.study.level
        shapes = boundaries_at(self.country, self.gazetteer, level=level, year=year)
        units = in_force(self.gazetteer, level=level, year=year).loc[shapes.index]
        credit = shapes.attrs["credit"]
        return Geography(
            key=self.key(year),
            level=level,
            year=self.period(year),
            units=units,
            shapes=shapes,
            neighbours=neighbours_of(shapes, self.study.neighbours) if joined else None,
            credit=credit if isinstance(credit, str) else credit[self.study.languages[0]],
        )


def neighbours_of(shapes: Any, plan: NeighboursPlan) -> Graph:
    """Return the graph that a study declares."""
    from atlasgeo import build_neighbours

    return build_neighbours(shapes, rule=plan.rule, k=plan.k, threshold=plan.threshold, islands=plan.islands)
