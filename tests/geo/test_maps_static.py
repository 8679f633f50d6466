"""Printed maps, tested by what they say."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from shapely.geometry import box

from atlasgeo import columns as c
from atlasgeo.errors import AnalysisError, BoundaryError, DataError
from atlasgeo.maps.basemap import Basemap, prepare_basemap
from atlasgeo.maps.classes import classify
from atlasgeo.maps.order import interval, rank_units
from atlasgeo.maps.page import DPI
from atlasgeo.maps.palettes import LAND, SEQUENTIAL_BETTER, SEQUENTIAL_WORSE
from atlasgeo.maps.static import draw_choropleth, draw_clusters, draw_counts, write_figure
from atlasgeo.maps.wording import MapText

TEXT = MapText(
    title="Poverty is highest in the north",
    subtitle="Share of people, %, 2023",
    foot=("Source: an office.", "Boundaries imply no endorsement."),
    legend_title="Per cent (number of units)",
)


@pytest.fixture
def basemap(squares: gpd.GeoDataFrame) -> Basemap:
    """The nine squares on A4."""
    return prepare_basemap(squares)


def names_of(basemap: Basemap) -> dict[str, str]:
    """Return a name for each unit."""
    return {code: f"Unit {code}" for code in basemap.codes}


def words(figure: Figure) -> list[str]:
    """Return all that a picture says."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def fills(figure: Figure) -> list[str]:
    """Return the colours of the units."""
    shapes = next(x for x in figure.findobj(PathCollection) if len(x.get_paths()) > 1)
    return [to_hex(colour) for colour in shapes.get_facecolor()]


def hatches(figure: Figure) -> set[str]:
    """Return the patterns over units."""
    return {x.get_hatch() for x in figure.findobj(PathCollection) if x.get_hatch()}


def choropleth(basemap: Basemap, values: pd.Series, **more: object) -> Figure:
    """Draw with plain settings."""
    options = {"text": TEXT, "names": names_of(basemap), "colours": SEQUENTIAL_WORSE, **more}
    classes = classify(values) if values.notna().any() else None
    return draw_choropleth(basemap, values, classes, **options)  # type: ignore[arg-type]


def test_the_map_says_its_finding_names_values_and_small_print(
    basemap: Basemap, one_to_nine: pd.Series
) -> None:
    said = words(choropleth(basemap, one_to_nine, national=4.2, digits=1))
    for part in (
        TEXT.title,
        TEXT.subtitle,
        *TEXT.foot,
        TEXT.legend_title,
        "country 4.2",
        "5 km",
        "Unit b2",
        "9.0",
    ):
        assert part in said


def test_labels_and_counts_of_the_legend_come_from_the_classes(
    basemap: Basemap, one_to_nine: pd.Series
) -> None:
    classes = classify(one_to_nine, k=3)
    said = words(choropleth(basemap, one_to_nine))
    assert classes.labels == ("1 \u2013 3", "4 \u2013 6", "7 \u2013 9")
    made = classify(one_to_nine)
    start = [said.index(label) for label in made.labels]
    assert start == sorted(start, reverse=True)  # the highest class leads
    for label, count in zip(made.labels, made.counts(one_to_nine), strict=True):
        assert said[said.index(label) + 1] == str(count)


def test_colours_follow_classes(basemap: Basemap, one_to_nine: pd.Series) -> None:
    made = classify(one_to_nine)
    expected = [SEQUENTIAL_WORSE[k] for k in made.assign(one_to_nine)]
    assert fills(choropleth(basemap, one_to_nine)) == expected


def test_low_first_turns_legend_and_ranking(basemap: Basemap, one_to_nine: pd.Series) -> None:
    said = words(choropleth(basemap, one_to_nine, low_first=True, colours=SEQUENTIAL_BETTER))
    labels = classify(one_to_nine).labels
    assert [said.index(label) for label in labels] == sorted(said.index(label) for label in labels)
    rows = [
        said.index(f"Unit {code}", said.index("3 units") if "3 units" in said else 0) for code in ("a1", "c3")
    ]
    assert rows == sorted(rows)


