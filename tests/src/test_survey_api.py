"""Survey estimates and counting measures against the documented examples of R's survey package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import childatlas as ca
from childatlas.measures.curve import decompose_groups
from childatlas.measures.design import build_design
from childatlas.measures.differences import survey_difference
from childatlas.measures.histogram import build_histogram
from childatlas.measures.moda import count_deprivation
from childatlas.measures.proportions import korn_graubard, survey_proportion
from childatlas.measures.quantiles import survey_quantile
from childatlas.measures.replicates import build_replicates

# api.csv and api_expected.csv are made by make_api.R with R 4.2.2 and survey 4.1-1. Its help pages print a
# mean of api00 of 644.17 (23.542) in the cluster sample, 662.29 (9.4089) stratified, 670.81 (30.099) in two
# stages; totals of enroll 3404940 (932235), 3687178 (114642), 2639273 (799638); a ratio of 0.8497 (0.0084).
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "survey"
SCHOOLS = pd.read_csv(REFERENCE / "api.csv")
EXPECTED = pd.read_csv(REFERENCE / "api_expected.csv", index_col="key")["value"]
DESIGNS: dict[str, dict[str, Any]] = {
    "srs": {"weight": "pw", "fpc": "fpc1"},
    "strat": {"weight": "pw", "stratum": "stype", "fpc": "fpc1"},
    "clus1": {"weight": "pw", "cluster": "dnum", "fpc": "fpc1"},
    "clus2": {"weight": "pw", "cluster": ["dnum", "snum"], "fpc": ["fpc1", "fpc2"]},
    "clus2wr": {"weight": "pw", "cluster": ["dnum", "snum"]},
}
designs = pytest.mark.parametrize("name", DESIGNS)
ITEMS = ["i1", "i2", "i3"]
WEIGHTS = {"i1": 0.5, "i2": 0.3, "i3": 0.2}


def schools(name: str) -> pd.DataFrame:
    """Return a sample with three deprivations of a school."""
    data = SCHOOLS[SCHOOLS["sample"] == name.removesuffix("wr")].reset_index(drop=True)
    lacks = {"i1": data["api00"] < 600, "i2": data["meals"] > 50, "i3": data["ell"] > 20}
    return data.assign(**{k: v.astype(float) for k, v in lacks.items()})


def wanted(key: str) -> np.ndarray:
    """Return R's numbers for a key."""
    return EXPECTED[EXPECTED.index.str.fullmatch(rf"{key}(\.\d+)?")].to_numpy()


def close(found: Any, key: str) -> None:
    numbers = wanted(key)
    assert len(numbers), key
    np.testing.assert_allclose(np.ravel(found)[: len(numbers)], numbers, rtol=1e-8, atol=1e-12)


@designs
def test_documented_examples(name: str) -> None:
    data, design = schools(name), DESIGNS[name]
    mean = ca.survey_mean(data, "api00", **design)
    close(mean[["estimate", "se", "deff", "df"]].iloc[0], f"{name}.mean")
    close(mean[["low", "high"]].iloc[0], f"{name}.ci")
    close(ca.survey_total(data, "enroll", **design)[["estimate", "se", "deff"]].iloc[0], f"{name}.total")
    close(ca.survey_ratio(data, "api.stu", "enroll", **design)[["estimate", "se"]].iloc[0], f"{name}.ratio")
    close(ca.survey_mean(data, "api00", by="stype", **design)[["estimate", "se"]].T, f"{name}.by")
    quantiles = survey_quantile(data, "api00", [0.25, 0.5, 0.75], **design)
    close(quantiles[["estimate", "low", "high", "se"]].T, f"{name}.quantile")


@designs
def test_shares_of_schools(name: str) -> None:
    data, design = schools(name), DESIGNS[name]
    row = survey_proportion(data, "i3", **design).iloc[0]
    n = np.float64(len(data))
    bounds = korn_graubard(row["estimate"], row["se"] ** 2, n, row["df"], truncate=False)
    close([row["estimate"], row["se"], *bounds], f"{name}.i3.beta")
    logit = survey_proportion(data, "i3", interval="logit", **design)
    close(logit[["estimate", "se", "low", "high"]], f"{name}.i3.xlogit")


def test_the_jackknife_of_the_cluster_sample() -> None:
    data, design = schools("clus1"), DESIGNS["clus1"]
    replicates = build_replicates(build_design(data, **design))
    row = ca.survey_mean(data, "api00", weight="pw", replicates=replicates)[["estimate", "se"]].iloc[0]
    close(row, "jackknife.clus1")
    options: dict[str, Any] = {"weight": "pw", "replicates": replicates}
    share = survey_proportion(data, "i3", **options)
    close(share[["estimate", "se"]], "jackknife.share")
    assert 0 < share["low"].iloc[0] < share["estimate"].iloc[0] < share["high"].iloc[0] < 1
    close(ca.survey_ratio(data, "api.stu", "enroll", **options)[["estimate", "se"]], "jackknife.ratio")
    gap = survey_difference(data, "api00", between="stype", groups=("E", "H"), **options)
    close(gap[["difference", "se"]], "jackknife.difference")
    linear = survey_difference(data, "api00", between="stype", groups=("E", "H"), **DESIGNS["clus1"])
    close_to = pytest.approx(linear[["ratio_low", "ratio_high"]].to_numpy(), rel=0.05)
    assert gap[["ratio_low", "ratio_high"]].to_numpy() == close_to
    by = survey_difference(data.assign(half=data.index % 2), "api00", between="stype", groups=("E", "H"),
                           by="half", **options)  # fmt: skip
    assert by["se"].gt(0).all()
    quantiles = survey_quantile(data, "api00", [0.25, 0.5], **options)
    close(quantiles[["estimate", "low", "high", "se"]].T, "jackknife.quantile")


@designs
def test_counting_measures_are_means_and_ratios_of_r(name: str) -> None:
    data = schools(name)
    design = build_design(data, **DESIGNS[name])
    gap = ((600 - data["api00"]) / 600).where(data["i1"] == 1, 0.0)
    gaps = pd.DataFrame({"i1": gap, "i2": 0.0, "i3": 0.0})
    found = ca.alkire_foster(data[ITEMS], WEIGHTS, 0.5, design=design, gaps=gaps)
    for measure in ("headcount", "adjusted", "intensity", "m1", "m2"):
        close([getattr(found, measure), getattr(found.errors, measure)], f"{name}.{measure}")
    close([found.contribution["i2"], found.errors.contribution["i2"]], f"{name}.contribution")
    groups = ca.alkire_foster(data[ITEMS], WEIGHTS, 0.5, design=design, by=data["stype"])
    for measure in ("headcount", "adjusted"):
        close([getattr(groups, measure), getattr(groups.errors, measure)], f"{name}.{measure}.by")
    count = count_deprivation(build_histogram(data[ITEMS], design=design), threshold=2)
    for measure, key in (("deprived", "two"), ("severity", "severity")):
        column = (measure, "", "", 2)
        close([count.values[column].iloc[0], count.errors[column].iloc[0]], f"{name}.{key}")
    parts, errors = decompose_groups(groups), decompose_groups(groups, errors=True)
    for column, key in (
        ("population_share", "share_of_group"), ("contribution", "part_of_group"), ("relative", "relative"),
    ):  # fmt: skip
        close([parts.loc["H", column], errors.loc["H", column]], f"{name}.{key}")
