"""The counting measures of Alkire and Foster on a table of deprivations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design, as_design
from childatlas.measures.histogram import ALL, Histogram, build_histogram
from childatlas.measures.item_weights import scale_weights
from childatlas.measures.ratios import Ratios, estimate_ratios, pattern_ratios

__all__ = ["TOLERANCE", "AlkireFoster", "alkire_foster", "measure_deprivation"]

Floats: TypeAlias = NDArray[np.float64]
Number: TypeAlias = float | pd.Series
Table: TypeAlias = pd.Series | pd.DataFrame

TOLERANCE = 1e-9  # six sixths are less than one in floats
_SCALARS = ("headcount", "intensity", "adjusted")
_BY_ITEM = ("censored", "uncensored", "contribution")


@dataclass(frozen=True, eq=False)
class AlkireFoster:
    """Counting measures of multiple deprivation, for one population or indexed by group.

    Attributes
    ----------
    headcount, intensity, adjusted : float, or Series by group
        H, the share of children who are poor; A, their mean weighted share of deprivations (NaN without
        poor); M0 = H x A.
    censored, uncensored, contribution : Series by item, or DataFrame group x item
        Share of children poor and deprived in the item; share deprived in it; the item's share of M0
        (NaN where M0 is 0).
    m1, m2 : float, Series by group, or None
        Adjusted gap and squared gap, where gaps were given.
    n, dropped : int, or Series by group
        Children counted, and children left out for a missing item.
    population : float, or Series by group
        Sum of sampling weights of the children counted.
    weights : Series by item, or DataFrame profile x item
        Scaled to sum 1.
    cutoff : float
    errors : AlkireFoster or None
        Standard errors in the same places, where a design was given.
    """

    headcount: Any
    intensity: Any
    adjusted: Any
    censored: Any
    uncensored: Any
    contribution: Any
    m1: Any
    m2: Any
    n: Any
    dropped: Any
    population: Any
    weights: pd.Series | pd.DataFrame
    cutoff: float
    errors: AlkireFoster | None = field(default=None, repr=False)

    def table(self) -> pd.DataFrame:
        """Return all measures as rows: group, measure, item, estimate, se, n."""
        parts = [*_SCALARS, *_BY_ITEM, *(m for m in ("m1", "m2") if getattr(self, m) is not None)]
        rows = [_long(self, name) for name in parts]
        return pd.concat(rows, ignore_index=True)


def alkire_foster(
    deprived: pd.DataFrame,
    weights: Any,
    cutoff: float,
    *,
    sample_weight: Any = None,
    by: Any = None,
    gaps: pd.DataFrame | None = None,
    design: Design | Mapping[str, Any] | None = None,
) -> AlkireFoster:
    """Return headcount, intensity, adjusted headcount and their parts for children x items of 0 and 1.

    Parameters
    ----------
    deprived : DataFrame
        Children x items: 1 deprived, 0 not, missing unknown. A child with a missing item is left out and
        counted in `dropped`.
    weights : mapping, Series, array or None
        Weight of each item, scaled to sum 1; None weighs all alike.
    cutoff : float
        Share of the weighted items, in (0, 1], from which on a child is poor.
    sample_weight : Series or array, optional
        Sampling weights; those of the design, else 1 each.
    by : Series, array or list of them, optional
        Groups of children: every result is then indexed by group.
    gaps : DataFrame, optional
        Normalised gaps (z - x) / z of cardinal items, for M1 and M2.
    design : Design, mapping or DataFrame, optional
        Strata, clusters and finite population, for standard errors by linearisation.

    Returns
    -------
    AlkireFoster

    Raises
    ------
    AnalysisError
        If the cutoff or the weights make no sense.
    DataError
        If an entry is neither 0, 1 nor missing, or a sampling weight is not positive.

    Notes
    -----
    Alkire and Foster (2011), Journal of Public Economics 95, section 3. Scores are compared with the
    cutoff within 1e-9.

    Examples
    --------
    >>> table = pd.DataFrame({"water": [1, 0, 1], "school": [1, 0, 0]})
    >>> result = alkire_foster(table, {"water": 1, "school": 1}, 0.5)
    >>> round(result.adjusted, 3)
    0.5
    """
    sample = None if design is None else as_design(design, deprived.index)
    histogram = build_histogram(deprived, sample_weight=sample_weight, by=by, gaps=gaps, design=sample)
    return measure_deprivation(histogram, scale_weights(weights, deprived.columns), cutoff)


def measure_deprivation(
    histogram: Histogram, weights: pd.Series | pd.DataFrame, cutoff: float
) -> AlkireFoster:
    """Return the Alkire-Foster measures of a histogram.

    Parameters
    ----------
    histogram : Histogram
    weights : Series by item, or DataFrame profile x item
        Scaled to sum 1 over the items (of each profile).
    cutoff : float
        In (0, 1].

    Raises
    ------
    AnalysisError
        If the cutoff is not in (0, 1].
    """
    cutoff = _check_cutoff(cutoff)
    shares = _shares(histogram, weights)
    scores = np.minimum((histogram.deprived * shares).sum(axis=1), 1.0)  # six sixths, in floats, may pass one
    complete = histogram.complete
    poor = complete & (scores >= cutoff - TOLERANCE)
    pairs = _amounts(histogram, shares, scores=scores, complete=complete, poor=poor)
    ratios = _with_gaps(histogram, pattern_ratios(histogram, pairs), shares, complete=complete, poor=poor)
    known = complete[histogram.pattern]
    counts = {
        "n": histogram.count_by_group(where=known),
        "dropped": histogram.count_by_group(where=~known),
        "population": histogram.sum_by_group(where=known),
    }
    errors = None
    if ratios.error is not None:
        errors = _result(histogram, ratios.error, counts, weights, cutoff=cutoff)
    return _result(histogram, ratios.estimate, counts, weights, cutoff=cutoff, errors=errors)


def _shares(histogram: Histogram, weights: pd.Series | pd.DataFrame) -> Floats:
    """Return the weight of each item in each pattern."""
    if isinstance(weights, pd.Series):
        return np.broadcast_to(weights.to_numpy(dtype=np.float64), histogram.deprived.shape)
    if histogram.profile is None:
        raise AnalysisError("weights by profile need a histogram that knows profiles")
    table: Floats = weights.to_numpy(dtype=np.float64)
    found: Floats = table[histogram.profile]
    return found


def _check_cutoff(cutoff: float) -> float:
    if isinstance(cutoff, bool) or not isinstance(cutoff, (int, float, np.number)) or not 0 < cutoff <= 1:
        raise AnalysisError(
            "the cutoff is a share of the weighted items",
            found=cutoff,
            expected="a number above 0 and at most 1",
            fix="divide a number of items by how many there are",
        )
    return float(cutoff)


def _amounts(
    histogram: Histogram,
    shares: Floats,
    *,
    scores: Floats,
    complete: NDArray[np.bool_],
    poor: NDArray[np.bool_],
) -> Iterator[tuple[Floats, Floats]]:
    """Yield numerator and denominator per child of each pattern: H, A, M0, then by item the three parts."""
    everyone, of_poor = complete.astype(np.float64), poor.astype(np.float64)
    depth = of_poor * scores
    yield of_poor, everyone
    yield depth, of_poor
    yield depth, everyone
    lacks = (histogram.deprived & histogram.applicable).T
    for lack in lacks:
        yield of_poor * lack, everyone
    for lack in lacks:
        yield everyone * lack, everyone
    for j, lack in enumerate(lacks):
        yield of_poor * lack * shares[:, j], depth


def _with_gaps(
    histogram: Histogram,
    ratios: Ratios,
    shares: Floats,
    *,
    complete: NDArray[np.bool_],
    poor: NDArray[np.bool_],
) -> Ratios:
    """Return the ratios with M1 and M2 behind them, where gaps were counted."""
    if histogram.gaps is None:
        return ratios
    cell = histogram.pattern
    everyone = histogram.weight * complete[cell]
    pairs = [((sums * shares[cell]).sum(axis=1) * poor[cell], everyone) for sums in histogram.gaps]
    more = estimate_ratios(histogram, pairs)
    error = None
    if ratios.error is not None and more.error is not None:
        error = np.hstack([ratios.error, more.error])
    return Ratios(np.hstack([ratios.estimate, more.estimate]), error)


def _result(
    histogram: Histogram,
    values: Floats,
    counts: dict[str, NDArray[Any]],
    weights: pd.Series | pd.DataFrame,
    *,
    cutoff: float,
    errors: AlkireFoster | None = None,
) -> AlkireFoster:
    items = weights.index if isinstance(weights, pd.Series) else weights.columns
    size = len(items)
    blocks = {name: values[:, 3 + i * size : 3 + (i + 1) * size] for i, name in enumerate(_BY_ITEM)}
    gaps = values[:, 3 + 3 * size :]
    return AlkireFoster(
        **{name: _scalar(histogram, values[:, i], name) for i, name in enumerate(_SCALARS)},
        **{name: _by_item(histogram, block, items, name) for name, block in blocks.items()},
        m1=_scalar(histogram, gaps[:, 0], "m1") if gaps.shape[1] else None,
        m2=_scalar(histogram, gaps[:, 1], "m2") if gaps.shape[1] else None,
        **{name: _scalar(histogram, count, name) for name, count in counts.items()},
        weights=weights,
        cutoff=cutoff,
        errors=errors,
    )


def _scalar(histogram: Histogram, values: NDArray[Any], name: str) -> Any:
    if histogram.grouped:
        return pd.Series(values, index=histogram.groups, name=name)
    return values[0].item()


def _by_item(histogram: Histogram, block: Floats, items: pd.Index, name: str) -> Table:
    if histogram.grouped:
        return pd.DataFrame(block, index=histogram.groups, columns=items)
    return pd.Series(block[0], index=items, name=name)


def _long(result: AlkireFoster, name: str) -> pd.DataFrame:
    """One measure's rows of the long table."""
    weights = result.weights
    known = list(weights.index if isinstance(weights, pd.Series) else weights.columns)
    items = known if name in _BY_ITEM else [""]
    groups = result.n.index if isinstance(result.n, pd.Series) else pd.Index([ALL])
    names = [n if n is not None else _group_name(i, groups.nlevels) for i, n in enumerate(groups.names)]
    frame = groups.repeat(len(items)).to_frame(index=False, name=names if groups.nlevels > 1 else names[0])
    frame["measure"] = name
    frame["item"] = items * len(groups)
    frame["estimate"] = np.asarray(getattr(result, name), dtype=np.float64).ravel()
    errors = result.errors
    frame["se"] = np.nan if errors is None else np.asarray(getattr(errors, name), dtype=np.float64).ravel()
    frame["n"] = np.repeat(np.atleast_1d(np.asarray(result.n)), len(items))
    return frame


def _group_name(level: int, levels: int) -> str:
    return "group" if levels == 1 else f"group_{level + 1}"
