"""Ballots as they come in, and weights as they go out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from childatlas.errors import StudyError, nearest
from childatlas.laboratory.page import write_page
from childatlas.laboratory.pictures import write_pictures
from childatlas.laboratory.weighing import Weighing
from childatlas.laboratory.weight_pictures import draw_weighing
from childatlas.laboratory.written import Facts, title_of, write_tables
from childatlas.measures.recipe import Recipe

__all__ = ["read_voters", "write_weights"]


def write_weights(recipe: Recipe, found: Weighing, out: Path, *, names: Mapping[str, str]) -> Facts:
    """Write weights to ``<out>/<recipe>-weights``; ``weights.csv`` is what ``--weights`` reads."""
    folder = out / f"{recipe.id}-weights"
    files = write_tables(found.tables, folder)
    files += write_pictures(draw_weighing(recipe, found, names), folder, metadata={"recipe": recipe.id})
    page = write_page(
        folder,
        f"{title_of(recipe)}: weights",
        files=files,
        tables={"weights": ("Weights within each parent", found.weights)},
        notes=found.facts.get("notes", []),
    )
    return {
        "recipe": recipe.id,
        "parts": len(found.weights),
        **found.facts,
        "folder": str(folder),
        "files": [str(path) for path in (page, *files)],
    }


def read_voters(
    path: Path, recipe: Recipe, kind: str, column: str | None = None
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Return the cells of ballots, columns named as the recipe's ids, and the group of each voter.

    Raises
    ------
    StudyError
        If there is no such `column`.
    """
    from childatlas.figures.cells import read_cells

    parts = [g.id for g in recipe.groups] + [i.id for i in recipe.indicators]
    by_lower = {name.lower(): name for name in parts}
    cells = read_cells(path, known=parts).frame.rename(columns=by_lower)
    if column is None:
        voters = None
    elif column.lower() in cells:
        voters = cells[column.lower()].replace("", None).fillna("unknown")
        cells = cells.drop(columns=column.lower())
    else:
        raise StudyError(
            "the ballots have no such column",
            where="--voters",
            found=column,
            expected=", ".join(nearest(column, list(cells)) or list(map(str, cells))[:6]),
        )
    return (cells.iloc[:, -1:] if kind == "choice" else cells.replace("", None)), voters
