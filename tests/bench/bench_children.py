"""Counting the deprivations of a census of children, against the straightforward pandas computation.

Each job runs in a process of its own, so that its peak memory is its own; files go to a temporary folder.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

LARGE, MIDDLE, REPEATS = 20_000_000, 5_000_000, 3
GROUPS = ["unit", "residence"]


def make(path: Path, children: int) -> float:
    """Write a census-like file and return the seconds it took."""
    import pandas as pd

    from atlasgeo.units import read_units
    from childatlas.definitions import read_definitions
    from childatlas.shipped import data_folder
    from childatlas.simulate.census import write_census
    from childatlas.simulate.model import build_model
    from childatlas.simulate.plan import read_plan

    figures = pd.read_csv(data_folder() / "indicators/kaz/figures.csv", dtype={"unit": str}, low_memory=False)
    units = read_units(data_folder() / "boundaries/kaz/units.csv")
    model = build_model(read_plan("kaz"), read_definitions("kaz"), figures=figures, gazetteer=units, seed=1)
    start = time.perf_counter()
    write_census(model, path, children=children, seed=1)
    return time.perf_counter() - start


def ours(path: Path) -> dict[str, float]:
    """Return a few totals of every Alkire-Foster and MODA number by district and residence."""
    from childatlas.definitions import read_definitions
    from childatlas.figures.microdata import open_microdata
    from childatlas.measures.deprivation import measure_deprivation
    from childatlas.measures.moda import count_dimensions
    from childatlas.measures.relations import PROFILE, count_relation

    definitions = read_definitions("kaz")
    items = [i.id for i in definitions.items]
    with open_microdata(path, memory_limit="1GB") as survey:
        relation = survey.relation.project(f"*, age_group AS {PROFILE}")
        counted = count_relation(relation, items, weight="weight", by=GROUPS, applies=definitions.applies())
    result = measure_deprivation(counted.histogram, definitions.weights(), definitions.cutoff)
    moda = count_dimensions(counted.histogram, definitions.dimension_items)
    least = moda.part("at least").droplevel([0, 1], axis=1)
    return {
        "groups": len(result.adjusted),
        "cells": len(counted.histogram.weight),
        "adjusted": float(result.adjusted.mean()),
        "two": float(least[2].mean()),
        "contribution": float(result.contribution["violence"].mean()),
    }


def plain(path: Path) -> dict[str, float]:
    """Return the same totals by the computation that pandas suggests."""
    import numpy as np
    import pandas as pd

    from childatlas.definitions import read_definitions

    definitions = read_definitions("kaz")
    items = [i.id for i in definitions.items]
    data = pd.read_parquet(path)
    ages, table = definitions.applies(), definitions.weights()
    scores, complete = pd.Series(0.0, index=data.index), pd.Series(True, index=data.index)
    for number, age in enumerate(ages.index):
        rows = data["age_group"] == number
        asked = [i for i in items if ages.loc[age, i]]
        complete[rows] = data.loc[rows, asked].notna().all(axis=1)
        scores[rows] = data.loc[rows, asked].fillna(0) @ table.loc[age, asked]
    data, scores = data[complete], scores[complete]
    poor = (scores >= definitions.cutoff - 1e-9).astype(float)
    columns = {"poor": poor, "depth": poor * scores}
    weights = table.to_numpy()[data["age_group"]]
    for j, item in enumerate(items):
        columns[f"censored_{item}"] = poor * data[item].fillna(0)
        columns[f"part_{item}"] = columns[f"censored_{item}"] * weights[:, j]
    lacks = {d: data[m].max(axis=1).fillna(0) for d, m in definitions.dimension_items.items()}
    count = sum(lacks.values())
    for dimension, flag in lacks.items():
        columns[f"dimension_{dimension}"] = flag
        for k in range(7):
            columns[f"overlap_{dimension}_{k}"] = flag * (count == k + 1)
    for k in range(1, 8):
        columns[f"least_{k}"] = (count >= k).astype(float)
    grouped = pd.DataFrame(columns).join(data[[*GROUPS, *items]]).groupby(GROUPS, observed=True)
    means, sums = grouped.mean(), grouped[[f"part_{i}" for i in items]].sum()
    shares = sums.div(grouped["depth"].sum(), axis=0)
    return {
        "groups": len(means),
        "cells": np.nan,
        "adjusted": float(means["depth"].mean()),
        "two": float(means["least_2"].mean()),
        "contribution": float(shares["part_violence"].mean()),
    }


JOBS = {"ours": ours, "plain": plain}


def measure(job: str, path: Path, repeats: int) -> dict[str, float]:
    """Return median seconds, peak MB and the numbers of a job, each time in a new process."""
    found = []
    for _ in range(repeats):
        command = [sys.executable, str(Path(__file__).resolve()), job, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        **found[0],
        "seconds": median(f["seconds"] for f in found),
        "cpu": median(f["cpu"] for f in found),
        "peak_mb": max(f["peak_mb"] for f in found),
    }


def rows() -> list[dict[str, object]]:
    """Return the benchmark's rows."""
    with tempfile.TemporaryDirectory() as folder:
        large, middle = Path(folder) / "large.parquet", Path(folder) / "middle.parquet"
        written = make(large, LARGE)
        make(middle, MIDDLE)
        whole = measure("ours", large, REPEATS)
        one, two = measure("ours", middle, REPEATS), measure("plain", middle, 1)
    for name in ("groups", "adjusted", "two", "contribution"):
        if abs(one[name] - two[name]) > 1e-9:
            raise ValueError(f"{name} differs: {one[name]} and {two[name]}")
    return [
        {"work": "write a census-like file, 20 million children x 20 items", "ours_s": written},
        {
            "work": "every Alkire-Foster and MODA number, 20 million x 20, districts x residence",
            "ours_s": whole["seconds"],
            "bar": "< 15 s, < 2,000 MB",
            "peak_mb": whole["peak_mb"],
            "note": f"{whole['groups']:.0f} groups, {whole['cells']:.0f} cells, {whole['cpu']:.1f} s of CPU",
        },
        {
            "work": "the same on 5 million",
            "ours_s": one["seconds"],
            "peer": "pandas, straightforward",
            "peer_s": two["seconds"],
            "ratio": two["seconds"] / one["seconds"],
            "bar": ">= 5 x and a fifth of the memory",
            "peak_mb": one["peak_mb"],
            "note": f"pandas {two['peak_mb']:.0f} MB; CPU {one['cpu']:.1f} and {two['cpu']:.1f} s; "
            "numbers agree to 1e-9",
        },
    ]


def main() -> None:
    """Run one job and print its numbers, or all and print the rows."""
    if len(sys.argv) == 3:
        start = time.perf_counter()
        numbers = JOBS[sys.argv[1]](Path(sys.argv[2]))
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(json.dumps({**numbers, "seconds": seconds, "cpu": cpu, "peak_mb": peak}))
        return
    for row in rows():
        print(row)


if __name__ == "__main__":
    main()
