"""The audit page: the ten steps of the OECD/JRC Handbook, filled in by what the machine can see.

Handbook on Constructing Composite Indicators (2008), part 1. Each step gets pass, look or fail and the
reason; what only people can judge (is the framework right? are the data fit?) is never passed beyond its
visible part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from childatlas.measures.aggregate import compensation
from childatlas.measures.diagnosis import Diagnosis, diagnose
from childatlas.measures.index_result import IndexResult
from childatlas.measures.robustness import Robustness
from childatlas.measures.sobol import Sensitivity
from childatlas.measures.treatment import shape_of
from childatlas.measures.tree import build_tree

__all__ = ["FAIL", "LOOK", "PASS", "audit_index"]

PASS: Final = "pass"  # noqa: S105 - a verdict, not a password
LOOK: Final = "look"
FAIL: Final = "fail"
Row = tuple[str, str, str]


def audit_index(
    index: IndexResult,
    *,
    diagnosis: Diagnosis | None = None,
    robustness: Robustness | None = None,
    sensitivity: Sensitivity | None = None,
    others: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the ten steps with verdict, figures and reason.

    Parameters
    ----------
    index : IndexResult
    diagnosis : Diagnosis, optional
        Computed when not given.
    robustness, sensitivity : optional
        What step 7 needs; without them it reads ``look``.
    others : DataFrame, optional
        Units x other measures (income, another index) that step 9 links to.

    Returns
    -------
    DataFrame
        Indexed by step 1..10: ``name, verdict, figures, reason``.
    """
    found = diagnosis or diagnose(index)
    steps: tuple[tuple[str, Row], ...] = (
        ("Theoretical framework", _framework(index)),
        ("Data selection", _data(index, found)),
        ("Imputation of missing data", _imputation(index)),
        ("Multivariate analysis", _structure(found)),
        ("Normalisation", _normalisation(index)),
        ("Weighting and aggregation", _weighting(index, found)),
        ("Uncertainty and sensitivity", _uncertainty(robustness, sensitivity)),
        ("Back to the data", _back(found)),
        ("Links to other indicators", _links(index, others)),
        ("Visualisation and words", _words(index)),
    )
    rows = [(number, name, *row) for number, (name, row) in enumerate(steps, start=1)]
    return pd.DataFrame(rows, columns=["step", "name", "verdict", "figures", "reason"]).set_index("step")


def _listed(names: Iterable[object], most: int = 6) -> str:
    words = [str(n) for n in names]
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _framework(index: IndexResult) -> Row:
    recipe = index.recipe
    unnamed = [g.id for g in recipe.groups if not g.label]
    places = len(recipe.indicators)
    figures = f"{len(recipe.levels)} levels, {len(recipe.groups)} groups, {places} places"
    figures += f", {len(recipe.open_indicators)} filled"
    if not recipe.note or unnamed:
        return (
            LOOK,
            figures,
            f"say in a note what is measured and why; groups without a name: {_listed(unnamed) or 'none'}",
        )
    return (
        PASS,
        figures,
        "every group is named and the recipe says what it is; whether it is right, people judge",
    )


def _data(index: IndexResult, found: Diagnosis) -> Row:
    verdicts = found.information["verdict"]
    empty, weak = (
        verdicts[verdicts.isin(["no figures", "constant"])],
        verdicts[verdicts.isin(["near-constant", "mostly noise"])],
    )
    closed = [g.id for g in index.recipe.groups if not g.open]
    least, lost = float(index.coverage.min()), int(index.scores.isna().sum())
    figures = f"coverage {least:.0%} to {index.coverage.max():.0%}; {lost} units without a score"
    if least < 0.5 or lost:
        return FAIL, figures, "a unit has figures for under half of the declared weight, or no score"
    if len(empty) or len(weak) or closed:
        parts = [
            f"no information: {_listed(empty.index)}" if len(empty) else "",
            f"almost none: {_listed(weak.index)}" if len(weak) else "",
            f"without open data: {_listed(closed)}" if closed else "",
        ]
        return LOOK, figures, "; ".join(p for p in parts if p)
    return PASS, figures, "every declared part has figures that tell units apart"


def _imputation(index: IndexResult) -> Row:
    cells = index.imputed.size
    filled = float(index.imputed.to_numpy().sum()) / cells
    missing = float(index.values.isna().to_numpy().sum()) / cells
    figures = f"{missing:.1%} of figures missing, {filled:.1%} imputed"
    if filled > 0.2:
        return FAIL, figures, "over a fifth of the figures are made up by a model"
    if filled > 0.0 or missing > 0.05:
        return LOOK, figures, "read the ranks beside those without the imputed, or of complete units"
    return PASS, figures, "nothing was imputed and little is missing"


def _structure(found: Diagnosis) -> Row:
    if "index" not in found.groups.index:
        return FAIL, "no indicator tells units apart", "every indicator is constant or without figures"
    whole = found.groups.loc["index"]
    conflicts = found.pairs.query("finding == 'conflict'")
    figures = (
        f"alpha {whole['alpha']:.2f}, mean correlation {whole['mean_correlation']:.2f}, first component "
        f"{whole['first_component']:.0%}, {len(conflicts)} conflicting pairs within groups"
    )
    if np.isnan(whole["alpha"]):
        return LOOK, figures, "too few complete units to say how the indicators hang together"
    if whole["alpha"] < 0 or whole["mean_correlation"] < 0:
        return FAIL, figures, "indicators pull against each other: a mean of them hides more than it tells"
    if whole["alpha"] < 0.7 or len(conflicts):
        pairs = (f"{a} - {b}" for a, b in conflicts[["first", "second"]].itertuples(index=False))
        return LOOK, figures, f"alpha under 0.7 or conflicts: {_listed(pairs, 3) or 'none'}"
    return PASS, figures, "the indicators measure one thing"


