"""Classes about a stated value: alike on both sides, every value in the class whose label holds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.around import classify_around
from atlasgeo.maps.classes import SCHEMES
from atlasgeo.maps.palettes import DIVERGING, diverging_colours, least_distance


def test_by_hand() -> None:
    """The middle is a fifth of -20 to 20; Fisher parts the distances 5, 6 and 20 beyond it."""
    made = classify_around([-1.0, 1.0, 5.0, -6.0, 20.0], 0.0, digits=0)
    assert made.bounds == ((-20.0, -7.0), (-6.0, -5.0), (-4.0, 4.0), (5.0, 6.0), (7.0, 20.0))
    assert made.labels == ("−20 – −7", "−6 – −5", "−4 – 4", "5 – 6", "7 – 20")
    assert made.assign(pd.Series([-1.0, 1.0, 5.0, -6.0, 20.0, np.nan])).tolist() == [2, 2, 3, 1, 4, -1]
    assert made.around == 0.0
    assert diverging_colours(made.edges, 0.0) == DIVERGING


def test_a_side_without_values_keeps_its_classes() -> None:
    made = classify_around([3.0, 5.0, 8.0, 12.2, 20.0], 0.0, digits=1)
    assert made.counts(pd.Series([3.0, 5.0, 8.0, 12.2, 20.0])).tolist() == [0, 0, 1, 3, 1]
    assert diverging_colours(made.edges, 0.0) == DIVERGING


def test_another_value_than_zero() -> None:
    made = classify_around([40.0, 50.0, 55.0, 80.0], 50.0, k=3, digits=0)
    assert made.bounds == ((20.0, 39.0), (40.0, 60.0), (61.0, 80.0))


@pytest.mark.parametrize(("k", "classes"), [(1, 1), (2, 1), (3, 3), (4, 3), (5, 5), (7, 7)])
def test_an_even_number_gives_one_less(k: int, classes: int) -> None:
    values = np.random.default_rng(1).normal(0, 10, 60)
    assert classify_around(values, 0.0, k=k, digits=1).k == classes


def test_all_equal() -> None:
    assert classify_around([0.0, 0.0], 0.0, digits=1).bounds == ((0.0, 0.0),)
    made = classify_around([-4.0, -4.0], 0.0, digits=0)
    assert made.bounds == ((-4.0, -1.0), (0.0, 0.0), (1.0, 4.0)), "what lies apart is not the middle"
    assert made.counts(pd.Series([-4.0, -4.0])).tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("values", "named", "error"),
    [
        ([np.nan], {}, AnalysisError),
        ([1.0, np.inf], {}, DataError),
        ([1.0, 2.0], {"scheme": "none"}, AnalysisError),
        ([1.0], {"k": 0}, AnalysisError),
    ],
)
def test_refused(values: list[float], named: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        classify_around(values, 0.0, digits=1, **named)  # type: ignore[arg-type]


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=40),
    st.sampled_from(sorted(SCHEMES)),
    st.integers(1, 7),
    st.integers(0, 2),
    st.sampled_from([0.0, 12.0, -3.5]),
)
def test_both_sides_mirror_each_other(
    values: list[float], scheme: str, k: int, digits: int, around: float
) -> None:
    made = classify_around(values, around, scheme=scheme, k=k, digits=digits)
    middle, half = round(around, digits), 10.0**-digits / 4
    assert made.k <= k
    assert made.k % 2 == 1
    mirrored = [(2 * middle - high, 2 * middle - low) for low, high in made.bounds[::-1]]
    np.testing.assert_allclose(mirrored, made.bounds, atol=1e-9)
    low, high = made.bounds[made.k // 2]
    assert low <= middle <= high
    assert all(
        b[0] - a[1] == pytest.approx(10.0**-digits)
        for a, b in zip(made.bounds, made.bounds[1:], strict=False)
    )
    for value, place in zip(values, made.assign(pd.Series(values)), strict=True):
        low, high = made.bounds[place]
        assert low - half <= round(value, digits) <= high + half
    colours = diverging_colours(made.edges, middle)
    assert colours[made.k // 2] == DIVERGING[2]
    assert made.k == 1 or least_distance(colours, neighbours=True) > 8
