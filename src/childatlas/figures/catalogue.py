"""The catalogue: what each indicator measures, of whom, in which direction, from whom."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from childatlas.errors import DataError, nearest

__all__ = ["Catalogue", "Indicator", "read_catalogue"]

Texts = dict[str, str]
WHOLE: Final = re.compile("0|[1-9][0-9]{0,8}")
MOST_CATEGORIES: Final = 8  # as many colours can be told apart
OF_AMOUNTS: Final = ("carry", "valid_range", "denominator", "count", "per", "component", "year_break")


class Indicator(BaseModel):
    """What one indicator measures.

    Attributes
    ----------
    id : str
        The name under which its figures stand.
    label, population, measure, definition, note : dict of language to text
        Name, whom it describes, unit of measure, definition, what a reader has to know.
    direction : str
        ``higher_is_worse``, ``higher_is_better`` or ``neutral``.
    kind : str
        ``rate``, ``count``, ``mean``, ``index`` or ``category``. A count is never carried, nor compared
        between units. A category names a kind: nothing is ranked, averaged or computed from it.
    categories : dict of int to texts
        For a category: what each number stands for in the figures, two to eight of them.
    digits : int
        Decimals published: ten of their last place are the least values a ratio is made of.
    valid_range : (float, float) or None
        Values outside are refused, unless flagged ``suspect``.
    around : float or None
        A value that parts the map's colours, 0 for a difference: classes lie alike on both sides of it.
    denominator : str
        For a count: the indicator to divide by before anything compares it.
    count, per : str, float
        For a rate computed here: ``count / denominator * per``.
    component : str
        The component of the index that it speaks to; empty for none.
    carry : bool
        Whether successors of a former unit may show its value.
    mapped : bool
        False: kept in the tables, not drawn.
    year_break : dict of year to texts
        What changed in the series in that year.
    producer, licence, link : str
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    label: Annotated[Texts, Field(min_length=1)]
    direction: Literal["higher_is_worse", "higher_is_better", "neutral"]
    population: Texts = Field(default_factory=dict)
    measure: Texts = Field(default_factory=dict)
    definition: Texts = Field(default_factory=dict)
    note: Texts = Field(default_factory=dict)
    kind: Literal["rate", "count", "mean", "index", "category"] = "rate"
    categories: dict[int, Texts] = Field(default_factory=dict)
    digits: Annotated[int, Field(ge=0, le=9)] = 1
    valid_range: tuple[float, float] | None = None
    around: Annotated[float, Field(allow_inf_nan=False)] | None = None
    denominator: str = ""
    count: str = ""
    per: Annotated[float, Field(gt=0)] | None = None
    component: str = ""
    carry: bool = False
    mapped: bool = True
    year_break: dict[int, Texts] = Field(default_factory=dict)
    producer: str = ""
    licence: str = ""
    link: str = ""

    @field_validator("valid_range")
    @classmethod
    def _ordered(cls, valid_range: tuple[float, float] | None) -> tuple[float, float] | None:
        if valid_range and (any(math.isnan(end) for end in valid_range) or valid_range[0] >= valid_range[1]):
            msg = f"the least value {valid_range[0]} is not below the greatest {valid_range[1]}"
            raise ValueError(msg)
        return valid_range

    @field_validator("categories", mode="before")
    @classmethod
    def _numbered(cls, categories: object) -> object:
        wrong = [k for k in categories if not WHOLE.fullmatch(str(k))] if isinstance(categories, dict) else []
        if wrong:
            raise ValueError(f"the category {wrong[0]!r} is not a whole number as figures hold it, such as 1")
        return categories

    @field_validator("categories")
    @classmethod
    def _told_apart(cls, categories: dict[int, Texts]) -> dict[int, Texts]:
        if categories and not 2 <= len(categories) <= MOST_CATEGORIES:
            raise ValueError(
                f"{len(categories)} categories: a map can tell apart from 2 to {MOST_CATEGORIES} of them"
            )
        languages = {language for texts in categories.values() for language in texts}
        for number, texts in categories.items():
            if not texts or set(texts) != languages or not all(map(str.strip, texts.values())):
                named = ", ".join(sorted(languages)) or "one language"
                raise ValueError(f"category {number} needs a label in each language: {named}")
        for language in sorted(languages):
            labels = [texts[language].strip().casefold() for texts in categories.values()]
            if len(set(labels)) < len(labels):
                raise ValueError(f"two categories have the same label in {language}")
        return categories

    @model_validator(mode="after")
    def _kind_of_unit(self) -> Indicator:
        if (self.kind == "category") != bool(self.categories):
            raise ValueError(
                "kind = 'category' needs `categories` (what each number stands for); no other has them"
            )
        if self.categories and self.direction != "neutral":
            raise ValueError("categories have no order: set direction = 'neutral'")
        idle = [name for name in OF_AMOUNTS if getattr(self, name)]
        if self.categories and idle:
            raise ValueError(f"a category is no amount: it has no {', '.join(idle)}")
        return self

    @model_validator(mode="after")
    def _coherent(self) -> Indicator:
        if self.kind == "count" and self.carry:
            raise ValueError("a count is never carried: set carry = false, and carry its rate")
        if self.around is not None and self.kind == "count":
            raise ValueError("a count is drawn as circles, which no value parts: take `around` out")
        if bool(self.count) != (self.per is not None) or (self.count and not self.denominator):
            raise ValueError("a rate computed from a count needs `count`, `denominator` and `per` together")
        return self

    @property
    def unit_of_rounding(self) -> float:
        """Return the worth of one in the last decimal published."""
        return float(10.0**-self.digits)


