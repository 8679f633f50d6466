"""What a study asks of its survey beyond counting deprivations: poverty, inequality, gaps and risks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "EquivalencePlan",
    "GapPlan",
    "GroupPlan",
    "InequalityPlan",
    "LinePlan",
    "PovertyPlan",
    "ProfilePlan",
]

Texts = dict[str, str]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Plan(BaseModel):
    """Nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LinePlan(_Plan):
    """One poverty line, in the unit of the income.

    Exactly one of: `amount`, one for all; `amounts`, one for each value of `column` (the oblast where no
    column is named); `share` of the quantile `quantile` of all incomes; `column` alone, an amount in each
    record.
    """

    id: Name
    label: Texts = Field(default_factory=dict)
    amount: Annotated[float, Field(gt=0)] | None = None
    amounts: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    share: Annotated[float, Field(gt=0)] | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.5
    column: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> LinePlan:
        own = [bool(self.amounts), self.amount is not None, self.share is not None]
        if sum(own) > 1 or not (any(own) or self.column) or (self.column and any(own[1:])):
            raise ValueError("a line is one of: amount; amounts by a column; share of a quantile; a column")
        return self


class EquivalencePlan(_Plan):
    """How incomes are made comparable: columns of all persons and of the children among them, and the scale.

    The income is that of each head unless `of` says that it is the whole household's.
    """

    persons: str
    children: str
    scale: Literal["oecd", "modified oecd", "square root", "per head"] = "modified oecd"
    of: Literal["head", "household"] = "head"


class PovertyPlan(_Plan):
    """Monetary poverty under several lines; the first is the one that overlap and gaps speak of.

    `near` is how far above the line the near-poor reach. With `predictors` each child's chance to be poor is
    modelled; vulnerable is who has a higher one than `threshold`: a chance, or ``rate``, the share of the
    poor.
    """

    lines: tuple[LinePlan, ...] = Field(min_length=1)
    equivalence: EquivalencePlan | None = None
    near: Annotated[float, Field(gt=1)] = 1.25
    predictors: tuple[str, ...] = ()
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["rate"] = 0.5

    @model_validator(mode="after")
    def _distinct(self) -> PovertyPlan:
        ids = [line.id for line in self.lines]
        if len(set(ids)) < len(ids):
            raise ValueError(f"ids of lines repeat: {ids}")
        return self


class GroupPlan(_Plan):
    """Groups whose rates are compared; `order` lists their values from worst off, where they have one."""

    column: str
    order: tuple[str, ...] = ()


class InequalityPlan(_Plan):
    """Inequality between oblasts, town and village and `groups`, between people, and its decomposition.

    `fifths` adds the fifths of the income, from the poorest.
    """

    groups: tuple[GroupPlan, ...] = ()
    fifths: bool = True


class GapPlan(_Plan):
    """Town and village compared: `predictors` of who they are, and the `category` of Kitagawa's comparison.

    `replicates` of the bootstrap for Oaxaca-Blinder; `slow_replicates` where each fits a logit anew.
    """

    predictors: tuple[str, ...] = Field(min_length=1)
    category: tuple[str, ...] = ()
    replicates: Annotated[int, Field(ge=20)] = 200
    slow_replicates: Annotated[int, Field(ge=20)] = 50


class ProfilePlan(_Plan):
    """Who is at risk: columns of categories; `cut` turns a number into classes, each bound the first of one.

    ``age_group`` is the age group of the definitions. `phrases` holds, by language, words for a group under
    ``factor: value``.
    """

    factors: tuple[str, ...] = Field(min_length=1)
    cut: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    phrases: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _bounds(self) -> ProfilePlan:
        for column, bounds in self.cut.items():
            if column not in self.factors:
                raise ValueError(f"cut names {column!r}, which is no factor")
            if not bounds or list(bounds) != sorted(set(bounds)):
                raise ValueError(f"the bounds of {column!r} must rise")
        return self
