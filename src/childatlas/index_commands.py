"""Commands of the index laboratory: check, build, compare, explore."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childatlas.console import JsonFlag, QuietFlag, show_json
from childatlas.index_options import (
    DEFAULT_STUDY,
    ErrorsOption,
    GroupsOption,
    OutOption,
    RecipeArgument,
    SeedOption,
    StudyOption,
    UnitOption,
    ValuesOption,
    VintageOption,
    WeightsOption,
    show_files,
    show_units,
)
from childatlas.index_time_commands import change
from childatlas.index_weight_commands import weights

if TYPE_CHECKING:
    import pandas as pd

    from childatlas.laboratory.bench import Bench

__all__ = ["app"]

app = typer.Typer(
    name="index", help="Build an index, break it, and see how far to trust each rank.", no_args_is_help=True
)


@app.command()
def check(
    recipe: RecipeArgument,
    *,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Refuse what contradicts its catalogue; else it is told."),
    ] = None,
    values: ValuesOption = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Explain a recipe in words and draw its tree with weights."""
    from childatlas.laboratory.doubts import doubts_of
    from childatlas.measures.explanation import explain_recipe
    from childatlas.measures.recipe import read_recipe
    from childatlas.measures.tree import recipe_tree

    found = read_recipe(recipe)
    lines, tree = explain_recipe(found), recipe_tree(found)
    doubts = doubts_of(found, study=study, values=values)
    if as_json:
        rows = tree.reset_index().astype(object).where(tree.reset_index().notna(), None)
        show_json(
            {"recipe": found.id, "words": lines, "doubts": doubts, "tree": rows.to_dict(orient="records")}
        )
    elif not quiet:
        for line in (*lines, *(f"look: {doubt}" for doubt in doubts)):
            typer.echo(line)
        _show_tree(tree)


def _show_tree(table: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.tree import Tree

    branches: dict[str, Tree] = {}
    root = Tree("")
    for identifier, row in table.iterrows():
        words = escape(_describe(str(identifier), row))
        parent = branches.get(str(row["parent"]))
        if parent is None:
            root = branches[str(identifier)] = Tree(words)
        else:
            branches[str(identifier)] = parent.add(words)
    Console().print(root)


def _describe(identifier: str, row: pd.Series) -> str:
    if not row["open"]:
        weight = "" if math.isnan(row["weight"]) else f"  {row['weight']:.1%} of its parent,"
        return f"{identifier}{weight}  declared, no open data"
    rule = f"  {row['aggregation']}" if row["aggregation"] else f"  {row['direction'].replace('_', ' ')}"
    return f"{identifier}  {row['weight']:.1%} of its parent, {row['effective']:.2%} of the index{rule}"


def _bench(
    recipe: str,
    study: str,
    values: Path | None,
    *,
    errors: Path | None = None,
    vintage: int | None = None,
    weights: Path | None = None,
    groups: Path | None = None,
) -> Bench:
    from dataclasses import replace

    from childatlas.errors import StudyError
    from childatlas.laboratory.bench import bench_of_study, bench_of_table, read_pairs, read_weights
    from childatlas.measures.given_weights import with_weights
    from childatlas.measures.recipe import read_recipe

    if errors is not None and values is None:
        raise StudyError("--errors belong to --values", fix="give both tables, or neither")
    found = read_recipe(recipe)
    if weights is not None:
        found = with_weights(found, read_weights(weights))
    if values is not None:
        bench = bench_of_table(found, values, errors=errors)
    else:
        bench = bench_of_study(found, study, vintage=vintage)
    if groups is None:
        return bench
    return replace(bench, groups=read_pairs(groups, key="unit", value="group"))


@app.command()
def build(
    recipe: RecipeArgument,
    *,
    study: StudyOption = DEFAULT_STUDY,
    values: ValuesOption = None,
    errors: ErrorsOption = None,
    vintage: VintageOption = None,
    weights: WeightsOption = None,
    groups: GroupsOption = None,
    worst: Annotated[
        int | None, typer.Option("--worst", min=1, help="How many places count as worst.")
    ] = None,
    unit: UnitOption = None,
    links: Annotated[
        Path | None,
        typer.Option("--links", help="Other measures of the units (income, an outcome) to compare with."),
    ] = None,
    seed: SeedOption = 1,
    out: OutOption = Path("outputs/index"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Build an index: scores, ranks, drivers, diagnosis, audit."""
    from childatlas.laboratory.bench import read_wide_table
    from childatlas.laboratory.files import write_build

    bench = _bench(recipe, study, values, errors=errors, vintage=vintage, weights=weights, groups=groups)
    others = None if links is None else read_wide_table(links, known=None)
    facts, scores = write_build(bench, out, seed=seed, worst=worst, units=unit or [], links=others)
    if as_json:
        show_json(facts)
    elif not quiet:
        show_units(bench.recipe, bench.units, scores, ("score", "coverage", "word"))
        show_files(facts, bench.notes)


@app.command()
def compare(
    recipe: RecipeArgument,
    other: RecipeArgument,
    *,
    study: StudyOption = DEFAULT_STUDY,
    values: ValuesOption = None,
    vintage: VintageOption = None,
    out: OutOption = Path("outputs/index"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Hold two recipes against each other on the same units."""
    from childatlas.laboratory.files import write_comparison

    pair = [_bench(r, study, values, vintage=vintage) for r in (recipe, other)]
    facts, table = write_comparison(pair[0], pair[1], out)
    if as_json:
        show_json(facts)
    elif not quiet:
        show_units(pair[0].recipe, pair[0].units, table, ("rank_first", "rank_second", "shift"))
        typer.echo(f"Spearman {facts['spearman']:.2f}, mean shift {facts['mean_shift']:.1f} ranks")
        show_files(facts, pair[0].notes)


@app.command()
def explore(
    recipe: RecipeArgument,
    *,
    study: StudyOption = DEFAULT_STUDY,
    values: ValuesOption = None,
    errors: ErrorsOption = None,
    vintage: VintageOption = None,
    weights: WeightsOption = None,
    groups: GroupsOption = None,
    ballots: Annotated[
        Path | None, typer.Option("--ballots", help="A table of ballots to draw again.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="choice, approval, points or ranking.")] = "points",
    draws: Annotated[int, typer.Option("--draws", min=10, help="Recipes drawn.")] = 10_000,
    base: Annotated[int, typer.Option("--base", min=4, help="Base points of Sobol, a power of two.")] = 2_048,
    seed: SeedOption = 1,
    out: OutOption = Path("outputs/index"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Vary the declared choices and see which ranks stand, and which choice moves them."""
    from childatlas.laboratory.files import write_exploration

    bench = _bench(recipe, study, values, errors=errors, vintage=vintage, weights=weights, groups=groups)
    facts, ranks = write_exploration(
        bench, out, seed=seed, draws=draws, base=base, ballots=ballots, kind=kind
    )
    if as_json:
        show_json(facts)
    elif not quiet:
        show_units(bench.recipe, bench.units, ranks, ("median", "low", "high", "bottom_fifth"))
        typer.echo(f"mean shift {facts['mean_shift']:.2f} ranks over {facts['draws']} recipes")
        show_files(facts, bench.notes)


app.command()(change)
app.command()(weights)
