"""How autocorrelation changes with distance: bands with their peak, and a nonparametric correlogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .autocorrelation import global_geary, global_getis_ord, global_moran
from .errors import AnalysisError
from .global_result import centred
from .local_test import Alternative
from .neighbours import build_neighbours
from .seeds import Seed, random_numbers
from .values import code_order, numbers_of, quiet_series

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Correlogram", "incremental_autocorrelation", "nonparametric_correlogram"]

Floats = NDArray[np.float64]
STATISTICS = {"moran": global_moran, "geary": global_geary, "getis_ord": global_getis_ord}


@dataclass(frozen=True, eq=False)
class Correlogram:
    """Autocorrelation by distance.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a distance.
    first_peak, highest_peak : float
        Distance of the first local maximum of z, and of the highest one; missing where z only rises or falls.
    """

    table: pd.DataFrame
    first_peak: float
    highest_peak: float


def incremental_autocorrelation(
    values: pd.Series[Any],
    units: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    distances: Sequence[float] | None = None,
    steps: int = 10,
    statistic: str = "moran",
    permutations: int = 0,
    seed: Seed,
    alternative: Alternative = "two-sided",
) -> Correlogram:
    """Return a global statistic under ever wider distance bands, and the distance where clustering peaks.

    Parameters
    ----------
    values : pandas.Series
    units : GeoDataFrame or GeoSeries
        Polygons or points in a metric CRS on the same codes.
    distances : sequence of float, optional
        Bands in units of the CRS, rising. Default: `steps` equal steps from the least distance at which no
        unit is alone, each as wide as the mean distance to the nearest neighbour, as in ArcGIS.
    statistic : {"moran", "geary", "getis_ord"}
    permutations : int
        0 gives analytical inference alone.

    Returns
    -------
    Correlogram
        `.table`, indexed by distance: statistic, expected, variance, z, p_norm, p_sim, neighbours (mean
        number), islands (number). A peak is a z above those of the bands on both sides. Rows are
        standardised; islands are kept.

    Raises
    ------
    AnalysisError, BoundaryError
        Unknown statistic, distances that do not rise, degrees, or codes that do not match.
    """
    if statistic not in STATISTICS:
        raise AnalysisError("unknown statistic", found=statistic, expected=", ".join(STATISTICS))
    bands = _bands(units, steps) if distances is None else np.asarray(distances, dtype=np.float64)
    if bands.size < 1 or not (bands > 0).all() or not (np.diff(bands) > 0).all():
        raise AnalysisError("distances must rise from above zero", found=list(bands))
    rows = []
    for band in bands:
        w = build_neighbours(units, rule="distance", threshold=float(band), islands="keep")
        found = STATISTICS[statistic](
            values, w, permutations=permutations, seed=seed, alternative=alternative
        )
        numbers = (found.statistic, found.expected, found.variance, found.z, found.p_norm, found.p_sim)
        rows.append((*numbers, float(w.cardinalities.mean()), len(found.islands)))
    header = ["statistic", "expected", "variance", "z", "p_norm", "p_sim", "neighbours", "islands"]
    table = pd.DataFrame(rows, columns=header, index=pd.Index(bands, name="distance"))
    z = table["z"].to_numpy()
    peaks = [i for i in range(1, len(z) - 1) if z[i] > z[i - 1] and z[i] > z[i + 1]]
    if not peaks:
        return Correlogram(table, np.nan, np.nan)
    return Correlogram(table, float(bands[peaks[0]]), float(bands[max(peaks, key=lambda i: z[i])]))


def nonparametric_correlogram(
    values: pd.Series[Any],
    units: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    distances: Sequence[float] | None = None,
    bandwidth: float | None = None,
    permutations: int = 199,
    level: float = 0.95,
    seed: Seed,
) -> Correlogram:
    """Return the correlation of pairs of units as a smooth function of their distance, with its envelope.

    r(d) = sum_ij K((d_ij - d) / h) z_i z_j / (m2 sum_ij K((d_ij - d) / h)), K Epanechnikov's kernel
    (Bjornstad and Falck 2001; Hall and Patil 1994). No weights matrix is needed. The envelope holds,
    distance by distance, the given share of maps on which the values are permuted.

    Parameters
    ----------
    distances : sequence of float, optional
        Where to evaluate; default 30 steps to half the greatest distance.
    bandwidth : float, optional
        h; default twice the step between distances.
    permutations : int
        Maps for the envelope; 0 for none.
    level : float

    Returns
    -------
    Correlogram
        `.table`, indexed by distance: correlation, low, high (the envelope), pairs (within the kernel). Its
        peaks are those of the correlation.

    Notes
    -----
    O(n^2 P); above 5,000 units take a sample.
    """
    shapes, z = _places_and_values(values, units)
    n = z.size
    if n < 3 or not (z**2).sum() > 0:
        raise AnalysisError("a correlogram needs three units whose values vary", found=f"{n} units")
    first, second = np.triu_indices(n, k=1)
    gap = np.hypot(*(shapes[first] - shapes[second]).T)
    at = (
        np.linspace(0, gap.max() / 2, 31)[1:]
        if distances is None
        else np.asarray(distances, dtype=np.float64)
    )
    width = bandwidth or 2 * float(np.diff(at, prepend=0.0).mean())
    if not 0 < level < 1 or not width > 0:
        raise AnalysisError("level must lie between 0 and 1 and bandwidth above zero", found=(level, width))
    near = [np.flatnonzero(np.abs(gap - d) < width) for d in at]
    weights = [1 - ((gap[here] - d) / width) ** 2 for here, d in zip(near, at, strict=True)]

    def curve(column: Floats) -> Floats:
        product = column[first] * column[second] / float((column**2).mean())
        return np.array(
            [
                float(product[here] @ k / k.sum()) if here.size else np.nan
                for here, k in zip(near, weights, strict=True)
            ]
        )

    rng = random_numbers(seed)
    found = curve(z)
    maps = np.array([curve(rng.permutation(z)) for _ in range(permutations)]).reshape(permutations, at.size)
    low, high = np.full(at.size, np.nan), np.full(at.size, np.nan)
    if permutations:
        low, high = np.quantile(maps, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = pd.DataFrame(
        {"correlation": found, "low": low, "high": high, "pairs": [here.size for here in near]},
        index=pd.Index(at, name="distance"),
    )
    peaks = [i for i in range(1, at.size - 1) if found[i] > found[i - 1] and found[i] > found[i + 1]]
    if not peaks:
        return Correlogram(table, np.nan, np.nan)
    return Correlogram(table, float(at[peaks[0]]), float(at[max(peaks, key=lambda i: found[i])]))


def _places_and_values(
    values: pd.Series[Any], units: gpd.GeoDataFrame | gpd.GeoSeries
) -> tuple[Floats, Floats]:
    """Return coordinates and centred values of the units that have one, sorted by code."""
    series = pd.Series(numbers_of(values), index=quiet_series(values).index)
    left, right = series.index.difference(units.index), units.index.difference(series.index)
    if len(left) or len(right):
        raise AnalysisError(
            "codes of values and units differ",
            found=f"only in values: {list(left[:8])}; only in units: {list(right[:8])}",
        )
    codes = series.index[code_order(series.index)]
    known = codes[series.loc[codes].notna()]
    shapes = units.geometry.loc[known].to_numpy()
    points = np.asarray(shapely.get_coordinates(shapely.centroid(shapes)), dtype=np.float64)
    return points, centred(series.loc[known].to_numpy(dtype=np.float64))


def _bands(units: gpd.GeoDataFrame | gpd.GeoSeries, steps: int) -> Floats:
    """Return equal steps from the least distance at which no unit is alone."""
    from scipy.spatial import cKDTree

    if steps < 1 or len(units) < 2:
        raise AnalysisError("bands need a step and two units", found=f"{steps} steps, {len(units)} units")
    points = np.asarray(shapely.get_coordinates(shapely.centroid(units.geometry.to_numpy())))
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    step = float(nearest.mean())
    return np.asarray(float(nearest.max()) + step * np.arange(steps), dtype=np.float64)
