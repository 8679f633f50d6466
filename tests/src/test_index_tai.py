"""The Technology Achievement Index of the OECD/JRC Handbook (2008): our formulas against its printed tables.

Figures and sources: tests/reference/index/README.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from childatlas.errors import AnalysisError
from childatlas.measures.aggregate import aggregate
from childatlas.measures.diagnosis import diagnose, principal_components
from childatlas.measures.factors import factor_weights
from childatlas.measures.index import build_index
from childatlas.measures.judgement import ahp_weights
from childatlas.measures.normalise import normalise
from childatlas.measures.recipe_parts import Aggregation, Normalisation
from childatlas.measures.reliability import cronbach_alpha, item_reliability, sampling_adequacy
from childatlas.measures.weights import pca_weights

TAI = pd.read_csv(Path(__file__).parents[1] / "reference" / "index" / "tai.csv", index_col="country")
INDICATORS = list(TAI.columns)
LOW = {"schooling": 0.8, "university": 0.1, "electricity": np.log10(22)}
TOP = (994, 272.6, 232.4, 80.8, np.log10(901), np.log10(6969), 12.0, 27.4)
HIGH = dict(zip(INDICATORS, TOP, strict=True))
# Human Development Report 2001, two decimals; Singapore stands without royalties there.
SCORES = "74 73 70 70 67 63 61 59 59 58 58 57 55 55 54 54 51 48 47 47 46 46"
WITH_ALL = [c for c in TAI.index if c != "Singapore"]
PUBLISHED = {c: int(s) / 100 for c, s in zip(WITH_ALL, SCORES.split(), strict=True)}


def recipe(weights: dict[str, float] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "direction": "higher_is_better",
        "indicators": [
            {
                "id": i,
                "direction": "higher_is_better",
                "weight": (weights or {}).get(i, 1.0),
                "normalisation": {
                    "method": "goalposts",
                    "low": LOW.get(i, 0.0),
                    "high": HIGH[i],
                    "scale": [0, 1],
                },
            }
            for i in INDICATORS
        ],
        **more,
    }


def best_first(scores: pd.Series) -> pd.Series:
    return scores.rank(ascending=False, method="min").astype(int)


def test_goalposts_and_equal_weights_give_the_published_index() -> None:
    scores = build_index(TAI, recipe()).scores
    for country, value in PUBLISHED.items():
        assert scores[country] == pytest.approx(value, abs=0.0071), country
    assert scores["Finland"] == pytest.approx(0.744, abs=0.002)
    without = TAI.assign(royalties=TAI["royalties"].where(TAI.index != "Singapore", 0.0))
    assert build_index(without, recipe()).scores["Singapore"] == pytest.approx(0.585, abs=0.001)


def test_equal_weights_rank_as_table_23_does() -> None:
    ranks = best_first(build_index(TAI, recipe()).scores)
    order = TAI.index.tolist()
    assert order.index("Singapore") == 9
    in_the_handbook = [c for c in order if c != "Singapore"]
    in_the_handbook.insert(7, "Singapore")
    assert ranks.sort_values().index.tolist() == in_the_handbook


def test_budget_weights_rank_nearly_as_table_23_does() -> None:
    given = dict(zip(INDICATORS, (0.11, 0.11, 0.11, 0.18, 0.10, 0.06, 0.15, 0.18), strict=True))
    printed = (1, 2, 3, 5, 4, 8, 7, 10, 11, 6, 9, 13, 12, 14, 17, 15, 16, 18, 19, 21, 22, 20, 23)
    ranks = best_first(build_index(TAI, recipe(given)).scores)
    gap = ranks - pd.Series(printed, index=TAI.index)
    assert gap.abs().max() <= 1  # weights are printed with two decimals
    assert ranks["Korea"] == 4


def test_correlations_of_table_6() -> None:
    found = diagnose(build_index(TAI, recipe())).correlations
    printed = {
        ("internet", "electricity"): 0.84,
        ("electricity", "schooling"): 0.65,
        ("internet", "schooling"): 0.63,
        ("exports", "internet"): -0.45,
        ("patents", "exports"): 0.45,
        ("schooling", "university"): 0.08,
    }
    raw = TAI.corr()
    for (a, b), r in printed.items():
        assert raw.loc[a, b] == pytest.approx(r, abs=0.011)
    # goalposts cap telephones and electricity: what was capped no longer correlates as the raw figures do
    assert found.loc["internet", "schooling"] == pytest.approx(raw.loc["internet", "schooling"])
    assert found.loc["internet", "electricity"] != pytest.approx(0.84, abs=0.05)


def test_eigenvalues_of_tables_7_and_16_and_loadings_of_table_8() -> None:
    found = principal_components(TAI)
    np.testing.assert_allclose(found["share"] * 100, [41.9, 21.8, 12.3, 11.1, 6.0, 3.7, 2.2, 0.9], atol=0.12)
    np.testing.assert_allclose(found["eigenvalue"], [3.3, 1.7, 1.0, 0.9, 0.5, 0.3, 0.2, 0.1], atol=0.06)
    first = [0.11, 0.56, 0.92, -0.35, 0.76, 0.91, 0.74, 0.36]
    np.testing.assert_allclose(found.loc[1, INDICATORS].astype(float), first, atol=0.011)
    np.testing.assert_allclose(pca_weights(TAI), np.square(first) / np.square(first).sum(), atol=0.01)


def test_alpha_of_table_11() -> None:
    assert cronbach_alpha(TAI) == pytest.approx(0.70, abs=0.005)
    found = item_reliability(TAI)
    total = [0.261, 0.527, 0.566, -0.108, 0.701, 0.614, 0.451, 0.249]
    alpha = [0.704, 0.645, 0.636, 0.774, 0.603, 0.624, 0.662, 0.706]
    np.testing.assert_allclose(found["with_others"], total, atol=0.007)
    np.testing.assert_allclose(found["alpha_without"], alpha, atol=0.0025)
    assert 0 < sampling_adequacy(TAI) < 0.6  # eight indicators of 23 countries are a thin ground for factors


def test_rotated_factors_of_tables_9_17_and_18() -> None:
    found = factor_weights(TAI, factors=4)
    np.testing.assert_allclose(found.explained, [2.64, 1.76, 1.39, 1.19], atol=0.025)
    printed = {
        1: (0.07, 0.13, 0.79, -0.64, 0.37, 0.82, 0.88, 0.08),
        2: (0.06, 0.93, 0.42, 0.36, 0.68, 0.35, 0.09, 0.04),
        3: (0.97, 0.07, -0.21, 0.56, 0.17, -0.04, 0.23, 0.04),
        4: (0.06, -0.07, 0.21, -0.04, 0.38, 0.25, -0.09, 0.96),
    }
    for factor, loadings in printed.items():
        np.testing.assert_allclose(found.loadings[factor], loadings, atol=0.02)
    weights = (0.17, 0.15, 0.11, 0.07, 0.08, 0.12, 0.14, 0.16)
    np.testing.assert_allclose(found.weights, weights, atol=0.006)
    assert found.weights.sum() == pytest.approx(1)
    assert factor_weights(TAI).loadings.shape[1] == 2  # eigenvalues 3.3 and 1.7 explain over three fifths


def test_normalised_schooling_of_table_15() -> None:
    x = TAI["schooling"].to_numpy(float)

    def to_one(method: str) -> np.ndarray:
        return normalise(x, Normalisation(method=method, scale=(0, 1)))  # type: ignore[arg-type]

    ranks = normalise(x, Normalisation(method="rank"))
    by_country = dict(zip(TAI.index, ranks, strict=True))
    assert [by_country[c] for c in ("Finland", "United States", "Netherlands", "Slovenia")] == [15, 23, 9, 1]
    z = dict(zip(TAI.index, normalise(x, Normalisation(method="z-score")), strict=True))
    expected = {"Finland": 0.26, "United States": 1.52, "Sweden": 1.14, "Singapore": -1.58, "Israel": 0.0}
    for country, value in expected.items():
        assert z[country] == pytest.approx(value, abs=0.006)
    min_max = dict(zip(TAI.index, to_one("min-max"), strict=True))
    assert [round(min_max[c], 2) for c in ("Finland", "Sweden", "Japan", "Korea")] == [0.59, 0.88, 0.49, 0.76]
    best = dict(zip(TAI.index, to_one("ratio-to-best"), strict=True))
    assert [round(best[c], 2) for c in ("Finland", "Sweden", "Norway", "Spain")] == [0.83, 0.95, 0.99, 0.61]


def test_outranking_of_tables_36_and_37() -> None:
    five = TAI.loc[["Finland", "United States", "Sweden", "Japan", "Korea"]].copy()
    five["telephones"] = [3.080, 2.997, 3.096, 3.003, 2.972]  # table 35 has three decimals
    five["electricity"] = [4.150, 4.073, 4.145, 3.865, 3.653]
    parts = five.to_numpy(float).T
    scores = aggregate(parts, np.ones(8), Aggregation(method="copeland"))
    # table 36: Sweden beats Finland 5:3, United States draw with both, Japan beats Korea 6:2
    np.testing.assert_array_equal(scores, [1, 2, 3, -2, -4])


def test_comparisons_of_table_20() -> None:
    rows = [
        "1 2 3 2 5 5 1 3",
        "1/2 1 2 1/2 4 4 1/2 3",
        "1/3 1/2 1 1/4 2 2 1/5 1/2",
        "1/2 2 4 1 4 4 1/2 3",
        "1/5 1/4 1/2 1/4 1 1 1/5 1/2",
        "1/5 1/4 1/2 1/4 1 1 1/5 1/2",
        "1 2 5 2 5 5 1 4",
        "1/3 1/3 2 1/3 2 2 1/4 1",
    ]
    cells = [[float(eval_share(c)) for c in row.split()] for row in rows]
    found = ahp_weights(pd.DataFrame(cells, INDICATORS, INDICATORS))
    assert found.consistent
    assert found.consistency_ratio < 0.05
    assert found.weights.nlargest(2).index.tolist() == ["schooling", "patents"]
    assert found.weights["telephones"] == pytest.approx(found.weights["electricity"])


def eval_share(cell: str) -> float:
    top, _, bottom = cell.partition("/")
    return float(top) / float(bottom or 1)


def test_factor_weights_at_the_edges() -> None:
    rng = np.random.default_rng(0)
    same = pd.DataFrame({"a": rng.normal(size=9), "still": 1.0})
    assert factor_weights(same).weights.to_dict() == {"a": 1.0, "still": 0.0}
    assert factor_weights(same[["still"]]).weights.to_dict() == {"still": 1.0}
    with pytest.raises(AnalysisError, match="three units"):
        factor_weights(same.iloc[:2])
    with pytest.raises(AnalysisError, match="number of factors"):
        factor_weights(TAI, factors=9)
    learned = build_index(TAI, recipe(levels=[{"id": "index", "weights": "factors"}]))
    capped = learned.normalised
    np.testing.assert_allclose(learned.weights, factor_weights(capped).weights)
