"""Hotspots of figures that carry errors: how far each unit's label survives what the figures do not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import columns as col
from .clusters import LABELS, Local, Rules, judge
from .draws import Rows, draw_shared, rows_of
from .error_draws import SCALES, Scale, draw_figures
from .errors import AnalysisError, DataError
from .hotspots import (
    cross_statistic,
    getis_ord,
    local_moran,
    quadrants_of,
    self_weights,
    sides_of,
    standardised,
)
from .kept_draws import KeptDraws, keep_draws
from .lagged import Lagged
from .local_test import Alternative, known
from .seeds import Seed, repeatable
from .threads import in_threads
from .values import Aligned, align

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["FRAGILE", "NOISE", "ROBUST", "STATISTICS", "hotspots_under_error"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Statistic = Literal["moran", "getis_ord"]
STATISTICS: Final = ("moran", "getis_ord")
ROBUST: Final = "robust"
FRAGILE: Final = "fragile"
NOISE: Final = "noise"
ROBUST_FROM: Final = 0.9
FRAGILE_FROM: Final = 0.5
WORST_SHARE: Final = 5  # a fifth
_FOUND: Final = {
    "moran": (col.HIGH_HIGH, col.LOW_LOW, col.HIGH_LOW, col.LOW_HIGH),
    "getis_ord": (col.HOT_SPOT, col.COLD_SPOT),
}
_OTHERS: Final = (col.NOT_SIGNIFICANT, col.CANNOT_BE_SIGNIFICANT, col.NO_NEIGHBOURS, col.NO_DATA)


def hotspots_under_error(
    draws: pd.DataFrame | None = None,
    w: Graph | None = None,
    *,
    estimates: pd.Series[Any] | None = None,
    standard_errors: pd.Series[Any] | None = None,
    scale: Scale = "identity",
    n_draws: int = 1_000,
    statistic: Statistic = "moran",
    worst: Literal["high", "low"] = "high",
    permutations: int = 9_999,
    seed: Seed,
    alternative: Alternative = "two-sided",
    correction: str = "fdr",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return how robust each unit's cluster label is to the errors of the figures, and where the worst are.

    Every draw of the figures is put through `local_moran` (or `getis_ord`, Gi*) with the very same
    permutations, so that labels differ between draws by the figures alone.

    Parameters
    ----------
    draws : DataFrame, optional
        Units x draws: what the figures could be, errors correlated as they are (replicates of a survey,
        posterior draws of a model). A missing value takes its unit out of that draw.
    w : Graph
        Neighbours, as in `local_moran`.
    estimates, standard_errors : Series, optional
        Instead of `draws`: figures and their standard errors in the figures' own unit. The draws are then
        made from the seed, independent between units.
    scale : {"identity", "logit", "log"}
        Scale on which the errors are normal; standard errors are carried over by the delta method.
        ``logit`` is for shares in (0, 1), ``log`` for positive figures.
    n_draws : int
        How many draws to make from estimates and errors.
    statistic : {"moran", "getis_ord"}
    worst : {"high", "low"}
        Which end of the figures is bad, for ``p_high``.
    permutations, alternative, correction, alpha
        As in `local_moran`.
    seed : int
        Of the permutations (those of ``local_moran(..., seed=seed)``) and, by a stream of its own, of the
        draws. A Generator or SeedSequence gives one whole number for both.

    Returns
    -------
    DataFrame
        On the index of the figures; columns in two levels, the second empty where one column says it all:

        - ``label_stability``: one column a label, the share of draws in which the unit bears it. It says
        how robust
          the label is, *not* the chance that the place truly is a hotspot: estimates carry their error
          once, and draws around them carry it twice.
        - ``cluster``: the plain answer, on the estimates or on the mean of the draws.
        - ``stability``: the share of draws that repeat the plain answer.
        - ``class``: ``robust`` where that share is at least 0.9, ``fragile`` from 0.5, else ``noise``;
        missing for
          units without data or neighbours.
        - ``p_high``: share of the draws with a value in which the mean of the unit and its neighbours (as
        a set)
          lies in the worst fifth: at most ceil(n / 5) units do at least as badly. It is a probability as
          far as the draws are draws from what is known about the figures.

    Raises
    ------
    AnalysisError
        Neither or both of draws and estimates; no graph; units differ; unknown words; fewer than one draw.
    DataError
        An infinite draw, a negative or missing standard error, an estimate outside the scale.

    Notes
    -----
    Null model and p as in `local_moran`. Without errors the answer is the plain answer. Cost: for D draws
    O(D (c P log P + n log P + P k)) in two threads, memory O(P k + n D).
    """
    rules, seed = Rules(alternative, correction, alpha), repeatable(seed)
    known(statistic, STATISTICS, "statistic")
    known(worst, ("high", "low"), "end")
    known(scale, SCALES, "scale")
    if w is None:
        raise AnalysisError("hotspots need neighbours", fix="pass w=build_neighbours(units)")
    if estimates is not None and standard_errors is not None and draws is None:
        figures = draw_figures(estimates, standard_errors, scale=scale, n_draws=n_draws, seed=seed)
        middle = pd.Series(estimates.to_numpy(dtype=float, na_value=np.nan), index=estimates.index)
    else:
        given = {"draws": draws, "estimates": estimates, "standard_errors": standard_errors}
        figures, middle = _figures(given)
    codes, high = _label_all(figures, w, _Ask(statistic, worst, rules, permutations, seed))
    plain = {"moran": local_moran, "getis_ord": getis_ord}[statistic](
        middle,
        w,
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        correction=correction,
        alpha=alpha,
    )
    return _table(plain[col.CLUSTER], codes, high, _FOUND[statistic] + _OTHERS)


