"""Diagnosis of an index: how its indicators hang together, and which of them say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from childatlas.measures.importance import importance
from childatlas.measures.index_result import IndexResult
from childatlas.measures.reliability import cronbach_alpha, item_reliability, sampling_adequacy
from childatlas.measures.treatment import shape_of
from childatlas.measures.tree import build_tree

__all__ = ["Diagnosis", "cronbach_alpha", "diagnose", "information", "principal_components"]

_REDUNDANT = 0.92
_CONFLICT = -0.4
_SAME = 0.75
_NO_SPREAD = 0.015
_LITTLE_SPREAD = 0.1
_ROUNDING_UNITS = 10
_NOISE = 0.5


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Tables about an index.

    Attributes
    ----------
    information : DataFrame
        As `information` returns it.
    correlations : DataFrame
        Indicators x indicators, oriented so that more is more of the index.
    pairs : DataFrame
        Notable pairs: ``first, second, correlation, within`` (same group), ``finding`` (redundant, conflict).
    groups : DataFrame
        Indexed by node: ``indicators, mean_correlation, alpha, kmo`` (sampling adequacy),
        ``first_component`` (share of variance), ``components`` (eigenvalues over 1), ``with_parent``
        (correlation of the node's score with its parent's).
    items : DataFrame
        Indexed by indicator: ``group``, ``with_group`` (correlation with the sum of the group's other
        indicators), ``alpha_without`` (of the group), ``with_index``, and the same two of the whole index.
    missing : DataFrame of bool
        Units x indicators.
    importance : DataFrame
        As `importance` returns it.
    """

    information: pd.DataFrame
    correlations: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.DataFrame
    items: pd.DataFrame
    missing: pd.DataFrame
    importance: pd.DataFrame


def diagnose(
    index: IndexResult,
    *,
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
    standard_errors: pd.DataFrame | None = None,
) -> Diagnosis:
    """Return what the parts of an index have to do with each other and with the whole.

    Pairs count as redundant from a correlation of 0.92 and as in conflict under -0.4 (JRC audits); alpha is
    Cronbach's, standardised, over complete units.
    """
    correlations = index.normalised.corr(method=method, min_periods=3)
    return Diagnosis(
        information=information(index, standard_errors=standard_errors),
        correlations=correlations,
        pairs=_pairs(index, correlations),
        groups=_groups(index, correlations, method),
        items=_items(index),
        missing=(index.values.isna() | index.imputed),
        importance=importance(index),
    )


