"""The catalogue: what each indicator measures, of whom, in which direction, from whom."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from childatlas.errors import DataError, nearest

__all__ = ["Catalogue", "Indicator", "read_catalogue"]

Texts = dict[str, str]


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
        ``rate``, ``count``, ``mean`` or ``index``. A count is never carried, nor compared between units.
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
    kind: Literal["rate", "count", "mean", "index"] = "rate"
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
        named), lacks one, holds a wrong value, or names a denominator or count that is not catalogued.
    """
    file = Path(path)
    file = file / "indicators.toml" if file.is_dir() else file
    catalogue = Catalogue({key: _entry(key, entry, file) for key, entry in _toml(file).items()}, path=file)
    for indicator in catalogue.values():
        for named in filter(None, (indicator.denominator, indicator.count)):
            catalogue.find(named, where=f"{file}, indicator {indicator.id}")
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
