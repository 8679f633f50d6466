"""What a study says of a survey of children whose figures it works out itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from childatlas.study_questions import GapPlan, InequalityPlan, PovertyPlan, ProfilePlan

__all__ = ["SurveyFiguresPlan", "SurveyLevel"]

SurveyLevel = Literal["oblast", "oblast x residence", "district"]


class SurveyFiguresPlan(BaseModel):
    """A survey of children whose figures the run works out itself: a file, or one simulated from a plan.

    Exactly one of `simulate` (a plan under ``data/surveys`` or a path) and `file` (CSV, Parquet, Stata or
    SPSS) is given; a file states its `year`. `oblast`, `district` and `residence` are the columns that hold
    unit codes and ``urban`` or ``rural``. `design` names columns (``weight, stratum, cluster, fpc``); without
    it that of the definitions is used. A child in a household with `income` below `line` is poor; without
    `income` nothing is said of money. `seed` draws the simulated survey; that of the study if not given.
    `draws` is how often the figures are drawn anew from their errors to see which clusters stand.
    `poverty`, `inequality`, `gap` and `profiles` ask for more than counting, see
    `childatlas.study_questions`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    simulate: str = ""
    file: str = ""
    children: Annotated[int, Field(ge=1)] = 20_000
    seed: Annotated[int, Field(ge=0)] | None = None
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    definitions: str
    cutoff: Annotated[float, Field(gt=0, le=1)] | None = None
    levels: tuple[SurveyLevel, ...] = ("oblast", "oblast x residence")
    oblast: str = "oblast"
    district: str = "unit"
    residence: str = "residence"
    design: dict[str, str] = Field(default_factory=dict)
    income: str = ""
    line: Annotated[float, Field(gt=0)] | None = None
    draws: Annotated[int, Field(ge=1)] = 200
    poverty: PovertyPlan | None = None
    inequality: InequalityPlan | None = None
    gap: GapPlan | None = None
    profiles: ProfilePlan | None = None

    @model_validator(mode="after")
    def _coherent(self) -> SurveyFiguresPlan:
        if bool(self.simulate) == bool(self.file):
            raise ValueError("a survey is either simulated from a plan or read from a file: give one of them")
        if self.file and self.year is None:
            raise ValueError("a survey file needs its year")
        if bool(self.income) != (self.line is not None):
            raise ValueError("`income` and `line` go together")
        if (self.poverty or self.inequality) and not self.income:
            raise ValueError("poverty and inequality need `income` and `line`")
        if self.gap and "oblast x residence" not in self.levels:
            raise ValueError("a gap between town and village needs the level 'oblast x residence'")
        if "oblast" not in self.levels:
            raise ValueError("levels must hold 'oblast': the others are parts of it")
        return self
