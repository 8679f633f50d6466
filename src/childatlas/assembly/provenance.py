"""What makes a run what it is: inputs, versions, seed, methods, and the id that is their hash."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.assembly.survey_chapters import survey_chapters
from childatlas.assembly.survey_layers import DRAWS
from childatlas.layers import Atlas
from childatlas.shipped import data_folder

if TYPE_CHECKING:
    from childatlas.assembly.discovery import Found
    from childatlas.assembly.material import Material
    from childatlas.atlas.words import Words

__all__ = ["identify"]

METHODS = (
    "boundaries",
    "figures",
    "index",
    "ranks",
    "neighbours",
    "global",
    "local",
    "gaps",
    "carried",
    "classes",
)
PARTS = (
    "childatlas",
    "numpy",
    "pandas",
    "scipy",
    "shapely",
    "geopandas",
    "pyproj",
    "libpysal",
    "matplotlib",
    "folium",
    "typst",
    "XlsxWriter",
)


def identify(material: Material, found: Found, tables: dict[str, pd.DataFrame], *, folder: Path) -> Atlas:
    """Return the atlas of what was found, with its run id.

    Parameters
    ----------
    material : Material
    found : Found
    tables : dict of name -> DataFrame
    folder : Path
        Where the atlas will stand.

    Notes
    -----
    The run id is the first 12 digits of the SHA-256 of the study, every input's SHA-256, the versions and the
    seed: neither a date nor the machine has a part in it.
    """
    inputs = tuple((_label(path, material), _digest(path)) for path in material.inputs)
    versions = _versions()
    study = material.study
    identity = {"study": study.model_dump(mode="json"), "inputs": sorted(inputs), "versions": versions}
    run_id = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:12]
    country = material.ground.country
    return Atlas(
        study=study,
        run_id=run_id,
        geographies=found.geographies,
        layers=found.layers,
        tables=tables,
        notes=_notes(material, found),
        dropped=material.checked.dropped,
        inputs=inputs,
        versions=versions,
        methods=_methods(material, tables),
        profile={
            "name": country.name,
            "disclaimer": country.disclaimer,
            "code_system": country.code_system,
            "national_code": country.national_code,
            "reforms": [
                {"year": reform.date.year, "level": reform.level, "text": reform.text}
                for reform in country.reforms
            ],
        },
        folder=folder,
        chapters=survey_chapters(material, tables),
    )


def _label(path: Path, material: Material) -> str:
    """Return a path as it reads on any machine: below the shipped data, or below the study's folder."""
    full = path.resolve()
    for root, prefix in ((data_folder().resolve(), "data/"), (material.study.folder.resolve(), "")):
        if full.is_relative_to(root):
            return prefix + full.relative_to(root).as_posix()
    return path.name


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for part in PARTS:
        try:
            found[part] = version(part)
        except PackageNotFoundError:
            found[part] = "not installed"
    return found


def _methods(material: Material, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the method of each kind of number and of each table, in the words of the study's first language.

    Of tables only those that are there have one, and that the words say anything of.
    """
    study, words = material.study, material.words
    plan = study.statistics
    said = {
        "rule": study.neighbours.rule,
        "islands": study.neighbours.islands,
        "permutations": plan.permutations,
        "seed": study.seed,
        "correction": plan.correction,
        "alpha": plan.alpha,
        "scheme": study.classes.scheme,
        "k": study.classes.k,
    }
    kinds = (
        "boundaries",
        "figures",
        "index",
        "ranks",
        "neighbours",
        "global",
        "local",
        "gaps",
        "carried",
        "classes",
    )
    text = {kind: f"run.methods.{kind}" for kind in kinds}
    if "ranks_with_errors" in tables and words.has("run.methods.ranks_known"):
        text["ranks"] = "run.methods.ranks_known"
    made = {words.say(f"run.method_names.{kind}"): words.say(key, **said) for kind, key in text.items()}
    told = [name for name in words.group("run.tables") if name in tables]
    survey = _survey_values(material)
    return made | {words.name("run.table_names", t): words.say(f"run.tables.{t}", **survey) for t in told}


def _survey_values(material: Material) -> dict[str, object]:
    """Return the settings of a survey's measures, as its methods name them."""
    study, number = material.study, material.words.number
    plan, privacy = study.survey, study.privacy
    if plan is None:
        return {"draws": DRAWS}
    counting = material.survey.asked.counting if material.survey and material.survey.asked else None
    definitions = counting.definitions if counting else None
    return {
        "least": privacy.least_count,
        "caution": max(privacy.caution_count, privacy.least_count),
        "cv_caution": number(100 * privacy.cv_caution),
        "cv_suppress": number(100 * privacy.cv_suppress),
        "draws": plan.draws,
        "cutoff": number(counting.cutoff, 2) if counting else "",
        "threshold": min(definitions.threshold, len(definitions.items)) if definitions else "",
        "near": number(plan.poverty.near, 2) if plan.poverty else "",
        "replicates": plan.gap.replicates if plan.gap else 0,
        "slow_replicates": plan.gap.slow_replicates if plan.gap else 0,
    }


def _notes(material: Material, found: Found) -> tuple[str, ...]:
    """Return what a reader of this atlas must know, in the words of the study's first language."""
    study, words = material.study, material.words
    layers = found.layers
    notes = []
    if study.note.get(words.language):
        notes.append(study.note[words.language])
    if not all(layer.categories for layer in layers) and all(x.standard_errors is None for x in layers):
        notes.append(words.say("run.notes.no_errors"))
    if carried := [layer for layer in layers if layer.carried_from]:
        notes.append(words.say("run.notes.carried", n=len(carried)))
    notes += _shape_notes(found, words)
    if above := [layer for layer in layers if layer.from_above]:
        notes.append(words.say("run.notes.from_above", n=len(above)))
    judged = [layer for layer in layers if layer.local_moran is not None]
    clustered = [layer for layer in judged if _has_cluster(layer.local_moran)]
    if judged:
        notes.append(words.say("run.notes.clusters", judged=len(judged), clustered=len(clustered)))
    if found.absent:
        notes.append(words.say("run.notes.absent", n=len(found.absent)))
    if len(material.checked.dropped):
        notes.append(words.say("run.notes.dropped", n=len(material.checked.dropped)))
    return tuple(notes)


def _shape_notes(found: Found, words: Words) -> list[str]:
    """Return that shapes are schematic, how to fetch official ones, and which units have none."""
    notes = []
    geographies = list(found.geographies.values())
    marks = dict.fromkeys(geography.mark for geography in geographies if geography.schematic)
    notes += [words.say("run.notes.schematic", mark=mark) for mark in marks]
    commands = dict.fromkeys(geography.fetch for geography in geographies if geography.fetch)
    notes += [words.say("run.notes.fetch", command=command) for command in commands]
    unseen = dict.fromkeys(g.without_shape for g in geographies if g.without_shape)
    notes += [words.say("run.notes.without_shape", n=len(u), places=words.join(u)) for u in unseen]
    return notes


def _has_cluster(local: pd.DataFrame | None) -> bool:
    clusters = ("High-High", "Low-Low", "High-Low", "Low-High")
    return local is not None and bool(local["cluster"].isin(clusters).any())
