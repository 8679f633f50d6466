"""Download one file: mirrors, retries, checksum; what is wrong is deleted and said."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from atlasgeo.errors import SourceError

__all__ = ["MIRROR_VARIABLE", "Progress", "digest", "download", "mirror_places"]

MIRROR_VARIABLE = "CHILDATLAS_MIRROR"
Progress = Callable[[str, int, int], None]
"""Called as ``progress(name of the file, bytes so far, bytes in all or 0)``."""

_ATTEMPTS = 4
_PAUSE = 0.5
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces
_PIECE = 1 << 16
_WORTH_RETRYING = {408, 425, 429, 500, 502, 503, 504}


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    mirror: str | Path | None = None,
    source: str = "",
    progress: Progress | None = None,
    pause: float = _PAUSE,
) -> Path:
    """Return `target`, filled with the bytes of `url` or of its copy on a mirror.

    Parameters
    ----------
    url : str
    target : Path
        Written in one move once its checksum is right.
    sha256 : str, optional
        Expected; None takes what comes.
    mirror : str or Path, optional
        The address or the folder of copies, ``$CHILDATLAS_MIRROR`` if not given. The original address is then
        not asked.
    source : str
        Short name of the publisher, a folder on the mirror.
    progress : callable, optional
    pause : float
        Seconds before the second attempt; doubled before each further one.

    Raises
    ------
    SourceError
        If there is no such file, no network, or the checksum is wrong: the file is deleted, expected and
        found checksums are named. Server errors, cut connections and cut files are tried four times.
    """
    mirror = mirror if mirror is not None else os.environ.get(MIRROR_VARIABLE) or None
    places = [url] if mirror is None else mirror_places(url, mirror, source=source)
    missing = []
    for place in places:
        try:
            return _attempt(place, target, sha256=sha256, progress=progress, pause=pause)
        except FileNotFoundError:
            missing.append(place)
    raise SourceError(
        "the file is not there",
        where=missing[0] if len(missing) == 1 else f"{mirror}: {', '.join(missing)}",
        found="404 not found" if urlsplit(str(places[0])).scheme else "no such file",
        expected=url,
        fix="check the mirror, or leave it out" if mirror is not None else _elsewhere(url),
    )


def mirror_places(url: str, mirror: str | Path, *, source: str = "") -> list[str]:
    """Return where a copy of `url` may stand on a mirror, the likeliest first.

    Below the mirror: the name of the file, the publisher's folder and the name, then ever more of the path of
    `url`.
    """
    split = urlsplit(url)
    parts = [part for part in split.path.split("/") if part]
    tail = "/" if split.path.endswith("/") else ""
    paths = ["/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]
    if tail:  # an address of an API: its last words alone mean nothing
        paths.reverse()
    named = [f"{source}/{paths[0]}"] if source and not tail else []
    base = str(mirror).rstrip("/")
    own = (
        [url] if split.netloc and split.netloc == urlsplit(base).netloc else []
    )  # it is the mirror's already
    return list(dict.fromkeys([*own, *(f"{base}/{path}{tail}" for path in [*named, *paths])]))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _attempt(
    place: str, target: Path, *, sha256: str | None, progress: Progress | None, pause: float
) -> Path:
    """Return the file from one place; FileNotFoundError means that it is not there."""
    import requests

    fetch = _Fetch(progress) if urlsplit(place).scheme in {"http", "https"} else _copy
    last: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            return _retrieved(place, target, sha256, fetch=fetch)
        except requests.exceptions.RequestException as error:
            last = error
            if _status(error) in {404, 410}:
                raise FileNotFoundError(place) from error
            if not isinstance(error, _cut_off()) and _status(error) not in _WORTH_RETRYING:
                break
    raise _unreachable(place, last) from last


def _retrieved(place: str, target: Path, sha256: str | None, *, fetch: Any) -> Path:
    """Return the file, fetched once and checked; what the network does wrong is left to be tried again."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    try:
        pooch.retrieve(
            place,
            known_hash=f"sha256:{sha256}" if sha256 else None,
            fname=target.name,
            path=target.parent,
            downloader=fetch,
        )
    except (requests.exceptions.RequestException, FileNotFoundError):
        raise
    except ValueError as error:
        raise _refused(place, target, sha256, fetch=fetch, error=error) from error
    except OSError as error:
        raise SourceError(
            "the file cannot be written", where=str(target.parent), found=error.strerror or str(error)
        ) from error
    return target


