"""The catalogue: what it holds, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from childatlas.errors import DataError
from childatlas.figures.catalogue import Catalogue, Indicator, read_catalogue

ENTRY = '[poverty]\nlabel = { en = "Poverty" }\ndirection = "higher_is_worse"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "indicators.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_has_its_id_and_defaults(tmp_path):
    catalogue = read_catalogue(written(tmp_path, ENTRY))
    poverty = catalogue["poverty"]
    assert (poverty.id, poverty.kind, poverty.digits, poverty.carry, poverty.mapped) == (
        "poverty",
        "rate",
        1,
        False,
        True,
    )
    assert poverty.unit_of_rounding == pytest.approx(0.1)
    assert list(catalogue) == ["poverty"]
    assert len(catalogue) == 1


def test_a_folder_stands_for_its_indicators_toml(tmp_path):
    written(tmp_path, ENTRY)
    assert list(read_catalogue(tmp_path)) == ["poverty"]


def test_entries_are_frozen(tmp_path):
    poverty = read_catalogue(written(tmp_path, ENTRY))["poverty"]
    with pytest.raises(Exception, match="frozen"):
        poverty.digits = 2


def test_years_of_a_break_are_numbers(tmp_path):
    catalogue = read_catalogue(written(tmp_path, ENTRY + 'year_break.2022.en = "reform"\n'))
    assert catalogue["poverty"].year_break == {2022: {"en": "reform"}}


def test_an_unknown_key_names_the_nearest(tmp_path):
    with pytest.raises(DataError) as caught:
        read_catalogue(written(tmp_path, ENTRY + "digitts = 1\n"))
    assert "unknown key 'digitts'" in str(caught.value)
    assert "indicator poverty" in str(caught.value)
    assert "did you mean 'digits'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[poverty]\ndirection = 'neutral'\n", "label"),
        ("[poverty]\nlabel = {en = 'x'}\n", "direction"),
        (ENTRY + "valid_range = [5, 5]\n", "not below"),
        (ENTRY + "valid_range = [nan, 5]\n", "not below"),
        (ENTRY + "kind = 'count'\ncarry = true\n", "never carried"),
        (ENTRY + "count = 'poverty'\nper = 10\n", "together"),
        (ENTRY + "per = 10\n", "together"),
        (ENTRY + "digits = -1\n", "digits"),
        ("poverty = 3\n", "outside a table"),
        ("[poverty\n", "not valid TOML"),
    ],
)
def test_wrong_entries_are_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_catalogue(written(tmp_path, text))


KIND = """[zone]
label = { en = "Zone" }
direction = "neutral"
kind = "category"
"""
NINE = "categories = { " + ", ".join(f"{n} = {{ en = 'k{n}' }}" for n in range(9)) + " }\n"
ZONES = 'categories = { 1 = { en = "Steppe", ru = "Степь" }, 2 = { en = "Desert", ru = "Пустыня" } }\n'


def test_a_category_has_a_label_a_number(tmp_path):
    zone = read_catalogue(written(tmp_path, KIND + ZONES))["zone"]
    assert zone.categories == {1: {"en": "Steppe", "ru": "Степь"}, 2: {"en": "Desert", "ru": "Пустыня"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KIND, "needs `categories`"),
        (ENTRY + ZONES, "no other has them"),
        (KIND.replace("neutral", "higher_is_worse") + ZONES, "no order"),
        (KIND + "categories = { 1 = { en = 'Steppe' } }\n", "from 2 to 8"),
        (KIND + NINE, "9 categories: a map can tell apart from 2 to 8"),
        (KIND + "categories = { 1 = { en = 'Steppe' }, two = { en = 'Desert' } }\n", "'two' is not a whole"),
        (
            KIND + "categories = { 1 = { en = 'Steppe' }, '1.0' = { en = 'Desert' } }\n",
            "'1.0' is not",
        ),
        (KIND + "categories = { 1 = { en = 'Steppe' }, '-1' = { en = 'Desert' } }\n", "'-1' is not a whole"),
        (KIND + "categories = { 1 = { en = 'Steppe' }, 2 = { en = 'steppe ' } }\n", "same label in en"),
        (KIND + "categories = { 1 = { en = 'Steppe' }, 2 = { ru = 'Степь' } }\n", "each language: en, ru"),
        (KIND + "categories = { 1 = { en = 'Steppe' }, 2 = { en = ' ' } }\n", "category 2 needs a label"),
        (KIND + "categories = { 1 = { en = 'Steppe' }, 2 = 'Desert' }\n", "categories"),
        (KIND + ZONES + "carry = true\n", "it has no carry"),
        (KIND + ZONES + "valid_range = [1, 2]\n", "it has no valid_range"),
        (KIND + ZONES + "component = 'health'\n", "it has no component"),
        (KIND + ZONES + ENTRY + "kind = 'count'\ndenominator = 'zone'\n", "'zone' is a category"),
    ],
)
def test_wrong_categories_are_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_catalogue(written(tmp_path, text))


def test_a_denominator_must_be_catalogued(tmp_path):
    with pytest.raises(DataError) as caught:
        read_catalogue(written(tmp_path, ENTRY + "denominator = 'povertyy'\n"))
    assert "no indicator 'povertyy'" in str(caught.value)
    assert "poverty" in str(caught.value.expected)


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(DataError, match="there is no catalogue"):
        read_catalogue(tmp_path / "none.toml")


def test_find_names_the_nearest():
    poverty = Indicator(id="poverty", label={"en": "Poverty"}, direction="neutral")
    catalogue = Catalogue({"poverty": poverty})
    assert catalogue.find("poverty") is poverty
    with pytest.raises(DataError) as caught:
        catalogue.find("povrety")
    assert caught.value.expected == "poverty"


def test_a_value_that_parts_the_colours(tmp_path):
    assert read_catalogue(written(tmp_path, ENTRY))["poverty"].around is None
    assert read_catalogue(written(tmp_path, ENTRY + "around = 0\n"))["poverty"].around == 0.0
    with pytest.raises(DataError, match="around"):
        read_catalogue(written(tmp_path, ENTRY + "around = nan\n"))
    with pytest.raises(DataError, match="circles"):
        read_catalogue(written(tmp_path, ENTRY + 'around = 0\nkind = "count"\n'))
