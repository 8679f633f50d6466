"""A recipe in words."""

from __future__ import annotations

from childatlas.measures.recipe import Recipe
from childatlas.measures.recipe_parts import Aggregation, Normalisation, Part
from childatlas.measures.tree import recipe_tree

__all__ = ["explain_recipe"]

_SENSES = {
    "higher_is_better": "a high score means better off",
    "higher_is_worse": "a high score means worse off",
}
_RULES = dict.fromkeys(("arithmetic", "geometric", "harmonic", "generalised"), "mean, ")
_WAYS = {
    "given": "the weights it declares",
    "equal": "equal weights",
    "entropy": "entropy weights from the data",
    "pca": "weights from the first principal component",
    "factors": "weights from rotated factors of the data",
    "critic": "CRITIC weights from the data",
    "equal-influence": "weights that give every part the same influence",
}


def explain_recipe(recipe: Recipe) -> list[str]:
    """Return what a recipe does, one sentence a step, in the order of the computation."""
    opened, places = recipe.open_indicators, recipe.indicators
    closed_groups = [g.id for g in recipe.groups if not g.open]
    standing = "the published recipe" if recipe.official else "a mapping of ours, not an official recipe"
    lines = [
        f"{recipe.label.get('en', recipe.id)} ({recipe.id}): {standing}; {_SENSES[recipe.direction]}.",
        f"It declares {len(places)} places ({_kinds(recipe)}); {len(opened)} are filled by open figures.",
    ]
    if closed_groups:
        lines.append(
            f"Declared without open data: {', '.join(closed_groups)}; "
            "they keep their weight and lower coverage."
        )
    counts = [f"{i.id} / {i.denominator} x {i.per:g}" for i in opened if i.denominator]
    if counts:
        lines.append(f"Counts become rates: {'; '.join(counts)}.")
    lines.append(f"Missing figures: {_imputation(recipe)}.")
    lines.append(f"Outliers: {_plain(recipe.treatment)}.")
    lines.append(f"Normalisation: {_plain(recipe.normalisation)}{_exceptions(recipe)}.")
    lines += [
        f"{level.id}: {_RULES.get(level.aggregation.method, '')}{_plain(level.aggregation)} of its parts "
        f"with {_WAYS[level.weights]}; needs {level.least_coverage:.0%} of their weight."
        for level in reversed(recipe.levels)
    ]
    lines.append(_heaviest(recipe))
    return lines


def _kinds(recipe: Recipe) -> str:
    counts = {kind: sum(i.kind == kind for i in recipe.indicators) for kind in ("statistical", "survey")}
    return ", ".join(f"{n} {kind}" for kind, n in counts.items() if n)


def _imputation(recipe: Recipe) -> str:
    method = recipe.imputation.method
    return (
        "none is filled, the others are weighed again"
        if method == "none"
        else f"filled by {method}, each flagged"
    )


def _plain(part: Part | Normalisation | Aggregation) -> str:
    """Return the method and what was set beside it."""
    content = part.model_dump(exclude_unset=True)
    method = str(content.pop("method", part.model_dump()["method"]))
    extras = ", ".join(f"{k} {v}" for k, v in content.items() if v is not None)
    return f"{method} ({extras})" if extras else method


def _exceptions(recipe: Recipe) -> str:
    own = [f"{i.id} {_plain(i.normalisation)}" for i in recipe.open_indicators if i.normalisation]
    return f"; but {'; '.join(own)}" if own else ""


def _heaviest(recipe: Recipe) -> str:
    tree = recipe_tree(recipe)
    leaves = tree.loc[tree["level"].eq("indicator") & tree["open"], "effective"].astype(float)
    heavy, light = leaves.idxmax(), leaves.idxmin()
    return (
        f"Effective weights run from {leaves[light]:.1%} ({light}) to {leaves[heavy]:.1%} ({heavy}); "
        f"they sum to {leaves.sum():.1%} of the declared weight."
    )
