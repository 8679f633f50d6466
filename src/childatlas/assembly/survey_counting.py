"""The counting tables of a study's survey: by country, oblast, town and village, and district."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.columns import INDICATOR, LEVEL, RESIDENCE, SE, TOTAL, UNIT
from childatlas.assembly.survey_protection import DISCLOSURE
from childatlas.child_counts import count_tables, protect_counts
from childatlas.child_disclosure import EVERYBODY
from childatlas.child_figures import ADJUSTED, COUNTRY, DISTRICT, HEADCOUNT, INTENSITY, OBLAST, Places

if TYPE_CHECKING:
    from childatlas.definitions import Definitions
    from childatlas.inquiry.guard import Guard
    from childatlas.measures.histogram import Histogram

__all__ = ["COUNTING_TABLES", "Counting", "counting_tables"]

COUNTING_TABLES: Final = ("alkire_foster", "moda", "count", "association", "curve", "decomposition")
# Of the few children of a district no more is said than what all of them stand behind.
_OF_DISTRICTS: Final = ("headcount", "uncensored", "average", "exactly", "at least", "deprived", "breadth")


@dataclass(frozen=True, eq=False)
class Counting:
    """What the counting tables are made of.

    Attributes
    ----------
    histogram : Histogram
        Counted by the columns of `places`.
    definitions : Definitions
    places : Places
    cutoff : float
    quality : DataFrame
        What the figures show of each place, under their plain names: what they hide is hidden here.
    """

    histogram: Histogram
    definitions: Definitions
    places: Places
    cutoff: float
    quality: pd.DataFrame


def counting_tables(counting: Counting, guard: Guard, *, national: str) -> dict[str, pd.DataFrame]:
    """Return the tables of `childatlas children` for the places of a study, safe to show beside its figures.

    Parameters
    ----------
    counting : Counting
    guard : Guard
        Whose rule and flag they keep.
    national : str
        Code of the country in the quality of the figures.

    Returns
    -------
    dict of name -> DataFrame
        ``alkire_foster, moda, count, association, curve, decomposition``: ``level, unit, residence``, the
        names of the measure, ``estimate, se, low, high, cv, n, quality, reason, flag``; ``unit`` is ``""``
        for the country.

    Notes
    -----
    Disclosure control is that of the figures, place by place: a headcount hidden there hides all of a place
    here, a hidden intensity or adjusted headcount whatever the deprived children stand behind. The curve
    hides more at higher cutoffs. An estimate without an error is no estimate, as there.
    """
    places = counting.places
    groups = tuple(places.columns)
    keeps = []
    for _, column, split in places.groupings():
        names = [c for c in (column, places.residence if split else None) if c is not None]
        keeps.append(tuple(groups.index(name) for name in names))
    tables = count_tables(
        counting.histogram, counting.definitions, groups, cutoff=counting.cutoff, keeps=keeps
    )
    tables = {name: _measured(_publishable(table, name, places)) for name, table in tables.items()}
    hidden = _hidden(tables["alkire_foster"], counting, national)
    safe = protect_counts(tables, groups, hidden, cutoff=counting.cutoff, rule=guard.rule, flag=guard.flag)
    return {name: _placed(table, places) for name, table in safe.items()}


def _publishable(table: pd.DataFrame, name: str, places: Places) -> pd.DataFrame:
    """Return the table without what is not said of districts."""
    if places.district is None:
        return table
    district = table[places.district] != EVERYBODY
    said = table["measure"].isin(_OF_DISTRICTS) & (name not in ("association", "decomposition"))
    return table[~district | said].reset_index(drop=True)


def _measured(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with no error where none could be had: all children alike, or no freedom left."""
    known = (table[SE] > 0) & table["low"].notna()
    return table.assign(**{c: table[c].where(known) for c in (SE, "low", "high", "cv")})


def _keys(table: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return level, unit ("" for the country) and residence of every row."""
    oblast = table[places.oblast]
    level = oblast.ne(EVERYBODY).map({True: OBLAST, False: COUNTRY})
    unit = oblast.mask(oblast == EVERYBODY, "")
    if places.district is not None:
        inside = table[places.district] != EVERYBODY
        level, unit = level.mask(inside, DISTRICT), unit.mask(inside, table[places.district])
    side = table[places.residence] if places.residence is not None else pd.Series(TOTAL, index=table.index)
    return pd.DataFrame({LEVEL: level, UNIT: unit, RESIDENCE: side.mask(side == EVERYBODY, TOTAL)})


def _hidden(table: pd.DataFrame, counting: Counting, national: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the groups whose headcount, and those whose intensity the figures hide."""
    cells = table.drop_duplicates(counting.places.columns)
    index = pd.Index(
        list(cells[counting.places.columns].itertuples(index=False, name=None)), tupleize_cols=False
    )
    keys = _keys(cells, counting.places)
    where = list(zip(keys[UNIT], keys[RESIDENCE], strict=True))

    def lost(indicators: Collection[str]) -> pd.DataFrame:
        rows = counting.quality
        rows = rows[rows[INDICATOR].isin(indicators) & (rows["reason"] == DISCLOSURE)]
        gone = set(zip(rows[UNIT].replace({national: ""}), rows[RESIDENCE], strict=True))
        status = ["hidden" if place in gone else "" for place in where]
        return pd.DataFrame(
            {"status": status, "reason": [DISCLOSURE if s else "" for s in status]}, index=index
        )

    return lost([HEADCOUNT]), lost([HEADCOUNT, ADJUSTED, INTENSITY])


def _placed(table: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return the table with level, unit and residence in place of the columns of the file."""
    return pd.concat([_keys(table, places), table.drop(columns=places.columns)], axis=1)
