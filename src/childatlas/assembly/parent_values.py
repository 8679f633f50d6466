"""Figures of the level above, shown for each of its units: surroundings, never an observation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import LEVEL, PARENT, PARENT_VALUE, SOURCE, UNIT, VALUE, YEAR
from childatlas.errors import DataError
from childatlas.figures.select import series
from childatlas.layers import Geography, Layer

if TYPE_CHECKING:
    from childatlas.assembly.ground import Ground
    from childatlas.figures.catalogue import Indicator

__all__ = ["parent_layer"]


def parent_layer(
    figures: pd.DataFrame, indicator: Indicator, geography: Geography, *, ground: Ground
) -> Layer:
    """Return a layer in which each unit shows its parent's figure, flagged ``oblast value``.

    It has no ranks, no errors, no trend, no gaps and no statistics: the same figure stands many times over.

    Parameters
    ----------
    figures : DataFrame
        Checked figures of both levels.
    indicator : Indicator
    geography : Geography
        Of the lower level.
    ground : Ground

    Raises
    ------
    DataError
        If the indicator is a count, or no year has values for at least half of the parents.
    """
    parents = geography.units[PARENT].astype(str)
    year = _year(figures, indicator, set(parents), ground)
    rows = series(figures, indicator.id)
    now = rows[rows[YEAR] == year].set_index(UNIT)
    values = parents.map(now[VALUE]).rename(VALUE)
    national = now[VALUE].get(str(ground.country.national_code))
    empty = pd.DataFrame({"rank": pd.NA, "tied": pd.NA}, index=values.index, dtype="Int64")
    named = [s for s in now.get(SOURCE, pd.Series(dtype=str)).dropna().unique() if s]
    return Layer(
        id=indicator.id,
        kind="indicator",
        geography=geography.key,
        year=year,
        residence="total",
        label=indicator.label,
        measure=indicator.measure,
        population=indicator.population,
        direction=indicator.direction,
        values=values,
        flags=pd.Series(PARENT_VALUE, index=values.index).where(values.notna(), ""),
        ranks=empty,
        trend=pd.DataFrame(),
        global_statistics=pd.DataFrame(),
        source="; ".join(named[:3]) or indicator.producer,
        licence=indicator.licence,
        link=indicator.link,
        national=None if national is None or pd.isna(national) else float(national),
        no_statistics=f"{PARENT_VALUE}: measured on the {ground.above or 'level above'}, not on these units",
        digits=indicator.digits,
        valid_range=indicator.valid_range,
        around=indicator.around,
        definition=indicator.definition,
        note=indicator.note,
        years_used=pd.Series(year, index=values.index).where(values.notna()),
    )


def _year(figures: pd.DataFrame, indicator: Indicator, parents: set[str], ground: Ground) -> int:
    """Return the latest year, on the parents of the study's vintage, with values for half of them."""
    study = ground.study
    if indicator.kind == "count":
        raise DataError(
            f"{indicator.id!r} is a count: that of the level above is not one of its units'",
            where=f"{study.path or study.name}, key figures.parent_values",
            fix="name a rate",
        )
    rows = series(figures, indicator.id)
    rows = rows[rows[UNIT].isin(parents) & rows[VALUE].notna()]
    # A code of the level above may have meant other ground before it was founded anew.
    units = ground.gazetteer
    since = units[(units[LEVEL] == ground.above) & units[UNIT].isin(parents) & units["valid_to"].isna()]
    first = since["valid_from"].max()
    counts = rows.groupby(YEAR)[UNIT].nunique()
    years = [
        int(y)
        for y, n in counts.items()
        if 2 * n >= len(parents)
        and int(y) <= min(study.figures.years[1], study.vintage)
        and (pd.isna(first) or int(y) >= first.year)
    ]
    if not years:
        raise DataError(
            f"{indicator.id!r} has no values for the level above",
            where=", ".join(study.figures.tables),
            expected=f"values for at least half of {len(parents)} parents in one year",
            fix="take it out of parent_values",
        )
    return max(years)
