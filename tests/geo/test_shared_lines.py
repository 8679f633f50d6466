"""Rook neighbours: whole edges, parts of edges, corners, holes, parts, overlaps and hairlines, by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

import atlasgeo as ag
from atlasgeo import shared_lines

HOUSE = shapely.box(0, 0, 100, 100)  # far larger than the rest: sets the extent to 141


def rook(*shapes, extent=True):
    """Return the pairs of places that are rook neighbours."""
    listed = [*shapes, affinity.translate(HOUSE, 1000, 1000)] if extent else list(shapes)
    w = ag.build_neighbours(gpd.GeoSeries(listed), rule="rook", islands="keep", transform="B")
    index = w.adjacency[w.adjacency > 0].index
    return sorted((a, b) for a, b in index if a < b)


def square(x, y, side=1.0):
    return shapely.box(x, y, x + side, y + side)


def test_whole_edges_parts_of_edges_and_corners():
    assert rook(square(0, 0), square(1, 0)) == [(0, 1)]
    assert rook(square(0, 0), square(1, 1)) == []
    assert rook(square(0, 0, 2), square(2, 0), square(2, 1)) == [(0, 1), (0, 2), (1, 2)]
    assert rook(square(0, 0, 2), square(2, 0.5)) == [(0, 1)]  # no vertex in common
    assert rook(square(0, 0, 2), square(2, 2)) == []
    wedge = shapely.Polygon([(2, 1), (3, 0), (3, 2)])
    assert rook(square(0, 0, 2), wedge) == []  # a point on the middle of an edge


@pytest.mark.parametrize("angle", [0, 17, 30, 45, 90])
def test_corners_of_turned_squares_are_no_borders(angle):
    cells = [affinity.rotate(square(x, y), angle, origin=(0, 0)) for y in range(3) for x in range(3)]
    straight = [
        (0, 1),
        (0, 3),
        (1, 2),
        (1, 4),
        (2, 5),
        (3, 4),
        (3, 6),
        (4, 5),
        (4, 7),
        (5, 8),
        (6, 7),
        (7, 8),
    ]
    assert rook(*cells, extent=False) == straight


def test_holes():
    ring = shapely.Polygon(square(0, 0, 4).exterior, [square(1, 1, 2).exterior.coords[::-1]])
    assert rook(ring, square(1, 1, 2)) == [(0, 1)]
    assert rook(ring, square(1.5, 1.5)) == []  # nothing in common
    diamond = shapely.Polygon([(2, 1), (3, 2), (2, 3), (1, 2)])
    assert rook(ring, diamond) == []  # four points
    assert rook(ring, shapely.Polygon([(1, 1.2), (1, 2.2), (2, 2)])) == [(0, 1)]
    islet = shapely.Polygon([(1, 1), (1.5, 1.5), (1.2, 1.8)])
    assert rook(ring, islet) == []  # the corner of the hole


def test_parts_are_one_unit():
    apart = shapely.MultiPolygon([square(0, 0), square(10, 0)])
    assert rook(apart, square(11, 0), square(1, 0), square(5, 0)) == [(0, 1), (0, 2)]
    corner = shapely.MultiPolygon([square(0, 0), square(3, 3)])
    assert rook(corner, square(1, 1), square(2, 2)) == []
    assert rook(corner, shapely.MultiPolygon([square(1, 1), square(3, 4)])) == [(0, 1)]


def test_overlapping_and_equal_shapes_share_a_line():
    assert rook(square(0, 0, 2), square(1, 1, 2)) == [(0, 1)]
    assert rook(square(0, 0, 4), square(1, 1)) == [(0, 1)]
    assert rook(square(0, 0), square(0, 0)) == [(0, 1)]
    same = [square(0, 0)] * 4
    assert rook(*same) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    needle = shapely.Polygon([(-1, 0.5), (2, 0.4), (2, 0.6)])  # crosses: no edges alike
    assert rook(square(0, 0), needle) == [(0, 1)]


def test_hairlines_join_and_gaps_do_not():
    """The extent is 1,414: borders closer than 1.4e-6 are one, and a border is longer than 1.4e-3."""
    base = shapely.Polygon([(0, 0), (10, 3), (9, 6), (-1, 3)])
    for gap, expected in ((1e-7, [(0, 1)]), (-1e-7, [(0, 1)]), (1e-4, [])):
        for shift in (0.0, 1.7):  # with the vertices face to face, and not
            other = affinity.translate(base, 3 * gap / 10.44 + shift, -10 * gap / 10.44 + 0.3 * shift)
            other = affinity.translate(other, 1, -3)
            assert rook(base, other, affinity.translate(HOUSE, 890, 890)) == expected, (gap, shift)


def test_a_border_shorter_than_the_least_is_a_point():
    """The extent is about 1,556: the least length is 1.6e-3."""
    assert rook(square(0, 0), square(1, 0.999)) == []
    assert rook(square(0, 0), square(1, 0.99)) == [(0, 1)]
    first = shapely.Polygon([(0, 0), (1, 0), (1, 0.5), (1, 0.501), (0.5, 1), (0, 1)])
    second = shapely.Polygon([(1, 0.5), (2, 0), (2, 1), (1, 0.501)])
    assert rook(first, second) == []
    assert rook(first, second, extent=False) == [(0, 1)]


def test_lines_and_collections():
    lines = [shapely.LineString([(0, 0), (2, 0)]), shapely.LineString([(1, 0), (3, 0)])]
    assert rook(*lines) == [(0, 1)]
    assert rook(lines[0], shapely.LineString([(1, -1), (1, 1)])) == []
    bowtie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])  # made valid as two triangles
    assert rook(bowtie, square(2, 0.5)) == [(0, 1)]
    assert rook(bowtie, shapely.Polygon([(1, 1), (1.5, 2), (0.5, 2)])) == []


def test_long_winding_borders_with_and_without_the_same_vertices():
    x = np.linspace(0, 10, 4_001)
    winding = np.column_stack([x, 0.3 * np.sin(7 * x)])
    upper = shapely.Polygon([*winding, (10, 5), (0, 5)])
    lower = shapely.Polygon([*winding, (10, -5), (0, -5)])
    assert rook(upper, lower) == [(0, 1)]
    coarser = shapely.Polygon(
        [*shapely.segmentize(shapely.LineString(winding), 1e-3).coords, (10, -5), (0, -5)]
    )
    assert rook(upper, coarser) == [(0, 1)]
    point = shapely.Polygon([*(winding - [0, 0.7]), (10, -5), (0, -5)])
    assert rook(upper, point) == []


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(shared_lines, "_AT_ONCE", 7)


def test_the_size_of_blocks_changes_nothing(small_blocks):
    test_corners_of_turned_squares_are_no_borders(45)
    test_holes()
    test_hairlines_join_and_gaps_do_not()


def regions(labels):
    """Return one shape a label, the union of its cells of a grid, and the pairs that share a side."""
    rows, columns = labels.shape
    cells = {}
    for y in range(rows):
        for x in range(columns):
            cells.setdefault(int(labels[y, x]), []).append(square(x, y))
    names = sorted(cells)
    place = {name: i for i, name in enumerate(names)}
    sides = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
    pairs = {
        tuple(sorted((place[int(a)], place[int(b)])))
        for one, two in sides
        for a, b in zip(one.ravel(), two.ravel(), strict=True)
        if a != b
    }
    return [shapely.unary_union(cells[name]) for name in names], sorted(pairs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.floats(0, 90), st.booleans())
def test_regions_of_any_form_have_the_neighbours_of_their_cells(seed, kinds, angle, simplified):
    rng = np.random.default_rng(seed)
    shapes, pairs = regions(rng.integers(0, kinds, (5, 6)))
    if simplified:  # corners of neighbours in the middle of edges: no vertex there
        shapes = [shapely.normalize(shapely.simplify(shape, 0)) for shape in shapes]
    turned = [affinity.rotate(shape, angle, origin=(3, 2)) for shape in shapes]
    assert rook(*turned, extent=False) == pairs


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_rook_equals_libpysal_on_clean_shapes(seed, kinds):
    from libpysal.graph import Graph

    shapes, _ = regions(np.random.default_rng(seed).integers(0, kinds, (5, 6)))
    units = gpd.GeoSeries(shapes)
    ours = ag.build_neighbours(units, rule="rook", islands="keep", transform="B")
    assert ours == Graph.build_contiguity(units, rook=True, strict=True)


@pytest.mark.parametrize("name", ["columbus.shp", "sids2.shp", "mexicojoin.shp"])
def test_rook_equals_libpysal_on_its_own_examples(name):
    import libpysal.examples
    from libpysal.graph import Graph

    units = gpd.read_file(libpysal.examples.get_path(name))
    ours = ag.build_neighbours(units, rule="rook", islands="keep", transform="B")
    assert ours == Graph.build_contiguity(units, rook=True, strict=True)


@pytest.mark.shared
def test_rook_is_queen_without_corners_on_official_districts(shared):
    """Every rook pair shares 2 m of border or more by the geometry library, every other pair less."""
    units = ag.read_boundaries(shared / "mirror" / "geokz" / "kaz_admbnda_adm2_2024.shp", code="KATO")
    shapes = np.asarray(units.geometry.array, dtype=object)
    queen = ag.build_neighbours(units, islands="keep", transform="B").adjacency.index
    rook = ag.build_neighbours(units, rule="rook", islands="keep", transform="B").adjacency.index
    extent = float(np.hypot(*(units.total_bounds[2:] - units.total_bounds[:2])))
    place = {code: i for i, code in enumerate(units.index)}
    for a, b in queen:
        near = shapely.buffer(shapes[place[b]], 2e-9 * extent)
        shared_line = shapely.length(shapely.intersection(shapely.boundary(shapes[place[a]]), near))
        assert ((a, b) in rook) == (shared_line > 1e-6 * extent), (a, b, shared_line)
