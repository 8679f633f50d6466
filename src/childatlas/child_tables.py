"""From a file of children to tables that may be published: answers, counts, measures, errors, disclosure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.child_disclosure import EVERYBODY, POOR_CHILDREN, hide_groups, safe_table
from childatlas.child_figures import deprived_children
from childatlas.definitions import Definitions
from childatlas.errors import AnalysisError, DataError, StudyError, nearest
from childatlas.figures.microdata import open_microdata
from childatlas.measures.answers import apply_definitions
from childatlas.measures.association import associate_deprivations
from childatlas.measures.curve import cutoff_curve, decompose_groups
from childatlas.measures.deprivation import measure_deprivation
from childatlas.measures.estimates import t_interval
from childatlas.measures.histogram import Histogram, merge_groups
from childatlas.measures.moda import count_deprivation, count_dimensions
from childatlas.measures.publication import PublicationRule
from childatlas.measures.ratios import degrees_of_freedom
from childatlas.measures.relations import Counted, count_relation

if TYPE_CHECKING:
    from childatlas.child_questions import QuestionsPlan

__all__ = ["ChildTables", "measure_children", "parse_design", "write_child_tables"]

_DESIGN = ("weight", "stratum", "cluster", "fpc", "lonely", "nest")


@dataclass(frozen=True, eq=False)
class ChildTables:
    """What a file of children says.

    Attributes
    ----------
    tables : dict of name -> DataFrame
        ``alkire_foster, moda, count, association, curve, decomposition``. Group columns hold ``all`` where
        they were added up; suppressed rows keep their names and say why.
    report : dict
        Records, who was left out and why, the design, the definitions.
    synthetic : bool
        Whether the file says that it is.
    """

    tables: dict[str, pd.DataFrame]
    report: dict[str, Any] = field(repr=False)
    synthetic: bool = False


def measure_children(
    path: str | Path,
    definitions: Definitions,
    *,
    design: Mapping[str, Any] | None = None,
    by: tuple[str, ...] | None = None,
    cutoff: float | None = None,
    rule: PublicationRule | None = None,
    memory_limit: str = "1GB",
    questions: QuestionsPlan | None = None,
) -> ChildTables:
    """Return every counting measure of a survey file, by all groups and their totals, safe to publish.

    Parameters
    ----------
    path : str or Path
        CSV, Parquet, Stata or SPSS.
    definitions : Definitions
    design : mapping, optional
        ``weight, stratum, cluster, fpc, lonely, nest``; that of the definitions where nothing is given.
    by : tuple of str, optional
        Columns that form groups; every combination of them and ``all`` is measured.
    cutoff : float, optional
        Instead of the definitions' own.
    rule : PublicationRule, optional
    memory_limit : str
    questions : QuestionsPlan, optional
        What more is asked: poverty, inequality, gaps and risks. Its columns are held in memory.

    Raises
    ------
    DataError, AnalysisError
        As the steps: opening, answers, weights, design.
    """
    rule = rule or PublicationRule()
    groups = definitions.survey.by if by is None else by
    chosen = _design(definitions, design or {})
    with open_microdata(path, memory_limit=memory_limit) as survey:
        synthetic = _is_synthetic(survey.relation)
        applied = apply_definitions(survey.relation, definitions)
        items = [i.id for i in definitions.items]
        counted = count_relation(applied, items, by=groups, applies=definitions.applies(), **chosen)
    weights = definitions.weights()
    k = definitions.cutoff if cutoff is None else cutoff
    tables: dict[str, list[pd.DataFrame]] = {}
    for size in range(len(groups) + 1):
        for keep in combinations(range(len(groups)), size):
            histogram = merge_groups(counted.histogram, keep)
            for name, table in _measure(histogram, definitions, weights, k, size == len(groups)).items():
                tables.setdefault(name, []).append(_all_groups(table, histogram, groups, keep))
    flag = col.SYNTHETIC if synthetic else ""
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    hidden = hide_groups(joined["alkire_foster"], groups, rule)
    few = hide_groups(joined["alkire_foster"], groups, rule, count=POOR_CHILDREN)
    safe = {
        name: safe_table(table, groups, (hidden, few), rule=rule, flag=flag) for name, table in joined.items()
    }
    if questions is not None:
        from childatlas.child_questions import ask_children

        asked = {"design": chosen, "counted": safe["alkire_foster"], "cutoff": k, "rule": rule, "flag": flag}
        safe |= ask_children(path, definitions, questions, **asked)
    report = _report(path, definitions, counted, chosen, hidden)
    return ChildTables(safe, {"read_as": survey.written, **report}, synthetic)


def write_child_tables(result: ChildTables, folder: str | Path) -> list[Path]:
    """Write the tables as CSV and the report as JSON, names led by ``synthetic_`` where they are invented."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lead = f"{col.SYNTHETIC}_" if result.synthetic else ""
    written = []
    for name, table in result.tables.items():
        path = folder / f"{lead}{name}.csv"
        # Twelve figures: the order in which threads add floats must not show.
        table.to_csv(path, index=False, lineterminator="\n", float_format="%.12g")
        written.append(path)
    path = folder / f"{lead}report.json"
    path.write_text(json.dumps(result.report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*written, path]


def parse_design(text: str) -> dict[str, Any]:
    """Return the design that ``weight=w,stratum=h,cluster=c`` says; several stages are joined by ``+``.

    Raises
    ------
    StudyError
        If a part has no ``=`` or an unknown name.
    """
    result: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, sign, value = (p.strip() for p in part.partition("="))
        if not sign or name not in _DESIGN or not value:
            raise StudyError(
                "the design is written as name=column pairs",
                found=part,
                expected=", ".join(f"{n}=..." for n in (nearest(name, _DESIGN) or _DESIGN)),
            )
        stages = value.split("+")
        result[name] = value == "yes" if name == "nest" else stages if len(stages) > 1 else value
    return result


def _design(definitions: Definitions, given: Mapping[str, Any]) -> dict[str, Any]:
    survey = definitions.survey
    own = {"weight": survey.weight, "stratum": survey.stratum, "cluster": survey.cluster, "fpc": survey.fpc}
    return dict(given) if given else own


def _is_synthetic(relation: Any) -> bool:
    if col.FLAG not in relation.columns:
        return False
    rows = relation.aggregate(f"count(*) FILTER (WHERE CAST({col.FLAG} AS VARCHAR) LIKE '%{col.SYNTHETIC}%')")
    return bool(rows.fetchall()[0][0])


def _measure(
    histogram: Histogram,
    definitions: Definitions,
    weights: pd.DataFrame,
    cutoff: float,
    finest: bool,
) -> dict[str, pd.DataFrame]:
    """Return the measures of one grouping, long: names, estimate, se, n and the group's number."""
    dimensions = definitions.dimension_items
    result = measure_deprivation(histogram, weights, cutoff)
    curve = cutoff_curve(histogram, weights, [k / 10 for k in range(1, 11)])
    counted = {
        "alkire_foster": _with_poor(result.table(), histogram, weights, cutoff),
        "moda": count_dimensions(histogram, dimensions).table(),
        "count": _count(histogram, definitions),
        "association": associate_deprivations(histogram, dimensions).table(),
        "curve": _curve_rows(curve, result.n),
    }
    if finest and histogram.grouped:
        parts = decompose_groups(result).assign(n=result.n)
        counted["decomposition"] = parts.reset_index().melt(
            id_vars=[*parts.reset_index().columns[: histogram.groups.nlevels], "n"],
            var_name="measure",
            value_name="estimate",
        )
    return counted


def _with_poor(
    table: pd.DataFrame, histogram: Histogram, weights: pd.DataFrame, cutoff: float
) -> pd.DataFrame:
    """Return the table with the deprived children, unweighted, of each row's group."""
    poor = np.asarray(deprived_children(histogram, weights, cutoff), dtype=float)
    own = table.columns[: histogram.groups.nlevels]
    keys = pd.MultiIndex.from_frame(table[list(own)]) if len(own) > 1 else pd.Index(table[own[0]])
    return table.assign(**{POOR_CHILDREN: poor[histogram.groups.get_indexer(keys)]})


def _count(histogram: Histogram, definitions: Definitions) -> pd.DataFrame:
    threshold = min(definitions.threshold, len(definitions.items))
    return count_deprivation(histogram, threshold=threshold).table()


def _curve_rows(curve: pd.DataFrame, n: Any) -> pd.DataFrame:
    parts = []
    for measure in ("headcount", "intensity", "adjusted"):
        part = curve[[measure, f"{measure}_se"]].set_axis(["estimate", "se"], axis=1)
        parts.append(part.assign(measure=measure))
    table = pd.concat(parts)
    groups = table.index.droplevel("cutoff")
    table["n"] = n.reindex(groups).to_numpy() if isinstance(n, pd.Series) else n
    return table.reset_index()


def _all_groups(
    table: pd.DataFrame, histogram: Histogram, groups: tuple[str, ...], keep: tuple[int, ...]
) -> pd.DataFrame:
    """Return the rows with a column for every grouping variable, and intervals."""
    own = table.columns[: histogram.groups.nlevels]
    place = histogram.groups.get_indexer(
        pd.MultiIndex.from_frame(table[list(own)]) if len(own) > 1 else pd.Index(table[own[0]])
    )
    named = dict(zip((groups[i] for i in keep), own, strict=False)) if keep else {}
    columns = {g: table[named[g]].astype(str) if g in named else EVERYBODY for g in groups}
    rest = table.drop(columns=list(own))
    if "se" in rest:
        low, high = t_interval(
            rest["estimate"].to_numpy(float),
            rest["se"].to_numpy(float),
            degrees_of_freedom(histogram)[place],
            0.95,
        )
        rest = rest.assign(
            low=low, high=high, cv=rest["se"] / rest["estimate"].abs().where(rest["estimate"] != 0)
        )
    return pd.DataFrame(columns, index=table.index).join(rest)


def _report(
    path: str | Path, definitions: Definitions, counted: Counted, design: dict[str, Any], hidden: pd.DataFrame
) -> dict[str, Any]:
    histogram = counted.histogram
    complete = histogram.complete[histogram.pattern]
    if not complete.any():
        raise DataError(
            "no child has an answer to every question that applies to it",
            where=str(path),
            fix="look at the questions of the definitions: one may be empty throughout",
        )
    if not histogram.count.sum():
        raise AnalysisError("no child is of an age that the definitions cover", where=str(path))
    return {
        "file": Path(path).name,
        "definitions": definitions.id,
        "design": {k: v for k, v in design.items() if v is not None},
        "records": counted.records,
        "outside_ages": counted.outside,
        "without_group": counted.ungrouped,
        "children_counted": int(histogram.count[complete].sum()),
        "children_dropped_for_missing_answers": int(histogram.count[~complete].sum()),
        "groups_hidden": int(hidden["status"].ne("").sum()),
    }
