"""What a table of figures is where it crosses the border of the program."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlasgeo.columns import (
    FIGURE_COLUMNS,
    FLAG,
    FLAGS,
    GROUP,
    INDICATOR,
    RESIDENCE,
    RESIDENCES,
    SE,
    SEX,
    SOURCE,
    UNIT,
    VALUE,
    YEAR,
    N,
)
from childatlas.errors import DataError, nearest

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

__all__ = ["FIRST_YEAR", "LAST_YEAR", "SEXES", "validate_figures"]

FIRST_YEAR, LAST_YEAR = 1900, 2100
SEXES = ("", "female", "male")


@cache
def _schema() -> DataFrameSchema:
    import pandera.pandas as pa

    text = {UNIT: pa.Check.str_length(min_value=1), INDICATOR: pa.Check.str_length(min_value=1)}
    allowed = {RESIDENCE: pa.Check.isin(RESIDENCES), SEX: pa.Check.isin(SEXES)}
    at_least_0 = pa.Check.ge(0)
    columns = {
        **{name: pa.Column(str, text.get(name)) for name in (UNIT, INDICATOR, GROUP, SOURCE)},
        YEAR: pa.Column(int, pa.Check.in_range(FIRST_YEAR, LAST_YEAR)),
        **{name: pa.Column(str, check) for name, check in allowed.items()},
        VALUE: pa.Column(float, nullable=True),
        SE: pa.Column(float, at_least_0, nullable=True),
        N: pa.Column(float, at_least_0, nullable=True),
        FLAG: pa.Column(str, pa.Check(_known_flags, error="unknown flag")),
    }
    return pa.DataFrameSchema(columns, strict=False, coerce=False)


def _known_flags(texts: pd.Series[str]) -> pd.Series[bool]:
    known = {text: all(flag in FLAGS for flag in text.split(";") if flag) for text in texts.unique()}
    return texts.map(known).astype(bool)


def validate_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the table of figures, columns in order, if it is one.

    Parameters
    ----------
    figures : DataFrame
        Columns `atlasgeo.columns.FIGURE_COLUMNS`; the index names the rows.

    Raises
    ------
    DataError
        If a column is missing or of another type, or a cell holds what its column does not allow: row, column
        and value are named.
    """
    import pandera.errors

    for column in FIGURE_COLUMNS:
        if column not in figures:
            close = nearest(column, figures.columns)
            raise DataError(
                f"the table of figures lacks the column {column!r}",
                found=", ".join(map(str, figures.columns)),
                expected=", ".join(FIGURE_COLUMNS),
                fix=f"rename {close[0]!r}"
                if close
                else "read it with read_figures, which fills the optional ones",
            )
    try:
        _schema().validate(figures, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise _explain(errors.failure_cases, figures) from None
    return figures.loc[:, list(FIGURE_COLUMNS)]


def _explain(cases: Any, figures: pd.DataFrame) -> DataError:
    first = cases.iloc[0]
    column, check, value = first["column"], first["check"], first["failure_case"]
    row = "" if pd.isna(first["index"]) else f"row {first['index']}, "
    expected = {RESIDENCE: ", ".join(RESIDENCES), SEX: "female, male or empty", FLAG: ", ".join(FLAGS)}
    return DataError(
        f"{column}: {value!r} is not allowed",
        where=f"{row}column {column}",
        found=f"{value!r} (and {len(cases) - 1} more)" if len(cases) > 1 else repr(value),
        expected=expected.get(str(column), str(check)),
        fix=f"the column is of type {figures[column].dtype}" if row == "" and column in figures else None,
    )
