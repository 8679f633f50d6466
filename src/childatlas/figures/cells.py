"""The cells of a table as text, row by row, from CSV, XLSX or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from childatlas.errors import DataError

__all__ = ["Cells", "read_cells"]

DELIMITERS = (",", ";", "\t")
FIRST_CODEC, SECOND_CODEC = "utf-8-sig", "cp1251"
Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, eq=False)
class Cells:
    """A table as it stands in a file, all text.

    Attributes
    ----------
    frame : DataFrame of str
        Columns named as in the header, lower case, without spaces around; indexed by the number of the row
        as a person sees it in the file, the header being row 1 where nothing stands above it.
    path : Path
    written : str
        How the file is written, for the report: encoding and delimiter, sheet, or Parquet.
    """

    frame: pd.DataFrame
    path: Path
    written: str


def read_cells(path: Path, *, known: Iterable[str]) -> Cells:
    """Return the cells of the table at `path`.

    Parameters
    ----------
    path : Path
        CSV (comma, semicolon or tab; UTF-8 with or without byte order mark, UTF-16 with one, else CP1251),
        XLSX (the first sheet that has a known column) or Parquet, told by the suffix.
    known : iterable of str
        Columns to expect; they tell the delimiter and the sheet.

    Raises
    ------
    DataError
        If the file is absent, empty, damaged or of another kind; a row has more cells than the header, or a
        column stands twice.
    """
    if not path.is_file():
        raise DataError(
            "there is no table of figures", where=str(path), expected="a CSV, XLSX or Parquet file"
        )
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"a table cannot be read from a file of kind {path.suffix!r}",
            where=str(path),
            found=path.suffix,
            expected=", ".join(READERS),
            fix="save it as CSV (UTF-8)",
        )
    rows, written = reader(path, frozenset(known))
    filled = [(number, row) for number, row in rows if any(row)]
    if not filled:
        raise DataError("the table is empty", where=str(path), expected="a header row and rows of figures")
    return Cells(frame=_frame(filled, path), path=path, written=written)


def _frame(rows: Rows, path: Path) -> pd.DataFrame:
    (first, heading), *body = rows
    header = [name.strip().lower() for name in heading]
    while header and not header[-1]:
        header.pop()
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(
            f"the column {twice[0]!r} stands twice", where=f"{path}, row {first}", fix="remove one"
        )
    wide = len(header)
    for number, row in body:
        if any(row[wide:]):
            raise DataError(
                "the row has more cells than the header",
                where=f"{path}, row {number}",
                found=f"{len(row)} cells: {' | '.join(row)[:120]}",
                expected=f"{wide} cells: {', '.join(header)}",
                fix="put quotes around text and numbers that hold the delimiter, such as a decimal comma",
            )
    cells = [[*row[:wide], *[""] * (wide - len(row))] for _, row in body]
    numbers = pd.Index([number for number, _ in body], name="row")
    frame = pd.DataFrame(cells, index=numbers, columns=header, dtype="object")
    return frame.loc[:, [name for name in header if name]]


def _read_csv(path: Path, known: frozenset[str]) -> tuple[Rows, str]:
    text, encoding = _decode(path.read_bytes(), path)
    first = next((line for line in text.splitlines() if line.strip(" ,;\t")), "")

    def recognised(delimiter: str) -> tuple[int, int]:
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
        return len(known.intersection(names)), len(names)

    delimiter = max(DELIMITERS, key=recognised)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError("the file is not a table", where=str(path), found=str(error)) from error
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(records, start=1)]
    return rows, f"{encoding}, {'tab' if delimiter == chr(9) else delimiter}"


def _decode(content: bytes, path: Path) -> tuple[str, str]:
    codecs = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else (FIRST_CODEC, SECOND_CODEC)
    for codec in codecs:
        try:
            return content.decode(codec), codec
        except UnicodeDecodeError:
            continue
    raise DataError(
        "the file's letters cannot be read",
        where=str(path),
        expected="UTF-8, or CP1251",
        fix="save it as CSV UTF-8",
    )


def _read_xlsx(path: Path, known: frozenset[str]) -> tuple[Rows, str]:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError) as error:
        raise DataError("the file is not an XLSX workbook", where=str(path), found=str(error)) from error
    try:
        sheets = {sheet.title: _sheet_rows(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    finally:
        book.close()
    name = max(sheets, key=lambda title: _known_in_header(sheets[title], known), default="")
    return sheets.get(name, []), f"xlsx, sheet {name}"


def _sheet_rows(rows: Iterable[Sequence[Any]]) -> Rows:
    return [(number, [_text(cell) for cell in row]) for number, row in enumerate(rows, start=1)]


def _known_in_header(rows: Rows, known: frozenset[str]) -> int:
    header: list[str] = next((row for _, row in rows if any(row)), [])
    return len(known.intersection(name.strip().lower() for name in header))


def _read_parquet(path: Path, known: frozenset[str]) -> tuple[Rows, str]:  # noqa: ARG001 - one shape for all
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError("the file is not Parquet", where=str(path), found=str(error)) from error
    columns = [[_text(cell) for cell in table.column(name).to_pylist()] for name in table.column_names]
    body = [(number, list(row)) for number, row in enumerate(zip(*columns, strict=True), start=2)]
    return [(1, list(table.column_names)), *body], "parquet"


def _text(cell: Any) -> str:
    """Return a typed cell as the text that a CSV file would hold; whole numbers without a point."""
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - NaN differs from itself
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    return str(cell).strip()


Reader = Callable[[Path, frozenset[str]], tuple[Rows, str]]
READERS: dict[str, Reader] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".xlsx": _read_xlsx,
    ".xlsm": _read_xlsx,
    ".parquet": _read_parquet,
}
