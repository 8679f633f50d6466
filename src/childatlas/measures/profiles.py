"""A profile outside the table (the country, a target) on the scale of an index already built."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.index_input import take_profile
from childatlas.measures.index_result import IndexResult
from childatlas.measures.normalise import fixed_reference, normalise
from childatlas.measures.recipe_parts import Normalisation
from childatlas.measures.treatment import learn_treatment
from childatlas.measures.tree import build_tree

__all__ = ["normalised_profile", "references"]


def references(index: IndexResult) -> dict[str, Normalisation]:
    """Return each indicator's normalisation with its goalposts or moments fixed at what the units gave.

    Raises
    ------
    AnalysisError
        If an indicator is normalised by ranks, which have no place for a value outside the table.
    """
    fixed = {}
    for item in build_tree(index.recipe).indicators:
        how = item.normalisation or index.recipe.normalisation
        try:
            fixed[item.id] = fixed_reference(index.treated[item.id].to_numpy(float), how)
        except ValueError as error:
            raise AnalysisError(
                "a profile outside the table cannot be placed among ranks",
                where=f"indicator {item.id}",
                found=how.method,
                expected="min-max, z-score, goalposts or a distance",
                fix=str(error),
            ) from None
    return fixed


def normalised_profile(index: IndexResult, profile: pd.Series | Literal["median"]) -> pd.Series:
    """Return `profile` treated and normalised as the units were; NaN where it has no figure."""
    tree = build_tree(index.recipe)
    raw = index.values.median() if isinstance(profile, str) else take_profile(profile, tree)
    plans = references(index)
    out = {}
    for item in tree.indicators:
        column = index.values[item.id].to_numpy(float)
        how = learn_treatment(column, item.treatment or index.recipe.treatment)
        sign = 1.0 if item.direction == index.recipe.direction else -1.0
        constant = index.normalised[item.id].notna().sum() == 0
        value = how.apply(np.array([raw[item.id]], dtype=float))
        out[item.id] = np.nan if constant else float(normalise(value, plans[item.id], sign=sign)[0])
    return pd.Series(out, name="reference")
