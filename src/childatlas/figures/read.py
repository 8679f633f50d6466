"""Figures as people keep them: read from CSV, XLSX or Parquet into one table, every cell accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from atlasgeo.columns import (
    FIGURE_COLUMNS,
    FLAG,
    GROUP,
    INDICATOR,
    LEVEL,
    PARENT,
    RESIDENCE,
    RESIDENCES,
    SEX,
    SOURCE,
    TOTAL,
    UNIT,
    VALUE,
    YEAR,
)
from atlasgeo.matching import read_aliases
from childatlas.errors import DataError, nearest
from childatlas.figures.cells import Cells, read_cells
from childatlas.figures.places import Places, resolve_places
from childatlas.figures.schema import SEXES
from childatlas.figures.typed import read_flags, read_numbers, read_words, read_years

__all__ = ["ReadReport", "Unresolved", "read_figures"]

REQUIRED = (UNIT, INDICATOR, YEAR, VALUE)
TEXTS = (INDICATOR, GROUP, SOURCE)
SEX_WORDS = {"total": "", "both": "", "f": "female", "m": "male", "girls": "female", "boys": "male"}


@dataclass(frozen=True)
class Unresolved:
    """A place of the table that the gazetteer does not know, and how many figures that cost."""

    file: str
    row: int
    name: str
    reason: str
    figures: int


@dataclass(frozen=True, eq=False)
class ReadReport:
    """What was read, and what was not.

    Attributes
    ----------
    files : tuple of (file, how it is written, rows)
    rows : int
        Figures in the table, missing values included.
    missing : dict of indicator to int
        Rows without a value.
    names : dict of str to str
        Names that were resolved, with their codes.
    guessed : dict of str to float
        Those among them that no known spelling equals, with their similarity (0 to 100): look at them.
    unresolved : tuple of Unresolved
        Names that were not; their figures are not in the table.
    lost : DataFrame
        Those figures, with the name as it was written for a unit.
    ignored_columns : tuple of (file, column)
        Columns that a table of figures does not have.
    """

    files: tuple[tuple[str, str, int], ...]
    rows: int
    missing: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    guessed: dict[str, float] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()
    lost: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FIGURE_COLUMNS)))
    ignored_columns: tuple[tuple[str, str], ...] = ()

    def doubts(self) -> dict[str, str]:
        """Return what deserves a look, and what became of it: names guessed or not found, columns unused."""
        guessed = {
            name: f"taken for {self.names[name]} (similarity {score:.0f} of 100)"
            for name, score in self.guessed.items()
        }
        lost = {
            f"{at.name} ({Path(at.file).name}, row {at.row})": f"{at.reason}; {at.figures} figures left out"
            for at in self.unresolved
        }
        unused = {
            f"column {column} of {Path(file).name}": "not used" for file, column in self.ignored_columns
        }
        return {**guessed, **lost, **unused}


def read_figures(
    paths: str | Path | Sequence[str | Path],
    *,
    gazetteer: pd.DataFrame | None = None,
    level: str | None = None,
    aliases: Mapping[str, str] | str | Path | None = None,
) -> pd.DataFrame:
    """Return the figures of one or several tables as one table in the form of the program.

    Parameters
    ----------
    paths : str, Path or sequence of them
        CSV (UTF-8 with or without byte order mark, or CP1251; comma, semicolon or tab; decimal point or
        comma), XLSX or Parquet; a folder stands for the tables in it whose name begins with ``figures``.
        Needed are the columns unit, indicator, year and value; residence (``total``), sex, group, se, n,
        source and flag are filled where absent. A column `parent`, or one called like the level above, says
        of which unit above a named place is a part.
    gazetteer : DataFrame, optional
        As `atlasgeo.units.read_units` returns: units may then be named in any of its languages, as they were
        called at the end of the figure's year.
    level : str, optional
        Level at which names are looked for first.
    aliases : mapping of name to code, or the path of a CSV with columns name and unit, optional
        Further names, which win over the gazetteer's.

    Returns
    -------
    DataFrame
        Columns `atlasgeo.columns.FIGURE_COLUMNS`, in the order of the files; the index says file and row
        (``figures.csv, row 7``: the header is row 1). A missing value stays NaN. ``.attrs["report"]`` is a
        `ReadReport`.

    Raises
    ------
    DataError
        If a file is absent, unreadable or without rows, a column is missing, a number column holds text, a
        year is not a year, a residence, sex or flag is unknown, a code is unknown, or a name is ambiguous.
        File, row, column and value are named.
    """
    own = read_aliases(aliases) if isinstance(aliases, str | Path) else aliases
    parts = [_read_one(path, gazetteer=gazetteer, level=level, aliases=own) for path in _expand(paths)]
    table = pd.concat([frame for frame, _ in parts]) if len(parts) > 1 else parts[0][0]
    reports = [report for _, report in parts]
    figures = table.copy()
    figures.attrs["report"] = ReadReport(
        files=tuple(file for report in reports for file in report.files),
        rows=len(figures),
        missing={str(k): int(n) for k, n in figures[figures[VALUE].isna()][INDICATOR].value_counts().items()},
        names={name: code for report in reports for name, code in report.names.items()},
        guessed={name: score for report in reports for name, score in report.guessed.items()},
        unresolved=tuple(lost for report in reports for lost in report.unresolved),
        lost=pd.concat([report.lost for report in reports]),
        ignored_columns=tuple(column for report in reports for column in report.ignored_columns),
    )
    return figures


def _expand(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    given = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    files: list[Path] = []
    for path in given:
        inside = sorted(p for p in path.glob("figures*") if p.suffix in {".csv", ".xlsx", ".parquet"})
        if path.is_dir() and not inside:
            raise DataError(
                "the folder holds no table of figures",
                where=str(path),
                expected="figures.csv, figures.xlsx or figures.parquet",
            )
        files += inside if path.is_dir() else [path]
    if not files:
        raise DataError("no table of figures was named", expected="at least one file")
    return files


def _read_one(
    path: Path,
    *,
    gazetteer: pd.DataFrame | None,
    level: str | None,
    aliases: Mapping[str, str] | None,
) -> tuple[pd.DataFrame, ReadReport]:
    cells = read_cells(path, known=FIGURE_COLUMNS)
    _require_columns(cells)
    raw = cells.frame.reindex(columns=list(FIGURE_COLUMNS), fill_value="")
    raw = raw[(raw != "").any(axis="columns")]
    _refuse_no_rows(raw, path)
    years = read_years(raw[YEAR], path)
    above = _above(cells, gazetteer, level)
    places = resolve_places(
        raw[UNIT],
        gazetteer,
        level=level,
        above=None if above is None else cells.frame.loc[raw.index, above],
        years=years,
        aliases=aliases,
        path=str(path),
    )
    _refuse_strangers(places, path)
    frame = pd.DataFrame(index=raw.index)
    frame[UNIT] = places.units
    for column in TEXTS:
        frame[column] = raw[column]
    _refuse_nameless(raw, path)
    frame[YEAR] = years
    frame[RESIDENCE] = read_words(raw[RESIDENCE], path, known=RESIDENCES, default=TOTAL)
    frame[SEX] = read_words(raw[SEX], path, known=SEXES, others=SEX_WORDS)
    frame[FLAG] = read_flags(raw[FLAG], path)
    frame = frame.join(read_numbers(raw, path))
    frame = frame[list(FIGURE_COLUMNS)].set_axis([f"{path.name}, row {row}" for row in raw.index])
    known = frame[UNIT].notna()
    lost = frame[~known].assign(**{UNIT: places.called.to_numpy()[~known]})
    kept = frame[known].astype(dict.fromkeys((UNIT, RESIDENCE, SEX, FLAG, *TEXTS), "str"))
    return kept.rename_axis("row"), _report(cells, places, lost, above)


def _above(cells: Cells, gazetteer: pd.DataFrame | None, level: str | None) -> str | None:
    """Return the column that says of which unit a place is a part: ``parent``, or the level above by name."""
    if gazetteer is None:
        return None
    parents = gazetteer.loc[gazetteer[LEVEL] == level, PARENT] if level else gazetteer[PARENT]
    levels = gazetteer.loc[gazetteer[UNIT].isin(set(parents)), LEVEL].unique()
    return next(
        (name for name in (PARENT, *levels) if name in cells.frame and name not in FIGURE_COLUMNS), None
    )


def _require_columns(cells: Cells) -> None:
    for column in REQUIRED:
        if column not in cells.frame:
            close = nearest(column, cells.frame.columns)
            raise DataError(
                f"the table lacks the column {column!r}",
                where=f"{cells.path}, row 1",
                found=", ".join(cells.frame.columns),
                expected=", ".join(REQUIRED),
                fix=f"rename {close[0]!r} to {column!r}" if close else f"add the column {column!r}",
            )


def _refuse_strangers(places: Places, path: Path) -> None:
    if places.reasons and places.units.isna().all():
        raise DataError(
            "none of the places is in the gazetteer",
            where=f"{path}, column {UNIT}",
            found=", ".join(list(places.reasons)[:5]),
            expected="codes or names of the country's units",
            fix="check the country and the level of the study",
        )


def _refuse_no_rows(raw: pd.DataFrame, path: Path) -> None:
    if raw.empty:
        raise DataError(
            "the table holds no figures",
            where=str(path),
            found="a header without rows",
            expected="one row a figure below the header",
            fix="fill the table, or take it out of the study",
        )


def _refuse_nameless(raw: pd.DataFrame, path: Path) -> None:
    empty = raw.index[raw[INDICATOR] == ""]
    if len(empty):
        raise DataError(
            "a figure has no indicator",
            where=f"{path}, row {empty[0]}, column {INDICATOR}",
            expected="an indicator of the catalogue",
        )


def _report(cells: Cells, places: Places, lost: pd.DataFrame, above: str | None) -> ReadReport:
    name = str(cells.path)
    missing = places.called[places.units.isna()]
    unresolved = tuple(
        Unresolved(
            file=name,
            row=int(missing.index[missing == text][0]),
            name=text,
            reason=reason,
            figures=int((missing == text).sum()),
        )
        for text, reason in places.reasons.items()
    )
    return ReadReport(
        files=((name, cells.written, len(places.units)),),
        rows=len(places.units),
        names=places.names,
        guessed=places.guessed,
        unresolved=unresolved,
        lost=lost,
        ignored_columns=tuple((name, c) for c in cells.frame if c not in (*FIGURE_COLUMNS, above)),
    )
