"""Commands about children: a synthetic survey, and the measures of a survey file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from childatlas.console import JsonFlag, QuietFlag, show_json, show_table
from childatlas.shipped import default_name

__all__ = ["children", "register", "simulate"]


_DEFINITIONS = default_name("definitions")


def simulate(
    plan: Annotated[str, typer.Argument(help="A shipped plan by name, or a TOML file.")],
    *,
    children: Annotated[int, typer.Option("--children", min=1, help="About how many children.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same file.")] = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path(
        "outputs/synthetic"
    ),
    census: Annotated[
        bool, typer.Option("--census", help="Write a census-like file of that many children instead.")
    ] = False,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a synthetic survey with a known truth; nothing in it describes a real place."""
    from childatlas.simulate.files import write_simulation

    facts = write_simulation(plan, out, children=children, seed=seed, census=census)
    if as_json:
        show_json(facts)
    elif not quiet:
        for path in facts["files"]:
            typer.echo(path)
        typer.echo(
            f"{facts['children']} synthetic children, seed {seed}: invented, not a finding about any place"
        )


def children(
    file: Annotated[Path, typer.Argument(help="Survey file: .csv, .parquet, .dta, .sav.")],
    *,
    design: Annotated[
        str, typer.Option("--design", help="weight=w,stratum=h,cluster=c,fpc=N; stages joined by +.")
    ] = "",
    definitions: Annotated[
        str, typer.Option("--definitions", help="Shipped definitions by name, or a TOML file.")
    ] = _DEFINITIONS,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Column that forms groups; may be repeated.")
    ] = None,
    cutoff: Annotated[
        float | None, typer.Option("--cutoff", help="Share of the weighted items, in (0, 1].")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables.")] = Path(
        "outputs/children"
    ),
    least_count: Annotated[
        int, typer.Option("--least-count", min=0, help="Groups of fewer children are hidden.")
    ] = 25,
    questions: Annotated[
        str,
        typer.Option(
            "--questions",
            help="Ask for poverty, inequality, gaps and risks too: a TOML file, or a study that asks them.",
        ),
    ] = "",
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Measure the deprivation of the children in a survey file, with errors and disclosure control."""
    from childatlas.child_questions import read_questions
    from childatlas.child_tables import measure_children, parse_design, write_child_tables
    from childatlas.definitions import read_definitions
    from childatlas.measures.publication import PublicationRule

    result = measure_children(
        file,
        read_definitions(definitions),
        design=parse_design(design),
        by=None if by is None else tuple(by),
        cutoff=cutoff,
        rule=PublicationRule(least_count=least_count, caution_count=max(50, least_count)),
        questions=read_questions(questions) if questions else None,
    )
    written = [str(path) for path in write_child_tables(result, out)]
    facts: dict[str, Any] = {**result.report, "synthetic": result.synthetic, "files": written}
    if as_json:
        show_json(facts)
    elif not quiet:
        rows = [(name, value) for name, value in result.report.items() if not isinstance(value, dict)]
        show_table("synthetic children" if result.synthetic else "children", ("what", "found"), rows)
        typer.echo(f"{len(written)} files in {out}")


def register(app: typer.Typer) -> None:
    """Add the commands ``simulate`` and ``children`` to `app`."""
    app.command(name="simulate")(simulate)
    app.command(name="children")(children)
