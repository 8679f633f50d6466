"""The country as a run sees it: units, shapes and neighbours of each period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import LEVEL, VALID_FROM
from childatlas.layers import Geography

if TYPE_CHECKING:
    from libpysal.graph import Graph

    from childatlas.study import NeighboursPlan, Study

__all__ = ["Ground", "neighbours_of", "period_of"]


@dataclass(frozen=True, eq=False)
class Ground:
    """The country as a run sees it: profile, gazetteer and what the study asks of them."""

    country: Any
    gazetteer: pd.DataFrame
    study: Study

    def period(self, year: int) -> int:
        """Return the year that names the map in force at the end of `year`."""
        return period_of(self.gazetteer, level=self.study.level, year=year, preferred=self.study.vintage)

    def key(self, year: int) -> str:
        """Return the key of the geography in force at the end of `year`."""
        return f"{self.study.level}-{self.period(year)}"

    def codes(self, year: int) -> pd.Index:
        """Return the codes of the units in force at the end of `year`."""
        from atlasgeo.units import in_force

        return in_force(self.gazetteer, level=self.study.level, year=year).index

    def build(self, year: int) -> Geography:
        """Return the units in force at the end of `year`, with shapes and neighbours."""
        from atlasgeo.vintages import boundaries_at

        from atlasgeo.units import in_force

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
            neighbours=neighbours_of(shapes, self.study.neighbours),
            credit=credit if isinstance(credit, str) else credit[self.study.languages[0]],
        )


def period_of(gazetteer: pd.DataFrame, *, level: str, year: int, preferred: int) -> int:
    """Return the year that stands for the map in force at the end of `year`.

    It is `preferred` where the same units were in force then, else the last year of the period.
    """
    starts = gazetteer.loc[gazetteer[LEVEL] == level, VALID_FROM].dropna().dt.year
    later = sorted({int(start) for start in starts if start > year})
    first = max((int(start) for start in starts if start <= year), default=0)
    if first <= preferred and (not later or preferred < later[0]):
        return preferred
    return later[0] - 1 if later else year


def neighbours_of(shapes: Any, plan: NeighboursPlan) -> Graph:
    """Return the graph that a study declares."""
    from atlasgeo import build_neighbours

    return build_neighbours(shapes, rule=plan.rule, k=plan.k, threshold=plan.threshold, islands=plan.islands)
