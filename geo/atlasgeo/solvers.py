"""The four ways to cut a connected tract into regions, through spopt; each returns one label a unit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .contiguity import Tract
from .older_weights import lent_random_state, older_weights

__all__ = ["SOLVERS", "within_squares"]

Labels = NDArray[np.int64]
Solver = Callable[[Tract, int, float | None, tuple[int, ...]], Labels]
_CONSTRUCTIONS: Final = 5  # random partitions that max-p starts from in a run
_ANNEALINGS: Final = 1  # improvements of each of the best partitions; more runs do more than more of these
_CANDIDATES: Final = 2


def within_squares(z: NDArray[np.float64], labels: Labels) -> float:
    """Return the sum of squares around the regions' means."""
    place = np.unique(labels, return_inverse=True)[1]
    size = np.bincount(place)
    means = np.column_stack([np.bincount(place, column) / size for column in z.T])
    return float(np.square(z - means[place]).sum())


def _maxp(tract: Tract, k: int, floor: float | None, seed: tuple[int, ...]) -> Labels:
    """Return as many regions as the floor allows; a tract below it is one region."""
    del k
    from spopt.region import MaxPHeuristic

    least = float(floor or 0.0)
    if tract.n == 1 or tract.population.sum() < 2 * least:
        return np.zeros(tract.n, dtype=np.int64)
    table, names = _table(tract)
    model = MaxPHeuristic(
        table, older_weights(tract.links), names, "people", least, _CANDIDATES, _CONSTRUCTIONS, _ANNEALINGS
    )
    with _seeded(seed):
        model.solve()
    return np.asarray(model.labels_, dtype=np.int64)


def _skater(tract: Tract, k: int, floor: float | None, seed: tuple[int, ...]) -> Labels:
    """Return k regions from cuts of the minimum spanning tree; nothing is random."""
    del floor
    from spopt.region import Skater

    return _cut(tract, k, seed, Skater)


def _azp(tract: Tract, k: int, floor: float | None, seed: tuple[int, ...]) -> Labels:
    """Return k regions by exchange of units at the borders, from a random start."""
    del floor
    from spopt.region import AZP

    if k == tract.n:
        return np.arange(k, dtype=np.int64)
    state = int(np.random.SeedSequence(seed).generate_state(1)[0])
    return _cut(tract, k, seed, partial(AZP, random_state=state))


def _ward(tract: Tract, k: int, floor: float | None, seed: tuple[int, ...]) -> Labels:
    """Return k regions from Ward's tree over touching units; nothing is random."""
    del floor
    from spopt.region import WardSpatial

    return _cut(tract, k, seed, WardSpatial)


def _cut(tract: Tract, k: int, seed: tuple[int, ...], model: Callable[..., Any]) -> Labels:
    """Return what one of spopt's models makes of a tract and a number of regions."""
    if k <= 1 or tract.n == 1:
        return np.zeros(tract.n, dtype=np.int64)
    table, names = _table(tract)
    made = model(table, older_weights(tract.links), names, n_clusters=k)
    with _seeded(seed):
        made.solve()
    return np.asarray(made.labels_, dtype=np.int64)


SOLVERS: Final[dict[str, Solver]] = {"maxp": _maxp, "skater": _skater, "azp": _azp, "ward": _ward}


def _table(tract: Tract) -> tuple[pd.DataFrame, list[str]]:
    names = [f"z{i}" for i in range(tract.z.shape[1])]
    return pd.DataFrame(tract.z, columns=names).assign(people=tract.population), names


@contextmanager
def _seeded(seed: tuple[int, ...]) -> Iterator[None]:
    """Lend the seed to spopt, and hold back what its own code warns about."""
    with lent_random_state(*seed), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="spopt")
        warnings.filterwarnings("ignore", message=".*(islands|disconnected).*")
        yield
