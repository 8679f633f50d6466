"""Official boundary files: catalogued with checksums, fetched once, kept complete or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from atlasgeo import geoboundaries
from atlasgeo.archives import unpack
from atlasgeo.cache import RECEIPT, cache_folder, read_receipt, staged
from atlasgeo.downloads import Progress, digest, download
from atlasgeo.errors import SourceError, StudyError, nearest
from atlasgeo.profiles import BoundaryLayer, Country

__all__ = [
    "Fetched",
    "cache_folder",
    "fetch_command",
    "fetch_layer",
    "find_fetched",
    "find_source",
    "keep_supplied",
    "pinned_as",
]

SHAPE_FILES = (".shp", ".gpkg", ".geojson", ".json", ".parquet", ".fgb", ".kml", ".gml", ".tab")


@dataclass(frozen=True)
class Fetched:
    """A layer that stands in the cache.

    Attributes
    ----------
    layer : BoundaryLayer
    path : Path
        The file to open.
    sha256 : str
        Of that file.
    facts : dict
        What the receipt says: addresses, checksums, the publisher's licence and year.
    fresh : bool
        Whether it was fetched just now.
    """

    layer: BoundaryLayer
    path: Path
    sha256: str
    facts: dict[str, Any]
    fresh: bool = False


def find_source(
    country: Country, *, level: str, vintage: int | None = None, source: str | None = None
) -> BoundaryLayer:
    """Return the catalogued official layer of a level: that of `vintage`, else the newest that is pinned.

    Raises
    ------
    StudyError
        If the country has no such level.
    SourceError
        If the catalogue has none such; what it has is listed.
    """
    if level not in country.levels:
        close = nearest(level, country.levels)
        raise StudyError(
            f"{country.code} has no level {level!r}",
            found=level,
            expected=", ".join(country.levels),
            fix=f"did you mean --level {close[0]}?" if close else None,
        )
    official = [layer for layer in country.boundaries if layer.path is None]
    found = [layer for layer in official if layer.level == level and source in (None, layer.source)]
    if vintage is not None:
        found = [layer for layer in found if layer.vintage == vintage]
    if not found:
        have = [f"{x.level} {x.vintage or ''} ({x.source or x.id})".replace("  ", " ") for x in official]
        raise SourceError(
            f"no official layer of {country.code} is catalogued for this",
            where=str(country.folder / "country.toml"),
            found=" ".join(str(x) for x in (level, vintage, source) if x is not None),
            expected="; ".join(have) or "none: add [[boundaries]] with url and sha256",
            fix="childatlas boundaries list " + country.code,
        )
    return max(found, key=lambda layer: (bool(layer.remote_files), layer.vintage or 0))


def fetch_layer(
    layer: BoundaryLayer,
    *,
    country: str,
    to: str | Path | None = None,
    mirror: str | Path | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Return the layer in the cache, fetched where it is not there yet or is damaged.

    Parameters
    ----------
    layer : BoundaryLayer
    country : str
        Code of the country: names a folder of the cache.
    to : str or Path, optional
        Folder instead of the user's cache.
    mirror : str or Path, optional
        Address or folder of copies; ``$CHILDATLAS_MIRROR`` if not given.
    progress : callable, optional
        ``progress(file, bytes, of)``.

    Raises
    ------
    SourceError
        If the layer must be brought by the user, cannot be fetched, or is not the catalogued one.
    """
    if layer.supplied or layer.path is not None:
        raise SourceError(
            f"{layer.id} is not fetched",
            found="it ships with the package" if layer.path else "its publisher hands it out itself",
            expected=f"your own download from {layer.link}" if layer.supplied else None,
            fix=fetch_command(layer, country=country) if layer.supplied else "use it as it is",
        )
    kept = find_fetched(layer, country=country, to=to)
    if kept is not None:
        return kept
    target = _folder_of(layer, country, to)
    receipt: dict[str, Any] = _receipt(layer)
    with staged(target, receipt) as folder:
        if layer.api is not None:
            receipt.update(_from_api(layer.api, folder, mirror=mirror, progress=progress))
        else:
            for file in layer.remote_files:
                download(
                    file.url,
                    folder / _name_of(file.url),
                    sha256=file.sha256,
                    mirror=mirror,
                    source=layer.source,
                    progress=progress,
                )
        receipt["open"] = _to_open(folder).relative_to(folder).as_posix()
        receipt["files"] = {p.relative_to(folder).as_posix(): digest(p) for p in _files(folder)}
    return _fetched(layer, target, fresh=True)


def find_fetched(layer: BoundaryLayer, *, country: str, to: str | Path | None = None) -> Fetched | None:
    """Return the layer where the cache holds it whole and unchanged, else None. Opens no network."""
    folder = _folder_of(layer, country, to)
    receipt = read_receipt(folder)
    if receipt is None or not isinstance(receipt.get("files"), dict) or "open" not in receipt:
        return None
    pinned = {_name_of(file.url): file.sha256 for file in layer.remote_files}
    files = receipt["files"]
    if any(files.get(name) != sha for name, sha in pinned.items()):
        return None  # fetched under an older catalogue
    for name, sha in files.items():
        path = folder / name
        if not path.is_file() or digest(path) != sha:
            return None
    return _fetched(layer, folder)


