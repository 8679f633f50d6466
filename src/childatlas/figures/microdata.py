"""Opening a survey file of any size, from CSV, Parquet, Stata or SPSS, with its value labels applied."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from childatlas.errors import DataError

if TYPE_CHECKING:
    import duckdb

__all__ = ["Microdata", "open_microdata"]

_CHUNK = 200_000  # rows of a Stata or SPSS file in memory at a time


@dataclass(frozen=True, eq=False)
class Microdata:
    """An open survey file; use it as a context manager.

    Attributes
    ----------
    relation : DuckDBPyRelation
        One row a record; nothing is read before it is asked for.
    path : Path
    labels : dict of column -> label
        What the file says each column is.
    codes : dict of column -> dict of code -> label
        Value labels that were not applied, since the column has values without one.
    written : str
        How the file was read: its kind, and for text what separates columns and decimals.
    """

    relation: Any
    path: Path
    labels: dict[str, str]
    codes: dict[str, dict[float, str]]
    connection: Any = field(repr=False)
    folder: tempfile.TemporaryDirectory[str] = field(repr=False)
    written: str = ""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [str(c) for c in self.relation.columns]

    def close(self) -> None:
        """Close the file and remove what was set aside for it."""
        self.connection.close()
        self.folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_microdata(path: str | Path, *, memory_limit: str = "1GB", threads: int | None = None) -> Microdata:
    """Return a survey file as a DuckDB relation.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``, ``.dta`` (Stata), ``.sav`` or ``.zsav`` (SPSS).
    memory_limit : str
        What DuckDB may hold before it spills to disk.
    threads : int, optional

    Returns
    -------
    Microdata
        Labelled columns of Stata and SPSS become words where every value in the data has a label; else the
        codes stay, and the labels stand in `codes`. System and user-defined missing values become missing.

    Raises
    ------
    DataError
        If there is no such file, its kind is unknown, or it cannot be read.
    """
    import duckdb

    path = Path(path)
    if not path.exists():
        raise DataError("there is no survey file", where=str(path), fix="check the path")
    reader = _reader(path)
    folder = tempfile.TemporaryDirectory(prefix="childatlas-")
    settings: dict[str, Any] = {"memory_limit": memory_limit, "temp_directory": folder.name}
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET preserve_insertion_order = false")
    try:
        relation, labels, codes, written = reader(connection, path, Path(folder.name))
        _refuse_empty(relation, path)
    except duckdb.Error as error:
        connection.close()
        folder.cleanup()
        raise DataError(
            "the survey file cannot be read",
            where=str(path),
            found=str(error).splitlines()[0],
            fix="save it again as UTF-8 CSV or as Parquet",
        ) from error
    except DataError:
        connection.close()
        folder.cleanup()
        raise
    return Microdata(relation, path, labels, codes, connection, folder, written)


def _refuse_empty(relation: Any, path: Path) -> None:
    if not relation.columns or not relation.limit(1).fetchall():
        raise DataError("the survey file has no records", where=str(path))


_Opened = tuple[Any, dict[str, str], dict[str, dict[float, str]], str]


def _reader(path: Path) -> Callable[[duckdb.DuckDBPyConnection, Path, Path], _Opened]:
    name = path.name.lower()
    for suffix, reader in _READERS.items():
        if name.endswith(suffix):
            return reader
    raise DataError(
        "unknown kind of survey file", where=str(path), found=path.suffix, expected=", ".join(_READERS)
    )


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> _Opened:  # noqa: ARG001
    # Without BOOLEAN among them: DuckDB would read the answers yes and no as true and false.
    kinds = ["BIGINT", "DOUBLE", "DATE", "VARCHAR"]
    options: dict[str, Any] = {
        "header": True, "sample_size": 100_000, "null_padding": False, "auto_type_candidates": kinds
    }  # fmt: skip
    relation = connection.read_csv(str(path), **options)
    if _words(relation):
        # Where the comma separates decimals, columns of numbers read as words.
        comma = connection.read_csv(str(path), decimal=",", **options)
        if comma.columns == relation.columns and _words(comma) < _words(relation):
            return comma, {}, {}, _told(connection, path, "comma")
    return relation, {}, {}, _told(connection, path, "point")


def _words(relation: Any) -> int:
    """Return how many columns hold words."""
    return sum(str(kind) == "VARCHAR" for kind in relation.types)


_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def _told(connection: duckdb.DuckDBPyConnection, path: Path, decimal: str) -> str:
    """Return in words how a text file was read."""
    rows = connection.execute("SELECT Delimiter FROM sniff_csv(?)", [str(path)]).fetchall()
    found = str(rows[0][0]) if rows else ","
    return f"CSV, columns apart by {_DELIMITERS.get(found, repr(found))}, decimal {decimal}"


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> _Opened:  # noqa: ARG001
    source = str(path / "*.parquet") if path.is_dir() else str(path)
    return connection.read_parquet(source), {}, {}, "Parquet"


def _read_labelled(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> _Opened:
    """Set a Stata or SPSS file aside as Parquet, piece by piece, then apply its value labels in SQL."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyreadstat

    read = pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav
    aside = folder / "records.parquet"
    try:
        _, meta = read(str(path), metadataonly=True)
        writer = None
        for frame, _ in pyreadstat.read_file_in_chunks(read, str(path), chunksize=_CHUNK):
            table = pa.Table.from_pandas(frame, preserve_index=False, schema=writer and writer.schema)
            writer = writer or pq.ParquetWriter(aside, _nullable(table.schema))
            writer.write_table(table.cast(writer.schema))
        if writer is None:
            raise DataError("the survey file has no records", where=str(path))
        writer.close()
    except (
        pyreadstat.ReadstatError,
        pyreadstat.PyreadstatError,
        pa.ArrowException,
        UnicodeDecodeError,
    ) as error:
        raise DataError(
            "the survey file cannot be read", where=str(path), found=str(error), fix="save it again"
        ) from error
    relation = connection.read_parquet(str(aside))
    named = {c: label for c, label in meta.column_names_to_labels.items() if label}
    worded, codes = _apply_labels(relation, _clean(meta.variable_value_labels))
    kind = "Stata" if path.suffix.lower() == ".dta" else "SPSS"
    return worded, named, codes, f"{kind}, value labels applied"


