"""An index over years on the bench: which years and indicators, the reforms between them, and their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import UNIT, VALID_FROM, VALUE, YEAR
from childatlas.errors import AnalysisError, BoundaryError, StudyError
from childatlas.laboratory.bench import bench_of_table, country_name, unit_names
from childatlas.measures.panel import restrict_recipe
from childatlas.measures.recipe import Recipe

if TYPE_CHECKING:
    from childatlas.assembly.material import Material

__all__ = ["YearsBench", "years_of_study", "years_of_tables"]

LEAST_SHARE = 0.5
LEAST_YEARS = 2


@dataclass(frozen=True, eq=False)
class YearsBench:
    """A recipe and its figures year by year.

    Attributes
    ----------
    recipe : Recipe
        Of the indicators that have figures in every year; the others are `left_out`.
    values : dict of year -> DataFrame
        Units in force at the end of that year x columns of the recipe.
    national : dict of year -> Series
        The country's own figures, for the years that have any.
    breaks : dict of year -> text
        Reforms between the year before and this one.
    changed : dict of year -> set of str
        Units that are new in that year, or kept their code on other territory.
    left_out : dict of indicator -> str
        Why an indicator takes no part.
    units, indicators : dict of id -> name
    place, credit : str
    notes : tuple of str
    """

    recipe: Recipe
    values: dict[int, pd.DataFrame]
    national: dict[int, pd.Series] = field(default_factory=dict)
    breaks: dict[int, str] = field(default_factory=dict)
    changed: dict[int, frozenset[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)
    place: str = ""
    credit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def years(self) -> list[int]:
        """Years, ascending."""
        return sorted(self.values)

    def unchanged(self, start: int, end: int) -> list[str]:
        """Return the units of both years whose territory was the same all the way."""
        cut = {u for year, units in self.changed.items() if start < year <= end for u in units}
        return [
            str(u) for u in self.values[start].index.intersection(self.values[end].index) if str(u) not in cut
        ]


def years_of_study(
    recipe: Recipe, study: str | Path, *, first: int | None = None, last: int | None = None
) -> YearsBench:
    """Return the bench with a study's figures of each year on the units in force at its end.

    Parameters
    ----------
    recipe : Recipe
    study : str or Path
    first, last : int, optional
        By default the span in which indicators x years with figures for at least half of the units is
        largest.

    Raises
    ------
    StudyError
        If the recipe contradicts the catalogue, or the years run backwards.
    AnalysisError
        If no two years have an indicator in common.
    """
    from childatlas.assembly.material import read_material
    from childatlas.measures.recipe_check import check_recipe
    from childatlas.study import read_study

    material = read_material(read_study(study))
    check_recipe(recipe, material.catalogue)
    _refuse_backwards(first, last)
    tables = {c: _by_year(material, c) for c in recipe.columns}
    has = _has(material, tables)
    years = _span(has, recipe, first, last)
    whole = {c for c in recipe.columns if all(has.get((c, y), False) for y in years)}
    kept = restrict_recipe(recipe, whole)
    ground = material.ground
    national, lacking = _national(material, tables, kept, years)
    return YearsBench(
        recipe=kept,
        values={
            y: pd.DataFrame({c: tables[c][y].reindex(ground.codes(y)) for c in kept.columns}) for y in years
        },
        national=national,
        breaks=_breaks(material, years),
        changed=_changed(material, years),
        left_out={c: _why(has, c, years) for c in recipe.columns if c not in kept.columns},
        units={code: name for y in years for code, name in unit_names(material, y).items()},
        indicators={i.id: material.words.pick(material.catalogue[i.column].label) for i in kept.indicators},
        place=country_name(material),
        credit=f"Figures of {years[0]}-{years[-1]}, each on the units of its own year.",
        notes=(*_notes(recipe, kept), *lacking),
    )


def years_of_tables(
    recipe: Recipe, tables: Mapping[int, Path], *, breaks: Mapping[int, str] | None = None
) -> YearsBench:
    """Return the bench with one table of units x indicators a year, and the breaks that are stated.

    Raises
    ------
    AnalysisError
        If there are under two years.
    DataError
        If a table cannot be read.
    """
    benches = {int(y): bench_of_table(recipe, path) for y, path in sorted(tables.items())}
    if len(benches) < LEAST_YEARS:
        raise AnalysisError(
            "a change needs two years", found=f"{len(benches)}", expected="--values YEAR=FILE twice or more"
        )
    full = {
        c: [y for y, b in benches.items() if c in b.values and b.values[c].notna().any()]
        for c in recipe.columns
    }
    kept = restrict_recipe(recipe, {c for c, years in full.items() if len(years) == len(benches)})
    years = list(benches)
    return YearsBench(
        recipe=kept,
        values={y: b.values for y, b in benches.items()},
        national={y: b.national for y, b in benches.items() if b.national is not None},
        breaks={int(y): text for y, text in sorted((breaks or {}).items())},
        left_out={c: _years_said(full[c]) for c in recipe.columns if c not in kept.columns},
        indicators={i.id: i.label.get("en", i.id) for i in kept.indicators},
        place="country",
        credit=f"Figures of {years[0]}-{years[-1]}.",
        notes=_notes(recipe, kept),
    )


def _refuse_backwards(first: int | None, last: int | None) -> None:
    if first is not None and last is not None and first >= last:
        raise StudyError(
            "the years of a change run backwards",
            where="--from, --to",
            found=f"{first} to {last}",
            expected="a first year before the last",
        )


def _by_year(material: Material, indicator: str) -> pd.DataFrame:
    """Return units x years of one indicator."""
    from childatlas.figures.series import series

    rows = series(material.figures, indicator)
    table = rows.pivot_table(index=UNIT, columns=YEAR, values=VALUE, aggfunc="first")
    return table.set_axis([int(y) for y in table.columns], axis=1)


def _has(material: Material, tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, int], bool]:
    """Return whether a column has figures for at least half of the units of a year that has known units."""
    standing: dict[int, pd.Index] = {}
    for year in sorted({int(y) for table in tables.values() for y in table.columns}):
        with suppress(BoundaryError):  # figures older than the gazetteer
            standing[year] = material.ground.codes(year)
    return {
        (c, int(y)): float(table[y].reindex(standing[int(y)]).notna().mean()) >= LEAST_SHARE
        for c, table in tables.items()
        for y in table.columns
        if int(y) in standing
    }


def _span(
    has: Mapping[tuple[str, int], bool], recipe: Recipe, first: int | None, last: int | None
) -> list[int]:
    """Return the years of the panel: those asked for, else where indicators x years is largest."""
    known = sorted({y for (_, y), full in has.items() if full})
    starts = known if first is None else [first]
    ends = known if last is None else [last]
    spans = [(a, b) for a in starts for b in ends if b - a + 1 >= LEAST_YEARS]
    sizes = {span: _cells(has, recipe, span) for span in spans}
    best = max(sizes, key=lambda span: (sizes[span], span[1] - span[0], span[1]), default=None)
    if best is None or sizes[best] == 0:
        raise AnalysisError(
            "no indicator has figures in every year",
            found=f"{first or 'any'} to {last or 'any'}",
            expected=f"years between {known[0]} and {known[-1]}" if known else "figures of two years",
            fix="choose a shorter span, or another recipe",
        )
    return list(range(best[0], best[1] + 1))


def _cells(has: Mapping[tuple[str, int], bool], recipe: Recipe, span: tuple[int, int]) -> int:
    years = range(span[0], span[1] + 1)
    needed = [[i.column, *([i.denominator] if i.denominator else [])] for i in recipe.open_indicators]
    whole = sum(all(has.get((c, y), False) for c in columns for y in years) for columns in needed)
    return whole * len(years)


def _national(
    material: Material, tables: Mapping[str, pd.DataFrame], recipe: Recipe, years: Sequence[int]
) -> tuple[dict[int, pd.Series], tuple[str, ...]]:
    """Return the country's own figures of the years that have all of them, and why there is none."""
    code = material.national_code
    found = {
        y: pd.Series({c: tables[c][y].get(code, float("nan")) for c in recipe.columns}, dtype=float)
        for y in years
    }
    whole = {y: profile for y, profile in found.items() if profile.notna().all()}
    if whole:
        return whole, ()
    missing = sorted({str(c) for profile in found.values() for c in profile.index[profile.isna()]})
    return {}, (f"no score of the country: no figures of its own for {', '.join(missing)}",)


