"""Choosing what to hide: cells too small, and as few others as keep those from being worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.figures.additive import Relation
from childatlas.figures.attacker import attack_cells

__all__ = ["COMPLEMENTARY", "PRIMARY", "DisclosureRule", "suppress_cells"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Sums: TypeAlias = list[list[int]]  # the total's place first, then its parts'
PRIMARY, COMPLEMENTARY = "primary", "complementary"


@dataclass(frozen=True)
class DisclosureRule:
    """What may not be shown.

    Attributes
    ----------
    least_count : int
        A cell of fewer unweighted children is hidden.
    dominance : float or None
        A cell of which one contributor makes more than this share is hidden.
    protection : float
        How far, as a share of a hidden cell's count, the attacker's interval must reach to either side (at
        least one child); 0 only asks that the cell cannot be derived.
    """

    least_count: int = 25
    dominance: float | None = None
    protection: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a rule that cannot be meant."""
        if self.least_count < 0 or self.protection < 0 or not 0 < (self.dominance or 1) <= 1:
            raise AnalysisError("the disclosure rule is out of range", found=self)


def suppress_cells(
    counts: pd.Series,
    relations: Sequence[Relation],
    *,
    rule: DisclosureRule | None = None,
    largest: pd.Series | None = None,
    withheld: pd.Series | None = None,
    kept: pd.Series | None = None,
) -> pd.DataFrame:
    """Return which cells to hide, so that no hidden one can be worked out.

    Parameters
    ----------
    counts : Series
        Unweighted counts by cell. An empty cell hides nobody.
    relations : sequence of Relation
    rule : DisclosureRule, optional
    largest : Series, optional
        Share of each cell that its largest contributor makes, in the order of `counts`.
    withheld : Series of bool, optional
        Cells that another table hides: they are hidden here too, and guarded as if they were small.
    kept : Series of bool, optional
        Cells that another table shows: they are never hidden to guard others.

    Returns
    -------
    DataFrame
        ``status`` ("", primary, complementary) and ``reason``, on the index of `counts`.

    Notes
    -----
    Each sum with one hidden cell gets a second, the smallest at hand; then the attacker's linear programmes
    are run, and while one of them pins a primary cell down, the smallest published cell tied to it is hidden
    too. It ends at the latest with everything hidden. Not the least possible loss, which is NP-hard
    (Kelly, Golden and Assad 1992, Networks 22, p. 397).
    """
    rule = rule or DisclosureRule()
    n = counts.to_numpy(dtype=np.float64)
    reason = np.full(len(n), "", dtype=object)
    small = (n < rule.least_count) & (n > 0)
    reason[small] = f"fewer than {rule.least_count} children"
    if rule.dominance is not None and largest is not None:
        heavy = (largest.to_numpy(dtype=np.float64) > rule.dominance) & ~small & (n > 0)
        reason[heavy] = f"one contributor makes more than {rule.dominance:.0%}"
    if withheld is not None:
        reason[withheld.to_numpy(dtype=bool) & (reason == "")] = "hidden in another table"
    primary: Flags = reason != ""
    open_ = np.zeros(len(n), dtype=bool) if kept is None else kept.to_numpy(dtype=bool) & ~primary
    hidden = _protect(counts, relations, (primary, open_), rule.protection)
    reason[hidden & ~primary] = "would give a hidden cell away"
    status = np.where(primary, PRIMARY, np.where(hidden, COMPLEMENTARY, ""))
    return pd.DataFrame({"status": status, "reason": reason}, index=counts.index)


def _protect(
    counts: pd.Series, relations: Sequence[Relation], marked: tuple[Flags, Flags], protection: float
) -> Flags:
    """Return what is hidden in the end, given the primary cells and those that have to stay shown."""
    primary, kept = marked
    place = {key: i for i, key in enumerate(counts.index)}
    sums = [[place[key] for key in (r.total, *r.parts)] for r in relations]
    n = counts.to_numpy(dtype=np.float64)
    free = n * ~kept  # nobody in a kept cell, as it were: it is never chosen
    hidden = _close_sums(primary, free, sums)
    while primary.any():
        lost, sought = (pd.Series(flags, index=counts.index) for flags in (hidden, primary))
        table = attack_cells(counts, lost, relations, targets=sought)
        weak = _weak_cells(table, np.flatnonzero(primary), protection)
        extra = _next_cells(weak, free, hidden, sums)
        if not extra:
            break
        more = hidden.copy()
        more[extra] = True
        hidden = _close_sums(more, free, sums)
    return hidden


def _close_sums(hidden: Flags, n: Floats, sums: Sums) -> Flags:
    """Return `hidden` with a second cell in every sum that has one, the smallest first, until no sum has."""
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for cells in sums:
            if sum(hidden[cells]) != 1:
                continue
            choice = _cheapest(cells, n, hidden)
            if choice is not None:
                hidden[choice] = changed = True
    return hidden


def _cheapest(cells: Sequence[int], n: Floats, hidden: Flags) -> int | None:
    """Return the smallest cell that is still shown and holds anybody; the sum's total comes last."""
    shown = [c for c in cells if not hidden[c] and n[c] > 0]
    parts = [c for c in shown if c != cells[0]] or shown
    return min(parts, key=lambda c: (n[c], c), default=None)


def _weak_cells(table: pd.DataFrame, places: NDArray[np.intp], protection: float) -> list[int]:
    """Return the places of primary cells that the attacker pins down, the smallest first."""
    amount, low, high = (table[c].to_numpy(dtype=np.float64) for c in ("amount", "low", "high"))
    weak = table["derived"].to_numpy(dtype=bool)
    if protection > 0:
        room = np.maximum(protection * amount, 1.0)
        weak = weak | (high < amount + room - 1e-6) | (low > np.maximum(amount - room, 0) + 1e-6)
    chosen = np.flatnonzero(weak)
    return [int(places[i]) for i in chosen[np.argsort(amount[chosen], kind="stable")]]


def _next_cells(weak: list[int], n: Floats, hidden: Flags, sums: Sums) -> list[int]:
    """Return cells to hide next: for each weak cell the smallest shown one in its sums or in its kin's.

    One a sum and round, so that one choice may help several.
    """
    extra: list[int] = []
    spent: set[int] = set()
    for cell in weak:
        kin = {cell}
        while True:
            touching = [i for i, cells in enumerate(sums) if kin & set(cells)]
            if spent & set(touching):
                break
            shown = {c for i in touching for c in sums[i] if not hidden[c] and n[c] > 0}
            choice = min(shown, key=lambda c: (n[c], c), default=None)
            if choice is not None:
                extra.append(choice)
                spent |= set(touching)
                break
            wider = kin | {c for i in touching for c in sums[i] if hidden[c]}
            if wider == kin:
                break
            kin = wider
    return extra
