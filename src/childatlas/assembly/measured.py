"""Layers made of figures: which year, on which units, with which statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import (
    CARRIED,
    FLAG,
    GROUP,
    INDICATOR,
    NOT_OBSERVED,
    RESIDENCE,
    SE,
    SEX,
    UNIT,
    VALUE,
    YEAR,
)
from childatlas.assembly.categories import in_categories
from childatlas.assembly.lines import COUNTRY_ROW, breaks_in, lines_of
from childatlas.errors import AnalysisError
from childatlas.figures.select import series
from childatlas.layers import Geography, Layer
from childatlas.measures.gaps import worst_first

if TYPE_CHECKING:
    from libpysal.graph import Graph

    from childatlas.assembly.ground import Ground
    from childatlas.figures.catalogue import Indicator
    from childatlas.study import StatisticsPlan

__all__ = [
    "COUNTRY_ROW",
    "LEAST_SHARE",
    "build_layer",
    "carry_layer",
    "choose_year",
    "judge",
]

GLOBAL_PARTS = ("statistic", "expected", "variance", "z", "p_norm", "p_sim")
LEAST_SHARE = 0.5
LEAST_UNITS = 3


def choose_year(
    rows: pd.DataFrame, ground: Ground, *, year: int | None = None, last: int | None = None
) -> int | None:
    """Return the latest year with values for at least half of the units in force then; None without one.

    Parameters
    ----------
    rows : DataFrame
        As `childatlas.figures.select.series` returns.
    ground : Ground
    year : int, optional
        The year asked for; then it is returned if any unit has a value in it.
    last : int, optional
        No later year is taken; the study's last year if not given, and none on newer units than its own.
    """
    latest = ground.study.figures.years[1] if last is None else last
    newest = ground.period(ground.study.vintage)
    for candidate in sorted({int(y) for y in rows[YEAR]}, reverse=True):
        if candidate > latest or ground.period(candidate) > newest or year not in (None, candidate):
            continue
        codes = ground.codes(candidate)
        have = rows.loc[rows[YEAR] == candidate, UNIT].isin(codes).sum()
        least = (
            1
            if year is not None
            else max(LEAST_UNITS if len(codes) > LEAST_UNITS else 1, LEAST_SHARE * len(codes))
        )
        if have >= least:
            return candidate
    return None


def build_layer(
    figures: pd.DataFrame,
    indicator: Indicator,
    geography: Geography,
    *,
    year: int,
    national_code: str,
    plan: StatisticsPlan | None,
    seed: int,
    gaps: pd.DataFrame | None = None,
    residence: str = "total",
    language: str = "en",
    reforms: Mapping[int, str] | None = None,
) -> Layer:
    """Return the layer of one indicator in one year, on the units where it was measured.

    Parameters
    ----------
    figures : DataFrame
        Checked figures.
    indicator : Indicator
        Its entry in the catalogue.
    geography : Geography
        In force at the end of `year`.
    year : int
    national_code : str
        Under which the country's own figure stands.
    plan : StatisticsPlan or None
        None for no statistics at all.
    seed : int
    gaps : DataFrame, optional
        As `residence_gaps` returns.
    residence : str
    language : str
        Of the words that mark breaks in the series.
    reforms : mapping of year to text, optional
        Years whose figures are the first on other ground: breaks of every series that crosses them, in the
        words of the catalogue where it has its own.
    """
    rows = series(figures, indicator.id, residence=residence)
    now = rows[rows[YEAR] == year].set_index(UNIT)
    codes = geography.shapes.index
    values = now[VALUE].reindex(codes)
    errors = now[SE].reindex(codes) if SE in now and now[SE].notna().any() else None
    flags = _flags(figures, indicator.id, codes, year=year, residence=residence)
    national = now[VALUE].get(national_code)
    higher_is_worse = indicator.direction != "higher_is_better"
    lines = lines_of(figures, indicator.id, codes, national_code=national_code, residence=residence)
    layer = Layer(
        id=indicator.id,
        kind="indicator",
        geography=geography.key,
        year=year,
        residence=residence,
        label=indicator.label,
        measure=indicator.measure,
        population=indicator.population,
        direction=indicator.direction,
        values=values,
        flags=flags,
        ranks=worst_first(values.where(_observed(flags)), higher_is_worse=higher_is_worse),
        trend=lines,
        global_statistics=pd.DataFrame(),
        source=_source(now, indicator),
        licence=indicator.licence,
        link=indicator.link,
        standard_errors=errors,
        national=None if national is None or pd.isna(national) else float(national),
        digits=indicator.digits,
        valid_range=indicator.valid_range,
        around=indicator.around,
        is_count=indicator.kind == "count",
        definition=indicator.definition,
        note=indicator.note,
        years_used=pd.Series(year, index=codes).where(values.notna()),
        breaks_in_trend=breaks_in(lines, indicator, reforms or {}, language=language),
    )
    layer = in_categories(layer, indicator) if indicator.categories else _with_gap(layer, gaps, national_code)
    return judge(layer, geography, plan, seed=seed) if plan else layer


def _flags(figures: pd.DataFrame, indicator: str, codes: pd.Index, *, year: int, residence: str) -> pd.Series:
    """Return the flags of each unit, of suppressed figures too, which have no value."""
    rows = figures[
        (figures[INDICATOR] == indicator)
        & (figures[YEAR] == year)
        & (figures[RESIDENCE] == residence)
        & (figures[SEX] == "")
        & (figures[GROUP] == "")
    ]
    return rows.set_index(UNIT)[FLAG].reindex(codes).fillna("")


def _source(rows: pd.DataFrame, indicator: Indicator) -> str:
    named = [s for s in rows.get("source", pd.Series(dtype=str)).dropna().unique() if s]
    return "; ".join(named[:3]) or indicator.producer


def _with_gap(layer: Layer, gaps: pd.DataFrame | None, national_code: str) -> Layer:
    """Return the layer with town and village side by side, in the last year that has both anywhere."""
    if gaps is None or layer.is_count:
        return layer
    own = gaps[(gaps[INDICATOR] == layer.id) & (gaps[YEAR] <= layer.year)]
    own = own[own[UNIT].isin([*layer.values.index, national_code])]
    if own.empty:
        return layer
    year = int(own[YEAR].max())
    table = own[own[YEAR] == year].set_index(UNIT).rename(index={national_code: COUNTRY_ROW})
    return replace(layer, gap=table[["urban", "rural", "difference", "ratio"]], gap_year=year)


def _observed(flags: pd.Series) -> pd.Series:
    """Return of which units the figure was measured on the unit itself."""
    return ~flags.fillna("").str.split(";").map(lambda said: bool(set(said) & set(NOT_OBSERVED))).astype(bool)


def why_no_statistics(layer: Layer) -> str:
    """Return why no statistic may run on a layer, or an empty text."""
    values = layer.values.dropna()
    if not _observed(layer.flags).all():
        return "holds figures that were not measured on these units"
    if layer.categories:
        return "its values name categories, which have no order"
    if layer.is_count:
        return "a count: it follows the number of people"
    if len(values) <= LEAST_UNITS:
        return f"only {len(values)} units have a value"
    if values.max() - values.min() <= 1e-9 * max(1.0, abs(float(values.max()))):
        return "no variation: all units have the same value"
    return ""


def judge(layer: Layer, geography: Geography, plan: StatisticsPlan, *, seed: int) -> Layer:
    """Return the layer with its global and local statistics, or with the reason why it has none.

    Raises
    ------
    AnalysisError
        If a statistic fails for a reason that the layer could not foresee.
    """
    reason = why_no_statistics(layer)
    if reason:
        return replace(layer, no_statistics=reason)
    from atlasgeo import getis_ord, local_moran

    graph = geography.neighbours
    if graph is None:
        return replace(layer, no_statistics="no neighbours were asked for")
    how: dict[str, Any] = {
        "permutations": plan.permutations,
        "seed": seed,
        "correction": plan.correction,
        "alpha": plan.alpha,
    }
    return replace(
        layer,
        global_statistics=_global_statistics(layer.values, graph, plan, seed=seed),
        local_moran=local_moran(layer.values, graph, **how),
        getis_ord=getis_ord(layer.values, graph, star=True, **how),
    )


def _global_statistics(values: pd.Series, graph: Graph, plan: StatisticsPlan, *, seed: int) -> pd.DataFrame:
    from atlasgeo import global_geary, global_getis_ord, global_moran

    statistics = {"Moran's I": global_moran, "Geary's C": global_geary}
    if (values.dropna() >= 0).all():
        statistics["Getis-Ord G"] = global_getis_ord
    rows = {}
    for name, function in statistics.items():
        found = function(values, graph, permutations=plan.permutations, seed=seed)
        rows[name] = {
            part: getattr(found, part)
            for part in ("statistic", "expected", "variance", "z", "p_norm", "p_sim")
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def carry_layer(layer: Layer, geography: Geography, gazetteer: pd.DataFrame) -> Layer:
    """Return the twin of a layer on newer units: rates of former units shown for their successors.

    A carried figure is never an observation: the twin has no ranks, no statistics and no gaps.

    Raises
    ------
    AnalysisError
        If the layer is a count or a category, which cannot be carried.
    """
    from atlasgeo.vintages import carry

    if layer.is_count or layer.categories:
        kind = "category" if layer.categories else "count"
        raise AnalysisError(
            f"a {kind} cannot be carried to successors", found=layer.id, fix="give the successors their own"
        )
    carried = carry(
        layer.values, gazetteer, level=geography.level, from_year=layer.year, to_year=geography.year
    ).reindex(geography.shapes.index)
    own = layer.flags.reindex(carried["origin"]).fillna("").set_axis(carried.index)
    joined = (own + ";" + carried[FLAG].fillna("")).str.strip(";")
    empty = pd.DataFrame({"rank": pd.NA, "tied": pd.NA}, index=carried.index, dtype="Int64")
    return replace(
        layer,
        geography=geography.key,
        values=carried[VALUE],
        flags=joined.where(carried[VALUE].notna(), ""),
        ranks=empty,
        trend=pd.DataFrame(),
        global_statistics=pd.DataFrame(),
        gap=None,
        gap_year=None,
        local_moran=None,
        getis_ord=None,
        no_statistics=f"{CARRIED}: measured on the units of {layer.year}",
        years_used=pd.Series(layer.year, index=carried.index).where(carried[VALUE].notna()),
        carried_from=layer.year,
    )
