"""A folder that is written beside its place and swapped in at the end, so that a killed run harms nothing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from childatlas.atlas.manifest import MANIFEST, is_atlas
from childatlas.errors import StudyError

__all__ = ["check_target", "swapped_in"]


def check_target(folder: str | Path) -> Path:
    """Return the resolved folder if an atlas may be written there.

    Raises
    ------
    StudyError
        If it exists and is neither empty nor an atlas, or is a file: it is never deleted.
    """
    target = Path(folder).resolve()
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return target
    if target.is_dir() and is_atlas(target):
        return target
    raise StudyError(
        "the folder for the atlas holds something else, which is never deleted",
        where=str(target),
        found="a file"
        if target.is_file()
        else f"{len(list(target.iterdir()))} entries and no {MANIFEST} of an atlas",
        expected="no folder, an empty one, or an atlas of an earlier run",
        fix="name another folder with --out, or move its content away yourself",
    )


@contextmanager
def swapped_in(folder: str | Path) -> Iterator[Path]:
    """Give a new folder beside `folder` to write in; at the end it takes that place.

    Where the block fails the new folder is removed and the old one stays as it was. Where the program is
    killed the old one stays too; what the killed run left is cleared away by the next.

    Raises
    ------
    StudyError
        As `check_target`.
    """
    target = Path(folder).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _recover(target)
    check_target(target)
    fresh = target.with_name(f".{target.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        check_target(target)
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(target: Path) -> None:
    """Put back an atlas whose swap was cut between its two steps, and clear what dead runs left."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(new|old)-(\d+)")
    for path in sorted(target.parent.iterdir()):
        match = pattern.fullmatch(path.name)
        if not match or _runs(int(match.group(2))):
            continue
        if match.group(1) == "old" and not target.exists() and is_atlas(path):
            path.rename(target)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    if process == os.getpid():
        return False
    if os.name == "nt":  # there signal 0 would end the process it asks about
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
