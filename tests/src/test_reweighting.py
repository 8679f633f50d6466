"""The reweighted counterfactual: cells by hand, balance, identities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError
from childatlas.measures.reweighting import reweight_groups

GROUPS = {"between": "side", "groups": ("rural", "urban")}


def survey(rows: int = 500, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    side = np.where(np.arange(rows) // 10 % 2, "rural", "urban")
    rural = side == "rural"
    data = pd.DataFrame({"side": side, "w": rng.uniform(1, 4, rows), "cluster": np.arange(rows) // 10})
    data["size"] = rng.poisson(3 + rural, rows).astype(float)
    data["mother"] = np.where(rng.uniform(size=rows) < 0.3 + 0.3 * rural, "primary", "higher")
    return data.assign(y=np.exp(2 - 0.1 * data["size"] - 0.3 * rural + rng.normal(0, 0.5, rows)))


def test_two_cells_by_hand() -> None:
    # Rural: 3 of x = 0 with mean 2, 1 of x = 1 with mean 6. Urban: one 4 at x = 0, three at x = 1 with 8.
    # With urban characteristics the rural mean is .25 x 2 + .75 x 6 = 5; then 3 = (3 - 7) + ... : gap -4.
    data = pd.DataFrame(
        {
            "side": ["rural"] * 4 + ["urban"] * 4,
            "x": [0.0, 0, 0, 1, 0, 1, 1, 1],
            "y": [1.0, 2, 3, 6, 4, 8, 8, 8],
        }
    )
    result = reweight_groups(data, "y", ["x"], **GROUPS, line=3.0, weight=None, replicates=0)
    mean = result.summary.loc["mean"]
    assert mean[["first", "second", "counterfactual"]].tolist() == pytest.approx([3, 7, 5], abs=1e-9)
    assert mean[["gap", "composition", "structure"]].tolist() == pytest.approx([-4, -2, -2], abs=1e-9)
    assert mean["share_composition"] == pytest.approx(0.5)
    assert result.summary.loc["below 3", "counterfactual"] == pytest.approx(0.25 * 2 / 3)
    np.testing.assert_allclose(result.weights, [1 / 3, 1 / 3, 1 / 3, 3], atol=1e-9)
    assert result.effective_n == pytest.approx(16 / (1 / 3 + 9))
    assert result.balance.loc["x", "reweighted"] == pytest.approx(0.75)


def test_parts_add_up_and_characteristics_are_balanced() -> None:
    data = survey()
    result = reweight_groups(data, "y", ["size", "mother"], **GROUPS, line=4.0, weight="w", replicates=0)
    table = result.summary
    assert list(table.index) == ["mean", "below 4", "quantile 0.1", "quantile 0.5", "quantile 0.9", "gini"]
    assert (table["composition"] + table["structure"] - table["gap"]).abs().max() <= 1e-12
    assert (result.balance["after"].abs() < result.balance["before"].abs()).all()
    assert result.balance["after"].abs().max() < 0.15
    assert result.weights.sum() == pytest.approx(data.loc[data["side"] == "urban", "w"].sum())
    assert result.weights.index.equals(data.index[data["side"] == "rural"])


def test_like_groups_keep_their_weights() -> None:
    half = survey(100).assign(side="rural")
    data = pd.concat([half, half.assign(side="urban")], ignore_index=True)
    result = reweight_groups(data, "y", ["size"], **GROUPS, weight="w", replicates=0)
    np.testing.assert_allclose(result.weights, half["w"], rtol=1e-8)
    np.testing.assert_allclose(result.summary[["gap", "composition", "structure"]], 0, atol=1e-8)


def test_errors_seed_and_refusals() -> None:
    data = survey(300)
    options = {**GROUPS, "weight": "w", "cluster": "cluster", "replicates": 25}
    one, two = (reweight_groups(data, "y", ["size"], **options, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.summary, two.summary)
    assert one.replicates == 25
    assert (one.summary["gap_se"] > 0).all()
    assert (one.summary["gap_low"] < one.summary["gap"]).all()
    with pytest.raises(AnalysisError, match="seed"):
        reweight_groups(data, "y", ["size"], **options)
    apart = data.assign(size=(data["side"] == "rural") * 1.0)
    with pytest.raises(AnalysisError, match="no finite answer"):
        reweight_groups(apart, "y", ["size"], **GROUPS, weight="w", replicates=0)
