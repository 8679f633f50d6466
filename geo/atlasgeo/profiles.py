"""A country's profile: one TOML file, read whole, refused at the first unknown key."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from atlasgeo.errors import StudyError, nearest

__all__ = [
    "BoundaryLayer",
    "Country",
    "Crosswalk",
    "NeighbourTable",
    "Reform",
    "ShapelessUnit",
    "SourceFile",
    "read_country",
]

Texts = dict[str, str]


class _Entry(BaseModel):
    """The base of everything a profile declares: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SourceFile(_Entry):
    """One official file: where it is, and the SHA-256 of its bytes."""

    url: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BoundaryLayer(_Entry):
    """A layer of shapes: shipped, or official and fetched once into the user's cache.

    Exactly one says where it comes from: `path` (beside the profile, or ``package:NAME/PATH`` for a file that
    an installed package ships), `url` with `sha256` (one file), `files`
    (several that belong together, the one to open first), `api` (an address whose JSON names the file), or
    `supplied` (a file that the user brings). `as_of` is a day on which exactly the units of the file were in
    force; `vintage` is what people call it. `source` is the short name of the publisher. Where the file's
    codes are not the gazetteer's, `recode` (code by code), `recode_pattern` (pattern and replacement) or
    ``match = "name"`` (by the column `name`, within the parent that holds the place) lead to them.
    """

    id: str
    level: str
    code: str
    as_of: dt.date
    producer: str
    licence: str
    credit: Texts
    path: str | None = None
    url: str | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    files: tuple[SourceFile, ...] = ()
    api: str | None = None
    supplied: bool = False
    source: str = ""
    vintage: int | None = None
    match: Literal["code", "name"] = "code"
    recode_pattern: tuple[str, str] | None = None
    link: str = ""
    name: str | None = None
    assume_crs: str | None = None
    recode: dict[str, str] = Field(default_factory=dict)
    note: str = ""

    @field_validator("path")
    @classmethod
    def _inside_package(cls, path: str | None) -> str | None:
        if path is None or not path.startswith("package:"):
            return path
        package, _, inner = path.removeprefix("package:").partition("/")
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            msg = f"the package {package} is not installed"
            raise ValueError(msg)
        return str(Path(spec.origin).parent / inner)

    @model_validator(mode="after")
    def _has_a_place(self) -> BoundaryLayer:
        places = (self.path, self.url, self.files, self.api, self.supplied)
        if sum(map(bool, places)) != 1:
            msg = "give exactly one of path, url, files, api and supplied"
            raise ValueError(msg)
        if self.match == "name" and not self.name:
            msg = 'match = "name" needs the column of names in `name`'
            raise ValueError(msg)
        return self

    @property
    def remote_files(self) -> tuple[SourceFile, ...]:
        """Return the pinned files, the one to open first; none where an API or the user names the file."""
        if self.url is not None and self.sha256 is not None:
            return (SourceFile(url=self.url, sha256=self.sha256),)
        return self.files


class Reform(_Entry):
    """A day on which other units came into force."""

    date: dt.date
    level: str
    text: Texts


class NeighbourTable(_Entry):
    """A table of who touches whom (columns level, unit, neighbour, shared_border_km) from the day `as_of`."""

    path: str
    as_of: dt.date


class Crosswalk(_Entry):
    """A table of which share of each unit in force on `from` lies in each unit in force on `to`."""

    level: str
    path: str
    start: Annotated[dt.date, Field(alias="from")]
    end: Annotated[dt.date, Field(alias="to")]
    basis: str = "area"


class ShapelessUnit(_Entry):
    """A place in force without a shape; `shown_in` is whose shape holds it, `unit` may be empty."""

    unit: str
    level: str
    parent: str
    name: Texts
    shown_in: str = ""