def information(index: IndexResult, *, standard_errors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return per indicator what it can tell units apart by, and a verdict.

    Parameters
    ----------
    index : IndexResult
    standard_errors : DataFrame, optional
        Units x indicators (ids).

    Returns
    -------
    DataFrame
        Indexed by indicator: ``n, missing, imputed, distinct, same`` (share of units with the commonest
        value), ``mean, sd, cv, skewness, kurtosis, noise`` (mean squared error over variance),
        ``verdict``: ``no figures``, ``constant``, ``near-constant`` (three quarters of the units share a
        value; or cv under 10 % and the middle half of the units within ten rounding units of each other;
        or cv under 1.5 %), ``mostly noise`` (over half of the variance is error), or empty. Spread that
        min-max would blow up is said, not hidden.
    """
    rows = {}
    for i in index.values:
        x = index.values[i].where(~index.imputed[i])
        errors = None if standard_errors is None or i not in standard_errors else standard_errors[i]
        rows[i] = _one(x, errors) | {"imputed": int(index.imputed[i].sum())}
    return pd.DataFrame.from_dict(rows, orient="index")


def _one(x: pd.Series, errors: pd.Series | None) -> dict[str, object]:
    seen = x.dropna()
    skew, kurtosis = shape_of(seen.to_numpy(float))
    mean, sd = (float(seen.mean()), float(seen.std())) if len(seen) > 1 else (float(seen.mean()), np.nan)
    cv = sd / abs(mean) if mean else np.nan
    same = float(seen.value_counts(normalize=True).iloc[0]) if len(seen) else np.nan
    noise = (
        float((errors.reindex(seen.index) ** 2).mean()) / sd**2 if errors is not None and sd > 0 else np.nan
    )
    facts = {"n": len(seen), "missing": int(x.isna().sum()), "distinct": seen.nunique(), "same": same}
    facts |= {"mean": mean, "sd": sd, "cv": cv, "skewness": skew, "kurtosis": kurtosis, "noise": noise}
    return {**facts, "verdict": _verdict(seen, same, cv, noise)}


def _verdict(seen: pd.Series, same: float, cv: float, noise: float) -> str:
    if len(seen) == 0:
        return "no figures"
    if seen.max() == seen.min():
        return "constant"
    middle = float(seen.quantile(0.75) - seen.quantile(0.25))
    rounded = cv < _LITTLE_SPREAD and middle < _ROUNDING_UNITS * _rounding_unit(seen)
    if same >= _SAME or rounded or cv < _NO_SPREAD:
        return "near-constant"
    return "mostly noise" if noise > _NOISE else ""


def _rounding_unit(seen: pd.Series) -> float:
    """Return the last decimal place that the values use, at most six."""
    places = (len(f"{v:.6f}".rstrip("0").partition(".")[2]) for v in seen)
    return float(10.0 ** -max(places))


def _pairs(index: IndexResult, correlations: pd.DataFrame) -> pd.DataFrame:
    parent = {i.id: i.parent or "" for i in build_tree(index.recipe).indicators}
    rows = []
    names = list(correlations.columns)
    for a, first in enumerate(names):
        for second in names[a + 1 :]:
            r = float(correlations.loc[first, second])
            within = parent[first] == parent[second]
            if r >= _REDUNDANT:
                rows.append((first, second, r, within, "redundant"))
            elif r <= _CONFLICT and within:
                rows.append((first, second, r, within, "conflict"))
    return pd.DataFrame(rows, columns=["first", "second", "correlation", "within", "finding"])


def principal_components(parts: pd.DataFrame) -> pd.DataFrame:
    """Return the principal components of the correlations of `parts` over complete rows.

    Returns
    -------
    DataFrame
        One row a component: ``eigenvalue, share, cumulated`` and a loading per part (eigenvector times the
        root of the eigenvalue, signed so that the loadings sum to 0 or more). Empty where nothing moves.
    """
    complete = parts.dropna()
    moving = complete.loc[:, complete.max() > complete.min()]
    if moving.shape[1] < 1 or len(moving) < 3:
        return pd.DataFrame(columns=["eigenvalue", "share", "cumulated"])
    values, vectors = np.linalg.eigh(moving.corr().to_numpy(float))
    order = np.argsort(values)[::-1]
    values, vectors = np.maximum(values[order], 0.0), vectors[:, order]
    loadings = vectors * np.sqrt(values)
    loadings = loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    share = values / values.sum()
    table = pd.DataFrame({"eigenvalue": values, "share": share, "cumulated": np.cumsum(share)})
    named = pd.DataFrame(loadings.T, columns=moving.columns)
    return pd.concat([table, named], axis=1).set_axis(range(1, len(values) + 1))


def _groups(index: IndexResult, correlations: pd.DataFrame, method: str) -> pd.DataFrame:
    tree = build_tree(index.recipe)
    scores = {str(i): table[i] for table in index.levels.values() for i in table}
    parent = {part: node.id for node in tree.nodes for part in node.parts}
    rows = {}
    for node in tree.nodes:
        leaves = [i for i in tree.under(node.id) if index.normalised[i].notna().any()]
        if not leaves:
            continue
        inner = correlations.loc[leaves, leaves].to_numpy(float)[np.triu_indices(len(leaves), 1)]
        components = principal_components(index.normalised[leaves])
        above = scores.get(parent.get(node.id, ""))
        rows[node.id] = {
            "indicators": len(leaves),
            "mean_correlation": float(np.nanmean(inner)) if np.isfinite(inner).any() else np.nan,
            "alpha": cronbach_alpha(index.normalised[leaves]),
            "kmo": sampling_adequacy(index.normalised[leaves]),
            "first_component": float(components["share"].iloc[0]) if len(components) else np.nan,
            "components": int((components["eigenvalue"] > 1).sum()),
            "with_parent": np.nan if above is None else _correlation(scores[node.id], above, method),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _items(index: IndexResult) -> pd.DataFrame:
    """Return each indicator against its own group and against the whole."""
    tree = build_tree(index.recipe)
    under = {part: node.id for node in tree.nodes for part in node.parts}
    whole = item_reliability(index.normalised)
    tables = []
    for node in tree.nodes:
        own = [leaf for leaf in tree.leaves if under[leaf] == node.id]
        if own:
            table = item_reliability(index.normalised[own])
            tables.append(table.assign(group=node.id).rename(columns={"with_others": "with_group"}))
    items = pd.concat(tables).reindex(tree.leaves)
    items["with_index"] = whole["with_others"]
    items["alpha_without_in_index"] = whole["alpha_without"]
    return items[["group", "with_group", "alpha_without", "with_index", "alpha_without_in_index"]]


def _correlation(a: pd.Series, b: pd.Series, method: str) -> float:
    both = pd.concat([a, b], axis=1).dropna()
    if len(both) < 3 or (both.nunique() < 2).any():
        return float("nan")
    return float(both.corr(method=method).iloc[0, 1])
