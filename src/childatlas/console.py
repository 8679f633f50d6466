"""What the command line shows: words, tables and progress on a terminal, or one JSON object for machines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from childatlas.errors import AtlasError, StudyError

__all__ = [
    "JsonFlag",
    "Progress",
    "QuietFlag",
    "progress_bar",
    "show_error",
    "show_json",
    "show_table",
]

QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]

Progress = Callable[[str, int, int], None]


def show_json(content: dict[str, Any]) -> None:
    """Print one JSON object on standard output; what is not a number is null, as the standard asks."""
    text = json.dumps(_standard(content), ensure_ascii=False, indent=2, default=str, allow_nan=False)
    sys.stdout.write(text + "\n")


def _standard(content: Any) -> Any:
    """Return the content with null where a number is missing or infinite."""
    if isinstance(content, dict):
        return {key: _standard(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_standard(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, as wide as the terminal."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(escape(column), overflow="fold")
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    Console().print(table)


def _explain_file(error: OSError) -> StudyError:
    """Return what the system says of a file, in words: nothing there can be read or written."""
    return StudyError(
        "a file or folder cannot be read or written",
        where=str(error.filename) if error.filename is not None else None,
        found=error.strerror or str(error),
        fix="choose a folder that can be written, with --out, or correct the path",
    )


def show_error(error: BaseException, *, as_json: bool) -> int:
    """Print an error without a traceback and return its exit code."""
    if isinstance(error, OSError):
        error = _explain_file(error)
    code = error.exit_code if isinstance(error, AtlasError) else 1
    if as_json:
        parts = ("what", "where", "found", "expected", "fix")
        known = {part: getattr(error, part, None) for part in parts} if isinstance(error, AtlasError) else {}
        body = {"type": type(error).__name__, "message": str(error), "exit_code": code, **known}
        show_json({"error": body})
    else:
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        console.print(f"{type(error).__name__}: ", style="bold red", end="")
        console.print(str(error), markup=False, soft_wrap=True)
    return code


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Progress | None]:
    """Give a function ``(step, done, total)`` that draws the step, the bar and the time left."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    parts = (
        TextColumn("{task.description:<38}"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1)

        def step(description: str, done: int, total: int) -> None:
            bar.update(task, description=description, completed=done, total=total)

        yield step
