"""Determinants that differ from place to place: geographically weighted regression (mgwr)."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import AnalysisError
from .windows import places_of

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["LocalRegression", "local_regression"]

Floats = NDArray[np.float64]
LEAST_UNITS: Final = 20
CAUTION_BELOW: Final = 100


@dataclass(frozen=True)
class LocalRegression:
    """A regression whose coefficients vary over the map.

    Attributes
    ----------
    coefficients, t : DataFrame
        Units x terms (``CONSTANT`` first): local estimate and its t. With several bandwidths all measures are
        standardised, and so are the coefficients.
    significant : DataFrame
        Whether |t| exceeds the critical value corrected for the effective number of tests (da Silva and
        Fotheringham 2016) at 0.05; missing units are False.
    bandwidths : Series
        Neighbours that each term's kernel reaches (adaptive bisquare): near n means that it hardly varies.
    residuals : Series
    r_squared : Series
        Local fit; missing with several bandwidths.
    summary : Series
        ``n``, ``effective_parameters``, ``log_likelihood``, ``aic``, ``aicc``; those of the standardised
        outcome with several bandwidths, so that they compare with a like fit only.
    cautions : tuple of str
    """

    coefficients: pd.DataFrame
    t: pd.DataFrame
    significant: pd.DataFrame
    bandwidths: pd.Series
    residuals: pd.Series
    r_squared: pd.Series
    summary: pd.Series
    cautions: tuple[str, ...]


def local_regression(
    y: pd.Series,
    x: pd.DataFrame,
    points: gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame,
    *,
    bandwidths: Literal["one", "many"] = "one",
) -> LocalRegression:
    r"""Return a geographically weighted regression (``one`` bandwidth: GWR; ``many``: MGWR).

    :math:`y_i = \sum_k \beta_k(u_i) x_{ik} + \epsilon_i`, each :math:`\beta(u_i)` fitted with bisquare
    weights that fall to 0 at the bandwidth; the bandwidth is the number of neighbours with the least
    corrected AIC.

    Parameters
    ----------
    y : Series
    x : DataFrame
        Determinants, units x terms; a constant is added. Units that miss a value are left out.
    points : GeoDataFrame, GeoSeries or DataFrame
        Places in a projected CRS (centroids of polygons), or ``x`` and ``y``.
    bandwidths : {"one", "many"}

    Returns
    -------
    LocalRegression

    Raises
    ------
    AnalysisError
        Units differ, fewer than 20 units or five a term, constant terms, or no bandwidth can be fitted.
    BoundaryError
        Places missing or not in a projected CRS.

    Notes
    -----
    Fotheringham, Brunsdon and Charlton (2002) and Fotheringham, Yang and Kang (2017), through ``mgwr``;
    nothing is random. Null model of each t: the local coefficient is 0. Cost: O(n^2) for each bandwidth
    tried, and many times that for MGWR's backfitting; the first call compiles for some seconds.
    """
    if bandwidths not in {"one", "many"}:
        raise AnalysisError("unknown bandwidths", found=repr(bandwidths), expected="one, many")
    codes, outcome, table, xy = _prepared(y, x, points)
    many = bandwidths == "many"
    if many:
        outcome, table = _standardised(outcome), _standardised(table)
    fit, reach = _fitted(xy, outcome, table, many=many)
    names = ["CONSTANT", *map(str, x.columns)]
    critical = np.broadcast_to(np.asarray(fit.critical_tval(), dtype=float), (len(names),))

    def back(values: Floats) -> pd.DataFrame:
        return pd.DataFrame(values, index=codes, columns=names).reindex(y.index)

    t = back(fit.tvalues)
    local = np.full(len(codes), np.nan) if many else np.ravel(fit.localR2)
    return LocalRegression(
        coefficients=back(fit.params),
        t=t,
        significant=t.abs() > critical,
        bandwidths=pd.Series(np.broadcast_to(reach, (len(names),)), index=names, name="neighbours"),
        residuals=pd.Series(np.ravel(fit.resid_response), index=codes, name="residual").reindex(y.index),
        r_squared=pd.Series(local, index=codes, name="r_squared").reindex(y.index),
        summary=_summary(fit, len(codes)),
        cautions=_cautions(len(codes), len(y), many=many),
    )


def _prepared(
    y: pd.Series, x: pd.DataFrame, points: gpd.GeoDataFrame | gpd.GeoSeries | pd.DataFrame
) -> tuple[pd.Index, Floats, Floats, Floats]:
    """Return the units with all values in the order of their codes, and their places."""
    where = places_of(points)
    for name, index in (("x", x.index), ("points", where.index)):
        lacking = y.index.difference(index)
        if len(lacking) or not index.is_unique or not y.index.is_unique:
            raise AnalysisError(f"units of y and {name} differ", found=f"not in {name}: {list(lacking[:5])}")
    both = x.reindex(y.index).assign(_outcome=y).astype(float).dropna().sort_index()
    if np.isinf(both.to_numpy()).any():
        raise AnalysisError("a value is infinite", expected="finite values, or missing")
    least = max(LEAST_UNITS, 5 * (x.shape[1] + 1))
    if len(both) < least:
        raise AnalysisError(
            "too few units for coefficients that vary",
            found=len(both),
            expected=f"at least {least}",
            fix="use compare_regressions",
        )
    table, outcome = both.drop(columns="_outcome").to_numpy(), both[["_outcome"]].to_numpy()
    if (np.ptp(np.column_stack([table, outcome]), axis=0) == 0).any():
        raise AnalysisError("a constant explains nothing and cannot be explained", found=list(x.columns))
    return both.index, outcome, table, where.loc[both.index].to_numpy(dtype=float)


def _fitted(xy: Floats, outcome: Floats, table: Floats, *, many: bool) -> tuple[Any, Any]:
    from mgwr.gwr import GWR, MGWR
    from mgwr.sel_bw import Sel_BW

    with _quiet():
        try:
            search = Sel_BW(xy, outcome, table, multi=many)
            reach = search.search(verbose=False)
            model = MGWR(xy, outcome, table, search) if many else GWR(xy, outcome, table, reach)
            return model.fit(), np.asarray(reach, dtype=float)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise AnalysisError(
                "no bandwidth could be fitted",
                found=str(error),
                fix="take fewer determinants; a term that is constant among neighbours cannot vary",
            ) from error


def _standardised(values: Floats) -> Floats:
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0), dtype=np.float64)


def _summary(fit: Any, n: int) -> pd.Series:
    return pd.Series(
        {
            "n": float(n),
            "effective_parameters": float(np.sum(fit.ENP)),
            "log_likelihood": float(fit.llf),
            "aic": float(fit.aic),
            "aicc": float(fit.aicc),
        },
        name="summary",
    )


def _cautions(n: int, asked: int, *, many: bool) -> tuple[str, ...]:
    said = [
        (
            "Local coefficients are correlated with each other by construction; "
            "a map of them shows where to ask, not what causes what."
        )
    ]
    if n < CAUTION_BELOW:
        said.append(
            f"There are {n} units: local fits rest on a few dozen at most, and their maps change easily."
        )
    if asked > n:
        said.append(f"{asked - n} of {asked} units miss a value and were left out.")
    if many:
        said.append("Outcome and determinants are standardised: a coefficient is in standard deviations.")
    return tuple(said)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back mgwr's progress bars, and what it and numba warn about their own code."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.filterwarnings("ignore", module=r"(mgwr|spglm|numba)(\..*)?")
        yield
