"""What ships, listed, and a first study to start from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from childatlas.errors import StudyError, nearest
from childatlas.shipped import data_folder
from childatlas.study import read_study

__all__ = ["list_contents", "write_start"]

Listing = tuple[Sequence[str], Sequence[Sequence[str]]]


def write_start(folder: str | Path) -> list[Path]:
    """Return the files of a commented study with a tiny data set, copied into `folder`.

    Parameters
    ----------
    folder : str or Path
        New or empty.

    Raises
    ------
    StudyError
        If the folder holds anything: nothing of a user's is ever overwritten.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(
            "the folder is not empty",
            where=str(target),
            expected="a new or empty folder",
            fix="choose another name",
        )
    target.mkdir(parents=True, exist_ok=True)
    sources = sorted((data_folder() / "start").iterdir())
    return [Path(shutil.copyfile(source, target / source.name)) for source in sources if source.is_file()]


def list_contents(what: str) -> dict[str, Listing]:
    """Return the listings asked for: ``studies``, ``indicators``, ``indices`` or ``all``.

    Returns
    -------
    dict of kind -> (columns, rows)

    Raises
    ------
    StudyError
        If `what` is none of these.
    """
    listings: dict[str, Callable[[], Listing]] = {
        "studies": _studies,
        "indicators": _indicators,
        "indices": _indices,
    }
    if what == "all":
        return {kind: listing() for kind, listing in listings.items()}
    if what not in listings:
        close = nearest(what, listings)
        raise StudyError(
            f"cannot list {what!r}",
            found=what,
            expected=f"{', '.join(listings)} or all",
            fix=f"did you mean {close[0]!r}?" if close else None,
        )
    return {what: listings[what]()}


def _studies() -> Listing:
    studies = [read_study(path) for path in sorted((data_folder() / "studies").glob("*.toml"))]
    rows = [(s.name, s.level, str(s.vintage), s.title.get("en", "")) for s in studies]
    return ("study", "level", "vintage", "title"), rows


def _indicators() -> Listing:
    from childatlas.figures.catalogue import read_catalogue

    files = sorted((data_folder() / "indicators").glob("*/indicators.toml"))
    rows = [
        (path.parent.name, entry.id, entry.label.get("en", ""), entry.measure.get("en", ""))
        for path in files
        for entry in read_catalogue(path).values()
    ]
    return ("tables", "indicator", "label", "measure"), rows


def _indices() -> Listing:
    from childatlas.measures.recipe import read_recipe

    recipes = [read_recipe(path) for path in sorted((data_folder() / "indices").glob("*.toml"))]
    rows = [(recipe.id, recipe.label.get("en", ""), str(len(recipe.open_indicators))) for recipe in recipes]
    return ("recipe", "label", "indicators with figures"), rows
