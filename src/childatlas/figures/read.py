"""Figures as people keep them: read from CSV, XLSX or Parquet into one table, every cell accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from atlasgeo.columns import (
    FIGURE_COLUMNS,
    FLAG,
    FLAGS,
    GROUP,
    INDICATOR,
    RESIDENCE,
    RESIDENCES,
    SE,
    SEX,
    SOURCE,
    TOTAL,
    UNIT,
    VALUE,
    YEAR,
    N,
)
from childatlas.errors import DataError, nearest
from childatlas.figures.cells import Cells, read_cells
from childatlas.figures.numbers import parse_numbers
from childatlas.figures.places import Places, resolve_places
from childatlas.figures.schema import FIRST_YEAR, LAST_YEAR, SEXES, validate_figures

__all__ = ["ReadReport", "Unresolved", "read_figures"]

REQUIRED = (UNIT, INDICATOR, YEAR, VALUE)
NUMBERS = (VALUE, SE, N)
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


@dataclass(frozen=True)
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
    unresolved : tuple of Unresolved
        Names that were not; their figures are not in the table.
    ignored_columns : tuple of (file, column)
        Columns that a table of figures does not have.
    """

    files: tuple[tuple[str, str, int], ...]
    rows: int
    missing: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()
    ignored_columns: tuple[tuple[str, str], ...] = ()


