"""Disclosure control: cells too small to show, and those that would give them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.errors import AnalysisError, PrivacyError
from childatlas.figures.additive import cell_keys, find_relations
from childatlas.figures.suppression import DisclosureRule, suppress_cells

__all__ = ["DisclosureRule", "Protected", "count_cells", "protect_figures", "round_amounts", "suppress_cells"]

DOMINANCE = "largest"  # column: share of the cell that its largest contributor makes


@dataclass(frozen=True, eq=False)
class Protected:
    """Figures that may be shown, and what was hidden and why.

    Attributes
    ----------
    figures : DataFrame
        As given; hidden rows have no value, error or count, and the flag ``suppressed``.
    report : DataFrame
        One row per hidden row of `figures` (same index): key columns, ``status`` and ``reason``.
    """

    figures: pd.DataFrame
    report: pd.DataFrame = field(repr=False)


def protect_figures(
    figures: pd.DataFrame, *, parents: Mapping[str, str], rule: DisclosureRule | None = None
) -> Protected:
    """Return the figures with every cell hidden that is too small, or that would give such a one away.

    Parameters
    ----------
    figures : DataFrame
        In table form, with ``n`` unweighted children behind each value; rows without ``n`` are left as they
        are. A column ``largest``, where there is one, holds the share of the largest contributor.
    parents : mapping of unit -> unit above it
        Oblasts to the country, districts to oblasts.
    rule : DisclosureRule, optional

    Returns
    -------
    Protected

    Notes
    -----
    Within an indicator and year, cells are tied by town + village, units within units, sexes and groups,
    where their counts add up. A rate times its people adds up as the counts do, so one pattern protects both.
    """
    rule = rule or DisclosureRule()
    result, reports = figures.copy(), []
    solved: dict[tuple[object, ...], pd.DataFrame] = {}
    for _, block in figures.groupby([col.INDICATOR, col.YEAR], sort=True, dropna=False):
        counted = block[block[col.N].notna()]
        if not len(counted):
            continue
        keys = cell_keys(counted)
        if not keys.is_unique:
            raise PrivacyError(
                "two figures stand for the same cell", found=keys[keys.duplicated()].tolist()[:3],
                fix="drop or merge the double rows first",
            )  # fmt: skip
        counts = pd.Series(counted[col.N].to_numpy(dtype=float), index=keys)
        largest = None
        if DOMINANCE in counted:
            largest = pd.Series(counted[DOMINANCE].to_numpy(dtype=float), index=keys)
        same = (
            tuple(keys),
            counts.to_numpy().tobytes(),
            None if largest is None else largest.to_numpy().tobytes(),
        )
        if same not in solved:  # indicators of one survey share their counts
            solved[same] = suppress_cells(counts, find_relations(counts, parents), rule=rule, largest=largest)
        status = solved[same]
        hidden = status["status"].ne("").to_numpy()
        report = block.loc[counted.index[hidden], list(col.FIGURE_KEY)]
        reports.append(report.assign(**{c: status.loc[hidden, c].to_numpy() for c in status}))
    if not reports:
        return Protected(result, pd.DataFrame(columns=[*col.FIGURE_KEY, "status", "reason"]))
    report = pd.concat(reports)
    result[[col.VALUE, col.SE, col.N]] = result[[col.VALUE, col.SE, col.N]].astype(float)
    result.loc[report.index, [col.VALUE, col.SE, col.N]] = np.nan
    result.loc[report.index, col.FLAG] = [_with_flag(f) for f in figures.loc[report.index, col.FLAG]]
    return Protected(result, report)


def count_cells(
    data: pd.DataFrame, by: Sequence[str], *, weight: str | None = None, contributor: str | None = None
) -> pd.DataFrame:
    """Return ``n`` and ``largest``, the share of the heaviest contributor (say, a household), by cell."""
    amount = pd.Series(1.0, index=data.index) if weight is None else data[weight]
    keys = [data[b] for b in by]
    n = amount.groupby(keys, observed=True).size()
    if contributor is None:
        top = amount.groupby(keys, observed=True).max()
    else:
        each = amount.groupby([*keys, data[contributor]], observed=True).sum()
        top = each.groupby(level=list(range(len(by)))).max()
    return pd.DataFrame({col.N: n, DOMINANCE: top / amount.groupby(keys, observed=True).sum()})


def round_amounts(
    amounts: pd.Series,
    *,
    base: int = 5,
    method: Literal["nearest", "random"] = "nearest",
    seed: int | None = None,
) -> pd.Series:
    """Return amounts rounded to multiples of `base`: to the nearest, or up or down at random without bias.

    Raises
    ------
    AnalysisError
        If the base is below 1, or random rounding has no seed.
    """
    if base < 1 or method not in {"nearest", "random"}:
        raise AnalysisError("rounding needs a base of 1 or more and nearest or random", found=(base, method))
    steps = amounts / base
    if method == "nearest":
        return np.floor(steps + 0.5) * base
    if seed is None:
        raise AnalysisError("random rounding draws", found="no seed", fix="give seed=")
    draw = np.random.default_rng(seed).random(len(amounts))
    return (np.floor(steps) + (draw < steps - np.floor(steps))) * base


def _with_flag(flag: object) -> str:
    parts = [p for p in str(flag).split(";") if p and p != "nan"] if isinstance(flag, str) else []
    return ";".join([*parts, col.SUPPRESSED] if col.SUPPRESSED not in parts else parts)