def test_no_data_and_suppressed_are_entries_of_their_own(basemap: Basemap, one_to_nine: pd.Series) -> None:
    values = one_to_nine.copy()
    values[["a1", "a2", "b3"]] = np.nan
    flags = pd.Series({"b3": "suppressed"})
    figure = choropleth(basemap, values, flags=flags)
    said = words(figure)
    assert said[said.index("no data") + 1] == "2"
    assert said[said.index("suppressed") + 1] == "1"
    assert fills(figure).count(LAND) == 3
    assert hatches(figure) == {"////", "xxxx"}


def test_flags_are_patterns_with_a_word(basemap: Basemap, one_to_nine: pd.Series) -> None:
    flags = pd.Series({"a1": "carried", "a2": "modelled; suspect", "c3": "synthetic;schematic"})
    figure = choropleth(basemap, one_to_nine, flags=flags)
    said = words(figure)
    assert said[said.index("carried from a former unit") + 1] == "1"
    assert said[said.index("modelled") + 1] == "1"
    assert said.count("synthetic") == 2  # legend and watermark
    assert "schematic shapes" in said
    assert hatches(figure) == {"\\\\\\\\", "....", "++"}


def test_all_missing_and_one_unit(basemap: Basemap, squares: gpd.GeoDataFrame) -> None:
    empty = choropleth(basemap, pd.Series(np.nan, index=list(basemap.codes)))
    said = words(empty)
    assert said[said.index("no data") + 1] == "9"
    one = prepare_basemap(squares.iloc[[4]])
    said = words(choropleth(one, pd.Series({"b2": 3.5}), national=3.0))
    assert said[said.index("3.5") + 1] == "1"


def test_all_equal_is_one_class(basemap: Basemap) -> None:
    figure = choropleth(basemap, pd.Series(4.0, index=list(basemap.codes)), national=4.0)
    assert set(fills(figure)) == {SEQUENTIAL_WORSE[2]}
    assert "1\u20139" in words(figure)


def test_a_unit_off_the_map_is_refused(basemap: Basemap) -> None:
    with pytest.raises(BoundaryError, match="zz"):
        choropleth(basemap, pd.Series({"zz": 1.0}))


def test_whiskers_where_there_are_errors(basemap: Basemap, one_to_nine: pd.Series) -> None:
    errors = one_to_nine * 0.1
    errors["c3"] = np.nan
    plain, with_errors = choropleth(basemap, one_to_nine), choropleth(basemap, one_to_nine, errors=errors)
    count = [max(len(x.get_segments()) for x in f.findobj(LineCollection)) for f in (plain, with_errors)]
    assert count[0] == 9
    assert 8 in [len(x.get_segments()) for x in with_errors.findobj(LineCollection)]


def test_interval_is_1_96_standard_errors() -> None:
    found = interval(pd.Series({"a": 1.0}), pd.Series({"a": 10.0, "b": 2.0}))
    assert found is not None
    assert found.loc["a"].tolist() == pytest.approx([10 - 1.959964, 10 + 1.959964])
    assert found.loc["b"].isna().all()
    given = pd.DataFrame({"low": [1.0], "high": [2.0]}, index=["a"])
    assert interval(given, pd.Series({"a": 1.5})).equals(given)
    assert interval(None, pd.Series({"a": 1.5})) is None
    assert interval(pd.Series({"a": np.nan}), pd.Series({"a": 1.5})) is None


def test_ranks_share_what_prints_alike() -> None:
    found = rank_units(pd.Series({"a": 5.04, "b": 4.96, "c": 9.0, "d": np.nan}), digits=1)
    assert found.order == ("c", "a", "b")
    assert [found.label(code) for code in found.order] == ["1", "2\u20133", "2\u20133"]
    assert rank_units(pd.Series({"a": 1.0, "b": 2.0}), digits=0, low_first=True).order == ("a", "b")


