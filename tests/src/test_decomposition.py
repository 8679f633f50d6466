"""Inequality of incomes and its parts against published numbers, identities and the jackknife."""

from __future__ import annotations

import math

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.decomposition import decompose_inequality, decompose_inequality_change
from childatlas.measures.design import build_design
from childatlas.measures.income_inequality import income_inequality
from childatlas.measures.replicates import build_replicates, replicate_variance
from childatlas.measures.spread import MEASURES, Groups

NEST = ["oblast", "residence"]


def one_to_four() -> pd.DataFrame:
    return pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "g": list("aabb")})


@pytest.fixture(scope="module")
def mexico() -> pd.DataFrame:
    path = libpysal.examples.load_example("mexico").get_path("mexicojoin.shp")
    return pd.DataFrame(gpd.read_file(path)[["PCGDP1940", "HANSON98"]])


def survey(rows: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cluster = np.arange(rows) // 5
    data = pd.DataFrame({"w": rng.uniform(1, 3, rows), "cluster": cluster, "oblast": cluster % 3})
    data["residence"] = np.where(cluster // 3 % 2, "rural", "urban")
    lift = 0.3 * data["oblast"] + 0.4 * (data["residence"] == "urban")
    return data.assign(y=np.exp(lift + rng.normal(0, 0.6, rows)))


def test_published_parts_of_four_incomes() -> None:
    value = decompose_inequality(one_to_four(), "y", within="g", weight=None)["value"]
    wanted = {"total": 0.10644013528622318, "between g": 0.08228288, "within": 0.02415726}
    assert value.to_dict() == pytest.approx(wanted, abs=5e-9)


def test_all_between() -> None:
    data = pd.DataFrame({"y": [0.0, 0, 0, 10, 10, 10], "g": list("aaabbb")})
    table = decompose_inequality(data, "y", within="g", weight=None)
    assert table["value"].tolist() == pytest.approx([math.log(2), math.log(2), 0], abs=1e-14)
    assert table.loc["between g", "share"] == pytest.approx(1)


def test_mexico_1940(mexico: pd.DataFrame) -> None:
    table = decompose_inequality(mexico, "PCGDP1940", within="HANSON98", weight=None)["value"]
    assert table["total"] == pytest.approx(0.20894344, abs=5e-9)
    assert table["between HANSON98"] == pytest.approx(0.0345889, abs=5e-8)
    gini = income_inequality(mexico, "PCGDP1940", weight=None).loc["gini", "value"]
    assert gini == pytest.approx(0.35372371173452849, abs=1e-14)


def test_published_atkinson_and_wolfson() -> None:
    data = pd.DataFrame({"y": [10.0, 20, 30, 40, 50]})
    value = income_inequality(data, "y", weight=None, epsilons=(0.5, 1.0))["value"]
    assert value["atkinson(0.5)"] == pytest.approx(0.06315, abs=5e-6)
    assert value["atkinson(1)"] == pytest.approx(0.1316096, abs=5e-8)
    eight = pd.DataFrame({"y": [6.0, 6, 8, 8, 10, 10, 12, 12]})
    assert income_inequality(eight, "y", weight=None).loc["wolfson", "value"] == pytest.approx(
        1 / 12, abs=1e-14
    )


def test_shares_by_hand() -> None:
    # 1..10: the top fifth has 19, the bottom fifth 3; the top tenth 10, the bottom two fifths 10.
    value = income_inequality(pd.DataFrame({"y": np.arange(1.0, 11.0)}), "y", weight=None)["value"]
    assert value["s80s20"] == pytest.approx(19 / 3)
    assert value["palma"] == pytest.approx(1)
    assert value["gini"] == pytest.approx(0.3)  # (n^2 - 1) / (6 n) / mean = 1.65 / 5.5
    assert value["ge(2)"] == pytest.approx(8.25 / 5.5**2 / 2)


def test_measures_agree_with_those_of_groups() -> None:
    data = survey(120)
    order = Groups((data["w"] / data["w"].sum()).to_numpy(), True, None, None, None, 0.5)
    value = income_inequality(data, "y", weight="w")["value"]
    pairs = {"gini": "gini", "theil": "theil", "mld": "mld", "palma": "palma", "atkinson(0.5)": "atkinson"}
    for name, of_groups in pairs.items():
        assert value[name] == pytest.approx(MEASURES[of_groups](data["y"].to_numpy(), order), rel=1e-12), name


def test_errors_are_near_the_jackknife() -> None:
    data = survey(600)
    design = build_design(data, weight="w", cluster="cluster")
    replicates = build_replicates(design, method="jackknife")
    found = income_inequality(data, "y", weight="w", cluster="cluster")
    smooth = [n for n in found.index if n != "wolfson"]  # the jackknife fails for what hangs on a median

    def again(weights: np.ndarray) -> np.ndarray:
        kept = data.assign(w=weights)[weights > 0]
        return income_inequality(kept, "y", weight="w").loc[smooth, "value"].to_numpy()

    wanted = np.sqrt(replicate_variance(replicates, again))
    np.testing.assert_allclose(found.loc[smooth, "se"], wanted, rtol=0.1)

    @np.vectorize(signature="(n)->(k)")
    def parts(weights: np.ndarray) -> np.ndarray:
        kept = data.assign(w=weights)[weights > 0]
        return decompose_inequality(kept, "y", within=NEST, weight="w")["value"].to_numpy()

    table = decompose_inequality(data, "y", within=NEST, weight="w", cluster="cluster")
    np.testing.assert_allclose(table["se"], np.sqrt(replicate_variance(replicates, parts)), rtol=0.12)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0, -1.0, 0.5])
