"""Crosswalks: which share of each unit of one map lies in each unit of another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from atlasgeo.columns import AREA_KM2, SHARE_ESTIMATED
from atlasgeo.continuity import trace
from atlasgeo.errors import BoundaryError, nearest
from atlasgeo.periods import end_of
from atlasgeo.units import check_codes, in_force

if TYPE_CHECKING:
    from atlasgeo.profiles import Country

__all__ = [
    "CROSSWALK_COLUMNS",
    "FROM",
    "SHARE",
    "SHARE_OF_TO",
    "TO",
    "build_crosswalk",
    "read_crosswalk",
    "reweigh",
]

FROM: Final = "from_unit"
TO: Final = "to_unit"
SHARE: Final = "share"
SHARE_OF_TO: Final = "share_of_to"
CROSSWALK_COLUMNS: Final = (FROM, TO, SHARE, SHARE_OF_TO, SHARE_ESTIMATED)

_SUM_TOLERANCE = 0.02
"""Shares of a unit may miss 1 by this much (ground gained or lost outside); they are scaled to 1."""

_AREA_TOLERANCE = 0.1
"""Parts whose areas miss that of their whole by more than this do not nest in it."""


def read_crosswalk(path: str | Path, *, reverse: bool = False) -> pd.DataFrame:
    """Return a crosswalk from a table of overlaps: what share of each old unit lies in each new one.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``from_unit``, ``to_unit``, ``share_of_from`` and ``share_of_to``.
    reverse : bool
        From the new units to the old ones.

    Returns
    -------
    DataFrame
        Columns `from_unit`, `to_unit`, `share` (of the old unit; sums to 1), `share_of_to` (how much of the
        new unit that is) and `share_estimated`: True where the old unit is split, so that its figures have
        to be divided by a weight.

    Raises
    ------
    BoundaryError
        If a column is missing, a share is not in (0, 1], a pair is there twice, or the shares of a unit are
        further than 2 % from a whole.
    """
    path = Path(path)
    if not path.is_file():
        raise BoundaryError("there is no crosswalk", where=str(path), fix="correct the path")
    table = pd.read_csv(path, dtype={FROM: str, TO: str}, encoding="utf-8-sig")
    needed = (FROM, TO, "share_of_from", "share_of_to")
    for column in needed:
        if column not in table:
            raise BoundaryError(
                f"the crosswalk lacks the column {column!r}",
                where=str(path),
                found=", ".join(map(str, table.columns)),
                expected=", ".join(nearest(column, table.columns)) or column,
            )
    names = {FROM: TO, TO: FROM, "share_of_from": SHARE_OF_TO, "share_of_to": SHARE}
    keep = names if reverse else {FROM: FROM, TO: TO, "share_of_from": SHARE, "share_of_to": SHARE_OF_TO}
    return _checked(table[list(needed)].rename(columns=keep), where=str(path))


def build_crosswalk(
    gazetteer: pd.DataFrame,
    *,
    level: str,
    from_year: int,
    to_year: int,
    country: Country | None = None,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the crosswalk between the units of two years, exact where units nest.

    Parameters
    ----------
    gazetteer : DataFrame
    level : str
    from_year, to_year : int
        Forwards a unit that was cut is shared out, backwards the parts are put together, which is exact.
    country : Country, optional
        Its `crosswalks` are used for levels whose units do not nest (the table must be that of the two
        years).
    weights : Series, optional
        Weight of the units of the later year (population): a cut unit is shared out by it. Without it by
        area.

    Returns
    -------
    DataFrame
        As `read_crosswalk`.

    Raises
    ------
    BoundaryError
        If a unit cannot be traced, or an area or weight that is needed is missing.
    """
    table = None if country is None else _table_of(country, level, from_year, to_year)
    if table is None:
        table = _nesting(gazetteer, level, from_year, to_year, weights)
    elif weights is not None and from_year < to_year:
        table = reweigh(table, weights)
    old, new = (in_force(gazetteer, level=level, year=year).index for year in (from_year, to_year))
    check_codes(table[FROM], old, where=f"units in force at the end of {from_year}")
    check_codes(table[TO], new, where=f"units in force at the end of {to_year}")
    return table


