"""Where the data that ship with the package stand: in the wheel, or in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from childatlas.errors import StudyError, nearest

__all__ = ["data_folder", "default_name", "shipped"]

_HERE = Path(__file__).resolve().parent


@cache
def data_folder() -> Path:
    """Return the folder of shipped data: ``childatlas/data`` of a wheel, else ``data`` of the checkout.

    Raises
    ------
    StudyError
        If neither is there, which means that the installation is damaged.
    """
    packaged = _HERE / "data"
    if packaged.is_dir():
        return packaged
    for folder in _HERE.parents:
        if (folder / "pyproject.toml").is_file() and (folder / "data" / "studies").is_dir():
            return folder / "data"
    raise StudyError(
        "the data that ship with childatlas are missing",
        where=str(_HERE),
        expected=f"{packaged} or data/ beside pyproject.toml",
        fix="install the package again",
    )


@cache
def default_name(what: str) -> str:
    """Return the name of the shipped ``study`` or ``definitions`` that is meant where none is given."""
    import tomllib

    return str(tomllib.loads((data_folder() / "defaults.toml").read_text(encoding="utf-8"))[what])


def shipped(kind: str, name: str, *, suffix: str = "") -> Path:
    """Return the shipped file or folder ``<kind>/<name><suffix>``, for example a study or a recipe by name.

    Raises
    ------
    StudyError
        If there is none of that name; the nearest names are listed.
    """
    folder = data_folder() / kind
    path = folder / f"{name}{suffix}"
    if path.exists():
        return path
    known = sorted(p.name.removesuffix(suffix) for p in folder.glob(f"[!.]*{suffix}"))
    raise StudyError(
        f"nothing that ships under {kind} is called {name!r}",
        where=str(folder),
        found=name,
        expected=", ".join(nearest(name, known) or known),
        fix="run `childatlas list`, or give the path of a file",
    )
