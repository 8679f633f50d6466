"""The children of a survey in memory: where they live, who they are, deprived or not, poor or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.child_figures import COUNTRY, Places
from childatlas.definitions import Definitions
from childatlas.errors import AnalysisError, nearest
from childatlas.measures.deprivation import TOLERANCE
from childatlas.measures.relation_checks import quote
from childatlas.measures.relations import PROFILE

__all__ = ["AGE_GROUP", "CHILD_INCOME", "DEPRIVED", "Sample", "as_words", "cut_classes", "take_sample"]

DEPRIVED, CHILD_INCOME, AGE_GROUP = "__deprived", "__income", "age_group"


@dataclass(frozen=True, eq=False)
class Sample:
    """A survey's children, a row each, in an order of their own.

    Attributes
    ----------
    frame : DataFrame
        Places as text, columns of the design, ``__deprived`` (0, 1, or missing where an answer is),
        ``__income`` where asked for, ``age_group`` and the further columns asked for.
    design : dict
        ``weight, stratum, cluster, fpc, lonely, nest``, for the measures.
    places : Places
    items : tuple of str
    """

    frame: pd.DataFrame
    design: dict[str, Any]
    places: Places
    items: tuple[str, ...] = ()

    def with_columns(self, **columns: Any) -> Sample:
        """Return the sample with further columns."""
        return Sample(self.frame.assign(**columns), self.design, self.places, self.items)

    def groupings(self, *, districts: bool = True) -> Iterator[tuple[str, list[str], bool]]:
        """Give level, columns of the grouping and whether residence is one of them."""
        for level, column, split in self.places.groupings():
            if level == "district" and not districts:
                continue
            names = [c for c in (column, self.places.residence if split else None) if c is not None]
            yield level, names, split

    def by_place(
        self, measure: Callable[[str | list[str] | None], pd.DataFrame], *, districts: bool = True
    ) -> pd.DataFrame:
        """Return the rows of a measure in every grouping of places, told apart by level, unit and residence.

        Parameters
        ----------
        measure : callable
            Takes the columns to group by (None: none) and returns a table indexed by them and by whatever
            else it tells apart.
        districts : bool
        """
        parts = []
        for level, names, split in self.groupings(districts=districts):
            table = measure(names or None)
            parts.append(_placed(table, names, level=level, split=split))
        return pd.concat(parts, ignore_index=True)

    def counts(self, where: Any, *, districts: bool = True) -> pd.DataFrame:
        """Return ``level, unit, residence, n``: the rows of each place in which `where` holds."""
        flags = pd.Series(np.asarray(where, dtype=bool), index=self.frame.index)

        def count(by: str | list[str] | None) -> pd.DataFrame:
            if by is None:
                return pd.DataFrame({col.N: [float(flags.sum())]})
            keys = [self.frame[c] for c in ([by] if isinstance(by, str) else by)]
            return flags.groupby(keys, observed=True).sum().astype(float).rename(col.N).to_frame()

        return self.by_place(count, districts=districts)


def _placed(table: pd.DataFrame, names: list[str], *, level: str, split: bool) -> pd.DataFrame:
    plain = table.reset_index() if names or table.index.name is not None or table.index.nlevels > 1 else table
    placed = level != COUNTRY
    unit = plain[names[0]].astype(str) if placed else ""
    residence = plain[names[-1]].astype(str) if split else col.TOTAL
    rest = plain.drop(columns=names)
    keys = {col.LEVEL: level, col.UNIT: unit, col.RESIDENCE: residence}
    return pd.concat([pd.DataFrame(keys, index=plain.index), rest], axis=1)


def take_sample(
    applied: Any,
    definitions: Definitions,
    *,
    places: Places,
    design: Mapping[str, Any],
    cutoff: float,
    columns: Sequence[str] = (),
) -> Sample:
    """Return the children of a relation, with what is asked for of each.

    Parameters
    ----------
    applied : DuckDBPyRelation
        As `apply_definitions` returns.
    definitions : Definitions
    places : Places
    design : mapping
        ``weight, stratum, cluster, fpc, lonely, nest``.
    cutoff : float
    columns : sequence of str
        Further columns to keep; ``age_group`` is made here.

    Raises
    ------
    AnalysisError
        If a column is not there.

    Notes
    -----
    Rows are sorted by all they hold: the order in which a database returns them, on which sums of floats
    depend, does not show.
    """
    kept = {k: v for k, v in design.items() if v}
    named = [
        c for k, v in kept.items() if k not in ("lonely", "nest") for c in ([v] if isinstance(v, str) else v)
    ]
    wanted = [*places.columns, *(c for c in named if isinstance(c, str)), *columns]
    known = [str(c) for c in applied.columns]
    asked = [c for c in dict.fromkeys(wanted) if c != AGE_GROUP]
    for name in asked:
        if name not in known:
            raise AnalysisError(
                f"the survey has no column {name!r}",
                found=name,
                expected=", ".join(nearest(name, known) or known[:20]),
            )
    items = tuple(item.id for item in definitions.items)
    flags = [f"{quote(i)}::TINYINT AS {quote('__item_' + i)}" for i in items]
    frame: pd.DataFrame = applied.project(", ".join([*map(quote, asked), PROFILE, *flags])).df()
    frame = frame.sort_values(list(frame.columns), kind="stable", ignore_index=True, key=_sortable)
    profile = frame[PROFILE].astype("Int64").fillna(-1).to_numpy(dtype=np.int64)
    ages = np.array([a.id for a in definitions.age_groups], dtype=object)
    marks = frame[[f"__item_{i}" for i in items]].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    made = {
        DEPRIVED: _deprived(marks, profile, definitions, cutoff),
        AGE_GROUP: np.where(profile >= 0, ages[np.maximum(profile, 0)], None),
    }
    texts = {c: frame[c].astype("string").astype(object).where(frame[c].notna()) for c in places.columns}
    rest = frame.drop(columns=[PROFILE, *(f"__item_{i}" for i in items)])
    return Sample(rest.assign(**texts, **made), dict(kept), places, items)


def _sortable(column: pd.Series) -> pd.Series:
    return column.astype(str) if column.dtype == object else column


def _deprived(marks: Any, profile: Any, definitions: Definitions, cutoff: float) -> Any:
    """Return 1 where a child's weighted share of items reaches the cutoff, 0 where not, NaN where unknown."""
    shares = definitions.weights().to_numpy(dtype=float)[np.maximum(profile, 0)]
    applies = definitions.applies().to_numpy(dtype=bool)[np.maximum(profile, 0)]
    known = (profile >= 0) & ~(np.isnan(marks) & applies).any(axis=1)
    score = (np.nan_to_num(marks) * applies * shares).sum(axis=1)
    return np.where(known, (score >= cutoff - TOLERANCE).astype(float), np.nan)


def cut_classes(values: pd.Series, bounds: Sequence[float]) -> pd.Series:
    """Return numbers as the words of their classes: ``under 4``, ``4 to 5``, ``6 and more``.

    Parameters
    ----------
    values : Series
    bounds : sequence of float
        Rising; each is the least value of a class. Ends are written as whole numbers where all bounds are.
    """
    whole = all(float(b).is_integer() for b in bounds)
    plain = [f"{b:g}" for b in bounds]
    inner = [
        (f"{int(a)} to {int(b) - 1}" if int(b) - 1 > int(a) else f"{int(a)}")
        if whole
        else f"{a:g} to under {b:g}"
        for a, b in pairwise(bounds)
    ]
    words = [f"under {plain[0]}", *inner, f"{plain[-1]} and more"]
    number = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    place = np.searchsorted(np.asarray(bounds, dtype=float), np.nan_to_num(number), side="right")
    codes = np.where(np.isnan(number), -1, place)
    return pd.Series(pd.Categorical.from_codes(codes, categories=words), index=values.index)


def as_words(values: pd.Series) -> pd.Series:
    """Return values as text categories in the order of the alphabet; missing stays missing."""
    texts = values.astype("string").astype(object).where(values.notna(), None)
    return texts.astype("category")
