"""The gap of two shares taken apart by logistic regression: Yun's weights and Fairlie's switching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from childatlas.errors import AnalysisError, nearest
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.estimates import t_interval
from childatlas.measures.logit import Cells, check_binary, standard_columns
from childatlas.measures.paired import pair_groups
from childatlas.measures.resampling import bootstrap_factors, replicate_error
from childatlas.measures.switching import switch_one_by_one
from childatlas.measures.terms import CONSTANT, Terms

__all__ = ["Nonlinear", "nonlinear_oaxaca"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Nonlinear:
    """A gap of two shares and its parts.

    Attributes
    ----------
    summary : DataFrame
        Rows ``first, second, gap, explained, unexplained``; columns ``value, share, se, low, high``.
    predictors : DataFrame
        What each predictor, and the constant, adds to ``explained`` and, by Yun's weights, ``unexplained``,
        with errors; the sums are the parts.
    coefficients : DataFrame
        ``first, second, reference``, log odds, by column.
    n : tuple of int
    missing : int
    replicates : int
        Bootstrap replicates that had an answer.
    """

    summary: pd.DataFrame
    predictors: pd.DataFrame
    coefficients: pd.DataFrame
    n: tuple[int, int]
    missing: int
    replicates: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """Rows of two groups: standardised columns, outcomes, weights, and the start of the fits."""

    x: tuple[Floats, Floats]
    y: tuple[Floats, Floats]
    terms: Terms
    reference: str
    method: str
    orders: int
    seed: int

    @cached_property
    def cells(self) -> tuple[Cells, ...]:
        """Rows with the same columns, joined: of the first, of the second, and of the fit of both."""
        x = np.vstack(self.x)
        if self.reference == "pooled":
            x = np.column_stack([x, np.repeat([1.0, 0.0], [len(part) for part in self.x])])
        return (*(Cells.of(part) for part in self.x), Cells.of(x))

    def fits(self, weights: tuple[Floats, Floats], start: Sequence[Floats | None]) -> list[Floats]:
        """Return the coefficients of the first, the second, the reference, and the fit that gave the last."""
        own = [
            c.fit(y, w, start=s) for c, y, w, s in zip(self.cells[:2], self.y, weights, start, strict=False)
        ]
        if self.reference in ("first", "second"):
            chosen = own[self.reference == "second"]
            return [*own, chosen, chosen]
        whole = self.cells[2].fit(np.concatenate(self.y), np.concatenate(weights), start=start[3])
        return [*own, whole[: self.x[0].shape[1]], whole]

    def parts(self, weights: tuple[Floats, Floats], fits: Sequence[Floats]) -> Floats:
        """Return first, second, gap, explained, unexplained, then both by predictor."""
        shares = [w / w.sum() for w in weights]
        means = [float(s @ y) for s, y in zip(shares, self.y, strict=True)]
        star = fits[2]
        explained = float(shares[0] @ expit(self.x[0] @ star) - shares[1] @ expit(self.x[1] @ star))
        gap = means[0] - means[1]
        detail = _DETAILS[self.method](self, shares, fits, (explained, gap - explained))
        return np.concatenate([[*means, gap, explained, gap - explained], detail.ravel()])


def nonlinear_oaxaca(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    between: str,
    groups: tuple[Any, Any],
    method: str = "yun",
    reference: str = "pooled",
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    categorical: Sequence[str] | None = None,
    orders: int = 20,
    replicates: int = 100,
    seed: int | None = None,
    level: float = 0.95,
) -> Nonlinear:
    """Return the decomposition of the difference of two groups' shares of a yes/no outcome, by logits.

    Parameters
    ----------
    data, outcome, predictors, between, groups, weight, stratum, cluster, fpc, lonely, nest
        As `oaxaca`; `outcome` is 0 or 1.
    categorical, level
        As `oaxaca`.
    method : {"yun", "fairlie"}
        How the explained part is shared among predictors; the parts themselves are the same.
    reference : {"first", "second", "neumark", "pooled"}
        Whose coefficients value the characteristics: one group's, both pooled, or both pooled beside a 0/1
        column for the group.
    orders : int
        Fairlie: random orders of predictors that are averaged, each with its own order of ties.
    replicates, seed
        Replicates of the rescaled bootstrap of clusters within strata, 0 for no errors. A seed is needed for
        errors and for Fairlie's orders.

    Returns
    -------
    Nonlinear

    Raises
    ------
    AnalysisError
        If an option is unknown, the seed lacks, or a logit has no finite answer.
    DataError
        If the outcome is neither 0 nor 1; else as `survey_mean`.

    Notes
    -----
    explained = mean F(X1 b*) - mean F(X2 b*). Yun (2004, Economics Letters 82, p. 275) shares it in
    proportion to (x1 - x2) b*, and the unexplained part to x1 (b1 - b*) + x2 (b* - b2), with the effects of
    categories counted from their mean. Fairlie (2005, J. Economic and Social Measurement 30, p. 305) pairs
    both groups by rank of F and switches one predictor after the other. His random samples of equal size are
    replaced by their limit: both groups are cut at all steps of their cumulated weights, so that each
    order's contributions add to the explained part exactly.
    """
    _check_options(method, reference, seed, needs_seed=bool(replicates) or method == "fairlie")
    options = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    paired = pair_groups(
        data,
        outcome,
        predictors,
        between=between,
        groups=groups,
        weight=weight,
        design=options,
        categorical=categorical,
        normalise=True,
    )
    design, y, sides, terms = paired.design, paired.outcome, paired.sides, paired.terms
    check_binary(y, outcome)
    places = (np.flatnonzero(sides.first), np.flatnonzero(sides.second))
    both = np.concatenate(places)
    x, back = standard_columns(terms.matrix[both], design.weight[both])
    cut = len(places[0])
    scaled = _rescaled(terms, back)
    pair = _Pair(
        (x[:cut], x[cut:]), (y[places[0]], y[places[1]]), scaled, reference, method, orders, seed or 0
    )
    weights = (design.weight[places[0]], design.weight[places[1]])
    fits = pair.fits(weights, (None,) * 4)
    values = pair.parts(weights, fits)
    se, used = np.full(len(values), np.nan), 0
    if replicates:
        drawn = []
        for block in bootstrap_factors(design, replicates=replicates, seed=pair.seed):
            factors = [block[design.first.cluster[p]] for p in places]
            drawn += [
                _again(pair, (weights[0] * one, weights[1] * two), fits, len(values))
                for one, two in zip(factors[0].T, factors[1].T, strict=True)
            ]
        se, used = replicate_error(np.array(drawn))
    n = (len(places[0]), len(places[1]))
    df = float(design.degrees_of_freedom(paired.rows))
    summary, detail = _tables(values, se, (CONSTANT, *terms.predictors), reach=(df, level))
    table = {
        name: scaled.spread @ b for name, b in zip(("first", "second", "reference"), fits[:3], strict=True)
    }
    coefficients = pd.DataFrame(table, index=pd.Index(terms.full_names, name="term"))
    return Nonlinear(summary, detail, coefficients, n, sides.missing, used)


def _check_options(method: str, reference: str, seed: int | None, *, needs_seed: bool) -> None:
    for found, known in ((method, [*_DETAILS]), (reference, ["first", "second", "neumark", "pooled"])):
        if found not in known:
            close = ", ".join(nearest(found, known) or known)
            raise AnalysisError("unknown option of a decomposition", found=found, expected=close)
    if needs_seed and seed is None:
        raise AnalysisError("this decomposition draws at random", found="no seed", fix="give seed=")


def _rescaled(terms: Terms, back: Floats) -> Terms:
    """Return the terms with the way from coefficients and means of standardised columns to full ones."""
    means = np.linalg.inv(back).T
    return Terms(
        terms.matrix[:0],
        terms.names,
        terms.owner,
        terms.full_names,
        terms.full_owner,
        terms.spread @ back,
        terms.values @ means,
    )


def _again(pair: _Pair, drawn: tuple[Floats, Floats], fits: Sequence[Floats], size: int) -> Floats:
    """Return the parts of one replicate, NaN where its logit has no answer."""
    try:
        return pair.parts(drawn, pair.fits(drawn, fits))
    except AnalysisError:
        return np.full(size, np.nan)


def _owners(terms: Terms) -> Floats:
    return np.array([[float(o == name) for name in (CONSTANT, *terms.predictors)] for o in terms.full_owner])


def _yun(pair: _Pair, shares: Sequence[Floats], fits: Sequence[Floats], parts: tuple[float, float]) -> Floats:
    """Return both parts by predictor, the constant first."""
    b = [pair.terms.spread @ f for f in fits[:3]]
    x = [pair.terms.values @ (s @ m) for s, m in zip(shares, pair.x, strict=True)]
    pulls = ((x[0] - x[1]) * b[2], x[0] * (b[0] - b[2]) + x[1] * (b[2] - b[1]))
    found = []
    for pull, part in zip(pulls, parts, strict=True):
        total = pull.sum()
        share = pull / total if abs(total) > 1e-12 else np.zeros(len(pull))
        found.append(part * share @ _owners(pair.terms))
    return np.array(found)


def _fairlie(
    pair: _Pair, shares: Sequence[Floats], fits: Sequence[Floats], _parts: tuple[float, float]
) -> Floats:
    """Return explained by predictor, averaged over orders; the unexplained part is not shared out."""
    columns = [pair.terms.columns_of(name) for name in pair.terms.predictors]
    found = switch_one_by_one(pair.x, shares, fits[2], columns=columns, orders=pair.orders, seed=pair.seed)
    explained = np.concatenate([[0.0], found])
    return np.array([explained, np.full(len(explained), np.nan)])


_DETAILS: dict[str, Callable[..., Floats]] = {"yun": _yun, "fairlie": _fairlie}


def _tables(
    values: Floats, se: Floats, predictors: tuple[str, ...], *, reach: tuple[float, float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    df, level = reach
    low, high = t_interval(values[:5], se[:5], np.full(5, df), level)
    gap = values[2]
    share = np.full(5, np.nan) if gap == 0 else np.array([np.nan, np.nan, *(values[2:5] / gap)])
    names = pd.Index(["first", "second", "gap", "explained", "unexplained"], name="part")
    summary = pd.DataFrame(
        {"value": values[:5], "share": share, "se": se[:5], "low": low, "high": high}, index=names
    )
    k = len(predictors)
    detail = pd.DataFrame(
        {
            "explained": values[5 : 5 + k],
            "explained_se": se[5 : 5 + k],
            "unexplained": values[5 + k :],
            "unexplained_se": se[5 + k :],
        },
        index=pd.Index(predictors, name="predictor"),
    )
    return summary, detail
