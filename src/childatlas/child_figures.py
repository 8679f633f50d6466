"""From the records of a survey to figures by place and residence, each with its error and its count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from atlasgeo import columns as col
from childatlas.definitions import Definitions
from childatlas.errors import DataError
from childatlas.measures.answers import apply_definitions
from childatlas.measures.deprivation import TOLERANCE, measure_deprivation
from childatlas.measures.histogram import Histogram, merge_groups
from childatlas.measures.moda import dimension_flags
from childatlas.measures.named import named_ratios
from childatlas.measures.ratios import degrees_of_freedom
from childatlas.measures.relation_checks import quote
from childatlas.measures.relations import PROFILE, count_relation

__all__ = [
    "ADJUSTED",
    "BEHIND",
    "COUNTRY",
    "DISTRICT",
    "HEADCOUNT",
    "INCOME",
    "INTENSITY",
    "LACKS",
    "OBLAST",
    "Places",
    "count_places",
    "deprived_children",
    "estimate_children",
]

HEADCOUNT, INTENSITY, ADJUSTED = "deprived_headcount", "deprived_intensity", "deprived_adjusted"
INCOME, LACKS = "poor_by_income", "lacks_"
COUNTRY, OBLAST, DISTRICT = "country", "oblast", "district"
BEHIND = "behind"  # column: the fewest children that a value could be traced to


@dataclass(frozen=True)
class Places:
    """Columns that say where a child lives: codes of oblast and district (None: not asked for), residence."""

    oblast: str
    residence: str | None = None
    district: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that are there."""
        return [c for c in (self.oblast, self.residence, self.district) if c is not None]

    def groupings(self) -> Iterator[tuple[str, str | None, bool]]:
        """Give level, column of its codes and whether by residence, of every grouping asked for."""
        for level, column in ((COUNTRY, None), (OBLAST, self.oblast)):
            yield level, column, False
            if self.residence is not None:
                yield level, column, True
        if self.district is not None:
            yield DISTRICT, self.district, False


def count_places(
    applied: Any, definitions: Definitions, *, places: Places, design: dict[str, Any]
) -> Histogram:
    """Return the histogram of deprivations by all that says where a child lives, under the design.

    Parameters
    ----------
    applied : DuckDBPyRelation
        As `apply_definitions` returns.
    definitions : Definitions
    places : Places
    design : dict
        ``weight, stratum, cluster, fpc``: names of columns.
    """
    items = [item.id for item in definitions.items]
    how = {"by": places.columns, **{k: v for k, v in design.items() if v}}
    return count_relation(applied, items, applies=definitions.applies(), **how).histogram


def estimate_children(
    relation: Any,
    definitions: Definitions,
    *,
    places: Places,
    design: dict[str, Any],
    cutoff: float,
    income: tuple[str, float] | None = None,
    counted: Histogram | None = None,
) -> pd.DataFrame:
    """Return counting measures and poverty by income, by place and residence, with design-based errors.

    Parameters
    ----------
    relation : DuckDBPyRelation or DataFrame
        One row a child: answers, or what `apply_definitions` made of them.
    definitions : Definitions
    places : Places
    design : dict
        ``weight, stratum, cluster, fpc``: names of columns.
    cutoff : float
        Share of the weighted items from which on a child is deprived.
    income : (column, line), optional
        A child whose income lies below the line is poor.
    counted : Histogram, optional
        As `count_places` returns, where it has been counted before.

    Returns
    -------
    DataFrame
        ``level, unit, residence, indicator, value, se, df, n, behind``: shares in per cent (the adjusted
        headcount as a number from 0 to 1), `n` children counted, `behind` the fewest children that a value
        could be traced to (of intensity and of the adjusted headcount, which give it away together with the
        headcount: the deprived ones). Districts have the headcounts alone: of their few deprived children
        nothing more can be said. An error is missing where no degree of freedom is left or all children
        answer alike.

    Raises
    ------
    DataError, AnalysisError
        As `apply_definitions` and `count_relation`; or a residence that is neither urban nor rural.
    """
    applied = relation if PROFILE in list(relation.columns) else apply_definitions(relation, definitions)
    if places.residence is not None:
        _refuse_residences(applied, places.residence)
    if counted is None:
        counted = count_places(applied, definitions, places=places, design=design)
    how = {"by": places.columns, **{k: v for k, v in design.items() if v}}
    weights = definitions.weights()
    parts = [_counting(h, definitions, weights, cutoff, where) for h, where in _cut(counted, places)]
    if income is not None:
        column, line = quote(income[0]), income[1]
        names = ", ".join(quote(c) for c in dict.fromkeys([*places.columns, *_columns_of(design)]))
        flagged = applied.project(
            f"{names}, CASE WHEN isnan(TRY_CAST({column} AS DOUBLE)) THEN NULL "
            f"ELSE TRY_CAST({column} AS DOUBLE) < {line!r} END AS {INCOME}"
        )
        money = count_relation(flagged, [INCOME], **how).histogram
        parts += [_poverty(h, where) for h, where in _cut(money, places)]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    known = (table["df"] > 0) & (table[col.SE] > 0)
    return table.assign(**{col.SE: table[col.SE].where(known)})


