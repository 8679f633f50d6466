"""The interactive page: complete in one file, harmless whatever the names say, usable with the keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from atlasgeo import columns as c
from atlasgeo.errors import BoundaryError, DataError
from atlasgeo.maps.classes import classify
from atlasgeo.maps.interactive import WebLayer, write_interactive
from atlasgeo.maps.leaflet import leaflet_script, leaflet_style
from atlasgeo.maps.palettes import LAND, SEQUENTIAL_BETTER, SEQUENTIAL_WORSE
from atlasgeo.maps.wording import MapText

EVIL = "<script>alert(1)</script>"
ENDING = "</script><script>alert(2)</script>"


def layers(values: pd.Series) -> list[WebLayer]:
    """Return one layer of each kind."""
    holes = values.copy()
    holes[["a1", "a2"]] = np.nan
    clusters = pd.Series({"a1": c.HIGH_HIGH, "a2": c.CANNOT_BE_SIGNIFICANT, "a3": c.NOT_SIGNIFICANT})
    years = pd.DataFrame({2021: values + 1, 2022: values, 2023: values})
    return [
        WebLayer(
            "poverty", f"Poverty {EVIL}", "Poverty, %, 2023", values, classify(values),
            SEQUENTIAL_WORSE, measure="%", source=f"An office {ENDING}", legend_title="Per cent",
            national=4.2, errors=values * 0.1, trend=years,
        ),
        WebLayer(
            "holes", "With holes", "The same", holes, classify(holes),
            SEQUENTIAL_BETTER, digits=0, low_first=True, source="An office",
            flags=pd.Series({"a1": "suppressed", "b1": "carried", "b2": "modelled; suspect"}),
        ),
        WebLayer("count", "Children", "Number", values * 1000, kind="count", digits=0, source="An office"),
        WebLayer("clusters", "Clusters", "Local Moran", clusters, kind="cluster", source="An office"),
    ]  # fmt: skip


def write(path: Path, shapes: gpd.GeoDataFrame, made: list[WebLayer], **more: Any) -> Path:
    """Write a page with plain settings."""
    names = {code: f"Unit {code}" for code in shapes.index} | {"a1": EVIL, "b2": 'Quote " & \u2028 end'}
    options = {
        "title": f"Atlas {EVIL}",
        "words": MapText("x"),
        "names": names,
        "credit": f"Shapes {ENDING}",
        **more,
    }
    return write_interactive(path, shapes, made, **options)


def data_of(path: Path) -> dict[str, Any]:
    """Return the figures inside a page."""
    found = re.search(
        r'<script type="application/json" id="atlas-data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL
    )
    assert found
    return json.loads(found.group(1))  # type: ignore[no-any-return]


def test_nothing_in_the_page_asks_a_network(
    tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series
) -> None:
    page = write(tmp_path / "oblast.html", squares, layers(one_to_nine)).read_text("utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", page)
    assert not re.search("jsdelivr|cdnjs|bootstrapcdn|jquery", page)
    assert "sourceMappingURL" not in page
    assert "default-src 'none'" in page
    assert '<html lang="en">' in page
    assert "user-scalable=no" not in page


def test_names_and_texts_never_become_markup(
    tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series
) -> None:
    path = write(tmp_path / "x.html", squares, layers(one_to_nine))
    page = path.read_text("utf-8")
    assert "<script>alert" not in page
    data = data_of(path)
    assert data["names"]["a1"] == EVIL
    assert data["names"]["b2"].endswith("\u2028 end")
    assert data["layers"][0]["escaped"] == "Poverty &lt;script&gt;alert(1)&lt;/script&gt;"


def test_the_same_bytes_every_time(tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series) -> None:
    once = write(tmp_path / "one.html", squares, layers(one_to_nine)).read_bytes()
    assert write(tmp_path / "two.html", squares, layers(one_to_nine)).read_bytes() == once


def test_colours_breaks_and_counts_are_those_of_print(
    tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series
) -> None:
    first, second, third, fourth = data_of(write(tmp_path / "x.html", squares, layers(one_to_nine)))["layers"]
    classes = classify(one_to_nine)
    assert [row["label"] for row in first["legend"]] == list(classes.labels)[::-1]
    assert [row["count"] for row in first["legend"]] == classes.counts(one_to_nine).tolist()[::-1]
    assert first["units"]["c3"]["fill"] == SEQUENTIAL_WORSE[-1]
    assert first["units"]["c3"]["rank"] == "1"
    assert first["units"]["c3"]["interval"] == "7.2 \u2013 10.8"
    assert first["units"]["c3"]["trend"][0] == [2021, 10.0]
    assert first["country"] == "4.2"
    assert second["units"]["a1"]["value"] == "suppressed"
    assert second["units"]["a2"]["value"] == "no data"
    assert (second["units"]["a2"]["fill"], second["units"]["a2"]["rank"]) == (LAND, "")
    assert second["units"]["b2"]["flags"] == ["suspect, not used", "modelled"]
    assert second["units"]["b1"]["hatch"] == "falling"
    assert {row["label"]: row["count"] for row in second["legend"]}["suppressed"] == 1
    assert second["units"]["b1"]["rank"] == "2"  # low values are worst: 3 leads, then 4
    radii = sorted(circle["radius"] for circle in third["circles"])
    assert radii[-1] ** 2 / radii[0] ** 2 == pytest.approx(9, rel=0.01)
    assert {row["label"]: row["count"] for row in fourth["legend"]}["no data"] == 6


def test_words_of_another_language(tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series) -> None:
    from atlasgeo.maps.wording import ENGLISH

    text = MapText("x", language="ru", decimal=",", words={**ENGLISH, "search": "Поиск"})
    path = write(tmp_path / "x.html", squares, layers(one_to_nine), words=text)
    assert data_of(path)["words"]["search"] == "Поиск"
    assert data_of(path)["layers"][0]["units"]["c3"]["value"] == "9,0"
    assert '<html lang="ru">' in path.read_text("utf-8")


def test_bad_input_is_refused(tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series) -> None:
    with pytest.raises(DataError, match="keys"):
        write(tmp_path / "x.html", squares, [])
    with pytest.raises(DataError, match="keys"):
        write(tmp_path / "x.html", squares, layers(one_to_nine)[:1] * 2)
    with pytest.raises(BoundaryError, match="CRS"):
        write(tmp_path / "x.html", squares.set_crs(None, allow_override=True), layers(one_to_nine))
    with pytest.raises(BoundaryError, match="repeat"):
        write(tmp_path / "x.html", squares.set_axis(["a"] * 9), layers(one_to_nine))
    with pytest.raises(DataError, match="zz"):
        write(tmp_path / "x.html", squares, [WebLayer("k", "K", "K", pd.Series({"zz": 1.0}))])


def test_all_missing_and_one_unit_can_be_written(tmp_path: Path, squares: gpd.GeoDataFrame) -> None:
    empty = WebLayer("k", "K", "K", pd.Series({"a1": np.nan}))
    assert data_of(write(tmp_path / "x.html", squares, [empty]))["layers"][0]["legend"][0]["count"] == 9
    one = squares.iloc[[4]]
    value = pd.Series({"b2": 2.0})
    made = data_of(
        write(tmp_path / "y.html", one, [WebLayer("k", "K", "K", value, classify(value), SEQUENTIAL_WORSE)])
    )
    assert made["layers"][0]["legend"][0]["label"] == "2"


def test_leaflet_comes_whole_from_its_package() -> None:
    assert "Leaflet" in leaflet_script()
    assert "url(images/" not in leaflet_style()
    assert "data:image/png;base64," in leaflet_style()


@pytest.fixture
def opened(tmp_path: Path, squares: gpd.GeoDataFrame, one_to_nine: pd.Series, chromium: str) -> Iterator[Any]:
    """Return the page in a browser that lets no request through; errors and dialogs are gathered on it."""
    from playwright.sync_api import sync_playwright

    path = write(tmp_path / "oblast.html", squares, layers(one_to_nine))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.troubles = []
        page.on("console", lambda message: page.troubles.append(message.text))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (page.troubles.append(dialog.message), dialog.dismiss()))

        def refuse(route: Any) -> None:
            page.troubles.append(route.request.url)
            route.abort()

        page.route(re.compile(r"^(?!file:|data:)"), refuse)
        page.goto(path.as_uri())
        page.wait_for_selector(".legend td")
        yield page
        assert page.troubles == []
        browser.close()


@pytest.mark.browser
def test_every_unit_has_a_polygon_and_its_card_shows_the_value(opened: Any, one_to_nine: pd.Series) -> None:
    assert opened.locator("path.leaflet-interactive").count() == 9
    for code in ("c3", "a1"):
        opened.locator(f"path[data-unit='{code}']").hover()
        card = opened.locator(".leaflet-tooltip").last.inner_text()
        assert f"{one_to_nine[code]:.1f} %" in card
        assert "rank: " in card
        assert "source: An office </script>" in card
    assert EVIL in opened.locator(".leaflet-tooltip").last.inner_text()


@pytest.mark.browser
def test_layers_switch_with_their_legend(opened: Any) -> None:
    assert opened.locator(".legend").inner_text().startswith("Per cent")
    choices = opened.locator(".leaflet-control-layers-base input")
    assert choices.count() == 4
    choices.nth(1).check()
    assert "suppressed" in opened.locator(".legend").inner_text()
    assert opened.locator("#layer-title").inner_text() == "The same"
    fill = opened.locator("path[data-unit='a2']").get_attribute("fill")
    assert fill.startswith("url(#pattern")
    choices.nth(2).check()
    assert opened.locator("path.leaflet-interactive").count() == 9
    choices.nth(3).check()
    assert "High\u2013High" in opened.locator(".legend").inner_text()


@pytest.mark.browser
def test_search_finds_a_unit_by_part_of_its_name(opened: Any) -> None:
    opened.fill("#unit-search", "unit C2")
    opened.keyboard.press("Enter")
    assert "Unit c2" in opened.locator(".leaflet-tooltip").last.inner_text()
    opened.fill("#unit-search", "nowhere")
    opened.keyboard.press("Enter")
    assert opened.locator(".search .answer").inner_text() == "No unit of that name"


@pytest.mark.browser
def test_the_keyboard_reaches_every_unit(opened: Any) -> None:
    first = opened.locator("path.leaflet-interactive").first
    assert opened.locator("path.leaflet-interactive[tabindex='0'][aria-label]").count() == 9
    assert first.get_attribute("data-unit") == "a1"
    opened.locator(".leaflet-container").focus()
    reached = []
    for _ in range(9):
        opened.keyboard.press("Tab")
        reached.append(opened.evaluate("document.activeElement.getAttribute('data-unit')"))
    assert reached == ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"]
    assert "Unit c3" in opened.locator(".leaflet-tooltip").last.inner_text()


@pytest.mark.browser
def test_the_typeface_is_inside(opened: Any) -> None:
    opened.wait_for_function("document.fonts.status === 'loaded'")
    assert opened.evaluate("document.fonts.check('16px \"Source Sans Pro\"', 'Қазақ')")
    assert opened.evaluate("[...document.fonts].filter(f => f.status === 'loaded').length") >= 1
