"""What a recipe and the figures it is meant for do not agree on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from childatlas.errors import StudyError
from childatlas.laboratory.bench import bench_of_table
from childatlas.measures.index import build_index
from childatlas.measures.recipe import Recipe
from childatlas.measures.recipe_check import recipe_faults
from childatlas.shipped import default_name

if TYPE_CHECKING:
    import pandas as pd

    from childatlas.figures.catalogue import Indicator

__all__ = ["doubts_of"]


def doubts_of(recipe: Recipe, *, study: str | None, values: Path | None) -> list[str]:
    """Return what deserves a look before the recipe is used, a sentence each.

    Parameters
    ----------
    recipe : Recipe
    study : str or None
        Held against its catalogue strictly. Without one, and without `values`, the recipe is held against the
        catalogue that ships, and only if it has an indicator in common with it.
    values : Path or None
        Held against this table: constant indicators, gaps and units without a score are told.

    Raises
    ------
    StudyError
        If the recipe contradicts the catalogue of `study`, or names a column that the table does not have.
    """
    if values is not None:
        bench = bench_of_table(recipe, values)
        return _told(build_index(bench.values, recipe).notes)
    faults = recipe_faults(recipe, _catalogue(study or default_name("study")))
    if study is not None and faults:
        raise faults[0]
    unknown = sum("unknown indicator" in fault.what for fault in faults)
    if unknown >= len(recipe.columns):
        return []  # made for other figures than those that ship
    return [_sentence(fault) for fault in faults]


def _sentence(fault: StudyError) -> str:
    more = f"; expected {fault.expected}" if fault.expected else ""
    return f"{fault.what}{more}; {fault.fix}" if fault.fix else f"{fault.what}{more}"


def _told(notes: pd.DataFrame) -> list[str]:
    rows = notes[notes["kind"].isin(["constant", "no figures", "no score", "outliers"])]
    return [f"{unit or 'all units'}, {i}: {note}" for unit, i, _, note in rows.itertuples(index=False)]


def _catalogue(study: str) -> dict[str, Indicator]:
    from childatlas.figures.catalogue import read_catalogue
    from childatlas.study import read_study

    plan = read_study(study)
    named = plan.figures.catalogue
    entries: dict[str, Indicator] = {}
    for name in [named] if isinstance(named, str) else named:
        path = plan.locate("indicators", name)
        entries.update(read_catalogue(path / "indicators.toml" if path.is_dir() else path))
    return entries
