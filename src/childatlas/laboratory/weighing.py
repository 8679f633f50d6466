"""Weights by every road there is: what the data say, what voters and experts say, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from childatlas.errors import AnalysisError, StudyError, nearest
from childatlas.laboratory.bench import Bench, read_pairs, read_wide_table
from childatlas.laboratory.findings import read_ballots
from childatlas.measures.given_weights import parents_of
from childatlas.measures.index import build_index
from childatlas.measures.recipe import Recipe
from childatlas.measures.tree import build_tree
from childatlas.measures.weights import LEARNED

if TYPE_CHECKING:
    from childatlas.measures.votes import BallotKind

__all__ = ["Weighing", "learn_weights", "weigh_by_budget", "weigh_by_comparisons", "weigh_by_votes"]


@dataclass(frozen=True, eq=False)
class Weighing:
    """Weights of the parts of a recipe, shares within their parent.

    Attributes
    ----------
    weights : DataFrame
        Indexed by id: ``parent, weight``, and what is known of its uncertainty.
    others : DataFrame or None
        Parts x groups of voters or methods.
    tables : dict of name -> DataFrame
    facts : dict
    finding : str
        What the picture says.
    """

    weights: pd.DataFrame
    others: pd.DataFrame | None
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any] = field(default_factory=dict)
    finding: str = ""


def _within_parents(recipe: Recipe, raw: pd.Series, what: str) -> pd.DataFrame:
    """Return ``parent`` and ``weight``: shares of `raw` within each parent.

    Raises
    ------
    StudyError
        If an id is none of the recipe's.
    """
    parent = parents_of(recipe)
    unknown = [str(i) for i in raw.index if str(i) not in parent]
    if unknown:
        raise StudyError(
            f"{what} name a part that the recipe does not have",
            found=unknown[0],
            expected=", ".join(nearest(unknown[0], parent) or list(parent)[:8]),
        )
    own = pd.Series({str(i): parent[str(i)] for i in raw.index}, name="parent")
    values = raw.set_axis([str(i) for i in raw.index]).astype(float)
    total = values.groupby(own).transform("sum")
    table = pd.DataFrame({"parent": own, "weight": values / total.where(total > 0)})
    return table.rename_axis("id")


def learn_weights(bench: Bench) -> Weighing:
    """Return the weights that every method would learn from the figures, beside the recipe's own.

    Each node is weighed on the scores of its parts under the recipe's own weights. A method that cannot be
    used on a node (too few complete units, negative values under entropy) leaves it empty and is told.
    """
    index = build_index(bench.values, bench.recipe, groups=bench.groups)
    tree = build_tree(index.recipe)
    scores = {str(i): t[i] for t in index.levels.values() for i in t} | {
        str(i): index.normalised[i] for i in index.normalised
    }
    rows: dict[str, dict[str, float]] = {}
    why: dict[str, str] = {}
    for node in tree.nodes:
        if len(node.parts) < 2:
            continue
        own = index.node_weights[node.id]
        for part, weight in zip(node.parts, own / own.sum(), strict=True):
            rows[part] = {"recipe": float(weight), "equal": 1 / len(node.parts)}
        parts = pd.DataFrame({p: scores[p] for p in node.parts})
        seen = parts.loc[:, parts.notna().any()]
        for method, learn in LEARNED.items():
            try:
                for part, weight in learn(seen, node.aggregation).items():
                    rows[str(part)][method] = float(weight)
            except AnalysisError as error:
                why.setdefault(method, f"{method}, {node.id}: {error.what}")
    table = pd.DataFrame.from_dict(rows, orient="index")
    weights = _within_parents(index.recipe, table["recipe"], "weights")
    methods = table.drop(columns="recipe")
    joined = pd.concat([weights, methods], axis=1).rename_axis("id")
    gap = methods.drop(columns="equal").sub(weights["weight"], axis=0).abs()
    far = gap.max(axis=1).idxmax() if gap.notna().any(axis=None) else ""
    finding = f"Methods disagree most on {bench.indicators.get(str(far), str(far))}" if far else "Weights"
    return Weighing(joined, methods, {"weights": joined}, {"notes": list(why.values())}, finding)


def weigh_by_votes(
    recipe: Recipe,
    ballots: pd.DataFrame,
    *,
    kind: str,
    seed: int,
    voters: pd.Series | None = None,
    population: Path | None = None,
) -> Weighing:
    """Return the weights that ballots give to parts of the recipe, with bootstrap intervals.

    Parameters
    ----------
    recipe : Recipe
    ballots : DataFrame
        Cells as text, columns (or choices) being ids of the recipe.
    kind : str
        ``choice``, ``approval``, ``points`` or ``ranking``.
    seed : int
    voters : Series, optional
        Group of each voter.
    population : Path, optional
        Table of group and share: voters are weighed to it.
    """
    from childatlas.measures.votes import vote_weights

    read_ballots(recipe, ballots, kind)  # refuses an unknown kind
    kinds: BallotKind = kind  # type: ignore[assignment] # checked above
    shares = None if population is None else _population(population)
    parts = parents_of(recipe)
    used = ballots if kind == "choice" else ballots[[c for c in ballots if c in parts]]
    found = vote_weights(used, kind=kinds, seed=seed, groups=voters, population=shares)
    weights = _within_parents(recipe, found.weights["weight"], "ballots")
    scale = weights["weight"] / found.weights["weight"].where(found.weights["weight"] > 0)
    for column in ("se", "low", "high"):
        weights[column] = found.weights[column] * scale
    weights["share_named"] = found.weights["share_named"]
    tables = {"weights": weights}
    others = None
    if len(found.groups):
        tables["voters"] = found.groups.set_index("group")
        others = found.groups.pivot_table(index="option", columns="group", values="weight")
        others = others.mul(scale.reindex(others.index), axis=0).iloc[:, :6]
    top = str(weights["weight"].idxmax())
    differ = int((found.groups["p_adjusted"] < 0.05).sum()) if len(found.groups) else 0
    facts = {"counted": found.counted, "empty": found.empty, "group_differences": differ}
    finding = f"{found.counted:,} ballots give {top} most weight"
    return Weighing(weights, others, tables, facts, finding)


def _population(path: Path) -> pd.Series:
    from childatlas.figures.numbers import parse_numbers

    cells = read_pairs(path, key="group", value="share").dropna()
    return pd.Series(parse_numbers(cells).values.to_numpy(float), index=cells.index)


def weigh_by_budget(recipe: Recipe, path: Path) -> Weighing:
    """Return the weights that experts gave by sharing out points (rows: experts, columns: ids)."""
    from childatlas.measures.judgement import budget_weights

    table = read_wide_table(path, known=list(parents_of(recipe)))
    found = budget_weights(table, budget=None)
    weights = _within_parents(recipe, found.weights["weight"], "budgets")
    scale = weights["weight"] / found.weights["weight"].where(found.weights["weight"] > 0)
    weights["sd"] = found.weights["sd"] * scale
    weights["low"], weights["high"] = found.weights["least"] * scale, found.weights["greatest"] * scale
    top = str(weights["weight"].idxmax())
    facts = {"experts": len(table), "agreement": found.agreement}
    finding = f"{len(table)} experts give {top} most weight (Kendall's W {found.agreement:.2f})"
    return Weighing(weights, None, {"weights": weights}, facts, finding)


def weigh_by_comparisons(recipe: Recipe, paths: list[Path]) -> Weighing:
    """Return the weights of the analytic hierarchy process; several judges are joined by geometric means."""
    from childatlas.measures.judgement import ahp_weights

    tables = [read_wide_table(path, known=list(parents_of(recipe))) for path in paths]
    found = ahp_weights(tables if len(tables) > 1 else tables[0])
    weights = _within_parents(recipe, found.weights, "comparisons")
    facts: dict[str, Any] = {
        "consistency_ratio": found.consistency_ratio,
        "consistent": found.consistent,
        "ask_again": list(found.farthest),
    }
    notes = []
    if not found.consistent:
        notes = [f"inconsistent (ratio over 0.1): ask again about {' and '.join(found.farthest)}"]
    said = "consistent" if found.consistent else "not consistent"
    finding = f"Comparisons give {weights['weight'].idxmax()} most weight and are {said}"
    finding += f" (ratio {found.consistency_ratio:.2f})"
    return Weighing(weights, None, {"weights": weights}, {**facts, "notes": notes}, finding)
