"""The gazetteer: what is in force when, what is refused, and what ships for Kazakhstan."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import atlasgeo as ag
from atlasgeo.errors import BoundaryError, StudyError
from atlasgeo.profiles import read_country
from atlasgeo.units import check_codes, in_force, read_units

ROOT = Path(__file__).resolve().parents[2]
KAZ = ROOT / "data" / "boundaries" / "kaz"


@pytest.fixture(scope="module")
def kaz() -> pd.DataFrame:
    """The gazetteer that ships."""
    return read_units(KAZ / "units.csv")


def gazetteer(tmp_path: Path, *rows: str, head: str = "unit,level,valid_from,valid_to,name_en") -> Path:
    """Write a gazetteer of some rows."""
    path = tmp_path / "units.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


# --- what is in force -------------------------------------------------------------------------------------


def test_a_period_is_open_at_its_end(tmp_path: Path) -> None:
    units = read_units(gazetteer(tmp_path, "1,oblast,,2022-06-08,Old", "2,oblast,2022-06-08,,New"))
    assert list(in_force(units, level="oblast", year=2021).index) == ["1"]
    assert list(in_force(units, level="oblast", year=2022).index) == ["2"]


def test_the_end_of_the_year_decides(tmp_path: Path) -> None:
    units = read_units(gazetteer(tmp_path, "1,oblast,,2022-12-31,Old", "2,oblast,2022-12-31,,New"))
    assert list(in_force(units, level="oblast", year=2022).index) == ["2"]
    units = read_units(gazetteer(tmp_path, "1,oblast,,2023-01-01,Old", "2,oblast,2023-01-01,,New"))
    assert list(in_force(units, level="oblast", year=2022).index) == ["1"]


def test_in_force_is_sorted_by_code(tmp_path: Path) -> None:
    units = read_units(gazetteer(tmp_path, "2,a,,,Two", "1,a,,,One", "10,a,,,Ten"))
    assert list(in_force(units, level="a", year=2020).index) == ["1", "10", "2"]


def test_unknown_level_and_year_say_what_is_known(tmp_path: Path) -> None:
    units = read_units(gazetteer(tmp_path, "1,oblast,2018-06-19,,One"))
    with pytest.raises(BoundaryError, match="expected: oblast"):
        in_force(units, level="oblasts", year=2020)
    with pytest.raises(BoundaryError, match="2018-06-19"):
        in_force(units, level="oblast", year=2015)


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("1,oblast,,,One", "1,oblast,,,Again"), "twice at the same time"),
        (("1,oblast,,2022-06-09,One", "1,oblast,2022-06-08,,Again"), "twice at the same time"),
        (("1,oblast,2022-06-08,,One", "1,oblast,,,Again"), "twice at the same time"),
        (("1,oblast,8 June,,One",), "line 2, column valid_from"),
        (("1,oblast,2022-06-08,2022-06-08,One",), "ends before it begins"),
        ((",oblast,,,One",), "has no unit"),
        (("1,,,,One",), "has no level"),
    ],
)
def test_rows_that_contradict_themselves(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        read_units(gazetteer(tmp_path, *rows))


def test_columns_and_strangers(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="lacks the column 'unit'"):
        read_units(gazetteer(tmp_path, "1,a,One", head="units,level,name_en"))
    with pytest.raises(BoundaryError, match="no names"):
        read_units(gazetteer(tmp_path, "1,a", head="unit,level"))
    with pytest.raises(BoundaryError, match="parent '9' of unit 1"):
        read_units(gazetteer(tmp_path, "1,a,9,One", head="unit,level,parent,name_en"))
    with pytest.raises(BoundaryError, match="no gazetteer"):
        read_units(tmp_path / "nowhere.csv")
    with pytest.raises(BoundaryError, match="area_km2 is not a number"):
        read_units(gazetteer(tmp_path, "1,a,12 km,One", head="unit,level,area_km2,name_en"))


def test_codes_stay_text_and_missing_names_stay_missing(tmp_path: Path) -> None:
    units = read_units(
        gazetteer(tmp_path, "007,a,,,One,", head="unit,level,valid_from,valid_to,name_en,name_kk")
    )
    assert units["unit"].tolist() == ["007"]
    assert units["name_kk"].isna().all()
    assert units.loc[0, ["parent", "predecessor", "aliases"]].tolist() == ["", "", ""]


def test_unknown_codes_name_the_nearest_known() -> None:
    check_codes(["110000000"], ["110000000", "150000000"])
    with pytest.raises(BoundaryError, match="110000001 \\(nearest: 110000000") as caught:
        check_codes(["110000001", "150000000"], ["110000000", "150000000"], where="figures.csv")
    assert "figures.csv" in str(caught.value)
    assert "1 unknown unit code\n" in str(caught.value)


# --- Kazakhstan -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "count"), [(2010, 16), (2017, 16), (2018, 17), (2021, 17), (2022, 20), (2025, 20)]
)
def test_oblasts_in_force(kaz: pd.DataFrame, year: int, count: int) -> None:
    assert len(in_force(kaz, level="oblast", year=year)) == count


@pytest.mark.parametrize(("year", "count"), [(2018, 216), (2020, 216), (2021, 217), (2024, 227)])
def test_districts_in_force(kaz: pd.DataFrame, year: int, count: int) -> None:
    districts = in_force(kaz, level="district", year=year)
    assert len(districts) == count
    assert set(districts["parent"]) <= set(in_force(kaz, level="oblast", year=year).index)


def test_district_maps_before_2018_are_not_invented(kaz: pd.DataFrame) -> None:
    with pytest.raises(BoundaryError, match="2018-06-19"):
        in_force(kaz, level="district", year=2017)


def test_a_code_means_nothing_without_its_vintage(kaz: pd.DataFrame) -> None:
    def name(year: int) -> str:
        return str(in_force(kaz, level="district", year=year).loc["191000000", "short_en"])

    assert (name(2021), name(2022)) == ("Taldykorgan", "Konaev")


def test_codes_that_kept_their_number_have_a_row_a_period(kaz: pd.DataFrame) -> None:
    for code, former_area, area in [("630000000", 282282.4, 97517.0), ("350000000", 430517.7, 241885.7)]:
        rows = kaz[kaz["unit"] == code].sort_values("area_km2", ascending=False)
        assert rows["area_km2"].tolist() == [former_area, area]
        assert rows["predecessor"].tolist() == ["", code]
        assert rows["valid_to"].iloc[0] == rows["valid_from"].iloc[1] == pd.Timestamp("2022-06-08")


def test_every_predecessor_ends_where_its_successor_begins(kaz: pd.DataFrame) -> None:
    shapeless = kaz["area_km2"].isna()
    later = kaz[(kaz["predecessor"] != "") & ~shapeless]
    ends = set(zip(kaz["unit"], kaz["valid_to"], strict=True))
    assert {(p, d) for p, d in zip(later["predecessor"], later["valid_from"], strict=True)} <= ends
    ended = kaz[kaz["valid_to"].notna()]
    continued = set(zip(later["predecessor"], later["valid_from"], strict=True))
    assert {(u, d) for u, d in zip(ended["unit"], ended["valid_to"], strict=True)} <= continued


@pytest.mark.parametrize("year", [2015, 2019, 2023])
def test_areas_of_a_map_make_up_the_country(kaz: pd.DataFrame, year: int) -> None:
    # 2,728,290 km2 in the facts' projection, the same for every division of it
    assert in_force(kaz, level="oblast", year=year)["area_km2"].sum() == pytest.approx(2_728_290, rel=1e-4)


def test_names_are_there_in_three_languages_and_tell_units_apart(kaz: pd.DataFrame) -> None:
    for language in ("en", "kk", "ru"):
        assert kaz[f"name_{language}"].notna().all()
        oblasts = in_force(kaz, level="oblast", year=2023)
        assert oblasts[f"short_{language}"].is_unique
    shown = in_force(kaz, level="oblast", year=2023)["short_en"]
    assert shown[["610000000", "190000000", "750000000"]].tolist() == [
        "Turkistan",
        "Almaty oblast",
        "Almaty city",
    ]


def test_misspelt_names_are_corrected(kaz: pd.DataFrame) -> None:
    text = " ".join(kaz[[c for c in kaz if c.startswith(("name_", "short_"))]].fillna("").to_numpy().ravel())
    for wrong in ("Енбекшинскийский", "Каратаускийский", "Zharasemey", "Konaiev", "Aршалинский"):
        assert wrong not in text
    russian = kaz.loc[kaz["level"] == "district", "short_ru"]
    assert not russian.str.contains("[A-Za-zӘәҒғҚқҢңӨөҰұҮүІі]").any()


def test_districts_without_shape_are_listed(kaz: pd.DataFrame) -> None:
    country = read_country(KAZ)
    listed = {unit.unit: unit for unit in country.without_shape}
    assert set(kaz.loc[kaz["area_km2"].isna(), "unit"]) == set(listed) - {""}
    assert [unit.name["en"] for unit in country.without_shape] == [
        "Sauran",
        "Markakol",
        "Ulken Naryn",
        "Saraishyq",
    ]


def test_neighbours_are_pairs_of_units_in_force(kaz: pd.DataFrame) -> None:
    for vintage, counts in ((2018, {"oblast": 29, "district": 517}), (2024, {"oblast": 35, "district": 548})):
        table = pd.read_csv(KAZ / f"neighbours_{vintage}.csv", dtype={"unit": str, "neighbour": str})
        assert table.groupby("level").size().to_dict() == counts
        assert not table.duplicated(["unit", "neighbour"]).any()
        for level, group in table.groupby("level"):
            known = in_force(kaz, level=level, year=vintage).index
            check_codes([*group["unit"], *group["neighbour"]], known)
            assert (group["unit"] < group["neighbour"]).all()


@pytest.mark.shared
def test_tables_are_reproduced_from_the_facts(shared: Path, tmp_path: Path) -> None:
    made = (
        "units.csv",
        "neighbours_2018.csv",
        "neighbours_2024.csv",
        "crosswalk_2018_2024.csv",
        "changes.csv",
    )
    for path in KAZ.iterdir():
        if path.suffix in {".csv", ".py"} and path.name not in made:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    for script in ("build_units.py", "build_links.py"):
        subprocess.run([sys.executable, tmp_path / script, shared / "facts"], check=True)
    for name in made:
        assert (tmp_path / name).read_bytes() == (KAZ / name).read_bytes(), name


# --- profiles ---------------------------------------------------------------------------------------------


def test_profile_of_kazakhstan() -> None:
    country = ag.read_country(KAZ)
    assert country.code == "kaz"
    assert set(country.languages) == {"en", "ru", "kk"} == set(country.name) == set(country.disclaimer)
    assert country.national_code == "000000000"
    assert country.folder == KAZ
    for entry in (*country.boundaries, *country.crosswalks, *country.neighbours):
        assert entry.path is None or (KAZ / entry.path).is_file()


def profile(tmp_path: Path, change: tuple[str, str]) -> Path:
    """Write Kazakhstan's profile with one text replaced."""
    text = (KAZ / "country.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "country.toml").write_text(text.replace(*change, 1), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('languages = ["en"', 'language = ["en"'), "did you mean 'languages'"),
        (('producer = "plotly', 'producers = "plotly'), "did you mean 'producer'"),
        (("+proj=aea", "+proj=longlat"), "projected CRS in metres"),
        (('code_pattern = "^[0-9]{9}$"', 'code_pattern = "["'), "regular expression"),
        (('level = "oblast"\npath', 'level = "oblasts"\npath'), "none of country, oblast, district"),
        (('path = "oblasts.geojson"\n', ""), "path"),
        (('ru = "Казахстан"\n', ""), "language ru"),
        (("code = ", "code : "), "not valid TOML"),
    ],
)
def test_a_wrong_profile_names_key_and_remedy(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(StudyError, match=message) as caught:
        read_country(profile(tmp_path, change))
    assert "country.toml" in str(caught.value)


def test_a_folder_without_profile(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no profile"):
        read_country(tmp_path)
