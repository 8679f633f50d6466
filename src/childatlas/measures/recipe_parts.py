"""The choices a recipe can make for an indicator or a level, each a frozen value that refuses nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "Aggregation",
    "AggregationPlan",
    "Imputation",
    "ImputationPlan",
    "Normalisation",
    "NormalisationPlan",
    "Part",
    "Treatment",
    "TreatmentPlan",
    "Weighting",
]


def _dashed(value: Any) -> Any:
    """Let ``equal_influence`` stand for ``equal-influence``."""
    return value.replace("_", "-") if isinstance(value, str) else value


Weighting = Annotated[
    Literal["given", "equal", "entropy", "pca", "factors", "critic", "equal-influence"],
    BeforeValidator(_dashed),
]

_NORMALISATION_PARAMETERS: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "min-max": frozenset({"scale"}),
    "z-score": frozenset({"mean", "sd", "centre", "spread"}),
    "rank": frozenset(),
    "percentile-rank": frozenset({"scale"}),
    "borda": frozenset(),
    "goalposts": frozenset({"low", "high", "percentiles", "clip", "scale"}),
    "distance-to-target": frozenset({"target", "low", "high", "clip", "scale"}),
    "distance-to-best": frozenset({"low", "high", "clip", "scale"}),
    "ratio-to-best": frozenset({"high", "low", "scale"}),
    "exponential-rank": frozenset(),
}
_AGGREGATION_PARAMETERS: dict[str, frozenset[str]] = {
    "arithmetic": frozenset(),
    "geometric": frozenset(),
    "harmonic": frozenset(),
    "generalised": frozenset({"power"}),
    "mazziotta-pareto": frozenset({"pole"}),
    "copeland": frozenset(),
    "wroclaw": frozenset(),
    "owa": frozenset({"order_weights", "power"}),
}


class Part(BaseModel):
    """The base of every part of a recipe: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _by_name(value: Any) -> Any:
    """Let ``"min-max"`` stand for ``{method = "min-max"}``, and ``min_max`` for ``min-max``."""
    plan = {"method": value} if isinstance(value, str) else value
    if isinstance(plan, Mapping) and isinstance(plan.get("method"), str):
        return {**plan, "method": plan["method"].replace("_", "-")}
    return plan


def _refuse_foreign(part: Part, method: str, known: dict[str, frozenset[str]]) -> None:
    foreign = sorted(part.model_fields_set - {"method"} - known[method])
    if foreign:
        takes = ", ".join(sorted(known[method])) or "nothing further"
        raise ValueError(f"{method!r} does not take {', '.join(foreign)}; it takes {takes}")


