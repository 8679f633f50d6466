"""What a run declares: one TOML file, read whole, refused at the first unknown key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from childatlas.errors import StudyError, nearest
from childatlas.shipped import data_folder, shipped
from childatlas.study_survey import SurveyFiguresPlan

__all__ = [
    "Claim",
    "ClassesPlan",
    "FiguresPlan",
    "IndexPlan",
    "NeighboursPlan",
    "PrivacyPlan",
    "StatisticsPlan",
    "Study",
    "SurveyFiguresPlan",
    "read_study",
    "validate_toml",
]

Texts = dict[str, str]
Model = TypeVar("Model", bound=BaseModel)


class _Plan(BaseModel):
    """The base of every declared thing: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiguresPlan(_Plan):
    """Which tables of figures are read, by which catalogue, and which of it is mapped.

    `tables` and `catalogue` (one or several) are names of shipped folders under ``data/indicators`` or paths.
    An empty `indicators` means every catalogued indicator that has a value at the level of the study. Those
    in `parent_values` have figures for the level above alone: each unit shows its parent's, flagged, never as
    an observation. `aliases` is a CSV (name, unit) of the user's own spellings, which win over all others.
    """

    tables: tuple[str, ...] = ()
    catalogue: str | tuple[str, ...]
    indicators: tuple[str, ...] = ()
    parent_values: tuple[str, ...] = ()
    aliases: str | None = None
    years: tuple[int, int] = (1900, 2100)

    @field_validator("years")
    @classmethod
    def _ordered(cls, years: tuple[int, int]) -> tuple[int, int]:
        if years[0] > years[1]:
            msg = f"first year {years[0]} is after last year {years[1]}"
            raise ValueError(msg)
        return years


class IndexPlan(_Plan):
    """An index to build: a shipped recipe or a path, on the units in force at the end of `vintage`.

    `carry` lets successors inherit the rates of former units (flagged, and then without statistics).
    `clusters` asks for global and local statistics, which a carried index never gets.
    `year` caps the figures: the latest value up to that year is used.
    """

    recipe: str
    vintage: int | None = None
    year: int | None = None
    carry: bool = False
    clusters: bool = True


class NeighboursPlan(_Plan):
    """The graph of who touches whom; `threshold` in metres."""

    rule: Literal["queen", "rook", "knn", "distance", "kernel"] = "queen"
    k: Annotated[int, Field(gt=0)] | None = None
    threshold: Annotated[float, Field(gt=0)] | None = None
    islands: Literal["nearest", "keep", "error"] = "nearest"

    @model_validator(mode="after")
    def _complete(self) -> NeighboursPlan:
        if self.rule == "knn" and self.k is None:
            raise ValueError("rule 'knn' needs k, the number of neighbours")
        return self


class StatisticsPlan(_Plan):
    """How significance is judged."""

    permutations: Annotated[int, Field(ge=99)] = 9_999
    correction: Literal["fdr", "by", "bonferroni", "sidak", "none"] = "fdr"
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05


class ClassesPlan(_Plan):
    """How values become colours."""

    scheme: Literal["fisher_jenks", "quantiles", "equal_interval", "user"] = "fisher_jenks"
    k: Annotated[int, Field(ge=2, le=9)] = 5
    breaks: dict[str, tuple[float, ...]] = Field(default_factory=dict)


class PrivacyPlan(_Plan):
    """Least unweighted count behind a published figure; fewer is suppressed."""

    least_count: Annotated[int, Field(ge=0)] = 25
    caution_count: Annotated[int, Field(ge=0)] = 50
    cv_caution: Annotated[float, Field(gt=0)] = 0.166
    cv_suppress: Annotated[float, Field(gt=0)] = 0.333


class Claim(_Plan):
    """A sentence in circulation that the figures can check.

    ``residence ratio``: rural over urban value of `indicator` for the country, each year.
    ``poorest to capital``: mean of `indicator` in the poorest fifth of units by `ranked_by` in that year,
    over the value of the unit `capital`.
    """

    id: str
    kind: Literal["residence ratio", "poorest to capital"]
    indicator: str
    claimed: float
    text: Texts
    ranked_by: str | None = None
    capital: str | None = None


