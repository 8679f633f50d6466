"""Emerging hotspots: Gi* on space-time neighbours, step by step, and what each place's history amounts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import columns as c
from .corrections import adjust_p
from .errors import AnalysisError, DataError
from .patterns import PATTERNS, pattern_of
from .trend import LEAST_STEPS, trends
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = ["REFERENCES", "EmergingHotspots", "emerging_hotspots", "space_time_scores"]

Floats = NDArray[np.float64]
Reference = Literal["entire cube", "neighbourhood time step", "individual time step"]
REFERENCES: Final = ("entire cube", "neighbourhood time step", "individual time step")


@dataclass(frozen=True)
class EmergingHotspots:
    """Emerging hotspots of a table of units x steps.

    Attributes
    ----------
    patterns : DataFrame
        One row a unit: ``pattern`` (see `pattern_table`), ``last_step`` the latest observed step, ``steps``,
        ``hot_steps``, ``cold_steps``, ``trend`` (``rising``, ``falling``, ``none``, ``unavailable``),
        ``trend_z``, ``trend_p`` of the Gi* scores, ``value_slope``, ``value_trend_p`` of the values
        themselves.
    scores, p, p_adjusted : DataFrame
        Gi* z score, its two-sided normal p and the p after correction over all bins; units x steps.
    labels : DataFrame
        ``hot spot``, ``cold spot``, ``not significant``, ``no neighbours`` or ``no data``; units x steps.
    notes : tuple of str
        What a reader of the map has to know, one sentence each; empty where nothing is to be said.
    """

    patterns: pd.DataFrame
    scores: pd.DataFrame
    p: pd.DataFrame
    p_adjusted: pd.DataFrame
    labels: pd.DataFrame
    notes: tuple[str, ...]


def emerging_hotspots(
    values: pd.DataFrame,
    w: Graph,
    *,
    reference: Reference = "entire cube",
    time_steps: int = 1,
    max_gap: float | None = None,
    alpha: float = 0.05,
    correction: str = "fdr",
) -> EmergingHotspots:
    """Return which places are new, intensifying, diminishing ... hot or cold spots over a series of steps.

    Every bin (unit and step) gets the Gi* score of `space_time_scores`; bins are significant where the
    corrected two-sided normal p is at most `alpha`; the trend is the exact Mann-Kendall test of a unit's
    scores; `pattern_of` names the history.

    Parameters
    ----------
    values : DataFrame
        Units x steps, columns in rising order (years). Missing bins stay missing: they enter no sum, and a
        unit's history is that of its observed steps, the latest of which counts as its last.
    w : Graph
        Spatial neighbours of the units, any weights.
    reference : {"entire cube", "neighbourhood time step", "individual time step"}
        Which bins give the mean and the spread that a neighbourhood is compared with: all; those of the
        step and the `time_steps` before it; those of the step alone.
    time_steps : int
        How many columns back a neighbourhood reaches; 0 looks at one step alone.
    max_gap : float, optional
        With numeric columns: a column further back in time than this is no neighbour (surveys many years
        apart).
    alpha : float
        Level of both the bins and the trend.
    correction : {"fdr", "by", "bonferroni", "sidak", "none"}
        Over all bins with a score. The default is that of ArcGIS.

    Returns
    -------
    EmergingHotspots

    Raises
    ------
    AnalysisError
        Units of `values` and `w` differ; columns do not rise; an unknown reference; `time_steps` is negative.
    DataError
        An infinite value.

    Notes
    -----
    Fewer than five observed steps cannot show a trend (the least exact two-sided p of four is 0.083):
    ``trend`` reads ``unavailable``, the patterns intensifying and diminishing cannot occur, and `notes`
    says so. Neighbouring bins of a unit share values, so that scores follow each other closely and the
    trend test, which takes them as independent, is generous; ArcGIS does the same. Cost: O(time_steps x
    pairs x steps).
    """
    scores, alone = _scores(values, w, reference, time_steps, max_gap)
    p = _normal_p(scores)
    p_adjusted = pd.DataFrame(adjust_p(p.to_numpy(), correction=correction), index=p.index, columns=p.columns)
    signs = np.sign(scores).where(p_adjusted <= alpha, 0.0).where(values.notna())
    table = _patterns(values, scores, signs, alpha)
    return EmergingHotspots(table, scores, p, p_adjusted, _labels(signs, alone), _notes(table, values))


def space_time_scores(
    values: pd.DataFrame,
    w: Graph,
    *,
    reference: Reference = "entire cube",
    time_steps: int = 1,
    max_gap: float | None = None,
) -> pd.DataFrame:
    r"""Return the Gi* z score of every unit and step on space-time neighbours.

    A bin's neighbourhood is the unit and its spatial neighbours in the step itself and in the `time_steps`
    columns before, each step with the same weights. With the N bins of the reference, their mean and their
    (population) standard deviation :math:`s`,
    :math:`z = (\sum w x - \bar x \sum w) / (s \sqrt{(N \sum w^2 - (\sum w)^2) / (N - 1)})`.

    Parameters
    ----------
    values, w, reference, time_steps, max_gap
        As in `emerging_hotspots`. The unit's own weight is the largest of its row (1 for an island).

    Returns
    -------
    DataFrame
        Units x steps; NaN where the bin is missing, where its neighbourhood is the bin alone or the whole
        reference, and where the reference has no spread.

    Raises
    ------
    AnalysisError, DataError
        As `emerging_hotspots`.

    Notes
    -----
    Ord and Getis (1995), Geographical Analysis 27, 286-306, equation for the standardised Gi*; null model:
    the values of the reference are exchangeable. With a neighbourhood that reaches outside its reference
    (individual time step, `time_steps` above 0) the formula is used as it stands, as ArcGIS does.
    """
    return _scores(values, w, reference, time_steps, max_gap)[0]


def _scores(
    values: pd.DataFrame, w: Graph, reference: str, time_steps: int, max_gap: float | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores, and which bins have no neighbour in space or time."""
    _check(values, reference, time_steps)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise DataError("a value is infinite", found=int(np.isinf(numbers).sum()), expected="finite values")
    seen = ~np.isnan(numbers)
    filled = np.where(seen, numbers, 0.0)
    star = _star(w, values.index)
    reach = _reach(values.columns, time_steps, max_gap)
    windows = {
        "entire cube": np.ones_like(reach),
        "neighbourhood time step": reach,
        "individual time step": np.eye(len(reach), dtype=bool),
    }
    n, mean, spread = _moments(filled, seen, windows[reference])
    total = (star @ filled) @ reach.T
    weight = (star @ seen.astype(float)) @ reach.T
    squares = (star.power(2) @ seen.astype(float)) @ reach.T
    members = ((star != 0).astype(float) @ seen.astype(float)) @ reach.T
    with np.errstate(invalid="ignore", divide="ignore"):  # undefined bins become NaN below
        width = spread * np.sqrt(np.maximum(n * squares - weight**2, 0.0) / (n - 1))
        z = (total - mean * weight) / width
    defined = seen & (members > 1) & (width > 1e-9 * np.abs(weight) * spread) & (spread > 0)
    table = pd.DataFrame(np.where(defined, z, np.nan), index=values.index, columns=values.columns)
    return table, pd.DataFrame(seen & (members <= 1), index=values.index, columns=values.columns)


