"""Space-time bins: units x steps, what each bin's neighbourhood sums to, and what chance would give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .draws import Seed, draw_shared, rows_of
from .errors import AnalysisError, DataError
from .local_test import sum_moments, sum_test
from .seeds import repeatable
from .values import align

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

__all__ = [
    "REFERENCES",
    "Bins",
    "Chance",
    "Reference",
    "bins_of",
    "chance_of",
    "scores_of",
    "space_time_scores",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Reference = Literal["entire cube", "neighbourhood time step", "individual time step"]
REFERENCES: Final = ("entire cube", "neighbourhood time step", "individual time step")


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins in the order of the units' codes.

    Attributes
    ----------
    units, steps : Index
        Units sorted by code; steps as they came.
    index : Index
        The caller's index of units.
    values : array, shape (n, steps)
        Missing bins are 0.
    seen : array of bool, shape (n, steps)
    star : csr_array, shape (n, n)
        Spatial weights, the largest of each row on the diagonal.
    reach, window : array of bool, shape (steps, steps)
        Which steps the neighbourhood, and the reference, of the row's step hold.
    """

    units: pd.Index
    steps: pd.Index
    index: pd.Index
    values: Floats
    seen: Flags
    star: csr_array
    reach: Flags
    window: Flags

    def frame(self, table: NDArray[np.generic]) -> pd.DataFrame:
        """Return units x steps on the caller's index."""
        return pd.DataFrame(table, index=self.units, columns=self.steps).reindex(self.index)


def bins_of(
    values: pd.DataFrame, w: Graph, *, reference: str, time_steps: int, max_gap: float | None
) -> Bins:
    """Return the bins of a table of units x steps; parameters and errors as `space_time_scores`."""
    _check(values, reference, time_steps)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise DataError("a value is infinite", found=int(np.isinf(numbers).sum()), expected="finite values")
    aligned = align([pd.Series(0.0, index=values.index)], w)
    numbers = numbers[aligned.place]
    reach = _reach(values.columns, time_steps, max_gap)
    windows = {
        "entire cube": np.ones_like(reach),
        "neighbourhood time step": reach,
        "individual time step": np.eye(len(reach), dtype=bool),
    }
    seen = ~np.isnan(numbers)
    return Bins(
        aligned.codes,
        values.columns,
        values.index,
        np.where(seen, numbers, 0.0),
        seen,
        _star(aligned.weights, aligned.own),
        reach,
        windows[reference],
    )


def space_time_scores(
    values: pd.DataFrame,
    w: Graph,
    *,
    reference: Reference = "entire cube",
    time_steps: int = 1,
    max_gap: float | None = None,
) -> pd.DataFrame:
    r"""Return the Gi* z score of every unit and step on space-time neighbours.

    A bin's neighbourhood is the unit and its spatial neighbours in the step itself and in the `time_steps`
    columns before, each step with the same weights. With the N bins of the reference, their mean and their
    (population) standard deviation :math:`s`,
    :math:`z = (\sum w x - \bar x \sum w) / (s \sqrt{(N \sum w^2 - (\sum w)^2) / (N - 1)})`.

    Parameters
    ----------
    values, w, reference, time_steps, max_gap
        As in `spacetime.emerging_hotspots`. The unit's own weight is the graph's, else the largest of its row
        (1 for an island).

    Returns
    -------
    DataFrame
        Units x steps; NaN where the bin is missing, where its neighbourhood is the bin alone or the whole
        reference, and where the reference has no spread.

    Raises
    ------
    AnalysisError, DataError
        As `spacetime.emerging_hotspots`.

    Notes
    -----
    Ord and Getis (1995), Geographical Analysis 27, 286-306, equation for the standardised Gi*; null model:
    the values of the reference are exchangeable. With a neighbourhood that reaches outside its reference
    (individual time step, `time_steps` above 0) the formula is used as it stands, as ArcGIS does.
    O(`time_steps` x pairs x steps).
    """
    return scores_of(bins_of(values, w, reference=reference, time_steps=time_steps, max_gap=max_gap))[0]


