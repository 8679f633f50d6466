"""The 17 patterns: each one by a history that has it, the boundaries of the rules, and the mirror."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlasgeo.errors import AnalysisError
from atlasgeo.patterns import NO_PATTERN, pattern_of, pattern_table

H, C, N = 1, -1, 0


@pytest.mark.parametrize(
    ("signs", "trend", "name"),
    [
        ([N] * 9 + [H], 0, "new"),
        ([C] + [N] * 8 + [H], 0, "new"),
        ([N] * 7 + [H] * 3, 0, "consecutive"),
        ([N, N, H, H], 0, "consecutive"),
        ([N] + [H] * 8, 0, "consecutive"),  # 8 of 9 is 88.9 %
        ([N] + [H] * 9, 0, "persistent"),  # 9 of 10 is exactly 90 %
        ([H] * 10, 1, "intensifying"),
        ([H] * 10, -1, "diminishing"),
        ([H] * 10, 0, "persistent"),
        ([H] * 4, 0, "persistent"),
        ([H, N, H], 0, "sporadic"),
        ([H, N, H, H], 1, "sporadic"),
        ([C, H, N, H], 0, "oscillating"),
        ([H, C, H], -1, "oscillating"),
        ([H] * 9 + [N], 0, "historical"),
        ([H] * 9 + [N], -1, "historical"),
    ],
)
def test_each_pattern_and_its_mirror(signs: list[int], trend: int, name: str) -> None:
    assert pattern_of(signs, trend=trend) == f"{name} hot spot"
    assert pattern_of([-s for s in signs], trend=-trend) == f"{name} cold spot"


@pytest.mark.parametrize("signs", [[], [N], [N] * 10, [H] * 8 + [N], [H, C, N], [H] * 8 + [N] * 2])
def test_no_pattern(signs: list[int]) -> None:
    assert pattern_of(signs) == NO_PATTERN


def test_a_rising_cold_spot_is_a_diminishing_cold_spot() -> None:
    assert pattern_of([C] * 10, trend=1) == "diminishing cold spot"
    assert pattern_of([C] * 10, trend=-1) == "intensifying cold spot"


def test_the_side_of_the_last_step_decides() -> None:
    assert pattern_of([H] * 9 + [C]) == "new cold spot"
    assert pattern_of([H] * 9 + [C] * 2) == "consecutive cold spot"


@given(st.lists(st.sampled_from([H, C, N]), max_size=20), st.sampled_from([H, C, N]))
def test_every_history_has_one_of_the_17_and_mirrors(signs: list[int], trend: int) -> None:
    name = pattern_of(signs, trend=trend)
    assert name in set(pattern_table()["pattern"])
    mirrored = pattern_of([-s for s in signs], trend=-trend)
    swap = {"hot": "cold", "cold": "hot"}
    assert mirrored == " ".join(swap.get(word, word) for word in name.split())
    if signs and signs[-1] == H:
        assert name.endswith("hot spot")


def test_table_has_17_rules() -> None:
    table = pattern_table()
    assert len(table) == 17 == table["pattern"].nunique()
    assert table.loc[table["needs_trend"], "pattern"].str.split().str[0].unique().tolist() == [
        "intensifying",
        "diminishing",
    ]
    rule = table.set_index("pattern")["rule"]
    assert "hot" in rule["oscillating cold spot"]
    assert "never hot" in rule["sporadic cold spot"]


def test_refuses_other_signs() -> None:
    with pytest.raises(AnalysisError):
        pattern_of([2, 0])
    with pytest.raises(AnalysisError):
        pattern_of(np.array([1, 0]), trend=3)
