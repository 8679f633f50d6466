"""What a recipe has to be as a whole: a tree without orphans or doubles, with weight in every node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from childatlas.errors import nearest

if TYPE_CHECKING:
    from childatlas.measures.recipe import Group, IndexedIndicator, Recipe

__all__ = ["ROOT", "check_tree"]

ROOT = "index"


def check_tree(recipe: Recipe) -> None:
    """Refuse a recipe whose parts contradict each other.

    Raises
    ------
    ValueError
        With the table, the part and the remedy.
    """
    _check_levels(recipe)
    _check_groups(recipe)
    _check_indicators(recipe)
    _check_declared(recipe)
    _check_fullness(recipe)
    _check_weights(recipe)


def _repeated(ids: list[str]) -> list[str]:
    return sorted(i for i, count in Counter(ids).items() if count > 1)


def _check_levels(recipe: Recipe) -> None:
    ids = [level.id for level in recipe.levels]
    if not ids:
        raise ValueError("levels: at least the index itself is needed")
    nodes = [g.id for g in recipe.groups] + [i.id for i in recipe.indicators]
    for what, repeated in (("levels", _repeated(ids)), ("groups and indicators", _repeated([ROOT, *nodes]))):
        if repeated:
            raise ValueError(f"{what}: declared twice: {', '.join(repeated)}")


def _check_groups(recipe: Recipe) -> None:
    order = [level.id for level in recipe.levels]
    level_of = {ROOT: order[0], **{g.id: g.level for g in recipe.groups}}
    for group in recipe.groups:
        if group.level not in order[1:]:
            raise ValueError(
                f"groups: {group.id!r} is at the unknown level {group.level!r}; known: {order[1:]}"
            )
        parent = group.parent or ROOT
        if parent not in level_of:
            raise ValueError(_unknown_parent("groups", group.id, parent, level_of))
        if order.index(level_of[parent]) != order.index(group.level) - 1:
            raise ValueError(
                f"groups: {group.id!r} ({group.level}) hangs from {parent!r} ({level_of[parent]}), "
                f"expected a parent at level {order[order.index(group.level) - 1]!r}"
            )


def _check_indicators(recipe: Recipe) -> None:
    groups = {ROOT: None, **{g.id: g for g in recipe.groups}}
    for item in recipe.indicators:
        if item.parent is not None and item.parent not in groups:
            raise ValueError(_unknown_parent("indicators", item.id, item.parent, groups))
        if item.open and item.direction is None:
            raise ValueError(
                f"indicators: {item.id!r} has no direction (higher_is_better or higher_is_worse)"
            )
        group = groups[item.parent or ROOT]
        if item.open and group is not None and not group.open:
            raise ValueError(
                f"indicators: {item.id!r} is open, but its component {group.id!r} says it has no open data"
            )


def _unknown_parent(table: str, child: str, parent: str, known: Mapping[str, object]) -> str:
    near = ", ".join(nearest(parent, known) or list(known))
    return f"{table}: {child!r} hangs from the unknown {parent!r}; nearest known: {near}"


def _check_declared(recipe: Recipe) -> None:
    kinds = Counter(i.kind for i in recipe.indicators)
    for kind, count in recipe.declared.items():
        if kinds[kind] != count:
            raise ValueError(
                f"declared: {count} {kind} indicators, but {kinds[kind]} are listed (open or not)"
            )


def _check_fullness(recipe: Recipe) -> None:
    parents = {g.parent or ROOT for g in recipe.groups}
    parents |= {i.parent or ROOT for i in recipe.open_indicators}
    for group in recipe.groups:
        if group.open and group.id not in parents:
            raise ValueError(
                f"groups: {group.level} {group.id!r} has no open indicator; give it one, or say open = false"
            )
    if not recipe.open_indicators:
        raise ValueError("indicators: none is open, so there is nothing to compute")


def _check_weights(recipe: Recipe) -> None:
    under: dict[str, list[float]] = {}
    items: list[Group | IndexedIndicator] = [*recipe.groups, *recipe.open_indicators]
    for item in items:
        under.setdefault(item.parent or ROOT, []).append(item.weight)
    for parent, weights in under.items():
        if sum(weights) <= 0:
            raise ValueError(f"weights: all parts of {parent!r} have weight zero; give one a weight over 0")
