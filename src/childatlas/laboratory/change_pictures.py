"""Pictures of an index over years: lines with the breaks marked, what the change is made of, convergence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.laboratory.change import Change
from childatlas.laboratory.pictures import OTHERS, Picture, Pictures, areas_of, stack_parts
from childatlas.laboratory.years import YearsBench
from childatlas.measures.change import CAME_OR_WENT, REFERENCE, Convergence

if TYPE_CHECKING:
    from atlasgeo.maps.wording import MapText

__all__ = ["draw_change"]

_ENDS = 3
_ALPHA = 0.05


def draw_change(bench: YearsBench, found: Change, *, units: list[str]) -> Pictures:
    """Give the pictures of a change: name, figure, alt text; a waterfall for each of `units`."""
    yield _lines(bench, found)
    if found.drivers.drop(index=REFERENCE, errors="ignore").shape[0]:
        yield from _bars(bench, found)
    for unit in units:
        if unit in found.drivers.index:
            yield _waterfall(bench, found, unit)
    if found.converged is not None:
        yield _convergence(bench, found, found.converged)


def _lines(bench: YearsBench, found: Change) -> Picture:
    from atlasgeo.maps.trends import draw_trend

    table, names = _spells(bench, found)
    last = found.panel.ranks[found.end].dropna().sort_values(kind="stable")
    ends = [str(u) for u in [*last.index[:_ENDS], *last.index[::-1][:_ENDS]]]
    worst = names.get(ends[0], ends[0])
    title = f"{worst} is worst off in {found.end}{_since(bench, found, ends[0])}"
    if len(found.panel.reference):
        table.loc[REFERENCE] = found.panel.reference.reindex(table.columns)
    figure = draw_trend(
        table,
        text=_text(title, bench, "scores on goalposts fixed over all years"),
        names=names,
        highlight=list(dict.fromkeys(ends)),
        breaks=found.panel.breaks,
    )
    best = ", ".join(names.get(u, u) for u in ends[_ENDS:])
    return "scores_by_year", figure, f"{title}. Best off: {best}."


def _since(bench: YearsBench, found: Change, unit: str) -> str:
    first = found.panel.ranks[found.start].dropna()
    if first.empty:
        return ""
    then = str(first.idxmin())
    return f", as in {found.start}" if then == unit else f"; in {found.start} it was {_name(bench, then)}"


def _name(bench: YearsBench, unit: str) -> str:
    return bench.place if unit == REFERENCE else bench.units.get(unit, unit)


def _spells(bench: YearsBench, found: Change) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return scores with a row for each stretch of years in which a unit had the same territory."""
    scores = found.panel.scores
    rows, names = {}, {}
    for unit, line in scores.iterrows():
        cuts = [y for y, changed in sorted(bench.changed.items()) if str(unit) in changed]
        starts = [-math.inf, *cuts]
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else math.inf
            key = str(unit) if end == math.inf else f"{unit} until {end:.0f}"
            rows[key] = line.where([start <= y < end for y in line.index])
            names[key] = _name(bench, str(unit))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=scores.columns)
    return table.dropna(how="all"), names


def _bars(bench: YearsBench, found: Change) -> Pictures:
    from atlasgeo.maps.contribution_charts import draw_contribution_bars

    table = stack_parts(
        found.drivers[found.indicators], areas_of(found.panel.recipe), found.drivers[CAME_OR_WENT]
    )
    labels = {g.id: g.label.get("en", g.id) for g in found.panel.recipe.groups} | bench.indicators
    labels |= {CAME_OR_WENT: "figures that came or went", OTHERS: "all others"}
    better = found.panel.recipe.direction == "higher_is_better"
    change = found.drivers["change"].drop(index=REFERENCE, errors="ignore")
    most, least = (str(u) for u in (change.idxmax(), change.idxmin()))
    gained, lost = (most, least) if better else (least, most)
    title = f"{_name(bench, gained)} improved most from {found.start} to {found.end}, "
    title += f"{_name(bench, lost)} least"
    figure = draw_contribution_bars(
        table,
        text=_text(title, bench, "what the change of each score is made of; units whose territory stayed"),
        names={str(u): _name(bench, str(u)) for u in table.index},
        parts=labels,
        worse_is_less=better,
        axis="points of the index",
    )
    yield "change", figure, f"{title}."


def _waterfall(bench: YearsBench, found: Change, unit: str) -> Picture:
    from atlasgeo.maps.contribution_charts import draw_waterfall

    own = found.drivers.loc[unit, [*found.indicators, CAME_OR_WENT]].astype(float)
    if abs(own[CAME_OR_WENT]) <= 1e-6:
        own = own.drop(CAME_OR_WENT)
    top = str(own.abs().idxmax())
    name, total = _name(bench, unit), float(found.drivers.loc[unit, "change"])
    words = bench.indicators | {CAME_OR_WENT: "figures that came or went"}
    scores = found.panel.reference if unit == REFERENCE else found.panel.scores.loc[unit]
    title = f"{name}: {words.get(top, top)} moved the score most ({total:+.1f} points in all)".replace(
        "-", "−"
    )
    figure = draw_waterfall(
        own,
        text=_text(title, bench, f"from {found.start} to {found.end}, indicator by indicator"),
        names=words,
        start=(str(found.start), float(scores[found.start])),
        end=str(found.end),
        worse_is_less=found.panel.recipe.direction == "higher_is_better",
        axis="points of the index",
    )
    return f"change_{unit}", figure, title


def _convergence(bench: YearsBench, found: Change, converged: Convergence) -> Picture:
    from atlasgeo.maps.convergence_chart import draw_convergence

    same = bench.unchanged(found.start, found.end)
    scores = found.panel.scores.loc[[u for u in found.panel.scores.index if str(u) in set(same)]].dropna()
    period = found.end - found.start
    points = pd.DataFrame(
        {"start": scores[found.start], "change": (scores[found.end] - scores[found.start]) / period}
    )
    sd = converged.sigma["sd"]
    moved = "narrowed" if sd.iloc[-1] < sd.iloc[0] else "widened"
    if converged.beta_p < _ALPHA:
        title = (
            "Units that scored low rose fastest"
            if converged.beta < 0
            else "Units that scored high rose fastest"
        )
    else:
        title = "No sign that those who scored low rose faster"
    title += f", and the gaps {moved}"
    same_land = f"{converged.units} units with the same territory, {found.start}-{found.end}"
    beta = f"Beta {converged.beta:+.3f} a year (p {converged.beta_p:.2f})".replace("-", "\u2212")
    figure = draw_convergence(
        points,
        sd,
        text=_text(title, bench, same_land),
        names=bench.units,
        slope=converged.beta,
        titles=(beta, "Sigma: spread across units"),
        axes=(f"score in {found.start}", "points a year"),
        breaks=found.panel.breaks,
    )
    return "convergence", figure, f"{title}."


def _text(title: str, bench: YearsBench, what: str) -> MapText:
    from atlasgeo.maps.wording import MapText

    recipe = bench.recipe
    foot = (bench.credit, *bench.notes)
    subtitle = f"{recipe.label.get('en', recipe.id)}: {what}"
    return MapText(title=title, subtitle=subtitle, foot=tuple(line for line in foot if line))
