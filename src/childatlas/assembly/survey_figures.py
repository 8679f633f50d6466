"""Figures of a survey that the run works out itself: drawn or read, measured, protected, catalogued."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import (
    FIGURE_COLUMNS,
    FLAG,
    GROUP,
    INDICATOR,
    LEVEL,
    SEX,
    SOURCE,
    SYNTHETIC,
    UNIT,
    VALUE,
    YEAR,
)
from childatlas.assembly.survey_counting import Counting
from childatlas.assembly.survey_protection import parents_of, protect_survey
from childatlas.assembly.survey_questions import GAPS, Asked, gap_figures, gap_quality, guard_of, questions_of
from childatlas.atlas.marks import mark_texts
from childatlas.child_figures import COUNTRY, LACKS, Places, count_places, estimate_children
from childatlas.definitions import Definitions, read_definitions
from childatlas.errors import DataError, StudyError
from childatlas.inquiry.sample import take_sample
from childatlas.inquiry.truth import compare_truth
from childatlas.measures.answers import apply_definitions
from childatlas.shipped import data_folder

if TYPE_CHECKING:
    from childatlas.assembly.ground import Ground
    from childatlas.figures.catalogue import Catalogue, Indicator
    from childatlas.study import Study
    from childatlas.study_survey import SurveyFiguresPlan

__all__ = ["DIMENSION", "SurveyFigures", "build_survey_figures"]

DIMENSION = "lacks_dimension"  # the catalogue's pattern of one indicator a dimension


@dataclass(frozen=True, eq=False)
class SurveyFigures:
    """What a survey came to, safe to show.

    Attributes
    ----------
    figures : DataFrame
        In table form; a suppressed row has its key and flag and nothing else.
    catalogue : Catalogue
        Entries of these figures alone; ids start with ``synthetic_`` where the survey is.
    quality : DataFrame
        ``unit, indicator, year, residence, quality, reason, flag``: which figures are shown, shown with a
        caution, or suppressed and on what ground. It does not say which hidden cell is small and which only
        guards another.
    synthetic : bool
    inputs : tuple of Path
    asked : Asked or None
        What more is asked of the survey; its children stay in memory and are never written.
    """

    figures: pd.DataFrame
    catalogue: Catalogue
    quality: pd.DataFrame
    synthetic: bool
    inputs: tuple[Path, ...]
    asked: Asked | None = None


def build_survey_figures(study: Study, ground: Ground, catalogue: Catalogue) -> SurveyFigures:
    """Return the figures of the study's survey at every level that it asks for.

    Parameters
    ----------
    study : Study
        With a ``[survey]``.
    ground : Ground
    catalogue : Catalogue
        Entries of the measures, and the pattern ``lacks_dimension``.

    Raises
    ------
    AtlasError
        If plan, file or definitions cannot be used, or the catalogue lacks a measure.

    Notes ----- Order: estimates with design-based errors; disclosure control over all sums of country,
    oblasts, residences and districts at once; then the publication rule of the study, which hides what is too
    uncertain. Only then is there a table that anything else may read.
    """
    plan = study.survey
    if plan is None:
        raise StudyError("the study has no [survey]", where=str(study.path or study.name))
    definitions = read_definitions(_definitions_file(study, plan))
    records = _simulated(study, plan, ground) if plan.simulate else _read(study, plan)
    how: dict[str, Any] = {"places": _places(plan), "design": _design(plan, definitions)}
    cutoff, questions = plan.cutoff or definitions.cutoff, questions_of(plan)
    with records.opened as survey:
        relation = getattr(survey, "relation", survey)
        synthetic = bool(plan.simulate) or _says_synthetic(relation)
        applied = apply_definitions(relation, definitions)
        histogram = count_places(applied, definitions, **how)
        estimates = estimate_children(
            applied,
            definitions,
            cutoff=cutoff,
            counted=histogram,
            income=None if plan.line is None else (plan.income, plan.line),
            **how,
        )
        sample = None
        if questions.asked:
            sample = take_sample(applied, definitions, cutoff=cutoff, columns=questions.columns(), **how)
    national = str(ground.country.national_code)
    table = _in_table_form(estimates, records, national=national, synthetic=synthetic)
    shown, quality = protect_survey(table, ground, study.privacy, national=national)
    truth = _truth(table, records, shown[VALUE].isna(), plan=plan, national=national)
    guard = guard_of(
        quality,
        parents_of(table, ground, national),
        study.privacy,
        national=national,
        flag=SYNTHETIC if synthetic else "",
    )
    counting = Counting(histogram, definitions, how["places"], cutoff, quality)
    if sample is not None and plan.gap is not None:
        gaps = gap_figures(sample, shown, questions, national=national)
        shown, quality = pd.concat([shown, gaps]), pd.concat([quality, gap_quality(gaps)])
    entries = _entries(catalogue, definitions, source=records.source, synthetic=synthetic)
    entries = {k: e for k, e in entries.items() if k not in GAPS.values() or plan.gap is not None}
    lead = f"{SYNTHETIC}_" if synthetic else ""
    return SurveyFigures(
        figures=_named(shown, lead)[list(FIGURE_COLUMNS)],
        catalogue=_catalogue(entries, lead, catalogue.path),
        quality=_named(quality, lead),
        synthetic=synthetic,
        inputs=(*records.inputs, _definitions_file(study, plan)),
        asked=Asked(sample, questions, guard, truth, counting),
    )


def _truth(
    table: pd.DataFrame, records: _Records, hidden: pd.Series, *, plan: SurveyFiguresPlan, national: str
) -> dict[str, pd.DataFrame]:
    """Return the comparison with what is true of a simulated population; nothing for any other survey."""
    if records.truth is None:
        return {}
    own = plan.income == "income" and plan.line == records.line
    return compare_truth(table, records.truth, hidden=hidden, country=national, poor_is_true=own)


@dataclass(frozen=True, eq=False)
class _Records:
    """An open survey, its year, the words of its source and the files behind it; if simulated, its truth."""

    opened: Any
    year: int
    source: str
    inputs: tuple[Path, ...]
    truth: pd.DataFrame | None = None
    line: float | None = None


def _simulated(study: Study, plan: SurveyFiguresPlan, ground: Ground) -> _Records:
    from childatlas.simulate.plan import read_plan
    from childatlas.simulate.sample import simulate_survey

    path = study.locate("surveys", plan.simulate, suffix=".toml")
    survey = read_plan(path)
    if survey.country != study.country:
        raise StudyError(
            "the plan of the survey is of another country",
            where=f"{study.path or study.name}, key survey.simulate",
            found=survey.country,
            expected=study.country,
        )
    official = data_folder() / "indicators" / survey.country / "figures.csv"
    own = read_definitions(survey.definitions)
    seed = study.seed if plan.seed is None else plan.seed
    made = simulate_survey(
        survey,
        own,
        figures=pd.read_csv(official, dtype={UNIT: str}, low_memory=False),
        gazetteer=ground.gazetteer,
        children=plan.children,
        seed=seed,
    )
    told = f"plan {survey.id}, {len(made.children)} invented children, seed {seed}"
    source = f"{SYNTHETIC} survey of childatlas ({told})"
    true = (
        made.truth if plan.definitions == survey.definitions and plan.cutoff in (None, own.cutoff) else None
    )
    return _Records(nullcontext(made.children), survey.year, source, (path, official), true, survey.line)


def _read(study: Study, plan: SurveyFiguresPlan) -> _Records:
    from childatlas.figures.microdata import open_microdata

    path = study.locate("surveys", plan.file)
    return _Records(open_microdata(path), plan.year or study.vintage, f"survey file {path.name}", (path,))


def _definitions_file(study: Study, plan: SurveyFiguresPlan) -> Path:
    return study.locate("indices/children", plan.definitions, suffix=".toml")


def _places(plan: SurveyFiguresPlan) -> Places:
    return Places(
        plan.oblast,
        plan.residence if "oblast x residence" in plan.levels else None,
        plan.district if "district" in plan.levels else None,
    )


def _design(plan: SurveyFiguresPlan, definitions: Definitions) -> dict[str, Any]:
    own = definitions.survey
    return dict(plan.design) or {
        "weight": own.weight,
        "stratum": own.stratum,
        "cluster": own.cluster,
        "fpc": own.fpc,
    }


def _says_synthetic(relation: Any) -> bool:
    """Return whether a file says in any row that it is synthetic."""
    if FLAG not in [str(c) for c in relation.columns]:
        return False
    said = relation.filter(f"CAST({FLAG} AS VARCHAR) LIKE '%{SYNTHETIC}%'").limit(1).fetchall()
    return bool(said)


def _in_table_form(
    estimates: pd.DataFrame, records: _Records, *, national: str, synthetic: bool
) -> pd.DataFrame:
    table = estimates[estimates[VALUE].notna()].reset_index(drop=True)
    return table.assign(
        **{
            UNIT: table[UNIT].mask(table[LEVEL] == COUNTRY, national),
            YEAR: records.year,
            SEX: "",
            GROUP: "",
            SOURCE: records.source,
            FLAG: SYNTHETIC if synthetic else "",
        }
    )


def _entries(
    catalogue: Catalogue, definitions: Definitions, *, source: str, synthetic: bool
) -> dict[str, Indicator]:
    """Return the catalogue's entries, one a dimension in place of the pattern, marked where synthetic."""
    entries = {key: entry for key, entry in catalogue.items() if key != DIMENSION}
    if DIMENSION not in catalogue:
        raise DataError(
            f"the catalogue has no pattern {DIMENSION!r}",
            where=str(catalogue.path),
            fix="name a shipped catalogue that has it in [figures] catalogue, or add it to your own",
        )
    pattern = catalogue[DIMENSION]
    for dimension in definitions.dimensions:
        texts = {
            part: {
                language: text.replace("{dimension}", dimension.label.get(language, dimension.id))
                for language, text in getattr(pattern, part).items()
            }
            for part in ("label", "definition")
        }
        entries[f"{LACKS}{dimension.id}"] = pattern.model_copy(update=texts)
    return {key: _marked(entry, source, synthetic=synthetic) for key, entry in entries.items()}


def _marked(entry: Indicator, source: str, *, synthetic: bool) -> Indicator:
    if not synthetic:
        return entry.model_copy(update={"producer": entry.producer or source})
    marks = mark_texts(SYNTHETIC)
    label = {language: f"{text} ({marks.get(language, SYNTHETIC)})" for language, text in entry.label.items()}
    return entry.model_copy(update={"label": label, "producer": source, "licence": "", "link": ""})


def _catalogue(entries: dict[str, Indicator], lead: str, path: Path | None) -> Catalogue:
    from childatlas.figures.catalogue import Catalogue

    named = {f"{lead}{key}": e.model_copy(update={"id": f"{lead}{key}"}) for key, e in entries.items()}
    return Catalogue(named, path=path)


def _named(table: pd.DataFrame, lead: str) -> pd.DataFrame:
    return table.assign(**{INDICATOR: lead + table[INDICATOR]}).reset_index(drop=True)
