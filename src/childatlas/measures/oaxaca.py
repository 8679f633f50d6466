"""The gap of two means taken apart by regression: who they are, and what that counts for where they live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError, nearest
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.estimates import t_interval
from childatlas.measures.moments import (
    REFERENCES,
    Moments,
    Scaling,
    build_scaling,
    moment_columns,
    read_moments,
    refuse_dependent,
    solve,
)
from childatlas.measures.paired import pair_groups
from childatlas.measures.resampling import bootstrap_sums, replicate_error
from childatlas.measures.terms import Terms

__all__ = ["Oaxaca", "oaxaca"]

Floats: TypeAlias = NDArray[np.float64]
THREEFOLD = "threefold"


@dataclass(frozen=True, eq=False)
class Oaxaca:
    """A gap and its parts.

    Attributes
    ----------
    summary : DataFrame
        Rows ``first, second, gap`` and the parts: ``explained`` and ``unexplained``, or ``endowments``,
        ``coefficients`` and ``interaction``. Columns ``value, share`` (of the gap), ``se, low, high``.
    terms : DataFrame
        What each column, bases and constant included, adds to each part: ``explained``, ``explained_se`` ...
    predictors : DataFrame
        The same summed over the categories of a predictor.
    coefficients : DataFrame
        ``first, second, reference`` and the means ``mean_first, mean_second``, by column.
    n : tuple of int
        Rows of the two groups.
    missing : int
        Rows of theirs left out because something was not known.
    replicates : int
        Bootstrap replicates that count; those in which predictors depend on each other do not.
    """

    summary: pd.DataFrame
    terms: pd.DataFrame
    predictors: pd.DataFrame
    coefficients: pd.DataFrame
    n: tuple[int, int]
    missing: int
    replicates: int


@dataclass(frozen=True, eq=False)
class _Parts:
    """The parts of the gap in each replicate (axis 0), by full column."""

    names: tuple[str, ...]
    outcome: Floats
    detail: Floats

    def flat(self, owners: Floats) -> Floats:
        """Return first, second, gap, parts, parts by column and by predictor in one row a replicate."""
        gap = self.outcome[:, :1] - self.outcome[:, 1:]
        whole, joined = self.detail.sum(axis=2), self.detail @ owners
        count = len(gap)
        blocks = (self.outcome, gap, whole, self.detail.reshape(count, -1), joined.reshape(count, -1))
        return np.hstack(blocks)


def oaxaca(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    between: str,
    groups: tuple[Any, Any],
    reference: str = "pooled",
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    categorical: Sequence[str] | None = None,
    normalise: bool = True,
    replicates: int = 1000,
    seed: int | None = None,
    level: float = 0.95,
) -> Oaxaca:
    """Return the Oaxaca-Blinder decomposition of the difference of two groups' means.

    Parameters
    ----------
    data : DataFrame or DuckDB relation
        The sample.
    outcome : str
        Numeric or yes/no (then a linear probability model; see `nonlinear_oaxaca` for a logit).
    predictors : sequence of str
        Numeric columns as they are; columns of words as categories.
    between, groups
        The column and the two of its values: the gap is the mean of the first less that of the second.
    reference : str
        Coefficients at which characteristics are valued: ``first``, ``second``, ``reimers`` (their mean),
        ``cotton`` (mean by population), ``neumark`` (both pooled), ``pooled`` (both pooled beside a 0/1
        column for the group, Jann 2008), or ``threefold`` for endowments, coefficients and interaction
        seen from the second group.
    weight, stratum, cluster, fpc, lonely, nest
        As `survey_mean`; without `cluster` each row is resampled.
    categorical : sequence of str, optional
        Predictors that are categories, where their type does not say it.
    normalise : bool
        Count the coefficients of a category from their mean, so that no part depends on the choice of base.
    replicates, seed
        Replicates of the rescaled bootstrap of clusters within strata, which needs a seed; 0 for no errors.
    level : float
        Confidence of Student's interval about the value.

    Returns
    -------
    Oaxaca

    Raises
    ------
    AnalysisError
        If the reference is unknown, a group has no complete row, predictors depend on each other within a
        group, or the bootstrap has no seed.
    DataError
        As `survey_mean`.

    Notes
    -----
    With b* the reference: gap = (x1 - x2)'b* + x1'(b1 - b*) + x2'(b* - b2). Cross-products are summed once
    for each cluster; all replicates are one matrix product and one batch of small solutions: O(C p^2 R).

    References
    ----------
    Oaxaca (1973), Int. Econ. Rev. 14, p. 693; Blinder (1973), J. Human Resources 8, p. 436; Jann (2008),
    Stata Journal 8, p. 453; Yun (2005), Economic Inquiry 43, p. 766; Rao, Wu and Yue (1992), Survey
    Methodology 18, p. 209.
    """
    known = [*REFERENCES, THREEFOLD]
    if reference not in known:
        raise AnalysisError(
            "unknown reference", found=reference, expected=", ".join(nearest(reference, known) or known)
        )
    if replicates and seed is None:
        raise AnalysisError("the bootstrap draws at random", found="no seed", fix="give seed=")
    options = {"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest}
    pair = pair_groups(
        data,
        outcome,
        predictors,
        between=between,
        groups=groups,
        weight=weight,
        design=options,
        categorical=categorical,
        normalise=normalise,
    )
    design, y, sides, terms = pair.design, pair.outcome, pair.sides, pair.terms
    scaling = build_scaling(terms, design.weight, pair.rows)
    columns = moment_columns(scaling.matrix, np.where(pair.rows, y, 0.0), design.weight, sides)
    size = len(terms.names)
    moments = read_moments(columns.sum(axis=0)[None], size)
    own = solve(moments.xx, moments.xy)
    refuse_dependent(own, terms, sides, groups)
    owners = _owners(terms)
    parts = _decompose(moments, reference, terms, scaling)
    errors, used = None, 0
    if replicates:
        sums = bootstrap_sums(design, columns, replicates=replicates, seed=int(seed or 0))
        drawn = _decompose(read_moments(sums, size), reference, terms, scaling).flat(owners)
        errors, used = replicate_error(drawn)
    df = float(design.degrees_of_freedom(pair.rows))
    summary, by_term, by_predictor = _tables(parts, errors, terms, owners, reach=(df, level))
    coefficients = _coefficients(moments, own, reference, terms, scaling)
    n = (int(sides.first.sum()), int(sides.second.sum()))
    return Oaxaca(summary, by_term, by_predictor, coefficients, n, sides.missing, used)


def _owners(terms: Terms) -> Floats:
    """Return full columns x predictors, 1 where the column is the predictor's."""
    names = list(dict.fromkeys(terms.full_owner))
    return np.array([[float(owner == name) for name in names] for owner in terms.full_owner])


