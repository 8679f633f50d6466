"""What the laboratory writes: tables as CSV, pictures as PNG and SVG, in a folder a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from childatlas.errors import StudyError, nearest
from childatlas.laboratory.bench import Bench
from childatlas.laboratory.change import Change, build_change
from childatlas.laboratory.change_pictures import draw_change
from childatlas.laboratory.findings import build, compare, explore, read_ballots
from childatlas.laboratory.pictures import draw_build, draw_comparison, draw_exploration, write_pictures
from childatlas.laboratory.weighing import Weighing
from childatlas.laboratory.weight_pictures import draw_weighing
from childatlas.laboratory.years import YearsBench
from childatlas.measures.change import REFERENCE
from childatlas.measures.recipe import Recipe

__all__ = [
    "read_voters",
    "write_build",
    "write_change",
    "write_comparison",
    "write_exploration",
    "write_weights",
]

Facts = dict[str, Any]
_WATERFALLS = 3


def write_build(
    bench: Bench, out: Path, *, seed: int, worst: int | None, units: list[str]
) -> tuple[Facts, pd.DataFrame]:
    """Write an index to ``<out>/<recipe>`` and return the facts and the table of scores.

    Waterfalls are drawn for `units`, by default for the three worst off.

    Raises
    ------
    StudyError
        If a unit asked for is not in the table.
    """
    found = build(bench, seed=seed, worst=worst)
    shown = [_unit(u, bench.units, bench.values.index) for u in units]
    shown = shown or [str(u) for u in found.index.ranks.dropna().nsmallest(_WATERFALLS).index]
    folder = out / bench.recipe.id
    files = _write_tables(found.tables, folder)
    pictures = draw_build(bench, found, units=shown)
    files += write_pictures(pictures, folder, metadata=_metadata(bench, {"seed": str(seed)}))
    notes = [f"no drivers: {found.why_no_drivers}"] if found.why_no_drivers else []
    facts = _facts(bench, folder, files) | {"notes": notes, "verdicts": _verdicts(found.tables["audit"])}
    return facts, found.tables["scores"]


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
    files = _write_tables(tables, folder)
    files += write_pictures(draw_comparison(first, second, found), folder, metadata=_metadata(first, {}))
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
    files = _write_tables(found.tables, folder)
    said = {
        "seed": str(seed),
        "draws": str(draws),
        "choices": found.choices.model_dump_json(exclude_defaults=True),
    }
    files += write_pictures(draw_exploration(bench, found), folder, metadata=_metadata(bench, said))
    notes = [f"no sensitivity: {found.why_no_sensitivity}"] if found.why_no_sensitivity else []
    facts = _facts(bench, folder, files) | {
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
    files = _write_tables(found.tables, folder)
    said = {"recipe": bench.recipe.id, "figures": bench.credit or "tables"}
    files += write_pictures(draw_change(bench, found, units=shown), folder, metadata=said)
    table = found.panel.scores[[found.start, found.end]].set_axis(["first", "last"], axis=1)
    table = table.assign(change=found.drivers["change"].reindex(table.index))
    table["mostly"] = [_mostly(found, str(u), bench.indicators) for u in table.index]
    notes = [f"no convergence: {found.why_not}"] if found.why_not else []
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
        "files": [str(path) for path in files],
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


def write_weights(recipe: Recipe, found: Weighing, out: Path, *, names: Mapping[str, str]) -> Facts:
    """Write weights to ``<out>/<recipe>-weights``; ``weights.csv`` is what ``--weights`` reads."""
    folder = out / f"{recipe.id}-weights"
    files = _write_tables(found.tables, folder)
    files += write_pictures(draw_weighing(recipe, found, names), folder, metadata={"recipe": recipe.id})
    return {
        "recipe": recipe.id,
        "parts": len(found.weights),
        **found.facts,
        "folder": str(folder),
        "files": [str(path) for path in files],
    }


def read_voters(
    path: Path, recipe: Recipe, kind: str, column: str | None = None
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Return the cells of ballots, columns named as the recipe's ids, and the group of each voter.

    Raises
    ------
    StudyError
        If there is no such `column`.
    """
    from childatlas.figures.cells import read_cells

    parts = [g.id for g in recipe.groups] + [i.id for i in recipe.indicators]
    by_lower = {name.lower(): name for name in parts}
    cells = read_cells(path, known=parts).frame.rename(columns=by_lower)
    if column is None:
        voters = None
    elif column.lower() in cells:
        voters = cells[column.lower()].replace("", None).fillna("unknown")
        cells = cells.drop(columns=column.lower())
    else:
        raise StudyError(
            "the ballots have no such column",
            where="--voters",
            found=column,
            expected=", ".join(nearest(column, list(cells)) or list(map(str, cells))[:6]),
        )
    return (cells.iloc[:, -1:] if kind == "choice" else cells.replace("", None)), voters


def _write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    from childatlas.atlas.tables import safe_text

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        flat = table.reset_index()
        flat.map(safe_text).to_csv(path, index=False, lineterminator="\n", float_format="%.10g")
        written.append(path)
    return written


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