def test_error_between_groups_is_the_derivative(alpha: float) -> None:
    """Raise one row's weight a little: the value moves by its influence."""
    data = survey(60)
    eps, row = 1e-5, 7

    def between(weights: np.ndarray) -> np.ndarray:
        moved = data.assign(w=weights)
        return decompose_inequality(moved, "y", within=NEST, alpha=alpha, weight="w")["value"].to_numpy()

    weights = data["w"].to_numpy()
    step = np.eye(len(data))[row] * eps
    slope = (between(weights + step) - between(weights - step)) / (2 * eps)
    from childatlas.measures.decomposition import _split
    from childatlas.measures.distribution import Incomes
    from childatlas.measures.grouping import by_index

    codes = [by_index([data[c] for c in NEST[:k]], data.index)[1] for k in (1, 2)]
    incomes = Incomes(data["y"].to_numpy(), weights / weights.sum())
    pull = [f[1][row] / weights.sum() for f in _split(incomes, codes, np.arange(len(data)), alpha)]
    np.testing.assert_allclose(slope, pull, rtol=1e-5, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1.0, 2.0, -1.0, 0.5]))
def test_parts_add_up_and_none_is_negative(seed: int, alpha: float) -> None:
    data = survey(60, seed)
    table = decompose_inequality(data, "y", within=NEST, alpha=alpha, weight="w")
    names = ["total", "between oblast", "between residence within oblast", "within"]
    assert list(table.index) == names
    value = table["value"]
    assert abs(value.iloc[1:].sum() - value["total"]) <= 1e-12
    assert (value >= -1e-12).all()
    doubled = pd.concat([data, data], ignore_index=True)
    again = decompose_inequality(doubled, "y", within=NEST, alpha=alpha, weight="w")["value"]
    np.testing.assert_allclose(again, value, atol=1e-12)
    scaled = decompose_inequality(data.assign(y=data["y"] * 450), "y", within=NEST, alpha=alpha, weight="w")
    np.testing.assert_allclose(scaled["value"], value, atol=1e-11)


def test_over_time_by_year() -> None:
    data = pd.concat([survey(seed=1).assign(year=2015), survey(seed=2).assign(year=2020)], ignore_index=True)
    table = decompose_inequality(data, "y", within=NEST, weight="w", by="year")
    alone = decompose_inequality(survey(seed=2), "y", within=NEST, weight="w")
    np.testing.assert_allclose(table.loc[2020, ["value", "share"]], alone[["value", "share"]], atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_change_is_the_sum_of_its_parts(seed: int) -> None:
    before, after = survey(60, seed), survey(60, seed + 1)
    value = decompose_inequality_change(before, after, "y", within="oblast", weight="w")["value"]
    assert abs(value.iloc[3:].sum() - value["change"]) <= 1e-12
    total = decompose_inequality(before, "y", within="oblast", alpha=0, weight="w").loc["total", "value"]
    assert value["before"] == pytest.approx(total, abs=1e-12)


def test_change_where_one_thing_moved() -> None:
    before = one_to_four()
    richer = before.assign(y=before["y"] * [1, 1, 2, 2])
    value = decompose_inequality_change(before, richer, "y", within="g", weight=None)["value"]
    assert value["incomes of groups"] == pytest.approx(value["change"], abs=1e-14)
    assert value["change"] > 0
    with pytest.raises(DataError, match="different groups"):
        decompose_inequality_change(before, before.assign(g=list("aabc")), "y", within="g", weight=None)


def test_edges() -> None:
    same = pd.DataFrame({"y": [3.0] * 5, "g": list("aabbb")})
    value = income_inequality(same, "y", weight=None)["value"]
    np.testing.assert_allclose(value.drop(["palma", "s80s20"]), 0, atol=1e-14)
    assert value["s80s20"] == pytest.approx(1)
    zero = income_inequality(pd.DataFrame({"y": [0.0, 1, 2]}), "y", weight=None)
    assert zero.loc[["mld", "ge(-1)"], "value"].isna().all()
    assert zero.loc["atkinson(1)", "value"] == 1
    assert zero.loc["mld", "meaning"].startswith("Missing")
    lost = income_inequality(pd.DataFrame({"y": [1.0, -1, 5]}), "y", weight=None)
    assert lost["value"].isna().all()
    assert lost["se"].isna().all()
    holes = income_inequality(pd.DataFrame({"y": [1.0, np.nan, 5]}), "y", weight=None)
    assert (holes["missing"] == 1).all()
    with pytest.raises(AnalysisError, match="aversion"):
        income_inequality(same, "y", weight=None, epsilons=(0.0,))
    with pytest.raises(AnalysisError, match="levels"):
        decompose_inequality(same, "y", within=[], weight=None)


def test_polarisation_error_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(0)
    found = [
        income_inequality(pd.DataFrame({"y": rng.lognormal(0, 0.6, 500)}), "y", weight=None).loc["wolfson"]
        for _ in range(100)
    ]
    assert np.mean([f["se"] for f in found]) == pytest.approx(np.std([f["value"] for f in found]), rel=0.25)
