"""Weighted cross-products of two groups and the least squares that follow, many replicates at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.sides import Sides
from childatlas.measures.terms import Terms

__all__ = [
    "REFERENCES",
    "Moments",
    "Scaling",
    "build_scaling",
    "moment_columns",
    "read_moments",
    "refuse_dependent",
    "solve",
]

Floats: TypeAlias = NDArray[np.float64]
SINGULAR = 1e-11  # least over largest eigenvalue of standardised cross-products


@dataclass(frozen=True, eq=False)
class Scaling:
    """Columns standardised so that their cross-products are well conditioned, and the way back."""

    matrix: Floats
    coefficients: Floats
    means: Floats


@dataclass(frozen=True, eq=False)
class Moments:
    """Cross-products of each replicate (axis 0) and group (axis 1): X'WX and X'Wy, a constant first."""

    xx: Floats
    xy: Floats

    @property
    def people(self) -> Floats:
        """Sum of weights, replicates x 2."""
        people: Floats = self.xx[:, :, 0, 0]
        return people

    @property
    def means(self) -> Floats:
        """Mean of each column, replicates x 2 x columns."""
        means: Floats = self.xx[:, :, 0, :] / self.people[..., None]
        return means

    @property
    def outcome(self) -> Floats:
        """Mean outcome, replicates x 2."""
        outcome: Floats = self.xy[:, :, 0] / self.people
        return outcome


def build_scaling(terms: Terms, weight: Floats, rows: NDArray[np.bool_]) -> Scaling:
    """Return the standardised matrix, 0 outside `rows`, and what turns its coefficients and means back."""
    used = np.where(rows[:, None], terms.matrix, 0.0)
    share = np.where(rows, weight, 0.0) / weight[rows].sum()
    centre = share @ used
    spread = np.sqrt(share @ np.where(rows[:, None], used - centre, 0.0) ** 2)
    centre[0], spread[0] = 0.0, 1.0
    spread = np.where(spread > 0, spread, 1.0)
    matrix = np.where(rows[:, None], (used - centre) / spread, 0.0)
    coefficients, means = np.diag(1 / spread), np.diag(spread)
    coefficients[0] -= centre / spread
    means[:, 0] += centre
    return Scaling(matrix, coefficients, means)


def moment_columns(matrix: Floats, y: Floats, weight: Floats, sides: Sides) -> Floats:
    """Return each row's part in the cross-products of both groups: upper triangles, then X'y."""
    size = matrix.shape[1]
    upper = np.triu_indices(size)
    products = np.hstack([matrix[:, upper[0]] * matrix[:, upper[1]], matrix * np.nan_to_num(y)[:, None]])
    first = np.where(sides.first, weight, 0.0)[:, None] * products
    second = np.where(sides.second, weight, 0.0)[:, None] * products
    return np.hstack([first, second])


def read_moments(sums: Floats, size: int) -> Moments:
    """Return the cross-products that totals of `moment_columns` (replicates x columns) hold."""
    upper = np.triu_indices(size)
    both = sums.reshape(len(sums), 2, -1)
    triangle = both[:, :, : len(upper[0])]
    xx = np.zeros((len(sums), 2, size, size))
    xx[:, :, upper[0], upper[1]] = triangle
    xx[:, :, upper[1], upper[0]] = triangle
    return Moments(xx, both[:, :, len(upper[0]) :])


def solve(xx: Floats, xy: Floats) -> Floats:
    """Return least-squares coefficients along the last axes, NaN where columns depend on each other."""
    scale = np.abs(xx[..., 0, 0])
    safe = np.where(scale > 0, scale, 1.0)
    roots = np.linalg.eigvalsh(xx / safe[..., None, None])
    bad = (roots[..., 0] <= SINGULAR * roots[..., -1]) | (scale == 0)
    filled = np.where(bad[..., None, None], np.eye(xx.shape[-1]), xx)
    found = np.linalg.solve(filled, xy[..., None])[..., 0]
    result: Floats = np.where(bad[..., None], np.nan, found)
    return result


def _pooled(moments: Moments, _own: Floats) -> Floats:
    return solve(moments.xx.sum(axis=1), moments.xy.sum(axis=1))


def _pooled_with_group(moments: Moments, own: Floats) -> Floats:
    """Return pooled coefficients with a 0/1 column for the first group beside the others."""
    replicates, _, size = own.shape
    xx = np.zeros((replicates, size + 1, size + 1))
    xx[:, :size, :size] = moments.xx.sum(axis=1)
    xx[:, size, :size] = xx[:, :size, size] = moments.xx[:, 0, 0, :]
    xx[:, size, size] = moments.people[:, 0]
    xy = np.concatenate([moments.xy.sum(axis=1), moments.xy[:, 0, :1]], axis=1)
    return solve(xx, xy)[:, :size]


def _cotton(moments: Moments, own: Floats) -> Floats:
    share = moments.people / moments.people.sum(axis=1, keepdims=True)
    mixed: Floats = (share[..., None] * own).sum(axis=1)
    return mixed


REFERENCES: dict[str, Callable[[Moments, Floats], Floats]] = {
    "first": lambda _moments, own: own[:, 0],
    "second": lambda _moments, own: own[:, 1],
    "reimers": lambda _moments, own: own.mean(axis=1),
    "cotton": _cotton,
    "neumark": _pooled,
    "pooled": _pooled_with_group,
}


def refuse_dependent(coefficients: Floats, terms: Terms, sides: Sides, groups: tuple[object, object]) -> None:
    """Raise where a group's coefficients are not defined, naming columns that do not vary in it.

    Raises
    ------
    AnalysisError
    """
    for place, rows in enumerate((sides.first, sides.second)):
        if np.isnan(coefficients[0, place]).any():
            still = np.ptp(terms.matrix[rows][:, 1:], axis=0) == 0
            names = [n for n, flat in zip(terms.names[1:], still, strict=True) if flat]
            raise AnalysisError(
                f"the predictors depend on each other in group {groups[place]!r}",
                found=f"without variation: {', '.join(names)}" if names else f"{int(rows.sum())} rows",
                expected="predictors that vary, none a sum of others",
                fix="leave a predictor out or join categories",
            )
