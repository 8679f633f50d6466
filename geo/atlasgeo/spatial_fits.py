"""One fit each of OLS, SLX, SAR, SEM and SARMA through spreg, in common terms."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .design import Design
from .older_weights import older_weights

__all__ = ["FITS", "Fit", "gaussian_likelihood", "quiet_spreg"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """One fitted model in common terms.

    Attributes
    ----------
    estimator : {"OLS", "ML", "GMM"}
    terms : sequence of str
    estimates, errors : array
        One a term; spatial parameters last.
    tests : sequence of (statistic, p)
    residual : array, shape (n,)
        Spatial terms taken out.
    sigma2 : float
        Its mean square.
    log_likelihood : float
    rho, lam : float
    raw : object
        What spreg returned.
    """

    estimator: str
    terms: Sequence[str]
    estimates: Floats
    errors: Floats
    tests: Sequence[tuple[float, float]]
    residual: Floats
    sigma2: float
    log_likelihood: float
    rho: float = np.nan
    lam: float = np.nan
    raw: Any = None

    @property
    def parameters(self) -> int:
        """Return the number of terms and the variance."""
        return len(self.estimates) + 1


def _ols(design: Design, *, lags: int = 0) -> Fit:
    from spreg import OLS

    raw = OLS(
        design.y,
        design.x,
        w=older_weights(design.weights),
        slx_lags=lags,
        spat_diag=True,
        moran=True,
        name_x=list(design.terms),
        name_y="outcome",
        name_w="neighbours",
    )
    return Fit(
        "OLS",
        raw.name_x,
        raw.betas.ravel(),
        raw.std_err.ravel(),
        raw.t_stat,
        raw.u.ravel(),
        float(raw.sig2n),
        float(raw.logll),
        raw=raw,
    )


def _slx(design: Design) -> Fit:
    return _ols(design, lags=1)


def _sar(design: Design) -> Fit:
    from spreg import ML_Lag

    raw = ML_Lag(
        design.y, design.x, older_weights(design.weights), name_x=list(design.terms), name_y="outcome"
    )
    terms = [*raw.name_x[:-1], "rho"]
    return Fit(
        "ML",
        terms,
        raw.betas.ravel(),
        raw.std_err.ravel(),
        raw.z_stat,
        raw.u.ravel(),
        float(np.ravel(raw.sig2)[0]),
        float(raw.logll),
        rho=float(raw.rho),
        raw=raw,
    )


def _sem(design: Design) -> Fit:
    from spreg import ML_Error

    raw = ML_Error(
        design.y, design.x, older_weights(design.weights), name_x=list(design.terms), name_y="outcome"
    )
    return Fit(
        "ML",
        raw.name_x,
        raw.betas.ravel(),
        raw.std_err.ravel(),
        raw.z_stat,
        raw.e_filtered.ravel(),
        float(np.ravel(raw.sig2)[0]),
        float(raw.logll),
        lam=float(np.ravel(raw.lam)[0]),
        raw=raw,
    )


def _sarma(design: Design) -> Fit:
    from spreg import GM_Combo

    raw = GM_Combo(
        design.y, design.x, w=older_weights(design.weights), name_x=list(design.terms), name_y="outcome"
    )
    betas = raw.betas.ravel()
    rho, lam = float(betas[-2]), float(betas[-1])
    residual = _filtered(design, betas[:-2], rho, lam)
    sigma2 = float(residual @ residual) / design.n
    terms = ["CONSTANT", *design.terms, "rho", "lambda"]
    errors = np.append(raw.std_err.ravel()[: len(betas) - 1], np.nan)
    tests = [*raw.z_stat[: len(betas) - 1], (np.nan, np.nan)]
    likelihood = gaussian_likelihood(design, sigma2, rho, lam)
    return Fit("GMM", terms, betas, errors, tests, residual, sigma2, likelihood, rho=rho, lam=lam, raw=raw)


FITS: Final[dict[str, Callable[[Design], Fit]]] = {
    "ols": _ols,
    "slx": _slx,
    "sar": _sar,
    "sem": _sem,
    "sarma": _sarma,
}


def _filtered(design: Design, beta: Floats, rho: float, lam: float) -> Floats:
    """Return (I - lam W)((I - rho W) y - X beta)."""
    y, w = design.y.ravel(), design.weights
    u = y - rho * (w @ y) - np.column_stack([np.ones(design.n), design.x]) @ beta
    return np.asarray(u - lam * (w @ u), dtype=np.float64)


def gaussian_likelihood(design: Design, sigma2: float, rho: float, lam: float) -> float:
    """Return the Gaussian log likelihood with the variance at its best, given rho and lambda."""
    whole = design.weights.toarray()
    unit = np.eye(design.n)
    jacobian = sum(np.linalg.slogdet(unit - c * whole)[1] for c in (rho, lam))
    return float(jacobian - design.n / 2 * (np.log(2 * np.pi * sigma2) + 1))


@contextlib.contextmanager
def quiet_spreg() -> Iterator[None]:
    """Hold back the titles that spreg prints, and what it warns about its own calls of pandas and scipy."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.filterwarnings("ignore", module=r"spreg(\..*)?")
        yield
