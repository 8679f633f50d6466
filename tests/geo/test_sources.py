"""Official files: fetched whole or not at all, through whatever a network does."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest

import atlasgeo.downloads as downloads
from atlasgeo.archives import unpack
from atlasgeo.cache import CACHE_VARIABLE, RECEIPT, cache_folder, staged
from atlasgeo.downloads import download, mirror_places
from atlasgeo.errors import BoundaryError, SourceError, StudyError
from atlasgeo.geoboundaries import layer_of
from atlasgeo.official import fetchable, find_official, parents_from, read_official
from atlasgeo.profiles import BoundaryLayer, read_country
from atlasgeo.sources import (
    fetch_command,
    fetch_layer,
    find_fetched,
    find_source,
    keep_supplied,
    pinned_as,
)
from atlasgeo.units import in_force, read_units

ROOT = Path(__file__).resolve().parents[2]
KAZ = ROOT / "data" / "boundaries" / "kaz"
BODY = b"a file of shapes " * 1000
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(downloads.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)


@pytest.fixture
def site(tmp_path, serve):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "shapes.geojson").write_bytes(BODY)
    return serve(folder)


def _fetch(site, tmp_path, **how):
    target = tmp_path / "got" / "shapes.geojson"
    target.parent.mkdir(exist_ok=True)
    return download(f"{site.address}/shapes.geojson", target, sha256=SHA, pause=0.01, **how)


@pytest.mark.parametrize("mode", ["good", "flaky", "slow", "redirect", "gzip"])
def test_the_right_bytes_arrive_however_they_come(site, tmp_path, mode):
    site.mode = mode
    assert _fetch(site, tmp_path).read_bytes() == BODY
    assert len(site.asked) == {"flaky": 3, "redirect": 2}.get(mode, 1)


def test_wrong_bytes_are_deleted_and_both_checksums_told(site, tmp_path):
    site.mode = "wrong"
    with pytest.raises(SourceError) as caught:
        _fetch(site, tmp_path)
    assert caught.value.expected == f"SHA-256 {SHA}"
    assert caught.value.found == f"SHA-256 {hashlib.sha256(b'x' + BODY[1:]).hexdigest()}"
    assert not list((tmp_path / "got").iterdir())
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("mode", "said", "times"),
    [
        ("truncated", "broke off", 4),
        ("broken", "answered 500", 4),
        ("missing", "404", 1),
        ("garbled", "cannot be unpacked", 4),
        ("circle", "in circles", 31),
        ("short", "is not the file", 1),
    ],
)
def test_what_does_not_come_is_said_and_leaves_nothing(site, tmp_path, mode, said, times):
    site.mode = mode
    with pytest.raises(SourceError, match=said):
        _fetch(site, tmp_path)
    assert not list((tmp_path / "got").iterdir())
    assert len(site.asked) == times


def test_no_network_says_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="no connection") as caught:
        download("http://127.0.0.1:9/x.shp", tmp_path / "x.shp", sha256=SHA, pause=0)
    assert "--mirror" in caught.value.fix
    assert "CHILDATLAS_MIRROR" in caught.value.fix


def test_progress_tells_file_bytes_and_total(site, tmp_path):
    told = []
    _fetch(site, tmp_path, progress=lambda *what: told.append(what))
    assert told[-1] == ("shapes.geojson", len(BODY), len(BODY))


def test_a_mirror_is_asked_by_name_publisher_and_path(tmp_path, serve):
    url = "https://example.org/a/b/shapes.geojson"
    assert mirror_places(url, "m/", source="geo") == [
        "m/geo/shapes.geojson",
        "m/shapes.geojson",
        "m/b/shapes.geojson",
        "m/a/b/shapes.geojson",
    ]
    for place in ("shapes.geojson", "geo/shapes.geojson", "a/b/shapes.geojson"):
        folder = tmp_path / place.replace("/", "-")
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_bytes(BODY)
        site = serve(folder)
        for mirror in (site.address, str(folder), folder.as_uri()):
            target = tmp_path / f"{abs(hash((place, mirror)))}.geojson"
            download(url, target, sha256=SHA, mirror=mirror, source="geo", pause=0)
            assert target.read_bytes() == BODY


def test_the_mirror_variable_is_used_and_the_publisher_not_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("CHILDATLAS_MIRROR", str(tmp_path))
    with pytest.raises(SourceError, match="not there") as caught:
        download("http://127.0.0.1:9/shapes.geojson", tmp_path / "x" / "s", sha256=SHA)
    assert str(tmp_path) in caught.value.where
    (tmp_path / "shapes.geojson").write_bytes(b"other")
    with pytest.raises(SourceError, match="not the file that is catalogued") as caught:
        download("http://127.0.0.1:9/shapes.geojson", tmp_path / "x" / "s", sha256=SHA)
    assert hashlib.sha256(b"other").hexdigest() in caught.value.found


def _zip(path: Path, names: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.shp", "a/../../evil.shp", "/etc/evil.shp", "..\\evil.shp", "C:\\evil.shp"]
)
def test_a_zip_that_leads_out_of_its_folder_is_refused_whole(tmp_path, name):
    archive = _zip(tmp_path / "x.zip", {"good.shp": b"1", name: b"2"})
    out = tmp_path / "out"
    with pytest.raises(SourceError, match="leads out"):
        unpack(archive, out)
    assert not out.exists()
    assert not (tmp_path / "evil.shp").exists()


def test_a_zip_with_a_link_too_large_or_damaged_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="leads out"):
        unpack(tmp_path / "link.zip", tmp_path / "out")
    good = _zip(tmp_path / "good.zip", {"a/x.shp": b"12345"})
    with pytest.raises(SourceError, match="too large"):
        unpack(good, tmp_path / "out", largest=4)
    assert [p.name for p in unpack(good, tmp_path / "out", largest=5)] == ["x.shp"]
    (tmp_path / "bad.zip").write_bytes(good.read_bytes()[:30])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(tmp_path / "bad.zip", tmp_path / "out")


def test_a_folder_of_the_cache_is_whole_or_not_there(tmp_path):
    target = tmp_path / "cache" / "layer"

    def broken():
        with staged(target, {}) as folder:
            (folder / "half.shp").write_bytes(b"1")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not list(target.parent.iterdir())
    for content in (b"1", b"2"):
        with staged(target, {"id": "x"}) as folder:
            (folder / "a.shp").write_bytes(content)
        assert (target / "a.shp").read_bytes() == content
    assert [p.name for p in target.parent.iterdir()] == ["layer"]
    left = target.parent / ".incoming-old"
    left.mkdir()
    os.utime(left, (time.time() - 2 * 86400,) * 2)
    with staged(target, {}):
        assert not left.exists()


def test_two_that_fetch_at_once_leave_one_whole_folder(tmp_path):
    target = tmp_path / "cache" / "layer"
    with staged(target, {"id": "slow"}) as slow:
        (slow / "a.shp").write_bytes(b"slow")
        with staged(target, {"id": "quick"}) as quick:
            (quick / "a.shp").write_bytes(b"quick")
    assert (target / "a.shp").read_bytes() in (b"slow", b"quick")
    assert [p.name for p in target.parent.iterdir()] == ["layer"]


def test_a_killed_download_leaves_no_half_file(site, tmp_path):
    site.mode = "endless"
    layer = _layer(url=f"{site.address}/shapes.geojson", sha256=SHA)
    script = (
        "from atlasgeo.sources import fetch_layer\nfrom atlasgeo.profiles import BoundaryLayer\n"
        f"layer = BoundaryLayer.model_validate_json({layer.model_dump_json()!r})\n"
        f"fetch_layer(layer, country='x', to={str(tmp_path / 'to')!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    home = tmp_path / "to" / "boundaries" / "x"
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and not site.asked:
        time.sleep(0.05)
    time.sleep(0.2)
    assert [p for p in home.iterdir() if p.name.startswith(".incoming-")]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (home / layer.id).exists()
    assert find_fetched(layer, country="x", to=tmp_path / "to") is None
    site.mode = "good"
    fetched = fetch_layer(layer, country="x", to=tmp_path / "to")
    assert fetched.path.read_bytes() == BODY


def _layer(**what) -> BoundaryLayer:
    common = {
        "id": "test",
        "level": "district",
        "code": "unit",
        "as_of": dt.date(2024, 1, 1),
        "producer": "a test",
        "licence": "CC0",
        "credit": {"en": "a test"},
    }
    return BoundaryLayer(**{**common, **what})


def test_a_cached_layer_is_used_while_whole_and_fetched_again_when_not(site, tmp_path):
    layer = _layer(url=f"{site.address}/shapes.geojson", sha256=SHA)
    first = fetch_layer(layer, country="x")
    assert first.fresh
    assert first.path.is_relative_to(tmp_path / "cache")
    assert not fetch_layer(layer, country="x").fresh
    assert len(site.asked) == 1
    assert json.loads((first.path.parent / RECEIPT).read_text())["licence"] == "CC0"
    first.path.write_bytes(b"damaged")
    assert find_fetched(layer, country="x") is None
    assert fetch_layer(layer, country="x").fresh
    newer = _layer(url=f"{site.address}/shapes.geojson", sha256="0" * 64)
    assert find_fetched(newer, country="x") is None


def test_one_wrong_part_of_several_leaves_nothing(site, tmp_path):
    other = {"url": f"{site.address}/gone.dbf", "sha256": SHA}
    layer = _layer(files=({"url": f"{site.address}/shapes.geojson", "sha256": SHA}, other))
    with pytest.raises(SourceError, match="not there"):
        fetch_layer(layer, country="x")
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_the_cache_never_lies_inside_the_package():
    for inside in (ROOT / "geo" / "atlasgeo" / "x", ROOT / "data" / "boundaries" / "kaz", ROOT / "src"):
        with pytest.raises(SourceError, match="inside the package"):
            cache_folder(inside)


def test_what_the_user_brings_is_kept_with_its_companions_and_checked(squares, tmp_path):
    squares.reset_index()[["unit", "geometry"]].to_file(tmp_path / "own.shp")
    layer = _layer(supplied=True, link="https://example.org")
    with pytest.raises(SourceError, match="not fetched") as caught:
        fetch_layer(layer, country="x")
    assert "--file FILE" in caught.value.fix
    kept = keep_supplied(layer, tmp_path / "own.shp", country="x")
    assert {p.suffix for p in kept.path.parent.iterdir()} >= {".shp", ".shx", ".dbf", ".prj"}
    assert len(gpd.read_file(kept.path)) == 9
    assert find_fetched(layer, country="x").sha256 == kept.sha256
    archive = _zip(tmp_path / "own.zip", {f"in/{p.name}": p.read_bytes() for p in tmp_path.glob("own.*")})
    assert keep_supplied(layer, archive, country="x").path.name == "own.shp"
    with pytest.raises(SourceError, match="leads out"):
        keep_supplied(layer, _zip(tmp_path / "bad.zip", {"../own.shp": b""}), country="x")
    assert find_fetched(layer, country="x") is not None
    with pytest.raises(SourceError, match="no such file"):
        keep_supplied(layer, tmp_path / "none.shp", country="x")


# geoBoundaries -------------------------------------------------------------------------------------------


def _answer(address: str, **more) -> dict[str, object]:
    return {
        "boundaryID": "UGA-ADM1-1",
        "boundaryISO": "UGA",
        "boundaryType": "ADM1",
        "boundaryYearRepresented": "2020",
        "boundaryLicense": "CC BY 4.0",
        "boundarySource": "a bureau",
        "admUnitCount": "9",
        "gjDownloadURL": f"{address}/raw/uga.geojson",
        **more,
    }


def _uganda(folder: Path, squares: gpd.GeoDataFrame) -> None:
    (folder / "raw").mkdir()
    squares.to_crs(4326).reset_index().rename(columns={"unit": "shapeID"}).to_file(
        folder / "raw" / "uga.geojson"
    )


def test_any_country_of_geoboundaries_by_way_of_its_api(tmp_path, serve, squares):
    _uganda(tmp_path, squares)
    site = serve(tmp_path)
    path = "/api/current/gbOpen/UGA/ADM1/"
    site.answers[path] = _answer(site.address)
    fetched = fetch_layer(layer_of("uga", "ADM1"), country="uga", mirror=site.address)
    assert site.asked[0] == path
    assert fetched.facts["licence"] == "CC BY 4.0"
    assert fetched.facts["answer"]["units"] == 9
    assert len(gpd.read_file(fetched.path)) == 9
    site.answers[path] = _answer("https://elsewhere.example/x")  # a copy of the file stands on the mirror
    assert fetch_layer(layer_of("UGA", "1"), country="uga", mirror=site.address, to=tmp_path / "to").fresh


@pytest.mark.parametrize("mode", ["short", "truncated", "missing"])
def test_a_file_of_the_api_that_is_cut_off_leaves_nothing(tmp_path, serve, squares, mode):
    _uganda(tmp_path, squares)
    site, files = serve(tmp_path), serve(tmp_path)
    site.answers["/api/current/gbOpen/UGA/ADM1/"] = _answer(files.address)
    files.mode = mode
    layer = layer_of("UGA", "ADM1").model_copy(update={"api": f"{site.address}/api/current/gbOpen/UGA/ADM1/"})
    with pytest.raises(SourceError):
        fetch_layer(layer, country="uga")
    assert find_fetched(layer, country="uga") is None
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    files.mode = "good"
    assert fetch_layer(layer, country="uga").fresh


def test_a_folder_that_cannot_be_written_is_said(tmp_path, site):
    (tmp_path / "file").write_text("x")
    layer = _layer(url=f"{site.address}/shapes.geojson", sha256=SHA)
    with pytest.raises(SourceError, match="cannot be written") as caught:
        fetch_layer(layer, country="x", to=tmp_path / "file" / "in")
    assert "--to" in caught.value.fix


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>", "not JSON"),
        ({"a": 1}, "names no file"),
        ([], "names no file"),
        ({"gjDownloadURL": "x"}, "names no"),
    ],
)
def test_an_api_that_answers_nonsense_is_refused(tmp_path, serve, answer, said):
    site = serve(tmp_path)
    site.answers["/api/current/gbOpen/UGA/ADM1/"] = answer
    with pytest.raises(SourceError, match=said):
        fetch_layer(layer_of("UGA", "ADM1"), country="uga", mirror=site.address)


def test_an_unknown_country_or_level_is_said(tmp_path, serve):
    site = serve(tmp_path)
    with pytest.raises(SourceError, match="geoBoundaries has no such layer"):
        fetch_layer(layer_of("XXX", "ADM2"), country="xxx", mirror=site.address)
    for iso3, level in (("UG", "ADM1"), ("UGA", "ADM9"), ("UGA", "village"), ("U/A", "ADM1")):
        with pytest.raises(SourceError, match="three letters"):
            layer_of(iso3, level)


# The catalogue of Kazakhstan -----------------------------------------------------------------------------


def test_the_catalogue_names_files_with_checksums_licence_and_vintage():
    country = read_country(KAZ)
    pinned = [layer for layer in country.boundaries if layer.remote_files]
    assert {(x.level, x.vintage) for x in pinned} == {
        ("oblast", 2018), ("oblast", 2024), ("district", 2018), ("district", 2024)
    }  # fmt: skip
    for layer in pinned:
        assert {Path(file.url).suffix for file in layer.remote_files} == {
            ".shp",
            ".shx",
            ".dbf",
            ".prj",
            ".cpg",
        }
        assert layer.licence == "CC BY 4.0"
    assert {x.source for x in country.boundaries if x.source} == {"geokz", "geoboundaries", "gadm", "hdx"}
    assert find_source(country, level="district").vintage == 2024
    chosen = find_source(country, level="district", vintage=2018)
    assert chosen.id == "geokz-district-2018"
    assert fetch_command(chosen, country="kaz") == (
        "childatlas boundaries fetch kaz --level district --vintage 2018"
    )
    with pytest.raises(SourceError, match="catalogued"):
        find_source(country, level="district", vintage=2030)
    with pytest.raises(StudyError, match="distict"):
        find_source(country, level="distict")


def test_each_year_knows_the_official_layers_of_its_units():
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    pinned = {
        year: [x.id for x in fetchable(country, gazetteer, level="district", year=year) if x.remote_files]
        for year in (2019, 2022, 2024)
    }
    assert pinned == {2019: ["geokz-district-2018"], 2022: [], 2024: ["geokz-district-2024"]}
    first, *others = fetchable(country, gazetteer, level="district", year=2022)
    assert first.source == "geoboundaries"  # an API is asked before a user is
    assert fetch_command(first, country="kaz").endswith("--level district --source geoboundaries")
    assert all(layer.supplied for layer in others)
    assert fetch_command(others[0], country="kaz").endswith("--source gadm --file FILE")


@pytest.mark.shared
def test_the_mirror_has_the_pinned_bytes_and_a_server_of_them_is_enough(shared, serve, tmp_path):
    country = read_country(KAZ)
    site = serve(shared / "mirror")
    for layer in country.boundaries:
        for file in layer.remote_files:
            name = Path(file.url).name
            assert (
                hashlib.sha256((shared / "mirror" / "geokz" / name).read_bytes()).hexdigest() == file.sha256
            )
    layer = find_source(country, level="district", vintage=2024)
    fetched = fetch_layer(layer, country="kaz", mirror=site.address)
    assert fetched.path.suffix == ".shp"
    assert pinned_as(fetched.path, [country]) == (country, layer)
    assert pinned_as(KAZ / "units.csv", [country]) is None


@pytest.mark.shared
def test_a_damaged_mirror_leaves_nothing_in_the_cache(shared, serve, tmp_path):
    layer = find_source(read_country(KAZ), level="oblast", vintage=2024)
    site = serve(shared / "mirror")
    for mode in ("wrong", "truncated", "missing"):
        site.mode = mode
        with pytest.raises(SourceError):
            fetch_layer(layer, country="kaz", mirror=site.address)
        assert find_fetched(layer, country="kaz") is None
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


@pytest.mark.shared
def test_official_districts_land_on_their_codes(shared):
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    assert find_official(country, gazetteer, level="district", year=2024) is None
    layer = find_source(country, level="district", vintage=2024)
    fetch_layer(layer, country="kaz", mirror=shared / "mirror")
    shapes, fetched = find_official(country, gazetteer, level="district", year=2024)
    assert fetched.layer == layer
    assert len(shapes) == 224
    assert shapes.attrs["without_shape"] == ("615500000", "635500000", "636300000")
    known = in_force(gazetteer, level="district", year=2024).loc[shapes.index, "area_km2"]
    assert ((shapes.area / 1e6 / known - 1).abs() < 0.01).all()
    assert len(parents_from(shapes, gazetteer, level="district", year=2024)) == 20
    with pytest.raises(BoundaryError, match="is not a layer of these units"):
        read_official(fetched, country, gazetteer, year=2019)


@pytest.mark.shared
def test_codes_of_another_publisher_lead_to_the_units(shared):
    """OCHA's codes by a rule, and names within the parent that holds the place."""
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    file = shared / "mirror" / "geokz" / "kaz_admbnda_adm2_2018.shp"
    hdx = find_source(country, level="district", source="hdx")
    by_code = keep_supplied(hdx, file, country="kaz")
    shapes = read_official(by_code, country, gazetteer, year=2019)
    assert len(shapes) == 216
    named = hdx.model_copy(update={"id": "named", "match": "name", "name": "ADM2_RU", "recode_pattern": None})
    by_name = read_official(
        keep_supplied(named, file, country="kaz"),
        country,
        gazetteer,
        year=2019,
        parents=_oblasts(country, gazetteer, 2019),
    )
    both = shapes.index.intersection(by_name.index)
    assert len(both) >= 0.95 * 216
    assert shapes.loc[both].geometry.geom_equals(by_name.loc[both].geometry).all()


