"""What a page says of values that name a kind: labels and counts, and never an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from childatlas.atlas.places import place_names, places
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer

if TYPE_CHECKING:
    from atlasgeo.maps.categories import Categories

__all__ = ["category_classes", "category_groups", "category_labels", "category_sentence", "value_text"]

_TITLED: Final = 4  # categories that a title may list
_ROOM: Final = 150  # names that a page holds beside the map


def category_classes(layer: Layer, words: Words) -> Categories:
    """Return the layer's categories with their labels in the words' language."""
    from atlasgeo.maps.categories import categories

    return categories({number: words.pick(texts) for number, texts in layer.categories.items()})


def category_labels(layer: Layer, words: Words) -> pd.Series:
    """Return the label of each unit's category, missing where it has none."""
    labels = {float(number): words.pick(texts) for number, texts in layer.categories.items()}
    return layer.values.map(labels)


def value_text(layer: Layer, code: str, words: Words) -> str:
    """Return a unit's value as it is printed: the label of its category, else the number."""
    value = float(layer.values[code])
    if layer.categories and not pd.isna(value):
        return words.pick(layer.categories[int(value)])
    return words.number(value, layer.digits)


def category_sentence(layer: Layer, geography: Geography, words: Words) -> str:
    """Return how many units are of each category, in the order of the catalogue; nothing else is claimed."""
    label = words.pick(layer.label)
    counts = [
        (words.pick(layer.categories[k]), int((layer.values == k).sum())) for k in sorted(layer.categories)
    ]
    seen = [(name, n) for name, n in counts if n]
    if not seen:
        return words.say("finding.none", label=label)
    if len(seen) > _TITLED:
        units = words.count(sum(n for _, n in seen), geography.level)
        return words.say("finding.many_categories", label=label, n=len(seen), units=units)
    told = [words.say("finding.category", category=name, n=words.number(n, 0)) for name, n in seen]
    return words.say("finding.categories", label=label, categories=words.join(told))


def category_groups(layer: Layer, geography: Geography, words: Words) -> list[dict[str, Any]]:
    """Return label, colour, number and names of the units of each category; empty for amounts.

    Names are in alphabetical order; where there are many, the first of them and how many more.
    """
    if not layer.categories:
        return []
    from atlasgeo.maps.palettes import QUALITATIVE

    names = place_names(geography, words)
    groups = []
    for number, colour in zip(sorted(layer.categories), QUALITATIVE, strict=False):
        codes = layer.values.index[layer.values == number]
        ordered = names.reindex(codes).sort_values(kind="stable").index
        told = places([str(code) for code in ordered], names, words, most=_ROOM // len(layer.categories))
        label = words.pick(layer.categories[number])
        groups.append({"label": label, "colour": colour, "n": len(codes), "names": told})
    return groups
