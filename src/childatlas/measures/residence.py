"""Town and village in each oblast: the gap, its interval, and how much of it is who lives there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from childatlas.errors import AnalysisError
from childatlas.measures.design import Columns, Lonely
from childatlas.measures.differences import survey_difference
from childatlas.measures.domains import as_frame, column
from childatlas.measures.oaxaca import oaxaca

__all__ = ["compare_residence"]

PARTS = ("composition", "structure")


def compare_residence(
    data: Any,
    outcome: str,
    predictors: Sequence[str],
    *,
    by: str | None,
    residence: str = "residence",
    groups: tuple[Any, Any] = ("rural", "urban"),
    reference: str = "pooled",
    weight: str | None,
    stratum: Columns = None,
    cluster: Columns = None,
    fpc: Columns = None,
    lonely: Lonely = "error",
    nest: bool = False,
    level: float = 0.95,
    categorical: Sequence[str] | None = None,
    replicates: int = 200,
    seed: int | None = None,
) -> pd.DataFrame:
    """Return the gap between village and town in each place, with intervals, and its two shares.

    Parameters
    ----------
    data, outcome, predictors, weight, stratum, cluster, fpc, lonely, nest, level, categorical
        As `oaxaca`.
    by : str or None
        The column of places; None for the whole alone.
    residence, groups
        The column and its two values; the gap is the first less the second.
    reference, replicates, seed
        As `oaxaca`.

    Returns
    -------
    DataFrame
        By place, with a last row ``all``: ``first, second, difference, se, low, high, p, ratio, ratio_low,
        ratio_high, n, df`` (from the design); ``composition`` (who they are: the explained part) and
        ``structure`` (where they live: the unexplained part) with ``_se`` and ``_share`` of the gap they
        take apart; ``missing`` rows; and a ``note`` where a place cannot be taken apart. The two parts add to
        ``explained_gap``, which is `difference` but for rows whose predictors are missing.

    Raises
    ------
    AnalysisError, DataError
        As `survey_difference`; if the bootstrap has no seed; or if the whole cannot be taken apart.

    Notes
    -----
    A share of a gap near zero says little: read it beside the interval of the difference.
    """
    if replicates and seed is None:
        raise AnalysisError("the bootstrap draws at random", found="no seed", fix="give seed=")
    frame = as_frame(data)
    options: dict[str, Any] = {
        "weight": weight,
        "stratum": stratum,
        "cluster": cluster,
        "fpc": fpc,
        "lonely": lonely,
        "nest": nest,
        "level": level,
    }
    model: dict[str, Any] = {
        **options,
        "between": residence,
        "groups": groups,
        "reference": reference,
        "categorical": categorical,
        "replicates": replicates,
        "seed": seed,
    }
    whole = survey_difference(frame, outcome, between=residence, groups=groups, **options)
    tables = [whole.set_axis(pd.Index(["all"], name=by))]
    rows = [_parts(frame, outcome, predictors, model, strict=True)]
    if by is not None:
        places = survey_difference(frame, outcome, between=residence, groups=groups, by=by, **options)
        of_row = column(frame, by)
        tables.insert(0, places)
        rows = [
            *(_parts(frame[of_row == p], outcome, predictors, model, strict=False) for p in places.index),
            *rows,
        ]
    table = pd.concat(tables)
    return table.join(pd.DataFrame(rows, index=table.index))


def _parts(
    frame: pd.DataFrame, outcome: str, predictors: Sequence[str], model: dict[str, Any], *, strict: bool
) -> dict[str, Any]:
    """Return composition and structure of one place; why not, where they cannot be had."""
    try:
        result = oaxaca(frame, outcome, predictors, **model)
    except AnalysisError as error:
        if strict:
            raise
        empty = {f"{part}{end}": np.nan for part in PARTS for end in ("", "_se", "_share")}
        return {"explained_gap": np.nan, **empty, "missing": 0, "note": error.what}
    row: dict[str, Any] = {"explained_gap": float(result.summary.loc["gap", "value"])}
    for part, name in zip(PARTS, ("explained", "unexplained"), strict=True):
        value, share, se = result.summary.loc[name, ["value", "share", "se"]]
        row |= {part: value, f"{part}_se": se, f"{part}_share": share}
    return {**row, "missing": result.missing, "note": ""}
