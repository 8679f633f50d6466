"""What a synthetic survey is made to agree with: one file a country."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from childatlas.shipped import shipped
from childatlas.study import validate_toml

__all__ = ["AnswerRange", "Margin", "Mean", "SurveyPlan", "read_plan"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Population(_Part):
    """Indicators of the people and the children of each oblast."""

    total: str
    children: str
    stretch: float = 1.0


class Margin(_Part):
    """A deprivation and the official figure, in per cent, that its share has to meet."""

    item: str
    indicator: str
    complement: bool = False


class Mean(_Part):
    """A measured column and the official mean that it has to meet."""

    column: str
    indicator: str


class AnswerRange(_Part):
    """Bounds and decimals of a numeric answer."""

    low: float
    high: float
    decimals: int = 0


class SurveyPlan(_Part):
    """A synthetic survey. `invented` holds prevalences in per cent, town then village."""

    id: str
    country: str
    definitions: str
    year: int
    line: Annotated[float, Field(gt=0)]
    district_sd: Annotated[float, Field(ge=0)]
    cluster_sd: Annotated[float, Field(ge=0)]
    household_sd: Annotated[float, Field(ge=0)]
    population: Population
    urban_share: dict[str, Annotated[float, Field(ge=0, le=1)]]
    margins: tuple[Margin, ...]
    means: tuple[Mean, ...] = ()
    invented: dict[str, tuple[float, float]]
    loading: dict[str, float] = Field(default_factory=dict)
    age_shift: dict[str, dict[str, float]] = Field(default_factory=dict)
    ranges: dict[str, AnswerRange] = Field(default_factory=dict)


def read_plan(path: str | Path) -> SurveyPlan:
    """Return the plan at `path`, or the shipped one of that name.

    Raises
    ------
    StudyError
        If there is none, or a key is unknown or out of range.
    """
    given = Path(path)
    if not given.is_file() and given.suffix != ".toml":
        given = shipped("surveys", str(path), suffix=".toml")
    return validate_toml(SurveyPlan, given)