@pytest.mark.shared
def test_one_name_for_city_and_district_is_told_apart_by_the_place(shared, tmp_path):
    """The English names of 2024 say Kostanay for a city and a district, and Pavlodar likewise."""
    country, gazetteer = read_country(KAZ), read_units(KAZ / "units.csv")
    table = gpd.read_file(shared / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp")
    names = table["ADM2_EN"].where(~table["ADM2_EN"].str.startswith("Kostanay"), "Kostanay")
    table = table[["geometry"]].assign(shapeName=names, shapeID=[f"K{i}" for i in range(len(table))])
    table.to_file(tmp_path / "gb.geojson")
    layer = find_source(country, level="district", source="geoboundaries").model_copy(
        update={"api": None, "supplied": True}
    )
    kept = keep_supplied(layer, tmp_path / "gb.geojson", country="kaz")
    parents = _oblasts(country, gazetteer, 2024)
    shapes = read_official(kept, country, gazetteer, year=2024, parents=parents)
    truth = fetch_layer(
        find_source(country, level="district", vintage=2024), country="kaz", mirror=shared / "mirror"
    )
    known = read_official(truth, country, gazetteer, year=2024)
    assert list(shapes.index) == list(known.index)
    assert (shapes.geometry.intersection(known.geometry).area > 0.999 * known.area).all()  # rounded file


def _oblasts(country, gazetteer, year):
    from atlasgeo.vintages import boundaries_at

    return boundaries_at(country, gazetteer, level="oblast", year=year)