def read_figures(
    paths: str | Path | Sequence[str | Path],
    *,
    gazetteer: pd.DataFrame | None = None,
    level: str | None = None,
    aliases: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the figures of one or several tables as one table in the form of the program.

    Parameters
    ----------
    paths : str, Path or sequence of them
        CSV (UTF-8 with or without byte order mark, or CP1251; comma, semicolon or tab; decimal point or
        comma), XLSX or Parquet; a folder stands for the tables in it whose name begins with ``figures``.
        Needed are the columns unit, indicator, year and value; residence (``total``), sex, group, se, n,
        source and flag are filled where absent.
    gazetteer : DataFrame, optional
        As `atlasgeo.units.read_units` returns: units may then be named in any of its languages.
    level : str, optional
        Level at which names are looked for first.
    aliases : mapping of name to code, optional
        Further names.

    Returns
    -------
    DataFrame
        Columns `atlasgeo.columns.FIGURE_COLUMNS`, in the order of the files; the index says file and row
        (``figures.csv, row 7``: the header is row 1). A missing value stays NaN. ``.attrs["report"]`` is a
        `ReadReport`.

    Raises
    ------
    DataError
        If a file is absent or unreadable, a column is missing, a number column holds text, a year is not a
        year, a residence, sex or flag is unknown, a code is unknown, or a name is ambiguous. File, row,
        column and value are named.
    """
    parts = [_read_one(path, gazetteer=gazetteer, level=level, aliases=aliases) for path in _expand(paths)]
    table = pd.concat([frame for frame, _ in parts]) if len(parts) > 1 else parts[0][0]
    reports = [report for _, report in parts]
    figures = validate_figures(table)
    figures.attrs["report"] = ReadReport(
        files=tuple(file for report in reports for file in report.files),
        rows=len(figures),
        missing={str(k): int(n) for k, n in figures[figures[VALUE].isna()][INDICATOR].value_counts().items()},
        names={name: code for report in reports for name, code in report.names.items()},
        unresolved=tuple(lost for report in reports for lost in report.unresolved),
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
    places = resolve_places(raw[UNIT], gazetteer, level=level, aliases=aliases, path=str(path))
    _refuse_strangers(places, path)
    frame = pd.DataFrame(index=raw.index)
    frame[UNIT] = raw[UNIT].map(places.codes)
    for column in TEXTS:
        frame[column] = raw[column]
    _refuse_empty(raw, path)
    frame[YEAR] = _years(raw[YEAR], path)
    frame[RESIDENCE] = _words(raw[RESIDENCE], path, known=RESIDENCES, default=TOTAL)
    frame[SEX] = _words(raw[SEX], path, known=SEXES, others=SEX_WORDS)
    frame[FLAG] = _flags(raw[FLAG], path)
    frame = frame.join(_numbers(raw, path))
    report = _report(cells, raw, places)
    kept = frame[frame[UNIT].notna()].astype({UNIT: "str"})
    return kept.set_axis([f"{path.name}, row {row}" for row in kept.index]).rename_axis("row"), report


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
    if places.reasons and not places.codes:
        raise DataError(
            "none of the places is in the gazetteer",
            where=f"{path}, column {UNIT}",
            found=", ".join(list(places.reasons)[:5]),
            expected="codes or names of the country's units",
            fix="check the country and the level of the study",
        )


def _refuse_empty(raw: pd.DataFrame, path: Path) -> None:
    empty = raw.index[raw[INDICATOR] == ""]
    if len(empty):
        raise DataError(
            "a figure has no indicator",
            where=f"{path}, row {empty[0]}, column {INDICATOR}",
            expected="an indicator of the catalogue",
        )


def _years(cells: pd.Series[str], path: Path) -> pd.Series[int]:
    years = pd.to_numeric(cells.where(cells.str.fullmatch(r"\d{4}")), errors="coerce")
    wrong = ~years.between(FIRST_YEAR, LAST_YEAR)
    if wrong.any():
        row = cells.index[wrong][0]
        raise DataError(
            "a year is not a year",
            where=f"{path}, row {row}, column {YEAR}",
            found=repr(cells[row]),
            expected=f"a whole number from {FIRST_YEAR} to {LAST_YEAR}, such as 2019",
        )
    return years.astype(int)


def _words(
    cells: pd.Series[str],
    path: Path,
    *,
    known: Iterable[str],
    default: str = "",
    others: Mapping[str, str] | None = None,
) -> pd.Series[str]:
    words = cells.str.lower().replace({"": default, **(others or {})})
    wrong = ~words.isin(set(known))
    if wrong.any():
        row = cells.index[wrong][0]
        close = nearest(words[row], known)
        raise DataError(
            f"unknown {cells.name} {cells[row]!r}",
            where=f"{path}, row {row}, column {cells.name}",
            found=cells[row],
            expected=", ".join(word for word in known if word) + ("" if default else " or empty"),
            fix=f"did you mean {close[0]!r}?" if close else None,
        )
    return words


def _flags(cells: pd.Series[str], path: Path) -> pd.Series[str]:
    texts = {text: [f.strip().lower() for f in text.split(";") if f.strip()] for text in cells.unique()}
    for text, flags in texts.items():
        strange = [flag for flag in flags if flag not in FLAGS]
        if strange:
            close = nearest(strange[0], FLAGS)
            raise DataError(
                f"unknown flag {strange[0]!r}",
                where=f"{path}, row {cells.index[cells == text][0]}, column {FLAG}",
                found=text,
                expected=", ".join(FLAGS) + "; several joined by ';'",
                fix=f"did you mean {close[0]!r}?" if close else None,
            )
    return cells.map({text: ";".join(dict.fromkeys(flags)) for text, flags in texts.items()})


def _numbers(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return value, se and n as floats; all cells of the file decide together what a comma means."""
    stacked = pd.concat([raw[column] for column in NUMBERS], keys=NUMBERS)
    parsed = parse_numbers(stacked)
    for mask, what, fix in (
        (parsed.wrong, "a number column holds text", "leave the cell empty where there is no figure"),
        (
            parsed.unclear,
            "it is unclear what the comma means",
            "write 1.234 for a decimal, 1234 for a thousand",
        ),
    ):
        if mask.any():
            column, row = stacked.index[mask.to_numpy()][0]
            raise DataError(
                what,
                where=f"{path}, row {row}, column {column}",
                found=repr(raw.loc[row, column]),
                expected="a number, or an empty cell",
                fix=fix,
            )
    numbers = parsed.values.unstack(level=0)
    return numbers.reindex(index=raw.index, columns=list(NUMBERS))


def _report(cells: Cells, raw: pd.DataFrame, places: Places) -> ReadReport:
    name = str(cells.path)
    lost = tuple(
        Unresolved(
            file=name,
            row=int(raw.index[raw[UNIT] == text][0]),
            name=text,
            reason=reason,
            figures=int((raw[UNIT] == text).sum()),
        )
        for text, reason in places.reasons.items()
    )
    return ReadReport(
        files=((name, cells.written, len(raw)),),
        rows=len(raw),
        names={text: places.codes[text] for text in places.names if text in places.codes},
        unresolved=lost,
        ignored_columns=tuple((name, c) for c in cells.frame if c not in FIGURE_COLUMNS),
    )
