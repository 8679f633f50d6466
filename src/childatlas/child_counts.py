"""Every counting measure of a survey's histogram by groups and their totals, and what of it may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from childatlas.child_disclosure import DEEP, EVERYBODY, POOR_CHILDREN, safe_table
from childatlas.child_figures import deprived_children
from childatlas.definitions import Definitions
from childatlas.measures.association import associate_deprivations
from childatlas.measures.curve import cutoff_curve, decompose_groups
from childatlas.measures.deprivation import TOLERANCE, measure_deprivation
from childatlas.measures.deprivation_result import AlkireFoster
from childatlas.measures.estimates import t_interval
from childatlas.measures.histogram import Histogram, merge_groups
from childatlas.measures.moda import count_deprivation, count_dimensions
from childatlas.measures.publication import PublicationRule
from childatlas.measures.ratios import degrees_of_freedom

__all__ = ["count_tables", "protect_counts"]

Tables = dict[str, pd.DataFrame]
Hidden = tuple[pd.DataFrame, pd.DataFrame]
_CUTOFFS = tuple(k / 10 for k in range(1, 11))


def count_tables(
    histogram: Histogram,
    definitions: Definitions,
    groups: tuple[str, ...],
    *,
    cutoff: float,
    keeps: Iterable[tuple[int, ...]] | None = None,
) -> Tables:
    """Return every counting measure with its error, not yet safe to show.

    Parameters
    ----------
    histogram : Histogram
        Counted by `groups`, in this order.
    definitions : Definitions
    groups : tuple of str
        Names of the columns of groups in the tables.
    cutoff : float
    keeps : iterable of tuple of int, optional
        Which groupings to measure, by the places of their columns in `groups`; all of them by default.

    Returns
    -------
    dict of name -> DataFrame
        ``alkire_foster, moda, count, association, curve`` and, where there are groups, ``decomposition``: a
        column for each group, ``all`` where it is added up, the names of the measure, ``estimate, se, low,
        high, cv, n``. The first and the curve have the deprived children that stand behind a row too; that
        column must not be shown.
    """
    every = range(len(groups))
    wanted = (
        keeps if keeps is not None else (k for n in range(len(groups) + 1) for k in combinations(every, n))
    )
    found: dict[str, list[pd.DataFrame]] = {}
    for keep in wanted:
        merged = merge_groups(histogram, keep)
        for name, table in _measure(merged, definitions, cutoff).items():
            found.setdefault(name, []).append(_all_groups(table, merged, groups, keep))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def protect_counts(
    tables: Mapping[str, pd.DataFrame],
    groups: tuple[str, ...],
    hidden: Hidden,
    *,
    cutoff: float,
    rule: PublicationRule,
    flag: str,
) -> Tables:
    """Return the tables as they may be shown.

    Parameters
    ----------
    tables : mapping of name -> DataFrame
        As `count_tables` returns.
    groups : tuple of str
    hidden : tuple of two DataFrames
        Groups that are hidden, as `hide_groups` returns: of all children, and of the deprived ones at
        `cutoff`.
    cutoff : float
    rule : PublicationRule
    flag : str
        Put into every row.

    Notes
    -----
    A higher cutoff leaves fewer deprived children: where any group of a grouping has too few of them there,
    the curve hides intensity and adjusted headcount of the whole grouping.
    """
    safe = {}
    for name, table in tables.items():
        if name == "curve":
            own = _by_cutoff(table, groups, hidden, cutoff=cutoff, rule=rule)
            safe[name] = safe_table(table, (*groups, "cutoff"), own, rule=rule, flag=flag)
        else:
            safe[name] = safe_table(table, groups, hidden, rule=rule, flag=flag)
    return safe


def _by_cutoff(
    table: pd.DataFrame, groups: tuple[str, ...], hidden: Hidden, *, cutoff: float, rule: PublicationRule
) -> Hidden:
    """Return what is hidden by group and cutoff: no less than at the cutoff of the other tables."""
    whole, few = [], []
    for k, part in table.groupby("cutoff", sort=True):
        deep = part[part["measure"].isin(DEEP)]
        higher = float(k) > cutoff + TOLERANCE and len(deep)
        lost = _too_few(deep, groups, rule) if higher else set()
        keys = pd.Index([(*key, k) for key in hidden[1].index], tupleize_cols=False)
        status = [s or ("primary" if key in lost else "") for key, s in hidden[1]["status"].items()]
        few.append(hidden[1].assign(status=status).set_axis(keys))
        same = pd.Index([(*key, k) for key in hidden[0].index], tupleize_cols=False)
        whole.append(hidden[0].set_axis(same))
    return pd.concat(whole), pd.concat(few)


def _too_few(deep: pd.DataFrame, groups: tuple[str, ...], rule: PublicationRule) -> set[Any]:
    """Return the groups of every grouping in which any has too few deprived children.

    Where a whole grouping is hidden no group of it can be had by subtraction.
    """
    small = deep[POOR_CHILDREN].between(1, rule.least_count - 1)
    keys = list(deep[list(groups)].itertuples(index=False, name=None)) if groups else [()] * len(deep)
    kinds = [tuple(part == EVERYBODY for part in key) for key in keys]
    lost = {kind for kind, few in zip(kinds, small, strict=True) if few}
    return {key for key, kind in zip(keys, kinds, strict=True) if kind in lost}


def _measure(histogram: Histogram, definitions: Definitions, cutoff: float) -> Tables:
    """Return the measures of one grouping, long: names, estimate, se, n and the group's number."""
    dimensions, weights = definitions.dimension_items, definitions.weights()
    result = measure_deprivation(histogram, weights, cutoff)
    threshold = min(definitions.threshold, len(definitions.items))
    counted = {
        "alkire_foster": _with_poor(result.table(), histogram, weights, cutoff),
        "moda": count_dimensions(histogram, dimensions).table(),
        "count": count_deprivation(histogram, threshold=threshold).table(),
        "association": associate_deprivations(histogram, dimensions).table(),
        "curve": _curve(histogram, weights, result.n),
    }
    if histogram.grouped:
        counted["decomposition"] = _decomposition(result, histogram.groups.nlevels)
    return counted


