"""Speed of the index laboratory: Monte Carlo recipes beside a plain loop, Sobol indices, rank sets."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from childatlas.measures.ranks import rank_confidence
from childatlas.measures.robustness import explore_index
from childatlas.measures.sobol import sobol_index

BETTER, WORSE = "higher_is_better", "higher_is_worse"
CHOICES: dict[str, Any] = {
    "weights": {"indicator": 0.25, "component": 0.25, "area": 0.25},
    "normalisation": ["min-max", "percentile-rank", {"method": "z-score", "centre": 100, "spread": 10}],
    "aggregation": ["arithmetic", "geometric", "harmonic"],
    "imputation": ["none", "nearest"],
    "leave_out": True,
}


def official_shape() -> dict[str, Any]:
    """Return 4 areas, 14 components, 56 indicators."""
    components = [f"c{n}" for n in range(14)]
    areas = ["child", "family", "policy", "country"]
    return {
        "levels": [{"id": "index"}, {"id": "area"}, {"id": "component"}],
        "groups": [
            *({"id": area, "level": "area"} for area in areas),
            *(
                {"id": c, "level": "component", "parent": areas[n * 4 // 14]}
                for n, c in enumerate(components)
            ),
        ],
        "indicators": [
            {"id": f"i{n}", "parent": components[n // 4], "direction": BETTER if n % 2 else WORSE}
            for n in range(56)
        ],
    }


def table(units: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return figures with three in a hundred missing, and their standard errors."""
    rng = np.random.default_rng(0)
    values = rng.normal(50, 10, (units, 56))
    values[rng.random(values.shape) < 0.03] = np.nan
    frame = pd.DataFrame(values, [f"u{n:03d}" for n in range(units)], [f"i{n}" for n in range(56)])
    return frame, frame * 0 + 3.0


PEER = "a loop in pandas"
PEER_DRAWS = 200


def pandas_loop(values: pd.DataFrame, *, draws: int, seed: int) -> pd.DataFrame:
    """Return ranks (draws x units) of the same choices as an analyst writes them: one recipe after another.

    Every choice of `CHOICES` without the errors of the figures, by table and by column, nothing shared
    between recipes but the imputed table. COINr cannot be had here; this is what its loop does, in pandas.
    """
    rng, recipe = np.random.default_rng(seed), official_shape()
    sign = pd.Series({i["id"]: 1.0 if i["direction"] == BETTER else -1.0 for i in recipe["indicators"]})
    component = pd.Series({i["id"]: i["parent"] for i in recipe["indicators"]})
    area = pd.Series({g["id"]: g["parent"] for g in recipe["groups"] if "parent" in g})
    tables = [values, _filled(values)]
    ranks = []
    for _ in range(draws):
        table, power = tables[rng.integers(2)] * sign, (1, 0, -1)[rng.integers(3)]
        x = _normalised(table, rng.integers(3), lifted=power != 1)
        weight = pd.Series(rng.uniform(0.75, 1.25, 56), x.columns)
        out = rng.integers(57)
        if out:
            weight.iloc[out - 1] = 0.0
        for above in (component, area, pd.Series("index", area.unique())):
            x = _mean_of_groups(x, weight, above, power)
            weight = pd.Series(rng.uniform(0.75, 1.25, x.shape[1]), x.columns)
        ranks.append(x["index"].rank(method="min"))
    return pd.DataFrame(ranks).reset_index(drop=True)


def _filled(values: pd.DataFrame) -> pd.DataFrame:
    z = (values - values.mean()) / values.std()
    filled = values.copy()
    for unit in values.index:
        near = ((z - z.loc[unit]) ** 2).mean(axis=1).drop(unit).sort_values().index
        for column in values.columns[values.loc[unit].isna()]:
            donors = [u for u in near if pd.notna(values.loc[u, column])][:3]
            filled.loc[unit, column] = values.loc[donors, column].mean()
    return filled


