"""What counts as deprived: dimension, item, question, threshold and age group, from one file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from childatlas.shipped import shipped
from childatlas.study import validate_toml

__all__ = [
    "Age",
    "AgeGroup",
    "Definitions",
    "Dimension",
    "Item",
    "Question",
    "SurveyColumns",
    "read_definitions",
]

Texts = dict[str, str]
Answer = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Part):
    """One column of the file and the answers that mean deprived.

    Exactly one of `below`, `above`, `at_most`, `at_least` and `answers` is given. `missing` are answers that
    mean unknown; with `known`, any other answer is refused.
    """

    column: str
    below: float | None = None
    above: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    answers: tuple[Answer, ...] | None = None
    known: tuple[Answer, ...] | None = None
    missing: tuple[Answer, ...] = ()

    @model_validator(mode="after")
    def _one_threshold(self) -> Question:
        given = [
            n for n in ("below", "above", "at_most", "at_least", "answers") if getattr(self, n) is not None
        ]
        if len(given) != 1:
            msg = (
                f"a question has one threshold of below, above, at_most, at_least, answers; this has {given}"
            )
            raise ValueError(msg)
        unknown = sorted(_plain(self.answers or ()) - _plain(self.known or ()))
        if self.known is not None and unknown:
            msg = f"answers {unknown} are not among the known ones"
            raise ValueError(msg)
        return self


class Item(_Part):
    """One deprivation: its questions, whom it describes and at which ages it counts (empty: all)."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Texts
    describes: Literal["child", "household"]
    questions: tuple[Question, ...] = Field(min_length=1)
    combine: Literal["any", "all"] = "any"
    ages: tuple[str, ...] = ()
    weight: Annotated[float, Field(gt=0)] = 1.0


class Dimension(_Part):
    """A group of items that stand for one right or need."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Texts
    items: tuple[Item, ...] = Field(min_length=1)
    weight: Annotated[float, Field(gt=0)] = 1.0


class AgeGroup(_Part):
    """One stage of the life cycle, ages in completed years, both ends included."""

    id: str
    label: Texts
    first: Annotated[int, Field(ge=0)]
    last: Annotated[int, Field(le=24)]


class Age(_Part):
    """The column of age in completed years, and the answers that mean unknown."""

    column: str = "age"
    missing: tuple[Answer, ...] = ()


class SurveyColumns(_Part):
    """Columns of the design, used where the command line names none."""

    weight: str | None = None
    stratum: str | tuple[str, ...] | None = None
    cluster: str | tuple[str, ...] | None = None
    fpc: str | tuple[str, ...] | None = None
    by: tuple[str, ...] = ()


class Definitions(_Part):
    """A file of definitions: `cutoff` is a share of the weighted items, `threshold` a number of items."""

    id: str
    label: Texts
    note: Texts = Field(default_factory=dict)
    source: str = ""
    cutoff: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    threshold: Annotated[int, Field(ge=1)] = 3
    age: Age = Age()
    survey: SurveyColumns = SurveyColumns()
    age_groups: tuple[AgeGroup, ...] = Field(min_length=1)
    dimensions: tuple[Dimension, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Definitions:
        _refuse_repeats([i.id for i in self.items], "item")
        _refuse_repeats([d.id for d in self.dimensions], "dimension")
        _refuse_repeats([a.id for a in self.age_groups], "age group")
        known = {a.id for a in self.age_groups}
        for item in self.items:
            if set(item.ages) - known:
                unknown = sorted(set(item.ages) - known)
                msg = f"item {item.id!r} names age groups {unknown}; known: {sorted(known)}"
                raise ValueError(msg)
        ends = sorted((a.first, a.last) for a in self.age_groups)
        if any(first > last for first, last in ends):
            msg = "an age group ends before it begins"
            raise ValueError(msg)
        if any(one[1] >= two[0] for one, two in pairwise(ends)):
            msg = "two age groups overlap"
            raise ValueError(msg)
        return self

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, dimension by dimension."""
        return tuple(item for dimension in self.dimensions for item in dimension.items)

    @property
    def dimension_items(self) -> dict[str, list[str]]:
        """Ids of the items of each dimension."""
        return {d.id: [i.id for i in d.items] for d in self.dimensions}

    def applies(self) -> pd.DataFrame:
        """Return which item counts at which age, age groups x items."""
        ages = [a.id for a in self.age_groups]
        flags = {i.id: [not i.ages or a in i.ages for a in ages] for i in self.items}
        return pd.DataFrame(flags, index=pd.Index(ages, name="age_group"))

    def weights(self) -> pd.DataFrame:
        """Return the weight of each item at each age, summing to 1.

        Dimensions share the whole by their weights, and the items that apply share their dimension's part by
        theirs: nested weights, equal where the file says nothing (Alkire and Foster 2011, section 6).
        """
        applies = self.applies()
        table = pd.DataFrame(0.0, index=applies.index, columns=applies.columns)
        for age in applies.index:
            asked = [(d, [i for i in d.items if applies.loc[age, i.id]]) for d in self.dimensions]
            whole = sum(d.weight for d, items in asked if items)
            for dimension, items in asked:
                inside = sum(i.weight for i in items)
                for item in items:
                    table.loc[age, item.id] = dimension.weight / whole * item.weight / inside
        return table


def read_definitions(path: str | Path) -> Definitions:
    """Return the definitions at `path`, or the shipped ones of that name.

    Raises
    ------
    StudyError
        If there are none, or the file says something unknown; the message names file and key.
    """
    given = Path(path)
    if not given.is_file() and given.suffix != ".toml":
        given = shipped("indices/children", str(path), suffix=".toml")
    return validate_toml(Definitions, given)


def _plain(answers: tuple[Answer, ...]) -> set[str]:
    """Return answers as they are compared: without case and outer blanks."""
    return {str(answer).strip().lower() for answer in answers}


def _refuse_repeats(names: list[str], what: str) -> None:
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        msg = f"{what} ids repeat: {repeated}"
        raise ValueError(msg)
