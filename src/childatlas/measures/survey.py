"""Design-based means, ratios and totals of a survey, for the whole and for groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from childatlas.measures.design import Columns, Lonely
from childatlas.measures.domains import as_frame, build_domains, numbers, variable_names
from childatlas.measures.estimates import assemble_rows, estimate_ratio
from childatlas.measures.replicates import Replicates

__all__ = ["survey_mean", "survey_ratio", "survey_total"]


def survey_mean(
    data: Any,
    variable: str | Sequence[str],
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the weighted mean of a variable (of a 0/1 variable: the proportion) with its design-based error.

    Parameters
    ----------
    data : DataFrame or DuckDB relation
        One row an observed element; the whole sample, for domains are asked for with `by`.
    variable : str or sequence of str
        Numeric or yes/no columns. Missing values are left out as a domain and counted in ``missing``.
    weight : str or None
        Column of sampling weights, all positive.
    stratum, cluster, fpc : str, sequence of str (one per stage) or None
        The design; see `childatlas.measures.design.build_design`.
    by : str or sequence of str, optional
        Columns that form the groups.
    lonely : {"error", "certainty", "adjust", "average"}
        What a stratum with one cluster does.
    nest : bool
        Cluster numbers start again in every stratum.
    level : float
        Confidence of the interval.
    replicates : Replicates, optional
        Replicate weights: errors then come from them and the design's own stages are not used.

    Returns
    -------
    DataFrame
        ``estimate, se, low, high, cv, deff, n, effective_n, df, missing``; indexed by group, else by variable
        (by both for several variables). The interval is Student's with clusters less strata of the domain as
        degrees of freedom.

    Raises
    ------
    AnalysisError
        If a column is not there, or a lonely cluster leaves a variance undefined.
    DataError
        If weights are not positive or a cluster lies in two strata.

    Notes
    -----
    Linearisation of the ratio sum(w y) / sum(w) (Lumley 2010, Complex Surveys, section 2.2). The design
    effect compares with simple random sampling without replacement from as many as the weights add up to;
    where a weight is below 1 or all are 1 they do not add up to a population, and it compares with
    replacement.
    """
    frame = as_frame(data)
    domains = build_domains(
        frame,
        weight=weight,
        by=by,
        design={"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest},
    )
    names = variable_names(variable)
    ones = np.ones(len(frame))
    parts = [
        estimate_ratio(domains, numbers(frame, name), ones, level=level, replicates=replicates)
        for name in names
    ]
    return assemble_rows(parts, names, domains, single=isinstance(variable, str))


def survey_ratio(
    data: Any,
    variable: str,
    denominator: str,
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the ratio of two totals, sum(w y) / sum(w x), as `survey_mean` does for a mean.

    A row counts where both `variable` and `denominator` are known. The design effect is that of the mean
    of the residuals y - R x.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`.
    """
    frame = as_frame(data)
    domains = build_domains(
        frame,
        weight=weight,
        by=by,
        design={"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest},
    )
    part = estimate_ratio(
        domains, numbers(frame, variable), numbers(frame, denominator), level=level, replicates=replicates
    )
    return assemble_rows([part], [f"{variable}/{denominator}"], domains, single=True)


def survey_total(
    data: Any,
    variable: str | Sequence[str],
    *,
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    by: str | Sequence[str] | None = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    replicates: Replicates | None = None,
) -> pd.DataFrame:
    """Return the weighted total of a variable with its design-based error, as `survey_mean` does for a mean.

    Missing values add nothing and are counted.

    Raises
    ------
    AnalysisError, DataError
        As `survey_mean`.
    """
    frame = as_frame(data)
    domains = build_domains(
        frame,
        weight=weight,
        by=by,
        design={"stratum": stratum, "cluster": cluster, "fpc": fpc, "lonely": lonely, "nest": nest},
    )
    names = variable_names(variable)
    parts = [
        estimate_ratio(domains, numbers(frame, name), None, level=level, replicates=replicates)
        for name in names
    ]
    return assemble_rows(parts, names, domains, single=isinstance(variable, str))