def _columns_of(design: dict[str, Any]) -> list[str]:
    return [c for v in design.values() if v for c in ([v] if isinstance(v, str) else v) if isinstance(c, str)]


def _refuse_residences(relation: Any, column: str) -> None:
    name = quote(column)
    rows = relation.filter(f"CAST({name} AS VARCHAR) NOT IN ('{col.URBAN}', '{col.RURAL}')").limit(1)
    if found := rows.project(f"CAST({name} AS VARCHAR)").fetchall():
        raise DataError(
            "a residence is neither urban nor rural",
            where=f"column {column}",
            found=found[0][0],
            expected=f"{col.URBAN} or {col.RURAL}",
            fix="recode the column",
        )


_Where = tuple[str, bool, bool]  # level, has a unit, has a residence


def _cut(histogram: Histogram, places: Places) -> Iterator[tuple[Histogram, _Where]]:
    """Give the histogram of every grouping with what its groups are."""
    order = places.columns
    for level, column, split in places.groupings():
        names = [c for c in (column, places.residence if split else None) if c is not None]
        merged = merge_groups(histogram, [order.index(name) for name in names])
        yield merged, (level, column is not None, split)


def _keys(histogram: Histogram, where: _Where) -> pd.DataFrame:
    """Return level, unit ("" for the country) and residence of every group."""
    level, placed, split = where
    groups = histogram.groups
    unit = groups.get_level_values(0).astype(str) if placed else [""] * len(groups)
    residence = groups.get_level_values(groups.nlevels - 1).astype(str) if split else col.TOTAL
    return pd.DataFrame(
        {col.LEVEL: level, col.UNIT: unit, col.RESIDENCE: residence}, index=range(len(groups))
    )


def _rows(
    keys: pd.DataFrame,
    indicator: str,
    estimate: Any,
    *,
    error: Any,
    scale: float,
    n: Any,
    behind: Any,
    df: Any,
) -> pd.DataFrame:
    return keys.assign(
        **{
            col.INDICATOR: indicator,
            col.VALUE: np.atleast_1d(np.asarray(estimate, dtype=float)) * scale,
            col.SE: np.atleast_1d(np.asarray(np.nan if error is None else error, dtype=float)) * scale,
            "df": df,
            col.N: np.atleast_1d(np.asarray(n, dtype=float)),
            BEHIND: np.atleast_1d(np.asarray(behind, dtype=float)),
        }
    )


def _counting(
    histogram: Histogram, definitions: Definitions, weights: pd.DataFrame, cutoff: float, where: _Where
) -> pd.DataFrame:
    found = measure_deprivation(histogram, weights, cutoff)
    errors, keys, df = found.errors, _keys(histogram, where), degrees_of_freedom(histogram)
    poor = deprived_children(histogram, weights, cutoff)
    parts = []
    measures = [
        (HEADCOUNT, "headcount", 100.0, found.n),
        (INTENSITY, "intensity", 100.0, poor),
        (ADJUSTED, "adjusted", 1.0, poor),
    ]
    for name, measure, scale, behind in measures[:1] if where[0] == DISTRICT else measures:
        error = None if errors is None else getattr(errors, measure)
        parts.append(
            _rows(
                keys, name, getattr(found, measure), error=error, scale=scale, n=found.n, behind=behind, df=df
            )
        )
    if where[0] != DISTRICT:
        parts += _dimensions(histogram, definitions.dimension_items, keys, df)
    return pd.concat(parts, ignore_index=True)


def deprived_children(histogram: Histogram, weights: pd.DataFrame, cutoff: float) -> Any:
    """Return how many children, unweighted, are at or over the cutoff in each group."""
    shares = weights.to_numpy(dtype=float)[histogram.profile]
    score = (histogram.deprived * shares).sum(axis=1)
    deprived = histogram.complete & (score >= cutoff - TOLERANCE)
    return histogram.count_by_group(where=deprived[histogram.pattern])


def _dimensions(
    histogram: Histogram, dimensions: dict[str, list[str]], keys: pd.DataFrame, df: Any
) -> list[pd.DataFrame]:
    """Return the share lacking each dimension, a table each."""
    lacks, _ = dimension_flags(histogram, dimensions)
    complete = histogram.complete
    everyone = complete.astype(float)
    pairs = (((name,), lacks[:, j] * everyone, everyone) for j, name in enumerate(dimensions))
    found = named_ratios(histogram, pairs, names=["dimension"], complete=complete)
    n = found.n.to_numpy()
    return [
        _rows(
            keys,
            f"{LACKS}{name}",
            found.values.iloc[:, j],
            error=None if found.errors is None else found.errors.iloc[:, j],
            scale=100.0,
            n=n,
            behind=n,
            df=df,
        )
        for j, name in enumerate(dimensions)
    ]


def _poverty(histogram: Histogram, where: _Where) -> pd.DataFrame:
    found = measure_deprivation(histogram, pd.Series({INCOME: 1.0}), 1.0)
    error = None if found.errors is None else found.errors.headcount
    df = degrees_of_freedom(histogram)
    keys = _keys(histogram, where)
    return _rows(keys, INCOME, found.headcount, error=error, scale=100.0, n=found.n, behind=found.n, df=df)
