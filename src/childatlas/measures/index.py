"""An index from a table of figures and a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.aggregate import POSITIVE_ONLY, aggregate, coverage_of
from childatlas.measures.imputation import impute
from childatlas.measures.index_input import take_values
from childatlas.measures.index_result import NOTE_COLUMNS, IndexResult
from childatlas.measures.normalise import Array, normalise, rank_least
from childatlas.measures.recipe import ROOT, Recipe, as_recipe, read_recipe
from childatlas.measures.recipe_parts import Aggregation, Treatment
from childatlas.measures.treatment import learn_treatment
from childatlas.measures.tree import Tree, build_tree, recipe_tree
from childatlas.measures.weights import LEARNED

__all__ = ["IndexResult", "build_index", "normalised_array", "rank_worst_first", "read_recipe"]

Notes = list[tuple[str, str, str, str]]


def build_index(
    values: pd.DataFrame, recipe: Recipe | Mapping[str, Any] | str | Path, *, groups: pd.Series | None = None
) -> IndexResult:
    """Return the index that `recipe` makes of `values`: scores, coverage, ranks and every step.

    Parameters
    ----------
    values : DataFrame
        Units x indicators, NaN where missing; columns the recipe does not name are ignored.
    recipe : Recipe, mapping, path or name of a shipped recipe
    groups : Series, optional
        Group of each unit, for imputation by group means.

    Returns
    -------
    IndexResult
        On the index of `values`, in its order. A unit below the least coverage of the index has no score, and
        `notes` says what it lacks.

    Raises
    ------
    StudyError
        If the recipe is faulty or names an indicator that `values` does not have; the nearest are listed.
    DataError
        If `values` has units twice, no unit, text or infinite numbers, or a denominator of zero.
    AnalysisError
        If a geometric, harmonic or generalised mean meets a zero or negative part.

    Notes
    -----
    Denominators -> imputation -> treatment -> orientation and normalisation -> weights -> aggregation from
    the deepest node to the index. A part without a score leaves its node's mean, the other weights being
    rescaled, as long as the parts present hold `least_coverage` of the node's weight. Ranks compare scores
    rounded to nine digits of their size, so that rounding errors decide no tie.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"stunting": [10.0, 20.0, 15.0]}, index=["a", "b", "c"])
    >>> recipe = {"indicators": [{"id": "stunting", "direction": "higher_is_worse"}]}
    >>> build_index(table, recipe).scores.tolist()
    [100.0, 0.0, 50.0]
    """
    made = as_recipe(recipe)
    tree = build_tree(made)
    observed = take_values(values, made, tree)
    used, imputed = impute(observed, made.imputation, groups=groups)
    treated = _treat(used, made, tree)
    normalised = pd.DataFrame(
        normalised_array(treated.to_numpy(float).T, made, tree).T, used.index, tree.leaves
    )
    weights, nodes = _weigh(normalised, made, tree)
    scores = pd.Series(nodes[ROOT], index=values.index, name=made.id)
    notes = [
        *_explain_gaps(observed, imputed, normalised),
        *_explain_scores(nodes, weights, tree, normalised),
    ]
    outliers = _outliers(used, treated, made, tree)
    notes += _explain_outliers(outliers)
    return IndexResult(
        recipe=made,
        scores=scores,
        coverage=_coverage(observed, normalised, tree, weights),
        ranks=rank_worst_first(scores, worst_is_high=tree.worst_is_high),
        levels=_by_level(nodes, made, values.index),
        values=used,
        treated=treated,
        normalised=normalised,
        imputed=imputed,
        node_weights=weights,
        weights=_effective(made, weights, tree),
        outliers=outliers,
        notes=pd.DataFrame(notes, columns=list(NOTE_COLUMNS)),
    )


def rank_worst_first(scores: pd.Series, *, worst_is_high: bool) -> pd.Series:
    """Return ranks with 1 for the worst off, ties at their least rank, NaN where there is no score."""
    x = scores.to_numpy(float)
    size = np.nanmax(np.abs(x)) if np.isfinite(x).any() else 1.0
    rounded = np.round(x / (size or 1.0), 9)
    return pd.Series(rank_least(-rounded if worst_is_high else rounded), index=scores.index, name="rank")


def normalised_array(treated: Array, recipe: Recipe, tree: Tree) -> Array:
    """Return figures (indicators, ..., units) normalised as the recipe says for each indicator."""
    if all(i.normalisation is None for i in tree.indicators):
        signs = _signs(recipe, tree).reshape(-1, *[1] * (treated.ndim - 1))
        return normalise(treated, recipe.normalisation, sign=signs)
    rows = [
        normalise(treated[row], item.normalisation or recipe.normalisation, sign=sign)
        for row, (item, sign) in enumerate(zip(tree.indicators, _signs(recipe, tree), strict=True))
    ]
    return np.stack(rows)


def _signs(recipe: Recipe, tree: Tree) -> Array:
    return np.array([1.0 if i.direction == recipe.direction else -1.0 for i in tree.indicators])


def _plan(recipe: Recipe, tree: Tree) -> dict[str, Treatment]:
    return {i.id: i.treatment or recipe.treatment for i in tree.indicators}


def _treat(used: pd.DataFrame, recipe: Recipe, tree: Tree) -> pd.DataFrame:
    plan = _plan(recipe, tree)
    columns = {
        i: learn_treatment(used[i].to_numpy(float), plan[i]).apply(used[i].to_numpy(float)) for i in used
    }
    return pd.DataFrame(columns, index=used.index)


def _outliers(used: pd.DataFrame, treated: pd.DataFrame, recipe: Recipe, tree: Tree) -> pd.DataFrame:
    plan = _plan(recipe, tree)
    rows: list[tuple[str, str, str, float, float]] = []
    for i in used:
        how = learn_treatment(used[i].to_numpy(float), plan[str(i)])
        changed = used.index[(used[i] != treated[i]) & used[i].notna()] if how.kind != "none" else []
        rows += [(str(u), str(i), how.kind, float(used.loc[u, i]), float(treated.loc[u, i])) for u in changed]
        if not how.enough:
            rows.append(("", str(i), "not enough", np.nan, np.nan))
    return pd.DataFrame(rows, columns=["unit", "indicator", "method", "value", "treated"])


def _weigh(normalised: pd.DataFrame, recipe: Recipe, tree: Tree) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the weights of every node, learned where a level says so, and the scores under them."""
    _refuse_undefined_means(normalised, tree, None)
    ways = {level.id: level.weights for level in recipe.levels}
    array, weights = normalised.to_numpy(float).T, tree.weights
    for node in tree.nodes:
        if ways[node.level] in LEARNED and len(node.parts) > 1:
            scores = tree.evaluate(array, weights=weights)
            parts = pd.DataFrame({p: normalised[p] if p in normalised else scores[p] for p in node.parts})
            given = parts.loc[:, parts.notna().any()]
            learned = LEARNED[ways[node.level]](given, node.aggregation)
            weights[node.id] = learned.reindex(list(node.parts)).fillna(1 / len(node.parts)).to_numpy(float)
    scores = tree.evaluate(array, weights=weights)
    _refuse_undefined_means(normalised, tree, scores)
    _refuse_means_of_nothing(normalised, tree, weights, scores)
    return weights, scores


