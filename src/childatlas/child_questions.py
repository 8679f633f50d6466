"""More than counting asked of a user's own survey file: what a study asks, of the columns it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from atlasgeo import columns as col
from childatlas.child_disclosure import EVERYBODY
from childatlas.child_figures import Places
from childatlas.definitions import Definitions
from childatlas.figures.microdata import open_microdata
from childatlas.inquiry.engine import Questions, inquire
from childatlas.inquiry.guard import Guard
from childatlas.inquiry.sample import DEPRIVED, Sample, take_sample
from childatlas.measures.answers import apply_definitions
from childatlas.measures.publication import PublicationRule
from childatlas.study import Study, validate_toml
from childatlas.study_questions import GapPlan, InequalityPlan, PovertyPlan, ProfilePlan
from childatlas.study_survey import SurveyFiguresPlan

__all__ = ["QuestionsPlan", "ask_children", "read_questions"]


class QuestionsPlan(BaseModel):
    """What is asked of a file, and which of its columns say where a child lives.

    The keys are those of a study's ``[survey]``: `oblast` is the place, `district` one inside it (empty:
    none), `residence` town or village (empty: not told apart).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    oblast: str = "oblast"
    district: str = ""
    residence: str = "residence"
    income: str = ""
    line: float | None = Field(default=None, gt=0)
    poverty: PovertyPlan | None = None
    inequality: InequalityPlan | None = None
    gap: GapPlan | None = None
    profiles: ProfilePlan | None = None
    seed: int = Field(default=1, ge=0)

    @property
    def places(self) -> Places:
        """Where children live."""
        return Places(self.oblast, self.residence or None, self.district or None)

    @property
    def questions(self) -> Questions:
        """What is asked."""
        return Questions(self.income, self.line, self.poverty, self.inequality, self.gap, self.profiles)


def read_questions(name: str | Path) -> QuestionsPlan:
    """Return the questions of a file: a TOML of its own, or a study whose ``[survey]`` asks them.

    Raises
    ------
    StudyError
        If there is none, or a key is unknown.
    """
    import tomllib

    from childatlas.shipped import shipped

    path = Path(name)
    if not path.is_file() and path.suffix != ".toml":
        path = shipped("studies", str(name), suffix=".toml")
    content = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    if "survey" not in content:
        return validate_toml(QuestionsPlan, path)
    study = validate_toml(Study, path, extra={"folder": path.parent, "path": path})
    return _of_study(study.survey or SurveyFiguresPlan(simulate="none", definitions="none"), study.seed)


def _of_study(plan: SurveyFiguresPlan, seed: int) -> QuestionsPlan:
    return QuestionsPlan(
        oblast=plan.oblast,
        district=plan.district if "district" in plan.levels else "",
        residence=plan.residence if "oblast x residence" in plan.levels else "",
        income=plan.income,
        line=plan.line,
        poverty=plan.poverty,
        inequality=plan.inequality,
        gap=plan.gap,
        profiles=plan.profiles,
        seed=seed,
    )


def ask_children(
    path: str | Path,
    definitions: Definitions,
    plan: QuestionsPlan,
    *,
    design: Mapping[str, Any],
    counted: pd.DataFrame,
    cutoff: float | None = None,
    rule: PublicationRule | None = None,
    flag: str = "",
) -> dict[str, pd.DataFrame]:
    """Return the answers to the questions of a plan, safe to publish beside the counting tables.

    Parameters
    ----------
    path : str or Path
    definitions : Definitions
    plan : QuestionsPlan
    design : mapping
        ``weight, stratum, cluster, fpc, lonely, nest``.
    counted : DataFrame
        The counting table ``alkire_foster`` as it is published: what it hides of places stays hidden here.
    cutoff : float, optional
    rule : PublicationRule, optional
    flag : str
        Put into every row.

    Notes
    -----
    The columns that are asked for, a number or a word for each child, are held in memory.
    """
    k = definitions.cutoff if cutoff is None else cutoff
    with open_microdata(path) as survey:
        applied = apply_definitions(survey.relation, definitions)
        columns = plan.questions.columns()
        sample = take_sample(
            applied, definitions, places=plan.places, design=design, cutoff=k, columns=columns
        )
    guard = _guard(sample, counted, rule or PublicationRule(), flag)
    return inquire(sample, plan.questions, guard, seed=plan.seed)


def _guard(sample: Sample, counted: pd.DataFrame, rule: PublicationRule, flag: str) -> Guard:
    """Return the guard of all answers: places hidden for their count, here or in the other tables."""
    parents = _parents(sample)
    lost, kept = _already(sample, counted)
    first = Guard(parents, rule, lost, flag)
    cells = sample.counts(sample.frame[DEPRIVED].notna())
    hidden = first.hidden_cells(cells, shown=kept)
    return Guard(parents, rule, frozenset((unit, side) for unit, side, _ in hidden), flag)


def _parents(sample: Sample) -> dict[str, str]:
    places, frame = sample.places, sample.frame
    above = {str(unit): "" for unit in frame[places.oblast].dropna().unique()}
    if places.district is not None:
        pairs = frame[[places.district, places.oblast]].dropna().drop_duplicates()
        above |= {str(d): str(o) for d, o in pairs.itertuples(index=False) if str(d) not in above}
    return above


def _already(
    sample: Sample, counted: pd.DataFrame
) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str, str]]]:
    """Return the places that the counting table hides and those that it shows, where it is by place."""
    places = [sample.places.oblast, *([sample.places.residence] if sample.places.residence else [])]
    if not set(places) <= set(counted.columns):
        return frozenset(), frozenset()
    others = [c for c in counted.columns[: list(counted.columns).index("measure")] if c not in places]
    rows = counted[(counted[others] == EVERYBODY).all(axis=1)].drop_duplicates(places)
    unit = rows[places[0]].astype(str).replace({EVERYBODY: ""})
    side = rows[places[1]].astype(str).replace({EVERYBODY: col.TOTAL}) if len(places) > 1 else col.TOTAL
    cells = pd.DataFrame({"unit": unit, "side": side, "lost": rows["n"].isna()})
    lost = cells[cells["lost"]]
    kept = cells[~cells["lost"]]
    return (
        frozenset(zip(lost["unit"], lost["side"], strict=True)),
        frozenset((u, s, "") for u, s in zip(kept["unit"], kept["side"], strict=True)),
    )
