"""Survey estimates against R's survey package, by hand, and at their edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError, AtlasError, DataError
from childatlas.measures.design import as_design, build_design
from childatlas.measures.differences import survey_difference
from childatlas.measures.linearisation import covariance, grouped_variance
from childatlas.measures.proportions import korn_graubard, survey_proportion
from childatlas.measures.publication import PublicationRule, judge_estimates
from childatlas.measures.quantiles import survey_quantile, weighted_quantile
from childatlas.measures.replicates import build_replicates, given_replicates
from childatlas.measures.survey import survey_mean, survey_ratio, survey_total

# sample.csv is made by make_sample.py, expected.csv by make_expected.R with R 4.2.2 and survey 4.1-1.
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "survey"
SAMPLE = pd.read_csv(REFERENCE / "sample.csv")
EXPECTED = pd.read_csv(REFERENCE / "expected.csv", index_col="key")["value"]
DESIGNS: dict[str, dict[str, Any]] = {
    "one": {"weight": "weight", "stratum": "stratum", "cluster": "cluster"},
    "fin": {"weight": "weight", "stratum": "stratum", "cluster": "cluster", "fpc": "fpc1"},
    "two": {
        "weight": "weight",
        "stratum": "stratum",
        "cluster": ["cluster", "block"],
        "fpc": ["fpc1", "fpc2"],
    },
    "srs": {"weight": "weight"},
}
designs = pytest.mark.parametrize("name", DESIGNS)


def expected(key: str) -> np.ndarray:
    """Return R's numbers for a key: one, or those numbered from 1."""
    if key in EXPECTED:
        return np.array([EXPECTED[key]])
    found = []
    while f"{key}.{len(found) + 1}" in EXPECTED:
        found.append(EXPECTED[f"{key}.{len(found) + 1}"])
    return np.array(found)


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, dtype=float), wanted, rtol=1e-8, atol=1e-10)


@designs
def test_mean_is_that_of_r(name: str) -> None:
    table = survey_mean(SAMPLE, "y", **DESIGNS[name])
    close(table[["estimate", "se", "deff"]].iloc[0], expected(f"{name}.mean")[:3])
    close(table[["low", "high"]].iloc[0], expected(f"{name}.ci"))
    assert table.index.tolist() == ["y"]
    assert table["n"].iloc[0] == 207
    assert table["missing"].iloc[0] == 9
    close(table["effective_n"], table["n"] / table["deff"])
    close(table["cv"], table["se"] / table["estimate"])


@designs
def test_totals_ratios_and_domains_are_those_of_r(name: str) -> None:
    close(
        survey_total(SAMPLE, "x", **DESIGNS[name])[["estimate", "se", "deff"]].iloc[0],
        expected(f"{name}.total"),
    )
    close(
        survey_ratio(SAMPLE, "y", "x", **DESIGNS[name])[["estimate", "se"]].iloc[0], expected(f"{name}.ratio")
    )
    groups = survey_mean(SAMPLE, "y", by="group", **DESIGNS[name])
    assert groups.index.tolist() == ["north", "south", "west"]
    close(groups[["estimate", "se", "deff"]].to_numpy().T.ravel(), expected(f"{name}.by"))
    totals = survey_total(SAMPLE, "x", by="group", **DESIGNS[name])
    close(totals[["estimate", "se"]].to_numpy().T.ravel(), expected(f"{name}.bytotal"))


@designs
@pytest.mark.parametrize("variable", ["poor", "rare"])
def test_shares_are_those_of_r(name: str, variable: str) -> None:
    table = survey_proportion(SAMPLE, variable, **DESIGNS[name]).iloc[0]
    wanted = expected(f"{name}.{variable}")
    close(table[["estimate", "se"]], wanted[:2])
    bounds = korn_graubard(
        table["estimate"], table["se"] ** 2, np.float64(len(SAMPLE)), table["df"], truncate=False
    )
    close(bounds, wanted[2:])
    assert table["low"] <= wanted[2] + 1e-9  # truncation at n only widens
    assert table["high"] >= wanted[3] - 1e-9
    logit = survey_proportion(SAMPLE, variable, interval="logit", **DESIGNS[name]).iloc[0]
    close(logit[["low", "high"]], expected(f"{name}.{variable}.logit"))