def _refuse_means_of_nothing(
    normalised: pd.DataFrame, tree: Tree, weights: dict[str, Array], scores: dict[str, Array]
) -> None:
    """Refuse Mazziotta-Pareto where the mean it divides by is not over zero (z-scores around 0)."""
    for node in tree.nodes:
        if node.aggregation.method != "mazziotta-pareto" or not node.parts:
            continue
        parts = np.stack(
            [normalised[p].to_numpy(float) if p in normalised else scores[p] for p in node.parts]
        )
        mean = aggregate(parts, weights[node.id], Aggregation())
        bad = np.flatnonzero(mean <= 0)
        if bad.size:
            raise AnalysisError(
                f"the Mazziotta-Pareto index of {node.id!r} is undefined",
                where=f"unit {normalised.index[bad[0]]}, mean of {', '.join(node.parts[:5])}",
                found=float(mean[bad[0]]),
                expected="a mean over 0: its penalty is relative to it",
                fix="normalise to mean 100 and standard deviation 10: "
                '{ method = "z-score", centre = 100, spread = 10 }',
            )


def _refuse_undefined_means(normalised: pd.DataFrame, tree: Tree, scores: dict[str, Array] | None) -> None:
    for node in tree.nodes:
        if node.aggregation.method not in POSITIVE_ONLY or node.aggregation.power == 1:
            continue
        for part in node.parts:
            column = (
                normalised[part].to_numpy(float)
                if part in normalised
                else (scores or {}).get(part, np.array([]))
            )
            bad = np.flatnonzero(column <= 0)
            if bad.size:
                raise AnalysisError(
                    f"the {node.aggregation.method} mean of {node.id!r} is undefined",
                    where=f"unit {normalised.index[bad[0]]}, indicator {part}",
                    found=float(column[bad[0]]),
                    expected="parts over 0",
                    fix="give the normalisation a scale over 0, such as [1, 100], or take another mean",
                )