def _decompose(moments: Moments, reference: str, terms: Terms, scaling: Scaling) -> _Parts:
    own = solve(moments.xx, moments.xy)
    back, means = terms.spread @ scaling.coefficients, terms.values @ scaling.means
    b = own @ back.T
    x = moments.means @ means.T
    if reference == THREEFOLD:
        parts = [
            (x[:, 0] - x[:, 1]) * b[:, 1],
            x[:, 1] * (b[:, 0] - b[:, 1]),
            (x[:, 0] - x[:, 1]) * (b[:, 0] - b[:, 1]),
        ]
        return _Parts(("endowments", "coefficients", "interaction"), moments.outcome, np.stack(parts, axis=1))
    star = REFERENCES[reference](moments, own) @ back.T
    explained = (x[:, 0] - x[:, 1]) * star
    unexplained = x[:, 0] * (b[:, 0] - star) + x[:, 1] * (star - b[:, 1])
    return _Parts(("explained", "unexplained"), moments.outcome, np.stack([explained, unexplained], axis=1))


def _tables(
    parts: _Parts, errors: Floats | None, terms: Terms, owners: Floats, *, reach: tuple[float, float]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    values = parts.flat(owners)[0]
    se = np.full(len(values), np.nan) if errors is None else errors
    head, k, full = 3 + len(parts.names), len(parts.names), len(terms.full_names)
    df, level = reach
    low, high = t_interval(values[:head], se[:head], np.full(head, df), level)
    gap = values[2]
    share = np.full(head, np.nan) if gap == 0 else values[:head] / gap
    share[:2] = np.nan
    columns = {"value": values[:head], "share": share, "se": se[:head], "low": low, "high": high}
    summary = pd.DataFrame(columns, index=pd.Index(["first", "second", "gap", *parts.names], name="part"))
    middle = head + k * full
    names = list(dict.fromkeys(terms.full_owner))
    by_term = _detail(parts.names, values[head:middle], se[head:middle], list(terms.full_names))
    by_predictor = _detail(parts.names, values[middle:], se[middle:], names)
    return summary, by_term.rename_axis("term"), by_predictor.rename_axis("predictor")


def _detail(parts: tuple[str, ...], values: Floats, se: Floats, names: list[str]) -> pd.DataFrame:
    table = {}
    for place, part in enumerate(parts):
        rows = slice(place * len(names), (place + 1) * len(names))
        table[part], table[f"{part}_se"] = values[rows], se[rows]
    return pd.DataFrame(table, index=names)


def _coefficients(
    moments: Moments, own: Floats, reference: str, terms: Terms, scaling: Scaling
) -> pd.DataFrame:
    back, means = terms.spread @ scaling.coefficients, moments.means[0] @ (terms.values @ scaling.means).T
    chosen = "second" if reference == THREEFOLD else reference
    star = REFERENCES[chosen](moments, own)[0]
    columns = (*(own[0] @ back.T), back @ star, *means)
    names = ("first", "second", "reference", "mean_first", "mean_second")
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=list(terms.full_names))
