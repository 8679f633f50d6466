"""Make sample.csv: a small two-stage sample with everything that a design can have. Python 3.11, numpy 2."""

from pathlib import Path

import numpy as np
import pandas as pd

rng = np.random.default_rng(20240601)
rows = []
for stratum, (drawn, population) in enumerate([(5, 40), (4, 12), (6, 90), (3, 30)]):
    for cluster in range(drawn):
        effect = rng.normal(0, 0.6)
        blocks = int(rng.integers(5, 12))
        for block in range(int(rng.integers(2, 4))):
            for _ in range(int(rng.integers(3, 8))):
                rows.append(  # noqa: PERF401
                    {
                        "stratum": f"s{stratum}",
                        "cluster": f"c{stratum}{cluster}",
                        "block": f"b{stratum}{cluster}{block}",
                        "fpc1": population,
                        "fpc2": blocks,
                        "weight": round(float(population / drawn * rng.uniform(2, 6)), 3),
                        "group": rng.choice(["north", "south", "west"]),
                        "y": round(float(50 + 8 * effect + rng.normal(0, 10)), 2),
                        "x": round(float(rng.uniform(5, 20)), 2),
                        "poor": int(rng.random() < 1 / (1 + np.exp(1 - effect))),
                        "rare": int(rng.random() < 0.03),
                    }
                )
frame = pd.DataFrame(rows)
frame.loc[rng.choice(len(frame), 9, replace=False), "y"] = np.nan
frame.to_csv(Path(__file__).with_name("sample.csv"), index=False)
