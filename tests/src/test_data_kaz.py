"""Kazakhstan's figures as they ship: complete, catalogued, sourced, and with the values the sources print."""

from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from atlasgeo.units import in_force, read_units
from childatlas.figures.catalogue import Catalogue, read_catalogue
from childatlas.figures.check import Checked, check_figures
from childatlas.figures.children import children_at
from childatlas.figures.read import read_figures
from childatlas.figures.select import latest, residences, series
from childatlas.measures.recipe import Recipe, read_recipe
from childatlas.shipped import data_folder

FOLDER = data_folder() / "indicators" / "kaz"
COUNTRY = "000000000"
LANGUAGES = ("en", "ru", "kk")
KAZAKH_LETTERS = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def gazetteer() -> pd.DataFrame:
    return read_units(data_folder() / "boundaries" / "kaz" / "units.csv")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(FOLDER)


@pytest.fixture(scope="module")
def table(gazetteer: pd.DataFrame) -> pd.DataFrame:
    return read_figures(FOLDER, gazetteer=gazetteer, level="oblast")


@pytest.fixture(scope="module")
def checked(table: pd.DataFrame, catalogue: Catalogue, gazetteer: pd.DataFrame) -> Checked:
    return check_figures(table, catalogue=catalogue, gazetteer=gazetteer)


@pytest.fixture(scope="module")
def figures(checked: Checked) -> pd.DataFrame:
    return checked.figures


def value(figures: pd.DataFrame, indicator: str, unit: str, year: int, residence: str = "total") -> float:
    rows = series(figures, indicator, residence=residence)
    rows = rows[(rows["unit"] == unit) & (rows["year"] == year)]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


# --- the table ----------------------------------------------------------------------------------------------


