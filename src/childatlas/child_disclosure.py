"""Disclosure control of the tables of a survey file: groups too small, and what only a few stand behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.figures.additive import Relation
from childatlas.figures.suppression import DisclosureRule, suppress_cells
from childatlas.measures.publication import SUPPRESS, PublicationRule, judge_estimates

__all__ = ["DEEP", "EVERYBODY", "POOR_CHILDREN", "hide_groups", "safe_table"]

EVERYBODY = "all"
POOR_CHILDREN = "__poor_children"  # column: the deprived children of a group, unweighted
FEW_DEPRIVED = "too few deprived children"
# Measures that only the deprived children stand behind, or that give one of these away beside the others.
DEEP = ("intensity", "adjusted", "m1", "m2", "censored", "contribution", "relative", "severity")


def hide_groups(
    table: pd.DataFrame, groups: tuple[str, ...], rule: PublicationRule, *, count: str = "n"
) -> pd.DataFrame:
    """Return which groups are hidden: too few children, or those that would give such a group away.

    Parameters
    ----------
    table : DataFrame
        A column for each of `groups`, ``all`` where it is added up, and the column of counts.
    groups : tuple of str
    rule : PublicationRule
    count : str
        The column of counts: all children of a group, or the deprived ones.
    """
    cells = table.drop_duplicates(list(groups)) if groups else table.head(1)
    keys = [tuple(row) for row in cells[list(groups)].itertuples(index=False)] if groups else [()]
    index = pd.Index(np.fromiter(keys, dtype=object, count=len(keys)), tupleize_cols=False)
    counts = pd.Series(cells[count].to_numpy(dtype=float), index=index)
    relations = []
    for key in keys:
        for place, value in enumerate(key):
            if value == EVERYBODY:
                parts = tuple(
                    k
                    for k in keys
                    if k != key and k[:place] + k[place + 1 :] == key[:place] + key[place + 1 :]
                )
                relations += [Relation(key, parts)] if parts else []
    return suppress_cells(counts, relations, rule=DisclosureRule(least_count=rule.least_count))


def safe_table(
    table: pd.DataFrame,
    groups: tuple[str, ...],
    hidden: tuple[pd.DataFrame, pd.DataFrame],
    *,
    rule: PublicationRule,
    flag: str,
) -> pd.DataFrame:
    """Return the table as it may be shown.

    Parameters
    ----------
    table : DataFrame
    groups : tuple of str
    hidden : tuple of two DataFrames
        As `hide_groups` returns: of all children, and of the deprived ones. The second hides the measures
        that only the deprived stand behind: intensity, the adjusted headcount (which gives the intensity
        away beside the headcount) and the items of the deprived.
    rule : PublicationRule
    flag : str
        Put into every row.
    """
    keys = (
        [tuple(row) for row in table[list(groups)].itertuples(index=False)] if groups else [()] * len(table)
    )
    status, reason = (dict(zip(hidden[0].index, hidden[0][c], strict=True)) for c in ("status", "reason"))
    few = dict(zip(hidden[1].index, hidden[1]["status"], strict=True))
    plain = table.drop(columns=[POOR_CHILDREN], errors="ignore")
    shown = judge_estimates(plain.drop(columns="se") if _without_errors(plain) else plain, rule)
    shown = shown if "se" in shown else shown.assign(se=np.nan)
    secret = np.array([status[k] != "" for k in keys])
    deep = np.array([few[k] != "" for k in keys]) & _of_deprived(plain) & ~secret
    reasons = pd.Series([reason[k] for k in keys], index=shown.index).mask(deep, FEW_DEPRIVED)
    shown = shown.assign(
        quality=shown["quality"].mask(secret | deep, SUPPRESS),
        reason=shown["reason"].mask(secret | deep, reasons),
    )
    blank = shown["quality"] == SUPPRESS
    numeric = [c for c in ("estimate", "se", "low", "high", "cv") if c in shown]
    shown[numeric] = shown[numeric].mask(blank)
    shown["n"] = shown["n"].astype(float).mask(secret)
    flags = np.where(blank, col.SUPPRESSED, "")
    shown[col.FLAG] = [";".join(f for f in (flag, own) if f) for own in flags]
    return shown


def _of_deprived(table: pd.DataFrame) -> Any:
    """Return which rows are of measures that only the deprived children stand behind."""
    if "measure" not in table:
        return np.zeros(len(table), dtype=bool)
    return table["measure"].astype(str).isin(DEEP).to_numpy()


def _without_errors(table: pd.DataFrame) -> bool:
    return "se" in table and bool(table["se"].isna().all())
