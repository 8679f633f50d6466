"""Counting out of core is counting in memory: estimates, gaps and errors, under every kind of design."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.association import associate_deprivations
from childatlas.measures.curve import cutoff_curve, decompose_groups
from childatlas.measures.deprivation import measure_deprivation
from childatlas.measures.deprivation_result import AlkireFoster
from childatlas.measures.design import build_design
from childatlas.measures.histogram import Histogram, build_histogram, merge_groups
from childatlas.measures.item_weights import scale_weights
from childatlas.measures.moda import count_deprivation, count_dimensions
from childatlas.measures.ratios import degrees_of_freedom
from childatlas.measures.relations import count_relation
from childatlas.measures.replicates import build_replicates, replicate_variance

ITEMS = ["i0", "i1", "i2", "i3"]
WEIGHTS = scale_weights([4, 3, 2, 1], pd.Index(ITEMS))
DIMENSIONS = {"home": ["i0", "i1"], "school": ["i2"], "health": ["i3"]}
DESIGNS: dict[str, dict[str, Any]] = {
    "none": {},
    "clusters": {"stratum": "h", "cluster": "c"},
    "finite": {"stratum": "h", "cluster": "c", "fpc": "N"},
    "two stages": {"stratum": ["h"], "cluster": ["c", "block"], "fpc": ["N", "M"]},
    "elements below": {"stratum": "h", "cluster": ["c"], "fpc": ["N", "K"]},
    "no clusters": {"stratum": "h"},
    "simple": {"fpc": "everybody"},
    "numbered anew": {"stratum": "h", "cluster": "again", "nest": True},
}
MEASURES = ("headcount", "intensity", "adjusted", "censored", "uncensored", "contribution", "m1", "m2")


def survey(n: int = 600, seed: int = 5) -> pd.DataFrame:
    """Return children in blocks in clusters in strata, with a few missing answers, groups and gaps."""
    rng = np.random.default_rng(seed)
    c = np.sort(rng.integers(0, 24, n))
    block = c * 3 + rng.integers(0, 3, n)
    common = rng.normal(size=n) + rng.normal(size=24)[c]
    lacks = (common[:, None] + rng.normal(size=(n, 4)) > 0.6).astype(float)
    data = pd.DataFrame(lacks, columns=ITEMS).mask(rng.random((n, 4)) < 0.01)
    for item in ITEMS:
        data[f"gap_{item}"] = np.where(data[item] == 1, rng.random(n) ** 2, np.nan)
    return data.assign(
        c=c, h=c // 6, again=c % 6, block=block, N=60, M=9, K=90, everybody=5_000,
        w=rng.uniform(0.3, 4_000.0, n) / 7, side=rng.choice([1, 2], n),
        place=rng.choice(["a", "b", "c", None], n, p=[0.5, 0.3, 0.1, 0.1]),
    )  # fmt: skip


def both(design: dict[str, Any], data: pd.DataFrame, gaps: bool = True) -> tuple[Histogram, Histogram]:
    """Return the histogram counted in SQL and the one counted in memory."""
    named = {i: f"gap_{i}" for i in ITEMS} if gaps else None
    counted = count_relation(data, ITEMS, weight="w", by=["place", "side"], gaps=named, **design)
    depth = data[[f"gap_{i}" for i in ITEMS]].set_axis(ITEMS, axis=1)
    plain = build_histogram(
        data[ITEMS],
        sample_weight=data["w"],
        by=[data["place"], data["side"]],
        gaps=depth if gaps else None,
        design=build_design(data, weight="w", **design) if design else None,
    )
    return counted.histogram, plain


def same(one: Any, two: Any) -> None:
    np.testing.assert_allclose(np.asarray(one, float), np.asarray(two, float), rtol=1e-12, atol=1e-13)


def same_errors(one: Any, two: Any) -> None:
    np.testing.assert_allclose(np.asarray(one, float), np.asarray(two, float), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_number_and_error_is_that_of_memory(name: str) -> None:
    out, memory = both(DESIGNS[name], survey())
    assert out.groups.tolist() == memory.groups.tolist()
    one, two = (measure_deprivation(h, WEIGHTS, 0.4) for h in (out, memory))
    for measure in MEASURES:
        same(getattr(one, measure), getattr(two, measure))
    for measure in ("n", "dropped", "population"):
        same(getattr(one, measure), getattr(two, measure))
    same(degrees_of_freedom(out), degrees_of_freedom(memory))
    if name == "none":
        assert one.errors is None
        assert decompose_groups(one, errors=True).isna().all().all()
        return
    assert isinstance(one.errors, AlkireFoster)
    for measure in MEASURES:
        same_errors(getattr(one.errors, measure), getattr(two.errors, measure))
        assert (np.asarray(getattr(one.errors, measure)) > 0).any()
    same(decompose_groups(one), decompose_groups(two))
    same_errors(decompose_groups(one, errors=True), decompose_groups(two, errors=True))
    same_errors(cutoff_curve(out, WEIGHTS), cutoff_curve(memory, WEIGHTS))
    for table in (
        lambda h: count_dimensions(h, DIMENSIONS),
        lambda h: count_deprivation(h, threshold=2),
        lambda h: associate_deprivations(h, DIMENSIONS),
    ):
        ours, theirs = table(out), table(memory)
        same(ours.values, theirs.values)
        same_errors(ours.errors, theirs.errors)
        assert ours.errors.notna().sum().sum() > 0.8 * ours.values.notna().sum().sum()


def test_errors_of_parts_are_those_of_the_jackknife() -> None:
    data = survey(4_000).fillna(dict.fromkeys(ITEMS, 0.0))
    design = build_design(data, weight="w", stratum="h", cluster="c")
    gaps = data[[f"gap_{i}" for i in ITEMS]].set_axis(ITEMS, axis=1).fillna(0.0)
    by = data["place"].fillna("d")

    def numbers(weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        used = np.ones(len(data), dtype=bool) if weight is None else weight > 0
        histogram = build_histogram(
            data.loc[used, ITEMS],
            by=by[used],
            gaps=gaps[used],
            sample_weight=None if weight is None else weight[used],
            design=design if weight is None else None,
        )
        result = measure_deprivation(histogram, WEIGHTS, 0.4)
        parts = decompose_groups(result)[["population_share", "contribution", "relative"]]
        whole = merge_groups(histogram, [])
        count, moda = count_deprivation(whole, threshold=2), count_dimensions(whole, DIMENSIONS)
        curve = cutoff_curve(whole, WEIGHTS, [0.2, 0.5, 0.9])[["headcount", "intensity", "adjusted"]]
        values = [parts, result.m1, result.m2, count.values, moda.values, curve]
        if weight is not None:
            return np.concatenate([np.ravel(v) for v in values]), np.empty(0)
        own = result.errors
        shares = decompose_groups(result, errors=True)[parts.columns]
        errors = [shares, own.m1, own.m2, count.errors, moda.errors]
        errors.append(cutoff_curve(whole, WEIGHTS, [0.2, 0.5, 0.9])[[f"{c}_se" for c in curve]])
        return np.concatenate([np.ravel(v) for v in values]), np.concatenate([np.ravel(e) for e in errors])

    _, linear = numbers()
    jackknife = np.sqrt(replicate_variance(build_replicates(design), lambda w: numbers(w)[0]))
    np.testing.assert_allclose(linear, jackknife, rtol=0.05, atol=2e-5)


def test_shares_of_groups_add_up() -> None:
    data = survey()
    table = decompose_groups(measure_deprivation(both(DESIGNS["clusters"], data)[0], WEIGHTS, 0.4))
    assert table["population_share"].sum() == pytest.approx(1, rel=1e-12)
    assert table["contribution"].sum() == pytest.approx(1, rel=1e-12)
    alone = build_histogram(
        data[ITEMS].fillna(0.0),
        by=np.repeat("x", len(data)),
        design=build_design(data, weight="w", stratum="h", cluster="c"),
    )
    errors = decompose_groups(measure_deprivation(alone, WEIGHTS, 0.4), errors=True)
    same_errors(errors[["population_share", "contribution", "relative"]], np.zeros((1, 3)))


def test_the_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    data = pd.concat([survey(4_000, seed) for seed in range(30)], ignore_index=True)
    rng = np.random.default_rng(0)
    data = data.assign(w=np.exp(rng.normal(0, 3, len(data)))).sample(frac=1, random_state=1)
    duckdb.from_df(data).write_parquet(str(tmp_path / "s.parquet"), row_group_size=5_000)
    found = []
    for threads in (1, 2, 4):
        with duckdb.connect(config={"threads": threads}) as connection:
            connection.execute("SET preserve_insertion_order = false")
            relation = connection.read_parquet(str(tmp_path / "s.parquet"))
            counted = count_relation(
                relation, ITEMS, weight="w", by=["place"], gaps={i: f"gap_{i}" for i in ITEMS}
            )
        result = measure_deprivation(counted.histogram, WEIGHTS, 0.4)
        found.append([np.asarray(getattr(result, m)).tobytes() for m in (*MEASURES, "population")])
    assert found[0] == found[1] == found[2]


def test_gaps_are_needed_for_every_item_and_where_deprived() -> None:
    data = survey()
    with pytest.raises(AnalysisError, match="items without a gap"):
        count_relation(data, ITEMS, gaps={"i0": "gap_i0"})
    with pytest.raises(AnalysisError, match="no column 'gap'"):
        count_relation(data, ["i0"], gaps={"i0": "gap"})
    for bad in (np.nan, -0.1, np.inf):
        wrong = data.copy()
        wrong.loc[wrong.index[wrong["i1"] == 1][3], "gap_i1"] = bad
        with pytest.raises(DataError, match="1 deprived children have no usable gap") as error:
            count_relation(wrong, ITEMS, gaps={i: f"gap_{i}" for i in ITEMS})
        assert "column gap_i1" in str(error.value)


def test_whole_numbers_name_groups_though_some_are_missing() -> None:
    data = survey().assign(code=lambda d: d["side"].astype("Int64").mask(d["h"] == 0) + 110_000_000)
    labels = count_relation(data, ITEMS, by=["code"]).histogram.groups
    assert [str(label) for label in labels] == ["110000001", "110000002"]


@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e12])
def test_weights_of_any_size(spread: float) -> None:
    data = survey().assign(w=lambda d: np.where(d["place"] == "a", 1.0, spread) * (1 + d["w"] / 9_999))
    out, memory = both({}, data)
    one, two = (measure_deprivation(h, WEIGHTS, 0.4) for h in (out, memory))
    for measure in ("headcount", "adjusted", "m1", "m2"):
        tolerance = 1e-12 if spread <= 1e3 else 1e-6
        np.testing.assert_allclose(getattr(one, measure), getattr(two, measure), rtol=tolerance)


def test_groups_merge_with_their_errors() -> None:
    out, memory = both(DESIGNS["two stages"], survey())
    for keep in ([], [0], [1], [0, 1]):
        one, two = (measure_deprivation(merge_groups(h, keep), WEIGHTS, 0.4) for h in (out, memory))
        same(one.adjusted, two.adjusted)
        same_errors(one.errors.adjusted, two.errors.adjusted)


def test_profiles_share_a_word_with_the_items() -> None:
    rng = np.random.default_rng(8)
    items = [f"i{j}" for j in range(60)]
    data = pd.DataFrame((rng.random((900, 60)) < 0.3).astype(float), columns=items)
    data = data.mask(rng.random(data.shape) < 0.003)
    data["__profile"] = rng.choice([0, 1, 2, 60, None, -1, 61], len(data))
    applies = pd.DataFrame(rng.random((61, 60)) < 0.5, index=[f"p{k}" for k in range(61)], columns=items)
    weights = applies.div(applies.sum(axis=1), axis=0)
    counted = count_relation(data, items, applies=applies)
    assert counted.outside == int((~data["__profile"].isin([0, 1, 2, 60])).sum())
    found = measure_deprivation(counted.histogram, weights, 0.3)
    inside = data[data["__profile"].isin([0, 1, 2, 60])]
    place = inside["__profile"].astype(int)
    asked, lacks = applies.to_numpy()[place], inside[items].to_numpy()
    complete = (~np.isnan(lacks) | ~asked).all(axis=1)
    score = (np.nan_to_num(lacks) * weights.to_numpy()[place]).sum(axis=1)
    assert found.n == complete.sum()
    assert found.adjusted == pytest.approx((score * (score >= 0.3 - 1e-9))[complete].mean(), rel=1e-12)
    with pytest.raises(AnalysisError, match="too many profiles"):
        count_relation(data, items, applies=pd.concat([applies, applies]))


@pytest.mark.parametrize(
    ("cast", "labels"),
    [
        ("side::DECIMAL(9, 2)", [1.0, 2.0]),
        ("side::HUGEINT", [1.0, 2.0]),
        ("side::DOUBLE", [1.0, 2.0]),
        ("side::UTINYINT", [1, 2]),
        ("side = 1", [False, True]),
        ("make_date(2020, side::INT, 1)", [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-01")]),
        ("CASE side WHEN 1 THEN 'ә' ELSE 'я' END", ["ә", "я"]),
        ("CASE side WHEN 1 THEN 'b' ELSE 'a' END::ENUM('b', 'a')", ["b", "a"]),
    ],
)
def test_groups_of_every_kind(cast: str, labels: list[Any]) -> None:
    relation = duckdb.from_df(survey()).project(f"*, {cast} AS part")
    groups = count_relation(relation, ITEMS, by=["part"]).histogram.groups
    assert sorted(groups.tolist(), key=str) == sorted(labels, key=str)
    gaps = {item: f"gap_{item}" for item in ITEMS}
    assert count_relation(relation, ITEMS, by=["part"], gaps=gaps).histogram.groups.equals(groups)
