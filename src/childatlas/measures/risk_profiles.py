"""The groups of children most at risk in each place, beside the other children there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.differences import difference_of_sides
from childatlas.measures.domains import Domains, as_frame, build_domains, column, numbers

__all__ = ["adjust_p", "group_sentence", "risk_profiles"]

LEAST = 25
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


def risk_profiles(
    data: Any,
    outcome: str,
    factors: Sequence[str],
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    least: int = LEAST,
    words: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return each group's risk in each place beside that of the other children there, worst first.

    Parameters
    ----------
    data, weight, stratum, cluster, fpc, by, lonely, nest, level
        As `survey_mean`; `by` forms the places, for example ``["unit", "residence"]``.
    outcome : str
        0 or 1.
    factors : sequence of str
        Columns of categories (sex, mother's education, disability, size of household cut in classes).
    least : int
        Groups, or others, of fewer children are not judged: their numbers are missing.
    words : mapping, optional
        A phrase for a group, by ``factor: level``, to stand in the sentence.

    Returns
    -------
    DataFrame
        Indexed by place, ``factor`` and ``level``: ``risk, others, difference, se, low, high, ratio,
        ratio_low, ratio_high, p, p_adjusted`` (Benjamini and Hochberg over all groups and places), ``n``,
        ``share`` (of the place's children), ``rank`` in the place by difference, ``at_risk`` (higher, and
        p_adjusted at most 1 - level) and a ``sentence``.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`, or if no factor is named.
    """
    if not factors:
        raise AnalysisError("a profile needs factors", expected="columns of categories")
    frame = as_frame(data)
    places = [] if by is None else [by] if isinstance(by, str) else list(by)
    design = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    domains = build_domains(frame, weight=weight, by=places or None, design=design)
    y = numbers(frame, outcome)
    labels = domains.labels if places else pd.Index([outcome], name="variable")
    parts, keys = [], []
    for factor in factors:
        values = column(frame, factor)
        known = values.notna().to_numpy()
        for found in sorted(values.dropna().unique(), key=str):
            inside = (values == found).fillna(False).to_numpy(dtype=bool)
            if (inside == known).all():
                continue
            sides = (inside, known & ~inside)
            table = difference_of_sides(domains, y, sides, level=level)
            parts.append(table.assign(**_sizes(domains, y, sides)).set_axis(labels))
            keys.append((factor, str(found)))
    if not parts:
        raise AnalysisError("no factor has two categories", found=", ".join(factors))
    joined = pd.concat(parts, keys=keys, names=["factor", "level"])
    inner = [*range(2, joined.index.nlevels), 0, 1]
    joined = joined.reorder_levels(inner) if places else joined.droplevel(2)
    return _judged(joined, places, least=least, alpha=1 - level, words=words or {})


def _sizes(domains: Domains, y: Floats, sides: tuple[Flags, Flags]) -> dict[str, Any]:
    """Return, by place, rows of the group and of the others, and the group's share of the place's people."""
    seen = (domains.group >= 0) & ~np.isnan(y)
    place, people = np.maximum(domains.group, 0), domains.design.weight
    rows = [np.bincount(place, seen & side, minlength=domains.size).astype(int) for side in sides]
    amounts = [np.bincount(place, people * (seen & side), minlength=domains.size) for side in sides]
    whole = amounts[0] + amounts[1]
    share = amounts[0] / np.where(whole > 0, whole, np.nan)
    return {"n_group": rows[0], "n_others": rows[1], "share": share}


def _judged(
    table: pd.DataFrame, places: list[str], *, least: int, alpha: float, words: Mapping[str, str]
) -> pd.DataFrame:
    table = table.rename(columns={"first": "risk", "second": "others"}).drop(columns=["n", "df"])
    numbers = [c for c in table.columns if c not in ("n_group", "n_others", "share")]
    enough = (table["n_group"] >= least) & (table["n_others"] >= least)
    table[numbers] = table[numbers].where(enough)
    table["p_adjusted"] = adjust_p(table["p"])
    grouped = table.groupby(level=places)["difference"] if places else table["difference"]
    table["rank"] = grouped.rank(ascending=False, method="min").astype("Int64")
    table["at_risk"] = (table["difference"] > 0) & (table["p_adjusted"] <= alpha)
    table = table.rename(columns={"n_group": "n"}).drop(columns="n_others")
    table["sentence"] = [
        _sentence(key, row, words) for key, (_, row) in zip(table.index, table.iterrows(), strict=True)
    ]
    return table.sort_values([*places, "rank", "factor", "level"], kind="stable", na_position="last")


def adjust_p(p: pd.Series) -> pd.Series:
    """Return p-values adjusted for their number (Benjamini and Hochberg 1995); a missing one has no part."""
    known = p.dropna().sort_values(ascending=False)
    steps = known * len(known) / np.arange(len(known), 0, -1)
    return steps.cummin().clip(upper=1.0).reindex(p.index)


def _sentence(key: tuple[Any, ...], row: pd.Series, words: Mapping[str, str]) -> str:
    *place, factor, level = key
    where = f"{', '.join(map(str, place))}: " if place else ""
    return where + group_sentence(factor, level, row, words)


def group_sentence(factor: str, level: str, row: Any, words: Mapping[str, str]) -> str:
    """Return what a row says of its group, in words.

    Parameters
    ----------
    factor, level : str
    row : Series or named tuple
        ``risk, others, p_adjusted, at_risk, ratio, ratio_low, ratio_high``.
    words : mapping
        A phrase for the group, by ``factor: level``.
    """
    name = f"{factor}: {level}"
    group = words.get(name, f"children with {name}")
    if pd.isna(row.risk):
        return f"too few children to judge {group}."
    head = f"of {group}, {100 * row.risk:.0f} % are concerned, {100 * row.others:.0f} % of others"
    if pd.isna(row.p_adjusted) or not row.at_risk:
        return f"{head}; this is not a clearly higher risk."
    if pd.isna(row.ratio):
        return f"{head}."
    return f"{head}: {row.ratio:.1f} times ({row.ratio_low:.1f} to {row.ratio_high:.1f})."