@designs
def test_quantiles_and_differences_are_those_of_r(name: str) -> None:
    table = survey_quantile(SAMPLE, "x", [0.25, 0.5, 0.75], **DESIGNS[name])
    close(table[["estimate", "low", "high", "se"]].to_numpy().T.ravel(), expected(f"{name}.quantile"))
    gap = survey_difference(SAMPLE, "x", between="group", groups=("north", "south"), **DESIGNS[name])
    close(gap[["difference", "se"]].iloc[0], expected(f"{name}.difference"))
    close(gap["ratio"], gap["first"] / gap["second"])


def test_replicates_are_those_of_r() -> None:
    def error(method: str, design: dict[str, Any], variable: str = "y", **options: Any) -> float:
        data = options.pop("data", SAMPLE)
        replicates = build_replicates(build_design(data, **design), method=method, **options)
        return survey_mean(data, variable, weight="weight", replicates=replicates)["se"].iloc[0]

    close(error("jackknife", DESIGNS["one"]), EXPECTED["jackknife.strata"])
    close(error("jackknife", DESIGNS["fin"]), EXPECTED["jackknife.finite"])
    close(error("jackknife", {"weight": "weight", "cluster": "cluster"}), EXPECTED["jackknife.single"])
    pairs = SAMPLE[SAMPLE["cluster"].str[2].isin(["0", "1"])]
    # Another orthogonal array than R's: equal to the first order only.
    assert error("brr", DESIGNS["one"], "x", data=pairs) == pytest.approx(EXPECTED["brr"], rel=0.02)
    assert error("brr", DESIGNS["one"], "x", data=pairs, fay=0.3) == pytest.approx(EXPECTED["fay"], rel=0.02)
    linear = survey_mean(SAMPLE, "y", **DESIGNS["one"])["se"].iloc[0]
    bootstrap = error("bootstrap", DESIGNS["one"], replicates=2_000, seed=5)
    assert bootstrap == pytest.approx(linear, rel=0.1)
    assert bootstrap == error("bootstrap", DESIGNS["one"], replicates=2_000, seed=5)
    with pytest.raises(AnalysisError, match="seed"):
        error("bootstrap", DESIGNS["one"])
    with pytest.raises(AnalysisError, match="two clusters"):
        error("brr", DESIGNS["one"])


@pytest.mark.parametrize("lonely", ["certainty", "adjust", "average"])
@pytest.mark.parametrize("name", ["one", "fin"])
def test_lonely_clusters_are_treated_as_in_r(lonely: str, name: str) -> None:
    few = SAMPLE[(SAMPLE["stratum"] != "s3") | (SAMPLE["cluster"] == "c30")]
    close(survey_mean(few, "x", lonely=lonely, **DESIGNS[name])["se"], expected(f"lonely.{lonely}.{name}"))
    groups = survey_mean(few, "x", by="group", lonely=lonely, **DESIGNS[name])
    close(groups["se"], expected(f"lonely.{lonely}.{name}.by"))
    with pytest.raises(AnalysisError, match="one cluster only"):
        survey_mean(few, "x", **DESIGNS[name])
    whole = few.assign(fpc1=np.where(few["stratum"] == "s3", 1, few["fpc1"]))
    assert survey_mean(whole, "x", **DESIGNS["fin"])["se"].notna().all()  # drawn in full: nothing to estimate


def test_mean_by_hand() -> None:
    # Two strata of two clusters; cluster sums of w (y - 3) are -2, 0 | 2, 0 of weight 4:
    # variance = 2 * (1 + 1) / 16 + 2 * (1 + 1) / 16 = 1/2.
    data = pd.DataFrame({"y": [1.0, 3, 5, 3], "w": 1.0, "h": [0, 0, 1, 1], "c": [0, 1, 2, 3]})
    row = survey_mean(data, "y", weight="w", stratum="h", cluster="c").iloc[0]
    assert row["estimate"] == 3
    assert row["se"] == pytest.approx(np.sqrt(0.5), rel=1e-12)
    assert row["df"] == 2


