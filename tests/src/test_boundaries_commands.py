"""The commands `boundaries list`, `fetch` and `check`, as they are typed."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from atlasgeo.cache import CACHE_VARIABLE
from childatlas import cli
from childatlas.shipped import data_folder


@pytest.fixture
def typed(monkeypatch, capsys, tmp_path):
    """Run the command line as typed and return exit code, output and errors."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("CHILDATLAS_MIRROR", raising=False)

    def run(*words: str):
        monkeypatch.setattr(sys, "argv", ["childatlas", "boundaries", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        told = capsys.readouterr()
        return stopped.value.code or 0, told.out, told.err

    return run


def test_list_says_level_vintage_licence_and_state(typed):
    code, out, _ = typed("list", "kaz", "--json")
    assert code == 0
    layers = {row["layer"]: row for row in json.loads(out)["layers"]}
    assert layers["kaz-oblasts"]["state"] == "ships"
    official = layers["geokz-district-2024"]
    assert (official["level"], official["vintage"], official["licence"]) == ("district", "2024", "CC BY 4.0")
    assert official["state"] == "not fetched"
    assert official["fetch"] == "childatlas boundaries fetch kaz --level district --vintage 2024"
    assert layers["gadm-district"]["fetch"].endswith("--source gadm --file FILE")
    everything = json.loads(typed("list", "--json")[1])["layers"]
    assert {row["country"] for row in everything} >= {"kaz", "usa-nc"}
    code, out, _ = typed("list", "kaz")
    assert official["fetch"] in out


def test_what_is_not_there_is_said_with_the_nearest(typed):
    code, _, err = typed("list", "kax")
    assert code == 2
    assert "kaz" in err
    code, _, err = typed("fetch", "kaz", "--level", "distict")
    assert code == 2
    assert "--level district" in err
    code, _, err = typed("fetch", "kaz", "--level", "district", "--vintage", "1990")
    assert code == 5
    assert "district 2018 (geokz)" in err
    assert typed("fetch", "uganda", "--level", "ADM1")[0] == 2


def test_no_network_exits_5_and_says_what_to_do(typed, monkeypatch):
    monkeypatch.setattr("atlasgeo.downloads._ATTEMPTS", 1)
    monkeypatch.setattr("socket.create_connection", _no_network)
    monkeypatch.setattr("urllib3.util.connection.create_connection", _no_network)
    code, out, _ = typed("fetch", "kaz", "--level", "district", "--json")
    error = json.loads(out)["error"]
    assert code == 5
    assert error["type"] == "SourceError"
    assert "no connection" in error["found"]
    assert "--mirror" in error["fix"]


def _no_network(*_: object, **__: object) -> None:
    raise OSError("Network is unreachable")


@pytest.mark.shared
def test_fetch_from_a_folder_then_from_the_cache(typed, shared, tmp_path):
    words = ("fetch", "kaz", "--level", "district", "--vintage", "2024", "--json")
    code, out, _ = typed(*words, "--mirror", str(shared / "mirror"))
    first = json.loads(out)
    assert code == 0
    assert first["fetched now"] is True
    assert Path(first["file"]).is_relative_to(tmp_path / "cache")
    assert first["licence"] == "CC BY 4.0"
    assert json.loads(typed(*words)[1])["fetched now"] is False
    assert json.loads(typed("list", "kaz", "--json")[1])["layers"][4]["state"] == "fetched"
    code, out, _ = typed(*words, "--to", str(tmp_path / "own"), "--mirror", str(shared / "mirror" / "geokz"))
    told = json.loads(out)
    assert Path(told["file"]).is_relative_to(tmp_path / "own")
    assert told["used by a run where"] == f"{CACHE_VARIABLE}={tmp_path / 'own'}"
    code, _, err = typed(
        *words[:-1], "--to", str(data_folder() / "boundaries"), "--mirror", str(shared / "mirror")
    )
    assert code == 5
    assert "inside the package" in err


@pytest.mark.shared
def test_check_knows_a_catalogued_file_and_tells_its_faults(typed, shared):
    file = shared / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp"
    code, out, _ = typed("check", str(file), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["catalogued as"] == "kaz, geokz-district-2024"
    assert told["code column"] == "KATO"
    assert told["units"] == 224
    assert any("invalid ring" in fault for fault in told["faults"])
    assert told["findings"] == []
    assert told["area before, km2"] == pytest.approx(2_724_000, rel=0.01)
    assert told["area after, km2"] == pytest.approx(told["area before, km2"], rel=1e-3)
    assert told["neighbours after"] >= told["neighbours before"] > 500
    assert told["neighbours gained"].count(" - ") <= 10


@pytest.mark.shared
def test_check_tells_units_that_lie_in_another_parent_and_of_another_year(typed, shared, tmp_path):
    import geopandas as gpd

    file = shared / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp"
    units = gpd.read_file(file, columns=["KATO"])
    swap = {"103200000": "113200000", "113200000": "103200000"}
    units.assign(KATO=units["KATO"].replace(swap)).to_parquet(tmp_path / "swapped.parquet")
    words = ("check", str(tmp_path / "swapped.parquet"), "--code", "KATO", "--country", "kaz", "--json")
    code, out, _ = typed(*words, "--level", "district", "--year", "2024")
    found = json.loads(out)["findings"]
    assert code == 4
    for unit in swap:
        assert any(line.startswith(f"nesting: {unit}") for line in found)
        assert any(line.startswith(f"place: {unit}") for line in found)
    code, out, _ = typed(*words, "--level", "district", "--year", "2019")
    assert code == 4
    assert any(line.startswith("unknown code") for line in json.loads(out)["findings"])


def test_check_finds_the_codes_of_any_file_and_holds_them_against_units(typed, squares, tmp_path):
    table = squares.reset_index() if "unit" not in squares.columns else squares
    table.assign(name=[f"Place {c}" for c in table["unit"]]).to_file(tmp_path / "x.geojson")
    code, out, _ = typed("check", str(tmp_path / "x.geojson"), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["code column"] in {"unit", "name"}
    assert told["units"] == 9
    assert told["catalogued as"] == "not a catalogued file"
    code, out, err = typed(
        "check", str(tmp_path / "x.geojson"), "--code", "unit", "--country", "kaz", "--level", "oblast"
    )
    assert code == 4
    assert "disagreements" in err


def test_check_says_what_cannot_be_read_and_takes_a_layer(typed, squares, tmp_path):
    (tmp_path / "bad.geojson").write_text('{"type":"FeatureColl')
    (tmp_path / "empty.shp").write_text("")
    for name in ("bad.geojson", "empty.shp"):
        code, out, _ = typed("check", str(tmp_path / name), "--json")
        assert code == 4
        assert json.loads(out)["error"]["type"] == "BoundaryError"
    for layer in ("old", "new"):
        squares.to_file(tmp_path / "two.gpkg", layer=layer)
    assert typed("check", str(tmp_path / "two.gpkg"), "--quiet")[0] == 4
    assert typed("check", str(tmp_path / "two.gpkg"), "--layer", "new", "--quiet")[0] == 0
    squares.to_parquet(tmp_path / "x.parquet")
    assert typed("check", str(tmp_path / "x.parquet"), "--quiet")[0] == 0


def test_check_refuses_a_zip_that_leads_out_and_reads_a_good_one(typed, squares, tmp_path):
    squares.to_file(tmp_path / "x.gpkg")
    with zipfile.ZipFile(tmp_path / "good.zip", "w") as archive:
        archive.write(tmp_path / "x.gpkg", "in/x.gpkg")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.write(tmp_path / "x.gpkg", "../x.gpkg")
    assert typed("check", str(tmp_path / "good.zip"), "--quiet")[0] == 0
    code, _, err = typed("check", str(tmp_path / "bad.zip"))
    assert code == 5
    assert "../x.gpkg" in err
    assert typed("check", str(tmp_path / "none.shp"))[0] == 4
