"""Hotspots of any table on any polygons, outside a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from childatlas.errors import DataError, StudyError, nearest

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

__all__ = ["HotspotTable", "find_hotspots", "summary", "write_hotspots"]

Rule = Literal["queen", "rook", "knn", "distance", "kernel"]
Islands = Literal["nearest", "keep", "error"]
WRITABLE = (".csv", ".gpkg", ".geojson", ".parquet")


@dataclass(frozen=True, eq=False)
class HotspotTable:
    """The local statistic of one column, with what did not match.

    Attributes
    ----------
    table : GeoDataFrame
        Units with the column, every column of the local statistic, and shapes.
    overall : object
        The global statistic of the same kind (Moran's I for local Moran, and so on).
    graph : Graph
    missing_in_units, missing_in_figures : tuple of str
        Codes of the table without a shape, and shapes without a row.
    """

    table: gpd.GeoDataFrame
    overall: Any
    graph: Graph
    missing_in_units: tuple[str, ...]
    missing_in_figures: tuple[str, ...]


def find_hotspots(
    table: str | Path,
    boundaries: str | Path,
    *,
    column: str,
    code: str,
    seed: int,
    on: str | None = None,
    statistic: str = "moran",
    rule: Rule = "queen",
    k: int | None = None,
    threshold: float | None = None,
    islands: Islands = "nearest",
    permutations: int = 9_999,
    correction: str = "fdr",
    alpha: float = 0.05,
    alternative: str = "two-sided",
    assume_crs: str | None = None,
) -> HotspotTable:
    """Return where one column of a table clusters on the polygons of a file.

    Parameters
    ----------
    table : str or Path
        CSV, XLSX or Parquet with a column of codes and one of numbers.
    boundaries : str or Path
        Any file of polygons that GDAL reads, or GeoParquet.
    column : str
        The numbers.
    code : str
        Column of the codes in the boundaries.
    seed : int
    on : str, optional
        Column of the codes in the table; `code` if not given.
    statistic : {"moran", "getis", "geary"}
    rule, k, threshold, islands
        As `atlasgeo.build_neighbours`; threshold in metres.
    permutations, correction, alpha, alternative
        As `atlasgeo.local_moran`.
    assume_crs : str, optional
        For shapes that state no coordinate system.

    Raises
    ------
    DataError
        If the table lacks a column or holds text in it; row and value are named.
    BoundaryError
        If the shapes cannot be used.
    StudyError
        If a word is not one of its choices.
    """
    import atlasgeo as ag

    local, overall = _functions(statistic)
    units = ag.read_boundaries(boundaries, code=code, assume_crs=assume_crs)
    figures = _column(Path(table), on=on or code, column=column)
    joined, report = ag.attach(units[[units.geometry.name]], figures, on=on or code)
    if len(report.missing_in_figures) == len(units):
        raise DataError(
            "no code of the table is one of the shapes' codes",
            where=f"{table}, column {on or code}",
            found=", ".join(map(str, report.missing_in_units[:5])),
            expected=", ".join(map(str, units.index[:5])),
            fix="name the right columns with --code and --on; a spreadsheet drops leading zeros from codes",
        )
    graph = ag.build_neighbours(joined, rule=rule, k=k, threshold=threshold, islands=islands)
    values = joined[column]
    found = local(
        values,
        graph,
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        correction=correction,
        alpha=alpha,
    )
    return HotspotTable(
        table=joined.join(found),
        overall=overall(values, graph, permutations=permutations, seed=seed, alternative=alternative),
        graph=graph,
        missing_in_units=tuple(map(str, report.missing_in_units)),
        missing_in_figures=tuple(map(str, report.missing_in_figures)),
    )


def _functions(statistic: str) -> tuple[Callable[..., pd.DataFrame], Callable[..., Any]]:
    import atlasgeo as ag

    known = {
        "moran": (ag.local_moran, ag.global_moran),
        "getis": (ag.getis_ord, ag.global_getis_ord),
        "geary": (ag.local_geary, ag.global_geary),
    }
    if statistic not in known:
        close = nearest(statistic, known)
        raise StudyError(
            f"unknown statistic {statistic!r}",
            found=statistic,
            expected=", ".join(known),
            fix=f"did you mean {close[0]!r}?" if close else None,
        )
    return known[statistic]


def _column(path: Path, *, on: str, column: str) -> pd.DataFrame:
    """Return codes and numbers of a table; a text among the numbers is refused with its row."""
    from childatlas.figures.cells import read_cells
    from childatlas.figures.numbers import parse_numbers

    cells = read_cells(path, known=[on.lower(), column.lower()])
    for name in (on, column):
        if name.lower() not in cells.frame:
            close = nearest(name.lower(), cells.frame.columns)
            raise DataError(
                f"the table has no column {name!r}",
                where=str(path),
                found=", ".join(cells.frame.columns),
                expected=name,
                fix=f"did you mean {close[0]!r}?" if close else "name the column",
            )
    numbers = cells.frame[column.lower()]
    parsed = parse_numbers(numbers)
    faulty = parsed.wrong | parsed.unclear
    if faulty.any():
        row = faulty.idxmax()
        raise DataError(
            f"{int(faulty.sum())} cells of {column!r} are not numbers",
            where=f"{path}, row {row}, column {column}",
            found=repr(numbers[row]),
            expected="a number, or an empty cell where it is missing",
            fix="correct the cell",
        )
    return pd.DataFrame({on: cells.frame[on.lower()], column: parsed.values})


def summary(found: HotspotTable) -> dict[str, object]:
    """Return the global statistic, the number of units in each cluster and the leftovers, as plain values."""
    overall = found.overall
    clusters = found.table["cluster"].value_counts().sort_index()
    parts = {
        part: float(getattr(overall, part)) for part in ("statistic", "expected", "z", "p_norm", "p_sim")
    }
    return {
        "units": len(found.table),
        **{f"global {part}": value for part, value in parts.items()},
        **{str(label): int(count) for label, count in clusters.items()},
        "codes without a shape": ", ".join(found.missing_in_units) or "none",
        "shapes without a row": ", ".join(found.missing_in_figures) or "none",
    }


def write_hotspots(found: HotspotTable, path: str | Path) -> Path:
    """Write the table to `path` and return it: CSV without shapes, else GeoPackage, GeoJSON or GeoParquet.

    Raises
    ------
    StudyError
        If the suffix is none of these.
    """
    target = Path(path)
    if target.suffix.lower() not in WRITABLE:
        raise StudyError(
            "the kind of file is unknown",
            where=str(target),
            found=target.suffix,
            expected=", ".join(WRITABLE),
            fix="end the name in one of these",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    frame = found.table
    if target.suffix.lower() == ".csv":
        from childatlas.atlas.tables import safe_text

        plain = frame.drop(columns=frame.geometry.name).reset_index()
        plain.map(safe_text).to_csv(target, index=False, lineterminator="\n", float_format="%.12g")
    elif target.suffix.lower() == ".parquet":
        frame.to_parquet(target)
    elif target.suffix.lower() == ".geojson":
        frame.to_crs("EPSG:4326").to_file(target, driver="GeoJSON")
    else:
        frame.to_file(target, driver="GPKG", layer="hotspots")
    return target