class Normalisation(Part):
    """How an indicator becomes comparable with the others; oriented so that more is more of the index.

    Attributes
    ----------
    method : str
        ``min-max``, ``z-score``, ``rank``, ``percentile-rank``, ``borda``, ``goalposts``,
        ``distance-to-target``, ``distance-to-best``, ``ratio-to-best``, ``exponential-rank`` or ``none``.
    scale : (float, float)
        What the worst and the best become under the bounded methods.
    low, high : float, optional
        Goalposts in the indicator's own unit of measure; for the distances, the ends they are taken from
        instead of the least and greatest value.
    percentiles : (float, float), optional
        Goalposts at these percentiles of the values instead.
    target : float, optional
        The value to reach, in the indicator's own unit.
    clip : bool, optional
        Values beyond the goalposts count as the goalposts (default for ``goalposts`` alone).
    mean, sd : float, optional
        Fixed reference of a z-score; by default those of the values.
    centre, spread : float
        Mean and standard deviation of the z-scores (100 and 10 for Mazziotta-Pareto).
    """

    method: Literal[
        "min-max",
        "z-score",
        "rank",
        "percentile-rank",
        "borda",
        "goalposts",
        "distance-to-target",
        "distance-to-best",
        "ratio-to-best",
        "exponential-rank",
        "none",
    ] = "min-max"
    scale: tuple[float, float] = (0.0, 100.0)
    low: float | None = None
    high: float | None = None
    percentiles: (
        tuple[Annotated[float, Field(ge=0, le=100)], Annotated[float, Field(ge=0, le=100)]] | None
    ) = None
    target: float | None = None
    clip: bool | None = None
    mean: float | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
    centre: float = 0.0
    spread: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_foreign(self, self.method, _NORMALISATION_PARAMETERS)
        if self.scale[0] >= self.scale[1]:
            raise ValueError(f"scale must rise, found {list(self.scale)}")
        if self.method == "distance-to-target" and self.target is None:
            raise ValueError("distance-to-target needs a target")
        if (self.mean is None) != (self.sd is None):
            raise ValueError("mean and sd of a z-score are fixed together or not at all")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(
                f"goalposts would divide by zero or less: low {self.low} is not under high {self.high}"
            )
        if self.method == "goalposts":
            self._check_goalposts()
        return self

    def _check_goalposts(self) -> None:
        fixed = self.low is not None and self.high is not None
        if fixed == (self.percentiles is not None):
            raise ValueError("goalposts need low and high, or percentiles, and not both")
        if self.percentiles is not None and self.percentiles[0] >= self.percentiles[1]:
            raise ValueError(f"percentiles must rise, found {list(self.percentiles)}")


class Treatment(Part):
    """What happens to outliers before normalisation; nothing by default.

    ``winsorise`` moves up to `most` of the farthest values to the next one while the sample-adjusted
    absolute skewness exceeds `skewness` and the excess kurtosis exceeds `kurtosis`; ``log`` and
    ``box-cox`` transform such an indicator; ``auto`` winsorises and, where that is not enough, takes the
    logarithm.
    """

    method: Literal["none", "winsorise", "log", "box-cox", "auto"] = "none"
    skewness: Annotated[float, Field(gt=0)] = 2.0
    kurtosis: float = 3.5
    most: Annotated[int, Field(ge=1)] = 5
    always: bool = False


class Imputation(Part):
    """How a missing figure is filled, if at all; each filled one is flagged."""

    method: Literal["none", "group-mean", "em", "nearest"] = "none"
    k: Annotated[int, Field(ge=1)] = 3


class Aggregation(Part):
    """How the parts of a node become its score.

    `power` is the exponent of ``generalised``, and of the quantifier Q(r) = r ** power of ``owa`` (over 1
    gives the worse parts more weight). `order_weights` of ``owa`` go from the worst part to the best.
    `pole` of ``mazziotta-pareto`` is ``negative`` (mean - sd x cv) or ``positive``; by default the one that
    punishes imbalance: negative for well-being, positive for deprivation.
    """

    method: Literal[
        "arithmetic", "geometric", "harmonic", "generalised", "mazziotta-pareto", "copeland", "wroclaw", "owa"
    ] = "arithmetic"
    power: float | None = None
    pole: Literal["negative", "positive"] | None = None
    order_weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_foreign(self, self.method, _AGGREGATION_PARAMETERS)
        if self.method == "generalised" and self.power is None:
            raise ValueError("a generalised mean needs its power")
        if self.method == "owa":
            if (self.power is None) == (self.order_weights is None):
                raise ValueError("owa needs order_weights or power, and not both")
            if self.power is not None and self.power <= 0:
                raise ValueError(f"the power of an owa must be over 0, found {self.power}")
            if self.order_weights is not None and sum(self.order_weights) <= 0:
                raise ValueError("order_weights are all zero")
        return self


NormalisationPlan = Annotated[Normalisation, BeforeValidator(_by_name)]
TreatmentPlan = Annotated[Treatment, BeforeValidator(_by_name)]
ImputationPlan = Annotated[Imputation, BeforeValidator(_by_name)]
AggregationPlan = Annotated[Aggregation, BeforeValidator(_by_name)]