class Study(_Plan):
    """One declared run. `folder` is where the file stood: relative paths in it start there."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Texts
    country: str
    level: str = "oblast"
    vintage: Annotated[int, Field(ge=1900, le=2100)]
    seed: Annotated[int, Field(ge=0)]
    languages: tuple[str, ...] = ("en",)
    note: Texts = Field(default_factory=dict)
    figures: FiguresPlan
    survey: SurveyFiguresPlan | None = None
    indices: tuple[IndexPlan, ...] = ()
    neighbours: NeighboursPlan = NeighboursPlan()
    statistics: StatisticsPlan = StatisticsPlan()
    classes: ClassesPlan = ClassesPlan()
    privacy: PrivacyPlan = PrivacyPlan()
    claims: tuple[Claim, ...] = ()
    folder: Path = Field(default=Path(), exclude=True)
    path: Path | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _has_figures(self) -> Study:
        if not self.figures.tables and self.survey is None:
            raise ValueError("figures.tables should have at least 1 item, or the study a [survey]")
        if self.survey is not None and self.figures.tables:
            raise ValueError("a study of a survey has no figures.tables: its figures are the survey's alone")
        if self.survey is not None and self.level != "oblast":
            raise ValueError("a study of a survey has the level 'oblast'; survey.levels names districts")
        return self

    def locate(self, kind: str, name: str, *, suffix: str = "") -> Path:
        """Return the path that `name` means: beside the study, absolute, or shipped under `kind`.

        Raises
        ------
        StudyError
            If it is neither; the nearest shipped names are listed.
        """
        for candidate in (self.folder / name, self.folder / f"{name}{suffix}"):
            if candidate.exists() and (candidate.is_file() or candidate.resolve() != self.folder.resolve()):
                return candidate
        if re.search(r"[\\/]|\.\w+$", name):
            raise StudyError(
                f"{name!r} is not there",
                where=str(self.path or self.folder),
                found=name,
                expected=f"a file under {self.folder.resolve()}, or the name of a shipped one",
                fix="correct the path in the study; relative paths start at the study's own folder",
            )
        return shipped(kind, name, suffix=suffix)


def read_study(path: str | Path) -> Study:
    """Return the study at `path`, or the shipped one of that name.

    Parameters
    ----------
    path : str or Path
        A TOML file, a folder that holds ``study.toml``, or the name of a shipped study.

    Returns
    -------
    Study
        Frozen and valid.

    Raises
    ------
    StudyError
        If there is no such file, it is not TOML, or a key is unknown, missing or out of range; the message
        names file, key and the nearest known key.

    Examples
    --------
    >>> read_study("kazakhstan").level
    'oblast'
    """
    found = _study_file(path)
    return validate_toml(Study, found, extra={"folder": found.parent, "path": found})


def _study_file(path: str | Path) -> Path:
    given = Path(path)
    if given.is_dir() and (given / "study.toml").is_file():
        return given / "study.toml"
    if given.is_file():
        return given
    if given.suffix == ".toml" or len(given.parts) > 1:
        raise StudyError(
            "there is no study file",
            where=str(given),
            expected="a TOML file, a folder with study.toml, or the name of a shipped study",
            fix=f"shipped: {', '.join(sorted(p.stem for p in (data_folder() / 'studies').glob('*.toml')))}",
        )
    return shipped("studies", str(path), suffix=".toml")


def validate_toml(model: type[Model], path: Path, *, extra: dict[str, Any] | None = None) -> Model:
    """Return `model` filled from the TOML file at `path`; every fault names file, key and remedy.

    Raises
    ------
    StudyError
        If the file is not UTF-8 TOML, or pydantic refuses what it says.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("the file is not valid TOML", where=str(path), found=str(error)) from error
    try:
        return model.model_validate({**content, **(extra or {})})
    except ValidationError as error:
        raise _explain(error, model, path) from None


def _explain(error: ValidationError, model: type[BaseModel], path: Path) -> StudyError:
    faults = error.errors(include_url=False)
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    key = ".".join(str(part) for part in first["loc"]) or "(whole file)"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        close = nearest(first["loc"][-1], known)
        return StudyError(
            f"unknown key {key!r}{more}",
            where=f"{path}, key {key}",
            found=first["loc"][-1],
            expected=", ".join(close or sorted(known)),
            fix=f"did you mean {close[0]!r}?" if close else "remove the key",
        )
    missing = first["type"] == "missing"
    says = str(first["msg"]).removeprefix("Value error, ")
    return StudyError(
        f"{key}: {says}{more}",
        where=f"{path}, key {key}",
        found=None if missing else repr(first.get("input"))[:120],
        expected=says,
        fix="add the key" if missing else "correct the value",
    )


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known at a place inside a model."""
    here: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        field = here.model_fields.get(str(part)) if hasattr(here, "model_fields") else None
        if field is None:
            return []
        here = _inner_model(field.annotation)
    return list(here.model_fields) if hasattr(here, "model_fields") else []


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None
