"""Poverty lines: one amount, an amount for each place or row, or a share of the median."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.domains import column, numbers
from childatlas.measures.influence import density_at, middle

__all__ = ["Line", "PlaceLines", "RelativeLine", "draw_line"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class RelativeLine:
    """A line that is a share of a quantile of everybody's income, 60 % of the median if not said otherwise.

    Attributes
    ----------
    share : float
        Above 0.
    quantile : float
        In (0, 1).
    """

    share: float = 0.6
    quantile: float = 0.5

    def __post_init__(self) -> None:
        if not (self.share > 0 and 0 < self.quantile < 1):
            raise AnalysisError(
                "a relative line is a positive share of a quantile",
                found=f"share {self.share}, quantile {self.quantile}",
                expected="share above 0, quantile in (0, 1)",
            )


@dataclass(frozen=True)
class PlaceLines:
    """A line for each value of a column: the subsistence minimum of each oblast.

    Attributes
    ----------
    column : str
    lines : mapping of place -> amount
    """

    column: str
    lines: Mapping[Any, float]


Line: TypeAlias = float | str | RelativeLine | PlaceLines


def draw_line(frame: pd.DataFrame, line: Line, income: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the line of each row, and how far each row moves it.

    Parameters
    ----------
    frame : DataFrame
    line : float, str, RelativeLine or PlaceLines
        An amount, a column of amounts, a share of the median of all rows, or an amount by place.
    income, weight : array, one per row
        NaN incomes take no part in the median.

    Returns
    -------
    line : array, one per row
        NaN where the column has no amount.
    moves : array, one per row
        Weighted influence on the line, zeros unless it is relative.

    Raises
    ------
    AnalysisError
        If a place of the data has no line.
    DataError
        If a line is not above 0.

    Notes
    -----
    The influence of a row on the quantile m is (p - 1(y <= m)) / f(m), f by a kernel (Berger and Skinner
    2003, Applied Statistics 52, p. 457).
    """
    moves = np.zeros(len(frame))
    if isinstance(line, RelativeLine):
        known = ~np.isnan(income)
        if not known.any():
            raise DataError("nobody has an income: the relative line has no median")
        values, people = income[known], weight[known]
        centre = middle(values, people, line.quantile)
        height = density_at(centre, values, people)
        slope = line.share * (line.quantile - (values <= centre)) / height if height > 0 else 0.0
        moves[known] = people / people.sum() * slope
        amounts = np.full(len(frame), line.share * centre)
    elif isinstance(line, PlaceLines):
        amounts = _by_place(frame, line)
    elif isinstance(line, str):
        amounts = numbers(frame, line)
    else:
        amounts = np.full(len(frame), float(line))
    wrong = ~(amounts > 0) & ~np.isnan(amounts)
    if wrong.any() or np.isnan(amounts).all():
        raise DataError(
            "a poverty line is not above 0",
            where=f"rows {frame.index[wrong][:5].tolist()}",
            found=amounts[wrong][:1].tolist(),
            expected="a positive amount in the unit of the income",
        )
    return amounts, moves


def _by_place(frame: pd.DataFrame, line: PlaceLines) -> Floats:
    places = column(frame, line.column)
    unknown = sorted({str(p) for p in places.dropna().unique() if p not in line.lines})
    if unknown:
        raise AnalysisError(
            f"{len(unknown)} places have no poverty line",
            where=f"column {line.column}",
            found=", ".join(unknown[:10]),
            expected="a line for every place of the data",
        )
    amounts: Floats = places.map(dict(line.lines)).to_numpy(dtype=np.float64, na_value=np.nan)
    return amounts
