"""Speed of the index laboratory: Monte Carlo recipes, Sobol indices, rank confidence sets."""

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


def row(work: str, seconds: float, bar: float | None, note: str) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "work": work,
        "ours_s": round(seconds, 3),
        "peer": "",
        "peer_s": None,
        "ratio": None,
        "bar": None if bar is None else f"under {bar:g} s",
        "peak_mb": round(peak_mb()),
        "note": note,
    }


def rows() -> list[dict[str, Any]]:
    """Return the measurements; memory is the process's peak, which has to stay under 500 MB."""
    recipe, out = official_shape(), []
    for units, bar in ((20, 3.0), (228, 15.0)):
        values, errors = table(units)
        for figures in (False, True):
            choices = {**CHOICES, "figures": figures}

            def explore(values=values, errors=errors, choices=choices):  # type: ignore[no-untyped-def] # bound now
                return explore_index(values, recipe, seed=1, choices=choices, standard_errors=errors)

            note = f"{8 if figures else 7} choices at once" + (
                ", figures drawn from errors" if figures else ""
            )
            out.append(row(f"10,000 recipes, {units} x 56", median_time(explore), bar, note))
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
    print(pd.DataFrame(rows()).drop(columns=["peer", "peer_s", "ratio"]).to_string(index=False))
