"""Two groups of a survey made ready to be compared: outcome, predictors and design on the rows both share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.design import Design
from childatlas.measures.domains import as_frame, build_domains, numbers
from childatlas.measures.sides import Sides, take_sides
from childatlas.measures.terms import Terms, build_terms

__all__ = ["Paired", "pair_groups"]


@dataclass(frozen=True, eq=False)
class Paired:
    """What a comparison of two groups is made from.

    Attributes
    ----------
    frame : DataFrame
        All rows of the data.
    design : Design
    outcome : array, shape (rows of the data,)
    sides : Sides
        The rows of each group in which the outcome and all predictors are known.
    rows : array of bool
        Those of either group.
    terms : Terms
        The predictors as columns, made from these rows alone.
    """

    frame: pd.DataFrame
    design: Design
    outcome: NDArray[np.float64]
    sides: Sides
    rows: NDArray[np.bool_]
    terms: Terms


def pair_groups(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    between: str,
    groups: tuple[Any, Any],
    weight: str | None,
    design: Mapping[str, Any],
    categorical: Sequence[str] | None,
    normalise: bool = False,
) -> Paired:
    """Return two groups of a survey on the rows in which the outcome and all predictors are known.

    Parameters
    ----------
    data : DataFrame or DuckDB relation
    outcome : str
    predictors : sequence of str
    between : str
        Column that tells the groups apart.
    groups : (first, second)
    weight : str or None
    design : mapping
        ``stratum, cluster, fpc, lonely, nest``, as `survey_mean` takes them.
    categorical : sequence of str or None
        Predictors that are categories though they are numbers.
    normalise : bool
        Whether the effects of categories are counted from their mean.

    Raises
    ------
    AnalysisError
        As `take_sides` and `build_terms`.
    DataError
        As `survey_mean`.
    """
    frame = as_frame(data)
    sampled = build_domains(frame, weight=weight, by=None, design=dict(design)).design
    y = numbers(frame, outcome)
    trial = build_terms(frame, predictors, categorical=categorical)
    sides = take_sides(frame, between, groups, known=trial.known & ~np.isnan(y))
    rows = sides.first | sides.second
    terms = build_terms(frame, predictors, categorical=categorical, normalise=normalise, rows=rows)
    return Paired(frame, sampled, y, sides, rows, terms)
