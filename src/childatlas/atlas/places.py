"""What places are called: short, unless that would leave it open which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from atlasgeo.columns import PARENT
from childatlas.atlas.words import Words
from childatlas.layers import Geography

__all__ = ["parent_names", "place_names", "places"]


def place_names(geography: Geography, words: Words) -> pd.Series:
    """Return a name for each unit in the words' language.

    It is the short one; the long one where two short ones are the same, or a unit above has it too; and the
    long one with the unit above in brackets where two long ones are the same.
    """
    return _names(geography, words.language).copy()


@lru_cache(maxsize=16)
def _names(geography: Geography, wanted: str) -> pd.Series:
    """Return the names in a language: asked for by every sentence of an atlas, worked out once."""
    language = wanted if f"name_{wanted}" in geography.units else "en"
    short, long = geography.names(language), geography.names(language, short=False)
    long = long.where(~long.duplicated(keep=False), long + " (" + _parent_names(geography, wanted) + ")")
    above = geography.above
    taken = (
        () if above is None else above.filter([f"name_{language}", f"short_{language}"]).to_numpy().ravel()
    )
    names = short.where(~(short.duplicated(keep=False) | short.isin(taken)), long)
    return names.fillna(pd.Series(short.index, index=short.index)).astype(str).astype(object)


def parent_names(geography: Geography, words: Words) -> pd.Series:
    """Return for each unit the name of the unit above, the short one where there is one."""
    return _parent_names(geography, words.language)


def _parent_names(geography: Geography, wanted: str) -> pd.Series:
    above, parents = geography.above, geography.units.get(PARENT)
    if above is None or parents is None:
        return pd.Series(pd.NA, index=geography.units.index, dtype="str")
    language = wanted if f"name_{wanted}" in above else "en"
    long = above[f"name_{language}"]
    short = above.get(f"short_{language}", long)
    names = short.where(~short.duplicated(keep=False), long).fillna(long)
    return parents.astype(str).map(names).astype("str")


def places(codes: Sequence[str], names: pd.Series, words: Words, *, most: int | None = None) -> str:
    """Return the names of `codes` as one list; with `most` the first of them and how many more."""
    if most is None or len(codes) <= most + 1:
        return words.join(names.get(code, code) for code in codes)
    more = words.say("lists.more", n=words.number(len(codes) - most, 0))
    return words.join([*(names.get(code, code) for code in codes[:most]), more])
