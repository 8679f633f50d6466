"""The yes/no decomposition: identities, the linear limit, hand-made tables, both ways of sharing out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.logit import fit_logit
from childatlas.measures.nonlinear import nonlinear_oaxaca

GROUPS = {"between": "side", "groups": ("rural", "urban")}


def survey(rows: int = 600, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    side = np.where(np.arange(rows) // 10 % 2, "rural", "urban")
    rural = side == "rural"
    data = pd.DataFrame({"side": side, "w": rng.uniform(1, 4, rows), "cluster": np.arange(rows) // 10})
    data["size"] = rng.poisson(3 + rural, rows).astype(float)
    data["mother"] = np.where(rng.uniform(size=rows) < 0.3 + 0.3 * rural, "primary", "higher")
    eta = -2 + 0.3 * data["size"] + 1.0 * (data["mother"] == "primary") + 0.4 * rural
    return data.assign(y=(rng.uniform(size=rows) < expit(eta)).astype(float))


def cells(counts: dict[tuple[str, int, int], int]) -> pd.DataFrame:
    rows = [(s, float(x), float(y)) for (s, x, y), n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["side", "x", "y"])


def test_logit_of_two_by_two_is_the_log_odds() -> None:
    # 10 of 40 yes at x = 0, 30 of 60 at x = 1: log(1/3), and log(1) less that.
    x = np.column_stack([np.ones(100), np.repeat([0.0, 1.0], [40, 60])])
    y = np.concatenate([np.repeat([1.0, 0.0], [10, 30]), np.repeat([1.0, 0.0], [30, 30])])
    np.testing.assert_allclose(fit_logit(x, y, np.ones(100)), [np.log(1 / 3), np.log(3)], atol=1e-10)
    weighted = fit_logit(x, y, np.where(y == 1, 2.0, 1.0))
    np.testing.assert_allclose(weighted, [np.log(2 / 3), np.log(3)], atol=1e-10)


def test_logit_says_when_there_is_no_answer() -> None:
    x = np.column_stack([np.ones(10), np.arange(10.0)])
    y = (np.arange(10) > 4).astype(float)
    with pytest.raises(AnalysisError, match="no finite answer"):
        fit_logit(x, y, np.ones(10))
    with pytest.raises(AnalysisError, match="same in all rows"):
        fit_logit(x, np.ones(10), np.ones(10))
    with pytest.raises(AnalysisError, match="no finite answer"):
        fit_logit(np.column_stack([x, x[:, 1]]), y[::-1] * (np.arange(10) % 2), np.ones(10))


def test_one_yes_no_predictor_by_hand() -> None:
    # A saturated logit: rural .5 at x = 1 (60 of 100) and .25 at x = 0; urban .3 at x = 1 (30 of 100), .1.
    data = cells(
        {
            ("rural", 1, 1): 30,
            ("rural", 1, 0): 30,
            ("rural", 0, 1): 10,
            ("rural", 0, 0): 30,
            ("urban", 1, 1): 9,
            ("urban", 1, 0): 21,
            ("urban", 0, 1): 7,
            ("urban", 0, 0): 63,
        }
    )
    options = {**GROUPS, "weight": None, "replicates": 0, "reference": "second", "seed": 1}
    for method in ("yun", "fairlie"):
        result = nonlinear_oaxaca(data, "y", ["x"], **options, method=method)
        # Explained at urban shares: .6 x .3 + .4 x .1 less .3 x .3 + .7 x .1, with .3 of the people moved.
        wanted = [0.4, 0.16, 0.24, 0.3 * 0.2, 0.18]
        np.testing.assert_allclose(result.summary["value"], wanted, atol=1e-10)
        assert result.predictors.loc["x", "explained"] == pytest.approx(0.06, abs=1e-10)


@pytest.mark.parametrize("method", ["yun", "fairlie"])
@pytest.mark.parametrize("reference", ["first", "second", "neumark", "pooled"])
def test_parts_add_to_the_gap(method: str, reference: str) -> None:
    data = survey()
    result = nonlinear_oaxaca(
        data,
        "y",
        ["size", "mother"],
        **GROUPS,
        weight="w",
        method=method,
        reference=reference,
        replicates=0,
        seed=1,
    )
    value = result.summary["value"]
    raw = [np.average(rows["y"], weights=rows["w"]) for _, rows in data.groupby("side")]
    assert value["gap"] == pytest.approx(raw[0] - raw[1], abs=1e-14)
    assert abs(value["explained"] + value["unexplained"] - value["gap"]) <= 1e-12
    assert abs(result.predictors["explained"].sum() - value["explained"]) <= 1e-12
    if method == "yun":
        assert abs(result.predictors["unexplained"].sum() - value["unexplained"]) <= 1e-12
    else:
        assert result.predictors["unexplained"].isna().all()


def test_base_of_a_category_does_not_matter() -> None:
    data = survey()
    turned = data.assign(mother=data["mother"].map({"primary": "a", "higher": "b"}))
    tables = [
        nonlinear_oaxaca(d, "y", ["size", "mother"], **GROUPS, weight="w", replicates=0).predictors
        for d in (data, turned)
    ]
    np.testing.assert_allclose(
        tables[0][["explained", "unexplained"]], tables[1][["explained", "unexplained"]], atol=1e-10
    )


def test_equal_groups_have_nothing_to_explain() -> None:
    half = survey(200).assign(side="rural")
    data = pd.concat([half, half.assign(side="urban")], ignore_index=True)
    for method in ("yun", "fairlie"):
        value = nonlinear_oaxaca(
            data, "y", ["size"], **GROUPS, weight="w", method=method, replicates=0, seed=1
        ).summary["value"]
        np.testing.assert_allclose(value.iloc[2:], 0, atol=1e-10)


def test_errors_and_seed() -> None:
    data = survey(300)
    options = {**GROUPS, "weight": "w", "cluster": "cluster", "replicates": 20}
    one, two, other = (nonlinear_oaxaca(data, "y", ["size", "mother"], **options, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(one.summary, two.summary)
    assert (one.summary["se"] != other.summary["se"]).all()
    assert one.replicates == 20
    assert one.summary["se"].between(0.001, 0.2).all()
    with pytest.raises(AnalysisError, match="seed"):
        nonlinear_oaxaca(data, "y", ["size"], **options)
    with pytest.raises(AnalysisError, match="unknown option"):
        nonlinear_oaxaca(data, "y", ["size"], **options, method="fairly", seed=1)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        nonlinear_oaxaca(data.assign(y=data["y"] * 2), "y", ["size"], **options, seed=1)
