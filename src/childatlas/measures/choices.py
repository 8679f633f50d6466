"""Which choices of a recipe are opened to doubt: the declared space that Monte Carlo and Sobol explore."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from childatlas.measures.recipe_parts import (
    AggregationPlan,
    ImputationPlan,
    NormalisationPlan,
    Part,
    TreatmentPlan,
)

__all__ = ["Choices"]


class Choices(Part):
    """The choices that vary; what is not named stays as the recipe has it.

    Attributes
    ----------
    weights : dict of level -> float
        Relative half-width of the noise on the weights of a level's nodes (or of ``indicator``): 0.25
        multiplies each weight by a uniform draw from 0.75 to 1.25. Each level is a choice of its own.
    normalisation, treatment, imputation, aggregation : tuple
        Alternatives, each drawn with equal probability beside the recipe's own. An aggregation applies to
        `aggregation_levels`.
    aggregation_levels : tuple of level ids
        Levels whose aggregation varies together; empty means all.
    leave_out : bool
        Leave out one indicator, or none, with equal probability.
    figures : bool
        Draw every figure that has a standard error from a normal distribution.
    ballots : bool
        Draw the ballots again with replacement (needs the ballots).
    floor : float
        Share of a scale at which it starts under a geometric, harmonic or generalised mean: 0.01 turns 0
        to 100 into 1 to 100, since a zero part would make the whole zero. Z-scores around 0 get mean 100
        and standard deviation 10 there and under Mazziotta-Pareto; Borda points start at 1.
    """

    weights: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=dict)
    normalisation: tuple[NormalisationPlan, ...] = ()
    treatment: tuple[TreatmentPlan, ...] = ()
    imputation: tuple[ImputationPlan, ...] = ()
    aggregation: tuple[AggregationPlan, ...] = ()
    aggregation_levels: tuple[str, ...] = ()
    leave_out: bool = False
    figures: bool = False
    ballots: bool = False
    floor: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
