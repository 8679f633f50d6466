"""One key for the many spellings of a name: Cyrillic or Latin, old or new, kind of place or none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

__all__ = ["Spelling", "plain", "sound_key", "spell", "without_note"]

# fmt: off
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "country": ("country", "republic", "республика", "республикасы", "respublika", "respublikasy"),
    "region": (
        "region", "reg", "oblast", "oblasts", "province", "state", "prefecture", "governorate",
        "область", "обл", "облысы", "облыс", "край", "oblysy", "oblys", "viloyati", "вилоят",
    ),
    "district": (
        "district", "districts", "rayon", "raion", "rajon", "raiony", "rayony", "county", "municipality",
        "район", "райо", "р-н", "рн", "р", "ауданы", "аудан", "audany", "audan", "audandary", "tuman",
        "тумани",
    ),
    "city": (
        "city", "town", "urban", "municipal", "gorod", "город", "гор", "г", "қаласы", "қала", "қ", "qalasy",
        "qala", "kalasy", "kala", "sahri",
    ),
}
"""Words that say what kind of place a name is, in the languages met so far."""

FILLERS = frozenset((
    "of", "the", "administration", "akimat", "akimdigi", "imeni", "im", "atyndagy", "atyndağy",
    "значения", "областного", "республиканского", "администрация", "горадминистрация", "имени", "им",
    "әкімдігі", "атындағы",
))
"""Words that names of places are wrapped in, and that tell nothing apart."""
# fmt: on

_KIND_OF = {word: kind for kind, words in KIND_WORDS.items() for word in words}
_GUESSED_KIND_WORDS = tuple(
    word for word in sorted(_KIND_OF) if len(word) >= 5 and word not in {"tuman", "тумани", "state"}
)
"""Kind words that are recognised with one wrong letter: long enough, and unlike any name met so far."""

_CYRILLIC = {
    **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziiklmnoprstufhie", strict=True)),
    **dict(zip("әғқңөұүһі", "agknouuhi", strict=True)),
    "ё": "e",
    "ж": "Z",
    "ц": "c",
    "ч": "C",
    "ш": "S",
    "щ": "S",
    "ъ": "",
    "ь": "",
    "ю": "iu",
    "я": "ia",
    "ў": "u",
    "ҳ": "h",
    "є": "e",
    "ї": "i",
    "ґ": "g",
    "ҷ": "Z",
    "ӣ": "i",
    "ӯ": "u",
}
_LATIN = {
    "ş": "S",
    "š": "S",
    "ç": "C",
    "č": "C",
    "ž": "Z",
    "ğ": "g",
    "ǧ": "g",
    "ñ": "n",
    "ŋ": "n",
    "ı": "i",
    "ä": "a",
    "ə": "a",
    "ö": "o",
    "ū": "u",
    "ü": "u",
    "ý": "i",
    "å": "a",
    "æ": "a",
    "ø": "o",
    "ß": "ss",
    "y": "i",
    "j": "i",
    "q": "k",
    "w": "u",
    "x": "h",
    " ": "",
    "-": "",
    "–": "",
}
_LETTERS = str.maketrans({**_CYRILLIC, **_LATIN})
_DIGRAPHS = {
    "shch": "S",
    "sch": "S",
    "dzh": "Z",
    "дж": "Z",
    "tch": "C",
    "zh": "Z",
    "dj": "Z",
    "kh": "h",
    "gh": "g",
    "sh": "S",
    "ch": "C",
    "ts": "c",
    "tz": "c",
    "tş": "C",
    "тс": "c",
    "yo": "e",
    "ye": "e",
    "yu": "iu",
    "ya": "ia",
    "ph": "f",
    "oo": "u",
}
_DIGRAPH = re.compile("|".join(sorted(_DIGRAPHS, key=len, reverse=True)))
_SOUNDED_J = re.compile(r"(?<![a-z])j|j(?=[aeiouyäöüūı])")
_BRACKETS = str.maketrans(dict.fromkeys('()[]«»"“”„,;:/', " "))
_APOSTROPHES = str.maketrans(dict.fromkeys("'’ʼ`´ʹ′"))
_INNER_STOP = re.compile(r"(?<=\w)\.(?=\w)")
_CITY_AUTHORITY = re.compile(r"(?<!\w)(?:қ\. ?ә|г\. ?а)\.?(?!\w)")  # "under the city's authority"
_NOTE = re.compile(r"\([^)]*\)|\[[^]]*\]|[\d*¹²³⁴]+\)?\s*$")
_REPEATED = re.compile(r"([^\W\d])\1+")


@dataclass(frozen=True)
class Spelling:
    """A name taken apart.

    Attributes
    ----------
    plain : str
        Lower case, spaces single, the kind of place and fillers left out: still in its own script.
    key : str
        How it sounds, in Latin letters: equal for spellings that differ by script or transliteration only.
    kind : str
        ``country``, ``region``, ``district``, ``city``, or "" where the name does not say.
    whole : str
        The key with the kind of place left in.
    """

    plain: str
    key: str
    kind: str
    whole: str


@lru_cache(maxsize=1 << 16)
def spell(name: str) -> Spelling:
    """Return a name taken apart: its words' plain form, its key, and the kind of place it says it is."""
    text = plain(name)
    words = text.split()
    kinds = [_kind_of(word) for word in words]
    if len(words) > 1 and not kinds[-1] and _nearly_city(words[-1]):
        kinds[-1] = "city"
    rest = [word for word, kind in zip(words, kinds, strict=True) if not kind and word not in FILLERS]
    if not rest:
        rest, kinds = words, []
    kept = " ".join(rest)
    return Spelling(
        plain=kept, key=sound_key(kept), kind=next(filter(None, reversed(kinds)), ""), whole=sound_key(text)
    )


