"""The districts of Kazakhstan and another country: two studies through the very same pipeline."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from atlasgeo import local_moran, smooth_rates
from atlasgeo.cache import CACHE_VARIABLE
from atlasgeo.errors import StudyError
from atlasgeo.known_neighbours import known_neighbours
from atlasgeo.maps.palettes import QUALITATIVE
from atlasgeo.sources import fetch_layer, find_source
from childatlas.assembly.discovery import find_layers
from childatlas.assembly.material import read_material
from childatlas.assembly.provenance import identify
from childatlas.assembly.tables import build_tables
from childatlas.atlas.findings import finding
from childatlas.atlas.profiles import unit_profiles
from childatlas.atlas.spreads import layer_spread
from childatlas.atlas.tables import all_tables
from childatlas.atlas.words import read_words
from childatlas.shipped import data_folder
from childatlas.study import Study, read_study

KIND = "district_type"
OWN = ("district_area", "distance_oblast_centre", "distance_city_50000")
ABOVE = ("poverty_subsistence", "neet", "internet_use")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        patch.setattr("socket.socket.connect", _refuse)
        yield folder


def _refuse(*_: object) -> None:
    raise AssertionError("a run opened the network")


def _made(study: Study | str):
    declared = study if isinstance(study, Study) else read_study(study)
    declared = declared.model_copy(
        update={"statistics": declared.statistics.model_copy(update={"permutations": 3_999})}
    )
    material = read_material(declared)
    found = find_layers(material)
    return material, found, identify(material, found, build_tables(material, found), folder=Path("x"))


@pytest.fixture(scope="module")
def districts(cache):
    return _made("kazakhstan-districts")


def test_what_is_known_by_district_is_mapped_on_schematic_shapes(districts):
    _, found, atlas = districts
    (geography,) = found.geographies.values()
    assert geography.schematic
    assert len(geography.shapes) == 224
    assert geography.credit.startswith("schematic district shapes")
    assert len(geography.parents) == 20
    assert [layer.id for layer in found.layers] == [KIND, *OWN, *ABOVE]
    for layer in found.layers[1:4]:
        assert layer.values.notna().all()
        assert layer.local_moran is not None
    assert atlas.layer("district_area").values["101000000"] == 234.2


def test_the_type_of_each_district_is_that_of_the_gazetteer_and_in_no_order(districts):
    _, found, atlas = districts
    layer, units = atlas.layer(KIND), found.geographies["district-2024"].units
    labels = {1: "district", 2: "city_oblast_significance", 3: "city_district"}
    drawn = layer.values.map(labels)
    assert drawn.to_dict() == units["type"].reindex(drawn.index).to_dict()
    assert len(drawn) == 224
    assert {number: texts["en"] for number, texts in layer.categories.items()} == {
        1: "District",
        2: "City of oblast significance",
        3: "District of a city",
    }
    assert all(set(texts) == {"en", "ru", "kk"} for texts in layer.categories.values())
    assert layer.ranks["rank"].isna().all()
    assert layer.local_moran is None
    assert layer.getis_ord is None
    assert layer.global_statistics.empty
    assert "no order" in layer.no_statistics
    assert layer.trend.empty
    assert layer.gap is None
    assert layer.national is None
    told = atlas.tables["global_statistics"].set_index("layer")["no_statistics"]
    assert "no order" in told[layer.key]
    for name in ("lowest", "local_statistics"):
        assert layer.key not in set(atlas.tables[name]["layer"])


def test_the_map_of_types_counts_them_and_ranks_nobody(districts):
    _, found, atlas = districts
    words = read_words("en")
    layer = atlas.layer(KIND)
    geography = found.geographies["district-2024"]
    n = {k: int((layer.values == k).sum()) for k in layer.categories}
    assert sum(n.values()) == 224
    told = f"District ({n[1]}), City of oblast significance ({n[2]}) and District of a city ({n[3]})"
    assert finding(layer, geography, words) == f"Type of district: {told}"
    spread = layer_spread(atlas, layer, words=words)
    legend = [(row["label"], row["colour"], row["n"]) for row in spread["legend"]["rows"]]
    assert legend == [(g["label"], g["colour"], g["n"]) for g in spread["categories"]]
    assert [row[2] for row in legend] == list(n.values())
    assert [row[1] for row in legend] == list(QUALITATIVE[:3])
    assert spread["ranking"]["rows"] == []
    table = all_tables(atlas, words)["values-district-2024"]
    assert "district_type_rank" not in table
    assert table.loc["101000000", "district_type_label"] == "City of oblast significance"
    facts = {p["code"]: p["facts"] for p in unit_profiles(atlas, words=words)}["101000000"]
    assert [value for _, value in facts].count("City of oblast significance") == 1


def test_oblast_values_are_marked_and_never_used_as_observations(districts):
    material, found, atlas = districts
    units = found.geographies["district-2024"].units
    rows = material.figures
    rows = rows[(rows["indicator"] == "poverty_subsistence") & (rows["year"] == 2023)]
    oblast = rows[rows["residence"] == "total"]
    oblast = oblast[(oblast["sex"] == "") & (oblast["group"] == "")].set_index("unit")["value"]
    for layer in found.layers[4:]:
        assert layer.from_above
        assert (layer.flags == "oblast value").all()
        assert layer.ranks["rank"].isna().all()
        assert layer.local_moran is None
        assert layer.getis_ord is None
        assert layer.global_statistics.empty
        assert "oblast value" in layer.no_statistics
        assert layer.trend.empty
        assert layer.gap is None
    poverty = atlas.layer("poverty_subsistence")
    assert poverty.year == 2023
    assert poverty.values.to_dict() == units["parent"].map(oblast).to_dict()
    assert set(atlas.tables["lowest"]["layer"]) == {"distance_oblast_centre-2024", "distance_city_50000-2024"}
    assert set(atlas.tables["local_statistics"]["layer"]) == {f"{name}-2024" for name in OWN}


def test_neighbours_are_the_stated_ones_not_those_of_the_drawing(districts):
    material, found, _ = districts
    geography = found.geographies["district-2024"]
    ground = material.ground
    stated = known_neighbours(ground.country, ground.gazetteer, geography.shapes, level="district", year=2024)
    assert geography.neighbours.adjacency.equals(stated.adjacency)
    assert len(stated.adjacency) == 2 * 548
    assert "101010000" in stated["101000000"].index


def test_units_without_shape_and_the_fetch_command_are_told(districts):
    _, _, atlas = districts
    said = "\n".join(atlas.notes)
    assert "schematic district shapes" in said
    assert "childatlas boundaries fetch kaz --level district --vintage 2024" in said
    for name in ("Sauran", "Markakol", "Ulken Naryn", "Saraishyq"):
        assert name in said
    table = atlas.tables["units"]
    assert table["shape"].value_counts().to_dict() == {"schematic district shapes": 224, "none": 4}
    assert set(table["type"].dropna()) == {"district", "city_oblast_significance", "city_district"}


def test_a_unit_without_a_code_is_listed_on_the_map_of_today_alone(districts):
    ground = districts[0].ground
    assert list(ground.nameless(2024)["name_en"]) == ["Saraishyq"]
    for year in (2019, 2021, 2023):
        assert ground.nameless(year).empty


def test_distances_are_straight_lines_in_the_metric_crs():
    """By hand: Semey lies in Semey city; Priozersk is 394 km from Karaganda by great circle (within 1 %)."""
    folder = data_folder() / "indicators" / "kaz-districts"
    figures = pd.read_csv(folder / "figures.csv", dtype={"unit": str})
    units = pd.read_csv(data_folder() / "boundaries" / "kaz" / "units.csv", dtype={"unit": str})
    centre = figures[figures["indicator"] == "distance_oblast_centre"].set_index("unit")["value"]
    city = figures[figures["indicator"] == "distance_city_50000"].set_index("unit")["value"]
    assert centre["101000000"] < 5
    assert (city <= centre + 0.11).sum() >= 200  # nearly every oblast centre is itself such a city
    row = units[units["short_en"] == "Priozersk"].iloc[-1]
    great_circle = _great_circle(row["lon"], row["lat"], 73.10, 49.80)
    assert centre[row["unit"]] == pytest.approx(great_circle, rel=0.01)
    cities = pd.read_csv(folder / "cities.csv")
    assert cities["population"].min() >= 50_000
    left_out = pd.read_csv(folder / "left_out.csv")
    assert not set(left_out["geonameid"]) & set(cities["geonameid"])


def _great_circle(lon, lat, lon2, lat2):
    a, b, c, d = np.radians([lat, lat2, lon, lon2])
    cosine = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(d - c)
    return 6371.0 * np.arccos(cosine)


def test_a_table_of_the_users_own_is_judged_like_any_other(cache, districts, tmp_path):
    _, found, _ = districts
    units = found.geographies["district-2024"].units
    values = np.linspace(1, 9, len(units)).round(2)
    rows = pd.DataFrame({"unit": units.index, "indicator": "lacking_water", "year": 2023, "value": values})
    rows.to_csv(tmp_path / "figures.csv", index=False)
    (tmp_path / "indicators.toml").write_text(
        '[lacking_water]\nlabel.en = "Homes without water"\nmeasure.en = "%"\ndirection = "higher_is_worse"\n'
        "valid_range = [0, 100]\n"
    )
    text = (data_folder() / "studies" / "kazakhstan-districts.toml").read_text()
    text = text.replace('name = "kazakhstan-districts"', 'name = "own"')
    text = text.replace('tables = ["kaz-districts"', 'tables = ["figures.csv", "kaz-districts"')
    text = text.replace('catalogue = ["kaz-districts"', 'catalogue = ["indicators.toml", "kaz-districts"')
    text = text.replace('indicators = ["district_type"', 'indicators = ["lacking_water", "district_type"')
    (tmp_path / "own.toml").write_text(text)
    _, own, atlas = _made(read_study(tmp_path / "own.toml"))
    layer = atlas.layer("lacking_water")
    assert layer.geography == own.layers[0].geography
    assert layer.local_moran is not None
    assert not layer.from_above


def test_a_count_or_an_unknown_level_is_refused(cache):
    study = read_study("kazakhstan-districts")
    counted = study.model_copy(
        update={"figures": study.figures.model_copy(update={"parent_values": ("population",)})}
    )
    with pytest.raises(Exception, match="is a count"):
        _made(counted)
    with pytest.raises(StudyError, match="no level 'distict'"):
        _made(study.model_copy(update={"level": "distict"}))


def test_two_catalogues_with_one_indicator_are_refused(cache):
    study = read_study("kazakhstan-districts")
    twice = study.figures.model_copy(update={"catalogue": ("kaz", "kaz")})
    with pytest.raises(StudyError, match="two catalogues"):
        read_material(study.model_copy(update={"figures": twice}))


@pytest.mark.shared
def test_official_shapes_are_used_where_they_are_cached(shared, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    material = read_material(read_study("kazakhstan-districts"))
    before = len(material.inputs)
    layer = find_source(material.ground.country, level="district", vintage=2024)
    fetched = fetch_layer(layer, country="kaz", mirror=shared / "mirror")
    geography = material.ground.build(2024)
    assert not geography.schematic
    assert geography.fetch == ""
    assert "geokz" in geography.credit
    assert len(geography.parents) == 20
    assert len(geography.without_shape) == 4
    again = read_material(read_study("kazakhstan-districts"))
    assert fetched.path in again.inputs
    assert len(again.inputs) == before + 1


@pytest.mark.shared
def test_a_run_fetches_only_when_told(shared, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("CHILDATLAS_MIRROR", str(shared / "mirror"))
    assert read_material(read_study("kazakhstan-districts")).ground.build(2024).schematic
    assert not read_material(read_study("kazakhstan-districts"), fetch=True).ground.build(2024).schematic


# North Carolina ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def carolina(cache):
    return _made("north-carolina")


def test_another_country_goes_through_the_same_pipeline(carolina):
    _, found, atlas = carolina
    (geography,) = found.geographies.values()
    assert len(geography.shapes) == 100
    assert not geography.schematic
    assert geography.level == "county"
    report = geography.shapes.attrs.get("report")
    assert report is None or "4267" in report.crs_found
    assert [layer.id for layer in found.layers] == ["sids_rate", "nonwhite_share"]
    rate = atlas.layer("sids_rate")
    assert rate.national == pytest.approx(1000 * 836 / 422392, abs=0.02)
    assert any("sids2.shp" in path for path, _ in atlas.inputs)
    assert any(layer.local_moran is not None for layer in found.layers)


def test_rates_equal_those_that_the_source_computed(carolina):
    """SIDR79 of sids2: Ashe 0, Alleghany 5.535055."""
    _, _, atlas = carolina
    values = atlas.layer("sids_rate").values
    assert values["37009"] == 0
    assert values["37005"] == pytest.approx(5.535055, abs=1e-6)


def test_local_statistics_are_those_of_an_independent_tool(carolina):
    """esda on the same rates and libpysal's own queen graph; esda's local I is spdep's times (n - 1) / n."""
    esda = pytest.importorskip("esda")
    from libpysal.graph import Graph

    _, found, atlas = carolina
    (geography,) = found.geographies.values()
    values = atlas.layer("sids_rate").values
    theirs = Graph.build_contiguity(geography.shapes, rook=False, strict=True).transform("R")
    ours = local_moran(values, geography.neighbours, permutations=3_999, seed=1)
    peer = esda.Moran_Local(values.to_numpy(), theirs, permutations=0)
    assert geography.neighbours.adjacency.sort_index().index.equals(theirs.adjacency.sort_index().index)
    n = len(values)
    assert ours["statistic"].to_numpy() * (n - 1) / n == pytest.approx(np.asarray(peer.Is), abs=1e-9)
    assert atlas.layer("sids_rate").local_moran["statistic"].to_numpy() == pytest.approx(
        ours["statistic"].to_numpy(), abs=1e-12
    )


