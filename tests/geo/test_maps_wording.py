"""Words, numbers and the typeface."""

from __future__ import annotations

import math

import pytest

from atlasgeo.errors import StudyError
from atlasgeo.maps.typeface import BOLD, _webfont, face, fit, font_file, text_width, webfont, wrap
from atlasgeo.maps.wording import ENGLISH, MapText, format_number

KAZAKH = "ӘҒҚҢӨҰҮҺІәғқңөұүһі"


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (9, 1, "9.0"),
        (-0.04, 1, "0.0"),
        (-3.25, 1, "\u22123.2"),
        (9999, 0, "9999"),
        (10_000, 0, "10\u00a0000"),
        (1234567.891, 2, "1\u00a0234\u00a0567.89"),
        (math.nan, 1, "\u2013"),
        (0, 0, "0"),
    ],
)
def test_numbers(value: float, digits: int, said: str) -> None:
    assert format_number(value, digits) == said


def test_decimal_comma() -> None:
    text = MapText("t", decimal=",", thousands=" ")
    assert text.number(12345.6, 1) == "12 345,6"


def test_words_of_another_language_are_complete_or_refused() -> None:
    russian = MapText("t", language="ru", words={"no_data": "нет данных", "others": "ещё {n}"})
    assert russian.word("no_data") == "нет данных"
    assert russian.say("others", n=3) == "ещё 3"
    with pytest.raises(StudyError, match="suppressed"):
        russian.word("suppressed")
    assert MapText("t", words={}).word("no_data") == ENGLISH["no_data"]
    with pytest.raises(StudyError, match="nonsense"):
        MapText("t").word("nonsense")


def test_the_face_has_every_kazakh_letter() -> None:
    assert face(KAZAKH).get_file() == str(font_file())
    assert face(KAZAKH, weight=BOLD).get_file() == str(font_file(BOLD))


def test_other_scripts_get_a_face_that_has_them() -> None:
    assert "DejaVu" in str(face("\u0627\u0644\u0645").get_file())


def test_widths_agree_with_the_drawn_outline() -> None:
    from matplotlib.textpath import TextPath

    for text in ("North Kazakhstan", "Солтүстік Қазақстан облысы", "12 345,6"):
        drawn = TextPath((0, 0), text, size=10, prop=face(text)).get_extents().width
        assert text_width(text, 10) == pytest.approx(drawn, rel=0.04)
    assert text_width("", 10) == 0


def test_lines_break_at_spaces_and_end_in_an_ellipsis() -> None:
    lines = wrap("one two three four five six", 50, 10)
    assert len(lines) > 1
    assert " ".join(lines) == "one two three four five six"
    assert all(text_width(line, 10) <= 50 for line in lines)
    short = wrap("one two three four five six", 50, 10, most=2)
    assert len(short) == 2
    assert short[-1].endswith("\u2026")
    assert wrap("unbreakableword", 10, 10) == ["unbreakableword"]


def test_fit_keeps_what_fits() -> None:
    assert fit("Abai", 100, 10) == "Abai"
    cut = fit("North Kazakhstan", 40, 10)
    assert cut.endswith("\u2026")
    assert text_width(cut, 10) <= 40


def test_webfont_is_small_and_always_the_same() -> None:
    import base64
    from io import BytesIO

    from fontTools.ttLib import TTFont

    once = webfont()
    _webfont.cache_clear()
    assert webfont() == once
    font = TTFont(BytesIO(base64.b64decode(once)))
    assert {ord(letter) for letter in KAZAKH} <= set(font.getBestCmap())
    assert len(once) < 80_000
