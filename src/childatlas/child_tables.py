"""From a file of children to tables that may be published: answers, counts, measures, errors, disclosure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo import columns as col
from childatlas.child_counts import count_tables, protect_counts
from childatlas.child_disclosure import POOR_CHILDREN, hide_groups
from childatlas.definitions import Definitions
from childatlas.errors import AnalysisError, DataError, StudyError, nearest
from childatlas.figures.microdata import open_microdata
from childatlas.measures.answers import apply_definitions
from childatlas.measures.publication import PublicationRule
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
    k = definitions.cutoff if cutoff is None else cutoff
    flag = col.SYNTHETIC if synthetic else ""
    tables = count_tables(counted.histogram, definitions, groups, cutoff=k)
    hidden = hide_groups(tables["alkire_foster"], groups, rule)
    few = hide_groups(tables["alkire_foster"], groups, rule, count=POOR_CHILDREN)
    safe = protect_counts(tables, groups, (hidden, few), cutoff=k, rule=rule, flag=flag)
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
