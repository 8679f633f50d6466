"""A recipe: what an index is made of, declared in one file and refused where it contradicts itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from childatlas.errors import StudyError
from childatlas.measures.choices import Choices
from childatlas.measures.recipe_faults import explain_fault
from childatlas.measures.recipe_parts import (
    Aggregation,
    AggregationPlan,
    Imputation,
    ImputationPlan,
    Normalisation,
    NormalisationPlan,
    Part,
    Treatment,
    TreatmentPlan,
    Weighting,
)
from childatlas.measures.recipe_rules import ROOT, check_tree
from childatlas.shipped import shipped

__all__ = ["ROOT", "Group", "IndexedIndicator", "Level", "Recipe", "as_recipe", "read_recipe"]

Texts = dict[str, str]
Sense = Literal["higher_is_worse", "higher_is_better"]
Identifier = Annotated[str, Field(min_length=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Level(Part):
    """One level of the tree, from the index down to what the indicators hang from.

    `least_coverage` is the share of the weight of a node's parts that must have a score; a node below it
    has none. `weights` other than ``given`` are computed from the data within each node of the level.
    """

    id: Identifier
    label: Texts = Field(default_factory=dict)
    aggregation: AggregationPlan = Aggregation()
    least_coverage: Share = 0.5
    weights: Weighting = "given"


class Group(Part):
    """A node between the index and its indicators: an area, a component.

    ``open = false`` declares a node for which no open data exist: it keeps its weight, has no score, and
    counts against the coverage of its parent.
    """

    id: Identifier
    level: Identifier
    parent: str | None = None
    label: Texts = Field(default_factory=dict)
    weight: Weight = 1.0
    least_coverage: Share | None = None
    aggregation: AggregationPlan | None = None
    open: bool = True
    note: Texts = Field(default_factory=dict)


class IndexedIndicator(Part):
    """A place in the index, filled by a catalogued indicator or, with ``open = false``, by nothing yet.

    A slot that is not open takes no part in weights or coverage: it is declared and shown. `indicator` is
    the catalogue's id where it is not `id`. A count names its `denominator`, another column of the values;
    the figure used is then value / denominator x `per`.
    """

    id: Identifier
    indicator: str | None = None
    parent: str | None = None
    direction: Sense | None = None
    kind: Literal["statistical", "survey"] = "statistical"
    open: bool = True
    weight: Weight = 1.0
    denominator: str | None = None
    per: Annotated[float, Field(gt=0)] = 1.0
    normalisation: NormalisationPlan | None = None
    treatment: TreatmentPlan | None = None
    label: Texts = Field(default_factory=dict)
    note: Texts = Field(default_factory=dict)

    @property
    def column(self) -> str:
        """Column of the values that fills this place."""
        return self.indicator or self.id


class Recipe(Part):
    """An index of any depth; see ``data/indices/README.md`` for the form of the file.

    Attributes
    ----------
    id : str
        Stem of the file.
    direction : {"higher_is_better", "higher_is_worse"}
        What a high score means: well-being or deprivation.
    official : bool
        True where the recipe is a published one to the letter; a mapping of ours is not.
    declared : dict of kind -> int
        How many places the index has by kind; the `indicators` must add up to them.
    levels : tuple of Level
        The first is the index itself.
    groups : tuple of Group
    indicators : tuple of IndexedIndicator
    choices : Choices
        Which choices `explore` varies.
    """

    id: Identifier = "index"
    label: Texts = Field(default_factory=dict)
    note: Texts = Field(default_factory=dict)
    official: bool = False
    direction: Sense = "higher_is_better"
    measure: Texts = Field(default_factory=dict)
    population: Texts = Field(default_factory=dict)
    source: str = ""
    link: str = ""
    declared: dict[Literal["statistical", "survey"], int] = Field(default_factory=dict)
    normalisation: NormalisationPlan = Normalisation()
    treatment: TreatmentPlan = Treatment()
    imputation: ImputationPlan = Imputation()
    levels: tuple[Level, ...] = (Level(id=ROOT),)
    groups: tuple[Group, ...] = ()
    indicators: tuple[IndexedIndicator, ...] = Field(min_length=1)
    choices: Choices = Choices()

    @property
    def open_indicators(self) -> tuple[IndexedIndicator, ...]:
        """The places that a catalogued indicator fills, in the order of the file."""
        return tuple(i for i in self.indicators if i.open)

    @property
    def columns(self) -> list[str]:
        """Every column that the values must have: indicators and denominators, each once."""
        named = [i.column for i in self.open_indicators]
        named += [i.denominator for i in self.open_indicators if i.denominator]
        return list(dict.fromkeys(named))

    @model_validator(mode="after")
    def _tree_stands(self) -> Self:
        check_tree(self)
        return self


def read_recipe(path: str | Path) -> Recipe:
    """Return the recipe at `path`, or the shipped one of that name; its id is the stem of the file.

    Raises
    ------
    StudyError
        If there is none, or it is not a valid recipe; the message names file, key and remedy.

    Examples
    --------
    >>> read_recipe("innocenti").id
    'innocenti'
    """
    given = Path(path)
    if not given.is_file():
        if given.suffix == ".toml" or len(given.parts) > 1:
            raise StudyError(
                "there is no recipe file",
                where=str(given),
                expected="a TOML file, or the name of a shipped recipe",
                fix="correct the path, or run `childatlas list` for the shipped ones",
            )
        given = shipped("indices", str(path), suffix=".toml")
    try:
        content = tomllib.loads(given.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("the file is not valid TOML", where=str(given), found=str(error)) from error
    return _validated({**content, "id": given.stem}, path=given)


def as_recipe(recipe: Recipe | Mapping[str, Any] | str | Path) -> Recipe:
    """Return `recipe` itself, or the recipe that a mapping, a path or a shipped name means.

    Raises
    ------
    StudyError
        If it is not a valid recipe.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, (str, Path)):
        return read_recipe(recipe)
    if not isinstance(recipe, Mapping):
        expected = "a Recipe, a mapping, a path or the name of a shipped recipe"
        raise StudyError("this is no recipe", found=type(recipe).__name__, expected=expected)
    return _validated(dict(recipe))


def _validated(content: dict[str, Any], *, path: Path | None = None) -> Recipe:
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise explain_fault(error, content, keys=_ALL_KEYS, path=path) from None


_MODELS = (Recipe, Level, Group, IndexedIndicator, Choices, Normalisation, Treatment, Aggregation)
_ALL_KEYS = sorted({key for model in _MODELS for key in model.model_fields})
