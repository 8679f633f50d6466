"""How a sample was drawn: weights, strata, clusters and finite populations, checked once and then trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError, nearest
from childatlas.measures.stages import Stage, build_stage

__all__ = ["Design", "Lonely", "as_design", "build_design", "check_weights"]

Floats: TypeAlias = NDArray[np.float64]
Lonely: TypeAlias = Literal["error", "certainty", "adjust", "average"]
Columns: TypeAlias = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Design:
    """A sampling design on the rows of one file.

    Attributes
    ----------
    weight : array of float, one per row
        Positive and finite.
    stages : tuple of Stage
        The first draws the clusters; further ones matter only with finite populations.
    lonely : {"error", "certainty", "adjust", "average"}
        What a stratum with one drawn cluster does: stop, add nothing, be centred at the mean of the whole
        sample, or add the average of the other strata (R survey's fail, certainty, adjust, average).
    """

    weight: Floats
    stages: tuple[Stage, ...]
    lonely: Lonely = "error"

    @property
    def rows(self) -> int:
        """Number of rows of the file."""
        return len(self.weight)

    @property
    def first(self) -> Stage:
        """The stage that drew the clusters."""
        return self.stages[0]

    @property
    def counted(self) -> tuple[Stage, ...]:
        """The stages that add to variances: the first, and later ones below strata of finite population."""
        return tuple(takewhile(lambda stage: bool(stage.multiplier.any()), self.stages))

    @property
    def expands(self) -> bool:
        """Whether the weights are inverse inclusion probabilities: none below 1, and not all 1."""
        return bool(self.rows) and bool(self.weight.min() >= 1 - 1e-9) and bool(self.weight.max() > 1 + 1e-9)

    def degrees_of_freedom(self, rows: NDArray[np.bool_] | None = None) -> int:
        """Return clusters less strata among `rows`, which for a domain are those that it touches."""
        stage = self.first
        cluster = stage.cluster if rows is None else stage.cluster[rows]
        touched = np.unique(cluster)
        return len(touched) - len(np.unique(stage.stratum_of_cluster[touched]))


def build_design(
    data: pd.DataFrame,
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
) -> Design:
    """Return the design that the named columns of `data` describe.

    Parameters
    ----------
    data : DataFrame
        One row an observed element.
    weight : str or None
        Sampling weights; None gives each row the weight 1.
    stratum, cluster, fpc : str, sequence of str or None
        One column, or one per stage from the first to the last. Without `cluster` each row is a cluster.
        `fpc` holds the number of clusters in the stratum's population, or, where all values are at most 1,
        the fraction drawn.
    lonely : str
        See `Design`.
    nest : bool
        True where cluster numbers start again in every stratum.

    Raises
    ------
    AnalysisError
        If a column is not there or an option is unknown.
    DataError
        If weights are not positive, a cluster lies in two strata, design columns have gaps, or a
        population is smaller than the sample drawn from it.
    """
    if lonely not in get_args(Lonely):
        raise AnalysisError(
            "unknown treatment of lonely clusters", found=lonely, expected=", ".join(get_args(Lonely))
        )
    names = [_listed(c) for c in (stratum, cluster, fpc)]
    _check_columns(data, [*([] if weight is None else [weight]), *names[0], *names[1], *names[2]])
    values = np.ones(len(data)) if weight is None else check_weights(data[weight])
    depth = max(1, *(len(n) for n in names))
    stages: list[Stage] = []
    for level in range(depth):
        above = stages[-1] if stages else None
        stages.append(build_stage(data, [_at(n, level) for n in names], above, nest=nest or level > 0))
    return Design(values, tuple(stages), lonely)


def as_design(design: Design | Mapping[str, Any] | pd.DataFrame, index: pd.Index) -> Design:
    """Return a `Design` from one, from a frame, or from a mapping with stratum, cluster, fpc, weight, lonely.

    Arrays are taken in the order of rows, Series and frames by `index`.

    Raises
    ------
    AnalysisError
        If a key is unknown or the rows are not those of `index`.
    """
    if isinstance(design, Design):
        if design.rows != len(index):
            raise AnalysisError("the design has other rows", found=design.rows, expected=len(index))
        return design
    if not isinstance(design, (Mapping, pd.DataFrame)):
        raise AnalysisError(
            "a design is a mapping or a frame of its parts",
            found=type(design).__name__,
            expected="stratum, cluster, fpc, weight, lonely",
        )
    known = ("weight", "stratum", "cluster", "fpc")
    options = (
        {k: v for k, v in design.items() if k in {"lonely", "nest"}} if isinstance(design, Mapping) else {}
    )
    columns = {str(k): design[k] for k in design if k not in options}
    for key in columns:
        if key not in known:
            close = ", ".join(nearest(key, known) or known)
            raise AnalysisError("unknown part of a design", found=key, expected=close)
    frame = pd.DataFrame(
        {k: _on_index(v, index, k) for k, v in columns.items() if v is not None}, index=index
    )
    named: dict[str, Any] = {k: (k if k in frame else None) for k in known}
    return build_design(frame, **named, **options)


def check_weights(weight: pd.Series) -> Floats:
    """Return the weights as floats, refused where any is missing, infinite, zero or negative.

    Raises
    ------
    DataError
        Naming how many rows are at fault, and the first of them.
    """
    values: Floats = pd.to_numeric(weight, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        rows = weight.index[bad][:5].tolist()
        raise DataError(
            f"{int(bad.sum())} of {len(values)} sampling weights are not positive numbers",
            where=f"column {weight.name}, rows {rows}",
            found=weight[bad].iloc[:5].tolist(),
            expected="a finite number above 0 in every row",
            fix="leave out records without an interview (weight 0), and correct the others",
        )
    return values


def _listed(columns: Columns) -> list[str]:
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


def _at(columns: list[str], level: int) -> str | None:
    return columns[level] if level < len(columns) else None


def _check_columns(data: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if not isinstance(column, str):
            raise AnalysisError(
                "a part of the design is given by the name of its column",
                found=type(column).__name__,
                expected="a column's name",
            )
        if list(data.columns).count(column) > 1:
            raise AnalysisError(f"two columns of the file are called {column!r}", found=column)
        if column not in data:
            known = [str(c) for c in data.columns]
            raise AnalysisError(
                f"the file has no column {column!r}",
                found=column,
                expected=", ".join(nearest(column, known) or known[:20]),
            )


def _on_index(part: Any, index: pd.Index, name: str) -> Any:
    if isinstance(part, pd.Series):
        if not index.isin(part.index).all():
            raise AnalysisError(f"the design's {name} lacks rows of the data", where=f"design {name}")
        return part.reindex(index) if part.index.is_unique else part.set_axis(index)
    values = np.asarray(part)
    if values.shape != (len(index),):
        raise AnalysisError(
            f"the design's {name} has another length", found=values.shape, expected=len(index)
        )
    return values
