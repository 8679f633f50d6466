"""Hotspots of any table on any polygons, outside a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from childatlas.code_columns import code_columns
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
    joined_on : tuple of str
        Columns of the codes in the boundaries and in the table.
    sensitivity : atlasgeo.sensitivity.WeightsSensitivity or None
        The same under other neighbours, where asked for; the table then has ``stability`` and ``usual``.
    """

    table: gpd.GeoDataFrame
    overall: Any
    graph: Graph
    missing_in_units: tuple[str, ...]
    missing_in_figures: tuple[str, ...]
    joined_on: tuple[str, str]
    sensitivity: Any = None


def find_hotspots(
    table: str | Path,
    boundaries: str | Path,
    *,
    column: str,
    seed: int,
    code: str | None = None,
    on: str | None = None,
    base: str | None = None,
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
    sensitivity: bool = False,
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
    seed : int
    code : str, optional
        Column of the codes, or names, in the boundaries. Left out, it is the one that shares most with a
        column of the table.
    on : str, optional
        Column of the codes in the table; `code` if not given.
    base : str, optional
        Column of the population at risk: `column` then holds events, and their rates are compared after
        Assuncao and Reis. For moran alone.
    statistic : {"moran", "getis", "gi", "geary", "median", "losh", "joins"}
        ``getis`` is Gi*, ``gi`` leaves the unit itself out; ``joins`` counts neighbours among yes and no
        (1, 0).
    rule, k, threshold, islands
        As `atlasgeo.build_neighbours`; threshold in metres.
    permutations, correction, alpha, alternative
        As `atlasgeo.local_moran`.
    assume_crs : str, optional
        For shapes that state no coordinate system.
    sensitivity : bool
        Whether to look at the same under the usual other neighbours too; moran and getis.

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

    local, overall = _functions(statistic, rates=base is not None, sensitivity=sensitivity)
    code, on = code_columns(Path(table), Path(boundaries), column=column, code=code, on=on)
    units = ag.read_boundaries(boundaries, code=code, assume_crs=assume_crs)
    figures = _columns(Path(table), on=on, columns=[column] if base is None else [column, base])
    joined, report = ag.attach(units[[units.geometry.name]], figures, on=on)
    if len(report.missing_in_figures) == len(units):
        raise DataError(
            "no code of the table is one of the shapes' codes",
            where=f"{table}, column {on}",
            found=", ".join(map(str, report.missing_in_units[:5])),
            expected=", ".join(map(str, units.index[:5])),
            fix="name the right columns with --code and --on; a spreadsheet drops leading zeros from codes",
        )
    graph = ag.build_neighbours(joined, rule=rule, k=k, threshold=threshold, islands=islands)
    values = [joined[name] for name in figures.columns if name != on]
    chance: dict[str, Any] = {"permutations": permutations, "seed": seed, "alternative": alternative}
    found = local(*values, graph, correction=correction, alpha=alpha, **chance)
    other = None
    if sensitivity:
        word: Literal["moran", "getis_ord"] = "moran" if statistic.lower() == "moran" else "getis_ord"
        other = ag.weights_sensitivity(
            values[0], joined, statistic=word, correction=correction, alpha=alpha, **chance
        )
        found = found.assign(stability=other.stability, usual=other.usual)
    return HotspotTable(
        table=joined.join(found),
        overall=overall(*values, graph, **chance),
        graph=graph,
        missing_in_units=tuple(map(str, report.missing_in_units)),
        missing_in_figures=tuple(map(str, report.missing_in_figures)),
        joined_on=(code, on),
        sensitivity=other,
    )


def _functions(
    statistic: str, *, rates: bool, sensitivity: bool
) -> tuple[Callable[..., pd.DataFrame], Callable[..., Any]]:
    """Return the local and the global statistic of that name."""
    import atlasgeo as ag

    known: dict[str, tuple[Callable[..., pd.DataFrame], Callable[..., Any]]] = {
        "moran": (ag.local_moran, ag.global_moran),
        "getis": (ag.getis_ord, _global_getis),
        "gi": (partial(ag.getis_ord, star=False), _global_getis),
        "geary": (ag.local_geary, ag.global_geary),
        "median": (ag.local_moran_median, ag.global_moran),
        "losh": (ag.local_heteroscedasticity, ag.global_moran),
        "joins": (ag.local_join_count, ag.global_join_counts),
    }
    others = {"getis_ord": "getis", "gi*": "getis", "join_count": "joins"}
    word = others.get(statistic.lower(), statistic.lower())
    if word not in known:
        close = nearest(statistic, known)
        raise StudyError(
            f"unknown statistic {statistic!r}",
            found=statistic,
            expected=", ".join(known),
            fix=f"did you mean {close[0]!r}?" if close else None,
        )
    if (rates and word != "moran") or (sensitivity and (rates or word not in {"moran", "getis"})):
        raise StudyError(
            "these options do not go together",
            found=f"statistic {statistic!r}"
            + (", a base" if rates else "")
            + (", other neighbours" if sensitivity else ""),
            expected="rates with moran; other neighbours with moran or getis, and without a base",
        )
    return (ag.local_moran_rate, ag.global_moran_rate) if rates else known[word]


def _global_getis(values: pd.Series, graph: Graph, **chance: Any) -> Any:
    """Return the general G, or Moran's I where values below zero leave G without a meaning."""
    import atlasgeo as ag

    return (ag.global_moran if (values < 0).any() else ag.global_getis_ord)(values, graph, **chance)


def _columns(path: Path, *, on: str, columns: list[str]) -> pd.DataFrame:
    """Return codes and numbers of a table; a text among the numbers is refused with its row."""
    from childatlas.figures.cells import read_cells

    cells = read_cells(path, known=[on.lower(), *(column.lower() for column in columns)])
    for name in (on, *columns):
        if name.lower() not in cells.frame:
            close = nearest(name.lower(), cells.frame.columns)
            raise DataError(
                f"the table has no column {name!r}",
                where=str(path),
                found=", ".join(cells.frame.columns),
                expected=name,
                fix=f"did you mean {close[0]!r}?" if close else "name the column",
            )
    numbers = {column: _numbers(cells.frame[column.lower()], path, column) for column in columns}
    return pd.DataFrame({on: cells.frame[on.lower()], **numbers})


def _numbers(cells: pd.Series, path: Path, column: str) -> pd.Series:
    """Return the numbers of a column."""
    from childatlas.figures.numbers import parse_numbers

    parsed = parse_numbers(cells)
    faulty = parsed.wrong | parsed.unclear
    if faulty.any():
        row = faulty.idxmax()
        raise DataError(
            f"{int(faulty.sum())} cells of {column!r} are not numbers",
            where=f"{path}, row {row}, column {column}",
            found=repr(cells[row]),
            expected="a number, or an empty cell where it is missing",
            fix="correct the cell",
        )
    return parsed.values


def summary(found: HotspotTable) -> dict[str, object]:
    """Return the global statistic, the number of units in each cluster and the leftovers, as plain values."""
    overall = found.overall
    clusters = found.table["cluster"].value_counts().sort_index()
    parts = {
        part: float(getattr(overall, part)) for part in ("statistic", "expected", "z", "p_norm", "p_sim")
    }
    other = found.sensitivity
    stable = {"mean stability over other neighbours": float(other.stability.mean())} if other else {}
    return {
        "joined on": " = ".join(dict.fromkeys(found.joined_on)),
        "units": len(found.table),
        "global statistic of": overall.name,
        **{f"global {part}": value for part, value in parts.items()},
        **{str(label): int(count) for label, count in clusters.items()},
        **stable,
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
