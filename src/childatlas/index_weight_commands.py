"""Weights of an index: learned from figures, given by voters or experts, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childatlas.console import JsonFlag, QuietFlag, show_json, show_table
from childatlas.index_options import (
    DEFAULT_STUDY,
    OutOption,
    RecipeArgument,
    SeedOption,
    StudyOption,
    ValuesOption,
    VintageOption,
    show_files,
)

if TYPE_CHECKING:
    from childatlas.laboratory.weighing import Weighing
    from childatlas.measures.recipe import Recipe

__all__ = ["weights"]

BallotsOption = Annotated[
    Path | None,
    typer.Option("--ballots", help="Public votes: a row a ballot, a column a part of the recipe."),
]
KindOption = Annotated[str, typer.Option("--kind", help="choice, approval, points or ranking.")]
VotersOption = Annotated[
    str | None, typer.Option("--voters", help="Column of the ballots with the group of each voter.")
]
PopulationOption = Annotated[
    Path | None,
    typer.Option("--population", help="A table of group and share: voters are weighed to it."),
]
BudgetOption = Annotated[
    Path | None, typer.Option("--budget", help="Points that experts shared out: a row an expert.")
]
ComparisonsOption = Annotated[
    list[Path] | None,
    typer.Option("--comparisons", help="How many times more a row weighs than a column; repeat per judge."),
]


def weights(
    recipe: RecipeArgument,
    *,
    study: StudyOption = DEFAULT_STUDY,
    values: ValuesOption = None,
    vintage: VintageOption = None,
    ballots: BallotsOption = None,
    kind: KindOption = "points",
    voters: VotersOption = None,
    population: PopulationOption = None,
    budget: BudgetOption = None,
    comparisons: ComparisonsOption = None,
    seed: SeedOption = 1,
    out: OutOption = Path("outputs/index"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Weigh the parts of an index: by votes, experts or comparisons, else by what the figures say."""
    from childatlas.errors import StudyError
    from childatlas.laboratory.weighing import weigh_by_budget, weigh_by_comparisons, weigh_by_votes
    from childatlas.laboratory.weight_files import read_voters, write_weights
    from childatlas.measures.recipe import read_recipe

    found = read_recipe(recipe)
    if sum(bool(x) for x in (ballots, budget, comparisons)) > 1:
        raise StudyError(
            "weights are asked for in two ways at once", expected="one of --ballots, --budget, --comparisons"
        )
    if voters is not None and ballots is None:
        raise StudyError("--voters is a column of --ballots", fix="give the ballots too")
    names: dict[str, str] = {}
    if ballots is not None:
        cells, groups = read_voters(ballots, found, kind, voters)
        made = weigh_by_votes(found, cells, kind=kind, seed=seed, voters=groups, population=population)
    elif budget is not None:
        made = weigh_by_budget(found, budget)
    elif comparisons:
        made = weigh_by_comparisons(found, comparisons)
    else:
        made, names = _learned(found, study, values, vintage)
    facts = write_weights(found, made, out, names=names)
    if as_json:
        show_json(facts)
    elif not quiet:
        _show(found, made)
        show_files(facts)


def _learned(
    recipe: Recipe, study: str, values: Path | None, vintage: int | None
) -> tuple[Weighing, dict[str, str]]:
    from childatlas.laboratory.bench import bench_of_study, bench_of_table
    from childatlas.laboratory.weighing import learn_weights

    bench = bench_of_table(recipe, values) if values else bench_of_study(recipe, study, vintage=vintage)
    return learn_weights(bench), bench.indicators


def _show(recipe: Recipe, made: Weighing) -> None:
    numbers = [c for c in made.weights if c != "parent"]
    rows = []
    for part, row in made.weights.iterrows():
        cells = ["–" if row[c] != row[c] else f"{row[c]:.1%}" for c in numbers]
        rows.append([str(row["parent"]), str(part), *cells])
    first = 1 if len(set(made.weights["parent"])) == 1 else 0
    head = ("parent", "part", *numbers)[first:]
    show_table(recipe.label.get("en", recipe.id), head, [row[first:] for row in rows])
