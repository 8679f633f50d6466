"""A recipe held against the catalogue of its indicators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from childatlas.errors import StudyError, nearest
from childatlas.measures.recipe import IndexedIndicator, Recipe

__all__ = ["CataloguedIndicator", "check_recipe", "recipe_faults"]


class CataloguedIndicator(Protocol):
    """What of a catalogue's entry matters to a recipe."""

    @property
    def direction(self) -> str:
        """``higher_is_worse``, ``higher_is_better`` or ``neutral``."""

    @property
    def kind(self) -> str:
        """``rate``, ``count``, ``mean``, ``index`` or ``category``."""


def check_recipe(recipe: Recipe, catalogue: Mapping[str, CataloguedIndicator]) -> None:
    """Refuse a recipe that contradicts the catalogue.

    Parameters
    ----------
    recipe : Recipe
    catalogue : mapping of id -> entry
        With ``direction`` and ``kind``.

    Raises
    ------
    StudyError
        If an indicator or a denominator is unknown (the nearest known are named), its direction is the
        opposite of the catalogue's, a count enters without a denominator, or a category enters.
    """
    for fault in recipe_faults(recipe, catalogue):
        raise fault


def recipe_faults(recipe: Recipe, catalogue: Mapping[str, CataloguedIndicator]) -> list[StudyError]:
    """Return every contradiction between a recipe and the catalogue, for those who want to see them all."""
    faults = []
    for item in recipe.open_indicators:
        unknown = [n for n in filter(None, (item.column, item.denominator)) if n not in catalogue]
        faults += [_unknown(name, recipe, catalogue) for name in unknown]
        named = [n for n in filter(None, (item.column, item.denominator)) if n in catalogue]
        faults += [_no_amount(n, item, recipe) for n in named if catalogue[n].kind == "category"]
        entry = catalogue.get(item.column)
        if entry is None:
            continue
        if entry.direction not in ("neutral", item.direction):
            faults.append(_contradiction(item, entry, recipe))
        if entry.kind == "count" and item.denominator is None:
            faults.append(
                StudyError(
                    f"the count {item.column!r} enters the index as it is",
                    where=f"{recipe.id}, indicator {item.id}",
                    found="kind = count, no denominator",
                    expected="a rate: a count follows the number of people",
                    fix="declare its denominator",
                )
            )
    return faults


def _unknown(name: str, recipe: Recipe, catalogue: Mapping[str, CataloguedIndicator]) -> StudyError:
    close = nearest(name, catalogue)
    return StudyError(
        f"the recipe names the unknown indicator {name!r}",
        where=recipe.id,
        found=name,
        expected=", ".join(close) or f"one of the {len(catalogue)} catalogued indicators",
        fix=f"did you mean {close[0]!r}?" if close else "add it to the catalogue, or set open = false",
    )


def _no_amount(name: str, item: IndexedIndicator, recipe: Recipe) -> StudyError:
    return StudyError(
        f"the category {name!r} enters the index",
        where=f"{recipe.id}, indicator {item.id}",
        found="kind = category",
        expected="an indicator that says how much",
        fix="take it out of the recipe",
    )


def _contradiction(item: IndexedIndicator, entry: CataloguedIndicator, recipe: Recipe) -> StudyError:
    return StudyError(
        f"recipe and catalogue contradict each other on the direction of {item.column!r}",
        where=f"{recipe.id}, indicator {item.id}",
        found=str(item.direction),
        expected=entry.direction,
        fix="correct one of them: a flipped direction turns the index around",
    )
