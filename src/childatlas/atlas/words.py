"""Every word that an atlas prints, one file a language: templates that never inflect a place's name."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from childatlas.errors import StudyError, nearest
from childatlas.shipped import data_folder

__all__ = ["Words", "read_words"]

_SLOT: Final = re.compile(r"\{(\w+)\}")
_REQUIRED: Final = ("format.decimal", "format.thousands", "format.plural", "lists.between", "lists.last")


def _english(n: int) -> str:
    return "one" if n == 1 else "other"


def _slavic(n: int) -> str:
    """Unicode CLDR's rule for Russian whole numbers: 1 and 21 one, 2-4 and 22-24 few, all else many."""
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"


def _never(_n: int) -> str:
    return "other"


PLURALS: Final[Mapping[str, Callable[[int], str]]] = MappingProxyType(
    {"english": _english, "slavic": _slavic, "none": _never}
)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of one language.

    Attributes
    ----------
    language : str
        Code of the language, the file's stem.
    texts : mapping
        ``group.key`` (or ``group.sub.key``) to a template with named slots in braces.
    path : str
        Where they were read from, for the messages of errors.
    """

    language: str
    texts: Mapping[str, str]
    path: str = ""

    def __reduce__(self) -> tuple[type[Words], tuple[str, dict[str, str], str]]:
        """Let words travel to another process: a read-only view cannot be pickled, a dict can."""
        return Words, (self.language, dict(self.texts), self.path)

    def has(self, key: str) -> bool:
        """Return whether `key` is a word of this language."""
        return key in self.texts

    def say(self, key: str, /, **values: object) -> str:
        """Return the text called `key` with its slots filled.

        A slot takes ``str(value)`` as it is: nothing in a value is ever read as a template.

        Raises
        ------
        StudyError
            If the language lacks `key`, or a slot of it was given no value.
        """
        template = self._template(key)
        lacking = sorted(set(_SLOT.findall(template)) - set(values))
        if lacking:
            raise StudyError(
                f"the text {key!r} has a slot that nothing fills",
                where=f"{self.path}, key {key}",
                found=", ".join(f"{{{slot}}}" for slot in lacking),
                expected=", ".join(f"{{{slot}}}" for slot in sorted(values)) or "no slot",
                fix="name only slots that are expected here",
            )
        return _SLOT.sub(lambda slot: str(values[slot.group(1)]), template)

    def _template(self, key: str) -> str:
        if key in self.texts:
            return self.texts[key]
        raise StudyError(
            f"the language {self.language!r} has no text called {key!r}",
            where=self.path or self.language,
            found=None,
            expected=", ".join(nearest(key, self.texts)) or key,
            fix=f"add {key.rpartition('.')[2]} under [{key.rpartition('.')[0]}] in {Path(self.path).name}",
        )

    def name(self, group: str, key: str) -> str:
        """Return the text ``group.key`` where the language has one, else `key` itself made readable."""
        return self.texts.get(f"{group}.{key}", key.replace("_", " "))

    def pick(self, texts: Mapping[str, str]) -> str:
        """Return the text in this language, else in English, else the first there is, else nothing."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")

    def number(self, value: float, digits: int = 1) -> str:
        """Return `value` with `digits` decimals as this language writes numbers, or its word for no data."""
        if value is None or not math.isfinite(value):
            return self.say("value.missing")
        whole, _, part = f"{abs(value):,.{digits}f}".partition(".")
        sign = "\N{MINUS SIGN}" if value < 0 and float(f"{abs(value):.{digits}f}") else ""
        grouped = whole.replace(",", self.texts["format.thousands"] if abs(value) >= 10_000 else "")
        return sign + grouped + (self.texts["format.decimal"] + part if part else "")

    def join(self, items: Iterable[object]) -> str:
        """Return the items as one list of this language: ``a, b and c``."""
        texts = [str(item) for item in items]
        if len(texts) < 2:
            return "".join(texts)
        return self.texts["lists.between"].join(texts[:-1]) + self.texts["lists.last"] + texts[-1]

    def count(self, n: int, noun: str) -> str:
        """Return `n` with the form of ``nouns.<noun>`` that goes with it; unknown nouns say units."""
        group = f"nouns.{noun}" if f"nouns.{noun}.other" in self.texts else "nouns.unit"
        form = PLURALS[self.texts["format.plural"]](int(n))
        key = f"{group}.{form}" if f"{group}.{form}" in self.texts else f"{group}.other"
        return self.say(key, n=self.number(n, 0))

    def plural(self, noun: str) -> str:
        """Return the bare plural of ``nouns.<noun>``, for headings."""
        return self.texts.get(f"nouns.{noun}.all") or self.say("nouns.unit.all")

    def group(self, prefix: str) -> dict[str, str]:
        """Return the texts under `prefix`, without it, in the file's order."""
        return {
            key.removeprefix(f"{prefix}."): text
            for key, text in self.texts.items()
            if key.startswith(f"{prefix}.")
        }


def read_words(language: str | Path = "en") -> Words:
    """Return the words of a language: a shipped one by its code, or the TOML file at a path.

    Parameters
    ----------
    language : str or Path
        ``en``, or a path that ends in ``.toml``.

    Returns
    -------
    Words

    Raises
    ------
    StudyError
        If there is no such language or file, it is not TOML, holds anything but text, lacks what every
        language must say (numbers, lists), or names an unknown rule of plurals.
    """
    path = (
        Path(language) if Path(language).suffix == ".toml" else data_folder() / "words" / f"{language}.toml"
    )
    if not path.is_file():
        known = sorted(p.stem for p in (data_folder() / "words").glob("*.toml"))
        raise StudyError(
            f"there are no words for the language {str(language)!r}",
            where=str(path),
            found=str(language),
            expected=", ".join(known),
            fix="name a shipped language, or write the file",
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("the file of words is not valid TOML", where=str(path), found=str(error)) from error
    return _checked(Words(path.stem, MappingProxyType(_flat(content, path)), str(path)))


def _flat(content: Mapping[str, Any], path: Path, prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            texts.update(_flat(value, path, f"{prefix}{key}."))
        elif isinstance(value, str):
            texts[f"{prefix}{key}"] = value
        else:
            raise StudyError(
                "a word must be text",
                where=f"{path}, key {prefix}{key}",
                found=repr(value),
                expected="text in quotation marks",
                fix="put it in quotation marks",
            )
    return texts


def _checked(words: Words) -> Words:
    for key in _REQUIRED:
        words.say(key)
    rule = words.texts["format.plural"]
    if rule not in PLURALS:
        raise StudyError(
            "unknown rule of plurals",
            where=f"{words.path}, key format.plural",
            found=rule,
            expected=", ".join(PLURALS),
            fix="name the rule by which nouns follow a number in this language",
        )
    return words
