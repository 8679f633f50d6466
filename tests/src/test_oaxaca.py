"""Oaxaca-Blinder against least squares by hand, its identities, its categories and its bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError
from childatlas.measures.design import build_design
from childatlas.measures.moments import REFERENCES
from childatlas.measures.oaxaca import oaxaca
from childatlas.measures.replicates import build_replicates, replicate_variance
from childatlas.measures.resampling import BLOCK, bootstrap_sums, cluster_sums

WAYS = [*REFERENCES, "threefold"]
GROUPS = {"between": "side", "groups": ("rural", "urban")}


def survey(rows: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    side = np.where(np.arange(rows) // 10 % 2, "rural", "urban")
    rural = side == "rural"
    data = pd.DataFrame(
        {
            "side": side,
            "w": rng.uniform(1, 4, rows),
            "cluster": np.arange(rows) // 10,
            "stratum": side,
            "size": rng.poisson(3 + rural, rows).astype(float),
            "mother": rng.choice(["higher", "primary", "secondary"], rows),
            "age": rng.integers(0, 18, rows).astype(float),
        }
    )
    lift = data["mother"].map({"higher": 0.0, "primary": 2.0, "secondary": 1.0})
    return data.assign(y=1 + 0.5 * data["size"] + lift * (1 + 0.5 * rural) + rng.normal(0, 1, rows))


def least_squares(data: pd.DataFrame, columns: list[str], side: str) -> tuple[np.ndarray, np.ndarray]:
    rows = data[data["side"] == side]
    x = np.column_stack([np.ones(len(rows)), rows[columns]])
    root = np.sqrt(rows["w"].to_numpy())
    beta = np.linalg.lstsq(x * root[:, None], rows["y"] * root, rcond=None)[0]
    return beta, np.average(x, axis=0, weights=rows["w"])


def test_one_predictor_by_hand() -> None:
    # Rural y = 1 + 2 x at x = 0, 2; urban y = 3 x at x = 1, 3. Gap 3 - 6 = -3. At urban slopes the means of x
    # explain (1 - 2) 3 = -3; constants add 1 and slopes 1 (2 - 3) = -1, seen from the rural x.
    data = pd.DataFrame({"side": ["rural"] * 2 + ["urban"] * 2, "x": [0.0, 2, 1, 3], "y": [1.0, 5, 3, 9]})
    result = oaxaca(data, "y", ["x"], **GROUPS, reference="second", weight=None, replicates=0)
    value = result.summary["value"]
    assert value.to_dict() == pytest.approx(
        {"first": 3, "second": 6, "gap": -3, "explained": -3, "unexplained": 0}, abs=1e-12
    )
    assert result.terms["unexplained"].tolist() == pytest.approx([1, -1], abs=1e-12)
    three = oaxaca(data, "y", ["x"], **GROUPS, reference="threefold", weight=None, replicates=0)
    # Endowments -1 x 3; coefficients 1 + 2 (2 - 3) = -1; interaction -1 x (2 - 3) = 1.
    assert three.summary["value"].tolist() == pytest.approx([3, 6, -3, -3, -1, 1], abs=1e-12)


def test_weighted_coefficients_are_those_of_least_squares() -> None:
    data = survey()
    columns = ["size", "age"]
    (b1, x1), (b2, x2) = (least_squares(data, columns, s) for s in ("rural", "urban"))
    for name, star in {"first": b1, "second": b2, "reimers": (b1 + b2) / 2}.items():
        result = oaxaca(data, "y", columns, **GROUPS, reference=name, weight="w", replicates=0)
        np.testing.assert_allclose(result.terms["explained"], (x1 - x2) * star, atol=1e-10)
        np.testing.assert_allclose(
            result.terms["unexplained"], x1 * (b1 - star) + x2 * (star - b2), atol=1e-10
        )
        np.testing.assert_allclose(result.coefficients["first"], b1, atol=1e-10)
    share = data.groupby("side")["w"].sum() / data["w"].sum()
    cotton = oaxaca(data, "y", columns, **GROUPS, reference="cotton", weight="w", replicates=0)
    np.testing.assert_allclose(
        cotton.coefficients["reference"], share["rural"] * b1 + share["urban"] * b2, atol=1e-10
    )


@pytest.mark.parametrize("name", ["neumark", "pooled"])
def test_pooled_references_are_one_regression_on_both(name: str) -> None:
    data = survey()
    x = np.column_stack([np.ones(len(data)), data["size"], data["age"]])
    if name == "pooled":
        x = np.column_stack([x, data["side"] == "rural"])
    root = np.sqrt(data["w"].to_numpy())
    beta = np.linalg.lstsq(x * root[:, None], data["y"] * root, rcond=None)[0]
    result = oaxaca(data, "y", ["size", "age"], **GROUPS, reference=name, weight="w", replicates=0)
    np.testing.assert_allclose(result.coefficients["reference"], beta[:3], atol=1e-10)
    if name == "pooled":  # the unexplained part is then the coefficient of the group
        assert result.summary.loc["unexplained", "value"] == pytest.approx(beta[3], abs=1e-10)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_parts_add_to_the_gap(name: str, scale: float) -> None:
    data = survey()
    data = data.assign(y=data["y"] * scale)
    result = oaxaca(data, "y", ["size", "mother", "age"], **GROUPS, reference=name, weight="w", replicates=0)
    value = result.summary["value"]
    parts = [p for p in value.index if p not in ("first", "second", "gap")]
    assert abs(value[parts].sum() - value["gap"]) <= 1e-12 * scale
    assert abs(value["first"] - value["second"] - value["gap"]) <= 1e-12 * scale
    for part in parts:
        assert abs(result.terms[part].sum() - value[part]) <= 1e-12 * scale
        assert abs(result.predictors[part].sum() - value[part]) <= 1e-12 * scale


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(WAYS))
def test_order_of_rows_and_swapped_groups(seed: int, name: str) -> None:
    data = survey(120, seed)
    options = {"reference": name, "weight": "w", "replicates": 0}
    one = oaxaca(data, "y", ["size", "age"], **GROUPS, **options).summary["value"]
    mixed = oaxaca(data.sample(frac=1, random_state=seed), "y", ["size", "age"], **GROUPS, **options)
    np.testing.assert_allclose(mixed.summary["value"], one, atol=1e-10)
    if name != "threefold":
        swap = {"first": "second", "second": "first"}.get(name, name)
        back = oaxaca(
            data,
            "y",
            ["size", "age"],
            between="side",
            groups=("urban", "rural"),
            **{**options, "reference": swap},
        ).summary["value"]
        np.testing.assert_allclose(back.iloc[2:], -one.iloc[2:], atol=1e-10)


def test_normalised_categories_do_not_feel_the_base() -> None:
    data = survey()
    other = data.assign(mother=data["mother"].map({"higher": "z", "primary": "a", "secondary": "b"}))
    options = {**GROUPS, "weight": "w", "replicates": 0, "reference": "second"}
    one = oaxaca(data, "y", ["size", "mother"], **options)
    two = oaxaca(other, "y", ["size", "mother"], **options)
    names = {"higher": "z", "primary": "a", "secondary": "b"}
    for old, new in names.items():
        for part in ("explained", "unexplained"):
            assert one.terms.loc[f"mother: {old}", part] == pytest.approx(
                two.terms.loc[f"mother: {new}", part], abs=1e-12
            )
    np.testing.assert_allclose(one.predictors["unexplained"], two.predictors["unexplained"], atol=1e-12)
    assert one.coefficients["first"].iloc[2:].sum() == pytest.approx(0, abs=1e-12)
    plain = oaxaca(data, "y", ["size", "mother"], **options, normalise=False)
    assert plain.coefficients.loc["mother: higher", "first"] == 0
    np.testing.assert_allclose(plain.summary["value"], one.summary["value"], atol=1e-12)
    moved = oaxaca(other, "y", ["size", "mother"], **options, normalise=False)
    assert (
        abs(moved.predictors.loc["mother", "unexplained"] - plain.predictors.loc["mother", "unexplained"])
        > 0.01
    )


def test_equal_groups_have_nothing_to_explain() -> None:
    half = survey(100).assign(side="rural")
    data = pd.concat([half, half.assign(side="urban")], ignore_index=True)
    value = oaxaca(data, "y", ["size", "mother"], **GROUPS, weight="w", replicates=0).summary["value"]
    np.testing.assert_allclose(value.iloc[2:], 0, atol=1e-12)


def test_bootstrap_sums_are_those_of_replicate_weights() -> None:
    data = survey(200)
    design = build_design(data, weight="w", stratum="stratum", cluster="cluster")
    columns = np.column_stack([data["w"], data["w"] * data["y"]])
    sums = bootstrap_sums(design, columns, replicates=BLOCK + 7, seed=4)
    assert sums.shape == (BLOCK + 7, 2)
    assert np.array_equal(sums, bootstrap_sums(design, columns, replicates=BLOCK + 7, seed=4))
    assert not np.array_equal(sums, bootstrap_sums(design, columns, replicates=BLOCK + 7, seed=5))
    np.testing.assert_allclose(cluster_sums(design, columns).sum(axis=0), columns.sum(axis=0))
    rowwise = cluster_sums(build_design(data, weight="w"), columns)
    np.testing.assert_allclose(rowwise.sum(axis=0), columns.sum(axis=0))


def test_bootstrap_errors_are_near_the_jackknife() -> None:
    data = survey(600)
    options = {**GROUPS, "reference": "pooled"}
    predictors = ["size", "mother"]
    found = oaxaca(
        data,
        "y",
        predictors,
        **options,
        weight="w",
        stratum="stratum",
        cluster="cluster",
        replicates=400,
        seed=1,
    )
    assert found.replicates == 400
    design = build_design(data, weight="w", stratum="stratum", cluster="cluster")

    def again(weights: np.ndarray) -> np.ndarray:
        kept = data.assign(w=weights)[weights > 0]
        return oaxaca(kept, "y", predictors, **options, weight="w", replicates=0).summary["value"].to_numpy()

    variance = replicate_variance(build_replicates(design, method="jackknife"), again)
    np.testing.assert_allclose(found.summary["se"], np.sqrt(variance), rtol=0.2)


def test_seed_decides_the_errors_and_is_required() -> None:
    data = survey(120)
    run = [
        oaxaca(data, "y", ["size"], **GROUPS, weight="w", replicates=60, seed=seed).summary["se"].to_numpy()
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(run[0], run[1])
    assert not np.array_equal(run[0], run[2])
    with pytest.raises(AnalysisError, match="seed"):
        oaxaca(data, "y", ["size"], **GROUPS, weight="w", replicates=60)


def test_wrong_models_are_refused() -> None:
    data = survey(120)
    options = {**GROUPS, "weight": "w", "replicates": 0}
    with pytest.raises(AnalysisError, match="depend on each other") as caught:
        oaxaca(data.assign(dry=(data["side"] == "rural") * 1.0), "y", ["dry", "size"], **options)
    assert "dry" in str(caught.value)
    with pytest.raises(AnalysisError, match="depend on each other"):
        oaxaca(data.assign(double=2 * data["size"]), "y", ["double", "size"], **options)
    with pytest.raises(AnalysisError, match="one category"):
        oaxaca(data.assign(mother="primary"), "y", ["mother"], **options)
    with pytest.raises(AnalysisError, match="each once"):
        oaxaca(data, "y", [], **options)
    with pytest.raises(AnalysisError, match="unknown reference"):
        oaxaca(data, "y", ["size"], **options, reference="oaxaca")


def test_missing_rows_are_left_out_and_counted() -> None:
    data = survey(200)
    holes = data.copy()
    holes.loc[:4, "mother"] = None
    holes.loc[5:6, "y"] = np.nan
    found = oaxaca(holes, "y", ["mother"], **GROUPS, weight="w", replicates=0)
    assert found.missing == 7
    assert sum(found.n) == 193
    clean = oaxaca(data.iloc[7:], "y", ["mother"], **GROUPS, weight="w", replicates=0)
    np.testing.assert_allclose(found.summary["value"], clean.summary["value"], atol=1e-12)