def _with_poor(
    table: pd.DataFrame, histogram: Histogram, weights: pd.DataFrame, cutoff: float
) -> pd.DataFrame:
    """Return the table with the deprived children, unweighted, of each row's group."""
    poor = np.asarray(deprived_children(histogram, weights, cutoff), dtype=float)
    return table.assign(**{POOR_CHILDREN: poor[_places(table, histogram)]})


def _places(table: pd.DataFrame, histogram: Histogram) -> Any:
    """Return the number of each row's group; the groups are the table's first columns."""
    own = list(table.columns[: histogram.groups.nlevels])
    keys = pd.MultiIndex.from_frame(table[own]) if len(own) > 1 else pd.Index(table[own[0]])
    return histogram.groups.get_indexer(keys)


def _curve(histogram: Histogram, weights: pd.DataFrame, n: Any) -> pd.DataFrame:
    curve = cutoff_curve(histogram, weights, _CUTOFFS)
    place = histogram.groups.get_indexer(curve.index.droplevel("cutoff"))
    cutoffs = curve.index.get_level_values("cutoff")
    poor = pd.DataFrame({k: deprived_children(histogram, weights, k) for k in _CUTOFFS}, dtype=float)
    behind = poor.to_numpy()[place, poor.columns.get_indexer(cutoffs)]
    parts = []
    for measure in ("headcount", "intensity", "adjusted"):
        part = curve[[measure, f"{measure}_se"]].set_axis(["estimate", "se"], axis=1)
        counts = {"n": np.atleast_1d(np.asarray(n))[place], POOR_CHILDREN: behind}
        parts.append(part.assign(measure=measure, **counts))
    return pd.concat(parts).reset_index()


def _decomposition(result: AlkireFoster, levels: int) -> pd.DataFrame:
    """Return what each group adds to the whole, with its errors, a row a group and measure."""
    estimates, errors = (decompose_groups(result, errors=e).reset_index() for e in (False, True))
    own = list(estimates.columns[:levels])
    long, spread = (
        table.melt(id_vars=own, var_name="measure", value_name="estimate") for table in (estimates, errors)
    )
    n = np.tile(np.asarray(result.n), estimates.shape[1] - levels)
    return long.assign(se=spread["estimate"].to_numpy(dtype=float), n=n)


def _all_groups(
    table: pd.DataFrame, histogram: Histogram, groups: tuple[str, ...], keep: tuple[int, ...]
) -> pd.DataFrame:
    """Return the rows with a column for every grouping variable, and intervals."""
    own = table.columns[: histogram.groups.nlevels]
    named = dict(zip((groups[i] for i in keep), own, strict=False)) if keep else {}
    columns = {g: table[named[g]].astype(str) if g in named else EVERYBODY for g in groups}
    rest = table.drop(columns=list(own))
    df = degrees_of_freedom(histogram)[_places(table, histogram)]
    low, high = t_interval(rest["estimate"].to_numpy(float), rest["se"].to_numpy(float), df, 0.95)
    spread = rest["se"] / rest["estimate"].abs().where(rest["estimate"] != 0)
    return pd.DataFrame(columns, index=table.index).join(rest.assign(low=low, high=high, cv=spread))
