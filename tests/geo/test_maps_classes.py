"""Classes: breaks as the reference tool makes them, labels that neither overlap nor gap."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.classes import SCHEMES, Classes, classify

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "maps" / "classes.json").read_text())
POVERTY = [9.0, 8.0, 7.8, 7.0, 6.4, 6.2, 5.3, 5.2, 5.1, 4.9, 4.9, 4.3, 4.2, 4.2, 3.9, 3.6, 3.5, 3.0, 2.6, 2.4]


def numbers(label: str) -> tuple[float, float]:
    """Return the lowest and the highest number that a label prints."""
    found = [
        float(n.replace("\u2212", "-").replace("\u00a0", ""))
        for n in re.split(r" \u2013 ", label.lstrip("\u2264 "))
    ]
    return found[0], found[-1]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['name']}-{c['scheme']}-{c['k']}")
def test_breaks_and_counts_of_the_reference_tool(case: dict[str, object]) -> None:
    values = pd.Series(REFERENCE["sets"][case["name"]])
    made = classify(values, scheme=str(case["scheme"]), k=int(str(case["k"])))
    np.testing.assert_allclose(made.edges, case["edges"], rtol=1e-12)
    assert made.counts(values).tolist() == case["counts"]


@pytest.mark.prove
def test_the_reference_tool_itself_on_random_values() -> None:
    import mapclassify

    for seed in range(40):
        values = np.random.default_rng(seed).normal(50, 12, 80).round(4)
        for scheme, tool in (("fisher_jenks", "FisherJenks"), ("quantiles", "Quantiles")):
            ours = classify(values, scheme=scheme, k=5).edges
            np.testing.assert_allclose(ours, getattr(mapclassify, tool)(values, k=5).bins, rtol=1e-12)


def test_published_breaks() -> None:
    values = REFERENCE["sets"]["calemp"]
    quantiles = classify(values, scheme="quantiles", k=5).edges
    np.testing.assert_allclose(quantiles, [1.464, 5.798, 13.278, 54.616, 4111.45])
    assert classify(values, scheme="fisher_jenks", k=5).edges == (75.29, 192.05, 370.5, 722.85, 4111.45)


def test_large_numbers_keep_the_optimum() -> None:
    small = np.random.default_rng(0).integers(0, 50, 60).astype(float)
    shifted = classify(small + 1e9, k=5).edges
    np.testing.assert_allclose(np.array(shifted) - 1e9, classify(small, k=5).edges)


def test_fisher_is_the_best_of_all_partitions() -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0, 7.5, 12.0, 13.0])

    def cost(cuts: tuple[int, int]) -> float:
        return sum(float(((part - part.mean()) ** 2).sum()) for part in np.split(values, cuts))

    best = min(((i, j) for i in range(1, 6) for j in range(i + 1, 7)), key=cost)
    assert classify(values, k=3).edges == tuple(values[[best[0] - 1, best[1] - 1, 6]])


def test_labels_of_the_poverty_map() -> None:
    made = classify(POVERTY)
    assert made.labels == (
        "2.4 \u2013 3.0",
        "3.1 \u2013 4.3",
        "4.4 \u2013 5.3",
        "5.4 \u2013 7.0",
        "7.1 \u2013 9.0",
    )
    assert made.labelled(decimal=",")[0] == "2,4 \u2013 3,0"
    assert made.counts(pd.Series(POVERTY)).tolist() == [3, 6, 5, 3, 3]


def test_fewer_distinct_values_make_fewer_classes() -> None:
    assert classify([1, 1, 2, 2, 3], k=5).labels == ("1", "2", "3")
    for scheme in SCHEMES:
        assert classify([4.0, 4.0, 4.0], scheme=scheme).labels == ("4",)
        assert classify([7.5], scheme=scheme).labels == ("7.5",)


def test_missing_values_have_no_class() -> None:
    values = pd.Series([1.0, np.nan, 3.0], index=["a", "b", "c"])
    found = classify(values, k=2).assign(values)
    assert found.to_dict() == {"a": 0, "b": -1, "c": 1}
    with pytest.raises(AnalysisError, match="no value"):
        classify([np.nan, np.nan])
    with pytest.raises(AnalysisError, match="no value"):
        classify([])


def test_infinite_values_are_refused() -> None:
    with pytest.raises(DataError, match="infinite"):
        classify([1.0, np.inf])


def test_user_breaks_are_upper_edges_and_keep_empty_classes() -> None:
    made = classify([2.4, 3.1, 8.0, 9.0], breaks=[1, 3, 5])
    assert made.labels == ("\u2264 1.0", "1.1 \u2013 3.0", "3.1 \u2013 5.0", "5.1 \u2013 9.0")
    assert made.counts(pd.Series([2.4, 3.1, 8.0, 9.0])).tolist() == [0, 1, 1, 2]
    assert classify([3.0, 3.1], breaks=[3, 10]).assign(pd.Series([3.0, 3.1])).tolist() == [0, 1]
    assert classify([2.4, 9.0], breaks=[3, 10]).k == 2


@pytest.mark.parametrize("breaks", [[], [3, 3], [5, 1], [1, np.nan]])
def test_breaks_that_do_not_increase_are_refused(breaks: list[float]) -> None:
    with pytest.raises(AnalysisError, match="breaks"):
        classify([1.0, 2.0], breaks=breaks)


def test_unknown_scheme_names_the_nearest() -> None:
    with pytest.raises(AnalysisError, match="quantiles"):
        classify([1.0, 2.0], scheme="quantile")
    with pytest.raises(AnalysisError, match="one class"):
        classify([1.0, 2.0], k=0)


def test_shared_breaks_over_years() -> None:
    first, second = pd.Series([1.0, 2.0, 3.0]), pd.Series([6.0, 8.0, np.nan])
    made = classify(pd.concat([first, second]), k=2)
    assert made.assign(first).tolist() == [0, 0, 0]
    assert made.assign(second).tolist() == [1, 1, -1]
    assert made.counts(second).tolist() == [0, 2]


def test_a_printed_value_lies_in_its_class() -> None:
    values = pd.Series([1.04, 1.06, 1.14, 1.16, 1.96, 2.04, 3.44, 3.46])
    made = classify(values, k=3, digits=1)
    assert made.rounded
    check_labels(made, values)


def check_labels(made: Classes, values: pd.Series) -> None:
    """Labels rise without overlap or gap, and each printed value lies in the label of its class."""
    step = 10.0**-made.digits
    ends = [numbers(label) for label in made.labels]
    for (_, high), (low, _) in pairwise(ends):
        assert low - high == pytest.approx(step, rel=1e-6)
    for value, k in zip(values, made.assign(values), strict=True):
        low, high = made.bounds[k]
        shown = round(float(value), made.digits)
        assert (k == 0 and made.open_low) or low - step / 4 <= shown <= high + step / 4


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(-9_999, 9_999), min_size=1, max_size=60),
    st.integers(0, 3),
    st.integers(1, 7),
    st.sampled_from(sorted(SCHEMES)),
)
def test_labels_never_overlap_or_gap(raw: list[int], decimals: int, k: int, scheme: str) -> None:
    values = pd.Series([round(n / 10**decimals, decimals) for n in raw])
    made = classify(values, scheme=scheme, k=k)
    assert 1 <= made.k <= k
    assert made.counts(values).sum() == len(values)
    check_labels(made, values)
    fixed = classify(values, scheme=scheme, k=k, digits=decimals)
    check_labels(fixed, values)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_order_of_values_does_not_matter(raw: list[int], random: object) -> None:
    values = [n / 10 for n in raw]
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classify(values) == classify(shuffled)
