"""The whole atlas of nine squares: every file, the same bytes again, nothing from a file read as markup."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest

from childatlas.atlas.report import escape_markdown
from childatlas.atlas.words import Words
from childatlas.atlas.write import write_atlas, write_map
from childatlas.errors import DataError
from childatlas.layers import Atlas, Layer


def checksums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_is_there(written: Path) -> None:
    names = set(checksums(written))
    assert {"index.html", "atlas.pdf", "atlas.gpkg", "atlas.xlsx", "report.md", "manifest.json"} <= names
    assert "interactive/oblast.html" in names
    for stem in ("well_being", "poverty", "stunting", "level_everywhere", "trial", "housing"):
        assert {f"maps/oblast/{stem}.{suffix}" for suffix in ("png", "svg", "alt.txt")} <= names
    for kind in ("clusters", "scatter", "gap", "ranks"):
        assert f"maps/oblast/poverty-{kind}.svg" in names
        assert f"maps/oblast/stunting-{kind}.svg" not in names


def test_the_same_atlas_gives_the_same_bytes_without_a_network_and_says_how_far_it_is(
    written: Path, tiny_atlas: Atlas, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr("socket.socket.connect", refuse)
    seen: list[tuple[str, int, int]] = []
    again = write_atlas(tiny_atlas, tmp_path / "again", words=words, progress=lambda *step: seen.append(step))
    assert checksums(again) == checksums(written)
    done = [step[1] for step in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, seen[-1][2])
    steps = {words.say(f"steps.{step}") for step in ("maps", "tables", "book", "manifest")}
    assert steps <= {step[0] for step in seen}


def test_manifest(written: Path, tiny_atlas: Atlas) -> None:
    manifest = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["run_id"], manifest["seed"]) == (tiny_atlas.run_id, 7)
    assert manifest["inputs"] == [{"path": "data/tiny.csv", "sha256": "0" * 64}]
    assert manifest["methods"] == tiny_atlas.methods
    assert manifest["versions"] == {"childatlas": "0.1.0"}
    assert manifest["dropped"]["count"] == 1
    assert manifest["dropped"]["figures"][0]["reason"] == "suspect"
    listed = {output["path"]: output["sha256"] for output in manifest["outputs"]}
    there = checksums(written)
    there.pop("manifest.json")
    assert listed == there


def test_report_escapes_what_files_say(written: Path) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "# Nine squares" in text
    assert "Poverty: highest in C3, C2 and C1 (oblasts, 2023)." in text
    assert r"\<b\>\#1\</b\>" in text
    assert "<b>" not in text
    assert "The figures go from a ratio of 2.7 (2010) to 1.7 (2023)" in text
    assert escape_markdown("a\n# b | c") == r"a \# b \| c"


def pages_of(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [document[i].get_textpage().get_text_bounded() for i in range(len(document))]
    finally:
        document.close()


def test_book_has_every_part_and_no_text_is_markup(written: Path, tiny_atlas: Atlas) -> None:
    pages = pages_of(written / "atlas.pdf")
    text = "\n".join(pages)
    assert "Nine squares" in pages[0]
    for part in (
        "How to read this atlas",
        "What the figures say",
        "Where values stand together",
        "Lowest by point estimate",
        "Claims in circulation, checked",
        "Methods",
        "Sources",
        "What is not known",
        "Components without open data",
    ):
        assert part in text
    for name in tiny_atlas.geographies["oblast-2023"].names("en", short=False):
        assert any(name in page and "Oblast profiles".upper() in page for page in pages)
    assert "=Housing <b>#1</b> & *more*: from 10.0 in A1 to 18.0 in C3" in " ".join(text.split())
    assert "#let x = 1 $y$ _z_" in " ".join(text.split())
    assert "lowest by point estimate, errors unpublished" in " ".join(text.split())
    assert len(pages) == 3 + 6 + 9 + 7


def test_book_is_set_in_one_upright_face(written: Path) -> None:
    content = (written / "atlas.pdf").read_bytes()
    faces = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z-]+)", content)) | set(
        re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([A-Za-z-]+)", content)
    )
    assert all(face.startswith(b"SourceSansPro") and b"It" not in face for face in faces)
    assert b"/CreationDate (D:2" not in content or b"D:2000" in content


class Page(HTMLParser):
    """Collects what a page loads, links and says."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.classes: set[str] = set()
        self.ids: list[str] = []
        self.alts: list[str | None] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.classes |= set((found.get("class") or "").split())
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag == "img":
            self.alts.append(found.get("alt"))
        self.loads += [str(found[key]) for key in ("src", "data-picture") if found.get(key)]
        if tag == "link":
            self.loads.append(found.get("href") or "")


