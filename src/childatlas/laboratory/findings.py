"""What the laboratory finds: every table of building, comparing and exploring an index, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.laboratory.bench import Bench
from childatlas.measures.audit import audit_index
from childatlas.measures.choices import Choices
from childatlas.measures.comparison import Comparison, compare_indices, imputation_effect
from childatlas.measures.diagnosis import Diagnosis, diagnose
from childatlas.measures.drivers import Drivers, explain_distance
from childatlas.measures.index import build_index
from childatlas.measures.index_errors import index_errors
from childatlas.measures.index_input import take_errors
from childatlas.measures.index_result import IndexResult
from childatlas.measures.ranks import RankSets, rank_confidence
from childatlas.measures.recipe import Recipe
from childatlas.measures.removal import removal_effect
from childatlas.measures.robustness import Robustness, explore_index
from childatlas.measures.sobol import Sensitivity, sobol_index
from childatlas.measures.strengths import strengths_and_weaknesses
from childatlas.measures.tree import build_tree, recipe_tree

__all__ = ["DEFAULT_CHOICES", "Build", "Exploration", "build", "compare", "explore"]

# What `explore` varies when a recipe declares nothing: the choices that are made in every index.
DEFAULT_CHOICES: dict[str, Any] = {
    "weights": {"indicator": 0.25},
    "normalisation": ["min-max", "percentile-rank", {"method": "z-score", "centre": 100, "spread": 10}],
    "aggregation": ["arithmetic", "geometric"],
    "leave_out": True,
}


@dataclass(frozen=True, eq=False)
class Build:
    """An index with its diagnosis, drivers and rank sets.

    Attributes
    ----------
    index, diagnosis, sets
    drivers : Drivers or None
        None where the scores have no distance to a reference (`why_no_drivers`).
    tables : dict of name -> DataFrame
        What is written as CSV.
    """

    index: IndexResult
    diagnosis: Diagnosis
    sets: RankSets
    drivers: Drivers | None
    why_no_drivers: str
    tables: dict[str, pd.DataFrame]


def build(bench: Bench, *, seed: int, worst: int | None = None, links: pd.DataFrame | None = None) -> Build:
    """Return the index of a bench and all that explains it.

    Standard errors of the index are drawn from those of the figures; where any figure of a unit has none,
    nothing is said of its rank but the point estimate. `links` (units x other measures) is what the ninth
    step of the audit compares the index with.
    """
    index = _scored(bench)
    errors = None
    if bench.errors is not None:
        errors = index_errors(bench.values, bench.errors, bench.recipe, seed=seed, groups=bench.groups)
    sets = rank_confidence(
        index.scores,
        None,
        direction=bench.recipe.direction,
        seed=seed,
        covariance=None if errors is None else errors.covariance,
        worst=worst,
    )
    own = None if bench.errors is None else take_errors(bench.values, bench.errors, build_tree(index.recipe))
    diagnosis = diagnose(index, standard_errors=own)
    drivers, why = _drivers(index, bench)
    tables = _tables(index, diagnosis, sets, drivers, bench)
    tables["audit"] = audit_index(index, diagnosis=diagnosis, others=links)
    if links is not None:
        tables["links"] = _links(index, links)
    return Build(index, diagnosis, sets, drivers, why, tables)


def _links(index: IndexResult, links: pd.DataFrame) -> pd.DataFrame:
    """Return how the index goes with other measures of the same units."""
    both = links.reindex(index.scores.index)
    rows = {
        name: {
            "units": int((both[name].notna() & index.scores.notna()).sum()),
            "pearson": both[name].corr(index.scores),
            "spearman": both[name].corr(index.scores, method="spearman"),
        }
        for name in both
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")


def _scored(bench: Bench) -> IndexResult:
    """Return the index of a bench, refused where no unit has a score: there is nothing to explain."""
    index = build_index(bench.values, bench.recipe, groups=bench.groups)
    if index.scores.notna().any():
        return index
    why = [f"{i}: {note}" for u, i, _, note in index.notes.itertuples(index=False) if u == ""]
    raise AnalysisError(
        f"no unit has a score in the index {bench.recipe.id!r}",
        found="; ".join(why[:5]) or f"coverage of {index.coverage.max():.0%} at most",
        expected="at least one unit with the least coverage, and indicators that tell units apart",
        fix="lower least_coverage in the recipe, add figures, or name the --vintage that has them",
    )


def _drivers(index: IndexResult, bench: Bench) -> tuple[Drivers | None, str]:
    if bench.national is None:
        return None, "the table has no row `country` with the country's own figures"
    try:
        return explain_distance(index, bench.national), ""
    except AnalysisError as error:
        return None, error.what


def _tables(
    index: IndexResult, diagnosis: Diagnosis, sets: RankSets, drivers: Drivers | None, bench: Bench
) -> dict[str, pd.DataFrame]:
    names = pd.Series(bench.units, dtype=object).reindex(index.scores.index)
    scores = pd.DataFrame(
        {"name": names, "score": index.scores, "rank": index.ranks, "coverage": index.coverage}
    )
    scores = pd.concat(
        [scores, sets.table[["se", "low", "high", "low_all", "high_all", "word"]], index.detail], axis=1
    )
    tree = recipe_tree(index.recipe, weights=index.node_weights)
    tables = {
        "scores": scores.sort_values("rank", kind="stable"),
        "ranks_by_group": _ranks_by_group(index, names),
        "normalised": index.normalised,
        "weights": tree.drop(columns="depth"),
        "notes": index.notes.set_index("unit"),
        "information": diagnosis.information,
        "correlations": diagnosis.correlations,
        "pairs": diagnosis.pairs.set_index("first"),
        "groups": diagnosis.groups,
        "items": diagnosis.items,
        "missing": states_of(index, bench),
        "strengths": strengths_and_weaknesses(index).set_index("unit"),
        "importance": diagnosis.importance,
    }
    if len(index.outliers):
        tables["outliers"] = index.outliers.set_index("unit")
    if drivers is not None:
        table = drivers.contributions.assign(explained=drivers.explained, unexplained=drivers.unexplained)
        tables["drivers"] = table
    if index.imputed.to_numpy().any():
        tables["imputation"] = imputation_effect(bench.values, index.recipe, groups=bench.groups)
    return tables


def _ranks_by_group(index: IndexResult, names: pd.Series) -> pd.DataFrame:
    """Return the rank of every unit in the index and in each of its groups, 1 = worst off."""
    better = index.recipe.direction == "higher_is_better"
    ranks = index.detail.rank(method="min", ascending=better)
    ranks.insert(0, "index", index.ranks)
    ranks.insert(0, "name", names)
    return ranks.sort_values("index", kind="stable")


def states_of(index: IndexResult, bench: Bench) -> pd.DataFrame:
    """Return what stands behind each figure: ``figure``, ``carried``, ``imputed`` or ``missing``."""
    states = pd.DataFrame("figure", index=index.values.index, columns=index.values.columns)
    carried = [i.id for i in index.recipe.open_indicators if i.column in bench.carried]
    states[carried] = "carried"
    return states.mask(index.values.isna(), "missing").mask(index.imputed, "imputed")


def compare(first: Bench, second: Bench) -> tuple[Comparison, dict[str, pd.DataFrame]]:
    """Return two recipes side by side on the same units, and the tables of it."""
    found = compare_indices(_scored(first), _scored(second))
    names = pd.Series(first.units, dtype=object).reindex(found.table.index)
    table = found.table.copy()
    table.insert(0, "name", names)
    return found, {"comparison": table}


@dataclass(frozen=True, eq=False)
class Exploration:
    """Ranks under the declared choices, and which choice moves them."""

    robustness: Robustness
    sensitivity: Sensitivity | None
    why_no_sensitivity: str
    audit: pd.DataFrame
    choices: Choices
    tables: dict[str, pd.DataFrame]


def explore(
    bench: Bench, *, seed: int, draws: int, base: int, ballots: pd.DataFrame | None = None
) -> Exploration:
    """Return the Monte Carlo exploration and the Sobol indices of a bench's declared choices.

    Raises
    ------
    StudyError, AnalysisError
        As `explore_index`.
    """
    choices = _choices(bench, ballots)
    index = _scored(bench)
    given = {
        "choices": choices,
        "standard_errors": bench.errors,
        "ballots": ballots,
        "groups": bench.groups,
    }
    robustness = explore_index(bench.values, bench.recipe, seed=seed, draws=draws, **given)  # type: ignore[arg-type]
    sensitivity, why = None, ""
    try:
        sensitivity = sobol_index(bench.values, bench.recipe, seed=seed, base=base, **given)  # type: ignore[arg-type]
    except AnalysisError as error:
        why = error.what
    audit = audit_index(index, robustness=robustness, sensitivity=sensitivity)
    names = pd.Series(bench.units, dtype=object).reindex(index.scores.index)
    ranks = robustness.ranks.copy()
    ranks.insert(0, "name", names)
    tables = {
        "ranks": ranks.sort_values("rank", kind="stable"),
        "rank_distribution": robustness.distribution,
        "removal": removal_effect(bench.values, bench.recipe, groups=bench.groups),
        "audit": audit,
    }
    if sensitivity is not None:
        tables["sensitivity"] = sensitivity.indices.reset_index().set_index("output")
    return Exploration(robustness, sensitivity, why, audit, choices, tables)


def _choices(bench: Bench, ballots: pd.DataFrame | None) -> Choices:
    declared = bench.recipe.choices
    if declared == Choices():
        declared = Choices.model_validate(DEFAULT_CHOICES)
    updates = {"ballots": True} if ballots is not None else {}
    if bench.errors is not None and np.isfinite(bench.errors.to_numpy(float)).any():
        updates["figures"] = True
    return declared.model_copy(update=updates)


def read_ballots(recipe: Recipe, cells: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the points of ballots over the recipe's nodes.

    Raises
    ------
    StudyError
        If the kind is none that is known.
    """
    from childatlas.measures.votes import ballot_points

    parts = set(recipe_tree(recipe).index)
    used = cells if kind == "choice" else cells[[c for c in cells if c in parts]]
    return ballot_points(used, kind=kind)  # type: ignore[arg-type] # checked above
