"""Named estimates by group with their errors: what counting measures beyond Alkire and Foster's return."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.histogram import Histogram
from childatlas.measures.ratios import Ratios, pattern_ratios

__all__ = ["Estimates", "name_estimates", "named_ratios"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates by group.

    Attributes
    ----------
    values : DataFrame
        Groups x estimates; the columns are a MultiIndex whose first level names the measure.
    errors : DataFrame or None
        Standard errors in the same places.
    n : Series
        Children counted in each group.
    """

    values: pd.DataFrame
    errors: pd.DataFrame | None
    n: pd.Series

    def part(self, measure: str) -> pd.DataFrame:
        """Return the columns of one measure, groups x the rest of its name."""
        return self.values.xs(measure, axis=1, level=0).dropna(axis=1, how="all")

    def table(self) -> pd.DataFrame:
        """Return one row per group and estimate: group, the names, estimate, se, n."""
        names = list(self.values.columns.names)
        groups = [n or f"group_{i + 1}" for i, n in enumerate(self.values.index.names)]
        groups = ["group"] if self.values.index.nlevels == 1 and self.values.index.name is None else groups
        width = self.values.shape[1]
        rows = self.values.index.repeat(width).to_frame(index=False)
        rows.columns = pd.Index(groups)
        columns = self.values.columns.to_frame(index=False)
        for name in names:
            rows[name] = np.tile(columns[name].to_numpy(dtype=object), len(self.values))
        rows["estimate"] = self.values.to_numpy().ravel()
        rows["se"] = np.nan if self.errors is None else self.errors.to_numpy().ravel()
        rows["n"] = np.repeat(self.n.to_numpy(), width)
        return rows


def named_ratios(
    histogram: Histogram,
    parts: Iterable[tuple[tuple[Hashable, ...], Floats, Floats]],
    *,
    names: Sequence[str],
    complete: NDArray[np.bool_],
    classes: NDArray[np.int64] | None = None,
) -> Estimates:
    """Return the ratios of (name, numerator, denominator) per pattern, weighted and summed by group.

    `complete` says which patterns count in ``n``. With `classes`, a class per pattern, the numerators and
    denominators are per class. Few parts are held in memory at a time.
    """
    labels: list[tuple[Hashable, ...]] = []

    def pairs() -> Iterable[tuple[Floats, Floats]]:
        for label, top, base in parts:
            labels.append(label)
            yield top, base

    ratios = pattern_ratios(histogram, pairs(), classes=classes)
    return name_estimates(histogram, ratios, labels, names=names, complete=complete)


def name_estimates(
    histogram: Histogram,
    ratios: Ratios,
    labels: Sequence[tuple[Hashable, ...]],
    *,
    names: Sequence[str],
    complete: NDArray[np.bool_],
) -> Estimates:
    """Return `ratios` under their names."""
    columns = pd.MultiIndex.from_tuples(labels, names=names)
    values = pd.DataFrame(ratios.estimate, index=histogram.groups, columns=columns)
    errors = None
    if ratios.error is not None:
        errors = pd.DataFrame(ratios.error, index=histogram.groups, columns=columns)
    n = pd.Series(
        histogram.count_by_group(where=complete[histogram.pattern]), index=histogram.groups, name="n"
    )
    return Estimates(values, errors, n)
