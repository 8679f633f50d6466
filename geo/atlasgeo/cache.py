"""The user's cache of official files: one folder a layer, complete or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atlasgeo.errors import SourceError

__all__ = ["CACHE_VARIABLE", "RECEIPT", "cache_folder", "read_receipt", "staged"]

CACHE_VARIABLE = "CHILDATLAS_CACHE"
RECEIPT = "source.json"
_STAGING = ".incoming-"
_STALE_SECONDS = 24 * 3600


def cache_folder(to: str | Path | None = None) -> Path:
    """Return the folder of fetched files: `to`, else ``$CHILDATLAS_CACHE``, else the user's cache folder.

    Raises
    ------
    SourceError
        If `to` lies inside the installed package: what is fetched may not be passed on with it.
    """
    import pooch

    if to is not None:
        folder = Path(to).expanduser()
        _refuse_package(folder)
        return folder
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else Path(pooch.os_cache("childatlas"))


def _refuse_package(folder: Path) -> None:
    """Refuse a folder from which shapes might be shipped by mistake: the package, or its checkout."""
    here = Path(__file__).resolve().parent
    tree = [here]
    if (here.parent.parent / "pyproject.toml").is_file():
        root = here.parent.parent
        tree += [root / name for name in ("data", "geo", "src", "tests")]
    elif here.parent.name == "site-packages":
        tree.append(here.parent)
    full = folder.resolve()
    for inner in tree:
        if full == inner or full.is_relative_to(inner):
            raise SourceError(
                "official shapes may not be kept inside the package",
                where=str(folder),
                expected=f"a folder outside {inner}",
                fix="choose another folder with --to, or leave it out to use your cache folder",
            )


@contextmanager
def staged(target: Path, receipt: dict[str, Any]) -> Iterator[Path]:
    """Give an empty folder to fill; it becomes `target` in one move if all goes well, else it vanishes.

    A process that is killed leaves at most a hidden folder beside `target`, never a part of it; the next one
    that fetches sweeps it away after a day.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=target.parent))
    except OSError as error:
        raise SourceError(
            "the folder for fetched files cannot be written",
            where=str(target.parent),
            found=error.strerror or str(error),
            fix=f"choose another with --to, or set {CACHE_VARIABLE}",
        ) from error
    try:
        yield folder
        (folder / RECEIPT).write_text(
            json.dumps(receipt, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        _move(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_receipt(folder: Path) -> dict[str, Any] | None:
    """Return what is known of a fetched layer, None where the folder holds none or an unreadable one."""
    try:
        content = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _move(folder: Path, target: Path) -> None:
    """Put the folder in place of `target`, whose old content goes only once the new one is complete."""
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=_STAGING, dir=target.parent))
        target.replace(old / "old")
        folder.replace(target)
        shutil.rmtree(old, ignore_errors=True)
        return
    try:
        folder.replace(target)
    except OSError:  # another process was quicker: what it fetched is as good
        if read_receipt(target) is None:
            raise


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{_STAGING}*"):
        try:
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:  # another process took it away first
            continue