class Country(_Entry):
    """What a country's profile says.

    Attributes
    ----------
    code : str
        Short name of the country, also that of its folder.
    name, disclaimer : dict of language -> text
    languages : tuple of str
        Those of the gazetteer's names, the first is the default.
    levels : tuple of str
        From the whole country down.
    crs : str
        Metric (equal area) CRS: areas and distances are measured in it.
    code_system, code_pattern : str
        What the codes are called, and the regular expression that each one matches.
    national_code : str
        The code under which the country's own figures stand.
    boundaries : tuple of BoundaryLayer
    reforms, neighbours, crosswalks, without_shape : tuple
    folder : Path
        Where the profile stood: its paths start there.
    """

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    name: Texts
    languages: tuple[str, ...] = Field(min_length=1)
    levels: tuple[str, ...] = Field(min_length=1)
    crs: str
    code_system: str
    national_code: str
    code_pattern: str = ".+"
    disclaimer: Texts
    boundaries: tuple[BoundaryLayer, ...] = ()
    reforms: tuple[Reform, ...] = ()
    neighbours: tuple[NeighbourTable, ...] = ()
    crosswalks: tuple[Crosswalk, ...] = ()
    without_shape: tuple[ShapelessUnit, ...] = ()
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("code_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            msg = f"not a regular expression: {error}"
            raise ValueError(msg) from error
        return pattern

    @field_validator("crs")
    @classmethod
    def _metric(cls, crs: str) -> str:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            known = CRS.from_user_input(crs)
        except CRSError as error:
            msg = f"not a coordinate system: {crs}"
            raise ValueError(msg) from error
        if not known.is_projected or any(axis.unit_name != "metre" for axis in known.axis_info):
            msg = "areas and distances need a projected CRS in metres"
            raise ValueError(msg)
        return crs

    @model_validator(mode="after")
    def _fits_together(self) -> Country:
        said = [b.level for b in self.boundaries] + [c.level for c in self.crosswalks]
        said += [u.level for u in self.without_shape] + [r.level for r in self.reforms]
        for level in said:
            if level not in self.levels:
                msg = f"level {level!r} is none of {', '.join(self.levels)}"
                raise ValueError(msg)
        lacking = [lang for lang in self.languages if lang not in self.name]
        if lacking:
            msg = f"name lacks the language {', '.join(lacking)}"
            raise ValueError(msg)
        return self


def read_country(folder: str | Path) -> Country:
    """Return the profile in ``<folder>/country.toml``.

    Raises
    ------
    StudyError
        If there is no such file, it is not TOML, or a key is unknown, missing or out of range; the message
        names file, key and the nearest known key.
    """
    folder = Path(folder)
    path = folder / "country.toml"
    if not path.is_file():
        raise StudyError(
            "there is no profile of the country",
            where=str(path),
            expected="a folder that holds country.toml",
            fix="write country.toml, or copy the one of a country that ships",
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("the profile is not valid TOML", where=str(path), found=str(error)) from error
    try:
        return Country.model_validate({**content, "folder": folder})
    except ValidationError as error:
        raise _explain(error, path) from None


def _explain(error: ValidationError, path: Path) -> StudyError:
    every = error.errors(include_url=False)
    # A misspelt key is reported as unknown and as missing: the first says more.
    first = next((e for e in every if e["type"] == "extra_forbidden"), every[0])
    key = ".".join(str(part) for part in first["loc"]) or "(whole file)"
    if first["type"] == "extra_forbidden":
        known = sorted(_keys(first["loc"]))
        close = nearest(first["loc"][-1], known)
        return StudyError(
            f"unknown key {key!r}",
            where=f"{path}, key {key}",
            found=first["loc"][-1],
            expected=", ".join(close or known),
            fix=f"did you mean {close[0]!r}?" if close else "remove the key",
        )
    missing = first["type"] == "missing"
    return StudyError(
        f"{key}: {first['msg']}",
        where=f"{path}, key {key}",
        found=None if missing else repr(first.get("input"))[:120],
        expected=first["msg"],
        fix="add the key" if missing else "correct the value",
    )


def _keys(loc: tuple[Any, ...]) -> list[str]:
    """Return the keys known at a place of the profile, as they are written in the file."""
    models: dict[str, type[BaseModel]] = {
        "boundaries": BoundaryLayer,
        "reforms": Reform,
        "neighbours": NeighbourTable,
        "crosswalks": Crosswalk,
        "without_shape": ShapelessUnit,
    }
    model = models.get(str(loc[0]), Country) if len(loc) > 1 else Country
    return [field.alias or name for name, field in model.model_fields.items() if name != "folder"]
