"""The index over years: scores on fixed goalposts, what a change is made of, whether units converge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from childatlas.console import JsonFlag, QuietFlag, show_json
from childatlas.index_options import (
    DEFAULT_STUDY,
    OutOption,
    RecipeArgument,
    StudyOption,
    UnitOption,
    show_files,
    show_units,
)

__all__ = ["change"]

FirstOption = Annotated[int | None, typer.Option("--from", help="First year; by default as figures allow.")]
LastOption = Annotated[int | None, typer.Option("--to", help="Last year.")]
TablesOption = Annotated[
    list[str] | None,
    typer.Option("--values", help="Instead of a study: YEAR=FILE, units x indicators; repeat."),
]
BreaksOption = Annotated[
    list[str] | None, typer.Option("--break", help="With --values: YEAR=TEXT, a reform before it; repeat.")
]


def change(
    recipe: RecipeArgument,
    *,
    study: StudyOption = DEFAULT_STUDY,
    first: FirstOption = None,
    last: LastOption = None,
    values: TablesOption = None,
    breaks: BreaksOption = None,
    unit: UnitOption = None,
    out: OutOption = Path("outputs/index"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Follow an index over years: fixed goalposts, what changed, convergence, breaks at reforms."""
    from childatlas.laboratory.files import write_change
    from childatlas.laboratory.years import years_of_study, years_of_tables
    from childatlas.measures.recipe import read_recipe

    found = read_recipe(recipe)
    if values:
        tables = {year: Path(path) for year, path in _by_year(values, "--values").items()}
        bench = years_of_tables(found, tables, breaks=_by_year(breaks or [], "--break"))
    else:
        bench = years_of_study(found, study, first=first, last=last)
    facts, table = write_change(bench, out, units=unit or [])
    if as_json:
        show_json(facts)
    elif not quiet:
        start, end = facts["years"]
        named = table.rename(columns={"first": str(start), "last": str(end)})
        show_units(bench.recipe, bench.units, named, (str(start), str(end), "change", "mostly"))
        for year, text in facts["breaks"].items():
            typer.echo(f"break before {year}: {text}")
        show_files(facts, bench.notes)


def _by_year(items: list[str], option: str) -> dict[int, str]:
    """Return year -> text of ``YEAR=TEXT`` items.

    Raises
    ------
    StudyError
        If an item has no year, or a year stands twice.
    """
    from childatlas.errors import StudyError

    out: dict[int, str] = {}
    for item in items:
        year, _, text = item.partition("=")
        if not (year.strip().isdigit() and text.strip()) or int(year) in out:
            raise StudyError(
                "a year is missing or stands twice",
                where=option,
                found=item,
                expected="YEAR=TEXT, each year once",
                fix=f"for example {option} 2015=...",
            )
        out[int(year)] = text.strip()
    return out
