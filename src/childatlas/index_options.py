"""What the commands of the index laboratory share: their options, and how they show a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childatlas.console import show_table
from childatlas.shipped import default_name

if TYPE_CHECKING:
    import pandas as pd

    from childatlas.measures.recipe import Recipe

__all__ = [
    "DEFAULT_STUDY",
    "ErrorsOption",
    "GroupsOption",
    "OutOption",
    "RecipeArgument",
    "SeedOption",
    "StudyOption",
    "UnitOption",
    "ValuesOption",
    "VintageOption",
    "WeightsOption",
    "show_files",
    "show_units",
]

RecipeArgument = Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped one.")]
DEFAULT_STUDY = default_name("study")
StudyOption = Annotated[str, typer.Option("--study", help="The study whose figures are used.")]
ValuesOption = Annotated[
    Path | None,
    typer.Option("--values", help="Instead of a study: a table of units x indicators (CSV, XLSX, Parquet)."),
]
ErrorsOption = Annotated[
    Path | None, typer.Option("--errors", help="Their standard errors, in the same form.")
]
VintageOption = Annotated[
    int | None, typer.Option("--vintage", help="Units in force at the end of this year.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same answer.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for tables and pictures.")]
WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", help="A table of id and weight, in place of the recipe's own weights."),
]
GroupsOption = Annotated[
    Path | None,
    typer.Option("--groups", help="A table of unit and group, for imputation by group means."),
]
UnitOption = Annotated[list[str] | None, typer.Option("--unit", help="Draw this unit's waterfall; repeat.")]


def show_units(recipe: Recipe, names: Mapping[str, str], table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Print a row a unit: its name, its rank where there is one, and `columns`."""
    first = [c for c in ("rank",) if c in table]
    rows = []
    for unit, row in table.iterrows():
        cells = [_cell(row[c]) for c in (*first, *columns)]
        rows.append([names.get(str(unit), str(unit)), *cells])
    title = recipe.label.get("en", recipe.id)
    show_table(title, ("unit", *first, *(c.replace("_", " ") for c in columns)), rows)


def _cell(value: object) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return f"{value:.0f}" if value.is_integer() else f"{value:.2f}"
    return str(value)


def show_files(facts: Mapping[str, object], notes: Sequence[str] = ()) -> None:
    """Print what has to be known, and where the files are."""
    told = facts.get("notes", [])
    for line in (*notes, *(told if isinstance(told, list) else [])):
        typer.echo(f"note: {line}")
    files = facts["files"]
    typer.echo(f"{len(files) if isinstance(files, list) else 0} files in {facts['folder']}")
