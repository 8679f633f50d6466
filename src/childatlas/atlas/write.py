"""An atlas is written: every file, in order, beside its place and then swapped in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from childatlas.atlas.drawing import DETAILS
from childatlas.atlas.manifest import write_manifest
from childatlas.atlas.pictures import Picture, draw_layer, draw_pictures, job_of, plan_pictures
from childatlas.atlas.report import write_report
from childatlas.atlas.swap import swapped_in
from childatlas.atlas.tables import all_tables, write_tables
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Layer
from childatlas.workers import Lent, workers

__all__ = ["write_atlas", "write_map"]

Progress = Callable[[str, int, int], None]
Pictures = dict[str, dict[str, Picture]]

ATLAS, WORDS = "", "."  # no layer has these keys

# How long each step takes in per cent of the whole, as measured on 70 layers of 20 units.
SHARES = {
    "maps": 60,
    "book": 20,
    "tables": 3,
    "workbook": 3,
    "geopackage": 3,
    "interactive": 10,
    "report": 1,
}


def write_atlas(atlas: Atlas, folder: str | Path, *, words: Words, progress: Progress | None = None) -> Path:
    """Write the whole atlas to `folder` and return it, resolved.

    Parameters
    ----------
    atlas : Atlas
    folder : str or Path
        New, empty, or holding an atlas of an earlier run, which is replaced at the very end.
    words : Words
    progress : callable, optional
        Called as ``progress(step, done, total)``.

    Returns
    -------
    Path
        Holds ``maps/<level>/<layer>.{png,svg}``, ``tables/*.csv``, ``atlas.xlsx``, ``atlas.gpkg``,
        ``interactive/<level>.html``, ``atlas.pdf``, ``index.html``, ``report.md`` and ``manifest.json``. In a
        synthetic atlas every name but ``index.html`` and ``manifest.json`` says ``synthetic``.

    Raises
    ------
    StudyError
        If the folder holds anything but an atlas.

    Notes
    -----
    All is written to a sibling first: a run that fails or is killed leaves the old atlas as it was. The same
    atlas gives the same bytes.
    """
    from childatlas.atlas.book import write_book
    from childatlas.atlas.geopackage import write_geopackage
    from childatlas.atlas.pages import write_interactive_pages
    from childatlas.atlas.site import write_site
    from childatlas.atlas.workbook import write_workbook

    say = _Steps(words, progress)
    drawings = plan_pictures(atlas, words=words)
    all_tables(atlas, words)  # made before the processes are born, each of which then has them
    given = {"words": Lent(WORDS)}
    lent = {**drawings, ATLAS: atlas, WORDS: words}
    with swapped_in(folder) as fresh, workers(len(drawings), lent=lent) as crew:
        whole, package = Lent(ATLAS), atlas.called("atlas.gpkg")
        beside = {
            "tables": crew.start(write_tables, whole, fresh / "tables", **given),
            "workbook": crew.start(write_workbook, whole, fresh / atlas.called("atlas.xlsx"), **given),
            "geopackage": crew.start(write_geopackage, whole, fresh / package, **given),
            "interactive": crew.start(write_interactive_pages, whole, fresh / "interactive", **given),
        }
        ticks = say.ticks("maps", len(drawings))
        maps, rest = draw_pictures(list(drawings), fresh, crew=crew, tick=ticks)
        say.start("book")
        # typst keeps threads of its own, which a forked process would wait for in vain: the book is set here,
        # while the processes draw the charts.
        write_book(atlas, maps, fresh / atlas.called("atlas.pdf"), words=words)
        shutil.rmtree(fresh / DETAILS, ignore_errors=True)
        for step, finished in beside.items():
            say.start(step)
            finished()
        write_site(atlas, rest(), fresh, words=words)
        say.start("report")
        write_report(atlas, fresh / atlas.called("report.md"), words=words)
        write_manifest(atlas, fresh)
    say.end()
    return Path(folder).resolve()


def write_map(atlas: Atlas, layer: Layer, folder: str | Path, *, words: Words) -> list[Path]:
    """Draw the map of one layer as ``<folder>/<key>.png`` and ``.svg``, its description beside them.

    Parameters
    ----------
    atlas : Atlas
    layer : Layer
    folder : str or Path
        Made if it is not there.
    words : Words

    Returns
    -------
    list of Path
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    job = job_of(atlas, layer, words=words, stem=layer.key)
    drawn = draw_layer(job, target, kinds=("map",))["map"]
    return [target / f"{drawn.path}{suffix}" for suffix in (".png", ".svg", ".alt.txt")]


class _Steps:
    """Counts the steps of one run for whoever watches it."""

    def __init__(self, words: Words, progress: Progress | None) -> None:
        self._words, self._progress, self._total = words, progress, sum(SHARES.values())

    def start(self, step: str, *, share: float = 0.0) -> None:
        """Say that `step` begins, or that `share` of it is done."""
        if self._progress:
            names = list(SHARES)
            before = sum(SHARES[name] for name in names[: names.index(step)])
            done = before + round(SHARES[step] * share)
            self._progress(self._words.say(f"steps.{step}"), done, self._total)

    def ticks(self, step: str, n: int) -> Callable[[str], None]:
        """Return a function that counts one of `n` parts of `step` as done each time it is called."""
        self.start(step)
        counted = iter(range(1, n + 1))
        return lambda _key: self.start(step, share=next(counted) / n)

    def end(self) -> None:
        """Say that all is done."""
        if self._progress:
            self._progress(self._words.say("steps.manifest"), self._total, self._total)
