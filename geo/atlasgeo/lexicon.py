"""All spellings of a set of units, and how like each one a name is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atlasgeo.columns import ALIASES, NAME_PREFIX, SHORT_PREFIX, TYPE, UNIT
from atlasgeo.spellings import Spelling, plain, spell

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Lexicon", "Likeness", "build_lexicon", "compare"]

FORMS: Final = ("plain", "key")
WHOLE: Final = ("whole",)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The spellings of some units.

    Attributes
    ----------
    written, sounded : dict of str -> tuple of str
        Plain names as written (kind of place left in), and sound keys, with the units that have them.
    forms : dict of str -> (spellings, units)
        For each attribute of `Spelling` that names are compared by: spellings and, in step, whose they are.
    kinds : dict of str -> frozenset of str
        The kinds of place that a unit's own names and type say it is.
    """

    written: Mapping[str, tuple[str, ...]]
    sounded: Mapping[str, tuple[str, ...]]
    forms: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    kinds: Mapping[str, frozenset[str]]

    @property
    def units(self) -> tuple[str, ...]:
        """The codes, sorted."""
        return tuple(sorted(self.kinds))


@dataclass(frozen=True, eq=False)
class Likeness:
    """How like the units some names are: names x units.

    Attributes
    ----------
    units : tuple of str
    score : array
        0 to 100: 1 - wrong letters / letters of the longer spelling, the best of all spellings of the unit.
    wrong : array of int
        The least number of wrong letters: inserted, left out, changed, or two neighbours swapped.
    """

    units: tuple[str, ...]
    score: NDArray[np.float32]
    wrong: NDArray[np.int16]


def build_lexicon(rows: pd.DataFrame) -> Lexicon:
    """Return the spellings of the units in some rows of a gazetteer: names, short names and aliases."""
    columns = [c for c in rows.columns if str(c).startswith((NAME_PREFIX, SHORT_PREFIX))]
    written: dict[str, set[str]] = {}
    sounded: dict[str, set[str]] = {}
    forms: dict[str, set[tuple[str, str]]] = {form: set() for form in (*FORMS, *WHOLE)}
    kinds: dict[str, set[str]] = {}
    for row in rows[[UNIT, TYPE, ALIASES, *columns]].to_dict("records"):
        unit = str(row[UNIT])
        own = [str(row[c]) for c in columns if isinstance(row[c], str)]
        kinds.setdefault(unit, set()).update(_kinds(own, str(row[TYPE])))
        for text in (*own, *(alias for alias in str(row[ALIASES]).split("|") if alias)):
            taken = spell(text)
            written.setdefault(plain(text), set()).add(unit)
            if any(c.isdigit() for c in text):
                continue  # a code of another system: as written, or not at all
            sounded.setdefault(taken.key, set()).add(unit)
            for form, pairs in forms.items():
                pairs.add((getattr(taken, form), unit))
    return Lexicon(
        written={text: tuple(sorted(units)) for text, units in written.items()},
        sounded={key: tuple(sorted(units)) for key, units in sounded.items()},
        forms={form: _in_step(pairs) for form, pairs in forms.items()},
        kinds={unit: frozenset(said) for unit, said in kinds.items()},
    )


def compare(names: list[Spelling], lexicons: Iterable[Lexicon], *, whole: bool = False) -> Likeness:
    """Return how like all units of `lexicons` the names are, alone or with the kind of place left in.

    Restricted Damerau-Levenshtein distance (rapidfuzz): O(names x spellings x length).
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    tables = list(lexicons)
    units = tuple(sorted({unit for table in tables for unit in table.kinds}))
    share = np.ones((len(units), len(names)), dtype=np.float32)
    least = np.full((len(units), len(names)), 255, dtype=np.uint8)
    for table in tables:
        for form in WHOLE if whole else FORMS:
            spellings, owners = table.forms[form]
            if not spellings:
                continue
            queries = [getattr(name, form)[:250] for name in names]
            # Spellings are rows, so that the least of each unit is taken down whole rows at a time.
            wrong = cdist(spellings, queries, scorer=OSA.distance, dtype=np.uint8)
            longer = np.maximum.outer(_lengths(spellings), _lengths(queries))
            starts, rows = _groups(owners, units)
            worse = np.minimum.reduceat(np.divide(wrong, longer, dtype=np.float32), starts, axis=0)
            share[rows] = np.minimum(share[rows], worse)
            least[rows] = np.minimum(least[rows], np.minimum.reduceat(wrong, starts, axis=0))
    score = np.ascontiguousarray(100 * (1 - share.T))
    return Likeness(units, score, np.ascontiguousarray(least.T).astype(np.int16))


def _lengths(texts: Iterable[str]) -> NDArray[np.uint8]:
    return np.array([min(max(len(text), 1), 250) for text in texts], dtype=np.uint8)


def _in_step(pairs: set[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return spellings and their units as two tuples, the spellings of a unit side by side."""
    ordered = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    return tuple(text for text, _ in ordered), tuple(unit for _, unit in ordered)


def _groups(owners: tuple[str, ...], units: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Return where each unit's spellings begin, and the unit's column."""
    place = {unit: column for column, unit in enumerate(units)}
    starts = [i for i, unit in enumerate(owners) if i == 0 or owners[i - 1] != unit]
    return starts, [place[owners[i]] for i in starts]


def _kinds(names: list[str], type_: str) -> set[str]:
    """Return the kinds of place that the names say, or else the words of the type."""
    said = {spell(text).kind for text in names} - {""}
    return said or {spell(f"name {word}").kind for word in type_.replace("_", " ").split()} - {""}
