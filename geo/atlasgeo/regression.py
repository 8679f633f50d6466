"""Determinants under spatial dependence: OLS and four spatial models side by side, tests and cautions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from .autocorrelation import global_moran
from .design import cautions, design_of
from .errors import AnalysisError
from .spatial_fits import FITS, Fit, quiet_spreg

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["MODELS", "Regressions", "compare_regressions"]

Model = Literal["ols", "slx", "sar", "sem", "sarma"]
MODELS: Final = ("ols", "slx", "sar", "sem", "sarma")
_NAMES: Final = {
    "ols": "no spatial term",
    "slx": "neighbours' determinants",
    "sar": "neighbours' outcome (spatial lag)",
    "sem": "neighbours' errors (spatial error)",
    "sarma": "neighbours' outcome and errors",
}


@dataclass(frozen=True)
class Regressions:
    """Several models of one outcome.

    Attributes
    ----------
    comparison : DataFrame
        One row a model: ``meaning``, ``estimator`` (OLS, ML, GMM), ``n``, ``parameters`` (coefficients,
        spatial terms and the variance), ``log_likelihood``, ``aic`` (2 parameters - 2 log likelihood),
        ``rho``, ``lambda``, ``sigma2``, ``residual_moran`` and its permutation ``residual_p``,
        ``lowest_aic``.
    coefficients : DataFrame
        Indexed by model and term: ``estimate``, ``se``, ``z`` (t for OLS and SLX), ``p``, ``low``,
        ``high`` (95 %).
    diagnostics : DataFrame
        Tests on the OLS residuals: ``statistic``, ``df``, ``p``, ``meaning``.
    residuals : DataFrame
        Units x models: what the model leaves unexplained, spatial terms taken out; missing where a unit
        was dropped.
    advice : str
        What the Lagrange multiplier tests point to, as a sentence.
    cautions : tuple of str
        What stands against reading more into it.
    """

    comparison: pd.DataFrame
    coefficients: pd.DataFrame
    diagnostics: pd.DataFrame
    residuals: pd.DataFrame
    advice: str
    cautions: tuple[str, ...]


def compare_regressions(
    y: pd.Series,
    x: pd.DataFrame,
    w: Graph,
    *,
    models: Sequence[Model] = MODELS,
    permutations: int = 999,
    seed: int,
    alpha: float = 0.05,
) -> Regressions:
    r"""Return OLS and spatial models of an outcome side by side, with tests, advice and cautions.

    OLS :math:`y = X\beta + \epsilon`; SLX adds :math:`WX\theta`; SAR adds :math:`\rho W y`; SEM has
    :math:`\epsilon = \lambda W \epsilon + u`; SARMA (the lag and the error together) has both.

    Parameters
    ----------
    y : Series
        Outcome by unit.
    x : DataFrame
        Determinants, units x terms; a constant is added. Units that miss a value are dropped and counted.
    w : Graph
        Neighbours; rows are standardised, as the bounds of rho and lambda assume.
    models : sequence of {"ols", "slx", "sar", "sem", "sarma"}
    permutations, seed
        Of the residuals' Moran test.
    alpha : float
        Level of the advice.

    Returns
    -------
    Regressions

    Raises
    ------
    AnalysisError
        Units differ; unknown model; fewer units than parameters allow; terms that are constant or collinear.

    Notes
    -----
    Through ``spreg``: OLS; maximum likelihood for SAR and SEM (Anselin 1988; null model of each z and t:
    coefficient 0); SARMA by generalised moments (Kelejian and Prucha 1998), which has no likelihood of its
    own: the Gaussian one is evaluated at its estimates and is a lower bound of the greatest. Moments give
    lambda no standard error. AIC counts parameters alike for all models; spreg leaves the variance out,
    and lambda too. The permutation test of residuals ignores that they come from a fit; for OLS the
    diagnostics hold Cliff and Ord's exact moments. Cost: O(n^3) from the eigenvalues or determinants of W.
    """
    unknown = [name for name in models if name not in FITS]
    if unknown or not models:
        raise AnalysisError("unknown model", found=unknown or "none", expected=", ".join(MODELS))
    design = design_of(y, x, w)
    with quiet_spreg():
        ols = FITS["ols"](design)
        fits = {name: ols if name == "ols" else FITS[name](design) for name in models}
        diagnostics = _diagnostics(ols.raw)
    residuals = pd.DataFrame({name: design.back(fit.residual) for name, fit in fits.items()})
    rows = w.transform("R")
    moran = {name: global_moran(residuals[name], rows, permutations=permutations, seed=seed) for name in fits}
    comparison = (
        pd.DataFrame({name: _row(name, fit, design.n, moran[name]) for name, fit in fits.items()})
        .T.rename_axis("model")
        .infer_objects()
    )
    comparison["lowest_aic"] = comparison["aic"] == comparison["aic"].min()
    return Regressions(
        comparison,
        pd.concat(
            {name: _coefficients(fit, design.n) for name, fit in fits.items()}, names=["model", "term"]
        ),
        diagnostics,
        residuals,
        _advice(diagnostics["p"], alpha),
        cautions(design, diagnostics, alpha),
    )


def _diagnostics(raw: Any) -> pd.DataFrame:
    """Return the tests on OLS residuals as one table."""
    rows: dict[str, tuple[float, float, float, str]] = {
        "Moran's I": (
            raw.moran_res[0],
            np.nan,
            raw.moran_res[2],
            "residuals alike among neighbours (Cliff-Ord)",
        ),
        "LM lag": (raw.lm_lag[0], 1, raw.lm_lag[1], "the neighbours' outcome is missing"),
        "LM error": (raw.lm_error[0], 1, raw.lm_error[1], "the neighbours' errors are missing"),
        "robust LM lag": (raw.rlm_lag[0], 1, raw.rlm_lag[1], "the same, errors allowed for"),
        "robust LM error": (raw.rlm_error[0], 1, raw.rlm_error[1], "the same, outcome allowed for"),
        "LM SARMA": (raw.lm_sarma[0], 2, raw.lm_sarma[1], "either of both"),
        "Jarque-Bera": (raw.jarque_bera["jb"], 2, raw.jarque_bera["pvalue"], "errors are not normal"),
        "Breusch-Pagan": (
            raw.breusch_pagan["bp"],
            raw.breusch_pagan["df"],
            raw.breusch_pagan["pvalue"],
            "spread of errors varies",
        ),
        "condition number": (raw.mulColli, np.nan, np.nan, "above 30: determinants say nearly the same"),
    }
    table = pd.DataFrame(rows, index=["statistic", "df", "p", "meaning"]).T.rename_axis("test")
    table[["statistic", "df", "p"]] = table[["statistic", "df", "p"]].astype(float)
    return table


def _row(name: str, fit: Fit, n: int, moran: Any) -> dict[str, object]:
    return {
        "meaning": _NAMES[name],
        "estimator": fit.estimator,
        "n": n,
        "parameters": fit.parameters,
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * fit.parameters - 2 * fit.log_likelihood,
        "rho": fit.rho,
        "lambda": fit.lam,
        "sigma2": fit.sigma2,
        "residual_moran": moran.statistic,
        "residual_p": moran.p_sim,
    }


def _coefficients(fit: Fit, n: int) -> pd.DataFrame:
    from scipy.stats import norm, t

    width = t.ppf(0.975, n - len(fit.estimates)) if fit.estimator == "OLS" else norm.ppf(0.975)
    tests = np.array([tuple(map(float, test)) for test in fit.tests])
    return pd.DataFrame(
        {
            "estimate": fit.estimates,
            "se": fit.errors,
            "z": tests[:, 0],
            "p": tests[:, 1],
            "low": fit.estimates - width * fit.errors,
            "high": fit.estimates + width * fit.errors,
        },
        index=list(fit.terms),
    )


def _advice(p: pd.Series, alpha: float) -> str:
    """Return what Anselin's rule makes of the Lagrange multiplier tests."""
    lag, error = p["LM lag"] <= alpha, p["LM error"] <= alpha
    if not lag and not error:
        return "The tests see no spatial dependence in the OLS residuals: OLS may stand."
    if lag != error:
        model = "sar (the neighbours' outcome)" if lag else "sem (the neighbours' errors)"
        return f"Only one Lagrange multiplier test is significant: it points to {model}."
    stronger = (
        "sar (the neighbours' outcome)"
        if p["robust LM lag"] < p["robust LM error"]
        else ("sem (the neighbours' errors)")
    )
    return f"Both Lagrange multiplier tests are significant; the robust ones point to {stronger}."
