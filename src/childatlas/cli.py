"""The command line: parse, call, print."""

from __future__ import annotations

import gc
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from childatlas.boundaries_commands import app as boundaries_app
from childatlas.children_commands import register
from childatlas.console import (
    JsonFlag,
    QuietFlag,
    progress_bar,
    show_error,
    show_json,
    show_table,
)
from childatlas.errors import AtlasError
from childatlas.index_commands import app as index_app
from childatlas.shipped import default_name

__all__ = ["app", "main"]

_STUDY = default_name("study")
app = typer.Typer(
    name="childatlas",
    help="Map child deprivation: indicators and indices on boundaries, hotspots, and a printed atlas.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(boundaries_app)
app.add_typer(index_app)
register(app)

Rule = Literal["queen", "rook", "knn", "distance", "kernel"]
Islands = Literal["nearest", "keep", "error"]
StudyArgument = Annotated[
    str, typer.Argument(help="A study file, a folder with study.toml, or the name of a shipped study.")
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder that gets one folder a study.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    context.obj = {"debug": debug}
    if version:
        from childatlas import __version__

        typer.echo(f"childatlas {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    study: StudyArgument,
    *,
    out: OutOption = Path("outputs"),
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch official boundary files that the study can use first.")
    ] = False,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Make the atlas of a study."""
    from childatlas.pipeline import run as run_study

    with progress_bar(shown=not quiet and not as_json) as progress:
        atlas = run_study(study, out=out, progress=progress, fetch=fetch)
    facts = {
        "study": atlas.study.name,
        "run_id": atlas.run_id,
        "folder": str(atlas.folder),
        "layers": len(atlas.layers),
        "dropped": len(atlas.dropped),
    }
    if as_json:
        show_json(facts)
    elif not quiet:
        for note in atlas.notes:
            typer.echo(f"note: {note}")
        typer.echo(f"{facts['layers']} maps, run {atlas.run_id}: open {atlas.folder / 'index.html'}")


@app.command()
def check(
    study: StudyArgument,
    *,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Read and check all that a study names, and make nothing."""
    from childatlas.pipeline import check as check_study

    report = check_study(study)
    if as_json:
        show_json(report)
    elif not quiet:
        show_table(f"{report['study']}: ready to run", ("what", "found"), list(report["facts"].items()))
        reasons = report["dropped"]
        if reasons:
            show_table("figures left out", ("reason", "rows"), list(reasons.items()))
        if report["reading"]:
            show_table("look at these", ("in the tables", "was taken as"), list(report["reading"].items()))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a commented study with a tiny data set that runs."""
    from childatlas.start import write_start

    written = write_start(folder)
    if as_json:
        show_json({"files": [str(path) for path in written]})
    elif not quiet:
        typer.echo(f"{len(written)} files in {folder}: try `childatlas run {shlex.quote(str(folder))}`")


@app.command(name="list")
def list_shipped(
    *,
    what: Annotated[str, typer.Argument(help="studies, indicators, indices or all.")] = "all",
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """List the studies, indicators and indices that ship."""
    from childatlas.start import list_contents

    contents = list_contents(what)
    if as_json:
        show_json(
            {
                kind: [dict(zip(columns, row, strict=True)) for row in rows]
                for kind, (columns, rows) in contents.items()
            }
        )
    elif not quiet:
        for kind, (columns, rows) in contents.items():
            show_table(kind, columns, rows)


@app.command(name="map")
def draw_map(
    indicator: Annotated[
        str, typer.Argument(help="Id of an indicator; `childatlas list indicators` names them.")
    ],
    *,
    year: Annotated[int | None, typer.Option(help="Year; the latest with figures if not given.")] = None,
    residence: Annotated[str, typer.Option(help="total, urban or rural.")] = "total",
    study: Annotated[str, typer.Option(help="The study that says country, level and tables.")] = _STUDY,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the picture.")] = Path("outputs/maps"),
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Draw one indicator as PNG and SVG."""
    from childatlas.pipeline import draw_indicator

    written = draw_indicator(indicator, study=study, year=year, residence=residence, out=out)
    if as_json:
        show_json({"files": [str(path) for path in written]})
    elif not quiet:
        for path in written:
            typer.echo(path)


@app.command()
def hotspots(
    table: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet with a column of codes.")],
    boundaries: Annotated[Path, typer.Argument(help="Any file of polygons.")],
    *,
    column: Annotated[str, typer.Option(help="The numbers.")],
    code: Annotated[
        str | None, typer.Option(help="Column of the codes or names in the boundaries; found if left out.")
    ] = None,
    on: Annotated[str | None, typer.Option(help="Column of the codes in the table, if other.")] = None,
    base: Annotated[str | None, typer.Option(help="Population at risk, if the numbers are events.")] = None,
    statistic: Annotated[
        str, typer.Option(help="moran, getis (Gi*), gi, geary, median, losh or joins (of 1 and 0).")
    ] = "moran",
    rule: Annotated[Rule, typer.Option(help="queen, rook, knn, distance or kernel.")] = "queen",
    k: Annotated[int | None, typer.Option(help="Neighbours, for knn.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Metres, for distance and kernel.")] = None,
    islands: Annotated[Islands, typer.Option(help="nearest, keep or error.")] = "nearest",
    permutations: Annotated[int, typer.Option(min=1)] = 9_999,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same answer.")] = 1,
    correction: Annotated[str, typer.Option(help="fdr, by, bonferroni, sidak or none.")] = "fdr",
    alpha: Annotated[float, typer.Option(min=0, max=1)] = 0.05,
    alternative: Annotated[str, typer.Option(help="two-sided, greater or less.")] = "two-sided",
    assume_crs: Annotated[str | None, typer.Option(help="For shapes that state none.")] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Look at the same under other neighbours too.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help=".csv .gpkg .geojson .parquet")] = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Find hotspots in any table on any polygons."""
    from childatlas.hotspots import find_hotspots, summary, write_hotspots

    found = find_hotspots(
        table,
        boundaries,
        column=column,
        code=code,
        on=on,
        base=base,
        statistic=statistic,
        rule=rule,
        k=k,
        threshold=threshold,
        islands=islands,
        permutations=permutations,
        seed=seed,
        correction=correction,
        alpha=alpha,
        alternative=alternative,
        assume_crs=assume_crs,
        sensitivity=sensitivity,
    )
    written = write_hotspots(found, out) if out else None
    facts = {**summary(found), "written": str(written) if written else None}
    if as_json:
        show_json(facts)
    elif not quiet:
        show_table(f"{column}: {statistic}", ("what", "found"), list(facts.items()))


def main() -> None:
    """Run the command line; bad input ends in a message and an exit code, never in a traceback."""
    # Reading and importing makes many objects that stay: look for rubbish among them less often.
    gc.set_threshold(50_000, 20, 50)
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(args=["--debug", *arguments] if debug else arguments)
    except (AtlasError, OSError) as error:
        if debug:
            raise
        sys.exit(show_error(error, as_json="--json" in arguments))
