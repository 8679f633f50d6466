"""Emerging hotspots: Gi* on space-time neighbours, step by step, and what each place's history amounts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from . import columns as c
from .bins import REFERENCES, Chance, Reference, bins_of, chance_of, scores_of, space_time_scores
from .clusters import Rules, warn_if_too_few
from .corrections import adjust_p
from .errors import AnalysisError
from .local_test import Inference
from .patterns import PATTERNS, pattern_of
from .seeds import Seed
from .trend import LEAST_STEPS, trends

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["REFERENCES", "EmergingHotspots", "emerging_hotspots", "space_time_scores"]


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
        Gi* z score, its two-sided p (normal, or by permutation) and the p after correction over all bins;
        units x steps.
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
    inference: Inference = "analytical",
    permutations: int = 9_999,
    seed: Seed | None = None,
) -> EmergingHotspots:
    """Return which places are new, intensifying, diminishing ... hot or cold spots over a series of steps.

    Every bin (unit and step) gets the Gi* score of `bins.space_time_scores`; bins are significant where the
    corrected two-sided p is at most `alpha`; the trend is the exact Mann-Kendall test of a unit's scores;
    `pattern_of` names the history.

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
    inference : {"analytical", "permutation"}
        The normal p of the score, as ArcGIS; or conditional permutation: a bin keeps its value and its
        neighbours, in space and time, are drawn from the other bins of its reference. The reference then has
        to hold the whole neighbourhood.
    permutations, seed
        For permutation, as in `local_moran`; `seed` is required there.

    Returns
    -------
    EmergingHotspots

    Raises
    ------
    AnalysisError
        Units of `values` and `w` differ; columns do not rise; an unknown word; `time_steps` is negative;
        permutation without a seed, or with neighbourhoods that reach outside their reference.
    DataError
        An infinite value.

    Warns
    -----
    AtlasWarning
        P cannot reach the threshold of the correction over so many bins; the message names the P that could.

    Notes
    -----
    Fewer than five observed steps cannot show a trend (the least exact two-sided p of four is 0.083):
    ``trend`` reads ``unavailable``, the patterns intensifying and diminishing cannot occur, and `notes`
    says so. Neighbouring bins of a unit share values, so that scores follow each other closely and the
    trend test, which takes them as independent, is generous; ArcGIS does the same. Cost: O(time_steps x
    pairs x steps); permutation adds the cost of `local_moran` for as many units as there are bins.
    """
    rules, chance = Rules("two-sided", correction, alpha, inference), None
    bins = bins_of(values, w, reference=reference, time_steps=time_steps, max_gap=max_gap)
    scores, alone = scores_of(bins)
    if inference == "analytical":
        p, side = _normal_p(scores), np.sign(scores)
    elif seed is None:
        raise AnalysisError("permutation needs a seed", fix="pass seed=1, or any whole number")
    else:
        chance = chance_of(bins, permutations=permutations, seed=seed)
        p, side = chance.p.where(scores.notna()), _side(scores, chance)
    p_adjusted = pd.DataFrame(adjust_p(p.to_numpy(), correction=correction), index=p.index, columns=p.columns)
    if chance is not None:
        warn_if_too_few(p.to_numpy(), p_adjusted.to_numpy(), chance.step.to_numpy(), rules, above=3)
    signs = side.where(p_adjusted <= alpha, 0.0).where(values.notna())
    table = _patterns(values, scores, signs, alpha)
    return EmergingHotspots(table, scores, p, p_adjusted, _labels(signs, alone), _notes(table, values))


def _normal_p(scores: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import norm

    two = 2 * norm.sf(np.abs(scores.to_numpy(dtype=float)))
    return pd.DataFrame(two, index=scores.index, columns=scores.columns)


def _side(scores: pd.DataFrame, chance: Chance) -> pd.DataFrame:
    """Return 1 for hot and -1 for cold; 0 where score and tail point different ways."""
    tail = chance.high.astype(float) * 2 - 1
    return np.sign(scores).where(np.sign(scores) == tail, 0.0)


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
