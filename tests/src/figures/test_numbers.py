"""Numbers as people write them."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.figures.numbers import parse_numbers


def parsed(*texts: str) -> list[float]:
    result = parse_numbers(pd.Series(list(texts), dtype=object))
    assert not result.wrong.any()
    assert not result.unclear.any()
    return result.values.tolist()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5.4", 5.4),
        ("5,4", 5.4),
        ("0,125", 0.125),
        (",5", 0.5),
        (".5", 0.5),
        ("-3", -3.0),
        ("−3", -3.0),
        ("+3", 3.0),
        ("1e-3", 0.001),
        ("1 234,5", 1234.5),
        ("1\u00a0234\u00a0567", 1234567.0),
        ("1\u202f234.5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("5.", 5.0),
        ("1.234", 1.234),
        ("1234,567", 1234.567),
    ],
)
def test_one_number(text, number):
    assert parsed(text) == [pytest.approx(number)]


@pytest.mark.parametrize("text", ["", "NA", "NaN", "…", "...", "  "])
def test_nothing_is_missing(text):
    assert math.isnan(parsed(text)[0])


@pytest.mark.parametrize(
    "text", ["twelve", "n/a", "-", "x", "5,4x", "5.4 %", "1 23", "inf", "0x10", "1,23,4", "1_000", "٣", "5 4"]
)
def test_text_is_wrong(text):
    result = parse_numbers(pd.Series([text], dtype=object))
    assert result.wrong.tolist() == [True]
    assert math.isnan(result.values[0])


def test_the_rest_of_the_file_says_what_a_comma_means():
    assert parsed("1,234", "5,4") == [1.234, 5.4]
    assert parsed("1,234", "1,234.5") == [1234.0, 1234.5]


@pytest.mark.parametrize("others", [[], ["7"], ["5.4"], ["5,4", "1,234.5"]])
def test_a_comma_that_nothing_explains_is_unclear(others):
    result = parse_numbers(pd.Series(["1,234", *others], dtype=object))
    assert result.unclear.tolist() == [True] + [False] * len(others)
    assert math.isnan(result.values[0])


def test_the_index_of_the_cells_is_kept():
    cells = pd.Series(["1", "1", "x"], index=["a", "b", "c"], dtype=object)
    result = parse_numbers(cells)
    assert result.values.index.tolist() == ["a", "b", "c"]
    assert result.wrong.to_dict() == {"a": False, "b": False, "c": True}


@settings(deadline=None, max_examples=40)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(number):
    assert parsed(repr(number)) == [number]


@settings(deadline=None, max_examples=40)
@given(st.decimals(min_value=-(10**6), max_value=10**6, places=1))
def test_a_decimal_comma_reads_like_a_point(number):
    assert parsed(str(number).replace(".", ",")) == parsed(str(number))
