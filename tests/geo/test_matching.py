"""Names to codes: languages, scripts, old names, typos; never a unit of another parent, never a guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlasgeo.errors import BoundaryError, DataError
from atlasgeo.matching import resolve
from atlasgeo.spellings import plain, sound_key, spell
from atlasgeo.units import in_force, read_units

ROOT = Path(__file__).resolve().parents[2]
UNITS = read_units(ROOT / "data" / "boundaries" / "kaz" / "units.csv")
OBLASTS = tuple(in_force(UNITS, level="oblast", year=2024).index)


def one(name: object, **given: object) -> pd.Series:
    """Resolve one name."""
    return resolve([name], UNITS, **given).iloc[0]  # type: ignore[arg-type]


# --- spellings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        ("Абай ауданы", "Abai audany", "Abay district", "АБАЙ АУДАНЫ", "Abaı ", "р-н Абай", "Abay rayon"),
        ("Қызылқоға", "Qyzylqoğa", "Kyzylkoga", "Qyzylqog'a", "Кызылкога"),
        ("Мұғалжар", "Mūğaljar", "Mugalzhar", "Мугалжар"),
        ("Шымкент қаласы", "Şymkent qalasy", "Shymkent city", "г. Шымкент", "Shymkent (city)"),
        ("Жетісу", "Jetısu", "Zhetisu", "Zhetysu", "Жетысу"),
        ("Катон-Карагай", "Katonkaragay", "Katon Karagay", "Қатонқарағай"),
        ("Маңғыстау", "Mañğystau", "Mangystau", "Манғыстау"),
        ("Ғабит Мүсірепов", "Ğabit Müsırepov", "Gabit Musirepov"),
        ("Курчатов", "Kurchatov", "Kurtşatov"),
    ],
)
def test_spellings_that_sound_alike_have_one_key(same: tuple[str, ...]) -> None:
    assert len({spell(name).key for name in same}) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Abay district", "district"), ("Абайский р-н", "district"), ("Абай ауданы", "district"),
        ("Almaty oblast", "region"), ("Алматинская обл.", "region"), ("Алматы облысы", "region"),
        ("г. Алматы", "city"), ("Алматы қ.", "city"), ("Almaty ctiy", "city"), ("Abay distrct", "district"),
        ("Abay", ""), ("City", ""), ("Turan", ""),
    ],
)  # fmt: skip
def test_the_kind_of_place_is_read_off(name: str, kind: str) -> None:
    assert spell(name).kind == kind


def test_plain_and_key_of_nothing() -> None:
    assert plain("  (, ) ") == ""
    assert sound_key("") == ""
    assert spell("район").plain == "район"


# --- resolution -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("Almaty city", {"level": "oblast"}, "750000000"),
        ("Алматинская область", {"level": "oblast"}, "190000000"),
        ("Almaty Region", {"level": "oblast"}, "190000000"),
        ("г. Нур-Султан", {"level": "oblast"}, "710000000"),
        ("ЮКО", {"level": "oblast", "vintage": 2015}, "510000000"),
        ("South Kazakhstan", {"level": "oblast"}, "510000000"),
        ("область Жетісу", {"level": "oblast", "vintage": 2023}, "330000000"),
        ("Зеленовский район", {"level": "district"}, "274400000"),  # renamed Baiterek
        ("Енбекшинскийский", {"level": "district"}, "791510000"),  # the source's own misspelling
        ("Капчагай", {"level": "district", "vintage": 2019}, "191600000"),
        ("Капчагай", {"level": "district", "vintage": 2023}, "191000000"),
        ("Талдыкорган", {"level": "district", "vintage": 2019}, "191000000"),
        ("Талдыкорган", {"level": "district", "vintage": 2023}, "331000000"),
        ("Abay district", {"parent": "350000000", "vintage": 2023}, "353200000"),
        ("Abay district", {"parent": "100000000", "vintage": 2023}, "103200000"),
        ("Abay district", {"parent": "Shymkent city", "vintage": 2023}, "791110000"),
        ("Pavlodar district", {"parent": "550000000"}, "556000000"),
        ("Pavlodar city", {"parent": "550000000"}, "551000000"),
        ("353200000", {}, "353200000"),
        (353200000, {}, "353200000"),
        (353200000.0, {}, "353200000"),
        ("Республика Казахстан", {}, "000000000"),
        ("KZ-10", {"level": "oblast"}, "100000000"),
        ("KZ353200", {"level": "district"}, "353200000"),
        ("г.Алматы", {"level": "oblast"}, "750000000"),
        ("Қонаев қ.ә.", {"level": "district", "vintage": 2023}, "191000000"),
        ("Туркестанская 1", {"level": "oblast", "vintage": 2023}, "610000000"),
        ("South Kazakhstan (pre-2018)", {"level": "oblast", "vintage": 2016}, "510000000"),
        ("район имени Габита Мусрепова", {"level": "district"}, "596600000"),
    ],
)
def test_names_as_they_come(name: object, given: dict[str, object], code: str) -> None:
    found = one(name, **given)
    assert found["unit"] == code
    assert found["score"] == 100
    assert found["candidates"] == ()


@pytest.mark.parametrize(
    ("name", "given", "candidates"),
    [
        ("Almaty", {"level": "oblast", "vintage": 2023}, {"190000000", "750000000"}),
        ("Abay district", {"level": "district", "vintage": 2023}, {"103200000", "353200000", "791110000"}),
        ("Abay ditrict", {"level": "district", "vintage": 2023}, {"103200000", "353200000", "791110000"}),
        ("Pavlodar", {"parent": "550000000", "vintage": 2023}, {"551000000", "556000000"}),
        ("Zhambyl", {"level": "district", "vintage": 2023}, {"194200000", "314000000", "594600000"}),
        ("Жмабыл", {"level": "district", "vintage": 2023}, {"194200000", "314000000", "594600000"}),
    ],
)
def test_ambiguous_stays_unresolved_with_candidates(
    name: str, given: dict[str, object], candidates: set[str]
) -> None:
    found = one(name, **given)
    assert pd.isna(found["unit"])
    assert found["reason"] == "ambiguous"
    assert set(found["candidates"]) == candidates


def test_what_cannot_be_resolved_says_why() -> None:
    names = ["", None, float("nan"), "Reykjavik", "353200001", "   "]
    found = resolve(names, UNITS, level="district", vintage=2023)
    assert found["unit"].isna().all()
    assert found["reason"].tolist() == ["empty", "empty", "empty", "no match", "unknown code", "empty"]
    assert one("Abay", parent="nowhere")["reason"] == "parent unknown"
    assert one("Abay", parent="000000000", level="district")["reason"].startswith("no unit")


def test_a_unit_of_other_years_is_never_guessed_to_be_a_present_one() -> None:
    found = one("Shymkent city", level="oblast", vintage=2016)
    assert pd.isna(found["unit"])
    assert found["reason"] == "not in force in that year"
    assert found["candidates"] == ("790000000",)
    assert one("100000000", level="oblast", vintage=2016)["reason"] == "not in force in that year"


def test_a_name_of_another_kind_of_place_is_not_guessed() -> None:
    found = one("Atyrau Regoin", level="district", vintage=2023)
    assert (found["reason"], found["candidates"]) == ("another kind of place", ("231000000",))
    assert (
        one("Taraz district", level="district", vintage=2023)["unit"] == "311000000"
    )  # city, district: often mixed
    assert one("Atyraw city", level="district", vintage=2023)["unit"] == "231000000"
    assert one("Atirow city", level="district", vintage=2023)["unit"] == "231000000"
    found = one("Atirow region", level="district", vintage=2023)
    assert (found["reason"], found["candidates"]) == ("another kind of place", ("231000000",))


def test_scores_and_reasons_of_misspelt_names() -> None:
    found = one("Щербактинсий район", level="district", vintage=2023)
    assert (found["unit"], found["reason"]) == ("556800000", "similar name")
    assert found["score"] == pytest.approx(100 * (1 - 1 / 13))  # one of the 13 letters of the adjective's key
    assert pd.isna(one("Щербактинсий район", level="district", vintage=2023, threshold=99)["unit"])


def test_one_wrong_letter_in_a_short_name_needs_its_parent() -> None:
    assert one("Shv", parent="310000000", vintage=2023)["unit"] == "316600000"
    assert pd.isna(one("Shv", level="district", vintage=2023)["unit"])


def test_result_keeps_the_order_and_the_index() -> None:
    names = pd.Series(["Astana city", "Shymkent city", "Astana city"], index=["x", "y", "x"])
    found = resolve(names, UNITS, level="oblast")
    assert list(found.index) == ["x", "y", "x"]
    assert found["unit"].tolist() == ["710000000", "790000000", "710000000"]
    assert found.columns.tolist() == ["name", "unit", "score", "reason", "candidates"]
    assert resolve([], UNITS).empty


def test_a_parent_for_each_name() -> None:
    found = resolve(["Abay"] * 3, UNITS, parent=["350000000", "790000000", "Abai Region"], vintage=2023)
    assert found["unit"].tolist() == ["353200000", "791110000", "103200000"]
    with pytest.raises(DataError, match="another length"):
        resolve(["Abay"] * 3, UNITS, parent=["350000000"])


def test_the_users_aliases_win(tmp_path: Path) -> None:
    table = tmp_path / "aliases.csv"
    table.write_text("name,unit\nAlmaty,750000000\nThe Lake,193600000\n", encoding="utf-8")
    for aliases in (table, pd.read_csv(table, dtype=str), {"almaty": "750000000", "the lake": "193600000"}):
        found = resolve(["ALMATY", "the lake"], UNITS, aliases=aliases)
        assert found["unit"].tolist() == ["750000000", "193600000"]
        assert set(found["reason"]) == {"your alias"}
    # but never against the parent
    found = one("the lake", parent="350000000", aliases=table)
    assert pd.isna(found["unit"])
    assert found["candidates"] == ("193600000",)


def test_aliases_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="nknown code"):
        one("x", aliases={"x": "123"})
    with pytest.raises(DataError, match="no table"):
        one("x", aliases=tmp_path / "none.csv")
    with pytest.raises(DataError, match="column 'unit'"):
        one("x", aliases=pd.DataFrame({"name": ["x"]}))
    with pytest.raises(DataError, match="two units"):
        one("x", aliases=pd.DataFrame({"name": ["x", "X"], "unit": ["110000000", "150000000"]}))
    with pytest.raises(BoundaryError, match="no level"):
        one("x", level="distict")


# --- the bar ----------------------------------------------------------------------------------------------

LATIN_2021 = dict(
    zip(
        "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя",
        [
            "a",
            "ä",
            "b",
            "v",
            "g",
            "ğ",
            "d",
            "e",
            "io",
            "j",
            "z",
            "i",
            "i",
            "k",
            "q",
            "l",
            "m",
            "n",
            "ñ",
            "o",
            "ö",
            "p",
            "r",
            "s",
            "t",
            "u",
            "ū",
            "ü",
            "f",
            "h",
            "h",
            "ts",
            "tş",
            "ş",
            "şş",
            "_",
            "y",
            "ı",
            "_",
            "e",
            "iu",
            "ia",
        ],
        strict=True,
    )
)
RUSSIAN_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "yo",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)


def latin(text: str, letters: dict[str, str]) -> str:
    """Return a Cyrillic text in Latin letters."""
    return "".join(letters.get(c, c) for c in text.lower()).replace("_", "").title()


def misspelt(text: str, rng: np.random.Generator) -> str:
    """Return a text with one letter left out, put in, changed, or swapped with the next."""
    letters = "abcdefghijklmnopqrstuvwxyz" if text.isascii() else "абвгдежзийклмнопрстуфхыя"
    i, extra = int(rng.integers(len(text))), letters[int(rng.integers(len(letters)))]
    kind = int(rng.integers(4))
    if kind == 0 and len(text) > 3:
        return text[:i] + text[i + 1 :]
    if kind == 1:
        return text[:i] + extra + text[i:]
    if kind == 2:
        i = min(i, len(text) - 2)
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text[:i] + extra + text[i + 1 :]


def spellings(unit: pd.Series, rng: np.random.Generator) -> list[str]:
    """Return all kinds of spelling of a unit: languages, scripts, kinds of place, aliases, typos."""
    city = unit["type"] == "city_oblast_significance"
    names = [unit[f"{form}_{language}"] for form in ("short", "name") for language in ("en", "kk", "ru")]
    return [
        *names,
        *(misspelt(name, rng) for name in names),
        latin(unit["name_kk"], LATIN_2021),
        latin(unit["name_ru"], RUSSIAN_LATIN),
        unit["name_ru"].upper(),
        f"{unit['short_en']} {'town' if city else 'rayon'}",
        f"г. {unit['short_ru']}" if city else f"{unit['short_ru']} р-н",
        *(alias for alias in unit["aliases"].split("|") if alias),
    ]


@pytest.mark.parametrize(("seed", "year"), [(1, 2018), (2, 2024)])
def test_at_least_98_in_100_are_right_and_none_is_wrong(seed: int, year: int) -> None:
    rng = np.random.default_rng(seed)
    districts = in_force(UNITS, level="district", year=year)
    cases = [
        (code, row["parent"], text) for code, row in districts.iterrows() for text in spellings(row, rng)
    ]
    codes, parents, texts = zip(*cases, strict=True)
    found = resolve(texts, UNITS, level="district", parent=parents, vintage=year)["unit"]
    right = found == np.array(codes)
    assert len(cases) > 3_500
    assert right.mean() >= 0.98
    assert [texts[i] for i in np.flatnonzero(found.notna() & ~right)] == []


@pytest.mark.prove
def test_none_is_wrong_over_many_seeds() -> None:
    for year in (2018, 2022, 2024):
        districts = in_force(UNITS, level="district", year=year)
        for seed in range(20):
            rng = np.random.default_rng(seed)
            cases = [(c, row["parent"], t) for c, row in districts.iterrows() for t in spellings(row, rng)]
            codes, parents, texts = zip(*cases, strict=True)
            found = resolve(texts, UNITS, level="district", parent=parents, vintage=year)["unit"]
            right = found == np.array(codes)
            assert right.mean() >= 0.98
            assert [texts[i] for i in np.flatnonzero(found.notna() & ~right)] == []


WORDS = [str(text) for c in UNITS.columns if c.startswith(("name_", "short_")) for text in UNITS[c].dropna()]


@settings(max_examples=150, deadline=None)
@given(
    name=st.one_of(
        st.text(max_size=20),
        st.sampled_from(WORDS),
        st.builds(
            lambda a, b: a[: len(a) // 2] + b[len(b) // 2 :], st.sampled_from(WORDS), st.sampled_from(WORDS)
        ),
    ),
    parent=st.sampled_from(OBLASTS),
    year=st.sampled_from([None, 2019, 2023, 2024]),
)
def test_never_a_unit_of_another_parent(name: str, parent: str, year: int | None) -> None:
    found = resolve([name], UNITS, parent=parent, vintage=year).iloc[0]
    rows = UNITS[UNITS["parent"] == parent]
    if pd.notna(found["unit"]):
        assert found["unit"] in set(rows["unit"])
        assert found["score"] > 0
    assert set(found["candidates"]) <= set(rows["unit"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_a_key_of_plain_letters(text: str) -> None:
    key = sound_key(plain(text))
    assert " " not in key
    assert plain(plain(text)) == plain(text)
    assert spell(text).key == spell(text).key
