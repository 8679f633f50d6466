"""A synthetic survey held against what is true of its invented population: who is covered, and how often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.child_figures import ADJUSTED, HEADCOUNT, INCOME, INTENSITY, LACKS
from childatlas.measures.estimates import t_interval

__all__ = ["compare_truth"]

_COLUMNS = {HEADCOUNT: ("headcount", 100.0), INTENSITY: ("intensity", 100.0), ADJUSTED: ("adjusted", 1.0)}
LEVEL95 = 0.95


def compare_truth(
    estimates: pd.DataFrame, truth: pd.DataFrame, *, hidden: Any, country: str, poor_is_true: bool = True
) -> dict[str, pd.DataFrame]:
    """Return ``truth`` (each estimate beside what is true there) and ``truth_coverage`` (how often it holds).

    Parameters
    ----------
    estimates : DataFrame
        As `estimate_children` returns; ``unit`` is ``""`` or `country` for the country.
    truth : DataFrame
        As `true_values` returns, by unit and residence.
    hidden : array of bool
        Estimates that may not be shown: nothing of them stands in the first table, and they are counted in
        the second.
    country : str
        Code of the country in `truth`.
    poor_is_true : bool
        Whether the line of the poor is that of the simulation; otherwise nothing true is known of them.

    Returns
    -------
    dict of name -> DataFrame
        ``truth``: ``level, unit, residence, indicator, truth, estimate, se, low, high, covers, flag``.
        ``truth_coverage`` by level and indicator: ``cells`` with an interval, ``covered, share`` of them, the
        same of those ``shown``, and ``least, most``: where the share would lie in 95 of 100 such surveys if
        every interval covered with 95 % and cells were independent (exact binomial).

    Notes
    -----
    Intervals are those of the atlas: Student's about the estimate. Estimates are calibrated to margins that
    the errors do not know of, so that intervals of what is calibrated cover more often than they say.
    """
    known = dict(_COLUMNS)
    known |= {INCOME: ("poor", 100.0)} if poor_is_true else {}
    names = {i: known.get(i, (f"dimension_{i.removeprefix(LACKS)}", 100.0)) for i in estimates[col.INDICATOR]}
    table = estimates[[names[i][0] in truth for i in estimates[col.INDICATOR]]]
    away = pd.Series(np.asarray(hidden, dtype=bool), index=estimates.index)[table.index].to_numpy()
    units = table[col.UNIT].replace({"": country})
    keys = pd.MultiIndex.from_arrays([units, table[col.RESIDENCE]])
    place = truth.index.get_indexer(keys)
    true = np.full(len(table), np.nan)
    for indicator in table[col.INDICATOR].unique():
        column, scale = names[indicator]
        rows = (table[col.INDICATOR] == indicator).to_numpy() & (place >= 0)
        true[rows] = scale * truth[column].to_numpy(dtype=float)[place[rows]]
    value, se, df = (table[c].to_numpy(dtype=float) for c in (col.VALUE, col.SE, "df"))
    low, high = t_interval(value, se, df, LEVEL95)
    judged = np.isfinite(low) & np.isfinite(true)
    covers = judged & (low <= true) & (true <= high)
    facts = {"truth": true, "estimate": value, col.SE: se, "low": low, "high": high}
    shown = table[[col.LEVEL, col.UNIT, col.RESIDENCE, col.INDICATOR]].assign(
        **{name: np.where(away, np.nan, numbers) for name, numbers in facts.items()},
        covers=pd.array(np.where(judged & ~away, covers, None), dtype="boolean"),
        **{col.FLAG: [f"{col.SUPPRESSED};{col.SYNTHETIC}" if h else col.SYNTHETIC for h in away]},
    )
    return {"truth": shown.reset_index(drop=True), "truth_coverage": _coverage(table, judged, covers, away)}


def _coverage(table: pd.DataFrame, judged: Any, covers: Any, away: Any) -> pd.DataFrame:
    from scipy import stats

    marks = table[[col.LEVEL, col.INDICATOR]].assign(
        cells=judged.astype(int),
        covered=covers.astype(int),
        shown=(judged & ~away).astype(int),
        shown_covered=(covers & ~away).astype(int),
    )
    sums = marks.groupby([col.LEVEL, col.INDICATOR], sort=False).sum().reset_index()
    whole = marks.groupby(col.LEVEL, sort=False).sum(numeric_only=True).reset_index()
    found = pd.concat([sums, whole.assign(**{col.INDICATOR: "all"})], ignore_index=True)
    found = found[found["cells"] > 0].reset_index(drop=True)
    cells = found["cells"].to_numpy(dtype=float)
    return found.assign(
        share=found["covered"] / found["cells"],
        shown_share=found["shown_covered"] / found["shown"].where(found["shown"] > 0),
        least=stats.binom.ppf((1 - LEVEL95) / 2, cells, LEVEL95) / cells,
        most=stats.binom.ppf((1 + LEVEL95) / 2, cells, LEVEL95) / cells,
        **{col.FLAG: col.SYNTHETIC},
    )
