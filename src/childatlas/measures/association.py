"""Which deprivations say the same thing: association and redundancy of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from childatlas.measures.histogram import Histogram
from childatlas.measures.moda import dimension_flags
from childatlas.measures.named import Estimates, name_estimates
from childatlas.measures.ratios import Ratios, smooth_errors

__all__ = ["associate_deprivations"]

Floats: TypeAlias = NDArray[np.float64]


def associate_deprivations(
    histogram: Histogram, dimensions: Mapping[str, Sequence[str]] | None = None
) -> Estimates:
    """Return Cramer's V and the redundancy R0 of each pair of dimensions (of items without `dimensions`).

    Returns
    -------
    Estimates
        Named by ``measure, first, second``: ``both`` the share lacking both, ``cramers_v`` (0 independent,
        1 the same), ``phi`` with its sign, ``redundancy`` the share of the rarer deprivation's children who
        lack the other too. NaN where one of them is lacked by nobody or by all (V) or by nobody (R0).

    Notes
    -----
    Alkire et al. (2015), Multidimensional Poverty Measurement and Analysis, section 7.3. Errors by the delta
    method; at independence that of V is not normal, look at ``phi``.
    """
    chosen = {i: [i] for i in histogram.items} if dimensions is None else dimensions
    lacks, asked = dimension_flags(histogram, chosen)
    complete, names = histogram.complete, list(chosen)
    labels: list[tuple[str, str, str]] = []
    values, scores = [], []
    for i, j in combinations(range(len(names)), 2):
        known = complete & asked[:, i] & asked[:, j]
        measures, slopes = _pair(histogram, known, lacks[:, i], lacks[:, j])
        labels += [(measure, names[i], names[j]) for measure in measures]
        values += list(measures.values())
        scores += [slopes[measure] for measure in measures]
    error = None
    estimate = np.column_stack(values)
    if histogram.design is not None:
        error = np.where(np.isnan(estimate), np.nan, smooth_errors(histogram, np.column_stack(scores)))
    return name_estimates(
        histogram, Ratios(estimate, error), labels, names=("measure", "first", "second"), complete=complete
    )


def _pair(
    histogram: Histogram, known: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the measures of one pair by group, and the linearised weighted value of each cell."""
    cell, group = histogram.pattern, histogram.group
    weight = histogram.weight * known[cell]
    size = np.bincount(group, weight, minlength=len(histogram.groups))
    flags = [(first & second)[cell], first[cell], second[cell]]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [np.bincount(group, weight * f, minlength=len(size)) / size for f in flags]
        centred = [
            np.nan_to_num(weight * (f - m[group]) / size[group]) for f, m in zip(flags, means, strict=True)
        ]
        both, p, q = means
        scale = np.sqrt(p * (1 - p) * q * (1 - q))
        phi = np.where(scale > 1e-12, (both - p * q) / scale, np.nan)
        by_p = -q / scale - phi * (1 - 2 * p) / (2 * p * (1 - p))
        by_q = -p / scale - phi * (1 - 2 * q) / (2 * q * (1 - q))
        rarer = np.minimum(p, q)
        redundancy = np.where(rarer > 0, both / rarer, np.nan)
        in_phi = _combine((1 / scale, by_p, by_q), centred, group)
        in_r0 = _combine(
            (1 / rarer, np.where(p <= q, -redundancy / rarer, 0), np.where(p <= q, 0, -redundancy / rarer)),
            centred,
            group,
        )
    measures = {"both": both, "cramers_v": np.abs(phi), "phi": phi, "redundancy": redundancy}
    slopes = {
        "both": centred[0],
        "cramers_v": in_phi * np.sign(phi)[group],
        "phi": in_phi,
        "redundancy": in_r0,
    }
    return measures, {name: np.nan_to_num(s, posinf=0, neginf=0) for name, s in slopes.items()}


def _combine(slopes: tuple[Floats, ...], centred: list[Floats], group: NDArray[np.int64]) -> Floats:
    result = np.zeros(len(group))
    for slope, part in zip(slopes, centred, strict=True):
        result = result + np.nan_to_num(slope, posinf=0, neginf=0)[group] * part
    return result
