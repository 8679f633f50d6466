"""Which characteristics go with a risk: a survey-weighted logistic regression with errors of the design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Design, Lonely
from childatlas.measures.domains import as_frame, build_domains, numbers
from childatlas.measures.estimates import t_interval
from childatlas.measures.linearisation import covariance
from childatlas.measures.logit import check_binary, fit_logit, standard_columns
from childatlas.measures.terms import CONSTANT, Terms, build_terms

__all__ = ["RiskModel", "model_risk"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RiskModel:
    """A logistic regression of a risk.

    Attributes
    ----------
    table : DataFrame
        By column: ``log_odds, se, p, odds_ratio, odds_low, odds_high`` and the average marginal effect
        ``effect, effect_se, effect_low, effect_high`` (of one unit more, or of the category rather than its
        base, on the probability), and a ``sentence``. The constant has no effect.
    n : int
    missing : int
        Rows left out because something was not known.
    df : float
        Degrees of freedom: clusters less strata less predictors' columns.
    """

    table: pd.DataFrame
    n: int
    missing: int
    df: float


def model_risk(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    categorical: Sequence[str] | None = None,
) -> RiskModel:
    """Return odds ratios and average marginal effects of characteristics on a yes/no outcome.

    Parameters
    ----------
    data, weight, stratum, cluster, fpc, lonely, nest, level
        As `survey_mean`.
    outcome : str
        0 or 1.
    predictors, categorical
        As `oaxaca`; a category is compared with the first in order.

    Returns
    -------
    RiskModel

    Raises
    ------
    AnalysisError
        If the regression has no finite answer, or the design leaves too few degrees of freedom.
    DataError
        If the outcome is neither 0 nor 1; else as `survey_mean`.

    Notes
    -----
    Pseudo-maximum likelihood; errors by linearisation, H^-1 x w (y - p) summed in clusters (Binder 1983, Int.
    Statistical Review 51, p. 279). Effects are means over the sample's people; their errors count both the
    coefficients' and the people's. Degrees of freedom as R's survey: those of the design less the columns
    but the constant.
    """
    frame = as_frame(data)
    options = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    design = build_domains(frame, weight=weight, by=None, design=options).design
    y = numbers(frame, outcome)
    check_binary(y, outcome)
    rows = build_terms(frame, predictors, categorical=categorical).known & ~np.isnan(y)
    if not rows.any():
        raise AnalysisError("no row has all that the model needs", expected=", ".join([outcome, *predictors]))
    terms = build_terms(frame, predictors, categorical=categorical, rows=rows)
    df = float(design.degrees_of_freedom(rows) - len(terms.names) + 1)
    x, people = terms.matrix[rows], design.weight[rows]
    scaled, back = standard_columns(x, people)
    beta = back @ fit_logit(scaled, y[rows], people)
    p = expit(x @ beta)
    bend = (x * (people * p * (1 - p))[:, None]).T @ x
    pull = np.linalg.solve(bend, (x * (people * (y[rows] - p))[:, None]).T).T
    effect, effect_pull = _effects(x, people / people.sum(), beta, pull, terms)
    se = _errors(design, rows, pull)
    effect_se = np.concatenate([[np.nan], _errors(design, rows, effect_pull)])
    table = _table(terms, (beta, se), (np.concatenate([[np.nan], effect]), effect_se), df, level)
    return RiskModel(table, int(rows.sum()), int((~rows).sum()), df)


def _errors(design: Design, rows: NDArray[np.bool_], pull: Floats) -> Floats:
    scores = np.zeros((design.rows, pull.shape[1]))
    scores[rows] = pull
    errors: Floats = np.sqrt(np.diag(covariance(design, scores)))
    return errors


def _effects(x: Floats, share: Floats, beta: Floats, pull: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """Return the average effect of each column but the constant, and its weighted influence by row."""
    p = expit(x @ beta)
    slope = p * (1 - p)
    values, pulls = [], []
    bases = {o for o, name in zip(terms.full_owner, terms.full_names, strict=True) if name not in terms.names}
    for place in range(1, len(terms.names)):
        owner = terms.owner[place]
        if owner in bases:
            other, base = x.copy(), x.copy()
            other[:, terms.columns_of(owner)] = base[:, terms.columns_of(owner)] = 0.0
            other[:, place] = 1.0
            high, low = expit(other @ beta), expit(base @ beta)
            each = high - low
            gradient = share @ (other * (high * (1 - high))[:, None] - base * (low * (1 - low))[:, None])
        else:
            each = slope * beta[place]
            gradient = share @ (x * (slope * (1 - 2 * p) * beta[place])[:, None])
            gradient[place] += share @ slope
        value = float(share @ each)
        values.append(value)
        pulls.append(share * (each - value) + pull @ gradient)
    return np.array(values), np.column_stack(pulls)


def _table(
    terms: Terms, logs: tuple[Floats, Floats], effects: tuple[Floats, Floats], df: float, level: float
) -> pd.DataFrame:
    beta, se = logs
    reach = np.full(len(beta), df)
    low, high = t_interval(beta, se, reach, level)
    effect_low, effect_high = t_interval(*effects, reach, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.abs(beta / se), df) if df > 0 else np.full(len(beta), np.nan)
    table = pd.DataFrame(
        {
            "log_odds": beta,
            "se": se,
            "p": p,
            "odds_ratio": np.exp(beta),
            "odds_low": np.exp(low),
            "odds_high": np.exp(high),
            "effect": effects[0],
            "effect_se": effects[1],
            "effect_low": effect_low,
            "effect_high": effect_high,
        },
        index=pd.Index(terms.names, name="term"),
    )
    bases = {
        owner: name.split(": ", 1)[1]
        for owner, name in zip(terms.full_owner, terms.full_names, strict=True)
        if name not in terms.names
    }
    owners = dict(zip(terms.names, terms.owner, strict=True))
    sentences = [_sentence(row, bases.get(owners[str(row.Index)]), 1 - level) for row in table.itertuples()]
    return table.assign(sentence=sentences)


def _sentence(row: Any, base: str | None, alpha: float) -> str:
    """Return what a row says, holding the other characteristics."""
    if row.Index == CONSTANT:
        return ""
    who = f"With one unit more of {row.Index}" if base is None else f"With {row.Index} rather than {base}"
    if not row.p <= alpha:
        return f"{who} the risk does not differ clearly (odds ratio {row.odds_ratio:.2f}, p {row.p:.2f})."
    way = "higher" if row.effect > 0 else "lower"
    points = 100 * abs(row.effect)
    return (
        f"{who} the risk is {points:.1f} percentage points {way}, other characteristics alike "
        f"(odds ratio {row.odds_ratio:.2f}, interval {row.odds_low:.2f} to {row.odds_high:.2f})."
    )
