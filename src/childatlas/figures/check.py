"""Which figures can be used: unique keys, values in range, units in force; the rest dropped with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from atlasgeo.columns import (
    FIGURE_KEY,
    FLAG,
    INDICATOR,
    LEVEL,
    SE,
    SUSPECT,
    UNIT,
    VALID_FROM,
    VALID_TO,
    VALUE,
    YEAR,
)
from childatlas.errors import DataError
from childatlas.figures.catalogue import Catalogue
from childatlas.figures.places import unknown_code
from childatlas.figures.rates import add_rates
from childatlas.figures.read import ReadReport
from childatlas.figures.schema import validate_figures

__all__ = ["CheckReport", "Checked", "check_figures"]

REASON = "reason"
WHERE = "where"
ROWS_NAMED = 5
IN_DOUBT = "suspect: the value is in doubt"
NO_PLACE = "name not in the gazetteer"
NOT_IN_FORCE = "unit not in force at the end of that year"
COUNTED_TWICE = "unit not in force at the end of that year; its ground is counted under another unit"


@dataclass(frozen=True)
class CheckReport:
    """What the check counted.

    Attributes
    ----------
    rows : int
        Figures given.
    used : int
        Figures left, missing values included.
    computed : dict of indicator to int
        Rates computed from a count and its denominator.
    dropped : dict of reason to int
    missing : dict of indicator to int
        Rows without a value among those used.
    """

    rows: int
    used: int
    computed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Checked:
    """Figures that can be used, and those that cannot.

    Attributes
    ----------
    figures : DataFrame
        `atlasgeo.columns.FIGURE_COLUMNS`, keys unique, RangeIndex; rates computed from counts come last.
    dropped : DataFrame
        The same columns, then ``reason`` and ``where`` (file and row).
    report : CheckReport
    """

    figures: pd.DataFrame
    dropped: pd.DataFrame
    report: CheckReport


def check_figures(figures: pd.DataFrame, *, catalogue: Catalogue, gazetteer: pd.DataFrame) -> Checked:
    """Return the usable figures, the dropped ones with their reasons, and the counts.

    Parameters
    ----------
    figures : DataFrame
        As `read_figures` returns; the index names the rows in messages.
    catalogue : Catalogue
    gazetteer : DataFrame
        As `atlasgeo.units.read_units` returns.

    Returns
    -------
    Checked
        Rows flagged ``suspect`` are dropped, and so are figures of names that `read_figures` did not find,
        and of units that were not in force at the end of their year (a successor given back to the years
        before it, a former unit carried on; where the unit then in force has a figure too, its ground would
        count twice, and the reason says so). For each indicator of the catalogue that declares ``count``,
        ``denominator`` and ``per``, the rate is computed where the table does not hold it.

    Raises
    ------
    DataError
        If an indicator or a unit is unknown, two rows that are not suspect have the same key (with the same
        or with conflicting values), or a value is outside the valid range, or none of the categories, without
        being flagged suspect. Rows are named.
    """
    table = validate_figures(figures)
    _refuse_unknown_indicators(table, catalogue)
    _refuse_unknown_units(table, gazetteer)
    suspect = table[FLAG].str.split(";").map(lambda flags: SUSPECT in flags).astype(bool)
    _refuse_repeats(table[~suspect])
    _refuse_out_of_range(table[~suspect], catalogue)
    _refuse_other_categories(table[~suspect], catalogue)
    reasons = _counted_twice(table, _not_in_force(table, gazetteer), gazetteer).mask(suspect, IN_DOUBT)
    usable = table[reasons == ""].reset_index(drop=True)
    usable.attrs = {}  # what was read is told by the report of this check
    complete = add_rates(usable, catalogue)
    dropped = _with_lost(table.assign(**{REASON: reasons})[reasons != ""], figures)
    return Checked(
        figures=complete,
        dropped=dropped,
        report=CheckReport(
            rows=len(usable) + len(dropped),
            used=len(usable),
            computed=_counts(complete[INDICATOR].iloc[len(usable) :]),
            dropped=_counts(dropped[REASON]),
            missing=_counts(usable[usable[VALUE].isna()][INDICATOR]),
        ),
    )


def _with_lost(dropped: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the dropped figures, with those whose place was not found, and where each stands."""
    report = figures.attrs.get("report")
    parts = [dropped]
    if isinstance(report, ReadReport) and len(report.lost):
        parts.append(report.lost.assign(**{REASON: NO_PLACE}))
    told = pd.concat(parts) if len(parts) > 1 else dropped.copy()
    told.attrs = {}
    return told.assign(**{WHERE: told.index.astype(str)}).reset_index(drop=True)


def _counts(labels: pd.Series[str]) -> dict[str, int]:
    return {str(label): int(n) for label, n in labels.value_counts(sort=False).items()}


def _refuse_unknown_indicators(table: pd.DataFrame, catalogue: Catalogue) -> None:
    for indicator, row in _first_rows(table[INDICATOR]):
        catalogue.find(indicator, where=f"{row}, column {INDICATOR}")


def _refuse_unknown_units(table: pd.DataFrame, gazetteer: pd.DataFrame) -> None:
    known = set(gazetteer[UNIT])
    for code, row in _first_rows(table[UNIT]):
        if code not in known:
            raise unknown_code(code, gazetteer, where=f"{row}, column {UNIT}")


def _first_rows(column: pd.Series[str]) -> Iterable[tuple[str, str]]:
    first = column[~column.duplicated()]
    return [(text, _row_name(row)) for row, text in first.items()]


def _row_name(row: object) -> str:
    return row if isinstance(row, str) else f"row {row}"


