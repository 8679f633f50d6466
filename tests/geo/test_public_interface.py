"""The public functions at their edges: what is not a number, not there, not alone, or not as usual."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import atlasgeo as ag


def squares(rows, columns):
    boxes = [shapely.box(c, r, c + 1, r + 1) for r in range(rows) for c in range(columns)]
    codes = pd.Index([f"u{i:02d}" for i in range(rows * columns)], name="unit")
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(boxes, index=codes, crs="EPSG:3857"))


@pytest.fixture(scope="module")
def w():
    return ag.build_neighbours(squares(5, 5))


@pytest.fixture(scope="module")
def x(w):
    return pd.Series(np.random.default_rng(0).normal(size=25), w.unique_ids, name="share")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.astype(str),
        lambda x: x.astype(object).mask(x > 1, "1.5"),
        lambda x: x.astype(complex),
        lambda x: pd.Series(pd.date_range("2020", periods=25), x.index),
        lambda x: (x > 0).astype("category"),
    ],
    ids=["text", "some text", "complex", "dates", "categories"],
)
@pytest.mark.parametrize("statistic", [ag.local_moran, ag.getis_ord, ag.global_moran, ag.global_geary])
def test_what_is_no_number_is_refused(x, w, wrong, statistic):
    with pytest.raises(ag.AnalysisError, match="must be numbers"):
        statistic(wrong(x), w, permutations=99, seed=1)


@pytest.mark.parametrize("dtype", ["Float64", "float32", object])
def test_any_kind_of_number_is_taken(x, w, dtype):
    holes = x.mask(x > 1)
    plain = ag.local_moran(holes, w, permutations=99, seed=1, correction="none")
    other = ag.local_moran(holes.astype(dtype), w, permutations=99, seed=1, correction="none")
    np.testing.assert_allclose(other["statistic"], plain["statistic"], rtol=1e-5)
    assert (other["cluster"] == plain["cluster"]).all()


@pytest.mark.parametrize("statistic", [ag.global_moran, ag.global_geary, ag.global_getis_ord])
def test_a_map_without_data_says_so(x, w, statistic):
    result = statistic(x * np.nan, w, permutations=99, seed=1)
    assert result.n == 0
    assert "no data" in result.note
    assert np.isnan([result.statistic, result.z, result.p_norm, result.p_sim]).all()