def test_smoothed_rates_of_1974_are_those_of_the_reference(carolina):
    """Empirical Bayes of deaths 1974-78: first five in the order of the file (spdep EBest)."""
    material, _, _ = carolina
    figures = material.figures[material.figures["year"] == 1978]
    wide = figures.pivot(index="unit", columns="indicator", values="value").drop(index="37")
    smooth = smooth_rates(wide["sids_deaths"], wide["births"])
    first = ["37009", "37005", "37171", "37053", "37131"]
    assert smooth[first].to_numpy() == pytest.approx(
        [0.001697297331, 0.001705377681, 0.001773087022, 0.002012868084, 0.003534913149], abs=1e-11
    )


@pytest.mark.prove
@pytest.mark.parametrize("study", ["kazakhstan-districts", "north-carolina"])
def test_the_whole_atlas_says_schematic_wherever_shapes_show(study, tmp_path, monkeypatch):
    from childatlas.pipeline import run

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    atlas = run(study, out=tmp_path)
    pages = [*atlas.folder.glob("interactive/*.html"), atlas.folder / "index.html"]
    drawn = [*atlas.folder.glob("maps/*/*.svg"), *pages]
    said = ["schematic district shapes" in path.read_text(encoding="utf-8").lower() for path in drawn]
    assert all(said) if study == "kazakhstan-districts" else not any(said[: -len(pages)])
    manifest = json.loads((atlas.folder / "manifest.json").read_text())
    assert manifest["run_id"] == atlas.run_id
    shutil.rmtree(atlas.folder)