def _refuse_repeats(table: pd.DataFrame) -> None:
    key = list(FIGURE_KEY)
    repeated = table[table.duplicated(key, keep=False)]
    if repeated.empty:
        return
    groups = [rows for _, rows in repeated.groupby(key, sort=False)]
    conflicting = [rows for rows in groups if len(rows[VALUE].unique()) > 1]
    rows = (conflicting or groups)[0]
    parts = {column: rows[column].iloc[0] for column in key}
    named = ", ".join(
        f"{c} {part!r}" if isinstance(part, str) else f"{c} {part}" for c, part in parts.items() if part != ""
    )
    number = f"{len(conflicting or groups)} keys, the first: " if len(conflicting or groups) > 1 else ""
    raise DataError(
        "figures with the same key have conflicting values" if conflicting else "figures stand twice",
        where="; ".join(_row_name(row) for row in rows.index[:ROWS_NAMED]),
        found=f"{number}{named}: {', '.join(f'{value:g}' for value in rows[VALUE][:ROWS_NAMED])}",
        expected="one value for each unit, indicator, year, residence, sex and group",
        fix="keep the right row, or flag all of them 'suspect' if it is not known which is right"
        if conflicting
        else "keep one of them",
    )


def _refuse_out_of_range(table: pd.DataFrame, catalogue: Catalogue) -> None:
    ranges = {name: catalogue[name].valid_range for name in table[INDICATOR].unique()}
    low = table[INDICATOR].map({k: r[0] for k, r in ranges.items() if r}).astype(float)
    high = table[INDICATOR].map({k: r[1] for k, r in ranges.items() if r}).astype(float)
    wrong = (table[VALUE] < low) | (table[VALUE] > high)
    if wrong.any():
        row = table[wrong].iloc[0]
        more = f" (and {int(wrong.sum()) - 1} more)" if wrong.sum() > 1 else ""
        raise DataError(
            f"a value of {row[INDICATOR]} is outside its range{more}",
            where=f"{_row_name(table.index[wrong][0])}, column {VALUE}, unit {row[UNIT]}, year {row[YEAR]}",
            found=f"{row[VALUE]:g}",
            expected=f"from {low[wrong].iloc[0]:g} to {high[wrong].iloc[0]:g}",
            fix="correct the value, or flag the row 'suspect' to keep it out of every computation",
        )


def _refuse_other_categories(table: pd.DataFrame, catalogue: Catalogue) -> None:
    for name in table[INDICATOR].unique():
        known = catalogue[name].categories
        rows = table[(table[INDICATOR] == name) & table[VALUE].notna()] if known else table.iloc[:0]
        wrong = rows[~rows[VALUE].isin(list(known))]
        if len(wrong):
            row, more = wrong.iloc[0], f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise DataError(
                f"a value of {name} is none of its categories{more}",
                where=f"{_row_name(wrong.index[0])}, column {VALUE}, unit {row[UNIT]}, year {row[YEAR]}",
                found=f"{row[VALUE]:g}",
                expected=", ".join(f"{k} ({next(iter(texts.values()))})" for k, texts in known.items()),
                fix="correct the value, or declare its category in the catalogue",
            )
        if rows[SE].notna().any():
            at = rows.index[rows[SE].notna()][0]
            raise DataError(
                f"a value of {name} has a standard error, but it names a category",
                where=f"{_row_name(at)}, column {SE}",
                found=f"{rows.loc[at, SE]:g}",
                expected="no standard error",
                fix="leave the cell empty",
            )


def _not_in_force(table: pd.DataFrame, gazetteer: pd.DataFrame) -> pd.Series[str]:
    """Return for each figure "" or that no period of its unit covers the end of its year."""
    pairs = table[[UNIT, YEAR]].drop_duplicates()
    periods = pairs.merge(gazetteer[[UNIT, LEVEL, VALID_FROM, VALID_TO]], on=UNIT)
    end = pd.to_datetime(periods[YEAR].astype(str) + "-12-31")
    begun = periods[VALID_FROM].isna() | (periods[VALID_FROM] <= end)
    standing = periods[VALID_TO].isna() | (periods[VALID_TO] > end)
    covered = pd.MultiIndex.from_frame(periods.loc[begun & standing, [UNIT, YEAR]])
    inside = pd.MultiIndex.from_frame(table[[UNIT, YEAR]]).isin(covered)
    return pd.Series("", index=table.index, dtype="str").where(inside, NOT_IN_FORCE)


def _counted_twice(table: pd.DataFrame, reasons: pd.Series[str], gazetteer: pd.DataFrame) -> pd.Series[str]:
    """Return the reasons, told apart where a former unit and its part both have a figure for one year."""
    late = reasons == NOT_IN_FORCE
    if not late.any():
        return reasons
    from atlasgeo.continuity import double_counts

    key = [column for column in FIGURE_KEY if column != UNIT]
    beside = table.merge(table.loc[late, key].drop_duplicates(), on=key)
    levels = gazetteer.loc[gazetteer[UNIT].isin(set(table.loc[late, UNIT])), LEVEL].unique()
    by = [column for column in key if column != YEAR]
    found = pd.concat([double_counts(beside, gazetteer, level=level, by=by) for level in levels])
    pairs = [found[[*key, side]].set_axis([*key, UNIT], axis=1) for side in ("former", "part")]
    twice = pd.MultiIndex.from_frame(pd.concat(pairs)[[*key, UNIT]])
    again = late & pd.MultiIndex.from_frame(table[[*key, UNIT]]).isin(twice)
    return reasons.mask(again, COUNTED_TWICE)
