"""What the errors of the figures leave of ranks and clusters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.columns import UNIT
from childatlas.layers import Geography, Layer

if TYPE_CHECKING:
    from childatlas.study import StatisticsPlan

__all__ = ["rank_table", "stability_table", "with_uncertainty"]

_FEWEST: Final = 4


def with_uncertainty(
    layer: Layer, geography: Geography, plan: StatisticsPlan, *, seed: int, draws: int
) -> Layer:
    """Return the layer with confidence sets of its ranks and the stability of its clusters under the errors.

    A layer without errors, without ranks or with too few values is returned as it is. Units whose figure is
    missing or suppressed take no part.

    Parameters
    ----------
    layer : Layer
    geography : Geography
    plan : StatisticsPlan
    seed : int
    draws : int
        Of the figures from their errors; 0 for no stability of clusters.

    Notes ----- Ranks: `childatlas.measures.ranks.rank_confidence` at 95 %, the worst fifth being k. Clusters:
    local Moran on normal draws around the figures, independent between units, with the permutations of the
    layer's own statistic.
    """
    errors, values = layer.standard_errors, layer.values
    if errors is None or layer.is_count or layer.direction == "neutral" or layer.from_above:
        return layer
    both = values.notna() & errors.notna()
    if int(both.sum()) < _FEWEST:
        return layer
    from childatlas.measures.ranks import rank_confidence

    known, spread = values.where(both), errors.where(both)
    ranks = rank_confidence(known, spread, direction=layer.direction, seed=seed)
    found = replace(layer, rank_sets=ranks.table)
    if not draws or layer.local_moran is None or geography.neighbours is None:
        return found
    from atlasgeo import hotspots_under_error

    stability = hotspots_under_error(
        w=geography.neighbours,
        draws=_draws(known, spread, seed=seed, draws=draws),
        worst="high" if layer.direction == "higher_is_worse" else "low",
        permutations=plan.permutations,
        seed=seed,
        correction=plan.correction,
        alpha=plan.alpha,
    )
    return replace(found, stability=stability)


def _draws(values: pd.Series, errors: pd.Series, *, seed: int, draws: int) -> pd.DataFrame:
    """Return normal draws of the figures, missing where a figure is."""
    noise = np.random.default_rng([seed, 7]).standard_normal((len(values), draws))
    drawn = values.to_numpy(dtype=float)[:, None] + errors.to_numpy(dtype=float)[:, None] * noise
    return pd.DataFrame(drawn, index=values.index)


def rank_table(layers: tuple[Layer, ...]) -> pd.DataFrame:
    """Return the confidence sets of all layers, a row a unit that has a rank."""
    parts = [
        layer.rank_sets.dropna(subset=["estimate"])
        .rename_axis(UNIT)
        .reset_index()
        .assign(layer=layer.key, year=layer.year)
        for layer in layers
        if layer.rank_sets is not None
    ]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return table[["layer", "year", *[c for c in table.columns if c not in ("layer", "year")]]]


def stability_table(layers: tuple[Layer, ...]) -> pd.DataFrame:
    """Return how far the clusters of all layers hold under their errors, a row a unit.

    Columns ``cluster`` (on the mean of the draws), ``stability`` (share of draws that repeat it), ``class``
    (robust, fragile, noise), ``p_high`` (share of draws in which the unit's surroundings are in the worst
    fifth) and ``label_stability_<label>``.
    """
    parts = []
    for layer in layers:
        if layer.stability is None:
            continue
        table = layer.stability.copy()
        table.columns = pd.Index(["_".join(filter(None, pair)).replace(" ", "_") for pair in table.columns])
        table = table.rename_axis(UNIT).reset_index()
        table.insert(0, "layer", layer.key)
        table.insert(1, "year", layer.year)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