def test_deff_of_simple_random_sampling_is_one() -> None:
    data = pd.DataFrame({"y": np.arange(20.0), "w": 0.7})
    assert survey_mean(data, "y", weight="w")["deff"].iloc[0] == pytest.approx(1, rel=1e-12)
    finite = data.assign(w=5.0, N=100)
    assert survey_mean(finite, "y", weight="w", fpc="N")["deff"].iloc[0] == pytest.approx(1, rel=1e-12)


def test_grouped_variance_is_the_diagonal_of_the_covariance() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(-1, 3, len(SAMPLE))
    values = rng.normal(size=len(SAMPLE))
    wide = np.where(group[:, None] == np.arange(3), values[:, None], 0.0)
    for design in DESIGNS.values():
        built = build_design(SAMPLE, **design)
        found = grouped_variance(built, group, 3, values)[:, 0]
        np.testing.assert_allclose(found, np.diag(covariance(built, wide)), rtol=1e-10)


def test_several_variables_and_groups() -> None:
    table = survey_mean(SAMPLE, ["x", "poor"], by=["stratum", "group"], **DESIGNS["one"])
    assert table.index.names == ["stratum", "group", "variable"]
    assert len(table) == 4 * 3 * 2
    alone = survey_mean(SAMPLE, "poor", by=["stratum", "group"], **DESIGNS["one"])
    np.testing.assert_allclose(table.xs("poor", level="variable")["se"], alone["se"])


def test_domains_keep_the_whole_design() -> None:
    inside = survey_mean(SAMPLE, "x", by="group", **DESIGNS["one"]).loc["north"]
    indicator = SAMPLE.assign(one=(SAMPLE["group"] == "north") * 1.0)
    indicator["part"] = indicator["x"] * indicator["one"]
    ratio = survey_ratio(indicator, "part", "one", **DESIGNS["one"]).iloc[0]
    close(inside[["estimate", "se"]], ratio[["estimate", "se"]].to_numpy(dtype=float))


def test_given_replicates_reproduce_made_ones() -> None:
    made = build_replicates(build_design(SAMPLE, **DESIGNS["one"]))
    again = given_replicates(made.full, made.weights, scale=1.0, each=made.each, df=made.df)
    ours = survey_mean(SAMPLE, "x", weight="weight", replicates=again)["se"].iloc[0]
    assert ours == pytest.approx(survey_mean(SAMPLE, "x", **DESIGNS["one"])["se"].iloc[0], rel=0.02)
    with pytest.raises(AnalysisError):
        given_replicates(made.full, made.weights[:-1], scale=1.0)


