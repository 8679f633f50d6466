"""What of the answers may be shown: hidden where counting hides, and where their own counts are small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.figures.additive import find_relations
from childatlas.figures.suppression import DisclosureRule, suppress_cells
from childatlas.measures.publication import SUPPRESS, PublicationRule, judge_estimates

__all__ = ["DISCLOSURE", "QUALITY", "REASON", "Guard"]

DISCLOSURE, QUALITY, REASON = "disclosure control", "quality", "reason"
PLACE = (col.UNIT, col.RESIDENCE)
_Cell: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class Guard:
    """Disclosure control and the publication rule for every table that is made of the survey.

    Attributes
    ----------
    parents : mapping of unit -> unit above it
        The country is ``""``.
    rule : PublicationRule
    withheld : frozenset of (unit, residence)
        Places of which another table hides the children: nothing is said of them here.
    flag : str
        Put into every row: ``synthetic``, or nothing.
    """

    parents: Mapping[str, str]
    rule: PublicationRule = field(default_factory=PublicationRule)
    withheld: frozenset[tuple[str, str]] = frozenset()
    flag: str = ""

    def hidden_cells(
        self, counts: pd.DataFrame, *, shown: frozenset[_Cell] = frozenset()
    ) -> frozenset[_Cell]:
        """Return unit, residence and group of the cells that have to be hidden.

        Parameters
        ----------
        counts : DataFrame
            ``unit, residence, n`` and, where places are split by a factor, ``group`` (``factor=value``); rows
            without a group are the places themselves. One factor at a time.
        shown : frozenset of (unit, residence, group)
            Places that another table shows, where places alone are decided.

        Notes
        -----
        Places that are withheld stay so and are guarded; where they are split, the others are shown elsewhere
        and stay shown. The country's groups are decided first, then those of town and village, then the rest,
        and what is decided stays: tables with fewer places hide the same cells.
        """
        table = counts.assign(**{col.SEX: "", **({} if col.GROUP in counts else {col.GROUP: ""})})
        table = table.drop_duplicates([*PLACE, col.GROUP])
        places = frozenset((u, r, "") for u, r in zip(table[col.UNIT], table[col.RESIDENCE], strict=True))
        lost = frozenset(key for key in places if key[:2] in self.withheld)
        if not (table[col.GROUP] != "").any():
            return self._solve(table, lost=lost, kept=shown - lost)
        kept, country = places - lost, table[col.UNIT] == ""
        for part in (country & (table[col.RESIDENCE] == col.TOTAL), country, country | True):
            lost |= self._solve(table[part], lost=lost, kept=kept)
            keys = table.loc[part, [*PLACE, col.GROUP]].itertuples(index=False, name=None)
            kept |= frozenset(key for key in keys if key not in lost)
        return lost

    def _solve(
        self,
        table: pd.DataFrame,
        *,
        lost: frozenset[_Cell],
        kept: frozenset[_Cell],
    ) -> frozenset[_Cell]:
        """Return the cells to hide, given those that are hidden and those that are shown already."""
        keys = tuple(table[[*PLACE, col.GROUP]].itertuples(index=False, name=None))
        counts = tuple(table[col.N].astype(float))
        here = frozenset(keys)
        return _solved(
            keys, counts, lost & here, kept & here, tuple(sorted(self.parents.items())), self.rule.least_count
        )

    def cover(
        self,
        table: pd.DataFrame,
        hidden: Any,
        *,
        numbers: Sequence[str],
        value: str | None = None,
        counted: Sequence[str] = ("n",),
    ) -> pd.DataFrame:
        """Return the table as it may be shown.

        Parameters
        ----------
        table : DataFrame
        hidden : array of bool
            Rows that disclosure control hides.
        numbers : sequence of str
            Columns that are blanked in hidden rows; texts become empty.
        value : str, optional
            The estimate: with it and ``se``, rows are judged by their coefficient of variation too.
        counted : sequence of str
            Columns of counts, blanked where the cell is a secret.
        """
        secret = np.asarray(hidden, dtype=bool)
        judged = table
        if value is not None:
            spread = table["se"] / table[value].abs().where(table[value] != 0)
            judged = judge_estimates(table.assign(cv=spread), self.rule).drop(columns="cv")
        else:
            judged = table.assign(**{QUALITY: "publish", REASON: ""})
        quality = np.where(secret, SUPPRESS, judged[QUALITY])
        blank = quality == SUPPRESS
        shown = judged.assign(
            **{QUALITY: quality, REASON: np.where(secret, DISCLOSURE, judged[REASON])},
            **{c: judged[c].mask(blank, "" if judged[c].dtype == object else np.nan) for c in numbers},
            **{c: judged[c].astype(float).mask(secret) for c in counted if c in judged},
        )
        flags = [";".join(f for f in (col.SUPPRESSED if b else "", self.flag) if f) for b in blank]
        return shown.assign(**{col.FLAG: flags})

    def rows_hidden(self, table: pd.DataFrame, *counts: pd.DataFrame, group: str | None = None) -> Any:
        """Return for each row of a table whether its cell is hidden in any of the systems of `counts`."""
        lost: set[tuple[str, str, str]] = set()
        for system in counts:
            lost |= self.hidden_cells(system)
        groups = table[group] if group else pd.Series("", index=table.index)
        keys = zip(table[col.UNIT], table[col.RESIDENCE], groups, strict=True)
        return np.array([key in lost or (key[0], key[1]) in self.withheld for key in keys], dtype=bool)


@lru_cache(maxsize=256)
def _solved(  # noqa: PLR0917 - a cache keyed by all that decides
    keys: tuple[_Cell, ...],
    counts: tuple[float, ...],
    lost: frozenset[_Cell],
    kept: frozenset[_Cell],
    parents: tuple[tuple[str, str], ...],
    least: int,
) -> frozenset[_Cell]:
    """Return the cells to hide; many tables count the same children, so what was solved once is kept."""
    index = pd.Index(
        np.fromiter(((u, r, "", g) for u, r, g in keys), dtype=object, count=len(keys)), tupleize_cols=False
    )
    n = pd.Series(counts, index=index, dtype=float)
    away = pd.Series([key in lost for key in keys], index=index) & n.gt(0)
    stay = pd.Series([key in kept for key in keys], index=index)
    status = suppress_cells(
        n,
        find_relations(n, dict(parents)),
        rule=DisclosureRule(least_count=least),
        withheld=away,
        kept=stay,
    )
    gone = status["status"].ne("").to_numpy() | n.eq(0).to_numpy()
    return frozenset(key for key, hide in zip(keys, gone, strict=True) if hide)
