"""Geographically weighted regression: mgwr's figures on Columbus, a coefficient that varies, refusals."""

from __future__ import annotations

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest

from atlasgeo.errors import AnalysisError, BoundaryError
from atlasgeo.local_regression import local_regression


@pytest.fixture(scope="module")
def columbus() -> gpd.GeoDataFrame:
    table = gpd.read_file(libpysal.examples.get_path("columbus.shp")).set_index("POLYID")
    return table.set_crs("EPSG:32617", allow_override=True)


@pytest.mark.prove
def test_columbus_equals_mgwr_and_varies(columbus: gpd.GeoDataFrame) -> None:
    y, x = columbus["CRIME"], columbus[["INC", "HOVAL"]]
    fit = local_regression(y.iloc[::-1], x, columbus)
    assert fit.bandwidths["INC"] == 47
    assert fit.summary["aicc"] == pytest.approx(382.6964639948, abs=1e-6)
    np.testing.assert_allclose(fit.coefficients.iloc[-1], [68.8789073, -1.18622494, -0.39465419], rtol=1e-6)
    assert fit.coefficients.index.equals(y.index[::-1])
    assert any("49 units" in words for words in fit.cautions)
    many = local_regression(y, x, columbus, bandwidths="many")
    assert many.bandwidths.tolist() == [44, 45, 44]
    assert many.summary["aicc"] == pytest.approx(106.3509982403, abs=1e-6)


@pytest.mark.prove
def test_a_coefficient_that_varies_is_found() -> None:
    rng = np.random.default_rng(2)
    places = pd.DataFrame({"x": np.repeat(np.arange(12.0), 12), "y": np.tile(np.arange(12.0), 12)})
    x = pd.DataFrame({"steady": rng.normal(size=144), "growing": rng.normal(size=144)})
    y = 1 + x["steady"] + (places["x"] / 4) * x["growing"] + rng.normal(0, 0.3, 144)
    fit = local_regression(y, x, places)
    assert np.corrcoef(fit.coefficients["growing"], places["x"])[0, 1] > 0.95
    assert fit.significant["growing"].mean() > 0.6


def test_refusals(columbus: gpd.GeoDataFrame) -> None:
    y, x = columbus["CRIME"], columbus[["INC", "HOVAL"]]
    with pytest.raises(AnalysisError, match="unknown bandwidths"):
        local_regression(y, x, columbus, bandwidths="three")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="too few units"):
        local_regression(y.iloc[:12], x, columbus)
    with pytest.raises(AnalysisError, match="units of y and points"):
        local_regression(y, x, columbus.iloc[3:])
    with pytest.raises(AnalysisError, match="constant"):
        local_regression(y, x.assign(one=1.0), columbus)
    with pytest.raises(AnalysisError, match="infinite"):
        local_regression(y.replace(y.iloc[0], np.inf), x, columbus)
    with pytest.raises(BoundaryError, match="projected"):
        local_regression(y, x, columbus.to_crs(4326))
