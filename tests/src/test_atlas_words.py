"""Words are files: complete, checked, and never read from a value."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from atlasgeo.maps.wording import ENGLISH
from childatlas.atlas.words import PLURALS, Words, read_words
from childatlas.errors import StudyError

LEAST = '[format]\ndecimal = ","\nthousands = " "\nplural = "slavic"\n[lists]\nbetween = ", "\nlast = " и "\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "xx.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_value_is_never_read_as_a_template(words: Words) -> None:
    said = words.say("finding.highest", label="{places} {0.__class__}", places="A")
    assert said == "{places} {0.__class__}: highest in A"


def test_a_missing_text_names_file_key_and_the_nearest(words: Words) -> None:
    with pytest.raises(StudyError, match=r"no text called 'finding.hihgest'") as error:
        words.say("finding.hihgest")
    assert "finding.highest" in str(error.value)
    assert "[finding]" in str(error.value)


def test_a_slot_that_nothing_fills_is_an_error(words: Words) -> None:
    with pytest.raises(StudyError, match="slot that nothing fills"):
        words.say("finding.highest", label="Poverty")


def test_numbers(words: Words) -> None:
    assert words.number(9.04, 1) == "9.0"
    assert words.number(-0.04, 1) == "0.0"
    assert words.number(-1.25, 1) == "\N{MINUS SIGN}1.2"
    assert words.number(9999.0, 0) == "9999"
    assert words.number(1234567.0, 0) == "1\u202f234\u202f567"
    assert words.number(9999.96, 1) in {"10\u202f000.0", "10000.0"}
    assert words.number(float("nan"), 1) == "no data"


def test_lists_and_plurals(words: Words, tmp_path: Path) -> None:
    assert [words.join([]), words.join(["a"]), words.join(["a", "b"]), words.join("abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert (words.count(1, "oblast"), words.count(20, "oblast")) == ("1 oblast", "20 oblasts")
    assert words.count(2, "province") == "2 units"
    russian = read_words(
        write(
            tmp_path,
            LEAST
            + '[nouns.unit]\none = "{n} единица"\nfew = "{n} единицы"\nmany = "{n} единиц"\nother = "{n}"\n',
        )
    )
    told = [russian.count(n, "unit") for n in (1, 2, 5, 11, 12, 21, 22, 111)]
    assert told == [
        "1 единица",
        "2 единицы",
        "5 единиц",
        "11 единиц",
        "12 единиц",
        "21 единица",
        "22 единицы",
        "111 единиц",
    ]
    assert PLURALS["none"](1) == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[format", "not valid TOML"),
        (LEAST.replace('"slavic"', '"martian"'), "unknown rule of plurals"),
        (LEAST.replace('decimal = ","\n', ""), "no text called 'format.decimal'"),
        (LEAST + "[x]\ny = 3\n", "a word must be text"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read_words(write(tmp_path, text))


def test_an_unknown_language_names_the_known() -> None:
    with pytest.raises(StudyError, match="no words for the language 'tlh'") as error:
        read_words("tlh")
    assert "en" in str(error.value)


def test_english_has_every_word_of_the_pictures(words: Words) -> None:
    assert set(ENGLISH) <= set(words.group("picture"))


def test_every_text_that_the_code_names_is_there(words: Words) -> None:
    folder = Path(read_words.__code__.co_filename).parent
    named = {
        key
        for path in folder.glob("*.py")
        for key in re.findall(r'\.say\(\s*"([a-z_]+\.[A-Za-z_.-]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert sorted(key for key in named if not words.has(key)) == []
    template = (folder / "book.typ").read_text(encoding="utf-8")
    in_book = set(re.findall(r"\bw\.([a-z_]+)", template)) - {"how"}
    assert sorted(key for key in in_book if not words.has(f"book.{key}")) == []
    page = (folder / "page" / "page.html.j2").read_text(encoding="utf-8")
    in_page = {f"site.{key}" for key in re.findall(r"\bs\.([a-z_]+)", page)}
    in_page |= {f"book.{key}" for key in re.findall(r"\bd\.words\.([a-z_]+)", page)}
    assert sorted(key for key in in_page if not words.has(key)) == []


def test_words_travel_to_another_process(words: Words) -> None:
    again = pickle.loads(pickle.dumps(words))
    assert (again.language, dict(again.texts)) == (words.language, dict(words.texts))


def test_texts_fall_back_to_english_and_then_to_any(words: Words) -> None:
    assert words.pick({"ru": "Бедность", "en": "Poverty"}) == "Poverty"
    assert words.pick({"ru": "Бедность"}) == "Бедность"
    assert words.pick({}) == ""
