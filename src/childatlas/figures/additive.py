"""Which published cells add up to which: the subtractions that a reader can make."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from atlasgeo import columns as col

__all__ = ["CELL", "Relation", "cell_keys", "find_relations", "relation_matrix"]

CELL = (col.UNIT, col.RESIDENCE, col.SEX, col.GROUP)  # what tells the cells of one indicator and year apart
Key: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True)
class Relation:
    """A cell that is the sum of others."""

    total: Hashable
    parts: tuple[Hashable, ...]


def find_relations(counts: pd.Series, parents: Mapping[str, str]) -> list[Relation]:
    """Return every total whose parts are there and add up to it.

    Parameters
    ----------
    counts : Series
        Unweighted counts, indexed by (unit, residence, sex, group); a missing sex or group is "".
    parents : mapping of unit -> unit above it

    Returns
    -------
    list of Relation
        Town and village to their total, units to the one above, sexes and groups (``wealth=poorest`` and the
        other values before the ``=``) to all; only where the counts of the parts add up to the total's.
    """
    known = counts[counts.notna()]
    keys: set[Key] = set(known.index)
    children: dict[str, list[str]] = {}
    for unit, parent in parents.items():
        children.setdefault(parent, []).append(unit)
    splits = _group_values(keys)
    relations = []
    for key in sorted(keys):
        for parts in _splits(key, children, splits):
            there = tuple(p for p in parts if p in keys)
            if there and abs(sum(known[p] for p in there) - known[key]) < 0.5:
                relations.append(Relation(key, there))
    return relations


def relation_matrix(relations: Sequence[Relation], keys: pd.Index) -> sparse.csr_matrix:
    """Return relations x cells with 1 at the total and -1 at its parts; times true amounts it is 0."""
    place = {key: i for i, key in enumerate(keys)}
    rows, columns, values = [], [], []
    for i, relation in enumerate(relations):
        for key, sign in [(relation.total, 1.0), *((p, -1.0) for p in relation.parts)]:
            rows.append(i)
            columns.append(place[key])
            values.append(sign)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(relations), len(keys)))


def cell_keys(figures: pd.DataFrame) -> pd.Index:
    """Return the key of each row: unit, residence, sex, group, missing parts as ""."""
    parts = [figures[c].astype(object).where(figures[c].notna(), "").astype(str) for c in CELL]
    keys: NDArray[np.object_] = np.empty(len(figures), dtype=object)
    keys[:] = list(zip(*parts, strict=True))
    return pd.Index(keys, tupleize_cols=False)


def _group_values(keys: set[Key]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key in keys:
        name, sign, _ = key[3].partition("=")
        if sign:
            found.setdefault(name, set()).add(key[3])
    return found


def _splits(key: Key, children: dict[str, list[str]], groups: dict[str, set[str]]) -> list[list[Key]]:
    unit, residence, sex, group = key
    splits: list[list[Key]] = []
    if residence == col.TOTAL:
        splits.append([(unit, r, sex, group) for r in (col.URBAN, col.RURAL)])
    if unit in children:
        splits.append([(u, residence, sex, group) for u in children[unit]])
    if not sex:
        splits.append([(unit, residence, s, group) for s in ("female", "male")])
    if not group:
        splits += [[(unit, residence, sex, g) for g in sorted(values)] for values in groups.values()]
    return splits
