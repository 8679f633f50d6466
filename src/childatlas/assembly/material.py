"""All that a study names, read and checked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.assembly.categories import refuse_categories
from childatlas.assembly.ground import Ground
from childatlas.assembly.shapes import fetch_official
from childatlas.errors import DataError, StudyError, nearest
from childatlas.measures.recipe import Recipe, read_recipe
from childatlas.study import IndexPlan, Study

if TYPE_CHECKING:
    from atlasgeo.profiles import Country
    from childatlas.assembly.survey_figures import SurveyFigures
    from childatlas.atlas.words import Words
    from childatlas.figures.catalogue import Catalogue, Indicator
    from childatlas.figures.check import Checked
    from childatlas.figures.read import ReadReport

__all__ = ["Material", "read_material"]

TABLES = (".csv", ".xlsx", ".parquet")


@dataclass(frozen=True, eq=False)
class Material:
    """A study with its country, catalogue, figures and recipes, and the files they came from."""

    study: Study
    ground: Ground
    catalogue: Catalogue
    checked: Checked
    recipes: tuple[tuple[IndexPlan, Recipe], ...]
    words: Words
    inputs: tuple[Path, ...]
    survey: SurveyFigures | None = None
    reading: ReadReport | None = None

    @property
    def figures(self) -> pd.DataFrame:
        """The usable rows."""
        return self.checked.figures

    @cached_property
    def _by_indicator(self) -> dict[str, pd.DataFrame]:
        return dict(list(self.figures.groupby("indicator", sort=False)))

    def of(self, indicator: str) -> pd.DataFrame:
        """Return the usable rows of one indicator; none where it has none."""
        return self._by_indicator.get(indicator, self.figures.iloc[:0])

    @property
    def national_code(self) -> str:
        """The code under which the country's own figures stand."""
        return str(self.ground.country.national_code)


def read_material(study: Study, *, fetch: bool = False, only: str | None = None) -> Material:
    """Return all that `study` names, checked.

    Parameters
    ----------
    study : Study
    fetch : bool
        Fetch official boundary files into the cache first.
    only : str, optional
        Keep this indicator alone and read no recipe: what one map needs.

    Raises
    ------
    AtlasError
        For a missing file, an unknown indicator, or figures that cannot be used.
    """
    from atlasgeo.units import read_country, read_units
    from childatlas.atlas.words import read_words
    from childatlas.figures.catalogue import read_catalogue
    from childatlas.figures.check import check_figures
    from childatlas.figures.read import read_figures

    folder = study.locate("boundaries", study.country)
    country = read_country(folder)
    gazetteer = read_units(folder / "units.csv")
    catalogue_paths = _catalogue_files(study)
    catalogue = _joined([read_catalogue(path) for path in catalogue_paths], study)
    _refuse_unknown_level(study, country)
    ground = Ground(country, gazetteer, study)
    if fetch:
        fetch_official(ground)
    survey = None
    if study.survey is not None:
        from childatlas.assembly.survey_figures import build_survey_figures

        survey = build_survey_figures(study, ground, catalogue)
        catalogue = survey.catalogue
    wanted = (only,) if only else (*study.figures.indicators, *study.figures.parent_values)
    _refuse_unknown(wanted, catalogue, study)
    refuse_categories(study, catalogue)
    tables = [table for name in study.figures.tables for table in _table_files(study, name)]
    own = study.figures.aliases
    spellings = None if own is None else study.locate("indicators", own)
    figures = (
        read_figures(tables, gazetteer=gazetteer, level=study.level, aliases=spellings)
        if survey is None
        else survey.figures
    )
    reading = figures.attrs.get("report")
    if only:
        parts = {only, catalogue[only].count, catalogue[only].denominator}  # a rate is made of its counts
        figures = figures[figures["indicator"].isin(parts)]
    checked = check_figures(figures, catalogue=catalogue, gazetteer=gazetteer)
    recipes = () if only or not study.indices else tuple(_read_recipes(study, catalogue))
    used = [study.path, *sorted(p for p in folder.iterdir() if p.suffix in {".toml", ".csv", ".geojson"})]
    used += [
        *catalogue_paths,
        *ground.shape_files(),
        *tables,
        spellings,
        *(study.locate("indices", p.recipe, suffix=".toml") for p, _ in recipes),
        *(survey.inputs if survey is not None else ()),
    ]
    return Material(
        study=study,
        ground=ground,
        catalogue=catalogue,
        checked=checked,
        recipes=recipes,
        words=read_words(study.languages[0]),
        inputs=tuple(dict.fromkeys(p for p in used if p is not None)),
        survey=survey,
        reading=reading,
    )


def _refuse_unknown_level(study: Study, country: Country) -> None:
    if study.level not in country.levels:
        close = nearest(study.level, country.levels)
        raise StudyError(
            f"{country.code} has no level {study.level!r}",
            where=f"{study.path or study.name}, key level",
            found=study.level,
            expected=", ".join(country.levels),
            fix=f"did you mean {close[0]!r}?" if close else None,
        )


def _catalogue_files(study: Study) -> list[Path]:
    named = study.figures.catalogue
    paths = [study.locate("indicators", name) for name in ([named] if isinstance(named, str) else named)]
    return [path / "indicators.toml" if path.is_dir() else path for path in paths]


def _joined(catalogues: list[Catalogue], study: Study) -> Catalogue:
    """Return one catalogue of several; an id that two of them have is refused."""
    from childatlas.figures.catalogue import Catalogue

    if len(catalogues) == 1:
        return catalogues[0]
    entries: dict[str, Indicator] = {}
    for catalogue in catalogues:
        if twice := sorted(set(entries) & set(catalogue)):
            raise StudyError(
                "two catalogues have the same indicator",
                where=str(study.path or study.name),
                found=", ".join(twice[:5]),
                expected="each indicator in one catalogue",
                fix="rename it in one of them, or name one catalogue only",
            )
        entries.update(catalogue)
    return Catalogue(entries, path=catalogues[0].path)


def _table_files(study: Study, name: str) -> list[Path]:
    """Return the tables that a name means: one file, or those a folder calls figures."""
    path = study.locate("indicators", name)
    if path.is_file():
        return [path]
    found = sorted(p for p in path.glob("figures*") if p.suffix.lower() in TABLES)
    if not found:
        raise DataError(
            "the folder holds no table of figures",
            where=str(path),
            expected="figures.csv, figures.xlsx, figures.parquet or figures_<topic> of these",
            fix="name the file itself in [figures] tables",
        )
    return found


def _refuse_unknown(wanted: tuple[str, ...], catalogue: Catalogue, study: Study) -> None:
    for indicator in wanted:
        if indicator not in catalogue:
            close = nearest(indicator, catalogue)
            raise StudyError(
                f"unknown indicator {indicator!r}",
                where=str(study.path or study.name),
                found=indicator,
                expected=", ".join(close) or f"one of the {len(list(catalogue))} in the catalogue",
                fix="run `childatlas list indicators`",
            )


def _read_recipes(study: Study, catalogue: Catalogue) -> list[tuple[IndexPlan, Recipe]]:
    from childatlas.measures.recipe_check import check_recipe

    read = []
    for plan in study.indices:
        recipe = read_recipe(study.locate("indices", plan.recipe, suffix=".toml"))
        check_recipe(recipe, catalogue)
        read.append((plan, recipe))
    return read
