"""Read and write the tables of this folder: UTF-8, Unix line ends, everything as text."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file as text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(file)]


def write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Write rows as UTF-8 CSV with Unix line ends; a column that a row lacks is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
