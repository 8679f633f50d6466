"""The unchanging part of a map: labels never cross a border, tiny units are linked to an inset."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from atlasgeo.errors import AnalysisError, BoundaryError
from atlasgeo.maps.basemap import Basemap, codes_on, prepare_basemap
from atlasgeo.maps.labels import Label, block_width, place_labels
from atlasgeo.maps.page import sheet
from atlasgeo.maps.rooms import LINE

KM = 1000.0


def frame(shapes: dict[str, Polygon], crs: str | None = "EPSG:3857") -> gpd.GeoDataFrame:
    """Return shapes in kilometres as a GeoDataFrame in metres."""
    scaled = [shapely.transform(shape, lambda p: p * KM) for shape in shapes.values()]
    return gpd.GeoDataFrame(geometry=scaled, index=list(shapes), crs=crs)


def placed_shape(basemap: Basemap, code: str) -> MultiPolygon:
    """Return the shape of a unit as the page has it."""
    rings = basemap.paths[basemap.codes.index(code)].to_polygons()
    whole = shapely.Polygon()
    for ring in sorted(rings, key=lambda r: -Polygon(r).area):
        whole = whole.symmetric_difference(Polygon(ring))
    return whole


def block(label: Label, basemap: Basemap) -> Polygon:
    """Return the rectangle that the letters of a label take."""
    half = block_width(label.lines, label.size * basemap.sheet.scale) / 2
    high = len(label.lines) * label.size * LINE * basemap.sheet.scale / 2
    return box(label.x - half, label.y - high, label.x + half, label.y + high)


def test_shapes_fill_the_frame_without_distortion(squares: gpd.GeoDataFrame) -> None:
    basemap = prepare_basemap(squares)
    extents = shapely.union_all([placed_shape(basemap, code) for code in basemap.codes]).bounds
    wide, high = extents[2] - extents[0], extents[3] - extents[1]
    assert wide == pytest.approx(high, rel=1e-6)
    assert max(wide / basemap.frame.width, high / basemap.frame.height) == pytest.approx(1)
    assert basemap.scale * 30 * KM == pytest.approx(wide)
    assert basemap.codes == tuple(squares.index)
    assert basemap.insets == ()


def test_the_scale_bar_is_round_and_true(squares: gpd.GeoDataFrame) -> None:
    basemap = prepare_basemap(squares)
    assert basemap.bar is not None
    metres = basemap.bar.width / basemap.scale
    assert metres == pytest.approx(5 * KM)


def test_without_a_crs_there_is_no_scale_bar(squares: gpd.GeoDataFrame) -> None:
    assert prepare_basemap(squares.set_crs(None, allow_override=True)).bar is None


def test_what_cannot_be_drawn_is_refused(squares: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="degrees"):
        prepare_basemap(squares.to_crs(4326))
    with pytest.raises(BoundaryError, match="repeat"):
        prepare_basemap(squares.set_axis(["a"] * 9))
    with pytest.raises(BoundaryError, match="no unit"):
        prepare_basemap(squares.iloc[:0])
    with pytest.raises(BoundaryError, match="no area"):
        prepare_basemap(gpd.GeoDataFrame(geometry=[Point(0, 0)], index=["a"], crs=3857))
    with pytest.raises(BoundaryError, match="inset"):
        prepare_basemap(squares, insets=["zz"])
    with pytest.raises(AnalysisError, match="page size"):
        prepare_basemap(squares, size="A9")
    with pytest.raises(AnalysisError, match="too small"):
        sheet((2000.0, 1.0))


def test_units_of_another_map_are_named(squares: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="zz"):
        codes_on(prepare_basemap(squares), ["a1", "zz"])


def test_a_unit_without_a_shape_takes_part_without_being_drawn(squares: gpd.GeoDataFrame) -> None:
    squares.loc["b2", "geometry"] = None
    basemap = prepare_basemap(squares)
    number = basemap.codes.index("b2")
    assert basemap.rooms[number] is None
    assert len(basemap.paths[number].vertices) == 0
    assert "b2" not in place_labels(basemap, {code: (code, "1") for code in basemap.codes}).keyed


@pytest.mark.parametrize("size", ["A3", "A4", "A5", (160.0, 100.0)])
def test_every_page_size(squares: gpd.GeoDataFrame, size: str | tuple[float, float]) -> None:
    basemap = prepare_basemap(squares, size=size)
    labels = place_labels(basemap, {code: (f"Unit {code}", "1.0") for code in basemap.codes})
    assert len(labels.placed) == 9
    for label in labels.placed:
        assert placed_shape(basemap, label.code).contains(block(label, basemap))


def test_a_label_stays_clear_of_an_enclave() -> None:
    ring = box(0, 0, 100, 60).difference(box(40, 20, 60, 40))
    basemap = prepare_basemap(frame({"around": ring, "inside": box(40, 20, 60, 40)}))
    labels = place_labels(basemap, {"around": ("A rather long name", "12.3"), "inside": ("Core", "4.5")})
    assert {label.code for label in labels.placed} == {"around", "inside"}
    for label in labels.placed:
        assert placed_shape(basemap, label.code).contains(block(label, basemap))


def test_a_name_too_wide_is_broken_or_set_outside_with_a_leader() -> None:
    shapes = frame({"west": box(0, 0, 40, 60), "sliver": box(40, 0, 43, 60), "east": box(43, 0, 100, 60)})
    basemap = prepare_basemap(shapes)
    words = {"west": ("West", "1"), "east": ("East", "2"), "sliver": ("Unbreakablylongname", "3")}
    labels = place_labels(basemap, words)
    found = next(label for label in labels.placed if label.code == "sliver")
    assert found.leader is not None
    start, end = found.leader
    assert placed_shape(basemap, "sliver").contains(Point(start))
    line = LineString([start, end])
    for other in ("west", "east"):
        assert not line.crosses(placed_shape(basemap, other).buffer(-1))
        assert not block(found, basemap).intersects(placed_shape(basemap, other))


def test_a_unit_with_no_way_out_gets_a_number() -> None:
    inner = {"core": box(48, 28, 52, 32)}
    outer = {"around": box(0, 0, 100, 60).difference(inner["core"])}
    basemap = prepare_basemap(frame({**outer, **inner}), insets=[])
    labels = place_labels(basemap, {"around": ("Around", "1"), "core": ("Unbreakablylongname", "2")})
    assert labels.keyed == ("core",)


def test_a_tiny_unit_has_a_ring_and_an_inset() -> None:
    tiny = box(50, 30, 50.9, 30.9)
    basemap = prepare_basemap(frame({"big": box(0, 0, 100, 60).difference(tiny), "tiny": tiny}))
    (inset,) = basemap.insets
    assert basemap.inset_codes == {"tiny"}
    assert inset.factor > 5
    x, y, radius = inset.ring
    middle = placed_shape(basemap, "tiny").centroid
    assert (x, y) == pytest.approx((middle.x, middle.y), abs=0.5)
    assert inset.cell.top <= basemap.frame.bottom
    labels = place_labels(
        basemap, {"big": ("A name that would cover the ring", "1.0"), "tiny": ("Tiny", "2.0")}
    )
    (label,) = labels.placed
    assert block(label, basemap).distance(Point(x, y)) >= radius
    assert block(label, basemap).distance(Point(inset.badge)) >= 4


def test_tiny_units_that_touch_share_an_inset() -> None:
    left, right = box(50, 30, 50.6, 30.9), box(50.6, 30, 51.2, 30.9)
    far = box(10, 10, 10.7, 10.7)
    big = box(0, 0, 100, 60).difference(shapely.union_all([left, right, far]))
    basemap = prepare_basemap(frame({"big": big, "left": left, "right": right, "far": far}))
    groups = sorted(tuple(basemap.codes[i] for i in inset.members) for inset in basemap.insets)
    assert groups == [("far",), ("left", "right")]
    assert [inset.ring[0] for inset in basemap.insets] == sorted(inset.ring[0] for inset in basemap.insets)


def test_all_units_tiny_or_one_alone_have_no_inset() -> None:
    assert prepare_basemap(frame({"one": box(0, 0, 1, 1)})).insets == ()


def test_specks_and_pinholes_under_a_pixel_go_but_never_a_whole_unit() -> None:
    speck = box(200, 10, 200.01, 10.01)
    holed = box(0, 0, 100, 60).difference(box(30, 30, 30.01, 30.01))
    basemap = prepare_basemap(
        frame({"big": MultiPolygon([holed, speck]), "dot": box(150, 30, 150.02, 30.02)})
    )
    assert len(basemap.paths[0].to_polygons()) == 1
    assert len(basemap.paths[1].to_polygons()) == 1


def test_many_units_are_numbered_not_named() -> None:
    cells = {f"{i:03d}": box(i % 10, i // 10, i % 10 + 1, i // 10 + 1) for i in range(60)}
    basemap = prepare_basemap(frame(cells))
    assert basemap.crowded
    assert basemap.border == 0.3


def test_parents_are_drawn_as_bolder_borders(squares: gpd.GeoDataFrame) -> None:
    parents = squares.assign(row=[code[0] for code in squares.index]).dissolve("row")
    basemap = prepare_basemap(squares, parents=parents)
    assert len(basemap.parents) == 3
    assert basemap.border == 0.3


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.floats(2, 30), min_size=2, max_size=6),
    st.lists(st.floats(4, 30), min_size=1, max_size=4),
    st.text(alphabet="абвгғқңөұүі ABC", min_size=1, max_size=24),
)
def test_no_label_ever_touches_a_border(wide: list[float], high: list[float], name: str) -> None:
    xs, ys = np.concatenate([[0], np.cumsum(wide)]), np.concatenate([[0], np.cumsum(high)])
    cells = {
        f"{i}-{j}": box(xs[i], ys[j], xs[i + 1], ys[j + 1])
        for i in range(len(wide))
        for j in range(len(high))
    }
    basemap = prepare_basemap(frame(cells), insets=[])
    labels = place_labels(basemap, {code: (name.strip() or "x", "1.0") for code in basemap.codes})
    for label in labels.placed:
        home = placed_shape(basemap, label.code)
        if label.leader is None:
            assert home.contains(block(label, basemap))
        else:
            assert not block(label, basemap).intersects(
                shapely.union_all([placed_shape(basemap, k) for k in cells])
            )
    assert len(labels.placed) + len(labels.keyed) == len(cells)
