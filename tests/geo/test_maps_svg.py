"""SVG written from paths: what stands in it, by hand, and beside matplotlib's own writer."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from io import StringIO

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform

from atlasgeo.maps.lettering import Lettering
from atlasgeo.maps.svg import SvgRenderer
from atlasgeo.maps.svg_paths import path_data
from atlasgeo.maps.typeface import face

NAME = "{http://www.w3.org/2000/svg}"


def drawn(figure: Figure) -> ET.Element:
    wide, high = figure.get_size_inches() * 72
    figure.set_dpi(72)
    renderer = SvgRenderer(wide, high)
    figure.draw(renderer)
    return ET.fromstring(renderer.document(head="<title>x</title>", attributes={"lang": "en"}))


@pytest.fixture
def figure() -> Figure:
    page = Figure(figsize=(2, 1), dpi=100)
    FigureCanvasAgg(page)
    return page


def test_path_data_by_hand() -> None:
    square = Path([(0, 0), (10, 0), (10, 5.126), (0, 0)], [1, 2, 2, 79])
    assert path_data(square, IdentityTransform(), 100.0) == "M0 100L10 100L10 94.87Z"
    assert path_data(Path([(0, 0), (1, 2)]), Affine2D().scale(2), 10.0) == "M0 10L2 6"
    curves = Path([(0, 0), (1, 1), (2, 0), (3, 1), (4, 1), (5, 0)], [1, 3, 3, 4, 4, 4])
    assert path_data(curves, IdentityTransform(), 0.0) == "M0 0Q1 -1 2 0C3 -1 4 -1 5 0"
    assert path_data(Path(np.empty((0, 2))), IdentityTransform(), 0.0) == ""


def test_a_point_that_is_no_number_breaks_the_line() -> None:
    data = path_data(Path([(0, 0), (1, 0), (np.nan, 0), (3, 0), (4, 0)]), IdentityTransform(), 0.0)
    assert data == "M0 0L1 0M3 0L4 0"


def test_no_negative_nought_and_no_letters_in_numbers() -> None:
    data = path_data(Path([(-0.001, 0), (123456.789, 1e-9)]), IdentityTransform(), 0.0)
    assert data == "M0 0L123456.8 0"
    assert "e" not in data


def test_colours_lines_and_dashes(figure: Figure) -> None:
    figure.add_artist(
        Rectangle(
            (0, 0), 1, 1, facecolor="#ff000080", edgecolor="#0000ff", linewidth=2, linestyle=(0, (2.0, 1.0))
        )
    )
    style = drawn(figure).findall(f"{NAME}path")[-1].get("style", "")
    rules = dict(rule.split(":") for rule in style.split(";"))
    assert rules["fill"] == "#ff0000"
    assert float(rules["fill-opacity"]) == pytest.approx(128 / 255, abs=1e-3)
    assert (rules["stroke"], rules["stroke-width"]) == ("#0000ff", "2")
    assert rules["stroke-dasharray"] == "4,2"
    assert rules["stroke-linejoin"] == "miter"


def test_alpha_of_the_whole_artist_is_its_opacity(figure: Figure) -> None:
    figure.add_artist(Circle((0.5, 0.5), 0.2, facecolor="#00ff00", alpha=0.25, linewidth=0))
    assert drawn(figure).findall(f"{NAME}path")[-1].get("style") == "fill:#00ff00;opacity:0.25"


def test_a_hatch_is_a_pattern_that_is_defined_once(figure: Figure) -> None:
    for left in (0.1, 0.6):
        shapes = PathCollection(
            [Path.unit_rectangle()], facecolors="none", edgecolors="#123456", linewidths=0, hatch="///"
        )
        shapes.set_transform(Affine2D().translate(left, 0))
        figure.add_artist(shapes)
    root = drawn(figure)
    (pattern,) = root.iter(f"{NAME}pattern")
    fill = f"fill:url(#{pattern.get('id')})"
    users = [path for path in root.findall(f"{NAME}path") if fill in path.get("style", "")]
    assert len(users) == 2
    assert "#123456" in pattern.find(f"{NAME}path").get("style")


def test_a_clip_cuts(figure: Figure) -> None:
    shape = Circle((0.5, 0.5), 0.5)
    figure.add_artist(shape)
    shape.set_clip_box(figure.bbox)
    root = drawn(figure)
    (clip,) = root.iter(f"{NAME}clipPath")
    assert clip.find(f"{NAME}path").get("d") == "M0 0L144 0L144 72L0 72Z"
    assert root.findall(f"{NAME}path")[-1].get("clip-path") == f"url(#{clip.get('id')})"


def test_letters_are_defined_once_and_used_where_they_stand(figure: Figure) -> None:
    for y in (0.2, 0.6):
        text = Lettering(0, y, "Aral -- Арал", fontproperties=face("Aral Арал"), fontsize=10)
        figure.add_artist(text)
    root = drawn(figure)
    shapes = {path.get("id") for path in root.find(f"{NAME}defs").findall(f"{NAME}path")}
    groups = root.findall(f"{NAME}g")
    assert len(groups) == 2
    used = [use.get("{http://www.w3.org/1999/xlink}href")[1:] for use in groups[0]]
    assert len(used) == len("Aral--Арал")
    assert set(used) <= shapes


def test_a_part_of_the_page_holds_what_reaches_into_it_and_no_more() -> None:
    page = Figure(figsize=(2, 1), dpi=72)
    FigureCanvasAgg(page)
    page.patch.set_visible(False)
    for x, word in ((0.05, "inside"), (0.8, "outside")):
        page.add_artist(
            Lettering(x, 0.5, word, fontproperties=face(word), fontsize=6, transform=page.transFigure)
        )
        page.add_artist(Rectangle((x, 0.1), 0.1, 0.1, facecolor="#00ff00", hatch="xx" if x > 0.5 else None))
    renderer = SvgRenderer(144, 72)
    page.draw(renderer)
    text = renderer.document(head="", attributes={}, part=(0.0, 10.0, 72.0, 72.0))
    root = ET.fromstring(text)
    assert root.get("viewBox") == "0 10 72 62"
    assert "<!-- inside -->" in text
    assert "<!-- outside -->" not in text
    assert len(root.findall(f"{NAME}path")) == 1
    assert len(root.findall(f"{NAME}g")) == 1
    assert not list(root.iter(f"{NAME}pattern"))
    letters = {path.get("id") for path in root.find(f"{NAME}defs").findall(f"{NAME}path")}
    assert len(letters) == len(set("inside"))


def test_words_in_a_row_stand_where_the_whole_line_would_put_them() -> None:
    from matplotlib.textpath import text_to_path

    from atlasgeo.maps.lettering import _set
    from atlasgeo.maps.typeface import font_file, text_width

    text = "AV To Ты, Қызылорда 12.7 % (Wave)"
    font = text_to_path._get_font(face(text))
    whole, _, _ = text_to_path.get_glyphs_with_font(font, text)
    blank = text_to_path.get_glyphs_with_font(font, " ")[0][0][0]
    expected = [(name, x / 100) for name, x, *_ in whole if name != blank]
    found = [(name, x) for name, x, _ in _set(text, str(font_file()), text_width(" ", 1.0))]
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert [x for _, x in found] == pytest.approx([x for _, x in expected], abs=2e-4)


def test_pixels_stand_upright_at_their_place(figure: Figure) -> None:
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    pixels = np.zeros((2, 4, 4), dtype=np.uint8)
    pixels[0], pixels[1] = (255, 0, 0, 255), (0, 0, 255, 255)
    figure.figimage(pixels, xo=10, yo=20, origin="upper")
    image = drawn(figure).find(f"{NAME}g/{NAME}image")
    assert [image.get(side) for side in ("x", "y", "width", "height")] == ["10", "50", "4", "2"]
    content = b64decode(image.get("{http://www.w3.org/1999/xlink}href").partition(",")[2])
    assert np.asarray(Image.open(BytesIO(content)))[:, 0].tolist() == pixels[:, 0].tolist()


def test_a_moved_picture_lands_where_its_transform_says() -> None:
    renderer = SvgRenderer(100, 100)
    pixels = np.full((2, 4, 4), 255, dtype=np.uint8)
    move = Affine2D().scale(20, 10).translate(5, 7)  # of the unit square that the picture fills
    renderer.draw_image(renderer.new_gc(), 1.0, 2.0, pixels, move)
    image = ET.fromstring(renderer.document(head="", attributes={})).find(f"{NAME}g/{NAME}image")
    a, b, c, d, e, f = map(float, image.get("transform")[7:-1].split())
    corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in ((0, 0), (4, 2))]
    assert corners == [(6, 100 - 19), (26, 100 - 9)]


def test_the_same_shapes_as_matplotlib_writes(figure: Figure) -> None:
    figure.add_artist(Circle((0.5, 0.5), 0.25, facecolor="#abcdef"))
    ours = drawn(figure).findall(f"{NAME}path")[-1].get("d", "")
    stream = StringIO()
    figure.savefig(stream, format="svg")
    theirs = [path.get("d", "") for path in ET.fromstring(stream.getvalue()).iter(f"{NAME}path")]
    numbers = [[float(part) for part in re.findall(r"-?[\d.]+", data)] for data in (ours, *theirs)]
    assert any(len(n) == len(numbers[0]) and np.allclose(n, numbers[0], atol=0.006) for n in numbers[1:])
