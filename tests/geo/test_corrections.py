"""Corrections for many tests, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import atlasgeo as ag
from atlasgeo.corrections import permutations_needed, strictest


def test_by_hand():
    p = [0.01, 0.04, np.nan, 0.03, 0.5]
    assert ag.adjust_p(p, correction="fdr") == pytest.approx(
        [0.04, 0.16 / 3, np.nan, 0.16 / 3, 0.5], nan_ok=True
    )
    assert ag.adjust_p(p, correction="bonferroni") == pytest.approx(
        [0.04, 0.16, np.nan, 0.12, 1], nan_ok=True
    )
    assert ag.adjust_p(p, correction="sidak") == pytest.approx(
        [1 - 0.99**4, 1 - 0.96**4, np.nan, 1 - 0.97**4, 1 - 0.5**4], nan_ok=True
    )
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert ag.adjust_p(p, correction="by")[0] == pytest.approx(0.04 * harmonic)
    assert ag.adjust_p(p, correction="none") == pytest.approx(p, nan_ok=True)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from(["fdr", "by", "bonferroni", "sidak"])
)
def test_adjusted_p_is_never_below_p_and_keeps_its_order(p, correction):
    adjusted = ag.adjust_p(p, correction=correction)
    assert (adjusted >= np.asarray(p) - 1e-15).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-15).all()


def test_bh_equals_its_step_up_rule():
    p = np.random.default_rng(0).random(200) ** 3
    adjusted = ag.adjust_p(p)
    ranked = np.sort(p)
    passing = np.flatnonzero(ranked <= 0.05 * np.arange(1, 201) / 200)
    assert (adjusted <= 0.05).sum() == (passing[-1] + 1 if passing.size else 0)


def test_permutations_that_could():
    assert permutations_needed(0.05, 49, correction="bonferroni") == 1959
    assert 2 / 1960 <= strictest(0.05, 49, correction="bonferroni") < 2 / 1959
    assert permutations_needed(0.05, 1, correction="none", tails=1) == 19
    assert permutations_needed(0.05, 49, correction="sidak") <= 1959
    assert permutations_needed(0.05, 49, correction="by") > 1959


def test_refusals():
    with pytest.raises(ag.AnalysisError, match="correction"):
        ag.adjust_p([0.5], correction="holm")
    with pytest.raises(ag.AnalysisError, match="outside"):
        ag.adjust_p([1.5])
    assert ag.adjust_p([]).size == 0
