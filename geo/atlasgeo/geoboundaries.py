"""geoBoundaries: its API says in JSON where a country's newest open file is, and under which licence."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path

from atlasgeo.downloads import Progress, download
from atlasgeo.errors import SourceError
from atlasgeo.profiles import BoundaryLayer

__all__ = ["API", "Answer", "ask", "layer_of", "refuse_unreadable"]

API = "https://www.geoboundaries.org/api/current/gbOpen/{iso3}/{level}/"
_LEVELS = {"country": "ADM0", "oblast": "ADM1", "district": "ADM2"}


@dataclass(frozen=True)
class Answer:
    """What the API says of one layer.

    Attributes
    ----------
    url : str
        The GeoJSON file.
    boundary : str
        The publisher's id of this edition.
    iso3, level : str
    year : str
        The year that the shapes represent, as stated.
    licence, producer, link : str
    units : int or None
        How many the publisher counts.
    """

    url: str
    boundary: str
    iso3: str
    level: str
    year: str
    licence: str
    producer: str
    link: str
    units: int | None


def layer_of(iso3: str, level: str) -> BoundaryLayer:
    """Return the catalogue entry of any country's layer on geoBoundaries.

    Parameters
    ----------
    iso3 : str
        Three letters, ISO 3166-1.
    level : str
        ``ADM0`` to ``ADM5``, a digit, or country, oblast or district.

    Raises
    ------
    SourceError
        If either is not of that form.
    """
    code = iso3.upper()
    adm = _LEVELS.get(level.lower(), f"ADM{level}" if re.fullmatch(r"[0-5]", level) else level.upper())
    if not re.fullmatch(r"[A-Z]{3}", code) or not re.fullmatch(r"ADM[0-5]", adm):
        raise SourceError(
            "geoBoundaries knows a country by three letters and a level by ADM0 to ADM5",
            found=f"{iso3}, {level}",
            expected="such as UGA, ADM2",
            fix="childatlas boundaries fetch UGA --level ADM2",
        )
    return BoundaryLayer(
        id=f"geoboundaries-{adm.lower()}",
        source="geoboundaries",
        level=adm,
        code="shapeID",
        name="shapeName",
        as_of=dt.date(1, 1, 1),
        producer="geoBoundaries, gbOpen",
        licence="as the API's answer states it, kept beside the file",
        link="https://www.geoboundaries.org",
        credit={"en": f"Shapes: geoBoundaries gbOpen, {code} {adm}"},
        api=API.format(iso3=code, level=adm),
    )


def ask(
    api: str, folder: Path, *, mirror: str | Path | None = None, progress: Progress | None = None
) -> Answer:
    """Return the API's answer, whose JSON is kept in `folder`.

    Raises
    ------
    SourceError
        If the API does not answer, knows no such layer, or says something else than JSON with a file.
    """
    path = folder / "geoboundaries.json"
    try:
        download(api, path, mirror=mirror, source="geoboundaries", progress=progress)
    except SourceError as error:
        if error.found == "404 not found":
            raise SourceError(
                "geoBoundaries has no such layer",
                where=api,
                found="404 not found",
                expected="a country (ISO 3166-1, three letters) and a level that it has",
                fix="try the level above, such as ADM1",
            ) from error
        raise
    return _read(path, api)


def refuse_unreadable(path: Path, answer: Answer) -> None:
    """Pass where the file that the API named is GeoJSON with features: nothing else vouches for it.

    Raises
    ------
    SourceError
        If it is cut off, a page of errors, or empty.
    """
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            "the file that the API names is no GeoJSON",
            where=answer.url,
            found=f"{type(error).__name__}: {str(error)[:80]}",
            expected="a FeatureCollection",
            fix="fetch it again later, or take it from a mirror: --mirror",
        ) from error
    if not isinstance(features, list) or not features:
        raise SourceError("the file that the API names holds no shapes", where=answer.url, found="0 features")


def _read(path: Path, api: str) -> Answer:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceError(
            "the API's answer is not JSON", where=api, found=str(error), fix="try again later"
        ) from error
    content = content[0] if isinstance(content, list) and content else content
    url = content.get("gjDownloadURL") if isinstance(content, dict) else None
    if not isinstance(url, str) or not re.match(r"https?://", url):
        raise SourceError(
            "the API's answer names no file",
            where=f"{api}, key gjDownloadURL",
            found=repr(url),
            expected="the address of a GeoJSON file",
        )
    said = {key: str(content.get(key) or "").strip() for key in content}
    count = said.get("admUnitCount", "")
    return Answer(
        url=url,
        boundary=said.get("boundaryID", ""),
        iso3=said.get("boundaryISO", ""),
        level=said.get("boundaryType", ""),
        year=said.get("boundaryYearRepresented") or said.get("boundaryYear", ""),
        licence=said.get("boundaryLicense", ""),
        producer=said.get("boundarySource") or said.get("boundarySource-1", ""),
        link=said.get("boundarySourceURL", ""),
        units=int(count) if count.isdigit() else None,
    )
