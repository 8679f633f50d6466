"""What a reader can work out of hidden cells from the published ones, by solving the sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog

from childatlas.errors import AnalysisError, PrivacyError
from childatlas.figures.additive import Relation, relation_matrix

__all__ = ["attack_cells", "refuse_disclosure"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


def attack_cells(
    amounts: pd.Series,
    hidden: pd.Series,
    relations: Sequence[Relation],
    *,
    rounding: float = 0.0,
    targets: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the least and the most that each hidden cell can be, given all that is published.

    Parameters
    ----------
    amounts : Series
        Amounts that add up (counts, or rates times people), by cell.
    hidden : Series of bool
        Which cells are not published; the attacker knows the others, and that no amount is negative.
    relations : sequence of Relation
    rounding : float
        Base to which published amounts were rounded: the attacker then knows them to within it.
    targets : Series of bool, optional
        Which of the hidden cells are attacked; all by default.

    Returns
    -------
    DataFrame
        One row per attacked cell: ``amount, low, high, derived``; derived where low and high are one value.

    Raises
    ------
    AnalysisError
        If the published amounts contradict the relations.

    Notes
    -----
    Two linear programmes a cell (HiGHS). Cells without a relation to others can be anything.
    """
    if not hidden.index.equals(amounts.index):
        raise AnalysisError("amounts and what is hidden have other cells")
    flags = hidden.to_numpy(dtype=bool)
    places = np.flatnonzero(flags if targets is None else flags & targets.to_numpy(dtype=bool))
    values = amounts.to_numpy(dtype=np.float64)
    scale = max(float(np.nanmax(np.abs(values), initial=0.0)), 1.0)
    system = _system(relation_matrix(relations, amounts.index), values / scale, flags, rounding / scale)
    lows, highs = np.zeros(len(places)), np.full(len(places), np.inf)
    touched = np.asarray(abs(system.matrix).sum(axis=0)).ravel() > 0
    for i, place in enumerate(np.searchsorted(system.places, places)):
        if touched[place]:
            lows[i], highs[i] = _solve(system, int(place), 1.0), -_solve(system, int(place), -1.0)
    lows, highs = lows * scale, highs * scale
    table = pd.DataFrame({"amount": values[places], "low": lows, "high": highs}, index=amounts.index[places])
    table["derived"] = table["high"] - table["low"] <= 1e-6 * scale
    return table


def refuse_disclosure(amounts: pd.Series, hidden: pd.Series, relations: Sequence[Relation]) -> None:
    """Raise where a hidden cell can be had by subtraction.

    Raises
    ------
    PrivacyError
        Naming the cells.
    """
    table = attack_cells(amounts, hidden, relations)
    derived = table.index[table["derived"]].tolist()
    if derived:
        raise PrivacyError(
            f"{len(derived)} suppressed cells can be worked out from what is published",
            found=derived[:5],
            expected="no suppressed cell that sums give away",
            fix="run the table through protect_figures before it is drawn or written",
        )


@dataclass(frozen=True, eq=False)
class _System:
    """matrix @ unknowns = right, each unknown within its bounds."""

    matrix: Any
    right: Floats
    places: NDArray[np.intp]
    bounds: list[tuple[float, float | None]]


def _system(matrix: Any, values: Floats, hidden: Flags, rounding: float) -> _System:
    """Return the attacker's equations: in the hidden cells alone where the others are known exactly."""
    missing = np.isnan(values)
    unknown = hidden | missing | (rounding > 0)
    places = np.flatnonzero(unknown)
    right = -np.asarray(matrix[:, ~unknown] @ values[~unknown]).ravel()
    free = hidden | missing
    bounds: list[tuple[float, float | None]] = [
        (0.0, None) if free[p] else (max(values[p] - rounding, 0.0), float(values[p]) + rounding)
        for p in places
    ]
    return _System(matrix[:, unknown], right, places, bounds)


def _solve(system: _System, place: int, sign: float) -> float:
    target = np.zeros(len(system.places))
    target[place] = sign
    rows = np.asarray(abs(system.matrix).sum(axis=1)).ravel() > 0
    result = linprog(
        target, A_eq=system.matrix[rows], b_eq=system.right[rows], bounds=system.bounds, method="highs"
    )
    if result.status == 3:  # unbounded
        return float("-inf")
    if result.status != 0:
        raise AnalysisError(
            "the published amounts contradict their sums", found=result.message, fix="check the relations"
        )
    return float(result.fun)
