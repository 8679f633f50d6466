"""Multiple overlapping deprivation analysis: how many dimensions a child lacks, and which go together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.histogram import Histogram
from childatlas.measures.named import Estimates, named_ratios

__all__ = ["count_deprivation", "count_dimensions", "dimension_flags"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Part: TypeAlias = tuple[tuple[Hashable, ...], Floats, Floats]

NAMES = ("measure", "dimension", "other", "count")


def count_dimensions(histogram: Histogram, dimensions: Mapping[str, Sequence[str]]) -> Estimates:
    """Return MODA's measures: headcounts by dimension and by number of dimensions, and overlaps.

    Parameters
    ----------
    histogram : Histogram
    dimensions : mapping of dimension -> items
        A child lacks a dimension when it lacks any of its items that apply to it.

    Returns
    -------
    Estimates
        Measures, named by ``measure, dimension, other, count``:

        - ``headcount`` share lacking the dimension; ``average`` mean number of dimensions lacked;
        - ``exactly`` share lacking exactly `count` dimensions, which sum to 1;
        - ``at least``, ``intensity``, ``adjusted``: share lacking `count` or more, the mean share of
          dimensions that those lack, and the product of both;
        - ``overlap`` share lacking the dimension and exactly `count` others: sums to its headcount;
        - ``pair`` share lacking both dimensions; ``only pair`` both and no other; ``triple`` three at once,
          the third in `other` after a plus sign.

    Raises
    ------
    AnalysisError
        If a dimension has no item, or names one that was not counted.

    Notes
    -----
    De Neubourg, Chai, de Milliano, Plavgo and Wei (2012), Step-by-step guidelines to MODA, UNICEF Innocenti
    working paper 2012-10, sections 5 and 6. The share of dimensions is of those that apply to the child.
    """
    lacks, asked = dimension_flags(histogram, dimensions)
    complete = histogram.complete
    first, classes = _distinct(np.column_stack([lacks & complete[:, None], asked, complete]))
    lacks, asked = (lacks & complete[:, None])[first], asked[first]
    parts = _dimension_parts(list(dimensions), lacks, asked, complete=complete[first])
    return named_ratios(histogram, parts, names=NAMES, complete=complete, classes=classes)


def count_deprivation(
    histogram: Histogram, items: Sequence[str] | None = None, *, threshold: int = 3
) -> Estimates:
    """Return the count of deprivations without weights: EU's child deprivation has 17 items, 3 or more.

    Parameters
    ----------
    histogram : Histogram
    items : sequence of str, optional
        Which items count; all by default.
    threshold : int
        A child is deprived when it lacks so many or more.

    Returns
    -------
    Estimates
        ``deprived`` share at or over the threshold, ``breadth`` mean number of items lacked, ``severity``
        mean number lacked by the deprived, ``exactly`` and ``at least`` by `count`.

    Raises
    ------
    AnalysisError
        If an item was not counted or the threshold is out of reach.

    Notes
    -----
    Guio, Marlier, Vandenbroucke and Verbunt (2020), Eurostat: 17 items, threshold 3.
    """
    chosen = list(histogram.items if items is None else items)
    places = _places(histogram, chosen)
    if not 1 <= threshold <= len(places):
        raise AnalysisError("the threshold is out of reach", found=threshold, expected=f"1 to {len(places)}")
    asked = histogram.applicable[:, places]
    known = np.all(histogram.seen[:, places] | ~asked, axis=1)
    count = (histogram.deprived[:, places] & asked).sum(axis=1)
    first, classes = _distinct(np.column_stack([count, known]))
    parts = _count_parts(count[first], known[first], threshold, len(places))
    return named_ratios(histogram, parts, names=NAMES, complete=known, classes=classes)


def dimension_flags(histogram: Histogram, dimensions: Mapping[str, Sequence[str]]) -> tuple[Flags, Flags]:
    """Return which pattern lacks which dimension, and to which it applies, patterns x dimensions.

    Raises
    ------
    AnalysisError
        If a dimension has no item, or names one that was not counted.
    """
    lacks, asked = [], []
    applicable = histogram.applicable
    for name, items in dimensions.items():
        if not items:
            raise AnalysisError(f"dimension {name!r} has no item")
        places = _places(histogram, items)
        lacks.append((histogram.deprived & applicable)[:, places].any(axis=1))
        asked.append(applicable[:, places].any(axis=1))
    return np.column_stack(lacks), np.column_stack(asked)


def _distinct(rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first place of each distinct row and each row's number among them."""
    key = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        _, codes = np.unique(column, return_inverse=True)
        _, key = np.unique(key * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    _, first, classes = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), classes.astype(np.int64)


def _places(histogram: Histogram, items: Sequence[str]) -> list[int]:
    unknown = [i for i in items if i not in histogram.items]
    if unknown:
        raise AnalysisError("items that were not counted", found=unknown, expected=", ".join(histogram.items))
    return [histogram.items.index(i) for i in items]


def _dimension_parts(names: list[str], lacks: Flags, asked: Flags, *, complete: Flags) -> Iterator[Part]:
    everyone = complete.astype(np.float64)
    count = lacks.sum(axis=1)
    share = count / np.maximum(asked.sum(axis=1), 1)
    yield ("average", "", "", 0), count * everyone, everyone
    for j, name in enumerate(names):
        yield ("headcount", name, "", 0), lacks[:, j].astype(np.float64), everyone
    for k in range(len(names) + 1):
        yield ("exactly", "", "", k), complete * (count == k).astype(np.float64), everyone
    for k in range(1, len(names) + 1):
        poor = complete * (count >= k).astype(np.float64)
        yield ("at least", "", "", k), poor, everyone
        yield ("intensity", "", "", k), poor * share, poor
        yield ("adjusted", "", "", k), poor * share, everyone
    for j, name in enumerate(names):
        for k in range(len(names)):
            yield ("overlap", name, "", k), (lacks[:, j] & (count == k + 1)).astype(np.float64), everyone
    for i, j in combinations(range(len(names)), 2):
        both = (lacks[:, i] & lacks[:, j]).astype(np.float64)
        yield ("pair", names[i], names[j], 2), both, everyone
        yield ("only pair", names[i], names[j], 2), both * (count == 2), everyone
    for i, j, k in combinations(range(len(names)), 3):
        three = (lacks[:, i] & lacks[:, j] & lacks[:, k]).astype(np.float64)
        yield ("triple", names[i], f"{names[j]}+{names[k]}", 3), three, everyone


def _count_parts(count: NDArray[np.int64], known: Flags, threshold: int, items: int) -> Iterator[Part]:
    everyone = known.astype(np.float64)
    deprived = everyone * (count >= threshold)
    yield ("deprived", "", "", threshold), deprived, everyone
    yield ("breadth", "", "", 0), everyone * count, everyone
    yield ("severity", "", "", threshold), deprived * count, deprived
    for k in range(items + 1):
        yield ("exactly", "", "", k), everyone * (count == k), everyone
    for k in range(1, items + 1):
        yield ("at least", "", "", k), everyone * (count >= k), everyone