class Catalogue(Mapping[str, Indicator]):
    """The indicators by id, in the order of the file; refuses an unknown id with the nearest known ones."""

    def __init__(self, indicators: Mapping[str, Indicator], *, path: Path | None = None) -> None:
        self._indicators = dict(indicators)
        self.path = path

    def __getitem__(self, indicator: str) -> Indicator:
        return self._indicators[indicator]

    def __iter__(self) -> Iterator[str]:
        return iter(self._indicators)

    def __len__(self) -> int:
        return len(self._indicators)

    def __repr__(self) -> str:
        return f"Catalogue({len(self)} indicators)"

    def find(self, indicator: str, *, where: str | None = None) -> Indicator:
        """Return the entry called `indicator`.

        Raises
        ------
        DataError
            If there is none; the nearest known ids are listed.
        """
        if indicator in self._indicators:
            return self._indicators[indicator]
        raise DataError(
            f"the catalogue has no indicator {indicator!r}",
            where=where or str(self.path or "catalogue"),
            found=indicator,
            expected=", ".join(nearest(indicator, self) or list(self)[:10]),
            fix="correct the name, or add the indicator to the catalogue",
        )


def read_catalogue(path: str | Path) -> Catalogue:
    """Return the catalogue at `path`: a TOML file with one table an indicator, or a folder that holds it.

    Parameters
    ----------
    path : str or Path
        ``indicators.toml``, or its folder.

    Returns
    -------
    Catalogue
        Frozen entries in the order of the file.

    Raises
    ------
    DataError
        If there is no such file, it is not TOML, an entry has an unknown key (the nearest known key is
        named), lacks one, holds a wrong value, or names a denominator or count that is not
        catalogued, or is a category.
    """
    file = Path(path)
    file = file / "indicators.toml" if file.is_dir() else file
    catalogue = Catalogue({key: _entry(key, entry, file) for key, entry in _toml(file).items()}, path=file)
    for indicator in catalogue.values():
        for named in filter(None, (indicator.denominator, indicator.count)):
            where = f"{file}, indicator {indicator.id}"
            if catalogue.find(named, where=where).kind == "category":
                raise DataError(f"{named!r} is a category: no rate is made of it", where=where, found=named)
    return catalogue


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(
            "there is no catalogue", where=str(file), expected="a TOML file with one table an indicator"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("the catalogue is not valid TOML", where=str(file), found=str(error)) from error


def _entry(key: str, entry: Any, file: Path) -> Indicator:
    if not isinstance(entry, dict):
        raise DataError(
            f"{key!r} stands outside a table",
            where=f"{file}, key {key}",
            found=repr(entry)[:80],
            expected="one table an indicator, for example [poverty]",
        )
    try:
        return Indicator.model_validate({"id": key, **entry})
    except ValidationError as error:
        raise _explain(error, key, file) from None


def _explain(error: ValidationError, key: str, file: Path) -> DataError:
    first = error.errors(include_url=False)[0]
    at = ".".join(str(part) for part in first["loc"])
    where = f"{file}, indicator {key}" + (f", key {at}" if at else "")
    if first["type"] == "extra_forbidden":
        close = nearest(at, Indicator.model_fields)
        return DataError(
            f"unknown key {at!r}",
            where=where,
            found=at,
            expected=", ".join(close or sorted(Indicator.model_fields)),
            fix=f"did you mean {close[0]!r}?" if close else "remove the key",
        )
    found = None if first["type"] == "missing" else repr(first.get("input"))[:120]
    return DataError(
        f"{at or key}: {first['msg']}",
        where=where,
        found=found,
        expected=first["msg"],
        fix="correct the entry",
    )
