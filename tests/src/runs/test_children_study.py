"""A study of a survey: figures with errors, nothing hidden gets out, everything invented says so."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from atlasgeo.maps.palettes import DIVERGING
from childatlas.assembly import survey_figures
from childatlas.assembly.discovery import find_layers
from childatlas.assembly.material import Material, read_material
from childatlas.assembly.survey_counting import COUNTING_TABLES
from childatlas.atlas.classing import layer_classes, layer_colours
from childatlas.atlas.words import read_words
from childatlas.child_figures import Places, estimate_children
from childatlas.definitions import read_definitions
from childatlas.errors import DataError, StudyError
from childatlas.figures.additive import cell_keys, find_relations
from childatlas.figures.attacker import attack_cells
from childatlas.layers import Atlas
from childatlas.measures.survey import survey_mean
from childatlas.pipeline import run
from childatlas.shipped import data_folder
from childatlas.study import read_study

SHIPPED = data_folder() / "studies" / "kazakhstan-children.toml"
HEADCOUNT, ADJUSTED = "synthetic_deprived_headcount", "synthetic_deprived_adjusted"
DESIGN = {"weight": "weight", "stratum": "stratum", "cluster": "cluster"}


def write_study(folder: Path, **changes: str) -> Path:
    """Write a small twin of the shipped study: few children, no districts, few permutations."""
    text = SHIPPED.read_text(encoding="utf-8")
    small = {
        "children = 20000": "children = 3000",
        "permutations = 9999": "permutations = 999",
        "draws = 200": "draws = 20",
        ', "district"]': "]",
    }
    for old, new in {**small, **changes}.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return read_material(read_study(write_study(tmp_path_factory.mktemp("children"))))


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder = tmp_path_factory.mktemp("atlas")
    return run(write_study(folder), out=folder / "outputs")


@pytest.fixture(scope="module")
def again(material: Material) -> tuple[Material, pd.DataFrame]:
    """Return the material read once more, and its figures as they were before any protection."""
    seen: list[pd.DataFrame] = []
    original = survey_figures.protect_survey

    def spy(table: pd.DataFrame, *rest: Any, **named: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        seen.append(table)
        return original(table, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey_figures, "protect_survey", spy)
        read = read_material(material.study)
    return read, seen[0]


def toy_children() -> pd.DataFrame:
    """Sixteen children of two places, town and village, two clusters each, answers worked out by hand."""
    definitions = read_definitions("kaz")
    rows = [
        {"place": place, "side": side, "cluster": f"{place}{side}{cluster}", "weight": 1.0, "child": child}
        for place in ("100000000", "110000000")
        for side in ("urban", "rural")
        for cluster in (1, 2)
        for child in (1, 2)
    ]
    table = pd.DataFrame(rows).assign(stratum=lambda t: t["place"] + t["side"], age=16)
    for item in definitions.items:
        for question in item.questions:
            table[question.column] = _well(question)
    return table


def _well(question: object) -> object:
    """Return an answer that means not deprived."""
    answers = getattr(question, "answers")  # noqa: B009 - a frozen model of any question
    if answers is not None:
        known = getattr(question, "known") or ()  # noqa: B009
        missing = set(map(str, getattr(question, "missing")))  # noqa: B009
        return next((a for a in known if a not in answers and str(a) not in missing), "fine")
    below, at_most = getattr(question, "below"), getattr(question, "at_most")  # noqa: B009
    return 0.0 if below is None and at_most is None else 10.0


class TestEstimates:
    def test_nobody_deprived_has_no_error_and_all_counts(self) -> None:
        table = estimate_children(
            toy_children(),
            read_definitions("kaz"),
            places=Places("place", "side"),
            design=DESIGN,
            cutoff=1 / 3,
        )
        head = table[table["indicator"] == "deprived_headcount"].set_index(["unit", "residence"])
        assert head.loc[("", "total"), "n"] == 16
        assert head.loc[("100000000", "rural"), "n"] == 4
        assert (head["value"] == 0).all()
        assert head["se"].isna().all(), "all alike: no error can be estimated"

    def test_income_line_by_hand(self) -> None:
        children = toy_children()
        children["income"] = np.where(
            (children["place"] == "100000000") & (children["child"] == 1), 10.0, 90.0
        )
        children.loc[children.index[-1], "income"] = np.nan
        table = estimate_children(
            children,
            read_definitions("kaz"),
            places=Places("place", "side"),
            design=DESIGN,
            cutoff=1 / 3,
            income=("income", 50.0),
        )
        poor = table[table["indicator"] == "poor_by_income"].set_index(["unit", "residence"])
        assert poor.loc[("100000000", "total"), "value"] == pytest.approx(50.0)
        assert poor.loc[("110000000", "total"), "value"] == 0.0
        assert poor.loc[("110000000", "total"), "n"] == 7
        assert poor.loc[("", "total"), "value"] == pytest.approx(100 * 4 / 15)

    def test_errors_are_those_of_the_survey_mean(self) -> None:
        from childatlas.simulate.files import _sources
        from childatlas.simulate.plan import read_plan
        from childatlas.simulate.sample import simulate_survey

        sources = _sources(read_plan("kaz"))
        definitions = sources.pop("definitions")
        children = simulate_survey(read_plan("kaz"), definitions, **sources, children=3000, seed=3).children
        table = estimate_children(
            children,
            definitions,
            places=Places("oblast"),
            design=DESIGN,
            cutoff=1 / 3,
            income=("income", 48_000.0),
        )
        ours = table[(table["indicator"] == "poor_by_income") & (table["level"] == "oblast")]
        direct = survey_mean(
            children.assign(below=(children["income"] < 48_000).astype(float)), "below", by="oblast", **DESIGN
        )
        ours = ours.set_index("unit").loc[direct.index.astype(str)]
        np.testing.assert_allclose(ours["value"], 100 * direct["estimate"], rtol=1e-9)
        seen = ours["se"].notna().to_numpy()
        np.testing.assert_allclose(ours["se"][seen], 100 * direct["se"][seen], rtol=1e-9)

    def test_residence_that_is_none(self) -> None:
        children = toy_children()
        children.loc[0, "side"] = "suburb"
        with pytest.raises(DataError, match="urban nor rural"):
            estimate_children(
                children,
                read_definitions("kaz"),
                places=Places("place", "side"),
                design=DESIGN,
                cutoff=1 / 3,
            )


class TestFigures:
    def test_every_row_says_synthetic(self, material: Material) -> None:
        figures = material.figures
        assert figures["flag"].str.split(";").map(lambda flags: "synthetic" in flags).all()
        assert figures["indicator"].str.startswith("synthetic_").all()
        assert set(figures["residence"]) == {"total", "urban", "rural"}

    def test_catalogue_has_an_entry_a_dimension_in_three_languages(self, material: Material) -> None:
        names = {f"synthetic_lacks_{d.id}" for d in read_definitions("kaz").dimensions}
        assert names < set(material.catalogue)
        for entry in material.catalogue.values():
            assert "synthetic" in entry.label["en"]
            assert "{" not in "".join([*entry.label.values(), *entry.definition.values()])
            assert set(entry.label) == {"en", "ru", "kk"}

    def test_suppressed_rows_have_nothing_but_their_key(self, material: Material) -> None:
        hidden = material.figures[material.figures["flag"].str.contains("suppressed")]
        assert len(hidden) > 20, "so few children must hide some cells"
        assert hidden[["value", "se"]].isna().all(axis=None)

    def test_what_is_shown_keeps_the_rule(self, material: Material) -> None:
        figures = material.figures[
            ~material.figures["indicator"].str.contains("gap_of_")
        ]  # judged by interval
        shown = figures[figures["value"].notna()]
        assert (shown["n"] >= 25).all()
        assert (shown["se"] / shown["value"] <= 0.333).all()
        assert shown["se"].notna().all()

    def test_hidden_counts_cannot_be_had_by_subtraction(self, material: Material) -> None:
        """The attacker knows every published count of deprived children and that they add up."""
        figures = material.figures[material.figures["indicator"] == ADJUSTED]
        national = material.national_code
        parents = {u: national for u in figures["unit"] if u != national}
        keys = cell_keys(figures)
        count = pd.Series(figures["n"].fillna(10.0).to_numpy(), index=keys)
        hidden = pd.Series(figures["n"].isna().to_numpy(), index=keys)
        assert hidden.any()
        relations = find_relations(count.where(~hidden), parents)
        for relation in find_relations(count, parents):
            cells = [relation.total, *relation.parts]
            assert sum(bool(hidden[c]) for c in cells) != 1
        if relations:
            assert not attack_cells(count, hidden, relations)["derived"].any()

    def test_intensity_and_adjusted_headcount_hide_the_same_cells(self, material: Material) -> None:
        """Headcount and adjusted headcount together give the intensity away."""
        quality = material.survey.quality if material.survey else pd.DataFrame()
        secret = quality[quality["reason"] == "disclosure control"]
        by = {
            name: set(zip(rows["unit"], rows["residence"], strict=True))
            for name, rows in secret.groupby("indicator")
        }
        assert by[ADJUSTED] == by["synthetic_deprived_intensity"]

    def test_same_seed_same_figures(self, material: Material, again: tuple[Material, pd.DataFrame]) -> None:
        pd.testing.assert_frame_equal(again[0].figures, material.figures)

    def test_layers_have_ranks_with_errors(self, material: Material) -> None:
        found = find_layers(material)
        first = next(layer for layer in found.layers if layer.id == "synthetic_lacks_housing")
        assert first.rank_sets is not None
        assert set(first.rank_sets["word"]) <= {"", "lagging", "may be lagging"}
        assert first.stability is not None
        assert first.stability[("stability", "")].between(0, 1).all()
        assert first.standard_errors is not None


def _texts(atlas: Atlas) -> Iterator[tuple[Path, str]]:
    for path in sorted(atlas.folder.rglob("*")):
        if path.suffix in {".csv", ".md", ".json", ".html", ".svg", ".txt"}:
            yield path, path.read_text(encoding="utf-8")


class TestOutputs:
    def test_every_file_says_synthetic_by_name(self, atlas: Atlas) -> None:
        names = [path.name for path in atlas.folder.rglob("*") if path.is_file()]
        assert len(names) > 30
        silent = {name for name in names if "synthetic" not in name}
        assert silent == {"index.html", "manifest.json"}

    def test_every_row_and_layer_of_every_table(self, atlas: Atlas) -> None:
        for path in (atlas.folder / "tables").glob("*.csv"):
            table = pd.read_csv(path, dtype=str)
            assert "flag" in table, path.name
            assert table["flag"].str.contains("synthetic").all(), path.name
        with closing(sqlite3.connect(atlas.folder / "synthetic_atlas.gpkg")) as base:
            tables = [row[0] for row in base.execute("SELECT table_name FROM gpkg_contents")]
            assert all("synthetic" in name or name == "layer_styles" for name in tables)
            for name in tables:
                if name != "layer_styles":
                    rows = base.execute(f"SELECT flag FROM {name}").fetchall()
                    assert all("synthetic" in str(flag) for (flag,) in rows), name
            styles = [row[0] for row in base.execute("SELECT styleName FROM layer_styles")]
            assert all("synthetic" in name for name in styles)
        sheets = pd.read_excel(atlas.folder / "synthetic_atlas.xlsx", sheet_name=None)
        assert all("synthetic" in name for name in list(sheets)[1:])

    def test_no_title_names_a_place(self, atlas: Atlas) -> None:
        names = set(pd.concat(g.names("en") for g in atlas.geographies.values()))
        for path in (atlas.folder / "maps").rglob("*.alt.txt"):
            said = path.read_text(encoding="utf-8")
            assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", said)], path.name
        layers = pd.read_csv(atlas.folder / "tables" / "synthetic_layers.csv")
        assert layers["finding"].str.contains("say nothing about a real place").all()

    def test_watermark_stands_on_maps(self, atlas: Atlas) -> None:
        for path in (atlas.folder / "maps").rglob("*.svg"):
            assert "synthetic" in path.read_text(encoding="utf-8")

    def test_watermark_stands_on_interactive_pages(self, atlas: Atlas) -> None:
        pages = list((atlas.folder / "interactive").glob("*.html"))
        assert pages
        for path in pages:
            assert '.folium-map::after { content: "synthetic"' in path.read_text(encoding="utf-8")

    def test_a_suppressed_figure_is_in_no_file(
        self, atlas: Atlas, material: Material, again: tuple[Material, pd.DataFrame]
    ) -> None:
        """The numbers that were hidden, worked out again without any protection, stand nowhere."""
        _, bare = again
        key = ["unit", "indicator", "residence"]
        shown = material.figures.assign(
            indicator=material.figures["indicator"].str.removeprefix("synthetic_")
        )
        both = bare.merge(shown[[*key, "flag"]], on=key, suffixes=("", "_shown"))
        hidden = both[both["flag_shown"].str.contains("suppressed")]
        secrets = {f"{x:.7g}" for x in [*hidden["value"], *hidden["se"].dropna()] if x not in (0.0, 100.0)}
        assert len(secrets) > 20
        table = (atlas.folder / "tables" / "synthetic_figures.csv").read_text(encoding="utf-8")
        open_ones = {f"{x:.7g}" for x in both.loc[~both["flag_shown"].str.contains("suppressed"), "value"]}
        found = {f"{float(n):.7g}" for n in re.findall(r"\d+\.\d{6,}", table)}
        assert len(open_ones & found) > 100, "what may be shown is found by the same search"
        for path, text in _texts(atlas):
            if path.suffix in {".svg", ".txt"}:
                continue  # rounded to a decimal: the tables and pages hold more digits
            numbers = {f"{float(n):.7g}" for n in re.findall(r"\d+\.\d{6,}", text)}
            assert not numbers & secrets, path.name
        with closing(sqlite3.connect(atlas.folder / "synthetic_atlas.gpkg")) as base:
            dump = "\n".join(line for line in base.iterdump() if "geom" not in line[:40])
        numbers = {f"{float(n):.7g}" for n in re.findall(r"\d+\.\d{6,}", dump)}
        assert not numbers & secrets

    def test_suppressed_units_are_shown_as_such(self, atlas: Atlas) -> None:
        hidden = [layer for layer in atlas.layers if layer.flags.str.contains("suppressed").any()]
        assert hidden
        for layer in hidden:
            withheld = layer.flags.str.contains("suppressed")
            assert layer.values[withheld].isna().all()
            assert layer.standard_errors is None or layer.standard_errors[withheld].isna().all()
            picture = next((atlas.folder / "maps").rglob(f"{atlas.stem(layer)}.svg")).read_text("utf-8")
            assert "suppressed" in picture


class TestStudyFile:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('simulate = "kaz"', 'simulate = "kaz"\nfile = "x.csv"', "either simulated"),
            ('simulate = "kaz"', 'file = "x.csv"', "needs its year"),
            ("line = 48000", "# line", "go together"),
            (
                'levels = ["oblast", "oblast x residence"',
                'levels = ["oblast x residence"',
                "must hold 'oblast'",
            ),
            ('catalogue = "kaz-children"', 'catalogue = "kaz-children"\ntables = ["kaz"]', "figures.tables"),
            ('level = "oblast"', 'level = "district"', "survey.levels"),
            ("draws = 200", "drows = 200", "drows"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, tmp_path: Path, old: str, new: str, said: str) -> None:
        path = tmp_path / "study.toml"
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(StudyError, match=said):
            read_study(path)

    def test_a_file_of_ones_own(self, tmp_path: Path) -> None:
        """The same survey from a file gives the same figures; unflagged it is not called synthetic."""
        from childatlas.simulate.files import write_simulation

        made = write_simulation("kaz", tmp_path, children=3000, seed=1)
        children = pd.read_parquet(made["files"][0]).drop(columns="flag")
        children.to_parquet(tmp_path / "own.parquet", index=False)
        path = write_study(tmp_path, **{'simulate = "kaz"': 'file = "own.parquet"\nyear = 2023'})
        own = read_material(read_study(path))
        assert set(own.figures["flag"]) <= {"", "suppressed"}
        assert not own.figures["indicator"].str.contains("synthetic").any()
        assert own.survey is not None
        assert not own.survey.synthetic


@pytest.mark.prove
def test_shipped_study_twice_gives_the_same_tables(tmp_path: Path) -> None:
    first = run("kazakhstan-children", out=tmp_path / "one")
    again = run("kazakhstan-children", out=tmp_path / "two")
    assert "district-2023" in first.geographies
    files = sorted(p.relative_to(first.folder) for p in first.folder.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(again.folder) for p in again.folder.rglob("*") if p.is_file())
    for name in files:
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


class TestAnswersInTheAtlas:
    def test_every_answer_has_a_table_and_a_chapter(self, atlas: Atlas) -> None:
        tables = {path.stem for path in (atlas.folder / "tables").glob("*.csv")}
        wanted = ("poverty", "poverty_overlap", "vulnerability", "inequality_groups", "inequality_income")
        wanted += COUNTING_TABLES
        wanted += ("inequality_parts", "gap_places", "gap_parts", "risk_groups", "risk_models", "truth")
        assert {f"synthetic_{name}" for name in wanted} <= tables
        keys = ["breadth", "poverty", "inequality", "gap", "risks", "truth"]
        assert [c.key for c in atlas.chapters] == keys
        report = (atlas.folder / "synthetic_report.md").read_text(encoding="utf-8")
        page = (atlas.folder / "index.html").read_text(encoding="utf-8")
        for chapter in atlas.chapters:
            assert f"## {chapter.title}" in report
            assert chapter.title in page
            assert all(len(row) == len(sheet.heads) for sheet in chapter.sheets for row in sheet.rows)
            assert all(len(sheet.strips) in (0, len(sheet.rows)) for sheet in chapter.sheets)

    def test_no_title_of_a_chapter_names_a_place(self, atlas: Atlas) -> None:
        names = set(pd.concat(g.names("en") for g in atlas.geographies.values()))
        for chapter in atlas.chapters:
            for title in (chapter.title, chapter.lead, *(sheet.title for sheet in chapter.sheets)):
                assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", title)]

    def test_the_gap_has_a_map(self, atlas: Atlas) -> None:
        layer = next(x for x in atlas.layers if x.id == "synthetic_gap_of_deprivation")
        assert layer.standard_errors is not None
        assert layer.values.notna().sum() >= 10
        assert any((atlas.folder / "maps").rglob("synthetic_gap_of_deprivation.png"))

    def test_the_maps_of_the_gap_part_at_zero(self, atlas: Atlas) -> None:
        own = [layer for layer in atlas.layers if "_gap_of_" in layer.id]
        assert len(own) == 2
        for layer in own:
            classes = layer_classes(atlas.study, layer, words=read_words("en"))
            assert [(-high, -low) for low, high in classes.bounds[::-1]] == list(classes.bounds)
            assert layer_colours(layer, classes)[classes.k // 2] == DIVERGING[2]
        others = {layer.around for layer in atlas.layers if layer not in own}
        assert others == {None}
        with closing(sqlite3.connect(atlas.folder / "synthetic_atlas.gpkg")) as base:
            styles = "".join(row[0] for row in base.execute("SELECT styleQML FROM layer_styles"))
        assert "168,68,47,255" in styles, "the warm end of the diverging palette"

    def test_counting_says_what_the_figures_say(self, atlas: Atlas) -> None:
        figures = atlas.tables["figures"].set_index(["indicator", "unit", "residence"])
        table = atlas.tables["alkire_foster"]
        for measure, indicator in (("headcount", HEADCOUNT), ("adjusted", ADJUSTED)):
            own = table[table["measure"] == measure]
            scale = 100.0 if measure == "headcount" else 1.0
            told, published = set(), set()
            for row in own.itertuples():
                key = (indicator, row.unit, row.residence)
                if key not in figures.index:
                    continue
                shown = figures.loc[key]
                if pd.notna(shown["value"]):
                    published.add(key)
                if pd.notna(row.estimate):
                    told.add(key)
                    assert scale * row.estimate == pytest.approx(shown["value"])
                    assert scale * row.se == pytest.approx(shown["se"])
            assert told == published, measure
            assert told, measure

    def test_a_hidden_figure_is_in_no_counting_table(
        self, atlas: Atlas, material: Material, again: tuple[Material, pd.DataFrame]
    ) -> None:
        """The tables write shares, the figures per cent: the same numbers are looked for as shares."""
        _, bare = again
        counted = bare[~bare["indicator"].eq("poor_by_income")]
        shown = material.figures.assign(
            indicator=material.figures["indicator"].str.removeprefix("synthetic_")
        )
        both = counted.merge(shown, on=["unit", "indicator", "residence"], suffixes=("", "_shown"))
        hidden = both[both["flag_shown"].str.contains("suppressed")]
        scale = np.where(hidden["indicator"] == "deprived_adjusted", 1.0, 0.01)
        secrets = {
            (unit, residence, f"{value:.9g}")
            for unit, residence, value in zip(
                hidden["unit"], hidden["residence"], hidden["value"] * scale, strict=True
            )
            if value not in (0.0, 1.0)
        }
        assert len(secrets) > 20
        for name in COUNTING_TABLES:
            table = atlas.tables[name]
            found = zip(table["unit"], table["residence"], table["estimate"], strict=True)
            assert not secrets & {(u, r, f"{value:.9g}") for u, r, value in found}, name

    def test_every_measure_has_its_method_and_source(self, atlas: Atlas) -> None:
        manifest = json.loads((atlas.folder / "manifest.json").read_text(encoding="utf-8"))
        said = " ".join(manifest["methods"].values())
        silent = {"figures", "gaps", "lowest", "global_statistics", "local_statistics", "children", "absent"}
        named = {name for name in atlas.tables if re.search(rf"\b{name}\b", said)}
        assert set(atlas.tables) - silent - named == set()
        for source in ("Alkire and Foster 2011", "De Neubourg", "Kitagawa 1955", "Binder 1983", "Mogstad"):
            assert source in said
        assert "No errors are published" not in said
        assert "{" not in said

    def test_places_hidden_in_the_figures_are_hidden_in_every_answer(
        self, atlas: Atlas, material: Material
    ) -> None:
        quality = material.survey.quality if material.survey else pd.DataFrame()
        secret = quality[
            (quality["reason"] == "disclosure control")
            & quality["indicator"].isin([HEADCOUNT, "synthetic_poor_by_income"])
        ]
        places = set(zip(secret["unit"], secret["residence"], strict=True))
        for name in ("poverty", "poverty_overlap", "vulnerability", "inequality_income", "risk_groups"):
            table = atlas.tables[name]
            hidden = [p in places for p in zip(table["unit"], table["residence"], strict=True)]
            assert (table.loc[hidden, "quality"] == "suppress").all(), name
            assert table.loc[hidden, "n"].isna().all(), name


@pytest.mark.prove
def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    path = write_study(tmp_path)
    first, second = (run(path, out=tmp_path / name).folder for name in ("one", "two"))
    files = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    assert len(files) > 100
    assert not [f for f in files if (first / f).read_bytes() != (second / f).read_bytes()]
