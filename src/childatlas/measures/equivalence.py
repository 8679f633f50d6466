"""Household income made comparable between households of different size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, DataError, nearest

__all__ = ["SCALES", "equivalence_scale", "equivalised_income"]

Floats: TypeAlias = NDArray[np.float64]


def _first_and_others(adult: float, child: float) -> Callable[[Floats, Floats], Floats]:
    """Return a scale that counts the first person 1, further adults and children less."""

    def scale(adults: Floats, children: Floats) -> Floats:
        heads = np.where(adults >= 1, 0.0, 1.0)
        return 1 + adult * np.maximum(adults - 1, 0) + child * (children - heads)

    return scale


SCALES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "oecd": _first_and_others(0.7, 0.5),
    "modified oecd": _first_and_others(0.5, 0.3),
    "square root": lambda adults, children: np.sqrt(adults + children),
    "per head": lambda adults, children: adults + children,
}


def equivalence_scale(adults: Any, children: Any, *, scale: str = "modified oecd") -> Any:
    """Return how many single adults a household's needs equal.

    Parameters
    ----------
    adults, children : number, array or Series
        Persons of 14 years and over, and younger ones, for the OECD scales; for the others only their sum
        counts. NaN stays NaN.
    scale : {"oecd", "modified oecd", "square root", "per head"}
        1 for the first person, then 0.7 and 0.5, or 0.5 and 0.3, for a further adult and a child; the root of
        the number of persons; their number. In a household without adults a child is the first person.

    Returns
    -------
    float or Series
        A Series where `adults` is one, on its index; else as numpy broadcasts.

    Raises
    ------
    AnalysisError
        If the scale is unknown.
    DataError
        If a number of persons is negative or a household has nobody.

    References
    ----------
    OECD (1982), The OECD list of social indicators; Hagenaars, de Vos and Zaidi (1994), Poverty statistics in
    the late 1980s; OECD (2013), Framework for statistics on the distribution of household income, p. 174.

    Examples
    --------
    >>> equivalence_scale(2, 2, scale="modified oecd")
    2.1
    """
    if scale not in SCALES:
        close = ", ".join(nearest(scale, SCALES) or SCALES)
        raise AnalysisError("unknown equivalence scale", found=scale, expected=close)
    grown = np.asarray(adults, dtype=np.float64)
    young = np.asarray(children, dtype=np.float64)
    wrong = (grown < 0) | (young < 0) | (grown + young < 1)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} households have a negative number of persons, or nobody",
            found=f"first at row {int(np.flatnonzero(wrong)[0])}",
            expected="at least one person",
        )
    result = SCALES[scale](grown, young)
    if isinstance(adults, pd.Series):
        return pd.Series(result, index=adults.index, name="equivalence_scale")
    return float(result) if np.ndim(result) == 0 else result


def equivalised_income(income: Any, adults: Any, children: Any, *, scale: str = "modified oecd") -> Any:
    """Return household income per adult equivalent, the income of each of its members.

    Parameters
    ----------
    income : number, array or Series
        Of the whole household.
    adults, children, scale
        As `equivalence_scale`.

    Raises
    ------
    AnalysisError, DataError
        As `equivalence_scale`.
    """
    return income / equivalence_scale(adults, children, scale=scale)