def _check(values: pd.DataFrame, reference: str, time_steps: int) -> None:
    if not values.columns.is_monotonic_increasing or not values.columns.is_unique:
        raise AnalysisError("steps have to rise from left to right", found=list(values.columns)[:20])
    if reference not in REFERENCES:
        raise AnalysisError("unknown reference", found=repr(reference), expected=", ".join(REFERENCES))
    if time_steps < 0:
        raise AnalysisError("time_steps counts columns back in time", found=time_steps, expected="0 or more")


def _star(w: Graph, units: pd.Index) -> csr_array:
    """Return the weights in the order of `units`, the largest of each row on the diagonal."""
    from scipy.sparse import csr_array, diags_array

    aligned = align([pd.Series(0.0, index=units)], w)
    back = np.argsort(aligned.place)
    rows = csr_array(aligned.weights)[back][:, back]
    own = np.asarray(rows.max(axis=1).toarray()).ravel()
    return csr_array(rows + diags_array(np.where(own > 0, own, 1.0)))


def _reach(steps: pd.Index, time_steps: int, max_gap: float | None) -> NDArray[np.bool_]:
    """Return steps x steps: does the neighbourhood of the row's step reach the column's."""
    places = np.arange(len(steps))
    lag = places[:, None] - places[None, :]
    near: NDArray[np.bool_] = (lag >= 0) & (lag <= time_steps)
    if max_gap is None:
        return near
    if not pd.api.types.is_numeric_dtype(steps):
        raise AnalysisError("max_gap needs numeric steps", found=list(steps)[:5], expected="years, say")
    clock = steps.to_numpy(dtype=float)
    near &= clock[:, None] - clock[None, :] <= max_gap
    return near


