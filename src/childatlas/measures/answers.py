"""Turning answers into deprivations by the definitions, in SQL, so that no file is too large."""

from __future__ import annotations

from typing import Any

from childatlas.definitions import Answer, Definitions, Item, Question
from childatlas.errors import DataError, nearest
from childatlas.measures.cells import PROFILE
from childatlas.measures.relation_checks import as_relation, quote

__all__ = ["AGE_GROUP", "apply_definitions"]

AGE_GROUP = "age_group"


def apply_definitions(relation: Any, definitions: Definitions) -> Any:
    """Return the relation with a column of true, false and NULL for each item, and ``__profile``.

    Parameters
    ----------
    relation : DuckDBPyRelation or DataFrame
    definitions : Definitions

    Returns
    -------
    DuckDBPyRelation
        All columns of the file that share no name with an item, then the items: NULL where an answer is
        missing or the item does not apply at that age. ``__profile`` is the number of the age group, NULL
        outside all of them, and ``age_group`` its id (where the file has no such column): group by it for
        measures along the life cycle.

    Raises
    ------
    DataError
        If a question's column is not there, an answer is not among the known ones, an age is not an age,
        nobody is of an age that the definitions cover, or nobody answered any question of a dimension.

    Notes
    -----
    With several questions "any" and "all" follow three-valued logic: one yes decides "any" though another
    answer is missing. Words are compared without regard to case and outer blanks.
    """
    relation = as_relation(relation)
    _check_presence(relation, definitions)
    _check_answers(relation, definitions)
    age = _number(definitions.age.column, definitions.age.missing)
    stages = " ".join(
        f"WHEN floor({age}) BETWEEN {a.first} AND {a.last} THEN {i}"
        for i, a in enumerate(definitions.age_groups)
    )
    items = {item.id for item in definitions.items}
    kept = [quote(c) for c in relation.columns if c not in items]
    staged = relation.project(f"*, CASE {stages} END AS {PROFILE}")
    ages = [a.id for a in definitions.age_groups]
    if AGE_GROUP not in {name.lower() for name in (*relation.columns, *items)}:
        names = " ".join(f"WHEN {i} THEN {_word(a)}" for i, a in enumerate(ages))
        kept.append(f"CASE {PROFILE} {names} END AS {AGE_GROUP}")
    flags = [f"{_item(item, ages)} AS {quote(item.id)}" for item in definitions.items]
    applied = staged.project(", ".join([*kept, PROFILE, *flags]))
    _check_dimensions(applied, definitions)
    return applied


def _check_presence(relation: Any, definitions: Definitions) -> None:
    known = [str(c) for c in relation.columns]
    asked = [(definitions.age.column, "age")]
    asked += [(q.column, f"item {i.id}") for i in definitions.items for q in i.questions]
    lost = [(column, use) for column, use in asked if column not in known]
    if lost:
        column, use = lost[0]
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise DataError(
            f"the file lacks the question {column!r} that {use} needs{more}",
            found=", ".join(sorted({c for c, _ in lost})),
            expected=", ".join(nearest(column, known) or known[:20]),
            fix="name the file's own column in the definitions, or leave the item out of them",
        )


def _check_answers(relation: Any, definitions: Definitions) -> None:
    """Refuse numbers that are words, words that are unknown, and impossible ages; one pass for all."""
    age = definitions.age
    year = _number(age.column, age.missing)
    strange = (
        f"{_raw(age.column, age.missing)} IS NOT NULL AND ({year} IS NULL OR {year} NOT BETWEEN 0 AND 120)"
    )
    tests = [(f"age in column {age.column!r}", strange, "years from 0 to 120", age.column)]
    tests += [
        (f"item {item.id}, question {q.column!r}", _unknown(q), _wanted(q), q.column)
        for item in definitions.items
        for q in item.questions
    ]
    parts = []
    for _, test, _, column in tests:
        parts += [
            f"count(*) FILTER (WHERE {test})",
            f"min(CAST({quote(column)} AS VARCHAR)) FILTER (WHERE {test})",
        ]
    row = relation.aggregate(", ".join(parts)).fetchall()[0]
    for i, (name, _, wanted, _) in enumerate(tests):
        if row[2 * i]:
            raise DataError(
                f"{row[2 * i]} records have an unknown answer: {name}",
                found=row[2 * i + 1],
                expected=wanted,
                fix="correct the file, or list the answer under `missing` or `known` in the definitions",
            )


