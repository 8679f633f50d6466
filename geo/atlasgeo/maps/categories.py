"""Values that name a kind, not an amount: one colour a category, in no order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from atlasgeo.errors import AnalysisError, DataError
from atlasgeo.maps.classes import Classes

__all__ = ["Categories", "categories", "categories_of"]


@dataclass(frozen=True)
class Categories(Classes):
    """Classes that each hold one number, which stands for a name.

    Attributes
    ----------
    names : tuple of str
        One a class, in the order of the legend.
    """

    names: tuple[str, ...] = ()

    def labelled(self, *, decimal: str = ".", thousands: str = "\u00a0") -> tuple[str, ...]:  # noqa: ARG002 - names hold no number
        """Return the names; they are the same however a language writes numbers."""
        return self.names

    def assign(self, values: pd.Series) -> pd.Series:
        """Return the class of each value, -1 where there is none.

        Raises
        ------
        DataError
            If a value is none of the categories.
        """
        raw = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
        wrong = ~np.isnan(raw) & ~np.isin(raw, self.edges)
        if wrong.any():
            raise DataError(
                "a value is none of the categories",
                where=", ".join(str(unit) for unit in values.index[wrong][:5]),
                found=", ".join(f"{value:g}" for value in sorted(set(raw[wrong].tolist()))[:5]),
                expected=", ".join(f"{e:g} ({n})" for e, n in zip(self.edges, self.names, strict=True)),
                fix="correct the value, or declare its category",
            )
        return super().assign(values)

    def said(self, values: pd.Series) -> dict[str, str]:
        """Return the name of each unit's category; units without a value are left out."""
        return {str(code): self.names[int(i)] for code, i in self.assign(values).items() if i >= 0}


def categories(names: Mapping[int, str]) -> Categories:
    """Return the categories that `names` declares.

    Parameters
    ----------
    names : mapping of int to str
        What each number stands for; the legend lists them by their numbers.

    Raises
    ------
    AnalysisError
        If there is none.
    """
    if not names:
        raise AnalysisError("a map of categories needs a category", expected="a number and its name")
    edges = tuple(float(number) for number in sorted(names))
    return Categories(
        edges=edges,
        bounds=tuple((edge, edge) for edge in edges),
        scheme="categories",
        digits=0,
        names=tuple(names[number] for number in sorted(names)),
    )


def categories_of(classes: Classes | None, values: pd.Series) -> dict[str, str]:
    """Return the name of each unit's category, and nothing where `classes` are of amounts."""
    return classes.said(values) if isinstance(classes, Categories) else {}