def test_page_links_what_is_there_and_loads_nothing_from_elsewhere(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    for load in page.loads:
        assert load.startswith("data:") or (written / load).exists() or (written / f"{load}.svg").exists()
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif not link.startswith("https://example.org/"):
            assert (written / link).is_file(), link
    assert len(page.ids) == len(set(page.ids))
    assert all(page.alts)
    assert "legend" in page.classes
    assert "@import" not in text
    assert "url(http" not in text


def test_page_escapes_what_files_say(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<b>#1</b>" not in text
    assert "<i>with</i>" not in text


def test_a_link_that_runs_code_is_left_out(
    tiny_atlas: Atlas, make_layer: Callable[..., Layer], words: Words, tmp_path: Path
) -> None:
    from childatlas.atlas.site import write_site

    bad = make_layer(range(9), link="javascript:alert(1)")
    path = write_site(replace(tiny_atlas, layers=(bad,)), {}, tmp_path, words=words)
    assert "javascript:" not in path.read_text(encoding="utf-8")


def test_one_map_alone(tiny_atlas: Atlas, words: Words, tmp_path: Path) -> None:
    paths = write_map(tiny_atlas, tiny_atlas.layers[1], tmp_path / "new", words=words)
    assert [path.name for path in paths] == [
        "poverty-2023.png",
        "poverty-2023.svg",
        "poverty-2023.alt.txt",
    ]
    assert all(path.is_file() for path in paths)
    assert "Poverty: highest in C3" in paths[2].read_text(encoding="utf-8")


def test_a_layer_without_any_value_is_still_drawn(
    tiny_atlas: Atlas, make_layer: Callable[..., Layer], words: Words, tmp_path: Path
) -> None:
    nothing = make_layer([float("nan")] * 9, no_statistics="no values")
    out = write_atlas(replace(tiny_atlas, layers=(nothing,), tables={}), tmp_path / "a", words=words)
    assert "Poverty: no figures" in (out / "report.md").read_text(encoding="utf-8")
    assert (out / "maps/oblast/poverty.png").is_file()


@pytest.mark.browser
def test_page_opens_without_an_error_and_shows_one_map_at_a_time(written: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((written / "index.html").as_uri())
        assert page.locator("article.layer:visible").count() == 1
        page.fill("#find", "stunt")
        assert page.locator(".chooser li:not(.head):visible").count() == 1
        page.click(".chooser a:visible")
        assert page.locator("article.layer:visible h3").inner_text().startswith("Stunting: highest")
        page.goto((written / "index.html").as_uri() + "#layer-poverty-2023")
        page.locator("article.layer:visible .views button").nth(1).click()
        assert "poverty-clusters.svg" in (
            page.locator("article.layer:visible img").get_attribute("src") or ""
        )
        browser.close()
    assert said == []
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_the_bytes_do_not_depend_on_how_many_processes_write_them(
    tiny_atlas: Atlas, written: Path, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("childatlas.workers.WORTH_IT", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert checksums(write_atlas(tiny_atlas, tmp_path / "shared", words=words)) == checksums(written)


def test_an_error_in_another_process_keeps_its_kind_and_leaves_nothing(
    tiny_atlas: Atlas,
    make_layer: Callable[..., Layer],
    words: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("childatlas.workers.WORTH_IT", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    infinite = make_layer([float("inf"), *range(8)])
    with pytest.raises(DataError, match="infinite"):
        write_atlas(replace(tiny_atlas, layers=(infinite,)), tmp_path / "a", words=words)
    assert list(tmp_path.iterdir()) == []
