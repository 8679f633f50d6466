"""Colours: what the visual language claims of them, computed."""

from __future__ import annotations

import itertools

import pytest

from atlasgeo import columns as c
from atlasgeo.errors import AnalysisError
from atlasgeo.maps.palettes import (
    BIVARIATE,
    CLUSTERS,
    DIVERGING,
    INK,
    PAPER,
    SEQUENTIAL_BETTER,
    SEQUENTIAL_NEUTRAL,
    SEQUENTIAL_WORSE,
    SOFT,
    VISIONS,
    class_colours,
    contrast,
    diverging_colours,
    ink_on,
    least_distance,
    luma,
    mix,
    sequential,
)

FIVE_CLUSTERS = [CLUSTERS[k] for k in (c.HIGH_HIGH, c.HIGH_LOW, c.LOW_HIGH, c.LOW_LOW, c.NOT_SIGNIFICANT)]


@pytest.mark.parametrize(
    ("colours", "neighbours", "least"),
    [
        (SEQUENTIAL_WORSE, True, 17.8),
        (SEQUENTIAL_BETTER, True, 12.5),
        (DIVERGING, True, 28.2),
        (FIVE_CLUSTERS, False, 26.7),
        (tuple(itertools.chain(*BIVARIATE)), False, 11.4),
        (SEQUENTIAL_NEUTRAL, True, 13.4),
    ],
)
def test_least_distance_under_every_sight(colours: tuple[str, ...], neighbours: bool, least: float) -> None:
    found = min(least_distance(colours, vision=vision, neighbours=neighbours) for vision in VISIONS)
    assert found == pytest.approx(least, abs=0.1)


def test_distance_of_black_and_white_is_one_hundred() -> None:
    assert least_distance(["#000000", "#ffffff"]) == pytest.approx(100, abs=0.01)
    assert least_distance(["#22262b", "#22262b"]) == 0


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast(SOFT, PAPER) >= 4.5
    assert contrast(INK, PAPER) >= 12


def test_letters_flip_to_white_under_luma_140() -> None:
    assert luma("#8c8c8c") == pytest.approx(140)
    assert ink_on("#8c8c8c") == INK
    assert ink_on("#8b8b8b") == PAPER


@pytest.mark.parametrize(
    "ramp", [SEQUENTIAL_WORSE, SEQUENTIAL_BETTER, SEQUENTIAL_NEUTRAL, DIVERGING, FIVE_CLUSTERS]
)
def test_letters_can_be_read_on_every_class(ramp: tuple[str, ...]) -> None:
    assert min(contrast(ink_on(colour), colour) for colour in ramp) >= 4.3


@pytest.mark.parametrize("ramp", [SEQUENTIAL_WORSE, SEQUENTIAL_BETTER, SEQUENTIAL_NEUTRAL])
def test_more_is_darker(ramp: tuple[str, ...]) -> None:
    brightness = [luma(colour) for colour in ramp]
    assert brightness == sorted(brightness, reverse=True)


@pytest.mark.parametrize("k", range(1, 10))
def test_ramps_of_any_length(k: int) -> None:
    colours = class_colours(SEQUENTIAL_WORSE, k)
    assert len(colours) == k
    if k > 1:
        assert (colours[0], colours[-1]) == (SEQUENTIAL_WORSE[0], SEQUENTIAL_WORSE[-1])
        assert least_distance(colours, neighbours=True) > 8
    brightness = [luma(colour) for colour in colours]
    assert brightness == sorted(brightness, reverse=True)
    assert class_colours(SEQUENTIAL_WORSE, 0) == ()


def test_five_classes_are_the_ramp_itself_and_one_is_its_middle() -> None:
    assert class_colours(SEQUENTIAL_BETTER, 5) == SEQUENTIAL_BETTER
    assert class_colours(SEQUENTIAL_BETTER, 1) == (SEQUENTIAL_BETTER[2],)
    assert class_colours(SEQUENTIAL_BETTER, 3) == SEQUENTIAL_BETTER[::2]


def test_around_a_stated_value() -> None:
    assert diverging_colours([1, 2, 3, 4, 5], 2.5) == DIVERGING
    assert diverging_colours([1, 2, 3], 0.5) == DIVERGING[2:]
    assert diverging_colours([1, 2, 3], 2.5, flip=True) == DIVERGING[::-1][:3]


def test_directions() -> None:
    assert sequential("higher_is_worse") == SEQUENTIAL_WORSE
    assert sequential("higher_is_better") == SEQUENTIAL_BETTER
    with pytest.raises(AnalysisError, match="direction"):
        sequential("up")


def test_mixing() -> None:
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert mix("#123456", "#ffffff", 0) == "#123456"
