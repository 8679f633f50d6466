"""One picture: the words, classes and facts that it is drawn with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from childatlas.atlas.captions import alt_text, foot, level_name, subtitle
from childatlas.atlas.classing import classes_line, layer_classes, layer_colours
from childatlas.atlas.clusters import cluster_sentence, cluster_title, moran_row
from childatlas.atlas.findings import finding, gap_finding, place_names
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer
from childatlas.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlasgeo.maps.basemap import Basemap
    from atlasgeo.maps.wording import MapText

__all__ = ["DRAWN", "Drawing", "draw"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """All that the pictures of one layer are made from; travels to the process that draws them."""

    study: Study
    run_id: str
    layer: Layer
    geography: Geography
    basemap: Basemap
    words: Words
    stem: str
    endorsement: str


@dataclass(frozen=True)
class Sketch:
    """A drawn figure with what it says."""

    figure: Figure
    title: str
    alt: str


def draw(kind: str, job: Drawing, folder: Path) -> tuple[str, str, str] | None:
    """Draw one kind of picture of a layer and return its path without suffix, title and alternative text.

    None where the layer has nothing of that kind to show.
    """
    from atlasgeo.maps.static import write_figure

    suffix, sketch_of = DRAWN[kind]
    sketch = sketch_of(job)
    if sketch is None:
        return None
    path = f"{job.stem}{suffix}"
    write_figure(
        sketch.figure,
        folder / path,
        metadata=_facts(job, sketch.title),
        alt=sketch.alt,
        language=job.words.language,
    )
    return path, sketch.title, sketch.alt


def _facts(job: Drawing, title: str) -> dict[str, str]:
    """Return what is written into the file itself."""
    layer, study = job.layer, job.study
    return {
        "Title": title,
        "Indicator": layer.id,
        "Year": str(layer.year),
        "Residence": layer.residence,
        "Geography": job.geography.key,
        "Boundaries": job.geography.credit,
        "Source": layer.source,
        "Licence": layer.licence,
        "Classes": f"{study.classes.scheme}, k = {study.classes.k}",
        "Statistics": (
            f"{study.neighbours.rule} neighbours, {study.statistics.permutations} permutations, "
            f"{study.statistics.correction} at {study.statistics.alpha}, seed {study.seed}"
        ),
        "Run": job.run_id,
    }


def _map_text(job: Drawing, *, title: str, under: str, legend: str = "", classes: str = "") -> MapText:
    from atlasgeo.maps.wording import MapText

    words = job.words
    return MapText(
        title=title,
        subtitle=under,
        foot=foot(
            job.layer, job.geography, words=words, classes=classes, run_id=job.run_id, last=job.endorsement
        ),
        legend_title=legend,
        language=words.language,
        decimal=words.texts["format.decimal"],
        thousands=words.texts["format.thousands"],
        words=words.group("picture"),
    )


def _value_map(job: Drawing) -> Sketch:
    from atlasgeo.maps.static import draw_choropleth

    layer, geography, words = job.layer, job.geography, job.words
    title = finding(layer, geography, words)
    classes = layer_classes(job.study, layer) if layer.values.notna().any() else None
    measure = words.pick(layer.measure) or words.pick(layer.label)
    text = _map_text(
        job,
        title=title,
        under=subtitle(layer, geography, words),
        legend=words.say("map.legend", measure=measure, level=level_name(geography, words)),
        classes=classes_line(classes, words) if classes else "",
    )
    figure = draw_choropleth(
        job.basemap,
        layer.values,
        classes,
        text=text,
        names=place_names(geography, words),
        colours=layer_colours(layer, classes) if classes else (),
        national=layer.national,
        errors=layer.standard_errors,
        flags=layer.flags,
        low_first=layer.direction == "higher_is_better",
        digits=layer.digits,
    )
    return Sketch(figure, title, alt_text(layer, geography, words))


def _clusters(job: Drawing) -> Sketch | None:
    return None


def _scatter(job: Drawing) -> Sketch | None:
    return None


def _gap(job: Drawing) -> Sketch | None:
    return None


def _ranks(job: Drawing) -> Sketch | None:
    return None


DRAWN: Final[Mapping[str, tuple[str, Callable[[Drawing], Sketch | None]]]] = {
    "map": ("", _value_map),
    "clusters": ("-clusters", _clusters),
    "scatter": ("-scatter", _scatter),
    "gap": ("-gap", _gap),
    "ranks": ("-ranks", _ranks),
}