def _standing(material: Material, year: int) -> dict[str, str]:
    """Return the units in force at the end of a year, with the day from which they have stood so."""
    from atlasgeo.units import in_force

    units = in_force(material.ground.gazetteer, level=material.study.level, year=year)
    since = units[VALID_FROM].astype("string").fillna("always")
    return {str(u): str(day) for u, day in since.items()}


def _changed(material: Material, years: Sequence[int]) -> dict[int, frozenset[str]]:
    out = {}
    for before, year in pairwise(years):
        old, new = _standing(material, before), _standing(material, year)
        different = frozenset(u for u, since in new.items() if old.get(u) != since)
        if different:
            out[year] = different
    return out


def _breaks(material: Material, years: Sequence[int]) -> dict[int, str]:
    """Return for each year of a reform which units it founded."""
    out = {}
    for before, year in pairwise(years):
        old, names = _standing(material, before), unit_names(material, year)
        founded = [names[u] for u in _standing(material, year) if u not in old]
        if founded:
            out[year] = f"Founded: {', '.join(founded)}"
    return out


def _years_said(years: Sequence[int]) -> str:
    return f"figures only in {', '.join(map(str, years))}" if years else "no figures"


def _why(has: Mapping[tuple[str, int], bool], column: str, years: Sequence[int]) -> str:
    inside = [y for y in years if has.get((column, y), False)]
    if len(inside) == len(years):
        return "its denominator has no figures in every year"
    return _years_said(inside) if inside else f"no figures of {years[0]}-{years[-1]} for half of the units"


def _notes(recipe: Recipe, kept: Recipe) -> tuple[str, ...]:
    before, after = len(recipe.open_indicators), len(kept.open_indicators)
    if before == after:
        return ()
    lost = [g.id for g in recipe.groups if g.open and g.id not in {k.id for k in kept.groups}]
    said = f"{after} of {before} indicators have figures in every year; this index is made of these alone"
    return (f"{said}, without {', '.join(lost)}" if lost else said,)