@lru_cache(maxsize=1 << 16)
def plain(name: str) -> str:
    """Return a name in lower case without brackets, quotes, full stops and doubled spaces."""
    text = unicodedata.normalize("NFC", name).casefold().replace("i\u0307", "i")
    text = text.translate(_APOSTROPHES).translate(_BRACKETS)
    text = _INNER_STOP.sub(" ", _CITY_AUTHORITY.sub(" ", text))
    words = (word.strip(".-–—_") for word in text.split())
    return " ".join(word for word in words if word)


def sound_key(text: str) -> str:
    """Return the letters of a plain name as they sound, in Latin: one key for all transliterations.

    Digraphs and Cyrillic (Russian, Kazakh and neighbours) become one Latin letter each; diacritics are
    dropped; й, j, y, i, ı and ы are one letter, q and k another, ng and ñ a third; doubled letters are
    single; spaces and hyphens go. A Latin j that begins a word or stands before a vowel is the sound of ж.
    """
    word = _SOUNDED_J.sub("Z", text.casefold())
    word = _DIGRAPH.sub(lambda found: _DIGRAPHS[found.group()], word).translate(_LETTERS)
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return _REPEATED.sub(r"\1", word.replace("ng", "n"))


def without_note(name: str) -> str:
    """Return a name without a note in brackets, or a footnote's mark at its end."""
    return _NOTE.sub(" ", name).strip()


@lru_cache(maxsize=1 << 14)
def _kind_of(word: str) -> str:
    """Return the kind of place that a word says, one wrong letter allowed in words of five and more."""
    if word in _KIND_OF:
        return _KIND_OF[word]
    if len(word) < 4:
        return ""
    close = extractOne(word, _GUESSED_KIND_WORDS, scorer=OSA.distance, score_cutoff=1)
    return "" if close is None else _KIND_OF[close[0]]


@lru_cache(maxsize=1 << 14)
def _nearly_city(word: str) -> bool:
    """Tell whether the last word of a name is "city" with one wrong letter."""
    return len(word) > 2 and OSA.distance(word, "city", score_cutoff=1) <= 1
