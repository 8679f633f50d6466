"""What lies on the bench: a recipe, the figures it asks for, and the names of units and indicators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from atlasgeo.columns import SE, UNIT, VALUE, YEAR
from childatlas.errors import DataError
from childatlas.measures.recipe import Recipe

if TYPE_CHECKING:
    import geopandas as gpd

    from childatlas.assembly.material import Material

__all__ = [
    "Bench",
    "bench_of_study",
    "bench_of_table",
    "country_name",
    "read_pairs",
    "read_weights",
    "read_wide_table",
    "unit_names",
]


@dataclass(frozen=True, eq=False)
class Bench:
    """A recipe and its figures.

    Attributes
    ----------
    recipe : Recipe
    values : DataFrame
        Units x columns of the recipe.
    errors : DataFrame or None
        Standard errors, where any is published.
    national : Series or None
        The country's own figures of the same years, per column; None without a country.
    units, indicators : dict of id -> name
    place : str
        Name of the country.
    credit : str
        Where the figures are from and of which years.
    notes : tuple of str
        What a reader must know: carried figures, indicators without figures.
    shapes : callable or None
        Gives the units' shapes, for small maps; None for a bare table.
    groups : Series or None
        Group of each unit, for imputation by group means: the kind of unit (oblast, city) in a study.
    carried : set of str
        Columns whose figures were measured on former units.
    """

    recipe: Recipe
    values: pd.DataFrame
    errors: pd.DataFrame | None = None
    national: pd.Series | None = None
    units: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)
    place: str = ""
    credit: str = ""
    notes: tuple[str, ...] = ()
    shapes: Callable[[], gpd.GeoDataFrame] | None = None
    groups: pd.Series | None = None
    carried: frozenset[str] = frozenset()


def bench_of_study(
    recipe: Recipe, study: str | Path, *, vintage: int | None = None, carry: bool | None = None
) -> Bench:
    """Return the bench with the latest figures of a study on the units in force at the end of `vintage`.

    Parameters
    ----------
    recipe : Recipe
    study : str or Path
    vintage : int, optional
        By default that of the study's own plan for this recipe, else the study's.
    carry : bool, optional
        Whether successors inherit rates; by default as the study's plan says.

    Raises
    ------
    AtlasError
        As `read_material`, and StudyError if the recipe contradicts the catalogue.
    """
    from childatlas.assembly.ingredients import gather
    from childatlas.assembly.material import read_material
    from childatlas.measures.recipe_check import check_recipe
    from childatlas.study import read_study

    material = read_material(read_study(study))
    check_recipe(recipe, material.catalogue)
    plan = next((p for p, r in material.recipes if r.id == recipe.id), None)
    year = vintage or (plan.vintage if plan else None) or material.study.vintage
    carried = carry if carry is not None else bool(plan and plan.carry)
    found = gather(
        material.figures,
        recipe.columns,
        material.ground,
        catalogue=material.catalogue,
        vintage=year,
        last_year=(plan.year if plan and plan.year else year),
        carry=carried,
    )
    notes = [f"{i}: {reason}" for i, reason in found.absent.items()]
    if found.carried:
        notes.append(f"carried from former units, never observations: {', '.join(sorted(found.carried))}")
    for item in recipe.open_indicators:
        ends = [found.years.get(c) for c in (item.column, item.denominator) if c]
        if len(set(ends)) > 1 and None not in ends:
            notes.append(f"{item.id}: figures of {ends[0]} over {item.denominator} of {ends[1]}")
    return Bench(
        recipe=recipe,
        values=found.values,
        errors=_errors(material, found.years, found.values),
        national=_national(material, found.years),
        units=unit_names(material, year),
        indicators={i: material.words.pick(material.catalogue[i].label) for i in recipe.columns},
        place=country_name(material),
        credit=_credit(found.years, year),
        notes=tuple(notes),
        shapes=lambda: material.ground.build(year, joined=False).shapes,
        groups=_kinds(material, year),
        carried=frozenset(found.carried),
    )


def _rows(material: Material, indicator: str, year: int) -> pd.DataFrame:
    from childatlas.figures.series import series

    rows = series(material.figures, indicator)
    return rows[rows[YEAR] == year].set_index(UNIT)


def _errors(material: Material, years: dict[str, int], values: pd.DataFrame) -> pd.DataFrame | None:
    columns = {i: _rows(material, i, y)[SE].reindex(values.index) for i, y in years.items()}
    table = pd.DataFrame(columns, index=values.index).astype(float)
    return table if table.notna().to_numpy().any() else None


def _national(material: Material, years: dict[str, int]) -> pd.Series | None:
    found = {i: _rows(material, i, y)[VALUE].get(material.national_code, np.nan) for i, y in years.items()}
    values = pd.Series(found, dtype=float)
    return values if values.notna().any() else None


def unit_names(material: Material, year: int) -> dict[str, str]:
    """Return the short names of the units in force at the end of a year."""
    from atlasgeo.units import in_force

    units = in_force(material.ground.gazetteer, level=material.study.level, year=year)
    names: dict[str, str] = units["short_en"].fillna(units["name_en"]).to_dict()
    return names


def _kinds(material: Material, year: int) -> pd.Series:
    from atlasgeo.units import in_force

    units = in_force(material.ground.gazetteer, level=material.study.level, year=year)
    return units["type"].astype(object).rename("group")


def country_name(material: Material) -> str:
    """Return the country's name."""
    return str(material.words.pick(material.ground.country.name))


