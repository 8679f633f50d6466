"""Risk models, profiles of those at risk, town and village, vulnerability and overlap."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.design import build_design
from childatlas.measures.differences import survey_difference
from childatlas.measures.oaxaca import oaxaca
from childatlas.measures.replicates import build_replicates, replicate_variance
from childatlas.measures.residence import compare_residence
from childatlas.measures.risk import model_risk
from childatlas.measures.risk_profiles import risk_profiles
from childatlas.measures.vulnerability import overlap_of_poverty, vulnerability_to_poverty

DESIGN = {"weight": "w", "stratum": "stratum", "cluster": "cluster"}


def survey(rows: int = 800, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cluster = np.arange(rows) // 10
    rural = cluster % 2 == 1
    data = pd.DataFrame({"w": rng.uniform(1, 4, rows), "cluster": cluster})
    data["unit"] = np.where(cluster // 2 % 2, "a", "b")
    data["residence"] = np.where(rural, "rural", "urban")
    data["stratum"] = data["unit"] + data["residence"]
    data["size"] = rng.poisson(3 + rural, rows).astype(float)
    data["mother"] = np.where(rng.uniform(size=rows) < 0.3 + 0.3 * rural, "primary", "higher")
    eta = -2 + 0.2 * data["size"] + 1.2 * (data["mother"] == "primary") + 0.4 * rural
    data["deprived"] = (rng.uniform(size=rows) < expit(eta)).astype(float)
    data["income"] = np.exp(2 - 0.1 * data["size"] - 0.4 * rural + rng.normal(0, 0.5, rows))
    return data


def two_by_two() -> pd.DataFrame:
    rows = [("x", 1.0)] * 30 + [("x", 0.0)] * 30 + [("o", 1.0)] * 10 + [("o", 0.0)] * 30
    return pd.DataFrame(rows, columns=["group", "y"])


def test_odds_ratio_and_effect_of_a_two_by_two_table() -> None:
    table = model_risk(two_by_two(), "y", ["group"], weight=None).table.loc["group: x"]
    assert table["odds_ratio"] == pytest.approx(3)  # (30 / 30) / (10 / 30)
    assert table["effect"] == pytest.approx(0.25, abs=1e-10)  # .5 - .25
    # Woolf's error of the log odds, with n / (n - 1) of a design of single rows.
    woolf = math.sqrt((1 / 30 + 1 / 30 + 1 / 10 + 1 / 30) * 100 / 99)
    assert table["se"] == pytest.approx(woolf, rel=1e-9)
    se = math.sqrt((0.25 / 60 + 0.1875 / 40) * 100 / 99)
    assert table["effect_se"] == pytest.approx(se, rel=1e-9)
    assert "25.0 percentage points higher" in table["sentence"]


def test_errors_of_the_design_are_near_the_jackknife() -> None:
    data = survey()
    model = model_risk(data, "deprived", ["size", "mother"], **DESIGN)
    assert model.df == 80 - 4 - 2
    replicates = build_replicates(build_design(data, **DESIGN), method="jackknife")

    def again(weights: np.ndarray) -> np.ndarray:
        kept = data.assign(w=weights)[weights > 0]
        table = model_risk(kept, "deprived", ["size", "mother"], weight="w").table
        return np.concatenate([table["log_odds"], table["effect"].iloc[1:]])

    wanted = np.sqrt(replicate_variance(replicates, again))
    found = np.concatenate([model.table["se"], model.table["effect_se"].iloc[1:]])
    np.testing.assert_allclose(found, wanted, rtol=0.06)


def test_effect_of_a_number_is_the_derivative_of_the_mean() -> None:
    data = survey()
    table = model_risk(data, "deprived", ["size", "mother"], **DESIGN).table
    b, eps = table["log_odds"].to_numpy(), 1e-5
    x = np.column_stack([np.ones(len(data)), data["size"], data["mother"] == "primary"])
    up, down = (np.average(expit((x + s * np.array([0, eps, 0])) @ b), weights=data["w"]) for s in (1, -1))
    assert table.loc["size", "effect"] == pytest.approx((up - down) / (2 * eps), rel=1e-6)


def test_models_without_an_answer_are_refused_and_missing_rows_counted() -> None:
    data = survey()
    with pytest.raises(AnalysisError, match="no finite answer"):
        model_risk(data.assign(size=data["deprived"]), "deprived", ["size"], **DESIGN)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        model_risk(data.assign(deprived=2.0), "deprived", ["size"], **DESIGN)
    with pytest.raises(AnalysisError, match="no row"):
        model_risk(data.assign(size=np.nan), "deprived", ["size"], **DESIGN)
    data.loc[:6, "size"] = np.nan
    model = model_risk(data, "deprived", ["size"], **DESIGN)
    assert (model.missing, model.n) == (7, 793)


def test_profiles_compare_a_group_with_the_others_of_its_place() -> None:
    data = survey()
    table = risk_profiles(data, "deprived", ["mother"], by=["unit", "residence"], **DESIGN)
    wanted = survey_difference(
        data[data["stratum"] == "arural"],
        "deprived",
        between="mother",
        groups=("primary", "higher"),
        **DESIGN,
    ).iloc[0]
    row = table.loc[("a", "rural", "mother", "primary")]
    np.testing.assert_allclose(
        row[["risk", "others", "difference", "se"]].astype(float),
        wanted[["first", "second", "difference", "se"]].astype(float),
        rtol=1e-12,
    )
    assert (table.groupby(level=[0, 1])["share"].sum() - 1).abs().max() < 1e-12
    assert (table["p_adjusted"] >= table["p"] - 1e-15).all()
    assert row["rank"] == 1
    assert "children with mother: primary" in row["sentence"]
    assert "a, rural" in row["sentence"]


def test_profiles_do_not_judge_few_children() -> None:
    data = survey()
    data.loc[data.index[:24], "rare"] = "yes"
    data["rare"] = data["rare"].fillna("no")
    table = risk_profiles(data, "deprived", ["rare", "mother"], **DESIGN)
    assert math.isnan(table.loc[("rare", "yes"), "risk"])
    assert table.loc[("rare", "yes"), "sentence"].startswith("too few children")
    assert not table.loc[("rare", "yes"), "at_risk"]
    assert table.loc[("mother", "primary"), "at_risk"]
    seen = risk_profiles(data, "deprived", ["rare", "mother"], **DESIGN, least=24)
    assert 0 <= seen.loc[("rare", "yes"), "risk"] <= 1
    with pytest.raises(AnalysisError, match="two categories"):
        risk_profiles(data.assign(mother="x"), "deprived", ["mother"], **DESIGN)


def test_residence_by_place_and_for_all() -> None:
    data = survey()
    table = compare_residence(
        data, "deprived", ["size", "mother"], by="unit", **DESIGN, replicates=30, seed=1
    )
    assert list(table.index) == ["a", "b", "all"]
    gap = table["composition"] + table["structure"]
    assert (gap - table["explained_gap"]).abs().max() <= 1e-12
    assert (table["explained_gap"] - table["difference"]).abs().max() <= 1e-12
    np.testing.assert_allclose(table["composition_share"] + table["structure_share"], 1, atol=1e-10)
    alone = oaxaca(
        data[data["unit"] == "a"],
        "deprived",
        ["size", "mother"],
        between="residence",
        groups=("rural", "urban"),
        weight="w",
        replicates=0,
    )
    assert table.loc["a", "composition"] == pytest.approx(alone.summary.loc["explained", "value"], abs=1e-12)
    direct = survey_difference(
        data, "deprived", between="residence", groups=("rural", "urban"), by="unit", **DESIGN
    )
    np.testing.assert_allclose(table.loc[["a", "b"], direct.columns], direct, rtol=1e-12)


def test_a_place_without_villages_has_a_note() -> None:
    data = survey()
    town = data["unit"].eq("b") & data["residence"].eq("rural")
    table = compare_residence(data[~town], "deprived", ["size"], by="unit", **DESIGN, replicates=0)
    assert math.isnan(table.loc["b", "difference"])
    assert math.isnan(table.loc["b", "composition"])
    assert "rural" in table.loc["b", "note"]
    assert table.loc["a", "note"] == ""
    with pytest.raises(AnalysisError, match="seed"):
        compare_residence(data, "deprived", ["size"], by="unit", **DESIGN)


def test_vulnerability_finds_the_truth_it_was_made_of() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 1, 20_000)
    sd = np.sqrt(0.1 + 0.4 * x)
    data = pd.DataFrame({"x": x, "income": np.exp(1 - 0.5 * x + sd * rng.normal(size=len(x)))})
    result = vulnerability_to_poverty(data, "income", 1.5, predictors=["x"], weight=None)
    np.testing.assert_allclose(result.coefficients["mean"], [1, -0.5], atol=0.03)
    np.testing.assert_allclose(result.coefficients["variance"], [0.1, 0.4], atol=0.03)
    truth = stats.norm.cdf((np.log(1.5) - 1 + 0.5 * x) / sd)
    assert np.abs(result.children["probability"] - truth).max() < 0.03
    rates = result.rates["estimate"]
    assert rates["expected"] == pytest.approx(rates["poor"], abs=0.01)
    near = ((data["income"] >= 1.5) & (data["income"] < 1.875)).mean()
    assert rates["near"] == pytest.approx(near, abs=1e-12)
    assert result.undefined == 0


def test_vulnerability_by_group_and_its_refusals() -> None:
    data = survey()
    data.loc[:4, "size"] = np.nan
    result = vulnerability_to_poverty(
        data, "income", 4.0, predictors=["size", "mother"], by="residence", **DESIGN
    )
    assert result.children["probability"].isna().sum() == 5 + result.undefined
    assert (
        result.rates.loc[("rural", "expected"), "estimate"]
        > result.rates.loc[("urban", "expected"), "estimate"]
    )
    with pytest.raises(DataError, match="logarithm"):
        vulnerability_to_poverty(data.assign(income=0.0), "income", 4.0, predictors=["size"], weight=None)
    with pytest.raises(AnalysisError, match="out of range"):
        vulnerability_to_poverty(data, "income", 4.0, predictors=["size"], weight=None, band=1.0)
    twice = data.assign(double=data["size"] * 2)
    with pytest.raises(AnalysisError, match="depend on each other"):
        vulnerability_to_poverty(twice, "income", 4.0, predictors=["size", "double"], weight=None)


def test_overlap_by_hand() -> None:
    data = pd.DataFrame({"p": [1.0, 1, 0, 0, np.nan], "d": [1.0, 0, 1, 0, 1], "w": [3.0, 1, 2, 4, 9]})
    value = overlap_of_poverty(data, "p", "d", weight="w")["estimate"]
    wanted = {"both": 0.3, "poor only": 0.1, "deprived only": 0.2, "neither": 0.4}
    wanted |= {"deprived among poor": 0.75, "poor among deprived": 0.6, "expected both": 0.2}
    assert value.to_dict() == pytest.approx(wanted)
    parts = overlap_of_poverty(survey().assign(p=1.0), "p", "deprived", by="unit", **DESIGN)["estimate"]
    shares = parts.unstack("variable")[["both", "poor only", "deprived only", "neither"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    with pytest.raises(DataError, match="neither 0 nor 1"):
        overlap_of_poverty(data.assign(d=3.0), "p", "d", weight="w")
