"""Writing a synthetic survey: every file, column and footer says that it is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from atlasgeo import columns as col
from childatlas.shipped import data_folder
from childatlas.simulate.plan import SurveyPlan

__all__ = ["write_simulation"]


def write_simulation(
    plan: str, folder: str | Path, *, children: int, seed: int, census: bool = False
) -> dict[str, Any]:
    """Write a synthetic survey, its truth and margins, or a census-like file, and return what was written.

    Parameters
    ----------
    plan : str
        Name of a shipped plan or path of one.
    folder : str or Path
    children, seed : int
    census : bool
        Whether to write a census-like file of `children` children instead.

    Returns
    -------
    dict
        ``children, seed, plan, files, margins_met``.

    Raises
    ------
    StudyError, DataError, AnalysisError
        If the plan is not there, a figure is missing, or there are too few children.
    """
    from childatlas.simulate.plan import read_plan

    survey = read_plan(plan)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lead = f"{col.SYNTHETIC}_{survey.id}"
    facts = {"plan": survey.id, "seed": seed, "flag": col.SYNTHETIC}
    sources = _sources(survey)
    if census:
        return facts | _write_census(survey, folder / f"{lead}_census.parquet", sources, children, seed)
    return facts | _write_survey(survey, folder, lead, sources, (children, seed))


def _sources(plan: SurveyPlan) -> dict[str, Any]:
    from atlasgeo.units import read_units
    from childatlas.definitions import read_definitions

    data = data_folder()
    figures = pd.read_csv(
        data / "indicators" / plan.country / "figures.csv", dtype={col.UNIT: str}, low_memory=False
    )
    return {
        "figures": figures,
        "gazetteer": read_units(data / "boundaries" / plan.country / "units.csv"),
        "definitions": read_definitions(plan.definitions),
    }


def _write_survey(
    plan: SurveyPlan, folder: Path, lead: str, sources: dict[str, Any], size: tuple[int, int]
) -> dict[str, Any]:
    from childatlas.simulate.sample import simulate_survey

    children, seed = size
    made = simulate_survey(plan, sources.pop("definitions"), **sources, children=children, seed=seed)
    paths = [
        folder / f"{lead}_{name}" for name in ("children.parquet", "truth.csv", "margins.csv", "notice.json")
    ]
    made.children.to_parquet(paths[0], index=False)
    made.truth.to_csv(paths[1], lineterminator="\n")
    made.margins.assign(flag=col.SYNTHETIC).to_csv(paths[2], index=False, lineterminator="\n")
    notice = {
        "flag": col.SYNTHETIC,
        "plan": plan.id,
        "seed": seed,
        "children": len(made.children),
        "notice": "Invented: only margins marked direct, raked or carried are official, no place is meant.",
    }
    paths[3].write_text(json.dumps(notice, indent=2) + "\n", encoding="utf-8")
    official = made.margins[made.margins["route"] != "invented"]
    return {
        "children": len(made.children),
        "files": [str(p) for p in paths],
        "margins_met": int(official["met"].sum()),
        "margins": len(official),
    }


def _write_census(
    plan: SurveyPlan, path: Path, sources: dict[str, Any], children: int, seed: int
) -> dict[str, Any]:
    from childatlas.simulate.census import write_census
    from childatlas.simulate.model import build_model

    model = build_model(plan, sources.pop("definitions"), **sources, seed=seed)
    write_census(model, path, children=children, seed=seed)
    return {"children": children, "files": [str(path)]}
