"""Inequality between people: every measure of a survey's incomes with its error and its meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.distribution import Incomes, build_measures
from childatlas.measures.domains import as_frame, build_domains, numbers
from childatlas.measures.influence import influence_table

__all__ = ["income_inequality"]

Floats: TypeAlias = NDArray[np.float64]


def income_inequality(
    data: Any,
    income: str,
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    epsilons: tuple[float, ...] = (0.5, 1.0, 2.0),
    alphas: tuple[float, ...] = (-1.0, 2.0),
) -> pd.DataFrame:
    """Return Gini, Theil, mean log deviation, Palma, S80/S20, Wolfson, Atkinson and generalised entropy.

    Parameters
    ----------
    data, weight, stratum, cluster, fpc, by, lonely, nest, level
        As `survey_mean`: one row a person.
    income : str
        Income or consumption, per head or per adult equivalent; a missing one is left out and counted.
    epsilons : tuple of float
        Aversions above 0 for Atkinson's measure.
    alphas : tuple of float
        Parameters of the generalised entropy beside 0 (the mean log deviation) and 1 (Theil's index).

    Returns
    -------
    DataFrame
        ``value, se, low, high, n, df, missing, meaning``, indexed by ``measure``, or by group and measure.
        All are missing with a negative income; mean log deviation and entropies of parameters up to 0 also
        with an income of 0, where Atkinson's measure of aversion 1 and more is 1.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`, or if a parameter is out of range.

    Notes
    -----
    Errors are linearised. Shares of the bottom p are p q - E[(q - y)+], whose influence needs no density;
    Wolfson's polarisation, (1 - 2 L(1/2) - G) mean / median, takes the density at the median by a kernel.
    Complexity O(n log n).

    References
    ----------
    Langel and Tille (2013), JRSS A 176, p. 521 (Gini); Cowell and Flachaire (2015), Handbook of Income
    Distribution 2A, section 6.3; Wolfson (1994), American Economic Review 84, p. 353; Cobham, Schloegl and
    Sumner (2016) for the Palma ratio: the top tenth over the bottom two fifths.
    """
    if any(e <= 0 for e in epsilons):
        raise AnalysisError("Atkinson's aversion is above 0", found=list(epsilons))
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=by, design=design)
    y, people = numbers(frame, income), domains.design.weight
    group = np.where(np.isnan(y), -1, domains.group)
    measures = build_measures(epsilons, alphas)
    values = {name: np.full(domains.size, np.nan) for name in measures}
    scores = {name: np.zeros(len(frame)) for name in measures}
    for code in range(domains.size):
        rows = np.flatnonzero(group == code)
        if not len(rows):
            continue
        incomes = Incomes(y[rows], people[rows] / people[rows].sum())
        for name, measure in measures.items():
            values[name][code], influence = measure(incomes)
            scores[name][rows] = incomes.share * influence
    table = influence_table(domains, group, {n: (values[n], scores[n]) for n in measures}, level=level)
    found = zip(table.index.get_level_values("measure"), table["value"], strict=True)
    return table.assign(meaning=[_meaning(name, value) for name, value in found])


_SENTENCES: dict[str, Callable[[float], str]] = {
    "gini": lambda v: f"Two people drawn at random differ by {2 * v:.3g} of the mean on average.",
    "theil": lambda v: f"Theil's index is {v:.3g}: 0 is equality, most sensitive at the top.",
    "mld": lambda v: f"The mean income is {100 * math.expm1(v):.3g} % above the geometric mean.",
    "palma": lambda v: f"The richest tenth has {v:.3g} times the income of the poorest two fifths.",
    "s80s20": lambda v: f"The richest fifth has {v:.3g} times the income of the poorest fifth.",
    "wolfson": lambda v: f"Polarisation is {v:.3g}: 0 with nobody far from the median.",
    "atkinson": lambda v: (
        f"{100 * v:.3g} % of all income could be given up for equality at the same welfare."
    ),
    "ge": lambda v: f"Generalised entropy is {v:.3g}: 0 is equality.",
}


def _meaning(name: str, value: float) -> str:
    if math.isnan(value):
        return "Missing: no income, one that is zero or negative, or a mean that is not above 0."
    return _SENTENCES[name.split("(", maxsplit=1)[0]](value)