def test_every_row_was_read_and_every_unit_is_known(table):
    assert len(table) == len((FOLDER / "figures.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert table.attrs["report"].unresolved == ()
    assert table["unit"].str.fullmatch("[0-9]{9}").all()


def test_the_table_is_small_enough_to_ship():
    assert max(path.stat().st_size for path in FOLDER.iterdir()) < 2 * 2**20


def test_years_are_those_of_the_atlas(table):
    assert table["year"].between(2010, 2023).all()
    assert (table["year"].min(), table["year"].max()) == (2010, 2023)


def test_town_and_village_and_sex_are_there(table):
    counts = table["residence"].value_counts()
    assert counts["urban"] > 3_000
    assert counts["rural"] > 3_000
    assert set(table["sex"]) == {"", "female", "male"}


def test_further_groups_are_written_in_one_way(table):
    groups = {part for group in table["group"].unique() for part in group.split(";") if part}
    assert all(re.fullmatch(r"(mother_education|woman_education|wealth)=[a-z ]+", part) for part in groups)
    assert {"wealth=poorest", "wealth=richest", "mother_education=higher"} <= groups


def test_every_figure_has_a_catalogue_entry_and_every_entry_figures(table, catalogue, figures):
    assert set(table["indicator"]) <= set(catalogue)
    assert set(catalogue) == set(figures["indicator"])


def test_every_figure_has_a_source_that_is_described(table):
    with (FOLDER / "sources.csv").open(encoding="utf-8") as file:
        sources = {row["id"]: row for row in csv.DictReader(file)}
    assert (table["source"] != "").all()
    for source in table["source"].unique():
        assert source.split(" (mean of")[0].split(" (610")[0] in sources
    for row in sources.values():
        assert row["producer"]
        assert row["licence"]
        assert row["date"]
        assert row["link"].startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", row["sha256"])


def test_the_income_series_of_unstated_licence_does_not_ship():
    left = (FOLDER / "left_out.csv").read_text(encoding="utf-8")
    assert "kz_income_per_capita_oblast_2000_2020.csv" in left
    assert "states no licence" in left
    assert "income" not in (FOLDER / "figures.csv").read_text(encoding="utf-8")


def test_undated_sources_say_that_the_year_is_inferred(table):
    for indicator in ("children_0_15", "schools"):
        assert table[table["indicator"] == indicator]["source"].str.contains("year inferred").all()


# --- what is in doubt ---------------------------------------------------------------------------------------


def test_what_is_dropped_and_why(checked):
    assert checked.report.dropped == {
        "suspect: the value is in doubt": 101,
        "unit not in force at the end of that year": 80,
        "unit not in force at the end of that year; its ground is counted under another unit": 35,
    }
    assert checked.report.used == 20_333 - 101 - 115
    assert checked.report.missing == {}


def test_keys_of_the_usable_figures_are_unique(figures):
    assert not figures.duplicated(["unit", "indicator", "year", "residence", "sex", "group"]).any()


@pytest.mark.parametrize(
    ("indicator", "unit", "year", "residence", "values"),
    [
        ("early_development", COUNTRY, 2010, "total", [861.0]),
        ("housing_space", "100000000", 2022, "urban", [17.6, 21.2]),
        ("housing_space", "330000000", 2022, "total", [18.9, 19.3]),
        ("neet", "620000000", 2023, "urban", [0.8, 10.6]),
        ("child_employment_15_17", "350000000", 2023, "urban", [0.02, 0.15]),
        ("child_employment_15_17", "470000000", 2020, "rural", [0.1]),
        ("wastewater_treated", "630000000", 2020, "total", [81.3]),
    ],
)
def test_doubtful_values_are_kept_as_printed_and_used_by_none(
    table, figures, indicator, unit, year, residence, values
):
    def found(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame[(frame["indicator"] == indicator) & (frame["unit"] == unit) & (frame["year"] == year)]
        return rows[(rows["residence"] == residence) & (rows["sex"] == "") & (rows["group"] == "")]

    assert sorted(found(table)["value"]) == values
    assert (found(table)["flag"] == "suspect").all()
    assert found(figures).empty


def test_south_kazakhstan_is_never_counted_beside_its_successors(figures):
    south, parts = {"510000000"}, {"610000000", "790000000"}
    for year, rows in figures.groupby("year"):
        units = set(rows["unit"])
        assert not (units & south and units & parts), year
    assert set(figures[figures["unit"].isin(parts)]["year"]) == set(range(2018, 2024))


def test_oblasts_add_up_to_the_country(figures):
    people = series(figures, "population")
    for year, rows in people.groupby("year"):
        parts = rows[rows["unit"] != COUNTRY]["value"].sum()
        whole = rows[rows["unit"] == COUNTRY]["value"].item()
        assert parts == pytest.approx(whole, rel=1e-9), year
    children = series(figures, "children_0_15")
    assert children[children["unit"] != COUNTRY]["value"].sum() == 5_636_761


# --- known values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indicator", "unit", "year", "residence", "expected"),
    [
        ("poverty_subsistence", "610000000", 2023, "total", 9.0),
        ("poverty_subsistence", "510000000", 2010, "total", 11.5),
        ("poverty_subsistence", COUNTRY, 2023, "total", 5.2),
        ("stunting", "150000000", 2010, "total", 36.2),
        ("stunting", "150000000", 2015, "total", 6.6),
        ("stunting", "710000000", 2015, "total", 7.1),
        ("under5_mortality", COUNTRY, 2010, "rural", 20.06),
        ("housing_space", "350000000", 2023, "urban", 25.4),
        ("neet", "470000000", 2023, "rural", 20.5),
        ("population", "510000000", 2016, "total", 2_840_871),
        ("population", "510000000", 2017, "total", 2_878_636),
        ("life_expectancy", "510000000", 2016, "total", 72.58),
        ("children_0_15", "610000000", 2020, "total", 799_717),
        ("grp_per_capita", "230000000", 2022, "total", 19_974.1),
        ("preschool_children_per_100_places", "330000000", 2022, "total", 95.0),
        ("schools", "620000000", 2023, "total", 88),
    ],
)
def test_values_the_sources_print(figures, indicator, unit, year, residence, expected):
    assert value(figures, indicator, unit, year, residence) == pytest.approx(expected)


def test_rural_poverty_against_urban(figures):
    ratio = {
        year: value(figures, "poverty_subsistence", COUNTRY, year, "rural")
        / value(figures, "poverty_subsistence", COUNTRY, year, "urban")
        for year in (2010, 2023)
    }
    assert round(ratio[2010], 1) == 2.7
    assert round(ratio[2023], 1) == 1.7


def test_failing_housing_is_a_rate(figures):
    people = value(figures, "failing_housing_persons", "350000000", 2023)
    everybody = value(figures, "population", "350000000", 2023)
    assert value(figures, "failing_housing", "350000000", 2023) == pytest.approx(people / everybody * 1000)


def test_reading_for_both_sexes_is_modelled_and_close_to_the_published_mean(figures):
    own = series(figures, "learning_reading")
    oblasts = own[own["unit"] != COUNTRY]
    assert (oblasts["flag"] == "modelled").all()
    assert (own[own["unit"] == COUNTRY]["flag"] == "").all()
    by_sex = figures[(figures["indicator"] == "learning_reading") & (figures["unit"] == COUNTRY)]
    for year, rows in by_sex[by_sex["sex"] != ""].groupby("year"):
        assert rows["value"].mean() == pytest.approx(
            value(figures, "learning_reading", COUNTRY, year), abs=0.25
        )


@pytest.mark.parametrize(
    ("indicator", "vintage", "year", "units"),
    [
        ("poverty_subsistence", 2023, 2023, 20),
        ("neet", 2023, 2023, 20),
        ("under5_mortality", 2019, 2019, 17),
        ("stunting", 2015, 2015, 16),
        ("internet_use", 2023, 2023, 20),
        ("housing_space", 2023, 2023, 18),
        ("failing_housing", 2023, 2023, 20),
        ("adolescent_births_15_19", 2023, 2023, 17),
        ("grp_per_capita", 2023, 2022, 15),
    ],
)
def test_the_latest_year_of_a_map(figures, gazetteer, indicator, vintage, year, units):
    found = latest(figures, indicator, gazetteer=gazetteer, level="oblast", vintage=vintage)
    assert (found.year, found.values.notna().sum()) == (year, units)


def test_surveys_of_children_stop_at_the_map_of_their_year(figures):
    for indicator in ("stunting", "wasting", "overweight", "violent_discipline", "early_development"):
        assert set(series(figures, indicator)["year"]) == {2010, 2015}
        own = series(figures, indicator)
        assert len(own[(own["year"] == 2015) & (own["unit"] != COUNTRY)]) == 16


def test_poverty_by_residence_is_known_for_the_country_alone(figures):
    assert residences(figures, "poverty_subsistence", year=2023).index.tolist() == [COUNTRY]


def test_children_of_the_cut_oblasts_are_modelled_and_add_up(figures, gazetteer):
    table = children_at(figures, gazetteer, level="oblast", year=2023)
    assert table["value"].sum() == pytest.approx(5_636_761)
    cut = ["100000000", "190000000", "330000000", "350000000", "620000000", "630000000"]
    assert table.index[table["flag"] == "modelled"].tolist() == cut
    assert len(table) == len(in_force(gazetteer, level="oblast", year=2023))


# --- the catalogue ------------------------------------------------------------------------------------------


def test_all_texts_are_in_three_languages(catalogue):
    for indicator in catalogue.values():
        for texts in (indicator.label, indicator.population, indicator.measure, indicator.definition):
            assert tuple(texts) == LANGUAGES, indicator.id
            assert all(text.strip() == text and text for text in texts.values())
        for texts in (indicator.note, *indicator.year_break.values()):
            assert tuple(texts) in ((), LANGUAGES), indicator.id


def test_russian_and_kazakh_are_russian_and_kazakh(catalogue):
    for indicator in catalogue.values():
        for texts in (indicator.label, indicator.definition):
            assert not re.search("[А-Яа-яӘ-ӿ]", texts["en"]), indicator.id
            assert not KAZAKH_LETTERS & set(re.sub("Жетісу|Ұлытау", "", texts["ru"])), indicator.id
            assert KAZAKH_LETTERS & set(texts["kk"]), indicator.id
            assert texts["kk"] != texts["ru"]


def test_no_latin_letter_hides_in_a_cyrillic_word(catalogue):
    for indicator in catalogue.values():
        for texts in (
            indicator.label,
            indicator.population,
            indicator.measure,
            indicator.definition,
            indicator.note,
        ):
            for language in ("ru", "kk"):
                mixed = re.findall(r"\b\w*(?:[A-Za-z][Ѐ-ӿ]|[Ѐ-ӿ][A-Za-z])\w*\b", texts.get(language, ""))
                assert not mixed, (indicator.id, language, mixed)


def test_labels_are_unlike_each_other(catalogue):
    for language in LANGUAGES:
        labels = [indicator.label[language] for indicator in catalogue.values()]
        assert len(set(labels)) == len(labels)


def test_shares_end_at_100_and_counts_have_no_end(catalogue):
    for indicator in catalogue.values():
        low, high = indicator.valid_range
        assert low == 0
        if indicator.measure["en"] == "%":
            assert high == 100, indicator.id
        if indicator.kind == "count":
            assert math.isinf(high)
            assert not indicator.carry


def test_counts_of_people_and_schools_have_a_denominator(catalogue):
    counts = {i.id: i.denominator for i in catalogue.values() if i.kind == "count" and i.id != "population"}
    assert counts == dict.fromkeys(("children_0_15", "failing_housing_persons", "schools"), "population")


def test_series_that_cross_a_reform_say_so(catalogue, table):
    for indicator, rows in table.groupby("indicator"):
        years = set(rows["year"])
        for reform in (2018, 2022):
            if min(years) < reform <= max(years):
                assert reform in catalogue[indicator].year_break, (indicator, reform)


# The source prints quotients of these with all their decimals.
UNROUNDED = {
    "internet_use", "neonatal_mortality", "preschool_participation", "school_internet",
    "school_toilets_both", "school_toilets_indoor_only", "school_toilets_outdoor_only",
}  # fmt: skip


def test_declared_digits_are_those_the_source_prints(table, catalogue):
    for indicator, rows in table[table["flag"] == ""].groupby("indicator"):
        entry = catalogue[indicator]
        whole = (rows["value"].round(entry.digits) - rows["value"]).abs() < 1e-9
        assert (whole.mean() > 0.9) == (indicator not in UNROUNDED), (indicator, whole.mean())
        if entry.digits and indicator not in UNROUNDED:
            coarser = (rows["value"].round(entry.digits - 1) - rows["value"]).abs() < 1e-9
            assert coarser.mean() < 0.9, indicator


# --- the recipes --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cwi() -> Recipe:
    return read_recipe(data_folder() / "indices" / "cwi_kaz.toml")


def test_the_index_has_the_official_shape(cwi):
    areas = [g.id for g in cwi.groups if g.level == "area"]
    components = [g.id for g in cwi.groups if g.level == "component"]
    assert areas == ["child", "family_and_community", "public_policy", "situation_in_the_country"]
    assert len(components) == 14
    assert [g.id for g in cwi.groups if not g.open] == ["socialization", "family_policy"]
    assert not cwi.official
    assert "not the official" in cwi.note["en"]
    assert {kind: sum(i.kind == kind for i in cwi.indicators) for kind in ("statistical", "survey")} == {
        "statistical": 35,
        "survey": 21,
    }


@pytest.mark.shared
def test_the_index_has_the_names_of_the_official_structure(cwi):
    with (ROOT.parent / "shared" / "facts" / "kaz_cwi_structure.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    label = {g.id: g.label["en"] for g in cwi.groups}
    ours = [(label[g.parent], g.label["en"]) for g in cwi.groups if g.level == "component"]
    assert ours == [(row["area"], row["component"]) for row in rows]


@pytest.mark.parametrize("name", ["cwi_kaz", "deprivation_kaz"])
def test_recipes_agree_with_the_catalogue(name, catalogue):
    recipe = read_recipe(data_folder() / "indices" / f"{name}.toml")
    for item in (i for i in recipe.indicators if i.open):
        entry = catalogue.find(item.column)
        assert entry.direction == item.direction, item.id
        assert entry.kind != "count" or item.denominator
        if name == "cwi_kaz":
            assert entry.component == item.parent, item.id


def test_components_of_the_catalogue_are_those_of_the_index(catalogue, cwi):
    components = {g.id for g in cwi.groups if g.level == "component"}
    assert {i.component for i in catalogue.values()} - {""} <= components


def test_every_open_indicator_is_in_the_index_or_said_to_be_left_out(catalogue, cwi):
    used = {i.column for i in cwi.indicators if i.open}
    text = (data_folder() / "indices" / "cwi_kaz.toml").read_text(encoding="utf-8").split("direction =")[0]
    named = set(re.findall(r"[a-z0-9_]+", text))
    open_ones = {i.id for i in catalogue.values() if i.component and i.kind != "count"}
    assert open_ones == used | (named & open_ones)
    assert not used & named


# --- how the tables are made --------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_tables_are_made_from_their_sources_to_the_byte(tmp_path):
    source = ROOT.parent / "shared" / "figures"
    script = FOLDER / "build_figures.py"
    subprocess.run([sys.executable, str(script), str(source), "--out", str(tmp_path)], check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["figures.csv", "left_out.csv", "sources.csv"]
    for name in made:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_every_recode_and_correction_has_a_reason():
    for name, columns in (("recodes.csv", ("reason",)), ("corrections.csv", ("reason", "evidence"))):
        with (FOLDER / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert all(row[column] for column in columns), row
