"""Counting measures against worked examples, each other, and a plain second computation."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import childatlas as ca
from childatlas.errors import AnalysisError, AtlasError, DataError
from childatlas.measures.association import associate_deprivations
from childatlas.measures.curve import cutoff_curve, decompose_groups
from childatlas.measures.deprivation import alkire_foster
from childatlas.measures.design import build_design
from childatlas.measures.histogram import build_histogram
from childatlas.measures.item_weights import scale_weights
from childatlas.measures.moda import count_deprivation, count_dimensions
from childatlas.measures.survey import survey_mean, survey_ratio

# Alkire and Foster (2011), section 3: four persons, four dimensions, z = (13, 12, 3, 1).
FOUR = np.array([[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]])
LINE = np.array([13.0, 12, 3, 1])
LACKS = pd.DataFrame((FOUR < LINE).astype(int), columns=list("abcd"))
GAPS = pd.DataFrame(np.where(FOUR < LINE, (LINE - FOUR) / LINE, 0.0), columns=list("abcd"))
FIVE = pd.DataFrame(
    [[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 0]], columns=list("abcd")
)


def test_the_four_person_example() -> None:
    half = ca.alkire_foster(LACKS, np.ones(4), 0.5, gaps=GAPS)
    assert (half.headcount, half.intensity, half.adjusted) == (0.5, 0.75, 0.375)
    assert half.m1 == pytest.approx(0.2055288462, abs=1e-10)
    assert half.m2 == pytest.approx(0.1654570390, abs=1e-10)
    one = alkire_foster(LACKS, None, 0.25, gaps=GAPS)
    assert (one.headcount, one.adjusted) == (0.75, 0.4375)
    assert one.intensity == pytest.approx(7 / 12, rel=1e-14)
    assert one.m1 == pytest.approx(0.2107371795, abs=1e-10)
    assert alkire_foster(LACKS, None, 0.5).m1 is None


def test_the_five_person_example() -> None:
    result = alkire_foster(FIVE, {"a": 1, "b": 1, "c": 1, "d": 1}, 0.5)
    assert (result.headcount, result.n, result.dropped) == (0.6, 5, 0)
    assert result.intensity == pytest.approx(0.58333, abs=1e-5)
    assert result.adjusted == pytest.approx(0.35, rel=1e-14)
    np.testing.assert_allclose(result.uncensored, [0.6, 0.4, 0.6, 0.2])
    np.testing.assert_allclose(result.censored, [0.4, 0.2, 0.6, 0.2])
    np.testing.assert_allclose(result.contribution * 100, [28.57, 14.29, 42.86, 14.29], atol=5e-3)
    assert result.censored.index.tolist() == list("abcd")
    group = pd.Series(["first", "first", "second", "second", "second"], name="side")
    parts = alkire_foster(FIVE, None, 0.5, by=group)
    assert parts.adjusted.to_dict() == {"first": 0.25, "second": pytest.approx(0.41667, abs=1e-5)}
    assert parts.contribution.index.tolist() == ["first", "second"]
    assert parts.n.tolist() == [2, 3]
    table = decompose_groups(parts)
    np.testing.assert_allclose(table["population_share"], [0.4, 0.6])
    np.testing.assert_allclose(table["contribution"], [0.4 * 0.25 / 0.35, 0.6 * (5 / 12) / 0.35])


def test_six_sixths_reach_the_whole() -> None:
    everything = pd.DataFrame(np.ones((1, 6)))
    assert np.ones(6).dot(np.full(6, 1 / 6)) != 1  # why counts and cutoffs are compared within 1e-9
    assert alkire_foster(everything, np.full(6, 1 / 6), 1.0).headcount == 1
    thirds = pd.DataFrame([[1, 1, 0], [1, 0, 0]])
    assert alkire_foster(thirds, None, 2 / 3).headcount == 0.5


def test_missing_items_take_the_child_out_and_are_counted() -> None:
    table = FIVE.astype("Int64")
    table.loc[0, "d"] = pd.NA
    result = alkire_foster(table, None, 0.5, by=["x", "x", "y", "y", "y"])
    assert result.n.tolist() == [1, 3]
    assert result.dropped.tolist() == [1, 0]
    assert result.headcount["x"] == 0
    nothing = alkire_foster(FIVE.astype(float) * np.nan, None, 0.5)
    assert (nothing.n, nothing.dropped) == (0, 5)
    assert np.isnan(nothing.headcount)
    nobody = alkire_foster(FIVE * 0, None, 0.5)
    assert (nobody.headcount, nobody.adjusted) == (0, 0)
    assert np.isnan(nobody.intensity)
    assert nobody.contribution.isna().all()


def test_weights_are_matched_by_name_and_scaled() -> None:
    named = alkire_foster(FIVE, pd.Series({"d": 2, "c": 4, "b": 6, "a": 8}), 0.4)
    ordered = alkire_foster(FIVE, [8, 6, 4, 2], 0.4)
    assert named.adjusted == ordered.adjusted
    assert named.weights.to_dict() == {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}
    with pytest.raises(AnalysisError, match="do not match"):
        alkire_foster(FIVE, {"a": 1, "b": 1, "c": 1}, 0.5)
    for wrong in ([1, 1, 1, -1], [0, 0, 0, 0], [1, 1, 1, np.nan], [1, 1, 1]):
        with pytest.raises(AnalysisError):
            alkire_foster(FIVE, wrong, 0.5)
    for cutoff in (0, -0.1, 1.01, np.nan, "half", True):
        with pytest.raises(AnalysisError, match="cutoff"):
            alkire_foster(FIVE, None, cutoff)


def test_sampling_weights_are_repetitions() -> None:
    times = np.array([1, 2, 3, 1, 2])
    weighted = alkire_foster(FIVE, None, 0.5, sample_weight=times)
    repeated = alkire_foster(FIVE.loc[np.repeat(FIVE.index, times)], None, 0.5)
    assert weighted.adjusted == pytest.approx(repeated.adjusted, rel=1e-14)
    np.testing.assert_allclose(weighted.contribution, repeated.contribution)
    assert weighted.population == 9
    for bad in ([1, 1, 1, 1, 0], [1, 1, 1, 1, -2], [1, 1, np.nan, 1, 1]):
        with pytest.raises(DataError, match="sampling weights"):
            alkire_foster(FIVE, None, 0.5, sample_weight=bad)
    with pytest.raises(AnalysisError):
        alkire_foster(FIVE, None, 0.5, sample_weight=[1, 1])


def test_entries_are_flags() -> None:
    for bad in (2, -1, 0.5, "yes"):
        table = FIVE.astype(object)
        table.loc[2, "b"] = bad
        with pytest.raises(DataError, match="item 'b'") as error:
            alkire_foster(table, None, 0.5)
        assert "rows [2]" in str(error.value)
    truth = alkire_foster(FIVE.astype(bool), None, 0.5)
    assert truth.adjusted == pytest.approx(0.35)
    with pytest.raises(AnalysisError, match="share a name"):
        alkire_foster(FIVE.set_axis(list("abca"), axis=1), None, 0.5)


def test_gaps_have_to_be_there_where_deprived() -> None:
    with pytest.raises(DataError, match="gap"):
        alkire_foster(LACKS, None, 0.5, gaps=GAPS.where(GAPS < 0.5))
    beside = GAPS.where(LACKS == 1)  # gaps of those not deprived are not read
    assert alkire_foster(LACKS, None, 0.5, gaps=beside).m1 == alkire_foster(LACKS, None, 0.5, gaps=GAPS).m1


def test_arrays_are_tables() -> None:
    plain = alkire_foster(LACKS, None, 0.5, gaps=GAPS)
    bare = alkire_foster(LACKS.to_numpy(), np.ones(4), 0.5, gaps=GAPS.to_numpy())
    assert (bare.adjusted, bare.m1, bare.m2) == (plain.adjusted, plain.m1, plain.m2)
    assert bare.censored.index.tolist() == [0, 1, 2, 3]
    for wrong in (LACKS["a"], LACKS.to_numpy()[0], [[1, 0]], None):
        with pytest.raises(AnalysisError, match="a table of children x items"):
            alkire_foster(wrong, None, 0.5)
    for gaps in (GAPS[["a"]], GAPS.to_numpy()[0], 0.5):
        with pytest.raises(AnalysisError, match="gaps and deprivations differ"):
            alkire_foster(LACKS, None, 0.5, gaps=gaps)
    with pytest.raises(DataError, match="no usable gap"):
        alkire_foster(
            LACKS, None, 0.5, gaps=GAPS.astype(object).replace(0.0, "deep").where(LACKS == 0, "deep")
        )


def test_a_relation_is_counted_out_of_core_by_the_names_of_its_columns() -> None:
    lacks, design = survey()
    table = lacks.join(design).assign(**{f"g_{i}": lacks[i] * 0.5 for i in lacks})
    relation = duckdb.from_df(table)
    weights = {"i0": 3, "i3": 1, "i1": 2}
    names = {"stratum": "stratum", "cluster": "cluster", "weight": "weight"}
    gaps = {i: f"g_{i}" for i in weights}
    found = ca.alkire_foster(relation, weights, 0.5, by="side", gaps=gaps, design=names)
    plain = ca.alkire_foster(
        lacks[list(weights)], weights, 0.5, by=design["side"], gaps=lacks[list(weights)] * 0.5,
        design=design[["stratum", "cluster", "weight"]],
    )  # fmt: skip
    for measure in ("headcount", "adjusted", "m1", "contribution", "population", "dropped"):
        np.testing.assert_allclose(getattr(found, measure), getattr(plain, measure), rtol=1e-12)
    np.testing.assert_allclose(found.errors.contribution, plain.errors.contribution, rtol=1e-9)
    whole = ca.alkire_foster(relation, weights, 0.5, sample_weight="weight")
    assert isinstance(whole.adjusted, float)
    assert whole.errors is None
    for wrong, says in (
        ({"sample_weight": design["weight"]}, "names of its columns"),
        ({"by": [design["side"]]}, "names of its columns"),
        ({"design": design}, "names of its columns"),
        ({"design": {"clusters": "cluster"}}, "unknown part"),
        ({"by": "sides"}, "no column 'sides'"),
    ):
        with pytest.raises(AnalysisError, match=says):
            ca.alkire_foster(relation, weights, 0.5, **wrong)
    with pytest.raises(AnalysisError, match="which columns of a relation are items"):
        ca.alkire_foster(relation, None, 0.5)


def survey(seed: int = 4, n: int = 400, items: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return deprivations with a common cause and the survey's columns."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, 24, n)
    common = rng.normal(size=n) + rng.normal(size=24)[cluster]
    lacks = (common[:, None] + rng.normal(size=(n, items)) > 0.8).astype(float)
    lacks[rng.random((n, items)) < 0.01] = np.nan
    design = pd.DataFrame({"stratum": cluster // 6, "cluster": cluster, "weight": rng.uniform(1, 4, n)})
    design["side"] = np.where(rng.random(n) < 0.4, "rural", "urban")
    return pd.DataFrame(lacks, columns=[f"i{j}" for j in range(items)]), design


def test_errors_are_those_of_survey_means_and_ratios() -> None:
    lacks, design = survey()
    weights = scale_weights([3, 2, 1, 1, 1, 1], lacks.columns)
    built = build_design(design, weight="weight", stratum="stratum", cluster="cluster")
    result = alkire_foster(lacks, weights, 0.4, by=design["side"], design=built)
    score = lacks @ weights
    data = design.assign(known=lacks.notna().all(axis=1))
    data["poor"] = np.where(data["known"], score >= 0.4 - 1e-9, np.nan)
    data["depth"] = data["poor"] * score.fillna(0.0)
    data["censored"] = data["poor"] * lacks["i2"].fillna(0.0)
    data["part"] = data["censored"] * weights["i2"]
    options: dict[str, Any] = {"weight": "weight", "stratum": "stratum", "cluster": "cluster", "by": "side"}
    pairs = [
        (result, "headcount", survey_mean(data, "poor", **options)),
        (result, "adjusted", survey_mean(data, "depth", **options)),
        (result, "intensity", survey_ratio(data, "depth", "poor", **options)),
    ]
    for source, name, table in pairs:
        np.testing.assert_allclose(getattr(source, name), table["estimate"], rtol=1e-12)
        np.testing.assert_allclose(getattr(source.errors, name), table["se"], rtol=1e-9)
    np.testing.assert_allclose(
        result.errors.censored["i2"], survey_mean(data, "censored", **options)["se"], rtol=1e-9
    )
    ratio = survey_ratio(data, "part", "depth", **options)
    np.testing.assert_allclose(result.contribution["i2"], ratio["estimate"], rtol=1e-12)
    np.testing.assert_allclose(result.errors.contribution["i2"], ratio["se"], rtol=1e-9)
    mapping = {"weight": design["weight"], "stratum": design["stratum"], "cluster": design["cluster"]}
    same = alkire_foster(lacks, weights, 0.4, by=design["side"], design=mapping)
    pd.testing.assert_series_equal(same.errors.adjusted, result.errors.adjusted)
    rows = result.table()
    assert set(rows.columns) == {"side", "measure", "item", "estimate", "se", "n"}
    assert len(rows) == 2 * (3 + 3 * 6)


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 7)), elements=st.integers(0, 1)),
    st.floats(0.05, 1),
    st.integers(0, 2**16),
)
def test_identities(flags: np.ndarray, cutoff: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(flags, columns=[f"i{j}" for j in range(flags.shape[1])])
    weights, sample = rng.integers(1, 9, flags.shape[1]), rng.uniform(0.5, 3, len(flags))
    group = rng.integers(0, 3, len(flags))
    result = alkire_foster(table, weights, cutoff, sample_weight=sample)
    assert 0 <= result.adjusted <= result.headcount <= 1 + 1e-12
    if result.headcount > 0:
        assert result.adjusted == pytest.approx(result.headcount * result.intensity, rel=1e-12)
        assert result.contribution.sum() == pytest.approx(1, rel=1e-12)
    assert (result.censored <= result.uncensored + 1e-12).all()
    assert result.adjusted == pytest.approx(float(result.censored @ result.weights), abs=1e-12)
    parts = alkire_foster(table, weights, cutoff, sample_weight=sample, by=group)
    whole = (parts.adjusted * parts.population).sum() / parts.population.sum()
    assert whole == pytest.approx(result.adjusted, abs=1e-12)
    order = rng.permutation(len(flags))
    turned = alkire_foster(table.iloc[order], weights, cutoff, sample_weight=sample[order])
    assert turned.adjusted == pytest.approx(result.adjusted, abs=1e-12)
    curve = cutoff_curve(build_histogram(table, sample_weight=sample), scale_weights(weights, table.columns))
    for column in ("headcount", "adjusted"):
        assert (np.diff(curve[column]) <= 1e-12).all()


def test_many_items_do_not_fit_one_word() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame((rng.random((50, 90)) < 0.4).astype(int))
    result = alkire_foster(table, None, 0.4)
    assert result.headcount == pytest.approx((table.mean(axis=1) >= 0.4 - 1e-9).mean())
    assert result.uncensored.tolist() == pytest.approx(table.mean().tolist())


DIMENSIONS = {"home": ["i0", "i1"], "school": ["i2"], "health": ["i3", "i4", "i5"]}


def test_moda_overlaps_add_up() -> None:
    lacks, design = survey()
    built = build_design(design, weight="weight", stratum="stratum", cluster="cluster")
    histogram = build_histogram(lacks, by=design["side"], design=built)
    moda = count_dimensions(histogram, DIMENSIONS)
    np.testing.assert_allclose(moda.part("exactly").sum(axis=1), 1)
    headcount = moda.part("headcount").droplevel([1, 2], axis=1)
    np.testing.assert_allclose(headcount.sum(axis=1), moda.part("average").iloc[:, 0])
    overlap = moda.part("overlap").T.groupby(level="dimension").sum().T
    np.testing.assert_allclose(overlap[headcount.columns], headcount)
    exactly = moda.part("exactly").droplevel([0, 1], axis=1)
    least = moda.part("at least").droplevel([0, 1], axis=1)
    np.testing.assert_allclose(least[2], exactly[2] + exactly[3])
    np.testing.assert_allclose(moda.part("only pair").sum(axis=1), exactly[2])
    np.testing.assert_allclose(moda.part("triple").sum(axis=1), exactly[3])
    np.testing.assert_allclose(
        moda.part("adjusted").droplevel([0, 1], axis=1)[1],
        least[1] * moda.part("intensity").droplevel([0, 1], axis=1)[1],
    )
    # One of them the long way, error included.
    known = lacks.notna().all(axis=1)
    count = pd.DataFrame({d: lacks[i].max(axis=1) for d, i in DIMENSIONS.items()}).sum(axis=1)
    data = design.assign(two=np.where(known, count >= 2, np.nan))
    plain = survey_mean(data, "two", weight="weight", stratum="stratum", cluster="cluster", by="side")
    np.testing.assert_allclose(least[2], plain["estimate"], rtol=1e-12)
    np.testing.assert_allclose(moda.errors[("at least", "", "", 2)], plain["se"], rtol=1e-9)
    rows = moda.table()
    assert rows.columns.tolist() == ["side", "measure", "dimension", "other", "count", "estimate", "se", "n"]
    with pytest.raises(AnalysisError, match="not counted"):
        count_dimensions(histogram, {"home": ["roof"]})


def test_count_of_items_like_the_eu() -> None:
    table = pd.DataFrame(np.tri(4, 4, -1).astype(int))  # 0, 1, 2 and 3 items lacked
    counted = count_deprivation(build_histogram(table), threshold=2)
    row = counted.values.iloc[0]
    assert row["deprived"].iloc[0] == 0.5
    assert row["breadth"].iloc[0] == 1.5
    assert row["severity"].iloc[0] == 2.5
    np.testing.assert_allclose(counted.part("exactly").iloc[0], [0.25, 0.25, 0.25, 0.25, 0])
    with pytest.raises(AnalysisError, match="out of reach"):
        count_deprivation(build_histogram(table), threshold=5)


def test_association_by_hand_and_by_numbers() -> None:
    # Both lack 2 of 10, first alone 2, second alone 1, neither 5: phi = (2*5 - 2*1) / sqrt(4*6*3*7).
    table = pd.DataFrame({"a": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], "b": [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]})
    row = associate_deprivations(build_histogram(table)).values.iloc[0]
    assert row[("cramers_v", "a", "b")] == pytest.approx(8 / np.sqrt(504), rel=1e-12)
    assert row[("redundancy", "a", "b")] == pytest.approx(2 / 3, rel=1e-12)
    assert row[("both", "a", "b")] == pytest.approx(0.2)
    none = associate_deprivations(build_histogram(table.assign(b=0))).values.iloc[0]
    assert np.isnan(none[("cramers_v", "a", "b")])
    assert np.isnan(none[("redundancy", "a", "b")])


def test_association_errors_are_those_of_the_jackknife() -> None:
    lacks, design = survey(n=3_000)
    lacks = lacks[["i0", "i1", "i2"]].fillna(0.0)
    built = build_design(design, weight="weight", stratum="stratum", cluster="cluster")
    found = associate_deprivations(build_histogram(lacks, design=built))

    from childatlas.measures.replicates import build_replicates, replicate_variance

    def again(weight: np.ndarray) -> np.ndarray:
        used = weight > 0
        histogram = build_histogram(lacks[used], sample_weight=weight[used])
        return associate_deprivations(histogram).values.iloc[0].to_numpy()

    jackknife = np.sqrt(replicate_variance(build_replicates(built), again))
    np.testing.assert_allclose(found.errors.iloc[0], jackknife, rtol=0.06)


ENTRY = st.one_of(st.sampled_from([0, 1, None, 0.0, 1.0, True]), st.floats(), st.text(max_size=2))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(ENTRY, min_size=3, max_size=3), min_size=100, max_size=100))
def test_hostile_rows_are_refused_in_words_or_computed(rows: list[list[Any]]) -> None:
    refusal, result = "", None
    try:
        result = alkire_foster(pd.DataFrame(rows, dtype=object), None, 0.5)
    except AtlasError as error:
        refusal = str(error)
    assert "neither 0, 1 nor missing" in refusal if result is None else result.n + result.dropped == 100


@pytest.mark.parametrize("weights", [["x", 1, 1, 1], {"a": None, "b": 1, "c": 1, "d": 1}, "abcd"])
def test_item_weights_that_are_no_numbers_are_refused(weights: Any) -> None:
    with pytest.raises(AnalysisError, match="not a number"):
        alkire_foster(LACKS, weights, 0.5)


def test_a_design_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(AnalysisError, match="a mapping or a frame"):
        alkire_foster(LACKS, None, 0.5, design="stratum")  # type: ignore[arg-type]