def _moments(
    filled: Floats, seen: NDArray[np.bool_], back: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return number, mean and population standard deviation of each step's reference."""
    count = back.astype(float) @ seen.sum(axis=0)
    with np.errstate(invalid="ignore"):  # a step without any data
        mean = back.astype(float) @ filled.sum(axis=0) / count
    squares = [
        np.square(np.where(seen[:, row], filled[:, row] - m, 0.0)).sum()
        for row, m in zip(back, mean, strict=True)
    ]
    spread = np.sqrt(np.array(squares) / np.maximum(count, 1))
    scale = max(float(np.abs(filled).max(initial=0.0)), np.finfo(float).tiny)
    return count, mean, np.where(spread > 1e-12 * scale, spread, 0.0)


def _normal_p(scores: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import norm

    two = 2 * norm.sf(np.abs(scores.to_numpy(dtype=float)))
    return pd.DataFrame(two, index=scores.index, columns=scores.columns)


def _patterns(values: pd.DataFrame, scores: pd.DataFrame, signs: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Return the table of patterns, one row a unit."""
    of_scores, of_values = trends(scores), trends(values)
    able = of_scores["n"] >= LEAST_STEPS
    direction = np.sign(of_scores["s"]).where(able & (of_scores["p"] <= alpha), 0).astype(int)
    words = direction.map({1: "rising", -1: "falling", 0: "none"}).where(able, "unavailable")
    seen = signs.notna()
    names = [
        pattern_of(row[observed].astype(int), trend=way) if observed.any() else c.NO_DATA
        for row, observed, way in zip(signs.to_numpy(), seen.to_numpy(), direction, strict=True)
    ]
    latest = [signs.columns[np.flatnonzero(row)[-1]] if row.any() else np.nan for row in seen.to_numpy()]
    return pd.DataFrame(
        {
            "pattern": names,
            "last_step": latest,
            "steps": seen.sum(axis=1),
            "hot_steps": (signs > 0).sum(axis=1),
            "cold_steps": (signs < 0).sum(axis=1),
            "trend": words,
            "trend_z": of_scores["z"],
            "trend_p": of_scores["p"],
            "value_slope": of_values["slope"],
            "value_trend_p": of_values["p"],
        },
        index=values.index,
    )


def _labels(signs: pd.DataFrame, alone: pd.DataFrame) -> pd.DataFrame:
    words = {1.0: c.HOT_SPOT, -1.0: c.COLD_SPOT, 0.0: c.NOT_SIGNIFICANT}
    labels = signs.apply(lambda column: column.map(words))
    return labels.mask(alone, c.NO_NEIGHBOURS).where(signs.notna(), c.NO_DATA)


def _notes(table: pd.DataFrame, values: pd.DataFrame) -> tuple[str, ...]:
    """Return what has to stand under the map."""
    short = (table["steps"] > 0) & (table["steps"] < LEAST_STEPS)
    names = " and ".join(pattern.name for pattern in PATTERNS if pattern.needs_trend)
    late = table["last_step"].notna() & (table["last_step"] != values.columns.max())
    notes = []
    if short.any():
        notes.append(
            f"{int(short.sum())} of {len(table)} units have fewer than {LEAST_STEPS} observed steps, "
            f"which cannot show a trend: the patterns {names} are unavailable for them, "
            "and persistent means only that the spot was there in nearly every step."
        )
    if late.any():
        notes.append(
            f"{int(late.sum())} units have no value in the last step; "
            "their latest observed step counts as last."
        )
    return tuple(notes)