class TestBadFiles:
    @pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
    def test_weights_have_to_be_positive(self, bad: float) -> None:
        data = SAMPLE.copy()
        data.loc[7, "weight"] = bad
        with pytest.raises(DataError, match="1 of 216 sampling weights") as error:
            survey_mean(data, "x", **DESIGNS["one"])
        assert "rows [7]" in str(error.value)

    def test_a_cluster_in_two_strata(self) -> None:
        data = SAMPLE.copy()
        data.loc[data.index[0], "cluster"] = "c10"
        with pytest.raises(DataError, match="more than one stratum"):
            survey_mean(data, "x", **DESIGNS["one"])
        numbered = data.assign(cluster=data["cluster"].str[2])
        nested = survey_mean(numbered, "x", **DESIGNS["one"], nest=True)
        assert nested["n"].iloc[0] == 216

    def test_missing_columns_are_named_with_the_nearest(self) -> None:
        with pytest.raises(AnalysisError, match="weight"):
            survey_mean(SAMPLE, "x", weight="wieght")
        with pytest.raises(AnalysisError, match="no column 'xx'"):
            survey_mean(SAMPLE, "xx", weight="weight")
        with pytest.raises(AnalysisError, match="no rows"):
            survey_mean(SAMPLE.iloc[:0], "x", weight="weight")

    def test_words_are_not_averaged(self) -> None:
        with pytest.raises(DataError, match="not numbers"):
            survey_mean(SAMPLE, "group", weight="weight")
        shares = survey_proportion(SAMPLE, "group", weight="weight")
        assert shares["estimate"].sum() == pytest.approx(1)

    def test_gaps_in_the_design(self) -> None:
        data = SAMPLE.assign(cluster=SAMPLE["cluster"].where(SAMPLE.index != 3))
        with pytest.raises(DataError, match="lack a value"):
            survey_mean(data, "x", **DESIGNS["one"])
        with pytest.raises(DataError, match="smaller than the number of clusters"):
            survey_mean(SAMPLE.assign(fpc1=2), "x", **DESIGNS["fin"])
        with pytest.raises(AnalysisError, match="unknown part"):
            as_design({"clusters": SAMPLE["cluster"]}, SAMPLE.index)

    def test_all_missing_and_all_equal(self) -> None:
        empty = survey_mean(SAMPLE.assign(x=np.nan), "x", **DESIGNS["one"]).iloc[0]
        assert empty[["estimate", "se", "low", "high", "cv", "deff"]].isna().all()
        assert empty["missing"] == 216
        flat = survey_mean(SAMPLE.assign(x=2.0), "x", **DESIGNS["one"]).iloc[0]
        assert flat["estimate"] == pytest.approx(2)
        assert flat["se"] == pytest.approx(0, abs=1e-12)


def test_korn_graubard_at_its_edges() -> None:
    low, high = korn_graubard(
        np.array([0.0, 1.0, 0.5]), np.zeros(3), np.full(3, 30.0), np.array([29.0, 29.0, 0.0])
    )
    # Without successes the exact upper bound is 1 - 0.025 ** (1 / n) (Clopper and Pearson 1934).
    assert low[0] == 0
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 30), rel=1e-12)
    assert high[1] == 1
    assert low[1] == pytest.approx(0.025 ** (1 / 30), rel=1e-12)
    assert np.isnan(low[2])


def test_publication_rule_at_its_bounds() -> None:
    table = pd.DataFrame(
        {"n": [24, 25, 49, 50, 50, 50, 50, 50], "cv": [0.1, 0.1, 0.1, 0.166, 0.1661, 0.333, 0.3331, np.nan]}
    )
    judged = judge_estimates(table)
    assert judged["quality"].tolist() == [
        "suppress", "caution", "caution", "publish", "caution", "caution", "suppress", "publish",
    ]  # fmt: skip
    assert judged["reason"].iloc[0] == "fewer than 25 children"
    assert (
        judge_estimates(table, PublicationRule(least_count=0, caution_count=0))["quality"].iloc[0]
        == "publish"
    )
    with pytest.raises(AnalysisError):
        PublicationRule(least_count=60)
    assert judge_estimates(table.assign(se=np.nan))["quality"].eq("suppress").all()


def test_weighted_quantile_takes_the_least_value_that_reaches() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0])
    found = weighted_quantile(values, weights, np.array([0.5, 0.51, 0.75, 1.0, -0.1]))
    np.testing.assert_array_equal(found, [1, 2, 2, 3, np.nan])


@settings(deadline=None, max_examples=15)
@given(st.floats(0.1, 50), st.floats(-100, 100), st.randoms(use_true_random=False))
def test_scale_shift_and_order_change_nothing_else(scale: float, shift: float, random: Any) -> None:
    base = survey_mean(SAMPLE, "x", **DESIGNS["two"]).iloc[0]
    order = list(range(len(SAMPLE)))
    random.shuffle(order)
    data = SAMPLE.iloc[order].assign(x=lambda d: d["x"] * scale + shift)
    row = survey_mean(data, "x", **DESIGNS["two"]).iloc[0]
    assert row["estimate"] == pytest.approx(base["estimate"] * scale + shift, rel=1e-9, abs=1e-9)
    assert row["se"] == pytest.approx(base["se"] * scale, rel=1e-7, abs=1e-9)
    assert row["deff"] == pytest.approx(base["deff"], rel=1e-6)


