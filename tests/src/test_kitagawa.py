"""Kitagawa's decomposition by hand, its identities, and its errors beside the jackknife."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childatlas.errors import AnalysisError, DataError
from childatlas.measures.design import build_design
from childatlas.measures.kitagawa import kitagawa, survey_kitagawa
from childatlas.measures.replicates import build_replicates

VILLAGE = pd.DataFrame({"rate": [0.2, 0.4], "population": [30, 70]}, index=["young", "old"])
TOWN = pd.DataFrame({"rate": [0.1, 0.3], "population": [60, 40]}, index=["young", "old"])
PARTS = ["rate effect", "composition effect"]


def survey(seed: int = 2, rows: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "w": rng.uniform(1, 3, rows),
            "cluster": np.arange(rows) // 8,
            "side": np.where(np.arange(rows) // 8 % 2, "rural", "urban"),
            "kind": rng.choice(["a", "b", "c"], rows),
        }
    )
    lift = data["kind"].map({"a": 0.2, "b": 0.4, "c": 0.6}) + 0.1 * (data["side"] == "rural")
    return data.assign(y=(rng.uniform(size=rows) < lift).astype(float))


def test_two_categories_by_hand() -> None:
    # Crude rates .34 and .18; rates differ by .1 everywhere; composition (.15)(-.3) + (.35)(.3) = .06.
    result = kitagawa(VILLAGE, TOWN)
    wanted = {"first": 0.34, "second": 0.18, "gap": 0.16, "rate effect": 0.1, "composition effect": 0.06}
    assert result.summary["value"].to_dict() == pytest.approx(wanted, abs=1e-15)
    assert result.summary.loc["composition effect", "share"] == pytest.approx(0.375)
    assert result.categories[PARTS].sum().tolist() == pytest.approx([0.1, 0.06])
    # The young are fewer in the village and do better than the crude .26: both lift the village's rate.
    assert result.categories.loc["young", "composition effect"] == pytest.approx(-0.3 * (0.15 - 0.26))


def test_a_category_of_one_side_is_composition() -> None:
    more = pd.DataFrame({"rate": [0.2, 0.4, 0.9], "population": [30, 60, 10]}, index=["young", "old", "x"])
    result = kitagawa(more, TOWN)
    assert result.categories["support"].tolist() == ["both", "both", "first only"]
    assert result.categories.loc["x", "rate effect"] == 0
    summary = result.summary["value"]
    assert summary[PARTS].sum() == pytest.approx(summary["gap"], abs=1e-14)


def test_equal_rates_or_equal_composition_leave_one_part() -> None:
    like = TOWN.assign(rate=VILLAGE["rate"])
    assert kitagawa(VILLAGE, like).summary.loc["rate effect", "value"] == 0
    alike = TOWN.assign(population=VILLAGE["population"])
    assert kitagawa(VILLAGE, alike).summary.loc["composition effect", "value"] == 0
    assert kitagawa(TOWN, TOWN).summary["share"].isna().all()


tables = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1e6)), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(tables, tables)
def test_parts_add_up_and_swap_sign(one: list[tuple[float, float]], two: list[tuple[float, float]]) -> None:
    first, second = (pd.DataFrame(t, columns=["rate", "population"]) for t in (one, two))
    summary, back = kitagawa(first, second).summary["value"], kitagawa(second, first).summary["value"]
    assert summary[PARTS].sum() == pytest.approx(summary["gap"], abs=1e-12)
    np.testing.assert_allclose(summary[["gap", *PARTS]], -back[["gap", *PARTS]], atol=1e-12)
    detail = kitagawa(first, second).categories[PARTS].sum()
    np.testing.assert_allclose(detail, summary[PARTS], atol=1e-12)


def test_from_a_survey_it_is_the_decomposition_of_its_weighted_tables() -> None:
    data = survey()
    result = survey_kitagawa(
        data, "y", "kind", between="side", groups=("rural", "urban"), weight="w", cluster="cluster"
    )
    tables = []
    for side in ("rural", "urban"):
        rows = data[data["side"] == side]
        people = rows.groupby("kind")["w"].sum()
        rate = (rows["y"] * rows["w"]).groupby(rows["kind"]).sum() / people
        tables.append(pd.DataFrame({"rate": rate, "population": people}))
    np.testing.assert_allclose(result.summary["value"], kitagawa(*tables).summary["value"], atol=1e-14)


def test_linearised_errors_are_near_the_jackknife() -> None:
    data = survey(rows=960)
    options = {"between": "side", "groups": ("rural", "urban")}
    found = survey_kitagawa(data, "y", "kind", weight="w", cluster="cluster", **options).summary
    design = build_design(data, weight="w", cluster="cluster")
    replicates = build_replicates(design, method="jackknife")
    rows = []
    for weights in replicates.weights.T:
        kept = data.assign(w=weights)[weights > 0]
        rows.append(survey_kitagawa(kept, "y", "kind", weight="w", **options).summary["value"])
    table = np.array(rows)
    variance = (replicates.each[:, None] * (table - table.mean(axis=0)) ** 2).sum(axis=0) * replicates.scale
    np.testing.assert_allclose(found["se"], np.sqrt(variance), rtol=0.03)


def test_what_cannot_be_compared_is_refused() -> None:
    data = survey()
    options = {"between": "side", "weight": "w"}
    with pytest.raises(AnalysisError, match="rurall"):
        survey_kitagawa(data, "y", "kind", groups=("rurall", "urban"), **options)
    with pytest.raises(AnalysisError, match="itself"):
        survey_kitagawa(data, "y", "kind", groups=("rural", "rural"), **options)
    lost = data.assign(y=data["y"].where(data["side"] == "urban"))
    with pytest.raises(AnalysisError, match="everything is known"):
        survey_kitagawa(lost, "y", "kind", groups=("rural", "urban"), **options)
    with pytest.raises(DataError, match="without a rate"):
        kitagawa(VILLAGE.assign(rate=[np.nan, 0.1]), TOWN)
    with pytest.raises(DataError, match="twice"):
        kitagawa(VILLAGE.set_axis(["young", "young"]), TOWN)
    with pytest.raises(DataError, match="negative"):
        kitagawa(VILLAGE.assign(population=[-1, 3]), TOWN)
    with pytest.raises(AnalysisError, match="lacks a column"):
        kitagawa(VILLAGE.drop(columns="rate"), TOWN)


def test_missing_rows_are_counted() -> None:
    data = survey()
    data.loc[:9, "kind"] = None
    found = survey_kitagawa(data, "y", "kind", between="side", groups=("rural", "urban"), weight="w")
    assert found.summary.attrs["missing"] == 10