def _check_dimensions(applied: Any, definitions: Definitions) -> None:
    counts = [
        "count(*) FILTER (WHERE " + " OR ".join(f"{quote(i.id)} IS NOT NULL" for i in d.items) + ")"
        for d in definitions.dimensions
    ]
    inside, *row = applied.aggregate(", ".join([f"count({PROFILE})", *counts])).fetchall()[0]
    if not inside:
        spans = ", ".join(f"{a.first}-{a.last}" for a in definitions.age_groups)
        raise DataError(
            "no record is of an age that the definitions cover",
            where=f"column {definitions.age.column}",
            expected=f"completed years of {spans}",
            fix="name the column of age under [age], or correct it",
        )
    for dimension, count in zip(definitions.dimensions, row, strict=True):
        if not count:
            raise DataError(
                f"nobody answered any question of dimension {dimension.id!r}",
                found=", ".join(q.column for i in dimension.items for q in i.questions),
                fix="leave the dimension out of the definitions, or find its answers",
            )


def _item(item: Item, ages: list[str]) -> str:
    joined = (" OR " if item.combine == "any" else " AND ").join(f"({_question(q)})" for q in item.questions)
    if not item.ages:
        return f"CASE WHEN {PROFILE} IS NOT NULL THEN ({joined}) END"
    places = ", ".join(str(ages.index(a)) for a in item.ages)
    return f"CASE WHEN {PROFILE} IN ({places}) THEN ({joined}) END"


_BOUNDS = {"below": "<", "above": ">", "at_most": "<=", "at_least": ">="}


def _question(q: Question) -> str:
    for name, sign in _BOUNDS.items():
        bound = getattr(q, name)
        if bound is not None:
            return f"{_number(q.column, q.missing)} {sign} {bound!r}"
    return f"{_raw(q.column, q.missing)} IN ({_listed(q.answers or ())})"


def _unknown(q: Question) -> str:
    """Return the test of an answer that the definitions do not know."""
    raw = _raw(q.column, q.missing)
    if q.answers is None:
        return f"{raw} IS NOT NULL AND {_number(q.column, q.missing)} IS NULL"
    if q.known is None:
        return "false"
    return f"{raw} NOT IN ({_listed(q.known)})"


def _wanted(q: Question) -> str:
    return "a number" if q.answers is None else ", ".join(map(str, q.known or ()))


def _raw(column: str, missing: tuple[Answer, ...]) -> str:
    """Return the answer as a bare word, NULL where missing; numbers are written the shortest way."""
    name = quote(column)
    word = f"NULLIF(lower(trim(CAST({name} AS VARCHAR))), '')"
    bare = f"COALESCE(CAST(TRY_CAST({name} AS DOUBLE) AS VARCHAR), {word})"
    bare = f"CASE WHEN {bare} = 'nan' THEN NULL ELSE {bare} END"
    return bare if not missing else f"CASE WHEN {bare} IN ({_listed(missing)}) THEN NULL ELSE {bare} END"


def _number(column: str, missing: tuple[Answer, ...]) -> str:
    number = f"TRY_CAST({quote(column)} AS DOUBLE)"
    codes = ", ".join(repr(float(m)) for m in missing if isinstance(m, (int, float)))
    tests = [f"isnan({number})", *([f"{number} IN ({codes})"] if codes else [])]
    return f"CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {number} END"


def _listed(answers: tuple[Answer, ...]) -> str:
    """Return answers as `_raw` writes them."""
    words = [repr(float(a)) if isinstance(a, (int, float)) else str(a).strip().lower() for a in answers]
    return ", ".join(map(_word, words))


def _word(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
