"""Classes and colours of a layer: a ramp, or two that part at a stated value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from atlasgeo.maps.palettes import DIVERGING, SEQUENTIAL_WORSE
from childatlas.atlas.classing import classes_line, layer_classes, layer_colours
from childatlas.atlas.spreads import legend_of
from childatlas.atlas.words import Words
from childatlas.layers import Atlas, Layer
from childatlas.study import Study

GAPS = [-6.0, -1.0, 0.5, 1.0, 2.0, 5.0, 6.0, 19.0, 20.0]


def test_a_gap_parts_at_zero(make_layer: Callable[..., Layer], tiny_study: Study, words: Words) -> None:
    layer = make_layer(GAPS, around=0.0)
    classes = layer_classes(tiny_study, layer, words=words)
    assert [(-high, -low) for low, high in classes.bounds[::-1]] == list(classes.bounds)
    assert layer_colours(layer, classes) == DIVERGING
    said = classes_line(classes, words)
    assert "both sides of 0;" in said
    assert "Fisher-Jenks" in said


def test_without_a_stated_value_nothing_changes(
    make_layer: Callable[..., Layer], tiny_study: Study, words: Words
) -> None:
    layer = make_layer(GAPS)
    classes = layer_classes(tiny_study, layer, words=words)
    assert layer_colours(layer, classes) == SEQUENTIAL_WORSE
    assert "both sides" not in classes_line(classes, words)


def test_the_worse_side_is_warm(make_layer: Callable[..., Layer], tiny_study: Study, words: Words) -> None:
    layer = make_layer(GAPS, around=0.0, direction="higher_is_better")
    assert layer_colours(layer, layer_classes(tiny_study, layer, words=words)) == DIVERGING[::-1]


def test_declared_breaks_are_kept(make_layer: Callable[..., Layer], tiny_study: Study, words: Words) -> None:
    plan = tiny_study.classes.model_copy(update={"breaks": {"poverty": (-5.0, 5.0, 10.0)}})
    layer = make_layer(GAPS, around=0.0)
    classes = layer_classes(tiny_study.model_copy(update={"classes": plan}), layer, words=words)
    assert classes.edges == (-5.0, 5.0, 10.0, 20.0)
    colours = layer_colours(layer, classes)
    assert (colours[0], colours[1], colours[-1]) == (DIVERGING[0], DIVERGING[2], DIVERGING[-1])


def test_the_legend_counts_every_unit(
    make_layer: Callable[..., Layer], tiny_atlas: Atlas, words: Words
) -> None:
    layer = make_layer(GAPS, around=0.0)
    legend = legend_of(replace(tiny_atlas, layers=(layer,)), layer, words=words)
    assert sum(row["n"] for row in legend["rows"]) == 9
    assert [row["colour"] for row in legend["rows"]] == list(DIVERGING[::-1]), "worst first"