def scores_of(bins: Bins) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores, and which bins have no neighbour in space or time."""
    seen, there, star = bins.seen, bins.seen.astype(float), bins.star
    n, mean, spread = _moments(bins)
    total = (star @ bins.values) @ bins.reach.T
    weight = (star @ there) @ bins.reach.T
    squares = (star.power(2) @ there) @ bins.reach.T
    members = ((star != 0).astype(float) @ there) @ bins.reach.T
    with np.errstate(invalid="ignore", divide="ignore"):  # undefined bins become NaN below
        width = spread * np.sqrt(np.maximum(n * squares - weight**2, 0.0) / (n - 1))
        z = (total - mean * weight) / width
    defined = seen & (members > 1) & (width > 1e-9 * np.abs(weight) * spread) & (spread > 0)
    return bins.frame(np.where(defined, z, np.nan)), bins.frame(seen & (members <= 1))


@dataclass(frozen=True)
class Chance:
    """What conditional permutation says of every bin.

    Attributes
    ----------
    p : DataFrame
        Two-sided, units x steps.
    high : DataFrame
        Whether the upper tail is the smaller one.
    step : DataFrame
        The smallest tail that random draws can show; 0 where every draw was enumerated or nothing was drawn.
    """

    p: pd.DataFrame
    high: pd.DataFrame
    step: pd.DataFrame


def chance_of(bins: Bins, *, permutations: int, seed: Seed) -> Chance:
    """Return how often chance reaches each bin's neighbourhood.

    A bin keeps its value; those of its neighbours, in space and in time, are drawn from the other bins of its
    reference, by the engine that serves all local statistics (`permutation.count_tails`).

    Raises
    ------
    AnalysisError
        A neighbourhood reaches outside its reference, so that there is nothing to draw from.
    """
    if (bins.reach & ~bins.window).any():
        raise AnalysisError(
            "neighbourhoods reach into steps that their reference does not hold",
            expected="a reference with every step of the neighbourhood",
            fix='pass time_steps=0, or reference="neighbourhood time step"',
        )
    seed = repeatable(seed)
    p, step = np.full(bins.seen.shape, np.nan), np.zeros(bins.seen.shape)
    high = np.zeros(bins.seen.shape, dtype=bool)
    for x, rows_at, matrix, (unit, column) in _worlds(bins):
        rows = rows_of(matrix)
        test = sum_test(draw_shared(rows, permutations, seed), x, rows)
        still = ~(sum_moments(x, rows)[1] > 0)
        here = unit[rows_at], column[rows_at]
        p[here] = np.where(still, 1.0, test.p("two-sided"))[rows_at]
        high[here] = (test.high < test.low)[rows_at]
        step[here] = np.where(rows.counts > 0, test.step, 0.0)[rows_at]
    return Chance(bins.frame(p), bins.frame(high), bins.frame(step))


def _worlds(bins: Bins) -> Iterator[tuple[Floats, Flags, csr_array, tuple[Places, Places]]]:
    """Yield each set of bins that are drawn from each other.

    Each item: values; which of them are asked about; weights between them, no self-weights; unit and step of
    each.
    """
    from scipy.sparse import csr_array, kron

    groups: dict[bytes, list[int]] = {}
    for place, row in enumerate(bins.window):
        groups.setdefault(row.tobytes(), []).append(place)
    for alike in groups.values():
        held = np.flatnonzero(bins.window[alike[0]])
        asked = np.isin(held, alike)
        step, unit = np.nonzero(bins.seen[:, held].T)
        nodes = step * len(bins.units) + unit
        links = csr_array(kron(bins.reach[np.ix_(held, held)] & asked[:, None], bins.star, format="csr"))
        matrix = csr_array(links[nodes][:, nodes])
        matrix.setdiag(0.0)
        matrix.eliminate_zeros()
        matrix.sort_indices()
        yield bins.values[unit, held[step]], asked[step], matrix, (unit, held[step])


def _check(values: pd.DataFrame, reference: str, time_steps: int) -> None:
    if not values.columns.is_monotonic_increasing or not values.columns.is_unique:
        raise AnalysisError("steps have to rise from left to right", found=list(values.columns)[:20])
    if reference not in REFERENCES:
        raise AnalysisError("unknown reference", found=repr(reference), expected=", ".join(REFERENCES))
    if time_steps < 0:
        raise AnalysisError("time_steps counts columns back in time", found=time_steps, expected="0 or more")


def _star(weights: csr_array, own: Floats) -> csr_array:
    """Return the weights with the graph's own self-weights, else the largest of each row, on the diagonal."""
    from scipy.sparse import csr_array, diags_array

    largest = np.asarray(weights.max(axis=1).toarray()).ravel()
    largest = np.where(largest > 0, largest, 1.0)
    return csr_array(weights + diags_array(np.where(own != 0, own, largest)))


def _reach(steps: pd.Index, time_steps: int, max_gap: float | None) -> Flags:
    """Return steps x steps: does the neighbourhood of the row's step reach the column's."""
    places = np.arange(len(steps))
    lag = places[:, None] - places[None, :]
    near: Flags = (lag >= 0) & (lag <= time_steps)
    if max_gap is None:
        return near
    if not pd.api.types.is_numeric_dtype(steps):
        raise AnalysisError("max_gap needs numeric steps", found=list(steps)[:5], expected="years, say")
    clock = steps.to_numpy(dtype=float)
    near &= clock[:, None] - clock[None, :] <= max_gap
    return near


def _moments(bins: Bins) -> tuple[Floats, Floats, Floats]:
    """Return number, mean and population standard deviation of each step's reference."""
    seen, filled, back = bins.seen, bins.values, bins.window
    count = back.astype(float) @ seen.sum(axis=0)
    with np.errstate(invalid="ignore"):  # a step without any data
        mean = back.astype(float) @ filled.sum(axis=0) / count
    squares = [
        np.square(np.where(seen[:, row], filled[:, row] - m, 0.0)).sum()
        for row, m in zip(back, mean, strict=True)
    ]
    spread = np.sqrt(np.array(squares) / np.maximum(count, 1))
    scale = max(float(np.abs(filled).max(initial=0.0)), np.finfo(float).tiny)
    return count, mean, np.where(spread > 1e-12 * scale, spread, 0.0)
