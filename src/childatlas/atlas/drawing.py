"""One picture: the words, classes and facts that it is drawn with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from childatlas.atlas.captions import alt_text, capital, facts_of, foot, level_name, schematic_line, subtitle
from childatlas.atlas.classing import classes_line, layer_classes, layer_colours
from childatlas.atlas.clusters import (
    cluster_sentence,
    cluster_title,
    moran_meaning,
    moran_row,
    moran_sentence,
)
from childatlas.atlas.findings import (
    COUNTRY,
    finding,
    gap_finding,
    gap_sentence,
    trend_finding,
    trend_sentence,
)
from childatlas.atlas.places import place_names
from childatlas.atlas.words import Words
from childatlas.layers import Geography, Layer
from childatlas.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlasgeo.maps.basemap import Basemap
    from atlasgeo.maps.wording import MapText

__all__ = ["CHARTS", "DETAILS", "DRAWN", "MAPS", "Drawing", "draw"]

DETAILS: Final = ".book"  # a folder that lasts until the book is set
MAP_DPI: Final = 130
CHART_DPI: Final = 100


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


def draw(
    kind: str, job: Drawing, folder: Path, *, details: Collection[str] = ()
) -> tuple[str, str, str] | None:
    """Draw one kind of picture and return path without suffix, title and alternative text; None for none.

    The map alone, without what stands around it, is written under `DETAILS` too for kinds among `details`.
    """
    from atlasgeo.maps.static import write_figure

    suffix, sketch_of = DRAWN[kind]
    sketch = sketch_of(job)
    if sketch is None:
        return None
    path = f"{job.stem}{suffix}"
    caution = schematic_line(job.geography, job.words)
    alt = sketch.alt if caution in sketch.alt else f"{sketch.alt} {caution}"
    write_figure(
        sketch.figure,
        folder / path,
        metadata=facts_of(job, sketch.title),
        alt=alt,
        language=job.words.language,
        dpi=MAP_DPI if kind in MAPS else CHART_DPI,
        detail=(folder / DETAILS / f"{path}.svg", job.basemap.sheet.frame) if kind in details else None,
    )
    return path, sketch.title, alt


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
    """Return the map of the values: coloured units, or circles where the layer is a count."""
    from atlasgeo.maps.static import draw_choropleth

    layer, geography, words = job.layer, job.geography, job.words
    title = finding(layer, geography, words)
    if layer.is_count:
        return Sketch(_circles(job, title), title, alt_text(layer, geography, words))
    classes = layer_classes(job.study, layer, words=words) if layer.values.notna().any() else None
    text = _map_text(
        job,
        title=title,
        under=subtitle(layer, geography, words),
        legend=_legend_title(job),
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
        ranking=not layer.orderless,
        low_first=layer.direction == "higher_is_better",
        digits=layer.digits,
    )
    return Sketch(figure, title, alt_text(layer, geography, words))


def _mark(job: Drawing) -> str:
    """Return the word that lies across a chart of invented figures; nothing for others."""
    return job.words.texts.get("picture.synthetic", "synthetic") if job.layer.synthetic else ""


def _legend_title(job: Drawing) -> str:
    measure = job.words.pick(job.layer.measure) or job.words.pick(job.layer.label)
    level = level_name(job.geography, job.words)
    return capital(job.words.say("map.legend", measure=measure, level=level))


def _circles(job: Drawing, title: str) -> Figure:
    from atlasgeo.maps.static import draw_counts

    measure = capital(job.words.pick(job.layer.measure) or job.words.pick(job.layer.label))
    under = subtitle(job.layer, job.geography, job.words)
    return draw_counts(
        job.basemap,
        job.layer.values,
        text=_map_text(job, title=title, under=under, legend=measure),
        names=place_names(job.geography, job.words),
        digits=job.layer.digits,
    )


def _clusters(job: Drawing) -> Sketch | None:
    """Return the map of the local Moran statistic, also where no cluster survives."""
    from atlasgeo.maps.static import draw_clusters

    layer, geography, words, plan = job.layer, job.geography, job.words, job.study.statistics
    if layer.local_moran is None:
        return None
    title = cluster_title(layer, geography, words)
    under = words.say(
        "cluster.subtitle",
        measure=words.pick(layer.measure),
        level=level_name(geography, words),
        year=layer.year,
        alpha=words.number(plan.alpha, 2),
        correction=words.name("correction", plan.correction),
    )
    figure = draw_clusters(
        job.basemap,
        layer.local_moran,
        text=_map_text(job, title=title, under=under, classes=moran_sentence(layer, words)),
        names=place_names(geography, words),
        flags=layer.flags,
    )
    sentence = cluster_sentence(layer, geography, words)
    alt = words.say("cluster.alt", label=words.pick(layer.label), year=layer.year, sentence=sentence)
    return Sketch(figure, title, alt)


def _scatter(job: Drawing) -> Sketch | None:
    """Return the Moran scatterplot, where the statistics ran."""
    from atlasgeo.maps.charts import draw_moran_scatter

    layer, geography, words = job.layer, job.geography, job.words
    row = moran_row(layer)
    if layer.local_moran is None or row is None or geography.neighbours is None:
        return None
    statistic = float(row["statistic"])
    meaning = words.say(f"cluster.{moran_meaning(row, alpha=job.study.statistics.alpha)}").rstrip(".")
    label = words.pick(layer.label)
    title = words.say(
        "cluster.scatter_title", label=label, statistic=words.number(statistic, 2), meaning=meaning
    )
    unit = words.name("levels", geography.level).lower()
    figure = draw_moran_scatter(
        layer.values,
        geography.neighbours,
        text=_map_text(
            job, title=title, under=words.say("cluster.scatter_subtitle", unit=unit, year=layer.year)
        ),
        names=place_names(geography, words),
        local=layer.local_moran,
        statistic=statistic,
        mark=_mark(job),
    )
    alt = words.say(
        "cluster.scatter_alt", label=label, year=layer.year, sentence=moran_sentence(layer, words)
    )
    return Sketch(figure, title, alt)


def _gap(job: Drawing) -> Sketch | None:
    """Return urban and rural values side by side, where the source tells them apart."""
    from atlasgeo.maps.charts import draw_dumbbell

    layer, geography, words = job.layer, job.geography, job.words
    if layer.gap is None or not layer.gap[["urban", "rural"]].notna().to_numpy().any():
        return None
    title = gap_finding(layer, words)
    year = layer.gap_year or layer.year
    measure, level = words.pick(layer.measure), level_name(geography, words)
    under = capital(words.say("gap.subtitle", measure=measure, level=level, year=year))
    figure = draw_dumbbell(
        layer.gap,
        text=_map_text(job, title=title, under=under),
        names=place_names(geography, words),
        digits=layer.digits,
        mark=_mark(job),
    )
    sentence = gap_sentence(layer, geography, words)
    alt = words.say("gap.alt", label=words.pick(layer.label), year=year, sentence=sentence)
    return Sketch(figure, title, alt)


def _ranks(job: Drawing) -> Sketch | None:
    """Return ranks over the years, where there are two years or more."""
    from atlasgeo.maps.charts import draw_rank_chart

    layer, geography, words = job.layer, job.geography, job.words
    years = sorted(int(year) for year in layer.trend.columns)
    units = layer.trend.drop(index=COUNTRY, errors="ignore")
    if len(years) < 2 or not units.notna().to_numpy().any():
        return None
    title = trend_finding(layer, words)
    unit = words.name("levels", geography.level).lower()
    under = words.say("trend.subtitle", unit=unit, worst=1, measure=words.pick(layer.measure))
    figure = draw_rank_chart(
        layer.trend.rename(columns=int),
        text=_map_text(job, title=title, under=under),
        names=place_names(geography, words),
        low_first=layer.direction == "higher_is_better",
        breaks=layer.breaks_in_trend or None,
        digits=layer.digits,
    )
    alt = words.say(
        "trend.alt",
        label=words.pick(layer.label),
        first=years[0],
        last=years[-1],
        sentence=trend_sentence(layer, geography, words),
    )
    return Sketch(figure, title, alt)


DRAWN: Final[Mapping[str, tuple[str, Callable[[Drawing], Sketch | None]]]] = {
    "map": ("", _value_map),
    "clusters": ("-clusters", _clusters),
    "scatter": ("-scatter", _scatter),
    "gap": ("-gap", _gap),
    "ranks": ("-ranks", _ranks),
}
MAPS: Final = ("map", "clusters")
CHARTS: Final = tuple(kind for kind in DRAWN if kind not in MAPS)