def _normalised(x: pd.DataFrame, way: int, *, lifted: bool) -> pd.DataFrame:
    low = 1.0 if lifted else 0.0
    if way == 0:
        return low + (100 - low) * (x - x.min()) / (x.max() - x.min())
    if way == 1:
        return low + (100 - low) * (x.rank(method="min") - 1) / (x.count() - 1)
    return 100 + 10 * (x - x.mean()) / x.std()


def _mean_of_groups(x: pd.DataFrame, weight: pd.Series, above: pd.Series, power: int) -> pd.DataFrame:
    columns = {}
    for group, names in above.groupby(above).groups.items():
        own, w = x[list(names)], weight[list(names)]
        raised = np.log(own) if power == 0 else own if power == 1 else 1 / own
        present = own.notna() * w
        mean = (raised * w).sum(axis=1) / present.sum(axis=1)
        score = np.exp(mean) if power == 0 else mean if power == 1 else 1 / mean
        columns[group] = score.where(present.sum(axis=1) >= 0.5 * w.sum())
    return pd.DataFrame(columns)


def peer_time(values: pd.DataFrame) -> tuple[float, pd.Series]:
    """Return the seconds the loop needs for 10,000 recipes, from fewer, and the mean rank of each unit."""
    pandas_loop(values, draws=5, seed=0)
    start = time.perf_counter()
    ranks = pandas_loop(values, draws=PEER_DRAWS, seed=1)
    return (time.perf_counter() - start) * 10_000 / PEER_DRAWS, ranks.mean()


def median_time(work: Callable[[], object], *, runs: int = 3) -> float:
    """Return the median wall time of `runs` after one warm-up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_mb() -> float:
    """Return the highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(
    work: str, seconds: float, bar: float | None, note: str, *, peer_s: float | None = None
) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "work": work,
        "ours_s": round(seconds, 3),
        "peer": "" if peer_s is None else PEER,
        "peer_s": None if peer_s is None else round(peer_s, 1),
        "ratio": None if peer_s is None else round(peer_s / seconds, 1),
        "bar": None if bar is None else f"under {bar:g} s",
        "peak_mb": round(peak_mb()),
        "note": note,
    }


def rows() -> list[dict[str, Any]]:
    """Return the measurements; memory is the process's peak, which has to stay under 500 MB."""
    recipe, out = official_shape(), []
    for units, bar in ((20, 3.0), (228, 15.0)):
        values, errors = table(units)
        peer_s, peer_ranks = peer_time(values)
        for figures in (False, True):
            choices = {**CHOICES, "figures": figures}

            def explore(values=values, errors=errors, choices=choices):  # type: ignore[no-untyped-def] # bound now
                return explore_index(values, recipe, seed=1, choices=choices, standard_errors=errors)

            seconds, note = median_time(explore), "8 choices at once, figures drawn from errors"
            if not figures:
                alike = explore().ranks["mean"].corr(peer_ranks)
                note = f"7 choices at once; peer: {PEER_DRAWS} recipes, scaled up; mean ranks r = {alike:.3f}"
            out.append(
                row(f"10,000 recipes, {units} x 56", seconds, bar, note, peer_s=None if figures else peer_s)
            )
    values, errors = table(20)
    eight = {**CHOICES, "figures": True}
    seconds = median_time(lambda: sobol_index(values, recipe, seed=1, choices=eight, standard_errors=errors))
    out.append(
        row("Sobol, 2,048 base points, 8 choices, 20 x 56", seconds, 10.0, "20,480 recipes, 500 bootstraps")
    )
    for units in (20, 228):
        rng = np.random.default_rng(1)
        scores = pd.Series(rng.normal(0, 3, units))
        ones = pd.Series(np.ones(units))
        seconds = median_time(lambda s=scores, e=ones: rank_confidence(s, e, direction=WORSE, seed=1), runs=3)  # type: ignore[misc]
        out.append(
            row(
                f"rank confidence sets, {units} units",
                seconds,
                None,
                "marginal and simultaneous, 2,000 draws",
            )
        )
    return out


if __name__ == "__main__":
    print(pd.DataFrame(rows()).to_string(index=False))