def _coverage(
    observed: pd.DataFrame, normalised: pd.DataFrame, tree: Tree, weights: dict[str, Array]
) -> pd.Series:
    """Return the share of declared weight with usable figures, from the leaves up."""
    has = (observed.notna() & normalised.notna()).to_numpy(float).T
    rows = dict(zip(tree.leaves, has, strict=True))
    for node in tree.nodes:
        w = weights[node.id]
        parts = [rows[p] for p in node.parts]
        rows[node.id] = (
            (w[:, None] / w.sum() * np.stack(parts)).sum(axis=0) if parts else np.zeros(len(observed))
        )
    return pd.Series(rows[ROOT], index=observed.index, name="coverage")


def _by_level(nodes: dict[str, Array], recipe: Recipe, units: pd.Index) -> dict[str, pd.DataFrame]:
    of_level: dict[str, list[str]] = {level.id: [] for level in recipe.levels}
    of_level[recipe.levels[0].id].append(ROOT)
    for group in recipe.groups:
        of_level[group.level].append(group.id)
    return {level: pd.DataFrame({i: nodes[i] for i in ids}, index=units) for level, ids in of_level.items()}


def _effective(recipe: Recipe, weights: dict[str, Array], tree: Tree) -> pd.Series:
    table = recipe_tree(recipe, weights=weights)
    return table.loc[tree.leaves, "effective"].astype(float).rename("weight")


def _explain_outliers(outliers: pd.DataFrame) -> Notes:
    notes: Notes = []
    for unit, indicator, method, value, treated in outliers.itertuples(index=False):
        if method == "not enough":
            notes.append((unit, indicator, "outliers", "skewness and kurtosis still exceed their limits"))
        else:
            notes.append((unit, indicator, "treated", f"{method} moved {value:g} to {treated:g}"))
    return notes


def _explain_gaps(observed: pd.DataFrame, imputed: pd.DataFrame, normalised: pd.DataFrame) -> Notes:
    notes: Notes = []
    for i in observed:
        name = str(i)
        if observed[i].notna().sum() == 0:
            notes.append(
                ("", name, "no figures", "no unit has a figure; it takes no part and lowers coverage")
            )
        elif normalised[i].notna().sum() == 0:
            notes.append(("", name, "constant", _constant(observed[i])))
        else:
            notes += [
                (str(u), name, "missing", "no figure")
                for u in observed.index[observed[i].isna() & ~imputed[i]]
            ]
        notes += [
            (str(u), name, "imputed", "no figure: filled, flagged, not counted as coverage")
            for u in imputed.index[imputed[i]]
        ]
    return notes


def _constant(column: pd.Series) -> str:
    return (
        f"every unit has {column.dropna().iloc[0]:g}, so its normalisation would divide by zero; it takes no "
        "part and lowers coverage. Give it fixed goalposts, or leave it out"
    )


def _explain_scores(
    nodes: dict[str, Array], weights: dict[str, Array], tree: Tree, normalised: pd.DataFrame
) -> Notes:
    """Say of every node without a score how much is there, how much is needed, and what is missing."""
    notes: Notes = []
    for node in tree.nodes:
        if not node.parts:
            notes.append(("", node.id, "no open data", "declared without open data: it has no score"))
            continue
        parts = pd.DataFrame({p: normalised[p] if p in normalised else nodes[p] for p in node.parts})
        share = coverage_of(parts.to_numpy(float).T, weights[node.id])
        for row in np.flatnonzero(np.isnan(nodes[node.id])):
            lacking = ", ".join(parts.columns[parts.iloc[row].isna()])
            need = (
                f"parts with {share[row]:.0%} of its weight are there, {node.least_coverage:.0%} are needed"
            )
            notes.append((str(normalised.index[row]), node.id, "no score", f"{need}; without: {lacking}"))
    return notes
