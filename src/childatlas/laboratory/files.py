"""What the laboratory writes: tables as CSV, pictures as PNG and SVG, in a folder a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from childatlas.errors import StudyError, nearest
from childatlas.laboratory.bench import Bench
from childatlas.laboratory.change import Change, build_change
from childatlas.laboratory.change_pictures import draw_change
from childatlas.laboratory.findings import Build, build, compare, explore, read_ballots
from childatlas.laboratory.page import write_page
from childatlas.laboratory.pictures import draw_build, draw_comparison, draw_exploration, write_pictures
from childatlas.laboratory.weight_files import read_voters
from childatlas.laboratory.written import Facts, title_of, write_tables
from childatlas.laboratory.years import YearsBench
from childatlas.measures.change import REFERENCE

__all__ = [
    "write_build",
    "write_change",
    "write_comparison",
    "write_exploration",
]

_WATERFALLS = 3


def write_build(
    bench: Bench,
    out: Path,
    *,
    seed: int,
    worst: int | None,
    units: list[str],
    links: pd.DataFrame | None = None,
) -> tuple[Facts, pd.DataFrame]:
    """Write an index to ``<out>/<recipe>`` and return the facts and the table of scores.

    Waterfalls are drawn for `units`, by default for the three worst off.

    Raises
    ------
    StudyError
        If a unit asked for is not in the table.
    """
    found = build(bench, seed=seed, worst=worst, links=links)
    shown = [_unit(u, bench.units, bench.values.index) for u in units]
    shown = shown or [str(u) for u in found.index.ranks.dropna().nsmallest(_WATERFALLS).index]
    folder = out / bench.recipe.id
    files = write_tables(found.tables, folder)
    pictures = draw_build(bench, found, units=shown)
    files += write_pictures(pictures, folder, metadata=_metadata(bench, {"seed": str(seed)}))
    notes = [f"no drivers: {found.why_no_drivers}"] if found.why_no_drivers else []
    notes += _worst_set(found, bench)
    page = write_page(
        folder,
        title_of(bench.recipe),
        files=files,
        tables={
            "scores": ("Scores and ranks", _main_columns(found.tables["scores"])),
            "groups": ("How the parts hang together", found.tables["groups"]),
            "importance": ("What weights are worth", found.tables["importance"]),
        },
        audit=found.tables["audit"],
        notes=(*bench.notes, *notes),
        credit=bench.credit,
    )
    facts = _facts(bench, folder, [page, *files])
    facts |= {"notes": notes, "verdicts": _verdicts(found.tables["audit"])}
    return facts, found.tables["scores"]


def _worst_set(found: Build, bench: Bench) -> list[str]:
    """Say which units the worst are among, where errors allow to say so."""
    sets = found.sets
    if sets.table["se"].isna().all():
        return []
    known = [str(u) for u in sets.possible]
    names = ", ".join(bench.units.get(u, u) for u in known)
    return [
        f"with {sets.level:.0%} confidence the {sets.worst} worst off are among these {len(known)}: {names}"
    ]


def _unit(asked: str, names: Mapping[str, str], units: pd.Index) -> str:
    by_name = {name: code for code, name in names.items()}
    code = by_name.get(asked, asked)
    if code not in set(map(str, units)):
        known = [*map(str, units), *by_name]
        raise StudyError(
            "there is no such unit",
            where="--unit",
            found=asked,
            expected=", ".join(nearest(asked, known) or known[:5]),
        )
    return code


def write_comparison(first: Bench, second: Bench, out: Path) -> tuple[Facts, pd.DataFrame]:
    """Write two recipes side by side to ``<out>/<first>-<second>`` and return the facts and the table."""
    found, tables = compare(first, second)
    folder = out / f"{first.recipe.id}-{second.recipe.id}"
    files = write_tables(tables, folder)
    files += write_pictures(draw_comparison(first, second, found), folder, metadata=_metadata(first, {}))
    page = write_page(
        folder,
        f"{title_of(first.recipe)} and {title_of(second.recipe)}",
        files=files,
        tables={"comparison": ("Ranks side by side", tables["comparison"])},
        notes=(*first.notes, *second.notes),
        credit=first.credit,
    )
    files = [page, *files]
    measures = {"spearman": found.spearman, "kendall": found.kendall, "mean_shift": found.mean_shift}
    return _facts(first, folder, files) | measures, tables["comparison"]


def write_exploration(
    bench: Bench, out: Path, *, seed: int, draws: int, base: int, ballots: Path | None, kind: str
) -> tuple[Facts, pd.DataFrame]:
    """Write an exploration to ``<out>/<recipe>-explored`` and return the facts and the table of ranks."""
    points = None
    if ballots is not None:
        cells, _ = read_voters(ballots, bench.recipe, kind)
        points = read_ballots(bench.recipe, cells, kind)
    found = explore(bench, seed=seed, draws=draws, base=base, ballots=points)
    folder = out / f"{bench.recipe.id}-explored"
    files = write_tables(found.tables, folder)
    said = {
        "seed": str(seed),
        "draws": str(draws),
        "choices": found.choices.model_dump_json(exclude_defaults=True),
    }
    files += write_pictures(draw_exploration(bench, found), folder, metadata=_metadata(bench, said))
    notes = [f"no sensitivity: {found.why_no_sensitivity}"] if found.why_no_sensitivity else []
    shown = {"ranks": "Ranks under the declared choices", "removal": "Ranks without each part"}
    page = write_page(
        folder,
        f"{title_of(bench.recipe)}: how far the ranks hold",
        files=files,
        tables={name: (head, found.tables[name]) for name, head in shown.items()},
        audit=found.audit,
        notes=(*bench.notes, *notes),
        credit=bench.credit,
    )
    facts = _facts(bench, folder, [page, *files]) | {
        "mean_shift": found.robustness.mean_shift,
        "draws": draws,
        "notes": notes,
        "verdicts": _verdicts(found.audit),
    }
    return facts, found.tables["ranks"]


def write_change(bench: YearsBench, out: Path, *, units: list[str]) -> tuple[Facts, pd.DataFrame]:
    """Write an index over years to ``<out>/<recipe>-change``; return the facts and the table of changes.

    Waterfalls are drawn for `units`, by default for the one that gained most and the one that lost most.

    Raises
    ------
    StudyError
        If a unit asked for is in no year.
    """
    found = build_change(bench)
    known = pd.Index(sorted({str(u) for table in bench.values.values() for u in table.index}))
    shown = [_unit(u, bench.units, known) for u in units] or _extremes(found)
    folder = out / f"{bench.recipe.id}-change"
    files = write_tables(found.tables, folder)
    said = {"recipe": bench.recipe.id, "figures": bench.credit or "tables"}
    files += write_pictures(draw_change(bench, found, units=shown), folder, metadata=said)
    table = found.panel.scores[[found.start, found.end]].set_axis(["first", "last"], axis=1)
    table = table.assign(change=found.drivers["change"].reindex(table.index))
    table["mostly"] = [_mostly(found, str(u), bench.indicators) for u in table.index]
    notes = [f"no convergence: {found.why_not}"] if found.why_not else []
    lost = [bench.units.get(u, u) for u in shown if u not in found.drivers.index]
    notes += [f"no waterfall of {name}: no score in both years on the same territory" for name in lost]
    heads = {
        "scores_by_year": "Scores by year",
        "convergence": "Do units draw together?",
        "indicators": "Indicators, and those left out",
    }
    page = write_page(
        folder,
        f"{title_of(bench.recipe)}, {found.start} to {found.end}",
        files=files,
        tables={name: (head, found.tables[name]) for name, head in heads.items() if name in found.tables},
        notes=(*bench.notes, *notes, *(f"break before {y}: {b}" for y, b in found.panel.breaks.items())),
        credit=bench.credit,
    )
    beta = None if found.converged is None else found.converged.beta
    facts: Facts = {
        "recipe": bench.recipe.id,
        "years": [found.start, found.end],
        "indicators": len(bench.recipe.open_indicators),
        "units": len(table),
        "breaks": {str(y): text for y, text in found.panel.breaks.items()},
        "beta": beta,
        "notes": notes,
        "folder": str(folder),
        "files": [str(path) for path in (page, *files)],
    }
    return facts, table.sort_values("last", kind="stable")


def _extremes(found: Change) -> list[str]:
    change = found.drivers["change"].drop(index=REFERENCE, errors="ignore").dropna()
    return list(dict.fromkeys(str(u) for u in (change.idxmax(), change.idxmin()))) if len(change) else []


def _mostly(found: Change, unit: str, names: Mapping[str, str]) -> str:
    if unit not in found.drivers.index:
        return "territory changed"
    own = found.drivers.loc[unit, found.indicators].astype(float)
    top = str(own.abs().idxmax()) if own.notna().any() else ""
    return names.get(top, top)


def _main_columns(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a page has room for: without errors there are no sets to show."""
    sets = ["se", "low_all", "high_all"] if scores["se"].notna().any() else []
    return scores[["name", "rank", "score", "coverage", *sets, "word"]]


def _metadata(bench: Bench, more: dict[str, str]) -> dict[str, str]:
    return {"recipe": bench.recipe.id, "figures": bench.credit or "a table", **more}


def _facts(bench: Bench, folder: Path, files: list[Path]) -> Facts:
    return {
        "recipe": bench.recipe.id,
        "units": len(bench.values),
        "folder": str(folder),
        "files": [str(path) for path in files],
    }


def _verdicts(audit: pd.DataFrame) -> dict[str, str]:
    return {str(row["name"]): f"{row['verdict']}: {row['reason']}" for _, row in audit.iterrows()}
