"""Every layer of a study: its indices first, then each indicator where and when it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.assembly.categories import amounts
from childatlas.assembly.index import BuiltIndex, index_layer
from childatlas.assembly.measured import build_layer, carry_layer, choose_year, judge
from childatlas.assembly.parent_values import parent_layer
from childatlas.errors import DataError, StudyError
from childatlas.figures.select import observed, series
from childatlas.layers import Geography, Layer
from childatlas.measures.gaps import residence_gaps
from childatlas.workers import Lent, workers

if TYPE_CHECKING:
    from childatlas.assembly.material import Material
    from childatlas.figures.catalogue import Indicator

__all__ = ["Found", "find_layers", "find_one"]

MATERIAL = ""  # no geography has this key


@dataclass(frozen=True, eq=False)
class Found:
    """What a study's figures came to.

    Attributes
    ----------
    geographies : dict of key -> Geography
        The study's own first.
    layers : tuple of Layer
        Indices, then indicators, then the carried twins.
    indices : tuple of BuiltIndex
    gaps : DataFrame
        As `residence_gaps` returns.
    absent : dict of indicator -> reason
        Catalogued indicators that have no map.
    """

    geographies: dict[str, Geography]
    layers: tuple[Layer, ...]
    indices: tuple[BuiltIndex, ...]
    gaps: pd.DataFrame
    absent: dict[str, str]


def find_layers(material: Material, *, judged: bool = True) -> Found:
    """Return every layer of the study.

    Parameters
    ----------
    material : Material
    judged : bool
        Whether statistics are computed.

    Raises
    ------
    DataError
        If an indicator that the study names has no value at its level, or none has.
    """
    study, ground = material.study, material.ground
    geographies = {ground.key(study.vintage): ground.build(study.vintage, joined=judged)}

    def at(year: int) -> Geography:
        key = ground.key(year)
        if key not in geographies:
            geographies[key] = ground.build(ground.period(year), joined=judged)
        return geographies[key]

    gaps = residence_gaps(
        observed(amounts(material.figures, material.catalogue)),
        digits={i: e.digits for i, e in material.catalogue.items()},
    )
    indices = [
        index_layer(material, plan, recipe, at(plan.vintage or study.vintage), judged=judged)
        for plan, recipe in material.recipes
    ]
    measured, absent = [], {}
    for indicator in material.catalogue.values():
        if not _asked_for(indicator, material) or indicator.id in study.figures.parent_values:
            continue
        year = choose_year(series(material.of(indicator.id), indicator.id), ground)
        if year is None:
            absent[indicator.id] = _why_absent(material, indicator)
            continue
        measured.append(_layer(material, indicator, at(year), year=year, gaps=gaps))
    if judged:
        measured = _judged(measured, material, geographies)
    from_above = [
        parent_layer(material.figures, material.catalogue[name], at(study.vintage), ground=ground)
        for name in study.figures.parent_values
    ]
    scored = any(built.layer.values.notna().any() for built in indices)
    if not measured and not scored and not from_above and material.survey is None:
        raise DataError(
            f"no indicator has a value at the level {study.level!r}",
            where=", ".join(study.figures.tables),
            expected=f"values for units of {study.level} in {'-'.join(map(str, study.figures.years))}",
            fix="check the unit codes and years with `childatlas check`",
        )
    own = geographies[ground.key(study.vintage)]
    carried = [
        carry_layer(layer, own, ground.gazetteer)
        for layer in measured
        if layer.geography != own.key and material.catalogue[layer.id].carry and not layer.is_count
    ]
    of_survey: list[Layer] = []
    if material.survey is not None:
        from childatlas.assembly.survey_layers import survey_layers

        geographies, of_survey = survey_layers(material, geographies, judged=judged)
    layers = tuple([built.layer for built in indices] + measured + of_survey + from_above + carried)
    return Found(geographies, layers, tuple(indices), gaps, absent)


def find_one(material: Material, indicator: str, *, year: int | None, residence: str) -> Found:
    """Return the layer of one indicator, without statistics.

    Raises
    ------
    StudyError
        If it has no figures in that year and residence; the years that have are named.
    """
    ground = material.ground
    rows = series(material.figures, indicator, residence=residence)
    chosen = choose_year(rows, ground, year=year)
    if chosen is None:
        have = sorted({int(y) for y in rows["year"]})
        raise StudyError(
            f"{indicator!r} has no figures for {year or 'enough units of one year'} ({residence})",
            found=year,
            expected=f"one of {', '.join(map(str, have))}" if have else "figures in the study's tables",
            fix="choose another year or residence",
        )
    geography = ground.build(ground.period(chosen), joined=False)
    layer = build_layer(
        material.figures,
        material.catalogue[indicator],
        geography,
        year=chosen,
        national_code=material.national_code,
        plan=None,
        seed=material.study.seed,
        residence=residence,
        language=material.study.languages[0],
        reforms=ground.reforms,
    )
    return Found({geography.key: geography}, (layer,), (), pd.DataFrame(), {})


def _layer(
    material: Material, indicator: Indicator, geography: Geography, *, year: int, gaps: pd.DataFrame
) -> Layer:
    return build_layer(
        material.figures,
        indicator,
        geography,
        year=year,
        national_code=material.national_code,
        plan=None,
        seed=material.study.seed,
        gaps=gaps,
        language=material.study.languages[0],
        reforms=material.ground.reforms,
    )


def _judged(layers: list[Layer], material: Material, geographies: dict[str, Geography]) -> list[Layer]:
    """Return the layers with their statistics, shared out among processes, which changes no number."""
    with workers(len(layers), lent={**geographies, MATERIAL: material}) as crew:
        started = [crew.start(_judge, layer, Lent(layer.geography), Lent(MATERIAL)) for layer in layers]
        return [result() for result in started]


def _judge(layer: Layer, geography: Geography, material: Material) -> Layer:
    from childatlas.assembly.survey_layers import uncertain

    study = material.study
    return uncertain(material, judge(layer, geography, study.statistics, seed=study.seed), geography)


def _asked_for(indicator: Indicator, material: Material) -> bool:
    """Return whether the study names the indicator, or names none and it is meant to be mapped."""
    named = material.study.figures.indicators
    return indicator.id in named if named else indicator.mapped


def _why_absent(material: Material, indicator: Indicator) -> str:
    """Return why an indicator has no map, or refuse where the study asks for it by name."""
    rows = series(material.figures, indicator.id)
    units = rows.loc[rows["unit"] != material.national_code, "unit"].nunique()
    reason = "figures for the country alone" if len(rows) and not units else "no usable figures"
    if units:
        reason = f"never for half of the units of one year ({units} units in all)"
    if indicator.id in material.study.figures.indicators:
        raise DataError(
            f"{indicator.id!r} has no values at the level {material.study.level!r}",
            where=", ".join(material.study.figures.tables),
            found=reason,
            expected=f"values for at least half of the units of {material.study.level} in one year",
            fix="take the indicator out of the study, or add its figures",
        )
    return reason
