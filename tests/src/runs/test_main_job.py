"""The main job from an installed wheel, in a clean environment and another folder, from all sides."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]
ONE_NEIGHBOUR = {"Astana city", "Almaty city", "Shymkent city", "East Kazakhstan"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from a source distribution, as a package index would get it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of the wheel in an environment that knows the requirements and no checkout."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as content:
        content.extractall(site)
    # Requirements only: a path file is not followed through this one, so the editable checkout stays unknown.
    (site / "requirements.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    script = folder / "childatlas"
    script.write_text(f"#!{folder}/bin/python\nfrom childatlas.cli import main\nmain()\n", encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def made(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The atlas of Kazakhstan, made in a folder far from the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [program, "run", "kazakhstan", "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = folder / json.loads(done.stdout)["folder"]
    assert made == folder / "outputs" / "kazakhstan"
    return made


@pytest.fixture(scope="module")
def values(made: Path) -> pd.DataFrame:
    return pd.read_csv(made / "tables" / "values-oblast-2023.csv", dtype={"unit": str}, index_col="name")


def test_the_wheel_holds_data_and_types_and_nothing_that_git_ignores(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "childatlas/data/studies/kazakhstan.toml" in names
    assert "childatlas/data/boundaries/kaz/oblasts.geojson" in names
    assert {"childatlas/py.typed", "atlasgeo/py.typed", "atlasgeo/__init__.pyi"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "outputs/"))]


def test_the_code_that_ran_was_the_wheel_s(program: Path) -> None:
    python = program.parent / "bin" / "python"
    where = "import childatlas, atlasgeo; print(childatlas.__file__, atlasgeo.__file__)"
    shown = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True, cwd="/").stdout
    assert str(ROOT / "src") not in shown
    assert str(program.parent) in shown


def test_everything_is_there(made: Path) -> None:
    for name in ("index.html", "atlas.pdf", "atlas.gpkg", "atlas.xlsx", "report.md", "manifest.json"):
        assert (made / name).stat().st_size > 1000
    assert (made / "interactive" / "oblast.html").is_file()
    maps = made / "maps" / "oblast"
    for stem in ("poverty_subsistence", "poverty_subsistence-clusters", "poverty_subsistence-scatter"):
        assert {".png", ".svg"} <= {path.suffix for path in maps.glob(f"{stem}.*")}
        assert (maps / f"{stem}.alt.txt").is_file()


def test_the_official_figures_of_2023_are_the_source_s(values: pd.DataFrame) -> None:
    poverty = values["poverty_subsistence"]
    assert poverty[["Turkistan", "Abai", "Zhetisu", "Astana city"]].tolist() == [9.0, 8.0, 7.8, 2.4]
    assert values["poverty_subsistence_rank"]["Turkistan"] == 1
    assert len(values) == 20


def test_no_place_is_called_lagging_and_the_title_claims_an_order(made: Path) -> None:
    alt = (made / "maps" / "oblast" / "poverty_subsistence.alt.txt").read_text(encoding="utf-8")
    assert "Turkistan, Abai and Zhetisu" in alt
    lowest = pd.read_csv(made / "tables" / "lowest.csv")
    assert set(lowest["standing"].dropna()) == {"lowest by point estimate, errors unpublished"}


def test_carried_figures_are_shown_and_never_judged(made: Path) -> None:
    layers = pd.read_csv(made / "tables" / "layers.csv")
    local = pd.read_csv(made / "tables" / "local_statistics.csv")
    carried = layers.loc[layers["layer"].str.endswith("-carried"), "layer"]
    assert len(carried) > 10
    judged = set(local["layer"])
    assert not judged & set(carried)
    assert "cwi_kaz-2023" not in judged
    assert {"stunting-2015", "deprivation_kaz-2019", "deprivation_kaz-2015"} <= judged
    assert local[local["layer"] == "stunting-2015"].groupby("measure")["unit"].nunique().eq(16).all()
    assert local[local["layer"] == "under5_mortality-2019"].groupby("measure")["unit"].nunique().eq(17).all()
    assert (
        local[local["layer"] == "poverty_subsistence-2023"].groupby("measure")["unit"].nunique().eq(20).all()
    )


def test_units_with_one_neighbour_cannot_be_significant(made: Path) -> None:
    local = pd.read_csv(made / "tables" / "local_statistics.csv")
    poverty = local[(local["layer"] == "poverty_subsistence-2023") & (local["measure"] == "local Moran")]
    said = set(poverty.loc[poverty["cluster"] == "cannot be significant", "name"])
    assert said >= ONE_NEIGHBOUR


def test_the_claims_are_checked_with_the_source_s_figures(made: Path) -> None:
    claims = pd.read_csv(made / "tables" / "claims.csv")
    rural = claims[claims["claim"] == "rural-poverty"].set_index("year")["ratio"]
    assert rural[2010] == pytest.approx(2.7, abs=0.05)
    assert rural[2023] == pytest.approx(1.7, abs=0.05)
    hunger = claims[claims["claim"] == "malnutrition"].set_index("year")["ratio"]
    assert len(hunger) == 2
    assert (hunger < 5).all()


def test_children_split_by_population_are_flagged_modelled(made: Path) -> None:
    children = pd.read_csv(made / "tables" / "children.csv", dtype={"unit": str}).set_index("unit")
    cut = ["100000000", "330000000", "620000000", "630000000", "190000000", "350000000"]
    assert children.loc[cut, "flag"].eq("modelled").all()
    assert children.drop(index=cut)["flag"].isna().all()
    assert children["value"].sum() == pytest.approx(5_636_761, abs=1)


def test_figures_left_out_have_a_reason(made: Path) -> None:
    dropped = pd.read_csv(made / "tables" / "dropped.csv", dtype=str)
    assert dropped["reason"].notna().all()
    assert dropped["reason"].str.contains("suspect").any()


def test_the_geopackage_opens_styled_with_every_unit(made: Path) -> None:
    with sqlite3.connect(made / "atlas.gpkg") as base:
        layers = dict(base.execute("select table_name, data_type from gpkg_contents"))
        assert "features" in layers.values()
        styles = base.execute("select f_table_name, useAsDefault from layer_styles").fetchall()
        assert styles
        (name,) = [n for n, kind in layers.items() if kind == "features" and "2023" in n]
        assert base.execute(f'select count(*) from "{name}"').fetchone() == (20,)


def test_the_book_has_a_page_an_oblast_and_its_words_can_be_searched(made: Path) -> None:
    import pypdfium2

    book = pypdfium2.PdfDocument(made / "atlas.pdf")
    text = " ".join(book[i].get_textpage().get_text_range() for i in range(len(book)))
    assert len(book) > 60
    for words in ("Turkistan", "How to read", "Claims", "Methods", "Sources", "do not imply"):
        assert words in text
    book.close()


def test_the_manifest_names_what_went_in_without_naming_the_machine(made: Path) -> None:
    text = (made / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert {"seed", "run_id", "inputs", "versions", "methods", "dropped"} <= set(manifest)
    assert all(re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) for row in manifest["inputs"])
    assert str(made.parent) not in text
    assert str(ROOT) not in text


def watch(page: Any, troubles: list[str]) -> None:
    """Let no request through, and write down what was asked for."""

    def refuse(route: Any) -> None:
        troubles.append(route.request.url)
        route.abort()

    page.route(re.compile(r"^(?!file:|data:|blob:)"), refuse)


@pytest.fixture
def page(made: Path, chromium: str) -> Iterator[Any]:
    """The interactive map in a browser that lets no request through; troubles are gathered on it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1300, "height": 850})
        troubles: list[str] = []
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.route(
            re.compile(r"^(?!file:|data:|blob:)"),
            lambda route: (troubles.append(route.request.url), route.abort()),
        )
        page.goto((made / "interactive" / "oblast.html").as_uri())
        page.wait_for_selector(".legend")
        yield page
        browser.close()
        assert troubles == []


@pytest.mark.browser
def test_the_interactive_map_has_every_oblast_and_its_tooltip_holds_the_table_s_value(
    page: Any, values: pd.DataFrame
) -> None:
    assert page.locator("path.leaflet-interactive").count() == 20
    page.locator(
        ".leaflet-control-layers-base label", has_text="Poverty below the subsistence minimum"
    ).first.click()
    for name in ("Turkistan", "Karaganda"):
        page.locator(f"path[data-unit='{values.loc[name, 'unit']}']").hover()
        shown = page.locator(".leaflet-tooltip").last.inner_text()
        assert name in shown
        assert f"{values.loc[name, 'poverty_subsistence']:.1f}" in shown
        assert "source" in shown.lower()


@pytest.mark.browser
def test_the_front_page_opens_from_a_stick(made: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        watch(page, troubles)
        page.goto((made / "index.html").as_uri())
        links = [a.get_attribute("href") or "" for a in page.locator("a[href]").all()]
        local = {link.split("#")[0] for link in links if not link.startswith(("http", "#", "mailto"))} - {""}
        assert [link for link in sorted(local) if not (made / link).exists()] == []
        assert page.locator(".legend").count() > 0
        browser.close()
        assert troubles == []
