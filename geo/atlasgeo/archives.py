"""Unpack a zip file of boundaries, trusting nothing that it says about where its files belong."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from atlasgeo.errors import SourceError

__all__ = ["LARGEST_BYTES", "unpack"]

LARGEST_BYTES = 2_000_000_000
"""No boundary file is larger unpacked; a zip that claims more is refused."""


def unpack(archive: str | Path, to: str | Path, *, largest: int = LARGEST_BYTES) -> list[Path]:
    """Return the files of a zip archive, unpacked under `to`.

    Raises
    ------
    SourceError
        If the archive is damaged, holds a name that leads out of `to` (``../``, absolute, a drive) or a link,
        or unpacks to more than `largest` bytes. Then nothing is unpacked, or what was is removed.
    """
    archive, to = Path(archive), Path(to)
    try:
        with zipfile.ZipFile(archive) as content:
            entries = [entry for entry in content.infolist() if not entry.is_dir()]
            _refuse(entries, archive, largest)
            return [_written(content, entry, to, archive) for entry in entries]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceError(
            "the zip file cannot be unpacked",
            where=str(archive),
            found=str(error),
            fix="download it again",
        ) from error


def _refuse(entries: list[zipfile.ZipInfo], archive: Path, largest: int) -> None:
    for entry in entries:
        name = entry.filename
        parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
        outside = ".." in parts or name.startswith(("/", "\\")) or PureWindowsPath(name).drive
        if outside or stat.S_ISLNK(entry.external_attr >> 16):
            raise SourceError(
                "the zip file holds a name that leads out of its folder",
                where=str(archive),
                found=name,
                expected="plain relative names",
                fix="do not use this file; fetch it from its publisher",
            )
    total = sum(entry.file_size for entry in entries)
    if total > largest:
        raise SourceError(
            "the zip file is too large unpacked",
            where=str(archive),
            found=f"{total:,} bytes",
            expected=f"at most {largest:,}",
        )


def _written(content: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path, archive: Path) -> Path:
    path = to / entry.filename
    if not path.resolve().is_relative_to(to.resolve()):
        raise SourceError(
            "the zip file holds a name that leads out of its folder", where=str(archive), found=entry.filename
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with content.open(entry) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path
