"""A thousand bootstrap replicates of a decomposition, against fitting each replicate anew."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd

from childatlas.measures.oaxaca import oaxaca

CHILDREN, REPLICATES, PEER, REPEATS = 20_000, 1000, 20, 3
PREDICTORS = ["age", "sex", "size", "mother", "disability", "source"]


def make(seed: int = 1) -> pd.DataFrame:
    """Return a survey of children in clusters, with six predictors in twelve columns."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(CHILDREN) // 20
    rural = cluster % 2 == 1
    data = pd.DataFrame(
        {
            "weight": rng.uniform(1, 4, CHILDREN),
            "cluster": cluster,
            "stratum": cluster % 40,
            "residence": np.where(rural, "rural", "urban"),
            "age": rng.integers(0, 18, CHILDREN).astype(float),
            "sex": rng.choice(["boy", "girl"], CHILDREN),
            "size": rng.poisson(3 + rural, CHILDREN).astype(float),
            "mother": rng.choice(["higher", "primary", "secondary", "vocational"], CHILDREN),
            "disability": rng.choice(["no", "yes"], CHILDREN, p=[0.95, 0.05]),
            "source": rng.choice(["farming", "self-employment", "transfers", "wages"], CHILDREN),
        }
    )
    lift = 0.2 * data["size"] + (data["mother"] == "primary") * (1 + 0.5 * rural)
    return data.assign(y=lift + rng.normal(0, 1, CHILDREN))


def ours(data: pd.DataFrame, cluster: str | None) -> float:
    """Return the error of the explained part."""
    result = oaxaca(
        data,
        "y",
        PREDICTORS,
        between="residence",
        groups=("rural", "urban"),
        weight="weight",
        stratum="stratum" if cluster else None,
        cluster=cluster,
        replicates=REPLICATES,
        seed=1,
    )
    return float(result.summary.loc["explained", "se"])


def peer(data: pd.DataFrame) -> float:
    """Return the same from replicates that are drawn as rows and fitted one by one."""
    rng = np.random.default_rng(1)
    x = pd.get_dummies(data[PREDICTORS], drop_first=True, dtype=float).assign(one=1.0)
    rural = (data["residence"] == "rural").to_numpy()
    matrix = x.assign(rural=rural * 1.0).to_numpy()
    y, weight = data["y"].to_numpy(), data["weight"].to_numpy()
    members = [np.flatnonzero(data["cluster"] == c) for c in range(int(data["cluster"].max()) + 1)]
    stratum = data.groupby("cluster")["stratum"].first().to_numpy()
    found = []
    for _ in range(PEER):
        drawn = [rng.choice(own := np.flatnonzero(stratum == s), len(own) - 1) for s in np.unique(stratum)]
        rows = np.concatenate([members[c] for c in np.concatenate(drawn)])
        root = np.sqrt(weight[rows])
        beta = np.linalg.lstsq(matrix[rows] * root[:, None], y[rows] * root, rcond=None)[0]
        side = rural[rows]
        means = [np.average(matrix[rows][s], axis=0, weights=weight[rows][s]) for s in (side, ~side)]
        found.append(float((means[0] - means[1])[:-1] @ beta[:-1]))
    return float(np.std(found, ddof=1))


def timed(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """Return the median time of a work that was done once before, and its answer."""
    answer = work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times), answer


def rows() -> list[dict[str, object]]:
    """Return the benchmark's rows."""
    data = make()
    seconds, error = timed(lambda: ours(data, "cluster"), REPEATS)
    single, _ = timed(lambda: ours(data, None), REPEATS)
    slow, other = timed(lambda: peer(data), REPEATS)
    slow *= REPLICATES / PEER
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        {
            "work": f"Oaxaca-Blinder, {REPLICATES} bootstrap replicates of clusters, {CHILDREN} children",
            "ours_s": seconds,
            "peer": f"numpy, one fit a replicate (from {PEER})",
            "peer_s": slow,
            "ratio": slow / seconds,
            "bar": "< 20 s",
            "peak_mb": peak,
            "note": f"error of the explained part {error:.4f}, peer {other:.4f}",
        },
        {
            "work": f"the same, children drawn one by one ({CHILDREN} clusters of one)",
            "ours_s": single,
            "bar": "< 20 s",
            "peak_mb": peak,
        },
    ]


if __name__ == "__main__":
    for row in rows():
        print(row)
