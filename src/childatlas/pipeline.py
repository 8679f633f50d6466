"""One run, in order: the only file that knows what comes after what. It holds no formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childatlas.errors import StudyError, nearest
from childatlas.shipped import default_name
from childatlas.study import Study, read_study

if TYPE_CHECKING:
    from childatlas.layers import Atlas

__all__ = ["Progress", "check", "draw_indicator", "run"]

Progress = Callable[[str, int, int], None]


def run(
    study: Study | str | Path,
    *,
    out: str | Path = "outputs",
    progress: Progress | None = None,
    fetch: bool = False,
) -> Atlas:
    """Return the atlas of a study, written to ``<out>/<name of the study>``.

    Parameters
    ----------
    study : Study, str or Path
        A study, the path of one, or the name of a shipped one.
    out : str or Path
        The folder that gets one folder a study. The old atlas stays whole until the new one is complete.
    progress : callable, optional
        Called as ``progress(step, done, total)``.
    fetch : bool
        Fetch official boundary files first. Without it no network is ever opened.

    Returns
    -------
    Atlas
        Its `folder` holds index.html, atlas.pdf, atlas.gpkg, atlas.xlsx, maps, interactive, tables, report.md
        and manifest.json. The same inputs, versions and seed give the same bytes.

    Raises
    ------
    AtlasError
        One of its children, with an exit code each, for anything in the inputs that cannot be used.

    Examples
    --------
    >>> atlas = run("kazakhstan-2015")  # doctest: +SKIP
    >>> atlas.layer("stunting").values.idxmax()  # doctest: +SKIP
    '150000000'
    """
    from childatlas.assembly.discovery import find_layers
    from childatlas.assembly.material import read_material
    from childatlas.assembly.provenance import identify
    from childatlas.assembly.tables import build_tables
    from childatlas.atlas.write import write_atlas

    say = progress or _silent
    declared = study if isinstance(study, Study) else read_study(study)
    say("reading units and figures", 0, 100)
    material = read_material(declared, fetch=fetch)
    say("indices, statistics and gaps", 3, 100)
    found = find_layers(material)
    say("tables", 12, 100)
    tables = build_tables(material, found)
    atlas = identify(material, found, tables, folder=Path(out) / declared.name)
    folder = write_atlas(atlas, atlas.folder, words=material.words, progress=_part(say, 15, 100))
    say("done", 100, 100)
    return replace(atlas, folder=folder)


def check(study: Study | str | Path) -> dict[str, Any]:
    """Return what a study would be made from, having read and checked all of it.

    Parameters
    ----------
    study : Study, str or Path

    Returns
    -------
    dict
        ``study``, ``facts`` (text -> value), ``dropped`` (reason -> rows) and ``reading``: what was
        understood of the tables and deserves a look (text -> what it was taken for).

    Raises
    ------
    AtlasError
        For whatever would stop the run.
    """
    from childatlas.assembly.discovery import find_layers
    from childatlas.assembly.material import read_material

    declared = study if isinstance(study, Study) else read_study(study)
    material = read_material(declared)
    found = find_layers(material, judged=False)
    reasons = material.checked.dropped.groupby("reason", sort=True).size()
    return {
        "study": declared.name,
        "facts": {
            "level and vintage": f"{declared.level}, {declared.vintage}",
            "units": len(material.ground.codes(declared.vintage)),
            "figures read": len(material.figures),
            "indicators catalogued": len(material.catalogue),
            "maps": len(found.layers),
            "indices": len(declared.indices),
            "boundaries": found.geographies[material.ground.key(declared.vintage)].credit,
        },
        "dropped": {str(reason): int(rows) for reason, rows in reasons.items()},
        "reading": material.reading.doubts() if material.reading else {},
    }


def draw_indicator(
    indicator: str,
    *,
    study: Study | str | Path | None = None,
    year: int | None = None,
    residence: str = "total",
    out: str | Path = "outputs/maps",
) -> list[Path]:
    """Return the files of one map without statistics: ``<out>/<indicator>`` as png and svg.

    Parameters
    ----------
    indicator : str
        Id in the catalogue of the study.
    study : Study, str or Path, optional
        Says country, level, tables and classes; the shipped default if not given.
    year : int, optional
        The latest with figures for at least half of the units if not given.
    residence : {"total", "urban", "rural"}
    out : str or Path

    Raises
    ------
    StudyError
        If the indicator or the residence is unknown (the nearest known are named), or has no figures then.
    """
    from childatlas.assembly.discovery import find_one
    from childatlas.assembly.material import read_material
    from childatlas.assembly.provenance import identify
    from childatlas.atlas.write import write_map

    declared = study if isinstance(study, Study) else read_study(study or default_name("study"))
    material = read_material(declared, only=indicator)
    if residence not in ("total", "urban", "rural"):
        raise StudyError(
            f"unknown residence {residence!r}",
            found=residence,
            expected="total, urban or rural",
            fix=f"did you mean {(nearest(residence, ('total', 'urban', 'rural')) or ['total'])[0]!r}?",
        )
    found = find_one(material, indicator, year=year, residence=residence)
    atlas = identify(material, found, {}, folder=Path(out))
    return write_map(atlas, found.layers[0], Path(out), words=material.words)


def _silent(step: str, done: int, total: int) -> None:
    """Say nothing."""


def _part(say: Progress, first: int, last: int) -> Progress:
    """Return a progress function whose own 0..total fills `first`..`last` of the whole."""

    def step(description: str, done: int, total: int) -> None:
        say(description, first + round((last - first) * done / max(total, 1)), 100)

    return step