def _normalisation(index: IndexResult) -> Row:
    limits = index.recipe.treatment
    shapes = {i: shape_of(index.treated[i].to_numpy(float)) for i in index.treated}
    bad = [i for i, (s, k) in shapes.items() if abs(s) > limits.skewness and k > limits.kurtosis]
    constant = index.notes.loc[index.notes["kind"] == "constant", "indicator"]
    figures = f"{index.recipe.normalisation.method}; {len(index.outliers)} values treated; {len(bad)} skewed"
    if len(constant):
        return FAIL, figures, f"cannot be normalised, constant: {_listed(constant)}"
    if bad:
        return (
            LOOK,
            figures,
            f"a few outliers set the scale (skewness over {limits.skewness:g}): {_listed(bad)}",
        )
    return PASS, figures, "no indicator's scale is set by outliers"


def _weighting(index: IndexResult, found: Diagnosis) -> Row:
    table = found.importance.dropna(subset=["ratio"])
    against = [i for i in table.index if index.normalised[i].corr(index.scores) < 0]
    off = table[(table["ratio"] > 3) | (table["ratio"] < 1 / 3)]
    degree = _compensation(index)
    figures = (
        f"{len(off)} of {len(table)} indicators move the index three times more or less than their weight"
    )
    figures += "" if np.isnan(degree) else f"; compensation {degree:.2f} (1 full, 0 none)"
    if against:
        return (
            FAIL if len(against) > len(table) / 4 else LOOK,
            figures,
            f"units that do better on it score worse: {_listed(against)}",
        )
    if len(off) > len(table) / 3:
        return LOOK, figures, f"weights are not what they seem: {_listed(off.index)}"
    return PASS, figures, "weights do roughly what they say"


def _compensation(index: IndexResult) -> float:
    """Return the mean degree of compensation at the top of the tree."""
    top = build_tree(index.recipe).nodes[-1]
    tables = {str(i): t[i] for t in index.levels.values() for i in t} | {
        str(i): index.normalised[i] for i in index.normalised
    }
    parts = np.stack([tables[p].to_numpy(float) for p in top.parts])
    worst_is_high = index.recipe.direction == "higher_is_worse"
    degree = compensation(parts, index.node_weights[top.id], top.aggregation, worst_is_high=worst_is_high)
    return float(np.nanmean(degree)) if np.isfinite(degree).any() else float("nan")


def _uncertainty(robustness: Robustness | None, sensitivity: Sensitivity | None) -> Row:
    if robustness is None:
        return LOOK, "not run", "run `childatlas index explore` to see how far the ranks depend on choices"
    ranks = robustness.ranks.dropna(subset=["low"])
    n = len(ranks)
    width = float((ranks["high"] - ranks["low"]).median()) / max(n, 1)
    figures = f"mean shift {robustness.mean_shift:.1f} of {n} ranks; median interval {width:.0%} of them"
    if sensitivity is not None:
        top = sensitivity.of()["total"].idxmax()
        figures += f"; most of it from {top} (total {sensitivity.of().loc[top, 'total']:.2f})"
    if width > 0.5:
        return FAIL, figures, "half of the units could stand almost anywhere: publish groups, not ranks"
    if width > 0.2:
        return LOOK, figures, "publish ranks with their intervals only"
    return PASS, figures, "the order survives the declared choices"


def _back(found: Diagnosis) -> Row:
    shares = found.importance["realised"].dropna()
    if shares.empty:
        return FAIL, "no indicator moves the index", "there is nothing to trace a score back to"
    top = str(shares.idxmax())
    figures = f"{top} alone has {shares.max():.0%} of the first-order effects"
    if shares.max() > 1 / 3 and len(shares) > 4:
        return LOOK, figures, "one indicator drives the index: show it beside the index"
    return (
        PASS,
        figures,
        "scores can be traced to many indicators; `index build` lists the drivers of each unit",
    )


def _links(index: IndexResult, others: pd.DataFrame | None) -> Row:
    if others is None or others.empty:
        return (
            LOOK,
            "none given",
            "compare the index with income, another index or an outcome it should predict",
        )
    r = others.reindex(index.scores.index).corrwith(index.scores, method="spearman").dropna()
    figures = ", ".join(f"{name} {value:.2f}" for name, value in r.items())
    if (r.abs() > 0.95).any():
        return LOOK, figures, f"adds next to nothing to {_listed(r[r.abs() > 0.95].index)}"
    return PASS, figures, "linked and yet not the same (Spearman)"


def _words(index: IndexResult) -> Row:
    recipe = index.recipe
    languages = set(recipe.label)
    short = [g.id for g in recipe.groups if set(g.label) < languages]
    figures = f"{len(languages)} languages ({_listed(sorted(languages)) or 'none'})"
    if not languages or short or not recipe.measure:
        return LOOK, figures, f"label, measure or a group's name is missing: {_listed(short) or 'the index'}"
    return PASS, figures, "every page can name the index, its measure and its parts"
