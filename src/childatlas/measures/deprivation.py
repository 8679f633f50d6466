"""The counting measures of Alkire and Foster on a table of deprivations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.deprivation_result import BY_ITEM, SCALARS, AlkireFoster, Parts
from childatlas.measures.design import Design, as_design
from childatlas.measures.histogram import Histogram, build_histogram
from childatlas.measures.item_weights import scale_weights
from childatlas.measures.ratios import Ratios, estimate_ratios, pattern_ratios
from childatlas.measures.relations import count_relation

__all__ = ["TOLERANCE", "AlkireFoster", "alkire_foster", "measure_deprivation"]

Floats: TypeAlias = NDArray[np.float64]
Table: TypeAlias = pd.Series | pd.DataFrame

TOLERANCE = 1e-9  # six sixths are less than one in floats


def alkire_foster(
    deprived: Any,
    weights: Any,
    cutoff: float,
    *,
    sample_weight: Any = None,
    by: Any = None,
    gaps: Any = None,
    design: Design | Mapping[str, Any] | pd.DataFrame | None = None,
) -> AlkireFoster:
    """Return headcount, intensity, adjusted headcount and their parts for children x items of 0 and 1.

    Parameters
    ----------
    deprived : DataFrame, array or DuckDB relation
        Children x items: 1 deprived, 0 not, missing unknown. A child with a missing item is left out and
        counted in `dropped`. A relation is counted out of core: the items are then those that `weights`
        names, and all that follows is given by names of columns.
    weights : mapping, Series, array or None
        Weight of each item, scaled to sum 1; None weighs all alike.
    cutoff : float
        Share of the weighted items, in (0, 1], from which on a child is poor.
    sample_weight : Series or array, optional
        Sampling weights; those of the design, else 1 each.
    by : Series, array or list of them, optional
        Groups of children: every result is then indexed by group.
    gaps : DataFrame, optional
        Normalised gaps (z - x) / z of cardinal items, for M1 and M2 (of a relation: item -> column).
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
    if hasattr(deprived, "project"):
        counted = _count(deprived, weights, sample_weight=sample_weight, by=by, gaps=gaps, design=design)
        return measure_deprivation(counted, scale_weights(weights, pd.Index(counted.items)), cutoff)
    if isinstance(deprived, np.ndarray) and deprived.ndim == 2:
        deprived = pd.DataFrame(deprived)
    if not isinstance(deprived, pd.DataFrame):
        raise AnalysisError(
            "deprivations have to be a table of children x items",
            found=type(deprived).__name__,
            expected="a DataFrame, an array of two dimensions, or a DuckDB relation",
        )
    sample = None if design is None else as_design(design, deprived.index)
    histogram = build_histogram(deprived, sample_weight=sample_weight, by=by, gaps=gaps, design=sample)
    return measure_deprivation(histogram, scale_weights(weights, deprived.columns), cutoff)


def _count(relation: Any, weights: Any, *, sample_weight: Any, by: Any, gaps: Any, design: Any) -> Histogram:
    """Return the histogram of a relation whose columns are given by their names."""
    if not isinstance(weights, (Mapping, pd.Series)):
        raise AnalysisError(
            "the weights say which columns of a relation are items",
            found=type(weights).__name__,
            expected="a mapping of item -> weight",
        )
    named = {} if design is None else design
    parts = [sample_weight, *(named.values() if isinstance(named, Mapping) else [named])]
    groups = [] if by is None else [by] if isinstance(by, str) else list(by)
    if not all(part is None or isinstance(part, (str, list, tuple, bool)) for part in [*parts, *groups]):
        raise AnalysisError(
            "what belongs to a relation is given by names of its columns",
            found=", ".join(type(part).__name__ for part in [*parts, *groups]),
            expected="sample_weight, by and the parts of the design as names",
        )
    options = {part: column for part, column in dict(named).items() if part != "weight"}
    unknown = set(options) - {"stratum", "cluster", "fpc", "lonely", "nest"}
    if unknown:
        raise AnalysisError(
            "unknown part of a design", found=sorted(unknown), expected="stratum, cluster, fpc"
        )
    weight = dict(named).get("weight") if sample_weight is None else sample_weight
    return count_relation(
        relation, list(weights.keys()), weight=weight, by=groups, gaps=gaps, **options
    ).histogram


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
    result = _result(histogram, ratios.estimate, counts, weights, cutoff=cutoff, errors=errors)
    if not histogram.grouped:
        return result
    sums = np.asarray(histogram.totals.counts @ np.column_stack([complete, poor * scores]))
    return replace(result, parts=Parts(histogram.totals, sums))


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
    pairs = [(_weigh(sums, shares, cell) * poor[cell], everyone) for sums in histogram.gaps]
    more = estimate_ratios(histogram, pairs)
    error = None
    if ratios.error is not None and more.error is not None:
        error = np.hstack([ratios.error, more.error])
    return Ratios(np.hstack([ratios.estimate, more.estimate]), error)


def _weigh(sums: Any, shares: Floats, cell: NDArray[np.int64]) -> Floats:
    """Return the weighted gaps of each cell, from a sparse matrix of cells x items."""
    entries = sums.tocoo()
    amounts = entries.data * shares[cell[entries.row], entries.col]
    return np.bincount(entries.row, amounts, minlength=len(cell)).astype(np.float64)


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
    blocks = {name: values[:, 3 + i * size : 3 + (i + 1) * size] for i, name in enumerate(BY_ITEM)}
    gaps = values[:, 3 + 3 * size :]
    return AlkireFoster(
        **{name: _scalar(histogram, values[:, i], name) for i, name in enumerate(SCALARS)},
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
