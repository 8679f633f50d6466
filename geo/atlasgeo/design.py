"""An outcome and its determinants on the same units, checked, and what stands against the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = ["Design", "cautions", "design_of"]

Floats = NDArray[np.float64]
FEW_UNITS: Final = 30
UNITS_A_TERM: Final = 10
COLLINEAR: Final = 30.0


@dataclass(frozen=True, eq=False)
class Design:
    """Units with all values, sorted by code.

    Attributes
    ----------
    index : Index
        The caller's index.
    codes : Index
    terms : tuple of str
    y : array, shape (n, 1)
    x : array, shape (n, k)
    weights : csr_array
        Rows sum to one; islands to zero.
    islands : tuple of str
    """

    index: pd.Index
    codes: pd.Index
    terms: tuple[str, ...]
    y: Floats
    x: Floats
    weights: csr_array
    islands: tuple[str, ...]

    @property
    def n(self) -> int:
        """Return the number of units with all values."""
        return len(self.codes)

    def back(self, values: Floats) -> pd.Series:
        """Return values on the caller's index, missing where a unit was dropped."""
        return pd.Series(values, index=self.codes).reindex(self.index)


def design_of(y: pd.Series, x: pd.DataFrame, w: Graph) -> Design:
    """Return the design of a regression on neighbours.

    Raises
    ------
    AnalysisError
        Units differ; no determinant; too few units; an outcome or a term that is constant; collinear terms.
    """
    from scipy.sparse import csr_array, diags_array

    if x.shape[1] == 0:
        raise AnalysisError("a regression needs a determinant", expected="at least one column in x")
    aligned = align([y, *(x[name] for name in x.columns)], w)
    outcome, table = aligned.columns[0], np.column_stack(aligned.columns[1:])
    terms = tuple(map(str, x.columns))
    least = (
        2 * len(terms) + 4
    )  # SLX doubles the terms; a constant, a spatial term, the variance and one to spare
    if aligned.n < least:
        raise AnalysisError(
            "too few units with all values",
            found=f"{aligned.n} of {len(y)}",
            expected=f"at least {least}",
            fix="take fewer determinants",
        )
    _check_rank(outcome, table, terms)
    rows = csr_array(aligned.weights)
    sums = np.asarray(rows.sum(axis=1), dtype=float).ravel()
    standard = csr_array(diags_array(1 / np.where(sums == 0, 1.0, sums)) @ rows)
    return Design(
        y.index, aligned.codes, terms, outcome[:, None], table, standard, tuple(map(str, aligned.islands))
    )


def _check_rank(outcome: Floats, table: Floats, terms: tuple[str, ...]) -> None:
    spread = np.ptp(table, axis=0)
    flat = [term for term, range_ in zip(terms, spread, strict=True) if range_ == 0]
    if flat or np.ptp(outcome) == 0:
        raise AnalysisError(
            "a constant explains nothing and cannot be explained", found=", ".join(flat) or "the outcome"
        )
    z = (table - table.mean(axis=0)) / spread
    if np.linalg.matrix_rank(z) < len(terms):
        raise AnalysisError(
            "determinants are collinear: one is a sum of others", found=", ".join(terms), fix="leave one out"
        )


def cautions(design: Design, diagnostics: pd.DataFrame, alpha: float) -> tuple[str, ...]:
    """Return in plain words what a reader has to hold against the fit."""
    n, k = design.n, len(design.terms)
    said = [
        (
            "These are associations between places, not effects on people: "
            "what holds for areas need not hold for those who live there."
        )
    ]
    if n < FEW_UNITS:
        said.append(
            f"There are {n} units. With so few, a spatial model can fit chance: standard errors and p-values "
            "lean on large samples, and one unit can turn a sign. Read signs and sizes, not stars."
        )
    if n < UNITS_A_TERM * (k + 1):
        said.append(f"{n} units carry about {max(n // UNITS_A_TERM - 1, 0)} determinants; there are {k}.")
    dropped = len(design.index) - n
    if dropped:
        said.append(f"{dropped} of {len(design.index)} units miss a value and were left out.")
    if design.islands:
        said.append(
            f"Units without neighbours enter without spatial terms: {', '.join(design.islands[:10])}."
        )
    if diagnostics.loc["condition number", "statistic"] > COLLINEAR:
        said.append("The determinants say nearly the same: their single coefficients cannot be told apart.")
    if diagnostics.loc["Breusch-Pagan", "p"] <= alpha:
        said.append("The spread of the errors varies between units: standard errors are off.")
    if diagnostics.loc["Jarque-Bera", "p"] <= alpha:
        said.append("The errors are not normal: a few units stand out; look at the residual map.")
    return tuple(said)
