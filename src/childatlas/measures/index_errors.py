"""Standard errors of an index, from those of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from childatlas.measures.choices import Choices
from childatlas.measures.index_input import take_errors, take_values
from childatlas.measures.recipe import Recipe, as_recipe
from childatlas.measures.space_build import open_space
from childatlas.measures.tree import build_tree

__all__ = ["IndexErrors", "index_errors"]


@dataclass(frozen=True, eq=False)
class IndexErrors:
    """What the errors of the figures make of the index.

    Attributes
    ----------
    se : Series
        Standard error of each unit's score; NaN where one of its figures is published without an error,
        because the sum of the known ones would be too small.
    covariance : DataFrame
        Units x units. Scores share goalposts, so they are not independent.
    without_errors : Series
        How many of the unit's figures have no error.
    draws : DataFrame
        Draws x units.
    """

    se: pd.Series
    covariance: pd.DataFrame
    without_errors: pd.Series
    draws: pd.DataFrame


def index_errors(
    values: pd.DataFrame,
    standard_errors: pd.DataFrame,
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    seed: int,
    draws: int = 2_000,
    groups: pd.Series | None = None,
) -> IndexErrors:
    """Return the standard errors and covariance of the index, by drawing every figure from N(value, se).

    Raises
    ------
    DataError
        If an error is negative or belongs to an unknown unit.
    """
    made = as_recipe(recipe)
    tree = build_tree(made)
    only_figures = Choices(figures=True)
    space = open_space(
        values, made, only_figures, seed=seed, size=draws, standard_errors=standard_errors, groups=groups
    )
    scores = space.scores((np.arange(draws)[:, None] + 0.5) / draws)
    table = pd.DataFrame(scores, columns=values.index)
    present = take_values(values, made, tree).notna()
    lacking = (present & take_errors(values, standard_errors, tree).isna()).sum(axis=1)
    covariance = table.cov()
    known = (lacking == 0).to_numpy()
    outer = np.where(known[:, None] & known[None, :], covariance.to_numpy(float), np.nan)
    return IndexErrors(
        se=table.std().where(lacking == 0).rename("se"),
        covariance=pd.DataFrame(outer, index=values.index, columns=values.index),
        without_errors=lacking.rename("without_errors"),
        draws=table,
    )
