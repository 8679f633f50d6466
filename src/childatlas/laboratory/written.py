"""How tables of the laboratory are written, and what a recipe is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from childatlas.measures.recipe import Recipe

__all__ = ["Facts", "title_of", "write_tables"]

Facts = dict[str, Any]


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write each table as CSV to `folder`, made if need be, and return the paths."""
    from childatlas.atlas.tables import safe_text

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        flat = table.reset_index()
        flat.map(safe_text).to_csv(path, index=False, lineterminator="\n", float_format="%.10g")
        written.append(path)
    return written


def title_of(recipe: Recipe) -> str:
    """Return the English name of a recipe, else its id."""
    return recipe.label.get("en", recipe.id)
