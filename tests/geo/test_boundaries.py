"""Reading boundary files: codes, coordinate systems, every defect of a coverage, detail by page."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from libpysal.examples import get_path
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

import atlasgeo as ag
from atlasgeo.boundaries import PAGE_INCHES, simplify_boundaries
from atlasgeo.coverage import mend_coverage, mend_rings, touching_pairs
from atlasgeo.errors import BoundaryError
from atlasgeo.slivers import sliver_width

NORTH_CAROLINA = get_path("sids2.shp")


def write(
    path: Path, shapes: list[shapely.Geometry], *, crs: str | None = "EPSG:3857", **columns: list[object]
) -> Path:
    """Write shapes with codes a, b, c ... unless other columns are given."""
    columns = columns or {"code": [chr(ord("a") + i) for i in range(len(shapes))]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path)
    return path


def grid(size: float = 10_000.0, n: int = 3) -> list[Polygon]:
    """Return n x n squares, row by row from the south-west."""
    return [box(x * size, y * size, (x + 1) * size, (y + 1) * size) for y in range(n) for x in range(n)]


# --- what is read -----------------------------------------------------------------------------------------


def test_clean_layer_is_returned_as_it_is(tmp_path: Path) -> None:
    units = ag.read_boundaries(write(tmp_path / "x.gpkg", grid()), code="code", crs="EPSG:3857")
    report = units.attrs["report"]
    assert list(units.index) == list("abcdefghi")
    assert units.index.name == "unit"
    assert [shape.equals(square) for shape, square in zip(units.geometry, grid(), strict=True)] == [True] * 9
    assert report.faults == ()
    assert report.largest_change == 0
    assert len(report.pairs_before) == len(report.pairs_after) == 20
    assert "9 units" in str(report)


def test_default_projection_is_equal_area_centred_on_the_data(tmp_path: Path) -> None:
    squares = [box(66, 47, 67, 48), box(67, 47, 68, 48)]
    units = ag.read_boundaries(write(tmp_path / "x.geojson", squares, crs="EPSG:4326"), code="code")
    assert {"+proj=laea", "+lat_0=47.5", "+lon_0=67"} <= set(units.crs.to_string().split())
    # 1 x 1 degree on the ellipsoid at 47-48 N, from the geodesic area of pyproj
    geod = units.crs.get_geod()
    true = [abs(geod.geometry_area_perimeter(shapely.segmentize(s, 0.001))[0]) for s in squares]
    assert np.allclose(units.area, true, rtol=2e-4)
    assert units.attrs["report"].crs_found == "EPSG:4326"
    assert "laea" in units.attrs["report"].crs


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["01", "02"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs="EPSG:4326"
    )
    path = tmp_path / f"x.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    units = ag.read_boundaries(path, code="code", crs="EPSG:4326")
    assert list(units.index) == ["01", "02"]  # leading noughts stay


@pytest.mark.parametrize(("code", "first"), [("FIPSNO", "37009"), ("CNTY_ID", "1825"), ("FIPS", "37009")])
def test_north_carolina_has_no_crs_and_reads_when_told(code: str, first: str) -> None:
    units = ag.read_boundaries(NORTH_CAROLINA, code=code, assume_crs="EPSG:4267")
    assert len(units) == 100
    assert units.index[0] == first
    assert units.index.is_unique
    assert bool(units.is_valid.all())
    assert bool(shapely.coverage_is_valid(np.asarray(units.geometry.array)))
    assert units.attrs["report"].faults == ()
    assert units.area.sum() / 1e6 == pytest.approx(127_033, rel=1e-3)


def test_north_carolina_without_assumption_is_refused() -> None:
    with pytest.raises(BoundaryError, match="no coordinate system") as caught:
        ag.read_boundaries(NORTH_CAROLINA, code="FIPSNO")
    assert "assume_crs" in str(caught.value)
    assert "-84.32" in str(caught.value)
    assert caught.value.exit_code == 4


def test_whole_floats_are_codes_and_others_are_refused(tmp_path: Path) -> None:
    shapes = grid(n=2)[:2]
    path = write(tmp_path / "x.gpkg", shapes, code=[1.0, 2.0])
    assert list(ag.read_boundaries(path, code="code").index) == ["1", "2"]
    path = write(tmp_path / "y.gpkg", shapes, code=[1.0, 2.5])
    with pytest.raises(BoundaryError, match="decimals"):
        ag.read_boundaries(path, code="code")


def test_points_are_units_too(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", [Point(66, 47), Point(68, 48)], crs="EPSG:4326")
    units = ag.read_boundaries(path, code="code")
    assert list(units.geom_type) == ["Point", "Point"]
    assert units.crs.is_projected


def test_layer_of_several_is_chosen_by_level(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    for layer, count in (("oblast", 1), ("district", 4)):
        frame = gpd.GeoDataFrame({"code": list("abcd")[:count]}, geometry=grid(n=2)[:count], crs="EPSG:3857")
        frame.to_file(path, layer=layer)
    assert len(ag.read_boundaries(path, code="code", level="district")) == 4
    with pytest.raises(BoundaryError, match="several layers") as caught:
        ag.read_boundaries(path, code="code")
    assert "oblast, district" in str(caught.value)


# --- what is refused --------------------------------------------------------------------------------------


def test_duplicated_codes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", grid(n=2), code=["a", "b", "b", "c"])
    with pytest.raises(BoundaryError, match="more than once") as caught:
        ag.read_boundaries(path, code="code")
    assert "b" in str(caught.value)


def test_missing_code_is_refused_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", grid(n=2), code=["a", "b", None, "c"])
    with pytest.raises(BoundaryError, match="row 3"):
        ag.read_boundaries(path, code="code")


def test_unknown_column_names_the_nearest() -> None:
    with pytest.raises(BoundaryError, match="FIPSNO") as caught:
        ag.read_boundaries(NORTH_CAROLINA, code="FIPSN", assume_crs="EPSG:4267")
    assert "expected: FIPSNO" in str(caught.value)


def test_no_file_no_shapes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="no boundary file"):
        ag.read_boundaries(tmp_path / "x.gpkg", code="code")
    (tmp_path / "y.gpkg").write_text("not a geopackage")
    with pytest.raises(BoundaryError, match="cannot be read"):
        ag.read_boundaries(tmp_path / "y.gpkg", code="code")
    lines = write(tmp_path / "z.gpkg", [LineString([(0, 0), (1, 1)])])
    with pytest.raises(BoundaryError, match="polygons, or points"):
        ag.read_boundaries(lines, code="code")
    with pytest.raises(BoundaryError, match="not known"):
        ag.read_boundaries(write(tmp_path / "w.gpkg", grid()), code="code", crs="EPSG:nonsense")


def test_row_without_a_shape_is_left_out_and_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", [box(0, 0, 1e4, 1e4), None, box(1e4, 0, 2e4, 1e4)])
    units = ag.read_boundaries(path, code="code")
    assert list(units.index) == ["a", "c"]
    assert units.attrs["report"].without_shape == ("b",)


def test_the_same_ground_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", [box(0, 0, 1e4, 1e4), box(0, 0, 1e4, 1e4), box(1e4, 0, 2e4, 1e4)])
    with pytest.raises(BoundaryError, match="same ground"):
        ag.read_boundaries(path, code="code")


def test_metres_said_to_be_degrees_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", grid(), crs="EPSG:4326")
    with pytest.raises(BoundaryError, match="not degrees"):
        ag.read_boundaries(path, code="code")


def test_geojson_in_metres_reads_when_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x.geojson", grid(), crs="EPSG:4326")
    units = ag.read_boundaries(path, code="code", assume_crs="EPSG:3857", crs="EPSG:3857")
    assert units.area.tolist() == pytest.approx([1e8] * 9)


def test_the_geometry_is_no_column_of_codes() -> None:
    with pytest.raises(BoundaryError, match="no column 'geometry'"):
        ag.read_boundaries(NORTH_CAROLINA, code="geometry", assume_crs="EPSG:4267")


# --- what is mended ---------------------------------------------------------------------------------------


def bad_coverage() -> dict[str, shapely.Geometry]:
    """Return ten polygons of 10 km in two rows of five, each but the last with one defect.

    a: repeated vertices; b: overlaps c by 50 m; d: a gap of 20 m towards e, closed in by its other
    neighbours; f: a bow tie at its corner; g: a sliver 5 m wide inside h; i: a hole 10 m wide; j: a strip of
    15 m towards i that is open to the south.
    """
    k = 10_000.0
    upper = {c: box(x * k, k, (x + 1) * k, 2 * k) for x, c in enumerate("abcde")}
    lower = {c: box(x * k, 0, (x + 1) * k, k) for x, c in enumerate("fghij")}
    shapes: dict[str, shapely.Geometry] = {**upper, **lower}
    shapes["a"] = Polygon([(0, k), (0, k), (k, k), (k, 2 * k), (k, 2 * k), (k, 2 * k), (0, 2 * k)])
    shapes["b"] = box(k, k, 2 * k + 50, 2 * k)
    shapes["d"] = Polygon(
        [
            (3 * k, k),
            (4 * k, k),
            (4 * k - 20, k + 4000),
            (4 * k - 20, k + 6000),
            (4 * k, 2 * k),
            (3 * k, 2 * k),
        ]
    )
    shapes["f"] = Polygon(
        [(0, 0), (k, 0), (k, k), (5000, k), (4990, k - 10), (5010, k - 10), (5000, k), (0, k)]
    )
    shapes["g"] = MultiPolygon([box(k, 0, 2 * k, k), box(2 * k + 3000, 4000, 2 * k + 6000, 4005)])
    shapes["h"] = shapes["h"].difference(box(2 * k + 3000, 4000, 2 * k + 6000, 4005))
    shapes["i"] = Polygon(shapes["i"].exterior, [box(3 * k + 2000, 5000, 3 * k + 4000, 5010).exterior.coords])
    shapes["j"] = Polygon(
        [(4 * k + 15, 0), (5 * k, 0), (5 * k, k), (4 * k, k), (4 * k, k - 1000), (4 * k + 15, k - 1000)]
    )
    return shapes


def test_every_defect_is_mended_and_reported(tmp_path: Path) -> None:
    shapes = bad_coverage()
    path = write(tmp_path / "x.gpkg", list(shapes.values()), code=list(shapes))
    units = ag.read_boundaries(path, code="code", crs="EPSG:3857")
    found = np.asarray(units.geometry.array, dtype=object)
    report = units.attrs["report"]
    assert bool(units.is_valid.all())
    assert bool(shapely.coverage_is_valid(found))
    assert shapely.union_all(found).symmetric_difference(box(0, 0, 50_000, 20_000)).area < 200  # f's bow tie
    assert {f.kind for f in report.faults} == {
        *("duplicate vertices", "invalid ring", "overlap", "gap", "hole", "sliver"),
    }
    by_unit = {(f.kind, f.units[0]) for f in report.faults}
    assert {("duplicate vertices", "a"), ("invalid ring", "f"), ("sliver", "g"), ("hole", "i")} <= by_unit
    overlap = next(f for f in report.faults if f.kind == "overlap")
    assert set(overlap.units) == {"b", "c"}
    assert overlap.units[0] == "c"  # c is the smaller of the two and keeps its ground
    gaps = [set(f.units) for f in report.faults if f.kind == "gap"]
    assert any({"d", "e"} <= gap for gap in gaps)
    assert any({"i", "j"} <= gap for gap in gaps)
    assert ("d", "e") in report.pairs_after
    assert report.largest_change < 0.02
    assert len(report.pairs_after) == 21  # 2 x 5 squares: 4 + 4 + 5 sides, 8 corners


def test_a_bow_tie_keeps_what_its_lines_enclose(tmp_path: Path) -> None:
    tie = Polygon([(0, 0), (1e4, 1e4), (1e4, 0), (0, 1e4)])
    units = ag.read_boundaries(write(tmp_path / "x.gpkg", [tie, box(1e4, 0, 2e4, 1e4)]), code="code")
    report = units.attrs["report"]
    assert report.counts == {"invalid ring": 1}
    assert report.largest_change < 1e-9
    assert units.geometry["a"].geom_type == "MultiPolygon"


def test_areas_of_the_report_are_square_kilometres(tmp_path: Path) -> None:
    squares = [box(0, 0, 10_000, 10_000), box(9_900, 0, 20_000, 10_000)]
    units = ag.read_boundaries(
        write(tmp_path / "x.gpkg", squares, crs="EPSG:6933"), code="code", crs="EPSG:6933"
    )
    (fault,) = units.attrs["report"].faults
    assert fault.kind == "overlap"
    assert fault.measure == pytest.approx(1.0, rel=1e-3)  # 100 m x 10 km, EPSG:6933 is equal area
    assert units.attrs["report"].area_before["b"] == pytest.approx(101, rel=1e-3)
    assert units.loc["a"].geometry.area == pytest.approx(1e8)
    assert units.loc["b"].geometry.area == pytest.approx(1e8)


def test_a_city_drawn_over_its_oblast_keeps_its_ground() -> None:
    oblast, city = box(0, 0, 100, 100), box(40, 40, 50, 50)
    mended, faults = mend_coverage(np.array([oblast, city], dtype=object), ["oblast", "city"])
    assert mended[1].equals(city)
    assert mended[0].area == pytest.approx(100 * 100 - 10 * 10)
    assert [f.units for f in faults] == [("city", "oblast")]


def test_gaps_wider_than_an_untidy_border_stay() -> None:
    west, east = box(0, 0, 100, 100), box(101, 0, 200, 100)
    north = Polygon([(0, 100), (100, 100), (101, 100), (200, 100), (200, 200), (0, 200)])
    south = shapely.transform(north, lambda xy: np.column_stack([xy[:, 0], 100 - xy[:, 1]]))
    shapes = np.array([west, east, north, south], dtype=object)
    assert sliver_width(shapes) == pytest.approx(0.003 * np.sqrt(shapely.area(shapes).mean()), rel=0.3)
    mended, faults = mend_coverage(shapes, list("wens"))
    assert faults == ()
    assert mended is shapes
    closed, faults = mend_coverage(shapes, list("wens"), gap_width=1.5)
    assert [f.kind for f in faults] == ["gap"]
    assert shapely.union_all(closed).equals(box(0, -100, 200, 200))


def test_borders_without_the_same_vertices_are_matched() -> None:
    shapes = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10), box(0, 10, 20, 20)], dtype=object)
    mended, faults = mend_coverage(shapes, list("abc"))
    assert [f.kind for f in faults] == ["unmatched vertices"]
    assert faults[0].measure == 1  # c has none where a and b part
    assert [x.equals(y) for x, y in zip(shapes, mended, strict=True)] == [True] * 3


def test_corners_at_a_coast_are_not_filled() -> None:
    # two triangles that meet in a point on the shore: the notch between them is geography
    left, right = Polygon([(0, 0), (100, 0), (0, 30)]), Polygon([(100, 0), (200, 0), (200, 30)])
    _, faults = mend_coverage(
        np.array([left, right, Polygon([(0, 0), (100, 0), (200, 0), (200, -99), (0, -99)])], dtype=object),
        list("lrs"),
    )
    assert faults == ()


def test_a_unit_without_area_is_refused() -> None:
    flat = Polygon([(0, 0), (1, 1), (2, 2), (0, 0)])
    with pytest.raises(BoundaryError, match="no area"):
        mend_rings(np.array([flat], dtype=object), ["a"])


def test_swapped_axes_are_changed_over(tmp_path: Path) -> None:
    squares = [box(40, 100, 41, 101), box(41, 100, 42, 101)]  # latitude first
    units = ag.read_boundaries(
        write(tmp_path / "x.gpkg", squares, crs="EPSG:4326"), code="code", crs="EPSG:4326"
    )
    assert units.total_bounds == pytest.approx([100, 40, 101, 42])
    assert [f.kind for f in units.attrs["report"].faults] == ["axis order"]
    assert units.attrs["report"].largest_change == 0


def test_a_unit_cut_at_the_antimeridian_is_one_again(tmp_path: Path) -> None:
    island = MultiPolygon([box(179, -17, 180, -16), box(-180, -17, -179, -16)])
    other = box(177, -17, 179, -16)
    units = ag.read_boundaries(write(tmp_path / "x.geojson", [island, other], crs="EPSG:4326"), code="code")
    assert "+lon_0=179 " in units.crs.to_string()  # the middle of 177 E to 179 W
    assert [f.kind for f in units.attrs["report"].faults] == ["antimeridian"]
    assert units.geometry["a"].geom_type == "Polygon"
    assert units.area["a"] == pytest.approx(units.area["b"], rel=1e-3)
    assert units.total_bounds[2] - units.total_bounds[0] < 500_000


def test_east_and_west_of_greenwich_is_no_antimeridian(tmp_path: Path) -> None:
    shapes = [box(-10, 0, 10, 10), box(10, 0, 30, 10)]
    units = ag.read_boundaries(write(tmp_path / "x.gpkg", shapes, crs="EPSG:4326"), code="code")
    assert units.attrs["report"].faults == ()
    assert "+lon_0=10 " in units.crs.to_string()


def test_touching_pairs_by_hand() -> None:
    shapes = np.array(grid(n=2), dtype=object)
    assert touching_pairs(shapes, list("abcd")) == {(x, y) for x in "abcd" for y in "abcd" if x < y}


# --- detail by page ---------------------------------------------------------------------------------------


def test_simplified_units_still_meet() -> None:
    units = ag.read_boundaries(NORTH_CAROLINA, code="FIPSNO", assume_crs="EPSG:4267")
    sizes = {}
    for page in PAGE_INCHES:
        simple = simplify_boundaries(units, page=page, dpi=72)
        told = simple.attrs["simplified"]
        assert bool(shapely.coverage_is_valid(np.asarray(simple.geometry.array)))
        assert list(simple.index) == list(units.index)
        assert told["neighbours_lost"] == ()
        assert told["largest_change"] < 0.02
        assert told["vertices"][1] == shapely.get_num_coordinates(np.asarray(simple.geometry.array)).sum()
        sizes[page] = told["vertices"][1]
    assert sizes["A5"] <= sizes["A4"] <= sizes["A3"] <= sizes["A2"] <= told["vertices"][0]
    assert sizes["A5"] < told["vertices"][0]


def test_simplification_refuses_bad_pages_and_bad_coverages(squares: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="page"):
        simplify_boundaries(squares, page="A9")
    moved = squares.set_geometry(
        squares.geometry.where(squares.index != squares.index[0], squares.geometry.translate(5, 0))
    )
    with pytest.raises(BoundaryError, match="valid coverage"):
        simplify_boundaries(moved)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("year", "count", "kinds"),
    [
        (2018, 216, {"overlap", "sliver", "gap", "hole"}),
        (2024, 224, {"invalid ring", "overlap", "sliver", "gap"}),
    ],
)
def test_official_districts_are_mended(shared: Path, year: int, count: int, kinds: set[str]) -> None:
    path = shared / "mirror" / "geokz" / f"kaz_admbnda_adm2_{year}.shp"
    units = ag.read_boundaries(path, code="ADM2_PCODE")
    report = units.attrs["report"]
    assert len(units) == count
    assert set(report.counts) == kinds
    assert bool(shapely.coverage_is_valid(np.asarray(units.geometry.array)))
    assert report.neighbours_lost == ()
    assert report.largest_change < 0.005