def test_oblast_values_in_a_users_own_table_are_no_observations_either(cache, districts, tmp_path):
    """Every third district has its oblast's figure: no rank, index, gap or statistic is made of it."""
    _, found, _ = districts
    units = found.geographies["district-2024"].units
    values = np.linspace(1, 9, len(units)).round(2)
    rows = pd.DataFrame({"unit": units.index, "indicator": "water", "year": 2024, "value": values})
    rows["flag"] = np.where(np.arange(len(rows)) % 3 == 0, "oblast value", "")
    other = rows.assign(indicator="light", flag="")
    towns = [
        rows.assign(residence=name, value=values + step, flag="oblast value")
        for name, step in (("urban", 1), ("rural", 2))
    ]
    pd.concat([rows, other, *towns]).to_csv(tmp_path / "figures.csv", index=False)
    entry = 'label.en = "{0}"\nmeasure.en = "%"\ndirection = "higher_is_worse"\nvalid_range = [0, 100]\n'
    catalogue = "\n".join(f"[{name}]\n{entry.format(name)}" for name in ("water", "light"))
    (tmp_path / "indicators.toml").write_text(catalogue)
    recipe = ['direction = "higher_is_worse"', 'label.en = "Two"', "[[levels]]", 'id = "index"']
    for name in ("water", "light"):
        recipe += ["[[indicators]]", f'id = "{name}"', 'direction = "higher_is_worse"']
    (tmp_path / "two.toml").write_text("\n".join(recipe))
    study = read_study("kazakhstan-districts").model_dump(exclude={"folder", "path"})
    study["figures"] = {"tables": ["figures.csv"], "catalogue": "indicators.toml"}
    study["indices"] = [{"recipe": "two.toml"}]
    _, own, atlas = _made(Study.model_validate({**study, "folder": tmp_path}))
    water, index = atlas.layer("water"), atlas.layer("two")
    seen = rows.set_index("unit")["flag"] == ""
    assert water.ranks["rank"].notna().to_dict() == seen.to_dict()
    assert water.local_moran is None
    assert water.gap is None
    assert water.trend.loc[seen.index[~seen]].isna().all().all()
    gathered = own.indices[0].ingredients.values["water"].reindex(seen.index)
    assert gathered.notna().to_dict() == seen.to_dict()
    assert index.coverage[~seen].max() == pytest.approx(0.5)
    assert "water-2024" not in set(atlas.tables["lowest"]["layer"])
