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
from childatlas.measures.ratios import Ratios
from childatlas.measures.totals import Totals

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
    values, errors = [], []
    for i, j in combinations(range(len(names)), 2):
        known = complete & asked[:, i] & asked[:, j]
        flags = np.column_stack([known & lacks[:, i] & lacks[:, j], known & lacks[:, i], known & lacks[:, j]])
        measures, slopes = _pair(histogram.totals, flags.astype(np.float64), known.astype(np.float64))
        labels += [(measure, names[i], names[j]) for measure in measures]
        values += list(measures.values())
        if histogram.design is not None:
            errors.append(histogram.totals.errors(np.column_stack([slopes[m] for m in measures])))
    estimate = np.column_stack(values)
    error = np.where(np.isnan(estimate), np.nan, np.hstack(errors)) if errors else None
    return name_estimates(
        histogram, Ratios(estimate, error), labels, names=("measure", "first", "second"), complete=complete
    )


def _pair(totals: Totals, flags: Floats, known: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the measures of one pair by group, and the linearised weighted sum of each part.

    `flags` are per pattern: lacks both, lacks the first, lacks the second.
    """
    group = totals.group
    sums, people = np.asarray(totals.counts @ flags), np.asarray(totals.counts @ known)[:, None]
    size = totals.by_group(people)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = totals.by_group(sums) / size
        centred = list(np.nan_to_num((sums - shares[group] * people) / size[group]).T)
        both, p, q = shares.T
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