def _nullable(schema: Any) -> Any:
    """Give columns that are empty in the first piece a type that later pieces can fill."""
    import pyarrow as pa

    return pa.schema([pa.field(f.name, pa.float64() if pa.types.is_null(f.type) else f.type) for f in schema])


def _clean(labels: dict[str, dict[Any, str]]) -> dict[str, dict[float, str]]:
    kept: dict[str, dict[float, str]] = {}
    for column, codes in labels.items():
        numeric = {float(c): str(text).strip() for c, text in codes.items() if isinstance(c, (int, float))}
        if numeric:
            kept[column] = numeric
    return kept


def _apply_labels(
    relation: Any, labels: dict[str, dict[float, str]]
) -> tuple[Any, dict[str, dict[float, str]]]:
    kinds = dict(zip(relation.columns, (str(t) for t in relation.types), strict=True))
    labels = {c: codes for c, codes in labels.items() if kinds.get(c, "VARCHAR") != "VARCHAR"}
    if not labels:
        return relation, {}
    loose = [
        f"bool_or({_quote(c)} NOT IN ({', '.join(map(repr, codes))})) AS {_quote(c)}"
        for c, codes in labels.items()
    ]
    row = relation.aggregate(", ".join(loose)).fetchall()[0]
    partly = {c for c, flag in zip(labels, row, strict=True) if flag}
    columns = []
    for column in relation.columns:
        if column not in labels or column in partly:
            columns.append(_quote(column))
            continue
        cases = " ".join(f"WHEN {code!r} THEN {_text(label)}" for code, label in labels[column].items())
        columns.append(f"CASE {_quote(column)} {cases} END AS {_quote(column)}")
    return relation.project(", ".join(columns)), {c: labels[c] for c in partly}


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


_READERS: dict[str, Callable[[Any, Path, Path], _Opened]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".dta": _read_labelled,
    ".sav": _read_labelled,
    ".zsav": _read_labelled,
}