def reweigh(crosswalk: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """Return a crosswalk whose split units are shared out by a weight of the new units, not by area.

    An old unit's share in a new one is proportional to the new unit's weight times the part of the new unit
    that was the old one's.

    Raises
    ------
    BoundaryError
        If a new unit that takes part in a split has no weight, or all weights of a unit are 0.
    """
    weight = crosswalk[TO].map(weights.set_axis(weights.index.astype(str), axis=0))
    lacking = crosswalk[crosswalk[SHARE_ESTIMATED] & weight.isna()][TO]
    if len(lacking):
        raise BoundaryError(
            "units have no weight",
            found=", ".join(sorted(set(lacking))[:5]),
            expected="a weight for every new unit",
        )
    raw = weight.fillna(1.0) * crosswalk[SHARE_OF_TO]
    total = raw.groupby(crosswalk[FROM]).transform("sum")
    if (total <= 0).any():
        zero = ", ".join(sorted(set(crosswalk[FROM][total <= 0]))[:5])
        raise BoundaryError("all weights of a unit are 0", found=zero, expected="a positive weight")
    shares = (raw / total).where(crosswalk[SHARE_ESTIMATED], 1.0)
    return crosswalk.assign(**{SHARE: shares})


def _checked(table: pd.DataFrame, *, where: str) -> pd.DataFrame:
    """Return a checked table of shares, scaled so that those of a unit sum to 1, split units marked."""
    bad = table[(table[SHARE] <= 0) | (table[SHARE] > 1 + 1e-9) | table.isna().any(axis=1)]
    if len(bad) or table.duplicated([FROM, TO]).any():
        row = bad.iloc[0] if len(bad) else table[table.duplicated([FROM, TO])].iloc[0]
        raise BoundaryError(
            "a row of the crosswalk cannot be used",
            where=where,
            found=f"{row[FROM]} -> {row[TO]}: {row[SHARE]}",
            expected="each pair once, with a share above 0 and up to 1",
        )
    total = table.groupby(FROM)[SHARE].transform("sum")
    off = (total - 1).abs() > _SUM_TOLERANCE
    if off.any():
        worst = table.assign(total=total)[off].drop_duplicates(FROM)
        raise BoundaryError(
            "the shares of a unit do not make a whole",
            where=where,
            found="; ".join(f"{row[FROM]}: {row['total']:.3f}" for _, row in worst.head(5).iterrows()),
            expected="1",
        )
    split = table.groupby(FROM)[TO].transform("size") > 1
    result = table.assign(**{SHARE: table[SHARE] / total, SHARE_ESTIMATED: split})
    return result.sort_values([FROM, TO], ignore_index=True)[list(CROSSWALK_COLUMNS)]


def _table_of(country: Country, level: str, from_year: int, to_year: int) -> pd.DataFrame | None:
    """Return the country's own crosswalk between the maps of two years, if it has one."""
    for entry in country.crosswalks:
        days = (pd.Timestamp(entry.start), pd.Timestamp(entry.end))
        first, last = sorted((end_of(from_year), end_of(to_year)))
        if entry.level == level and days[0] <= first < days[1] <= last:
            return read_crosswalk(country.folder / entry.path, reverse=from_year > to_year)
    return None


def _nesting(
    gazetteer: pd.DataFrame, level: str, from_year: int, to_year: int, weights: pd.Series | None
) -> pd.DataFrame:
    """Return the crosswalk along predecessors: each unit of the later map lies in one of the earlier."""
    early, late = min(from_year, to_year), max(from_year, to_year)
    older, newer = (in_force(gazetteer, level=level, year=year) for year in (early, late))
    whole = trace(gazetteer, newer.index, level=level, on=end_of(late), day=end_of(early))
    lost = [code for code, origin in whole.items() if origin is None]
    if lost:
        raise BoundaryError(
            f"units cannot be traced back to {early}",
            found=", ".join(lost[:5]),
            expected="a predecessor for each",
        )
    frame = pd.DataFrame({"whole": pd.Series(whole, dtype="str")}).rename_axis("part").reset_index()
    _refuse_other_ground(frame, newer, older)
    cut = frame.groupby("whole")["part"].transform("size") > 1
    size = newer[AREA_KM2] if weights is None else weights.set_axis(weights.index.astype(str), axis=0)
    weight = frame["part"].map(size).where(cut, 1.0).astype(float)
    if weight.isna().any():
        raise BoundaryError(
            "units have no area or weight to share by",
            found=", ".join(frame["part"][weight.isna()].head(5)),
            fix="give weights=, one for each unit of the later map",
        )
    share = weight / weight.groupby(frame["whole"]).transform("sum")
    if from_year <= to_year:
        columns = {
            FROM: frame["whole"],
            TO: frame["part"],
            SHARE: share,
            SHARE_OF_TO: 1.0,
            SHARE_ESTIMATED: cut,
        }
    else:
        columns = {
            FROM: frame["part"],
            TO: frame["whole"],
            SHARE: 1.0,
            SHARE_OF_TO: share,
            SHARE_ESTIMATED: False,
        }
    return pd.DataFrame(columns).sort_values([FROM, TO], ignore_index=True)


def _refuse_other_ground(frame: pd.DataFrame, newer: pd.DataFrame, older: pd.DataFrame) -> None:
    """Refuse parts that do not make up their whole: along predecessors alone their figures would be wrong."""
    parts = frame["part"].map(newer[AREA_KM2]).groupby(frame["whole"]).sum(min_count=1)
    off = (parts / older[AREA_KM2].reindex(parts.index) - 1).abs()
    wrong = off[off > _AREA_TOLERANCE]
    if len(wrong):
        raise BoundaryError(
            "units of the two years do not nest",
            found=", ".join(map(str, wrong.index[:5])),
            expected="parts whose areas make up the whole (within 10 %)",
            fix="give the country a crosswalk between the two maps, and choose its two years",
        )
