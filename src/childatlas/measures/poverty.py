"""Monetary poverty: how many are below a line, how far, and how unequally, with design-based errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import as_frame, build_domains, numbers
from childatlas.measures.influence import density_at, expected_distance, influence_table
from childatlas.measures.poverty_lines import Line, RelativeLine, draw_line

__all__ = ["MEASURES", "measure_poverty"]

Floats: TypeAlias = NDArray[np.float64]

MEASURES = ("headcount", "gap", "severity", "sen", "watts")


@dataclass(frozen=True, eq=False)
class _Poor:
    """One group's incomes over its line, and the shares that its rows are of the group."""

    ratio: Floats
    share: Floats
    density: float

    @property
    def below(self) -> NDArray[np.bool_]:
        return self.ratio < 1


def measure_poverty(
    data: Any,
    income: str,
    line: Line,
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return headcount, gap, severity, Sen's and Watts's measures of poverty, each with its error.

    Parameters
    ----------
    data : DataFrame or DuckDB relation
        One row a person (for child poverty: a child), the whole sample.
    income : str
        Income or consumption, already per head or per adult equivalent (`equivalised_income`).
    line : float, str, RelativeLine or PlaceLines
        An amount, a column of amounts, a share of the median of the sample, or an amount for each place. Poor
        is who has less than the line.
    weight, stratum, cluster, fpc, by, lonely, nest, level
        As `survey_mean`.

    Returns
    -------
    DataFrame
        ``value, se, low, high, n, df, missing``, indexed by measure, or by group and measure: ``headcount``,
        ``gap`` and ``severity`` (Foster, Greer and Thorbecke with powers 0, 1, 2), ``sen`` and ``watts``. A
        missing income or line takes the row out and is counted. Watts is missing where a poor person has no
        positive income. A negative income counts as it is: its gap exceeds 1.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean` and `draw_line`.

    Notes
    -----
    With x = y / z: FGT(a) = E[(1 - x)^a; x < 1]; Watts = E[-ln x; x < 1]; Sen = H (I + (1 - I) G), G the Gini
    of the poor, the limit of Sen's formula for many poor: his factor q / (q + 1) is left out so that
    replicating the population changes nothing. All errors are linearised; with a relative line they include
    that of the line, in which the density at the line is estimated with a kernel. Complexity O(n log n).

    References
    ----------
    Foster, Greer and Thorbecke (1984), Econometrica 52, p. 761; Sen (1976), Econometrica 44, p. 219; Watts
    (1968); Berger and Skinner (2003), Applied Statistics 52, p. 457.
    """
    frame = as_frame(data)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=by, design=design)
    y, people = numbers(frame, income), domains.design.weight
    amounts, moves = draw_line(frame, line, y, people)
    ratio = y / amounts
    group = np.where(np.isnan(ratio), -1, domains.group)
    values = np.full((len(MEASURES), domains.size), np.nan)
    scores = np.zeros((len(MEASURES), len(frame)))
    shift = np.zeros((len(MEASURES), domains.size))
    for code in range(domains.size):
        rows = np.flatnonzero(group == code)
        if not len(rows):
            continue
        density = density_at(1.0, ratio[rows], people[rows]) if isinstance(line, RelativeLine) else 0.0
        poor = _Poor(ratio[rows], people[rows] / people[rows].sum(), np.nan_to_num(density))
        found = [_fgt(poor, 0), _fgt(poor, 1), _fgt(poor, 2), _sen(poor), _watts(poor)]
        for place, (value, influence, slope) in enumerate(found):
            values[place, code], shift[place, code] = value, slope
            scores[place, rows] = poor.share * influence
    parts = {name: (values[i], scores[i]) for i, name in enumerate(MEASURES)}
    common = (moves / amounts, shift) if isinstance(line, RelativeLine) else None
    return influence_table(domains, group, parts, level=level, common=common)


def _fgt(poor: _Poor, power: int) -> tuple[float, Floats, float]:
    """Return the measure, its influence by row, and its derivative with regard to the line's logarithm."""
    gap = np.where(poor.below, 1 - poor.ratio, 0.0)
    each = poor.below.astype(np.float64) if power == 0 else gap**power
    value = float(poor.share @ each)
    if power == 0:
        return value, each - value, poor.density
    before = poor.below.astype(np.float64) if power == 1 else gap ** (power - 1)
    return value, each - value, power * float(poor.share @ before - value)


def _watts(poor: _Poor) -> tuple[float, Floats, float]:
    if (poor.ratio <= 0).any():
        return float("nan"), np.zeros(len(poor.ratio)), 0.0
    each = np.where(poor.below, -np.log(poor.ratio), 0.0)
    value = float(poor.share @ each)
    return value, each - value, float(poor.share @ poor.below)


def _sen(poor: _Poor) -> tuple[float, Floats, float]:
    """Return H I + H (1 - I) G as P1 + D / (2 H), D the mean distance over all pairs of poor."""
    below = poor.below
    gap, pull, rise = _fgt(poor, 1)
    head = float(poor.share @ below)
    if head == 0:
        return 0.0, np.zeros(len(below)), 0.0
    far = np.zeros(len(below))
    far[below] = expected_distance(poor.ratio[below], poor.ratio[below], poor.share[below])
    pairs = float(poor.share @ far)
    value = gap + pairs / (2 * head)
    influence = pull + (2 * (far - pairs) / head - pairs * (below - head) / head**2) / 2
    drift = (2 * poor.density * gap - pairs) / (2 * head) - pairs * poor.density / (2 * head**2)
    return value, influence, rise + drift
