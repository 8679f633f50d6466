"""The report: what the run found and left out, as plain Markdown that can be read and compared anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from childatlas.atlas.claims import claim_sentences
from childatlas.atlas.clusters import cluster_sentence, moran_sentence
from childatlas.atlas.findings import finding, gap_sentence, trend_sentence
from childatlas.atlas.tables import country_name, named
from childatlas.atlas.words import Words
from childatlas.chapters import Chapter
from childatlas.layers import Atlas

__all__ = ["escape_markdown", "write_report"]

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LONGEST = 25


def write_report(atlas: Atlas, path: Path, *, words: Words) -> Path:
    """Write the report and return its path.

    Parameters
    ----------
    atlas : Atlas
    path : Path
    words : Words

    Returns
    -------
    Path
        Markdown in UTF-8. Every text that came from a file is escaped.
    """
    path.write_text("\n".join(_lines(atlas, words)).rstrip() + "\n", encoding="utf-8", newline="\n")
    return path


def escape_markdown(text: str) -> str:
    """Return `text` so that no sign of it is read as Markdown or HTML, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _lines(atlas: Atlas, words: Words) -> Iterator[str]:
    yield f"# {escape_markdown(words.pick(atlas.study.title))}"
    yield ""
    yield f"{escape_markdown(country_name(atlas, words))}. " + words.say(
        "report.run", run=atlas.run_id, seed=atlas.study.seed
    )
    yield from _section(words.say("report.findings"), _findings(atlas, words))
    yield from _section(words.say("report.clusters"), _clusters(atlas, words))
    yield from _section(words.say("report.gaps"), _gaps(atlas, words))
    for chapter in atlas.chapters:
        yield from _chapter(chapter, atlas, words)
    yield from _section(words.say("report.claims"), claim_sentences(atlas, words))
    yield from _lowest(atlas, words)
    yield from _section(words.say("report.notes"), list(atlas.notes))
    yield from _section(words.say("report.dropped"), _dropped(atlas, words))
    yield from _section(
        words.say("report.methods"), [f"{name}: {how}" for name, how in atlas.methods.items()]
    )


def _chapter(chapter: Chapter, atlas: Atlas, words: Words) -> Iterator[str]:
    """Give the lines of what a survey answered: text, then its tables."""
    warned = [words.say("inquiry.synthetic")] if atlas.synthetic else []
    yield from ("", f"## {escape_markdown(chapter.title)}")
    for text in (chapter.lead, *chapter.paragraphs, *warned):
        yield from ("", escape_markdown(text))
    for sheet in chapter.sheets:
        yield from ("", f"### {escape_markdown(sheet.title)}", "")
        yield "| " + " | ".join(map(escape_markdown, sheet.heads)) + " |"
        yield "|" + " --- |" * len(sheet.heads)
        yield from ("| " + " | ".join(map(escape_markdown, row)) + " |" for row in sheet.rows)
        if sheet.note:
            yield from ("", escape_markdown(sheet.note))


def _section(heading: str, items: list[str]) -> Iterator[str]:
    if items:
        yield from ("", f"## {escape_markdown(heading)}", "")
        yield from (f"- {escape_markdown(item)}" for item in items)


def _findings(atlas: Atlas, words: Words) -> list[str]:
    said = []
    for layer in atlas.layers:
        geography = atlas.geographies[layer.geography]
        trend = "" if layer.trend.shape[1] < 2 else " " + trend_sentence(layer, geography, words)
        where = f" ({words.plural(geography.level)}, {layer.year})."
        said.append(finding(layer, geography, words) + where + trend)
    return said


def _clusters(atlas: Atlas, words: Words) -> list[str]:
    said = []
    for layer in atlas.layers:
        sentence = cluster_sentence(layer, atlas.geographies[layer.geography], words)
        parts = [f"{words.pick(layer.label)}, {layer.year}:", moran_sentence(layer, words), sentence]
        said.append(" ".join(part for part in parts if part))
    return said


def _gaps(atlas: Atlas, words: Words) -> list[str]:
    return [
        f"{words.pick(layer.label)}: {gap_sentence(layer, atlas.geographies[layer.geography], words)}"
        for layer in atlas.layers
        if layer.gap is not None and not layer.gap.empty
    ]


def _dropped(atlas: Atlas, words: Words) -> list[str]:
    if atlas.dropped.empty:
        return [words.say("report.dropped_none")]
    counts = atlas.dropped["reason"].astype(str).value_counts()
    return [
        words.say("report.dropped_line", values=words.count(int(n), "value"), reason=reason)
        for reason, n in sorted(counts.items())
    ]


def _lowest(atlas: Atlas, words: Words) -> Iterator[str]:
    table = atlas.tables.get("lowest")
    if table is None or table.empty or atlas.synthetic:
        return
    yield from ("", f"## {words.say('report.lowest')}", "", words.say("report.lowest_note"), "")
    shown = named(table, atlas, words)
    if "standing" in shown:
        shown = shown[shown["standing"].astype(str) != ""]
    yield from markdown_table(shown.head(_LONGEST), words)


def markdown_table(table: pd.DataFrame, words: Words) -> Iterator[str]:
    """Give the lines of a Markdown table; missing cells stay empty."""
    heads = [escape_markdown(words.name("columns", str(column))) for column in table.columns]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in table.itertuples(index=False):
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _cell(cell: object) -> str:
    if cell is None or (not isinstance(cell, str) and pd.isna(cell)):
        return ""
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return escape_markdown(str(cell))
