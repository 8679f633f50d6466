"""Figures that name a kind: what such a layer does not have, and where a study may not use them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from atlasgeo.columns import INDICATOR
from childatlas.errors import StudyError
from childatlas.layers import Layer

if TYPE_CHECKING:
    from childatlas.figures.catalogue import Catalogue, Indicator
    from childatlas.study import Study

__all__ = ["amounts", "in_categories", "refuse_categories"]


def in_categories(layer: Layer, indicator: Indicator) -> Layer:
    """Return the layer with the labels of its categories, and without all that takes values for amounts."""
    ranks = pd.DataFrame({"rank": pd.NA, "tied": pd.NA}, index=layer.values.index, dtype="Int64")
    return replace(
        layer,
        categories=indicator.categories,
        ranks=ranks,
        trend=pd.DataFrame(),
        breaks_in_trend={},
        standard_errors=None,
        national=None,
        gap=None,
        gap_year=None,
        digits=0,
    )


def amounts(figures: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return the figures that say how much: those of categories are left out."""
    kinds = [entry.id for entry in catalogue.values() if entry.categories]
    return figures[~figures[INDICATOR].isin(kinds)] if kinds else figures


def refuse_categories(study: Study, catalogue: Catalogue) -> None:
    """Refuse a study that takes categories for amounts.

    Raises
    ------
    StudyError
        If a claim, a break of classes or a value of the level above is that of a category.
    """
    asked: dict[str, Iterable[str | None]] = {
        "claims": [name for claim in study.claims for name in (claim.indicator, claim.ranked_by)],
        "classes.breaks": study.classes.breaks,
        "figures.parent_values": study.figures.parent_values,
    }
    for key, names in asked.items():
        for name in names:
            if name and name in catalogue and catalogue[name].categories:
                raise StudyError(
                    f"{name!r} names categories, which are no amounts",
                    where=f"{study.path or study.name}, key {key}",
                    found=name,
                    expected="an indicator that says how much",
                    fix="take it out",
                )