def test_many_units_are_ranked_in_part_and_the_rest_counted() -> None:
    cells = [box(i % 12 * 1e4, i // 12 * 1e4, i % 12 * 1e4 + 1e4, i // 12 * 1e4 + 1e4) for i in range(120)]
    shapes = gpd.GeoDataFrame(geometry=cells, index=[f"{i:03d}" for i in range(120)], crs=3857)
    basemap = prepare_basemap(shapes)
    values = pd.Series(np.arange(120.0), index=shapes.index)
    said = words(choropleth(basemap, values))
    rest = next(text for text in said if text.endswith("more between"))
    listed = sum(text.startswith("Unit ") for text in said)
    assert int(rest.split()[0]) + listed == 120
    assert "Unit 119" in said
    assert "Unit 000" in said
    assert "Unit 060" not in said


def test_dollars_and_backslashes_are_letters(
    basemap: Basemap, one_to_nine: pd.Series, tmp_path: Path
) -> None:
    names = dict.fromkeys(basemap.codes, r"A $x^2$ \alpha <b>&")
    figure = choropleth(basemap, one_to_nine, names=names)
    assert r"A $x^2$ \alpha <b>&" in " ".join(words(figure))
    svg = write_figure(
        figure, tmp_path / "x", formats=("svg",), metadata={"a": "<&>"}, alt="<script>alert(1)</script>"
    )[0]
    content = svg.read_text(encoding="utf-8")
    ET.fromstring(content)
    assert "<script" not in content


def test_files_are_the_same_bytes_and_carry_what_they_show(
    squares: gpd.GeoDataFrame, one_to_nine: pd.Series, tmp_path: Path
) -> None:
    digests = []
    for run in ("one", "two"):
        figure = choropleth(prepare_basemap(squares), one_to_nine, flags=pd.Series({"a1": "carried"}))
        paths = write_figure(
            figure, tmp_path / run / "map", metadata={"Run": "0123", "Method": "Женкс"}, alt="Карта.\nEnd."
        )
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
        assert [path.name for path in paths] == ["map.png", "map.svg", "map.alt.txt"]
    assert digests[0] == digests[1]
    with Image.open(tmp_path / "one" / "map.png") as picture:
        inches = (297 / 25.4, 210 / 25.4)
        assert picture.size == pytest.approx([DPI * side for side in inches], abs=1)
        assert picture.info["Run"] == "0123"
        assert picture.info["Method"] == "Женкс"
        assert picture.info["Description"] == "Карта.\nEnd."
        assert picture.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
    svg = (tmp_path / "one" / "map.svg").read_text(encoding="utf-8")
    assert "Run: 0123" in svg
    assert "<title>Карта.</title>" in svg
    assert not re.search(r"<dc:date>|\d{4}-\d\d-\d\dT", svg)
    assert (tmp_path / "one" / "map.alt.txt").read_text(encoding="utf-8") == "Карта.\nEnd.\n"


def test_order_of_formats_does_not_change_the_bytes(
    basemap: Basemap, one_to_nine: pd.Series, tmp_path: Path
) -> None:
    figure = choropleth(basemap, one_to_nine)
    write_figure(figure, tmp_path / "a", formats=("png", "svg"), metadata={}, alt="x")
    write_figure(figure, tmp_path / "b", formats=("svg", "png"), metadata={}, alt="x")
    for suffix in ("png", "svg"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    with pytest.raises(AnalysisError, match="pdf"):
        write_figure(figure, tmp_path / "c", formats=("pdf",), metadata={}, alt="x")


def test_drawing_leaves_no_trace_in_the_settings(
    basemap: Basemap, one_to_nine: pd.Series, tmp_path: Path
) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    write_figure(choropleth(basemap, one_to_nine), tmp_path / "a", metadata={}, alt="x")
    assert dict(mpl.rcParams) == before


def local(basemap: Basemap, **clusters: str) -> pd.DataFrame:
    """Return a local statistic with the clusters named, all else not significant."""
    table = pd.DataFrame({c.CLUSTER: c.NOT_SIGNIFICANT, c.SUGGESTIVE: ""}, index=list(basemap.codes))
    for code, label in clusters.items():
        table.loc[code, c.CLUSTER] = label
    return table


def test_no_cluster_is_said_plainly_and_the_rest_still_shown(basemap: Basemap) -> None:
    table = local(basemap, a1=c.CANNOT_BE_SIGNIFICANT, a2=c.NO_NEIGHBOURS, a3=c.NO_DATA)
    table.loc["b2", c.SUGGESTIVE] = c.HIGH_HIGH
    figure = draw_clusters(basemap, table, text=TEXT, names=names_of(basemap))
    said = " ".join(words(figure))
    assert "No cluster survives the correction for many" in said
    assert "Suggestive only: Unit b2." in said
    assert "Cannot be significant, whatever their values: Unit a1." in said.replace("\n", " ")
    assert "Without neighbours: Unit a2." in said
    assert len(hatches(figure)) == 4


def test_clusters_that_survive_are_counted(basemap: Basemap) -> None:
    table = local(basemap, a1=c.HIGH_HIGH, a2=c.HIGH_HIGH, b1=c.LOW_LOW)
    said = words(draw_clusters(basemap, table, text=TEXT, names=names_of(basemap)))
    assert any(text.startswith("3 of 9 units belong to a") for text in said)
    for label, count in (
        ("High\u2013High", "2"),
        ("Low\u2013Low", "1"),
        ("High\u2013Low", "0"),
        ("not significant", "6"),
    ):
        assert said[said.index(label) + 1] == count


def test_hot_and_cold_spots_have_their_own_legend(basemap: Basemap) -> None:
    table = local(basemap, a1=c.HOT_SPOT).drop(columns=c.SUGGESTIVE)
    said = words(draw_clusters(basemap, table, text=TEXT, names=names_of(basemap)))
    assert "hot spot" in said
    assert "cold spot" in said
    assert "High\u2013High" not in said


def test_bad_clusters_are_refused(basemap: Basemap) -> None:
    with pytest.raises(DataError, match="unknown kind"):
        draw_clusters(basemap, local(basemap, a1="hottest"), text=TEXT, names={})
    with pytest.raises(DataError, match="no clusters"):
        draw_clusters(basemap, pd.DataFrame({"p": [1.0]}, index=["a1"]), text=TEXT, names={})
    with pytest.raises(BoundaryError, match="zz"):
        draw_clusters(
            basemap, pd.DataFrame({c.CLUSTER: [c.NOT_SIGNIFICANT]}, index=["zz"]), text=TEXT, names={}
        )


def test_areas_of_circles_are_in_proportion(basemap: Basemap) -> None:
    from matplotlib.collections import CircleCollection

    counts = pd.Series({"a1": 100.0, "a2": 25.0, "a3": 0.0, "b1": np.nan}, name="children")
    figure = draw_counts(basemap, counts, text=TEXT, names=names_of(basemap))
    sizes = max(
        (x.get_sizes() for x in figure.findobj(CircleCollection) if len(x.get_sizes()) == 2),
        key=lambda s: s[0],
    )
    assert sizes[0] / sizes[1] == pytest.approx(4)
    assert "no data" in words(figure)
    assert set(fills(figure)) == {"#e9e7e2", LAND}


@pytest.mark.parametrize("counts", [{"a1": 0.0}, {"a1": np.nan}, {"a1": 7.0}])
def test_counts_of_nothing_can_be_drawn(basemap: Basemap, counts: dict[str, float]) -> None:
    assert TEXT.title in words(draw_counts(basemap, pd.Series(counts), text=TEXT, names={}))


def test_negative_counts_are_refused(basemap: Basemap) -> None:
    with pytest.raises(DataError, match="negative"):
        draw_counts(basemap, pd.Series({"a1": -1.0}), text=TEXT, names={})


def test_very_long_words_stay_on_the_page(basemap: Basemap, one_to_nine: pd.Series) -> None:
    long = MapText(
        title="слово " * 60, subtitle="слово " * 80, foot=("слово " * 300,), legend_title="слово " * 20
    )
    figure = choropleth(basemap, one_to_nine, text=long, names=dict.fromkeys(basemap.codes, "Солтүстік " * 8))
    wide, high = figure.get_size_inches() * figure.dpi
    for text in figure.findobj(Text):
        if text.get_text().strip():
            extent = text.get_window_extent()
            assert extent.x0 >= -1
            assert extent.y0 >= -1
            assert extent.x1 <= wide + 1
            assert extent.y1 <= high + 1


def test_png_files_decode_to_the_pixels_that_were_written() -> None:
    import io

    from atlasgeo.maps.png import png_bytes

    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    texts = {"Метод" * 30: "Женкс", "": "empty", "Run": "0\x001"}
    written = png_bytes(pixels, dpi=150, texts=texts)
    with Image.open(io.BytesIO(written)) as picture:
        picture.load()
        assert np.array_equal(np.asarray(picture), pixels)
        assert picture.info["Run"] == "01"
        assert picture.info["Comment"] == "empty"
    assert written == png_bytes(pixels, dpi=150, texts=texts)