def keep_supplied(
    layer: BoundaryLayer, file: str | Path, *, country: str, to: str | Path | None = None
) -> Fetched:
    """Return the layer in the cache, made of a file that the user brought (its companions come along).

    Raises
    ------
    SourceError
        If there is no such file, it is pinned and has other bytes, or it is a zip that cannot be trusted.
    """
    file = Path(file)
    if not file.is_file():
        raise SourceError("there is no such file", where=str(file), expected=f"a download from {layer.link}")
    pinned = {_name_of(one.url): one.sha256 for one in layer.remote_files}
    receipt: dict[str, Any] = {**_receipt(layer), "supplied": file.name}
    target = _folder_of(layer, country, to)
    with staged(target, receipt) as folder:
        if file.suffix.lower() == ".zip":
            unpack(file, folder)
        else:
            _copy_with_companions(file, folder)
        for name, expected in pinned.items():
            got = digest(folder / name) if (folder / name).is_file() else "no such file"
            if got != expected:
                raise SourceError(
                    f"{name} is not the file that is catalogued",
                    where=str(file),
                    found=got,
                    expected=expected,
                )
        receipt["open"] = _to_open(folder).relative_to(folder).as_posix()
        receipt["files"] = {p.relative_to(folder).as_posix(): digest(p) for p in _files(folder)}
    return _fetched(layer, target, fresh=True)


def pinned_as(path: str | Path, countries: Sequence[Country]) -> tuple[Country, BoundaryLayer] | None:
    """Return the catalogued layer whose file has these very bytes, None where there is none."""
    sha = digest(Path(path))
    for country in countries:
        for layer in country.boundaries:
            if any(file.sha256 == sha for file in layer.remote_files):
                return country, layer
    return None


def fetch_command(layer: BoundaryLayer, *, country: str) -> str:
    """Return the command that brings the layer into the cache, from a FILE where the user brings it."""
    vintage = f" --vintage {layer.vintage}" if layer.vintage else ""
    source = "" if layer.remote_files else f" --source {layer.source}"
    file = " --file FILE" if layer.supplied else ""
    return f"childatlas boundaries fetch {country} --level {layer.level}{vintage}{source}{file}"


def _from_api(
    api: str, folder: Path, *, mirror: str | Path | None, progress: Progress | None
) -> dict[str, Any]:
    """Return what the API says, having fetched the file that it names (unpacked where it is a zip)."""
    answer = geoboundaries.ask(api, folder, mirror=mirror, progress=progress)
    path = folder / _name_of(answer.url)
    download(answer.url, path, mirror=mirror, source="geoboundaries", progress=progress)
    if path.suffix.lower() == ".zip":
        unpack(path, folder)
        path.unlink()
    elif path.suffix.lower() in {".geojson", ".json"}:
        geoboundaries.refuse_unreadable(path, answer)
    return {"answer": asdict(answer), "licence": answer.licence or "not stated"}


def _receipt(layer: BoundaryLayer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "producer": layer.producer,
        "licence": layer.licence,
        "link": layer.link,
        "urls": [file.url for file in layer.remote_files] or [layer.api or layer.link],
    }


def _folder_of(layer: BoundaryLayer, country: str, to: str | Path | None) -> Path:
    return cache_folder(to) / "boundaries" / country.lower() / layer.id


def _fetched(layer: BoundaryLayer, folder: Path, *, fresh: bool = False) -> Fetched:
    facts = read_receipt(folder) or {}
    name = str(facts.get("open", ""))
    return Fetched(layer, folder / name, str(facts.get("files", {}).get(name, "")), facts, fresh)


def _name_of(url: str) -> str:
    """Return the name of the file that an address ends in, never a path."""
    return urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1] or "file"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECEIPT)


def _to_open(folder: Path) -> Path:
    """Return the file of shapes among what was fetched."""
    files = [path for path in _files(folder) if path.name != "geoboundaries.json"]
    for suffix in SHAPE_FILES:
        found = [path for path in files if path.suffix.lower() == suffix]
        if found:
            return max(found, key=lambda path: path.stat().st_size)
    raise SourceError(
        "no file of shapes came",
        where=str(folder.name),
        found=", ".join(path.name for path in files) or "nothing",
        expected=", ".join(SHAPE_FILES),
    )


def _copy_with_companions(file: Path, folder: Path) -> None:
    """Copy a file; a shapefile's other parts (.shx, .dbf, .prj, .cpg) come along."""
    import shutil

    parts = [file]
    if file.suffix.lower() == ".shp":
        parts += [p for p in file.parent.glob(f"{file.stem}.*") if p.suffix.lower() in _COMPANIONS]
    for part in parts:
        shutil.copyfile(part, folder / part.name)


_COMPANIONS = (".shx", ".dbf", ".prj", ".cpg")