def _status(error: Exception | None) -> int:
    """Return the number with which a server refused, 0 for any other error."""
    import requests

    if not isinstance(error, requests.exceptions.HTTPError) or error.response is None:
        return 0
    return int(error.response.status_code)


class _Fetch:
    """A downloader for pooch that reports its progress and remembers what came."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.found = ""

    def __call__(self, url: str, output_file: Any, _pooch: object) -> None:
        import requests

        with requests.get(url, stream=True, timeout=_TIMEOUT) as answer:
            answer.raise_for_status()
            coded = answer.headers.get("content-encoding", "identity") != "identity"
            total = 0 if coded else int(answer.headers.get("content-length", 0))
            hasher, done = hashlib.sha256(), 0
            with Path(output_file).open("wb") as stream:
                for piece in answer.iter_content(_PIECE):
                    stream.write(piece)
                    hasher.update(piece)
                    done += len(piece)
                    if self._progress is not None:
                        self._progress(url.rsplit("/", 1)[-1] or url, done, total)
            self.found = hasher.hexdigest()


def _copy(url: str, output_file: Any, _pooch: object) -> None:
    """Copy a file of a mirror that is a folder; an address of an API stands there as a .json file."""
    split = urlsplit(url)
    path = Path(split.path if split.scheme == "file" else url)
    path = path.with_suffix(".json") if path.is_dir() or url.endswith("/") else path
    if not path.is_file():
        raise FileNotFoundError(str(path))
    shutil.copyfile(path, output_file)


def _cut_off() -> tuple[type[Exception], ...]:
    """Return the errors of a connection that may go better next time."""
    from requests import exceptions

    return (
        exceptions.ConnectionError,
        exceptions.Timeout,
        exceptions.ChunkedEncodingError,
        exceptions.ContentDecodingError,
    )


def _refused(
    place: str, target: Path, expected: str | None, *, fetch: object, error: ValueError
) -> SourceError:
    """Return the error of a file with other bytes, or of an address that is none; the file is deleted."""
    target.unlink(missing_ok=True)
    if expected is None or "hash" not in str(error).lower():
        return SourceError("the address cannot be read", where=place, found=str(error))
    found = fetch.found if isinstance(fetch, _Fetch) else ""
    if not found and not urlsplit(place).scheme:
        found = digest(Path(place))
    return SourceError(
        f"{target.name} is not the file that is catalogued: it was deleted",
        where=place,
        found=f"SHA-256 {found or 'unknown'}",
        expected=f"SHA-256 {expected}",
        fix="try another mirror; if the publisher has changed the file, the catalogue needs its new checksum",
    )


def _unreachable(place: str, last: Exception | None) -> SourceError:
    status = _status(last)
    found = f"the server answered {status}" if status else _reason(last)
    return SourceError(
        "the file could not be fetched", where=place, found=found, expected="an answer", fix=_elsewhere(place)
    )


def _reason(last: Exception | None) -> str:
    text = type(last).__name__ if last is not None else "nothing"
    return {
        "ConnectionError": "no connection: no network, or the server does not answer",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "the server fell silent",
        "ChunkedEncodingError": "the connection broke off before the file was complete",
        "SSLError": "no trusted connection",
        "ContentDecodingError": "what came cannot be unpacked",
        "TooManyRedirects": "the server sends in circles",
        "InvalidURL": "this is no address",
        "InvalidSchema": "an address of another kind",
        "MissingSchema": "this is no address",
        "ProxyError": "the proxy does not answer",
    }.get(text, text)


def _elsewhere(url: str) -> str:
    return (
        f"check the network and try again; or download {url} on another machine, put it into a folder and "
        f"give --mirror FOLDER (or set {MIRROR_VARIABLE}); without it schematic district shapes are used"
    )
