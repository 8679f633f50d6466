"""The classes and colours of a layer: decided once, the same in every map, legend and style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlasgeo.maps.around import classify_around
from atlasgeo.maps.classes import classify
from atlasgeo.maps.palettes import QUALITATIVE, class_colours, diverging_colours, sequential
from childatlas.atlas.categories import category_classes
from childatlas.atlas.words import Words
from childatlas.layers import Layer
from childatlas.study import Study

if TYPE_CHECKING:
    from atlasgeo.maps.classes import Classes

__all__ = ["classes_line", "layer_classes", "layer_colours"]


def layer_classes(study: Study, layer: Layer, *, words: Words) -> Classes:
    """Return the classes that the study asks for: its own breaks for this indicator, else its scheme.

    Categories are classes of their own, labelled in the words' language. Where the layer's colours part at a
    value the scheme divides the distances from it.

    Raises
    ------
    AnalysisError
        If no value is there.
    """
    if layer.categories:
        return category_classes(layer, words)
    plan = study.classes
    breaks = plan.breaks.get(layer.id)
    if breaks:
        return classify(layer.values, breaks=breaks, digits=layer.digits)
    scheme = "fisher_jenks" if plan.scheme == "user" else plan.scheme
    if layer.around is not None:
        return classify_around(layer.values, layer.around, scheme=scheme, k=plan.k, digits=layer.digits)
    return classify(layer.values, scheme=scheme, k=plan.k, digits=layer.digits)


def layer_colours(layer: Layer, classes: Classes) -> tuple[str, ...]:
    """Return one colour a class: warm where more is worse, cool where more is better, any for categories.

    About a stated value the worse side is warm and the better one cool.
    """
    if layer.categories:
        return QUALITATIVE[: classes.k]
    if layer.around is not None:
        better = layer.direction == "higher_is_better"
        return diverging_colours(classes.edges, layer.around, flip=better)
    return class_colours(sequential(layer.direction), classes.k)


def classes_line(classes: Classes, words: Words) -> str:
    """Return how the classes were made, as the foot of a map says it."""
    if classes.scheme == "categories":
        return words.say("foot.categories")
    scheme, k = words.name("schemes", classes.scheme), f"k = {classes.k}"
    if classes.around is None:
        return words.say("foot.classes", scheme=scheme, classes=k)
    value = words.number(classes.around, classes.digits if classes.around else 0)
    return words.say("foot.classes_around", scheme=scheme, classes=k, value=value)