@dataclass(frozen=True)
class _Ask:
    """What is asked of every draw."""

    statistic: Statistic
    worst: str
    rules: Rules
    permutations: int
    seed: int


def _figures(given: dict[str, Any]) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return checked draws, and their mean for the plain answer."""
    named = [name for name, value in given.items() if value is not None]
    if named != ["draws"]:
        raise AnalysisError(
            "give either draws, or estimates with standard_errors", found=", ".join(named) or "neither"
        )
    table = pd.DataFrame(given["draws"])
    if table.shape[1] < 1:
        raise AnalysisError("there is no draw", found=f"a table of {table.shape}")
    try:
        numbers = table.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError("draws are not numbers", found=str(error)[:100]) from error
    if np.isinf(numbers).any():
        raise DataError(
            "a draw is infinite", found=int(np.isinf(numbers).sum()), expected="finite or missing"
        )
    seen = ~np.isnan(numbers)
    count = np.maximum(seen.sum(axis=1), 1)
    first = numbers[:, :1]
    centre = np.where(seen, numbers - np.nan_to_num(first), 0.0).sum(axis=1) / count + np.nan_to_num(
        first[:, 0]
    )
    middle = pd.Series(np.where(seen.any(axis=1), centre, np.nan), index=table.index)
    return pd.DataFrame(numbers, index=table.index), middle


def _label_all(figures: pd.DataFrame, w: Graph, ask: _Ask) -> tuple[Codes, Floats]:
    """Return the place in LABELS of every unit and draw, and the share of draws in the worst fifth."""
    codes = np.full(figures.shape, LABELS.index(col.NO_DATA), dtype=np.int8)
    times, seen = np.zeros(len(figures)), np.zeros(len(figures))
    for columns in _alike(figures):
        part = figures.iloc[:, columns]
        aligned = align([part.iloc[:, 0]], w)
        seen[aligned.place] += len(columns)
        if aligned.n == 0:
            continue
        matrix = part.to_numpy()[aligned.place]
        rows = rows_of(aligned.weights)
        kept = keep_draws(draw_shared(rows, ask.permutations, ask.seed))
        codes[np.ix_(aligned.place, columns)] = _labels(matrix, aligned, kept, ask)
        times[aligned.place] += _in_worst_fifth(matrix, rows, ask.worst)
    return codes, np.divide(times, seen, out=np.full(len(figures), np.nan), where=seen > 0)


def _alike(figures: pd.DataFrame) -> Iterator[NDArray[np.intp]]:
    """Yield the draws that miss the same units."""
    pattern = np.unique(figures.isna().to_numpy(), axis=1, return_inverse=True)[1].ravel()
    for group in range(int(pattern.max(initial=-1)) + 1):
        yield np.flatnonzero(pattern == group)


def _labels(matrix: Floats, aligned: Aligned, kept: KeptDraws, ask: _Ask) -> Codes:
    """Return the labels of nodes x draws; draws that are equal are answered once."""
    distinct, again = np.unique(matrix, axis=1, return_inverse=True)
    answer = {"moran": _moran, "getis_ord": _getis_ord}[ask.statistic](aligned, kept)
    codes = np.empty(distinct.shape, dtype=np.int8)

    def job(column: int) -> None:
        codes[:, column] = judge(answer(np.ascontiguousarray(distinct[:, column])), ask.rules).cluster

    in_threads(job, range(distinct.shape[1]), work=distinct.size * 10)
    return codes[:, again.ravel()]


def _moran(aligned: Aligned, kept: KeptDraws) -> Callable[[Floats], Local]:
    del aligned
    rows = kept.draws.rows

    def answer(x: Floats) -> Local:
        field = Lagged(x, rows)
        factor = field.z / (float((field.z**2).mean()) or 1.0)
        local = cross_statistic(factor, field, kept.draws, count=kept.count)
        return replace(local, label=quadrants_of(field.z, field.lag))

    return answer


def _getis_ord(aligned: Aligned, kept: KeptDraws) -> Callable[[Floats], Local]:
    rows = kept.draws.rows
    own = self_weights(aligned, rows)

    def answer(x: Floats) -> Local:
        field = Lagged(x, rows)
        factor, constant = standardised(field, own, star=True)
        local = cross_statistic(factor, field, kept.draws, constant=constant, count=kept.count)
        return replace(local, label=sides_of(local, np.zeros(rows.n)))

    return answer


def _in_worst_fifth(matrix: Floats, rows: Rows, worst: str) -> Floats:
    """Return in how many draws each unit's neighbourhood lies in the worst fifth."""
    from scipy.sparse import csr_array, eye_array

    sets = csr_array((rows.matrix != 0).astype(float) + eye_array(rows.n, format="csr"))
    sign = 1 if worst == "high" else -1
    means = sign * (sets @ matrix) / np.asarray(sets.sum(axis=1)).reshape(-1, 1)
    size = np.maximum(np.abs(means).max(axis=0, keepdims=True), np.finfo(float).tiny)
    order = np.round(means / size, 9)
    few = -(-rows.n // WORST_SHARE)
    ranked = np.sort(order, axis=0)[::-1]
    # A unit is in if at most `few` units are at least as bad: it beats the first one that is left out.
    bar = ranked[few] if few < rows.n else np.full(matrix.shape[1], np.inf)
    return np.asarray((order > bar).sum(axis=1), dtype=np.float64)


def _table(plain: pd.Series[Any], codes: Codes, high: Floats, labels: tuple[str, ...]) -> pd.DataFrame:
    """Return the answer, columns in alphabetical order so that every way to index them is quick."""
    index = plain.index
    shares = {label: (codes == LABELS.index(label)).mean(axis=1) for label in labels}
    stability = pd.DataFrame(shares, index=index)
    own = plain.map(LABELS.index).to_numpy(dtype=np.int8)
    repeated = (codes == own[:, None]).mean(axis=1)
    kind = np.where(repeated >= ROBUST_FROM, ROBUST, np.where(repeated >= FRAGILE_FROM, FRAGILE, NOISE))
    judged = ~plain.isin([col.NO_DATA, col.NO_NEIGHBOURS]).to_numpy()
    columns: dict[tuple[str, str], Any] = {
        ("class", ""): pd.Series(kind.astype(object), index=index).where(judged),
        (col.CLUSTER, ""): plain,
        **{("label_stability", label): stability[label] for label in sorted(labels)},
        ("p_high", ""): pd.Series(high, index=index),
        ("stability", ""): pd.Series(repeated, index=index),
    }
    return pd.DataFrame(columns, index=index)
