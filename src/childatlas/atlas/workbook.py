"""The workbook: every table of the atlas on a sheet of its own, ready for a planner's spreadsheet."""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from atlasgeo.columns import SYNTHETIC
from childatlas.atlas.tables import all_tables, flattened, is_risky
from childatlas.atlas.words import Words
from childatlas.layers import Atlas

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["write_workbook"]

FIXED_DATE: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 (XLSX knows no time zone; the date is fixed, not now)
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_WIDEST: Final = 60
_SAMPLE: Final = 200


def write_workbook(atlas: Atlas, path: Path, *, words: Words) -> Path:
    """Write the atlas's tables to one XLSX file and return its path.

    Parameters
    ----------
    atlas : Atlas
    path : Path
    words : Words

    Returns
    -------
    Path

    Notes
    -----
    The first sheet says what the others hold. Headers are frozen and filtered, numbers are numbers, text
    that looks like a formula is text. The creation date is fixed: the same atlas gives the same bytes.
    """
    import xlsxwriter

    tables = all_tables(atlas, words)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        title = words.pick(atlas.study.title)
        book.set_properties({"title": title, "subject": f"run {atlas.run_id}", "created": FIXED_DATE})
        looks = _looks(book)
        sheets = _sheet_names([words.say("sheets.readme"), *tables])
        _write_readme(
            book.add_worksheet(sheets[0]),
            atlas,
            dict(zip(tables, sheets[1:], strict=True)),
            looks=looks,
            words=words,
        )
        for (_name, table), sheet in zip(tables.items(), sheets[1:], strict=True):
            _write_sheet(book.add_worksheet(sheet), flattened(table), looks=looks, words=words)
    return path


def _looks(book: Workbook) -> dict[str, Any]:
    face = {"font_name": "Source Sans Pro", "font_size": 10, "valign": "top"}
    return {
        "head": book.add_format(
            {**face, "bold": True, "bg_color": "#22262b", "font_color": "#ffffff", "text_wrap": True}
        ),
        "text": book.add_format(face),
        "wrapped": book.add_format({**face, "text_wrap": True}),
        "risky": book.add_format({**face, "quote_prefix": True}),
        "whole": book.add_format({**face, "num_format": "#,##0"}),
        "year": book.add_format({**face, "num_format": "0"}),
        "number": book.add_format({**face, "num_format": "#,##0.0##"}),
        "small": book.add_format({**face, "num_format": "0.0000"}),
        "title": book.add_format({**face, "font_size": 16, "bold": True}),
        "soft": book.add_format({**face, "font_color": "#6b7280", "text_wrap": True}),
    }


def _sheet_names(wanted: list[str]) -> list[str]:
    """Return sheet names that Excel takes: no forbidden sign, at most 31 letters, no two alike."""
    names: list[str] = []
    for name in wanted:
        base = _FORBIDDEN.sub(" ", name)[:31] or "sheet"
        taken, n, found = {used.lower() for used in names}, 2, base
        while found.lower() in taken:
            found, n = f"{base[: 31 - len(str(n)) - 1]} {n}", n + 1
        names.append(found)
    return names


def _write_sheet(sheet: Worksheet, table: pd.DataFrame, *, looks: dict[str, Any], words: Words) -> None:
    for j, column in enumerate(table.columns):
        heading = words.texts.get(f"columns.{column}", str(column))
        sheet.write_string(0, j, heading, looks["head"])
        cells = table[column]
        look = _look_of(str(column), cells, looks)
        sheet.set_column(j, j, _width(heading, cells), look)
        _write_column(sheet, j, cells, look=look, looks=looks)
    sheet.freeze_panes(1, _frozen_columns(table))
    if len(table.columns):
        sheet.autofilter(0, 0, max(len(table), 1), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_column(sheet: Worksheet, j: int, cells: pd.Series, *, look: Any, looks: dict[str, Any]) -> None:
    for i, cell in enumerate(cells.tolist(), start=1):
        if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)):
            continue
        if isinstance(cell, bool):
            sheet.write_boolean(i, j, cell, look)
        elif isinstance(cell, int | float) and math.isfinite(cell):
            sheet.write_number(i, j, cell, look)
        else:
            text = cell.date().isoformat() if isinstance(cell, dt.datetime) else str(cell)
            sheet.write_string(i, j, text[:32_767], looks["risky"] if is_risky(text) else look)


def _look_of(name: str, cells: pd.Series, looks: dict[str, Any]) -> Any:
    if name == "year" or name.endswith("_year"):
        return looks["year"]
    if name in {"p", "p_norm", "p_sim", "p_floor", "p_adjusted", "variance"} or name.endswith("_p"):
        return looks["small"]
    if pd.api.types.is_bool_dtype(cells) or not pd.api.types.is_numeric_dtype(cells):
        return looks["text"]
    return looks["whole" if pd.api.types.is_integer_dtype(cells) else "number"]


def _width(heading: str, cells: pd.Series) -> int:
    sample = cells.head(_SAMPLE)
    if pd.api.types.is_float_dtype(sample):
        return max(9, min(len(heading) // 2 + 3, 18))
    longest = max((len(str(cell)) for cell in sample), default=0)
    return min(max(longest, min(len(heading), 14)) + 3, _WIDEST)


def _frozen_columns(table: pd.DataFrame) -> int:
    """Keep the unit's code and name in sight where they come first."""
    first = [str(column) for column in table.columns[:2]]
    return 2 if first == ["unit", "name"] else 0


def _write_readme(
    sheet: Worksheet, atlas: Atlas, sheets: dict[str, str], *, looks: dict[str, Any], words: Words
) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, words.pick(atlas.study.title), looks["title"])
    sheet.write_string(1, 0, words.say("book.made", run=atlas.run_id, seed=atlas.study.seed), looks["text"])
    row = 3
    for heading, lines in _readme_parts(atlas, sheets, words):
        sheet.write_string(row, 0, heading, looks["head"])
        sheet.write_string(row, 1, "", looks["head"])
        for label, text in lines:
            row += 1
            sheet.write_string(row, 0, label, looks["text"])
            sheet.write_string(row, 1, text, looks["wrapped"])
        row += 2


def _readme_parts(
    atlas: Atlas, sheets: dict[str, str], words: Words
) -> list[tuple[str, list[tuple[str, str]]]]:
    holds = [(sheet, _holds(name, words)) for name, sheet in sheets.items()]
    notes = [("", note) for note in (*atlas.notes, words.say("sheets.text_rule"))]
    return [
        (words.say("sheets.read_title"), holds),
        (words.say("book.notes"), notes),
        (words.say("book.part_methods"), list(atlas.methods.items())),
    ]


def _holds(name: str, words: Words) -> str:
    plain = name.removeprefix(f"{SYNTHETIC}_")
    key = "values" if plain.startswith("values-") else plain
    return words.texts.get(f"sheets.holds_{key}", "")