HOSTILE = st.one_of(st.none(), st.floats(), st.integers(-3, 3), st.text(max_size=3), st.booleans())


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=100, max_size=100))
def test_hostile_rows_are_refused_in_words_or_computed(rows: list[tuple[Any, ...]]) -> None:
    data = pd.DataFrame(rows, columns=["y", "w", "h", "c"], dtype=object)
    refusal, table = "", None
    try:
        table = survey_mean(data, "y", weight="w", stratum="h", cluster="c", lonely="adjust")
    except AtlasError as error:
        refusal = str(error)
    assert "expected" in refusal if table is None else (table["n"] <= 100).all()


class TestNames:
    """What is asked for by name: columns, once each."""

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"variable": []}, "name of its column"),
            ({"variable": 0}, "name of its column"),
            ({"weight": SAMPLE["weight"]}, "name of its column"),
            ({"by": [0]}, "name of its column"),
        ],
    )
    def test_what_is_no_name_is_refused(self, options: dict[str, Any], says: str) -> None:
        asked: dict[str, Any] = {"variable": "x", "weight": "weight", **options}
        with pytest.raises(AnalysisError, match=says):
            survey_mean(SAMPLE, asked.pop("variable"), **asked)

    @pytest.mark.parametrize("name", ["x", "weight"])
    def test_two_columns_of_a_name_are_refused(self, name: str) -> None:
        with pytest.raises(AnalysisError, match=f"called '{name}'"):
            survey_mean(pd.concat([SAMPLE, SAMPLE[[name]]], axis=1), "x", weight="weight")

    def test_no_groups_are_one_whole(self) -> None:
        whole = survey_mean(SAMPLE, "x", weight="weight")
        pd.testing.assert_frame_equal(survey_mean(SAMPLE, "x", weight="weight", by=[]), whole)


def test_without_weights_a_simple_sample_has_a_design_effect_of_one() -> None:
    row = survey_mean(SAMPLE, "x", weight=None).iloc[0]
    assert row["deff"] == pytest.approx(1.0, rel=1e-12)
    assert row["effective_n"] == pytest.approx(len(SAMPLE), rel=1e-12)


class TestWhatCannotBeEstimated:
    def test_complex_numbers_and_dates(self) -> None:
        for values in (SAMPLE["x"] * 1j, pd.Timestamp("2020-01-01"), pd.Timedelta("1D")):
            with pytest.raises(DataError, match="no plain numbers"):
                survey_mean(SAMPLE.assign(x=values), "x", weight="weight")

    def test_values_too_large_to_square_have_no_error(self) -> None:
        row = survey_mean(SAMPLE.assign(x=SAMPLE["x"] * 1e200), "x", weight="weight").iloc[0]
        assert row["estimate"] > 1e200
        assert not row["se"] < np.inf

    def test_shares_of_answers_that_nobody_gave_or_that_mix_numbers_and_words(self) -> None:
        none = survey_proportion(SAMPLE.assign(x=np.nan), "x", weight="weight").iloc[0]
        assert (none["n"], none["missing"]) == (0, 216)
        assert np.isnan(none["estimate"])
        mixed = pd.Series([1, "x"] * 108, dtype=object)
        shares = survey_proportion(SAMPLE.assign(x=mixed), "x", weight="weight")
        assert shares.index.tolist() == ["x=1", "x=x"]
        assert shares["estimate"].sum() == pytest.approx(1)

    @pytest.mark.parametrize("wrong", [[], 0, 1.0, "half", [0.5, None], [[0.5]]])
    def test_quantiles_at_no_probability(self, wrong: Any) -> None:
        with pytest.raises(AnalysisError, match="between 0 and 1"):
            survey_quantile(SAMPLE, "x", wrong, weight="weight")

    @pytest.mark.parametrize("groups", [("north", "north"), ("north",), ("north", "south", "west"), "ns"])
    def test_differences_of_other_than_two_groups(self, groups: Any) -> None:
        with pytest.raises(AnalysisError, match="between two groups"):
            survey_difference(SAMPLE, "x", between="group", groups=groups, weight="weight")
