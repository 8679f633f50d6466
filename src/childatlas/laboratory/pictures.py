"""Pictures of an index: rank intervals, contributions, correlations, two recipes side by side, a tornado."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from childatlas.laboratory.bench import Bench
from childatlas.laboratory.findings import Build, Exploration
from childatlas.layers import LAGGING, MAY_LAG
from childatlas.measures.comparison import Comparison
from childatlas.measures.recipe import ROOT, Recipe
from childatlas.measures.tree import build_tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlasgeo.maps.wording import MapText

__all__ = [
    "OTHERS",
    "Picture",
    "Pictures",
    "areas_of",
    "draw_build",
    "draw_comparison",
    "draw_exploration",
    "stack_parts",
    "write_pictures",
]

Picture = tuple[str, "Figure", str]
Pictures = Iterator[Picture]
_SMALL_MAPS = 12
ONE_SIDED, OTHERS = "one-sided figures", "others"
_RESTS = {ONE_SIDED: "figures that only one of the two has", OTHERS: "all others"}
_STATES = {
    "figure": "measured",
    "carried": "carried from a former unit",
    "imputed": "imputed",
    "missing": "missing",
}
_TOLD = {"imputed": "are imputed", "carried": "are carried from former units"}
_PARTS = 8
_NOTHING = 1e-6
_SURE = 0.95
_CHOICES = {
    "normalisation": "normalisation",
    "treatment": "treatment of outliers",
    "imputation": "imputation",
    "aggregation": "aggregation",
    "leave_out": "indicator left out",
    "figures": "errors of the figures",
    "ballots": "who voted",
}


def draw_build(bench: Bench, found: Build, *, units: list[str]) -> Pictures:
    """Give the pictures of an index: name, figure, alt text; a waterfall for each of `units`."""
    from atlasgeo.maps.contribution_charts import draw_contribution_bars, draw_waterfall
    from atlasgeo.maps.correlation_chart import draw_correlations
    from atlasgeo.maps.rank_charts import draw_rank_intervals

    names, recipe = bench.units, bench.recipe
    if found.sets.table["se"].notna().any():
        table = found.sets.table.rename(columns={"low": "low_own", "high": "high_own"})
        table = table.rename(columns={"low_all": "low", "high_all": "high"})
        title = _lag_title(found, names)
        sets = f"ranks in simultaneous {found.sets.level:.0%} sets; shaded: worst {found.sets.worst}"
        text = _text(title, bench, sets)
        figure = draw_rank_intervals(table, text=text, names=names, worst=found.sets.worst)
        yield "rank_sets", figure, f"{title}. {_worst(found.index.ranks, names)}"
    groups = areas_of(recipe)
    order = found.diagnosis.correlations.dropna(how="all").dropna(axis=1, how="all")
    title = _correlation_title(found)
    text = _text(title, bench, "correlations, oriented so that more is more of the index")
    if len(order):
        figure = draw_correlations(order, text=text, names=bench.indicators, groups=groups)
        yield "correlations", figure, title
    yield _states(bench, found)
    if found.drivers is None:
        return
    contributions = found.drivers.contributions
    better = recipe.direction == "higher_is_better"
    labels = {g.id: g.label.get("en", g.id) for g in recipe.groups} | bench.indicators | _RESTS
    worst = str(found.index.ranks.idxmin())
    title = f"What sets each unit apart from {bench.place}; {names.get(worst, worst)} is worst off"
    figure = draw_contribution_bars(
        stack_parts(contributions, groups, found.drivers.unexplained.rename(ONE_SIDED)),
        text=_text(title, bench, "points of the index"),
        names=names,
        parts=labels,
        worse_is_less=better,
        axis="points",
    )
    yield "contributions", figure, f"{title}. {_worst(found.index.ranks, names)}"
    if bench.shapes is not None:
        yield _small_maps(bench, contributions)
    score = found.index.scores - found.drivers.explained - found.drivers.unexplained
    for unit in units:
        name = names.get(unit, unit)
        own = contributions.loc[unit]
        if own.notna().sum() == 0:
            continue
        least = own.idxmin() if better else own.idxmax()
        rest = float(found.drivers.unexplained[unit])
        steps = pd.concat([own, pd.Series({ONE_SIDED: rest})]) if abs(rest) > _NOTHING else own
        title = f"{bench.indicators.get(str(least), str(least))} weighs most on {name}"
        figure = draw_waterfall(
            steps,
            text=_text(title, bench, f"from {bench.place} to {name}"),
            names=bench.indicators | _RESTS,
            start=(bench.place, float(score[unit])),
            end=name,
            worse_is_less=better,
            axis="points of the index",
        )
        yield f"waterfall_{unit}", figure, title


def _lag_title(found: Build, names: dict[str, str]) -> str:
    """Return who is lagging and how many more may be; nothing more is claimed than the sets allow."""
    words = found.sets.table.sort_values("rank", kind="stable")["word"]
    sure = [names.get(str(u), str(u)) for u in words.index[words == LAGGING]]
    more = int((words == MAY_LAG).sum())
    if not sure:
        return f"No unit is surely among the {found.sets.worst} worst off; {more} may be"
    named = ", ".join(sure[:3]) + (f" and {len(sure) - 3} more" if len(sure) > 3 else "")
    return f"{named} {'is' if len(sure) == 1 else 'are'} lagging; {more} more may be"


def _states(bench: Bench, found: Build) -> Picture:
    from atlasgeo.maps.state_chart import draw_states

    states = found.tables["missing"]
    share = {s: float((states == s).to_numpy().mean()) for s in _STATES}
    title = f"{share['missing']:.0%} of the figures are missing"
    more = [f"{share[s]:.0%} {said}" for s, said in _TOLD.items() if share[s] > 0]
    title += f", {' and '.join(more)}" if more else ""
    order = found.index.ranks.sort_values(kind="stable").index
    figure = draw_states(
        states.loc[order],
        text=_text(title, bench, "what stands behind every figure; units from the worst off"),
        names=bench.indicators,
        units=bench.units,
        words=_STATES,
    )
    return "missing", figure, f"{title}."


def stack_parts(contributions: pd.DataFrame, groups: dict[str, str], rest: pd.Series) -> pd.DataFrame:
    """Return contributions summed by group, with the `rest` where there is any, in at most eight columns."""
    table = contributions.T.groupby(groups, sort=False).sum(min_count=1).T.dropna(axis=1, how="all")
    table = table.loc[:, table.abs().max() > _NOTHING]
    if rest.abs().max() > _NOTHING:
        table[str(rest.name)] = rest
    if table.shape[1] <= _PARTS:
        return table
    order = table.abs().mean().sort_values(ascending=False, kind="stable").index
    kept = [c for c in table.columns if c in set(order[: _PARTS - 1])]
    return table[kept].assign(**{OTHERS: table.drop(columns=kept).sum(axis=1)})


def _small_maps(bench: Bench, contributions: pd.DataFrame) -> tuple[str, Figure, str]:
    """Return small maps of the indicators that set units apart most, at most twelve."""
    from atlasgeo.maps.basemap import prepare_basemap
    from atlasgeo.maps.small_maps import draw_small_maps

    if bench.shapes is None:
        raise ValueError("a bare table has no shapes to draw")
    reach = contributions.abs().mean().dropna().sort_values(ascending=False, kind="stable")
    shown = contributions[reach.index[:_SMALL_MAPS]]
    first = bench.indicators.get(str(reach.index[0]), str(reach.index[0]))
    title = f"{first} sets places apart most"
    figure = draw_small_maps(
        prepare_basemap(bench.shapes()),
        shown,
        text=_text(title, bench, f"contribution to the distance from {bench.place}, points of the index"),
        titles=bench.indicators,
        names=bench.units,
        flip=bench.recipe.direction == "higher_is_better",
    )
    return "small_maps", figure, f"{title}. {len(shown.columns)} small maps, one an indicator."


def draw_comparison(first: Bench, second: Bench, found: Comparison) -> Pictures:
    """Give the slope chart of two recipes."""
    from atlasgeo.maps.rank_charts import draw_slopes

    titles = (_title(first.recipe), _title(second.recipe))
    moved = found.table["shift"].abs().idxmax()
    name = first.units.get(str(moved), str(moved))
    title = f"The two rankings correlate by {found.spearman:.2f}; {name} moves most"
    text = _text(title, first, f"ranks against {titles[1]}, 1 = worst off; Spearman's correlation")
    figure = draw_slopes(found.table, text=text, names=first.units, titles=titles)
    yield "slopes", figure, f"{title}, by {abs(found.table['shift'][moved]):g} ranks."


def draw_exploration(bench: Bench, found: Exploration) -> Pictures:
    """Give the rank intervals and the tornado of an exploration."""
    from atlasgeo.maps.rank_charts import draw_rank_intervals, draw_tornado

    ranks = found.robustness.ranks
    fifth = max(1, round(int(ranks["rank"].notna().sum()) / 5))
    stays = (ranks["rank"] <= fifth) & (ranks["bottom_fifth"] >= _SURE)
    title = f"Of the {fifth} worst off, {int(stays.sum())} stay so in {_SURE:.0%} of the recipes"
    share, recipes = found.robustness.level, len(found.robustness.draws)
    part = f"{share:.0%} of {recipes:,} recipes; dot: this one, stroke: median"
    figure = draw_rank_intervals(ranks, text=_text(title, bench, part), names=bench.units, worst=fifth)
    yield "rank_intervals", figure, f"{title}. {_worst(ranks['rank'], bench.units)}"
    if found.sensitivity is not None:
        effects = found.sensitivity.of()
        names = {f: _choice(str(f)) for f in effects.index}
        title = f"Most of the shifts come from one choice: {names[effects['total'].idxmax()]}"
        text = _text(
            title, bench, "share of the variance of the mean rank shift, with 95 % bootstrap intervals"
        )
        yield "tornado", draw_tornado(effects, text=text, names=names), title


def _choice(factor: str) -> str:
    return f"weights of each {factor.removeprefix('weights:')}" if ":" in factor else _CHOICES[factor]


def _title(recipe: Recipe) -> str:
    return recipe.label.get("en", recipe.id)


def _text(title: str, bench: Bench, what: str) -> MapText:
    from atlasgeo.maps.wording import MapText

    note = bench.recipe.note.get("en", "")
    foot = tuple(line for line in (bench.credit, note, *bench.notes[-1:]) if line)
    return MapText(title=title, subtitle=f"{_title(bench.recipe)}: {what}", foot=foot)


def areas_of(recipe: Recipe) -> dict[str, str]:
    """Return for each indicator the part of the index it belongs to (itself without groups)."""
    tree = build_tree(recipe)
    top = next(n for n in tree.nodes if n.id == ROOT)
    return {leaf: part for part in top.parts for leaf in tree.under(part)}


def _correlation_title(found: Build) -> str:
    alpha = float(found.diagnosis.groups.loc[ROOT, "alpha"])
    conflicts = len(found.diagnosis.pairs.query("finding == 'conflict'"))
    return f"Indicators hang together by alpha {alpha:.2f}; {conflicts} pairs of one group pull apart"


def _worst(ranks: pd.Series, names: dict[str, str]) -> str:
    first = ranks.dropna().nsmallest(3).index
    return f"Worst off: {', '.join(names.get(str(u), str(u)) for u in first)}."


def write_pictures(pictures: Pictures, folder: Path, *, metadata: dict[str, str]) -> list[Path]:
    """Write each picture as PNG and SVG with its alt text, and return the paths."""
    from atlasgeo.maps.write import write_figure

    written: list[Path] = []
    for name, figure, alt in pictures:
        written += write_figure(figure, folder / name, metadata=metadata, alt=alt)
    return written
