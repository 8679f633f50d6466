"""Weights from public votes: a table of ballots becomes weights, with their uncertainty and who differs.

Every ballot has one vote to give, whatever its kind; a weight is the mean share of the votes that an
option got.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from childatlas.errors import DataError, StudyError
from childatlas.measures.normalise import Array

__all__ = ["BallotKind", "Votes", "ballot_points", "redraw_votes", "vote_weights"]

BallotKind = Literal["choice", "approval", "points", "ranking"]
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Votes:
    """Weights that ballots give.

    Attributes
    ----------
    weights : DataFrame
        Indexed by option: ``weight, se, low, high`` (percentiles of the bootstrap), ``share_named`` (ballots
        that gave the option anything).
    draws : DataFrame
        Bootstrap draws x options.
    counted, empty : int
        Ballots that were counted, and those that named nothing and were left out.
    groups : DataFrame
        One row a group of voters and option: ``group, option, weight, n, difference`` from all other
        voters, ``se, p`` (Welch), ``p_adjusted`` (Benjamini-Hochberg over all rows). Empty without groups.
    """

    weights: pd.DataFrame
    draws: pd.DataFrame
    counted: int
    empty: int
    groups: pd.DataFrame


def ballot_points(ballots: pd.DataFrame, *, kind: BallotKind) -> pd.DataFrame:
    """Return ballots x options with each ballot's one vote split among its options; empty ballots are NaN.

    Parameters
    ----------
    ballots : DataFrame
        ``choice``: one column with the option chosen. Else one column an option: ``approval`` 0 or 1, each
        approved option getting an equal share; ``points`` of 0 or more, in proportion; ``ranking`` 1 for
        the most important and empty where not ranked, by Borda points (options - rank + 1).

    Raises
    ------
    StudyError
        If the kind is none of the four.
    DataError
        If a cell is not what its kind allows; ballot and option are named.
    """
    if kind not in ("choice", *_POINTS):
        raise StudyError("unknown kind of ballots", found=kind, expected=", ".join(("choice", *_POINTS)))
    if kind == "choice":
        if ballots.shape[1] != 1:
            raise DataError(
                "ballots of one choice have one column",
                found=f"{ballots.shape[1]} columns",
                expected="the option chosen",
                fix="name another kind: approval, points or ranking",
            )
        raw = pd.get_dummies(ballots.iloc[:, 0], dtype=float)
    else:
        raw = _POINTS[kind](_numbers(ballots))
    if raw.shape[1] == 0 or len(raw) == 0:
        raise DataError("there are no ballots to count", found=f"{len(ballots)} rows")
    total = raw.sum(axis=1)
    return raw.div(total.where(total > 0), axis=0)


def _numbers(ballots: pd.DataFrame) -> pd.DataFrame:
    numbers = ballots.apply(pd.to_numeric, errors="coerce")
    wrong = (numbers.isna() & ballots.notna()) | np.isinf(numbers)
    _refuse(ballots, wrong, "a number")
    return numbers.astype(float)


def _refuse(ballots: pd.DataFrame, wrong: pd.DataFrame, expected: str) -> None:
    rows, columns = np.nonzero(wrong.to_numpy())
    if rows.size:
        raise DataError(
            "a ballot cannot be read",
            where=f"ballot {ballots.index[rows[0]]}, option {ballots.columns[columns[0]]}",
            found=repr(ballots.iloc[int(rows[0]), int(columns[0])]),
            expected=expected,
            fix=f"correct or drop the ballot ({rows.size} such cells)",
        )


def _approval(ballots: pd.DataFrame) -> pd.DataFrame:
    _refuse(ballots, ~ballots.isin([0, 1]) & ballots.notna(), "0 or 1")
    return ballots.fillna(0.0)


def _points(ballots: pd.DataFrame) -> pd.DataFrame:
    _refuse(ballots, ballots < 0, "points of 0 or more")
    return ballots.fillna(0.0)


def _ranking(ballots: pd.DataFrame) -> pd.DataFrame:
    options = ballots.shape[1]
    wrong = ballots.notna() & ((ballots < 1) | (ballots > options) | (ballots % 1 != 0))
    _refuse(ballots, wrong, f"a whole rank from 1 to {options}, or nothing")
    return (options - ballots + 1).fillna(0.0)


_POINTS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "approval": _approval,
    "points": _points,
    "ranking": _ranking,
}


def vote_weights(
    ballots: pd.DataFrame,
    *,
    kind: BallotKind,
    seed: int,
    draws: int = 2_000,
    level: float = 0.95,
    groups: pd.Series | None = None,
    population: pd.Series | None = None,
) -> Votes:
    """Return the weights that public votes give, with bootstrap intervals and differences between voters.

    Parameters
    ----------
    ballots : DataFrame
        As in `ballot_points`.
    kind : {"choice", "approval", "points", "ranking"}
    seed : int
    draws : int
        Bootstrap draws of whole ballots with replacement.
    groups : Series, optional
        Group of each voter (age, residence, role), on the index of `ballots`.
    population : Series, optional
        Share of each group in the population: those who vote are not those who live here, and each group then
        counts by its share (post-stratification; ballots are drawn within groups).

    Raises
    ------
    DataError
        If a ballot cannot be read, none names an option, or groups and `population` do not fit.
    """
    points = ballot_points(ballots, kind=kind)
    counted = points.dropna()
    if counted.empty:
        raise DataError("no ballot names an option", found=f"{len(points)} empty ballots")
    of_voter = None if groups is None else _groups_of(counted, groups)
    rng = np.random.default_rng(seed)
    strata = _strata(counted, of_voter, population)
    weight = sum(share * counted.iloc[rows].mean() for rows, share in strata)
    drawn = redraw_votes(counted.to_numpy(float), rng, draws=draws, strata=strata)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = pd.DataFrame(
        {
            "weight": weight,
            "se": drawn.std(axis=0, ddof=1),
            "low": low,
            "high": high,
            "share_named": (counted > 0).mean(),
        }
    )
    return Votes(
        weights=table.rename_axis("option"),
        draws=pd.DataFrame(drawn, columns=counted.columns),
        counted=len(counted),
        empty=len(points) - len(counted),
        groups=_compare_groups(counted, of_voter),
    )


Counts = NDArray[np.int64]
Strata = list[tuple[Counts, float]]


def _groups_of(counted: pd.DataFrame, groups: pd.Series) -> pd.Series:
    own = groups.reindex(counted.index)
    if own.isna().any():
        raise DataError(
            "a ballot has no group",
            where=f"ballot {own.index[own.isna()][0]}",
            expected="a group for every ballot",
            fix="name the unknown a group of their own",
        )
    return own


def _strata(counted: pd.DataFrame, groups: pd.Series | None, population: pd.Series | None) -> Strata:
    if population is None:
        return [(np.arange(len(counted)), 1.0)]
    if groups is None:
        raise DataError("population shares need the group of each voter", fix="pass groups")
    missing = sorted(set(population.index.astype(str)) ^ set(groups.astype(str)))
    if missing or not (population > 0).all():
        raise DataError(
            "population shares and voters' groups do not fit",
            found=", ".join(missing) or "a share that is not over 0",
            expected="a share over 0 for each group of voters, and no other",
        )
    share = population / population.sum()
    return [(np.flatnonzero((groups == g).to_numpy()), float(share[g])) for g in population.index]


def redraw_votes(
    points: Array, rng: np.random.Generator, *, draws: int, strata: Strata | None = None
) -> Array:
    """Return the weights of `draws` bootstrap samples of ballots, shape (draws, options)."""
    weights = np.zeros((draws, points.shape[1]))
    for rows, share in strata or [(np.arange(len(points)), 1.0)]:
        kinds, counts = np.unique(points[rows], axis=0, return_counts=True)
        for start in range(0, draws, _BLOCK):
            block = min(_BLOCK, draws - start)
            taken = _resampled_counts(counts, rng, block)
            weights[start : start + block] += share * (taken @ kinds) / len(rows)
    return weights


def _resampled_counts(counts: Counts, rng: np.random.Generator, block: int) -> Array:
    """Return how often each kind of ballot is drawn: one multinomial, or indices where kinds are many."""
    n = int(counts.sum())
    if len(counts) < n / 8:
        return rng.multinomial(n, counts / n, size=block).astype(float)
    owner = np.repeat(np.arange(len(counts)), counts)
    picks = owner[rng.integers(0, n, size=(block, n))]
    offsets = np.arange(block)[:, None] * len(counts)
    flat = np.bincount((picks + offsets).ravel(), minlength=block * len(counts))
    return flat.reshape(block, len(counts)).astype(float)


def _compare_groups(counted: pd.DataFrame, groups: pd.Series | None) -> pd.DataFrame:
    """Return each group's weights and how they differ from those of all other voters (Welch's t)."""
    from scipy import stats

    columns = ["group", "option", "weight", "n", "difference", "se", "p", "p_adjusted"]
    rows = []
    for group in [] if groups is None else sorted(groups.unique(), key=str):
        inside = (groups == group).to_numpy()
        own, rest = counted[inside], counted[~inside]
        if len(own) < 2 or len(rest) < 2:
            continue
        variance = own.var() / len(own) + rest.var() / len(rest)
        df = variance**2 / (
            (own.var() / len(own)) ** 2 / (len(own) - 1) + (rest.var() / len(rest)) ** 2 / (len(rest) - 1)
        )
        gap, se = own.mean() - rest.mean(), np.sqrt(variance)
        p = np.where(
            se > 0,
            2 * stats.t.sf(np.abs(gap / se.where(se > 0, 1.0)), df.fillna(1.0)),
            np.where(gap == 0, 1.0, 0.0),
        )
        rows += list(
            zip([group] * len(gap), gap.index, own.mean(), [len(own)] * len(gap), gap, se, p, p, strict=True)
        )
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_adjusted=stats.false_discovery_control(table["p"])) if len(table) else table
