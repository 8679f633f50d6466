"""Weighted ratios, means and totals by group, their variances and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from childatlas.errors import AnalysisError
from childatlas.measures.design import Design
from childatlas.measures.domains import Domains
from childatlas.measures.linearisation import grouped_variance
from childatlas.measures.replicates import Replicates, replicate_variance

__all__ = ["COLUMNS", "assemble_rows", "estimate_ratio", "t_interval"]

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

COLUMNS = ("estimate", "se", "low", "high", "cv", "deff", "n", "effective_n", "df", "missing")


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over the rows of each group that have a value."""

    group: Codes
    size: int

    @property
    def inside(self) -> NDArray[np.bool_]:
        return self.group >= 0

    @property
    def place(self) -> Codes:
        return np.maximum(self.group, 0)

    def __call__(self, values: Floats) -> Floats:
        kept = np.where(self.inside, values, 0.0)
        return np.bincount(self.place, kept, minlength=self.size).astype(np.float64)


def estimate_ratio(
    domains: Domains, y: Floats, x: Floats | None, *, level: float, replicates: Replicates | None
) -> pd.DataFrame:
    """Return one variable's rows by group: sum(w y) / sum(w x), or sum(w y) where `x` is None.

    NaN in `y` or `x` takes a row out and counts it in ``missing``. Values whose squares are no floats
    have no error.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _estimate(domains, y, x, level=level, replicates=replicates)


def _estimate(
    domains: Domains, y: Floats, x: Floats | None, *, level: float, replicates: Replicates | None
) -> pd.DataFrame:
    weight, size = domains.design.weight, domains.size
    known = ~np.isnan(y) if x is None else ~(np.isnan(y) | np.isnan(x))
    sums = _Sums(np.where(known, domains.group, -1), size)
    y, base = np.where(known, y, 0.0), np.where(known, 1.0 if x is None else x, 0.0)
    n, people, whole = sums(np.ones(len(y))), sums(weight), sums(weight * base)
    estimate, centre = _ratio(sums, weight, y, x), _ratio(sums, weight, y, base)
    residual = np.where(sums.inside, y - np.nan_to_num(centre)[sums.place] * base, 0.0)
    scale = np.ones(size) if x is None else np.where(whole != 0, whole, np.nan)
    if replicates is None:
        scores = np.where(sums.inside, weight * (y if x is None else residual), 0.0) / scale[sums.place]
        variance = grouped_variance(domains.design, sums.group, size, scores)[:, 0]
        df = domains.degrees_of_freedom(sums.group)
    else:
        variance = replicate_variance(replicates, lambda w: _ratio(sums, w, y, x))
        df = np.full(size, replicates.df)
    simple = _simple_variance(domains.design, sums(weight * residual**2), people, n) * (people / scale) ** 2
    variance = np.where(n > 0, variance, np.nan)
    missing = np.bincount(np.maximum(domains.group, 0), (domains.group >= 0) & ~known, minlength=size)
    return _rows(
        np.where(n > 0, estimate, np.nan), variance, simple, n=n, df=df, missing=missing, level=level
    )


def _ratio(sums: _Sums, weight: Floats, y: Floats, x: Floats | None) -> Floats:
    top = sums(weight * y)
    if x is None:
        return top
    whole = sums(weight * x)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = np.where(whole != 0, top / whole, np.nan)
    return ratio


def _simple_variance(design: Design, squares: Floats, people: Floats, n: NDArray[Any]) -> Floats:
    """Return the variance of a mean under simple random sampling of the same size."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = squares / people * n / (n - 1) / n
        if design.expands:
            spread = np.where(people > n, spread * (1 - n / people), np.nan)
    return np.where(n > 1, spread, np.nan)


def _rows(
    estimate: Floats,
    variance: Floats,
    simple: Floats,
    *,
    n: NDArray[Any],
    df: Floats,
    missing: NDArray[Any],
    level: float,
) -> pd.DataFrame:
    se = np.sqrt(variance)
    low, high = t_interval(estimate, se, df, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        cv = np.where(estimate != 0, se / np.abs(estimate), np.nan)
        deff = np.where(simple > 0, variance / simple, np.nan)
        effective = np.where(deff > 0, n / deff, np.nan)
    columns = (estimate, se, low, high, cv, deff, n.astype(np.int64), effective, df, missing.astype(np.int64))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def t_interval(estimate: Floats, se: Floats, df: Floats, level: float) -> tuple[Floats, Floats]:
    """Return Student's interval, NaN where no degree of freedom is left."""
    if not 0 < level < 1:
        raise AnalysisError("a confidence level lies between 0 and 1", found=level)
    reach = np.where(df > 0, stats.t.ppf(0.5 + level / 2, np.maximum(df, 1)), np.nan) * se
    return estimate - reach, estimate + reach


def assemble_rows(
    parts: list[pd.DataFrame], names: Sequence[str], domains: Domains, *, single: bool
) -> pd.DataFrame:
    """Return the variables' rows in one frame, indexed by variable, by group, or by both."""
    if not domains.grouped:
        return pd.concat(parts).set_axis(pd.Index(names, name="variable"))
    indexed = [part.set_axis(domains.labels) for part in parts]
    if single:
        return indexed[0]
    joined = pd.concat(indexed, keys=names, names=["variable"])
    order = [*range(1, joined.index.nlevels), 0]
    return joined.reorder_levels(order).sort_index(kind="stable")
