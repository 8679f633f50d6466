"""Marks that stand in every language of a study: that shapes are schematic, that figures are synthetic."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from childatlas.shipped import data_folder

__all__ = ["mark_in", "mark_texts"]


def mark_texts(mark: str) -> Mapping[str, str]:
    """Return language -> text of a mark, ``schematic`` or ``synthetic``."""
    return _marks()[mark]


def mark_in(mark: str, languages: Iterable[str]) -> str:
    """Return a mark in each of `languages` that has it, parted by strokes; in English where none has."""
    texts = mark_texts(mark)
    said = [texts[language] for language in dict.fromkeys(languages) if language in texts]
    return " / ".join(said) or texts["en"]


@cache
def _marks() -> Mapping[str, Mapping[str, str]]:
    content = tomllib.loads((data_folder() / "marks.toml").read_text(encoding="utf-8"))
    return MappingProxyType({mark: MappingProxyType(dict(texts)) for mark, texts in content.items()})
