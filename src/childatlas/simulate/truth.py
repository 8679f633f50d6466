"""What is true of every place of the invented population: shares and counting measures, by quadrature."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import AnalysisError
from childatlas.simulate.model import NODES, WEIGHTS, Model

__all__ = ["true_values"]

Floats: TypeAlias = NDArray[np.float64]
_GRID = 5_000  # steps of the weighted score that are still worth counting exactly


def true_values(model: Model, definitions: Any) -> pd.DataFrame:
    """Return the truth for every district, oblast and the country, by residence and in total.

    Returns
    -------
    DataFrame
        Indexed by ``unit, residence``: ``level``, ``children``, the share of each item among those it applies
        to, ``headcount, intensity, adjusted`` at the definitions' cutoff, ``dimension_<id>`` (share lacking
        it), and ``flag``, which is ``synthetic`` in every row.

    Notes
    -----
    Given the common cause items are independent: the weighted score's distribution is a convolution of
    two-point ones, exact on the grid of the weights' common denominator, then integrated over 31 nodes.
    """
    per_age = [_area_values(model, definitions, age) for age in range(len(model.ages))]
    table = model.areas[["unit", "oblast", "residence", "children"]].copy()
    for name in per_age[0]:
        table[name] = sum(share * part[name] for share, part in zip(model.age_share, per_age, strict=True))
    for j, item in enumerate(model.items):
        applies = model.applies[:, j]
        asked = float(model.age_share[applies].sum())
        table[item] = table[item] / asked if asked > 0 else np.nan
    parts = [
        _sum(table.assign(place=table["unit"]), "district"),
        _sum(table.assign(place=table["oblast"]), "oblast"),
    ]
    parts.append(_sum(table.assign(place=model.country), "country"))
    result = pd.concat(parts).set_index(["place", "residence"]).rename_axis(["unit", "residence"])
    result["intensity"] = result["adjusted"] / result["headcount"]
    result["flag"] = "synthetic"
    return result


def _sum(table: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return the rows of each place by residence and in total, weighted by children."""
    values = [c for c in table.columns if c not in {"unit", "oblast", "residence", "children", "place"}]
    both = pd.concat([table, table.assign(residence="total")])
    weighted = (
        both[values]
        .mul(both["children"], axis=0)
        .assign(place=both["place"], residence=both["residence"], children=both["children"])
    )
    summed = weighted.groupby(["place", "residence"], sort=True).sum()
    summed[values] = summed[values].div(summed["children"], axis=0)
    return summed.reset_index().assign(level=level)


def _area_values(model: Model, definitions: Any, age: int) -> dict[str, Floats]:
    """Return what holds for children of one age in each area."""
    areas = len(model.areas)
    items = [i.id for i in definitions.items]
    weights = definitions.weights().iloc[age].to_numpy(dtype=float)
    grid, steps = _grid(weights)
    dimensions = definitions.dimension_items
    sums: dict[str, Floats] = {name: np.zeros(areas) for name in (*model.items, "headcount", "adjusted")}
    sums |= {f"dimension_{d}": np.zeros(areas) for d in dimensions}
    everywhere = np.arange(areas)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        chance = model.chance(everywhere, np.full(areas, model.spread * node), np.full(areas, age))
        for j, name in enumerate(model.items):
            sums[name] += weight * chance[:, j]
        score = _score_distribution(chance[:, : len(items)], steps, grid)
        levels = np.arange(grid + 1) / grid
        poor = levels >= definitions.cutoff - 1e-9
        sums["headcount"] += weight * score[:, poor].sum(axis=1)
        sums["adjusted"] += weight * score[:, poor] @ levels[poor]
        for dimension, members in dimensions.items():
            places = [items.index(m) for m in members]
            sums[f"dimension_{dimension}"] += weight * (1 - np.prod(1 - chance[:, places], axis=1))
    return sums


def _grid(weights: Floats) -> tuple[int, NDArray[np.int64]]:
    """Return the common denominator of the weights, and each weight in its steps."""
    fractions = [Fraction(float(w)).limit_denominator(2_000) for w in weights]
    grid = lcm(*(f.denominator for f in fractions))
    if grid > _GRID or abs(float(sum(fractions)) - 1) > 1e-9:
        raise AnalysisError(
            "the truth of weighted counts needs weights that are simple fractions",
            found=[str(f) for f in fractions],
            expected=f"a common denominator of at most {_GRID}",
        )
    return grid, np.array([f.numerator * (grid // f.denominator) for f in fractions], dtype=np.int64)


def _score_distribution(chance: Floats, steps: NDArray[np.int64], grid: int) -> Floats:
    result = np.zeros((len(chance), grid + 1))
    result[:, 0] = 1.0
    for j, step in enumerate(steps):
        if step == 0:
            continue
        p = chance[:, j : j + 1]
        moved = np.zeros_like(result)
        moved[:, step:] = result[:, :-step] * p
        result = result * (1 - p) + moved
    return result
