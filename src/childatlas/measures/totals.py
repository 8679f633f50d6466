"""Sums over a histogram's cells by group and cluster: what every ratio and its error are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from childatlas.measures.design import Design
from childatlas.measures.linearisation import Spread, build_spread

__all__ = ["Totals", "build_totals"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Totals:
    """Cells joined into parts: one a group or, under a design, one a group and last-stage cluster.

    Attributes
    ----------
    groups : int
    group : array of int, one per part
    place : array of int, one per cell
        The part that a cell lies in.
    counts : sparse matrix, parts x patterns
        Sums of sampling weights.
    design : Design or None
    row : array of int, one per part, or None
        A row of the design that stands for the part.
    """

    groups: int
    group: Codes
    place: Codes
    counts: Any = field(repr=False)
    design: Design | None = None
    row: Codes | None = None

    @cached_property
    def spread(self) -> Spread:
        """The layout of the parts for variances by group."""
        if self.design is None or self.row is None:
            msg = "a histogram without a design has no errors"
            raise ValueError(msg)
        return build_spread(self.design, self.group, self.groups, rows=self.row)

    @cached_property
    def _members(self) -> Any:
        ones = np.ones(len(self.group))
        return sparse.csr_matrix(
            (ones, (self.group, np.arange(len(ones)))), shape=(self.groups, len(self.group))
        )

    def by_group(self, amounts: Floats) -> Floats:
        """Return the sums by group of `amounts`, parts x any."""
        if self.row is None:  # then a part is a group
            return amounts
        return np.asarray(self._members @ amounts)

    def errors(self, scores: Floats) -> Floats:
        """Return standard errors, groups x estimates, from linearised sums, parts x estimates."""
        return np.sqrt(self.spread(scores))

    def of_cells(self, amounts: Floats) -> Floats:
        """Return the sums by part of weighted amounts per cell."""
        return np.bincount(self.place, amounts, minlength=len(self.group)).astype(np.float64)

    def merge_patterns(self, classes: Codes) -> Any:
        """Return `counts` with patterns of the same class added up, parts x classes."""
        width = int(classes.max()) + 1 if len(classes) else 0
        ones = np.ones(len(classes))
        return self.counts @ sparse.csr_matrix(
            (ones, (np.arange(len(classes)), classes)), shape=(len(classes), width)
        )


def build_totals(
    cells: tuple[Codes, Codes, Floats],
    *,
    groups: int,
    patterns: int,
    design: Design | None,
    row: Codes | None,
) -> Totals:
    """Return the totals of cells given as their groups, patterns and weights; `row` is that of the design."""
    group, pattern, weight = cells
    of_part, place, stands = np.arange(groups), group, None
    if design is not None and row is not None:
        finest = design.counted[-1].cluster[row]
        width = int(finest.max()) + 1 if len(finest) else 1
        _, first, place = np.unique(group * width + finest, return_index=True, return_inverse=True)
        of_part, stands = group[first], row[first]
    counts = sparse.csr_matrix((weight, (place, pattern)), shape=(len(of_part), patterns))
    return Totals(groups, of_part, place, counts, design, stands)
