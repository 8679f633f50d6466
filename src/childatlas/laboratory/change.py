"""What the laboratory finds over years: scores on fixed goalposts, what changed, whether units converge."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from childatlas.errors import AnalysisError, DataError
from childatlas.laboratory.years import YearsBench
from childatlas.measures.change import (
    CAME_OR_WENT,
    REFERENCE,
    Convergence,
    Panel,
    build_panel,
    convergence,
    decompose_change,
)
from childatlas.measures.recipe import Recipe
from childatlas.measures.tree import recipe_tree

__all__ = ["Change", "build_change"]


@dataclass(frozen=True, eq=False)
class Change:
    """An index over years and what is said of it.

    Attributes
    ----------
    panel : Panel
    start, end : int
        First and last year in which a unit has a score.
    drivers : DataFrame
        As `decompose_change`, for the units whose territory stayed the same, and the country.
    converged : Convergence or None
        None where too few units have a score in every year (`why_not`).
    why_not : str
    tables : dict of name -> DataFrame
    """

    panel: Panel
    start: int
    end: int
    drivers: pd.DataFrame
    converged: Convergence | None
    why_not: str
    tables: dict[str, pd.DataFrame]

    @property
    def indicators(self) -> list[str]:
        """Columns of `drivers` that are indicators."""
        return [c for c in self.drivers if c not in {CAME_OR_WENT, "change", "break"}]


def build_change(bench: YearsBench) -> Change:
    """Return the index of every year, what each unit's change is made of, and beta and sigma convergence.

    Raises
    ------
    StudyError
        If the recipe cannot be compared over years (ranks, learned weights).
    AnalysisError
        If no unit has a score in two years.
    """
    panel = build_panel(bench.values, bench.recipe, breaks=bench.breaks, references=bench.national)
    scored = [int(y) for y in panel.scores.columns[panel.scores.notna().any()]]
    if not panel.scores.notna().sum(axis=1).ge(2).any():
        raise AnalysisError(
            f"no unit has a score of the index {bench.recipe.id!r} in two years",
            found=f"scores in {', '.join(map(str, scored)) or 'no year'}",
            fix="lower least_coverage in the recipe, or choose years with more figures",
        )
    start, end = scored[0], scored[-1]
    same = set(bench.unchanged(start, end))
    every = decompose_change(panel, start, end)
    drivers = every[[str(u) in same or u == REFERENCE for u in every.index]].dropna(subset=["change"])
    found, why = None, ""
    try:
        found = convergence(panel, units=same)
    except DataError as error:
        why = f"{error.what}: {error.found}"
    return Change(panel, start, end, drivers, found, why, _tables(bench, panel, drivers, found))


def _tables(
    bench: YearsBench, panel: Panel, drivers: pd.DataFrame, found: Convergence | None
) -> dict[str, pd.DataFrame]:
    scores = panel.scores.copy()
    if len(panel.reference):
        scores.loc[REFERENCE] = panel.reference.reindex(scores.columns)
    tables = {
        "scores_by_year": _named(scores, bench),
        "ranks_by_year": _named(panel.ranks, bench),
        "coverage_by_year": _named(panel.coverage, bench),
        "change": _named(drivers, bench),
        "indicators": _indicators(panel.recipe, bench),
    }
    if found is not None:
        rows = {
            "beta": (
                found.beta,
                "slope of the yearly change on the first score; under 0 is catching up",
            ),
            "beta_se": (found.beta_se, "its standard error"),
            "beta_p": (found.beta_p, "its p-value, two-sided"),
            "speed": (found.speed, "share of the gap closed a year"),
            "half_life": (found.half_life, "years to close half of the gap"),
            "sigma_slope": (
                found.sigma_slope,
                "yearly change of the log of the spread; under 0: converging",
            ),
            "units": (float(found.units), "units with a score in every year and the same territory"),
        }
        tables["convergence"] = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "meaning"])
        tables["spread_by_year"] = found.sigma
    if panel.breaks:
        tables["breaks"] = pd.DataFrame({"break": panel.breaks}).rename_axis("year")
    return {name: table.rename_axis(table.index.name or "id") for name, table in tables.items()}


def _named(table: pd.DataFrame, bench: YearsBench) -> pd.DataFrame:
    names = [bench.place if u == REFERENCE else bench.units.get(str(u), str(u)) for u in table.index]
    out = table.rename_axis("unit")
    out.insert(0, "name", names)
    return out


def _indicators(recipe: Recipe, bench: YearsBench) -> pd.DataFrame:
    """Return the indicators of the panel with weight and goalposts, and those left out with the reason."""
    weights = recipe_tree(recipe)["effective"]
    rows: dict[str, dict[str, object]] = {}
    for item in recipe.indicators:
        plan = item.normalisation
        rows[item.id] = {
            "name": bench.indicators.get(item.id, item.id),
            "weight": float(weights[item.id]),
            "low": plan.low if plan else None,
            "high": plan.high if plan else None,
            "left_out": "",
        }
    for column, why in bench.left_out.items():
        rows[column] = {"name": column, "left_out": why}
    return pd.DataFrame.from_dict(rows, orient="index")