def _credit(years: dict[str, int], vintage: int) -> str:
    if not years:
        return f"units of {vintage}"
    first, last = min(years.values()), max(years.values())
    span = f"{first}" if first == last else f"{first}-{last}"
    return f"Latest figures of {span} on the units of {vintage}."


def bench_of_table(recipe: Recipe, values: Path, *, errors: Path | None = None) -> Bench:
    """Return the bench with a table of units x indicators, and one of their standard errors.

    Raises
    ------
    DataError
        If a table cannot be read or holds text where a number belongs.
    """
    table = read_wide_table(values, known=recipe.columns)
    national = table.loc["country"] if "country" in table.index else None
    return Bench(
        recipe=recipe,
        values=table.drop(index="country", errors="ignore"),
        errors=None if errors is None else read_wide_table(errors, known=recipe.columns),
        national=national,
        indicators={i.column: i.label.get("en", i.column) for i in recipe.open_indicators},
        place="country" if national is not None else "",
        credit=f"Figures: {values.name}.",
    )


def read_wide_table(path: Path, *, known: list[str] | None) -> pd.DataFrame:
    """Return a table of numbers indexed by its first column; a row ``country`` holds the country's own.

    Only the columns of `known` are read (None: all). CSV, XLSX or Parquet, with the delimiters, encodings and
    decimal commas that figures may have.

    Raises
    ------
    DataError
        If it cannot be read, a unit stands twice, or a cell is neither a number nor empty.
    """
    from childatlas.figures.cells import read_cells
    from childatlas.figures.numbers import parse_numbers

    frame = read_cells(path, known=known or [UNIT]).frame
    by_lower = {name.lower(): name for name in known or []}
    cells = frame.iloc[:, 1:].rename(columns=by_lower)
    cells = cells[[name for name in cells if known is None or name in known]]
    flat = cells.stack()  # noqa: PD013 - melt loses the number of the row
    parsed = parse_numbers(flat)
    if parsed.wrong.any():
        row, column = flat.index[parsed.wrong.to_numpy()][0]
        raise DataError(
            "a figure is not a number",
            where=f"{path.name}, row {row}, column {column}",
            found=cells.loc[row, column],
            expected="a number, or empty where missing",
            fix="correct the table",
        )
    table = parsed.values.unstack().reindex(columns=cells.columns).astype(float)
    table.index = pd.Index(frame.iloc[:, 0].to_numpy(), name=UNIT)
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise DataError(
            "a unit stands twice",
            where=f"{path.name}, first column",
            found=twice[0],
            expected="one row a unit",
        )
    return table


def read_pairs(path: Path, *, key: str, value: str) -> pd.Series:
    """Return one column of a table as text, indexed by its first column.

    The column is the one named `value`, else the second.

    Raises
    ------
    DataError
        If the table cannot be read or has one column only.
    """
    from childatlas.figures.cells import read_cells

    frame = read_cells(path, known=[key, value]).frame
    if frame.shape[1] < 2:
        raise DataError(
            "the table has one column only",
            where=path.name,
            found=", ".join(map(str, frame.columns)),
            expected=f"{key} and {value}",
        )
    column = value if value in frame else frame.columns[1]
    found = frame[column].replace("", None)
    return found.set_axis(pd.Index(frame.iloc[:, 0].to_numpy(), name=key)).rename(value)


def read_weights(path: Path) -> pd.Series:
    """Return weights by id: the column ``weight`` (else the second), empty cells left out.

    Raises
    ------
    DataError
        If a weight is not a number.
    """
    from childatlas.figures.numbers import parse_numbers

    cells = read_pairs(path, key="id", value="weight").dropna()
    parsed = parse_numbers(cells)
    if parsed.wrong.any():
        part = cells.index[parsed.wrong.to_numpy()][0]
        raise DataError(
            "a weight is not a number",
            where=f"{path.name}, {part}",
            found=cells[part],
            expected="a number of 0 or more",
        )
    return pd.Series(parsed.values.to_numpy(float), index=cells.index, name="weight")
