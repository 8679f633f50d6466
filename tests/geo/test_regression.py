"""Regression: published Columbus figures, likelihoods by hand, planted parameters recovered, refusals."""

from __future__ import annotations

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import lat2W

from atlasgeo.errors import AnalysisError
from atlasgeo.regression import Regressions, compare_regressions


@pytest.fixture(scope="module")
def columbus() -> tuple[pd.Series, pd.DataFrame, Graph]:
    table = gpd.read_file(libpysal.examples.get_path("columbus.shp")).set_index("POLYID")
    return table["CRIME"], table[["INC", "HOVAL"]], Graph.build_contiguity(table, rook=False)


@pytest.fixture(scope="module")
def fitted(columbus: tuple[pd.Series, pd.DataFrame, Graph]) -> Regressions:
    return compare_regressions(*columbus, permutations=199, seed=1)


def test_columbus_equals_published_figures(fitted: Regressions) -> None:
    # OLS of Anselin (1988, table 12.3): 68.619, -1.597, -0.274, log likelihood -187.377; lag and error models
    # on these queen weights as spreg's documentation prints them.
    table = fitted.comparison
    assert table.loc["ols", "log_likelihood"] == pytest.approx(-187.377, abs=1e-3)
    assert table.loc["ols", "aic"] == pytest.approx(2 * 4 + 2 * 187.3772, abs=1e-3)
    np.testing.assert_allclose(
        fitted.coefficients.loc["ols", "estimate"], [68.6189611, -1.59731083, -0.27393148], rtol=1e-7
    )
    assert table.loc["sar", "rho"] == pytest.approx(0.42332, abs=1e-4)
    assert table.loc["sar", "log_likelihood"] == pytest.approx(-182.67397, abs=1e-4)
    assert table.loc["sem", "lambda"] == pytest.approx(0.54675, abs=1e-4)
    assert table.loc["sem", "log_likelihood"] == pytest.approx(-183.74943, abs=1e-4)
    tests = fitted.diagnostics
    assert tests.loc["LM lag", "statistic"] == pytest.approx(8.898, abs=1e-3)
    assert tests.loc["LM error", "statistic"] == pytest.approx(5.206, abs=1e-3)
    assert tests.loc["robust LM lag", "p"] == pytest.approx(0.0533, abs=1e-4)
    assert tests.loc["Moran's I", "statistic"] == pytest.approx(0.2221, abs=1e-4)
    assert table.loc["ols", "residual_moran"] == pytest.approx(tests.loc["Moran's I", "statistic"], abs=1e-9)
    assert "point to sar" in fitted.advice


def test_likelihoods_and_counts_agree_between_models(
    columbus: tuple[pd.Series, pd.DataFrame, Graph], fitted: Regressions
) -> None:
    """Our Gaussian likelihood, at the maximum likelihood estimates of spreg, is spreg's."""
    from atlasgeo.design import design_of
    from atlasgeo.spatial_fits import gaussian_likelihood

    y, x, w = columbus
    design = design_of(y, x, w)
    for model, names in (("sar", ("rho", 0.0)), ("sem", (0.0, "lambda"))):
        row = fitted.comparison.loc[model]
        rho, lam = (row[name] if isinstance(name, str) else name for name in names)
        ours = gaussian_likelihood(design, row["sigma2"], rho, lam)
        assert ours == pytest.approx(row["log_likelihood"], abs=1e-5)
        residual = fitted.residuals[model].to_numpy()
        assert (residual**2).mean() == pytest.approx(row["sigma2"], rel=1e-5)
    table = fitted.comparison
    assert table["parameters"].tolist() == [4, 6, 5, 5, 6]
    np.testing.assert_allclose(
        table["aic"].astype(float),
        2 * table["parameters"].astype(float) - 2 * table["log_likelihood"].astype(float),
    )
    assert table["lowest_aic"].sum() == 1
    assert table["lowest_aic"].idxmax() == "sar"


def test_planted_parameters_are_recovered() -> None:
    graph = Graph.from_W(lat2W(14, 14)).transform("R")
    rng = np.random.default_rng(4)
    n = 196
    w = graph.sparse.toarray()
    x, noise = rng.normal(size=n), rng.normal(size=n)
    filtered = np.linalg.inv(np.eye(n) - 0.7 * w)
    terms = pd.DataFrame({"x": x}, index=graph.unique_ids)

    def fit(outcome: np.ndarray) -> Regressions:
        y = pd.Series(outcome, graph.unique_ids)
        return compare_regressions(y, terms, graph, models=["ols", "sar", "sem"], permutations=99, seed=1)

    sar, sem = fit(filtered @ (1 + 2 * x + noise)), fit(1 + 2 * x + filtered @ noise)
    assert sar.comparison.loc["sar", "rho"] == pytest.approx(0.7, abs=0.12)
    assert sar.comparison["lowest_aic"].idxmax() == "sar"
    assert sar.comparison.loc["ols", "residual_p"] == 0.02
    assert sar.comparison.loc["sar", "residual_p"] > 0.02
    assert "sar" in sar.advice
    assert sem.comparison.loc["sem", "lambda"] == pytest.approx(0.7, abs=0.15)
    assert "sem" in sem.advice
    assert sem.coefficients.loc[("sem", "x"), "low"] < 2 < sem.coefficients.loc[("sem", "x"), "high"]


def test_order_missing_units_and_islands(
    columbus: tuple[pd.Series, pd.DataFrame, Graph], fitted: Regressions
) -> None:
    y, x, w = columbus
    again = compare_regressions(y.iloc[::-1], x, w, permutations=199, seed=1)
    pd.testing.assert_frame_equal(again.comparison, fitted.comparison, rtol=1e-9)
    holes = y.copy()
    holes.iloc[4] = np.nan
    less = compare_regressions(holes, x, w, models=["ols", "sar"], permutations=99, seed=1)
    assert less.comparison["n"].tolist() == [48, 48]
    assert np.isnan(less.residuals.loc[holes.index[4], "ols"])
    assert any("1 of 49 units" in words for words in less.cautions)


def test_few_units_are_cautioned(one_to_nine: pd.Series, rook: Graph) -> None:
    rng = np.random.default_rng(1)
    x = pd.DataFrame({"a": rng.normal(size=9)}, index=one_to_nine.index)
    result = compare_regressions(one_to_nine, x, rook, models=["ols", "slx"], permutations=99, seed=1)
    text = " ".join(result.cautions)
    assert "There are 9 units" in text
    assert "not effects on people" in text
    assert list(result.comparison.index) == ["ols", "slx"]


def test_refusals(
    columbus: tuple[pd.Series, pd.DataFrame, Graph], one_to_nine: pd.Series, rook: Graph
) -> None:
    y, x, w = columbus
    with pytest.raises(AnalysisError, match="unknown model"):
        compare_regressions(y, x, w, models=["probit"], seed=1)  # type: ignore[list-item]
    with pytest.raises(AnalysisError, match="collinear"):
        compare_regressions(y, x.assign(sum=x["INC"] + x["HOVAL"]), w, seed=1)
    with pytest.raises(AnalysisError, match="constant"):
        compare_regressions(y, x.assign(one=1.0), w, seed=1)
    with pytest.raises(AnalysisError, match="at least one column"):
        compare_regressions(y, x[[]], w, seed=1)
    wide = pd.DataFrame(np.eye(9)[:, :4], index=one_to_nine.index)
    with pytest.raises(AnalysisError, match="too few units"):
        compare_regressions(one_to_nine, wide, rook, seed=1)
    with pytest.raises(AnalysisError):
        compare_regressions(y.iloc[1:], x, w, seed=1)
