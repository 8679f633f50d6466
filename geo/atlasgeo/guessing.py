"""What one name may mean among some units: equal to a spelling, alike, or not certain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from atlasgeo.columns import PARENT, UNIT, VALID_TO
from atlasgeo.lexicon import Lexicon, Likeness, build_lexicon, compare
from atlasgeo.periods import end_of, stands_on
from atlasgeo.spellings import Spelling, plain, spell, without_note

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MARGIN", "Choice", "Match", "build_choice", "match_names"]

MARGIN: Final = 12.0
"""A misspelt name resolves only where the next place is less similar by this much."""

SHORT: Final = 60.0
"""One wrong letter in a short name, where the parent is given: 3 of 4 letters, or 4 of 6 with a digraph."""

LOCAL: Final = frozenset({"city", "district"})
"""Kinds that are often mixed up in tables; a region is never taken for the city it is named after."""

SHOWN: Final = 50.0
"""Least similarity of a candidate worth showing."""


@dataclass(frozen=True)
class Match:
    """What became of one name."""

    unit: str | None = None
    score: float = float("nan")
    reason: str = "no match"
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Choice:
    """The units that a name may mean; `former` ones only where no present one does, `absent` ones never."""

    present: Lexicon | None
    former: Lexicon | None
    absent: Lexicon | None
    bounded: bool

    @property
    def stages(self) -> tuple[Lexicon, ...]:
        """The lexicons that there are, in the order of preference."""
        return tuple(lexicon for lexicon in (self.present, self.former) if lexicon is not None)

    def may_be(self, unit: str, kind: str) -> bool:
        """Tell whether a unit may be of the kind of place that a name says ("" where it does not say)."""
        return not kind or not self.kinds(unit) or kind in self.kinds(unit)

    def kinds(self, unit: str) -> frozenset[str]:
        """Return the kinds of place that a unit is."""
        return next(lexicon.kinds[unit] for lexicon in self.stages if unit in lexicon.kinds)


def build_choice(rows: pd.DataFrame, parent: str | None, year: int | None) -> Choice:
    """Return the units a name may mean: of one parent, of one year; without a year present ones first."""
    inside = rows if parent is None else rows[rows[PARENT] == parent]
    standing = inside[VALID_TO].isna() if year is None else stands_on(inside, end_of(year))
    present, gone = inside[standing], inside[~standing & ~inside[UNIT].isin(inside[UNIT][standing])]
    former, absent = (gone, None) if year is None else (None, gone)
    return Choice(_lexicon(present), _lexicon(former), _lexicon(absent), parent is not None)


def _lexicon(rows: pd.DataFrame | None) -> Lexicon | None:
    return None if rows is None or rows.empty else build_lexicon(rows)


def match_names(
    names: Iterable[str], choice: Choice, aliases: Mapping[str, str], threshold: float
) -> dict[str, Match]:
    """Return what each distinct name means among the units of `choice`."""
    found: dict[str, Match] = {}
    for name in sorted(set(names)):
        match = _known(name, choice, aliases)
        if match is not None:
            found[name] = match
        elif not choice.stages:
            found[name] = Match(reason="no unit of that level, parent and year")
    unknown = [name for name in sorted(set(names)) if name not in found]
    return {**found, **_guess(unknown, choice, threshold)} if unknown else found


def _known(name: str, choice: Choice, aliases: Mapping[str, str]) -> Match | None:
    """Return what a name means where some spelling equals it, else None."""
    own = aliases.get(plain(name))
    if own is not None:
        if any(own in lexicon.kinds for lexicon in choice.stages):
            return Match(own, 100.0, "your alias")
        reason = "your alias names a unit outside the level, parent or year asked for"
        return Match(reason=reason, candidates=(own,))
    for text in dict.fromkeys((name, without_note(name) or name)):
        for lexicon in choice.stages:
            match = Match(text, 100.0, "code") if text in lexicon.kinds else _equal(text, lexicon)
            if match is not None:
                former = lexicon is choice.former and match.unit is not None
                return replace(match, reason="former unit") if former else match
    return None if choice.absent is None else _elsewhen(name, choice.absent)


def _elsewhen(name: str, absent: Lexicon) -> Match | None:
    """Return that a name is that of a unit in force in other years only: never guess a present one for it."""
    match = _equal(name, absent)
    if match is None and name not in absent.kinds:
        return None
    candidates = (name,) if match is None else match.candidates or (str(match.unit),)
    return Match(reason="not in force in that year", candidates=candidates)


def _equal(name: str, lexicon: Lexicon) -> Match | None:
    """Return what a name means where it equals a spelling as written, or else by sound."""
    taken = spell(name)
    whole = lexicon.written.get(plain(name), ())
    alike = tuple(sorted({*whole, *lexicon.sounded.get(taken.key, ())}))
    if not alike:
        return None
    same_kind = tuple(unit for unit in alike if not taken.kind or taken.kind in lexicon.kinds[unit])
    if len(same_kind) == 1:
        several = "name and kind of place" if len(alike) > 1 else "sound of the name"
        return Match(same_kind[0], 100.0, "name" if whole == same_kind else several)
    if not same_kind and len(alike) == 1 and {taken.kind, *lexicon.kinds[alike[0]]} <= LOCAL:
        return Match(alike[0], 95.0, "name, though of another kind of place")
    if not same_kind:
        return Match(reason="another kind of place", candidates=alike)
    return Match(reason="ambiguous", candidates=same_kind or alike)


# --- misspelt names -----------------------------------------------------------------------------------------


def _guess(names: list[str], choice: Choice, threshold: float) -> dict[str, Match]:
    """Return what misspelt names mean: the name alone first, then with its kind of place run into it."""
    taken = [spell(name) for name in names]
    found = dict(zip(names, _judged(names, taken, choice, threshold), strict=True))
    open_ = [i for i, name in enumerate(names) if found[name].reason == "no match"]
    if open_:
        likeness = compare([taken[i] for i in open_], choice.stages, whole=True)
        for i, unit, score in _run_together(likeness, threshold):
            found[names[open_[i]]] = Match(unit, score, "similar name")
    return found


def _judged(names: list[str], taken: list[Spelling], choice: Choice, threshold: float) -> Iterator[Match]:
    """Yield the unit that each misspelt name means, or its candidates where that is not certain."""
    likeness = compare(taken, choice.stages)
    score, wrong, units = likeness.score, likeness.wrong, likeness.units
    order = np.argsort(-score, axis=1, kind="stable")[:, :5]
    rows = np.arange(len(names))
    best = order[:, 0]
    top, least = score[rows, best][:, None], wrong[rows, best][:, None]
    rivals = (score > top - MARGIN) | (wrong <= least)
    rivals[rows, best] = False
    rivalled = set(np.flatnonzero(rivals.any(axis=1)))
    one_letter = min(SHORT, threshold) if choice.bounded else threshold
    near = set(np.flatnonzero(top[:, 0] >= np.where(least[:, 0] <= 1, one_letter, threshold)))
    for i, name in enumerate(names):
        high = float(top[i, 0])
        if any(c.isdigit() for c in name):
            yield Match(reason="unknown code", candidates=_shown(units, order[i], score[i]))
        elif i not in near:
            yield Match(score=high, reason="no match", candidates=_shown(units, order[i], score[i]))
        elif i not in rivalled and choice.may_be(units[best[i]], taken[i].kind):
            yield Match(units[best[i]], high, "similar name")
        elif i not in rivalled:
            yield Match(score=high, reason="another kind of place", candidates=(units[best[i]],))
        else:
            yield _between(taken[i].kind, [int(best[i]), *np.flatnonzero(rivals[i])], score[i], units, choice)


def _shown(units: tuple[str, ...], order: NDArray[np.intp], score: NDArray[np.float32]) -> tuple[str, ...]:
    return tuple(units[i] for i in order[:3] if score[i] >= SHOWN)


def _between(
    kind: str, alike: list[int], score: NDArray[np.float32], units: tuple[str, ...], choice: Choice
) -> Match:
    """Return the one of several like units that is of the kind of place named, or all of them."""
    high = score[alike[0]]
    fitting = {i for i in alike if kind and kind in choice.kinds(units[i])}
    if any(score[i] == high for i in fitting):
        alike = [i for i in alike if i in fitting or score[i] < high]
    alike.sort(key=lambda i: -score[i])
    if len(alike) == 1:
        return Match(units[alike[0]], float(high), "similar name")
    return Match(score=float(high), reason="ambiguous", candidates=tuple(units[i] for i in alike[:5]))


def _run_together(likeness: Likeness, threshold: float) -> Iterator[tuple[int, str, float]]:
    """Yield name, unit and score where the whole name has one wrong letter and the next unit's has three."""
    wrong = likeness.wrong
    best = wrong.argmin(axis=1)
    rows = np.arange(len(wrong))
    others = wrong.copy()
    others[rows, best] = np.iinfo(others.dtype).max
    sure = (wrong[rows, best] <= 1) & (others.min(axis=1) >= wrong[rows, best] + 2)
    sure &= likeness.score[rows, best] >= threshold
    for i in np.flatnonzero(sure):
        yield int(i), likeness.units[best[i]], float(likeness.score[i, best[i]])
