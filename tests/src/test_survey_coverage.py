"""How often intervals hold the truth, over thousands of simulated surveys (run by `make prove`)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from childatlas.measures.proportions import korn_graubard
from childatlas.measures.survey import survey_mean

SURVEYS = 2_000


def frame(strata: int, clusters: int, size: int, seed: int) -> pd.DataFrame:
    """Return a design: strata of clusters of children, weights that differ by a factor of three or so."""
    rng = np.random.default_rng(seed)
    rows = strata * clusters * size
    cluster = np.repeat(np.arange(strata * clusters), size)
    return pd.DataFrame({"h": cluster // clusters, "c": cluster, "w": np.exp(rng.normal(0, 0.3, rows))})


def outcomes(design: pd.DataFrame, share: float, correlation: float, seed: int) -> np.ndarray:
    """Return rows x surveys of 0 and 1; clusters share a chance from a beta with the given correlation."""
    rng = np.random.default_rng(seed)
    clusters = int(design["c"].max()) + 1
    scale = 1 / correlation - 1
    chance = rng.beta(share * scale, (1 - share) * scale, (clusters, SURVEYS))
    return (rng.random((len(design), SURVEYS)) < chance[design["c"]]).astype(float)


def tables(design: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    names = [f"y{i}" for i in range(values.shape[1])]
    data = pd.concat([design, pd.DataFrame(values, columns=names)], axis=1)
    return survey_mean(data, names, weight="w", stratum="h", cluster="c")


@pytest.mark.prove
@pytest.mark.parametrize("share", [0.2, 0.35, 0.5, 0.8])
@pytest.mark.parametrize(("strata", "clusters"), [(15, 3), (10, 5), (30, 2)])
def test_proportions_are_covered(share: float, strata: int, clusters: int) -> None:
    design = frame(strata, clusters, 12, seed=1)
    table = tables(design, outcomes(design, share, 0.05, seed=2))
    assert table["df"].iloc[0] >= 30
    covered = float(((table["low"] <= share) & (share <= table["high"])).mean())
    print(f"share {share}, {strata} x {clusters}: {covered:.3f}")
    assert 0.93 <= covered <= 0.97


@pytest.mark.prove
@pytest.mark.parametrize("kind", ["normal", "gamma"])
def test_means_are_covered(kind: str) -> None:
    design = frame(10, 5, 12, seed=3)
    rng = np.random.default_rng(4)
    effect = rng.normal(0, 0.3, (50, SURVEYS))[design["c"]]
    noise = rng.normal(0, 1, effect.shape) if kind == "normal" else rng.gamma(2, 1, effect.shape) - 2
    table = tables(design, effect + noise)
    covered = float(((table["low"] <= 0) & (table["high"] >= 0)).mean())
    print(f"mean, {kind}: {covered:.3f}")
    assert 0.93 <= covered <= 0.97


@pytest.mark.prove
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.3])
def test_korn_graubard_is_never_short(share: float) -> None:
    design = frame(10, 5, 12, seed=5)
    table = tables(design, outcomes(design, share, 0.04, seed=6))
    n = table["n"].to_numpy(float)
    low, high = korn_graubard(
        table["estimate"].to_numpy(), table["se"].to_numpy() ** 2, n, table["df"].to_numpy()
    )
    covered = float(((low <= share) & (share <= high)).mean())
    plain = float(((table["low"] <= share) & (share <= table["high"])).mean())
    print(f"rare share {share}: Korn-Graubard {covered:.3f}, Student {plain:.3f}")
    assert covered >= 0.94


@pytest.mark.prove
def test_other_cells_are_tabulated() -> None:
    rows = []
    for strata, clusters, correlation, share in [
        (5, 2, 0.05, 0.5), (5, 4, 0.05, 0.5), (10, 5, 0.2, 0.5), (10, 5, 0.05, 0.05), (2, 20, 0.05, 0.2),
    ]:  # fmt: skip
        design = frame(strata, clusters, 12, seed=7)
        table = tables(design, outcomes(design, share, correlation, seed=8))
        covered = float(((table["low"] <= share) & (share <= table["high"])).mean())
        rows.append((strata, clusters, correlation, share, table["df"].iloc[0], covered))
    found = pd.DataFrame(rows, columns=["strata", "clusters", "correlation", "share", "df", "covered"])
    print(found.to_string(index=False))
    assert (found["covered"] > 0.85).all()
