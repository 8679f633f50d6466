"""The rows of a survey as estimators see them: a design, a group for each row, and columns as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError, nearest
from childatlas.measures.design import Design, build_design
from childatlas.measures.grouping import by_index

__all__ = ["Domains", "as_frame", "build_domains", "column", "numbers", "variable_names"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Domains:
    """The rows of a survey, its design, and the group of each row (-1 outside all groups)."""

    design: Design
    labels: pd.Index
    group: Codes
    grouped: bool

    @property
    def size(self) -> int:
        """Number of groups."""
        return len(self.labels)

    def degrees_of_freedom(self, group: Codes) -> Floats:
        """Return clusters less strata that each group touches."""
        stage = self.design.first
        inside = group >= 0
        clusters = len(stage.stratum_of_cluster)
        pairs = np.unique(group[inside] * clusters + stage.cluster[inside])
        of_group, owner = pairs // max(clusters, 1), stage.stratum_of_cluster[pairs % max(clusters, 1)]
        strata = len(stage.sampled)
        blocks = np.unique(of_group * strata + owner)
        touched = np.bincount(of_group, minlength=self.size)
        return (touched - np.bincount(blocks // max(strata, 1), minlength=self.size)).astype(np.float64)


def build_domains(
    frame: pd.DataFrame,
    *,
    weight: str | None,
    by: str | Sequence[str] | None,
    design: dict[str, Any],
) -> Domains:
    """Return the design and the groups of the rows of `frame`; `design` holds the options of `build_design`.

    Raises
    ------
    AnalysisError
        If the frame is empty or lacks a column.
    """
    if not len(frame):
        raise AnalysisError("the survey has no rows")
    names = variable_names(by) if by else []
    for name in names:
        column(frame, name)
    built = build_design(frame, weight=weight, **design)
    labels, codes = by_index([frame[name] for name in names] or None, frame.index)
    return Domains(built, labels, codes, grouped=bool(names))


def as_frame(data: Any) -> pd.DataFrame:
    """Return `data` as a frame; a DuckDB relation is read into memory.

    Raises
    ------
    AnalysisError
        If it is neither.
    """
    frame = data.df() if not isinstance(data, pd.DataFrame) and hasattr(data, "df") else data
    if not isinstance(frame, pd.DataFrame):
        raise AnalysisError(
            "surveys are tables", found=type(data).__name__, expected="a DataFrame or a relation"
        )
    return frame


def numbers(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column as floats with NaN for missing.

    Raises
    ------
    AnalysisError
        If there is no such column.
    DataError
        If it holds words or infinite numbers.
    """
    found = column(frame, name)
    kinds = pd.api.types
    if (
        kinds.is_complex_dtype(found)
        or kinds.is_datetime64_any_dtype(found)
        or kinds.is_timedelta64_dtype(found)
    ):
        raise DataError(f"{name!r} holds no plain numbers", found=str(found.dtype), expected="numbers")
    values: Floats = pd.to_numeric(found, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (np.isnan(values) & found.notna().to_numpy()) | np.isinf(values)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} entries of {name!r} are not numbers",
            where=f"column {name}, rows {found.index[wrong][:5].tolist()}",
            found=found[wrong].iloc[:5].tolist(),
            expected="numbers, or empty for unknown",
            fix="for shares of categories use survey_proportion",
        )
    return values


def variable_names(variable: str | Sequence[str]) -> list[str]:
    """Return the names of the columns asked for, one or several.

    Raises
    ------
    AnalysisError
        If there is none, or it is no name.
    """
    names = [variable] if isinstance(variable, str) or not isinstance(variable, Sequence) else list(variable)
    if not names or not all(isinstance(name, str) for name in names):
        raise AnalysisError(
            "a variable is asked for by the name of its column",
            found=repr(variable)[:80],
            expected="a name, or a list of names",
        )
    return names


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column.

    Raises
    ------
    AnalysisError
        If there is none of that name, and the nearest names are listed, or if there are two.
    """
    if list(frame.columns).count(name) > 1:
        raise AnalysisError(
            f"two columns of the survey are called {name!r}",
            found=name,
            expected="one column of a name",
            fix="rename or drop one of them",
        )
    if name not in frame:
        known = [str(c) for c in frame.columns]
        raise AnalysisError(
            f"the survey has no column {name!r}",
            found=name,
            expected=", ".join(nearest(name, known) or known[:20]),
        )
    return frame[name]
